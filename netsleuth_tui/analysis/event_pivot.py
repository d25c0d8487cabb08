"""Events as a cross table: a row per value of the first fields, a column per value of the last one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.analysis.event_groups import EventGroups, event_groups, group_column, numbered
from netsleuth_tui.analysis.event_terms import joined_terms
from netsleuth_tui.analysis.scope import Scope, event_rows_of
from netsleuth_tui.errors import NetSleuthError
from netsleuth_tui.tabular import Cell, Column, Table
from netsleuth_tui.wording import several

if TYPE_CHECKING:
    from netsleuth_tui.store import Rows, Store

__all__ = ["MOST_COLUMNS", "EventPivot", "event_pivot", "event_pivot_table"]

MOST_COLUMNS = 100
"""Values that have a column of a cross table."""

BLOCK = 1 << 14
"""Lines per block of a table."""

Counts = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class EventPivot:
    """A cross table. Of its cells only those are kept that have events."""

    by: tuple[str, ...]
    """Names of the fields; the values of the last one have the columns."""
    down: EventGroups
    """The lines, with their totals."""
    values: tuple[Cell, ...]
    """Of the last field, by column, the most frequent first; None for events without the field."""
    names: tuple[str, ...]
    """Of the columns, no two alike: the values, and 'N others' where rarer ones are summed in a last column."""
    meanings: tuple[str, ...]
    """As `names`, with what codes stand for."""
    _cells: Counts
    """Line * columns + column of each cell that has events, ascending."""
    _events: Counts

    def __len__(self) -> int:
        return len(self.down)

    def counts(self, lines: NDArray[np.int64]) -> Counts:
        """Events in each column of some lines: (lines, columns)."""
        size = len(self.names)
        found = np.zeros((len(lines), size), np.int64)
        begins, ends = np.searchsorted(self._cells, lines * size), np.searchsorted(self._cells, (lines + 1) * size)
        many = ends - begins
        at = np.arange(int(many.sum())) + np.repeat(begins - (np.cumsum(many) - many), many)
        found[np.repeat(np.arange(len(lines)), many), self._cells[at] % size] = self._events[at]
        return found

    def column(self, column: int) -> Counts:
        """Events of all lines in one column."""
        size = len(self.names)
        chosen = self._cells % size == column
        found = np.zeros(len(self), np.int64)
        found[self._cells[chosen] // size] = self._events[chosen]
        return found

    def filter(self, line: int, column: int | None = None) -> str | None:
        """The filter for the events of a line, or of one of its cells; None where it would be too long.

        Args:
            line: Its number.
            column: Its number; the line is meant without one, and in the column of the rest.
        """
        if column is None or column >= len(self.values):
            return self.down.filter(line)
        return joined_terms(self.by, (*self.down.values(line, 1)[0], self.values[column]))


def event_pivot(
    store: Store, rows: Rows, by: Sequence[str], *, most: int = MOST_COLUMNS, cancelled: Callable[[], bool] = lambda: False
) -> EventPivot:
    """Count selected events as a cross table.

    Args:
        store: What was loaded.
        rows: Which events (`event_rows_of`).
        by: Two or three fields.
        most: Columns; the events of further, rarer values are summed in the column 'N others'.
        cancelled: Asked from time to time; True ends the work.

    Raises:
        NetSleuthError: There is no such field, it is different in every event, there are not enough of them, or nobody wanted the answer.
    """
    if len(by) < 2:
        raise NetSleuthError("a cross table needs at least two fields", hint="as in SubjectUserName,EventID")
    down, across = (event_groups(store, rows, part, cancelled=cancelled) for part in (by[:-1], by[-1:]))
    if cancelled():
        raise NetSleuthError("the question was interrupted")
    shown = len(across) if len(across) <= most + 1 else most
    values, read = (tuple(value for (value,) in across.values(0, shown, readable=readable)) for readable in (False, True))
    rest = [several(len(across) - shown, "other")] if shown < len(across) else []
    names, meanings = (_titles(across.by[0], each, rest) for each in (values, read))
    size = shown + len(rest)
    cells, cell_of = numbered(down.line_of_each() * size + np.minimum(across.line_of_each(), shown), max(len(down) * size, 1))
    events = np.bincount(cell_of, minlength=len(cells))
    return EventPivot((*down.by, *across.by), down, values, names, meanings, cells, events)


def _titles(field: str, values: Sequence[Cell], rest: Sequence[str]) -> tuple[str, ...]:
    names = [f"no {field}" if value is None else f"{value}" or "(empty)" for value in values]
    return tuple(_different([*names, *rest, "total"])[:-1])


def event_pivot_table(store: Store, scope: Scope, by: Sequence[str], *, most: int = MOST_COLUMNS, readable: bool = False) -> Table:
    """Counts as a cross table: a row per value of the first fields, a column per value of the last one, and a total.

    Args:
        store: What was loaded.
        scope: Which events of it.
        by: Two or three fields.
        most: As of `event_pivot`.
        readable: What codes stand for instead of the codes, where that is known.

    Raises:
        FilterError: The filter is not valid.
        NetSleuthError: As `event_pivot`.
    """
    found = event_pivot(store, event_rows_of(store, scope), by, most=most)
    names = found.meanings if readable else found.names
    columns = (*(group_column(name, readable=readable) for name in by[:-1]), *(Column(name, "integer") for name in (*names, "total")))

    def block(first: int) -> list[list[Cell]]:
        lines = np.arange(first, min(first + BLOCK, len(found)))
        sides = [list(column) for column in zip(*found.down.values(first, BLOCK, readable=readable), strict=True)]
        return [*sides, *found.counts(lines).T.tolist(), found.down.events[lines].tolist()]

    return Table(columns, (block(first) for first in range(0, len(found), BLOCK)))


def _different(names: Sequence[str]) -> list[str]:
    """The names, of which a repeated one gets a number: a value may be called 'total'."""
    met: dict[str, int] = {}
    found = []
    for name in reversed(names):
        met[name] = met.get(name, 0) + 1
        found.append(name if met[name] == 1 else f"{name} ({met[name]})")
    return found[::-1]
