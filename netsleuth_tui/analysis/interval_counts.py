"""The passes over the selected rows that a time line is made from: how often each value occurs, and what falls into each interval."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.analysis.halves import Part, count_in_halves
from netsleuth_tui.decode.columns import NO_TIME, Columns
from netsleuth_tui.jit import kernel
from netsleuth_tui.store import Rows

__all__ = ["MEASURES", "SKIPPED", "Keys", "count_intervals", "count_values"]

MEASURES = 3
"""Packets, bytes on the wire, TCP payload bytes."""

SKIPPED = -1
"""Series of rows that are not counted at all."""

Ids = NDArray[np.uint32]
Counts = NDArray[np.int64]
Lookup = NDArray[np.int16]

NO_IDS = np.empty(0, np.uint32)


@dataclass(frozen=True, slots=True)
class Keys:
    """A number for each selected row that says what it is counted under."""

    numbers: NDArray[np.uint32]
    """(rows,), in the order of the rows. A number of `size` or more stands for no value."""
    has: int
    """Bits of `present` that a row must have for its number to count; 0 for none."""
    size: int
    """Numbers are below this."""


def _values_numpy(
    ids: Ids, use_ids: bool, first: int, last: int, offset: int, columns: Columns, keys: Ids, has: int, counts: Counts
) -> None:
    """What the kernel does, in NumPy: for the time before it is compiled."""
    present = columns.present[ids[first:last] if use_ids else slice(first, last)]
    nothing = len(counts) - 1
    key = np.minimum(keys[first - offset : last - offset].astype(np.int64), nothing)
    key[(present & np.uint64(has)) != np.uint64(has)] = nothing
    np.add.at(counts, key, 1)


@kernel(plain=_values_numpy)
def _values(ids: Ids, use_ids: bool, first: int, last: int, offset: int, columns: Columns, keys: Ids, has: int, counts: Counts) -> None:
    """Add to `counts` how often each key occurs; its last cell takes rows without a value.

    Row j (an index into `ids`, or a row id) has the key `keys[j - offset]`.
    """
    nothing = counts.shape[0] - 1
    for j in range(first, last):
        i = np.int64(ids[j]) if use_ids else np.int64(j)
        key = np.int64(keys[j - offset])
        if key > nothing or (has != 0 and (np.int64(columns.present[i]) & has) != has):
            key = nothing
        counts[key] += 1


def _intervals_numpy(
    ids: Ids, use_ids: bool, first: int, last: int, offset: int, columns: Columns,
    keys: Ids, has: int, more: Ids, more_has: int, lookup: Lookup, origin: int, every: int, table: Counts,
) -> None:  # fmt: skip
    """What the kernel does, in NumPy: for the time before it is compiled."""
    at = ids[first:last] if use_ids else slice(first, last)
    time, elsewhere, nothing = columns.time[at], len(table) - 1, len(lookup) - 1
    timed = time != NO_TIME
    bucket = np.full(len(time), elsewhere, np.int64)
    bucket[timed] = (time[timed] - origin) // every
    bucket[(bucket < 0) | (bucket > elsewhere)] = elsewhere

    def add(series: Counts, counted: NDArray[np.bool_]) -> None:
        where = (bucket[counted], series[counted])
        np.add.at(table[:, :, 0], where, 1)
        np.add.at(table[:, :, 1], where, columns.len[at][counted])
        np.add.at(table[:, :, 2], where, columns.tcp_len[at][counted])

    for numbers, bits, again in ((keys, has, False), (more, more_has, True)):
        if len(numbers):
            key = np.minimum(numbers[first - offset : last - offset].astype(np.int64), nothing)
            key[(columns.present[at] & np.uint64(bits)) != np.uint64(bits)] = nothing
            series = lookup[key].astype(np.int64)
            counted = (series >= 0) & ((key < nothing) | (not again))
            add(series, counted)
            if again:
                add(np.full_like(series, table.shape[1] - 1), counted)


@kernel(plain=_intervals_numpy)
def _intervals(
    ids: Ids, use_ids: bool, first: int, last: int, offset: int, columns: Columns,
    keys: Ids, has: int, more: Ids, more_has: int, lookup: Lookup, origin: int, every: int, table: Counts,
) -> None:  # fmt: skip
    """Add the rows `first` to `last` to (intervals + 1, series + 1, measures); the last interval takes rows of other times and of none.

    Row j (an index into `ids`, or a row id) belongs to the series `lookup[keys[j - offset]]`; without a value to the last one there. Where
    `more` is not empty it may have a second value there: then it counts for that as well, and for the last series, which says so.
    """
    elsewhere, nothing, again, two = table.shape[0] - 1, lookup.shape[0] - 1, table.shape[1] - 1, more.shape[0] > 0
    bucket, low, high = elsewhere, 1, 0  # the interval of the row before: times mostly stay in it, and a division is dear
    for j in range(first, last):
        i = np.int64(ids[j]) if use_ids else np.int64(j)
        key = np.int64(keys[j - offset])
        if key > nothing or (has != 0 and (np.int64(columns.present[i]) & has) != has):
            key = nothing
        series = np.int64(lookup[key])
        if series < 0:
            continue
        time = columns.time[i]
        if time < low or time >= high:
            if time == NO_TIME:
                continue
            bucket = (time - origin) // every
            low = origin + bucket * every
            high = low + every
            if bucket < 0 or bucket > elsewhere:
                bucket = elsewhere
        length, payload = np.int64(columns.len[i]), np.int64(columns.tcp_len[i])
        table[bucket, series, 0] += 1
        table[bucket, series, 1] += length
        table[bucket, series, 2] += payload
        if two:
            key = np.int64(more[j - offset])
            if key < nothing and (np.int64(columns.present[i]) & more_has) == more_has:
                series = np.int64(lookup[key])
                table[bucket, series, 0] += 1
                table[bucket, series, 1] += length
                table[bucket, series, 2] += payload
                table[bucket, again, 0] += 1
                table[bucket, again, 1] += length
                table[bucket, again, 2] += payload


def count_values(columns: Columns, rows: Rows, keys: Keys) -> Counts:
    """How often each key occurs among the selected rows: (size + 1,), the last for rows without a value."""

    def count(part: Part, counts: Counts) -> None:
        _values(*part, rows.first, columns, keys.numbers, keys.has, counts)

    return count_in_halves(rows, lambda: np.zeros(keys.size + 1, np.int64), count)


def count_intervals(
    columns: Columns, rows: Rows, keys: Sequence[Keys], lookup: Lookup, *, series: int, origin: int, every: int, intervals: int
) -> tuple[Counts, Counts]:
    """Sums of the selected rows: (intervals, series, measures), and (intervals, measures) with every counted row once.

    Args:
        columns: The store's columns.
        rows: Which rows of them.
        keys: What each row is counted under; a second one where it may have two values.
        lookup: (size + 1,): the series of each key, or `SKIPPED`; the last for rows without a value.
        series: Number of series.
        origin: Start of the first interval, ns since the epoch.
        every: Length of an interval, ns.
        intervals: Their number; rows of other times and of none are not counted.
    """
    more, more_has = (keys[1].numbers, keys[1].has) if len(keys) > 1 else (NO_IDS, 0)

    def count(part: Part, table: Counts) -> None:
        _intervals(*part, rows.first, columns, keys[0].numbers, keys[0].has, more, more_has, lookup, origin, every, table)

    table = count_in_halves(rows, lambda: np.zeros((intervals + 1, series + 1, MEASURES), np.int64), count)
    counts = table[:-1, :-1]
    return counts, counts.sum(axis=1) - table[:-1, -1]
