"""The files that were loaded: what each has, what it lacks, and its clock."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import accumulate
from textwrap import wrap
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, cast

from textual.binding import Binding, BindingType

from netsleuth_tui.errors import NetSleuthError
from netsleuth_tui.terminal.sanitize import display
from netsleuth_tui.tui.drawing import cut, line
from netsleuth_tui.tui.keys import footer_key
from netsleuth_tui.tui.messages import Asked, ClockWanted, TermChosen, Told
from netsleuth_tui.tui.numbers import size
from netsleuth_tui.tui.panes import Look, Question, Seen
from netsleuth_tui.tui.widgets.column_table import TableColumn
from netsleuth_tui.tui.widgets.counted_table import Answer, CountedTable, in_order
from netsleuth_tui.tui.widgets.event_views import EventLines
from netsleuth_tui.wording import file_name, grouped, several, spoken

if TYPE_CHECKING:
    from rich.style import Style
    from textual.strip import Strip

    from netsleuth_tui.analysis import ClockHint, Scope, SourceLine
    from netsleuth_tui.store import Store
    from netsleuth_tui.store.store import Clocks
    from netsleuth_tui.tabular import Cell, Table
    from netsleuth_tui.tui.screens.asking import Asking

__all__ = ["SourceTable"]

NARROW, SHORT = 90, 11
"""Cells below which times have no date where all are of one day, else are shown to the minute; and how long they are then."""

COLUMNS = tuple(
    TableColumn(name, title, about, short=short, right=right, widest=24 if name == "file" else 45)
    for name, title, short, right, about in (
        ("source", "No.", "No", True, "Number of the file, as the field source has it"),
        ("file", "File", "", False, "Name of the file"),
        ("packets", "Packets", "", True, "Packets that were loaded"),
        ("events", "Events", "", True, "Events that were loaded"),
        ("first", "First", "", False, "Its earliest time (UTC)"),
        ("last", "Last", "", False, "Its latest time (UTC)"),
        ("shift", "Clock", "", True, "What is added to the times of the file"),
        ("damage", "Damage", "Dmg", True, "Places that could not be read; d lists them with their byte offsets"),
        ("lost", "Lost", "", True, "Packets and events that were lost while it was written, and records that could not be decoded"),
        ("gap", "Longest gap", "Gap", True, "The longest time between one record and the next"),
        ("format", "Kind", "", False, "Format, and how it is compressed"),
        ("gap_at", "Gap at", "", False, "When the longest gap begins"),
        ("missing", "Missing", "", True, "Numbers of event records that it does not have"),
        ("bytes", "Bytes", "", True, "Bytes on the wire"),
        ("size", "Size", "", True, "Bytes on disk"),
        ("path", "Path", "", False, "As it was named"),
    )
)
SHOWN = 11
"""So many of them are shown until others are chosen."""
FOOT = 2
"""One of so many lines may be a suggestion."""


@dataclass(frozen=True, slots=True)
class _Answer(Answer):
    events: int
    lines: tuple[SourceLine, ...]
    hints: tuple[ClockHint, ...]
    clocks: Clocks


class SourceTable(CountedTable):
    """One line per file, in the order in which they were loaded."""

    NAME = "sources"
    TITLE = "the sources"
    ABOUT = (
        "One line per file: what it has, from when to when, its longest gap, what is damaged or was lost. Lines are of whole files,"
        " whatever is looked at. Enter narrows the filter to a file, once more widens it; d lists its damage (with byte offsets) and notes."
        " o puts its clock right: all panes follow, and u takes it back. Offsets that seem to be due are said below, with their evidence:"
        " the same logon on the wire and in the log, or spans that do not meet; none is applied before o and Enter."
    )
    NO_LINES = "No file was opened."

    BINDINGS: ClassVar[list[BindingType]] = [
        footer_key("sources.only", "enter", "narrow", "filter on it", "narrow the filter to this file; once more widens it", "Enter"),
        Binding(
            "o",
            "clock",
            "clock",
            priority=True,  # at once: keys that arrived together with it are for the prompt
            id="sources.clock",
            tooltip="add to the times of this file: +3600s, -7h, +05:45; empty as it was loaded",
        ),
        footer_key("sources.notes", "d", "damage", "damage", "what is damaged in this file and where, what was lost, what else to know"),
    ]

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(COLUMNS[:SHOWN], None, id=id)
        self._foot: list[str] = []
        self._digits = 0
        """Of the second, in times."""
        self._date = 0
        """How much of their date tells the times apart (`analysis.times.date_for`)."""

    # What is shown

    def question(self) -> Question:
        """Look through all files, unless only the order is another one."""
        return partial(_count, self.sorted_by, self.answered)

    def answer(self, seen: Seen, result: Any) -> None:
        """Show them, and what is suggested."""
        from netsleuth_tui.analysis.times import date_for, digits_for

        self._suggest(result)
        ends = [end for one in result.lines for end in (one.source.first, one.source.last) if end is not None]
        self._digits = digits_for((min(ends), max(ends)) if ends else None)
        self._date = date_for((min(ends), max(ends)) if ends else None)
        super().answer(seen, result)
        self.nothing = "" if self.count() else self.NO_LINES
        self.redraw()

    def _suggest(self, answer: _Answer) -> None:
        most = max((self.size.height - self.HEADER) // FOOT, 1)
        names = [line.source.name for line in answer.lines]
        said = [wrap(_said(hint, names[hint.source]), max(self.size.width, 20), subsequent_indent="  ") for hint in answer.hints]
        ends = list(accumulate(map(len, said)))
        whole = len(said) if not ends or ends[-1] <= most else sum(end < most for end in ends)
        rest = [f"and {several(len(said) - whole, 'more suggestion')}"] if 0 < whole < len(said) else []
        self._foot = [part for lines in said[: whole or 1] for part in lines][: most - len(rest)] + rest

    def on_resize(self) -> None:
        """There is room for more suggestions, or fewer."""
        if isinstance(self.answered, _Answer):
            self._suggest(self.answered)
        super().on_resize()

    @property
    def page(self) -> int:
        """Lines between titles and suggestions."""
        return max(super().page - len(self._foot), 1)

    def draw(self, y: int, width: int) -> Strip:
        """A line, or a suggestion below the last one that is seen."""
        place = y - (self.size.height - len(self._foot))
        if not 0 <= place < len(self._foot):
            return super().draw(y, width)
        return line([(cut(self._foot[place], width, self.glyphs.ellipsis), self.palette.warning)], width, self.palette.text)

    def choices(self) -> list[TableColumn]:
        """All columns."""
        return list(COLUMNS)

    def cell_text(self, name: str, cell: Cell) -> str:
        """Numbers grouped, times with their day, sizes short."""
        if cell is None:
            return ""
        if not isinstance(cell, int):
            return display(file_name(str(cell)) if name == "file" else str(cell), limit=400)
        if name in ("first", "last", "gap_at"):
            return self._time(cell)
        return WRITTEN.get(name, grouped)(cell)

    def _time(self, time: int) -> str:
        """With as many digits of the second as tell apart what the files hold."""
        from netsleuth_tui.analysis import clock
        from netsleuth_tui.analysis.times import dated

        text = clock(time, self._digits)
        if self.app.size.width >= NARROW:
            return f"{dated(time, max(self._date, 5))}{text}"
        return f"{dated(time, self._date)}{text}"[:SHORT].rstrip() if self._date else text

    def cell_style(self, column: TableColumn, text: str) -> Style:
        """Damage and losses stand out, and a clock that was put right."""
        alarming = column.name in ("damage", "lost", "missing") and text not in ("", "0")
        return self.palette.warning if alarming or (column.name == "shift" and text) else self.palette.text

    # Keys

    @property
    def here(self) -> SourceLine | None:
        """The file under the cursor."""
        answer, number = self.answered, self.number
        return answer.lines[number] if isinstance(answer, _Answer) and number is not None else None

    def action_narrow(self) -> None:
        """Narrow the filter to the file."""
        term = self.term()
        if term is not None:
            self.post_message(TermChosen(term))

    def action_damage(self) -> None:
        """All there is to say about the file."""
        from netsleuth_tui.tui.screens.text import prose_screen

        here = self.here
        if here is not None:
            said = [display(note, limit=2000) for note in here.notes] or ["There is nothing to say: no damage, no losses."]
            self.app.push_screen(prose_screen(display(spoken(here.source.name), limit=80), said, self.app.size.width))

    def action_clock(self) -> None:
        """Ask by how much its clock is off; what is suggested stands there already."""
        here, answer = self.here, self.answered
        if here is None or not isinstance(answer, _Answer):
            return
        hint = next((hint.offset for hint in answer.hints if hint.source == here.number), here.source.shift)
        name = display(file_name(here.source.name), limit=40)
        screen = cast("Asking", self.screen)
        screen.on_asked(
            Asked(
                f"Add to the times of {name}",
                _offset(hint),
                "+3600s, -7h, +05:45; empty: as it was loaded",
                partial(self._take, here.number),
            )
        )

    def _take(self, number: int, text: str) -> str | None:
        from netsleuth_tui.ingest import parse_offset

        try:
            offset = parse_offset(text) if text.strip() else None
        except NetSleuthError as error:
            return str(error)
        self.post_message(ClockWanted(number, offset))
        return None

    def export_table(self) -> Callable[[Store, Scope], Table]:
        """All files, with everything that is known of them."""
        return _table

    def cursor_time(self) -> tuple[int, int] | None:
        """From its first record to its last."""
        here = self.here
        if here is None or here.source.first is None or here.source.last is None:
            self.post_message(Told("this file has no times", "warning"))
            return None
        return here.source.first, here.source.last + 1


def _said(hint: ClockHint, name: str) -> str:
    return f"{display(file_name(name), limit=60)}: {_offset(hint.offset)}? {display(hint.evidence, limit=300)} (o)"


def _offset(offset: int) -> str:
    from netsleuth_tui.ingest.shifts import show_shift

    return show_shift(offset).replace(" ", "") if offset else ""


def _length(time: int) -> str:
    """'12 min', '0.125 s': to a thousandth."""
    seconds = time / 1e9
    for unit, name in ((86_400, "d"), (3600, "h"), (60, "min")):
        if seconds >= unit:
            return f"{seconds / unit:.1f} {name}"
    return f"{seconds:.3f} s"


def _count(sorted_by: tuple[str, bool] | None, before: Answer | None, look: Look) -> _Answer:
    from netsleuth_tui.analysis import clock_hints, source_lines

    store = look.store
    loaded = (store.packets, store.events.rows, store.clocks)
    if isinstance(before, _Answer) and (before.packets, before.events, before.clocks, len(before.lines)) == (*loaded, len(store.sources)):
        lines, hints = before.lines, before.hints
        if [one.source for one in lines] != list(store.sources):
            lines = source_lines(store)
    else:
        lines, hints = source_lines(store), clock_hints(store)
    answer = in_order(_lines(lines), sorted_by, look, store.packets)
    return _Answer(answer.found, answer.order, answer.scope, answer.packets, loaded[1], lines, hints, loaded[2])


def _lines(found: Sequence[SourceLine]) -> EventLines:
    cells: dict[str, list[Any]] = {
        "source": [one.number for one in found],
        "file": [one.source.name for one in found],
        "path": [one.source.name for one in found],
        "format": [one.format for one in found],
        "packets": [one.source.packets for one in found],
        "events": [one.source.events for one in found],
        "bytes": [one.source.bytes for one in found],
        "size": [one.source.size for one in found],
        "first": [one.source.first for one in found],
        "last": [one.source.last for one in found],
        "gap": [one.gap for one in found],
        "gap_at": [one.gap_at for one in found],
        "damage": [len(one.source.damage) for one in found],
        "lost": [one.lost for one in found],
        "missing": [one.missing for one in found],
        "shift": [one.source.shift for one in found],
    }
    return EventLines(cells, [one.filter for one in found])


def _table(store: Store, _: Scope) -> Table:
    from netsleuth_tui.analysis import source_lines, sources_table

    return sources_table(source_lines(store))


WRITTEN: Mapping[str, Callable[[int], str]] = MappingProxyType(
    {"gap": _length, "bytes": size, "size": size, "shift": _offset, "source": str},
)
"""How numbers are written that are not counts."""
