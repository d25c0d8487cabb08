"""What is wrong with the filter, below it: carets under the place, and the sentence beside them, or below them where it is long."""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING

from netsleuth_tui.tui.drawing import line
from netsleuth_tui.tui.widgets.lines import Lines

if TYPE_CHECKING:
    from textual.strip import Strip

__all__ = ["Complaint"]

MOST_LINES = 3
"""Below the carets."""


class Complaint(Lines):
    """Hidden while nothing is wrong."""

    text = ""
    """What is wrong, made harmless by `display`."""
    column = 0
    """Cell of the first caret; negative where the place is scrolled out at the left."""
    length = 1
    """Number of carets."""

    def say(self, text: str, column: int, length: int) -> None:
        """Something is wrong; `column` and `length` in cells."""
        self.text, self.column, self.length = text, column, length
        self._place()

    def move_to(self, column: int) -> None:
        """The filter line was scrolled."""
        self.column = column
        self._place()

    def on_resize(self) -> None:
        """The sentence may need more lines, or fewer."""
        self._place()

    def _place(self) -> None:
        self.styles.height = max(len(self._rows(self.size.width or self.app.size.width)), 1)
        self.refresh()

    def _rows(self, width: int) -> list[str]:
        start = min(max(self.column, 0), max(width - 1, 0))
        carets = "^" * min(max(self.length - max(-self.column, 0), 1), max(width - start, 1))
        if start + len(carets) + 1 + len(self.text) <= width:
            return [f"{' ' * start}{carets} {self.text}"]
        if len(self.text) < start:
            return [f"{self.text.rjust(start - 1)} {carets}"]
        return [" " * start + carets, *wrap(self.text, max(width, 1), max_lines=MOST_LINES, placeholder=self.glyphs.ellipsis)]

    def draw(self, y: int, width: int) -> Strip:
        """One line of it."""
        rows = self._rows(width)
        return line([(rows[y] if y < len(rows) else "", self.palette.error)], width, self.palette.text)
