"""What the event data of selected events consist of: which fields, how often each is there, and its most frequent values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.analysis.event_tally import count_codes
from netsleuth_tui.analysis.event_terms import event_term
from netsleuth_tui.analysis.event_values import event_row_ids
from netsleuth_tui.analysis.scope import Scope, event_rows_of
from netsleuth_tui.query.event_fields import data_name
from netsleuth_tui.tabular import Cell, Column, Table

if TYPE_CHECKING:
    from netsleuth_tui.store import Rows, Store

__all__ = ["EventData", "FieldLine", "FieldValue", "event_data", "event_data_table"]

EMPTY = 1
"""Code of the empty text."""


@dataclass(frozen=True, slots=True)
class FieldValue:
    """One value of a field."""

    text: str
    meaning: str
    """What it stands for; empty where it says all there is to say itself."""
    events: int
    filter: str | None
    """Keeps exactly the events that have it; None where it would be too long."""


@dataclass(frozen=True, slots=True)
class FieldLine:
    """One field of the event data."""

    name: str
    """As a filter says it."""
    events: int
    """Events that have it."""
    share: float
    """Part of the selected events that have it, from 0 to 1: how far it is filled."""
    empty: int
    """Events in which it is there, and empty."""
    distinct: int
    """Different values, the empty one included."""
    top: tuple[FieldValue, ...]
    """The most frequent values."""
    filter: str
    """Keeps exactly the events that have it."""


@dataclass(frozen=True, slots=True)
class EventData:
    """Fields in the order in which most events have them."""

    lines: tuple[FieldLine, ...]
    total: int
    """Selected events."""


def event_data(store: Store, rows: Rows, *, top: int = 5) -> EventData:
    """Which event data selected events have.

    Args:
        store: What was loaded.
        rows: Which events (`event_rows_of`).
        top: The most frequent values that are told of each field.
    """
    selected = slice(rows.first, rows.last) if rows.ids is None else rows.ids[rows.first : rows.last]
    events = store.events
    names = {name: None for group, _ in _frequent(events.view().group[selected]) for name in events.names(group)}
    kind = _kind(store, selected)
    ids, size = event_row_ids(rows), events.texts.count
    lines = [_line(store, name, count_codes(events.codes(name), ids, size), len(rows), top, kind) for name in names]
    return EventData(tuple(line for line in lines if line.events), len(rows))


def _kind(store: Store, selected: slice | NDArray[np.uint32]) -> tuple[int, str]:
    """EventID and ObjectType that all selected events have in common, on which meanings of codes depend; 0 and '' where there is none."""
    columns = (store.events.view().event_id[selected], store.events.codes("ObjectType")[selected])
    event_id, kind = (int(column[0]) if len(column) and bool((column == column[0]).all()) else 0 for column in columns)
    return event_id, store.events.texts.text(kind)


def _frequent(groups: NDArray[np.uint32]) -> list[tuple[int, int]]:
    """Groups that occur and their events, the most frequent first."""
    counts = np.bincount(groups) if len(groups) else np.zeros(0, np.int64)
    found = np.flatnonzero(counts)
    return sorted(zip(found.tolist(), counts[found].tolist(), strict=True), key=lambda item: -item[1])


def _line(store: Store, name: str, counts: NDArray[np.int64], total: int, top: int, kind: tuple[int, str]) -> FieldLine:
    from netsleuth_tui.meanings import meaning

    counts[0] = 0
    there = int(counts.sum())
    field = data_name(name)
    chosen = np.argsort(-counts, kind="stable")[:top] if len(counts) <= top else _greatest(counts, top)
    chosen = chosen[counts[chosen] > 0]
    texts = store.events.texts.many(chosen)
    values = tuple(
        FieldValue(text, said if said != text else "", int(counts[code]), event_term(field, text))
        for code, text in zip(chosen.tolist(), texts, strict=True)
        for said in (meaning(name, text, event_id=kind[0], object_type=kind[1]),)
    )
    return FieldLine(field, there, there / total if total else 0.0, int(counts[EMPTY]), int(np.count_nonzero(counts)), values, field)


def _greatest(counts: NDArray[np.int64], most: int) -> NDArray[np.int64]:
    """Codes of the greatest counts, the greatest first; of equal ones the lower code."""
    least = np.partition(counts, len(counts) - most)[len(counts) - most]
    candidates = np.flatnonzero(counts >= max(int(least), 1))
    return candidates[np.argsort(-counts[candidates], kind="stable")][:most]


def event_data_table(store: Store, scope: Scope, *, top: int = 5) -> Table:
    """One row per field: its name, events that have it, share, empty ones, distinct values, and the most frequent values with their counts.

    Raises:
        FilterError: The filter is not valid.
    """
    found = event_data(store, event_rows_of(store, scope), top=top)
    columns = (
        Column("field"), Column("events", "integer"), Column("share", "number"), Column("empty", "integer"), Column("distinct", "integer"),
        *(column for k in range(1, top + 1) for column in (Column(f"value_{k}"), Column(f"count_{k}", "integer"))),
    )  # fmt: skip
    rows = []
    for line in found.lines:
        values: list[Cell] = [part for value in line.top for part in (value.text, value.events)]
        rows.append((line.name, line.events, round(line.share, 6), line.empty, line.distinct, *values, *[None] * (2 * top - len(values))))
    return Table(columns, [[list(column) for column in zip(*rows, strict=True)]] if rows else [])
