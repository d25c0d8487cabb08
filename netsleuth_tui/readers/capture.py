"""The reader proper: bytes from a source, framed by a container format, handed on in batches."""

from __future__ import annotations

from collections.abc import Iterator

from netsleuth_tui.readers.damage import Damage
from netsleuth_tui.readers.frames import Comment, Format, FrameBatch, Interface
from netsleuth_tui.readers.limits import BATCH_FRAMES, BLOCK_BYTES, FIRST_BLOCK_BYTES
from netsleuth_tui.readers.sources import Source
from netsleuth_tui.readers.step import DAMAGED, DONE, MORE, Framer
from netsleuth_tui.readers.window import Window
from netsleuth_tui.wording import several

__all__ = ["Capture"]


class Capture:
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
        self.name = name
        self.compression = compression
        self.damage: list[Damage] = framer.damage
        self._disk = disk
        self._source = source
        self._framer = framer
        self._window = Window(source, block=block, first=first, frames=frames)

    @property
    def format(self) -> Format:
        """Container format."""
        return self._framer.format

    @property
    def size(self) -> int:
        """Bytes on disk when it was opened."""
        return self._disk.size

    @property
    def position(self) -> int:
        """Bytes on disk read so far."""
        return self._disk.position

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

    @property
    def is_paused(self) -> bool:
        """Whether all that a stream has sent so far is read."""
        return self._disk.is_paused

    def close(self) -> None:
        """Give the file back."""
        self._source.close()
        self._disk.close()

    def _end(self, need: int) -> None:
        """There is nothing more to read: is that where a record ends?"""
        if self._disk.is_stopped:
            return
        window, grown = self._window, self._note_growth()
        failure = self._source.failure or self._disk.failure
        if failure:
            self.damage.append(Damage(window.base + window.end, failure))
        elif (window.unread or not window.offset) and not (grown and self._source is self._disk):
            # The last record of a file that grows is not damaged, only not yet written.
            self.damage.append(self._framer.cut_off(window, need))

    def _finish(self) -> None:
        """All frames are read, though perhaps not all of the file."""
        self._note_growth()
        failure = self._source.failure or self._disk.failure
        if failure:
            self.damage.append(Damage(self._source.size or self._window.base + self._window.end, failure))

    def _note_growth(self) -> int:
        """Say so if somebody has written on; returns the bytes."""
        grown = self._disk.grown
        if grown:
            self._disk.notes.append(f"grew by {several(grown, 'byte')} while it was read")
        return grown
