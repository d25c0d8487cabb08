"""Which event data the selected events have: how often each field is there, how many values it has, and which are most frequent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from textual.binding import BindingType

from netsleuth_tui.tui.drawing import Part, cut, fit, fit_right, line
from netsleuth_tui.tui.keys import footer_key, key
from netsleuth_tui.tui.messages import EventColumnWanted, GroupWanted, PaneChanged, TermChosen
from netsleuth_tui.tui.numbers import share
from netsleuth_tui.tui.panes import Look, Pane, Question, Seen
from netsleuth_tui.tui.widgets.event_views import VIEW_KEYS, value_text
from netsleuth_tui.tui.widgets.lines import ScrolledLines
from netsleuth_tui.wording import counted, grouped

if TYPE_CHECKING:
    from textual.strip import Strip

    from netsleuth_tui.analysis import EventData, FieldLine, FieldValue, Scope
    from netsleuth_tui.store import Store
    from netsleuth_tui.tabular import Table

__all__ = ["EventFields"]

FEW, MANY = 5, 50
"""Values of each field that are found out; more with v."""
NAME, FILL, DISTINCT, EVENTS = 26, 8, 10, 11
"""Cells of the columns."""


@dataclass(frozen=True, slots=True)
class _Line:
    """A field, or one of its values."""

    field: FieldLine
    value: FieldValue | None = None


class EventFields(ScrolledLines, Pane):
    """One line per field of the event data, with its values below it where it is opened."""

    NAME = "event-fields"
    TITLE = "the event data"
    ABOUT = (
        "The event data of the events that are looked at: each field with how many of these events have it, how many different values it"
        " has, and the most frequent ones. Which data there are depends on the kind of event, so narrow the filter to one or a few event"
        " ids first. Enter opens a field and closes it again; on a value it narrows the filter to it. a makes the field a column of the"
        " events, P a field that they are grouped by; + - = put the field (that it is there) or the value into the filter."
    )
    HEADER = 1
    CURSOR_AWAY = False

    BINDINGS: ClassVar[list[BindingType]] = [
        footer_key(
            "event_fields.open",
            "enter",
            "open",
            "open/filter",
            "open the field, or close it; on a value: narrow the filter to it, once more widens it",
            "Enter",
        ),
        key("event_fields.turn", "space", "fold", "open or close the field"),
        key("event_fields.close", "left,h", "fold(0)", "close the field"),
        key("event_fields.show", "right,l", "fold(1)", "open the field"),
        footer_key("event_fields.column", "a", "column", "as a column", "show the field as a column of the events one by one"),
        footer_key("event_fields.group", "P", "group", "group by it", "group the events by the field, too"),
        key("event_fields.more", "v", "more", "more values of each field, or a few"),
        *VIEW_KEYS,
    ]

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self.most = FEW
        """Values of each field."""
        self.found: EventData | None = None
        self._opened: set[str] = set()
        self._lines: list[_Line] = []
        self._nothing = ""

    # What it asks, and is told

    def question(self) -> Question:
        """Which data the events have."""
        return partial(_ask, top=self.most)

    def is_slow(self) -> bool:
        """Always: every field is counted."""
        return True

    def answer(self, seen: Seen, result: EventData) -> None:
        """Show other fields; the cursor stays on its own where that is still there."""
        here = self.here
        self.found = result
        self._nothing = seen.no_events or ("These events have no data." if not result.lines else "")
        self._lay_out(here)

    def _lay_out(self, here: _Line | None = None) -> None:
        self._lines = []
        for field in self.found.lines if self.found is not None else ():
            self._lines.append(_Line(field))
            if field.name in self._opened:
                self._lines += [_Line(field, value) for value in field.top]
        self.reset(self._place(here))

    def _place(self, here: _Line | None) -> int:
        if here is None:
            return self.cursor
        text = here.value.text if here.value is not None else None
        same = [k for k, each in enumerate(self._lines) if each.field.name == here.field.name]
        exact = [k for k in same if (self._lines[k].value.text if self._lines[k].value is not None else None) == text]  # type: ignore[union-attr]
        return (exact or same or [self.cursor])[0]

    @property
    def here(self) -> _Line | None:
        """What is under the cursor."""
        return self._lines[self.cursor] if self.cursor < len(self._lines) else None

    # How it looks

    def count(self) -> int:
        """Fields, and values of those that are opened."""
        return len(self._lines)

    def header(self, y: int, width: int) -> Strip:  # noqa: ARG002
        """Titles."""
        titles = f"  {'Field':<{NAME}}{'Filled':>{FILL}}{'Values':>{DISTINCT}}  Most frequent"
        total = f" of {counted(self.found.total, 'event')} " if self.found is not None else ""
        room = max(width - len(total), 0)
        return line([(fit(titles, room, self.glyphs.ellipsis), self.palette.muted), (total, self.palette.muted)], width, self.palette.text)

    def draw(self, y: int, width: int) -> Strip:
        """A line; where there are none the reason."""
        if y == self.HEADER and not self._lines:
            return line([(self._nothing or "counting …", self.palette.muted)], width, self.palette.text)
        return super().draw(y, width)

    def item(self, index: int, width: int) -> list[Part]:
        r"""'▸ ObjectName  100 %  4 012  C:\\… (58) …', or a value below it with its count, share and what it stands for."""
        each, palette, clipped = self._lines[index], self.palette, self.glyphs.ellipsis
        field = each.field
        if each.value is not None:
            value = each.value
            number = fit_right(grouped(value.events), EVENTS, clipped) + fit_right(share(value.events, field.events), FILL, clipped)
            meaning = f"  {value_text(value.meaning)}" if value.meaning else ""
            text = value_text(value.text) or "(empty)"
            return [
                (f"    {number}  ", palette.muted),
                (cut(text, max(width - len(number) - 6, 1), clipped), palette.text),
                (meaning, palette.accent),
            ]
        sign = self.glyphs.opened if field.name in self._opened else self.glyphs.closed
        head = f"{sign} {fit(value_text(field.name), NAME, clipped)}"
        numbers = fit_right(share(field.events, self.found.total if self.found else 0), FILL, clipped)
        numbers += fit_right(grouped(field.distinct), DISTINCT, clipped) + "  "
        top = f" {self.glyphs.dot} ".join(f"{value_text(v.meaning or v.text, 60) or '(empty)'} ({grouped(v.events)})" for v in field.top)
        return [
            (head, palette.strong),
            (numbers, palette.text),
            (cut(top, max(width - len(head) - len(numbers), 1), clipped), palette.muted),
        ]

    # Keys

    def action_open(self) -> None:
        """Open or close a field; narrow the filter to a value."""
        here = self.here
        if here is None:
            return
        if here.value is None:
            self.action_fold()
        elif here.value.filter is not None:
            self.post_message(TermChosen(here.value.filter))

    def action_fold(self, opened: int | None = None) -> None:
        """Open (1), close (0) or turn the field under the cursor."""
        here = self.here
        if here is None:
            return
        name = here.field.name
        wanted = name not in self._opened if opened is None else bool(opened)
        self._opened = self._opened | {name} if wanted else self._opened - {name}
        self._lay_out(here if wanted else _Line(here.field))

    def action_column(self) -> None:
        """A column of the events."""
        if self.here is not None:
            self.post_message(EventColumnWanted(self.here.field.name))

    def action_group(self) -> None:
        """A field that the events are grouped by."""
        if self.here is not None:
            self.post_message(GroupWanted(self.here.field.name))

    def action_more(self) -> None:
        """Find out more values, or fewer."""
        self.most = MANY if self.most == FEW else FEW
        self.post_message(PaneChanged(self))

    # What lies under the cursor

    def term(self) -> str | None:
        """That the field is there, or has the value."""
        here = self.here
        if here is None:
            return None
        return here.value.filter if here.value is not None else here.field.filter

    def export_table(self) -> Callable[[Store, Scope], Table]:
        """One row per field."""
        return partial(_table, top=self.most)

    def frames(self, scope: Scope) -> None:
        """Events have none."""

    def text_as_shown(self) -> None:
        """The table says more."""


def _ask(look: Look, *, top: int) -> Any:
    from netsleuth_tui.analysis import event_data

    return event_data(look.store, look.event_rows, top=top)


def _table(store: Store, scope: Scope, *, top: int) -> Table:
    from netsleuth_tui.analysis import event_data_table

    return event_data_table(store, scope, top=top)
