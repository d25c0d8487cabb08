"""One frame of a trace again, by its offset and length: its pieces follow the first one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from netsleuth_tui.readers.damage import Damage
from netsleuth_tui.readers.etl_buffers import find_buffers, read_trace_header
from netsleuth_tui.readers.etl_packets import IEEE802_11, Pieces, pieces_of
from netsleuth_tui.readers.etl_records import Records, read_records
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

    def add(self, records: Records, pieces: Pieces) -> None:
        """Add what a buffer has of it, by its records and the pieces of all frames in them."""
        begin = 0
        if not self.found:
            places = np.flatnonzero(records.offset[pieces.row] + pieces.at - records.begin[pieces.row] == self.offset)
            if not len(places):
                return
            begin = int(places[0])
            row = int(pieces.row[begin])
            self.link = int(pieces.link[begin])
            self._whose = int(records.thread_id[row]), int(pieces.layer[begin])
        thread, layer = self._whose
        rest = (records.thread_id[pieces.row] == thread) & (pieces.layer == layer)
        for piece in (begin + np.flatnonzero(rest[begin:])).tolist():
            if self.is_ended or (self.found and pieces.begins[piece]):
                return
            at = int(pieces.at[piece])
            self.found += records.data[at : at + int(pieces.length[piece])].tobytes()
            self.is_ended = bool(pieces.ends[piece])


def read_traced_frame(source: RandomSource, offset: int, length: int) -> bytes:
    """The captured bytes of one frame of a trace again, by its batch's offset and cap_len; fewer if they are not there any more.

    Args:
        source: The trace.
        offset: Where the frame begins, as if no buffer was compressed.
        length: Bytes.
    """
    untold: list[Damage] = []
    trace = read_trace_header(source, untold)
    buffers = find_buffers(source, trace, untold)
    within = [buffer for buffer in buffers if buffer.start <= offset < buffer.start + buffer.extent]
    if not within:
        return b""
    first = within[0]
    same = [buffer for buffer in buffers[first.number + 1 :] if buffer.processor == first.processor][:_PIECES_FOLLOWED]
    again = _Again(offset, length)
    for buffer in (first, *same):
        records = read_records(source, (buffer,), trace, None, {})
        again.add(records, pieces_of(records))
        if len(again.found) >= length or not again.found:
            break
    return again.frame
