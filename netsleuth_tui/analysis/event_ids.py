"""The breakdowns of event logs: by id with what it is about, by provider, channel, level, computer and user."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.analysis.event_groups import EventGroups, event_groups
from netsleuth_tui.analysis.event_kinds import kind_cells, shared_ids
from netsleuth_tui.analysis.event_spread import Lines, count_lines
from netsleuth_tui.analysis.event_terms import event_id_filter, event_term
from netsleuth_tui.analysis.event_values import event_row_ids, level_name, titles
from netsleuth_tui.analysis.scope import Scope, event_rows_of
from netsleuth_tui.analysis.times import time_cell
from netsleuth_tui.decode.columns import NO_TIME
from netsleuth_tui.store.event_kinds import KIND_FIELDS
from netsleuth_tui.tabular import Cell, Column, Table

if TYPE_CHECKING:
    from netsleuth_tui.store import Rows, Store

__all__ = ["EVENT_BREAKDOWNS", "EventBreakdown", "EventIdLine", "EventIds", "EventLine", "event_breakdown", "event_ids", "event_ids_table"]

EVENT_BREAKDOWNS = ("Provider", "Channel", "Level", "Computer", "UserID")
"""Fields of `event_breakdown`."""

COLUMNS = 24
"""Into which a line's small time line divides the time."""


@dataclass(frozen=True, slots=True)
class EventIdLine:
    """The events of one id of one provider."""

    event_id: int
    provider: str
    """Empty where it is absent."""
    channels: tuple[str, ...]
    """Logs that they are in, the most frequent first."""
    levels: tuple[int, ...]
    """Levels that they have, the most frequent first; `level_name` names them."""
    title: str
    """What they are about; empty where that is not known."""
    events: int
    share: float
    """Part of all events that were counted, from 0 to 1."""
    first: int | None
    """Earliest time, ns since the epoch; None where none of them has one."""
    last: int | None
    spread: tuple[int, ...]
    """Events in each column of the time from the earliest to the latest of all lines."""
    filter: str | None
    """Keeps exactly these events."""


@dataclass(frozen=True, slots=True)
class EventIds:
    """All ids, the most frequent first."""

    lines: tuple[EventIdLine, ...]
    total: int
    """Events that were counted."""
    span: tuple[int, int] | None
    """What the time lines cover, ns since the epoch."""


@dataclass(frozen=True, slots=True)
class EventLine:
    """The events that have one value in a field."""

    label: str
    """The value as a person reads it; empty where the field is absent."""
    value: Cell
    """As it is in the log; None where the field is absent."""
    events: int
    share: float
    first: int | None
    last: int | None
    spread: tuple[int, ...]
    filter: str | None


@dataclass(frozen=True, slots=True)
class EventBreakdown:
    """Events by one field, the most frequent value first."""

    field: str
    lines: tuple[EventLine, ...]
    others: int
    """Further values, without a line."""
    other_events: int
    """The events that have them."""
    total: int


def event_ids(store: Store, rows: Rows, *, columns: int = COLUMNS, span: tuple[int, int] | None = None) -> EventIds:
    """Count selected events by id and provider.

    Args:
        store: What was loaded.
        rows: Which events (`event_rows_of`).
        columns: Of each line's small time line.
        span: What these cover, ns since the epoch; None for the time of the selected events.

    Raises:
        NetSleuthError: The user's own file of titles cannot be used.
    """
    ids, time = event_row_ids(store, rows), store.events.view().time
    kinds = store.event_kinds.seen()
    span = span if span is not None else _span(time, ids, in_order=store.events.in_order)
    found = count_lines(kinds.of, kinds.count, time, ids, span or (1, 0), columns)
    order = np.argsort(-found.events, kind="stable")[: np.count_nonzero(found.events)]
    values = [kind_cells(store, name, kinds.values[order, k]) for k, name in enumerate(KIND_FIELDS)]
    merged: dict[tuple[Cell, Cell], list[int]] = {}
    for line, pair in enumerate(zip(values[0], values[1], strict=True)):
        merged.setdefault(pair, []).append(line)
    known, shared = titles(), shared_ids(store)
    lines = []
    for (event_id, provider), parts in merged.items():
        channels = tuple(dict.fromkeys(str(values[2][part] or "") for part in parts))
        chosen = order[parts]
        events = int(found.events[chosen].sum())
        first, last = _edges(found, chosen)
        number, name = int(event_id or 0), str(provider or "")
        lines.append(
            EventIdLine(
                number,
                name,
                channels,
                tuple(dict.fromkeys(int(values[3][part] or 0) for part in parts)),
                known.title(channels[0], name, number),
                events,
                events / len(ids),
                first,
                last,
                tuple(found.spread[chosen].sum(axis=0).tolist()),
                event_id_filter(store, number, provider, shared),
            )
        )
    lines.sort(key=lambda line: -line.events)
    return EventIds(tuple(lines), len(ids), span)


def _span(time: NDArray[np.int64], ids: NDArray[np.uint32], *, in_order: bool) -> tuple[int, int] | None:
    """First and last time of some events; None where none of them has one."""
    if in_order and len(ids):
        return int(time[ids[0]]), int(time[ids[-1]])
    when = time[ids]
    timed = when[when != NO_TIME]
    return (int(timed.min()), int(timed.max())) if len(timed) else None


def _edges(found: Lines | EventGroups, parts: NDArray[np.int64] | list[int]) -> tuple[int | None, int | None]:
    """First and last time of some lines together."""
    first, last = found.first[parts], found.last[parts]
    timed = first != NO_TIME
    return (int(first[timed].min()), int(last[timed].max())) if timed.any() else (None, None)


def event_breakdown(
    store: Store, rows: Rows, field: str, *, most: int = 1000, columns: int = COLUMNS, span: tuple[int, int] | None = None
) -> EventBreakdown:
    """Count selected events by one field, for panes; `event_groups` has all lines of any number.

    Args:
        store: What was loaded.
        rows: Which events (`event_rows_of`).
        field: Any field but the time and the record id; `EVENT_BREAKDOWNS` are those that every event has.
        most: Lines; further values are only counted.
        columns: Of each line's small time line.
        span: What these cover, ns since the epoch; None for the time of the selected events.

    Raises:
        NetSleuthError: There is no such field, or it is different in every event.
    """
    found = event_groups(store, rows, (field,))
    shown = min(most, len(found))
    spread = found.spread(0, shown, columns, span)
    lines = []
    for line, (value,) in enumerate(found.values(0, shown)):
        first, last = _edges(found, [line])
        lines.append(
            EventLine(
                _label(found.by[0], value),
                value,
                int(found.events[line]),
                found.share(line),
                first,
                last,
                tuple(spread[line].tolist()),
                event_term(found.by[0], value),
            )
        )
    return EventBreakdown(found.by[0], tuple(lines), len(found) - shown, int(np.sum(found.events[shown:])), found.total)


def _label(field: str, value: Cell) -> str:
    """The value as a person reads it."""
    if value is None:
        return ""
    if field == "Level":
        return level_name(int(value))
    if field == "UserID":
        from netsleuth_tui.meanings import sid_name

        return sid_name(str(value)) or str(value)
    return str(value)


def event_ids_table(store: Store, scope: Scope) -> Table:
    """One row per event id and provider, the most frequent first.

    Raises:
        NetSleuthError: The filter or the user's file of titles is not valid.
    """
    found = event_ids(store, event_rows_of(store, scope))
    columns = (
        Column("EventID", "integer"), Column("Provider"), Column("Channel"), Column("Level"), Column("title"), Column("count", "integer"),
        Column("share", "number"), Column("first"), Column("last"),
    )  # fmt: skip
    rows: list[tuple[Cell, ...]] = [
        (
            line.event_id, line.provider or None, ", ".join(line.channels) or None, ", ".join(level_name(level) for level in line.levels),
            line.title or None, line.events, round(line.share, 6), time_cell(line.first), time_cell(line.last),
        )
        for line in found.lines
    ]  # fmt: skip
    return Table(columns, [[list(column) for column in zip(*rows, strict=True)]] if rows else [])
