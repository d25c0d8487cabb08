"""One frame of a trace again, by its offset and length: its pieces follow the first one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.readers.damage import Damage
from netsleuth_tui.readers.etl_buffers import Buffers, Trace, read_trace_header
from netsleuth_tui.readers.etl_finding import find_buffers
from netsleuth_tui.readers.etl_loading import Loading
from netsleuth_tui.readers.etl_packets import IEEE802_11, Pieces
from netsleuth_tui.readers.etl_sift import take_apart
from netsleuth_tui.readers.reused import Reused
from netsleuth_tui.readers.sources import RandomSource

__all__ = ["read_traced_frame"]

_PIECES_FOLLOWED = 64
"""Buffers in which the rest of a frame is looked for."""
_UNPROTECTED = 0xBF
"""What Windows has decrypted is not protected any more, whatever the second byte of its 802.11 header says."""


@dataclass(slots=True)
class _Again:
    """The bytes of a frame as far as they were found.

    Args:
        offset: Where it begins.
        length: Bytes that are wanted.
    """

    offset: int
    length: int
    found: bytes = b""
    link: int = 0
    is_ended: bool = False
    _whose: tuple[int, int] = (-1, -1)

    @property
    def frame(self) -> bytes:
        """The frame as it was handed on when the trace was read."""
        frame = self.found[: self.length]
        return frame[:1] + bytes([frame[1] & _UNPROTECTED]) + frame[2:] if self.link == IEEE802_11 and len(frame) > 1 else frame

    def add(self, data: NDArray[np.uint8], pieces: Pieces) -> None:
        """Add what a buffer has of it, by the pieces of all frames in it."""
        begin = 0
        if not self.found:
            places = np.flatnonzero(pieces.offset == self.offset)
            if not len(places):
                return
            begin = int(places[0])
            self.link = int(pieces.link[begin])
            self._whose = int(pieces.thread[begin]), int(pieces.layer[begin])
        thread, layer = self._whose
        rest = (pieces.thread == thread) & (pieces.layer == layer)
        for piece in (begin + np.flatnonzero(rest[begin:])).tolist():
            if self.is_ended or len(self.found) >= self.length or (self.found and pieces.begins[piece]):
                return
            at = int(pieces.at[piece])
            self.found += data[at : at + int(pieces.length[piece])].tobytes()
            self.is_ended = bool(pieces.ends[piece])


def read_traced_frame(source: RandomSource, offset: int, length: int) -> bytes:
    """The captured bytes of one frame of a trace again, by its batch's offset and cap_len; fewer if they are not there any more.

    Args:
        source: The trace.
        offset: Where the frame begins, as if no buffer was compressed.
        length: Bytes.
    """
    untold: list[Damage] = []
    trace, loading = read_trace_header(source, untold), Loading(source)
    again = _Again(offset, length)
    for buffers in _from_there(source, trace, offset, loading.memory):
        sifted = take_apart(loading.again(buffers, 0), trace, loading.memory)
        again.add(sifted.data, sifted.pieces)
        if len(again.found) >= length or not again.found:
            break
    return again.frame


def _from_there(source: RandomSource, trace: Trace, offset: int, memory: Reused) -> Iterator[Buffers]:
    """The buffer that holds a place, and those of the same processor behind it, one by one."""
    found, processor = 0, -1
    for heads in find_buffers(source, trace, [], memory, heads_only=True):
        if heads is None:
            continue
        buffers = heads.buffers
        if processor < 0:
            within = np.flatnonzero((buffers.start <= offset) & (offset < buffers.start + buffers.extent))
            if not len(within):
                continue
            processor = int(buffers.processor[within[0]])
            buffers = buffers.at_rows(slice(int(within[0]), None))
        for row in np.flatnonzero(buffers.processor == processor).tolist():
            yield buffers.at_rows(slice(row, row + 1))
            found += 1
            if found > _PIECES_FOLLOWED:
                return
