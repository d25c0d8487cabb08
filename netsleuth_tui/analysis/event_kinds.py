"""How many of the selected events are of each kind (`netsleuth_tui.store.event_kinds`): what several panes ask of the same scope."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.analysis.event_tally import count_codes
from netsleuth_tui.analysis.event_values import event_row_ids
from netsleuth_tui.store.event_kinds import KIND_FIELDS, Kinds
from netsleuth_tui.tabular import Cell

if TYPE_CHECKING:
    from netsleuth_tui.store import Rows, Store

__all__ = ["KindCounts", "kind_cells", "kind_counts", "shared_ids"]

Counts = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class KindCounts:
    """Selected events by kind."""

    kinds: Kinds
    events: Counts
    """By kind."""

    def by_value(self, name: str) -> tuple[NDArray[np.uint32], NDArray[np.int64], Counts]:
        """The same by one of `KIND_FIELDS`.

        Args:
            name: Of the field.

        Returns:
            Its values (numbers, or codes of texts), ascending; for each kind the place of its value; events by value.
        """
        values, place = np.unique(self.kinds.values[:, KIND_FIELDS.index(name)], return_inverse=True)
        events = np.zeros(len(values), np.int64)
        np.add.at(events, place, self.events)
        return values, place, events


_last: WeakKeyDictionary[Store, tuple[Rows, KindCounts]] = WeakKeyDictionary()
"""What was counted last: the next pane asks the same."""


def kind_counts(store: Store, rows: Rows) -> KindCounts:
    """Count selected events by kind.

    Args:
        store: What was loaded.
        rows: Which events (`event_rows_of`).
    """
    known = _last.get(store)
    if known is not None and (known[0].first, known[0].last) == (rows.first, rows.last) and known[0].ids is rows.ids:
        return known[1]
    kinds = store.event_kinds.seen()
    found = KindCounts(kinds, count_codes(kinds.of, event_row_ids(store, rows), kinds.count))
    _last[store] = rows, found
    return found


def kind_cells(store: Store, name: str, values: NDArray[np.uint32]) -> list[Cell]:
    """Values of one of `KIND_FIELDS` as cells; None where the field is absent."""
    if name in {"EventID", "Level"}:
        return list(values.tolist())
    return [None if code == 0 else text for code, text in zip(values.tolist(), store.events.texts.many(values), strict=True)]


def shared_ids(store: Store) -> frozenset[int]:
    """Event ids that more than one provider has in what was loaded."""
    values = store.event_kinds.seen().values
    pairs = np.unique(values[:, :2], axis=0)
    ids, providers = np.unique(pairs[:, 0], return_counts=True)
    return frozenset(ids[providers > 1].tolist())
