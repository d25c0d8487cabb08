"""The last line: the keys that matter now, or what there is to say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from netsleuth_tui.tui.drawing import Part, ends, fit
from netsleuth_tui.tui.widgets.lines import Lines

if TYPE_CHECKING:
    from textual.strip import Strip
    from textual.timer import Timer

__all__ = ["Status"]

SHOWN_FOR = 12.0
"""Seconds that a message stays; the next one replaces it."""

Kind = Literal["plain", "good", "warning", "error"]


class Status(Lines):
    """Keys at the left; a message takes their place for a while."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._keys: tuple[tuple[str, str], ...] = ()
        self.message = ""
        """What is said at the moment, made harmless by `display`; empty where the keys are shown."""
        self._kind: Kind = "plain"
        self._timer: Timer | None = None

    def show_keys(self, keys: tuple[tuple[str, str], ...]) -> None:
        """Show keys with what they do."""
        if keys != self._keys:
            self._keys = keys
            self.redraw()

    def say(self, message: str, kind: Kind = "plain", *, keep: bool = False) -> None:
        """Show a message, which `display` has made harmless.

        Args:
            message: One line.
            kind: How it looks.
            keep: Until the next message, not just for some seconds.
        """
        self.message, self._kind = message, kind
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
        if message and not keep:
            self._timer = self.set_timer(SHOWN_FOR, self.clear)
        self.redraw()

    def clear(self) -> None:
        """Show the keys again."""
        if self.message:
            self.say("")

    def draw(self, y: int, width: int) -> Strip:  # noqa: ARG002
        """The only line."""
        palette = self.palette
        if self.message:
            style = {"plain": palette.text, "good": palette.good, "warning": palette.warning, "error": palette.error}[self._kind]
            return ends([(fit(self.message, width, self.glyphs.ellipsis), style)], [], width, palette.text)
        parts: list[Part] = []
        room = width
        for key, does in self._keys:
            room -= len(key) + len(does) + 3
            if room < -2:
                break
            parts += [(key, palette.accent), (f" {does}  ", palette.muted)]
        return ends(parts, [], width, palette.text)
