"""What the panes have in common: they draw line by line, send again only lines that changed, and scroll with the same keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.widget import Widget

from netsleuth_tui.terminal.glyphs import ASCII
from netsleuth_tui.tui.drawing import Part, changed, line

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.style import Style
    from textual import events
    from textual.geometry import Region
    from textual.strip import Strip

    from netsleuth_tui.terminal.glyphs import Glyphs
    from netsleuth_tui.tui.theme import Palette

__all__ = ["UNSEEN", "Lines", "ScrolledLines"]

UNSEEN = 80
"""Cells that a pane has on paper while it is hidden on the screen."""


class Lines(Widget):
    """A widget that is drawn by lines; `redraw` sends those that have changed."""

    ALLOW_SELECT = False

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's own word
        super().__init__(id=id)
        self._drawn: dict[int, Strip] = {}

    @property
    def palette(self) -> Palette:
        """Styles of the current theme."""
        from netsleuth_tui.tui.theme import palette

        return palette(self.app.theme)

    @property
    def glyphs(self) -> Glyphs:
        """Characters that this terminal can show."""
        from netsleuth_tui.terminal.glyphs import UNICODE

        return getattr(self.app, "glyphs", UNICODE)

    def draw(self, y: int, width: int) -> Strip:
        """Line `y` of the widget, `width` cells wide."""
        raise NotImplementedError

    def render_line(self, y: int) -> Strip:
        """Line `y`, for Textual."""
        strip = self.draw(y, self.size.width)
        self._drawn[y] = strip
        return strip

    def text_as_shown(self) -> str | None:
        """The lines as text, for a file; None where a table of the rows says more."""
        width, height = self.size
        return _text(self.draw(y, width).text for y in range(height))

    def redraw(self) -> None:
        """Send the lines that look different now."""
        if not self.is_mounted or not self.display:
            return
        width, regions = self.size.width, []
        for y in range(self.size.height):
            region = changed(self._drawn.get(y), self.draw(y, width), y)
            if region is not None:
                regions.append(region)
        if regions:
            self.refresh(*regions)

    def redraw_line(self, y: int) -> None:
        """Send line `y` if it looks different now."""
        if 0 <= y < self.size.height:
            region: Region | None = changed(self._drawn.get(y), self.draw(y, self.size.width), y)
            if region is not None:
                self.refresh(region)

    def on_show(self) -> None:
        """Send what has changed while it was hidden: Textual shows what was painted before."""
        self.redraw()

    def notify_style_update(self) -> None:
        """Draw everything again after a change of the theme or the focus' style sheet."""
        self._drawn.clear()
        super().notify_style_update()


class ScrolledLines(Lines, can_focus=True):
    """Lines of which a window is seen: with a cursor, or (`CURSOR` = False) just scrolled."""

    CURSOR: ClassVar[bool] = True
    CURSOR_AWAY: ClassVar[bool] = True
    """The cursor is also seen, weaker, while another pane has the focus."""
    HEADER: ClassVar[int] = 0
    """Lines at the top that stay."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "up", show=False, id="lines.up", tooltip="one line up"),
        Binding("down,j", "move(1)", "down", show=False, id="lines.down", tooltip="one line down"),
        Binding("pageup,ctrl+b", "page(-1)", "page up", show=False, id="lines.page_up", tooltip="one page up"),
        Binding("pagedown,ctrl+f,space", "page(1)", "page down", show=False, id="lines.page_down", tooltip="one page down"),
        Binding("home,g", "jump(0)", "first", show=False, id="lines.first", tooltip="to the first line"),
        Binding("end,G", "jump(-1)", "last", show=False, id="lines.last", tooltip="to the last line"),
    ]

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self.cursor = 0
        self.top = 0
        self._drawn_top = 0

    # What a pane says about itself.

    def count(self) -> int:
        """Number of lines, the header not counted."""
        raise NotImplementedError

    def header(self, y: int, width: int) -> Strip:
        """Header line `y`."""
        raise NotImplementedError

    def item(self, index: int, width: int) -> list[Part]:
        """Line `index`, as parts."""
        raise NotImplementedError

    def selectable(self, index: int) -> bool:  # noqa: ARG002 - for panes with headings between their lines
        """True if the cursor may stand on line `index`."""
        return True

    def under_cursor(self, parts: list[Part], style: Style) -> list[Part]:
        """The line under the cursor, as parts: in one style, since every style is sent."""
        return [("".join(text for text, _ in parts), style)]

    def cursor_moved(self) -> None:
        """The cursor stands on another line."""

    # Drawing

    @property
    def page(self) -> int:
        """Lines that fit below the header."""
        return max(self.size.height - self.HEADER, 0)

    def draw(self, y: int, width: int) -> Strip:
        """Line `y`: header, a line, or nothing; the last column is the scroll bar."""
        if y < self.HEADER:
            return self.header(y, width)
        palette = self.palette
        index, body = self.top + y - self.HEADER, max(width - 1, 0)
        if not 0 <= index < self.count():
            return line((), width, palette.text)
        parts = self.item(index, body)
        if self.CURSOR and index == self.cursor and (self.has_focus or self.CURSOR_AWAY):
            style = palette.cursor if self.has_focus else palette.cursor_away
            strip = line(self.under_cursor(parts, style), body, style)
        else:
            strip = line(parts, body, palette.text)
        return line([*((s.text, s.style or palette.text) for s in strip), self._bar(y - self.HEADER)], width, palette.text)

    def _bar(self, y: int) -> Part:
        total, seen = self.count(), self.page
        if total <= seen or seen <= 0:
            return " ", self.palette.text
        length = max(1, seen * seen // total)
        start = round(self.top / max(total - seen, 1) * (seen - length))
        thumb = "#" if self.glyphs is ASCII else "▐"
        return (thumb, self.palette.faint) if start <= y < start + length else (" ", self.palette.text)

    def text_as_shown(self) -> str | None:
        """All lines as text, those that are scrolled out of sight included."""
        width = (self.size.width or UNSEEN) - 1
        heads = [self.header(y, width).text for y in range(self.HEADER)]
        return _text([*heads, *("".join(text for text, _ in self.item(index, width)) for index in range(self.count()))])

    # Moving

    def reset(self, cursor: int = 0) -> None:
        """Put the cursor on a line after the lines have changed, and draw what changed."""
        self.cursor = min(max(cursor, 0), max(self.count() - 1, 0))
        self._keep_cursor_selectable(1)
        self.top = min(self.top, max(self.count() - self.page, 0))
        self._reveal()
        self.redraw()

    def move_to(self, index: int, direction: int = 1) -> None:
        """Put the cursor on line `index`, or the nearest one beyond it that can be selected."""
        if not self.CURSOR:
            self.top = min(max(index, 0), max(self.count() - self.page, 0))
            self.redraw()
            return
        before = self.cursor
        self.cursor = min(max(index, 0), max(self.count() - 1, 0))
        self._keep_cursor_selectable(direction)
        self._reveal()
        if self.top != self._drawn_top:
            self.redraw()
        elif self.cursor != before:
            self.redraw_line(before - self.top + self.HEADER)
            self.redraw_line(self.cursor - self.top + self.HEADER)
        if self.cursor != before:
            self.cursor_moved()

    def _keep_cursor_selectable(self, direction: int) -> None:
        for step in (direction, -direction):
            index = self.cursor
            while 0 <= index < self.count():
                if self.selectable(index):
                    self.cursor = index
                    return
                index += step

    def _reveal(self) -> None:
        """Scroll so that the cursor is seen: by half a page, since every scrolled line is sent anew."""
        if not self.CURSOR or self.page <= 0:
            return
        most = max(self.count() - self.page, 0)
        if self.cursor < self.top:
            far = self.cursor < self.top - self.page
            self.top = self.cursor if far else max(self.cursor - self.page // 2, 0)
        elif self.cursor >= self.top + self.page:
            self.top = self.cursor - self.page // 2
        self.top = min(max(self.top, 0), most)

    def action_move(self, by: int) -> None:
        """One line up or down."""
        self.move_to((self.cursor if self.CURSOR else self.top) + by, by)

    def action_page(self, direction: int) -> None:
        """One page up or down; the cursor keeps its place on the page."""
        by = direction * max(self.page - 1, 1)
        if self.CURSOR:
            self.top = min(max(self.top + by, 0), max(self.count() - self.page, 0))
        self.move_to((self.cursor if self.CURSOR else self.top) + by, direction)

    def redraw(self) -> None:
        """Send the lines that look different now."""
        self._drawn_top = self.top
        super().redraw()

    def action_jump(self, to: int) -> None:
        """To the first (0) or last (-1) line."""
        self.move_to(0 if to == 0 else self.count() - 1, 1 if to == 0 else -1)

    # Events

    def on_resize(self) -> None:
        """More or fewer lines are seen."""
        self._drawn.clear()
        self.top = min(self.top, max(self.count() - self.page, 0))
        self._reveal()

    def on_focus(self) -> None:
        """The cursor is drawn brighter."""
        self.redraw()

    def on_blur(self) -> None:
        """The cursor is drawn weaker."""
        self.redraw()

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Three lines down."""
        event.stop()
        self.move_to((self.cursor if self.CURSOR else self.top) + 3)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Three lines up."""
        event.stop()
        self.move_to((self.cursor if self.CURSOR else self.top) - 3, -1)

    def on_click(self, event: events.Click) -> None:
        """The clicked line."""
        if self.CURSOR and event.y >= self.HEADER:
            self.move_to(self.top + event.y - self.HEADER)


def _text(lines: Iterable[str]) -> str:
    return "".join(f"{each.rstrip()}\n" for each in lines)
