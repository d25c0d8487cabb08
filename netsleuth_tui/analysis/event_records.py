"""The events themselves: chosen fields of chosen rows, a page for the screen or all of them for an export, in any order."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.analysis.event_values import EVENT_EXPORTED, event_cells, event_column, event_row_ids, named_field
from netsleuth_tui.analysis.ranks import label_ranks
from netsleuth_tui.analysis.scope import Scope, event_rows_of
from netsleuth_tui.analysis.time_order import events_in_order
from netsleuth_tui.decode.columns import NO_TIME
from netsleuth_tui.errors import NetSleuthError
from netsleuth_tui.query.event_fields import data_name
from netsleuth_tui.store.event_values import Coded, is_coded, used_codes
from netsleuth_tui.store.ordering import order
from netsleuth_tui.tabular import Cell, Table

if TYPE_CHECKING:
    from netsleuth_tui.store import Rows, Store

__all__ = ["can_sort_events", "event_records", "event_table", "exported_fields", "sorted_events"]

BLOCK = 1 << 14
"""Rows per block of an export."""

Ids = NDArray[np.uint32]


def event_records(store: Store, rows: Ids, fields: Sequence[str], *, readable: bool = False) -> list[list[Cell]]:
    """Values of `fields` for event rows: one list per field; None where a field is absent from an event.

    Args:
        store: What was loaded.
        rows: Row ids of events.
        fields: Names of fields, or of columns beside them: title, info, file, offset.
        readable: Show what codes mean where that is known, instead of the codes.

    Raises:
        NetSleuthError: There is no such field.
    """
    return [event_cells(store, rows, name, readable=readable) for name in fields]


def exported_fields(store: Store, rows: Rows) -> tuple[str, ...]:
    """The system fields, and all event data that the selected events have, in the order of the most frequent events."""
    groups = store.events.view().group[event_row_ids(store, rows)]
    counts = np.bincount(groups) if len(groups) else np.zeros(0, np.int64)
    frequent = sorted(np.flatnonzero(counts).tolist(), key=lambda group: -int(counts[group]))
    names = dict.fromkeys(data_name(name) for group in frequent for name in store.events.names(group))
    return (*EVENT_EXPORTED, *names)


def event_table(
    store: Store,
    scope: Scope,
    fields: Sequence[str] | None = None,
    *,
    sorted_by: tuple[str, bool] | None = None,
    readable: bool = False,
) -> Table:
    """All events of a scope, one row each.

    Args:
        store: What was loaded.
        scope: Which events of it.
        fields: The columns; None for all that these events have.
        sorted_by: A field, and whether its greatest value comes first; None for that of the logs, or of time where they overlap.
        readable: Show what codes mean where that is known, instead of the codes.

    Raises:
        FilterError: The filter is not valid.
        NetSleuthError: There is no such field, or rows cannot be sorted by it.
    """
    rows = event_rows_of(store, scope)
    names = tuple(fields) if fields is not None else exported_fields(store, rows)
    columns = tuple(event_column(name) for name in names)
    ids = events_in_order(store, rows) if sorted_by is None else sorted_events(store, rows, sorted_by[0], descending=sorted_by[1])

    def blocks() -> Iterator[list[list[Cell]]]:
        for first in range(0, len(rows), BLOCK):
            block = rows.take(first, BLOCK) if ids is None else ids[first : first + BLOCK]
            yield event_records(store, block, names, readable=readable)

    return Table(columns, blocks())


def can_sort_events(name: str) -> bool:
    """Whether events can be sorted by a column: by any but the info column, whose texts are only made for rows that are seen."""
    return name != "info"


def sorted_events(store: Store, rows: Rows, name: str, *, descending: bool = False, cancelled: Callable[[], bool] = lambda: False) -> Ids:
    """Row ids of events in the order of a column, stable, absent values last.

    Numbers are sorted by size, before texts, which are sorted by the alphabet without regard to case.

    Args:
        store: What was loaded.
        rows: Which events.
        name: A field, or one of the columns beside them but info.
        descending: The greatest first.
        cancelled: Asked from time to time; True ends the work.

    Raises:
        NetSleuthError: There is no such column, it cannot be sorted by, or nobody wanted the answer any more.
    """
    if not can_sort_events(name):
        raise NetSleuthError(f"events cannot be sorted by {name}", hint="choose a column that holds one value, such as EventID")
    ids = event_row_ids(store, rows)
    keys, absent = _keys(store, ids, name)
    return ids[order(keys, absent, descending=descending, cancelled=cancelled)]


def _keys(store: Store, ids: Ids, name: str) -> tuple[NDArray[Any], NDArray[np.bool_] | None]:
    columns = store.events.view()
    if name == "file":
        return label_ranks([source.name for source in store.sources])[columns.source[ids]], None
    if name == "offset":
        return columns.offset[ids].view(np.int64), None
    if name == "title":
        return _title_ranks(store, ids)
    field = named_field(name)
    if field.event is None:
        raise NetSleuthError(f"events have no field {name!r}")
    if is_coded(field.event):
        column = store.event_values.coded(field.event)
        codes = column.codes[ids]
        return text_ranks(Coded(codes, column.texts))[codes], codes == 0
    numbers = store.event_values.numbers(field.event)
    values = numbers.numbers[ids]
    if field.kind == "time":
        return values, values == NO_TIME
    if values.dtype == np.uint64:
        values = (values ^ np.uint64(1 << 63)).view(np.int64) if int(values.max(initial=0)) >> 62 else values.view(np.int64)
    return _fitting(values), None if numbers.there is None else ~numbers.there[ids]


def _fitting(values: NDArray[Any]) -> NDArray[Any]:
    """Numbers in the same order whose spread fits 63 bits."""
    if not len(values) or int(values.max()) - int(values.min()) < 1 << 62:
        return values
    return np.unique(values, return_inverse=True)[1]


def _title_ranks(store: Store, ids: Ids) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    columns = store.events.view()
    combined = columns.event_id[ids].astype(np.int64) << 32 | columns.provider[ids].astype(np.int64)
    _, samples, inverse = np.unique(combined, return_index=True, return_inverse=True)
    found = event_cells(store, ids[samples], "title")
    ranks = label_ranks([str(title or "") for title in found])
    return ranks[inverse], np.array([title is None for title in found], np.bool_)[inverse]


def text_ranks(column: Coded) -> NDArray[np.int64]:
    """For each code in use its rank: numbers by size, then texts by the alphabet; equal ones share a rank."""
    used = used_codes(column.codes, column.texts.count)
    ranks = np.zeros(column.texts.count, np.int64)
    numbers, is_number = column.texts.number(used)
    counted = used[is_number]
    distinct, inverse = np.unique(numbers[is_number], return_inverse=True)
    ranks[counted] = inverse
    others = used[~is_number]
    texts = [text.lower() for text in column.texts.many(others)]
    known = {text: rank for rank, text in enumerate(sorted(set(texts)), len(distinct))}
    ranks[others] = [known[text] for text in texts]
    return ranks
