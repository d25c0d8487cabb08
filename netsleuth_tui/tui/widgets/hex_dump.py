"""The captured bytes of a packet: offset, hexadecimal, ASCII."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from netsleuth_tui.tui.drawing import Part, line
from netsleuth_tui.tui.widgets.lines import ScrolledLines

if TYPE_CHECKING:
    from rich.style import Style
    from textual.strip import Strip

__all__ = ["FULL_WIDTH", "HexDump"]

FULL_WIDTH = 75
"""Cells that 16 bytes a line take, scroll bar included."""


class HexDump(ScrolledLines):
    """16 bytes a line, or 8 where there is little room; the bytes of the selected field are marked."""

    CURSOR: ClassVar[bool] = False

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._frame = b""
        self._marked = range(0)

    @property
    def per_line(self) -> int:
        """Bytes on a line."""
        return 16 if self.size.width >= FULL_WIDTH - 1 else 8

    def show(self, frame: bytes) -> None:
        """Show other bytes."""
        self._frame, self._marked = frame, range(0)
        self.top = 0
        self.redraw()

    def mark(self, offset: int, length: int) -> None:
        """Mark bytes, and bring them into view."""
        self._marked = range(offset, offset + length) if length > 0 and offset >= 0 else range(0)
        if self._marked:
            at = offset // self.per_line
            if not self.top <= at < self.top + self.page:
                self.top = min(max(at - 1, 0), max(self.count() - self.page, 0))
        self.redraw()

    def count(self) -> int:
        """Lines."""
        return -(-len(self._frame) // self.per_line)

    def header(self, y: int, width: int) -> Strip:  # noqa: ARG002
        """There is none."""
        return line((), width, self.palette.text)

    def item(self, index: int, width: int) -> list[Part]:  # noqa: ARG002
        """'0000  00 1b 21 …  ..!'."""
        per, palette = self.per_line, self.palette
        first = index * per
        raw = self._frame[first : first + per]
        digits = raw[: per // 2].hex(" ") + ("  " if len(raw) > per // 2 else "") + raw[per // 2 :].hex(" ")
        text = "".join(chr(byte) if 0x20 <= byte < 0x7F else "." for byte in raw)
        parts: list[Part] = [(f"{first:04x}  ", palette.muted)]
        parts += _marked(
            digits.ljust(3 * per), palette.text, palette.accent, [_place(k, per) for k in range(len(raw)) if first + k in self._marked], 2
        )
        parts.append(("  ", palette.text))
        parts += _marked(text, palette.muted, palette.accent, [k for k in range(len(raw)) if first + k in self._marked], 1)
        return parts


def _place(byte: int, per: int) -> int:
    """Column of a byte's digits."""
    return 3 * byte + (1 if byte >= per // 2 else 0)


def _marked(text: str, plain: Style, marked: Style, places: list[int], width: int) -> list[Part]:
    """`text` in `plain`, what lies between the first and the last place in `marked`."""
    if not places:
        return [(text, plain)]
    start, end = places[0], places[-1] + width
    return [(text[:start], plain), (text[start:end], marked), (text[end:], plain)]
