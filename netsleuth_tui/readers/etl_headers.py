"""What the headers of a trace's records say: when, who, which event, of which process; one pass over records that were found.

Layouts after evntrace.h and evntcons.h (EVENT_HEADER, EVENT_TRACE_HEADER, MESSAGE_TRACE_HEADER) and ntwmi.h (those of the kernel).
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.jit import helper, inlined, kernel
from netsleuth_tui.readers import etl_walk
from netsleuth_tui.readers.etl_buffers import LATEST, NO_TIME, Clock
from netsleuth_tui.readers.etl_walk import (
    CLASSIC,
    CLASSIC_32,
    COMPACT,
    EVENT,
    EVENT_32,
    INSTANCE,
    INSTANCE_32,
    MESSAGE,
    PERFORMANCE,
    PERFORMANCE_64,
    SYSTEM,
    Places,
)  # fmt: skip
from netsleuth_tui.readers.numbers import u16, u32

__all__ = ["Headers", "Ticks", "describe", "gathered", "ticks_of"]

_LONGEST_HEADER = 80
_LITTLE = 1
_FAR, _FURTHEST = 1 << 61, 1 << 62
_WITH_GUID = (EVENT, EVENT_32)
_CLASSIC = (CLASSIC, CLASSIC_32)
_KERNEL = etl_walk.OF_THE_KERNEL
_POINTER_32 = (EVENT_32, CLASSIC_32, INSTANCE_32, SYSTEM, COMPACT, PERFORMANCE)


class Headers(NamedTuple):
    """Columns of records, of one length; the numbers of 64 bits that have no sign are here as if they had."""

    begin: NDArray[np.int64]
    length: NDArray[np.int64]
    time: NDArray[np.int64]
    low: NDArray[np.int64]
    high: NDArray[np.int64]
    event_id: NDArray[np.uint16]
    version: NDArray[np.uint8]
    level: NDArray[np.uint8]
    opcode: NDArray[np.uint8]
    task: NDArray[np.uint16]
    keywords: NDArray[np.int64]
    process_id: NDArray[np.uint32]
    thread_id: NDArray[np.uint32]
    pointer: NDArray[np.uint8]

    @classmethod
    def room(cls, count: int) -> Headers:
        """So many of them, to be filled."""
        return cls._make(np.empty(count, code) for code in _COLUMNS)


_COLUMNS: Final = "i8 i8 i8 i8 i8 u2 u1 u1 u1 u2 i8 u4 u4 u1".split()  # noqa: SIM905 - as short as a table can be


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


def _describe_plain(data: NDArray[np.uint8], places: Places, ticks: Ticks, headers: Headers) -> None:
    """Same as the kernel: all records of a kind in one sweep."""
    for column in headers:
        column[:] = 0
    headers.begin[:] = places.begin
    headers.length[:] = places.at + places.size - places.begin
    headers.pointer[:] = np.where(np.isin(places.kind, _POINTER_32), 4, 8)
    headers.time[:] = NO_TIME
    raw = np.zeros(len(places.at), np.int64)
    timed = _read_headers(data, places, headers, raw)
    if ticks.unit:
        headers.time[timed] = Clock(*ticks[:4]).times(raw[timed])


def _read_headers(data: NDArray[np.uint8], places: Places, headers: Headers, raw: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Fill the columns that the header of each kind has; returns which records have a clock."""
    kind = places.kind
    timed = np.zeros(len(kind), np.bool_)
    for kinds, read in ((_WITH_GUID, _read_event), (_CLASSIC, _read_classic), (_KERNEL, _read_kernel)):
        rows = np.flatnonzero(np.isin(kind, kinds))
        if len(rows):
            read(headers, rows, gathered(data, places.at[rows], _LONGEST_HEADER), raw)
            timed[rows] = True
    rows = np.flatnonzero(np.isin(kind, (INSTANCE, INSTANCE_32)))
    if len(rows):
        raw[rows] = _number(gathered(data, places.at[rows], 24), 16, "<i8")
        timed[rows] = True
    rows = np.flatnonzero(kind == MESSAGE)
    if len(rows):
        timed[rows[_read_messages(headers, rows, gathered(data, places.at[rows], _LONGEST_HEADER), raw)]] = True
    return timed


def _number(rows: NDArray[np.uint8], at: int, code: str) -> NDArray[np.int64]:
    """A little-endian number in each row."""
    size = np.dtype(code).itemsize
    return np.ascontiguousarray(rows[:, at : at + size]).view(code)[:, 0]


def _read_event(headers: Headers, rows: NDArray[np.intp], heads: NDArray[np.uint8], raw: NDArray[np.int64]) -> None:
    """EVENT_HEADER: events with a manifest, and those that describe themselves."""
    raw[rows] = _number(heads, 16, "<i8")
    for column, at in (
        (headers.thread_id, 8), (headers.process_id, 12), (headers.low, 24), (headers.high, 32),
        (headers.event_id, 40), (headers.version, 42),
        (headers.level, 44), (headers.opcode, 45), (headers.task, 46), (headers.keywords, 48),
    ):  # fmt: skip
        column[rows] = _number(heads, at, column.dtype.str)


def _read_classic(headers: Headers, rows: NDArray[np.intp], heads: NDArray[np.uint8], raw: NDArray[np.int64]) -> None:
    """EVENT_TRACE_HEADER with a GUID: events of the classic kind, told apart by a type."""
    raw[rows] = _number(heads, 16, "<i8")
    for column, at in (
        (headers.opcode, 4), (headers.level, 5), (headers.version, 6), (headers.thread_id, 8), (headers.process_id, 12), (headers.low, 24),
        (headers.high, 32),
    ):  # fmt: skip
        column[rows] = _number(heads, at, column.dtype.str)


def _read_kernel(headers: Headers, rows: NDArray[np.intp], heads: NDArray[np.uint8], raw: NDArray[np.int64]) -> None:
    """SYSTEM_TRACE_HEADER and PERFINFO_TRACE_HEADER: events of the kernel, told apart by a number of group and type."""
    headers.event_id[rows] = _number(heads, 6, "<u2")
    headers.version[rows] = heads[:, 0]
    short = np.isin(heads[:, 2], (PERFORMANCE, PERFORMANCE_64))
    raw[rows] = np.where(short, _number(heads, 8, "<i8"), _number(heads, 16, "<i8"))
    for column, at in ((headers.thread_id, 8), (headers.process_id, 12)):
        column[rows] = np.where(short, 0, _number(heads, at, "<u4"))


def _read_messages(headers: Headers, rows: NDArray[np.intp], heads: NDArray[np.uint8], raw: NDArray[np.int64]) -> NDArray[np.bool_]:
    """MESSAGE_TRACE_HEADER: what stands behind it depends on its flags, as far as it lies in the record. Returns which have a clock."""
    size = headers.length[rows] + 8
    headers.event_id[rows] = _number(heads, 4, "<u2")
    flags = _number(heads, 6, "<u2").astype(np.int64)
    at = np.full(len(rows), 8, np.int64) + np.where(flags & 1, 4, 0)
    with_guid = ((flags & 2) != 0) & (at + 16 <= size)
    index = np.arange(len(rows))
    for column, shift in ((headers.low, 0), (headers.high, 8)):
        found = heads[index[:, None], at[:, None] + shift + np.arange(8)]
        column[rows[with_guid]] = np.ascontiguousarray(found).view(column.dtype.str)[with_guid, 0]
    at += np.where(flags & 2, 16, np.where(flags & 4, 4, 0))
    timed: NDArray[np.bool_] = ((flags & 8) != 0) & (at + 8 <= size)
    clock = heads[index[:, None], at[:, None] + np.arange(8)]
    raw[rows[timed]] = np.ascontiguousarray(clock).view("<i8")[timed, 0]
    at += np.where(flags & 8, 8, 0)
    known = ((flags & 0x20) != 0) & (at + 8 <= size)
    for number, shift in ((headers.thread_id, 0), (headers.process_id, 4)):
        found = heads[index[:, None], at[:, None] + shift + np.arange(4)]
        number[rows[known]] = np.ascontiguousarray(found).view("<u4")[known, 0]
    at += np.where(flags & 0x20, 8, 0)
    header = np.minimum(at, headers.length[rows] + 8) - 8
    headers.begin[rows] += header
    headers.length[rows] -= header
    return timed


@helper
def i64(data: Any, at: int) -> int:
    """The signed 64-bit number at `at`."""
    high = u32(data, at + 4, _LITTLE)
    if high >> 31:
        high -= 1 << 32
    return high << 32 | u32(data, at, _LITTLE)


class Ticks(NamedTuple):
    """A clock as kernels take it: see `etl_buffers.Clock`."""

    start: int
    raw_start: int
    scale: int
    unit: int
    """0 without a clock."""
    factor: int
    """Nanoseconds of a step where that is a whole number, else 0."""
    most: int
    """Steps after which there is no time."""
    least: int
    """Steps before which there is none."""


def ticks_of(clock: Clock | None) -> Ticks:
    """A clock for kernels."""
    if clock is None:
        return Ticks(0, 0, 1, 0, 0, 0, 0)
    most, even = LATEST // clock.scale, clock.scale % clock.unit == 0
    far = min(most * clock.unit, _FURTHEST)
    near = max((1 - most) * clock.unit, -_FURTHEST)
    return Ticks(clock.start, clock.raw_start, clock.scale, clock.unit, clock.scale // clock.unit if even else 0, far, near)


@inlined
def time_of(raw: int, ticks: Ticks) -> int:
    """What a clock makes of a number, as `Clock.times`; `NO_TIME` without one."""
    half = (raw >> 1) - (ticks.raw_start >> 1)
    if ticks.unit == 0 or half >= _FAR or half <= -_FAR:
        return NO_TIME
    delta = raw - ticks.raw_start
    if delta >= ticks.most or delta < ticks.least:
        return NO_TIME
    if ticks.factor:
        since = delta * ticks.factor
    else:
        whole = delta // ticks.unit
        since = whole * ticks.scale + (delta - whole * ticks.unit) * ticks.scale // ticks.unit
    if since >= LATEST - ticks.start:
        return NO_TIME
    return (ticks.start + since) // 100 * 100


@inlined
def put_event(data: Any, at: int, headers: Any, i: int) -> int:
    """EVENT_HEADER; returns its clock."""
    headers.thread_id[i] = u32(data, at + 8, _LITTLE)
    headers.process_id[i] = u32(data, at + 12, _LITTLE)
    headers.low[i] = i64(data, at + 24)
    headers.high[i] = i64(data, at + 32)
    headers.event_id[i] = u16(data, at + 40, _LITTLE)
    headers.version[i] = int(data[at + 42])
    headers.level[i] = int(data[at + 44])
    headers.opcode[i] = int(data[at + 45])
    headers.task[i] = u16(data, at + 46, _LITTLE)
    headers.keywords[i] = i64(data, at + 48)
    return i64(data, at + 16)


@inlined
def put_classic(data: Any, at: int, headers: Any, i: int) -> int:
    """EVENT_TRACE_HEADER; returns its clock."""
    headers.opcode[i] = int(data[at + 4])
    headers.level[i] = int(data[at + 5])
    headers.version[i] = int(data[at + 6])
    headers.thread_id[i] = u32(data, at + 8, _LITTLE)
    headers.process_id[i] = u32(data, at + 12, _LITTLE)
    headers.low[i] = i64(data, at + 24)
    headers.high[i] = i64(data, at + 32)
    return i64(data, at + 16)


@inlined
def put_message(data: Any, at: int, headers: Any, i: int) -> tuple[int, int]:
    """MESSAGE_TRACE_HEADER; returns 1 if there is a clock, and it. What its flags name counts as far as it lies in the record."""
    headers.event_id[i] = u16(data, at + 4, _LITTLE)
    flags = u16(data, at + 6, _LITTLE)
    end = at + 8 + int(headers.length[i])
    place = at + 8 + (4 if flags & 1 else 0)
    if flags & 2 and place + 16 <= end:
        headers.low[i] = i64(data, place)
        headers.high[i] = i64(data, place + 8)
    place += 16 if flags & 2 else 4 if flags & 4 else 0
    timed = flags & 8 and place + 8 <= end
    raw = i64(data, place) if timed else 0
    place += 8 if flags & 8 else 0
    if flags & 0x20 and place + 8 <= end:
        headers.thread_id[i] = u32(data, place, _LITTLE)
        headers.process_id[i] = u32(data, place + 4, _LITTLE)
    place += 8 if flags & 0x20 else 0
    header = min(place - at, int(headers.length[i]) + 8) - 8
    headers.begin[i] += header
    headers.length[i] -= header
    return 1 if timed else 0, raw


@inlined
def put_kernel(data: Any, at: int, kind: int, headers: Any, i: int) -> int:
    """The header of an event of the kernel; returns its clock."""
    headers.event_id[i] = u16(data, at + 6, _LITTLE)
    headers.version[i] = int(data[at])
    if kind in (PERFORMANCE, PERFORMANCE_64):
        return i64(data, at + 8)
    headers.thread_id[i] = u32(data, at + 8, _LITTLE)
    headers.process_id[i] = u32(data, at + 12, _LITTLE)
    return i64(data, at + 16)


@inlined
def clear(headers: Any, i: int) -> None:
    """What not every header has."""
    headers.low[i] = 0
    headers.high[i] = 0
    headers.event_id[i] = 0
    headers.version[i] = 0
    headers.level[i] = 0
    headers.opcode[i] = 0
    headers.task[i] = 0
    headers.keywords[i] = 0
    headers.process_id[i] = 0
    headers.thread_id[i] = 0


@kernel(plain=_describe_plain)
def describe(data: Any, places: Places, ticks: Ticks, headers: Headers) -> None:
    """Fill the columns of headers.

    Args:
        data: uint8, with 64 bytes behind the last record.
        places: Where they are.
        ticks: Their clock.
        headers: Filled.
    """
    for i in range(len(places.at)):
        at = int(places.at[i])
        kind = int(places.kind[i])
        headers.begin[i] = places.begin[i]
        headers.length[i] = at + int(places.size[i]) - int(places.begin[i])
        headers.pointer[i] = 4 if kind in (EVENT_32, CLASSIC_32, INSTANCE_32, SYSTEM, COMPACT, PERFORMANCE) else 8
        clear(headers, i)
        timed = 1
        raw = 0
        if kind in (EVENT, EVENT_32):
            raw = put_event(data, at, headers, i)
        elif kind in (CLASSIC, CLASSIC_32):
            raw = put_classic(data, at, headers, i)
        elif kind == MESSAGE:
            timed, raw = put_message(data, at, headers, i)
        elif kind in (INSTANCE, INSTANCE_32):
            raw = i64(data, at + 16)
        elif kind in (1, 2, 3, 4, 16, 17):
            raw = put_kernel(data, at, kind, headers, i)
        else:
            timed = 0
        headers.time[i] = time_of(raw, ticks) if timed else NO_TIME
