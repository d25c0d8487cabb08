"""One lane of the time line: a heading and stacked columns, of packets or of events."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from netsleuth_tui.terminal.sanitize import display
from netsleuth_tui.tui.drawing import Part, ends, line
from netsleuth_tui.tui.numbers import short, size
from netsleuth_tui.wording import grouped

if TYPE_CHECKING:
    from rich.style import Style
    from textual.strip import Strip

    from netsleuth_tui.analysis import Measure
    from netsleuth_tui.analysis.chart import Chart
    from netsleuth_tui.terminal.glyphs import Glyphs
    from netsleuth_tui.tui.theme import Palette

__all__ = ["LaneLook", "TimeLane", "amount"]

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


@dataclass(frozen=True, slots=True)
class LaneLook:
    """How a lane is to be drawn."""

    palette: Palette
    glyphs: Glyphs
    width: int
    brush: tuple[int, int] | None
    """First and last column of the window, both included; they may lie beside the axis."""
    cursor: int | None
    """Column under the cursor; None where that is not seen."""
    chosen: bool
    """Keys mean this lane."""
    one_of: int
    """Lanes that there are."""
    hint: str = ""
    """What there is to say beside the peak, muted."""
    zoomed: bool = False
    """A stretch of the time is seen."""


def amount(number: int, measure: Measure) -> str:
    """'7 012', '12.4 MB', '99.2 Mbit'."""
    if measure in {"packets", "events"}:
        return grouped(number)
    return f"{short(number)}{'' if number >= 1000 else ' '}bit" if measure == "bits" else size(number)


class TimeLane:
    """Draws the chart of one measure.

    Args:
        measure: What it is of.
        by: What it is divided by.
    """

    def __init__(self, measure: Measure, by: str) -> None:
        self.measure: Measure = measure
        self.by = by
        self.chart: Chart | None = None
        self.logarithmic = False
        self._signs = ""
        self._cells: list[list[Cell]] = []
        self._styles: dict[tuple[int, int, int], Style] = {}

    @property
    def of_events(self) -> bool:
        """It counts events."""
        return self.measure == "events"

    def fill(self, height: int, glyphs: Glyphs, *, shaded: bool = False) -> None:
        """Make the cells anew: there is another chart, another scale or another size.

        Args:
            height: Lines of its columns.
            glyphs: What they are drawn with.
            shaded: Series have shades besides their colours, since there are few of those, or none.
        """
        chart = self.chart
        self._signs = glyphs.shades if shaded else ""
        self._cells, self._styles = [], {}
        if chart is None or height <= 0:
            return
        from netsleuth_tui.analysis.chart import full, stack

        steps = len(glyphs.heights) - 1
        columns = [
            stack(parts, full(of, chart.peak, height * steps, logarithmic=self.logarithmic))
            for of, parts in zip(chart.heights, chart.parts, strict=True)
        ]
        for row in range(height - 1, -1, -1):
            self._cells.append([_cell(edges, steps * row, glyphs.heights, self._signs) for edges in columns])

    def line(self, y: int, look: LaneLook) -> Strip:
        """Line `y` of the columns, from the top."""
        if not 0 <= y < len(self._cells):
            return line((), look.width, look.palette.text)
        parts: list[Part] = []
        first, last = look.brush or (0, -1)
        for column, (glyph, below, above) in enumerate(self._cells[y]):
            lit = 2 if column == look.cursor else 1 if first <= column <= last else 0
            style = self._style(below, above, lit, look.palette)
            if parts and parts[-1][1] == style:
                parts[-1] = (parts[-1][0] + glyph, style)
            else:
                parts.append((glyph, style))
        return line(parts, look.width, look.palette.text)

    def _style(self, below: int, above: int, lit: int, palette: Palette) -> Style:
        """Style of a cell; `lit` is 0, 1 inside the window, 2 under the cursor."""
        from rich.style import Style as RichStyle

        known = self._styles.get((below, above, lit))
        if known is not None:
            return known
        style = palette.text if below < 0 else self.series_style(below, palette)
        if above >= 0:
            style += RichStyle(bgcolor=self.series_style(above, palette).color)
        elif lit and not palette.cursor.reverse:
            style += RichStyle(bgcolor=(palette.faint.color if lit == 2 else palette.cursor.bgcolor))
        elif lit == 2:
            style += RichStyle(reverse=True)
        self._styles[below, above, lit] = style
        return style

    def series_style(self, series: int, palette: Palette) -> Style:
        """The colour of a series, by its name or by its place."""
        chart = self.chart
        label = chart.labels[series] if chart is not None else ""
        if self.by == "protocol":
            return palette.protocol(label)
        if _is_rest(label):
            return palette.protocol("Other")
        return palette.protocol(LIKE_FLAGS.get(label, LIKE_PROTOCOLS[series % len(LIKE_PROTOCOLS)]))

    # The heading

    def heading(self, look: LaneLook) -> Strip:
        """What is drawn, and its peak; or what the column under the cursor counts."""
        palette, chart, width = look.palette, self.chart, look.width
        counts = look.cursor is not None  # what a column holds, rather than how much of it in a second
        title = TITLES[self.measure].removesuffix("/s") if counts else TITLES[self.measure]
        mark = (look.glyphs.cursor if look.chosen else " ") if counts and look.one_of > 1 else ""
        left: list[Part] = [(mark + title, palette.accent if counts and look.chosen else palette.text)]
        how = (f" by {self.by}" if self.by not in {"protocol", "EventID"} else "") + (", log" if self.logarithmic else "")
        if chart is None or not chart.peak:
            what = "event" if self.measure == "events" else "packet"
            why = "" if chart is None else f"  nothing to draw: no {what} with a time is in view"
            out = "; Z zooms out" if why and look.zoomed else ""
            return line([*left, (how, palette.muted), (why, palette.muted), (out, palette.text)], width, palette.text)
        from netsleuth_tui.analysis import show_interval
        from netsleuth_tui.analysis.chart import UNIT_NAMES

        if width >= WIDE or not counts:
            how += f", {show_interval(chart.plan.column)} a column"
        if chart.plan.unit < chart.plan.column and width >= WIDE:
            how += f" showing its busiest {UNIT_NAMES[chart.plan.unit]}"
        left.append((how, palette.muted))
        used = sum(len(text) for text, _ in left)
        if look.cursor is not None:
            return line([*left, *self._readout(chart, look.cursor, width - used, palette)], width, palette.text)
        peak = f"  peak {self._height(chart)} at {self._instant(chart, chart.peak_time, chart.plan.unit)}"
        legend = self._legend(chart, width - used - len(peak) - 2, palette)
        used += sum(len(text) for text, _ in legend)
        hint = f"  {look.hint}" if look.hint and used + len(look.hint) + len(peak) + 4 <= width else ""
        return ends([*left, *legend], [(hint, palette.muted), (peak, palette.text)], width, palette.text)

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

    def _readout(self, chart: Chart, column: int, room: int, palette: Palette) -> list[Part]:
        """What the column under the cursor counts: its time, its sum, and each of the largest series, as many as there is room for."""
        from netsleuth_tui.analysis import show_interval

        colon = "" if self.by == "protocol" else ":"
        start = chart.start + column * chart.plan.column
        when = f"  {self._instant(chart, start, min(chart.plan.unit, chart.plan.column))}"
        widest = max(len(amount(number, self.measure)) for number in (chart.peak, *chart.sums))
        total = f"  {amount(chart.sums[column], self.measure):>{widest}} in {show_interval(chart.plan.column)}"
        parts: list[Part] = [(when, palette.strong), (total, palette.text)]
        room -= len(when) + len(total)
        for k in self._by_size(chart):
            widest = max(len(amount(numbers[k], self.measure)) for numbers in chart.label_sums)
            name = self._sign(k) + display(chart.labels[k], limit=LABEL_LIMIT)
            text = f"  {name}{colon} {amount(chart.label_sums[column][k], self.measure):>{widest}}"
            room -= len(text)
            if room < 0:
                break
            parts.append((text, self.series_style(k, palette)))
        return parts

    def _sign(self, series: int) -> str:
        """The shade of a series, where it has one."""
        return self._signs[series % len(self._signs)] if self._signs else ""

    def _legend(self, chart: Chart, room: int, palette: Palette) -> list[Part]:
        """Names of the series in their colours, the greatest first, as many as there is room for."""
        parts: list[Part] = []
        for k in self._by_size(chart):
            name = ("   " if not parts else " ") + self._sign(k) + display(chart.labels[k], limit=LABEL_LIMIT)
            room -= len(name)
            if room < 0:
                break
            parts.append((name, self.series_style(k, palette)))
        return parts


def _cell(edges: list[int], floor: int, heights: str, shades: str = "") -> Cell:
    """The steps (eighths of a line) from `floor` on: the part at the bottom of the cell in front of the one above it.

    With shades, a full cell has that of its largest part.
    """
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
    if shades and before - floor == steps:
        most = max(shares)[1]
        return shades[most % len(shades)], most, -1
    if len(shares) == 1:
        return heights[shares[0][0]], shares[0][1], -1
    filled = before - floor
    if filled < steps:  # a cell has two colours: where the top is empty, one is left for the parts below it
        return heights[filled], max(shares)[1], -1
    low = shares[0]
    return heights[low[0]], low[1], max(shares[1:])[1]


def _is_rest(label: str) -> bool:
    """True for packets of other values, and of none."""
    return label.startswith("no ") or label.endswith(" others")
