"""The scope: the filter and the time window that every pane, command and export looks through."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from netsleuth_tui import query
from netsleuth_tui.analysis.places import PlacesOf
from netsleuth_tui.errors import NetSleuthError
from netsleuth_tui.store import Rows, Store

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from netsleuth_tui.store.store import Predicate

__all__ = ["EVERYTHING", "Scope", "compiled", "compiled_alone", "event_rows_of", "rows_of"]


@dataclass(frozen=True, slots=True)
class Scope:
    """What is looked at: rows that satisfy `filter`, with `start` <= time < `end`."""

    filter: str = ""
    """Display filter; empty for all rows."""

    start: int | None = None
    """ns since the epoch, or None for the beginning."""

    end: int | None = None
    """ns since the epoch, excluded; or None for the end."""

    @property
    def has_window(self) -> bool:
        """True if a part of the time is looked at."""
        return self.start is not None or self.end is not None


EVERYTHING = Scope()


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

    def judged(name: str) -> NDArray[np.uint32]:
        from netsleuth_tui.analysis.judged_fields import judged_values

        return judged_values(store, name)

    return query.compile_filter(text, hosts=store.hosts.known(), judged=judged, places=PlacesOf(store))


def compiled_alone(text: str) -> Callable[[Store], Predicate | None]:
    """What makes the predicate of a filter that is asked of packets before, or without, the rest of the capture being there.

    Raises:
        NetSleuthError: It is not valid, or asks for fields that follow from other packets.
    """
    from netsleuth_tui.query.wireshark import names_in

    judged = [name for name in names_in(query.parse(text)) if name in query.JUDGED] if text.strip() else []
    if judged:
        reason = f"{judged[0]} follows from other packets of the capture, and here each packet is looked at alone"
        raise NetSleuthError(reason, hint="filter by esp.spi and a time instead")
    return lambda store: compiled(store, text)


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
