"""Choosing columns: a list in which those that are shown stand first, in their order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.binding import BindingType
from textual.screen import ModalScreen
from textual.widgets import Input

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
        self.words = ""
        """What was typed to narrow the list."""

    @property
    def seen(self) -> list[int]:
        """Places of the columns in which every word occurs, among the chosen ones and then the others."""
        wanted = self.words.lower().split()
        texts = [f"{column.name} {column.title} {column.about}".lower() for column in (*self.chosen, *self.others)]
        return [k for k, text in enumerate(texts) if all(word in text for word in wanted)]

    def narrow(self, words: str) -> None:
        self.words = words
        self.reset(0)

    def count(self) -> int:
        return len(self.seen)

    def header(self, y: int, width: int) -> Strip:
        text = "Columns: space shows or hides, H L move, / narrows; Enter is done, Esc goes back" if y == 0 else ""
        text = "no column is called that" if y == 1 and not self.count() else text
        return line([(cut(text, width, self.glyphs.ellipsis), self.palette.strong)], width, self.palette.text)

    def item(self, index: int, width: int) -> list[Part]:
        place = self.seen[index]
        column = [*self.chosen, *self.others][place]
        box = "[x] " if place < len(self.chosen) else "[ ] "
        name = column.name.ljust(self._width + 2)
        about = cut(column.about or column.title, max(width - len(name) - len(box), 0), self.glyphs.ellipsis)
        return [(box, self.palette.accent), (name, self.palette.text), (about, self.palette.muted)]

    def action_switch(self) -> None:
        """Show the column, before a long one at the end, which would leave no room for it; or hide it; one is always shown."""
        if not self.count():
            return
        place = self.seen[self.cursor]
        at = place - len(self.chosen)
        if at >= 0:
            self.chosen.insert(len(self.chosen) - int(self.chosen[-1].long), self.others.pop(at))
        elif len(self.chosen) > 1:
            self.others.insert(0, self.chosen.pop(place))
        self.reset(self.cursor)

    def action_carry(self, by: int) -> None:
        """Change places with the neighbour."""
        here, there = self.cursor, self.cursor + by
        if not self.words and max(here, there) < len(self.chosen) and there >= 0:
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
    #words { height: 1; margin: 1 2 0 2; padding: 0; border: none; background: $surface; display: none; }
    #words:focus { border: none; background: $surface; background-tint: $background 0%; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        key("columns.done", "enter,c", "done", "show these columns"),
        key("columns.narrow", "slash", "narrow", "type what the name or the meaning holds", "/"),
        key("columns.back", "escape,q", "back", "all columns again; then: change nothing"),
    ]

    def __init__(self, choices: Sequence[TableColumn], shown: Sequence[TableColumn]) -> None:
        super().__init__()
        self._list = _Columns(choices, shown)

    def compose(self) -> ComposeResult:
        """What is typed, and the list."""
        words = Input(select_on_focus=False, compact=True, id="words", placeholder="name or meaning; Enter goes to the list")
        words.cursor_blink = False
        yield words
        yield self._list

    def on_mount(self) -> None:
        """The keys are for the list."""
        self._list.focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Fewer or more fit."""
        event.stop()
        self._list.narrow(event.value)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """What fits is there to be chosen from."""
        event.stop()
        self._list.focus()

    def action_narrow(self) -> None:
        """Type some words."""
        words = self.query_one("#words", Input)
        words.display = True
        words.focus()

    def action_back(self) -> None:
        """All columns again, or leave."""
        words = self.query_one("#words", Input)
        if not words.display:
            self.dismiss(None)
            return
        words.value, words.display = "", False
        self._list.narrow("")
        self._list.focus()

    def action_done(self) -> None:
        """These it is."""
        self.dismiss(self._list.chosen)
