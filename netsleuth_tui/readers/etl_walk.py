"""Where the records of a trace's buffers are: one walk over many buffers that lie in memory side by side.

A buffer holds records of several kinds, each at a multiple of eight bytes; the byte at offset 2 says which kind, and the kind where the
size is (evntrace.h, and ntwmi.h for the kinds of the kernel).
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.jit import helper, kernel
from netsleuth_tui.readers.numbers import u16, u32

__all__ = ["BAD_EXTENSION", "BAD_SIZE", "UNKNOWN_KIND", "Places", "Problems", "room_for", "walk"]

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

_EXTENDED = 1
"""Flag of an event that has something attached before its data."""
_ATTACHED = 64
"""Most things attached to one event that are stepped over."""
_LITTLE = 1
_ENDING = 0xFFFFFFFF


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


@kernel()
def walk(data: Any, begins: Any, ends: Any, places: Places, problems: Problems) -> tuple[int, int]:
    """Find the records of buffers.

    Args:
        data: uint8, the buffers' records.
        begins: int64, where the records of each buffer begin.
        ends: int64, where they end.
        places: Filled from the first entry on; room for an eighth of all bytes is enough.
        problems: Likewise; room for two entries a buffer is enough.

    Returns:
        Records and problems.
    """
    count = 0
    wrong = 0
    for buffer in range(len(begins)):
        at = int(begins[buffer])
        end = int(ends[buffer])
        told = 0
        while at + 8 <= end:
            if u32(data, at, _LITTLE) == _ENDING:
                break
            kind = int(data[at + 2]) & 0xFF
            header = header_of(kind)
            size = u16(data, at + 4 if kind in (1, 2, 3, 4, 16, 17) else at, _LITTLE)
            if header == 0 or size < header or at + size > end:
                problems.buffer[wrong] = buffer
                problems.at[wrong] = at
                problems.why[wrong] = UNKNOWN_KIND if header == 0 else BAD_SIZE
                problems.number[wrong] = kind if header == 0 else size
                wrong += 1
                break
            begin = at + header
            if kind in (EVENT, EVENT_32) and u16(data, at + 4, _LITTLE) & _EXTENDED:
                begin = attached_end(data, begin, at + size)
                if begin < 0:
                    begin = at + size
                    if told == 0:
                        told = 1
                        problems.buffer[wrong] = buffer
                        problems.at[wrong] = at
                        problems.why[wrong] = BAD_EXTENSION
                        problems.number[wrong] = size
                        wrong += 1
            places.at[count] = at
            places.size[count] = size
            places.kind[count] = kind
            places.buffer[count] = buffer
            places.begin[count] = begin
            count += 1
            at += (size + 7) & ~7
    return count, wrong


def room_for(buffers: int, length: int) -> tuple[Places, Problems]:
    """Arrays for the records of `buffers` buffers of `length` bytes in all; their pages cost memory once they are written."""
    rows, wrong = length // 8 + 1, 2 * buffers
    return (
        Places(
            np.empty(rows, np.int64), np.empty(rows, np.int64), np.empty(rows, np.uint8), np.empty(rows, np.int32), np.empty(rows, np.int64)
        ),
        Problems(np.empty(wrong, np.int32), np.empty(wrong, np.int64), np.empty(wrong, np.int32), np.empty(wrong, np.int64)),
    )
