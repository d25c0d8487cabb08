"""What the encoders share: a table is turned into bytes a slice at a time, and never held as a whole."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from netsleuth_tui.tabular import Cell, Table

__all__ = ["Encoded", "Tally", "slices"]

Encoded = Iterator[tuple[int, bytes]]
"""Rows in this piece, and the piece; the heading of a table is a piece of no rows."""

_SLICE = 16_384
"""Rows encoded at once."""


@dataclass(slots=True)
class Tally:
    """What an encoder has to say beside the bytes."""

    guarded: int = 0
    """Cells that the guard changed."""


def slices(table: Table) -> Iterator[tuple[int, list[Sequence[Cell]]]]:
    """The table in pieces of bounded length: rows in the piece, and the cells of each column."""
    for block in table.blocks:
        rows = len(block[0]) if block else 0
        if rows <= _SLICE:
            yield rows, list(block)
        else:
            for first in range(0, rows, _SLICE):
                part = [cells[first : first + _SLICE] for cells in block]
                yield len(part[0]), part
