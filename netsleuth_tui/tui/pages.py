"""Rows of the record table as text, read from the store block by block as they come into view."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from netsleuth_tui.terminal.sanitize import display

if TYPE_CHECKING:
    from netsleuth_tui.store import Rows, Store

__all__ = ["Record", "RecordPages"]

BLOCK = 64
BLOCKS_KEPT = 32
CELL = 1024
"""Characters of a cell at most: what is longer is an attack, or belongs into the detail pane."""

FIELDS = ("frame.number", "_ws.col.def_src", "_ws.col.def_dst", "_ws.col.protocol", "frame.len", "info")
DAY = 86400 * 1_000_000_000


@dataclass(frozen=True, slots=True)
class Record:
    """One row, ready to be drawn."""

    row: int
    """Row id in the store."""
    number: str
    time: str
    source: str
    destination: str
    protocol: str
    length: str
    info: str


class RecordPages:
    """The rows of one scope.

    Args:
        store: Where they are.
        rows: Which they are.
        days: True if the capture covers more than one day: times are shown with the date.
    """

    def __init__(self, store: Store, rows: Rows, *, days: bool = False) -> None:
        self.rows = rows
        self._store = store
        self._days = days
        self._blocks: OrderedDict[int, list[Record]] = OrderedDict()

    def __len__(self) -> int:
        return len(self.rows)

    def record(self, index: int) -> Record:
        """The `index`th row of the scope."""
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
        """Row id of the `index`th row, None beyond the end."""
        taken = self.rows.take(index, 1)
        return int(taken[0]) if len(taken) else None

    def _read(self, first: int) -> list[Record]:
        from netsleuth_tui.analysis import records

        ids = self.rows.take(first, BLOCK)
        number, source, destination, protocol, length, info = records(self._store, ids, FIELDS)
        times = self._store.columns().time[ids].tolist()
        return [
            Record(
                row,
                f"{number[i]:,}".replace(",", " "),
                self._time(times[i]),
                display(str(source[i] or ""), limit=CELL),
                display(str(destination[i] or ""), limit=CELL),
                display(str(protocol[i] or ""), limit=CELL),
                str(length[i]),
                display(str(info[i] or ""), limit=CELL),
            )
            for i, row in enumerate(ids.tolist())
        ]

    def _time(self, time: int) -> str:
        from netsleuth_tui.analysis import clock, iso
        from netsleuth_tui.decode.columns import NO_TIME

        if time == NO_TIME:
            return "-"
        return f"{iso(time)[5:10]} {clock(time)}" if self._days else clock(time)
