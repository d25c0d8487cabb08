"""What the event data of selected events consist of: which fields, how often each is there, and its most frequent values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.analysis.event_kinds import kind_counts
from netsleuth_tui.analysis.event_tally import count_codes
from netsleuth_tui.analysis.event_terms import event_term
from netsleuth_tui.analysis.event_values import event_row_ids
from netsleuth_tui.analysis.scope import Scope, event_rows_of
from netsleuth_tui.query.event_fields import data_name
from netsleuth_tui.store.event_fields import EventField
from netsleuth_tui.tabular import Cell, Column, Table

if TYPE_CHECKING:
    from netsleuth_tui.store import Rows, Store

__all__ = ["EventData", "FieldLine", "FieldValue", "event_data", "event_data_table", "objects_of_handles"]

EMPTY = 1
"""Code of the empty text."""
HANDLE, OBJECT, OBJECT_OF_HANDLE, TYPE = "HandleId", "ObjectName", "Handle.ObjectName", "ObjectType"


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
    """Which event data selected events have, and where some use a handle without naming its object, the objects of all handles.

    Args:
        store: What was loaded.
        rows: Which events (`event_rows_of`).
        top: The most frequent values that are told of each field.
    """
    events, ids = store.events, event_row_ids(store, rows)
    groups, size = events.view().group, events.texts.count
    in_group = count_codes(groups, ids, int(groups.max(initial=0)) + 1)
    frequent = np.argsort(-in_group, kind="stable")[: np.count_nonzero(in_group)]
    names = {name: None for group in frequent.tolist() for name in events.names(group)}
    counted = {name: count_codes(events.codes(name), ids, size) for name in names}
    if any(_names_no_object(store, group) for group in frequent.tolist()):
        counted[OBJECT_OF_HANDLE] = count_codes(_objects(store), ids, size)
    event_id, object_type = _event_id(store, rows), _object_type(store, counted.get(TYPE), in_group)
    untyped = {name for group in frequent.tolist() if TYPE not in events.names(group) for name in events.names(group)}
    lines = [
        _line(store, name, counts, len(rows), top, (event_id, "" if name in untyped else object_type)) for name, counts in counted.items()
    ]
    return EventData(tuple(line for line in lines if line.events), len(rows))


def objects_of_handles(store: Store, rows: Rows) -> int:
    """How many of the selected events name no object, while `Handle.ObjectName` has that of the handle that they use."""
    ids, groups = event_row_ids(store, rows), store.events.view().group
    silent = np.array([_names_no_object(store, group) for group in range(int(groups.max(initial=0)) + 1)])
    asked = ids[silent[groups[ids]]]
    return int(np.count_nonzero(_objects(store)[asked])) if len(asked) else 0


def _names_no_object(store: Store, group: int) -> bool:
    """Whether events of a group use a handle, and do not say what it is of."""
    names = store.events.names(group)
    return HANDLE in names and OBJECT not in names


def _objects(store: Store) -> NDArray[np.uint32]:
    """The code of `Handle.ObjectName` of each event."""
    return store.event_values.coded(EventField(OBJECT, is_data=True, derived="handle")).codes


def _event_id(store: Store, rows: Rows) -> int:
    """The EventID that all selected events have in common, on which meanings of codes depend; 0 where there is none."""
    found = kind_counts(store, rows)
    ids = np.unique(found.kinds.values[found.events > 0, 0])
    return int(ids[0]) if len(ids) == 1 else 0


def _object_type(store: Store, counts: NDArray[np.int64] | None, in_group: NDArray[np.int64]) -> str:
    """The ObjectType of all selected events that can have one, on which meanings of access masks depend; '' where there is no such.

    Args:
        store: What was loaded.
        counts: How many of them have each code in ObjectType; None where none can have one.
        in_group: How many of them are in each group.
    """
    if counts is None:
        return ""
    typed = sum(int(in_group[group]) for group in np.flatnonzero(in_group).tolist() if TYPE in store.events.names(group))
    common = np.flatnonzero(counts == typed).tolist()
    return store.events.texts.text(common[0]) if common else ""


def _line(store: Store, name: str, counts: NDArray[np.int64], total: int, top: int, kind: tuple[int, str]) -> FieldLine:
    from netsleuth_tui.meanings import meaning

    counts[0] = 0
    there = int(counts.sum())
    field = name if name == OBJECT_OF_HANDLE else data_name(name)
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
