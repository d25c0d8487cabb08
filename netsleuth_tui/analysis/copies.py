"""The same packet again: in a router loop with a falling TTL, or captured twice.

Two packets are taken for the same where source, destination, protocol, IP identification, length, fragment, ports and TCP numbers agree,
in the same file. A packet with an identification of 0 (or none: IPv6) may be another one that looks alike, unless it carries TCP data.

- Router loop: the TTL falls by the same step from copy to copy, each within a second of the one before, over at least 3 copies. The step is
  how many routers forwarded it between two looks at it. One that was seen on both sides of one router has 2 copies, and is none.
- Captured twice: the TTL is the same, and it comes within a millisecond. Routers send nothing on unchanged; a sender that repeats itself
  takes a new identification.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.analysis.repeats import may_be_copies
from netsleuth_tui.decode.columns import Columns, Has
from netsleuth_tui.errors import NetSleuthError
from netsleuth_tui.store import Store

__all__ = ["LEAST_COPIES", "NEXT_COPY", "SAME_MOMENT", "Copies", "copies", "copy_values", "known_copy_values"]

Ids = NDArray[np.uint32]
Words = NDArray[np.uint64]

LEAST_COPIES = 3
NEXT_COPY = 1_000_000_000
"""ns; a loop of two routers takes milliseconds, over a long line some hundred."""
SAME_MOMENT = 1_000_000
"""ns between two captures of one frame: a port mirrored in both directions, an interface and its bridge."""

NUMBERED = np.uint64(Has.IP_ID)
DATA = np.uint64(Has.TCP | Has.TCP_SEQ | Has.TCP_LEN)
BLOCK = 1 << 15
"""Packets that are hashed together: what is worked on stays in the processor's cache."""
HIGH = np.uint64(0xFFFFFFFF00000000)
FACTORS = (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0xD6E8FEB86659FD93)
"""Odd numbers whose bits look random: products of them and a key spread over 64 bits."""


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Copies:
    """Rows of packets that came again, ascending."""

    packets: int
    """Rows of the store at that time."""
    looping: Ids
    """All copies of packets in a router loop, the first included; parallel to the next two."""
    step: NDArray[np.uint8]
    """By how much the TTL falls from one copy to the next."""
    first: Ids
    """Row of the first copy."""
    again: Ids
    """Packets that were captured before, at the same TTL."""


_KNOWN: WeakKeyDictionary[Store, Copies] = WeakKeyDictionary()
_VALUES: WeakKeyDictionary[Copies, dict[str, Ids]] = WeakKeyDictionary()
"""Fields that were asked for: 4 bytes a row."""
_NONE = np.zeros(0, np.uint32)


def copies(store: Store, cancelled: Callable[[], bool] = lambda: False) -> Copies:
    """All copies in a store; found out once for all of its rows.

    Args:
        store: What was loaded.
        cancelled: Asked from time to time; True ends the work.

    Raises:
        NetSleuthError: Nobody wanted the answer any more.
    """
    first, columns = store.table.first, store.columns()
    known = _KNOWN.get(store)
    if known is None or known.packets != len(columns.row):
        known = _found(columns, *_side_by_side(store, columns, first, cancelled))
        _KNOWN[store] = known
    return known


def known_copy_values(store: Store, name: str) -> Ids:
    """What `copy_values` found out before, by row id; none where it was never asked."""
    found = _KNOWN.get(store)
    return _VALUES.get(found, {}).get(name, _NONE) if found is not None else _NONE


def copy_values(store: Store, name: str, cancelled: Callable[[], bool] = lambda: False) -> Ids:
    """Values of ip.loop or frame.duplicate by row id, 0 where the field is absent.

    Args:
        store: What was loaded.
        name: Column of one of `query.JUDGED`.
        cancelled: Asked from time to time; True ends the work.

    Raises:
        NetSleuthError: Nobody wanted the answer any more.
    """
    found = copies(store, cancelled)
    known = _VALUES.setdefault(found, {})
    if name not in known:
        values = store.table.by_row(found.packets, np.uint32)
        if name == "ip_loop":
            values[found.looping] = found.step
        else:
            values[found.again] = 1
        known[name] = values
    return known[name]


def _side_by_side(store: Store, columns: Columns, from_row: int, cancelled: Callable[[], bool]) -> tuple[Ids, NDArray[np.bool_]]:
    """Rows that may have a copy, with equal packets side by side in capture order; and where a packet differs from the one before it."""

    def check() -> None:
        if cancelled():
            raise NetSleuthError("the question was interrupted")

    maybe, parts = may_be_copies(columns, check, from_row, store.table.by_row(len(columns.row), np.uint32)), []
    for first in range(0, len(maybe), BLOCK):
        check()
        some = maybe[first : first + BLOCK]
        parts.append(_mixed(columns, some) & HIGH | some)
    ordered = np.sort(np.concatenate([np.empty(0, np.uint64), *parts]))
    alike = (ordered[1:] ^ ordered[:-1]) & HIGH == 0
    chosen = np.zeros(len(ordered), np.bool_)
    chosen[1:] = alike
    chosen[:-1] |= alike
    rows = ordered[chosen].astype(np.uint32)  # most packets are alone with half of their hash: only the others need the rest of it
    mixed = np.concatenate(
        [np.empty(0, np.uint64), *(_mixed(columns, rows[first : first + BLOCK]) for first in range(0, len(rows), BLOCK))]
    )
    begins = np.ones(len(rows), np.bool_)
    begins[1:] = mixed[1:] != mixed[:-1]
    group = np.cumsum(np.append(True, (mixed[1:] ^ mixed[:-1]) & HIGH != 0)[: len(rows)]) - 1
    crossed = np.zeros(len(rows), np.bool_)
    crossed[group[begins & np.append(False, group[1:] == group[:-1])[: len(rows)]]] = True
    at = np.flatnonzero(crossed[group])  # few: different packets whose hashes begin alike
    if len(at):
        exact = at[np.lexsort((rows[at], mixed[at], group[at]))]
        rows[at], mixed[at] = rows[exact], mixed[exact]
        begins[1:] = mixed[1:] != mixed[:-1]
    return rows, begins


def _mixed(columns: Columns, some: Ids) -> Words:
    """A hash of all that two copies have in common."""

    def word(*parts: tuple[str, int]) -> Words:
        made: Words = getattr(columns, parts[0][0])[some].astype(np.uint64)
        for name, shift in parts[1:]:
            made |= getattr(columns, name)[some].astype(np.uint64) << np.uint64(shift)
        return made

    mixed = word(("src", 0), ("dst", 32))
    mixed *= np.uint64(FACTORS[0])
    for more, factor in (
        (word(("ip_id", 0), ("ip_len", 16), ("ip_frag", 32), ("source", 48)), FACTORS[1]),
        (word(("tcp_seq", 0), ("tcp_ack", 32)), FACTORS[2]),
        (word(("src_port", 0), ("dst_port", 16), ("ip_proto", 32), ("icmp_type", 40), ("tcp_flags", 48)), FACTORS[3]),
    ):
        mixed ^= mixed >> np.uint64(29)
        mixed ^= more * np.uint64(factor)
        mixed *= np.uint64(FACTORS[0])
    mixed ^= mixed >> np.uint64(32)
    return mixed


def _found(columns: Columns, rows: Ids, begins: NDArray[np.bool_]) -> Copies:
    ttl, time = columns.ttl[rows].astype(np.int64), columns.time[rows]
    gap = np.diff(time, prepend=time[:1])
    certain = (columns.present[rows] & NUMBERED != 0) & (columns.ip_id[rows] != 0)
    certain |= (columns.present[rows] & DATA == DATA) & (columns.tcp_len[rows] != 0)
    again = ~begins & (np.diff(ttl, prepend=ttl[:1]) == 0) & (gap >= 0) & (gap <= SAME_MOMENT)
    twice = np.sort(rows[again & certain])
    group = np.cumsum(begins)
    kept = ~again
    rows, ttl, time, group = rows[kept], ttl[kept], time[kept], group[kept]
    fall, gap = ttl[:-1] - ttl[1:], time[1:] - time[:-1]
    linked = (group[1:] == group[:-1]) & (fall > 0) & (gap >= 0) & (gap <= NEXT_COPY)
    runs = np.flatnonzero(linked & ~_follows(linked, fall))
    ends = np.flatnonzero(linked & ~np.append(_follows(linked, fall)[1:], False)) + 1 if len(linked) else runs
    long = ends - runs + 1 >= LEAST_COPIES
    runs, ends = runs[long], ends[long]
    sizes = ends - runs + 1
    at = np.repeat(runs - (np.cumsum(sizes) - sizes), sizes) + np.arange(int(sizes.sum()))
    looping, at_first = np.unique(rows[at], return_index=True)  # a packet at which the step changes is in two runs
    step = np.repeat(fall[runs], sizes)[at_first].astype(np.uint8)
    return Copies(len(columns.row), looping, step, np.repeat(rows[runs], sizes)[at_first], twice)


def _follows(linked: NDArray[np.bool_], fall: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which links go on with the step of the link before."""
    goes_on = np.zeros(len(linked), np.bool_)
    goes_on[1:] = linked[1:] & linked[:-1] & (fall[1:] == fall[:-1])
    return goes_on
