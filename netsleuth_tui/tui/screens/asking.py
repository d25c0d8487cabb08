"""A line of text that a pane needs: which interval, what to divide by, where to go."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netsleuth_tui.terminal.sanitize import display
from netsleuth_tui.tui.messages import Asked
from netsleuth_tui.tui.screens.export import Exporting
from netsleuth_tui.tui.widgets.prompt import Prompt

if TYPE_CHECKING:
    from textual.widget import Widget

__all__ = ["Asking"]


class Asking(Exporting):
    """The part of the main screen that asks what panes want to know; the answer goes to the pane that asked."""

    _asked: Asked | None = None
    _asked_from: Widget | None = None

    def on_asked(self, message: Asked) -> None:
        """Show the question."""
        self._asked, self._asked_from = message, self.focused
        self.query_one("#prompt", Prompt).ask(message.question, message.proposal, replace=True)
        self.status.say(message.note, keep=True)

    def on_prompt_answered(self, message: Prompt.Answered) -> None:
        """Give the pane its answer; one that it cannot take stays, with what is wrong with it."""
        if self._asked is None:
            return
        message.prevent_default()
        wrong = self._asked.take(message.text.strip())
        if wrong is None:
            self._end_asking()
        else:
            self.status.say(display(wrong, limit=400), "error", keep=True)

    def on_prompt_edited(self, message: Prompt.Edited) -> None:
        """Tell a pane that wants to know of every key."""
        if self._asked is not None and self._asked.edited is not None:
            self._asked.edited(message.text)

    def on_prompt_abandoned(self, message: Prompt.Abandoned) -> None:
        """Leave everything as it is."""
        if self._asked is not None:
            message.prevent_default()
            if self._asked.edited is not None:
                self._asked.edited("")
            self._end_asking()

    def _end_asking(self) -> None:
        self._asked = None
        self.query_one("#prompt", Prompt).close()
        self.status.clear()
        if self._asked_from is not None and self._asked_from.is_attached:
            self.set_focus(self._asked_from)
