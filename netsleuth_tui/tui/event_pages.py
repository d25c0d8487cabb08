"""Events as text, read block by block as they come into view."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from netsleuth_tui.tui.pages import Pages

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from netsleuth_tui.store import Rows, Store
    from netsleuth_tui.tabular import Cell

__all__ = ["EventPages"]

TIME = "TimeCreated"
NUMBERS = ("EventRecordID",)
"""Numbers that are grouped by thousands, as in '48 210 377'."""


class EventPages(Pages):
    """Events; `raw` is true for values as the log has them, not what they stand for."""

    rows: Rows

    def __init__(
        self,
        store: Store,
        rows: Rows,
        fields: Sequence[str],
        *,
        order: NDArray[np.uint32] | None = None,
        by_time: bool = False,
        raw: bool = False,
    ) -> None:
        super().__init__(store, rows, fields, order=order, by_time=by_time)
        self.raw = raw
        self.date = _date(store, rows)
        """How much of their date times are shown with (`analysis.times.date_for`)."""

    def read(self, ids: NDArray[np.uint32]) -> list[tuple[str, ...]]:
        """See `Pages`."""
        from netsleuth_tui.analysis import event_records

        columns = event_records(self.store, ids, self.fields, readable=not self.raw)
        shown = [[self._text(name, cell) for cell in column] for name, column in zip(self.fields, columns, strict=True)]
        return list(zip(*shown, strict=True))

    def times(self) -> NDArray[np.int64]:
        """See `Pages`."""
        return self.store.events.view().time

    def _text(self, name: str, cell: Cell) -> str:
        from netsleuth_tui.tui.widgets.event_views import value_text

        if name == TIME and isinstance(cell, str):
            clock = cell[11:27].rstrip("Z")  # to 100 ns, as it was logged
            return f"{cell[10 - self.date : 10]} {clock}" if self.date else clock
        if name in NUMBERS and isinstance(cell, int):
            return f"{cell:,}".replace(",", " ")
        return value_text(cell)


def _date(store: Store, rows: Rows) -> int:
    from netsleuth_tui.analysis.times import date_for
    from netsleuth_tui.decode.columns import NO_TIME

    time = store.events.view().time
    chosen = time[rows.first : rows.last] if rows.ids is None else time[rows.ids[rows.first : rows.last]]
    chosen = chosen[chosen != NO_TIME]
    return date_for((int(chosen.min()), int(chosen.max())), whole=store.span) if len(chosen) else 0
