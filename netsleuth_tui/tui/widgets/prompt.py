"""A question on one line, above the keys."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.message import Message
from textual.widgets import Input

from netsleuth_tui.tui.drawing import line
from netsleuth_tui.tui.widgets.lines import Lines

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.strip import Strip

__all__ = ["Prompt"]


class _Question(Lines):
    text = ""

    def draw(self, y: int, width: int) -> Strip:  # noqa: ARG002
        return line([(self.text, self.palette.accent)], width, self.palette.text)


class _Answer(Input):
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "enter",
            "submit",
            "take it",
            id="prompt.submit",
            tooltip="take the answer; where it is a file that exists already, once more replaces it",
        ),
        Binding("escape", "abandon", "back", id="prompt.abandon", tooltip="leave the question"),
        Binding("ctrl+u", "delete_left_all", "clear", id="prompt.clear", tooltip="delete everything before the cursor"),
        Binding("tab,shift+tab", "stay", show=False),
    ]

    def action_stay(self) -> None:
        """A question is answered or left; no key goes elsewhere before."""

    def action_abandon(self) -> None:
        self.post_message(Prompt.Abandoned())


class Prompt(Horizontal):
    """Hidden until something is asked."""

    @dataclass
    class Answered(Message):
        """Enter was pressed."""

        text: str

    @dataclass
    class Edited(Message):
        """The text changed."""

        text: str

    class Abandoned(Message):
        """Esc was pressed."""

    def compose(self) -> ComposeResult:
        """Question and answer."""
        yield _Question(id="question")
        answer = _Answer(select_on_focus=False, compact=True, id="answer")
        answer.cursor_blink = False
        yield answer

    def on_mount(self) -> None:
        """Nothing is asked yet."""
        self.display = False

    def ask(self, question: str, proposal: str, *, replace: bool = False) -> None:
        """Show the question; the cursor stands at the end of the proposal.

        Args:
            question: What is asked.
            proposal: An answer.
            replace: What is typed replaces the proposal, rather than being added to it.
        """
        self.name_question(question)
        answer = self.query_one(_Answer)
        answer.value = proposal
        answer.cursor_position = len(proposal)
        if replace:
            answer.select_all()
        self.display = True
        self.screen.set_focus(answer)

    def name_question(self, question: str) -> None:
        """Ask something else for the same answer."""
        shown = self.query_one(_Question)
        if shown.text != f"{question} ":
            shown.text = f"{question} "
            shown.styles.width = len(shown.text)
            shown.redraw()

    def close(self) -> None:
        """Hide it again."""
        self.display = False

    def on_input_changed(self, event: Input.Changed) -> None:
        """Tell the screen."""
        event.stop()
        self.post_message(self.Edited(event.value))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Tell the screen."""
        event.stop()
        self.post_message(self.Answered(event.value))
