"""The rows that a scope selects, in capture order."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Rows"]


@dataclass(frozen=True, slots=True)
class Rows:
    """Either a range of rows or an ascending array of row ids; most scopes without a filter are a range."""

    first: int
    """First row of the range; with ids, first index into them."""

    last: int
    """One past the last row of the range; with ids, one past the last index into them."""

    ids: NDArray[np.uint32] | None = None
    """Ascending row ids, or None for the range."""

    def __len__(self) -> int:
        return self.last - self.first

    def take(self, first: int, count: int) -> NDArray[np.uint32]:
        """Row ids of `count` matches from the `first` on (fewer at the end)."""
        start = self.first + max(first, 0)
        stop = min(start + max(count, 0), self.last)
        if self.ids is not None:
            return self.ids[start:stop]
        return np.arange(start, max(start, stop), dtype=np.uint32)

    def position(self, row: int) -> int:
        """Index among the matches of row id `row`, or of the next match after it where it does not match."""
        if self.ids is None:
            return min(max(row, self.first), self.last) - self.first
        return min(max(int(np.searchsorted(self.ids, row)), self.first), self.last) - self.first

    def holds(self, row: int) -> bool:
        """True if row id `row` is one of the matches."""
        at = self.position(row)
        return at < len(self) and int(self.take(at, 1)[0]) == row
