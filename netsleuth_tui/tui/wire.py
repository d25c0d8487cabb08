"""What goes over the wire: only cells that differ from what the terminal shows already, and only what changes in their style.

Textual sends whole regions: a move of the focus sends the screen anew, some 20 kB. Over a slow link that is what a key feels like.
So the last stop before the terminal keeps what it shows, and turns every update into the difference.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.color import ColorSystem
from textual._compositor import ChopsUpdate, CompositorUpdate, LayoutUpdate
from textual.strip import Strip

if TYPE_CHECKING:
    from rich.console import Console
    from rich.style import Style

__all__ = ["Shown", "reduced"]

Look = tuple[str, str, str]
"""SGR parameters of a style: attributes, foreground, background; empty where it has none."""

Cell = tuple[str, Look]
"""What a cell shows: a character with its marks (empty: the right half of a wide one), and how."""

PLAIN: Look = ("", "", "")
SHORT_GAP = 4
"""So many cells that are right already are sent again rather than jumped over: a jump costs as much."""

_ATTRIBUTES = {0: "1", 1: "2", 2: "3", 3: "4", 4: "5", 5: "6", 6: "7", 7: "8", 8: "9"}
"""SGR parameters of Rich's attribute bits (ECMA-48, 8.3.117); rarer ones are not drawn."""


class Shown:
    """The terminal's contents, as far as they are known."""

    def __init__(self) -> None:
        self._lines: dict[int, list[Cell | None]] = {}
        self._looks: dict[tuple[Style | None, ColorSystem], Look] = {}

    def forget(self) -> None:
        """The terminal may show anything now: the next updates are sent in full."""
        self._lines.clear()

    def difference(self, pieces: Iterator[tuple[int, int, Strip]], system: ColorSystem) -> str:
        """Sequences that make the terminal show the pieces.

        Args:
            pieces: Line, column, and what begins there.
            system: Colours that the terminal has.
        """
        touched: dict[int, list[Cell | None]] = {}
        for y, x, strip in pieces:
            line = touched.get(y)
            if line is None:
                line = touched[y] = list(self._lines.get(y, ()))
            cells = self._cells(strip, system)
            if len(line) < x + len(cells):
                line.extend([None] * (x + len(cells) - len(line)))
            line[x : x + len(cells)] = cells
        pen = _Pen()
        for y, line in touched.items():
            _send(y, self._lines.get(y, []), line, pen)
            self._lines[y] = line
        return pen.finish()

    def _cells(self, strip: Strip, system: ColorSystem) -> list[Cell | None]:
        cells: list[Cell | None] = []
        for text, style, control in strip:
            if control:
                continue
            look = self._looks.get((style, system))
            if look is None:
                look = self._looks[style, system] = _look(style, system)
            if text.isascii():
                cells.extend([(character, look) for character in text])
                continue
            for character in text:
                width = cell_len(character)
                if width == 0 and cells and cells[-1] is not None:
                    cells[-1] = (cells[-1][0] + character, cells[-1][1])
                elif width:
                    cells.append((character, look))
                    cells.extend([("", look)] * (width - 1))
        return cells


@dataclass(slots=True)
class _Pen:
    """Writes cells, and knows where it is and in which style."""

    out: list[str]
    look: Look = PLAIN
    at: tuple[int, int] | None = None

    def __init__(self) -> None:
        self.out = []
        self.look = PLAIN
        self.at = None

    def move(self, x: int, y: int) -> None:
        """Go to a cell, forward on the same line if that is where it is."""
        if self.at == (x, y):
            return
        if self.at is not None and self.at[1] == y and x > self.at[0]:
            self.out.append(f"\x1b[{x - self.at[0]}C")
        else:
            self.out.append(f"\x1b[{y + 1};{x + 1}H")
        self.at = (x, y)

    def write(self, cell: Cell) -> None:
        """Write one cell."""
        text, look = cell
        if look != self.look:
            self.out.append(_change(self.look, look))
            self.look = look
        self.out.append(text)
        if self.at is not None:
            self.at = (self.at[0] + 1, self.at[1])

    def finish(self) -> str:
        """Everything, with the style put back."""
        if self.look != PLAIN:
            self.out.append("\x1b[0m")
        return "".join(self.out)


def _send(y: int, old: list[Cell | None], new: list[Cell | None], pen: _Pen) -> None:
    """Write what is different in a line."""
    differs = [k for k, cell in enumerate(new) if cell is not None and (k >= len(old) or old[k] != cell)]
    end = -1
    for k in differs:
        if k < end:
            continue
        start = k
        while start > 0 and new[start] is not None and not new[start][0]:  # type: ignore[index]  # a wide character is sent as a whole
            start -= 1
        if 0 <= start - end <= SHORT_GAP and end >= 0 and all(new[i] is not None for i in range(end, start)):
            start = end
        pen.move(start, y)
        end = start
        while end < len(new):
            cell = new[end]
            if cell is None or (end > k and cell[0] and end < len(old) and old[end] == cell):
                break
            pen.write(cell)
            end += 1
    if end >= len(new) > 0:
        pen.at = None  # after the last column terminals differ about where the cursor is


def _change(old: Look, new: Look) -> str:
    """SGR sequence from one look to the next."""
    clears = (old[0] != new[0] and old[0]) or any(before and not after for before, after in zip(old, new, strict=True))
    if clears:
        return f"\x1b[{';'.join(('0', *filter(None, new)))}m"
    return f"\x1b[{';'.join(after for before, after in zip(old, new, strict=True) if before != after)}m"


def _look(style: Style | None, system: ColorSystem) -> Look:
    if style is None:
        return PLAIN
    bits = style._attributes & style._set_attributes  # noqa: SLF001 - as Textual's Strip does; there is no public way that is fast
    attributes = ";".join(code for bit, code in _ATTRIBUTES.items() if bits & (1 << bit))
    front = ";".join(style.color.downgrade(system).get_ansi_codes()) if style.color is not None else ""
    back = ";".join(style.bgcolor.downgrade(system).get_ansi_codes(foreground=False)) if style.bgcolor is not None else ""
    return attributes, front, back


class _Reduced(CompositorUpdate):
    """An update that is worked out at the moment when it is sent: one that is dropped must not count as shown."""

    def __init__(self, update: LayoutUpdate | ChopsUpdate, shown: Shown) -> None:
        self._update, self._shown = update, shown

    def render_segments(self, console: Console) -> str:
        """Sequences for the terminal."""
        system = console._color_system or ColorSystem.TRUECOLOR  # noqa: SLF001 - as Textual's Strip does
        pieces = _layout(self._update) if isinstance(self._update, LayoutUpdate) else _chops(self._update)
        return self._shown.difference(pieces, system)


def reduced(update: object, shown: Shown) -> object:
    """The difference between what is shown and what `update` wants; other updates as they are, after which nothing is known."""
    if isinstance(update, LayoutUpdate | ChopsUpdate):
        return _Reduced(update, shown)
    if update is not None:
        shown.forget()
    return update


def _layout(update: LayoutUpdate) -> Iterator[tuple[int, int, Strip]]:
    for y, strips in enumerate(update.strips, update.region.y):
        x = update.region.x
        for strip in strips:
            yield y, x, strip
            x += strip.cell_length


def _chops(update: ChopsUpdate) -> Iterator[tuple[int, int, Strip]]:
    for y, x1, x2 in update.spans:
        for end, (x, strip) in zip(update.chop_ends[y], update.chops[y].items(), strict=False):
            if strip is not None and x <= x2 and end > x1:
                yield y, x, strip if x1 <= x < x2 and end <= x2 else strip.crop(0, min(end, x2) - x)
