"""Windows event logs (.evtx): a header of 4 KiB, then chunks of 64 KiB that stand for themselves.

The header's counts are not believed: it says one chunk where ten hold data when a log was copied while it was written, and its count of
chunks has 16 bits, while logs grow beyond 4 GiB. Chunks are read until the file ends.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.readers.damage import Damage
from netsleuth_tui.readers.limits import TAIL_BYTES
from netsleuth_tui.readers.opened import OpenedFile
from netsleuth_tui.readers.sniff import CHUNK_MAGIC, FILE_MAGIC, LOG_HEADER
from netsleuth_tui.readers.sources import Source
from netsleuth_tui.wording import several

__all__ = ["CHUNK", "CHUNK_MAGIC", "FILE_MAGIC", "ChunkBlock", "EventLog"]

CHUNK = 1 << 16
ALIGNED = 512
"""Chunks that are not where they should be are looked for at multiples of this."""

DIRTY, FULL, WITHOUT_CRC = 1, 2, 4
"""Flags of the header."""


@dataclass(frozen=True, slots=True)
class ChunkBlock:
    """Pieces of 64 KiB of a log, one after the other; what a piece is, is for its reader to find out.

    Args:
        data: uint8, `count` pieces (the last is filled up with zeros where the file ends inside it), and 64 zero bytes behind them. It
            belongs to the reader, which uses it again for the fourth next block.
        count: Pieces.
        offset: Where the first begins in the (decompressed) file.
        length: Bytes of the file that are in the pieces.
    """

    data: NDArray[np.uint8]
    count: int
    offset: int
    length: int


class EventLog(OpenedFile):
    """An open log.

    Args:
        name: Path as it was given.
        disk: Where its bytes lie.
        source: What they are read from: `disk`, or its expansion.
        compression: What it is compressed with, empty if it is not.
    """

    format = "evtx"

    def __init__(self, name: str, disk: Source, source: Source, compression: str) -> None:
        super().__init__(name, disk, source, compression)
        self._notes: list[str] = []
        self._buffers = [np.zeros(0, np.uint8) for _ in range(4)]
        self.checks = True
        """Whether chunks have checksums."""

    @property
    def notes(self) -> list[str]:
        """What else a reader of the numbers should know, as sentences without full stops."""
        return [*self._disk.notes, *self._notes]

    def add_note(self, note: str) -> None:
        """Add what was found out while the records were read."""
        self._notes.append(note)

    def blocks(self, pieces: int, first: int) -> Iterator[ChunkBlock]:
        """The log in blocks, once, in order.

        Args:
            pieces: Of a block.
            first: Pieces of the first block: something to see at once matters more than throughput.
        """
        try:
            offset = self._read_header()
            wanted, turn = first, 0
            carried = b""
            while True:
                length = max(wanted * CHUNK, len(carried) + CHUNK)
                data, filled = self._fill(turn, length, carried)
                if not filled:
                    break
                skipped, last = self._aligned(data, filled, offset)
                if filled == length:  # there may be more: the last piece is not cut in two
                    last = skipped + (last - skipped) // CHUNK * CHUNK
                carried = data[last:filled].tobytes()
                if last > skipped:
                    count = -(-(last - skipped) // CHUNK)
                    data[last : skipped + count * CHUNK + TAIL_BYTES] = 0
                    yield ChunkBlock(data[skipped : skipped + count * CHUNK + TAIL_BYTES], count, offset + skipped, last - skipped)
                    turn = (turn + 1) % len(self._buffers)
                    wanted = pieces
                offset += last
            self._end(offset)
        finally:
            self.close()

    def _fill(self, turn: int, length: int, carried: bytes) -> tuple[NDArray[np.uint8], int]:
        """A buffer with what was carried over and what can be read behind it, and the bytes in it."""
        room = max(length, len(carried)) + CHUNK + TAIL_BYTES
        if len(self._buffers[turn]) < room:
            self._buffers[turn] = np.zeros(room, np.uint8)
        data = self._buffers[turn]
        data[: len(carried)] = np.frombuffer(carried, np.uint8)
        filled = len(carried)
        while filled < length:
            count = self._source.read_into(data.data[filled:length])
            if not count:
                break
            filled += count
        return data, filled

    def _aligned(self, data: NDArray[np.uint8], filled: int, offset: int) -> tuple[int, int]:
        """What has to be skipped so that chunks begin where pieces do, and how far that holds."""
        for piece in np.flatnonzero(data[:filled:CHUNK] != CHUNK_MAGIC[0]).tolist():
            at = piece * CHUNK
            raw = data[at : min(at + CHUNK, filled)].tobytes()
            moved = raw.find(CHUNK_MAGIC)
            while moved > 0 and moved % ALIGNED:
                moved = raw.find(CHUNK_MAGIC, moved + 1)
            if moved > 0 and piece:
                return 0, at
            if moved > 0:
                self.damage.append(Damage(offset, f"{several(moved, 'byte that belongs', 'bytes that belong')} to no chunk"))
                return moved, filled
        return 0, filled

    def _read_header(self) -> int:
        """Look at the file's header.

        Returns:
            Where the chunks begin.
        """
        head = self._source.head(LOG_HEADER + len(CHUNK_MAGIC))
        if head.startswith(CHUNK_MAGIC):
            self.damage.append(Damage(0, "the header of the log is missing"))
            return 0
        if len(head) < LOG_HEADER:
            self.damage.append(Damage(len(head), "the file ends inside its header"))
        elif not head.startswith(FILE_MAGIC):
            self.damage.append(Damage(0, "the header of the log does not begin as one"))
        else:
            self._judge(head)
        skipped = memoryview(bytearray(min(LOG_HEADER, len(head))))
        self._source.read_into(skipped)
        return LOG_HEADER

    def _judge(self, head: bytes) -> None:
        flags, stored = struct.unpack_from("<II", head, 120)
        if flags & ~7:
            self._notes.append(f"the header has flags that are not known (0x{flags:x})")
        elif flags & WITHOUT_CRC:
            self.checks = False
            self._notes.append("the log says that it has no checksums: its chunks are not checked")
        if flags & DIRTY and not flags & ~7:
            self._notes.append("the log was copied while it was in use: its header is out of date")
        if self.checks and zlib.crc32(head[:120]) != stored:
            self._notes.append("the checksum of the header is wrong")

    def _end(self, offset: int) -> None:
        self.note_growth()
        if self.failure:
            self.damage.append(Damage(offset, self.failure))
