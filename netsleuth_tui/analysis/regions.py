"""Regions of a scope: what went through each office, country or subnet, how much of it was resets, and when."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.analysis import flow_table
from netsleuth_tui.analysis.flows import flows
from netsleuth_tui.analysis.places import place_values
from netsleuth_tui.analysis.ranks import label_ranks
from netsleuth_tui.analysis.region_counts import (
    BASE,
    BYTES,
    ESP,
    LINES,
    MEASURES,
    PACKETS,
    RECEIVED,
    RST,
    SENT,
    SYN,
    Side,
    count_regions,
)
from netsleuth_tui.analysis.region_groups import Grouping, Groups, groups_of
from netsleuth_tui.analysis.scope import Scope, rows_of
from netsleuth_tui.analysis.tcp import marks
from netsleuth_tui.analysis.timeline import time_span
from netsleuth_tui.places import UNKNOWN, host_places
from netsleuth_tui.store.ordering import order, settled
from netsleuth_tui.tabular import Cell

if TYPE_CHECKING:
    from netsleuth_tui.store import Rows, Store

__all__ = ["COLUMNS", "INTERVALS", "OVER_TIME", "Regions", "regions", "with_retransmissions"]

Numbers = NDArray[np.int64]

INTERVALS = 24
"""Columns of the small time line of each region."""

LINES_KEPT = 1 << 16
"""Regions that have a time line: with more groups (subnets), those with most packets."""

COUNTS: Final = {
    "packets": PACKETS, "bytes": BYTES, "resets": RST, "syns": SYN, "esp": ESP, "resets_sent": SENT, "resets_received": RECEIVED,
}  # fmt: skip
"""Columns that are sums."""

OVER_TIME: Final = {"packets_over_time": 0, "resets_over_time": 1}
"""Columns that are a number for each of the intervals, from the begin of the window to its end."""

COLUMNS = (
    "region", "packets", "bytes", "hosts", "resets", "resets_per_1000", "resets_sent", "resets_received", "syns", "retransmissions", "esp",
    *OVER_TIME,
)  # fmt: skip

NONE = -1


@dataclass(frozen=True, slots=True)
class Regions:
    """Regions that have packets in a scope, each a row of the arrays.

    A packet counts for the region of its source, of its destination, or of either (once where both are in one), by the addresses of its
    outermost IP header. Where resets are counted by their sender, all numbers are those of packets with RST, and `resets_per_1000` says
    how many of 1 000 packets that the region sent they are.
    """

    groups: Groups
    side: Side
    which: NDArray[np.intp]
    """The group of each row."""
    sums: Numbers
    """(regions, columns), see `region_counts`."""
    hosts: Numbers
    """Distinct addresses of the region that a packet counted for."""
    start: int
    """Begin of the time lines, ns since the epoch."""
    every: int
    """Length of their intervals, ns."""
    lines: Numbers | None
    """(regions, intervals, 2): packets and resets; -1 for regions without a time line; None where nothing has a time."""
    outside: int
    """Packets of the scope without IP addresses."""
    unmapped: int
    """Of all addresses that a packet counted for: private ones at no site; 0 for subnets, which need no places."""
    unknown: int
    """Of them: public ones that the data do not have."""
    seen: int
    """How many addresses these are."""
    retransmissions: Numbers | None = None
    """Retransmissions by their sender, their receiver, or either; None where they were not asked for."""

    def __len__(self) -> int:
        return len(self.which)

    @property
    def packets(self) -> int:
        """Of all regions together: those of two regions count twice."""
        return int(self.sums[:, PACKETS].sum())

    def numbers(self, name: str) -> Numbers:
        """A column as numbers that can be sorted; -1 where there is none. Time lines: their greatest number."""
        if name in COUNTS:
            return self.sums[:, COUNTS[name]]
        if name == "resets_per_1000":
            return np.rint(self.sums[:, RST] / np.maximum(self.sums[:, BASE], 1) * 1_000_000).astype(np.int64)
        if name == "hosts":
            return self.hosts
        if name == "retransmissions":
            return self.retransmissions if self.retransmissions is not None else np.full(len(self), NONE)
        if name in OVER_TIME and self.lines is not None:
            most: Numbers = self.lines[:, :, OVER_TIME[name]].max(axis=1, initial=NONE)
            return most
        return np.full(len(self), NONE)

    def order(self, name: str, *, descending: bool = False) -> NDArray[np.uint32]:
        """Places of the regions sorted by a column, absent values last: names by the alphabet, subnets by number; so are equal ones."""
        if name == "region":
            return order(self._ranks(np.arange(len(self)))[0], descending=descending)
        keys = self.numbers(name)
        return settled(order(keys, keys < 0, descending=descending), keys, self._ranks)

    def _ranks(self, places: NDArray[np.integer]) -> tuple[Numbers]:
        """In which order some regions stand by their names."""
        groups = self.which[places]
        return (groups.astype(np.int64) if self.groups.is_subnet else label_ranks([self.groups.name(k) for k in groups.tolist()]),)

    def at(self, which: Sequence[int] | NDArray[np.integer]) -> Regions:
        """Only the regions at these places, in this order."""
        chosen = np.asarray(which, np.intp)
        lines, retransmissions = self.lines, self.retransmissions
        return replace(
            self,
            which=self.which[chosen],
            sums=self.sums[chosen],
            hosts=self.hosts[chosen],
            lines=lines[chosen] if lines is not None else None,
            retransmissions=retransmissions[chosen] if retransmissions is not None else None,
        )

    def cells(self, name: str) -> list[Cell]:
        """A column as it is written; None where a value is absent. A time line is its numbers with blanks between them."""
        if name == "region":
            return [self.groups.name(group) for group in self.which.tolist()]
        if name in OVER_TIME:
            return [" ".join(map(str, line)) or None for line in self.timeline(name)]
        numbers: list[int] = self.numbers(name).tolist()
        if name == "resets_per_1000":
            return [number / 1_000 for number in numbers]
        return [number if number >= 0 else None for number in numbers]

    def timeline(self, name: str) -> list[list[int]]:
        """The numbers of a time line for each region; empty where a region has none."""
        if self.lines is None:
            return [[] for _ in range(len(self))]
        return [line if line and line[0] >= 0 else [] for line in self.lines[:, :, OVER_TIME[name]].tolist()]

    def key(self, place: int) -> int:
        """A host of the region: it tells the region from all others, in other scopes, and leads to its place by another grouping."""
        return int((self.groups.of_host == self.which[place]).argmax())

    def find(self, key: int) -> int | None:
        """The place of the region that a host is in; None where the scope has no packet of it."""
        if key >= len(self.groups.of_host):
            return None
        places = np.flatnonzero(self.which == self.groups.of_host[key])
        return int(places[0]) if len(places) else None

    def filter(self, place: int) -> str:
        """The filter that selects the packets of the region at a place, and no others."""
        return self.groups.filter(int(self.which[place]), self.side)

    def busy(self, place: int) -> tuple[int, int] | None:
        """Begin and end (excluded) of the intervals from the first to the last in which the region has packets, ns; None for none."""
        if self.lines is None:
            return None
        there = np.flatnonzero(self.lines[place, :, 0] > 0)
        return (self.start + int(there[0]) * self.every, self.start + (int(there[-1]) + 1) * self.every) if len(there) else None


def regions(store: Store, scope: Scope, *, by: Grouping = "region", side: Side = "either", rows: Rows | None = None) -> Regions:
    """Count the rows of a scope by region.

    Args:
        store: What was loaded.
        scope: What to look at.
        by: What a region is.
        side: Whose region a packet counts for.
        rows: The rows of the scope, where they are known already.

    Raises:
        FilterError: The filter is not valid.
        NetSleuthError: A file with places that the user named cannot be used.
    """
    rows = rows if rows is not None else rows_of(store, scope)
    columns = store.columns()
    groups = groups_of(store, store.hosts.known(), by)
    span = time_span(store, scope)
    first, last = span or (0, 0)
    every, intervals = (last - first) // INTERVALS + 1, INTERVALS if span is not None else 0
    whole = groups.size <= LINES_KEPT
    sums, seen = count_regions(
        columns, rows, groups.of_host, groups.size, side, origin=first, every=every, intervals=intervals if whole else 0
    )
    which = np.flatnonzero(sums[:-1, PACKETS])
    lines = sums[which, LINES:].reshape(len(which), intervals, MEASURES) if intervals and whole else None
    if intervals and not whole:
        chosen = which[order(sums[which, PACKETS], descending=True)[:LINES_KEPT]]
        ranks = np.full(groups.size, len(chosen), np.int32)
        ranks[chosen] = np.arange(len(chosen))
        some, _ = count_regions(columns, rows, ranks[groups.of_host], len(chosen) + 1, side, origin=first, every=every, intervals=intervals)
        lines = np.full((len(which), intervals, MEASURES), NONE, np.int64)
        lines[np.searchsorted(which, chosen)] = some[: len(chosen), LINES:].reshape(len(chosen), intervals, MEASURES)
    unmapped, unknown = (0, 0) if groups.is_subnet else _unplaced(store, seen)
    return Regions(
        groups=groups,
        side=side,
        which=which,
        sums=sums[which, :LINES],
        hosts=np.bincount(groups.of_host[seen], minlength=groups.size)[which],
        start=first,
        every=every,
        lines=lines,
        outside=int(sums[-1, PACKETS]),
        unmapped=unmapped,
        unknown=unknown,
        seen=int(np.count_nonzero(seen)),
    )


def _unplaced(store: Store, seen: NDArray[np.bool_]) -> tuple[int, int]:
    """Of the hosts that were seen: private ones at no site, and public ones without a country."""
    located = host_places(store).located(len(seen))
    classes = place_values(store, "class", len(seen))
    at_no_site = seen & (located.site[: len(seen)] < 0)
    private = classes.codes[: len(seen)] == classes.names.index("Private")
    unknown = classes.codes[: len(seen)] == classes.names.index(UNKNOWN)
    return int(np.count_nonzero(at_no_site & private)), int(np.count_nonzero(at_no_site & unknown))


def with_retransmissions(store: Store, rows: Rows, found: Regions, *, cancelled: Callable[[], bool] = lambda: False) -> Regions:
    """The regions with their retransmissions, as conversations define them; resets alone have none.

    Raises:
        NetSleuthError: Nobody wanted the answer any more.
    """
    if found.side == "reset-sender":
        return found
    columns = store.columns()
    pairs = flows(columns, rows, marks=marks(store, cancelled), pairs=True, cancelled=cancelled)
    again = pairs.counts[:, flow_table.RETRANSMISSIONS : flow_table.RETRANSMISSIONS + 2].astype(np.int64)
    some = np.flatnonzero(again.any(axis=1))
    keys, again = pairs.sums[some, flow_table.HOSTS], again[some]
    a, b = (found.groups.of_host[host] for host in (keys >> 32, keys & flow_table.MASK32))
    counts = np.zeros(found.groups.size, np.int64)
    if found.side == "either":
        np.add.at(counts, a, again.sum(axis=1))
        np.add.at(counts, b[a != b], again.sum(axis=1)[a != b])
    else:
        sent, received = (0, 1) if found.side == "src" else (1, 0)
        np.add.at(counts, a, again[:, sent])
        np.add.at(counts, b, again[:, received])
    return replace(found, retransmissions=counts[found.which])
