"""One event as a person reads it: each field as the log has it, with what it stands for, and with the filter that keeps it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from netsleuth_tui.analysis.event_detail import EventDetail, event_detail
from netsleuth_tui.analysis.event_terms import event_cell_filter
from netsleuth_tui.analysis.event_values import event_cells
from netsleuth_tui.query.event_fields import EVENT_FIELDS, data_name
from netsleuth_tui.tabular import Column, Table

if TYPE_CHECKING:
    from netsleuth_tui.store import Store

__all__ = ["EventReading", "ReadField", "read_event", "read_event_table"]

SYSTEM = tuple(name for name, field in EVENT_FIELDS.items() if field.event is not None and not field.event.derived and name != "Recovered")
NAMED_BY_HANDLE = ("ObjectName", "ObjectType")
"""Event data that an event may lack, and that the event which opened its handle has."""
HANDLE = "HandleId"


@dataclass(frozen=True, slots=True)
class ReadField:
    """One field of the event."""

    part: str
    """'System', 'Data', or 'Handle' for what another event says of the handle that this one uses."""
    name: str
    """As filters and columns say it."""
    value: str
    """As the log has it."""
    meaning: str
    """What it stands for; empty where it says all there is to say itself."""
    filter: str | None
    """Keeps the events with this value; None where no filter can say it."""


@dataclass(frozen=True, slots=True)
class EventReading:
    """One event."""

    row: int
    title: str
    detail: EventDetail
    """Where it lies, and what is out of the ordinary."""
    fields: tuple[ReadField, ...]


def read_event(store: Store, row: int) -> EventReading:
    """All that is known of one event.

    Args:
        store: What was loaded.
        row: Row id of the event.

    Raises:
        NetSleuthError: The user's own file of titles cannot be used.
    """
    ids = np.array([row], np.uint32)
    columns = store.events.view()
    names = store.events.names(int(columns.group[row]))
    listed = [("Data", data_name(name)) for name in names]
    if HANDLE in names:
        listed += [("Handle", f"Handle.{name}") for name in NAMED_BY_HANDLE if name not in names]
    listed += [("System", name) for name in SYSTEM]
    fields = []
    for part, name in listed:
        value = event_cells(store, ids, name)[0]
        if value is None:
            continue
        read = event_cells(store, ids, name, readable=True)[0]
        meaning = str(read) if read is not None and read != value else ""
        fields.append(ReadField(part, name, str(value), meaning, event_cell_filter(store, row, name)))
    return EventReading(row, str(event_cells(store, ids, "title")[0] or ""), event_detail(store, row), tuple(fields))


def read_event_table(store: Store, row: int) -> Table:
    """One row per field: part, field, value, meaning, filter."""
    columns = (Column("part"), Column("field"), Column("value"), Column("meaning"), Column("filter"))
    found = read_event(store, row).fields
    rows = [(each.part, each.name, each.value, each.meaning or None, each.filter) for each in found]
    return Table(columns, [[list(column) for column in zip(*rows, strict=True)]] if rows else [])
