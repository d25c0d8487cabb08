"""The time line: packets or bytes per second as stacked columns, with the axis below and the peak named above."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from textual.strip import Strip

from netsleuth_tui.tui.chart import DAY, SECOND, UNITS, Tick, chart, plan, stack, ticks
from netsleuth_tui.tui.drawing import Part, ends, line
from netsleuth_tui.tui.numbers import grouped, rate, size
from netsleuth_tui.tui.panes import Look, Pane, Question, Seen
from netsleuth_tui.tui.widgets.lines import Lines

if TYPE_CHECKING:
    from rich.style import Style

    from netsleuth_tui.analysis import Scope
    from netsleuth_tui.store import Store
    from netsleuth_tui.tabular import Table
    from netsleuth_tui.tui.chart import Bars, Chart

__all__ = ["TimeLine"]

MONTH = 30 * DAY
WIDE = 110
"""Columns from which the heading says what a column shows."""

UNIT_NAMES = dict(zip(UNITS, ("second", "10 s", "minute", "10 min", "hour", "day"), strict=True))


class TimeLine(Lines, Pane, can_focus=True):
    """Heading, columns, axis."""

    NAME = "timeline"
    TITLE = "the time line"
    ABOUT = "Packets or bytes per second over time, stacked by protocol. A column over many seconds shows its busiest one."

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._chart: Chart | None = None
        self._cells: list[list[tuple[str, str, str]]] = []
        self.of_bytes = False
        """Bytes per second instead of packets per second."""

    def question(self) -> Question:
        """A chart as wide as the screen."""
        return partial(_chart, columns=self.app.size.width)

    def answer(self, seen: Seen, result: Chart) -> None:  # noqa: ARG002
        """Show another time line."""
        self._chart = result
        self._fill()
        self.redraw()

    def export_table(self) -> Callable[[Store, Scope], Table]:
        """The counts that the columns are made from."""
        return partial(_as_table, every=self._chart.plan.unit if self._chart is not None else SECOND)

    @property
    def bars(self) -> Bars | None:
        """What is drawn at the moment."""
        if self._chart is None:
            return None
        return self._chart.bytes if self.of_bytes else self._chart.packets

    def toggle(self) -> None:
        """Packets or bytes."""
        self.of_bytes = not self.of_bytes
        self._fill()
        self.redraw()

    def on_resize(self) -> None:
        """Other heights."""
        self._drawn.clear()
        self._fill()

    def on_focus(self) -> None:
        """The heading shows it."""
        self.redraw()

    def on_blur(self) -> None:
        """The heading shows it."""
        self.redraw()

    def draw(self, y: int, width: int) -> Strip:
        """Line `y`."""
        palette = self.palette
        if y == 0:
            return self._heading(width)
        if y == self.size.height - 1:
            return self._axis(width)
        if not 0 <= y - 1 < len(self._cells):
            return line((), width, palette.text)
        parts: list[Part] = []
        for glyph, below, above in self._cells[y - 1]:
            style = self._style(below, above)
            if parts and parts[-1][1] == style:
                parts[-1] = (parts[-1][0] + glyph, style)
            else:
                parts.append((glyph, style))
        return line(parts, width, palette.text)

    def _style(self, below: str, above: str) -> Style:
        if not below:
            return self.palette.text
        style = self.palette.protocol(below)
        return style + _as_background(self.palette.protocol(above)) if above else style

    def _heading(self, width: int) -> Strip:
        palette, chart, bars = self.palette, self._chart, self.bars
        title = palette.accent if self.has_focus else palette.text
        if chart is None or bars is None or not bars.peak:
            why = "" if chart is None else "  nothing to draw: no packet with a time is in view"
            return line([("bytes/s" if self.of_bytes else "packets/s", title), (why, palette.muted)], width, palette.text)
        from netsleuth_tui.analysis import clock, iso, show_interval

        covered = f", {show_interval(chart.plan.column)} a column"
        if chart.plan.unit < chart.plan.column and width >= WIDE:
            covered += f" showing its busiest {UNIT_NAMES[chart.plan.unit]}"
        digits = 0 if chart.plan.unit >= SECOND else 3 if chart.plan.unit >= 1_000_000 else 6
        days = len(bars.rates) * chart.plan.column > DAY
        when = (
            iso(bars.peak_time)[:10] + ("" if chart.plan.unit >= DAY else f" {clock(bars.peak_time, 0)}")
            if days
            else clock(bars.peak_time, digits)
        )
        peak = f"peak {self._height(bars.peak, chart.plan.unit)} at {when}"
        left: list[Part] = [("bytes/s" if self.of_bytes else "packets/s", title), (covered, palette.muted)]
        room = width - sum(len(text) for text, _ in left) - len(peak) - 4
        return ends([*left, *self._legend(room)], [("  " + peak, palette.text)], width, palette.text)

    def _height(self, peak: float, unit: int) -> str:
        """The peak per second where seconds are counted; otherwise what was counted, and in how long: nothing is scaled up."""
        from netsleuth_tui.analysis import show_interval

        if unit == SECOND:
            return rate(peak, of_bytes=self.of_bytes)
        counted = round(peak * unit / SECOND)
        return f"{size(counted) if self.of_bytes else grouped(counted)} in {show_interval(unit)}"

    def _legend(self, room: int) -> list[Part]:
        """Names of the protocols in their colours, the most frequent first, as many as there is room for."""
        if self._chart is None:
            return []
        bars = self._chart.packets.rates
        totals = [sum(column[k] for column in bars) for k in range(len(self._chart.labels))]
        names = [self._chart.labels[k] for k in sorted(range(len(totals)), key=lambda k: -totals[k]) if totals[k]]
        parts: list[Part] = []
        for name in names:
            room -= len(name) + 1
            if room < 0:
                break
            parts.append((("   " if not parts else " ") + name, self.palette.protocol(name)))
            room -= 2 if len(parts) == 1 else 0
        return parts

    def _axis(self, width: int) -> Strip:
        chart, palette = self._chart, self.palette
        if chart is None or not chart.packets.peak:
            return line((), width, palette.muted)
        text = [" "] * width
        marks = ticks(chart.start, chart.plan.column, len(chart.packets.rates), 16)
        for previous, tick in zip([None, *marks], marks, strict=False):
            label = self.glyphs.tick + _label(tick, previous, marks)
            if tick.column + len(label) <= width:
                text[tick.column : tick.column + len(label)] = label
        return line([("".join(text), palette.muted)], width, palette.muted)

    def _fill(self) -> None:
        """Cells of the columns, from the top line down: character, what it is made of, what lies behind it."""
        bars, height = self.bars, max(self.size.height - 2, 0)
        self._cells = []
        if bars is None or self._chart is None or not height:
            return
        labels = self._chart.labels
        steps = len(self.glyphs.heights) - 1
        columns = [stack(rates, bars.peak, height * steps) for rates in bars.rates]
        for row in range(height - 1, -1, -1):
            self._cells.append([self._cell(edges, labels, steps * row) for edges in columns])

    def _cell(self, edges: list[int], labels: tuple[str, ...], floor: int) -> tuple[str, str, str]:
        """The steps (eighths of a line) from `floor` on: the part at the bottom of the cell in front of the one above it."""
        heights = self.glyphs.heights
        steps = len(heights) - 1
        if not edges or edges[-1] <= floor:
            return " ", "", ""
        shares = []
        before = floor
        for label, edge in zip(labels, edges, strict=True):
            upper = min(edge, floor + steps)
            if upper > before:
                shares.append((upper - before, label))
                before = upper
        if len(shares) == 1:
            return heights[shares[0][0]], shares[0][1], ""
        filled = before - floor
        if filled < steps:  # a cell has two colours: where the top is empty, one is left for the parts below it
            return heights[filled], max(shares)[1], ""
        low = shares[0]
        return heights[low[0]], low[1], max(shares[1:])[1]


def _chart(look: Look, *, columns: int) -> Chart:
    from netsleuth_tui.analysis import timeline
    from netsleuth_tui.analysis.timeline import time_span

    whole = replace(look.scope, start=None, end=None)
    first, last = time_span(look.store, whole) or (0, 0)
    planned = plan(last - first, columns)
    line = look.overview(planned.unit).timeline if look.scope == whole else timeline(look.store, whole, every=planned.unit)
    return chart(line, planned.column)


def _as_table(store: Store, scope: Scope, *, every: int) -> Table:
    from netsleuth_tui import analysis

    return analysis.timeline_table(analysis.timeline(store, scope, every=every))


def _as_background(style: Style) -> Style:
    from rich.style import Style as RichStyle

    return RichStyle(bgcolor=style.color)


def _label(tick: Tick, previous: Tick | None, marks: list[Tick]) -> str:
    from netsleuth_tui.analysis import clock, iso

    step = marks[1].time - marks[0].time if len(marks) > 1 else SECOND
    if step >= DAY:
        return iso(tick.time)[0 if step >= MONTH else 5 : 10]
    if previous is not None and iso(previous.time)[:10] != iso(tick.time)[:10]:
        return iso(tick.time)[5:10]
    if step >= 60 * SECOND:
        return clock(tick.time, 0)[:5]
    if step >= SECOND:
        return clock(tick.time, 0)
    return clock(tick.time, 3 if step >= 1_000_000 else 6)[6:]
