"""A cursor on an axis of time, the brush (the window that the cursor draws along), and zooming."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from typing import TYPE_CHECKING

from textual.binding import BindingType

from netsleuth_tui.tui.axis import Axis, Range, holding, next_peak, zoomed_in, zoomed_out
from netsleuth_tui.tui.keys import footer_key, key
from netsleuth_tui.tui.messages import PaneChanged, Told, WindowChosen
from netsleuth_tui.tui.panes import Pane
from netsleuth_tui.tui.widgets.lines import Lines

if TYPE_CHECKING:
    from textual import events

    class _Base(Lines, Pane):
        """What it stands beside."""

else:
    _Base = object  # see `Pane`

__all__ = ["SECOND", "TimeCursor", "Window", "time_keys"]

SECOND = 1_000_000_000
MINUTE, HOUR = 60 * SECOND, 3600 * SECOND
MANY = 10
"""Columns of a larger step."""
_BRUSHES = count(1)
"""Numbers of brushes: the windows of one are one step in the way back."""

Window = tuple[int | None, int | None]
"""Begin and end (excluded), ns since the epoch; None is open."""


def time_keys(name: str) -> list[BindingType]:
    """The keys of the cursor; Textual does not take them from a base that is no widget.

    Args:
        name: What their ids begin with.
    """
    return [
        key(f"{name}.left", "left,h", "step(-1)", "cursor one column to the left"),
        key(f"{name}.right", "right,l", "step(1)", "cursor one column to the right"),
        key(f"{name}.far_left", "ctrl+left", f"step(-{MANY})", "cursor ten columns to the left"),
        key(f"{name}.far_right", "ctrl+right", f"step({MANY})", "cursor ten columns to the right"),
        key(f"{name}.brush_left", "shift+left,H", "brush(-1)", "brush: take the window one column to the left"),
        key(f"{name}.brush_right", "shift+right,L", "brush(1)", "brush: take the window one column to the right"),
        key(f"{name}.second", "s", f"jump({SECOND})", "a second later"),
        key(f"{name}.second_back", "S", f"jump(-{SECOND})", "a second earlier"),
        key(f"{name}.minute", "m", f"jump({MINUTE})", "a minute later"),
        key(f"{name}.minute_back", "M", f"jump(-{MINUTE})", "a minute earlier"),
        key(f"{name}.hour", "o", f"jump({HOUR})", "an hour later"),
        key(f"{name}.hour_back", "O", f"jump(-{HOUR})", "an hour earlier"),
        footer_key(f"{name}.peak", "p", "peak(1)", "peak", "to the next peak"),
        key(f"{name}.peak_back", "P", "peak(-1)", "to the peak before"),
        footer_key(f"{name}.zoom_in", "z", "zoom(True)", "zoom", "zoom into the window, or else twice as close around the cursor"),
        footer_key(f"{name}.zoom_out", "Z", "zoom(False)", "zoom out", "zoom out", "Z"),
    ]


class TimeCursor(_Base):
    """A cursor that goes by columns, by time and by peaks, and takes the window along; a base beside a pane that has such an axis."""

    axis: Axis | None = None
    cursor_column: int | None = None
    brush: tuple[int, int] | None = None
    """First and last column of the window, both included; they may lie beside the axis."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self.whole: Range | None = None
        """All of the time that there is to see."""
        self.instant: int | None = None
        """Where the cursor is, ns since the epoch."""
        self.window: Window = (None, None)
        """The window that was chosen last, though the other panes may not have followed yet."""
        self.shown: Range | None = None
        """What is zoomed into; None: all of the time."""
        self.interval: int | None = None
        """Length of a column, ns; None: as the width of the screen has it."""
        self.brushed_from: int | None = None
        """Where brushing began; None while there is no brush under way."""
        self._zooms: list[Range | None] = []
        self._brush = 0
        self._on_their_way = 0
        """Windows that were chosen here and that the screen has not heard of yet: what it looks through until then is past."""

    def heights(self) -> Sequence[float]:
        """Of the columns: what has peaks."""
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
        self.place()
        self.redraw()

    def place(self) -> None:
        """Put cursor and brush into the columns of the axis."""
        axis, whole = self.axis, self.whole
        if axis is None or whole is None:
            return
        if self.instant is None:
            self.instant = whole[0]
        self.instant = min(max(self.instant, whole[0]), whole[1] - 1)
        self.cursor_column = axis.at(self.instant)
        start, end = self.window
        self.brush = None
        if (start, end) != (None, None):
            first = -1 if start is None else (start - axis.start) // axis.column
            last = axis.columns if end is None else (end - 1 - axis.start) // axis.column
            self.brush = (first, last)

    def cursor_time(self) -> tuple[int, int] | None:
        """Begin and end of the column under the cursor."""
        if self.axis is None or self.whole is None or self.instant is None:
            return None
        column = self.axis.at(self.instant)
        return self.axis.covered(column, column, self.whole)

    # Moving

    def _go(self, time: int, *, brush: bool = False) -> None:
        """Cursor to an instant, taking the window along or not; the axis follows where it has to."""
        axis, whole = self.axis, self.whole
        if axis is None or whole is None or self.instant is None:
            return
        before, self.instant = self.instant, min(max(time, whole[0]), whole[1] - 1)
        if not axis.holds(self.instant):
            self.follow(holding((axis.start, axis.end), self.instant, whole, axis.unit))
        if not brush:
            self.brushed_from = None
        else:
            if self.brushed_from is None:
                self.brushed_from = before
                self._brush = next(_BRUSHES)
            self._choose(self._between(self.brushed_from, self.instant, whole), brush=self._brush)
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
        if self.axis is not None and self.instant is not None:
            self._go(self.axis.begin((self.instant - self.axis.start) // self.axis.column + columns))

    def action_brush(self, columns: int) -> None:
        """So many columns on, and the window with the cursor."""
        if self.axis is not None and self.instant is not None:
            self._go(self.axis.begin((self.instant - self.axis.start) // self.axis.column + columns), brush=True)

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
        if self.instant is not None:
            self._go(self.instant + by)

    def action_peak(self, direction: int) -> None:
        """To the nearest column that stands out."""
        if self.axis is None or self.cursor_column is None:
            return
        found = next_peak(self.heights(), self.cursor_column, direction)
        if found is None:
            side = "after" if direction > 0 else "before"
            self.post_message(Told(f"no peak {side} the cursor among the columns that are seen", "warning"))
        else:
            self._go(self.axis.begin(found))

    def is_empty_here(self) -> bool:
        """Nothing is in the column under the cursor: a window of it would leave nothing to see."""
        return False

    def action_only_here(self) -> None:
        """The column under the cursor is the window."""
        here = self.cursor_time()
        if here is not None and self.is_empty_here():
            self.post_message(Told("nothing is in this column: as the window it would leave nothing (p: next peak)", "warning"))
        elif here is not None:
            self.brushed_from = None
            self._choose(here)
            self.mark()

    # Zooming

    def action_window_here(self) -> None:
        """The column under the cursor is the window; if it is already, or has just been brushed, zoom into it."""
        if self.brushed_from is not None or self.window == self.cursor_time():
            self.action_zoom(True)
        else:
            self.action_only_here()

    def follow(self, shown: Range) -> None:
        """The cursor has left the axis: show another stretch of time, which is no step of zooming."""
        self._show(shown, remember=False)

    def action_zoom(self, closer: bool) -> None:
        """To the window, or twice as close around the cursor; or back out."""
        axis, whole = self.axis, self.whole
        if axis is None or whole is None or self.instant is None:
            return
        shown = (axis.start, axis.end) if self.interval is not None else self.shown or whole
        if closer:
            window = self._closed_window(whole)
            narrower = window is not None and window != shown and shown[0] <= window[0] and window[1] <= shown[1]
            self.brushed_from, self.interval = None, None
            self._show(window if window is not None and narrower else zoomed_in(shown, self.instant))
        elif self.interval is not None:
            self.interval = None
            self._show(None)
        elif self._zooms:
            self._show(self._zooms.pop(), remember=False)
        elif self.shown is not None:
            self._show(zoomed_out(self.shown, self.instant, whole), remember=False)
        else:
            self.post_message(Told("all of the time is seen", "warning"))

    def _closed_window(self, whole: Range) -> Range | None:
        start, end = self.window
        if (start, end) == (None, None):
            return None
        return (whole[0] if start is None else max(start, whole[0]), whole[1] if end is None else min(end, whole[1]))

    def _show(self, shown: Range | None, *, remember: bool = True) -> None:
        if remember and shown is not None:
            self._zooms.append(self.shown)
        if shown is None:
            self._zooms.clear()
        self.shown = shown
        self.post_message(PaneChanged(self))

    # Mouse

    def column_at(self, x: int, y: int) -> int | None:  # noqa: ARG002
        """The column at a place of the pane, which may lie beside the axis; None where there is none."""
        return x

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """The cursor to the column; dragging from there brushes."""
        column = self.column_at(event.x, event.y)
        if self.axis is not None and column is not None and 0 <= column < self.axis.columns:
            self.capture_mouse()
            self._go(self.axis.begin(column))

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Brush while the button is down."""
        if not event.button or self.app.mouse_captured is not self or self.axis is None:
            return
        column = self.column_at(event.x, event.y)
        if column is not None and column != self.cursor_column:
            self._go(self.axis.begin(min(max(column, 0), self.axis.columns - 1)), brush=True)

    def on_mouse_up(self) -> None:
        """The brush is done."""
        self.release_mouse()
