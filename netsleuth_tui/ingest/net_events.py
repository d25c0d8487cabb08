"""Events of Windows that Network Monitor keeps among the frames: they become events, too, and are decoded like those of a trace.

A frame of media type 0xFFE0 is an EVENT_RECORD, one member after the other: EVENT_HEADER of 80 bytes, ETW_BUFFER_CONTEXT, the numbers of
extended items and of bytes of user data, and a byte that says whether it was put together. Checked on the captures that accompany
Microsoft's protocol documents.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.ingest.window import LoadWindow
from netsleuth_tui.linktypes import NET_EVENT
from netsleuth_tui.readers.etl_headers import gathered
from netsleuth_tui.readers.etl_records import Records, empty
from netsleuth_tui.readers.frames import FrameBatch
from netsleuth_tui.store.clock import put_right

if TYPE_CHECKING:
    from netsleuth_tui.ingest.event_keeping import EventKeeping
    from netsleuth_tui.ingest.traces import TraceLoading
    from netsleuth_tui.store import Store

__all__ = ["NetEvents", "net_events"]

_HEADER = 80
_HEAD = 89
"""Bytes in front of the data where nothing is attached."""
_POINTERS_32 = 0x20
"""Flag of the header (EVENT_HEADER_FLAG_32_BIT_HEADER)."""


class NetEvents:
    """Takes the events among frames into a store.

    Args:
        store: Whose event table grows.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._index = -1
        self._loading: TraceLoading | None = None

    def take(self, batch: FrameBatch, index: int, window: LoadWindow, keeping: EventKeeping | None = None) -> None:
        """Add the events of a batch, whose times have been put right, as the next rows of source `index`; or only those that are kept."""
        if not (batch.link_type[: batch.count] == NET_EVENT).any():
            return
        if self._loading is None or self._index != index:
            from netsleuth_tui.ingest.traces import TraceLoading

            self._index = index
            self._loading = TraceLoading(self._store, None, index if keeping is None else 0, window)
        records = net_events(batch, window.after)
        put_right(records.time, -self._store.sources[index].shift)  # the event table adds it itself
        if keeping is None:
            self._loading.take(records)
        else:
            keeping.take_traced(self._loading, records)


def net_events(batch: FrameBatch, after: int = -1) -> Records:
    """The events among the frames of a batch; none of what is too short for its header.

    Args:
        batch: The frames; times are theirs.
        after: Only frames that lie behind this byte of the file.
    """
    count = batch.count
    is_event = (batch.link_type[:count] == NET_EVENT) & (batch.cap_len[:count] >= _HEADER)
    if after >= 0:
        is_event &= batch.offset[:count].astype(np.int64) > after
    rows = np.flatnonzero(is_event)
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
    zero = np.zeros(len(rows), np.int64)
    return Records(
        data=batch.data, at=start, begin=start + begin, length=length, kind=zero.astype(np.uint8), buffer=zero.astype(np.int32),
        processor=heads[:, 80].astype(np.uint16), offset=batch.offset[rows].astype(np.int64) + begin, time=batch.time[rows],
        low=number(24, "<u8").astype(np.uint64), high=number(32, "<u8").astype(np.uint64), event_id=number(40, "<u2").astype(np.uint16),
        version=heads[:, 42], level=heads[:, 44], opcode=heads[:, 45], task=number(46, "<u2").astype(np.uint16),
        keywords=number(48, "<u8").astype(np.uint64), process_id=number(12, "<u4").astype(np.uint32),
        thread_id=number(8, "<u4").astype(np.uint32),
        pointer=np.where(number(4, "<u2").astype(np.int64) & _POINTERS_32, 4, 8).astype(np.uint8),
    )  # fmt: skip
