"""Groups of events, as a table takes them: texts are made of those that are seen."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from netsleuth_tui.analysis import EventGroups
    from netsleuth_tui.tabular import Cell

__all__ = ["GroupLines"]

SORTED_BY_NUMBER = {"share": "events", "spread": "events"}
"""Columns that have the order of another one."""


@dataclass(frozen=True, slots=True)
class GroupLines:
    """Groups, as a table takes them (`counted_table.Found`); texts are made of those that are seen."""

    groups: EventGroups
    columns: int
    """Of a line's small time line."""
    which: Sequence[int] | NDArray[np.integer] | None = None
    """The lines that are meant; None for all."""
    raw: bool = False
    """Values as the log has them, not what they stand for."""

    def __len__(self) -> int:
        return len(self.groups) if self.which is None else len(self.which)

    @property
    def lines(self) -> NDArray[np.int64]:
        """Numbers of the lines that are meant."""
        import numpy as np

        return np.arange(len(self.groups)) if self.which is None else np.asarray(self.which, np.int64)

    def at(self, which: Sequence[int] | NDArray[np.integer]) -> GroupLines:
        """Some of them."""
        return GroupLines(self.groups, self.columns, self.lines[which], self.raw)

    def cells(self, name: str) -> list[Any]:
        """A column."""
        lines = self.lines
        if name == "spread":
            return list(self.groups.spread_of(lines, self.columns).tolist())
        if name == "share":
            return [(events, self.groups.total) for events in self.groups.events[lines].tolist()]
        if name in {"events", "first", "last"}:
            numbers: list[Any] = getattr(self.groups, name)[lines].tolist()
            return numbers
        return self.groups.cells(self.groups.by.index(name), lines, readable=not self.raw)

    def numbers(self, name: str) -> NDArray[np.int64]:
        """'start' and 'duration' in ns."""
        lines = self.lines
        first = self.groups.first[lines]
        return first if name == "start" else self.groups.last[lines] - first

    def order(self, name: str, *, descending: bool = False) -> NDArray[np.uint32]:
        """Sorted by a column: numbers by size, then texts; what is absent comes last."""
        import numpy as np

        name = SORTED_BY_NUMBER.get(name, name)
        if name in {"events", "first", "last"}:
            numbers = getattr(self.groups, name)
            return np.argsort(-numbers if descending else numbers, kind="stable").astype(np.uint32)
        cells = self.cells(name)
        there = [k for k, cell in enumerate(cells) if cell is not None]
        there.sort(key=lambda k: (isinstance(cells[k], str), _folded(cells[k])), reverse=descending)
        absent = [k for k, cell in enumerate(cells) if cell is None]
        return np.array(there + absent, np.uint32)

    def key(self, number: int) -> Hashable:
        """The values of the fields."""
        return self.groups.by, self.groups.values(number, 1)[0]

    def find(self, key: Any) -> int | None:
        """The number of a key, among the first of them."""
        by, values = key
        if by != self.groups.by:
            return None
        near = self.groups.values(0, 1000)
        return near.index(values) if values in near else None

    def filter(self, number: int) -> Any:
        """The filter of its events."""
        return self.groups.filter(number)


def _folded(cell: Cell) -> Any:
    return cell.lower() if isinstance(cell, str) else cell
