"""Events of Windows that Network Monitor keeps among the frames, and the packets in them.

A frame of media type 0xFFE0 is an EVENT_RECORD, one member after the other: EVENT_HEADER of 80 bytes, ETW_BUFFER_CONTEXT, the numbers of
extended items and of bytes of user data, and a byte that says whether it was put together. Checked on the captures that accompany
Microsoft's protocol documents. A capture that was saved from a trace holds its packets in such events.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.linktypes import NET_EVENT
from netsleuth_tui.readers.etl_frames import fill_wire
from netsleuth_tui.readers.etl_headers import gathered
from netsleuth_tui.readers.etl_packets import DROPPED, OF_PKTMON, pieces_of
from netsleuth_tui.readers.etl_records import Records, empty
from netsleuth_tui.readers.frames import FrameBatch

__all__ = ["event_frames", "net_events", "open_packets"]

_HEADER = 80
_HEAD = 89
"""Bytes in front of the data where nothing is attached."""
_POINTERS_32 = 0x20
"""Flag of the header (EVENT_HEADER_FLAG_32_BIT_HEADER)."""


def open_packets(batch: FrameBatch) -> int:
    """Let events of ndiscap and pktmon among the frames of a batch that hold a whole packet be that packet; returns how many.

    Where a packet lies in pieces, says that it is longer than its event, or was dropped for a reason, the event stays what it is.
    """
    places = event_frames(batch)
    if not len(places):
        return 0
    records = net_events(batch)
    rows, pieces = pieces_of(records)
    is_whole = pieces.begins & pieces.ends & ~pieces.lies & (pieces.length > 0)
    is_drop = (pieces.origin == OF_PKTMON) & (records.event_id[rows] == DROPPED)
    chosen = np.flatnonzero(is_whole & ~is_drop)
    rows, pieces = places[rows[chosen]], pieces.at_rows(chosen)
    wire = pieces.wire.copy()
    fill_wire(batch.data, pieces.at, pieces.length, pieces.link, pieces.cut.view(np.uint8), wire)
    batch.offset[rows] += (pieces.at - batch.start[rows]).astype(np.uint64)
    batch.start[rows], batch.cap_len[rows], batch.wire_len[rows], batch.link_type[rows] = pieces.at, pieces.length, wire, pieces.link
    return len(rows)


def event_frames(batch: FrameBatch) -> NDArray[np.intp]:
    """The frames of a batch that hold an event; none of those that are too short for its header."""
    count = batch.count
    return np.flatnonzero((batch.link_type[:count] == NET_EVENT) & (batch.cap_len[:count] >= _HEADER))


def net_events(batch: FrameBatch) -> Records:
    """The events in `event_frames` of a batch, one for each; times are those of the frames."""
    rows = event_frames(batch)
    if not len(rows):
        return empty()
    start, captured = batch.start[rows], batch.cap_len[rows].astype(np.int64)
    heads = gathered(batch.data, start, _HEAD)
    inside = np.arange(_HEAD) < captured[:, None]
    heads = np.where(inside, heads, 0).astype(np.uint8)

    def number(at: int, code: str) -> NDArray[np.generic]:
        size = np.dtype(code).itemsize
        return np.ascontiguousarray(heads[:, at : at + size]).view(code)[:, 0]

    said = number(86, "<u2").astype(np.int64)
    attached = number(84, "<u2").astype(np.int64) > 0
    room = np.maximum(captured - _HEAD, 0)
    length = np.minimum(said, room)
    # What is attached lies in front of the data, in a form that no file at hand shows: the data end with the frame.
    begin = np.where(attached, captured - length, np.minimum(_HEAD, captured))
    return Records(
        data=batch.data, begin=start + begin, length=length, kind=np.zeros(len(rows), np.uint8),
        processor=heads[:, 80].astype(np.uint16), offset=batch.offset[rows].astype(np.int64) + begin, time=batch.time[rows],
        low=number(24, "<u8").astype(np.uint64), high=number(32, "<u8").astype(np.uint64), event_id=number(40, "<u2").astype(np.uint16),
        version=heads[:, 42], level=heads[:, 44], opcode=heads[:, 45], task=number(46, "<u2").astype(np.uint16),
        keywords=number(48, "<u8").astype(np.uint64), process_id=number(12, "<u4").astype(np.uint32),
        thread_id=number(8, "<u4").astype(np.uint32),
        pointer=np.where(number(4, "<u2").astype(np.int64) & _POINTERS_32, 4, 8).astype(np.uint8),
    )  # fmt: skip
