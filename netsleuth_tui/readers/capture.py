"""The reader proper: bytes from a source, framed by a container format, handed on in batches."""

from __future__ import annotations

from collections.abc import Iterator

from netsleuth_tui.readers.damage import Damage
from netsleuth_tui.readers.frames import Comment, Format, FrameBatch, Interface
from netsleuth_tui.readers.limits import BATCH_FRAMES, BLOCK_BYTES, FIRST_BLOCK_BYTES
from netsleuth_tui.readers.opened import OpenedFile
from netsleuth_tui.readers.sources import Source
from netsleuth_tui.readers.step import DAMAGED, DONE, MORE, Framer
from netsleuth_tui.readers.window import Window

__all__ = ["Capture"]


class Capture(OpenedFile):
    """An open capture (`frames.CaptureReader`).

    Args:
        name: The path as it was given.
        disk: The bytes on disk.
        source: The bytes to frame: `disk` itself or what it expands to.
        compression: What it is compressed with.
        framer: The container format.
        block: Bytes per read.
        first: Bytes of the first read.
        frames: Most frames in a batch.
    """

    def __init__(
        self,
        name: str,
        disk: Source,
        source: Source,
        compression: str,
        framer: Framer,
        *,
        block: int = BLOCK_BYTES,
        first: int = FIRST_BLOCK_BYTES,
        frames: int = BATCH_FRAMES,
    ) -> None:
        super().__init__(name, disk, source, compression)
        self.damage = framer.damage
        self._framer = framer
        self._window = Window(source, block=block, first=first, frames=frames)

    @property
    def format(self) -> Format:
        """Container format."""
        return self._framer.format

    @property
    def notes(self) -> list[str]:
        """What else to know, so far."""
        notes = self._framer.notes + self._disk.notes
        return notes if self._source is self._disk else notes + self._source.notes

    @property
    def comments(self) -> list[Comment]:
        """Comments so far."""
        return self._framer.comments

    @property
    def interfaces(self) -> list[Interface]:
        """Interfaces so far."""
        return self._framer.interfaces

    @property
    def drops(self) -> int:
        """Frames that the capture lost, so far."""
        return self._framer.drops

    def batches(self) -> Iterator[FrameBatch]:
        """See `frames.CaptureReader`."""
        window, framer = self._window, self._framer
        try:
            while True:
                step = framer.frame(window)
                if step.damage is not None:
                    self.damage.append(step.damage)
                if step.count:
                    yield window.lend(step.count)
                if step.status == DONE:
                    self._finish()
                if step.status in (DAMAGED, DONE):
                    return
                if step.status == MORE and not window.more(step.need):
                    self._end(step.need)
                    return
        finally:
            self.close()

    def _end(self, need: int) -> None:
        """There is nothing more to read: is that where a record ends?"""
        if self._disk.is_stopped:
            return
        window, grown = self._window, self.note_growth()
        if self.failure:
            self.damage.append(Damage(window.base + window.end, self.failure))
        elif (window.unread or not window.offset) and not (grown and self._source is self._disk):
            # The last record of a file that grows is not damaged, only not yet written.
            self.damage.append(self._framer.cut_off(window, need))

    def _finish(self) -> None:
        """All frames are read, though perhaps not all of the file."""
        self.note_growth()
        if self.failure:
            self.damage.append(Damage(self._source.size or self._window.base + self._window.end, self.failure))
