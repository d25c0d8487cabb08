"""Rows of the store as text, read block by block as they come into view."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

from netsleuth_tui.terminal.sanitize import display

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import NDArray

    from netsleuth_tui.analysis.interleaving import Interleaved
    from netsleuth_tui.store import Rows, Store
    from netsleuth_tui.tabular import Cell

__all__ = ["MixedPages", "Pages", "RecordPages"]

BLOCK = 64
BLOCKS_KEPT = 32
CELL = 1024
"""Characters of a cell at most: what is longer is an attack, or belongs into the detail pane."""


class Pages:
    """The rows of one scope, with some fields of each.

    Args:
        store: Where they are.
        rows: Which they are.
        fields: Names of the fields.
        order: Row ids in another order than that in which they were loaded.
        by_time: That order is the one of time.
    """

    def __init__(
        self, store: Store, rows: Rows | Interleaved, fields: Sequence[str], *, order: NDArray[Any] | None = None, by_time: bool = False
    ) -> None:
        self.store = store
        self.rows = rows
        self.fields = tuple(fields)
        self.order = order
        self.by_time = by_time
        self._blocks: OrderedDict[int, list[tuple[str, ...]]] = OrderedDict()

    def read(self, ids: NDArray[Any]) -> list[tuple[str, ...]]:
        """The fields of some rows, ready to be drawn."""
        raise NotImplementedError

    def __len__(self) -> int:
        return len(self.rows)

    def cells(self, index: int) -> tuple[str, ...]:
        """The fields of the `index`th row, ready to be drawn."""
        number, place = divmod(index, BLOCK)
        block = self._blocks.get(number)
        if block is None:
            block = self._blocks[number] = self.read(self._take(number * BLOCK, BLOCK))
            if len(self._blocks) > BLOCKS_KEPT:
                self._blocks.popitem(last=False)
        else:
            self._blocks.move_to_end(number)
        return block[place]

    def row_at(self, index: int) -> int | None:
        """Row id of the `index`th row, None beyond the end."""
        taken = self._take(index, 1)
        return int(taken[0]) if len(taken) else None

    def position(self, row: int) -> int:
        """Index of a row, or of the next one that is there: in the capture, or in time where that is the order."""
        at = self.rows.position(row)
        if self.order is None or not len(self.rows):
            return at
        if self.by_time and not self.rows.holds(row) and row < len(self.times()):
            return self._next_in_time(row)
        there = int(self.rows.take(min(at, len(self.rows) - 1), 1)[0])
        return int((self.order == there).argmax())

    def _next_in_time(self, row: int) -> int:
        from netsleuth_tui.analysis.interleaving import Side

        side = Side(cast("Rows", self.rows), self.times(), self.order)
        return min(side.before(side.time_of(row)), len(self) - 1)

    def times(self) -> NDArray[Any]:
        """Of all rows of their table, ns since the epoch."""
        raise NotImplementedError

    def positions(self, marked: Sequence[int]) -> list[int]:
        """Indices of those of some rows that are there, ascending."""
        if self.order is None:
            return sorted(self.rows.position(row) for row in marked if self.rows.holds(row))
        import numpy as np

        places: list[int] = np.flatnonzero(np.isin(self.order, np.array(marked, np.uint32))).tolist()
        return places

    def _take(self, first: int, count: int) -> NDArray[Any]:
        return self.rows.take(first, count) if self.order is None else self.order[first : first + count]


class RecordPages(Pages):
    """Packets; `date` says how much of their date times are shown with (`analysis.times.date_for`)."""

    def __init__(
        self,
        store: Store,
        rows: Rows | Interleaved,
        fields: Sequence[str],
        *,
        date: int = 0,
        order: NDArray[Any] | None = None,
        by_time: bool = False,
    ) -> None:
        super().__init__(store, rows, fields, order=order, by_time=by_time)
        self.date = date
        self.packets = store.packets
        """Packets that there were when these were selected."""

    def read(self, ids: NDArray[Any]) -> list[tuple[str, ...]]:
        """See `Pages`."""
        from netsleuth_tui.analysis import records

        return self._drawn(records(self.store, ids, self._plain, at_once=True), self.store.columns().time[ids].tolist())

    def times(self) -> NDArray[Any]:
        """See `Pages`."""
        return self.store.columns().time

    def _drawn(self, columns: list[list[Cell]], times: list[int]) -> list[tuple[str, ...]]:
        """Lines of the columns that are not times, and the times."""
        cells = iter([[self._text(name, cell) for cell in column] for name, column in zip(self._plain, columns, strict=True)])
        shown = [self._times(times) if name == "frame.time" else next(cells) for name in self.fields]
        return list(zip(*shown, strict=True))

    @property
    def _plain(self) -> list[str]:
        return [name for name in self.fields if name != "frame.time"]

    def _text(self, name: str, cell: Cell) -> str:
        if name == "frame.number" and cell is not None:
            return f"{cell:,}".replace(",", " ")
        return display(str(cell), limit=CELL) if cell is not None else ""

    def _times(self, times: list[int]) -> list[str]:
        from netsleuth_tui.analysis import clock
        from netsleuth_tui.analysis.times import dated
        from netsleuth_tui.decode.columns import NO_TIME

        return ["-" if time == NO_TIME else f"{dated(time, self.date)}{clock(time)}" for time in times]


class MixedPages(RecordPages):
    """Packets and events; rows are numbered as in `Interleaved`."""

    def read(self, ids: NDArray[Any]) -> list[tuple[str, ...]]:
        """See `Pages`."""
        import numpy as np

        from netsleuth_tui.analysis import mixed_records
        from netsleuth_tui.analysis.interleaving import EVENT

        of_event = ids >= EVENT
        times = np.empty(len(ids), np.int64)
        times[~of_event] = self.store.columns().time[ids[~of_event]]
        times[of_event] = self.store.events.view().time[ids[of_event] - EVENT]
        return self._drawn(mixed_records(self.store, ids, self._plain, at_once=True), times.tolist())

    def _text(self, name: str, cell: Cell) -> str:
        if name == "TimeCreated" and isinstance(cell, str):
            return cell[11:27].rstrip("Z")
        if isinstance(cell, str) and (not cell.isprintable() or "  " in cell or " " in {cell[:1], cell[-1:]}):  # lines of data become one
            cell = " ".join(cell[: 4 * CELL].split())
        return super()._text(name, cell)
