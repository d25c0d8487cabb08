"""The flows of the selected rows: by 5-tuple, or merged by pair of hosts; the sums behind conversations."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui import jit
from netsleuth_tui.analysis.flow_table import (
    AHEAD,
    BEGAN,
    BYTES,
    FIRST,
    FLAGS,
    HOSTS,
    INTERVAL_AT,
    LAST,
    MASK32,
    PACKETS,
    PAYLOAD,
    RESETS,
    REST,
    RETRANSMISSIONS,
    Block,
    count,
    empty,
    enlarged,
    new_seed,
)
from netsleuth_tui.decode.columns import NO_TIME, Columns
from netsleuth_tui.errors import NetSleuthError
from netsleuth_tui.store import Rows
from netsleuth_tui.store.ordering import order

__all__ = ["Flows", "flows", "is_ready"]

SMALLEST = 1 << 12
"""Flows that there is room for at first."""
BLOCK = 1 << 16
"""Rows between two looks at whether anybody still wants the answer."""
WORTH_TWO_THREADS = 1 << 18
PLAIN_ROWS = 1 << 17
"""More of them take plain Python longer than the compiler needs, and longer still beside it."""
MOMENT = 0.05
"""Seconds."""
NO_MARKS = np.zeros(0, np.uint16)


class Flows(NamedTuple):
    """What `flows` found: arrays with a row per flow, see `Table`."""

    sums: NDArray[np.int64]
    counts: NDArray[np.uint32]
    outside: int
    """Rows that belong to no flow: without IP addresses, or (split by interval) without a time."""


def flows(
    columns: Columns, rows: Rows, *, marks: NDArray[np.uint16] = NO_MARKS, pairs: bool = False, origin: int = 0, every: int = 0,
    cancelled: Callable[[], bool] = lambda: False,
) -> Flows:  # fmt: skip
    """Find the flows of the selected rows, on two threads where it pays: each takes the flows of one half of all pairs of hosts.

    Args:
        columns: The store's columns.
        rows: Which rows of them.
        marks: Those of all rows, from `tcp.marks`; without them nothing is a retransmission.
        pairs: One flow for all that the same two hosts exchange.
        origin: Start of interval 0, ns since the epoch.
        every: Length of an interval in ns, to have a flow once for every interval it occurs in; or 0.
        cancelled: Asked from time to time; True ends the work.

    Raises:
        NetSleuthError: Nobody wanted the answer any more.
    """
    parts = 2 if len(rows) >= WORTH_TWO_THREADS else 1
    while not is_ready(rows) and not cancelled():
        jit.wait(MOMENT)

    def of(part: int) -> Flows:
        found = _part(columns, rows, marks, origin, every, part, parts, cancelled)
        if pairs:
            found = _merged(found)
        return _oriented(found) if every else found

    others = [_second_thread().submit(of, part) for part in range(1, parts)]
    found = [of(0), *(other.result() for other in others)]
    if cancelled():
        raise NetSleuthError("the question was interrupted")
    if parts == 1:
        return found[0]
    sums, counts = np.concatenate([one.sums for one in found]), np.concatenate([one.counts for one in found])
    return Flows(sums, counts, sum(one.outside for one in found))


def is_ready(rows: Rows) -> bool:
    """False while `flows` would wait for the compiler, on the very first run: callers with something else to do come back later."""
    return len(rows) <= PLAIN_ROWS or jit.state() != "compiling"


@cache
def _second_thread() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1, thread_name_prefix="flows")


def _part(
    columns: Columns, rows: Rows, marks: NDArray[np.uint16], origin: int, every: int, part: int, parts: int, cancelled: Callable[[], bool]
) -> Flows:  # fmt: skip
    """The flows of one part of the hosts, block by block: so it can be stopped, and turns fast when the kernel is compiled meanwhile."""
    ids = rows.ids if rows.ids is not None else np.empty(0, np.uint32)
    table = empty(SMALLEST, new_seed())
    block = Block(*(np.zeros(AHEAD, np.int64) for _ in Block._fields))
    at = rows.first
    while at < rows.last and not cancelled():
        end = min(at + BLOCK, rows.last)
        (at,) = count(ids, rows.ids is not None, at, end, columns, marks, origin, every, part, parts, table, block)
        if at < end:
            table = enlarged(table)
    end = int(table.given[0])
    return Flows(table.sums[1:end], table.counts[1:end], int(table.given[1]))


def _merged(found: Flows) -> Flows:
    """One flow for all that the same two hosts exchange in the same interval."""
    sums, counts = found.sums, found.counts
    groups = _Groups(sums[:, HOSTS], sums[:, REST] >> INTERVAL_AT, sums[:, FIRST])
    first = groups.earliest
    sums, counts = sums[groups.order], counts[groups.order]
    together = np.empty((len(groups.edges), sums.shape[1]), np.int64)
    if len(groups.edges):
        together[:, HOSTS] = sums[groups.edges, HOSTS]
        together[:, REST] = sums[groups.edges, REST] >> INTERVAL_AT << INTERVAL_AT
        together[:, FIRST] = found.sums[first, FIRST]
        together[:, LAST] = np.maximum.reduceat(sums[:, LAST], groups.edges)
        together[:, BYTES:] = np.add.reduceat(sums[:, BYTES:], groups.edges)
    counted = np.zeros((len(groups.edges), counts.shape[1]), np.uint32)
    if len(groups.edges):
        counted[:, :FLAGS] = np.add.reduceat(counts[:, :FLAGS], groups.edges)
        counted[:, FLAGS:BEGAN] = np.bitwise_or.reduceat(counts[:, FLAGS:BEGAN], groups.edges)
        counted[:, BEGAN] = found.counts[first, BEGAN]
    _fold(together, counted)
    return Flows(together, counted, found.outside)


def _fold(sums: NDArray[np.int64], counts: NDArray[np.uint32]) -> None:
    """Count what a host sends to itself as sent by side 0: without ports there is no other."""
    alone = sums[:, HOSTS] >> 32 == sums[:, HOSTS] & MASK32
    for table, first in ((sums, BYTES), (sums, PAYLOAD), (counts, PACKETS), (counts, RETRANSMISSIONS), (counts, RESETS), (counts, FLAGS)):
        both = np.bitwise_or if first == FLAGS and table is counts else np.add
        table[alone, first] = both(table[alone, first], table[alone, first + 1])
        table[alone, first + 1] = 0
    counts[alone, BEGAN] = 0


def _oriented(found: Flows) -> Flows:
    """Flows that are split by interval, with the same side as the first one in every interval."""
    rest = found.sums[:, REST] & (1 << INTERVAL_AT) - 1
    groups = _Groups(found.sums[:, HOSTS], rest, found.sums[:, FIRST])
    sizes = np.diff(np.append(groups.edges, len(rest)))
    counts = found.counts.copy()
    counts[groups.order, BEGAN] = np.repeat(found.counts[groups.earliest, BEGAN], sizes)
    return Flows(found.sums, counts, found.outside)


class _Groups:
    """Flows with the same key, and which of them began first.

    Args:
        hosts: First half of the key.
        rest: Second half of it, not negative.
        times: When each flow began, or `NO_TIME`.
    """

    def __init__(self, hosts: NDArray[np.int64], rest: NDArray[np.int64], times: NDArray[np.int64]) -> None:
        self.order = np.lexsort((rest, hosts)) if rest.any() else _order_of_pairs(hosts)
        """Flows of a group side by side."""
        hosts, rest = hosts[self.order], rest[self.order]
        is_new = np.ones(len(hosts), np.bool_)
        is_new[1:] = (hosts[1:] != hosts[:-1]) | (rest[1:] != rest[:-1])
        self.edges = np.flatnonzero(is_new)
        """Where each group begins in `order`."""
        self.earliest = self.order[self.edges]
        """The flow of each group that began first."""
        if len(self.edges):
            when = np.where(times == NO_TIME, np.int64(2**63 - 1), times)[self.order]
            group = np.cumsum(is_new) - 1
            first = np.flatnonzero(when == np.minimum.reduceat(when, self.edges)[group])
            self.earliest[group[first][::-1]] = self.order[first[::-1]]  # of several at the same time the first in the capture


def _order_of_pairs(hosts: NDArray[np.int64]) -> NDArray[np.uint32]:
    """Brings equal pairs side by side."""
    most = int((hosts & MASK32).max(initial=0)) + 1
    return order((hosts >> 32) * most + (hosts & MASK32))
