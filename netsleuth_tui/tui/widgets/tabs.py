"""Which panes there are, and what the one that is shown amounts to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netsleuth_tui.tui.drawing import Part, ends
from netsleuth_tui.tui.numbers import size
from netsleuth_tui.tui.widgets.lines import Lines

if TYPE_CHECKING:
    from textual.strip import Strip

__all__ = ["Tabs"]


class Tabs(Lines):
    """'1 Records', and at the right the bytes of the scope.

    Args:
        tabs: Key and title of each.
        id: Of the widget.
    """

    def __init__(self, tabs: tuple[tuple[str, str], ...], *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._tabs = tabs
        self._active = 0
        self._focused = True
        self._octets: int | None = None

    def show(self, octets: int) -> None:
        """Show what the scope amounts to."""
        self._octets = octets
        self.redraw()

    def choose(self, index: int) -> None:
        """Another pane is in front."""
        self._active = index
        self.redraw()

    def focus_shown(self, *, focused: bool) -> None:
        """The pane below has the focus, or not."""
        self._focused = focused
        self.redraw()

    def draw(self, y: int, width: int) -> Strip:  # noqa: ARG002
        """The only line."""
        palette = self.palette
        parts: list[Part] = []
        for index, (key, title) in enumerate(self._tabs):
            style = (palette.accent if self._focused else palette.text) if index == self._active else palette.muted
            parts.append((f"{key} {title}  ", style))
        amount = f"{size(self._octets)} on the wire " if self._octets is not None else ""
        return ends(parts, [(amount, palette.muted)], width, palette.text)
