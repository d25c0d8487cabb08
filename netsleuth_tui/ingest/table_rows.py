"""Rows of a table of text brought into the shape that its columns ask for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.ingest.table_days import joined
from netsleuth_tui.ingest.table_values import ABSENT, WRONG, Numbers, occurrence
from netsleuth_tui.query.fields import FIELDS

if TYPE_CHECKING:
    from netsleuth_tui.ingest.table_layout import Layout
    from netsleuth_tui.readers import TableRows

__all__ = ["Shaped", "Shaping"]

_MOST_REPEATS = 8
"""Times that a layer may occur in a frame whose cells are taken apart."""


@dataclass(frozen=True, slots=True)
class Shaped:
    """Rows that have all their cells.

    Args:
        cells: For each field its text in every row.
        lines: The line in which each row begins, int64.
        offsets: Where that line begins, uint64.
    """

    cells: dict[str, Sequence[str]]
    lines: NDArray[np.int64]
    offsets: NDArray[np.uint64]


class Shaping:
    """Takes rows apart by a layout.

    Args:
        layout: What the columns are.
    """

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._is_first = True
        self._numbers = {name: Numbers(field.maximum) for name, field in FIELDS.items() if field.kind in ("uint", "bool")}

    def of(self, block: TableRows, complain: Callable[[int, str, int], None]) -> Shaped:
        """The rows of a block; those with another number of cells are told with their line and offset, and left out."""
        rows, lines, offsets = block.rows, block.lines, block.offsets
        if self._is_first and rows:
            self._is_first = False
            if self._layout.header:
                rows, lines, offsets = rows[1:], lines[1:], offsets[1:]
        wanted = self._layout.cells
        widths = np.fromiter(map(len, rows), np.int64, len(rows))
        odd = np.flatnonzero(widths != wanted)
        if len(odd):
            rows = list(rows)
            good = np.ones(len(rows), np.bool_)
            for index in odd.tolist():
                row = self._mended(rows[index])
                good[index] = row is not None
                if row is not None:
                    rows[index] = row
                else:
                    complain(int(lines[index]), f"there are {widths[index]} cells where {wanted} are expected", int(offsets[index]))
            if not good.all():
                rows = [rows[index] for index in np.flatnonzero(good).tolist()]
                lines, offsets = lines[good], offsets[good]
        columns: list[Sequence[str]] = list(zip(*rows, strict=True)) if rows else [()] * wanted
        return Shaped(self._cells(columns), lines, offsets)

    def _cells(self, columns: Sequence[Sequence[str]]) -> dict[str, Sequence[str]]:
        """For each field its text in every row; times that are in two cells as one text."""
        cells = {name: columns[at] for name, at in self._layout.at.items()}
        for wide in self._layout.wide:
            at = self._layout.cell(wide)
            for name, place in self._layout.at.items():
                if place == at:
                    cells[name] = list(map(",".join, zip(columns[at], columns[at + 1], strict=True)))
        if self._layout.day is not None:
            cells[self._layout.time] = joined(columns[self._layout.day], cells[self._layout.time])
        return cells

    def _mended(self, row: list[str]) -> list[str] | None:
        """A row with too many cells as it was meant, if there is one way alone; None otherwise.

        Where a header occurs twice in a frame (an ICMP error quotes one), tshark gives both values, with a comma between them, and
        unless told otherwise it writes no quotes: the fields of that header all have twice as many cells.
        """
        layout = self._layout
        surplus = len(row) - layout.cells
        if surplus == -len(layout.wide) and layout.wide:  # quoted after all, or empty
            return list(self._widened(row))
        if surplus <= 0:
            return None
        names = layout.names
        groups: dict[str, list[int]] = {}
        for column, name in enumerate(names):
            if "." in name and column not in layout.wide and not name.startswith("frame."):
                groups.setdefault(name.partition(".")[0], []).append(column)
        for kinds in (list(groups.values()), [[column] for columns in groups.values() for column in columns]):
            found = [
                mended
                for columns in kinds
                if surplus % len(columns) == 0 and surplus // len(columns) < _MOST_REPEATS
                if (mended := self._first_of(row, set(columns), surplus // len(columns) + 1)) is not None
            ]
            if len(found) == 1:
                return found[0]
        return None

    def _widened(self, row: list[str]) -> Iterator[str]:
        """The row with both halves of each time that was in one cell."""
        for column, cell in enumerate(row):
            if column in self._layout.wide:
                yield from (cell.partition(",")[0], cell.partition(",")[2])
            else:
                yield cell

    def _first_of(self, row: list[str], repeated: set[int], times: int) -> list[str] | None:
        """The row with only the first value of columns that occur several times; None if a cell is no value of its column."""
        found: list[str] = []
        at = 0
        for column, name in enumerate(self._layout.names):
            width = times if column in repeated else 2 if column in self._layout.wide else 1
            values = row[at : at + width]
            if column not in self._layout.wide and not all(self._fits(name, value, needed=width > 1) for value in values):
                return None
            found += values[:1] if column in repeated else values
            at += width
        return found

    def _fits(self, name: str, text: str, *, needed: bool) -> bool:
        """Whether a text can be a value of a field; of fields that are not known here everything is."""
        if not text.strip():
            return not needed
        field = FIELDS.get(name)
        if field is not None and field.kind == "address":
            return _is_address(occurrence(text, 0))
        numbers = self._numbers.get(name)
        return numbers is None or numbers.of([text])[0] not in (ABSENT, WRONG)


def _is_address(text: str) -> bool:
    import ipaddress

    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
