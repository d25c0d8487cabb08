"""The last gate: whatever was drawn, only printable characters leave for the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.segment import Segment
from textual.filter import LineFilter

from netsleuth_tui.terminal.sanitize import egress

if TYPE_CHECKING:
    from textual.color import Color

__all__ = ["Egress"]


class Egress(LineFilter):
    """Replaces what is not printable in segments; Textual itself moves the cursor outside of them."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:  # noqa: ARG002 - what a filter is called with
        """Segments with the same widths, and nothing that a terminal obeys."""
        if all(segment.text.isprintable() for segment in segments):
            return segments
        return [Segment(egress(text), style, control) for text, style, control in segments]
