"""What the views of event logs have in common: keys from one to the other, how values are shown, lines that are counted from events."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from netsleuth_tui.terminal.sanitize import display
from netsleuth_tui.tui.keys import footer_key
from netsleuth_tui.tui.numbers import share
from netsleuth_tui.tui.widgets.counted_table import Answer, CountedTable
from netsleuth_tui.wording import grouped

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from rich.style import Style

    from netsleuth_tui.scope import Scope
    from netsleuth_tui.tabular import Cell
    from netsleuth_tui.tui.panes import Look, Seen
    from netsleuth_tui.tui.widgets.column_table import TableColumn

__all__ = ["VIEW_KEYS", "CountedEvents", "EventAnswer", "EventLines", "clock_of", "spread_columns", "value_text"]

VIEW_KEYS = (
    footer_key("events.ids", "i", "screen.tab('events')", "ids", "what the events are: by id, provider, log, level, computer, user"),
    footer_key("events.list", "o", "screen.tab('event-list')", "one by one", "the events one by one, with any field as a column"),
    footer_key("events.fields", "d", "screen.tab('event-fields')", "data", "which event data these events have, and their values"),
    footer_key("events.groups", "p", "screen.tab('event-groups')", "groups", "the events grouped by up to three fields"),
)
"""From each view of the events to the others."""

NARROW = 100
FEW, MANY = 12, 24
"""Columns of a line's small time line, where there is little room and much."""
DAY_AND_MONTH = 5
CELL = 400
"""Characters of a cell at most; the detail shows all of a value."""


def spread_columns(width: int) -> int:
    """Columns of a line's small time line, on a screen of so many."""
    return FEW if width < NARROW else MANY


def value_text(value: Cell, limit: int = CELL) -> str:
    """A value of an event on one line, made harmless."""
    if value is None:
        return ""
    return display(" ".join(str(value)[: 4 * limit].split()), limit=limit)


def clock_of(time: int | None, date: int = 0) -> str:
    """The time of day, to the second behind a day, or the whole date where years have to be told apart; '' for none."""
    from netsleuth_tui.analysis import clock
    from netsleuth_tui.analysis.times import dated
    from netsleuth_tui.decode.columns import NO_TIME

    if time is None or time == NO_TIME:
        return ""
    return dated(time, date).rstrip() if date > DAY_AND_MONTH else f"{dated(time, date)}{clock(time, 0 if date else 3)}"


@dataclass(frozen=True, slots=True)
class EventAnswer(Answer):
    """Lines that were counted from events."""

    events: int = 0
    """Events that were loaded."""
    asked: Hashable = None
    """What else the lines depend on."""

    def still_holds(self, look: Look, asked: Hashable) -> bool:
        """True if nothing would be counted otherwise now."""
        return (self.scope, self.events, self.asked) == (look.scope, look.store.events.rows, asked)


@dataclass(frozen=True, slots=True)
class EventLines:
    """Lines of a breakdown, as a table takes them (`counted_table.Found`)."""

    columns: dict[str, list[Any]]
    """Cells by column; 'spread' has lists of numbers, 'first' and 'last' ns since the epoch or None."""
    filters: list[str | None]

    def __len__(self) -> int:
        return len(self.filters)

    def at(self, which: Sequence[int] | NDArray[np.integer]) -> EventLines:
        """Some of them."""
        chosen = [int(k) for k in which]
        return EventLines({name: [cells[k] for k in chosen] for name, cells in self.columns.items()}, [self.filters[k] for k in chosen])

    def cells(self, name: str) -> list[Any]:
        """A column."""
        return self.columns[name]

    def numbers(self, name: str) -> NDArray[np.int64]:
        """'start' and 'duration' in ns, as the window's keys need them."""
        import numpy as np

        from netsleuth_tui.decode.columns import NO_TIME

        first, last = self.columns["first"], self.columns["last"]
        if name == "start":
            return np.array([NO_TIME if time is None else time for time in first], np.int64)
        return np.array([0 if a is None or b is None else b - a for a, b in zip(first, last, strict=True)], np.int64)

    def order(self, name: str, *, descending: bool = False) -> NDArray[np.uint32]:
        """Sorted by a column: numbers by size, then texts; what is absent comes last."""
        import numpy as np

        cells = self.columns[name]
        there = [k for k, cell in enumerate(cells) if cell is not None]
        absent = [k for k, cell in enumerate(cells) if cell is None]
        there.sort(key=lambda k: _rank(cells[k]), reverse=descending)
        return np.array(there + absent, np.uint32)

    def key(self, number: int) -> Hashable:
        """Its filter tells it from all others."""
        return self.filters[number]

    def find(self, key: Any) -> int | None:
        """The number of a key."""
        return self.filters.index(key) if key in self.filters else None

    def filter(self, number: int) -> Any:
        """The filter of its events; None where none can say it."""
        return self.filters[number]


def _rank(cell: Any) -> tuple[bool, Any]:
    if isinstance(cell, list):
        return False, max(cell, default=0)
    return isinstance(cell, str), cell.lower() if isinstance(cell, str) else cell


class CountedEvents(CountedTable):
    """Lines that are counted from the events of the scope."""

    _date = 0
    """How much of their date first and last times are shown with (`analysis.times.date_for`)."""

    def answer(self, seen: Seen, result: Any) -> None:
        """Show other lines."""
        from netsleuth_tui.analysis.times import date_for

        self._date = date_for(seen.store.span)
        super().answer(replace(seen, nothing=seen.no_events), result)

    def frames(self, scope: Scope) -> None:
        """Events have none."""

    def cell_text(self, name: str, cell: Any) -> str:
        """Counts grouped, shares in percent, times of day, and a line's own small time line."""
        if cell is None:
            return ""
        if name == "spread":
            return self.glyphs.sparkline(cell)
        if name == "share":
            return share(*cell)
        if name in {"first", "last"}:
            return clock_of(cell, self._date)
        return grouped(cell) if name == "events" else value_text(cell)

    def cell_style(self, column: TableColumn, text: str) -> Style:
        """Small time lines are weaker; errors stand out."""
        if column.name == "spread":
            return self.palette.muted
        return self.palette.warning if column.name == "level" and text.startswith(("Error", "Critical")) else self.palette.text

    def total(self) -> str:
        """How many lines there are."""
        return grouped(self.count()) if self.answered is not None else ""
