"""The time line: packets and bytes per interval, split by protocol or by any field."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.analysis.grouping import group_by_time
from netsleuth_tui.analysis.intervals import SECOND, nice_interval, show_interval
from netsleuth_tui.analysis.scope import Scope, rows_of
from netsleuth_tui.analysis.tally import MOST_BUCKETS, Tally, tally
from netsleuth_tui.analysis.times import iso
from netsleuth_tui.decode.columns import Protocol
from netsleuth_tui.errors import NetSleuthError
from netsleuth_tui.tabular import Column, Table

if TYPE_CHECKING:
    from netsleuth_tui.store import Store

__all__ = ["Timeline", "axis", "from_tally", "time_span", "timeline", "timeline_by_table", "timeline_table"]

COUNTS = (Column("packets", "integer"), Column("bytes", "integer"), Column("events", "integer"))


@dataclass(frozen=True, slots=True)
class Timeline:
    """Counts per interval; interval k covers `start + k * every` <= time < `start + (k + 1) * every`."""

    start: int
    """ns since the epoch, a multiple of `every`."""

    every: int
    """Length of an interval, ns."""

    labels: tuple[str, ...]
    """Protocols that occur, in the order of the legend."""

    packets: NDArray[np.int64]
    """(intervals, labels)."""

    bytes: NDArray[np.int64]
    """(intervals, labels): bytes on the wire."""

    @property
    def intervals(self) -> int:
        """Number of intervals."""
        return len(self.packets)

    def peak(self, *, of_bytes: bool = False) -> tuple[int, int]:
        """Start (ns since the epoch) and total of the busiest interval; (start, 0) where there is nothing."""
        totals = (self.bytes if of_bytes else self.packets).sum(axis=1)
        if not len(totals):
            return self.start, 0
        at = int(totals.argmax())
        return self.start + at * self.every, int(totals[at])


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


def from_tally(counted: Tally, start: int, every: int) -> Timeline:
    """The time line by protocol, of protocols that occur."""
    present = [protocol for protocol in Protocol if counted.by_protocol[protocol, 0]]
    chosen = counted.by_time[:, [int(protocol) for protocol in present], :]
    return Timeline(start, every, tuple(p.label for p in present), chosen[:, :, 0], chosen[:, :, 1])


def timeline(store: Store, scope: Scope, *, every: int) -> Timeline:
    """Packets and bytes per interval, split by protocol.

    Args:
        store: What was loaded.
        scope: What to look at.
        every: Length of an interval, ns.

    Raises:
        FilterError: The filter is not valid.
        NetSleuthError: There would be too many intervals.
    """
    rows = rows_of(store, scope)
    start, step, intervals = axis(time_span(store, scope), every=every)
    return from_tally(tally(store.columns(), rows, origin=start, every=step, buckets=intervals), start, step)


def timeline_table(line: Timeline) -> Table:
    """One row per interval, empty ones too."""
    times = [iso(line.start + k * line.every) for k in range(line.intervals)]
    packets, octets = line.packets.sum(axis=1).tolist(), line.bytes.sum(axis=1).tolist()
    return Table((Column("time"), *COUNTS), [[times, packets, octets, [0] * len(times)]])


def timeline_by_table(store: Store, scope: Scope, *, every: int, by: str) -> Table:
    """One row per interval and value of a field that occurs in it; intervals without any are absent.

    A field that occurs twice in a frame (tcp.port, ip.addr) counts the frame for both values, once where they are equal.

    Args:
        store: What was loaded.
        scope: What to look at.
        every: Length of an interval, ns.
        by: Name of the field.

    Raises:
        FilterError: The filter is not valid.
        NetSleuthError: There is no such field, or there would be too many intervals.
    """
    rows = rows_of(store, scope)
    start, step, _ = axis(time_span(store, scope), every=every)
    grouped = group_by_time(store, rows, by, start, step)
    times = [iso(start + k * step) for k in grouped.interval.tolist()]
    return Table(
        (Column("time"), grouped.column, *COUNTS),
        [[times, grouped.values, grouped.packets.tolist(), grouped.bytes.tolist(), [0] * len(times)]],
    )
