"""Where the records of a trace's buffers are: their kinds, their headers, what is wrong with them.

A buffer holds records of several kinds, each at a multiple of eight bytes; the byte at offset 2 says which kind, and the kind where the
size is (evntrace.h, and ntwmi.h for the kinds of the kernel).
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.jit import helper
from netsleuth_tui.readers.numbers import u16
from netsleuth_tui.readers.reused import Reused

__all__ = ["BAD_EXTENSION", "BAD_SIZE", "UNKNOWN_KIND", "Places", "Problems", "walk"]

UNKNOWN_KIND: Final = 1
"""A record of a kind that does not exist: where the next one begins is not known."""
BAD_SIZE: Final = 2
"""A record that is shorter than its own header, or longer than its buffer."""
BAD_EXTENSION: Final = 3
"""What is attached to an event does not fit into it; the event's data are left out."""

SYSTEM, SYSTEM_64, COMPACT, COMPACT_64 = 1, 2, 3, 4
CLASSIC_32, CLASSIC, INSTANCE_32, INSTANCE = 10, 20, 11, 21
TIMED, WNODE, MESSAGE, PERFORMANCE, PERFORMANCE_64 = 12, 14, 15, 16, 17
EVENT_32, EVENT = 18, 19
OF_THE_KERNEL = (SYSTEM, SYSTEM_64, COMPACT, COMPACT_64, PERFORMANCE, PERFORMANCE_64)

EXTENDED: Final = 1
"""Flag of an event that has something attached before its data."""
_ATTACHED = 64
"""Most things attached to one event that are stepped over."""
_LITTLE = 1
ENDING: Final = 0xFFFFFFFF
"""What stands behind the last record."""
_WORDS = struct.Struct("<II").unpack_from
_PLACES, _PROBLEMS = ("i8", "i8", "u1", "i4", "i8"), ("i4", "i8", "i4", "i8")


class Places(NamedTuple):
    """Arrays for records, all of one length."""

    at: NDArray[np.int64]
    """Where a record begins."""
    size: NDArray[np.int64]
    kind: NDArray[np.uint8]
    buffer: NDArray[np.int32]
    """Which of the buffers it is in."""
    begin: NDArray[np.int64]
    """Where its own data begin: behind the header and what is attached."""

    @classmethod
    def room(cls, count: int, memory: Reused) -> Places:
        """So many of them, to be filled."""
        return cls._make(memory.columns(_PLACES, count))

    def first(self, count: int) -> Places:
        """The first `count` of them."""
        return Places._make(column[:count] for column in self)


class Problems(NamedTuple):
    """Arrays for what is wrong, at most two entries a buffer, of one length."""

    buffer: NDArray[np.int32]
    at: NDArray[np.int64]
    why: NDArray[np.int32]
    number: NDArray[np.int64]
    """The kind or size that cannot be."""

    @classmethod
    def room(cls, count: int, memory: Reused) -> Problems:
        """So many of them, to be filled."""
        return cls._make(memory.columns(_PROBLEMS, count))


@helper
def header_of(kind: int) -> int:  # noqa: PLR0911 - a table, as a kernel can have it
    """Bytes of a record's header, 0 for an unknown kind."""
    if kind in (EVENT, EVENT_32):
        return 80
    if kind in (SYSTEM, SYSTEM_64):
        return 32
    if kind in (COMPACT, COMPACT_64):
        return 24
    if kind in (PERFORMANCE, PERFORMANCE_64):
        return 16
    if kind in (CLASSIC, CLASSIC_32, TIMED):
        return 48
    if kind in (INSTANCE, INSTANCE_32):
        return 56
    if kind in (MESSAGE, WNODE):
        return 8
    return 0


@helper
def attached_end(data: Any, at: int, end: int) -> int:
    """Where the things attached to an event end that begin at `at`; -1 where they do not fit."""
    for _ in range(_ATTACHED):
        if at + 8 > end:
            return -1
        size = u16(data, at, _LITTLE)
        if size < 8 or at + size > end:
            return -1
        more = u16(data, at + 4, _LITTLE) & 1
        at += size
        if more == 0:
            return at
    return -1


def walk(
    data: NDArray[np.uint8], begins: NDArray[np.int64], ends: NDArray[np.int64], places: Places, problems: Problems
) -> tuple[int, int]:
    """Find the records of buffers in plain Python; `etl_sift.sift` does it, and more, as a kernel.

    Args:
        data: The buffers' records.
        begins: Where the records of each buffer begin.
        ends: Where they end.
        places: Filled from the first entry on; room for an eighth of all bytes is enough.
        problems: Likewise; room for two entries a buffer is enough.

    Returns:
        Records and problems.
    """
    rows: list[tuple[int, ...]] = []
    wrong: list[tuple[int, ...]] = []
    view = data.data
    for buffer, (begins_at, end) in enumerate(zip(begins.tolist(), ends.tolist(), strict=True)):
        at, told = begins_at, False
        while at + 8 <= end:
            first, second = _WORDS(view, at)
            if first == ENDING:
                break
            kind = first >> 16 & 0xFF
            header = header_of(kind)
            size = (second if kind in OF_THE_KERNEL else first) & 0xFFFF
            if header == 0 or size < header or at + size > end:
                wrong.append((buffer, at, BAD_SIZE if header else UNKNOWN_KIND, size if header else kind))
                break
            begin = at + header
            if kind in (EVENT, EVENT_32) and second & EXTENDED:
                begin = attached_end(view, begin, at + size)
                if begin < 0:
                    begin = at + size
                    if not told:
                        wrong.append((buffer, at, BAD_EXTENSION, size))
                    told = True
            rows.append((at, size, kind, buffer, begin))
            at += (size + 7) & ~7
    _put(places, rows)
    _put(problems, wrong)
    return len(rows), len(wrong)


def _put(columns: Sequence[Any], rows: list[tuple[int, ...]]) -> None:
    """Write rows into the beginning of columns."""
    for column, values in zip(columns, zip(*rows, strict=True), strict=bool(rows)):
        column[: len(rows)] = values
