"""How the time line is drawn: a lane of packets, a lane of events, below them marks of findings, and an axis with window and cursor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.strip import Strip

from netsleuth_tui.tui.drawing import Part, line
from netsleuth_tui.tui.marks import Marks, mark_parts, place_of_heading
from netsleuth_tui.tui.theme import SIXTEEN
from netsleuth_tui.tui.widgets.lines import Lines
from netsleuth_tui.tui.widgets.time_lane import LaneLook, TimeLane

if TYPE_CHECKING:
    from netsleuth_tui.analysis import Measure
    from netsleuth_tui.analysis.chart import Chart
    from netsleuth_tui.tui.axis import Axis
    from netsleuth_tui.tui.theme import Palette

__all__ = ["TimeChart"]


class TimeChart(Lines):
    """Draws charts above each other, a window on them and a cursor; knows nothing of where they come from."""

    axis: Axis | None = None
    brush: tuple[int, int] | None = None
    """First and last column of the window, both included; they may lie beside the axis."""
    cursor_column: int | None = None

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self.packet_lane, self.event_lane = TimeLane("packets", "protocol"), TimeLane("events", "EventID")
        self.lanes: tuple[TimeLane, ...] = (self.packet_lane,)
        """Those that are seen, from the top."""
        self.marks = Marks()
        """Of findings; where there are none, there is no line for them."""
        self.lane = self.packet_lane
        """The one that keys mean."""

    # What the lane in use draws

    @property
    def chart(self) -> Chart | None:
        """Its columns."""
        return self.lane.chart

    @property
    def measure(self) -> Measure:
        """What they are of."""
        return self.lane.measure

    @property
    def by(self) -> str:
        """What they are divided by."""
        return self.lane.by

    def show_lanes(self, lanes: tuple[TimeLane, ...]) -> None:
        """Draw these lanes; where the one in use is none of them, the first one is."""
        self.lanes = lanes
        if self.lane not in lanes:
            self.lane = lanes[0]

    # Lines

    def _heights(self) -> list[int]:
        """Lines of each lane's columns: what headings and axis leave over, the first lane has what cannot be shared."""
        room = max(self.size.height - 1 - len(self.lanes) - bool(self.marks.times), 0)
        share, rest = divmod(room, len(self.lanes))
        return [share + (k < rest) for k in range(len(self.lanes))]

    def lane_at(self, y: int) -> tuple[int, int]:
        """The lane that line `y` belongs to, and which of its lines that is: 0 for its heading, 1 for the first line of its columns."""
        for k, height in enumerate(self._heights()):
            if y <= height:
                return k, y
            y -= height + 1
        return len(self.lanes) - 1, y + self._heights()[-1] + 1

    @property
    def is_zoomed(self) -> bool:
        """A stretch of the time is seen."""
        return False

    def fill(self) -> None:
        """Make the cells anew: there is another chart, another scale or another size."""
        for lane, height in zip(self.lanes, self._heights(), strict=True):
            lane.fill(height, self.glyphs, shaded=self.app.theme == SIXTEEN)

    def draw(self, y: int, width: int) -> Strip:
        """Line `y`."""
        if y == self.size.height - 1:
            return self._axis_line(width)
        if self.marks.times and y == self.size.height - 2 and self.axis is not None:
            return line(mark_parts(self.marks, self.axis, width, self.palette, self.glyphs), width, self.palette.text)
        at, place = self.lane_at(y)
        lane = self.lanes[at]
        cursor = self.cursor_column if self.has_focus else None
        told = at > 0 or self.axis is None or not self.marks.times or place_of_heading(self.marks, self.axis, width) is not None
        hint = "" if told else self.marks.heading()
        look = LaneLook(self.palette, self.glyphs, width, self.brush, cursor, lane is self.lane, len(self.lanes), hint, self.is_zoomed)
        return lane.line(place - 1, look) if place else lane.heading(look)

    # The axis

    def _axis_line(self, width: int) -> Strip:
        """Marks at round times; the window as brackets with a line between them, and the cursor, so that they are seen without colours."""
        palette, chart = self.palette, next((lane.chart for lane in self.lanes if lane.chart is not None), None)
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


def _highlighted(text: str, brush: tuple[int, int] | None, palette: Palette) -> list[Part]:
    if brush is None or brush[1] < 0:
        return [(text, palette.muted)]
    begin, end = max(brush[0], 0), max(brush[1] + 1, 0)
    return [(text[:begin], palette.muted), (text[begin:end], palette.text), (text[end:], palette.muted)]
