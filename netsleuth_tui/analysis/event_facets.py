"""What the selected events consist of, as breakdowns beside the other panes: ids with their titles, providers, levels, computers, users."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.analysis.breakdown import Count
from netsleuth_tui.analysis.event_kinds import kind_cells, kind_counts, shared_ids
from netsleuth_tui.analysis.event_tally import count_codes
from netsleuth_tui.analysis.event_terms import event_id_filter, event_term
from netsleuth_tui.analysis.event_values import event_keys, event_row_ids, level_name, raw_keys, titles
from netsleuth_tui.analysis.facets import MOST, Facet
from netsleuth_tui.analysis.scope import Scope, event_rows_of
from netsleuth_tui.store.event_kinds import KIND_FIELDS
from netsleuth_tui.tabular import Cell, Column, Table
from netsleuth_tui.wording import several

if TYPE_CHECKING:
    from netsleuth_tui.store import Rows, Store

__all__ = ["EVENT_GROUPS", "event_facets", "event_facets_table"]

EVENT_GROUPS = MappingProxyType(
    {
        "EventID": "Event ids",
        "Provider": "Providers",
        "Level": "Levels",
        "Channel": "Logs",
        "Computer": "Computers",
        "SubjectUserName": "Users (SubjectUserName)",
        "TargetUserName": "Users (TargetUserName)",
        "UserID": "Users (UserID)",
    }
)
"""Names of the fields that are counted, and their headings."""

LONGEST_LABEL = 300

Ids = NDArray[np.uint32]


def event_facets(
    store: Store, rows: Rows, names: Collection[str] | None = None, *, most: int = MOST, search: str = ""
) -> tuple[Facet, ...]:
    """Count selected events by some fields.

    Args:
        store: What was loaded.
        rows: Which events (`event_rows_of`).
        names: Of `EVENT_GROUPS`; None for all of them.
        most: Lines of each; further values are only counted.
        search: Only values whose label contains this, case ignored.

    Raises:
        NetSleuthError: The user's own file of titles cannot be used.
    """
    ids = event_row_ids(store, rows)
    asked = [name for name in EVENT_GROUPS if names is None or name in names]
    return tuple(_facet(store, rows, ids, name, most, search) for name in asked)


def _facet(store: Store, rows: Rows, ids: Ids, name: str, most: int, search: str) -> Facet:
    if name == "EventID":
        return _ids(store, rows, most, search)
    return _of_kinds(store, rows, name, most, search) if name in KIND_FIELDS else _values(store, ids, name, most, search)


def _ids(store: Store, rows: Rows, most: int, search: str) -> Facet:
    """By id and provider."""
    found = kind_counts(store, rows)
    order = np.argsort(-found.events, kind="stable")[: np.count_nonzero(found.events)]
    values = found.kinds.values[order]
    columns = [kind_cells(store, name, values[:, k]) for k, name in enumerate(KIND_FIELDS[:3])]
    kinds: dict[tuple[int, str], tuple[str, int]] = {}
    for number, provider, channel, events in zip(*columns, found.events[order].tolist(), strict=True):
        kind = int(number or 0), str(provider or "")
        title, before = kinds.get(kind, ("", 0))
        kinds[kind] = title or titles().title(str(channel or ""), kind[1], kind[0]), before + events
    told, shared = list(kinds), shared_ids(store)
    occurs = np.array([events for _, events in kinds.values()], np.int64)

    def label(which: NDArray[np.int64]) -> list[Cell]:
        return [f"{told[k][0]} {kinds[told[k]][0]}".rstrip() for k in which.tolist()]

    return _made("EventID", occurs, label, lambda k, _: event_id_filter(store, told[k][0], told[k][1] or None, shared), most, search)


def _of_kinds(store: Store, rows: Rows, name: str, most: int, search: str) -> Facet:
    """By the values of a field that is a part of the kind."""
    values, _, occurs = kind_counts(store, rows).by_value(name)
    if name != "Level":
        occurs[values == 0] = 0

    def cells(which: NDArray[np.int64]) -> list[Cell]:
        return kind_cells(store, name, values[which])

    return _made(name, occurs, cells, lambda _, value: event_term(name, value), most, search)


def _values(store: Store, ids: Ids, name: str, most: int, search: str) -> Facet:
    """By the values of a field; events without one are in no line."""
    raw = raw_keys(store, name)
    keys = raw if raw is not None else event_keys(store, ids, name)
    occurs = count_codes(raw.codes, ids, raw.size) if raw is not None else np.bincount(event_keys(store, ids, name).numbers)
    edges = np.unique([0, len(occurs) - 1]) if len(occurs) and len(ids) else np.empty(0, np.int64)
    for number, value in zip(edges.tolist(), keys.cells(edges), strict=True):
        if value is None:
            occurs[number] = 0
    return _made(name, occurs, keys.cells, lambda _, value: event_term(name, value), most, search)


def _made(
    name: str,
    occurs: NDArray[np.int64],
    cells: Callable[[NDArray[np.int64]], list[Cell]],
    term: Callable[[int, Cell], str | None],
    most: int,
    search: str,
) -> Facet:
    """The most frequent numbers as lines."""
    there = np.flatnonzero(occurs)
    if search:
        found = [search.casefold() in _label(name, value).casefold() for value in cells(there)]
        there = there[np.array(found, np.bool_)]
    total = int(occurs[there].sum())
    if len(there) > most:
        least = np.partition(occurs[there], len(there) - most)[len(there) - most]
        chosen = there[occurs[there] >= least]
    else:
        chosen = there
    chosen = chosen[np.lexsort((chosen, -occurs[chosen]))][:most]
    values = cells(chosen)
    counts = tuple(
        Count(_label(name, value), term(int(number), value) or "", int(occurs[number]), 0)
        for number, value in zip(chosen, values, strict=True)
    )
    return Facet(name, counts, len(there) - len(chosen), total - int(occurs[chosen].sum()), 0)


def _label(name: str, value: Cell) -> str:
    if name == "Level" and isinstance(value, int):
        return level_name(value)
    if name == "UserID":
        from netsleuth_tui.meanings import sid_name

        return sid_name(str(value)) or str(value)
    return " ".join(str(value)[:LONGEST_LABEL].split()) or "(empty)"


def event_facets_table(store: Store, scope: Scope, *, most: int = MOST, search: str = "") -> Table:
    """One row per line of each breakdown, and one for what is left out of it: field, value, events, filter.

    Raises:
        NetSleuthError: The filter or the user's file of titles is not valid.
    """
    columns = (Column("field"), Column("value"), Column("events", "integer"), Column("filter"))
    rows: list[Sequence[Cell]] = []
    for facet in event_facets(store, event_rows_of(store, scope), most=most, search=search):
        rows += [(facet.name, count.label, count.packets, count.filter or None) for count in facet.counts]
        if facet.others:
            rows.append((facet.name, several(facet.others, "other"), facet.other_packets, None))
    return Table(columns, [[list(column) for column in zip(*rows, strict=True)]] if rows else [])
