"""The lines of a cross table of events, as a table takes them: fields, a total, and a column for each value of the last field."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from netsleuth_tui.tui.widgets.column_table import TableColumn
from netsleuth_tui.tui.widgets.event_groups_lines import GroupLines
from netsleuth_tui.tui.widgets.event_views import value_text

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from netsleuth_tui.analysis import EventPivot

__all__ = ["WIDEST_VALUE", "PivotLines", "column_number", "value_columns"]

PREFIX = "value "
"""Of the names of columns that stand for values, which are numbered: a value may be spelled like a field."""
WIDEST_VALUE = 24
"""Cells of the title of a column that stands for a value."""
TOTAL = TableColumn("events", "Total", "Events of the line, in all columns together", right=True)


def value_columns(pivot: EventPivot, *, raw: bool) -> list[TableColumn]:
    """The total, and a column for each value of the last field."""
    last = pivot.by[-1]
    titles = [value_text(name) for name in (pivot.names if raw else pivot.meanings)]
    values = [TableColumn(f"{PREFIX}{k}", title, f"Events with this value of {last}", right=True) for k, title in enumerate(titles)]
    return [TOTAL, *values]


def column_number(name: str) -> int | None:
    """Which value the column of this name stands for; None where it is another kind of column."""
    return int(name[len(PREFIX) :]) if name.startswith(PREFIX) else None


@dataclass(frozen=True, slots=True)
class PivotLines:
    """Lines of a cross table (`counted_table.Found`); texts are made of those that are seen."""

    pivot: EventPivot
    which: Sequence[int] | NDArray[np.integer] | None = None
    """The lines that are meant; None for all."""
    raw: bool = False
    """Values as the log has them, not what they stand for."""

    @property
    def side(self) -> GroupLines:
        """The same lines without the columns of values."""
        return GroupLines(self.pivot.down, 1, self.which, self.raw)

    def __len__(self) -> int:
        return len(self.side)

    def at(self, which: Sequence[int] | NDArray[np.integer]) -> PivotLines:
        """Some of them."""
        return PivotLines(self.pivot, self.side.lines[which], self.raw)

    def cells(self, name: str) -> list[Any]:
        """A column; where there are no events the cell of a value is empty."""
        number = column_number(name)
        if number is None:
            return self.side.cells(name)
        return [count or None for count in self.pivot.counts(self.side.lines)[:, number].tolist()]

    def numbers(self, name: str) -> NDArray[np.int64]:
        """'start' and 'duration' in ns."""
        return self.side.numbers(name)

    def order(self, name: str, *, descending: bool = False) -> NDArray[np.uint32]:
        """Sorted by a column: numbers by size, then texts; what is absent comes last."""
        import numpy as np

        number = column_number(name)
        if number is None:
            return self.side.order(name, descending=descending)
        events = self.pivot.column(number)
        return np.argsort(-events if descending else events, kind="stable").astype(np.uint32)

    def key(self, number: int) -> Hashable:
        """The values of the fields."""
        return self.side.key(number)

    def find(self, key: Any) -> int | None:
        """The number of a key, among the first of them."""
        return self.side.find(key)

    def filter(self, number: int) -> Any:
        """The filter of its events."""
        return self.pivot.filter(number)
