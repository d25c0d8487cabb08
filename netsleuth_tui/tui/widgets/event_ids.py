"""What is in the logs: events by id with what they are about, or by provider, log, level, computer, user."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from textual.binding import BindingType

from netsleuth_tui.tui.keys import footer_key
from netsleuth_tui.tui.messages import PaneChanged, TermChosen
from netsleuth_tui.tui.panes import Look, Question
from netsleuth_tui.tui.widgets.column_table import TableColumn
from netsleuth_tui.tui.widgets.counted_table import Answer, in_order
from netsleuth_tui.tui.widgets.event_views import VIEW_KEYS, CountedEvents, EventAnswer, EventLines, spread_columns

if TYPE_CHECKING:
    from netsleuth_tui.analysis import Scope
    from netsleuth_tui.store import Store
    from netsleuth_tui.tabular import Table

__all__ = ["EventIdPane"]

COUNTS = (
    TableColumn("events", "Events", "How many there are", right=True),
    TableColumn("share", "Share", "Of all events that are looked at", right=True),
    TableColumn("spread", "Over time", "How they are spread over the time of all events that are looked at"),
)
TIMES = (
    TableColumn("first", "First", "Time of the first one"),
    TableColumn("last", "Last", "Time of the last one"),
)
ID_COLUMNS = (
    TableColumn("event_id", "EventID", "Which kind of event of its provider", short="ID", right=True),
    TableColumn("title", "Title", "What it is about, in our own words: logs hold no message texts"),
    *COUNTS,
    TableColumn("level", "Level", "Levels that occur, the most frequent first"),
    TableColumn("provider", "Provider", "The program that logged it"),
    TableColumn("channel", "Log", "The log that it went to"),
    *TIMES,
)
FIELDS = ("EventID", "Provider", "Channel", "Level", "Computer", "UserID")
"""What the lines are counted by, in turn."""


class EventIdPane(CountedEvents):
    """One line per event id and provider, those with most events first."""

    NAME = "event-ids"
    TITLE = "the events by id"
    ABOUT = (
        "What the events are, the most frequent first: event id, what it is about (in the program's own words, or those of event_titles.csv"
        " in the configuration directory), how many, and when. Enter narrows the filter to a line, once more widens it; then d tells which"
        " data these events have. v counts by provider, log, level, computer or user instead."
    )
    NO_LINES = "There is no event."

    BINDINGS: ClassVar[list[BindingType]] = [
        footer_key("event_ids.only", "enter", "narrow", "filter on it", "narrow the filter to these events; once more widens it", "Enter"),
        footer_key("event_ids.by", "v", "by", "by …", "count by event id, provider, log, level, computer, user in turn"),
        *VIEW_KEYS,
    ]

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        self.by = FIELDS[0]
        """The field that tells lines apart."""
        super().__init__(ID_COLUMNS, None, id=id)

    def question(self) -> Question:
        """Count, unless only the order is another one."""
        return partial(_count, self.by, spread_columns(self.app.size.width), self.sorted_by, self.answered)

    def is_slow(self) -> bool:
        """False: it is what is looked at first."""
        return False

    def choices(self) -> list[TableColumn]:
        """All columns of such lines."""
        return list(ID_COLUMNS if self.by == "EventID" else _columns(self.by))

    def action_by(self) -> None:
        """Count by the next field."""
        self.by = FIELDS[(FIELDS.index(self.by) + 1) % len(FIELDS)]
        self.sorted_by = None
        self.columns, self.column = self.choices(), 0
        self.forget()
        self.post_message(PaneChanged(self))

    def action_narrow(self) -> None:
        """Narrow the filter to this line."""
        term = self.term()
        if term is not None:
            self.post_message(TermChosen(term))

    def export_table(self) -> Callable[[Store, Scope], Table]:
        """All lines."""
        return partial(_table, self.by)


def _columns(by: str) -> tuple[TableColumn, ...]:
    return (TableColumn("value", by, f"Value of {by}"), *COUNTS, *TIMES)


def _count(by: str, columns: int, sorted_by: tuple[str, bool] | None, before: Answer | None, look: Look) -> EventAnswer:
    asked, events = (by, columns), look.store.events.rows
    lines = before.found if isinstance(before, EventAnswer) and before.still_holds(look, asked) else _lines(by, columns, look)
    answer = in_order(lines, sorted_by, look, look.store.packets)
    return EventAnswer(answer.found, answer.order, answer.scope, answer.packets, events, asked)


def _lines(by: str, columns: int, look: Look) -> EventLines:
    from netsleuth_tui.analysis import event_breakdown, event_ids, level_name

    found: Any
    if by != "EventID":
        found = event_breakdown(look.store, look.event_rows, by, columns=columns)
        cells = {"value": [line.label or None for line in found.lines]}
    else:
        found = event_ids(look.store, look.event_rows, columns=columns)
        cells = {
            "event_id": [line.event_id for line in found.lines],
            "title": [line.title or None for line in found.lines],
            "level": [", ".join(map(level_name, line.levels)) for line in found.lines],
            "provider": [line.provider or None for line in found.lines],
            "channel": [", ".join(line.channels) for line in found.lines],
        }
    return EventLines(
        cells
        | {
            "events": [line.events for line in found.lines],
            "share": [(line.events, found.total) for line in found.lines],
            "spread": [list(line.spread) for line in found.lines],
            "first": [line.first for line in found.lines],
            "last": [line.last for line in found.lines],
        },
        [line.filter for line in found.lines],
    )


def _table(by: str, store: Store, scope: Scope) -> Table:
    from netsleuth_tui.analysis import event_groups_table, event_ids_table

    return event_ids_table(store, scope) if by == "EventID" else event_groups_table(store, scope, (by,))
