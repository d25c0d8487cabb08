"""Framers of formats that begin with one header, with records behind it."""

from __future__ import annotations

from netsleuth_tui.readers.damage import Damage
from netsleuth_tui.readers.frames import Comment, Interface
from netsleuth_tui.readers.step import MORE, Step
from netsleuth_tui.readers.window import Window

__all__ = ["HeaderFramer"]


class HeaderFramer:
    """Reads the file header, then frames records.

    Args:
        head: The first bytes of the (decompressed) file.
        header: Bytes of the header.
    """

    def __init__(self, head: bytes, header: int) -> None:
        self.notes: list[str] = []
        self.damage: list[Damage] = []
        self.comments: list[Comment] = []
        self.interfaces: list[Interface] = []
        self.drops = 0
        self._header = header
        self._is_complete = len(head) >= header
        self._past_header = False
        if self._is_complete:
            self._read_header(head)

    def _read_header(self, head: bytes) -> None:
        raise NotImplementedError

    def _records(self, window: Window) -> Step:
        raise NotImplementedError

    def frame(self, window: Window) -> Step:
        """Frame what the window holds."""
        if not self._past_header:
            if not self._is_complete or window.unread < self._header:
                return Step(0, MORE, self._header)
            window.begin += self._header
            self._past_header = True
        return self._records(window)
