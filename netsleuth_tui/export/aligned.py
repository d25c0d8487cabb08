"""Tables as aligned text, for reading in a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from netsleuth_tui.export.encoding import Encoded, slices
from netsleuth_tui.tabular import Cell, Column, Table
from netsleuth_tui.terminal.sanitize import display
from netsleuth_tui.terminal.width import cell_width, pad_left, pad_right

__all__ = ["CELL_LIMIT", "WIDTH_LIMIT", "aligned_text"]

WIDTH_LIMIT = 48
"""Columns that one column of the table is padded to at most; a longer cell pushes its own line, and is not cut."""

CELL_LIMIT = 1024
"""Characters shown of one cell."""

_GAP = "  "


def aligned_text(table: Table) -> Encoded:
    """Aligned text in UTF-8: texts to the left, numbers to the right, as plain digits.

    Widths come from the headings and the first slice of rows, so that rows appear while the rest is still being read.
    """
    names = [display(column.name) for column in table.columns]
    widths: list[int] = []
    for rows, columns in slices(table):
        shown = [list(map(_text, cells)) for cells in columns]
        heading: list[str] = []
        if not widths:
            widths = [_width(name, cells) for name, cells in zip(names, shown, strict=True)]
            heading = [_line(names, table.columns, widths)]
        lines = heading + [_line(row, table.columns, widths) for row in zip(*shown, strict=True)]
        yield rows, "".join(lines).encode()
    if not widths:
        yield 0, _line(names, table.columns, list(map(cell_width, names))).encode()


def _text(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return str(int(cell))
    return display(str(cell), limit=CELL_LIMIT)


def _width(name: str, cells: Sequence[str]) -> int:
    widest = max(map(cell_width, cells), default=0)
    return max(cell_width(name), min(widest, WIDTH_LIMIT))


def _line(row: Sequence[str], columns: Sequence[Column], widths: Sequence[int]) -> str:
    return _GAP.join(_padded(row, columns, widths)).rstrip() + "\n"


def _padded(row: Sequence[str], columns: Sequence[Column], widths: Sequence[int]) -> Iterator[str]:
    for text, column, width in zip(row, columns, widths, strict=True):
        yield pad_right(text, width) if column.kind == "text" else pad_left(text, width)
