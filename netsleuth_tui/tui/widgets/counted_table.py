"""What the packets of a scope amount to, one line per conversation or association: counted once, in any order, made text when seen."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from netsleuth_tui.tui.panes import Look, Pane, Seen
from netsleuth_tui.tui.widgets.column_table import ColumnTable, TableColumn

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from netsleuth_tui.analysis import Scope
    from netsleuth_tui.tabular import Cell

__all__ = ["COUNTING", "Answer", "CountedTable", "Found", "Order", "in_order"]

COUNTING = "counting …"
BLOCK, BLOCKS_KEPT = 64, 32
"""Lines that become text together, and how many such blocks are kept."""

Order = tuple[str, bool] | None
"""Column to sort by, and whether the greatest comes first; None as they come."""


class Found(Protocol):
    """What was counted: conversations, associations."""

    def __len__(self) -> int:
        """How many there are."""

    def at(self, which: Sequence[int] | NDArray[np.integer]) -> Found:
        """Some of them."""

    def cells(self, name: str) -> list[Cell]:
        """A column as values."""

    def numbers(self, name: str) -> NDArray[np.int64]:
        """A column as numbers; 'start' and 'duration' in ns."""

    def order(self, name: str, *, descending: bool = False) -> NDArray[np.uint32]:
        """Their numbers, sorted by a column."""

    def key(self, number: int, /) -> Hashable:
        """What tells one from all others, in other scopes too."""

    def find(self, key: Any, /) -> int | None:
        """The number of a key."""

    def filter(self, number: int, /) -> str:
        """The filter that selects its packets."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What was found, in which order, and where."""

    found: Any
    """As `Found`."""
    order: NDArray[np.uint32]
    scope: Scope
    packets: int
    """Rows that were loaded."""

    def holds_for(self, look: Look) -> bool:
        """True if nothing would be counted otherwise now."""
        return (self.scope, self.packets) == (look.scope, look.store.packets)


def in_order(found: Found, sorted_by: Order, look: Look, packets: int) -> Answer:
    """The answer for what was found.

    Args:
        found: What was counted.
        sorted_by: The order that is wanted.
        look: Where it was counted.
        packets: Rows that were loaded before.
    """
    import numpy as np

    order = np.arange(len(found), dtype=np.uint32) if sorted_by is None else found.order(sorted_by[0], descending=sorted_by[1])
    return Answer(found, order, look.scope, packets)


class CountedTable(ColumnTable, Pane):
    """Lines that are counted from all packets of the scope.

    Args:
        columns: Those that are shown.
        sorted_by: The order to begin with.
        id: Of the widget.
    """

    NO_LINES: ClassVar[str]
    """What to say where there are packets, and none that counts."""

    def __init__(self, columns: Sequence[TableColumn], sorted_by: Order, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(columns, id=id)
        self.sorted_by = sorted_by
        self.nothing = COUNTING
        self.answered: Answer | None = None
        self._block = lru_cache(BLOCKS_KEPT)(self._read)

    def cell_text(self, name: str, cell: Cell) -> str:
        """A cell as it is drawn."""
        raise NotImplementedError

    # What is shown

    def is_slow(self) -> bool:
        """Always: every packet is looked at again."""
        return True

    def answer(self, seen: Seen, result: Answer) -> None:
        """Show other lines; the cursor stays on its own, if that is still there."""
        here = self.key
        self.answered = result
        self._block.cache_clear()
        self.sorting = False
        self.nothing = seen.nothing or (self.NO_LINES if not self.count() else "")
        if not seen.same_scope:
            self.forget_widths()
        number = result.found.find(here) if here is not None else None
        self.reset(int((result.order == number).argmax()) if number is not None else 0)

    def forget(self) -> None:
        """There is no answer: something else is counted."""
        self.answered = None
        self._block.cache_clear()
        self.forget_widths()
        self.nothing = COUNTING
        self.reset(0)

    def count(self) -> int:
        """How many lines there are."""
        return len(self.answered.order) if self.answered is not None else 0

    @property
    def number(self) -> int | None:
        """Which one is under the cursor."""
        return int(self.answered.order[self.cursor]) if self.answered is not None and self.count() else None

    @property
    def key(self) -> Any:
        """What tells the one under the cursor from all others; None where there is none."""
        number = self.number
        return self.answered.found.key(number) if self.answered is not None and number is not None else None

    def cells(self, index: int) -> Sequence[str]:
        """One line."""
        block, place = divmod(index, BLOCK)
        return self._block(block)[place]

    def _read(self, block: int) -> list[tuple[str, ...]]:
        if self.answered is None:
            return []
        some = self.answered.found.at(self.answered.order[block * BLOCK : (block + 1) * BLOCK])
        shown = [[self.cell_text(column.name, cell) for cell in some.cells(column.name)] for column in self.columns]
        return list(zip(*shown, strict=True))

    def show_columns(self, columns: Sequence[TableColumn]) -> None:
        """Make other texts of the same lines."""
        self._block.cache_clear()
        super().show_columns(columns)

    # What lies under the cursor

    def term(self) -> str | None:
        """The filter for its packets."""
        number = self.number
        return self.answered.found.filter(number) if self.answered is not None and number is not None else None

    def cursor_time(self) -> tuple[int, int] | None:
        """From its first packet to its last."""
        from netsleuth_tui.decode.columns import NO_TIME

        if self.answered is None or self.number is None:
            return None
        one = self.answered.found.at([self.number])
        start, length = int(one.numbers("start")[0]), int(one.numbers("duration")[0])
        return (start, start + length + 1) if start != NO_TIME else None
