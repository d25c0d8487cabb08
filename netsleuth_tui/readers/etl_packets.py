"""Packets among the records of a trace: those of ndiscap (`netsh trace`), whose frames may be in pieces, and those of pktmon.

Both log a packet at every layer that it passes. One layer is chosen, so that a packet counts once; see `Layers`.

Layouts: manifests of Microsoft-Windows-NDIS-PacketCapture (events 1001 and 1003) and Microsoft-Windows-PktMon (160, 170, 240), checked
on real traces.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.jit import helper, kernel
from netsleuth_tui.readers.etl_records import Records, gathered, guid_halves
from netsleuth_tui.readers.limits import longest_frame
from netsleuth_tui.readers.numbers import u16, u32

__all__ = ["NDISCAP", "PKTMON", "Layers", "Pieces", "copy_pieces", "is_from", "pieces_of"]

NDISCAP: Final = guid_halves("2ed6006e-4729-4609-b423-3ee7bcd678ef")
PKTMON: Final = guid_halves("4d4f80d9-c8bd-4d73-bb5b-19c90402c5ac")

FRAGMENT, SWITCHED = 1001, 1003
"""Events of ndiscap that hold (a piece of) a frame; the second kind at a port of a virtual switch."""
PASSED, DROPPED, OTHER = 160, 170, 240
"""Events of pktmon that hold a frame."""
COMPONENT = 20
"""Event of pktmon that names a component."""
_NETWORK_CARD = 2
_LONGEST_NAME = 512
"""Bytes of a component's name that are read."""

WIRELESS_WAN, TUNNEL, WIFI, CUT_SHORT = 0x200, 0x8000, 0x10000, 0x2000000
BEGINS, ENDS, SENT = 0x40000000, 0x80000000, 0x100000000
"""Keywords of ndiscap's events."""

ETHERNET, RAW, IEEE802_11, UNKNOWN = 1, 101, 105, 147
"""LINKTYPE_ numbers; the last is one that stands for nothing."""

_NDISCAP_HEAD, _PKTMON_HEAD = 12, 34
_LITTLE = 1
_NAMES = 3


class Pieces(NamedTuple):
    """Pieces of frames, arrays of one length, in the order of their records."""

    row: NDArray[np.int64]
    """Which record."""
    at: NDArray[np.int64]
    """Where the bytes begin in `Records.data`."""
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
    packet: NDArray[np.uint64]
    """pktmon's number of the packet, 0 where it does not count how often it has met one."""
    lies: NDArray[np.bool_]
    """True if it says that it is longer than its record."""

    def at_rows(self, rows: NDArray[np.generic]) -> Pieces:
        """Some of them."""
        return Pieces._make(column[rows] for column in self)


def is_from(records: Records, provider: tuple[np.uint64, np.uint64], *event_ids: int) -> NDArray[np.bool_]:
    """Which records are these events of a provider."""
    found: NDArray[np.bool_] = (records.low == provider[0]) & (records.high == provider[1])
    return found & np.isin(records.event_id, event_ids) if event_ids else found


def pieces_of(records: Records) -> Pieces:
    """The pieces of frames in records, in their order."""
    parts = [_of_ndiscap(records), _of_pktmon(records)]
    parts = [part for part in parts if len(part.row)] or parts[:1]
    if len(parts) == 1:
        return parts[0]
    both = Pieces._make(np.concatenate(columns) for columns in zip(*parts, strict=True))
    return both.at_rows(np.argsort(both.row, kind="stable"))


def _u(heads: NDArray[np.uint8], at: int, code: str) -> NDArray[np.int64]:
    size = np.dtype(code).itemsize
    return np.ascontiguousarray(heads[:, at : at + size]).view(code)[:, 0].astype(np.int64)


def _of_ndiscap(records: Records) -> Pieces:
    long_enough = records.length >= _NDISCAP_HEAD
    rows = np.flatnonzero(is_from(records, NDISCAP, FRAGMENT, SWITCHED) & long_enough)
    heads = gathered(records.data, records.begin[rows], _NDISCAP_HEAD)
    miniport, lower, size = _u(heads, 0, "<u4"), _u(heads, 4, "<u4"), _u(heads, 8, "<u4")
    at = records.begin[rows] + _NDISCAP_HEAD
    switched = np.flatnonzero(records.event_id[rows] == SWITCHED)
    if len(switched):
        ends = (records.begin + records.length)[rows[switched]]
        begins, sizes = np.zeros(len(switched), np.int64), np.zeros(len(switched), np.int64)
        find_switched(records.data, np.ascontiguousarray(at[switched]), np.ascontiguousarray(ends), begins, sizes)
        at[switched], size[switched] = begins, sizes
    room = records.begin[rows] + records.length[rows] - at
    keywords = records.keywords[rows]
    link = np.full(len(rows), ETHERNET, np.uint16)
    link[(keywords & np.uint64(WIRELESS_WAN | TUNNEL)) != 0] = RAW
    link[(keywords & np.uint64(WIFI)) != 0] = IEEE802_11
    return Pieces(
        rows, at, np.minimum(size, room), np.zeros(len(rows), np.int64), link,
        (keywords & np.uint64(BEGINS)) != 0, (keywords & np.uint64(ENDS)) != 0, (keywords & np.uint64(CUT_SHORT)) != 0,
        (keywords & np.uint64(SENT)) != 0, miniport.astype(np.uint64) << np.uint64(32) | lower.astype(np.uint64),
        np.zeros(len(rows), np.uint64), size > room,
    )  # fmt: skip


def _of_pktmon(records: Records) -> Pieces:
    rows = np.flatnonzero(is_from(records, PKTMON, PASSED, DROPPED, OTHER) & (records.length >= _PKTMON_HEAD))
    heads = gathered(records.data, records.begin[rows], _PKTMON_HEAD)
    group, number, appearance = _u(heads, 0, "<u8").astype(np.uint64), _u(heads, 8, "<u2"), _u(heads, 10, "<u2")
    kind, component = _u(heads, 14, "<u2"), _u(heads, 16, "<u2")
    original, logged = _u(heads, 30, "<u2"), _u(heads, 32, "<u2")
    room = records.length[rows] - _PKTMON_HEAD
    links = np.array([UNKNOWN, ETHERNET, IEEE802_11, RAW], np.uint16)
    whole = np.ones(len(rows), np.bool_)
    with np.errstate(over="ignore"):
        packet = (group << np.uint64(16) ^ number.astype(np.uint64)) | np.uint64(1) << np.uint64(63)
    packet[appearance == 0] = 0
    return Pieces(
        rows, records.begin[rows] + _PKTMON_HEAD, np.minimum(logged, room), original, links[np.where(kind > 3, 0, kind)], whole, whole,
        logged < original, _u(heads, 12, "<u2") == 4, component.astype(np.uint64), packet, logged > room,
    )  # fmt: skip


@helper
def past_text(data: Any, at: int, end: int) -> int:
    """Where a text of 16-bit characters ends that begins at `at`, its zero included; `end` where it does not."""
    while at + 2 <= end:
        if u16(data, at, _LITTLE) == 0:
            return at + 2
        at += 2
    return end


@kernel()
def find_switched(data: Any, at: Any, ends: Any, begins: Any, sizes: Any) -> None:
    """Find the frames in events 1003, behind the names of a switch's port and its destinations.

    Args:
        data: uint8.
        at: int64, where what follows the two interface numbers begins: the number of the port, of four bytes, is read already.
        ends: int64, where the records end.
        begins: int64, gets where the frames begin.
        sizes: int64, gets their lengths as they are said; 0 where the record ends before that.
    """
    for i in range(len(at)):
        end = int(ends[i])
        place = int(at[i])
        for _ in range(_NAMES):
            place = past_text(data, place, end)
        begins[i] = end
        sizes[i] = 0
        if place + 4 <= end:
            place += 4 + 8 * u32(data, place, _LITTLE)
            if place + 4 <= end:
                begins[i] = place + 4
                sizes[i] = u32(data, place, _LITTLE)


@dataclass(slots=True)
class Layers:
    """At which layers packets were seen, and of which layer they are taken.

    ndiscap: of each interface the layer below which most packets were seen. pktmon: where it counts how often it has met a packet, its
    first sight; otherwise the component that is a network card, or the one with most packets.
    """

    seen: Counter[int] = field(default_factory=Counter)
    """Frames of ndiscap by layer."""
    components: Counter[int] = field(default_factory=Counter)
    """Packets of pktmon that it does not count, by component."""
    cards: set[int] = field(default_factory=set)
    """pktmon's components that are network cards."""
    names: dict[int, str] = field(default_factory=dict)
    """Of pktmon's components; text from the file."""
    chosen: NDArray[np.uint64] = field(default_factory=lambda: np.zeros(0, np.uint64))
    chosen_components: NDArray[np.uint64] = field(default_factory=lambda: np.zeros(0, np.uint64))
    _before: NDArray[np.uint64] = field(default_factory=lambda: np.zeros(0, np.uint64))

    def survey(self, records: Records) -> None:
        """Count what records hold, before any is taken."""
        pieces = pieces_of(records)
        is_pktmon = is_from(records, PKTMON)
        from_pktmon = is_pktmon[pieces.row]
        for counter, wanted in ((self.seen, ~from_pktmon & pieces.begins), (self.components, from_pktmon & (pieces.packet == 0))):
            layers, counts = np.unique(pieces.layer[wanted], return_counts=True)
            counter.update(dict(zip(layers.tolist(), counts.tolist(), strict=True)))
        named = np.flatnonzero(is_pktmon & (records.event_id == COMPONENT) & (records.length >= 4))
        for row in named.tolist():
            begin, end = int(records.begin[row]), int(records.begin[row] + records.length[row])
            component, kind = np.frombuffer(records.data[begin : begin + 4].tobytes(), "<u2").tolist()
            if kind == _NETWORK_CARD:
                self.cards.add(component)
            text = records.data[begin + 4 : min(end, begin + 4 + _LONGEST_NAME)].tobytes().decode("utf-16-le", "replace")
            self.names[component] = text.partition("\0")[0]

    def choose(self) -> None:
        """Decide, when all records were surveyed."""
        best: dict[int, tuple[int, int]] = {}
        for layer, count in self.seen.items():
            best[layer >> 32] = max(best.get(layer >> 32, (0, 0)), (count, -layer))
        self.chosen = np.array(sorted(-layer for _, layer in best.values()), np.uint64)
        cards = [component for component in self.components if component in self.cards]
        common = [component for component, _ in self.components.most_common(1)]
        self.chosen_components = np.array(cards or common, np.uint64)

    def wanted(self, records: Records, pieces: Pieces) -> NDArray[np.bool_]:
        """Which pieces are taken; to be asked once for each, in the order of time."""
        from_pktmon = is_from(records, PKTMON)[pieces.row]
        counted = from_pktmon & (pieces.packet != 0)
        wanted = np.where(from_pktmon, np.isin(pieces.layer, self.chosen_components), np.isin(pieces.layer, self.chosen))
        if counted.any():
            rows = np.flatnonzero(counted)
            packets = np.concatenate((self._before, pieces.packet[rows]))
            _, firsts = np.unique(packets, return_index=True)
            new = np.zeros(len(packets), np.bool_)
            new[firsts] = True
            wanted[rows] = new[len(self._before) :]
            self._before = np.unique(pieces.packet[rows])
        return wanted


def _copy_pieces_plain(data: NDArray[np.uint8], at: NDArray[np.int64], length: NDArray[np.int64], out: NDArray[np.uint8]) -> None:
    """Same as the kernel."""
    to = 0
    for begin, count in zip(at.tolist(), length.tolist(), strict=True):
        out[to : to + count] = data[begin : begin + count]
        to += count


@kernel(plain=_copy_pieces_plain)
def copy_pieces(data: Any, at: Any, length: Any, out: Any) -> None:
    """Put pieces side by side.

    Args:
        data: uint8.
        at: int64, where each begins.
        length: int64, bytes of each; all of them are within `data`.
        out: uint8, as long as all of them at least.
    """
    to = 0
    for i in range(len(at)):
        begin = int(at[i])
        count = int(length[i])
        for k in range(count):
            out[to + k] = data[begin + k]
        to += count


def longest() -> int:
    """Most bytes of one frame that are put together."""
    return longest_frame(ETHERNET)
