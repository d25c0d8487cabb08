"""How far loading is, as the title line and the progress on stderr show it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["Phase", "Progress"]

Phase = Literal["loading", "done", "cancelled", "budget"]


@dataclass(frozen=True, slots=True)
class Progress:
    """A moment of loading; the last one has another phase than 'loading'."""

    phase: Phase
    """'cancelled' and 'budget' leave what was loaded until then, marked as partial."""

    file: str
    """Name of the file that is being read. Raw: sanitise before showing."""

    files_done: int
    files: int
    bytes_read: int
    """Of all files, as they are on disk."""

    bytes_total: int
    """0 where it is not known (standard input)."""

    packets: int
    packets_per_second: float
    """Since the beginning; events count as packets here."""

    problems: tuple[str, ...]
    """Damage and files that could not be opened, so far: 'FILE: damaged at byte N: why'."""

    events: int = 0

    dropped: int = 0
    """Packets that made room for later ones, since the memory budget is used up; they do not count among `packets`."""

    slow: str = ""
    """Why loading takes long, where that is not the size of the files; else empty."""
