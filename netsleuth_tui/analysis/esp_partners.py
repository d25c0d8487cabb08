"""Which security association followed which, and which one goes the other way."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.analysis.esp_packets import Members, Numbers
from netsleuth_tui.analysis.intervals import SECOND
from netsleuth_tui.decode.columns import NO_TIME

__all__ = ["Lives", "lives"]

LATEST = 2**63 - 1

FRESH = 8
"""A new association is seen from its beginning if its first number is at most this."""
QUIET = 60 * SECOND
"""So long the old one may have been silent when the new one begins."""

AROUND = 8
"""So many that ended before and after the moment are looked at."""

Path = tuple[int, int, bool]
"""Source, destination, encapsulated in UDP."""


@dataclass(frozen=True, slots=True)
class Lives:
    """When associations lived, and beside which others; int64 arrays with an element for each."""

    first: Numbers
    """Time of the first packet, ns since the epoch, or `NO_TIME`; so is `last`."""
    last: Numbers
    lowest: Numbers
    """The lowest sequence number of the first epoch; -1 where there is none."""
    before: Numbers
    """The association that was rekeyed to this one, or -1."""
    overlap: Numbers
    """(associations, 2): see `predecessors`."""
    after: Numbers
    """The one that this one was rekeyed to, or -1."""
    opposite: Numbers
    """The one in the other direction, or -1."""


def lives(members: Members, times: NDArray[np.int64], lowest: Numbers) -> Lives:
    """Find out about all associations.

    Args:
        members: Packets by association.
        times: ns since the epoch, by row id.
        lowest: The first sequence number of each.
    """
    if not len(members):
        none = np.empty(0, np.int64)
        return Lives(none, none, none, none, np.empty((0, 2), np.int64), none, none)
    time, begins = times[members.rows], members.starts[:-1]
    last = np.maximum.reduceat(time, begins)
    first = np.minimum.reduceat(np.where(time == NO_TIME, LATEST, time), begins)
    first[last == NO_TIME] = NO_TIME
    before, overlap = predecessors(members, times, first, last, lowest)
    after = np.full(len(members), -1)
    after[before[before >= 0]] = np.flatnonzero(before >= 0)
    return Lives(first, last, lowest, before, overlap, after, opposites(members, first))


def predecessors(members: Members, times: NDArray[np.int64], first: Numbers, last: Numbers, lowest: Numbers) -> tuple[Numbers, Numbers]:
    """For each association the one that was rekeyed to it, or -1.

    That is one with the same addresses and encapsulation that began before it, ended before it, and was still sending when it began,
    or had been within the last minute; of several the one that ended nearest to that moment. The new one counts from 1.

    Args:
        members: Packets by association.
        times: ns since the epoch, by row id.
        first: When each association began.
        last: When each ended.
        lowest: The first sequence number of each.

    Returns:
        Their numbers, and (associations, 2): the overlap in ns, and how many packets the old one sent in it.
    """
    old, overlap = np.full(len(members), -1), np.zeros((len(members), 2), np.int64)
    for group in _paths(members).values():
        if len(group) < 2:
            continue
        waiting = sorted(group, key=lambda k: int(last[k]))
        ends = [int(last[k]) for k in waiting]
        for k in sorted(group, key=lambda k: int(first[k])):
            if not 1 <= lowest[k] <= FRESH:
                continue
            start, place = int(first[k]), bisect_left(ends, int(first[k]))
            around = range(max(place - AROUND, 0), min(place + AROUND, len(ends)))
            near = [j for j in around if first[waiting[j]] < start and ends[j] < last[k] and start - ends[j] <= QUIET]
            if near:
                best = min(near, key=lambda j: abs(ends[j] - start))
                old[k] = waiting.pop(best)
                overlap[k] = _overlap(members, times, int(old[k]), start, ends.pop(best))
    return old, overlap


def _overlap(members: Members, times: NDArray[np.int64], old: int, start: int, end: int) -> tuple[int, int]:
    if end <= start:
        return 0, 0
    rows = members.rows[members.starts[old] : members.starts[old + 1]]
    return end - start, int(np.count_nonzero(times[rows] >= start))


def opposites(members: Members, first: Numbers) -> Numbers:
    """For each association the one in the other direction that began nearest to it, where each is the other's nearest; or -1."""
    paths = {path: sorted(group, key=lambda k: int(first[k])) for path, group in _paths(members).items()}
    nearest = np.full(len(members), -1)
    for (src, dst, in_udp), group in paths.items():
        there = paths.get((dst, src, in_udp), [])
        begins = [int(first[k]) for k in there]
        for k in group:
            place = bisect_left(begins, int(first[k]))
            near = [there[j] for j in (place - 1, place) if 0 <= j < len(there) and there[j] != k]
            if near:
                nearest[k] = min(near, key=lambda j: abs(int(first[j]) - int(first[k])))
    mutual = (nearest >= 0) & (nearest[nearest] == np.arange(len(members))) if len(members) else nearest >= 0
    return np.where(mutual, nearest, -1)


def _paths(members: Members) -> dict[Path, list[int]]:
    paths: dict[Path, list[int]] = {}
    for k, path in enumerate(zip(members.src.tolist(), members.dst.tolist(), members.in_udp.tolist(), strict=True)):
        paths.setdefault(path, []).append(k)
    return paths
