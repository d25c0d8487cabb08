"""How the time line is drawn: a heading, stacked columns, an axis with the window and the cursor on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.strip import Strip

from netsleuth_tui.terminal.sanitize import display
from netsleuth_tui.tui.drawing import Part, ends, line
from netsleuth_tui.tui.numbers import grouped, short, size
from netsleuth_tui.tui.widgets.lines import Lines

if TYPE_CHECKING:
    from rich.style import Style

    from netsleuth_tui.analysis import Measure
    from netsleuth_tui.analysis.chart import Chart
    from netsleuth_tui.tui.axis import Axis
    from netsleuth_tui.tui.theme import Palette

__all__ = ["TimeChart", "amount"]

WIDE = 110
"""Columns from which the heading says what a column shows."""

TITLES: dict[Measure, str] = {
    "packets": "packets/s",
    "bytes": "bytes/s",
    "bits": "bits/s",
    "payload": "TCP payload/s",
    "events": "events/s",
}

LIKE_PROTOCOLS = ("TCP", "ICMP", "UDP", "ARP", "ESP", "PPP", "OSPF", "IGMP", "LLC", "AH", "SCTP")
"""Series that are no protocols have the colours of these, in turn: the ones that differ most."""

LIKE_FLAGS = {"FIN": "ICMP", "SYN": "ESP", "RST": "PPP", "PSH": "UDP", "ACK": "TCP", "URG": "ARP", "ECE": "OSPF", "CWR": "IGMP", "AE": "AH"}

LABEL_LIMIT = 40

Cell = tuple[str, int, int]
"""Character, series in front and series behind it (-1 for none)."""


def amount(number: int, measure: Measure) -> str:
    """'7 012', '12.4 MB', '99.2 Mbit'."""
    if measure in {"packets", "events"}:
        return grouped(number)
    return f"{short(number)}{'' if number >= 1000 else ' '}bit" if measure == "bits" else size(number)


class TimeChart(Lines):
    """Draws a chart, a window on it and a cursor; knows nothing of where they come from."""

    chart: Chart | None = None
    axis: Axis | None = None
    measure: Measure = "packets"
    by = "protocol"
    logarithmic = False
    brush: tuple[int, int] | None = None
    """First and last column of the window, both included; they may lie beside the axis."""
    cursor_column: int | None = None

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._cells: list[list[Cell]] = []
        self._styles: dict[tuple[int, int, int], Style] = {}

    def fill(self) -> None:
        """Make the cells anew: there is another chart, another scale or another size."""
        chart, height = self.chart, max(self.size.height - 2, 0)
        self._cells, self._styles = [], {}
        if chart is None or not height:
            return
        from netsleuth_tui.analysis.chart import full, stack

        steps = len(self.glyphs.heights) - 1
        columns = [
            stack(parts, full(of, chart.peak, height * steps, logarithmic=self.logarithmic))
            for of, parts in zip(chart.heights, chart.parts, strict=True)
        ]
        for row in range(height - 1, -1, -1):
            self._cells.append([self._cell(edges, steps * row) for edges in columns])

    def _cell(self, edges: list[int], floor: int) -> Cell:
        """The steps (eighths of a line) from `floor` on: the part at the bottom of the cell in front of the one above it."""
        heights = self.glyphs.heights
        steps = len(heights) - 1
        if not edges or edges[-1] <= floor:
            return " ", -1, -1
        shares = []
        before = floor
        for series, edge in enumerate(edges):
            upper = min(edge, floor + steps)
            if upper > before:
                shares.append((upper - before, series))
                before = upper
        if len(shares) == 1:
            return heights[shares[0][0]], shares[0][1], -1
        filled = before - floor
        if filled < steps:  # a cell has two colours: where the top is empty, one is left for the parts below it
            return heights[filled], max(shares)[1], -1
        low = shares[0]
        return heights[low[0]], low[1], max(shares[1:])[1]

    def draw(self, y: int, width: int) -> Strip:
        """Line `y`."""
        if y == 0:
            return self._heading(width)
        if y == self.size.height - 1:
            return self._axis_line(width)
        if not 0 <= y - 1 < len(self._cells):
            return line((), width, self.palette.text)
        parts: list[Part] = []
        first, last = self.brush or (0, -1)
        cursor = self.cursor_column if self.has_focus else None
        for column, (glyph, below, above) in enumerate(self._cells[y - 1]):
            lit = 2 if column == cursor else 1 if first <= column <= last else 0
            style = self._style(below, above, lit)
            if parts and parts[-1][1] == style:
                parts[-1] = (parts[-1][0] + glyph, style)
            else:
                parts.append((glyph, style))
        return line(parts, width, self.palette.text)

    def _style(self, below: int, above: int, lit: int) -> Style:
        """Style of a cell; `lit` is 0, 1 inside the window, 2 under the cursor."""
        from rich.style import Style as RichStyle

        known = self._styles.get((below, above, lit))
        if known is not None:
            return known
        palette = self.palette
        style = palette.text if below < 0 else self.series_style(below)
        if above >= 0:
            style += RichStyle(bgcolor=self.series_style(above).color)
        elif lit and not palette.cursor.reverse:
            style += RichStyle(bgcolor=(palette.faint.color if lit == 2 else palette.cursor.bgcolor))
        elif lit == 2:
            style += RichStyle(reverse=True)
        self._styles[below, above, lit] = style
        return style

    def series_style(self, series: int) -> Style:
        """The colour of a series, by its name or by its place."""
        chart, palette = self.chart, self.palette
        label = chart.labels[series] if chart is not None else ""
        if self.by == "protocol":
            return palette.protocol(label)
        if _is_rest(label):
            return palette.protocol("Other")
        return palette.protocol(LIKE_FLAGS.get(label, LIKE_PROTOCOLS[series % len(LIKE_PROTOCOLS)]))

    # The heading

    def _heading(self, width: int) -> Strip:
        palette, chart = self.palette, self.chart
        counts = self.has_focus and self.cursor_column is not None  # what a column holds, rather than how much of it in a second
        title = TITLES[self.measure].removesuffix("/s") if counts else TITLES[self.measure]
        left: list[Part] = [(title, palette.accent if self.has_focus else palette.text)]
        how = (f" by {self.by}" if self.by not in {"protocol", "EventID"} else "") + (", log" if self.logarithmic else "")
        if chart is None or not chart.peak:
            what = "event" if self.measure == "events" else "packet"
            why = "" if chart is None else f"  nothing to draw: no {what} with a time is in view"
            return line([*left, (how, palette.muted), (why, palette.muted)], width, palette.text)
        from netsleuth_tui.analysis import show_interval
        from netsleuth_tui.analysis.chart import UNIT_NAMES

        if width >= WIDE or not self.has_focus:
            how += f", {show_interval(chart.plan.column)} a column"
        if chart.plan.unit < chart.plan.column and width >= WIDE:
            how += f" showing its busiest {UNIT_NAMES[chart.plan.unit]}"
        left.append((how, palette.muted))
        used = sum(len(text) for text, _ in left)
        if self.has_focus and self.cursor_column is not None:
            return line([*left, *self._readout(chart, self.cursor_column, width - used)], width, palette.text)
        peak = f"  peak {self._height(chart)} at {self._instant(chart, chart.peak_time, chart.plan.unit)}"
        return ends([*left, *self._legend(chart, width - used - len(peak) - 2)], [(peak, palette.text)], width, palette.text)

    def _instant(self, chart: Chart, time: int, unit: int) -> str:
        from netsleuth_tui.analysis import clock, iso
        from netsleuth_tui.analysis.chart import DAY, SECOND

        if chart.columns * chart.plan.column > DAY:
            return iso(time)[:10] + ("" if unit >= DAY else f" {clock(time, 0)}")
        return clock(time, 0 if unit >= SECOND else 3 if unit >= 1_000_000 else 6)

    def _height(self, chart: Chart) -> str:
        """The peak per second where seconds are counted; otherwise what was counted, and in how long: nothing is scaled up."""
        from netsleuth_tui.analysis import show_interval
        from netsleuth_tui.analysis.chart import SECOND

        counted = amount(chart.peak, self.measure)
        return f"{counted}/s" if chart.plan.unit == SECOND else f"{counted} in {show_interval(chart.plan.unit)}"

    def _by_size(self, chart: Chart) -> list[int]:
        """Series from the greatest to the smallest, then what is left over."""
        totals = [sum(column[k] for column in chart.label_sums) for k in range(len(chart.labels))]
        return sorted((k for k in range(len(totals)) if totals[k]), key=lambda k: (_is_rest(chart.labels[k]), -totals[k]))

    def _readout(self, chart: Chart, column: int, room: int) -> list[Part]:
        """What the column under the cursor counts: its time, its sum, and each of the largest series, as many as there is room for."""
        from netsleuth_tui.analysis import show_interval

        palette, colon = self.palette, "" if self.by == "protocol" else ":"
        start = chart.start + column * chart.plan.column
        when = f"  {self._instant(chart, start, min(chart.plan.unit, chart.plan.column))}"
        widest = max(len(amount(number, self.measure)) for number in (chart.peak, *chart.sums))
        total = f"  {amount(chart.sums[column], self.measure):>{widest}} in {show_interval(chart.plan.column)}"
        parts: list[Part] = [(when, palette.strong), (total, palette.text)]
        room -= len(when) + len(total)
        for k in self._by_size(chart):
            widest = max(len(amount(numbers[k], self.measure)) for numbers in chart.label_sums)
            text = f"  {display(chart.labels[k], limit=LABEL_LIMIT)}{colon} {amount(chart.label_sums[column][k], self.measure):>{widest}}"
            room -= len(text)
            if room < 0:
                break
            parts.append((text, self.series_style(k)))
        return parts

    def _legend(self, chart: Chart, room: int) -> list[Part]:
        """Names of the series in their colours, the greatest first, as many as there is room for."""
        parts: list[Part] = []
        for k in self._by_size(chart):
            name = ("   " if not parts else " ") + display(chart.labels[k], limit=LABEL_LIMIT)
            room -= len(name)
            if room < 0:
                break
            parts.append((name, self.series_style(k)))
        return parts

    # The axis

    def _axis_line(self, width: int) -> Strip:
        """Marks at round times; the window as brackets with a line between them, and the cursor, so that they are seen without colours."""
        chart, palette = self.chart, self.palette
        if chart is None or not chart.columns:
            return line((), width, palette.muted)
        from netsleuth_tui.analysis.chart import tick_labels

        text = [" "] * width
        for column, words in tick_labels(chart, 16):
            label = self.glyphs.tick + words
            if column + len(label) <= width:
                text[column : column + len(label)] = label
        last = min(chart.columns, width) - 1
        if self.brush is not None:
            begin, end = self.brush
            for column in range(max(begin, 0), min(end, last) + 1):
                if text[column] == " ":
                    text[column] = self.glyphs.between
            for column, mark in ((begin, self.glyphs.begin), (end, self.glyphs.end if end != begin else self.glyphs.marked)):
                if 0 <= column <= last:
                    text[column] = mark
        parts = _highlighted("".join(text), self.brush, palette)
        cursor = self.cursor_column
        if cursor is None or not self.has_focus or not 0 <= cursor <= last or self.brush == (cursor, cursor):
            return line(parts, width, palette.muted)
        whole = line(parts, width, palette.muted)
        pointer = line([(self.glyphs.ascending, palette.accent)], 1, palette.muted)
        return Strip.join([whole.crop(0, cursor), pointer, whole.crop(cursor + 1, width)])


def _is_rest(label: str) -> bool:
    """True for packets of other values, and of none."""
    return label.startswith("no ") or label.endswith(" others")


def _highlighted(text: str, brush: tuple[int, int] | None, palette: Palette) -> list[Part]:
    if brush is None or brush[1] < 0:
        return [(text, palette.muted)]
    begin, end = max(brush[0], 0), max(brush[1] + 1, 0)
    return [(text[:begin], palette.muted), (text[begin:end], palette.text), (text[end:], palette.muted)]
