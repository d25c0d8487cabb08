"""Frames of a file that a filter keeps, block by block: nothing else of the file stays in memory.

A sieve looks at a few bytes of every frame; what it leaves is decoded, and the filter decides by the columns. Where the sieve is the whole
filter, it decides on plain frames itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.decode.columns import PACKET_COLUMNS, Columns
from netsleuth_tui.decode.packets import decode_frames
from netsleuth_tui.decode.sieve import sieve
from netsleuth_tui.ingest.window import ALL, LoadWindow
from netsleuth_tui.readers.frames import FrameBatch
from netsleuth_tui.store.clock import put_right

if TYPE_CHECKING:
    from netsleuth_tui.decode.hosts import HostTable
    from netsleuth_tui.query import Node
    from netsleuth_tui.query.place_values import PlaceLookup

__all__ = ["BLOCK", "FRAMES", "Addresses", "Matched", "Matching"]

BLOCK = 4 << 20
"""Bytes of a block: large enough that what is done once a block costs nothing, and small enough for the processor's cache."""
FRAMES = 1 << 16
"""Most frames of a block."""
MOST_ADDRESSES = 1 << 20
"""Addresses that may be known before a block: they are of use to it alone, and the more there are, the longer each block takes."""


@dataclass(frozen=True, slots=True)
class Matched:
    """The frames of a block that are kept.

    Args:
        batch: The block, with its times put right; valid as long as the reader says.
        chosen: Indices of those that are kept, ascending, uint32.
        columns: What was decoded of those that are kept, one row for each of `chosen`; empty where that is not wanted.
    """

    batch: FrameBatch
    chosen: NDArray[np.uint32]
    columns: Columns


class Addresses(Protocol):
    """A store, or as much of one as is needed here."""

    @property
    def hosts(self) -> HostTable:
        """Its addresses."""


class Matching:
    """Looks at blocks and asks the filter.

    Args:
        store: For its addresses; it gets no rows. Not shared with another thread, and not the one that is filled.
        filter: Judges every frame alone (see `query.alone`); None keeps every frame.
        start: ns since the epoch; frames before it, or without a time, are left out. None is open.
        end: The same for its end, which is excluded.
        places: Knows where the addresses of the store are; without it nothing is anywhere.
        wanted: Whether the columns of the frames that are kept are wanted.
    """

    def __init__(
        self,
        store: Addresses,
        filter: Node | None,  # noqa: A002 - what it is called everywhere
        start: int | None = None,
        end: int | None = None,
        *,
        places: PlaceLookup | None = None,
        wanted: bool = True,
    ) -> None:
        from netsleuth_tui.query.sieve import sieve_of

        self.store = store
        self._filter = filter
        self._places = places
        self._wanted = wanted
        self.window = LoadWindow(start, end)
        """Which frames are looked at; may be replaced between files."""
        self._sieve = sieve_of(filter) if filter is not None else None
        self._kept = np.zeros(0, np.uint32)
        self._doubtful = np.zeros(0, np.uint32)
        self._columns = Columns._make(np.zeros(0, dtype) for dtype in PACKET_COLUMNS.values())
        self._frames = 0

    def of(self, batches: Iterable[FrameBatch], shift: int) -> Iterator[Matched]:
        """The frames of a file that are kept, in its order; `shift` nanoseconds are added to their times."""
        self.begin()
        for batch in batches:
            yield self.look(batch, shift)

    def begin(self) -> None:
        """Count frames from 1 again: the next block is the first of a file."""
        self._frames = 0

    def look(self, batch: FrameBatch, shift: int) -> Matched:
        """The frames of the next block that are kept; their columns are valid until the block after it."""
        if self.store.hosts.count > MOST_ADDRESSES:
            self.store.hosts.clear()
        put_right(batch.time[: batch.count], shift)
        matched = Matched(batch, *self._choose(batch))
        self._frames += batch.count
        return matched

    def _choose(self, batch: FrameBatch) -> tuple[NDArray[np.uint32], Columns]:
        possible, doubtful = self._possible(batch)
        nothing = self._columns.at(slice(0, 0))
        if not self._wanted:
            if self._filter is not None and len(doubtful):
                asked = possible[doubtful]
                failed = ~self._judged(self._decoded(batch, asked), asked + np.uint32(self._frames + 1))
                possible = np.delete(possible, doubtful[failed])
            return possible, nothing
        if not len(possible):
            return possible, nothing
        columns = self._decoded(batch, possible)
        if self._filter is not None:
            found = self._judged(columns, possible + np.uint32(self._frames + 1))
            possible = possible[found]
            columns = columns.at(np.flatnonzero(found).astype(np.uint32))
        return possible, columns

    def _possible(self, batch: FrameBatch) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
        """Frames inside the window that the sieve leaves, and the places among them of those that the filter has to be asked about."""
        count = batch.count
        if self._sieve is None:
            possible = np.arange(count, dtype=np.uint32)
            doubtful = possible
        else:
            if len(self._kept) < count:
                self._kept, self._doubtful = np.zeros(count, np.uint32), np.zeros(count, np.uint32)
            lies = batch.start, batch.cap_len, batch.link_type
            found, unsure = sieve(batch.data, count, *lies, self._sieve.tests, self._sieve.ends, self._kept, self._doubtful)
            possible = self._kept[:found].copy()
            doubtful = self._doubtful[:unsure] if self._sieve.is_whole else np.arange(found, dtype=np.uint32)
        if self.window == ALL:
            return possible, doubtful
        inside = self.window.inside(batch.time[possible], batch.offset[possible])
        return possible[inside], (np.cumsum(inside, dtype=np.uint32) - np.uint32(1))[doubtful[inside[doubtful]]]

    def rows_kept(self, columns: Columns) -> NDArray[np.uint32]:
        """Of rows that are decoded already, against the addresses of `store`, the indices of those that are kept.

        `row` counts from 0 in their file.
        """
        kept = self.window.inside(columns.time, columns.offset)
        if self._filter is not None:
            kept &= self._judged(columns, columns.row + np.uint32(1))
        return np.flatnonzero(kept).astype(np.uint32)

    def _judged(self, columns: Columns, numbers: NDArray[np.uint32]) -> NDArray[np.bool_]:
        if self._filter is None:
            return np.ones(len(numbers), np.bool_)
        from netsleuth_tui.query.judging import judge

        return judge(self._filter, columns, numbers, self.store.hosts.known(), self._places)

    def _decoded(self, batch: FrameBatch, chosen: NDArray[np.uint32]) -> Columns:
        """The columns of chosen frames; they are written anew for the next block."""
        count = len(chosen)
        if len(self._columns.row) < count:
            self._columns = Columns._make(np.zeros(max(count, 1 << 12), dtype) for dtype in PACKET_COLUMNS.values())
        columns = self._columns.at(slice(0, count))
        for column in columns:
            column[:] = 0
        self.store.hosts.reserve(2 * count)
        some = batch.at(chosen)
        decode_frames(
            batch.data, count, some.start, some.cap_len, some.wire_len, some.time, some.link_type, some.offset,
            columns, 0, 0, self.store.hosts,
        )  # fmt: skip
        return columns
