"""What the time line asks of the store, on the thread that counts; the same question again is answered from what is known."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from netsleuth_tui.tui.axis import Axis, Range, fit

if TYPE_CHECKING:
    from netsleuth_tui.analysis import Kinds, Scope, Series
    from netsleuth_tui.store import Store
    from netsleuth_tui.store.store import Clocks
    from netsleuth_tui.tabular import Table
    from netsleuth_tui.tui.panes import Look

__all__ = ["Counted", "Wanted", "as_table", "count", "lanes_of"]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be shown, whatever the scope is."""

    shown: Range | None
    """None: all of the time that was loaded."""
    interval: int | None
    """Length of a column, ns; None: so that all of it is seen."""
    by: str
    """What packets are divided by."""
    event_by: str
    """What events are divided by."""
    columns: int
    kinds: Kinds
    """What is counted, where there is any of it."""


@dataclass(frozen=True, slots=True)
class Counted:
    """A time line, and what it is the time line of."""

    asking: Wanted
    filter: str
    rows: tuple[int, int]
    """Packets and events that were loaded."""
    clocks: Clocks
    """Through which offsets times were seen."""
    whole: Range
    """All of the time that was loaded."""
    axis: Axis
    packets: Series | None
    """None where they are not counted."""
    events: Series | None


def count(look: Look, *, asking: Wanted, known: Counted | None) -> Counted:
    """Count what is asked; what is known already where filter, axis, split and loaded rows are the same.

    Raises:
        NetSleuthError: The filter or the field is not valid.
    """
    from netsleuth_tui.analysis import event_rows_of, event_series, rows_of, series

    store, text, rows = look.store, look.scope.filter.strip(), (look.store.packets, look.store.events.rows)
    if known is not None and (known.asking, known.filter, known.rows, known.clocks) == (asking, text, rows, store.clocks):
        return known
    first, last = store.span or (0, 0)
    whole = (first, last + 1)
    axis = fit(asking.shown or whole, asking.columns, asking.interval)
    all_of_it = axis.start <= first and last < axis.end
    scope = replace(look.scope, start=None if all_of_it else axis.start, end=None if all_of_it else axis.end)
    intervals = axis.columns * axis.column // axis.unit
    shared = {"start": axis.start, "every": axis.unit, "intervals": intervals}
    packets, events = lanes_of(asking.kinds, rows)
    return Counted(
        asking,
        text,
        rows,
        store.clocks,
        whole,
        axis,
        series(store, rows_of(store, scope), by=asking.by, **shared) if packets else None,
        event_series(store, event_rows_of(store, scope), by=asking.event_by, **shared) if events else None,
    )


def lanes_of(kinds: Kinds, rows: tuple[int, int]) -> tuple[bool, bool]:
    """Whether packets and events are drawn.

    Args:
        kinds: What is wanted.
        rows: Packets and events that were loaded; where there are none of what is wanted, the others are drawn.
    """
    there, logged = bool(rows[0]), bool(rows[1])
    return (there and (kinds != "events" or not logged)) or not logged, logged and (kinds != "packets" or not there)


def as_table(store: Store, scope: Scope, *, every: int, by: str, shown: Range | None, events: bool = False) -> Table:
    """A lane of the time line as rows: one per interval, or per interval and value where it is split by anything but the protocol."""
    from netsleuth_tui import analysis

    if shown is not None:
        scope = replace(scope, start=shown[0] if scope.start is None else scope.start, end=shown[1] if scope.end is None else scope.end)
    if events:
        return analysis.event_timeline_table(store, scope, every=every, by=by)
    if by == "protocol":
        line = analysis.timeline(store, scope, every=every)
        rows = analysis.event_rows_of(store, scope)
        logged = analysis.event_totals(store, rows, start=line.start, every=every, intervals=line.intervals) if len(rows) else None
        return analysis.timeline_table(line, events=logged, payload=True)
    return analysis.timeline_by_table(store, scope, every=every, by=by, payload=True)
