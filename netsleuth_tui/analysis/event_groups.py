"""Events counted by the values of up to three fields: how many, from when to when, and how they are spread over the time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.analysis.event_names import LineKinds, line_kinds, named_cells
from netsleuth_tui.analysis.event_spread import spread_lines
from netsleuth_tui.analysis.event_tally import Grouped, group_codes
from netsleuth_tui.analysis.event_terms import joined_terms
from netsleuth_tui.analysis.event_values import Keys, RawKeys, event_column, event_keys, event_row_ids, named_field, raw_keys
from netsleuth_tui.analysis.scope import Scope, event_rows_of
from netsleuth_tui.analysis.times import time_cell
from netsleuth_tui.decode.columns import NO_TIME
from netsleuth_tui.errors import NetSleuthError
from netsleuth_tui.tabular import Cell, Column, Table

if TYPE_CHECKING:
    from netsleuth_tui.store import Rows, Store

__all__ = [
    "MOST_KEYS",
    "EventGroups",
    "event_groups",
    "event_groups_table",
    "group_column",
    "numbered",
    "parse_keys",
    "parse_names",
    "split_names",
]

MOST_KEYS = 3
"""Fields that events are grouped by."""

CELLS = 1 << 24
"""Combinations of values that are counted in a table; of more, those that occur are sorted."""

BLOCK = 1 << 14
"""Lines per block of a table."""

Counts = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class EventGroups:
    """Lines of events that have the same values; the most frequent first, and of equal ones the one that was met first."""

    by: tuple[str, ...]
    """Names of the fields."""
    total: int
    """Events that were counted: the sum over all lines."""
    events: Counts
    """By line."""
    first: Counts
    """By line: the earliest time, ns since the epoch; `NO_TIME` where no event has one."""
    last: Counts
    """By line."""
    keys: tuple[Keys | RawKeys, ...] = field(repr=False)
    """What the numbers of values stand for, by field."""
    numbers: tuple[Counts, ...] = field(repr=False)
    """For each field the number of its value, by line."""
    _groups: NDArray[np.uint32] = field(repr=False)
    """The group of each event that was counted."""
    _place: Counts = field(repr=False)
    """The line of each group."""
    _ids: NDArray[np.uint32] = field(repr=False)
    """Row ids of the events that were counted."""
    _time: Counts = field(repr=False)
    """By row id."""
    _kinds: LineKinds | None = field(repr=False)
    """What meanings of codes depend on."""

    def __len__(self) -> int:
        return len(self.events)

    def values(self, first: int, count: int, *, readable: bool = False) -> list[tuple[Cell, ...]]:
        """The values of `count` lines from the `first` on (fewer at the end); None where the field is absent.

        Args:
            first: First line.
            count: Lines.
            readable: What codes stand for, as `cells` does.
        """
        lines = np.arange(first, min(first + count, len(self)))
        return list(zip(*(self.cells(field, lines, readable=readable) for field in range(len(self.by))), strict=True))

    def filter(self, line: int) -> str | None:
        """The filter for the events of a line, all of them and no others; None where it would be too long."""
        return joined_terms(self.by, self.values(line, 1)[0])

    def share(self, line: int) -> float:
        """Part of all counted events, from 0 to 1."""
        return int(self.events[line]) / self.total if self.total else 0.0

    def spread(self, first: int, count: int, columns: int, span: tuple[int, int] | None = None) -> Counts:
        """How the events of `count` lines from the `first` on are spread over the time: (lines, columns).

        Args:
            first: First line.
            count: Lines.
            columns: Into which the time is divided evenly.
            span: First and last instant, ns since the epoch; None for those of all lines.
        """
        chosen = max(min(len(self) - first, count), 0)
        span = span if span is not None else self.span
        if span is None or not chosen:
            return np.zeros((chosen, columns), np.int64)
        wanted = self._place - first
        wanted[wanted >= chosen] = -1
        return spread_lines(self._groups, wanted, self._time, self._ids, span, (chosen, columns))

    def cells(self, field: int, lines: NDArray[np.int64], *, readable: bool = False) -> list[Cell]:
        """The values of one field in some lines.

        Args:
            field: Its place in `by`.
            lines: Numbers of lines, in any order.
            readable: What codes stand for where that is known and the same for all events of the line; filters take the codes.
        """
        cells = self.keys[field].cells(self.numbers[field][lines])
        return named_cells(self.by[field], cells, self._kinds, lines) if readable else cells

    def spread_of(self, lines: NDArray[np.int64], columns: int) -> Counts:
        """As `spread`, for lines in any order, over the time of all lines: (lines, columns)."""
        span = self.span
        if span is None or not len(lines):
            return np.zeros((len(lines), columns), np.int64)
        place = np.full(len(self), -1, np.int64)
        place[lines] = np.arange(len(lines))
        return spread_lines(self._groups, place[self._place], self._time, self._ids, span, (len(lines), columns))

    def line_of_each(self) -> Counts:
        """The line of each event that was counted, in the order of the events."""
        return self._place[self._groups]

    @property
    def span(self) -> tuple[int, int] | None:
        """Earliest and latest time of all lines; None where nothing has a time."""
        timed = self.first != NO_TIME
        return (int(self.first[timed].min()), int(self.last[timed].max())) if timed.any() else None


def split_names(text: str) -> tuple[str, ...]:
    """The names in a list; a comma within parentheses or quotes belongs to a name. They may be any."""
    names: list[str] = []
    begun = ""
    for part in text.split(","):
        begun = f"{begun},{part}" if begun else part
        if begun.count("(") <= begun.count(")") and begun.count('"') % 2 == 0:
            names.append(begun.strip())
            begun = ""
    return tuple(name for name in (*names, begun.strip()) if name)


def parse_names(text: str) -> tuple[str, ...]:
    """Columns of events, separated by commas, none twice: 'TimeCreated,folder(ObjectName,2)'.

    Raises:
        NetSleuthError: One is no column of events, or there are none.
    """
    found = tuple(dict.fromkeys(event_column(name).name for name in split_names(text)))
    if not found:
        raise NetSleuthError("no field is named", hint="as in TimeCreated,EventID,SubjectUserName")
    return found


def parse_keys(text: str) -> tuple[str, ...]:
    """Fields that events are grouped by, separated by commas, as in 'EventID,folder(ObjectName,2)'.

    Raises:
        NetSleuthError: One cannot be grouped by, or there are none, or too many.
    """
    found = parse_names(text)
    for name in found:
        if named_field(name).name in {"TimeCreated", "EventRecordID"}:
            raise NetSleuthError(f"{name} is different in every event", hint="choose a field such as EventID, SubjectUserName or hour")
    if len(found) > MOST_KEYS:
        raise NetSleuthError(f"events are grouped by one to {MOST_KEYS} fields, not by {len(found)}", hint="as in EventID,SubjectUserName")
    return found


def event_groups(store: Store, rows: Rows, by: Sequence[str], *, cancelled: Callable[[], bool] = lambda: False) -> EventGroups:
    """Count selected events by the values of fields.

    Args:
        store: What was loaded.
        rows: Which events (`event_rows_of`).
        by: One to three fields, derived ones such as ext(ObjectName), folder(ObjectName,2) or hour included.
        cancelled: Asked from time to time; True ends the work.

    Raises:
        NetSleuthError: There is no such field, it is different in every event, or nobody wanted the answer any more.
    """
    ids = event_row_ids(store, rows)
    time = store.events.view().time
    raw = [raw_keys(store, name) for name in by]
    columns = [keys for keys in raw if keys is not None]
    if len(columns) == len(raw):
        found = group_codes([keys.codes for keys in columns], time, ids)
        if found is not None:
            return _of_codes(store, columns, found, ids, time)
    keys = tuple(event_keys(store, ids, name) for name in by)
    combined, size = _combined(keys, cancelled)
    occurs, group = numbered(combined, size)
    count = len(occurs)
    events = np.bincount(group, minlength=count)
    met = np.zeros(count, np.int64)
    met[group[::-1]] = np.arange(len(group))[::-1]
    order = np.lexsort((met, -events))
    place = np.empty(count, np.int64)
    place[order] = np.arange(count)
    lines = place[group]
    first, last = _times(lines, time[ids], count, in_order=store.events.in_order)
    values, rest = [], occurs[order]
    for key in reversed(keys):
        values.append(rest % key.size)
        rest = rest // key.size
    names = tuple(key.name for key in keys)
    kinds = line_kinds(store, names, ids, lines, count)
    numbers, each = tuple(reversed(values)), lines.astype(np.uint32)
    return EventGroups(names, len(ids), events[order], first, last, keys, numbers, each, np.arange(count), ids, time, kinds)


def _of_codes(store: Store, keys: Sequence[RawKeys], found: Grouped, ids: NDArray[np.uint32], time: Counts) -> EventGroups:
    """Groups that were counted by codes, the most frequent first."""
    order = np.argsort(-found.events, kind="stable")
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    numbers = tuple(found.codes[order, k].astype(np.int64) for k in range(len(keys)))
    names = tuple(key.name for key in keys)
    sides = found.events[order], found.first[order], found.last[order]
    kinds = line_kinds(store, names, ids, place[found.lines], len(order))
    return EventGroups(names, len(ids), *sides, tuple(keys), numbers, found.lines, place, ids, time, kinds)


def _combined(keys: Sequence[Keys], cancelled: Callable[[], bool]) -> tuple[Counts, int]:
    """One number for each combination of values, and what they are below.

    Raises:
        NetSleuthError: There are too many combinations, or nobody wanted the answer any more.
    """
    numbers, size = keys[0].numbers, keys[0].size
    for key in keys[1:]:
        if cancelled():
            raise NetSleuthError("the question was interrupted")
        if size > (1 << 62) // key.size:
            raise NetSleuthError("these fields have too many different values to be combined", hint="group by fewer of them")
        numbers = numbers * key.size + key.numbers
        size *= key.size
    return numbers, size


def numbered(combined: Counts, size: int) -> tuple[Counts, Counts]:
    """The numbers that occur, ascending, and for each event the place of its own."""
    if size > CELLS:
        occurs, group = np.unique(combined, return_inverse=True)
        return occurs, group.astype(np.int64)
    seen = np.zeros(size, np.bool_)
    seen[combined] = True
    occurs = np.flatnonzero(seen)
    places = np.zeros(size, np.int64)
    places[occurs] = np.arange(len(occurs))
    return occurs, places[combined]


def _times(lines: Counts, time: Counts, count: int, *, in_order: bool) -> tuple[Counts, Counts]:
    first, last = np.full(count, NO_TIME, np.int64), np.full(count, NO_TIME, np.int64)
    if in_order:  # of equal indices the last one assigned stays
        first[lines[::-1]] = time[::-1]
        last[lines] = time
        return first, last
    timed = time != NO_TIME
    first[lines[timed]] = np.iinfo(np.int64).max
    np.minimum.at(first, lines[timed], time[timed])
    np.maximum.at(last, lines[timed], time[timed])
    return first, last


def group_column(name: str, *, readable: bool) -> Column:
    """Header and kind of the column of a field that events are grouped by."""
    column = event_column(name)
    return Column(column.name) if readable and column.name == "Level" else column


def event_groups_table(store: Store, scope: Scope, by: Sequence[str], *, readable: bool = False) -> Table:
    """One row per combination of values that occurs: the values, count, first, last.

    Args:
        store: What was loaded.
        scope: Which events of it.
        by: One to three fields.
        readable: What codes stand for instead of the codes, where that is known.

    Raises:
        FilterError: The filter is not valid.
        NetSleuthError: There is no such field, or it is different in every event.
    """
    found = event_groups(store, event_rows_of(store, scope), by)
    columns = (*(group_column(name, readable=readable) for name in by), Column("count", "integer"), Column("first"), Column("last"))

    def block(first: int) -> list[list[Cell]]:
        values = found.values(first, BLOCK, readable=readable)
        sides = [list(column) for column in zip(*values, strict=True)]
        times: list[list[Cell]] = [[time_cell(time) for time in each[first : first + BLOCK].tolist()] for each in (found.first, found.last)]
        return [*sides, found.events[first : first + BLOCK].tolist(), *times]

    return Table(columns, (block(first) for first in range(0, len(found), BLOCK)))
