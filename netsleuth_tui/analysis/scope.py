"""The rows that a scope selects."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from netsleuth_tui import query
from netsleuth_tui.analysis.judged_fields import JudgedOf
from netsleuth_tui.analysis.places import PlacesOf
from netsleuth_tui.scope import EVERYTHING, Scope
from netsleuth_tui.store import Rows, Store

if TYPE_CHECKING:
    from netsleuth_tui.store.store import Predicate

__all__ = ["EVERYTHING", "Scope", "compiled", "event_rows_of", "rows_of"]


def rows_of(store: Store, scope: Scope) -> Rows:
    """The packets that a scope selects among those loaded by now.

    Raises:
        FilterError: The filter is not valid.
    """
    text = scope.filter.strip()
    ids = store.matching(text, partial(compiled, store, text)) if text else None
    return store.within(ids, scope.start, scope.end)


def compiled(store: Store, text: str) -> Predicate | None:
    """The predicate of a filter against the addresses that a store knows by now; None for one that is empty.

    Raises:
        FilterError: The filter is not valid.
    """
    return query.compile_filter(text, hosts=store.hosts.known(), judged=JudgedOf(store), places=PlacesOf(store))


def event_rows_of(store: Store, scope: Scope) -> Rows:
    """The events that a scope selects among those loaded by now, as rows of `store.events`.

    Raises:
        FilterError: The filter is not valid.
    """
    text = scope.filter.strip()
    if not store.events.rows:
        if text:
            query.parse(text)
        return Rows(0, 0)
    values, search = store.event_values, store.texts_matching
    ids = store.matching_events(text, lambda first, last: query.filter_events(text, values, search, first, last)) if text else None
    return store.events_within(ids, scope.start, scope.end)
