"""The captured bytes of a packet: offset, hexadecimal, ASCII; with a cursor that goes byte by byte."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual.message import Message

from netsleuth_tui.tui.drawing import Part, line
from netsleuth_tui.tui.keys import key
from netsleuth_tui.tui.widgets.lines import ScrolledLines

if TYPE_CHECKING:
    from rich.style import Style
    from textual import events
    from textual.binding import BindingType
    from textual.strip import Strip

__all__ = ["FULL_WIDTH", "HexDump"]

FULL_WIDTH = 75
"""Cells that 16 bytes a line take, scroll bar included."""
OFFSET = 6
"""Cells before the first digit."""


class HexDump(ScrolledLines):
    """16 bytes a line, or 8 where there is little room; the bytes of the selected field are marked."""

    BINDINGS: ClassVar[list[BindingType]] = [
        key("hex.back", "left,h", "step(-1)", "one byte back"),
        key("hex.on", "right,l", "step(1)", "one byte on"),
    ]

    @dataclass
    class ByteChosen(Message):
        """The cursor was moved to a byte."""

        offset: int

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._frame = b""
        self._marked = range(0)
        self._byte = 0

    @property
    def per_line(self) -> int:
        """Bytes on a line."""
        return 16 if self.size.width >= FULL_WIDTH - 1 else 8

    @property
    def marked(self) -> bytes:
        """The bytes of the selected field."""
        return self._frame[self._marked.start : self._marked.stop]

    def show(self, frame: bytes) -> None:
        """Show other bytes; the cursor stays where it was, if the frame is that long."""
        self._frame, self._marked = frame, range(0)
        self._go_to(min(self._byte, max(len(frame) - 1, 0)))

    def mark(self, offset: int, length: int, *, follow: bool = True) -> None:
        """Mark bytes.

        Args:
            offset: Of the first one; -1 if there are none to be marked.
            length: How many.
            follow: Put the cursor on the first one, and bring it into view.
        """
        self._marked = range(offset, offset + length) if length > 0 and offset >= 0 else range(0)
        if self._marked and follow:
            self._go_to(min(offset, max(len(self._frame) - 1, 0)))
        self.redraw()

    def _go_to(self, byte: int) -> None:
        self._byte = byte
        self.reset(byte // self.per_line)

    def count(self) -> int:
        """Lines."""
        return -(-len(self._frame) // self.per_line)

    def header(self, y: int, width: int) -> Strip:  # noqa: ARG002
        """There is none."""
        return line((), width, self.palette.text)

    # The cursor: a line as in every pane, and a byte in it

    def cursor_moved(self) -> None:
        """The same place on another line."""
        self._choose(min(self.cursor * self.per_line + self._byte % self.per_line, len(self._frame) - 1))

    def action_step(self, by: int) -> None:
        """A byte back or on."""
        self._choose(min(max(self._byte + by, 0), len(self._frame) - 1))

    def action_jump(self, to: int) -> None:
        """To the first (0) or last (-1) byte."""
        self._choose(0 if to == 0 else len(self._frame) - 1)

    def on_click(self, event: events.Click) -> None:
        """The clicked byte."""
        per = self.per_line
        places = [_place(k, per) + OFFSET for k in range(per)]
        in_digits = [k for k, place in enumerate(places) if place <= event.x < place + 3]
        in_text = [k for k in range(per) if event.x == OFFSET + 3 * per + 2 + k]
        for k in (in_digits + in_text)[:1]:
            self._choose(min((self.top + event.y) * per + k, len(self._frame) - 1))

    def _choose(self, byte: int) -> None:
        if byte >= 0:
            self._go_to(byte)
            self.post_message(self.ByteChosen(byte))

    def on_resize(self) -> None:
        """The same byte, though it may be on another line."""
        self._go_to(self._byte)

    # Drawing

    def under_cursor(self, parts: list[Part], style: Style) -> list[Part]:  # noqa: ARG002
        """Only the byte under the cursor looks different, not its line."""
        have = sum(len(text) for text, _ in parts)
        return [*parts, (" " * max(self.size.width - have, 0), self.palette.text)]

    def item(self, index: int, width: int) -> list[Part]:  # noqa: ARG002
        """'0000  00 1b 21 …  ..!'."""
        per, palette = self.per_line, self.palette
        first = index * per
        raw = self._frame[first : first + per]
        digits = raw[: per // 2].hex(" ") + ("  " if len(raw) > per // 2 else "") + raw[per // 2 :].hex(" ")
        text = "".join(chr(byte) if 0x20 <= byte < 0x7F else "." for byte in raw)
        marked = [k for k in range(len(raw)) if first + k in self._marked]
        here = [k for k in range(len(raw)) if first + k == self._byte and self.has_focus]
        return [
            (f"{first:04x}  ", palette.muted),
            *self._parts(digits.ljust(3 * per), palette.text, [_place(k, per) for k in marked], [_place(k, per) for k in here], 2),
            ("  ", palette.text),
            *self._parts(text, palette.muted, marked, here, 1),
        ]

    def _parts(self, text: str, plain: Style, marked: list[int], here: list[int], width: int) -> list[Part]:
        """`text` with what lies between the first and the last marked place, and the place under the cursor, in their styles."""
        edges = {0, len(text)}
        runs = [(marked[0], marked[-1] + width, self.palette.accent)] if marked else []
        runs += [(here[0], here[0] + width, self.palette.cursor)] if here else []
        for start, end, _ in runs:
            edges |= {start, end}
        cuts = sorted(edges)
        styles = [([plain] + [style for start, end, style in runs if start <= at < end])[-1] for at in cuts[:-1]]
        return [(text[at:to], style) for at, to, style in zip(cuts, cuts[1:], styles, strict=False)]


def _place(byte: int, per: int) -> int:
    """Column of a byte's digits."""
    return 3 * byte + (1 if byte >= per // 2 else 0)
