"""Compressed files: expanded as they are read, within limits, every member of a concatenation."""

from __future__ import annotations

from netsleuth_tui.readers.frames import Compression
from netsleuth_tui.readers.sources import Source

__all__ = ["Expansion"]


class Expansion(Source):
    """Not yet."""

    def __init__(self, disk: Source, compression: Compression) -> None:
        super().__init__()
        self.failure = f"{compression} is not read yet"
        self._disk = disk

    @property
    def position(self) -> int:
        return self._disk.position

    @property
    def remaining(self) -> int | None:
        return None

    def _read(self, view: memoryview) -> int:
        return 0

    def close(self) -> None:
        self._disk.close()
