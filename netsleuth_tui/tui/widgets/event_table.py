"""The events one by one: every event of the scope, drawn from the page that is seen; any field is a column."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from textual.binding import Binding, BindingType

from netsleuth_tui.tui.event_pages import EventPages
from netsleuth_tui.tui.keys import footer_key, key
from netsleuth_tui.tui.messages import EventDetailRequested, EventRowChanged, GroupWanted, Told
from netsleuth_tui.tui.panes import Look, Question, Seen
from netsleuth_tui.tui.widgets.column_table import TableColumn
from netsleuth_tui.tui.widgets.event_views import VIEW_KEYS
from netsleuth_tui.tui.widgets.paged_table import PagedTable

if TYPE_CHECKING:
    from netsleuth_tui.analysis import Found, Scope
    from netsleuth_tui.store import Store
    from netsleuth_tui.tabular import Table

__all__ = ["EventTable", "event_columns"]

USUAL = (
    TableColumn("EventRecordID", "Record", "Number of the record in its log", right=True),
    TableColumn("TimeCreated", "Time", "When the event was logged (UTC, to 100 ns)"),
    TableColumn("EventID", "EventID", "Which kind of event of its provider", short="ID", right=True),
    TableColumn("title", "Title", "What it is about, in our own words"),
    TableColumn("info", "Data", "The event data in one line", long=True),
)
"""Columns to begin with."""


def _column(name: str) -> TableColumn:
    """The column of a field, or of what can be shown beside fields."""
    from netsleuth_tui.analysis import BESIDE, event_column
    from netsleuth_tui.query.event_fields import EVENT_FIELDS

    for column in USUAL:
        if column.name == name:
            return column
    field = EVENT_FIELDS.get(name)
    about = BESIDE.get(name) or (field.description if field is not None else "Event data")
    return TableColumn(name, name, about, right=event_column(name).kind == "integer")


def event_columns(store: Store) -> list[TableColumn]:
    """Every field that the events of a store have, and what can be shown beside them."""
    from netsleuth_tui.analysis import BESIDE
    from netsleuth_tui.query.event_fields import DERIVED, EVENT_FIELDS, data_name

    data = [data_name(name) for name in store.events.fields()]
    made = DERIVED if "ObjectName" in data else ()
    return [_column(name) for name in dict.fromkeys([*EVENT_FIELDS, *BESIDE, *data, *made])]


class EventTable(PagedTable[EventPages]):
    """One line per event, with a header."""

    NAME = "events"
    TITLE = "the events one by one"
    ABOUT = (
        "One line per event, all of them. Any field can be a column, event data such as SubjectUserName, ObjectName or AccessMask included;"
        " c chooses them, and in the data (d) a adds one. The cell under both cursors is what + - = put into the filter: a time stands for"
        " its second, title and data for the kind of event. Codes (access masks, %%4416, well-known SIDs, results) are shown by name; r"
        " shows them as the log has them. What a log does not say itself: 4660 (object deleted) names no object; the column"
        " Handle.ObjectName has it from the 4656 that opened the handle."
    )

    ITEM, ITEMS = "event", "events"
    WHERE_TO = "Go to record number or time:"

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "enter", "open", "detail", id="event_list.detail", key_display="Enter", tooltip="show all fields of the event, and its XML"
        ),
        footer_key("event_list.raw", "r", "raw", "raw", "values as the log has them, or what they stand for"),
        key("event_list.group", "P", "group", "group the events by the column under the cursor, too"),
        key("event_list.go", "at,ctrl+g", "go", "go to an event by its record number, or to a time", "@"),
        key("event_list.mark", "m", "mark", "mark the event, or take its mark away"),
        key("event_list.next_mark", "apostrophe", "to_mark(1)", "to the next mark", "'"),
        key("event_list.previous_mark", "quotation_mark", "to_mark(-1)", "to the mark before", '"'),
        *VIEW_KEYS,
    ]

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(USUAL, id=id)
        self.raw = False
        """Values as the log has them."""
        self._out_of_order = False
        """The logs overlap: events have to be brought into the order of time first."""

    # What is shown

    def question(self) -> Question:
        """The events, and their order where it is not that of the logs."""
        return partial(_ordered, self.sorted_by)

    def is_slow(self) -> bool:
        """True while the events have to be sorted."""
        return self.sorted_by is not None or self._out_of_order

    def answer(self, seen: Seen, result: Any) -> None:
        """Show other events, as `put` does."""
        rows, order, by_time = result
        self.sorting = False
        self._out_of_order = seen.store.logs_overlap and not seen.store.events.in_order
        self.nothing = seen.no_events
        pages = EventPages(seen.store, rows, self._names, order=order, by_time=by_time, raw=self.raw)
        self.put(pages, same_scope=seen.same_scope, order=self.sorted_by)
        self.post_message(EventRowChanged(self.row, by_key=False))

    def remark(self) -> str:
        """How many events are marked, and that values are as the log has them."""
        return f"{'raw ' if self.raw else ''}{super().remark()}"

    def cursor_moved(self) -> None:
        """Say which event it is."""
        self.post_message(EventRowChanged(self.row))

    # Columns

    def choices(self) -> list[TableColumn]:
        """Every field that an event has, and what can be shown beside them."""
        fields = event_columns(self._pages.store) if self._pages is not None else []
        return [*self.columns, *(column for column in fields if column.name not in self._names)]

    def can_sort(self, name: str) -> bool:
        """By any but all data in one line."""
        from netsleuth_tui.analysis import can_sort_events

        return can_sort_events(name)

    def _make_pages(self) -> None:
        old = self._pages
        if old is not None:
            self._pages = EventPages(old.store, old.rows, self._names, order=old.order, by_time=old.by_time, raw=self.raw)

    def show_columns(self, columns: Sequence[TableColumn]) -> None:
        """Read other fields of the same events."""
        self.columns = list(columns)
        self._make_pages()
        super().show_columns(columns)

    def add_column(self, name: str) -> None:
        """Show a field, before the data in one line, or go to it where it is shown already."""
        if name not in self._names:
            at = self._names.index("info") if "info" in self._names else len(self.columns)
            self.show_columns([*self.columns[:at], _column(name), *self.columns[at:]])
        self.column = self._names.index(name)
        self.action_column(0)

    def action_raw(self) -> None:
        """Codes, or what they stand for."""
        self.raw = not self.raw
        self._make_pages()
        self.forget_widths()
        self.redraw()

    def action_group(self) -> None:
        """Group by the column, too."""
        from netsleuth_tui.analysis import BESIDE

        if self.name_here in BESIDE or self.name_here in {"TimeCreated", "EventRecordID"}:
            self.post_message(Told(f"events cannot be grouped by {self.columns[self.column].title}: choose another column", "warning"))
        else:
            self.post_message(GroupWanted(self.name_here))

    # Filters

    def term(self) -> str | None:
        """The cell under both cursors."""
        from netsleuth_tui.analysis import event_cell_filter

        if self._pages is None or self.row is None:
            return None
        return event_cell_filter(self._pages.store, self.row, self.name_here)

    def cursor_time(self) -> tuple[int, int] | None:
        """The instant of the event."""
        from netsleuth_tui.decode.columns import NO_TIME

        if self._pages is None or self.row is None:
            return None
        time = int(self._pages.store.events.view().time[self.row])
        return (time, time + 1) if time != NO_TIME else None

    def export_table(self) -> Callable[[Store, Scope], Table]:
        """All events of the scope in this order, with the columns that were chosen; where none were, with all fields that they have."""
        from netsleuth_tui.analysis import event_table

        chosen = None if self._names == [column.name for column in USUAL] else tuple(self._names)
        return partial(event_table, fields=chosen, sorted_by=self.sorted_by, readable=not self.raw and chosen is not None)

    def frames(self, scope: Scope) -> None:
        """Events have none."""

    def find(self, pages: EventPages, text: str) -> Found:
        """By its record number, or its time."""
        from netsleuth_tui.analysis import find_event

        return find_event(pages.store, pages.rows, text, self.row)

    def action_open(self) -> None:
        """Show the event in detail."""
        if self.row is not None:
            self.post_message(EventDetailRequested())


def _ordered(sorted_by: tuple[str, bool] | None, look: Look) -> Any:
    from netsleuth_tui.analysis import events_in_order, sorted_events

    rows = look.event_rows
    if sorted_by is None:
        return rows, events_in_order(look.store, rows, look.cancelled), True
    return rows, sorted_events(look.store, rows, sorted_by[0], descending=sorted_by[1], cancelled=look.cancelled), False
