"""The part of a file that is in memory: one of four buffers that are used in turn, with what was left over carried into the next."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.readers.frames import FrameBatch, Owners, Rows
from netsleuth_tui.readers.limits import TAIL_BYTES
from netsleuth_tui.readers.sources import Source

__all__ = ["Window"]

_SETS = 4
"""A batch stays valid until the fourth next one is asked for."""


class Window:
    """Bytes `begin` to `end` of `data` are read but not consumed; `base` is the offset in the file of data[0].

    Args:
        source: Where the bytes come from.
        block: Bytes per read, and the size of a buffer.
        first: Bytes of the very first read.
        frames: Most frames in a batch.
    """

    def __init__(self, source: Source, *, block: int, first: int, frames: int) -> None:
        self.source = source
        self.begin = 0
        self.end = 0
        self.base = 0
        self._block = block
        self._next_read = first
        self._frames = frames
        self._buffers = [np.zeros(0, np.uint8)] * _SETS
        self._buffer = 0
        self._rows: list[Rows | None] = [None] * _SETS
        self._row_set = 0
        self._is_lent = False
        self.owners: Owners | None = None
        """Whose the frames of `rows` are, where the file says."""

    @property
    def data(self) -> NDArray[np.uint8]:
        """The buffer: `end` valid bytes, then zeros."""
        return self._buffers[self._buffer][: self.end + TAIL_BYTES]

    @property
    def unread(self) -> int:
        """Bytes that are read but not consumed."""
        return self.end - self.begin

    @property
    def offset(self) -> int:
        """Where the first of them is in the file."""
        return self.base + self.begin

    @property
    def rows(self) -> Rows:
        """Arrays for the frames of the next batch."""
        rows = self._rows[self._row_set]
        if rows is None:
            rows = self._rows[self._row_set] = Rows.allocate(self._frames)
        return rows

    def lend(self, count: int) -> FrameBatch:
        """The first `count` of `rows` as a batch; from now on `rows` and the next buffer are other ones."""
        batch = FrameBatch(self.data, count, *self.rows, self.owners)
        self._row_set = (self._row_set + 1) % _SETS
        self._is_lent = True
        return batch

    def jump(self, offset: int, read: int | None) -> None:
        """Go on at `offset` of the file, where the source has been put; what is unread is forgotten.

        Args:
            offset: In the file.
            read: Bytes of the next read, None for as many as usual.
        """
        self.begin = self.end = 0
        self.base = offset
        if read is not None:
            self._next_read = read

    def more(self, need: int) -> bool:
        """Read on, so that at least `need` bytes are unread if the file has them, which may take several calls.

        Returns:
            False if there is nothing more to read.
        """
        left = self.unread
        wanted = self._reasonable(max(self._next_read, need - left), left)
        if wanted == 0:
            return False
        view = self._make_room(left, wanted)
        count = self.source.read_into(view)
        self._next_read = self._block
        self.end = left + count
        self._buffers[self._buffer][self.end : self.end + TAIL_BYTES] = 0
        return count > 0

    def _reasonable(self, wanted: int, left: int) -> int:
        """No more than the file can have: a length in the file is a claim, memory is real."""
        remaining = self.source.remaining
        if remaining is not None:
            return min(wanted, remaining)
        return min(wanted, max(self._next_read, 2 * left))

    def _make_room(self, left: int, wanted: int) -> memoryview:
        """Bring what is left to the front of a buffer that nobody else uses, and give back the room behind it."""
        kept = self._buffers[self._buffer][self.begin : self.end]
        if self._is_lent:
            self._buffer = (self._buffer + 1) % _SETS
            self._is_lent = False
        size = left + wanted + TAIL_BYTES
        target = self._buffers[self._buffer]
        if not size <= len(target) <= 4 * max(size, self._block):
            full = self._block + (self._block >> 3) + TAIL_BYTES
            known = self.source.remaining
            target = np.empty(size if known is not None and left + known <= size else max(size, full), np.uint8)
        target[:left] = kept
        self._buffers[self._buffer] = target
        self.base += self.begin
        self.begin = 0
        return target.data[left : left + wanted]
