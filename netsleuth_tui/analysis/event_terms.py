"""Values of events as filters: the condition that stands for what a cell or a line of a breakdown shows."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

import numpy as np

from netsleuth_tui.analysis.event_kinds import shared_ids
from netsleuth_tui.analysis.event_values import BESIDE, event_cells, named_field
from netsleuth_tui.analysis.times import iso
from netsleuth_tui.decode.columns import NO_TIME
from netsleuth_tui.query.event_fields import TIMES
from netsleuth_tui.query.explain import MAX_LENGTH
from netsleuth_tui.query.strings import quoted
from netsleuth_tui.tabular import Cell

if TYPE_CHECKING:
    from netsleuth_tui.store import Store

__all__ = ["event_cell_filter", "event_id_filter", "event_term", "joined_terms"]

SECOND = 1_000_000_000


def event_term(name: str, value: Cell) -> str | None:
    """The filter for the events in which a field has this value; None as a value means absent.

    Returns:
        None where the filter would be too long to be one: values may have thousands of characters.
    """
    return joined_terms((name,), (value,))


def joined_terms(names: Sequence[str], values: Sequence[Cell]) -> str | None:
    """The filter for the events in which each field has its value; None where that would be too long."""
    terms = dict.fromkeys(_term(name, value) for name, value in zip(names, values, strict=True))
    if all(term.startswith("!") for term in terms):
        terms = dict.fromkeys(["EventID", *terms])  # which keeps packets out: they have none of these fields either
    text = " && ".join(terms)
    return text if len(text) <= MAX_LENGTH else None


def _term(name: str, value: Cell) -> str:
    field = named_field(name)
    if value is None:
        return f"!{field.name}"
    return f"{field.name} == {quoted(value)}" if isinstance(value, str) and field.base == 10 else f"{field.name} == {value}"


def event_cell_filter(store: Store, row: int, name: str) -> str | None:
    """The filter for the events that have in a column what this one has.

    A time stands for its whole second; the title for the event's id and provider, as does the info column.

    Args:
        store: What was loaded.
        row: Row id of an event.
        name: Of the column.

    Returns:
        None where no filter can say it: an event without a time, a file, a value of thousands of characters.
    """
    ids = np.array([row], np.uint32)
    if name in {"title", "info"}:
        return event_id_filter(store, int(store.events.view().event_id[row]), event_cells(store, ids, "Provider")[0])
    if name in BESIDE:
        return None
    if name in TIMES:
        time = int(store.events.view().time[row])
        start = time // SECOND * SECOND
        return None if time == NO_TIME else f'TimeCreated >= "{iso(start)}" && TimeCreated < "{iso(start + SECOND)}"'
    return event_term(name, event_cells(store, ids, name)[0])


def event_id_filter(store: Store, event_id: int, provider: Cell, shared: Collection[int] | None = None) -> str | None:
    """The filter for the events of a kind: by id alone where only one provider has it in what was loaded.

    Args:
        store: What was loaded.
        event_id: Of the events.
        provider: Of the events.
        shared: `shared_ids`, where they are known already.
    """
    if event_id not in (shared_ids(store) if shared is None else shared):
        return f"EventID == {event_id}"
    return joined_terms(("EventID", "Provider"), (event_id, provider))
