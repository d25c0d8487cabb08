"""The packet table: contiguous columns that grow while files are read, and are never copied on the way to a kernel or a query."""

from __future__ import annotations

import numpy as np

from netsleuth_tui.decode.columns import NO_TIME, PACKET_COLUMNS, Columns
from netsleuth_tui.store.clock import moved
from netsleuth_tui.store.paging import release

__all__ = ["ROW_BYTES", "PacketTable"]

ROW_BYTES = sum(dtype.itemsize for dtype in PACKET_COLUMNS.values())
"""Bytes of a row that touches every column. Memory is only taken for columns that a capture has values for: fresh pages stay untouched."""

SMALLEST = 1 << 16


class PacketTable:
    """Append-only columns with room to write beyond the rows that readers see.

    One writer calls `reserve`, fills the new rows, and makes them visible by `commit`. Readers take `view`, which stays valid and
    unchanged whatever is appended later.
    """

    def __init__(self) -> None:
        self.rows = 0
        """Rows that readers see."""
        self.first = 0
        """Rows before this one were dropped: they are zero, and belong to no scope."""
        self.in_order = True
        """True while `time` never decreases from row to row (and every row has one)."""
        self._columns = _allocate(0)

    @property
    def capacity(self) -> int:
        """Rows that fit before the columns have to move."""
        return len(self._columns.row)

    def reserve(self, rows: int) -> Columns:
        """Columns with room for at least `rows` rows in all; zero beyond the rows written so far.

        Moving copies what is there: ask for the expected total first. Nobody may be writing into the columns of an earlier call.
        """
        if rows > self.capacity:
            grown = _allocate(max(rows, self.capacity + self.capacity // 2, SMALLEST))
            for name in PACKET_COLUMNS:
                getattr(grown, name)[self.first : self.rows] = getattr(self._columns, name)[self.first : self.rows]
            self._columns = grown
        return self._columns

    def commit(self, rows: int) -> None:
        """Show the first `rows` rows, all written by now."""
        new = self._columns.time[max(self.rows - 1, 0) : rows]
        if self.in_order and len(new) and not _never_decreases(new):
            self.in_order = False
        self.rows = rows

    def forget(self, rows: int) -> None:
        """Drop the first `rows` rows, all of them visible; ids of the others stay as they are."""
        for column in self._columns:
            release(column, self.first, rows)
        self.first = rows

    def move(self, source: int, by: int) -> None:
        """Add to the times of the rows of a source, all written by now; earlier views keep the times that they have."""
        time = moved(self._columns.time, self._columns.source[: self.rows] == source, by)
        self._columns = self._columns._replace(time=time)
        self.in_order = not self.rows or _never_decreases(time[: self.rows])

    def view(self) -> Columns:
        """The visible rows, without a copy."""
        rows = self.rows  # first: columns that are read later hold at least these rows
        return self._columns.at(slice(0, rows))


def _allocate(rows: int) -> Columns:
    return Columns._make(np.zeros(rows, dtype) for dtype in PACKET_COLUMNS.values())


def _never_decreases(time: np.ndarray[tuple[int], np.dtype[np.int64]]) -> bool:
    return bool(time[0] > NO_TIME) and bool((time[1:] >= time[:-1]).all())
