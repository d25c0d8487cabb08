"""The events grouped by up to three fields: how many have the same values, what share that is, from when to when."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from textual.binding import BindingType

from netsleuth_tui.errors import NetSleuthError
from netsleuth_tui.tui.keys import footer_key, key
from netsleuth_tui.tui.messages import Asked, PaneChanged, TermChosen, Told
from netsleuth_tui.tui.panes import Look, Question, Seen
from netsleuth_tui.tui.widgets.column_table import TableColumn
from netsleuth_tui.tui.widgets.counted_table import Answer, in_order
from netsleuth_tui.tui.widgets.event_ids import COUNTS, TIMES
from netsleuth_tui.tui.widgets.event_views import VIEW_KEYS, CountedEvents, EventAnswer, spread_columns, value_text

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from netsleuth_tui.analysis import EventGroups, Scope
    from netsleuth_tui.store import Store
    from netsleuth_tui.tabular import Cell, Table

__all__ = ["EventGroupPane"]

FIRST = ("EventID", "SubjectUserName")
"""Fields to begin with; of those that no event has, none."""
ROOMY, WIDEST, NARROW = 140, 70, 36
"""Columns of the screen from which values of fields may be wider, and how wide they may be."""
SORTED_BY_NUMBER = {"share": "events", "spread": "events"}
"""Columns that have the order of another one."""


@dataclass(frozen=True, slots=True)
class GroupLines:
    """Groups, as a table takes them (`counted_table.Found`); texts are made of those that are seen."""

    groups: EventGroups
    columns: int
    """Of a line's small time line."""
    which: Sequence[int] | NDArray[np.integer] | None = None
    """The lines that are meant; None for all."""

    def __len__(self) -> int:
        return len(self.groups) if self.which is None else len(self.which)

    @property
    def lines(self) -> NDArray[np.int64]:
        """Numbers of the lines that are meant."""
        import numpy as np

        return np.arange(len(self.groups)) if self.which is None else np.asarray(self.which, np.int64)

    def at(self, which: Sequence[int] | NDArray[np.integer]) -> GroupLines:
        """Some of them."""
        return GroupLines(self.groups, self.columns, self.lines[which])

    def cells(self, name: str) -> list[Any]:
        """A column."""
        lines = self.lines
        if name == "spread":
            return list(self.groups.spread_of(lines, self.columns).tolist())
        if name == "share":
            return [(events, self.groups.total) for events in self.groups.events[lines].tolist()]
        if name in {"events", "first", "last"}:
            numbers: list[Any] = getattr(self.groups, name)[lines].tolist()
            return numbers
        return self.groups.cells(self.groups.by.index(name), lines)

    def numbers(self, name: str) -> NDArray[np.int64]:
        """'start' and 'duration' in ns."""
        lines = self.lines
        first = self.groups.first[lines]
        return first if name == "start" else self.groups.last[lines] - first

    def order(self, name: str, *, descending: bool = False) -> NDArray[np.uint32]:
        """Sorted by a column: numbers by size, then texts; what is absent comes last."""
        import numpy as np

        name = SORTED_BY_NUMBER.get(name, name)
        if name in {"events", "first", "last"}:
            numbers = getattr(self.groups, name)
            return np.argsort(-numbers if descending else numbers, kind="stable").astype(np.uint32)
        cells = self.cells(name)
        there = [k for k, cell in enumerate(cells) if cell is not None]
        there.sort(key=lambda k: (isinstance(cells[k], str), _folded(cells[k])), reverse=descending)
        absent = [k for k, cell in enumerate(cells) if cell is None]
        return np.array(there + absent, np.uint32)

    def key(self, number: int) -> Hashable:
        """The values of the fields."""
        return self.groups.by, self.groups.values(number, 1)[0]

    def find(self, key: Any) -> int | None:
        """The number of a key, among the first of them."""
        by, values = key
        if by != self.groups.by:
            return None
        near = self.groups.values(0, 1000)
        return near.index(values) if values in near else None

    def filter(self, number: int) -> Any:
        """The filter of its events."""
        return self.groups.filter(number)


def _folded(cell: Cell) -> Any:
    return cell.lower() if isinstance(cell, str) else cell


class EventGroupPane(CountedEvents):
    """One line per combination of values, those with most events first."""

    NAME = "event-groups"
    TITLE = "the groups of events"
    ABOUT = (
        "The events that have the same values in up to three fields: how many, what share, from when to when. b asks for the fields;"
        " besides any field there are ext(ObjectName), the extension of a file's name, folder(ObjectName,2), its first folders, hour, and"
        " Handle.ObjectName, which names the object of a handle also where the event does not. Enter narrows the filter to a line."
    )
    NO_LINES = "There is no event."

    BINDINGS: ClassVar[list[BindingType]] = [
        footer_key(
            "event_groups.only", "enter", "narrow", "filter on it", "narrow the filter to these events; once more widens it", "Enter"
        ),
        footer_key("event_groups.by", "b", "by", "group by …", "choose the fields: up to three, and what is made of them"),
        key("event_groups.fewer", "D", "fewer", "do not group by the column under the cursor any more"),
        *VIEW_KEYS,
    ]

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        self.by: tuple[str, ...] = ()
        """Fields; empty until the first question."""
        super().__init__((TableColumn("EventID", "EventID"), *COUNTS, *TIMES), None, id=id)

    def question(self) -> Question:
        """Count, unless only the order is another one."""
        return partial(_count, self.by, spread_columns(self.app.size.width), self.sorted_by, self.answered)

    def answer(self, seen: Seen, result: Any) -> None:
        """Show other lines; what they are grouped by was settled when they were counted."""
        by = result.found.groups.by
        if by != self.by or not {column.name for column in self.columns} >= set(by):
            self.by = by
            self.columns, self.column = self.choices(), 0
        super().answer(seen, result)

    def group_by(self, by: Sequence[str]) -> None:
        """Group by other fields."""
        self.by, self.sorted_by = tuple(by), None
        self.columns, self.column = self.choices(), 0
        self.forget()
        self.post_message(PaneChanged(self))

    def add(self, name: str) -> None:
        """Group by one more field, or go to it where that is done already; the last one gives way where there are three."""
        from netsleuth_tui.analysis import MOST_KEYS

        if name not in self.by:
            self.group_by([*self.by[: MOST_KEYS - 1], name])

    def choices(self) -> list[TableColumn]:
        """The fields, and what is counted."""
        fields = [
            TableColumn(name, name, f"Value of {name}", widest=WIDEST if self.app.size.width >= ROOMY else NARROW)
            for name in self.by or FIRST[:1]
        ]
        return [*fields, *COUNTS, *TIMES]

    def cell_text(self, name: str, cell: Any) -> str:
        """Values of fields whatever their name is; the rest as it is counted."""
        if name in self.by:
            return value_text(cell) if cell is not None else "-"
        return super().cell_text(name, cell)

    def action_by(self) -> None:
        """Ask for the fields."""
        note = "up to three, such as ProcessName,ext(ObjectName),hour; folder(ObjectName,2), Handle.ObjectName"
        self.post_message(Asked("Group by", ",".join(self.by), note, self._take))

    def _take(self, text: str) -> str | None:
        from netsleuth_tui.analysis import parse_keys

        try:
            found = parse_keys(text)
        except NetSleuthError as error:
            return str(error)
        self.group_by(found)
        return None

    def action_fewer(self) -> None:
        """One field less."""
        if self.name_here not in self.by:
            self.post_message(Told("the events are not grouped by this column", "warning"))
        elif len(self.by) == 1:
            self.post_message(Told("the events have to be grouped by something: b asks for the fields", "warning"))
        else:
            self.group_by([name for name in self.by if name != self.name_here])

    def action_narrow(self) -> None:
        """Narrow the filter to this line."""
        term = self.term()
        if term is not None:
            self.post_message(TermChosen(term))

    def export_table(self) -> Callable[[Store, Scope], Table] | None:
        """All lines."""
        return partial(_table, self.by) if self.by else None


def _count(by: tuple[str, ...], columns: int, sorted_by: tuple[str, bool] | None, before: Answer | None, look: Look) -> EventAnswer:
    from netsleuth_tui.analysis import event_groups

    store = look.store
    by = by or tuple(name for name in FIRST if name == "EventID" or name in store.events.fields())
    asked, events = (by, columns), store.events.rows
    if isinstance(before, EventAnswer) and before.still_holds(look, asked):
        lines = before.found
    else:
        lines = GroupLines(event_groups(store, look.event_rows, by, cancelled=look.cancelled), columns)
    answer = in_order(lines, sorted_by, look, store.packets)
    return EventAnswer(answer.found, answer.order, answer.scope, answer.packets, events, asked)


def _table(by: tuple[str, ...], store: Store, scope: Scope) -> Table:
    from netsleuth_tui.analysis import event_groups_table

    return event_groups_table(store, scope, by)
