"""What a framer says after each step through the bytes in memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from netsleuth_tui.readers.damage import Damage
from netsleuth_tui.readers.frames import Comment, Format, Interface
from netsleuth_tui.readers.window import Window

__all__ = ["DAMAGED", "DONE", "FULL", "MORE", "Framer", "Step"]

FULL = 0
"""The rows are full; there may be more frames in memory."""
MORE = 1
"""The next frame is not in memory as a whole."""
DAMAGED = 2
"""What comes next contradicts itself."""
DONE = 5
"""There are no more frames, whatever else is in the file."""


@dataclass(frozen=True, slots=True)
class Step:
    """The outcome of one step.

    Args:
        count: Frames in the window's rows.
        status: FULL, MORE, DAMAGED or DONE.
        need: With MORE, bytes needed from the window's beginning on.
        damage: With DAMAGED, what and where.
    """

    count: int
    status: int
    need: int = 0
    damage: Damage | None = None


class Framer(Protocol):
    """One container format: knows where frames begin and end."""

    notes: list[str]
    damage: list[Damage]
    """Filled by the capture with what `frame` returns, and by formats whose frames can be read behind a damaged one."""
    comments: list[Comment]

    @property
    def format(self) -> Format:
        """Its name."""

    @property
    def interfaces(self) -> list[Interface]:
        """Interfaces met so far."""

    @property
    def drops(self) -> int:
        """Frames lost by the capture, as far as the file says."""

    def frame(self, window: Window) -> Step:
        """Frame what the window holds into its rows, and move its beginning behind the last of those frames."""

    def cut_off(self, window: Window, need: int) -> Damage:
        """The damage if the file ends here although `need` bytes should follow the window's beginning."""
