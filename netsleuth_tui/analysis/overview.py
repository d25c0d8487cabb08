"""What the main screen says of a scope as a whole, from one pass over the selected rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from netsleuth_tui.analysis.breakdown import Count, flag_counts, protocol_counts
from netsleuth_tui.analysis.scope import Scope, rows_of
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


def overview(store: Store, scope: Scope, *, rows: Rows | None = None) -> Overview:
    """Count what a scope selects.

    Args:
        store: What was loaded.
        scope: What to look at.
        rows: The rows that it selects, where they are known already.

    Raises:
        FilterError: The filter is not valid.
    """
    rows = rows_of(store, scope) if rows is None else rows
    everything = not scope.filter.strip() and not scope.has_window
    total = len(rows) if everything else max(store.packets, len(rows))  # while a file is loaded, there may be more rows by now
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
    )
