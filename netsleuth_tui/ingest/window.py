"""What of a file is loaded: the records of a window of time, and, where a file is read again, those that are not there yet."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.decode.columns import NO_TIME
from netsleuth_tui.query.times import iso
from netsleuth_tui.readers.frames import FrameBatch

__all__ = ["ALL", "LoadWindow", "Taken", "chosen_cells"]


@dataclass(frozen=True, slots=True, eq=False)
class Taken:
    """Where the records of a file begin that are loaded, for files whose records are not read in the order of their bytes.

    Args:
        packets: Offsets, int64, ascending.
        events: Those of its events, likewise.
    """

    packets: NDArray[np.int64]
    events: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class LoadWindow:
    """Records with `start` <= time < `end`, ns since the epoch, None being open, that lie behind byte `after` of their file.

    Records without a time are in no window that is closed on a side.
    """

    start: int | None = None
    end: int | None = None
    after: int = -1
    events_after: int = -1
    """The same for events among frames, which may be further: a filter at loading was asked of them, and kept none."""
    taken: Taken | None = None
    """What is not to be loaded again, where that cannot be said by one offset."""

    @property
    def is_timed(self) -> bool:
        """Whether a part of the time is left out."""
        return self.start is not None or self.end is not None

    def is_new(self, offset: NDArray[np.generic], *, events: bool = False) -> NDArray[np.bool_]:
        """Which packets, or events of a trace or among frames, are not loaded yet, by their offsets."""
        place: NDArray[np.int64] = offset.astype(np.int64)
        new: NDArray[np.bool_] = place > (max(self.after, self.events_after) if events else self.after)
        taken = None if self.taken is None else self.taken.events if events else self.taken.packets
        if taken is not None and len(taken):
            new &= taken[np.minimum(np.searchsorted(taken, place), len(taken) - 1)] != place
        return new

    def inside(self, time: NDArray[np.int64], offset: NDArray[np.generic] | None = None) -> NDArray[np.bool_]:
        """Which packets, or records of a log, are to be loaded, by their times (put right already) and offsets."""
        kept = np.ones(len(time), np.bool_)
        if self.start is not None:
            kept &= time >= self.start
        if self.end is not None:
            kept &= (time < self.end) & (time != NO_TIME)
        if offset is not None and (self.after >= 0 or self.taken is not None):
            kept &= self.is_new(offset)
        return kept

    def of(self, batch: FrameBatch) -> FrameBatch:
        """The frames of a batch that are to be loaded; the batch itself where those are all."""
        if self == ALL:
            return batch
        count = batch.count
        chosen = np.flatnonzero(self.inside(batch.time[:count], batch.offset[:count]))
        if len(chosen) == count:
            return batch
        return batch.at(chosen.astype(np.uint32))

    def __str__(self) -> str:
        """As notes say it: 'from … until …'."""
        end = "before" if self.start is None else "until"
        words = [f"{word} {iso(time)}" for word, time in (("from", self.start), (end, self.end)) if time is not None]
        return " ".join(words)


ALL = LoadWindow()


def chosen_cells(
    slot: NDArray[np.int64], cells: NDArray[np.uint32], kept: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.uint32]]:
    """Cells of the rows that are kept, and where each row's begin among them.

    Args:
        slot: Where each row's cells begin, ascending: they end where those of the next begin.
        cells: Of all rows.
        kept: Which rows are.
    """
    lengths = np.diff(slot, append=len(cells))
    if (lengths < 0).any():
        return slot[kept], cells
    some = lengths[kept]
    return np.cumsum(some) - some, cells[int(slot[0]) if len(slot) else 0 :][np.repeat(kept, lengths)]
