"""The packet table: contiguous columns that grow while files are read, and are never copied on the way to a kernel or a query."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from netsleuth_tui.decode.columns import NO_TIME, PACKET_COLUMNS, Columns
from netsleuth_tui.store.clock import moved
from netsleuth_tui.store.paging import release, zeros

__all__ = ["ROW_BYTES", "PacketTable"]

ROW_BYTES = sum(dtype.itemsize for dtype in PACKET_COLUMNS.values())
"""Bytes of a row that touches every column. Memory is only taken for columns that a capture has values for: fresh pages stay untouched."""

SMALLEST = 1 << 16
MOST = 1 << 32
"""Ids of rows have 32 bits."""


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
        self.lasts = False
        """Whether rows go on coming while the oldest ones are dropped: then there is room for all that can be numbered from the beginning,
        which takes address space alone, and nothing has to move."""
        self._mapped = False
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
            grown = self._larger(max(rows, self.capacity + self.capacity // 2, SMALLEST))
            for name in PACKET_COLUMNS:
                getattr(grown, name)[self.first : self.rows] = getattr(self._columns, name)[self.first : self.rows]
            self._columns = grown
        return self._columns

    def by_row(self, rows: int, dtype: DTypeLike) -> NDArray[Any]:
        """Zeros for what is known of each of the first `rows` rows; where the oldest are dropped, only what is written takes memory."""
        return zeros(rows, dtype) if self._mapped else np.zeros(rows, dtype)

    def _larger(self, rows: int) -> Columns:
        """Columns that are empty, with room for so many rows at least."""
        if self.lasts and not self._mapped:
            try:
                found = Columns._make(zeros(MOST, dtype) for dtype in PACKET_COLUMNS.values())
            except MemoryError:  # address space is limited: columns grow, as ever
                return _allocate(rows)
            self._mapped = True
            return found
        return _allocate(rows)

    def commit(self, rows: int) -> None:
        """Show the first `rows` rows, all written by now."""
        new = self._columns.time[max(self.rows - 1, 0) : rows]
        if self.in_order and len(new) and not _never_decreases(new):
            self.in_order = False
        self.rows = rows

    def forget(self, rows: int) -> None:
        """Drop the first `rows` rows, all of them visible; ids of the others stay as they are."""
        for column in self._columns:
            release(column, self.first, rows, mapped=self._mapped)
        self.first = rows

    def move(self, source: int, by: int) -> None:
        """Add to the times of the rows of a source, all written by now; earlier views keep the times that they have."""
        there, before = slice(self.first, self.rows), self._columns.time
        time = self.by_row(self.capacity, before.dtype)
        time[there] = moved(before[there], self._columns.source[there] == source, by)
        self._columns = self._columns._replace(time=time)
        self.in_order = self.first == self.rows or _never_decreases(time[there])

    def view(self) -> Columns:
        """The visible rows, without a copy."""
        rows = self.rows  # first: columns that are read later hold at least these rows
        return self._columns.at(slice(0, rows))


def _allocate(rows: int) -> Columns:
    return Columns._make(np.zeros(rows, dtype) for dtype in PACKET_COLUMNS.values())


def _never_decreases(time: np.ndarray[tuple[int], np.dtype[np.int64]]) -> bool:
    return bool(time[0] > NO_TIME) and bool((time[1:] >= time[:-1]).all())
