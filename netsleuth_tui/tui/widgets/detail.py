"""One packet, layer by layer: a tree whose folds stay as they are from packet to packet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from rich.cells import cell_len
from textual.binding import Binding, BindingType
from textual.message import Message

from netsleuth_tui.terminal.sanitize import display
from netsleuth_tui.tui.drawing import Part, cut, ends, line
from netsleuth_tui.tui.widgets.lines import Lines, ScrolledLines

if TYPE_CHECKING:
    from textual.strip import Strip

    from netsleuth_tui.decode.dissect import DissectedField, Dissection, Layer

__all__ = ["DetailHeading", "LayerTree"]

PAYLOAD = frozenset({"Raw", "Padding"})
"""Layers that say nothing beyond their bytes."""

NAME = 40
VALUE = 1024
"""Characters of a value at most."""
INDENT = 4
MOST_FIELDS = 2000
"""Fields of a layer at most; a hostile packet can have as many as it has bytes."""


@dataclass(frozen=True, slots=True)
class _Line:
    """A layer's heading (field is None), or a field."""

    layer: str
    text: str
    value: str = ""
    summary: str = ""
    offset: int = 0
    length: int = 0
    opened: bool = False
    heading: bool = False


class LayerTree(ScrolledLines):
    """Headings of layers with their fields; Enter opens and closes a layer."""

    CURSOR_AWAY = False

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "enter,space",
            "fold",
            "open/close",
            key_display="Enter",
            id="layers.fold",
            tooltip="open or close the layer; it stays so for the next packets",
        ),
        Binding("left,h", "fold(0)", "close", show=False, id="layers.close", tooltip="close the layer"),
        Binding("right,l", "fold(1)", "open", show=False, id="layers.open", tooltip="open the layer"),
    ]

    @dataclass
    class Highlighted(Message):
        """The cursor is on a field or layer with these bytes."""

        offset: int
        length: int

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._dissection: Dissection | None = None
        self._lines: list[_Line] = []
        self._folds: dict[str, bool] = {}
        self._pending = False
        self.failure = ""
        """Why there is nothing, or not everything; made harmless by `display`."""

    def show(self, dissection: Dissection | None, failure: str, *, pending: bool = False) -> None:
        """Show another packet; the cursor stays on the field it was on, if there is such a one.

        Args:
            dissection: Its layers; None where there are none (yet).
            failure: Why there are none, made harmless by `display`.
            pending: They are on their way.
        """
        before = self._lines[self.cursor] if self.cursor < len(self._lines) else None
        self._dissection, self.failure, self._pending = dissection, failure, pending
        self._make()
        places = [i for i, each in enumerate(self._lines) if before is not None and (each.layer, each.text) == (before.layer, before.text)]
        self.reset(places[0] if places else 0)

    def _make(self) -> None:
        layers = self._dissection.layers if self._dissection is not None else ()
        telling = [layer for layer in layers if layer.name not in PAYLOAD] or list(layers)
        self._lines = [made for layer in layers for made in self._layer(layer, last=layer is telling[-1])]

    def _layer(self, layer: Layer, *, last: bool) -> list[_Line]:
        name = display(layer.name, limit=NAME)
        opened = self._folds.get(name, last)
        fields = layer.fields[:MOST_FIELDS]
        heading = _Line(name, name, summary=_summary(fields), offset=layer.offset, length=layer.length, opened=opened, heading=True)
        if not opened:
            return [heading]
        lines = [_field(name, field) for field in fields]
        if len(layer.fields) > MOST_FIELDS:
            lines.append(_Line(name, f"and {len(layer.fields) - MOST_FIELDS} more fields"))
        return [heading, *lines]

    def count(self) -> int:
        """Lines."""
        return len(self._lines)

    def header(self, y: int, width: int) -> Strip:  # noqa: ARG002
        """There is none."""
        return line((), width, self.palette.text)

    def draw(self, y: int, width: int) -> Strip:
        """A line, or why there is none."""
        if not self._lines and y == 0 and (self.failure or self._pending):
            said = (self.failure, self.palette.warning) if self.failure else ("being taken apart", self.palette.muted)
            return line([said], width, self.palette.text)
        return super().draw(y, width)

    def item(self, index: int, width: int) -> list[Part]:
        """A heading with a summary where it is closed, or name and value."""
        it, palette, ellipsis = self._lines[index], self.palette, self.glyphs.ellipsis
        if it.heading:
            sign = self.glyphs.opened if it.opened else self.glyphs.closed
            head = f"{sign} {it.text}"
            return [
                (head, palette.strong),
                ("" if it.opened else cut(f"  {it.summary}", max(width - cell_len(head), 1), ellipsis), palette.muted),
            ]
        name = f"    {it.text:<18} "
        return [(name, palette.muted), (cut(it.value, max(width - cell_len(name), 1), ellipsis), palette.text)]

    def cursor_moved(self) -> None:
        """Let the bytes be marked."""
        if self.cursor < len(self._lines):
            self.post_message(self.Highlighted(self._lines[self.cursor].offset, self._lines[self.cursor].length))

    def action_fold(self, opened: int | None = None) -> None:
        """Open (1), close (0) or turn the layer under the cursor."""
        if self.cursor >= len(self._lines):
            return
        layer = self._lines[self.cursor].layer
        at = next(i for i, each in enumerate(self._lines) if each.heading and each.layer == layer)
        self._folds[layer] = not self._lines[at].opened if opened is None else bool(opened)
        self._make()
        self.reset(at if not self._folds[layer] else self.cursor)


class DetailHeading(Lines):
    """One line above the tree: which packet, which layers, how many bytes."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._left = ""
        self._right = ""
        self._failure = ""

    def show(self, left: str, right: str, failure: str) -> None:
        """Texts that `display` has made harmless."""
        self._left, self._right, self._failure = left, right, failure
        self.redraw()

    def draw(self, y: int, width: int) -> Strip:  # noqa: ARG002
        """The only line."""
        palette = self.palette
        failure = f"  {self._failure}" if self._failure else ""
        return ends([(self._left, palette.text), (failure, palette.warning)], [(self._right, palette.muted)], width, palette.text)


def _field(layer: str, field: DissectedField) -> _Line:
    return _Line(layer, display(field.name, limit=NAME), display(str(field.value), limit=VALUE), offset=field.offset, length=field.length)


def _summary(fields: tuple[DissectedField, ...]) -> str:
    return "  ".join(f"{display(field.name, limit=NAME)}={display(str(field.value), limit=NAME)}" for field in fields[:6])
