"""The list below the filter line, over what is there: drawn by lines, never in the way of a key."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from rich.cells import cell_len
from textual.message import Message

from netsleuth_tui.tui.drawing import Part, cut, fit, fit_right, line
from netsleuth_tui.tui.suggesting import Offer, Suggestion
from netsleuth_tui.tui.widgets.lines import Lines
from netsleuth_tui.wording import counted, grouped

if TYPE_CHECKING:
    from textual import events
    from textual.strip import Strip

__all__ = ["Suggestions"]

MOST_LINES = 10
SHARE = 4
"""The list takes at most one of so many lines of the screen."""
MOST_LABEL, MOST_WIDTH = 44, 100


class Suggestions(Lines):
    """What could be meant at the cursor; one line may be chosen."""

    DEFAULT_CSS: ClassVar[str] = """
    Suggestions { overlay: screen; constrain: inside inflect; display: none; width: 40; height: 1; }
    """

    @dataclass
    class Clicked(Message):
        """A line was clicked."""

        index: int

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self.offer = Offer()
        self.cursor: int | None = None
        """The line that Enter accepts; None before any was chosen."""
        self._top = 0
        self._lines = 0

    @property
    def chosen(self) -> Suggestion | None:
        """What Enter accepts."""
        return None if self.cursor is None or not self.display else self.offer.suggestions[self.cursor]

    def show(self, offer: Offer, column: int) -> None:
        """Show another list below `column`; a line that was chosen stays chosen, if it is there still."""
        before = self.chosen
        self.offer = offer
        self.cursor = next((k for k, one in enumerate(offer.suggestions) if before is not None and one.text == before.text), None)
        self._top = 0
        self._lines = min(len(offer.suggestions), MOST_LINES, max(self.app.size.height // SHARE, 3))
        height = self._lines + bool(self._last())
        if not height:
            self.hide()
            return
        widths = [self._label_width + 2 + cell_len(one.about) + 13 * (one.packets is not None) for one in offer.suggestions]
        width = min(max([*widths, cell_len(self._last()), 24]) + 4, self.app.size.width, MOST_WIDTH)
        self.styles.width, self.styles.height = width, height
        self.styles.offset = (max(min(column - 2, self.app.size.width - width), 0), 0)
        self.display = True
        self._reveal()
        self.refresh(layout=True)

    def hide(self) -> None:
        """No list."""
        self.cursor = None
        self.display = False

    def move(self, by: int) -> bool:
        """Choose the next line or the one before; False where there is none, and then none is chosen before the first."""
        last = len(self.offer.suggestions) - 1
        if not self.display or last < 0 or (self.cursor is None and by < 0):
            return False
        at = by - 1 if self.cursor is None else self.cursor + by
        self.cursor = None if at < 0 else min(at, last)
        self._reveal()
        self.redraw()
        return True

    def _reveal(self) -> None:
        at = self.cursor or 0
        self._top = min(max(self._top, at - self._lines + 1), at)

    @property
    def _label_width(self) -> int:
        return min(max((cell_len(one.label) for one in self.offer.suggestions), default=0), MOST_LABEL)

    def _last(self) -> str:
        """What the last line says: what is not seen."""
        hidden = len(self.offer.suggestions) - self._lines
        if self.offer.others:
            return f"and {counted(self.offer.others + hidden, 'other')}"
        return f"and {hidden} more" if hidden > 0 else self.offer.note

    def draw(self, y: int, width: int) -> Strip:
        """A line: label, meaning or count."""
        palette, edge = self.palette, self.glyphs.vertical
        if y >= self._lines:
            inside: list[Part] = [(fit(self._last(), width - 4, self.glyphs.ellipsis), palette.muted)]
            return line([(f"{edge} ", palette.muted), *inside, (f" {edge}", palette.muted)], width, palette.text)
        index = self._top + y
        one = self.offer.suggestions[index]
        label = fit(one.label, self._label_width, self.glyphs.ellipsis)
        room = max(width - 4 - cell_len(label) - 2, 0)
        count = "" if one.packets is None else grouped(one.packets)
        about = fit_right(count, room, self.glyphs.ellipsis) if count else fit(cut(one.about, room, self.glyphs.ellipsis), room, "")
        styles = (palette.cursor, palette.cursor) if index == self.cursor else (palette.strong, palette.text if count else palette.muted)
        return line(
            [(f"{edge} ", palette.muted), (label + "  ", styles[0]), (about, styles[1]), (f" {edge}", palette.muted)], width, palette.text
        )

    def on_click(self, event: events.Click) -> None:
        """The clicked line is meant."""
        event.stop()
        index = self._top + event.y
        if event.y < self._lines and index < len(self.offer.suggestions):
            self.post_message(self.Clicked(index))
