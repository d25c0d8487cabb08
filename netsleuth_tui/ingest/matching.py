"""Frames of a file that a filter keeps, block by block: nothing else of the file stays in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.decode.columns import NO_TIME, PACKET_COLUMNS, Columns
from netsleuth_tui.decode.packets import decode_frames
from netsleuth_tui.readers.frames import FrameBatch
from netsleuth_tui.store import Store
from netsleuth_tui.store.clock import put_right

if TYPE_CHECKING:
    from netsleuth_tui.readers import CaptureReader
    from netsleuth_tui.store.store import Predicate

__all__ = ["BLOCK", "FRAMES", "Matched", "Matching"]

BLOCK = 16 << 20
"""Bytes of a block: a query costs some milliseconds whatever it looks at, and four blocks are in memory."""
FRAMES = 1 << 17
"""Most frames of a block."""


@dataclass(frozen=True, slots=True)
class Matched:
    """The frames of a block that are kept.

    Args:
        batch: The block, with its times put right; valid as long as the reader says.
        columns: What was decoded of all its frames; the next block writes them anew.
        chosen: Indices of those that are kept, ascending, uint32.
    """

    batch: FrameBatch
    columns: Columns
    chosen: NDArray[np.uint32]


class Matching:
    """Decodes blocks and asks the filter.

    Args:
        store: For its addresses and its engine; it gets no rows. Not shared with another thread, and not the one that is filled.
        compiled: Makes the predicate against the addresses of the store; None keeps every frame.
        start: ns since the epoch; frames before it, or without a time, are left out. None is open.
        end: The same for its end, which is excluded.
    """

    def __init__(self, store: Store, compiled: Callable[[Store], Predicate | None] | None, start: int | None, end: int | None) -> None:
        self.store = store
        self._compiled = compiled
        self._start, self._end = start, end
        self._columns = Columns._make(np.zeros(FRAMES, dtype) for dtype in PACKET_COLUMNS.values())
        self._rows = 0

    def of(self, reader: CaptureReader, shift: int) -> Iterator[Matched]:
        """The frames of a file that are kept, in its order; `shift` nanoseconds are added to their times."""
        self._rows = 0
        for batch in reader.batches():
            put_right(batch.time[: batch.count], shift)
            yield Matched(batch, self._columns, self._choose(batch))
            self._rows += batch.count

    def _choose(self, batch: FrameBatch) -> NDArray[np.uint32]:
        count = batch.count
        kept = self._in_window(batch.time[:count])
        if self._compiled is None or not kept.any():
            return np.flatnonzero(kept).astype(np.uint32)
        columns = self._decoded(batch).at(slice(0, count))
        columns.row[:] += np.uint32(self._rows)  # which frame numbers are counted from
        return self._satisfying(columns, kept)

    def rows_kept(self, columns: Columns) -> NDArray[np.uint32]:
        """Of rows that are decoded already, against the addresses of `store`, the indices of those that are kept.

        `row` counts from 0 in their file.
        """
        kept = self._in_window(columns.time)
        if self._compiled is None or not kept.any():
            return np.flatnonzero(kept).astype(np.uint32)
        return self._satisfying(columns, kept)

    def _satisfying(self, columns: Columns, kept: NDArray[np.bool_]) -> NDArray[np.uint32]:
        """Indices of the rows that satisfy the filter, among those of `kept`."""
        predicate = None if self._compiled is None else self._compiled(self.store)
        if predicate is None:
            return np.flatnonzero(kept).astype(np.uint32)
        found: NDArray[np.uint32] = self.store.engine.row_ids(columns, predicate.sql, predicate.lookups, (0,)) - columns.row[0]
        return found if kept.all() else found[kept[found]]

    def _decoded(self, batch: FrameBatch) -> Columns:
        columns, count = self._columns, batch.count
        for column in columns:
            column[:count] = 0
        self.store.hosts.reserve(2 * count)
        decode_frames(
            batch.data, count, batch.start, batch.cap_len, batch.wire_len, batch.time, batch.link_type, batch.offset,
            columns, 0, 0, self.store.hosts,
        )  # fmt: skip
        return columns

    def _in_window(self, time: NDArray[np.int64]) -> NDArray[np.bool_]:
        kept = np.ones(len(time), np.bool_)
        if self._start is not None:
            kept &= time >= self._start
        if self._end is not None:
            kept &= (time < self._end) & (time != NO_TIME)
        return kept
