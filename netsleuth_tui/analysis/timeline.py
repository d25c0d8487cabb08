"""The time line of a scope: which intervals it has, and what they count."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.analysis.event_times import events_by_time, is_split_of_events
from netsleuth_tui.analysis.event_values import event_column
from netsleuth_tui.analysis.grouping import group_by_time
from netsleuth_tui.analysis.interval_counts import MEASURES
from netsleuth_tui.analysis.intervals import MOST_BUCKETS, SECOND, nice_interval, show_interval
from netsleuth_tui.analysis.scope import Scope, event_rows_of, rows_of
from netsleuth_tui.analysis.series import SPLITS, Series, series
from netsleuth_tui.analysis.times import interval_cells, iso
from netsleuth_tui.analysis.values import column_of
from netsleuth_tui.errors import NetSleuthError
from netsleuth_tui.query.fields import ALIASES
from netsleuth_tui.tabular import Cell, Column, Table

if TYPE_CHECKING:
    from netsleuth_tui.store import Store

__all__ = ["axis", "time_span", "timeline", "timeline_by_table", "timeline_table"]

COUNTS = (Column("packets", "integer"), Column("bytes", "integer"), Column("events", "integer"))
PAYLOAD = Column("payload", "integer")
"""TCP payload bytes, tcp.len: only where it is asked for, so that the columns that scripts know stay as they are."""


def time_span(store: Store, scope: Scope) -> tuple[int, int] | None:
    """First and last instant that a time line of the scope shows, ns; None where nothing that was loaded has a time.

    The window counts where it is closed, what is loaded where it is open: so the axis stays in place while the filter changes.
    """
    span = store.span
    if span is None:
        return None
    first, last = span
    start = scope.start if scope.start is not None else first
    end = scope.end - 1 if scope.end is not None else last
    return (start, end) if end >= start else (start, start)


def axis(span: tuple[int, int] | None, *, columns: int | None = None, every: int | None = None) -> tuple[int, int, int]:
    """Start, interval and number of intervals that cover a span; none cover None.

    Args:
        span: First and last instant, ns.
        columns: At most so many intervals, of a round length; or
        every: this length, in ns.

    Raises:
        NetSleuthError: `every` cuts the span into more than `MOST_BUCKETS` intervals.
    """
    if span is None:
        return 0, every if every is not None else SECOND, 0
    first, last = span
    step = every if every is not None else nice_interval(last - first, max(columns or 1, 3))
    start = first // step * step
    intervals = (last - start) // step + 1
    if intervals > MOST_BUCKETS:
        raise NetSleuthError(
            f"{intervals} intervals of {show_interval(step)} are needed for the time from {iso(first)} to {iso(last)}",
            hint="use a longer --every, or narrow the time with --since and --until",
        )
    return start, step, intervals


def timeline(store: Store, scope: Scope, *, every: int, by: str | None = None) -> Series:
    """Packets, bytes and TCP payload per interval, of everything or of the most frequent values of a field.

    Args:
        store: What was loaded.
        scope: What to look at.
        every: Length of an interval, ns.
        by: As in `series`.

    Raises:
        FilterError: The filter is not valid.
        NetSleuthError: There is no such field, or there would be too many intervals.
    """
    rows = rows_of(store, scope)
    start, step, intervals = axis(time_span(store, scope), every=every)
    return series(store, rows, start=start, every=step, intervals=intervals, by=by)


def timeline_table(line: Series, *, events: NDArray[np.int64] | None = None, payload: bool = False) -> Table:
    """One row per interval, empty ones too.

    Args:
        line: Packets.
        events: Events in each interval (`event_totals`); None for none.
        payload: Add a column for TCP payload bytes.
    """
    times: list[Cell] = interval_cells(line.start, line.every, range(line.intervals))
    return _table([Column("time")], [times], line.totals, events=events, payload=payload)


def timeline_by_table(store: Store, scope: Scope, *, every: int, by: str, payload: bool = False) -> Table:
    """One row per interval and value of a field that occurs in it; intervals without any are absent.

    A field of events counts events, all others count packets. One that occurs twice in a frame (tcp.port, ip.addr) counts the frame for
    both values, once where they are equal; and a segment counts for each of its TCP flags.

    Args:
        store: What was loaded.
        scope: What to look at.
        every: Length of an interval, ns.
        by: Name of the field, or one of `SPLITS`.
        payload: Add a column for TCP payload bytes.

    Raises:
        FilterError: The filter is not valid.
        NetSleuthError: There is no such field, or there would be too many intervals.
    """
    times: list[Cell]
    values: list[Cell]
    if is_split_of_events(by):
        start, step, intervals = axis(time_span(store, scope), every=every)
        interval, values, counts = events_by_time(store, event_rows_of(store, scope), by, start=start, every=step, intervals=intervals)
        times = interval_cells(start, step, interval.tolist())
        none = np.zeros((len(times), MEASURES), np.int64)
        return _table([Column("time"), event_column(by)], [times, values], none, events=counts, payload=payload)
    if by == "flag":
        line = timeline(store, scope, every=every, by=by)
        interval, label = np.nonzero(line.counts[:, :, 0])
        sums = line.counts[interval, label]
        start, step, values = line.start, line.every, [line.labels[k] for k in label.tolist()]
    else:
        start, step, _ = axis(time_span(store, scope), every=every)
        grouped = group_by_time(store, rows_of(store, scope), by, start, step)
        interval, values, sums = grouped.interval, grouped.values, np.column_stack((grouped.packets, grouped.bytes, grouped.payload))
    times = interval_cells(start, step, interval.tolist())
    column = Column(by) if by in SPLITS and by not in ALIASES else column_of(by)
    return _table([Column("time"), column], [times, values], sums, payload=payload)


def _table(
    columns: list[Column], cells: list[list[Cell]], sums: NDArray[np.int64], *, events: NDArray[np.int64] | None = None, payload: bool
) -> Table:
    """Cells beside their sums, (rows, measures)."""
    packets, octets, carried = sums.T.tolist()
    block: list[list[Cell]] = [*cells, packets, octets, [0] * len(packets) if events is None else events.tolist()]
    return Table((*columns, *COUNTS, PAYLOAD), [[*block, carried]]) if payload else Table((*columns, *COUNTS), [block])
