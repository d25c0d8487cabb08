"""The cursor of the time line, and the brush: the window that the cursor draws along."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import BindingType

from netsleuth_tui.tui.axis import Range, holding, next_peak
from netsleuth_tui.tui.keys import footer_key, key
from netsleuth_tui.tui.messages import Told, WindowChosen
from netsleuth_tui.tui.widgets.time_chart import TimeChart

if TYPE_CHECKING:
    from textual import events

__all__ = ["SECOND", "TimeCursor", "Window"]

SECOND = 1_000_000_000
MINUTE, HOUR = 60 * SECOND, 3600 * SECOND
MANY = 10
"""Columns of a larger step."""

Window = tuple[int | None, int | None]
"""Begin and end (excluded), ns since the epoch; None is open."""


class TimeCursor(TimeChart, can_focus=True):
    """A chart with a cursor that goes by columns, by time and by peaks, and takes the window along."""

    BINDINGS: ClassVar[list[BindingType]] = [
        key("timeline.left", "left,h", "step(-1)", "cursor one column to the left"),
        key("timeline.right", "right,l", "step(1)", "cursor one column to the right"),
        key("timeline.far_left", "ctrl+left", f"step(-{MANY})", "cursor ten columns to the left"),
        key("timeline.far_right", "ctrl+right", f"step({MANY})", "cursor ten columns to the right"),
        key("timeline.page_left", "pageup,ctrl+b", "page(-1)", "as much earlier as is seen"),
        key("timeline.page_right", "pagedown,ctrl+f,space", "page(1)", "as much later as is seen"),
        key("timeline.first", "home,g", "edge_of_all(0)", "cursor to the first packet"),
        key("timeline.last", "end,G", "edge_of_all(-1)", "cursor to the last packet"),
        key("timeline.brush_left", "shift+left,H", "brush(-1)", "brush: take the window one column to the left"),
        key("timeline.brush_right", "shift+right,L", "brush(1)", "brush: take the window one column to the right"),
        key("timeline.only", "plus,equals_sign", "only_here", "the column under the cursor is the window", "+ ="),
        key("timeline.second", "s", f"jump({SECOND})", "a second later"),
        key("timeline.second_back", "S", f"jump(-{SECOND})", "a second earlier"),
        key("timeline.minute", "m", f"jump({MINUTE})", "a minute later"),
        key("timeline.minute_back", "M", f"jump(-{MINUTE})", "a minute earlier"),
        key("timeline.hour", "o", f"jump({HOUR})", "an hour later"),
        key("timeline.hour_back", "O", f"jump(-{HOUR})", "an hour earlier"),
        footer_key("timeline.peak", "p", "peak(1)", "peak", "to the next peak"),
        key("timeline.peak_back", "P", "peak(-1)", "to the peak before"),
    ]

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self.whole: Range | None = None
        """All of the time that was loaded."""
        self.cursor: int | None = None
        """An instant, ns since the epoch."""
        self.window: Window = (None, None)
        """The window that was chosen last, though the other panes may not have followed yet."""
        self.brushed_from: int | None = None
        """Where brushing began; None while there is no brush under way."""
        self._brushes = 0
        self._on_their_way = 0
        """Windows that were chosen here and that the screen has not heard of yet: what it looks through until then is past."""

    def follow(self, shown: Range) -> None:
        """The cursor has left the axis: show this stretch of time."""
        raise NotImplementedError

    def settle(self, window: Window) -> bool:
        """The other panes look through this window now: True if it was not chosen here."""
        if self._on_their_way or window == self.window:
            return False
        self.window, self.brushed_from = window, None
        return True

    def _arrived(self) -> None:
        self._on_their_way -= 1

    def window_is_near(self) -> bool:
        """True if some of the window lies on the axis."""
        start, end = self.window
        return self.axis is None or ((start is None or start < self.axis.end) and (end is None or end > self.axis.start))

    def mark(self) -> None:
        """Put cursor and brush into the columns of the axis, and draw what changed."""
        axis, whole = self.axis, self.whole
        if axis is None or whole is None:
            return
        if self.cursor is None:
            self.cursor = whole[0]
        self.cursor = min(max(self.cursor, whole[0]), whole[1] - 1)
        self.cursor_column = axis.at(self.cursor)
        start, end = self.window
        self.brush = None
        if (start, end) != (None, None):
            first = -1 if start is None else (start - axis.start) // axis.column
            last = axis.columns if end is None else (end - 1 - axis.start) // axis.column
            self.brush = (first, last)
        self.redraw()

    def cursor_time(self) -> tuple[int, int] | None:
        """Begin and end of the column under the cursor."""
        if self.axis is None or self.whole is None or self.cursor is None:
            return None
        column = self.axis.at(self.cursor)
        return self.axis.covered(column, column, self.whole)

    # Moving

    def _go(self, time: int, *, brush: bool = False) -> None:
        """Cursor to an instant, taking the window along or not; the axis follows where it has to."""
        axis, whole = self.axis, self.whole
        if axis is None or whole is None or self.cursor is None:
            return
        before, self.cursor = self.cursor, min(max(time, whole[0]), whole[1] - 1)
        if not axis.holds(self.cursor):
            self.follow(holding((axis.start, axis.end), self.cursor, whole, axis.unit))
        if not brush:
            self.brushed_from = None
        else:
            if self.brushed_from is None:
                self.brushed_from = before
                self._brushes += 1
            self._choose(self._between(self.brushed_from, self.cursor, whole), brush=self._brushes)
        self.mark()

    def _between(self, one: int, other: int, whole: Range) -> Range:
        """The window of the columns from one instant's to the other's, which may lie beside the axis."""
        if self.axis is None:
            return whole
        columns = [(time - self.axis.start) // self.axis.column for time in (one, other)]
        return self.axis.covered(columns[0], columns[1], whole)

    def _choose(self, window: Range, *, brush: int | None = None) -> None:
        if window != self.window:
            self.window = window
            self._on_their_way += 1
            self.post_message(WindowChosen(*window, brush, self._arrived))

    def action_step(self, columns: int) -> None:
        """So many columns on."""
        if self.axis is not None and self.cursor is not None:
            self._go(self.axis.begin((self.cursor - self.axis.start) // self.axis.column + columns))

    def action_brush(self, columns: int) -> None:
        """So many columns on, and the window with the cursor."""
        if self.axis is not None and self.cursor is not None:
            self._go(self.axis.begin((self.cursor - self.axis.start) // self.axis.column + columns), brush=True)

    def action_page(self, direction: int) -> None:
        """As many columns on as are seen."""
        if self.axis is not None:
            self.action_step(direction * self.axis.columns)

    def action_edge_of_all(self, which: int) -> None:
        """To the first (0) or the last (-1) instant."""
        if self.whole is not None:
            self._go(self.whole[0] if which == 0 else self.whole[1] - 1)

    def action_jump(self, by: int) -> None:
        """So many nanoseconds on."""
        if self.cursor is not None:
            self._go(self.cursor + by)

    def action_peak(self, direction: int) -> None:
        """To the nearest column that stands out."""
        if self.chart is None or self.axis is None or self.cursor_column is None:
            return
        found = next_peak(self.chart.heights, self.cursor_column, direction)
        if found is None:
            side = "after" if direction > 0 else "before"
            self.post_message(Told(f"no peak {side} the cursor among the columns that are seen", "warning"))
        else:
            self._go(self.axis.begin(found))

    def action_only_here(self) -> None:
        """The column under the cursor is the window."""
        here = self.cursor_time()
        if here is not None:
            self.brushed_from = None
            self._choose(here)
            self.mark()

    # Mouse

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """The cursor to the column; dragging from there brushes."""
        if self.axis is not None and event.x < self.axis.columns:
            self.capture_mouse()
            self._go(self.axis.begin(event.x))

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Brush while the button is down."""
        if event.button and self.app.mouse_captured is self and self.axis is not None and event.x != self.cursor_column:
            self._go(self.axis.begin(min(max(event.x, 0), self.axis.columns - 1)), brush=True)

    def on_mouse_up(self) -> None:
        """The brush is done."""
        self.release_mouse()
