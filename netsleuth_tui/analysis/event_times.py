"""Events over time, as rows: how many in each interval, of all or of each value of a field."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.analysis.event_values import event_keys, event_row_ids, named_field
from netsleuth_tui.analysis.series import SPLITS, check_split
from netsleuth_tui.decode.columns import NO_TIME
from netsleuth_tui.errors import NetSleuthError
from netsleuth_tui.query.event_fields import event_field
from netsleuth_tui.query.fields import ALIASES, NAMED
from netsleuth_tui.tabular import Cell

if TYPE_CHECKING:
    from netsleuth_tui.store import Rows, Store

__all__ = ["check_time_split", "event_totals", "events_by_time", "is_split_of_events"]


def is_split_of_events(by: str) -> bool:
    """Whether a time line that is split by this is one of events."""
    return by not in SPLITS and by != "file" and by not in ALIASES and by not in NAMED and event_field(by) is not None


def check_time_split(by: str) -> None:
    """Raise where a time line of packets or events cannot be split by this.

    Raises:
        NetSleuthError: There is no such field, or it is different in every packet or event.
    """
    if not is_split_of_events(by):
        check_split(by)
    elif named_field(by).name in {"TimeCreated", "EventRecordID"}:
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
    ids = event_row_ids(rows)
    time = store.events.view().time[ids]
    inside = np.flatnonzero((time >= start) & (time != NO_TIME) & (time < start + every * intervals))
    keys = event_keys(store, ids[inside], by)
    size = max(keys.size, 1)
    cells, counts = np.unique((time[inside] - start) // every * size + keys.numbers, return_counts=True)
    return cells // size, keys.cells(cells % size), counts
