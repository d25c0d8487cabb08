"""A list to choose from, narrowed by typing: actions, fields, whatever has a name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.screen import ModalScreen
from textual.widgets import Input

from netsleuth_tui.tui.drawing import Part, cut, line
from netsleuth_tui.tui.widgets.lines import ScrolledLines

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.strip import Strip

__all__ = ["Choice", "Choose", "found"]


@dataclass(frozen=True, slots=True)
class Choice:
    """One line of the list; all of it is text that is safe to show."""

    name: str
    """What is chosen, shown at the left."""
    text: str
    """What it means."""
    note: str = ""
    """What else is known of it, shown weaker at the right end."""


def found(choices: Sequence[Choice], words: str) -> list[int]:
    """Indices of the choices in which every word occurs, those first whose name or text begins with the first word.

    >>> found([Choice("u", "undo"), Choice("q", "quit"), Choice("x", "do it")], "do")
    [2, 0]
    """
    wanted = words.lower().split()
    matches = [k for k, c in enumerate(choices) if all(word in f"{c.name} {c.text} {c.note}".lower() for word in wanted)]
    if not wanted:
        return matches
    first = wanted[0]
    return sorted(matches, key=lambda k: not (choices[k].text.lower().startswith(first) or choices[k].name.lower().startswith(first)))


class _List(ScrolledLines, can_focus=False):
    """The choices that fit what is typed."""

    def __init__(self, choices: Sequence[Choice]) -> None:
        super().__init__(id="choices")
        self._choices = choices
        self._width = max((len(choice.name) for choice in choices), default=0)
        self.shown = list(range(len(choices)))

    def narrow(self, words: str) -> None:
        self.shown = found(self._choices, words)
        self.reset(0)

    @property
    def chosen(self) -> int | None:
        return self.shown[self.cursor] if self.cursor < len(self.shown) else None

    def count(self) -> int:
        return len(self.shown)

    def header(self, y: int, width: int) -> Strip:  # noqa: ARG002
        return line((), width, self.palette.text)

    def draw(self, y: int, width: int) -> Strip:
        if y == 0 and not self.shown:
            return line([("nothing is called that", self.palette.muted)], width, self.palette.text)
        return super().draw(y, width)

    def item(self, index: int, width: int) -> list[Part]:
        choice, styles = self._choices[self.shown[index]], self.palette
        name = choice.name.ljust(self._width + 2)
        note = f"  {choice.note}" if choice.note and width >= 100 else ""
        text = cut(choice.text, max(width - len(name) - len(note), 0), self.glyphs.ellipsis)
        gap = " " * max(width - len(name) - len(text) - len(note), 0)
        return [(name, styles.accent), (text + gap, styles.text), (note, styles.muted)]


class _Heading(ScrolledLines, can_focus=False):
    """What is asked."""

    CURSOR = False
    text = ""

    def count(self) -> int:
        return 1

    def item(self, index: int, width: int) -> list[Part]:  # noqa: ARG002
        return [(self.text, self.palette.strong)]


class Choose(ModalScreen[int | None]):
    """Asks for one of some choices; gives its index, or None.

    Args:
        question: What is asked.
        choices: What there is to choose from.
    """

    CSS = """
    Choose { background: $background; }
    #question-of-choice { height: 1; margin: 1 2 0 2; }
    #words { height: 1; margin: 0 2; padding: 0; border: none; background: $surface; }
    #words:focus { border: none; background: $surface; background-tint: $background 0%; }
    #choices { width: 1fr; height: 1fr; margin: 1 2; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss", "back", id="choose.back", tooltip="choose nothing"),
        Binding("up,ctrl+p", "move(-1)", "up", priority=True, id="choose.up", tooltip="one line up"),
        Binding("down,ctrl+n", "move(1)", "down", priority=True, id="choose.down", tooltip="one line down"),
        Binding("pageup", "page(-1)", "page up", priority=True, id="choose.page_up", tooltip="one page up"),
        Binding("pagedown", "page(1)", "page down", priority=True, id="choose.page_down", tooltip="one page down"),
    ]

    def __init__(self, question: str, choices: Sequence[Choice]) -> None:
        super().__init__()
        self._question = question
        self._list = _List(choices)

    def compose(self) -> ComposeResult:
        """Question, what is typed, list."""
        heading = _Heading(id="question-of-choice")
        heading.text = f"{self._question}: type to narrow, Enter chooses, Esc goes back"
        yield heading
        words = Input(select_on_focus=False, compact=True, id="words")
        words.cursor_blink = False
        yield words
        yield self._list

    @property
    def shown(self) -> list[int]:
        """Indices of the choices that fit what is typed."""
        return self._list.shown

    def on_input_changed(self, event: Input.Changed) -> None:
        """Fewer or more fit."""
        event.stop()
        self._list.narrow(event.value)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """The line under the cursor it is."""
        event.stop()
        if self._list.chosen is not None:
            self.dismiss(self._list.chosen)

    def action_move(self, by: int) -> None:
        """One line up or down."""
        self._list.action_move(by)

    def action_page(self, direction: int) -> None:
        """One page up or down."""
        self._list.action_page(direction)
