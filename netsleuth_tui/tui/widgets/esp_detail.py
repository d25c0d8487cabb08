"""One security association: charts over time with a brush, the replay table, histograms and the worst gaps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from rich.style import Style
from textual.binding import BindingType
from textual.widget import Widget

from netsleuth_tui.terminal.sanitize import display
from netsleuth_tui.tui.drawing import Part, ends, line
from netsleuth_tui.tui.esp_charts import LABEL, Line, axis_line, charts, readout
from netsleuth_tui.tui.esp_counts import Charted, Key, Opened, Wanted, count
from netsleuth_tui.tui.esp_lines import lines, said
from netsleuth_tui.tui.keys import footer_key
from netsleuth_tui.tui.messages import Asked, PaneChanged, RowWanted
from netsleuth_tui.tui.numbers import size
from netsleuth_tui.tui.panes import Frames, Pane, Question, Seen
from netsleuth_tui.tui.widgets.lines import ScrolledLines
from netsleuth_tui.tui.widgets.time_cursor import TimeCursor, time_keys
from netsleuth_tui.wording import counted, grouped

if TYPE_CHECKING:
    from textual import events
    from textual.strip import Strip

    from netsleuth_tui.analysis import Detail, Judged, OverTime, Scope
    from netsleuth_tui.store import Store
    from netsleuth_tui.tabular import Table

__all__ = ["EspDetail"]

TALL = 30
"""Lines from which charts are higher."""
LEAST = 10
"""Columns that a chart has at least."""


class EspDetail(TimeCursor, ScrolledLines, Pane, can_focus=True):
    """What became of the packets of one association: charts of all the time with the window on them, numbers of the window."""

    NAME = "association"
    TITLE = "a security association"
    ABOUT = (
        "The charts share one axis of time, on which the window is marked: bytes, packets that came early (each opens a gap) and late,"
        " numbers that never came, at the packet after them, and the lowest to the highest sequence number, aligned so that it begins at"
        " 1 as frames do. 'seq - frame' is how far these are from the number of the frame: up by what is lost, down by what comes late."
        " All else counts what is in the window: what replay windows drop, how deep late packets are, how long losses are, and the longest"
        " of them. + and = select the packets that the line under the cursor counts; on a chart those of the column under the cursor."
    )
    HEADER = 4
    FOLLOWS_SCOPE = False

    BINDINGS: ClassVar[list[BindingType]] = [
        footer_key(
            "association.go", "enter", "go", "window/frame", "the column is the window, once more zooms; of a gap: to its packet", "Enter"
        ),
        footer_key("association.replay", "r", "replay", "replay window", "choose the replay window of the peer"),
        *time_keys("association"),
    ]

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self.replay_window = 64
        """The peer's, in packets."""
        self.opened: Opened | None = None
        self._key: Key | None = None
        self._judged: Judged | None = None
        self._lines: list[Line] = []
        self._replay_at = 0
        """The line before those of the replay windows."""
        self._replay_asked = False
        """The replay window was chosen anew, and what comes of it is not seen yet."""

    def open(self, opened: Key, judged: Judged) -> None:
        """Show this association."""
        if opened != self._key:
            self.opened, self._lines, self.cursor, self.top = None, [], 0, 0
            self.axis, self.whole, self.instant, self.cursor_column, self.shown = None, None, None, None, None
            self._zooms.clear()
        self._key, self._judged = opened, judged

    # What it asks, and is told

    def is_ready(self) -> bool:
        """Its packets have been counted."""
        return self.opened is not None

    @property
    def _columns(self) -> int:
        """That there is room for; before the pane was ever seen, by what it is in."""
        room = self.size.width or (self.parent.size.width if isinstance(self.parent, Widget) else 0) or self.app.size.width
        return max(room - LABEL - 1, LEAST)

    def question(self) -> Question | None:
        """Open the association in the scope; its charts are counted again only where they change."""
        if self._key is None:
            return None
        asking = Wanted(self._key, self.shown, self._columns, self.replay_window)
        return partial(count, asking=asking, judged=self._judged, known=self.opened)

    def answer(self, seen: Seen, result: Any) -> None:
        """Show what became of it, or another window on it; the cursor stays at its time."""
        scope = seen.overview.scope
        moved = self.settle((scope.start, scope.end))
        self.opened = result
        charted = self.charted
        if charted is not None:
            self.axis, self.whole, self._judged = charted.axis, charted.whole, result.found.judged
            self.place()
        self._make()
        if self._replay_asked:
            self._reveal_replay()
        if moved and self.shown is not None and not self.window_is_near():
            self._show(None)

    def _make(self) -> None:
        """Make the lines again."""
        over, one = self.over, self.one
        width = max(self.size.width - 1, LEAST)
        self._lines = []
        if over is not None and self.opened is not None:
            self._lines += charts(over, self.glyphs, tall=self.size.height >= TALL)
            self._replay_at = len(self._lines)
            if one is not None:
                window = self.replay_window if self.replay_window in one.drops else 64  # until another one is counted
                self._lines += lines(one, self.glyphs, window, width, self.opened.suspected)
            if self.opened.remarks:
                self._lines += [Line("", selectable=False), *said(self.opened.remarks, width)]
        self.reset(self.cursor)

    def _reveal_replay(self) -> None:
        """Cursor to what the chosen replay window drops, with the sentence above it in view."""
        self._replay_asked = False
        chosen = (k for k, each in enumerate(self._lines) if each.where == f"esp.depth >= {self.replay_window}")
        at = next(chosen, self._replay_at if self.one is not None else None)
        if at is not None:
            self.top = self._replay_at + 1
            self.reset(at)

    @property
    def charted(self) -> Charted | None:
        """What the charts show; None where the filter leaves no packet of the association that has a time."""
        charted = self.opened.charted if self.opened is not None else None
        return charted if charted is not None and charted.whole is not None else None

    @property
    def over(self) -> OverTime | None:
        """The association over time."""
        return self.charted.over if self.charted is not None else None

    @property
    def one(self) -> Detail | None:
        """The association in the window; None where there is no packet of it."""
        return self.opened.one if self.opened is not None else None

    def heights(self) -> Sequence[float]:
        """Of the chart that the cursor's line belongs to; otherwise of the losses, or the late packets."""
        here, over = self._here, self.over
        if here is not None and here.values is not None:
            return here.values
        if over is None:
            return ()
        losses: list[float] = over.course.lost.tolist()
        return losses if any(losses) else over.course.late.tolist()

    # Drawing

    def count(self) -> int:
        """Lines below the titles."""
        return len(self._lines)

    def selectable(self, index: int) -> bool:
        """Titles are not."""
        return self._lines[index].selectable

    def header(self, y: int, width: int) -> Strip:
        """Which association, what it amounts to, what is under the cursor, and the axis."""
        palette, opened, over = self.palette, self.opened, self.over
        if opened is None:
            return line([("counting …" if y == 0 else "", palette.muted)], width, palette.text)
        if y == 0:
            return self._title(opened, width)
        if y == 1:
            return line([(self._totals() if self.one is not None else self._nothing(), palette.muted)], width, palette.text)
        if over is None or self.cursor_column is None:
            return line((), width, palette.text)
        if y == 2:
            return line([(readout(over, self.cursor_column, width, self.glyphs), palette.text)], width, palette.text)
        return line([(axis_line(over, self.brush, self.cursor_column, self.glyphs), palette.muted)], width, palette.text)

    def _title(self, opened: Opened, width: int) -> Strip:
        palette = self.palette
        about = opened.found.about(self._key) if self._key is not None else {}
        left = [
            (f"{about.get('spi')}  ", palette.accent),
            (display(f"{about.get('src')} {self.glyphs.arrow} {about.get('dst')}"), palette.strong),
        ]
        names = (("opposite", "opposite"), ("rekeyed from", "rekeyed_from"), ("rekeyed to", "rekeyed_to"))
        right = "  ".join(f"{name} {about[column]}" for name, column in names if column in about)
        return ends(left, [(f"  {right} ", palette.muted)], width, palette.text)

    def _nothing(self) -> str:
        return "no packet of this association is in the time window" if self.over is not None else "the filter leaves no packet of it"

    def _totals(self) -> str:
        if self.one is None:
            return ""
        found = self.one.one
        names = ("packets", "bytes", "lost", "expected", "late", "duplicates", "lost_provisional")
        number = {name: int(found.numbers(name)[0]) for name in names}
        share = found.cells("lost_percent")[0]
        lost = f"lost {grouped(number['lost'])} of {grouped(number['expected'])}" + (f" ({share:.2f} %)" if share else "")
        if number["lost_provisional"]:
            lost += f", {grouped(number['lost_provisional'])} open"
        parts = [counted(number["packets"], "packet"), size(number["bytes"]), f"late {grouped(number['late'])}", lost]
        if number["duplicates"]:
            parts.append(f"duplicates {grouped(number['duplicates'])}")
        return f" {self.glyphs.dot} ".join(parts)

    def item(self, index: int, width: int) -> list[Part]:  # noqa: ARG002
        """One line; in a chart the window and the column under the cursor are marked."""
        each = self._lines[index]
        style: Style = getattr(self.palette, each.role)
        if each.values is None:
            return [(each.text, style)]
        return [(each.text[:LABEL], self.palette.muted), *self._columns_of(each.text[LABEL:], style, self._lit)]

    @property
    def _lit(self) -> Style:
        cursor = self.palette.cursor
        return Style(bgcolor=cursor.bgcolor) if not cursor.reverse else Style()

    def _columns_of(self, text: str, style: Style, lit: Style) -> list[Part]:
        """The columns of a chart, with the window lit and the cursor reversed."""
        first, last = self.brush or (0, -1)
        begin, end = max(first, 0), max(last + 1, 0)
        pieces = [(0, begin, style), (begin, end, style + lit), (max(end, begin), len(text), style)]
        at = self.cursor_column
        parts: list[Part] = []
        for start, stop, look in pieces:
            if at is None or not start <= at < stop:
                parts.append((text[start:stop], look))
            else:
                parts += [(text[start:at], look), (text[at : at + 1] or " ", look + self._pointed), (text[at + 1 : stop], look)]
        return [part for part in parts if part[0]]

    @property
    def _pointed(self) -> Style:
        return Style(reverse=True) if self.has_focus else Style()

    def under_cursor(self, parts: list[Part], style: Style) -> list[Part]:
        """The line in one style; of a chart the column under the cursor stands out."""
        here = self._here
        text = "".join(text for text, _ in parts)
        at = self.cursor_column
        if here is None or here.values is None or at is None:
            return [(text, style)]
        at += LABEL
        return [(text[:at], style), (text[at : at + 1], style + self._pointed), (text[at + 1 :], style)]

    def on_resize(self) -> None:
        """Other charts."""
        super().on_resize()
        self._make()
        if self.charted is not None and self.charted.asking.columns != self._columns:
            self.post_message(PaneChanged(self))

    # Keys

    def action_go(self) -> None:
        """To the packet after a gap; otherwise the column is the window."""
        here = self._here
        if here is not None and here.row is not None:
            self.post_message(RowWanted(here.row))
        elif here is not None and here.values is not None:
            self.action_window_here()

    def action_replay(self) -> None:
        """Ask for the peer's window."""
        note = "packets: 32, 64, 128, 256, 512, 1024 …"
        self.post_message(Asked("The peer's replay window is", str(self.replay_window), note, self._take))

    def _take(self, text: str) -> str | None:
        if not text.isdecimal() or not 1 <= int(text) <= 1 << 32:
            return "a number of packets, such as 64"
        self.replay_window, self._replay_asked = int(text), True
        self.post_message(PaneChanged(self))
        return None

    def column_at(self, x: int, y: int) -> int | None:
        """The column of a chart, or of the axis."""
        index = self.top + y - self.HEADER
        on_chart = y == self.HEADER - 1 or (y >= self.HEADER and index < self.count() and self._lines[index].values is not None)
        dragging = self.app.mouse_captured is self
        return x - LABEL if (x >= LABEL and on_chart) or dragging else None

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """The line first: what is brushed is seen on it."""
        if event.y >= self.HEADER:
            self.move_to(self.top + event.y - self.HEADER)

    # What lies under the cursor

    @property
    def _here(self) -> Line | None:
        return self._lines[self.cursor] if self.cursor < len(self._lines) else None

    @property
    def _counted_here(self) -> int | None:
        """What the line under the cursor counts, of a chart in the column; None where it counts nothing."""
        here, over, column = self._here, self.over, self.cursor_column
        if here is None or here.values is None:
            return here.counted if here is not None else None
        if over is None or column is None or column >= len(over.course.packets):
            return None
        return int(here.values[column]) if here.where else int(over.course.packets[column])

    def is_empty_here(self) -> bool:
        """No packet of the association is in the column."""
        over, column = self.over, self.cursor_column
        return over is not None and column is not None and column < len(over.course.packets) and not over.course.packets[column]

    def no_term(self) -> str:
        """What is counted there is none."""
        return "0 packets are counted here: a filter for them would leave nothing" if self._counted_here == 0 else super().no_term()

    def term(self) -> str | None:
        """What the line under the cursor counts; of a chart, in the column. None where that is nothing: no packet would be left."""
        here, opened, time = self._here, self.opened, self.cursor_time()
        if here is None or opened is None or self._key is None or self._counted_here == 0:
            return None
        if here.term:
            return here.term
        terms = [opened.found.filter_of(self._key)]
        if here.where:
            terms.append(here.where)
        if here.values is not None and time is not None:
            from netsleuth_tui.analysis import iso

            terms.append(f'frame.time >= "{iso(time[0])}" && frame.time < "{iso(time[1])}"')
        return " && ".join(terms)

    def export_table(self) -> Callable[[Store, Scope], Table] | None:
        """The counts that the charts are made from, within the window."""
        over, opened = self.over, self._key
        return partial(_table, opened, over.every, self.replay_window) if over is not None and opened is not None else None

    def subject(self) -> str:
        """Which one."""
        return f"association {self.opened.found.about(self._key).get('spi')}" if self.opened is not None and self._key else self.TITLE

    def frames(self, scope: Scope) -> Frames | None:
        """Its own packets alone."""
        from netsleuth_tui.query.terms import include

        if self.opened is None or self._key is None:
            return None
        of = include(scope.filter, self.opened.found.filter_of(self._key))
        return Frames(f"packets of {self.subject()}", replace(scope, filter=of))


def _table(opened: Key, every: int, window: int, store: Store, scope: Scope) -> Table:
    from netsleuth_tui.analysis import associations, courses_table, rows_of

    found = associations(store, rows_of(store, scope))
    place = found.find(opened)
    return courses_table(store, scope, found.at([place] if place is not None else []), every=every, window=window)
