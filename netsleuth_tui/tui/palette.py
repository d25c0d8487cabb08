"""The command palette: every action of the screen and of its panes, found by what it does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.widget import Widget

from netsleuth_tui.tui.panes import pane_of
from netsleuth_tui.tui.screens.choose import Choice, Choose

if TYPE_CHECKING:
    from netsleuth_tui.tui.screens.placing import Placing

__all__ = ["Action", "actions", "open_palette"]


@dataclass(frozen=True, slots=True)
class Action:
    """Something that a key does."""

    node: Widget
    """The screen, or the part of it that takes the key."""
    keys: str
    name: str
    """Its id."""
    does: str
    run: str
    """What Textual calls."""


def actions(screen: Placing) -> list[Action]:
    """What can be done: in the pane in use, on the screen, and in the other panes."""
    found: dict[tuple[Widget, str], Action] = {}
    keymap = screen.app._keymap  # noqa: SLF001 - there is no other way to ask for it
    for node in _nodes(screen):
        pane = None if node is screen else pane_of(node)
        where = f"{pane.TITLE}: " if pane is not None else ""
        for _, binding in node._bindings:  # noqa: SLF001 - Textual lists only those of the widget that has the focus
            if binding.id and binding.action != "palette":
                keys = keymap.get(binding.id) or screen.app.get_key_display(binding)
                does = f"{where}{binding.tooltip or binding.description}"
                found.setdefault((node, binding.action), Action(node, keys, binding.id, does, binding.action))
    return list(found.values())


def _nodes(screen: Placing) -> Iterator[Widget]:
    focused = screen.focused
    if focused is not None and pane_of(focused) is not None:
        yield focused
    yield screen
    yield from (widget for widget in screen.query(Widget) if widget is not focused and pane_of(widget) is not None)


def open_palette(screen: Placing) -> None:
    """Ask what to do, and do it; where the action is another pane's, go there first."""
    screen.mount_panes()
    known = actions(screen)

    async def act(index: int | None) -> None:
        if index is None:
            return
        action = known[index]
        if action.node is not screen:
            screen.bring(action.node)
        await screen.app.run_action(action.run, default_namespace=action.node)

    screen.app.push_screen(Choose("What to do", [Choice(action.keys, action.does, action.name) for action in known]), act)
