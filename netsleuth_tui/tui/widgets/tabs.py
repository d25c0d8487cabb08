"""Which panes there are, and what the one that is shown amounts to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netsleuth_tui.tui.drawing import Part, ends
from netsleuth_tui.tui.numbers import size
from netsleuth_tui.tui.widgets.lines import Lines
from netsleuth_tui.wording import counted

if TYPE_CHECKING:
    from textual.strip import Strip

    from netsleuth_tui.analysis import Overview

__all__ = ["Tabs", "shown_window"]

ON_THE_WIRE = " on the wire"
LEAST = 8
"""Cells beside the titles for the amount; where there are fewer the titles move together."""

SHORT = {
    "Records": "Rec", "Conversations": "Conv", "Regions": "Reg", "Events": "Ev", "Findings": "Find", "Sources": "Src", "Explain": "Expl",
}  # fmt: skip
"""Titles where there is no room for whole ones."""
LONG, ALL = 10, 99
"""Titles of more characters are shortened before others; and none is."""

MILLISECOND, SECOND = 1_000_000, 1_000_000_000


class Tabs(Lines):
    """'1 Records', and at the right the time window and the bytes of the scope.

    Args:
        tabs: Key and title of each.
        id: Of the widget.
    """

    def __init__(self, tabs: tuple[tuple[str, str], ...], *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._tabs = tabs
        self._active = 0
        self._focused = True
        self._notes: dict[str, str] = {}
        self._overview: Overview | None = None
        self._events = False

    def show(self, overview: Overview, *, events: bool = False) -> None:
        """Show what the scope amounts to: bytes of packets, or how many events."""
        self._overview, self._events = overview, events
        self.redraw()

    def note(self, title: str, text: str) -> None:
        """Put a few characters behind a title: how many there are."""
        if self._notes.get(title, "") != text:
            self._notes[title] = text
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
        if self._overview is None:
            return ends(self._titles(width - LEAST), [], width, palette.text)
        scope, dot = self._overview.scope, self.glyphs.dot
        window = f"  {shown_window(scope.start, scope.end, self.glyphs.dash)} {dot} " if scope.has_window else ""
        amount = counted(self._overview.events, "event") if self._events else size(self._overview.matched_bytes)
        parts = self._titles(width - max(len(window) + len(amount) + 1, LEAST))
        room = width - sum(len(text) for text, _ in parts) - len(window) - len(amount) - 1
        more = ON_THE_WIRE if not self._events and room >= len(ON_THE_WIRE) else ""
        return ends(parts, [(window, palette.warning), (f"{amount}{more} ", palette.muted)], width, palette.text)

    def _titles(self, room: int) -> list[Part]:
        """The titles, as far apart and as long as there is room for; the one in front is never shortened."""
        palette = self.palette
        notes = [f" {note}" if note else "" for note in (self._notes.get(title, "") for _, title in self._tabs)]
        for gap, longest in (("  ", ALL), (" ", ALL), (" ", LONG), (" ", 0)):
            texts = [
                f"{key} {SHORT.get(title, title) if len(title) > longest and index != self._active else title}{notes[index]}"
                for index, (key, title) in enumerate(self._tabs)
            ]
            if sum(len(text) + len(gap) for text in texts) <= room:
                break
        front = palette.accent if self._focused else palette.text
        return [(text + gap, front if index == self._active else palette.muted) for index, text in enumerate(texts)]


def shown_window(start: int | None, end: int | None, dash: str) -> str:
    """'12:04:51-12:05:07', 'from 12:04:51', 'until 12:05:07'; with the date where begin and end are on two days."""
    from netsleuth_tui.analysis import clock
    from netsleuth_tui.analysis.times import date_for, dated

    length = end - start if start is not None and end is not None else None
    digits = 9 if length is not None and length < MILLISECOND else 3 if any((time or 0) % SECOND for time in (start, end)) else 0
    date = date_for((start, max((end or 0) - 1, start))) if length is not None and start is not None else 0

    def shown(time: int) -> str:
        return f"{dated(time, date)}{clock(time, digits)}"

    if start is None:
        return f"until {shown(end or 0)}"
    return f"from {shown(start)}" if end is None else f"{shown(start)}{dash}{shown(end)}"
