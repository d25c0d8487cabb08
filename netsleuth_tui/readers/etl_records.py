"""Records of a trace: buffers read, expanded and taken apart, many at a time, with their times."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.readers import etl_walk, xpress
from netsleuth_tui.readers.damage import Damage
from netsleuth_tui.readers.etl_buffers import BUFFER_HEADER, NO_TIME, Buffer, Trace
from netsleuth_tui.readers.etl_walk import Places, room_for, walk
from netsleuth_tui.readers.limits import TAIL_BYTES
from netsleuth_tui.readers.sources import RandomSource

__all__ = ["Records", "concatenated", "empty", "gathered", "guid_halves", "read_records"]

_LONGEST_HEADER: Final = 80
_FIRST_OF_KERNEL = 0x100
"""Numbers of the kernel's events are above those of the group EventTrace, 0."""
_SLACK = 16
"""Bytes that may lie behind compressed data: a last word of flags, and what fills it up."""
_KEPT = 64 << 20
"""Bytes of expanded buffers that are kept for the second reading."""
_WITH_GUID = (etl_walk.EVENT, etl_walk.EVENT_32)
_CLASSIC = (etl_walk.CLASSIC, etl_walk.CLASSIC_32)
_KERNEL = (etl_walk.SYSTEM, etl_walk.SYSTEM_64, etl_walk.COMPACT, etl_walk.COMPACT_64, etl_walk.PERFORMANCE, etl_walk.PERFORMANCE_64)
_POINTER_32 = (etl_walk.EVENT_32, etl_walk.CLASSIC_32, etl_walk.INSTANCE_32, etl_walk.SYSTEM, etl_walk.COMPACT, etl_walk.PERFORMANCE)


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
        from_kernel: NDArray[np.bool_] = np.isin(self.kind, _KERNEL)
        return from_kernel & (self.event_id < _FIRST_OF_KERNEL)


_COLUMNS = "i8 i8 i8 u1 i4 u2 i8 i8 u8 u8 u2 u1 u1 u1 u2 u8 u4 u4 u1".split()  # noqa: SIM905 - as short as a table can be


def empty() -> Records:
    """No records."""
    return _blank(np.zeros(TAIL_BYTES, np.uint8), 0)


def _blank(data: NDArray[np.uint8], count: int) -> Records:
    return Records._make((data, *(np.zeros(count, code) for code in _COLUMNS)))


def guid_halves(guid: str) -> tuple[np.uint64, np.uint64]:
    """A GUID as the columns `low` and `high` have it."""
    low, high = np.frombuffer(UUID(guid).bytes_le, "<u8")
    return low, high


def concatenated(parts: Sequence[Records]) -> Records:
    """Records of several calls as one, in their order."""
    if len(parts) == 1:
        return parts[0]
    if not parts:
        return empty()
    lengths = [len(part.data) - TAIL_BYTES for part in parts]
    bases = np.cumsum([0, *lengths])
    data = np.zeros(int(bases[-1]) + TAIL_BYTES, np.uint8)
    for part, base, length in zip(parts, bases.tolist(), lengths, strict=False):
        data[base : base + length] = part.data[:length]
    moved = [part._replace(at=part.at + base, begin=part.begin + base) for part, base in zip(parts, bases.tolist(), strict=False)]
    return Records._make((data, *(np.concatenate(columns) for columns in zip(*(part[1:] for part in moved), strict=True))))


def gathered(data: NDArray[np.uint8], places: NDArray[np.int64], length: int) -> NDArray[np.uint8]:
    """`length` bytes at each place, as rows; what lies behind the end of `data` is zero."""
    if not len(places):
        return np.zeros((0, length), np.uint8)
    last = len(data) - length
    if last < 0 or int(places.max()) > last:
        grown = np.zeros(max(len(data), int(places.max())) + length, np.uint8)
        grown[: len(data)] = data
        data = grown
    return np.lib.stride_tricks.sliding_window_view(data, length)[places]


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
    room = sum(buffer.filled - BUFFER_HEADER for buffer in buffers)
    data = np.zeros(room + TAIL_BYTES, np.uint8)
    begins, ends = np.zeros(len(buffers), np.int64), np.zeros(len(buffers), np.int64)
    at = 0
    for i, buffer in enumerate(buffers):
        begins[i] = at
        expanded = kept.pop(buffer.number, None)
        if expanded is not None:
            data[at : at + len(expanded)] = expanded
            at = ends[i] = at + len(expanded)
            continue
        at = ends[i] = _load(source, buffer, data, at, damage)
        if damage is not None and buffer.is_compressed and len(kept) * buffer.filled < _KEPT:
            kept[buffer.number] = data[begins[i] : at].copy()
    places, problems = room_for(len(buffers), at)
    count, wrong = walk(data, begins, ends, places, problems)
    places = Places._make(column[:count] for column in places)
    if damage is not None:
        for number in range(wrong):
            _tell(buffers, begins, [int(column[number]) for column in problems], damage)
    return _described(data[: at + TAIL_BYTES], places, buffers, begins, trace)


def _load(source: RandomSource, buffer: Buffer, data: NDArray[np.uint8], at: int, damage: list[Damage] | None) -> int:
    """Put the records of a buffer into `data` from `at` on; returns where they end."""
    stored = source.at(buffer.offset + BUFFER_HEADER, (buffer.size if buffer.is_compressed else buffer.filled) - BUFFER_HEADER)
    content = np.frombuffer(stored, np.uint8)
    wanted = buffer.filled - BUFFER_HEADER
    if not buffer.is_compressed:
        data[at : at + len(content)] = content
        return at + len(content)
    padded = np.zeros(len(content) + TAIL_BYTES, np.uint8)
    padded[: len(content)] = content
    end, used, status = xpress.expand(padded, 0, len(content), data, at, at + wanted)
    left = len(content) - int(used)
    if damage is not None and status == xpress.FULL and left > _SLACK:
        why = f"a compressed buffer has {left} bytes more than its {wanted} bytes need"
        damage.append(Damage(buffer.offset + BUFFER_HEADER + int(used), why))
    if damage is not None and status != xpress.FULL and not (status == xpress.CUT and buffer.is_cut):
        why = "refers to bytes before its beginning" if status == xpress.DISTANT else "ends too early"
        place = buffer.offset + BUFFER_HEADER + int(used)
        damage.append(Damage(place, f"a compressed buffer {why}, after {end - at} of {wanted} bytes"))
    return int(end)


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


def _described(data: NDArray[np.uint8], places: Places, buffers: Sequence[Buffer], begins: NDArray[np.int64], trace: Trace) -> Records:
    """What the headers of records say."""
    records = _blank(data, len(places.at))
    records.at[:], records.begin[:], records.kind[:] = places.at, places.begin, places.kind
    records.length[:] = places.at + places.size - places.begin
    numbers = np.array([buffer.number for buffer in buffers], np.int32)
    processors = np.array([buffer.processor for buffer in buffers], np.uint16)
    starts = np.array([buffer.start + BUFFER_HEADER for buffer in buffers], np.int64)
    records.buffer[:] = numbers[places.buffer]
    records.processor[:] = processors[places.buffer]
    records.offset[:] = places.begin - begins[places.buffer] + starts[places.buffer]
    records.pointer[:] = np.where(np.isin(places.kind, _POINTER_32), 4, 8)
    records.time[:] = NO_TIME
    raw = np.zeros(len(places.at), np.int64)
    timed = _read_headers(data, records, raw)
    if trace.clock is not None:
        records.time[timed] = trace.clock.times(raw[timed])
    return records


def _read_headers(data: NDArray[np.uint8], records: Records, raw: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Fill the columns that the header of each kind has; returns which records have a clock."""
    kind = records.kind
    timed = np.zeros(len(kind), np.bool_)
    for kinds, read in ((_WITH_GUID, _read_event), (_CLASSIC, _read_classic), (_KERNEL, _read_kernel)):
        rows = np.flatnonzero(np.isin(kind, kinds))
        if len(rows):
            read(records, rows, gathered(data, records.at[rows], _LONGEST_HEADER), raw)
            timed[rows] = True
    rows = np.flatnonzero(np.isin(kind, (etl_walk.INSTANCE, etl_walk.INSTANCE_32)))
    if len(rows):
        raw[rows] = _number(gathered(data, records.at[rows], 24), 16, "<i8")
        timed[rows] = True
    rows = np.flatnonzero(kind == etl_walk.MESSAGE)
    if len(rows):
        timed[rows[_read_messages(records, rows, gathered(data, records.at[rows], _LONGEST_HEADER), raw)]] = True
    return timed


def _number(rows: NDArray[np.uint8], at: int, code: str) -> NDArray[np.int64]:
    """A little-endian number in each row."""
    size = np.dtype(code).itemsize
    return np.ascontiguousarray(rows[:, at : at + size]).view(code)[:, 0]


def _read_event(records: Records, rows: NDArray[np.intp], heads: NDArray[np.uint8], raw: NDArray[np.int64]) -> None:
    """EVENT_HEADER: events with a manifest, and those that describe themselves."""
    raw[rows] = _number(heads, 16, "<i8")
    for column, at in (
        (records.thread_id, 8), (records.process_id, 12), (records.low, 24), (records.high, 32),
        (records.event_id, 40), (records.version, 42),
        (records.level, 44), (records.opcode, 45), (records.task, 46), (records.keywords, 48),
    ):  # fmt: skip
        column[rows] = _number(heads, at, column.dtype.str)


def _read_classic(records: Records, rows: NDArray[np.intp], heads: NDArray[np.uint8], raw: NDArray[np.int64]) -> None:
    """EVENT_TRACE_HEADER with a GUID: events of the classic kind, told apart by a type."""
    raw[rows] = _number(heads, 16, "<i8")
    for column, at in (
        (records.opcode, 4), (records.level, 5), (records.version, 6), (records.thread_id, 8), (records.process_id, 12), (records.low, 24),
        (records.high, 32),
    ):  # fmt: skip
        column[rows] = _number(heads, at, column.dtype.str)


def _read_kernel(records: Records, rows: NDArray[np.intp], heads: NDArray[np.uint8], raw: NDArray[np.int64]) -> None:
    """SYSTEM_TRACE_HEADER and PERFINFO_TRACE_HEADER: events of the kernel, told apart by a number of group and type."""
    records.event_id[rows] = _number(heads, 6, "<u2")
    records.version[rows] = heads[:, 0]
    short = np.isin(records.kind[rows], (etl_walk.PERFORMANCE, etl_walk.PERFORMANCE_64))
    raw[rows] = np.where(short, _number(heads, 8, "<i8"), _number(heads, 16, "<i8"))
    for column, at in ((records.thread_id, 8), (records.process_id, 12)):
        column[rows] = np.where(short, 0, _number(heads, at, "<u4"))


def _read_messages(records: Records, rows: NDArray[np.intp], heads: NDArray[np.uint8], raw: NDArray[np.int64]) -> NDArray[np.bool_]:
    """MESSAGE_TRACE_HEADER: what stands behind it depends on its flags. Returns which have a clock."""
    records.event_id[rows] = _number(heads, 4, "<u2")
    flags = _number(heads, 6, "<u2").astype(np.int64)
    at = np.full(len(rows), 8, np.int64) + np.where(flags & 1, 4, 0)
    with_guid = (flags & 2) != 0
    index = np.arange(len(rows))
    for column, shift in ((records.low, 0), (records.high, 8)):
        found = heads[index[:, None], at[:, None] + shift + np.arange(8)]
        column[rows[with_guid]] = np.ascontiguousarray(found).view("<u8")[with_guid, 0]
    at += np.where(with_guid, 16, np.where(flags & 4, 4, 0))
    timed: NDArray[np.bool_] = (flags & 8) != 0
    clock = heads[index[:, None], at[:, None] + np.arange(8)]
    raw[rows[timed]] = np.ascontiguousarray(clock).view("<i8")[timed, 0]
    at += np.where(timed, 8, 0)
    known = (flags & 0x20) != 0
    for number, shift in ((records.thread_id, 0), (records.process_id, 4)):
        found = heads[index[:, None], at[:, None] + shift + np.arange(4)]
        number[rows[known]] = np.ascontiguousarray(found).view("<u4")[known, 0]
    at += np.where(known, 8, 0)
    header = np.minimum(at, records.length[rows] + 8) - 8
    records.begin[rows] += header
    records.offset[rows] += header
    records.length[rows] -= header
    return timed
