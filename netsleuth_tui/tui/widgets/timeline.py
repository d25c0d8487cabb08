"""The time line as a pane: what it asks, zooming, intervals, and what it is divided by."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual.binding import BindingType

from netsleuth_tui.errors import NetSleuthError
from netsleuth_tui.terminal.glyphs import ASCII
from netsleuth_tui.tui.keys import footer_key, key
from netsleuth_tui.tui.marks import Marks
from netsleuth_tui.tui.messages import Asked, PaneChanged, Told
from netsleuth_tui.tui.panes import Pane, Question, Seen
from netsleuth_tui.tui.time_counts import Counted, Wanted, as_table, count
from netsleuth_tui.tui.widgets.time_chart import TimeChart
from netsleuth_tui.tui.widgets.time_cursor import SECOND, TimeCursor, time_keys

if TYPE_CHECKING:
    from textual import events

    from netsleuth_tui.analysis import Kinds, Measure, Scope
    from netsleuth_tui.findings import Finding
    from netsleuth_tui.store import Store
    from netsleuth_tui.tabular import Table

__all__ = ["TimeLine"]


USUAL = ("protocol", "EventID")
"""Divisions that need not be said."""

TEXT_HEIGHT = 20
"""Lines of the chart as text."""
BESIDE = 14
"""Columns of its numbers and frame."""


class TimeLine(TimeCursor, TimeChart, Pane, can_focus=True):
    """Shows the packets of the filter over an axis that may be zoomed; the window on it is what all other panes look through."""

    NAME = "timeline"
    TITLE = "the time line"
    ABOUT = (
        "What the filter selects over time: packets above, events below, on one axis. Up and down choose the one that keys mean (peaks,"
        " division, heights); E leaves one out. The window that the other panes look through is marked below the columns. A column"
        " over many seconds shows its busiest one; the numbers at the cursor are those of the whole column. A packet with two values (both"
        " its hosts, several TCP flags) counts for each of them, and once for the height. Direction: from one host to the other where there"
        " are only two; otherwise between private networks and public addresses."
    )

    FOLLOWS_SCOPE = False

    BINDINGS: ClassVar[list[BindingType]] = [
        footer_key(
            "timeline.window", "enter", "window_here", "window", "the column under the cursor is the window; once more zooms into it"
        ),
        *time_keys("timeline"),
        key("timeline.up", "up,k", "lane(-1)", "to the packets: cursor, peaks and division are theirs"),
        key("timeline.down", "down,j", "lane(1)", "to the events: cursor, peaks and division are theirs"),
        key("timeline.mark", "a", "mark(1)", "to the next finding that is marked above the axis"),
        key("timeline.mark_back", "A", "mark(-1)", "to the finding before"),
        key("timeline.page_left", "pageup,ctrl+b", "page(-1)", "as much earlier as is seen"),
        key("timeline.page_right", "pagedown,ctrl+f,space", "page(1)", "as much later as is seen"),
        key("timeline.first", "home,g", "edge_of_all(0)", "cursor to the first packet"),
        key("timeline.last", "end,G", "edge_of_all(-1)", "cursor to the last packet"),
        key("timeline.only", "plus,equals_sign", "only_here", "the column under the cursor is the window", "+ ="),
        footer_key("timeline.interval", "i", "interval", "interval", "choose how long a column is: auto, 1ms … 1h"),
        footer_key(
            "timeline.divide", "d", "divide", "divide", "divide the columns by protocol, flag, direction, host, port, event id or any field"
        ),
        footer_key("timeline.scale", "y", "scale", "log", "logarithmic or linear heights"),
    ]

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self.counted: Counted | None = None
        self.kinds: Kinds = "both"
        """Whether packets, events or both are drawn, where there are both."""

    # Asking and answering

    def is_ready(self) -> bool:
        """There is an axis."""
        return self.axis is not None

    def question(self) -> Question:
        """What to count: nothing new where only the window has changed."""
        return partial(
            count,
            asking=Wanted(self.shown, self.interval, self.packet_lane.by, self.event_lane.by, self.app.size.width, self.kinds),
            known=self.counted,
        )

    def answer(self, seen: Seen, result: Counted) -> None:
        """Show another time line, or another window on the same one."""
        scope = seen.overview.scope
        moved = self.settle((scope.start, scope.end))
        if result is not self.counted:
            self.counted, self.axis, self.whole = result, result.axis, result.whole
            drawn = ((self.packet_lane, result.packets), (self.event_lane, result.events))
            self.show_lanes(tuple(lane for lane, line in drawn if line is not None))
            self._fold()
        if moved and self.shown is not None and not self.window_is_near():
            self._show(None)
        self.mark()

    def show_findings(self, findings: Sequence[Finding]) -> None:
        """Mark where findings begin, each time."""
        self.marks = Marks(findings)
        self.fill()
        self.redraw()

    def show_kinds(self, kinds: Kinds) -> None:
        """Draw packets, events or both."""
        self.kinds = kinds
        self.post_message(PaneChanged(self))

    def heights(self) -> Sequence[float]:
        """As they are drawn."""
        return self.chart.heights if self.chart is not None else ()

    @property
    def is_zoomed(self) -> bool:
        """A stretch of the time is seen."""
        return self.shown is not None

    def is_empty_here(self) -> bool:
        """Neither packets nor events are in the column, of those that the filter keeps."""
        counted, column = self.counted, self.cursor_column
        if counted is None or column is None:
            return False
        for line in (counted.packets, counted.events):
            if line is not None:
                per = counted.axis.column // line.every
                if line.of("packets")[1][column * per : (column + 1) * per].any():
                    return False
        return True

    def _fold(self) -> None:
        counted = self.counted
        if counted is not None:
            from netsleuth_tui.analysis.chart import chart

            for lane in self.lanes:
                line = counted.events if lane.of_events else counted.packets
                lane.chart = chart(line, counted.axis.column, lane.measure) if line is not None else None
        self.fill()

    def export_table(self) -> Callable[[Store, Scope], Table]:
        """The counts that the columns are made from, by what they are divided by."""
        every = self.axis.unit if self.axis is not None else SECOND
        return partial(as_table, every=every, by=self.by, shown=self.shown, events=self.lane.of_events)

    def text_as_shown(self) -> str | None:
        """The chart for a ticket, in characters that need no colours."""
        from netsleuth_tui.analysis.chart import bars
        from netsleuth_tui.export import text_chart

        if self.chart is None or self.counted is None:
            return None
        by = self.by if self.by not in USUAL else None
        drawn = bars(self.chart, self.measure, by=by, text=self.counted.filter, room=self.chart.columns)
        return text_chart(drawn, width=self.chart.columns + BESIDE, height=TEXT_HEIGHT, unicode=self.glyphs is not ASCII)

    # What is drawn, and how

    def toggle(self) -> None:
        """The next measure of packets: their number, bytes, bits, TCP payload."""
        from netsleuth_tui.analysis import MEASURE_NAMES

        if self.packet_lane in self.lanes:
            self.draw_measure(MEASURE_NAMES[(MEASURE_NAMES.index(self.packet_lane.measure) + 1) % len(MEASURE_NAMES)])
        else:
            packets = self.counted is not None and self.counted.rows[0]
            self.post_message(Told("packets are not drawn: E brings them back" if packets else "there are only events", "warning"))

    def draw_measure(self, measure: Measure) -> None:
        """Draw packets in this measure."""
        self.packet_lane.measure = measure
        self._fold()
        self.redraw()

    def action_lane(self, by: int) -> None:
        """Keys mean the lane above or below."""
        at = min(max(self.lanes.index(self.lane) + by, 0), len(self.lanes) - 1)
        self.lane = self.lanes[at]
        self.redraw()

    def action_mark(self, direction: int) -> None:
        """To the nearest finding, and say what it is."""
        axis, instant = self.axis, self.instant
        if axis is None or instant is None:
            return
        edge = axis.begin(axis.at(instant)) + (axis.column - 1 if direction > 0 else 0)  # others in the same column are where the cursor is
        found = self.marks.next(edge, direction)
        if found is None:
            self.post_message(Told(f"there is no finding {'after' if direction > 0 else 'before'} this", "warning"))
            return
        self._go(found)
        self.post_message(Told(self.marks.said(found), "warning"))

    def action_scale(self) -> None:
        """Logarithmic or linear."""
        self.lane.logarithmic = not self.lane.logarithmic
        self.fill()
        self.redraw()

    def action_interval(self) -> None:
        """Ask how long a column is."""
        from netsleuth_tui.analysis import show_interval

        proposal = "auto" if self.interval is None else show_interval(self.interval).replace(" ", "")
        self.post_message(
            Asked("A column is", proposal, "auto fills the width; or a length: 1ms, 10ms, 1s, 10s, 1min, 10min, 1h", self._take_interval)
        )

    def _take_interval(self, text: str) -> str | None:
        from netsleuth_tui.analysis import parse_interval

        try:
            interval = None if text in {"", "auto"} else parse_interval(text)
        except NetSleuthError as error:
            return str(error)
        self.interval = interval
        if interval is None or self.whole is None or self.instant is None:
            self._show(None)
        else:
            start = max(self.instant - interval * (self.size.width // 2), self.whole[0])
            self._show((start, self.whole[1]), remember=False)
        return None

    def action_divide(self) -> None:
        """Ask what the columns are divided by."""
        from netsleuth_tui.analysis import EVENT_SPLITS, SPLITS

        splits, example = (EVENT_SPLITS, "SubjectUserName") if self.lane.of_events else (SPLITS, "ip.ttl")
        self.post_message(Asked("Divide by", self.by, f"{', '.join(splits)}, or any field such as {example}", self._take_split))

    def _take_split(self, text: str) -> str | None:
        from netsleuth_tui.analysis import check_event_split, check_split

        lane = self.lane
        by = text or ("EventID" if lane.of_events else "protocol")
        try:
            if lane.of_events:
                check_event_split(by)
            else:
                check_split(by)
        except NetSleuthError as error:
            return str(error)
        lane.by = by
        self.post_message(PaneChanged(self))
        return None

    # Events

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """The lane that was clicked is the one in use."""
        self.lane = self.lanes[self.lane_at(event.y)[0]]
        self.redraw()

    def on_resize(self) -> None:
        """Other heights."""
        self._drawn.clear()
        self.fill()
        self.redraw()

    def on_focus(self) -> None:
        """The cursor is seen."""
        self.redraw()

    def on_blur(self) -> None:
        """The cursor is not seen."""
        self.brushed_from = None
        self.redraw()
