"""One question on the last line, over the screen that asks it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

from textual.binding import BindingType
from textual.containers import Horizontal
from textual.screen import ModalScreen
from textual.widgets import Input

from netsleuth_tui.tui.drawing import line
from netsleuth_tui.tui.keys import key
from netsleuth_tui.tui.widgets.lines import Lines

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.strip import Strip

__all__ = ["Ask"]


class _Said(Lines):
    """A line of text: the question, or what is wrong with the answer."""

    text = ""
    wrong = False

    def draw(self, y: int, width: int) -> Strip:  # noqa: ARG002
        return line([(self.text, self.palette.error if self.wrong else self.palette.accent)], width, self.palette.text)


class Ask(ModalScreen[str | None]):
    """Asks for a text; gives it, or None.

    Args:
        question: What is asked.
        complaint: Says what is wrong with an answer, made harmless; empty where it will do.
    """

    CSS = """
    Ask { background: $background 0%; align: left bottom; }
    #asked { height: 1; background: $background; }
    #asked-text { height: 1; }
    #asked-answer { width: 1fr; height: 1; padding: 0; border: none; background: $surface; }
    #asked-answer:focus { border: none; background: $surface; background-tint: $background 0%; }
    #asked-wrong { height: 1; background: $background; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [key("ask.back", "escape", "dismiss", "answer nothing")]

    def __init__(self, question: str, complaint: Callable[[str], str]) -> None:
        super().__init__()
        self._question = question
        self._complaint = complaint

    def compose(self) -> ComposeResult:
        """What is wrong, then question and answer."""
        yield _Said(id="asked-wrong")
        with Horizontal(id="asked"):
            said = _Said(id="asked-text")
            said.text = f"{self._question} "
            said.styles.width = len(said.text)
            yield said
            answer = Input(select_on_focus=False, compact=True, id="asked-answer")
            answer.cursor_blink = False
            yield answer

    def on_mount(self) -> None:
        """Nothing is wrong yet."""
        self.query_one("#asked-wrong").display = False

    def on_input_changed(self, event: Input.Changed) -> None:
        """Another answer."""
        event.stop()
        self.query_one("#asked-wrong").display = False

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Take the answer, or say what is wrong with it."""
        event.stop()
        wrong = self._complaint(event.value)
        if not wrong:
            self.dismiss(event.value)
            return
        said = self.query_one("#asked-wrong", _Said)
        said.text, said.wrong, said.display = wrong, True, True
        said.redraw()
