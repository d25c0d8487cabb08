"""Which keys have to wait because the pane that they are meant for does not show yet what they would act on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from netsleuth_tui.tui.panes import Pane, is_seen, pane_of
from netsleuth_tui.tui.screens.placing import Placing

if TYPE_CHECKING:
    from textual import events

    from netsleuth_tui.analysis import Scope
    from netsleuth_tui.tui.panes import Seen

__all__ = ["Awaiting"]

OF_LINES = frozenset({"scope.include", "scope.exclude", "scope.only", "window.start", "window.end", "main.export"})
"""Keys of the screen that mean what is under the cursor of the pane in use."""


class Awaiting(Placing):
    """The part of the main screen that knows which panes have their answer."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self._told: WeakKeyDictionary[Pane, Scope] = WeakKeyDictionary()
        """Of which scope panes were told last."""

    def _tell(self, results: list[tuple[Pane, Any]], seen: Seen) -> None:
        super()._tell(results, seen)
        for pane, _ in results:
            self._told[pane] = seen.overview.scope

    def awaits(self, event: events.Key) -> str:
        """Why a key has to wait, as a sentence; empty where it need not: a pane that there is no room for is not asked, and never told."""
        pane = pane_of(self.focused)
        if self.app.screen is not self or pane is None or not is_seen(pane) or self._is_told(pane):
            return ""
        active = self.active_bindings.get(event.key)
        if active is None or (active.node in {self, self.app} and active.binding.id not in OF_LINES):
            return ""
        return f"still waiting for {pane.TITLE}: the key did nothing"

    def _is_told(self, pane: Pane) -> bool:
        """Whether a pane shows what it is to show: of the scope that was chosen last, unless its keys have a meaning before that."""
        if not pane.is_ready():
            return False
        if self._wanted is None:
            return not self.is_loading
        return not pane.FOLLOWS_SCOPE or pane not in self._unanswered or self._told.get(pane) == self._wanted
