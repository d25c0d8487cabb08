"""In which order the packets of a security association came: ahead, late, again, out of any order; and which numbers never came.

Every packet is judged among all packets of its association in the capture, in capture order. What a filter or a window selects is counted
from that judgement: it does not change because something else is looked at.

Of each packet s is the sequence number, extended to 64 bits by its distance to T, the highest one before it (serial arithmetic, RFC 1982):

- in order: s = T + 1. Ahead (early): s > T + 1, which opens a gap of s - T - 1 numbers.
- Late: s < T, never seen before. Its depth is T - s, so that a receiver with an anti-replay window of W drops it if depth >= W (RFC 4303
  section 3.4.3: the left edge is T - W + 1). Since every packet ahead moves T, T is the same for every W.
- Duplicate: seen before.

An association is several epochs where its counter began anew, the first rule that matches decides:

- T is within 2**20 of 2**32 and the number on the wire below 2**20: it goes on (extended sequence numbers, or a counter that cycled).
- The number is at most 64 and more than 4096 below T, and 3 of the next 8 packets are within 64 of it: a new epoch
  (SPI reused, peer restarted).
- More than 2**20 away from T: with 3 of the next 8 packets within 64 of it a new epoch (a jump, which is no loss), otherwise no part of the
  order: an outlier, ignored.

A number 0 that does not follow from 2**32 - 1 is never sent (RFC 4303 section 3.3.3), and is ignored as well.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.analysis.esp_packets import Ids, Members, Numbers, find_members
from netsleuth_tui.analysis.esp_partners import Lives, lives
from netsleuth_tui.decode.columns import NO_TIME, Columns
from netsleuth_tui.errors import NetSleuthError
from netsleuth_tui.jit import helper, kernel
from netsleuth_tui.store import Store

__all__ = [
    "AHEAD",
    "BEGINS",
    "CLASS",
    "DUPLICATE",
    "IN_ORDER",
    "JUMP",
    "LATE",
    "OUTLIER",
    "RESET",
    "WRAP",
    "ZERO",
    "Judged",
    "judged",
    "judgement",
]

Kinds = NDArray[np.uint8]

IN_ORDER, AHEAD, LATE, DUPLICATE, OUTLIER, ZERO = 0, 1, 2, 3, 4, 5
CLASS = 7
"""Mask of the class; the bits above it say what happened at the packet."""
BEGINS, RESET, JUMP, WRAP = 8, 16, 32, 64
"""An epoch begins; because the counter restarted; because it jumped. The number passed 2**32."""

NEAR, SMALL, RESTART = 1 << 20, 64, 4096
FOLLOWERS, LOOKED_AT = 3, 8
BACK = 1 << 21
"""Places before the first of an epoch: a packet that is late can lie no further back."""
MASK32, HALF = (1 << 32) - 1, 1 << 31
LATEST = 2**63 - 1

OPEN_NUMBERS, OPEN_TIME = 1024, 3_000_000_000
"""A gap with fewer numbers after it, or with less time (ns) to the end of the capture, may yet be filled: its loss is provisional."""
CHUNK = 1 << 18
"""Packets that are judged together."""


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Judged:
    """All ESP packets of a store, judged. A place is an extended sequence number plus what makes it unique to association and epoch."""

    members: Members
    packets: int
    """Rows of the store at that time."""
    kinds: Kinds
    """Of each position."""
    places: Numbers
    """Of each position; ascending from epoch to epoch; -1 for outliers and zeros."""
    late: Numbers
    """Positions of late packets, by place; parallel to the next two."""
    late_depth: Numbers
    late_opener: Numbers
    """Position of the first packet with a higher number."""
    duplicates: Numbers
    """Positions of duplicates, ascending; parallel to the next two."""
    duplicate_depth: Numbers
    duplicate_of: Numbers
    """Position of the first copy."""
    runs: Numbers
    """Place of the first number of each run of numbers that never came, ascending; parallel to the next three."""
    run_length: Numbers
    run_at: Numbers
    """Position of the packet with the next number that came: each has at most one run below it."""
    run_open: NDArray[np.bool_]
    """The loss is provisional, see `OPEN_NUMBERS`."""
    epochs: Numbers
    """Positions where epochs begin, ascending."""
    epoch_shift: Numbers
    """Place minus extended sequence number, for each epoch."""

    lives: Lives
    """When each association lived, and beside which others."""

    def sequence(self, places: Numbers) -> Numbers:
        """The extended sequence numbers of places."""
        first = self.places[self.epochs] - BACK
        return places - self.epoch_shift[np.searchsorted(first, places, side="right") - 1]

    def lowest_sequence(self, first: int, last: int, chosen: NDArray[np.bool_]) -> int:
        """The lowest sequence number of the chosen positions from `first` to `last`, all of which have a place; 0 where there is none."""
        places = self.places[first:last]
        edges = np.searchsorted(self.epochs, [first, last])
        begins = [*self.epochs[edges[0] : edges[1]].tolist(), last]
        lows = [
            int(self.sequence(some.min(keepdims=True))[0])
            for begin, end in pairwise(begins)
            if len(some := places[begin - first : end - first][chosen[begin - first : end - first]])
        ]
        return min(lows, default=0)


@helper
def _confirmed(rows: Ids, sequence: NDArray[np.uint32], at: int, end: int, number: int) -> bool:
    """Return whether the packets that follow position `at` belong to the same run of numbers."""
    near = 0
    for j in range(at + 1, min(at + 1 + LOOKED_AT, end)):
        distance = ((int(np.int64(sequence[int(np.int64(rows[j]))])) - number + HALF) & MASK32) - HALF
        if distance != 0 and distance >= -SMALL and distance <= SMALL:
            near += 1
    return near >= FOLLOWERS


@helper
def _cause(rows: Ids, sequence: NDArray[np.uint32], at: int, end: int, top: int, number: int) -> int:
    """Return the bits of a new epoch, 0 where the number at position `at` goes on from `top`, or -1 where it belongs nowhere."""
    distance = ((number - top + HALF) & MASK32) - HALF
    if (top & MASK32) > MASK32 + 1 - NEAR and number < NEAR:
        return 0
    if number <= SMALL and distance < -RESTART and _confirmed(rows, sequence, at, end, number):
        return BEGINS | RESET
    if distance >= -NEAR and distance <= NEAR:
        return 0
    return BEGINS | JUMP if number != 0 and _confirmed(rows, sequence, at, end, number) else -1


@kernel()
def judge(
    rows: Ids, starts: Numbers, first: int, last: int, sequence: NDArray[np.uint32], base: int, kinds: Kinds, places: Numbers
) -> tuple[int]:
    """Write kind and place of the packets of the associations `first` to `last`; a duplicate of another than the highest is LATE as yet.

    Args:
        rows: Row ids, by association.
        starts: Where each association begins in `rows`.
        first: The first association.
        last: One past the last association.
        sequence: Sequence numbers on the wire, by row id.
        base: The highest place that is taken.
        kinds: Filled.
        places: Filled.

    Returns:
        The highest place that is taken now.
    """
    for k in range(first, last):
        begun = False
        top, shift, end = 0, 0, int(np.int64(starts[k + 1]))
        for j in range(int(np.int64(starts[k])), end):
            number = int(np.int64(sequence[int(np.int64(rows[j]))]))
            cause = _cause(rows, sequence, j, end, top, number) if begun else BEGINS
            extended = top + ((number - top + HALF) & MASK32) - HALF
            if number == 0 and (cause != 0 or extended <= 0):
                kinds[j], places[j] = ZERO, -1
            elif cause < 0:
                kinds[j], places[j] = OUTLIER, -1
            elif cause != 0:
                shift = base + 1 + BACK - number
                kinds[j], places[j] = cause, number + shift
                begun, top, base = True, number, number + shift
            else:
                places[j] = extended + shift
                if extended > top:
                    kinds[j] = (IN_ORDER if extended == top + 1 else AHEAD) | (WRAP if extended >> 32 != top >> 32 else 0)
                    top, base = extended, extended + shift
                else:
                    kinds[j] = DUPLICATE if extended == top else LATE
    return (base,)


_KNOWN: WeakKeyDictionary[Store, Judged] = WeakKeyDictionary()
"""The newest judgement of each store."""


def judgement(store: Store) -> Judged | None:
    """The newest judgement of a store, which may know fewer packets than there are by now; None where nobody asked for one."""
    return _KNOWN.get(store)


def judged(store: Store, cancelled: Callable[[], bool] = lambda: False) -> Judged:
    """Judge all ESP packets of a store, once for all of its rows.

    Args:
        store: What was loaded.
        cancelled: Asked from time to time; True ends the work.

    Raises:
        NetSleuthError: Nobody wanted the answer any more.
    """
    known = _KNOWN.get(store)
    dropped, columns = store.table.first, store.columns()
    if known is not None and known.packets == len(columns.row):
        return known
    members = find_members(columns, cancelled, dropped)
    kinds, places = np.zeros(len(members.rows), np.uint8), np.zeros(len(members.rows), np.int64)
    base, first = 0, 0
    while first < len(members):
        if cancelled():
            raise NetSleuthError("the question was interrupted")
        last = max(int(np.searchsorted(members.starts, members.starts[first] + CHUNK, side="right")) - 1, first + 1)
        (base,) = judge(members.rows, members.starts, first, last, columns.esp_sequence, base, kinds, places)
        first = last
    _KNOWN[store] = found = _settled(members, columns, kinds, places, _end(store))
    return found


def _end(store: Store) -> int:
    span = store.span
    return span[1] if span is not None else NO_TIME


def _settled(members: Members, columns: Columns, kinds: Kinds, places: Numbers, end: int) -> Judged:
    """Tell late packets from duplicates, and find what never came."""
    classes = kinds & CLASS
    front_at = np.flatnonzero(classes <= AHEAD)
    front = places[front_at]
    epochs = np.flatnonzero(kinds & BEGINS)
    late, again, again_of = _told_apart(np.flatnonzero(classes == LATE), places, front, front_at)
    kinds[again] = DUPLICATE
    at_top = np.flatnonzero(classes == DUPLICATE)
    again, again_of = np.append(again, at_top), np.append(again_of, _at(front_at, np.searchsorted(front, places[at_top])))
    by_position = np.argsort(again, kind="stable")
    again, again_of = again[by_position], again_of[by_position]
    lengths, runs, run_at = _runs(kinds, places, front, front_at, late, epochs)
    time = columns.time[members.rows[run_at]]
    next_epoch = np.append(epochs, len(kinds))[np.searchsorted(epochs, run_at, side="right")]
    highest = _at(front, np.searchsorted(front_at, next_epoch) - 1)
    is_open = (highest - (runs + lengths - 1) < OPEN_NUMBERS) | ((time != NO_TIME) & (end - time < OPEN_TIME))
    shift = places[epochs] - columns.esp_sequence[members.rows[epochs]]
    return Judged(
        members=members,
        packets=len(columns.row),
        kinds=kinds,
        places=places,
        late=late,
        late_depth=_depth(late, places, front, front_at),
        late_opener=_at(front_at, np.searchsorted(front, places[late])),
        duplicates=again,
        duplicate_depth=_depth(again, places, front, front_at),
        duplicate_of=again_of,
        runs=runs,
        run_length=lengths,
        run_at=run_at,
        run_open=is_open,
        epochs=epochs,
        epoch_shift=shift,
        lives=lives(members, columns.time, _lowest(members, kinds, places, late, epochs, shift)),
    )


def _lowest(members: Members, kinds: Kinds, places: Numbers, late: Numbers, epochs: Numbers, shift: Numbers) -> Numbers:
    """The lowest sequence number of the first epoch of each association; -1 where no number means anything."""
    lowest = np.full(len(members), LATEST)
    first = kinds[epochs] & (RESET | JUMP) == 0
    of = members.association(epochs[first])
    lowest[of] = places[epochs[first]]
    np.minimum.at(lowest, members.association(late), places[late])
    lowest[of] -= shift[first]
    return np.where(lowest == LATEST, -1, lowest)


def _at(values: Numbers, places: NDArray[np.integer]) -> Numbers:
    return values[places] if len(values) else np.zeros(len(places), np.int64)


def _depth(positions: Numbers, places: Numbers, front: Numbers, front_at: Numbers) -> Numbers:
    """How far below the highest number before them these packets are."""
    return _at(front, np.searchsorted(front_at, positions) - 1) - places[positions]


def _told_apart(behind: Numbers, places: Numbers, front: Numbers, front_at: Numbers) -> tuple[Numbers, Numbers, Numbers]:
    """Of packets that are not ahead: the late ones, by place; and the duplicates, with the positions of their first copies."""
    behind = behind[np.argsort(places[behind], kind="stable")]  # equal places: in capture order
    place = places[behind]
    nearest = np.searchsorted(front, place)
    in_front = _at(front, nearest) == place
    first = np.ones(len(place), np.bool_)
    first[1:] = place[1:] != place[:-1]
    first_copy = np.where(in_front, _at(front_at, nearest), behind[np.flatnonzero(first)[np.cumsum(first) - 1]] if len(place) else behind)
    is_late = first & ~in_front
    return behind[is_late], behind[~is_late], first_copy[~is_late]


def _runs(
    kinds: Kinds, places: Numbers, front: Numbers, front_at: Numbers, late: Numbers, epochs: Numbers
) -> tuple[Numbers, Numbers, Numbers]:
    """Runs of numbers that never came: their lengths, first places, and positions of the packets with the next number that came."""
    filled = places[late]
    # Numbers below the first of an epoch can be missing, too: between it and the late packets that came after it.
    begins = places[epochs]
    has_earlier = np.searchsorted(filled, begins) > np.searchsorted(filled, begins - BACK)
    headed = epochs[has_earlier]
    lowest = filled[np.searchsorted(filled, places[headed] - BACK)] if len(headed) else np.empty(0, np.int64)
    ahead = np.flatnonzero(kinds[front_at] & CLASS == AHEAD)
    opener = np.append(front_at[ahead], headed)
    before = np.append(front[ahead - 1], lowest - 1)
    by_place = np.argsort(opener, kind="stable")
    opener, before = opener[by_place], before[by_place]
    after = places[opener]
    # The numbers before each late packet, down to the one before it that came; then those after the last one in each gap.
    gap = np.searchsorted(after, filled)
    below = np.append(0, filled)[:-1]
    below = np.where(np.append(-1, gap)[:-1] == gap, below, before[gap]) if len(gap) else below
    last = before.copy()
    last[gap] = filled  # ascending: the last one stays
    start = np.concatenate((below, last)) + 1
    length = np.concatenate((filled - below, after - last)) - 1
    at = np.concatenate((late, opener))
    there = np.flatnonzero(length > 0)
    there = there[np.argsort(start[there], kind="stable")]
    return length[there], start[there], at[there]
