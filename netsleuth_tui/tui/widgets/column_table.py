"""A table with a cursor for lines and one for columns: columns are chosen, ordered, widened and sorted by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from rich.cells import cell_len
from rich.style import Style
from textual.binding import BindingType

from netsleuth_tui.tui.drawing import Part, ends, fit, fit_right
from netsleuth_tui.tui.keys import footer_key, key
from netsleuth_tui.tui.messages import PaneChanged, Told
from netsleuth_tui.tui.panes import Pane
from netsleuth_tui.tui.widgets.lines import ScrolledLines

if TYPE_CHECKING:
    from textual.strip import Strip

__all__ = ["ColumnTable", "TableColumn"]

NARROW = 90
"""Cells below which titles and gaps make room for what they say."""
STEP = 8
"""Cells that one key moves the view along the last column."""
WIDEST = 45
"""A column grows to so many cells by itself; IPv6 needs 39."""
LEAST, WIDER = 3, 4
HERE = Style(underline=True)
"""The cell under both cursors."""


@dataclass(frozen=True, slots=True)
class TableColumn:
    """One column that a table can show."""

    name: str
    """Of the field."""
    title: str
    about: str = ""
    """What it means, for the list of columns."""
    short: str = ""
    """The title where there is little room, if it is another one."""
    right: bool = False
    """Numbers stand at the right."""
    long: bool = False
    """As the last column it is not cut at `WIDEST`."""
    widest: int = WIDEST
    """It grows to so many cells by itself."""


class ColumnTable(ScrolledLines):
    """Lines of cells under titles; columns grow to fit what was seen, unless they have the width that the user gave them."""

    HEADER = 1

    BINDINGS: ClassVar[list[BindingType]] = [
        key("table.left", "left,h", "column(-1)", "to the column at the left; the view follows"),
        key("table.right", "right,l", "column(1)", "to the column at the right; the view follows"),
        footer_key("table.sort", "s", "sort(False)", "sort", "sort by the column under the cursor, the smallest first; again: as it was"),
        key("table.sort_down", "S", "sort(True)", "sort by the column under the cursor, the greatest first; again: as it was"),
        key("table.narrower", "less_than_sign", "widen(-1)", "make the column narrower", "<"),
        key("table.wider", "greater_than_sign", "widen(1)", "make the column wider", ">"),
        key("table.move_left", "H,shift+left", "move_column(-1)", "move the column to the left"),
        key("table.move_right", "L,shift+right", "move_column(1)", "move the column to the right"),
        key("table.columns", "c", "columns", "choose the columns and their order"),
        key("table.hide", "D", "hide_column", "hide the column under the cursor"),
    ]

    def __init__(self, columns: Sequence[TableColumn], *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self.columns = list(columns)
        """Those that are shown, from the left."""
        self.column = 0
        """The one under the cursor."""
        self.sorted_by: tuple[str, bool] | None = None
        """Field, and whether the greatest comes first; None for the order in which the lines come."""
        self.sorting = False
        """The order is being found out."""
        self.nothing = ""
        """What to say where there are no lines."""
        self._left = 0
        self._measured: dict[str, int] = {}
        self._given: dict[str, int] = {}

    # What a table says about itself

    def cells(self, index: int) -> Sequence[str]:
        """The cells of a line, one per column that is shown, made harmless."""
        raise NotImplementedError

    def choices(self) -> list[TableColumn]:
        """All columns that there are to choose from."""
        raise NotImplementedError

    def can_sort(self, name: str) -> bool:  # noqa: ARG002
        """True if lines can be sorted by the column."""
        return True

    def cell_style(self, column: TableColumn, text: str) -> Style:  # noqa: ARG002
        """How a cell is drawn."""
        return self.palette.text

    def failed(self) -> None:
        """Do not go on saying that lines are sorted."""
        self.sorting = False
        self.redraw()

    def remark(self) -> str:
        """What stands at the right end of the titles, in place of some if need be."""
        return ""

    def total(self) -> str:
        """What stands there if there is nothing to remark, and room for it."""
        return ""

    def is_marked(self, index: int) -> bool:  # noqa: ARG002
        """True if a line is marked."""
        return False

    @property
    def name_here(self) -> str:
        """Field of the column under the cursor."""
        return self.columns[self.column].name

    def text_as_shown(self) -> None:
        """Lines are many, and cut: as text, too, all rows are written as a table."""

    # Drawing

    @property
    def gap(self) -> int:
        """Blanks between two columns."""
        return 1 if self.size.width < NARROW else 2

    def forget_widths(self) -> None:
        """Other lines are shown: columns may shrink again."""
        self._measured.clear()

    def on_resize(self) -> None:
        """Other titles may fit now; what was painted before this was told has other widths."""
        self.forget_widths()
        super().on_resize()
        self.redraw()

    def redraw(self) -> None:
        """Widths first: all lines depend on them."""
        self._measure()
        super().redraw()

    def redraw_line(self, y: int) -> None:
        """One line, or all where columns have other widths by now."""
        if self._measure():
            self.redraw()
        else:
            super().redraw_line(y)

    def _title(self, column: TableColumn) -> str:
        title = column.short if column.short and self.size.width < NARROW else column.title
        if self.sorted_by is None or self.sorted_by[0] != column.name:
            return title
        return title + (self.glyphs.descending if self.sorted_by[1] else self.glyphs.ascending)

    def _width(self, column: TableColumn) -> int:
        return self._given.get(column.name) or max(self._measured.get(column.name, 0), len(self._title(column)))

    def _measure(self) -> bool:
        """Let columns grow to what is seen; they never shrink while the lines are the same, lest the table jumps about.

        Returns:
            True if one has grown.
        """
        grown = False
        for index in self._seen():
            for column, cell in zip(self.columns, self.cells(index), strict=True):
                if len(cell) > self._measured.get(column.name, 0):
                    width = len(cell) if column.long else min(len(cell), column.widest)
                    grown |= width > self._measured.get(column.name, 0)
                    self._measured[column.name] = width
        return grown

    def _seen(self) -> range:
        return range(self.top, min(self.top + self.page, self.count()))

    def header(self, y: int, width: int) -> Strip:  # noqa: ARG002
        """Titles of the columns, and what there is to remark."""
        self._measure()
        palette = self.palette
        titles = [self._title(column) for column in self.columns]
        styles = [palette.accent if k == self.column and self.has_focus else palette.muted for k in range(len(titles))]
        remark = "sorting … " if self.sorting else self.remark()
        room = width - sum(cell_len(text) for text, _ in self._laid_out(titles, styles, width))
        right = f"  {remark}" if remark else self._total(room)
        return ends(self._laid_out(titles, styles, width - len(right)), [(right, palette.accent)], width, palette.muted)

    def _total(self, room: int) -> str:
        """What there is in all, or the first part of it, where titles leave so much room."""
        total = self.total()
        said = [f"  {text} " for text in (total, total.partition(", ")[0]) if text]
        return next((text for text in said if len(text) <= room), "")

    def draw(self, y: int, width: int) -> Strip:
        """A line; where there are none the reason stands in the first one."""
        if y == self.HEADER and not self.count() and self.nothing:
            return ends([(self.nothing, self.palette.muted)], (), width, self.palette.muted)
        return super().draw(y, width)

    def item(self, index: int, width: int) -> list[Part]:
        """One line; a mark stands behind its first cell."""
        cells = self.cells(index)
        styles = [self.cell_style(column, cell) for column, cell in zip(self.columns, cells, strict=True)]
        if index == self.cursor:
            styles[self.column] += HERE
        return self._laid_out(cells, styles, width, self.glyphs.marked if self.is_marked(index) else "")

    def under_cursor(self, parts: list[Part], style: Style) -> list[Part]:
        """The line in one style, since every style is sent; only the cell under the cursor has another."""
        return [(text, style + HERE if part.underline and self.has_focus else style) for text, part in parts]

    def _laid_out(self, cells: Sequence[str], styles: Sequence[Style], width: int, mark: str = "") -> list[Part]:
        parts: list[Part] = []
        cut = self.glyphs.ellipsis
        for k, (cell, column, style) in enumerate(zip(cells, self.columns, styles, strict=True)):
            last = k == len(cells) - 1
            room = self._width(column)
            fitted = fit_right(cell, room, cut) if column.right else cell if last and column.long else fit(cell, room, cut)
            between = "" if last else (mark if k == 0 and mark else " ").ljust(self.gap)
            parts += [(fitted, style), (between, self.palette.accent if between.strip() else self.palette.text)]
        return self._clipped(parts, width)

    def _clipped(self, parts: Sequence[Part], width: int) -> list[Part]:
        """What the view shows of a line."""
        shown: list[Part] = []
        skip, room = self._left, width
        for text, style in parts:
            piece = text[skip:]
            skip = max(skip - len(text), 0)
            if len(piece) > room:
                shown.append((piece[: max(room - 1, 0)] + self.glyphs.ellipsis[: max(room, 0)], style))
                return shown
            room -= len(piece)
            shown.append((piece, style))
        return shown

    # Columns

    def _start(self, which: int) -> int:
        return sum(self._width(column) + self.gap for column in self.columns[:which])

    def _follow(self) -> None:
        """Move the view so that the column under the cursor is seen, from its beginning."""
        start, width = self._start(self.column), self._width(self.columns[self.column])
        room = max(self.size.width - 1, 1)
        if start + width > self._left + room:
            self._left = start + width - room
        self._left = min(self._left, start)
        if start + width <= room:
            self._left = 0

    def action_column(self, by: int) -> None:
        """Another column; along the last one the view moves on."""
        last = len(self.columns) - 1
        start, end = self._start(self.column), self._start(self.column) + self._width(self.columns[self.column])
        room = max(self.size.width - 1, 1)
        if by > 0 and self.column == last and end > self._left + room:
            self._left += STEP
        elif by < 0 and self._left > start and self.column == last:
            self._left = max(self._left - STEP, start)
        else:
            self.column = min(max(self.column + by, 0), last)
            self._follow()
        self.redraw()

    def action_widen(self, by: int) -> None:
        """Give the column a width of its own."""
        column = self.columns[self.column]
        self._given[column.name] = max(self._width(column) + by * WIDER, LEAST)
        self.redraw()

    def action_move_column(self, by: int) -> None:
        """Change places with the neighbour."""
        other = self.column + by
        if 0 <= other < len(self.columns):
            self.columns[self.column], self.columns[other] = self.columns[other], self.columns[self.column]
            self.column = other
            self.show_columns(self.columns)

    def action_hide_column(self) -> None:
        """One column fewer; the last one stays."""
        if len(self.columns) > 1:
            self.show_columns([column for column in self.columns if column.name != self.name_here])

    def show_columns(self, columns: Sequence[TableColumn]) -> None:
        """Show these columns."""
        self.columns = list(columns)
        self.column = min(self.column, len(self.columns) - 1)
        if self.sorted_by is not None and self.sorted_by[0] not in {column.name for column in self.columns}:
            self.sorted_by = None
            self.sort_again()
        self._follow()
        self.redraw()

    def action_columns(self) -> None:
        """Choose them from a list."""
        from netsleuth_tui.tui.screens.columns import ChooseColumns

        self.app.push_screen(ChooseColumns(self.choices(), self.columns), lambda chosen: self.show_columns(chosen) if chosen else None)

    # Order

    def action_sort(self, descending: bool) -> None:
        """By the column under the cursor, or, once more, as the lines come."""
        name = self.name_here
        if not self.can_sort(name):
            self.post_message(
                Told(f"the lines cannot be sorted by {self.columns[self.column].title}: choose a column of single values", "warning")
            )
            return
        self.sorted_by = None if self.sorted_by == (name, descending) else (name, descending)
        self.sort_again()

    def sort_again(self) -> None:
        """Have the order found out."""
        self.sorting = self.sorted_by is not None
        self.redraw()
        if isinstance(self, Pane):
            self.post_message(PaneChanged(self))
