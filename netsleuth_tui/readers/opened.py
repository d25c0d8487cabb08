"""What all readers know of the file that they have open: how far it is read, whether it grew, what failed."""

from __future__ import annotations

from netsleuth_tui.readers.damage import Damage
from netsleuth_tui.readers.sources import Source
from netsleuth_tui.wording import several

__all__ = ["OpenedFile"]


class OpenedFile:
    """A file that is being read; the base of its reader.

    Args:
        name: Of the file.
        disk: Its bytes.
        source: What is read: the same, or what they expand to.
        compression: How they are compressed; empty if they are not.
    """

    def __init__(self, name: str, disk: Source, source: Source, compression: str) -> None:
        self.name = name
        self.compression = compression
        self.damage: list[Damage] = []
        self._disk = disk
        self._source = source

    @property
    def size(self) -> int:
        """Bytes on disk when it was opened; 0 if unknown."""
        return self._disk.size

    @property
    def position(self) -> int:
        """Bytes on disk read so far."""
        return self._disk.position

    @property
    def is_paused(self) -> bool:
        """Whether all that a stream has sent so far is read."""
        return self._disk.is_paused

    @property
    def failure(self) -> str:
        """Why reading ended before the end; else empty."""
        return self._source.failure or self._disk.failure

    def close(self) -> None:
        """Give the file back."""
        self._source.close()
        self._disk.close()

    def note_growth(self) -> int:
        """Say so if somebody has written on; returns the bytes."""
        grown = self._disk.grown
        if grown:
            self._disk.notes.append(f"grew by {several(grown, 'byte')} while it was read")
        return grown
