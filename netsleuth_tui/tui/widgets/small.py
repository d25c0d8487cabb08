"""What a terminal shows that is too small for anything else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netsleuth_tui.tui.drawing import line
from netsleuth_tui.tui.layout import LEAST_HEIGHT, LEAST_WIDTH
from netsleuth_tui.tui.widgets.lines import Lines

if TYPE_CHECKING:
    from textual.strip import Strip

__all__ = ["TooSmall"]


class TooSmall(Lines):
    """How large it has to be."""

    def draw(self, y: int, width: int) -> Strip:
        """Three short lines."""
        columns, lines = self.app.size
        texts = ("NetSleuth", f"needs {LEAST_WIDTH}x{LEAST_HEIGHT},", f"here are {columns}x{lines}")
        return line([(texts[y] if y < len(texts) else "", self.palette.text)], width, self.palette.text)
