"""Snoop captures, as `snoop` of Solaris and several network devices write them: a file header, then records; all big endian.

Layout after RFC 1761. Record: original length, included length, length of the record with its header and padding, frames that were dropped
so far, seconds, microseconds, and the frame.
"""

from __future__ import annotations

import struct
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.jit import kernel
from netsleuth_tui.readers.damage import Damage
from netsleuth_tui.readers.frames import Interface, Rows
from netsleuth_tui.readers.header_framer import HeaderFramer
from netsleuth_tui.readers.limits import longest_frame
from netsleuth_tui.readers.numbers import u32
from netsleuth_tui.readers.step import DAMAGED, FULL, MORE, Step
from netsleuth_tui.readers.window import Window

__all__ = ["SnoopFramer", "frame_snoop"]

_HEADER = 16
_RECORD = 24
_SECOND = 1_000_000_000
_MICROSECOND = 1000
_BIG = 0
_MOST_PADDING = 1 << 16
"""Bytes behind a frame that are believed to fill up its record."""
_WORDS = np.arange(_RECORD)

_LINK_TYPES = {
    0: 1, 2: 6, 4: 1, 8: 10, 9: 0, 14: 0, 16: 122, 18: 123, 22: 242, 26: 226,
}  # fmt: skip
"""Datalink type of RFC 1761 (up to 9) and of Solaris (<sys/dlpi.h>) -> LINKTYPE_: 802.3, token ring, Ethernet, FDDI, other and loopback
(BSD's), IP over Fibre Channel, SunATM, InfiniBand, IPNET."""
_UNKNOWN = 147
"""A LINKTYPE_ that stands for nothing."""


def _frame_snoop_plain(
    data: NDArray[np.uint8], at: int, end: int, longest: int, link_type: int, base: int, drops: int, rows: Rows
) -> tuple[int, int, int, int, int]:
    """Same as the kernel: walk the lengths one by one, read all other fields in one sweep."""
    room = len(rows.start)
    starts: list[int] = []
    pair = struct.Struct(">II").unpack_from
    view = data.data
    status, detail = FULL, 0
    while len(starts) < room:
        if at + _RECORD > end:
            status, detail = MORE, _RECORD
            break
        captured, length = pair(view, at + 4)
        if captured > longest or not _RECORD + captured <= length <= _RECORD + captured + _MOST_PADDING:
            status, detail = DAMAGED, 0
            break
        if at + length > end:
            status, detail = MORE, length
            break
        starts.append(at + _RECORD)
        at += length
    count = len(starts)
    if count:
        start = np.array(starts, np.int64)
        words = data[(start - _RECORD)[:, None] + _WORDS].view(">u4").astype(np.int64)
        rows.start[:count] = start
        rows.cap_len[:count] = words[:, 1]
        rows.wire_len[:count] = words[:, 0]
        rows.time[:count] = words[:, 4] * _SECOND + words[:, 5] * _MICROSECOND
        rows.link_type[:count] = link_type
        rows.offset[:count] = start + base
        drops = int(words[-1, 3])
    return count, at, status, detail, drops


@kernel(plain=_frame_snoop_plain)
def frame_snoop(
    data: Any, at: int, end: int, longest: int, link_type: int, base: int, drops: int, rows: Rows
) -> tuple[int, int, int, int, int]:
    """Frame the records from `at` on.

    Args:
        data: uint8; `end` bytes of it are valid.
        at: Where the first record begins.
        end: Where the bytes end.
        longest: Most captured bytes that are believed.
        link_type: LINKTYPE_ of all frames.
        base: Offset in the file of data[0].
        drops: What the record before the first one says was dropped.
        rows: Filled from the first entry on.

    Returns:
        Frames; where the next record begins; FULL, MORE or DAMAGED; bytes needed from there on (MORE); frames dropped up to the last one.
    """
    room = len(rows.start)
    count = 0
    while count < room:
        if at + _RECORD > end:
            return count, at, MORE, _RECORD, drops
        captured = u32(data, at + 4, _BIG)
        length = u32(data, at + 8, _BIG)
        if captured > longest or length < _RECORD + captured or length > _RECORD + captured + _MOST_PADDING:
            return count, at, DAMAGED, 0, drops
        if at + length > end:
            return count, at, MORE, length, drops
        rows.start[count] = at + _RECORD
        rows.cap_len[count] = captured
        rows.wire_len[count] = u32(data, at, _BIG)
        rows.time[count] = u32(data, at + 16, _BIG) * _SECOND + u32(data, at + 20, _BIG) * _MICROSECOND
        rows.link_type[count] = link_type
        rows.offset[count] = base + at + _RECORD
        drops = u32(data, at + 12, _BIG)
        count += 1
        at += length
    return count, at, FULL, 0, drops


class SnoopFramer(HeaderFramer):
    """Reads the file header, then frames records.

    Args:
        head: The first bytes of the (decompressed) file.
    """

    format: Final = "snoop"

    def __init__(self, head: bytes) -> None:
        super().__init__(head, _HEADER)

    def _read_header(self, head: bytes) -> None:
        version, link = struct.unpack_from(">II", head, 8)
        self._link_type = _LINK_TYPES.get(link, _UNKNOWN)
        if version != 2:
            self.notes.append(f"snoop version {version} is unknown; read as 2")
        if link not in _LINK_TYPES:
            self.notes.append(f"frames of snoop's datalink type {link} are not taken apart")
        self.interfaces.append(Interface(self._link_type, "", "", 0, None))

    def _records(self, window: Window) -> Step:
        longest = longest_frame(self._link_type)
        count, window.begin, status, detail, self.drops = frame_snoop(
            window.data, window.begin, window.end, longest, self._link_type, window.base, self.drops, window.rows
        )
        return Step(count, DAMAGED, 0, _lie(window, longest)) if status == DAMAGED else Step(count, status, detail)

    def cut_off(self, window: Window, need: int) -> Damage:
        """The damage that a file has which ends before the record at the window's beginning is complete."""
        if not self._past_header:
            return Damage(window.base + window.end, f"the file ends inside its header, after {window.unread} of {_HEADER} bytes")
        if window.unread < _RECORD:
            return Damage(window.base + window.end, f"the file ends inside a record header, after {window.unread} of {_RECORD} bytes")
        return Damage(window.offset, f"the file ends inside a record, after {window.unread} of {need} bytes")


def _lie(window: Window, longest: int) -> Damage:
    """What is wrong with the record at the window's beginning."""
    captured, length = struct.unpack_from(">II", window.data.data, window.begin + 4)
    if captured > longest:
        return Damage(window.offset, f"a frame of {captured} bytes is longer than the maximum of {longest}")
    return Damage(window.offset, f"a record of {length} bytes cannot hold a frame of {captured} bytes and nothing else")
