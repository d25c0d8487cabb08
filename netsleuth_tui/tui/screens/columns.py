"""Choosing columns: a list in which those that are shown stand first, in their order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.binding import BindingType
from textual.screen import ModalScreen

from netsleuth_tui.tui.drawing import Part, cut, line
from netsleuth_tui.tui.keys import key
from netsleuth_tui.tui.widgets.lines import ScrolledLines

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.strip import Strip

    from netsleuth_tui.tui.widgets.column_table import TableColumn

__all__ = ["ChooseColumns"]


class _Columns(ScrolledLines):
    """All columns: the chosen ones, then the others."""

    HEADER = 2

    BINDINGS: ClassVar[list[BindingType]] = [
        key("columns.switch", "space", "switch", "show the column, or hide it"),
        key("columns.up", "H,shift+up", "carry(-1)", "move the column to the left"),
        key("columns.down", "L,shift+down", "carry(1)", "move the column to the right"),
    ]

    def __init__(self, choices: Sequence[TableColumn], shown: Sequence[TableColumn]) -> None:
        super().__init__(id="columns")
        names = {column.name for column in shown}
        self.chosen = list(shown)
        self.others = [column for column in choices if column.name not in names]
        self._width = max(len(column.name) for column in (*self.chosen, *self.others))

    def count(self) -> int:
        return len(self.chosen) + len(self.others)

    def header(self, y: int, width: int) -> Strip:
        text = "Columns: space shows or hides, H and L move; Enter is done, Esc changes nothing" if y == 0 else ""
        return line([(cut(text, width, self.glyphs.ellipsis), self.palette.strong)], width, self.palette.text)

    def item(self, index: int, width: int) -> list[Part]:
        column = [*self.chosen, *self.others][index]
        box = "[x] " if index < len(self.chosen) else "[ ] "
        name = column.name.ljust(self._width + 2)
        about = cut(column.about or column.title, max(width - len(name) - len(box), 0), self.glyphs.ellipsis)
        return [(box, self.palette.accent), (name, self.palette.text), (about, self.palette.muted)]

    def action_switch(self) -> None:
        """Show the column, or hide it; one is always shown."""
        at = self.cursor - len(self.chosen)
        if at >= 0:
            self.chosen.append(self.others.pop(at))
            self.reset(self.cursor)
        elif len(self.chosen) > 1:
            self.others.insert(0, self.chosen.pop(self.cursor))
            self.reset(self.cursor)

    def action_carry(self, by: int) -> None:
        """Change places with the neighbour."""
        here, there = self.cursor, self.cursor + by
        if max(here, there) < len(self.chosen) and there >= 0:
            self.chosen[here], self.chosen[there] = self.chosen[there], self.chosen[here]
            self.reset(there)


class ChooseColumns(ModalScreen[list["TableColumn"] | None]):
    """Gives the columns that are to be shown, from the left; None where nothing is to change.

    Args:
        choices: All that there are.
        shown: Those that are shown now.
    """

    CSS = """
    ChooseColumns { background: $background; }
    #columns { width: 1fr; height: 1fr; margin: 1 2; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        key("columns.done", "enter,c", "done", "show these columns"),
        key("columns.back", "escape,q", "dismiss", "change nothing"),
    ]

    def __init__(self, choices: Sequence[TableColumn], shown: Sequence[TableColumn]) -> None:
        super().__init__()
        self._list = _Columns(choices, shown)

    def compose(self) -> ComposeResult:
        """The list alone."""
        yield self._list

    def action_done(self) -> None:
        """These it is."""
        self.dismiss(self._list.chosen)
