"""One security association: charts over time, the replay table, histograms and the worst gaps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from rich.style import Style
from textual.binding import BindingType

from netsleuth_tui.terminal.sanitize import display
from netsleuth_tui.tui.drawing import Part, ends, line
from netsleuth_tui.tui.esp_lines import LABEL, Line, lines, readout
from netsleuth_tui.tui.keys import footer_key, key
from netsleuth_tui.tui.messages import Asked, PaneChanged, RowWanted, WindowChosen
from netsleuth_tui.tui.numbers import grouped, size
from netsleuth_tui.tui.panes import Look, Pane, Question, Seen
from netsleuth_tui.tui.widgets.lines import ScrolledLines

if TYPE_CHECKING:
    from textual.strip import Strip

    from netsleuth_tui.analysis import Associations, Detail, Judged, Scope
    from netsleuth_tui.store import Store
    from netsleuth_tui.tabular import Table

__all__ = ["EspDetail"]

Key = tuple[int, int, int, bool]
TALL = 30
"""Lines from which charts are higher."""
LEAST = 10
"""Columns that a chart has at least."""
MANY = 10


@dataclass(frozen=True, slots=True)
class _Answer:
    found: Associations
    one: Detail | None


class EspDetail(ScrolledLines, Pane):
    """What became of the packets of one association, in the window that is looked at."""

    NAME = "association"
    TITLE = "a security association"
    ABOUT = (
        "The charts share one axis: bytes per second, packets that came early (each opens a gap) and late, numbers that never came, at the"
        " packet that opened their gap, and the highest sequence number, aligned so that it begins at 1 as frames do. Below: what replay"
        " windows drop, how deep late packets are, how long losses are, and the longest of them."
    )
    HEADER = 3

    BINDINGS: ClassVar[list[BindingType]] = [
        key("association.left", "left,h", "step(-1)", "cursor one column to the left"),
        key("association.right", "right,l", "step(1)", "cursor one column to the right"),
        key("association.far_left", "ctrl+left", f"step(-{MANY})", "cursor ten columns to the left"),
        key("association.far_right", "ctrl+right", f"step({MANY})", "cursor ten columns to the right"),
        footer_key("association.go", "enter", "go", "window/frame", "the column is the window; of a gap: go to its packet", "Enter"),
        footer_key("association.replay", "r", "replay", "replay window", "choose the replay window of the peer"),
    ]

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self.window = 64
        """The peer's replay window, in packets."""
        self.column = 0
        self._key: Key | None = None
        self._judged: Judged | None = None
        self._answer: _Answer | None = None
        self._lines: list[Line] = []

    def open(self, opened: Key, judged: Judged) -> None:
        """Show this association."""
        if opened != self._key:
            self._answer, self._lines, self.column, self.cursor, self.top = None, [], 0, 0, 0
        self._key, self._judged = opened, judged

    # What it asks, and is told

    def question(self) -> Question | None:
        """Open the association in the scope."""
        columns = max((self.size.width or self.app.size.width) - LABEL - 2, LEAST)
        return partial(_open, self._key, self._judged, columns, self.window) if self._key is not None else None

    def answer(self, seen: Seen, result: Any) -> None:  # noqa: ARG002
        """Show what became of it; the cursor stays at its time where that is still there."""
        time = self.cursor_time()
        self._answer = result
        if time is not None and self.one is not None:
            self.column = max((time[0] - self.one.start) // self.one.every, 0)
        if result is not None:
            self._judged = result.found.judged
        self._make()

    def _make(self) -> None:
        one = self.one
        self._lines = []
        if one is not None:
            columns = max(self.size.width - LABEL - 2, LEAST)
            self._lines = lines(one, columns, self.glyphs, self.window, tall=self.size.height >= TALL)
            self.column = min(self.column, len(one.course.packets) - 1)
        self.reset(self.cursor)

    @property
    def one(self) -> Detail | None:
        """The association; None where the scope has no packet of it."""
        return self._answer.one if self._answer is not None else None

    # Drawing

    def count(self) -> int:
        """Lines below the titles."""
        return len(self._lines)

    def selectable(self, index: int) -> bool:
        """Titles are not."""
        return self._lines[index].selectable

    def header(self, y: int, width: int) -> Strip:
        """Which association, what it amounts to, and what is under the cursor."""
        palette, one = self.palette, self.one
        if one is None:
            text = ("no packet of this association is in the scope" if self._answer is not None else "counting …") if y == 0 else ""
            return line([(text, palette.muted)], width, palette.text)
        found = one.one
        cell = {name: found.cells(name)[0] for name in ("spi", "src", "dst", "opposite", "rekeyed_to", "rekeyed_from")}
        if y == 0:
            left = [(f"{cell['spi']}  ", palette.accent), (display(f"{cell['src']} {self.glyphs.arrow} {cell['dst']}"), palette.strong)]
            names = (("opposite", "opposite"), ("rekeyed from", "rekeyed_from"), ("rekeyed to", "rekeyed_to"))
            right = "  ".join(f"{name} {cell[column]}" for name, column in names if cell[column])
            return ends(left, [(f"  {right} ", palette.muted)], width, palette.text)
        if y == 2:
            return line([(readout(one, self.column), palette.text)], width, palette.text)
        count = {
            name: int(found.numbers(name)[0]) for name in ("packets", "bytes", "lost", "expected", "late", "duplicates", "lost_provisional")
        }
        share = found.cells("lost_percent")[0]
        lost = f"lost {grouped(count['lost'])} of {grouped(count['expected'])}" + (f" ({share:.2f} %)" if share else "")
        if count["lost_provisional"]:
            lost += f", {grouped(count['lost_provisional'])} of them may yet come"
        parts = [f"{grouped(count['packets'])} packets", size(count["bytes"]), lost, f"late {grouped(count['late'])}"]
        parts.append(f"duplicates {grouped(count['duplicates'])}")
        return line([(f" {self.glyphs.dot} ".join(parts), palette.muted)], width, palette.text)

    def item(self, index: int, width: int) -> list[Part]:  # noqa: ARG002
        """One line; in a chart the column under the cursor is marked."""
        each = self._lines[index]
        style: Style = getattr(self.palette, each.role)
        if not each.chart:
            return [(each.text, style)]
        at = LABEL + self.column
        text = each.text.ljust(at + 1)
        marked = style + (Style(reverse=True) if self.has_focus else Style())
        return [(text[:LABEL], self.palette.muted), (text[LABEL:at], style), (text[at], marked), (text[at + 1 :], style)]

    def on_resize(self) -> None:
        """Other charts."""
        super().on_resize()
        self._make()

    # Keys

    def action_step(self, by: int) -> None:
        """Another column."""
        if self.one is not None:
            self.column = min(max(self.column + by, 0), len(self.one.course.packets) - 1)
            self.redraw()

    def action_go(self) -> None:
        """To the packet after a gap, or into the column."""
        here = self._here
        if here is not None and here.row is not None:
            self.post_message(RowWanted(here.row))
            return
        time = self.cursor_time()
        if here is not None and here.chart and time is not None:
            self.post_message(WindowChosen(*time))

    def action_replay(self) -> None:
        """Ask for the peer's window."""
        self.post_message(Asked("The peer's replay window is", str(self.window), "packets: 32, 64, 128, 256, 512, 1024 …", self._take))

    def _take(self, text: str) -> str | None:
        if not text.isdecimal() or not 1 <= int(text) <= 1 << 32:
            return "a number of packets, such as 64"
        self.window = int(text)
        self.post_message(PaneChanged(self))
        return None

    # What lies under the cursor

    @property
    def _here(self) -> Line | None:
        return self._lines[self.cursor] if self.cursor < len(self._lines) else None

    def cursor_time(self) -> tuple[int, int] | None:
        """The column under the cursor."""
        one = self.one
        if one is None:
            return None
        start = one.start + self.column * one.every
        return start, start + one.every

    def term(self) -> str | None:
        """Packets around a gap, late packets of a depth, those of a column, or all of the association."""
        from netsleuth_tui.analysis import iso, late_filter

        here, one, time = self._here, self.one, self.cursor_time()
        if one is None or here is None or time is None:
            return None
        if here.chart:
            return f'{one.one.filter(0)} && frame.time >= "{iso(time[0])}" && frame.time < "{iso(time[1])}"'
        late = late_filter(one.one, *here.depths) if here.depths is not None else None
        return here.term or late or one.one.filter(0)

    def export_table(self) -> Callable[[Store, Scope], Table] | None:
        """The counts that the charts are made from."""
        one, opened = self.one, self._key
        return partial(_table, opened, one.every, self.window) if one is not None and opened is not None else None


def _open(opened: Key, judged: Judged | None, columns: int, window: int, look: Look) -> _Answer:
    from netsleuth_tui.analysis import associations, detail
    from netsleuth_tui.decode.columns import NO_TIME
    from netsleuth_tui.tui.axis import fit

    found = associations(look.store, look.rows, known=judged, cancelled=look.cancelled)
    place = found.find(opened)
    if place is None:
        return _Answer(found, None)
    start, last = (int(found.numbers(name)[place]) for name in ("start", "last"))
    axis = fit((start, last + 1) if start != NO_TIME else (0, 1), columns)
    one = detail(look.store, look.rows, found, place, start=axis.start, every=axis.column, intervals=axis.columns, window=window)
    return _Answer(found, one)


def _table(opened: Key, every: int, window: int, store: Store, scope: Scope) -> Table:
    from netsleuth_tui.analysis import associations, courses_table, rows_of

    found = associations(store, rows_of(store, scope))
    place = found.find(opened)
    return courses_table(store, scope, found.at([place] if place is not None else []), every=every, window=window)
