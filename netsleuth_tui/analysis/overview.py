"""What the main screen says of a scope as a whole, from one pass over the selected rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from netsleuth_tui.analysis.breakdown import Count, flag_counts, protocol_counts
from netsleuth_tui.analysis.scope import Scope, event_rows_of, rows_of
from netsleuth_tui.analysis.tally import tally

if TYPE_CHECKING:
    from netsleuth_tui.store import Rows, Store

__all__ = ["Overview", "overview"]


@dataclass(frozen=True, slots=True)
class Overview:
    """Rows, totals and breakdowns of a scope; they agree with each other to the packet."""

    scope: Scope
    rows: Rows
    """The selected rows, in capture order."""
    matched: int
    matched_bytes: int
    """Bytes on the wire."""
    total: int
    """Rows that were looked at: all that was loaded when this was made."""
    first: int | None
    """Earliest time stamp among the matches, ns since the epoch."""
    last: int | None
    protocols: tuple[Count, ...]
    flags: tuple[Count, ...]
    untimed: int
    """Matches without a time stamp: they are in no interval of a time line."""
    event_rows: Rows
    """The selected events, in the order of the logs."""
    all_events: int
    """Events that were looked at."""

    @property
    def events(self) -> int:
        """Selected events."""
        return len(self.event_rows)


def overview(store: Store, scope: Scope, *, rows: Rows | None = None, event_rows: Rows | None = None) -> Overview:
    """Count what a scope selects.

    Args:
        store: What was loaded.
        scope: What to look at.
        rows: The packets that it selects, where they are known already.
        event_rows: The events that it selects, where they are known already.

    Raises:
        FilterError: The filter is not valid.
    """
    rows = rows_of(store, scope) if rows is None else rows
    events = event_rows_of(store, scope) if event_rows is None else event_rows
    everything = not scope.filter.strip() and not scope.has_window
    total = len(rows) if everything else max(store.kept, len(rows))  # while a file is loaded, there may be more rows by now
    all_events = len(events) if everything else max(store.events.rows, len(events))
    counted = tally(store.columns(), rows)
    return Overview(
        scope,
        rows,
        len(rows),
        int(counted.by_protocol[:, 1].sum()),
        total,
        counted.first,
        counted.last,
        protocol_counts(counted),
        flag_counts(counted),
        counted.untimed,
        events,
        all_events,
    )
