"""Records of a trace: buffers read, expanded and taken apart, many at a time, with their times."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final, NamedTuple
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.readers import etl_walk, xpress
from netsleuth_tui.readers.damage import Damage
from netsleuth_tui.readers.etl_buffers import BUFFER_HEADER, Buffer, Trace
from netsleuth_tui.readers.etl_headers import Headers, describe
from netsleuth_tui.readers.etl_walk import Places, room_for, walk
from netsleuth_tui.readers.limits import TAIL_BYTES
from netsleuth_tui.readers.sources import RandomSource

__all__ = ["Records", "empty", "guid_halves", "read_records"]

_FIRST_OF_KERNEL = 0x100
"""Numbers of the kernel's events are above those of the group EventTrace, 0."""
_SLACK = 16
"""Bytes that may lie behind compressed data: a last word of flags, and what fills it up."""
_WORTH_A_THREAD: Final = 8
_KEPT = 64 << 20
"""Bytes of expanded buffers that are kept for the second reading."""
_IS_OF_THE_KERNEL: Final = np.isin(np.arange(256), etl_walk.OF_THE_KERNEL)
_UNSIGNED: Final = ("low", "high", "keywords")


class Records(NamedTuple):
    """Records of some buffers: `data`, and arrays of one length."""

    data: NDArray[np.uint8]
    """The buffers' records side by side, with 64 zero bytes behind them."""
    at: NDArray[np.int64]
    """Where a record begins in `data`."""
    begin: NDArray[np.int64]
    """Where its own data begin, behind all headers."""
    length: NDArray[np.int64]
    """Bytes of them."""
    kind: NDArray[np.uint8]
    """Kind of header, as `etl_walk` numbers them."""
    buffer: NDArray[np.int32]
    """Number of its buffer in the file."""
    processor: NDArray[np.uint16]
    """That filled the buffer."""
    offset: NDArray[np.int64]
    """Of its own data in the file, as if no buffer was compressed."""
    time: NDArray[np.int64]
    """ns since 1970-01-01T00:00:00Z, `NO_TIME` if there is none."""
    low: NDArray[np.uint64]
    """The first half of the provider's GUID as its 16 bytes lie in memory, 0 if the record has none."""
    high: NDArray[np.uint64]
    """The second half."""
    event_id: NDArray[np.uint16]
    """0 for events without a manifest; for the kernel's the number of the event (its group and type)."""
    version: NDArray[np.uint8]
    level: NDArray[np.uint8]
    opcode: NDArray[np.uint8]
    task: NDArray[np.uint16]
    keywords: NDArray[np.uint64]
    process_id: NDArray[np.uint32]
    thread_id: NDArray[np.uint32]
    pointer: NDArray[np.uint8]
    """Bytes of a pointer in its data, 4 or 8."""

    def at_rows(self, rows: NDArray[np.generic] | slice) -> Records:
        """Some of the records, of the same data."""
        return Records._make((self.data, *(column[rows] for column in self[1:])))

    @property
    def rows(self) -> int:
        """Records."""
        return len(self.at)

    @property
    def of_the_trace(self) -> NDArray[np.bool_]:
        """Which of them speak of the trace itself: its header, and what was written when it began and ended."""
        from_kernel: NDArray[np.bool_] = _IS_OF_THE_KERNEL[self.kind]
        return from_kernel & (self.event_id < _FIRST_OF_KERNEL)


def empty() -> Records:
    """No records."""
    return described(np.zeros(TAIL_BYTES, np.uint8), room_for(0, 0)[0].first(0), (), np.zeros(0, np.int64), None)


def guid_halves(guid: str) -> tuple[np.uint64, np.uint64]:
    """A GUID as the columns `low` and `high` have it."""
    low, high = np.frombuffer(UUID(guid).bytes_le, "<u8")
    return low, high


def read_records(
    source: RandomSource, buffers: Sequence[Buffer], trace: Trace, damage: list[Damage] | None, kept: dict[int, NDArray[np.uint8]]
) -> Records:
    """Read buffers and take them apart.

    Args:
        source: The file.
        buffers: In any order; records come in this order.
        trace: Whose clock the times come from.
        damage: Grows by what is wrong in the buffers; None leaves it untold, for a second reading.
        kept: Buffers that were expanded before, by number: taken out where they are in it, put into it otherwise as long as they are few.
    """
    data = np.empty(sum(buffer.filled - BUFFER_HEADER for buffer in buffers) + TAIL_BYTES, np.uint8)
    begins, ends = load_buffers(source, buffers, data, 0, damage, kept)
    return take_apart(data, buffers, begins, ends, trace, damage)


def load_buffers(
    source: RandomSource,
    buffers: Sequence[Buffer],
    data: NDArray[np.uint8],
    at: int,
    damage: list[Damage] | None,
    kept: dict[int, NDArray[np.uint8]],
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Put the records of buffers into `data` from `at` on, which has room for all; returns where those of each begin and end."""
    rooms = np.array([buffer.filled - BUFFER_HEADER for buffer in buffers], np.int64)
    ends = at + np.cumsum(rooms)
    begins = ends - rooms
    packed: list[_Packed] = []
    for i, buffer in enumerate(buffers):
        begin = int(begins[i])
        expanded = kept.pop(buffer.number, None)
        if expanded is not None:
            data[begin : begin + len(expanded)] = expanded
            ends[i] = begin + len(expanded)
        elif buffer.is_compressed:
            packed.append(_stored(source, buffer, i, begin))
        else:
            ends[i] = begin + source.fill(buffer.offset + BUFFER_HEADER, data.data[begin : int(ends[i])])
    for one, (end, used, status) in zip(packed, _expand_all(packed, data), strict=True):
        ends[one.place] = end
        if damage is not None:
            _judge(one, end, used, status, damage)
            if len(kept) * one.buffer.filled < _KEPT:
                kept[one.buffer.number] = data[one.begin : end].copy()
    return begins, ends


class _Packed(NamedTuple):
    """A compressed buffer in memory."""

    place: int
    """Which of the buffers that are wanted."""
    buffer: Buffer
    content: NDArray[np.uint8]
    stored: int
    """Bytes of `content` that were in the file; zeros follow."""
    begin: int
    """Where it is to be expanded to."""


def _stored(source: RandomSource, buffer: Buffer, place: int, begin: int) -> _Packed:
    content = np.empty(buffer.size - BUFFER_HEADER + TAIL_BYTES, np.uint8)
    stored = source.fill(buffer.offset + BUFFER_HEADER, content.data[: buffer.size - BUFFER_HEADER])
    content[stored:] = 0
    return _Packed(place, buffer, content, stored, begin)


def _expand_all(packed: Sequence[_Packed], data: NDArray[np.uint8]) -> list[tuple[int, int, int]]:
    """Expand buffers into `data`, two at a time; returns of each what `xpress.expand` does."""

    def expand(one: _Packed) -> tuple[int, int, int]:
        return xpress.expand(one.content, 0, one.stored, data, one.begin, one.begin + one.buffer.filled - BUFFER_HEADER)

    if len(packed) < _WORTH_A_THREAD:
        return [expand(one) for one in packed]
    middle = len(packed) // 2
    with ThreadPoolExecutor(1, thread_name_prefix="expand") as pool:
        others = pool.submit(lambda: [expand(one) for one in packed[middle:]])
        return [expand(one) for one in packed[:middle]] + others.result()


def _judge(packed: _Packed, end: int, used: int, status: int, damage: list[Damage]) -> None:
    """Say what is wrong with a compressed buffer that was expanded up to `end` from its first `used` bytes."""
    buffer, left = packed.buffer, packed.stored - used
    wanted, place = buffer.filled - BUFFER_HEADER, buffer.offset + BUFFER_HEADER + used
    if status == xpress.FULL and left > _SLACK:
        damage.append(Damage(place, f"a compressed buffer has {left} bytes more than its {wanted} bytes need"))
    if status != xpress.FULL and not (status == xpress.CUT and buffer.is_cut):
        why = "refers to bytes before its beginning" if status == xpress.DISTANT else "ends too early"
        damage.append(Damage(place, f"a compressed buffer {why}, after {end - packed.begin} of {wanted} bytes"))


def take_apart(
    data: NDArray[np.uint8],
    buffers: Sequence[Buffer],
    begins: NDArray[np.int64],
    ends: NDArray[np.int64],
    trace: Trace,
    damage: list[Damage] | None,
) -> Records:
    """The records of buffers that lie in `data`, with 64 bytes behind the last one."""
    data[len(data) - TAIL_BYTES :] = 0
    places, problems = room_for(len(buffers), int((ends - begins).sum()))
    count, wrong = walk(data, begins, ends, places, problems)
    if damage is not None:
        for number in range(wrong):
            _tell(buffers, begins, [int(column[number]) for column in problems], damage)
    return described(data, places.first(count), buffers, begins, trace)


def _tell(buffers: Sequence[Buffer], begins: NDArray[np.int64], problem: list[int], damage: list[Damage]) -> None:
    """Report what is wrong in a buffer."""
    index, at, why, number = problem
    buffer = buffers[index]
    inside = at - int(begins[index]) + BUFFER_HEADER
    place = buffer.offset if buffer.is_compressed else buffer.offset + inside
    where = f", at byte {inside} of the expanded buffer" if buffer.is_compressed else ""
    if why == etl_walk.BAD_EXTENSION:
        damage.append(Damage(place, f"what is attached to an event does not fit into its {number} bytes{where}"))
    elif not buffer.is_cut:  # the last record of a buffer that is cut off ends with it
        what = (
            f"a record of kind {number}, which does not exist" if why == etl_walk.UNKNOWN_KIND else f"a record of {number} bytes cannot be"
        )
        damage.append(Damage(place, f"{what}; the rest of the buffer is not read{where}"))


def described(
    data: NDArray[np.uint8], places: Places, buffers: Sequence[Buffer], begins: NDArray[np.int64], trace: Trace | None
) -> Records:
    """What the headers of records say that lie at `places`."""
    count = len(places.at)
    dtypes = dict(zip(Headers._fields, _HEADERS, strict=True))
    headers = Headers._make(np.empty(count, code) for code in dtypes.values())
    clock = trace.clock if trace is not None else None
    describe(data, places, *((clock.start, clock.raw_start, clock.scale, clock.unit) if clock is not None else (0, 0, 1, 0)), headers)
    numbers = np.array([buffer.number for buffer in buffers], np.int32)
    processors = np.array([buffer.processor for buffer in buffers], np.uint16)
    starts = np.array([buffer.start + BUFFER_HEADER for buffer in buffers], np.int64) - begins
    columns = headers._asdict() | {name: getattr(headers, name).view(np.uint64) for name in _UNSIGNED}
    return Records(
        data=data, at=places.at, kind=places.kind, buffer=numbers[places.buffer], processor=processors[places.buffer],
        offset=headers.begin + starts[places.buffer], **columns,
    )  # fmt: skip


_HEADERS: Final = "i8 i8 i8 i8 i8 u2 u1 u1 u1 u2 i8 u4 u4 u1".split()  # noqa: SIM905 - as short as a table can be
