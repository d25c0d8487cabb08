"""The time line split into series: packets, bytes and TCP payload per interval, for the values that occur most and for the rest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.analysis.breakdown import FLAGS
from netsleuth_tui.analysis.interval_counts import MEASURES, SKIPPED, Keys, count_intervals, count_values
from netsleuth_tui.analysis.ranks import most_frequent
from netsleuth_tui.analysis.splits import MOST_NUMBERS, PORT_AND_HOST, Split, split_by, split_field
from netsleuth_tui.decode.columns import Has
from netsleuth_tui.query.fields import ALIASES
from netsleuth_tui.wording import several

if TYPE_CHECKING:
    from netsleuth_tui.decode.hosts import Hosts
    from netsleuth_tui.store import Rows, Store

__all__ = ["MEASURE_NAMES", "SPLITS", "Measure", "Series", "check_split", "series"]

Measure = Literal["packets", "bytes", "bits", "payload", "events"]

MEASURE_NAMES: tuple[Measure, ...] = ("packets", "bytes", "bits", "payload")
"""What can be drawn of packets: their number, bytes and bits on the wire, TCP payload bytes (tcp.len). Of event logs: 'events'."""

SPLITS = ("protocol", "flag", "direction", *PORT_AND_HOST, "site", "region", "country")
"""What a user mostly splits by; any field of the registry besides."""

MOST = 7
"""Values that get a series of their own, unless all are asked for."""

FLAG_CELLS = 1 << 22
"""Cells (intervals by values of tcp.flags) that are counted in one pass: a capture has some twenty values, a hostile one 4096."""

Counts = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Series:
    """Sums per interval and series; interval k covers `start + k * every` <= time < `start + (k + 1) * every`."""

    start: int
    """ns since the epoch."""
    every: int
    """Length of an interval, ns."""
    labels: tuple[str, ...]
    """Names of the series that occur, as a capture may have them: the most frequent first (protocols in the order of the legend), then
    'N others', then packets without a value. A packet with two values counts for both."""
    counts: Counts
    """(intervals, labels, measures): packets, bytes on the wire, TCP payload bytes."""
    totals: Counts
    """(intervals, measures): every packet once."""

    @property
    def intervals(self) -> int:
        """Number of intervals."""
        return len(self.totals)

    def of(self, measure: Measure) -> tuple[Counts, Counts]:
        """Sums of one measure, (intervals, labels) and (intervals,)."""
        at = {"packets": 0, "events": 0, "bytes": 1, "bits": 1, "payload": 2}[measure]
        factor = 8 if measure == "bits" else 1
        return self.counts[:, :, at] * factor, self.totals[:, at] * factor


def check_split(by: str) -> None:
    """Raise where a time line cannot be split by this.

    Raises:
        NetSleuthError: There is no such field, or it is different in every frame.
    """
    if by not in SPLITS:
        split_field(by)


def series(store: Store, rows: Rows, *, start: int, every: int, intervals: int, by: str | None = "protocol", most: int = MOST) -> Series:
    """Count the selected rows by time and by value.

    Args:
        store: What was loaded.
        rows: Which rows to count; those outside the intervals, and those without a time, are not.
        start: Begin of the first interval, ns since the epoch.
        every: Length of an interval, ns.
        intervals: Their number.
        by: One of `SPLITS`, or the name of a field; None for one series of everything.
        most: So many values have a series of their own; the others are summed.

    Raises:
        NetSleuthError: There is no such field, or it is different in every frame.
    """
    counting = _Counting(store, rows, start, every, intervals)
    by = ALIASES.get(by, by) if by is not None else None
    if by is None:
        return counting.fixed(Keys(np.zeros(len(rows), np.uint32), 0, 1), ("all",), "")
    if by == "flag":
        return counting.flags()
    split = split_by(store, rows, by)
    if by in {"direction", "_ws.col.protocol"}:
        keys = split.keys[0]
        return counting.fixed(keys, tuple(str(split.name(number)) for number in range(keys.size)), f"no {by}")
    return counting.top(split, most)


@dataclass(frozen=True, slots=True)
class _Counting:
    """Rows and intervals that are being counted."""

    store: Store
    rows: Rows
    start: int
    every: int
    intervals: int

    def table(self, keys: Sequence[Keys], lookup: NDArray[np.int16], count: int) -> tuple[Counts, Counts]:
        """Sums, (intervals, count, measures) and (intervals, measures), by `lookup` (see `count_intervals`)."""
        columns, rows = self.store.columns(), self.rows
        return count_intervals(columns, rows, keys, lookup, series=count, origin=self.start, every=self.every, intervals=self.intervals)

    def made(self, labels: tuple[str, ...], counts: Counts, totals: Counts) -> Series:
        """The series that occur."""
        there = np.flatnonzero(counts[:, :, 0].any(axis=0)).tolist()
        return Series(self.start, self.every, tuple(labels[k] for k in there), counts[:, there], totals)

    def fixed(self, keys: Keys, names: tuple[str, ...], nothing: str) -> Series:
        """A series for each key."""
        return self.made((*names, nothing), *self.table((keys,), np.arange(keys.size + 1, dtype=np.int16), keys.size + 1))

    def top(self, split: Split, most: int) -> Series:
        """A series for each of the most frequent keys, one for the other keys, and one for rows without any."""
        if split.keys[0].size > MOST_NUMBERS:
            return self.top_sparse(split, split.keys[0], most)
        occurs = sum(
            (count_values(self.store.columns(), self.rows, keys)[:-1] for keys in split.keys), np.zeros(split.keys[0].size, np.int64)
        )
        chosen, others = _greatest(occurs, most, self.store.hosts.known() if split.of_hosts else None)
        lookup = np.full(len(occurs) + 1, len(chosen), np.int16)
        lookup[chosen] = np.arange(len(chosen))
        lookup[-1] = len(chosen) + 1
        return self.named(split, split.keys, lookup, chosen, others)

    def top_sparse(self, split: Split, keys: Keys, most: int) -> Series:
        """As `top`, of numbers too large to be indices: those that occur are sorted, and each of the chosen ones is looked for."""
        present = self.store.columns().present[self.at]
        values, occurs = np.unique(keys.numbers[(present & np.uint64(keys.has)) == np.uint64(keys.has)], return_counts=True)
        chosen, others = _greatest(occurs, most)
        ranks = np.full(len(keys.numbers), len(chosen), np.uint32)
        for rank, value in enumerate(values[chosen]):
            ranks[keys.numbers == value] = rank
        lookup = np.arange(len(chosen) + 2, dtype=np.int16)
        return self.named(split, (Keys(ranks, keys.has, len(chosen) + 1),), lookup, values[chosen], others)

    def named(self, split: Split, keys: Sequence[Keys], lookup: NDArray[np.int16], chosen: NDArray[Any], others: int) -> Series:
        """The series of the chosen numbers, of `others` others, and of rows without a value, as `lookup` tells them apart."""
        names = [str(split.name(number)) for number in chosen.tolist()]
        return self.made((*names, several(others, "other"), f"no {split.field}"), *self.table(keys, lookup, len(names) + 2))

    @property
    def at(self) -> slice | NDArray[np.uint32]:
        """The selected rows, as an index into a column."""
        return slice(self.rows.first, self.rows.last) if self.rows.ids is None else self.rows.ids[self.rows.first : self.rows.last]

    def flags(self) -> Series:
        """A series for each TCP flag; a segment counts for each that it has."""
        columns = self.store.columns()
        keys = Keys(columns.tcp_flags[self.at].astype(np.uint32) & np.uint32(0xFFF), int(Has.TCP_FLAGS), 1 << 12)
        found = np.flatnonzero(count_values(columns, self.rows, keys)[:-1])
        bits = np.array([bit for _, _, bit in FLAGS])
        counts = np.zeros((self.intervals, len(FLAGS) + 2, MEASURES), np.int64)
        totals = np.zeros((self.intervals, MEASURES), np.int64)
        at_once = max(FLAG_CELLS // (self.intervals + 1), 1)
        for first in range(0, max(len(found), 1), at_once):
            values = found[first : first + at_once]
            lookup = np.full(keys.size + 1, SKIPPED, np.int16)
            lookup[values] = np.arange(len(values))
            if not first:
                lookup[-1] = len(values)
            table, sums = self.table((keys,), lookup, len(values) + 1)
            totals += sums
            flagged = (values[:, None] & bits[None, :]) != 0
            belongs = np.column_stack((flagged, ~flagged.any(axis=1)))
            for k in range(belongs.shape[1]):
                counts[:, k] += table[:, :-1][:, belongs[:, k]].sum(axis=1)
            counts[:, -1] += table[:, -1]
        return self.made((*(label for label, _, _ in FLAGS), "no flag", "no TCP"), counts, totals)


def _greatest(occurs: NDArray[np.int64], most: int, hosts: Hosts | None = None) -> tuple[NDArray[np.int64], int]:
    """Indices of the greatest numbers above 0, the greatest first; and how many others there are, never just one.

    Args:
        occurs: How often each key occurs.
        most: So many indices at most.
        hosts: The table of hosts, where keys are host ids.
    """
    there = np.flatnonzero(occurs)
    count = len(there) if len(there) <= most + 1 else most
    return there[most_frequent(occurs[there], count, hosts, there)], len(there) - count
