"""The command palette: every action of the screen and of its panes, found by what it does."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, cast

from textual.command import CommandPalette, DiscoveryHit, Hit, Provider
from textual.widget import Widget

from netsleuth_tui.tui.panes import pane_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

    from netsleuth_tui.tui.screens.placing import Placing

__all__ = ["Actions", "open_palette"]


class Actions(Provider):
    """What can be done: in the pane in use, on the screen, and in the other panes, which get the focus first."""

    async def discover(self) -> AsyncIterator[DiscoveryHit]:
        """Everything, before a letter is typed."""
        for text, keys, run in self._actions():
            yield DiscoveryHit(text, run, help=keys)

    async def search(self, query: str) -> AsyncIterator[Hit]:
        """What sounds like the query."""
        matcher = self.matcher(query)
        for text, keys, run in self._actions():
            score = matcher.match(text)
            if score > 0:
                yield Hit(score, matcher.highlight(text), run, text=text, help=keys)

    def _actions(self) -> Iterator[tuple[str, str, Callable[[], Awaitable[None]]]]:
        """What an action does and where; its key and its id; and what runs it."""
        screen = cast("Placing", self.screen)
        told: set[tuple[Widget, str]] = set()
        for node in _nodes(screen):
            pane = None if node is screen else pane_of(node)
            where = f"{pane.TITLE}: " if pane is not None else ""
            for _, binding in node._bindings:  # noqa: SLF001 - Textual lists only those of the focused widget
                if binding.id and (node, binding.action) not in told:
                    told.add((node, binding.action))
                    keys = f"{screen.app.get_key_display(binding)}   {binding.id}"
                    yield f"{where}{binding.tooltip or binding.description}", keys, partial(_run, screen, node, binding.action)


def _nodes(screen: Placing) -> Iterator[Widget]:
    """The screen and what can have the focus on it; what has it comes first."""
    focused = screen.focused
    if focused is not None:
        yield focused
    yield screen
    yield from (widget for widget in screen.query(Widget) if widget.can_focus and widget is not focused and pane_of(widget) is not None)


async def _run(screen: Placing, node: Widget, action: str) -> None:
    if node is not screen:
        screen.bring(node)
    await screen.app.run_action(action, default_namespace=node)


def open_palette(screen: Placing) -> None:
    """Show the palette over a screen."""
    screen.app.push_screen(CommandPalette(providers=[Actions], placeholder="what to do"))
