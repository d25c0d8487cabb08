"""The event under the cursor: every field with its value and what that stands for, and the record as XML."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache, partial
from typing import TYPE_CHECKING, ClassVar

from rich.cells import cell_len
from textual.containers import Horizontal

from netsleuth_tui.errors import NetSleuthError
from netsleuth_tui.terminal.sanitize import display
from netsleuth_tui.tui.drawing import Part, cut, folded, line
from netsleuth_tui.tui.keys import footer_key, key
from netsleuth_tui.tui.messages import EventColumnWanted, EventReady, GroupWanted, Told
from netsleuth_tui.tui.widgets.detail import DetailHeading
from netsleuth_tui.tui.widgets.event_views import VIEW_KEYS
from netsleuth_tui.tui.widgets.lines import UNSEEN, ScrolledLines
from netsleuth_tui.tui.widgets.row_detail import RowDetail
from netsleuth_tui.wording import counted, file_name, grouped

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.binding import BindingType
    from textual.strip import Strip
    from textual.widget import Widget

    from netsleuth_tui.analysis import EventReading, ReadField, Scope
    from netsleuth_tui.session import Session
    from netsleuth_tui.store import Store
    from netsleuth_tui.tabular import Table
    from netsleuth_tui.tui.lane import Lane

__all__ = ["EventPane"]

NAME = 24
VALUE, LONGEST = 1024, 20_000
"""Characters of a value: in a line, and where all of it is shown."""
MOST_LINES = 5000
"""Lines of XML."""
LEAST_TERM = 16
"""Cells that a filter in the heading needs."""
LEAST_LINE = 20
"""Cells to which lines of XML are folded at least."""
BETWEEN = re.compile(r">(?=<[A-Za-z])")
"""Where an element begins behind the tag of the one that it is in."""
BESIDE = 60
"""Columns of the XML beside the fields."""


class EventFieldList(ScrolledLines):
    """Name, value and meaning of each field."""

    CURSOR_AWAY = False

    BINDINGS: ClassVar[list[BindingType]] = [
        footer_key("event_detail.whole", "enter", "whole", "all of it", "show all of a long value", "Enter"),
    ]

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self.one: EventReading | None = None

    def show(self, one: EventReading | None) -> None:
        """Show another event; the cursor stays on the field it was on, if there is such a one."""
        before = self.here
        self.one = one
        fields = one.fields if one is not None else ()
        places = [k for k, each in enumerate(fields) if before is not None and each.name == before.name]
        self.reset(places[0] if places else 0)

    @property
    def here(self) -> ReadField | None:
        """The field under the cursor."""
        return self.one.fields[self.cursor] if self.one is not None and self.cursor < len(self.one.fields) else None

    def count(self) -> int:
        """Fields."""
        return len(self.one.fields) if self.one is not None else 0

    def header(self, y: int, width: int) -> Strip:  # noqa: ARG002
        """There is none."""
        return line((), width, self.palette.text)

    def item(self, index: int, width: int) -> list[Part]:
        """Name, value, and what it stands for."""
        if self.one is None:
            return []
        each, palette, clipped = self.one.fields[index], self.palette, self.glyphs.ellipsis
        name = f"{cut(display(each.name, limit=80), NAME, clipped):<{NAME}} "
        value = display(each.value[: 4 * VALUE], limit=VALUE)
        meaning = display(" ".join(each.meaning[: 4 * VALUE].split()), limit=VALUE)
        style = palette.muted if each.part == "System" else palette.strong
        room = max(width - cell_len(name), 1)
        if meaning and cell_len(value) + cell_len(meaning) + 2 > room:  # what it stands for tells more than the codes
            value = cut(value, max(room - cell_len(meaning) - 2, min(room // 3, 12)), clipped)
        return [(name, style), (cut(value, room, clipped), palette.text), (f"  {meaning}" if meaning else "", palette.accent)]

    def action_whole(self) -> None:
        """All of the value."""
        from netsleuth_tui.tui.screens.text import prose_screen

        here = self.here
        if here is None:
            return
        said = [display(part, limit=LONGEST) for part in here.value[:LONGEST].splitlines()] or ["(empty)"]
        if len(here.value) > LONGEST:
            said.append(f"and {grouped(len(here.value) - LONGEST)} more characters, which an export has")
        if here.meaning:
            said += ["", display(here.meaning, limit=LONGEST)]
        self.app.push_screen(prose_screen(display(here.name, limit=80), said, self.app.size.width))


class EventXml(ScrolledLines):
    """The record as XML, scrolled."""

    CURSOR = False

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._text: list[str] = []
        self._said = ""
        self._folded = lru_cache(2)(self._fold)

    def show(self, xml: str, said: str) -> None:
        """Show XML, or why there is none."""
        lines = BETWEEN.sub(">\n", xml).splitlines()
        more = [f"and {counted(len(lines) - MOST_LINES, 'more line')}"] if len(lines) > MOST_LINES else []
        self._text = [display(each, limit=VALUE) for each in lines[:MOST_LINES]] + more
        self._said = said
        self._folded.cache_clear()
        self.top = 0
        self.redraw()

    def _fold(self, width: int) -> list[str]:
        """Lines that fit, broken between attributes where they are too long."""
        return [part for text in self._text for part in folded(text, max(width, LEAST_LINE), "    ")]

    @property
    def _body(self) -> int:
        """Cells of a line, beside the scroll bar."""
        return (self.size.width or UNSEEN) - 1

    def count(self) -> int:
        """Lines."""
        return len(self._folded(self._body))

    def header(self, y: int, width: int) -> Strip:  # noqa: ARG002
        """There is none."""
        return line((), width, self.palette.text)

    def draw(self, y: int, width: int) -> Strip:
        """A line, or why there is none."""
        if y == 0 and not self._text:
            return line([(self._said, self.palette.muted)], width, self.palette.text)
        return super().draw(y, width)

    def item(self, index: int, width: int) -> list[Part]:
        """A line of it."""
        return [(cut(self._folded(self._body)[index], width, self.glyphs.ellipsis), self.palette.text)]


class EventPane(RowDetail):
    """Heading, fields, XML; the field under the cursor is a filter, a column and a group."""

    NAME = "event"
    TITLE = "the event in detail"
    ABOUT = (
        "Every field of the event: its name as filters say it, its value as the log has it, and what a code stands for. Fields of the"
        " handle (Handle.ObjectName) are what the event that opened it says. Above: record number, chunk and byte offset in the log. v"
        " shows the record as XML. + - = put the field under the cursor into the filter."
    )

    BINDINGS: ClassVar[list[BindingType]] = [
        footer_key("event_detail.column", "a", "column", "as a column", "show the field under the cursor as a column of the events"),
        footer_key("event_detail.group", "P", "group", "group by it", "group the events by the field under the cursor, too"),
        key("event_detail.copy", "y", "copy", "copy the value under the cursor, as the log has it"),
        *VIEW_KEYS,
    ]

    def __init__(self, lane: Lane, *, slow_link: bool, id: str | None = None) -> None:  # noqa: A002
        super().__init__(lane, slow_link=slow_link, id=id)
        self.heading = DetailHeading(id="event-heading")
        self.field_list = EventFieldList(id="event-values")
        self.xml = EventXml(id="event-xml")
        self._taken = 0
        """Cells of the heading that are in use."""

    def compose(self) -> ComposeResult:
        """The parts."""
        yield self.heading
        with Horizontal(id="event-body"):
            yield self.field_list
            yield self.xml

    @property
    def front(self) -> Widget:
        """The part that takes the keys first."""
        return self.field_list if self.field_list.display else self.xml

    def place(self, *, layers: bool, hex_seen: bool) -> None:
        """Show the fields, the XML, or both."""
        asked = hex_seen and not self.xml.display
        self.field_list.display, self.xml.display = layers, hex_seen
        self.xml.styles.width = BESIDE if layers and hex_seen else "1fr"
        if asked:
            self.ask()

    def empty(self) -> None:
        """No event."""
        self._head("No event", "", "")
        self.field_list.show(None)
        self.xml.show("", "")
        self.offer()

    def opener(self) -> Callable[[Session, int, int], None]:
        """Reads an event, and writes it as XML where that is seen."""
        return partial(self._open, xml=self.xml.display)

    def _open(self, session: Session, row: int, generation: int, *, xml: bool) -> None:
        """In the lane: the fields at once, the XML when it is there."""
        from netsleuth_tui.analysis import read_event

        try:
            one = read_event(session.store, row)
        except NetSleuthError as error:
            self.post_message(EventReady(generation, None, str(error), None))
            return
        self.post_message(EventReady(generation, one, "", None))
        if xml:
            self.post_message(EventReady(generation, one, "", session.event_xml(row)))

    def on_event_ready(self, message: EventReady) -> None:
        """Draw it, unless the cursor has moved on."""
        message.stop()
        if message.generation != self._generation or self._session is None:
            return
        one = message.one
        if message.xml is not None:
            self.xml.show(message.xml.xml, display(message.xml.failure, limit=300))
            return
        self.field_list.show(one)
        self.xml.show("", "being written as XML" if self.xml.display else "")
        if one is not None:
            file = f" of {display(file_name(one.detail.file), limit=40)}" if len(self._session.store.sources) > 1 else ""
            title = f"  {display(one.title, limit=80)}" if one.title else ""
            chunk = "" if one.detail.chunk is None else f"chunk {one.detail.chunk}, "
            where = f"{chunk}byte {grouped(one.detail.offset)} "
            said = "; ".join(one.detail.remarks)
            self._head(f"Record {grouped(one.detail.record_id)}{file}{title}", where, said)
        else:
            self._head("No event", "", display(message.failure, limit=300))
        self.offer()

    def _head(self, left: str, right: str, said: str) -> None:
        self._taken = cell_len(left + right + said) + 8
        self.heading.show(left, right, said)

    # The field under the cursor

    def offer(self) -> None:
        """Show what + and - would add, while they would, and there is room."""
        room = self.size.width - self._taken
        self.heading.offer(display(self.term() or "", limit=room) if self.has_focus_within and room >= LEAST_TERM else "")

    def term(self) -> str | None:
        """The filter that keeps the value under the cursor."""
        here = self.field_list.here
        return here.filter if here is not None else None

    def cursor_time(self) -> tuple[int, int] | None:
        """When the event was logged, and the nanosecond after."""
        from netsleuth_tui.decode.columns import NO_TIME

        if self._session is None or self._row is None:
            return None
        time = int(self._session.store.events.view().time[self._row])
        return None if time == NO_TIME else (time, time + 1)

    def seen_row(self) -> int | None:
        """The event whose fields are seen."""
        return self.field_list.one.row if self.field_list.one is not None else None

    def export_table(self) -> Callable[[Store, Scope], Table] | None:
        """Every field of the event that is shown."""
        from netsleuth_tui.analysis import read_event_table

        one = self.field_list.one
        return (lambda store, _: read_event_table(store, one.row)) if one is not None else None

    def frames(self, scope: Scope) -> None:
        """Events have none."""

    def text_as_shown(self) -> str | None:
        """Heading, fields and XML."""
        if self.field_list.one is None:
            return None
        parts = (self.heading, self.field_list, self.xml)
        return "\n".join(part.text_as_shown() or "" for part in parts)

    def action_column(self) -> None:
        """Let the events have a column for the field."""
        here = self.field_list.here
        if here is not None:
            self.post_message(EventColumnWanted(here.name))

    def action_group(self) -> None:
        """Group by the field."""
        here = self.field_list.here
        if here is None:
            return
        if here.name in {"TimeCreated", "EventRecordID"}:
            self.post_message(Told(f"{here.name} is different in every event: events cannot be grouped by it", "warning"))
        else:
            self.post_message(GroupWanted(here.name))

    def action_copy(self) -> None:
        """Copy the value."""
        here = self.field_list.here
        if here is not None and here.value:
            self.app.copy_to_clipboard(here.value)
            self.post_message(Told(f"copied, if this terminal allows it: {display(here.value, limit=80)}", "good"))
