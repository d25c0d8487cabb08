"""One line per row of the store, whatever it is a row of: the page that is seen, marks, and ways to a certain row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, Generic, TypeVar

from netsleuth_tui.errors import NetSleuthError
from netsleuth_tui.terminal.sanitize import display
from netsleuth_tui.tui.messages import Told
from netsleuth_tui.tui.pages import Pages
from netsleuth_tui.tui.panes import Pane
from netsleuth_tui.tui.widgets.column_table import ColumnTable, TableColumn
from netsleuth_tui.wording import grouped

if TYPE_CHECKING:
    from netsleuth_tui.analysis import Found

__all__ = ["PagedTable"]

P = TypeVar("P", bound=Pages)


class PagedTable(ColumnTable, Pane, Generic[P]):
    """Packets or events, one by one.

    Args:
        columns: Those that are shown.
        id: Of the widget.
    """

    ITEM: ClassVar[str]
    """What a line is: 'packet'."""
    ITEMS: ClassVar[str]
    """What the lines are called: 'records'."""
    WHERE_TO: ClassVar[str]
    """The question where to go."""

    def __init__(self, columns: Sequence[TableColumn], *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(columns, id=id)
        self._pages: P | None = None
        self._order: object = None
        """Of the rows that are shown."""
        self.marks: set[int] = set()
        """Row ids of marked lines: they stay marked under any filter."""

    def find(self, pages: P, text: str) -> Found:
        """The row that a user means by a number or a time.

        Raises:
            NetSleuthError: There is none.
        """
        raise NotImplementedError

    @property
    def row(self) -> int | None:
        """Row id under the cursor."""
        return self._pages.row_at(self.cursor) if self._pages is not None else None

    @property
    def _names(self) -> list[str]:
        return [column.name for column in self.columns]

    def count(self) -> int:
        """Rows of the scope."""
        return len(self._pages) if self._pages is not None else 0

    def cells(self, index: int) -> Sequence[str]:
        """One row."""
        return self._pages.cells(index) if self._pages is not None else ()

    def is_marked(self, index: int) -> bool:
        """True if the row was marked."""
        return bool(self.marks) and self._pages is not None and self._pages.row_at(index) in self.marks

    def put(self, pages: P, *, same_scope: bool, order: object = None) -> None:
        """Show other rows. The cursor stays on its own, or goes to the next one that is there; at the end it stays where rows are added.

        Args:
            pages: The rows.
            same_scope: They are those that were shown, and maybe more.
            order: Which rows of the scope they are, and in what order; None for all, as they come.
        """
        row = self.row
        follows = same_scope and order is None and self._order is None and 0 < self.cursor == self.count() - 1
        self._pages, self._order = pages, order
        if not same_scope:
            self.forget_widths()
        self.reset(len(pages) - 1 if follows else pages.position(row) if row is not None else 0)

    def remark(self) -> str:
        """How many rows are marked."""
        return f"{grouped(len(self.marks))} marked " if self.marks else ""

    # Going places

    def action_go(self) -> None:
        """Ask where to."""
        from netsleuth_tui.tui.screens.ask import Ask

        if self._pages is not None:
            self.app.push_screen(Ask(self.WHERE_TO, self._complaint), self._go)

    def _complaint(self, text: str) -> str:
        if self._pages is None:
            return ""
        try:
            self.find(self._pages, text)
        except NetSleuthError as error:
            return display(str(error), limit=300)
        return ""

    def _go(self, text: str | None) -> None:
        if text is None or self._pages is None:
            return
        found = self.find(self._pages, text)
        self.go_to(found.row)
        if found.remark:
            self.post_message(Told(found.remark, "warning"))

    def go_to(self, row: int) -> None:
        """Put the cursor on a row, or the nearest one after it that is there."""
        if self._pages is not None:
            self.move_to(self._pages.position(row))

    def action_mark(self) -> None:
        """Mark the row, or not any more."""
        if self.row is not None:
            self.marks ^= {self.row}
            self.redraw()

    def action_to_mark(self, direction: int) -> None:
        """The next one, or the one before; at the end, round to the other end."""
        places = self._pages.positions(sorted(self.marks)) if self._pages is not None else []
        if not places:
            what = f"no mark is among these {self.ITEMS}" if self.marks else f"no {self.ITEM} is marked: m marks one"
            self.post_message(Told(what, "warning"))
            return
        beyond = [place for place in places if (place - self.cursor) * direction > 0]
        self.move_to(min(beyond or places) if direction > 0 else max(beyond or places))
