"""Segments that wait for their acknowledgement, of both sides of many connections: one pool, and for each side a list through it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.decode.columns import NO_TIME
from netsleuth_tui.jit import helper

__all__ = ["MOST", "STEPS", "Unacked", "acknowledged", "forget", "no_room", "remember", "with_room"]

Ids = NDArray[np.uint32]

MOST = 10_000
"""Segments that wait on one side: more of them have no acknowledgement in the capture, as Wireshark takes it, too."""
STEPS = 128
"""A segment that ends further back than so many others is not waited for: so no order of segments takes long."""

OLDEST, NEWEST, WAITING = 0, 2, 4
"""Columns of `sides`, of side 0; that of side 1 follows."""
BEFORE, BEHIND = 0, 1
"""Columns of `links`."""
MASK32, HALF = (1 << 32) - 1, 1 << 31


class Unacked(NamedTuple):
    """The lists, each in the order of the numbers; an entry is an index into the pool, 0 for none."""

    sides: Ids
    """(flows, 6): of each side the first and the last entry of its list, and how many there are."""
    ends: Ids
    """Of each entry the number that acknowledges it."""
    times: NDArray[np.int64]
    """Of each entry when it was sent, ns."""
    links: Ids
    """(entries, 2): the entry before and the entry behind."""
    free: NDArray[np.int64]
    """Two elements: the first entry that was never used, and the first of those that are free again."""


@helper
def _below(a: int, b: int) -> bool:
    return (a - b) & MASK32 >= HALF


@helper
def remember(unacked: Unacked, number: int, side: int, end: int, time: int) -> None:
    """Wait for the acknowledgement of what ends before `end`, unless something that ends there waits already."""
    sides, ends, links, free = unacked.sides, unacked.ends, unacked.links, unacked.free
    if int(np.int64(sides[number, WAITING + side])) >= MOST:
        return
    before, behind = int(np.int64(sides[number, NEWEST + side])), 0
    oldest = int(np.int64(sides[number, OLDEST + side]))
    if oldest != 0 and _below(end, int(np.int64(ends[oldest]))):
        before, behind = 0, oldest
    for _ in range(STEPS):
        if before == 0 or not _below(end, int(np.int64(ends[before]))):
            break
        before, behind = int(np.int64(links[before, BEFORE])), before
    if before != 0 and (_below(end, int(np.int64(ends[before]))) or int(np.int64(ends[before])) == end):
        return
    entry = int(free[1])
    if entry != 0:
        free[1] = int(np.int64(links[entry, BEHIND]))
    else:
        entry = int(free[0])
        free[0] = entry + 1
    ends[entry] = end
    unacked.times[entry] = time
    links[entry, BEFORE] = before
    links[entry, BEHIND] = behind
    if before != 0:
        links[before, BEHIND] = entry
    else:
        sides[number, OLDEST + side] = entry
    if behind != 0:
        links[behind, BEFORE] = entry
    else:
        sides[number, NEWEST + side] = entry
    sides[number, WAITING + side] += 1


@helper
def acknowledged(unacked: Unacked, number: int, side: int, ack: int) -> int:
    """Stop waiting for all that ends at `ack` or before; return when what ends right there was sent, `NO_TIME` where nothing does."""
    sides, ends, links, free = unacked.sides, unacked.ends, unacked.links, unacked.free
    entry, sent, taken = int(np.int64(sides[number, OLDEST + side])), NO_TIME, 0
    while entry != 0 and not _below(ack, int(np.int64(ends[entry]))):
        if int(np.int64(ends[entry])) == ack:
            sent = int(unacked.times[entry])
        behind = int(np.int64(links[entry, BEHIND]))
        links[entry, BEHIND] = free[1]
        free[1] = entry
        entry = behind
        taken += 1
    if taken != 0:
        sides[number, OLDEST + side] = entry
        sides[number, WAITING + side] -= taken
        if entry != 0:
            links[entry, BEFORE] = 0
        else:
            sides[number, NEWEST + side] = 0
    return sent


@helper
def forget(unacked: Unacked, number: int) -> None:
    """Wait for nothing of this flow any more."""
    if unacked.sides.shape[0] <= number:
        return
    for side in range(2):
        oldest, newest = int(np.int64(unacked.sides[number, OLDEST + side])), int(np.int64(unacked.sides[number, NEWEST + side]))
        if oldest != 0:
            unacked.links[newest, BEHIND] = unacked.free[1]
            unacked.free[1] = oldest
        unacked.sides[number, OLDEST + side] = 0
        unacked.sides[number, NEWEST + side] = 0
        unacked.sides[number, WAITING + side] = 0


def no_room() -> Unacked:
    """Lists that nothing is put into."""
    return Unacked(
        np.zeros((0, 6), np.uint32), np.zeros(0, np.uint32), np.zeros(0, np.int64), np.zeros((0, 2), np.uint32), np.array([1, 0], np.int64)
    )


def with_room(old: Unacked, flows: int, entries: int) -> Unacked:
    """The same lists with room for more flows and entries."""
    new = Unacked(
        np.zeros((flows, 6), np.uint32),
        np.zeros(entries, np.uint32),
        np.zeros(entries, np.int64),
        np.zeros((entries, 2), np.uint32),
        old.free.copy(),
    )
    for name in ("sides", "ends", "times", "links"):
        known = getattr(old, name)
        getattr(new, name)[: len(known)] = known
    return new
