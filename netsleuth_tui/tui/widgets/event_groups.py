"""The events grouped by up to three fields: how many have the same values, what share that is, from when to when."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from itertools import accumulate
from typing import TYPE_CHECKING, Any, ClassVar

from textual.binding import BindingType

from netsleuth_tui.errors import NetSleuthError
from netsleuth_tui.tui.drawing import Part, cut_path
from netsleuth_tui.tui.keys import footer_key, key
from netsleuth_tui.tui.messages import Asked, PaneChanged, TermChosen, Told
from netsleuth_tui.tui.panes import Look, Question, Seen
from netsleuth_tui.tui.widgets.column_table import TableColumn
from netsleuth_tui.tui.widgets.counted_table import Answer, Found, in_order
from netsleuth_tui.tui.widgets.event_groups_lines import GroupLines
from netsleuth_tui.tui.widgets.event_ids import COUNTS, TIMES
from netsleuth_tui.tui.widgets.event_pivot import WIDEST_VALUE, PivotLines, column_number, value_columns
from netsleuth_tui.tui.widgets.event_views import VIEW_KEYS, CountedEvents, EventAnswer, spread_columns, value_text
from netsleuth_tui.tui.widgets.shared_room import shared

if TYPE_CHECKING:
    from rich.style import Style

    from netsleuth_tui.analysis import Scope
    from netsleuth_tui.store import Store
    from netsleuth_tui.tabular import Table

__all__ = ["EventGroupPane"]

FIRST = ("EventID", "SubjectUserName")
"""Fields to begin with; of those that no event has, none."""
ROOMY, WIDEST, NARROW = 140, 70, 36
"""Columns of the screen from which values of fields may be wider, and how wide they may be."""
SEEN = {"events", "share"}
"""Columns that stay in view: those that stand before them share what room is left."""
MORE = 3
"""Cells at the right that say that there is more."""
LEAST_FIELD, LEAST_VALUE = 8, 7
"""Cells that a field, and a column of a cross table, has at least; titles are cut to that, numbers never."""


class EventGroupPane(CountedEvents):
    """One line per combination of values, those with most events first."""

    NAME = "event-groups"
    TITLE = "the groups of events"
    ABOUT = (
        "The events that have the same values in up to three fields: how many, what share, from when to when. b asks for the fields;"
        " besides any field there are ext(ObjectName), the extension of a file's name, folder(ObjectName,2), its first folders, hour, and"
        " Handle.ObjectName, which names the object of a handle also where the event does not. Enter narrows the filter to a line."
        " Codes (access masks, %%4416, well-known SIDs, results) are shown by name where all events of a line mean the same by them;"
        " r shows them as the log has them, which is what filters take."
        " X makes a cross table of two or three fields, with a column for each value of the last one, where rarer ones are summed; Enter"
        " narrows to the cell under the cursor there."
    )
    NO_LINES = "There is no event."

    BINDINGS: ClassVar[list[BindingType]] = [
        footer_key(
            "event_groups.only", "enter", "narrow", "filter on it", "narrow the filter to these events; once more widens it", "Enter"
        ),
        footer_key("event_groups.by", "b", "by", "group by …", "choose the fields: up to three, and what is made of them"),
        footer_key("event_groups.cross", "X", "cross", "cross table", "lines, or a cross table: a column for each value of the last field"),
        footer_key("event_groups.raw", "r", "raw", "raw", "values as the log has them, or what they stand for"),
        key("event_groups.fewer", "D", "fewer", "do not group by the column under the cursor any more"),
        *VIEW_KEYS,
    ]

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        self.by: tuple[str, ...] = ()
        """Fields; empty until the first question."""
        self.crossed = False
        """A cross table is shown."""
        self.raw = False
        """Values as the log has them."""
        self._shared: dict[str, int] = {}
        super().__init__((TableColumn("EventID", "EventID"), *COUNTS, *TIMES), None, id=id)

    def question(self) -> Question:
        """Count, unless only the order is another one."""
        if self.crossed:
            return partial(_count_pivot, self.by, self.raw, self.sorted_by, self.answered)
        return partial(_count, self.by, spread_columns(self.app.size.width), self.raw, self.sorted_by, self.answered)

    def answer(self, seen: Seen, result: Any) -> None:
        """Show other lines; what they are grouped by was settled when they were counted."""
        found = result.found
        if isinstance(found, PivotLines) != self.crossed:
            return  # an answer to the question before: the other one is on its way
        by = found.pivot.by if isinstance(found, PivotLines) else found.groups.by
        if by != self.by or self.crossed or not {column.name for column in self.columns} >= set(by):
            self.by = by
            self.columns = self._columns(found)
            self.column = min(self.column, len(self.columns) - 1) if self.crossed else 0
        if self.answered is not None and self.answered.found.raw != found.raw:
            self.forget_widths()
        super().answer(seen, result)

    def group_by(self, by: Sequence[str]) -> None:
        """Group by other fields."""
        self.by, self.sorted_by = tuple(by), None
        self.crossed = self.crossed and len(self.by) > 1
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
        return self._columns(self.answered.found if self.answered is not None else None)

    def _columns(self, found: Found | None) -> list[TableColumn]:
        fields = [
            TableColumn(name, name, f"Value of {name}", widest=WIDEST if self.app.size.width >= ROOMY else NARROW)
            for name in self.by or FIRST[:1]
        ]
        if not self.crossed:
            return [*fields, *COUNTS, *TIMES]
        return [*fields[:-1], *(value_columns(found.pivot, raw=self.raw) if isinstance(found, PivotLines) else ())]

    def _width(self, column: TableColumn) -> int:
        return self._shared.get(column.name) or super()._width(column)

    def _measure(self) -> bool:
        """The fields, and the titles of a cross table, give way to numbers."""
        grown, before = super()._measure(), self._shared
        self._shared = {}
        self._shared = self._of_cross_table() if self.crossed else self._of_fields()
        return grown or self._shared != before

    def _of_fields(self) -> dict[str, int]:
        """Widths of the fields, so that how many events there are is in view beside them."""
        room = self.size.width - max(len(self.total()) + 3, MORE)
        fields = self._sharing(self.by)
        last = max((k for k, column in enumerate(self.columns) if column in fields or column.name in SEEN), default=-1)
        rest = sum(self._width(column) for column in self.columns[: last + 1] if column not in fields)
        return self._share(fields, room - rest - self.gap * last)

    def _of_cross_table(self) -> dict[str, int]:
        """Widths of the fields, which leave the columns of values half of the room at least, and of those: as wide as their numbers."""
        fields = self._sharing(self.by)
        values = [column for column in self.columns if column_number(column.name) is not None and column.name not in self._given]
        others = [column for column in self.columns if column not in fields and column not in values]
        room = self.size.width - MORE - sum(self._width(column) for column in others) - self.gap * (len(self.columns) - len(values) - 1)
        numbers = [max(self._measured.get(column.name, 0), LEAST_VALUE) for column in values]
        found = self._share(fields, max(room - sum(numbers) - self.gap * len(values), room // 2))
        room -= sum(found.values())
        titles = [min(len(self._title(column)), WIDEST_VALUE) for column in values]
        widths = list(map(max, shared(titles, room - self.gap * len(values), LEAST_VALUE), numbers))
        ends = list(accumulate(width + self.gap for width in widths))
        whole = bisect_right(ends, room)
        if 0 < whole < len(widths):  # no number is cut where the screen ends
            extra, odd = divmod(room - ends[whole - 1], whole)
            widths[:whole] = [width + extra + (k < odd) for k, width in enumerate(widths[:whole])]
        return found | {column.name: width for column, width in zip(values, widths, strict=True)}

    def _sharing(self, names: Sequence[str]) -> list[TableColumn]:
        """Columns that share the room: those to which the user gave a width have it."""
        return [column for column in self.columns if column.name in names and column.name not in self._given]

    def _share(self, columns: Sequence[TableColumn], room: int) -> dict[str, int]:
        widths = shared([self._width(column) for column in columns], room, LEAST_FIELD)
        return {column.name: width for column, width in zip(columns, widths, strict=True)}

    def _laid_out(self, cells: Sequence[str], styles: Sequence[Style], width: int, mark: str = "") -> list[Part]:
        clipped = self.glyphs.ellipsis
        shown = [cut_path(cell, self._width(column), clipped) for cell, column in zip(cells, self.columns, strict=True)]
        return super()._laid_out(shown, styles, width, mark)

    def cell_text(self, name: str, cell: Any) -> str:
        """Values of fields whatever their name is; the rest as it is counted."""
        if name in self.by:
            return value_text(cell) if cell is not None else "-"
        return super().cell_text("events" if column_number(name) is not None else name, cell)

    def term(self) -> str | None:
        """The filter for the events of the line, or of the cell of a cross table."""
        number, found = self.number, self.answered.found if self.answered is not None else None
        if number is None or not isinstance(found, PivotLines):
            return super().term()
        return found.pivot.filter(number, column_number(self.name_here))

    def action_cross(self) -> None:
        """Lines, or a cross table."""
        if not self.crossed and len(self.by) < 2:
            self.post_message(Told("a cross table needs two fields: b asks for them", "warning"))
            return
        self.crossed = not self.crossed
        self.group_by(self.by)

    def action_raw(self) -> None:
        """Codes, or what they stand for."""
        self.raw = not self.raw
        self.post_message(PaneChanged(self))

    def total(self) -> str:
        """How many lines there are, and that values are as the log has them."""
        return f"{'raw ' if self.raw else ''}{super().total()}"

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
        return partial(_table, self.by, crossed=self.crossed, readable=not self.raw) if self.by else None


def _count(
    by: tuple[str, ...], columns: int, raw: bool, sorted_by: tuple[str, bool] | None, before: Answer | None, look: Look
) -> EventAnswer:
    from netsleuth_tui.analysis import event_groups

    store = look.store
    by = by or tuple(name for name in FIRST if name == "EventID" or name in store.events.fields())
    asked, events = (by, columns), store.events.rows
    if isinstance(before, EventAnswer) and before.still_holds(look, asked):
        lines = before.found
    else:
        lines = GroupLines(event_groups(store, look.event_rows, by, cancelled=look.cancelled), columns)
    answer = in_order(replace(lines, raw=raw), sorted_by, look, store.packets)
    return EventAnswer(answer.found, answer.order, answer.scope, answer.packets, events, asked)


def _count_pivot(by: tuple[str, ...], raw: bool, sorted_by: tuple[str, bool] | None, before: Answer | None, look: Look) -> EventAnswer:
    from netsleuth_tui.analysis import event_pivot

    store, asked = look.store, ("pivot", by)
    events = store.events.rows
    if isinstance(before, EventAnswer) and before.still_holds(look, asked):
        lines = before.found
    else:
        lines = PivotLines(event_pivot(store, look.event_rows, by, cancelled=look.cancelled))
    if sorted_by is not None and (column_number(sorted_by[0]) or 0) >= len(lines.pivot.names):
        sorted_by = None  # there are fewer values than before
    answer = in_order(replace(lines, raw=raw), sorted_by, look, store.packets)
    return EventAnswer(answer.found, answer.order, answer.scope, answer.packets, events, asked)


def _table(by: tuple[str, ...], store: Store, scope: Scope, *, crossed: bool, readable: bool) -> Table:
    from netsleuth_tui.analysis import event_groups_table, event_pivot_table

    return (event_pivot_table if crossed else event_groups_table)(store, scope, by, readable=readable)
