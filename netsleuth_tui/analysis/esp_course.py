"""Security associations over time: what happened in each interval, and how sequence numbers and frames run beside each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.analysis.esp import inside
from netsleuth_tui.analysis.esp_order import AHEAD, CLASS, DUPLICATE, Judged
from netsleuth_tui.analysis.esp_packets import Numbers
from netsleuth_tui.decode.columns import NO_TIME, Columns

if TYPE_CHECKING:
    from netsleuth_tui.store import Rows, Store

__all__ = ["Course", "OverTime", "course", "over_time", "time_of"]

LOWEST, HIGHEST = -(2**63), 2**63 - 1


class Course(NamedTuple):
    """What happened in each interval; int64 arrays of equal length."""

    packets: Numbers
    bytes: Numbers
    """On the wire."""
    ahead: Numbers
    """Packets that opened a gap: early ones."""
    late: Numbers
    lost: Numbers
    """Numbers that never came, at the packet that opened their gap."""
    duplicates: Numbers
    replay_drops: Numbers
    """Late packets that a receiver with the given window drops."""
    lowest: Numbers
    """Smallest sequence number; -1 where there is none. So is `highest`."""
    highest: Numbers


@dataclass(frozen=True, slots=True)
class OverTime:
    """One association over time, with its frames counted from 1, and its sequence numbers shifted so that they begin at 1 as well.

    Where nothing is lost, late or sent twice, both are the same.
    """

    start: int
    """Begin of interval 0, ns since the epoch."""
    every: int
    """Length of an interval, ns."""
    course: Course
    shift: int
    """Sequence numbers minus this begin at 1."""
    frames: Numbers
    """Number of the last frame up to the end of each interval."""

    @property
    def lowest(self) -> Numbers:
        """Smallest shifted sequence number of each interval; -1 where there is none."""
        return np.where(self.course.highest < 0, -1, self.course.lowest - self.shift)

    @property
    def highest(self) -> Numbers:
        """Greatest shifted sequence number of each interval; -1 where there is none."""
        return np.where(self.course.highest < 0, -1, self.course.highest - self.shift)

    @property
    def behind(self) -> Numbers:
        """How far the smallest number is from the first frame of its interval: below 0 where packets came late."""
        return np.where(self.course.highest < 0, 0, self.lowest - (self.frames - self.course.packets + 1))

    @property
    def before(self) -> Numbers:
        """How far the greatest number is from the last frame of its interval: above 0 where numbers are lost, or came early."""
        return np.where(self.course.highest < 0, 0, self.highest - self.frames)


def course(found: Judged, columns: Columns, buckets: NDArray[np.int64], size: int, first: int = 0, window: int = 64) -> Course:
    """Count packets by bucket.

    Args:
        found: The judgement of all packets.
        columns: The store's columns.
        buckets: The bucket of each position from `first` on, -1 for packets that do not count.
        size: Number of buckets.
        first: The first position.
        window: Of the receiver, for `replay_drops`.
    """
    counted = np.flatnonzero(buckets >= 0)
    at, bucket = counted + first, buckets[counted]
    kinds, rows = found.kinds[at] & CLASS, found.members.rows[at]

    def of(positions: Numbers) -> Numbers:
        within = (positions >= first) & (positions < first + len(buckets))
        return np.where(within, buckets[np.where(within, positions - first, 0)] if len(buckets) else -1, -1)

    def tally(chosen: Numbers, weights: NDArray[np.integer] | None = None) -> Numbers:
        there = chosen >= 0
        return np.bincount(chosen[there], None if weights is None else weights[there], minlength=size).astype(np.int64)

    late = of(found.late)
    lowest, highest = np.full(size, HIGHEST), np.full(size, LOWEST)
    judged = kinds <= DUPLICATE
    if judged.any():
        sequence = found.sequence(found.places[at[judged]])
        np.minimum.at(lowest, bucket[judged], sequence)
        np.maximum.at(highest, bucket[judged], sequence)
    empty = highest == LOWEST
    lowest[empty] = highest[empty] = -1
    return Course(
        packets=tally(bucket),
        bytes=tally(bucket, columns.len[rows]),
        ahead=tally(bucket[kinds == AHEAD]),
        late=tally(late),
        lost=tally(of(found.run_at), found.run_length),
        duplicates=tally(of(found.duplicates)),
        replay_drops=tally(np.where(found.late_depth >= window, late, -1)),
        lowest=lowest,
        highest=highest,
    )


def time_of(store: Store, rows: Rows, found: Judged, number: int) -> tuple[int, int] | None:
    """Times of the first and the last packet of an association among some rows, ns since the epoch; None where none has a time.

    Args:
        store: What was loaded.
        rows: Which rows count.
        found: The judgement of all packets.
        number: Of the association in `found.members`.
    """
    first, last = int(found.members.starts[number]), int(found.members.starts[number + 1])
    times = store.columns().time[found.members.rows[first:last][inside(found, rows, first, last)]]
    times = times[times != NO_TIME]
    return (int(times.min()), int(times.max())) if len(times) else None


def over_time(
    store: Store, rows: Rows, found: Judged, number: int, *, start: int, every: int, intervals: int, window: int = 64
) -> OverTime:
    """One association over time.

    Args:
        store: What was loaded.
        rows: Which rows count.
        found: The judgement of all packets.
        number: Of the association in `found.members`.
        start: Begin of interval 0, ns since the epoch. Packets before it count as frames, too.
        every: Length of an interval, ns.
        intervals: How many there are.
        window: Of the receiver, for `Course.replay_drops`.
    """
    columns = store.columns()
    first, last = int(found.members.starts[number]), int(found.members.starts[number + 1])
    chosen = inside(found, rows, first, last)
    times = columns.time[found.members.rows[first:last]]
    chosen &= times != NO_TIME
    buckets = (times - start) // every
    earlier = int(np.count_nonzero(chosen & (buckets < 0)))
    ordered = chosen & (found.kinds[first:last] & CLASS <= DUPLICATE)
    lowest = found.lowest_sequence(first, last, ordered)
    buckets[~chosen | (buckets < 0) | (buckets >= intervals)] = -1
    counted = course(found, columns, buckets, intervals, first, window)
    return OverTime(start, every, counted, max(lowest, 1) - 1, earlier + np.cumsum(counted.packets))
