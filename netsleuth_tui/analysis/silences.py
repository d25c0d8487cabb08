"""Hosts over time: in which intervals each of them sends, in which others send to it, and when one that always did stops."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.decode.columns import Columns
from netsleuth_tui.jit import kernel

__all__ = ["Silences", "count_intervals_of_hosts", "silences"]

Ids = NDArray[np.uint32]
Ranks = NDArray[np.int32]
Cells = NDArray[np.uint32]
Numbers = NDArray[np.int64]

BLOCK = 1 << 18
"""Rows between two looks at whether anybody still wants the answer."""
LONGER = 3
"""A silence is so many times as long as any pause before it."""


def _count_numpy(
    ids: Ids, first: int, last: int, columns: Columns, ranks: Ranks, start: int, every: int, sent: Cells, asked: Cells
) -> None:  # fmt: skip
    """What the kernel does, in NumPy: for the time before it is compiled."""
    rows = ids[first:last]
    when = (columns.time[rows] - start) // every
    for side, cells in ((columns.src, sent), (columns.dst, asked)):
        rank = ranks[side[rows]]
        there = (rank >= 0) & (when >= 0) & (when < len(cells))
        keys = when[there] * cells.shape[1] + rank[there]
        np.add(cells, np.bincount(keys, minlength=cells.size).reshape(cells.shape), out=cells, casting="unsafe")


@kernel(plain=_count_numpy)
def count_cells(
    ids: Ids, first: int, last: int, columns: Columns, ranks: Ranks, start: int, every: int, sent: Cells, asked: Cells
) -> None:  # fmt: skip
    """Add packets to the cells of their interval, and of their sender and receiver.

    Args:
        ids: Row ids of packets with addresses, and a time within the intervals.
        first: Index of the first to add.
        last: Index after the last one.
        columns: The store's columns.
        ranks: By host its place in the cells; -1 for hosts that are not counted.
        start: Begin of interval 0, ns since the epoch.
        every: Length of an interval, ns.
        sent: (intervals, hosts): packets from each host.
        asked: (intervals, hosts): packets to each host.
    """
    when, low, high = 0, 1, 0  # the interval of the row before: times mostly stay in it, and a division is dear
    for j in range(first, last):
        i = np.int64(ids[j])
        one, other = ranks[columns.src[i]], ranks[columns.dst[i]]
        if one < 0 and other < 0:
            continue
        time = columns.time[i]
        if time < low or time >= high:
            when = (time - start) // every
            if when < 0 or when >= sent.shape[0]:  # of a row that was dropped meanwhile
                low, high = 0, 0
                continue
            low = start + when * every
            high = low + every
        if one >= 0:
            sent[when, one] += 1
        if other >= 0:
            asked[when, other] += 1


def count_intervals_of_hosts(
    columns: Columns, rows: Ids, ranks: Ranks, *, start: int, every: int, shape: tuple[int, int], check: Callable[[], None]
) -> tuple[Cells, Cells]:
    """Packets of each interval from and to some hosts: two arrays (intervals, hosts).

    Args:
        columns: The store's columns.
        rows: Row ids of packets with addresses, and a time within the intervals.
        ranks: By host its place in the arrays; -1 for hosts that are not counted.
        start: Begin of interval 0, ns since the epoch.
        every: Length of an interval, ns.
        shape: Intervals and hosts.
        check: Called from time to time; may raise, to end the work.
    """
    sent, asked = np.zeros(shape, np.uint32), np.zeros(shape, np.uint32)
    for first in range(0, len(rows), BLOCK):
        check()
        count_cells(rows, first, min(first + BLOCK, len(rows)), columns, ranks, start, every, sent, asked)
    return sent, asked


class Silences(NamedTuple):
    """Runs of intervals without anything, by place, then by begin: int64 arrays of the same length."""

    place: Numbers
    begin: Numbers
    """The first interval of it."""
    end: Numbers
    """The first one after it."""
    active: Numbers
    """Intervals before it that have something."""
    before: Numbers
    """All intervals before it, from the first that has something on."""


def _find_numpy(cells: Cells, least: int, regular: int, state: Numbers, found: Numbers) -> tuple[int]:
    """What the kernel does, all places of an interval at once: for the time before it is compiled."""
    count, intervals = 0, len(cells)
    since, active, longest, begin = state
    for k in range(intervals + 1):
        on = cells[k] != 0 if k < intervals else np.ones(cells.shape[1], np.bool_)
        over = np.flatnonzero(on & (begin >= 0))
        length, before = k - begin[over], begin[over] - since[over]
        long = (length >= np.maximum(least, LONGER * longest[over])) & (before >= np.maximum(regular, length))
        these = over[long][: len(found) - count]
        more = np.column_stack((these, begin[these], np.full(len(these), k), active[these], begin[these] - since[these]))
        found[count : count + len(these)] = more
        count += len(these)
        longest[over] = np.maximum(longest[over], length)
        begin[over] = -1
        begin[~on & (begin < 0) & (since >= 0)] = k
        since[on & (since < 0)] = k
        active[on] += 1
    return (count,)


@kernel(plain=_find_numpy)
def find_silences(cells: Cells, least: int, regular: int, state: Numbers, found: Numbers) -> tuple[int]:
    """Find long runs of 0.

    Args:
        cells: (intervals, places).
        least: Intervals that a silence has at least.
        regular: Intervals that there must be before one, at least.
        state: (4, places): begin of what there is (-1 before it), cells that are not 0 so far, the longest run so far, begin of the run
            that goes on (-1 for none).
        found: (most, 5): the columns of `Silences`.

    Returns:
        How many there are.
    """
    count, intervals, places = 0, cells.shape[0], cells.shape[1]
    for k in range(intervals + 1):
        for place in range(places):
            if k < intervals and cells[k, place] == 0:
                if state[3, place] < 0 and state[0, place] >= 0:
                    state[3, place] = k
                continue
            begin = state[3, place]
            if begin >= 0:
                length, before = k - begin, begin - state[0, place]
                if length >= max(least, LONGER * state[2, place]) and before >= max(regular, length) and count < found.shape[0]:
                    found[count, 0], found[count, 1], found[count, 2] = place, begin, k
                    found[count, 3], found[count, 4] = state[1, place], before
                    count += 1
                state[2, place] = max(state[2, place], length)
                state[3, place] = -1
            if state[0, place] < 0:
                state[0, place] = k
            state[1, place] += 1
    return (count,)


def silences(cells: Cells, least: int, regular: int) -> Silences:
    """Runs of 0, at least so many, and `LONGER` times as many as in any run before; a run at the begin is none.

    There are at least as many intervals before as the run has.

    Args:
        cells: (intervals, places).
        least: Intervals that a silence has at least.
        regular: Intervals that there must be before one, at least.
    """
    intervals, places = cells.shape
    state = np.full((4, places), -1, np.int64)
    state[1], state[2] = 0, 1
    # each is LONGER times as long as the one before it
    found = np.zeros((places * max(intervals.bit_length(), 1), 5), np.int64)
    (count,) = find_silences(np.ascontiguousarray(cells), least, regular, state, found)
    found = found[:count]
    return Silences._make(found[np.lexsort((found[:, 1], found[:, 0]))].T)
