"""The time line of events, split into series: events per interval, for the values that occur most and for the rest."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.analysis.event_kinds import kind_cells, kind_counts
from netsleuth_tui.analysis.event_tally import count_codes
from netsleuth_tui.analysis.event_times import check_event_split
from netsleuth_tui.analysis.event_values import event_keys, event_row_ids, raw_keys
from netsleuth_tui.analysis.halves import count_ids_in_halves
from netsleuth_tui.analysis.series import MOST, Series
from netsleuth_tui.decode.columns import NO_TIME
from netsleuth_tui.jit import kernel
from netsleuth_tui.store.event_kinds import KIND_FIELDS
from netsleuth_tui.tabular import Cell
from netsleuth_tui.wording import several

if TYPE_CHECKING:
    from netsleuth_tui.store import Rows, Store

__all__ = ["EVENT_SPLITS", "event_series"]

EVENT_SPLITS = ("EventID", "Provider", "Level", "Computer", "Channel")
"""What a user mostly splits events by; any of their fields besides."""

MEASURES = 3
"""Of a `Series`; of events only the first counts."""

Counts = NDArray[np.int64]
Codes = NDArray[np.uint32]


def event_series(store: Store, rows: Rows, *, start: int, every: int, intervals: int, by: str = "EventID", most: int = MOST) -> Series:
    """Count selected events by time and by value.

    Args:
        store: What was loaded.
        rows: Which events to count (`event_rows_of`); those outside the intervals, and those without a time, are not.
        start: Begin of the first interval, ns since the epoch.
        every: Length of an interval, ns.
        intervals: Their number.
        by: Any field of events that has few values.
        most: So many values have a series of their own; the others are summed.

    Returns:
        Series of which the first measure counts events; the others are 0.

    Raises:
        NetSleuthError: There is no such field, or it is different in every event.
    """
    check_event_split(by)
    occurs, cells, codes, place = _counted(store, rows, by)
    there = np.flatnonzero(occurs)
    there = there[np.lexsort((there, -occurs[there]))]
    chosen = there if len(there) <= most + 1 else there[:most]
    names = cells(chosen)
    labels = [f"no {by}" if name is None else str(name) for name in names]
    lookup = np.full(max(len(occurs), 1), len(chosen), np.int64)
    lookup[chosen] = np.arange(len(chosen))
    if len(there) > len(chosen):
        labels.append(several(len(there) - len(chosen), "other"))
    if place is not None:
        lookup = lookup[place]
    ids, time = event_row_ids(store, rows), store.events.view().time
    shape = (intervals, len(chosen) + 1)
    counted = count_ids_in_halves(ids, shape, lambda part, counts: _count(time, codes, ids[part], lookup, start, every, counts))
    counts = np.zeros((intervals, len(labels), MEASURES), np.int64)
    totals = np.zeros((intervals, MEASURES), np.int64)
    counts[:, :, 0] = counted[:, : len(labels)]
    totals[:, 0] = counted.sum(axis=1)
    seen = np.flatnonzero(counts[:, :, 0].any(axis=0)).tolist()
    return Series(start, every, tuple(labels[k] for k in seen), counts[:, seen], totals)


def _counted(
    store: Store, rows: Rows, by: str
) -> tuple[Counts, Callable[[NDArray[np.int64]], list[Cell]], Codes, NDArray[np.int64] | None]:
    """Events by value of a field; the cells of values; a code by row; for each code its value, None where the code is the value.

    The codes are those of kinds where the field is a part of these.
    """
    ids = event_row_ids(store, rows)
    if by in KIND_FIELDS:
        counted = kind_counts(store, rows)
        values, place, occurs = counted.by_value(by)
        return occurs, lambda which: kind_cells(store, by, values[which]), counted.kinds.of, place
    raw = raw_keys(store, by)
    if raw is not None:
        return count_codes(raw.codes, ids, raw.size), raw.cells, raw.codes, None
    keys = event_keys(store, ids, by)
    codes = np.zeros(store.events.rows, np.uint32)
    codes[ids] = keys.numbers
    return np.bincount(keys.numbers, minlength=keys.size), keys.cells, codes, None


def _count_numpy(time: Counts, codes: Codes, ids: Codes, lookup: Counts, start: int, every: int, counted: Counts) -> None:
    when = time[ids]
    interval = (when - start) // every
    inside = (when != NO_TIME) & (when >= start) & (interval < counted.shape[0])
    place = interval[inside] * counted.shape[1] + lookup[codes[ids[inside]]]
    counted += np.bincount(place, minlength=counted.size).reshape(counted.shape)


@kernel(plain=_count_numpy)
def _count(time: Counts, codes: Codes, ids: Codes, lookup: Counts, start: int, every: int, counted: Counts) -> None:
    """Add each event to the cell (interval, series) that it belongs to; those without a time, or beside the intervals, to none.

    The interval is worked out where it is another one than that of the event before.

    Args:
        time: By row, ns since the epoch.
        codes: By row, below the length of `lookup`.
        ids: Rows of the events.
        lookup: Series of each code.
        start: Begin of the first interval.
        every: Its length.
        counted: (intervals, series).
    """
    low, high, interval = np.int64(1), np.int64(0), np.int64(0)
    for i in range(ids.shape[0]):
        row = np.int64(ids[i])
        when = time[row]
        if when < start or when == NO_TIME:
            continue
        if when < low or when >= high:
            interval = (when - start) // every
            low = start + interval * every
            high = low + every
        code = np.int64(codes[row])
        if interval < counted.shape[0] and code < lookup.shape[0]:
            counted[interval, lookup[code]] += 1
