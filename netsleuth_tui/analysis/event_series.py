"""The time line of events, split into series: events per interval, for the values that occur most and for the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.analysis.event_values import event_column, event_keys, event_row_ids, named_field
from netsleuth_tui.analysis.scope import Scope, event_rows_of
from netsleuth_tui.analysis.series import MOST, Series
from netsleuth_tui.analysis.times import iso
from netsleuth_tui.decode.columns import NO_TIME
from netsleuth_tui.errors import NetSleuthError
from netsleuth_tui.jit import kernel
from netsleuth_tui.tabular import Cell, Column, Table

if TYPE_CHECKING:
    from netsleuth_tui.store import Rows, Store

__all__ = ["EVENT_SPLITS", "check_event_split", "event_series", "event_timeline_table"]

EVENT_SPLITS = ("EventID", "Provider", "Level", "Computer", "Channel")
"""What a user mostly splits events by; any of their fields besides."""

MEASURES = 3
"""Of a `Series`; of events only the first counts."""

BLOCK = 1 << 14
"""Rows per block of a table."""

Counts = NDArray[np.int64]


def check_event_split(by: str) -> None:
    """Raise where a time line of events cannot be split by this.

    Raises:
        NetSleuthError: Events have no such field, or it is different in every event.
    """
    if named_field(by).name in {"TimeCreated", "EventRecordID"}:
        raise NetSleuthError(f"{by} is different in every event", hint="choose a field such as EventID or SubjectUserName")


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
    ids = event_row_ids(rows)
    keys = event_keys(store, ids, by)
    occurs = np.bincount(keys.numbers, minlength=keys.size)
    there = np.flatnonzero(occurs)
    there = there[np.lexsort((there, -occurs[there]))]
    chosen = there if len(there) <= most + 1 else there[:most]
    names = keys.cells(chosen)
    labels = [f"no {by}" if name is None else str(name) for name in names]
    lookup = np.full(keys.size, len(chosen), np.int64)
    lookup[chosen] = np.arange(len(chosen))
    if len(there) > len(chosen):
        labels.append(f"{len(there) - len(chosen)} others")
    counted = np.zeros((intervals, len(chosen) + 1), np.int64)
    time = store.events.view().time
    _count(time if len(ids) == len(time) else time[ids], keys.numbers, lookup, start, every, counted)
    counts = np.zeros((intervals, len(labels), MEASURES), np.int64)
    totals = np.zeros((intervals, MEASURES), np.int64)
    counts[:, :, 0] = counted[:, : len(labels)]
    totals[:, 0] = counted.sum(axis=1)
    seen = np.flatnonzero(counts[:, :, 0].any(axis=0)).tolist()
    return Series(start, every, tuple(labels[k] for k in seen), counts[:, seen], totals)


def _count_numpy(time: Counts, numbers: Counts, lookup: Counts, start: int, every: int, counted: Counts) -> None:
    interval = (time - start) // every
    inside = (time != NO_TIME) & (time >= start) & (interval < counted.shape[0])
    place = interval[inside] * counted.shape[1] + lookup[numbers[inside]]
    counted += np.bincount(place, minlength=counted.size).reshape(counted.shape)


@kernel(plain=_count_numpy)
def _count(time: Counts, numbers: Counts, lookup: Counts, start: int, every: int, counted: Counts) -> None:
    """Add each event to the cell (interval, series) that it belongs to; those without a time, or beside the intervals, to none.

    Args:
        time: ns since the epoch.
        numbers: Of the values, below the length of `lookup`.
        lookup: Series of each number.
        start: Begin of the first interval.
        every: Its length.
        counted: (intervals, series).
    """
    for i in range(time.shape[0]):
        if time[i] >= start and time[i] != NO_TIME and 0 <= numbers[i] < lookup.shape[0]:
            interval = (time[i] - start) // every
            if interval < counted.shape[0]:
                counted[interval, lookup[numbers[i]]] += 1


def event_timeline_table(store: Store, scope: Scope, *, every: int, by: str = "EventID") -> Table:
    """One row per interval and value that has events: time, the value, events.

    Args:
        store: What was loaded.
        scope: Which events of it.
        every: Length of an interval, ns.
        by: Any field of events that has few values.

    Raises:
        FilterError: The filter is not valid.
        NetSleuthError: There is no such field, it is different in every event, or there are too many intervals.
    """
    rows = event_rows_of(store, scope)
    ids = event_row_ids(rows)
    time = store.events.view().time[ids]
    timed = np.flatnonzero(time != NO_TIME)
    keys = event_keys(store, ids[timed], by)
    columns = (Column("time"), event_column(by), Column("events", "integer"))
    if not len(timed):
        return Table(columns, [])
    interval = time[timed] // every
    first = int(interval.min())
    if (int(interval.max()) - first + 1) > (1 << 62) // max(keys.size, 1):
        raise NetSleuthError("there are too many intervals", hint="choose longer ones")
    occurs, counts = np.unique((interval - first) * keys.size + keys.numbers, return_counts=True)

    def block(at: int) -> list[list[Cell]]:
        part = occurs[at : at + BLOCK]
        times: list[Cell] = [iso((first + number) * every) for number in (part // keys.size).tolist()]
        return [times, keys.cells(part % keys.size), counts[at : at + BLOCK].tolist()]

    return Table(columns, (block(at) for at in range(0, len(occurs), BLOCK)))
