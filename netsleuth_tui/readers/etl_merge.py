"""The records of a trace's buffers in the order of time: buffers by the first time in each, merged as far as they overlap."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.readers.etl_buffers import BUFFER_HEADER, NO_TIME, Buffer, Trace
from netsleuth_tui.readers.etl_records import Records, load_buffers, take_apart
from netsleuth_tui.readers.limits import TAIL_BYTES
from netsleuth_tui.readers.sources import RandomSource

__all__ = ["Merging", "firsts_of", "groups"]

_GROUP = 4 << 20
"""Bytes of buffers that are taken apart at once."""
_ROW = 96
"""Bytes of a record's columns."""
_MERGED = 256 << 20
"""Bytes of records and columns that wait for earlier ones; where more wait, the trace is not sorted any further."""
_LATER = 1 << 62


def groups(buffers: Sequence[Buffer]) -> Iterator[Sequence[Buffer]]:
    """Buffers that are taken apart at once."""
    first, length = 0, 0
    for place, buffer in enumerate(buffers):
        length += buffer.filled
        if length >= _GROUP:
            yield buffers[first : place + 1]
            first, length = place + 1, 0
    if first < len(buffers):
        yield buffers[first:]


def firsts_of(records: Records, buffers: Sequence[Buffer], before: int) -> list[int]:
    """The earliest time in each buffer; where it has none, that of the one before it."""
    timed = np.flatnonzero(records.time != NO_TIME)
    found: dict[int, int] = {}
    if len(timed):
        edges = np.flatnonzero(np.append([True], np.diff(records.buffer[timed]) != 0))
        earliest = np.minimum.reduceat(records.time[timed], edges)
        found = dict(zip(records.buffer[timed][edges].tolist(), earliest.tolist(), strict=True))
    firsts = []
    for buffer in buffers:
        before = found.get(buffer.number, before)
        firsts.append(before)
    return firsts


class Merging:
    """Reads buffers again, and hands on their records in the order of time.

    What is in memory are the buffers of a group, and those before them that have records which are later than the first of a buffer that is
    still to be read.

    Args:
        source: The file.
        trace: What its header says.
        buffers: Of the file.
        firsts: The earliest time in each of them.
        expanded: Buffers that were expanded before, by number.
    """

    def __init__(
        self, source: RandomSource, trace: Trace, buffers: Sequence[Buffer], firsts: Sequence[int], expanded: dict[int, NDArray[np.uint8]]
    ) -> None:
        self.is_unsorted = False
        """Whether too much would have had to wait for earlier records."""
        self.share = 0.0
        """How much of it is done."""
        self._source = source
        self._trace = trace
        self._expanded = expanded
        order = sorted(range(len(buffers)), key=lambda number: firsts[number])
        self._queue = [buffers[number] for number in order]
        self._firsts = [firsts[number] for number in order] + [_LATER]
        self._waiting: Records | None = None
        self._extents: dict[int, tuple[int, int]] = {}
        """Where the records of the buffers that are in memory begin and end, by number of the buffer."""

    def steps(self) -> Iterator[tuple[Records, NDArray[np.int64], bool]]:
        """Records, which of them come next, in the order of time, and whether they are the last ones."""
        place, done, total = 0, 0, sum(buffer.filled for buffer in self._queue) or 1
        for group in groups(self._queue):
            place += len(group)
            done += sum(buffer.filled for buffer in group)
            self.share = done / total
            records = self._with(group)
            horizon = self._firsts[place]
            if horizon != _LATER and len(records.data) + _ROW * records.rows > _MERGED:
                horizon, self.is_unsorted = _LATER, True
            early = np.flatnonzero(records.time < horizon) if horizon != _LATER else np.arange(records.rows)
            late = np.flatnonzero(records.time >= horizon) if horizon != _LATER else early[:0]
            self._waiting = records.at_rows(late) if len(late) else None
            # Each buffer is in the order of time, so that a stable sort merges runs.
            yield records, early[np.argsort(records.time[early], kind="stable")], place >= len(self._queue)

    def _with(self, group: Sequence[Buffer]) -> Records:
        """The records that wait, and those of the next buffers, in one piece of memory."""
        waiting = self._waiting
        kept = sorted(set(waiting.buffer.tolist())) if waiting is not None else []
        extents = [self._extents[number] for number in kept]
        length = sum(end - begin for begin, end in extents)
        room = sum(buffer.filled - BUFFER_HEADER for buffer in group)
        data = np.empty(length + room + TAIL_BYTES, np.uint8)
        moved, at = np.zeros(len(kept), np.int64), 0
        self._extents = {}
        for place, (number, (begin, end)) in enumerate(zip(kept, extents, strict=True)):
            if waiting is not None:
                data[at : at + end - begin] = waiting.data[begin:end]
            moved[place] = at - begin
            self._extents[number] = at, at + end - begin
            at += end - begin
        begins, ends = load_buffers(self._source, group, data, at, None, self._expanded)
        for buffer, begin, end in zip(group, begins.tolist(), ends.tolist(), strict=True):
            self._extents[buffer.number] = begin, end
        records = take_apart(data, group, begins, ends, self._trace, None)
        if waiting is None:
            return records
        by = moved[np.searchsorted(np.array(kept), waiting.buffer)]
        waiting = waiting._replace(at=waiting.at + by, begin=waiting.begin + by)
        columns: zip[tuple[Any, ...]] = zip(waiting[1:], records[1:], strict=True)
        return Records._make((records.data, *(np.concatenate(both) for both in columns)))
