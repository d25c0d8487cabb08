"""Events over time, as rows: how many in each interval, of all or of each value of a field."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.analysis.event_values import Keys, event_column, event_keys, event_row_ids, named_field
from netsleuth_tui.analysis.scope import Scope, event_rows_of
from netsleuth_tui.analysis.series import SPLITS, check_split
from netsleuth_tui.analysis.times import interval_cells
from netsleuth_tui.decode.columns import NO_TIME
from netsleuth_tui.errors import NetSleuthError
from netsleuth_tui.query.event_fields import event_field
from netsleuth_tui.query.fields import ALIASES, NAMED
from netsleuth_tui.tabular import Cell, Column, Table

if TYPE_CHECKING:
    from netsleuth_tui.store import Rows, Store

__all__ = ["check_event_split", "check_time_split", "event_timeline_table", "event_totals", "events_by_time", "is_split_of_events"]

BLOCK = 1 << 14
"""Rows per block of a table."""

Counts = NDArray[np.int64]


def is_split_of_events(by: str) -> bool:
    """Whether a time line that is split by this is one of events."""
    return by not in SPLITS and by != "file" and by not in ALIASES and by not in NAMED and event_field(by) is not None


def check_time_split(by: str) -> None:
    """Raise where a time line of packets or events cannot be split by this.

    Raises:
        NetSleuthError: There is no such field, or it is different in every packet or event.
    """
    if is_split_of_events(by):
        check_event_split(by)
    else:
        check_split(by)


def check_event_split(by: str) -> None:
    """Raise where a time line of events cannot be split by this.

    Raises:
        NetSleuthError: Events have no such field, or it is different in every event.
    """
    if named_field(by).name in {"TimeCreated", "EventRecordID"}:
        raise NetSleuthError(f"{by} is different in every event", hint="choose a field such as EventID or SubjectUserName")


def event_totals(store: Store, rows: Rows, *, start: int, every: int, intervals: int) -> NDArray[np.int64]:
    """Events in each interval; those outside, and those without a time, are in none.

    Args:
        store: What was loaded.
        rows: Which events (`event_rows_of`).
        start: Begin of the first interval, ns since the epoch.
        every: Length of an interval, ns.
        intervals: Their number.
    """
    time = store.events.view().time[slice(rows.first, rows.last) if rows.ids is None else rows.ids[rows.first : rows.last]]
    inside = (time >= start) & (time != NO_TIME) & (time < start + every * intervals)
    return np.bincount((time[inside] - start) // every, minlength=intervals)


def events_by_time(
    store: Store, rows: Rows, by: str, *, start: int, every: int, intervals: int
) -> tuple[NDArray[np.int64], list[Cell], NDArray[np.int64]]:
    """Events in each interval by the value of a field; those outside, and those without a time, are in none.

    Args:
        store: What was loaded.
        rows: Which events (`event_rows_of`).
        by: A field of events.
        start: Begin of the first interval, ns since the epoch.
        every: Length of an interval, ns.
        intervals: Their number.

    Returns:
        Parallel: intervals, ascending; values, None where the field is absent; and how many events, at least one.

    Raises:
        NetSleuthError: There is no such field, or it is different in every event.
    """
    ids = event_row_ids(store, rows)
    time = store.events.view().time[ids]
    ids = ids[(time >= start) & (time != NO_TIME) & (time < start + every * intervals)]
    keys = event_keys(store, ids, by)
    interval, numbers, counts = _occurring(store, ids, keys, start, every)
    return interval, keys.cells(numbers), counts


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
    ids = event_row_ids(store, event_rows_of(store, scope))
    time = store.events.view().time[ids]
    ids, time = ids[time != NO_TIME], time[time != NO_TIME]
    keys = event_keys(store, ids, by)
    columns = (Column("time"), event_column(by), Column("events", "integer"))
    if not len(ids):
        return Table(columns, [])
    first, last = int(time.min()) // every, int(time.max()) // every
    if last - first + 1 > (1 << 62) // keys.size:
        raise NetSleuthError("there are too many intervals", hint="choose longer ones")
    interval, numbers, counts = _occurring(store, ids, keys, first * every, every)

    def block(at: int) -> list[list[Cell]]:
        rows = slice(at, at + BLOCK)
        times: list[Cell] = interval_cells(first * every, every, interval[rows].tolist())
        return [times, keys.cells(numbers[rows]), counts[rows].tolist()]

    return Table(columns, (block(at) for at in range(0, len(interval), BLOCK)))


def _occurring(store: Store, ids: NDArray[np.uint32], keys: Keys, start: int, every: int) -> tuple[Counts, Counts, Counts]:
    """Intervals, ascending, numbers of the values in each, and how many events of these rows there are."""
    interval = (store.events.view().time[ids] - start) // every
    cells, counts = np.unique(interval * keys.size + keys.numbers, return_counts=True)
    return cells // keys.size, cells % keys.size, counts
