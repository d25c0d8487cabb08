"""Classic pcap: a file header, then records. Every variant that differs in widths or orders of the record header only.

Layout after draft-ietf-opsawg-pcap; the exchanged lengths of old versions after libpcap's savefile rules.
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
from netsleuth_tui.readers.sniff import PCAP_MAGICS
from netsleuth_tui.readers.step import DAMAGED, FULL, MORE, Step
from netsleuth_tui.readers.window import Window

__all__ = ["PcapFramer", "frame_records"]

_HEADER = 24
_SECOND = 1_000_000_000

AS_WRITTEN = 0
EXCHANGED = 1
"""Captured and wire length have changed places (versions before 2.3, and 543 of some sniffers)."""
SMALLER_IS_CAPTURED = 2
"""Version 2.3: both orders were written."""


def _frame_records_plain(
    data: NDArray[np.uint8],
    at: int,
    end: int,
    little: int,
    header: int,
    lengths: int,
    longest: int,
    unit: int,
    link_type: int,
    base: int,
    rows: Rows,
) -> tuple[int, int, int, int]:
    """Same as the kernel: walk the lengths one by one, read all other fields in one sweep."""
    room = len(rows.start)
    starts: list[int] = []
    pair = struct.Struct("<II" if little else ">II").unpack_from
    view = data.data
    status, detail = FULL, 0
    while len(starts) < room:
        if at + header > end:
            status, detail = MORE, header
            break
        captured, wire = pair(view, at + 8)
        if lengths != AS_WRITTEN and (lengths == EXCHANGED or captured > wire):
            captured = wire
        if captured > longest:
            status, detail = DAMAGED, captured
            break
        following = at + header + captured
        if following > end:
            status, detail = MORE, header + captured
            break
        starts.append(at + header)
        at = following
    count = len(starts)
    if count:
        _gather(data, np.array(starts, np.int64), little, header, lengths, unit, link_type, base, rows)
    return count, at, status, detail


def _gather(
    data: NDArray[np.uint8],
    start: NDArray[np.int64],
    little: int,
    header: int,
    lengths: int,
    unit: int,
    link_type: int,
    base: int,
    rows: Rows,
) -> None:
    count = len(start)
    words = data[(start - header)[:, None] + np.arange(16)].view("<u4" if little else ">u4")
    captured, wire = words[:, 2], words[:, 3]
    if lengths == EXCHANGED:
        captured, wire = wire, captured
    elif lengths == SMALLER_IS_CAPTURED:
        captured, wire = np.minimum(captured, wire), np.maximum(captured, wire)
    rows.start[:count] = start
    rows.cap_len[:count] = captured
    rows.wire_len[:count] = wire
    rows.time[:count] = words[:, 0].astype(np.int64) * _SECOND + words[:, 1].astype(np.int64) * unit
    rows.link_type[:count] = link_type
    rows.offset[:count] = start + base


@kernel(plain=_frame_records_plain)
def frame_records(
    data: Any, at: int, end: int, little: int, header: int, lengths: int, longest: int, unit: int, link_type: int, base: int, rows: Rows
) -> tuple[int, int, int, int]:
    """Frame the records from `at` on.

    Args:
        data: uint8; `end` bytes of it are valid.
        at: Where the first record begins.
        end: Where the bytes end.
        little: 1 for little endian numbers.
        header: Bytes of a record header, 16 or more.
        lengths: Order of the two lengths, AS_WRITTEN, EXCHANGED or SMALLER_IS_CAPTURED.
        longest: Most captured bytes that are believed.
        unit: Nanoseconds per unit of the fraction of a second.
        link_type: LINKTYPE_ of all frames.
        base: Offset in the file of data[0].
        rows: Filled from the first entry on.

    Returns:
        Frames; where the next record begins; FULL, MORE or DAMAGED; bytes needed from there on (MORE) or the length that is not
        believed (DAMAGED).
    """
    room = len(rows.start)
    count = 0
    while count < room:
        if at + header > end:
            return count, at, MORE, header
        captured = u32(data, at + 8, little)
        wire = u32(data, at + 12, little)
        if lengths == EXCHANGED or (lengths == SMALLER_IS_CAPTURED and captured > wire):
            captured, wire = wire, captured
        if captured > longest:
            return count, at, DAMAGED, captured
        start = at + header
        if start + captured > end:
            return count, at, MORE, header + captured
        rows.start[count] = start
        rows.cap_len[count] = captured
        rows.wire_len[count] = wire
        rows.time[count] = u32(data, at, little) * _SECOND + u32(data, at + 4, little) * unit
        rows.link_type[count] = link_type
        rows.offset[count] = base + start
        count += 1
        at = start + captured
    return count, at, FULL, 0


class PcapFramer(HeaderFramer):
    """Reads the file header, then frames records.

    Args:
        head: The first bytes of the (decompressed) file.
    """

    format: Final = "pcap"

    def __init__(self, head: bytes) -> None:
        super().__init__(head, _HEADER)

    def _read_header(self, head: bytes) -> None:
        self._little = int(struct.unpack_from("<I", head)[0] in PCAP_MAGICS)
        order = "<" if self._little else ">"
        magic, major, minor, _, _, snap_length, link = struct.unpack_from(f"{order}IHHIIII", head)
        self._unit, self._record = PCAP_MAGICS[magic]
        # The upper half holds the length of the frame check sequence, or junk.
        self._link_type = link & 0xFFFF
        if major == 543 or (major == 2 and minor < 3):
            self._lengths = EXCHANGED
        else:
            self._lengths = SMALLER_IS_CAPTURED if major == 2 and minor == 3 else AS_WRITTEN
        if major not in (2, 543):
            self.notes.append(f"pcap version {major}.{minor} is unknown; read as 2.4")
        self.interfaces.append(Interface(self._link_type, "", "", snap_length, None))

    def _records(self, window: Window) -> Step:
        longest = longest_frame(self._link_type)
        count, window.begin, status, detail = frame_records(
            window.data,
            window.begin,
            window.end,
            self._little,
            self._record,
            self._lengths,
            longest,
            self._unit,
            self._link_type,
            window.base,
            window.rows,
        )
        if status == DAMAGED:
            reason = f"a frame of {detail} bytes is longer than the maximum of {longest}"
            return Step(count, DAMAGED, 0, Damage(window.offset, reason))
        return Step(count, status, detail)

    def cut_off(self, window: Window, need: int) -> Damage:
        """The damage that a file has which ends before the record at the window's beginning is complete."""
        if not self._past_header:
            return Damage(window.base + window.end, f"the file ends inside its header, after {window.unread} of {_HEADER} bytes")
        if window.unread < self._record:
            return Damage(window.base + window.end, f"the file ends inside a record header, after {window.unread} of {self._record} bytes")
        return Damage(window.offset, f"the file ends inside a frame, after {window.unread - self._record} of {need - self._record} bytes")
