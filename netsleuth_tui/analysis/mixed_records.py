"""Packets and events in one table: one row each, in the order of time, with the fields of both."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.analysis.event_records import exported_fields, sorted_events
from netsleuth_tui.analysis.event_values import event_cells, event_column, is_event_column
from netsleuth_tui.analysis.interleaving import EVENT, Interleaved, Side, by_time
from netsleuth_tui.analysis.records import EXPORTED
from netsleuth_tui.analysis.scope import Scope, event_rows_of, rows_of
from netsleuth_tui.analysis.sorting import sorted_rows
from netsleuth_tui.analysis.values import column_of, values
from netsleuth_tui.errors import NetSleuthError
from netsleuth_tui.query.event_fields import TIMES
from netsleuth_tui.store.rows import Rows
from netsleuth_tui.tabular import Cell, Table

if TYPE_CHECKING:
    from netsleuth_tui.store import Store

__all__ = ["COMMON", "Kind", "Kinds", "common_rows_table", "counterpart", "kinds_of", "mixed_records", "mixed_rows", "selected"]

Kind = Literal["packets", "events"]
Kinds = Literal["both", "packets", "events"]
"""What is looked at, where there are packets and events."""

COMMON = frozenset({"frame.time", "frame.time_epoch", "file", "source"})
"""Columns that packets and events have both."""

BLOCK = 1 << 14
"""Rows per block of an export."""


def kinds_of(names: Sequence[str]) -> frozenset[Kind]:
    """Whose rows have these columns: packets, events, or both where columns of both are named, or only such as both have.

    Raises:
        NetSleuthError: One is no column of either.
    """
    kinds: set[Kind] = set()
    for name in names:
        if name in COMMON:
            continue
        if is_event_column(name) and not _is_of_packets(name):
            kinds.add("events")
        else:
            column_of(name)
            kinds.add("packets")
    return frozenset(kinds or {"packets", "events"})


def common_rows_table(
    store: Store,
    scope: Scope,
    fields: Sequence[str] | None = None,
    *,
    kinds: Kinds = "both",
    sorted_by: tuple[str, bool] | None = None,
) -> Table:
    """All packets and events of a scope, one row each, in the order of time; those without a time come last.

    Args:
        store: What was loaded.
        scope: Which rows of it.
        fields: The columns, of packets or events; None for those of both exports after the time.
        kinds: Whether packets, events or both are wanted.
        sorted_by: Another order, as in `mixed_rows`.

    Raises:
        FilterError: The filter is not valid.
        NetSleuthError: There is no such field, or rows cannot be sorted by it.
    """
    packets, events = selected(store, scope, kinds)
    system = tuple(name for name in exported_fields(store, events) if name != "TimeCreated") if fields is None else ()
    names = tuple(fields) if fields is not None else ("frame.time", *EXPORTED, *system)
    columns = tuple(column_of(name) if _is_of_packets(name) else event_column(name) for name in names)
    found = mixed_rows(store, packets, events, sorted_by)

    def blocks() -> Iterator[list[list[Cell]]]:
        for first in range(0, len(found), BLOCK):
            yield mixed_records(store, found.take(first, BLOCK), names, spoken=fields is not None)

    return Table(columns, blocks())


def selected(store: Store, scope: Scope, kinds: Kinds) -> tuple[Rows, Rows]:
    """The packets and the events of a scope; none of those that are not wanted.

    Raises:
        FilterError: The filter is not valid.
    """
    none = Rows(0, 0)
    return rows_of(store, scope) if kinds != "events" else none, event_rows_of(store, scope) if kinds != "packets" else none


def mixed_rows(
    store: Store,
    packets: Rows,
    events: Rows,
    sorted_by: tuple[str, bool] | None = None,
    *,
    cancelled: Callable[[], bool] = lambda: False,
) -> Interleaved:
    """Selected packets and events in the order of time, or in another one.

    Sorted by any other column, packets come first, then events, each in its order; the other way round by a column that only events have.
    Where there are only packets, or only events, and no order is asked for, they stay in that of their table.

    Args:
        store: What was loaded.
        packets: Those that are selected.
        events: Those that are selected.
        sorted_by: A column, and whether its greatest value comes first; None for the order of time.
        cancelled: Asked from time to time; True ends the work.

    Raises:
        NetSleuthError: Rows cannot be sorted by the column, or nobody wanted the answer any more.
    """
    if sorted_by is None or sorted_by[0] in TIMES:
        chosen = sorted_by is not None
        return by_time(store, packets, events, falling=chosen and bool(sorted_by and sorted_by[1]), chosen=chosen, cancelled=cancelled)
    name, descending = sorted_by
    first: NDArray[np.uint32] | None = None
    then: NDArray[np.uint32] | None = None
    if _is_of_packets(name):
        first = sorted_rows(store, packets, name, descending=descending, cancelled=cancelled)
    of_events = counterpart(name)
    if of_events is not None and len(events):
        then = sorted_events(store, events, of_events, descending=descending, cancelled=cancelled)
    sides = Side(packets, store.columns().time, first), Side(events, store.events.view().time, then)
    return Interleaved(sides[0], sides[1], merged=False, events_first=first is None)


def counterpart(name: str) -> str | None:
    """The field of events that stands in a column of packets, or the column itself where it is one of events; None where they have none."""
    if name in COUNTERPARTS:
        return COUNTERPARTS[name]
    return name if _is_of_events(name) or name == "file" else None


def mixed_records(
    store: Store, numbers: NDArray[np.int64], names: Sequence[str], *, spoken: bool = True, at_once: bool = False
) -> list[list[Cell]]:
    """Cells of packets and events: one list per column; None where a row has no such field.

    Args:
        store: What was loaded.
        numbers: Of the rows, as in `Interleaved`.
        names: Columns of packets or events.
        spoken: Events fill the columns of packets that have a counterpart: source, protocol and info.
        at_once: Wait for nothing, as in `values`.

    Raises:
        NetSleuthError: There is no such field.
    """
    cells: list[list[Cell]] = [[None] * len(numbers) for _ in names]
    of_event = numbers >= EVENT
    for events in (False, True):
        places = np.flatnonzero(of_event == events)
        if not len(places):
            continue
        ids = (numbers[places] & (EVENT - 1)).astype(np.uint32)
        for column, name in zip(cells, names, strict=True):
            found = None
            if events:
                found = _event_cells(store, ids, name, spoken=spoken)
            elif _is_of_packets(name):
                found = values(store, ids, name, at_once=at_once)
            if found is not None:
                for place, cell in zip(places.tolist(), found, strict=True):
                    column[place] = cell
    return cells


def _event_cells(store: Store, ids: NDArray[np.uint32], name: str, *, spoken: bool) -> list[Cell] | None:
    """What events have in a column; None where they have nothing."""
    if name in _SPOKEN and spoken:
        return _SPOKEN[name](store, ids)
    return event_cells(store, ids, name) if _is_of_events(name) or name in COMMON else None


def _who(store: Store, ids: NDArray[np.uint32]) -> list[Cell]:
    """The computer; where the event names none, its provider without the words that all have."""
    computers = event_cells(store, ids, "Computer")
    if all(computers):
        return computers
    providers = event_cells(store, ids, "Provider")
    return [computer or _short(provider) for computer, provider in zip(computers, providers, strict=True)]


def _short(provider: Cell) -> Cell:
    return str(provider).removeprefix("Microsoft-Windows-") if provider else None


def _what(store: Store, ids: NDArray[np.uint32]) -> list[Cell]:
    return [f"Event {number}" for number in store.events.view().event_id[ids].tolist()]


def _told(store: Store, ids: NDArray[np.uint32]) -> list[Cell]:
    """Title and data in one line."""
    titled, data = event_cells(store, ids, "title"), event_cells(store, ids, "info")
    lines = [": ".join(str(part) for part in parts if part) for parts in zip(titled, data, strict=True)]
    return [line or None for line in lines]


_SPOKEN: dict[str, Callable[[Store, NDArray[np.uint32]], list[Cell]]] = {
    "_ws.col.def_src": _who,
    "_ws.col.protocol": _what,
    "info": _told,
}
"""What events say in columns of packets."""

COUNTERPARTS = {"_ws.col.def_src": "Computer", "_ws.col.protocol": "EventID", "info": "info", "frame.time": "TimeCreated"}
"""Fields of events that these columns are sorted and filtered by."""


def _is_of_packets(name: str) -> bool:
    try:
        column_of(name)
    except NetSleuthError:
        return False
    return True


def _is_of_events(name: str) -> bool:
    return name in TIMES or (is_event_column(name) and not _is_of_packets(name))
