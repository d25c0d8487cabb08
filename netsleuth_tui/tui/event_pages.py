"""Pages of events: blocks of rows that have been made text, the last few of them kept."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import TYPE_CHECKING

from netsleuth_tui.tui.pages import DAY

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from netsleuth_tui.store import Rows, Store
    from netsleuth_tui.tabular import Cell

__all__ = ["EventPages"]

BLOCK, BLOCKS_KEPT = 64, 32
TIME = "TimeCreated"
NUMBERS = ("EventRecordID",)
"""Numbers that are grouped by thousands, as in '48 210 377'."""


class EventPages:
    """Events of a scope as lines of cells.

    Args:
        store: Where they are.
        rows: Which of them.
        fields: Columns.
        order: Their row ids in another order; None for that of the logs.
        raw: Values as the log has them, not what they stand for.
    """

    def __init__(
        self, store: Store, rows: Rows, fields: Sequence[str], *, order: NDArray[np.uint32] | None = None, raw: bool = False
    ) -> None:
        self.store = store
        self.rows = rows
        self.fields = list(fields)
        self.order = order
        self.raw = raw
        self.days = _days(store, rows)
        """The events are of more than one day."""
        self._blocks: OrderedDict[int, list[tuple[str, ...]]] = OrderedDict()

    def __len__(self) -> int:
        return len(self.rows)

    def cells(self, index: int) -> Sequence[str]:
        """The `index`th event, as it is drawn."""
        number, place = divmod(index, BLOCK)
        block = self._blocks.get(number)
        if block is None:
            block = self._blocks[number] = self._read(number * BLOCK)
            if len(self._blocks) > BLOCKS_KEPT:
                self._blocks.popitem(last=False)
        else:
            self._blocks.move_to_end(number)
        return block[place]

    def row_at(self, index: int) -> int | None:
        """Row id of the `index`th event, None beyond the end."""
        taken = self._take(index, 1)
        return int(taken[0]) if len(taken) else None

    def position(self, row: int) -> int:
        """Index of a row, or of the next one in the logs that is there."""
        at = self.rows.position(row)
        if self.order is None or not len(self.rows):
            return at
        there = int(self.rows.take(min(at, len(self.rows) - 1), 1)[0])
        return int((self.order == there).argmax())

    def positions(self, marked: Sequence[int]) -> list[int]:
        """Indices of those of some rows that are there, ascending."""
        if self.order is None:
            return sorted(self.rows.position(row) for row in marked if self.rows.holds(row))
        import numpy as np

        places: list[int] = np.flatnonzero(np.isin(self.order, np.array(marked, np.uint32))).tolist()
        return places

    def _take(self, first: int, count: int) -> NDArray[np.uint32]:
        return self.rows.take(first, count) if self.order is None else self.order[first : first + count]

    def _read(self, first: int) -> list[tuple[str, ...]]:
        from netsleuth_tui.analysis import event_records

        ids = self._take(first, BLOCK)
        columns = event_records(self.store, ids, self.fields, readable=not self.raw)
        shown = [[self._text(name, cell) for cell in column] for name, column in zip(self.fields, columns, strict=True)]
        return list(zip(*shown, strict=True))

    def _text(self, name: str, cell: Cell) -> str:
        from netsleuth_tui.tui.widgets.event_views import value_text

        if name == TIME and isinstance(cell, str):
            clock = cell[11:27].rstrip("Z")  # to 100 ns, as it was logged
            return f"{cell[5:10]} {clock}" if self.days else clock
        if name in NUMBERS and isinstance(cell, int):
            return f"{cell:,}".replace(",", " ")
        return value_text(cell)


def _days(store: Store, rows: Rows) -> bool:
    from netsleuth_tui.decode.columns import NO_TIME

    time = store.events.view().time
    chosen = time[rows.first : rows.last] if rows.ids is None else time[rows.ids[rows.first : rows.last]]
    chosen = chosen[chosen != NO_TIME]
    return bool(len(chosen)) and int(chosen.min()) // DAY != int(chosen.max()) // DAY
