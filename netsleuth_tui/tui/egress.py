"""The last gate: whatever was drawn, only printable characters leave for the terminal, and only ASCII where it has no others."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.segment import Segment
from textual.filter import LineFilter

from netsleuth_tui.terminal.sanitize import egress

if TYPE_CHECKING:
    from textual.color import Color

__all__ = ["Egress"]

PLAINER = {"→": ">", "▸": ">", "…": "~", "·": "-", "\N{EN DASH}": "-", "↑": "^", "↓": "v", "←": "<"}
"""ASCII that says the same; anything else becomes a question mark."""


class Egress(LineFilter):
    """Replaces what is not printable in segments; Textual itself moves the cursor outside of them.

    Args:
        ascii_only: The terminal can show nothing else.
    """

    def __init__(self, *, ascii_only: bool = False) -> None:
        super().__init__()
        self.ascii_only = ascii_only

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:  # noqa: ARG002 - what a filter is called with
        """Segments with the same widths, and nothing that a terminal obeys."""
        if self.ascii_only:
            return [Segment(_in_ascii(egress(text)), style, control) for text, style, control in segments]
        if all(segment.text.isprintable() for segment in segments):
            return segments
        return [Segment(egress(text), style, control) for text, style, control in segments]


def _in_ascii(text: str) -> str:
    return text if text.isascii() else "".join(character if character.isascii() else _plainer(character) for character in text)


@lru_cache(4096)
def _plainer(character: str) -> str:
    return PLAINER.get(character, "?" * cell_len(character))
