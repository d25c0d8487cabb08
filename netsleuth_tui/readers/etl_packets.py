"""Packets among the records of a trace: those of ndiscap (`netsh trace`), whose frames may be in pieces, and those of pktmon.

Layouts: manifests of Microsoft-Windows-NDIS-PacketCapture (events 1001 and 1003) and Microsoft-Windows-PktMon (160, 170, 240), checked
on real traces.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.jit import helper, inlined, kernel
from netsleuth_tui.readers.etl_headers import gathered
from netsleuth_tui.readers.etl_records import Records, guid_halves
from netsleuth_tui.readers.numbers import u16, u32
from netsleuth_tui.readers.reused import Reused

__all__ = ["NDISCAP", "PKTMON", "Pieces", "Sources", "Wanted", "find_pieces", "is_from", "pieces_of"]

NDISCAP: Final = guid_halves("2ed6006e-4729-4609-b423-3ee7bcd678ef")
PKTMON: Final = guid_halves("4d4f80d9-c8bd-4d73-bb5b-19c90402c5ac")

FRAGMENT, SWITCHED = 1001, 1003
"""Events of ndiscap that hold (a piece of) a frame; the second kind at a port of a virtual switch."""
PASSED, DROPPED, OTHER = 160, 170, 240
"""Events of pktmon that hold a frame."""
COMPONENT: Final = 20
"""Event of pktmon that names a component."""
SMALLEST: Final = 80 + 12
"""Bytes of an event that holds a piece of a frame, at least."""

WIRELESS_WAN, TUNNEL, WIFI, CUT_SHORT = 0x200, 0x8000, 0x10000, 0x2000000
BEGINS, ENDS, SENT = 0x40000000, 0x80000000, 0x100000000
"""Keywords of ndiscap's events."""

ETHERNET, RAW, IEEE802_11, UNKNOWN = 1, 101, 105, 147
"""LINKTYPE_ numbers; the last is one that stands for nothing."""
OF_NDISCAP, OF_PKTMON = 1, 2

_NDISCAP_HEAD, _PKTMON_HEAD = 12, 34
_TRANSMITTED = 4
_LITTLE = 1
_NAMES = 3


class Pieces(NamedTuple):
    """Pieces of frames, arrays of one length, in the order of their records."""

    at: NDArray[np.int64]
    """Where the bytes begin in the data."""
    length: NDArray[np.int64]
    """How many there are."""
    wire: NDArray[np.int64]
    """Bytes that the frame had, as far as this piece says; 0 if it does not say."""
    link: NDArray[np.uint16]
    begins: NDArray[np.bool_]
    """True for the first piece of a frame."""
    ends: NDArray[np.bool_]
    """True for the last piece of a frame."""
    cut: NDArray[np.bool_]
    """True if the frame was longer than what was kept of it."""
    sent: NDArray[np.bool_]
    layer: NDArray[np.uint64]
    """Where the packet was seen: ndiscap's two interface numbers, or pktmon's component."""
    origin: NDArray[np.uint8]
    """OF_NDISCAP or OF_PKTMON."""
    packet: NDArray[np.int64]
    """pktmon's number of the packet, -1 where it does not count how often it has met one."""
    lies: NDArray[np.bool_]
    """True if it says that it is longer than its record."""
    time: NDArray[np.int64]
    """ns since 1970-01-01T00:00:00Z, `NO_TIME` if there is none."""
    offset: NDArray[np.int64]
    """Of its bytes in the file, as if no buffer was compressed."""
    thread: NDArray[np.int64]
    """Processor and thread. Idle threads all have number 0, so that a thread alone does not tell whose piece one is."""

    @classmethod
    def room(cls, count: int, memory: Reused | None = None) -> Pieces:
        """So many of them, to be filled."""
        return cls._make((memory or Reused()).columns(_COLUMNS, count))

    def put(self, row: int, others: Pieces) -> None:
        """Write others over them from a row on."""
        pairs: Iterator[tuple[NDArray[Any], NDArray[Any]]] = zip(self, others, strict=True)
        for column, values in pairs:
            column[row : row + len(values)] = values

    @classmethod
    def joined(cls, before: Pieces, behind: Pieces) -> Pieces:
        """Two in one."""
        pairs: Iterator[tuple[NDArray[Any], NDArray[Any]]] = zip(before, behind, strict=True)
        return cls._make(np.concatenate(both) for both in pairs)

    def at_rows(self, rows: NDArray[np.generic] | slice) -> Pieces:
        """Some of them."""
        return Pieces._make(column[rows] for column in self)


_COLUMNS: Final = "i8 i8 i8 u2 ? ? ? ? u8 u1 i8 ? i8 i8 i8".split()  # noqa: SIM905 - as short as a table can be


def is_from(records: Records, provider: tuple[np.uint64, np.uint64], *event_ids: int) -> NDArray[np.bool_]:
    """Which records are these events of a provider."""
    found: NDArray[np.bool_] = (records.low == provider[0]) & (records.high == provider[1])
    return found & np.isin(records.event_id, event_ids) if event_ids else found


def pieces_of(records: Records) -> tuple[NDArray[np.int64], Pieces]:
    """The pieces of frames in records, and which records hold them."""
    pieces, rows = Pieces.room(records.rows), np.empty(records.rows, np.int64)
    columns = Wanted(
        records.begin, records.length, records.low.view(np.int64), records.high.view(np.int64), records.event_id,
        records.keywords.view(np.int64),
    )  # fmt: skip
    (count,) = find_pieces(records.data, columns, SOURCES, rows, pieces)
    rows, pieces = rows[:count], pieces.at_rows(slice(count))
    thread = records.processor[rows].astype(np.int64) << 32 | records.thread_id[rows].astype(np.int64)
    offset = records.offset[rows] + pieces.at - records.begin[rows]
    return rows, pieces._replace(time=records.time[rows], offset=offset, thread=thread)


class Sources(NamedTuple):
    """Halves of the GUIDs of providers whose events hold frames, as numbers with a sign."""

    ndiscap_low: int
    ndiscap_high: int
    pktmon_low: int
    pktmon_high: int


SOURCES: Final = Sources._make(int(half.view(np.int64)) for provider in (NDISCAP, PKTMON) for half in provider)


class Wanted(NamedTuple):
    """Columns of records that tell pieces."""

    begin: NDArray[np.int64]
    length: NDArray[np.int64]
    low: NDArray[np.int64]
    high: NDArray[np.int64]
    event_id: NDArray[np.uint16]
    keywords: NDArray[np.int64]

    def at_rows(self, rows: NDArray[np.generic]) -> Wanted:
        """Some of the records."""
        return Wanted._make(column[rows] for column in self)


def _find_pieces_plain(data: NDArray[np.uint8], records: Wanted, sources: Sources, rows: NDArray[np.int64], pieces: Pieces) -> tuple[int]:
    """Same as the kernel: all events of a provider in one sweep."""
    parts = [_of_ndiscap(data, records, *sources[:2]), _of_pktmon(data, records, *sources[2:])]
    found = [np.concatenate(columns) for columns in zip(*parts, strict=True)]
    order = np.argsort(found[0], kind="stable")
    rows[: len(order)] = found[0][order]
    columns: Iterator[tuple[NDArray[Any], NDArray[Any]]] = zip(pieces, found[1:], strict=False)
    for column, values in columns:  # times and places are the caller's
        column[: len(order)] = values[order]
    return (len(order),)


def _u(heads: NDArray[np.uint8], at: int, code: str) -> NDArray[np.int64]:
    size = np.dtype(code).itemsize
    return np.ascontiguousarray(heads[:, at : at + size]).view(code)[:, 0].astype(np.int64)


def _of_ndiscap(data: NDArray[np.uint8], records: Wanted, low: int, high: int) -> tuple[NDArray[Any], ...]:
    wanted = (records.low == low) & (records.high == high) & np.isin(records.event_id, (FRAGMENT, SWITCHED))
    rows = np.flatnonzero(wanted & (records.length >= _NDISCAP_HEAD))
    heads = gathered(data, records.begin[rows], _NDISCAP_HEAD)
    miniport, lower, size = _u(heads, 0, "<u4"), _u(heads, 4, "<u4"), _u(heads, 8, "<u4")
    at = records.begin[rows] + _NDISCAP_HEAD
    ends = (records.begin + records.length)[rows]
    for place in np.flatnonzero(records.event_id[rows] == SWITCHED).tolist():
        at[place], size[place] = switched(data.data, int(at[place]), int(ends[place]))
    room = ends - at
    keywords = records.keywords[rows]
    link = np.full(len(rows), ETHERNET, np.uint16)
    link[(keywords & (WIRELESS_WAN | TUNNEL)) != 0] = RAW
    link[(keywords & WIFI) != 0] = IEEE802_11
    zero = np.zeros(len(rows), np.int64)
    return (
        rows, at, np.minimum(size, room), zero, link, (keywords & BEGINS) != 0, (keywords & ENDS) != 0, (keywords & CUT_SHORT) != 0,
        (keywords & SENT) != 0, miniport.astype(np.uint64) << np.uint64(32) | lower.astype(np.uint64),
        np.full(len(rows), OF_NDISCAP, np.uint8), zero - 1, size > room,
    )  # fmt: skip


def _of_pktmon(data: NDArray[np.uint8], records: Wanted, low: int, high: int) -> tuple[NDArray[Any], ...]:
    wanted = (records.low == low) & (records.high == high) & np.isin(records.event_id, (PASSED, DROPPED, OTHER))
    rows = np.flatnonzero(wanted & (records.length >= _PKTMON_HEAD))
    heads = gathered(data, records.begin[rows], _PKTMON_HEAD)
    group, number, appearance = _u(heads, 0, "<i8"), _u(heads, 8, "<u2"), _u(heads, 10, "<u2")
    kind, component = _u(heads, 14, "<u2"), _u(heads, 16, "<u2")
    original, logged = _u(heads, 30, "<u2"), _u(heads, 32, "<u2")
    room = records.length[rows] - _PKTMON_HEAD
    links = np.array([UNKNOWN, ETHERNET, IEEE802_11, RAW], np.uint16)
    whole = np.ones(len(rows), np.bool_)
    packet = (group & ((1 << 47) - 1)) << 16 ^ number
    packet[appearance == 0] = -1
    return (
        rows, records.begin[rows] + _PKTMON_HEAD, np.minimum(logged, room), original, links[np.where(kind > 3, 0, kind)], whole, whole,
        logged < original, _u(heads, 12, "<u2") == _TRANSMITTED, component.astype(np.uint64), np.full(len(rows), OF_PKTMON, np.uint8),
        packet, logged > room,
    )  # fmt: skip


@helper
def past_text(data: Any, at: int, end: int) -> int:
    """Where a text of 16-bit characters ends that begins at `at`, its zero included; `end` where it does not."""
    while at + 2 <= end:
        if u16(data, at, _LITTLE) == 0:
            return at + 2
        at += 2
    return end


@helper
def switched(data: Any, at: int, end: int) -> tuple[int, int]:
    """The frame in an event 1003, behind the names of a switch's port and its destinations.

    Args:
        data: uint8.
        at: Where what follows the number of the port begins.
        end: Where the record ends.

    Returns:
        Where the frame begins; its length as it is said, 0 where the record ends before that.
    """
    for _ in range(_NAMES):
        at = past_text(data, at, end)
    if at + 4 <= end:
        at += 4 + 8 * u32(data, at, _LITTLE)
        if at + 4 <= end:
            return at + 4, u32(data, at, _LITTLE)
    return end, 0


@inlined
def origin_of(low: int, high: int, event_id: int, length: int, sources: Sources) -> int:
    """Whether an event holds (a piece of) a frame, by its provider, number and bytes of data: OF_NDISCAP, OF_PKTMON or 0."""
    if low == sources.ndiscap_low and high == sources.ndiscap_high:
        return OF_NDISCAP if event_id in (FRAGMENT, SWITCHED) and length >= _NDISCAP_HEAD else 0
    if low == sources.pktmon_low and high == sources.pktmon_high:
        return OF_PKTMON if event_id in (PASSED, DROPPED, OTHER) and length >= _PKTMON_HEAD else 0
    return 0


@inlined
def put_ndiscap(data: Any, at: int, end: int, event_id: int, keywords: int, pieces: Pieces, k: int) -> None:
    """Write the piece of a frame whose event's data lie in data[at:end]."""
    begin = at + _NDISCAP_HEAD
    size = u32(data, at + 8, _LITTLE)
    if event_id == SWITCHED:
        begin, size = switched(data, begin, end)
    pieces.at[k] = begin
    pieces.length[k] = min(size, end - begin)
    pieces.wire[k] = 0
    pieces.link[k] = IEEE802_11 if keywords & WIFI else RAW if keywords & (WIRELESS_WAN | TUNNEL) else ETHERNET
    pieces.begins[k] = keywords & BEGINS != 0
    pieces.ends[k] = keywords & ENDS != 0
    pieces.cut[k] = keywords & CUT_SHORT != 0
    pieces.sent[k] = keywords & SENT != 0
    pieces.layer[k] = u32(data, at, _LITTLE) << 32 | u32(data, at + 4, _LITTLE)
    pieces.origin[k] = OF_NDISCAP
    pieces.packet[k] = -1
    pieces.lies[k] = size > end - begin


@inlined
def put_pktmon(data: Any, at: int, end: int, pieces: Pieces, k: int) -> None:
    """Write the frame of an event of pktmon whose data lie in data[at:end]."""
    begin = at + _PKTMON_HEAD
    kind = u16(data, at + 14, _LITTLE)
    original = u16(data, at + 30, _LITTLE)
    logged = u16(data, at + 32, _LITTLE)
    high = u32(data, at + 4, _LITTLE) & 0x7FFF
    number = (high << 48 | u32(data, at, _LITTLE) << 16) ^ u16(data, at + 8, _LITTLE)
    pieces.at[k] = begin
    pieces.length[k] = min(logged, end - begin)
    pieces.wire[k] = original
    pieces.link[k] = ETHERNET if kind == 1 else IEEE802_11 if kind == 2 else RAW if kind == 3 else UNKNOWN
    pieces.begins[k] = True
    pieces.ends[k] = True
    pieces.cut[k] = logged < original
    pieces.sent[k] = u16(data, at + 12, _LITTLE) == _TRANSMITTED
    pieces.layer[k] = u16(data, at + 16, _LITTLE)
    pieces.origin[k] = OF_PKTMON
    pieces.packet[k] = number if u16(data, at + 10, _LITTLE) else -1
    pieces.lies[k] = logged > end - begin


@kernel(plain=_find_pieces_plain)
def find_pieces(data: Any, records: Wanted, sources: Sources, rows: Any, pieces: Pieces) -> tuple[int]:
    """Find pieces of frames among records that were described.

    Args:
        data: uint8, in which the records lie.
        records: Their columns.
        sources: Whose events hold pieces.
        rows: int64, gets which records those are; filled from the first entry on.
        pieces: Likewise, but for time, offset and thread.

    Returns:
        Pieces, alone in a tuple.
    """
    count = 0
    for row in range(len(records.begin)):
        event_id = int(records.event_id[row]) & 0xFFFF
        at, length = int(records.begin[row]), int(records.length[row])
        origin = origin_of(int(records.low[row]), int(records.high[row]), event_id, length, sources)
        if origin == OF_NDISCAP:
            put_ndiscap(data, at, at + length, event_id, int(records.keywords[row]), pieces, count)
        elif origin == OF_PKTMON:
            put_pktmon(data, at, at + length, pieces, count)
        else:
            continue
        rows[count] = row
        count += 1
    return (count,)
