"""Packets and events in one table: one row each, in the order of time, with the fields of both."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.analysis.event_records import event_records, exported_fields
from netsleuth_tui.analysis.event_values import event_column, is_event_column
from netsleuth_tui.analysis.records import EXPORTED, records
from netsleuth_tui.analysis.scope import Scope, event_rows_of, rows_of
from netsleuth_tui.analysis.values import column_of
from netsleuth_tui.decode.columns import NO_TIME
from netsleuth_tui.errors import NetSleuthError
from netsleuth_tui.query.event_fields import TIMES
from netsleuth_tui.tabular import Cell, Table

if TYPE_CHECKING:
    from netsleuth_tui.store import Store

__all__ = ["COMMON", "Kind", "Kinds", "common_rows_table", "kinds_of"]

Kind = Literal["packets", "events"]
Kinds = Literal["both", "packets", "events"]
"""What is looked at, where there are packets and events."""

COMMON = frozenset({"frame.time", "frame.time_epoch", "file"})
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


def common_rows_table(store: Store, scope: Scope, fields: Sequence[str] | None = None) -> Table:
    """All packets and events of a scope, one row each, in the order of time; those without a time come last.

    Args:
        store: What was loaded.
        scope: Which rows of it.
        fields: The columns, of packets or events; None for those of both exports after the time.

    Raises:
        FilterError: The filter is not valid.
        NetSleuthError: There is no such field.
    """
    packets, events = rows_of(store, scope), event_rows_of(store, scope)
    system = tuple(name for name in exported_fields(store, events) if name != "TimeCreated")
    names = tuple(fields) if fields is not None else ("frame.time", *EXPORTED, *system)
    columns = tuple(column_of(name) if name in COMMON or not _is_of_events(name) else event_column(name) for name in names)
    ids = np.concatenate((packets.take(0, len(packets)), events.take(0, len(events))))
    is_event = np.arange(len(ids)) >= len(packets)
    time = np.concatenate((store.columns().time[ids[~is_event]], store.events.view().time[ids[is_event]]))
    order = np.argsort(np.where(time == NO_TIME, np.iinfo(np.int64).max, time), kind="stable")

    def blocks() -> Iterator[list[list[Cell]]]:
        for first in range(0, len(order), BLOCK):
            chosen = order[first : first + BLOCK]
            yield _block(store, ids[chosen], is_event[chosen], names)

    return Table(columns, blocks())


def _block(store: Store, ids: NDArray[np.uint32], is_event: NDArray[np.bool_], names: Sequence[str]) -> list[list[Cell]]:
    cells: list[list[Cell]] = [[None] * len(ids) for _ in names]
    sides = (
        (np.flatnonzero(~is_event), [name in COMMON or _is_of_packets(name) for name in names], records),
        (np.flatnonzero(is_event), [name in COMMON or _is_of_events(name) for name in names], event_records),
    )
    for places, has, made in sides:
        theirs = [name for name, there in zip(names, has, strict=True) if there]
        if not len(places):
            continue
        found = iter(made(store, ids[places], theirs))
        for column, there in zip(cells, has, strict=True):
            if there:
                for place, cell in zip(places.tolist(), next(found), strict=True):
                    column[place] = cell
    return cells


def _is_of_packets(name: str) -> bool:
    try:
        column_of(name)
    except NetSleuthError:
        return False
    return True


def _is_of_events(name: str) -> bool:
    return name in TIMES or (is_event_column(name) and not _is_of_packets(name))
