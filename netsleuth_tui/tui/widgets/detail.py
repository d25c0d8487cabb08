"""One packet, layer by layer: a tree whose folds stay as they are from packet to packet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from rich.cells import cell_len
from textual.message import Message

from netsleuth_tui.tabular import Column, Table
from netsleuth_tui.terminal.sanitize import display
from netsleuth_tui.tui.drawing import Part, cut, ends, line
from netsleuth_tui.tui.keys import footer_key, key
from netsleuth_tui.tui.widgets.lines import Lines, ScrolledLines

if TYPE_CHECKING:
    from textual.binding import BindingType
    from textual.strip import Strip

    from netsleuth_tui.decode.dissect import DissectedField, Dissection, Layer

__all__ = ["DetailHeading", "LayerTree", "Place"]

NAME = 40
VALUE = 1024
"""Characters of a value at most."""
COLUMNS = (Column("layer"), Column("field"), Column("value"), Column("offset", "integer"), Column("length", "integer"), Column("filter"))
"""Of a packet that is written to a file."""
MOST_FIELDS = 2000
"""Fields of a layer at most; a hostile packet can have as many as it has bytes."""


@dataclass(frozen=True, slots=True)
class Place:
    """A field or a layer: where its bytes are, and what it is called in a filter."""

    offset: int = -1
    length: int = -1
    name: str = ""
    """A field or protocol of the registry; empty if it has none for it."""
    value: str = ""


@dataclass(frozen=True, slots=True)
class _Line:
    """A layer's heading, or a field."""

    layer: int
    title: str
    text: str
    place: Place = Place()
    summary: str = ""
    opened: bool = False
    heading: bool = False


class LayerTree(ScrolledLines):
    """Headings of layers with their fields; Enter opens and closes a layer."""

    CURSOR_AWAY = False

    BINDINGS: ClassVar[list[BindingType]] = [
        footer_key("layers.fold", "enter", "fold", "open/close", "open or close the layer; it stays so for the next packets"),
        key("layers.turn", "space", "fold", "open or close the layer, too"),
        key("layers.close", "left,h", "fold(0)", "close the layer"),
        key("layers.open", "right,l", "fold(1)", "open the layer"),
    ]

    @dataclass
    class Highlighted(Message):
        """The cursor was moved to a field or layer."""

        place: Place

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._dissection: Dissection | None = None
        self._names: list[dict[str, str]] = []
        self._lines: list[_Line] = []
        self._folds: dict[str, bool] = {}
        self._peeked = -1
        """A layer that is open only while the cursor of the bytes is in it."""
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
        from netsleuth_tui.analysis.packet import names_of

        before = self._lines[self.cursor] if self.cursor < len(self._lines) else None
        self._dissection, self.failure, self._pending, self._peeked = dissection, failure, pending, -1
        self._names = names_of(dissection.layers) if dissection is not None else []
        self._make()
        places = [i for i, each in enumerate(self._lines) if before is not None and (each.title, each.text) == (before.title, before.text)]
        self.reset(places[0] if places else 0)

    @property
    def place(self) -> Place:
        """What is under the cursor."""
        return self._lines[self.cursor].place if self.cursor < len(self._lines) else Place()

    def table(self) -> Table:
        """Every field of every layer, folded or not: layer, field, value, first byte, bytes, and the field's name in a filter."""
        layers = self._dissection.layers if self._dissection is not None else ()
        rows = [
            (layer.name, each.name, str(each.value), _known(each.offset), _known(each.length), names.get(each.name))
            for layer, names in zip(layers, self._names, strict=True)
            for each in layer.fields
        ]
        return Table(COLUMNS, [list(zip(*rows, strict=True))] if rows else [])

    def go_to_byte(self, offset: int) -> Place:
        """Put the cursor on the innermost field that covers a byte, and return it; an empty place where there is none.

        Nobody is told. Its layer is open while the cursor of the bytes is in it.
        """
        layers = self._dissection.layers if self._dissection is not None else ()
        covering = [
            (length, -index, field < 0, field)
            for index, layer in enumerate(layers)
            for field, start, length in [(-1, layer.offset, layer.length), *((k, f.offset, f.length) for k, f in enumerate(layer.fields))]
            if 0 <= start <= offset < start + length and field < MOST_FIELDS
        ]
        if not covering:
            return Place()
        _, negative, _, field = min(covering)
        self._peeked = -negative
        self._make()
        heading = next(i for i, each in enumerate(self._lines) if each.layer == self._peeked)
        self.reset(heading + 1 + field)
        return self.place

    def _make(self) -> None:
        from netsleuth_tui.analysis.packet import AMONG_OTHERS
        from netsleuth_tui.decode.dissect import PAYLOAD

        layers = self._dissection.layers if self._dissection is not None else ()
        telling = [layer for layer in layers if layer.name not in PAYLOAD and layer.name != AMONG_OTHERS] or list(layers)
        self._lines = [made for index, layer in enumerate(layers) for made in self._layer(index, layer, last=layer is telling[-1])]

    def _layer(self, index: int, layer: Layer, *, last: bool) -> list[_Line]:
        title, names = display(layer.name, limit=NAME), self._names[index]
        opened = self._folds.get(title, last) or index == self._peeked
        fields = layer.fields[:MOST_FIELDS]
        place = Place(layer.offset, layer.length, names.get("", ""), title)
        heading = _Line(index, title, title, place, _summary(fields), opened, heading=True)
        if not opened:
            return [heading]
        lines = [_field(index, title, field, names) for field in fields]
        if len(layer.fields) > MOST_FIELDS:
            lines.append(_Line(index, title, f"and {len(layer.fields) - MOST_FIELDS} more fields"))
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
        return [(name, palette.muted), (cut(it.place.value, max(width - cell_len(name), 1), ellipsis), palette.text)]

    def cursor_moved(self) -> None:
        """Let the bytes be marked."""
        if self.cursor < len(self._lines):
            self.post_message(self.Highlighted(self.place))

    def action_fold(self, opened: int | None = None) -> None:
        """Open (1), close (0) or turn the layer under the cursor."""
        if self.cursor >= len(self._lines):
            return
        it = self._lines[self.cursor]
        at = next(i for i, each in enumerate(self._lines) if each.layer == it.layer)
        self._folds[it.title] = not self._lines[at].opened if opened is None else bool(opened)
        self._peeked = -1
        self._make()
        at = next(i for i, each in enumerate(self._lines) if each.layer == it.layer)  # layers of the same name are folded with it
        self.reset(self.cursor if self._folds[it.title] and not it.heading else at)
        self.cursor_moved()


class DetailHeading(Lines):
    """One line above the tree: which packet, which layers, the filter for the field under the cursor, how many bytes."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._left = ""
        self._term = ""
        self._right = ""
        self._failure = ""

    def show(self, left: str, right: str, failure: str) -> None:
        """Texts that `display` has made harmless."""
        self._left, self._right, self._failure = left, right, failure
        self.redraw()

    def offer(self, term: str) -> None:
        """Show a filter that `display` has made harmless; '' for none."""
        if term != self._term:
            self._term = term
            self.redraw()

    def draw(self, y: int, width: int) -> Strip:  # noqa: ARG002
        """The only line."""
        palette = self.palette
        failure = f"  {self._failure}" if self._failure else ""
        right = [(f"  {self._term}", palette.accent), (f"  {self._right}", palette.muted)]
        return ends([(self._left, palette.text), (failure, palette.warning)], right, width, palette.text)


def _field(layer: int, title: str, field: DissectedField, names: dict[str, str]) -> _Line:
    place = Place(field.offset, field.length, names.get(field.name, ""), display(str(field.value), limit=VALUE))
    return _Line(layer, title, display(field.name, limit=NAME), place)


def _known(number: int) -> int | None:
    return number if number >= 0 else None


def _summary(fields: tuple[DissectedField, ...]) -> str:
    return "  ".join(f"{display(field.name, limit=NAME)}={display(str(field.value), limit=NAME)}" for field in fields[:6])
