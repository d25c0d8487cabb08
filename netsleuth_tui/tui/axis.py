"""The arithmetic of the time line's axis: columns and times, zooming, brushing, peaks. Whole nanoseconds, no screen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

__all__ = ["Axis", "Range", "fit", "holding", "next_peak", "peaks", "zoomed_in", "zoomed_out"]

Range = tuple[int, int]
"""Begin and end (excluded) of a stretch of time, ns since the epoch."""

SHORTEST = 10_000
"""ns: nothing shorter is zoomed into."""

ABOVE_NOISE = 3 * 1.4826
"""So many median absolute deviations above the median is a peak; 1.4826 of them are one standard deviation of normal noise."""
SEEN = 0.1
"""A peak rises above the median by at least this share of what the highest does: less looks like its neighbours."""


@dataclass(frozen=True, slots=True)
class Axis:
    """What the time line shows: column k covers `start + k * column` <= time < `start + (k + 1) * column`."""

    start: int
    """ns since the epoch, a multiple of `unit`."""
    column: int
    """ns; a multiple of `unit`."""
    columns: int
    """Number of columns, at least 1."""
    unit: int
    """Interval that is counted, ns."""

    @property
    def end(self) -> int:
        """End of the last column, excluded."""
        return self.start + self.columns * self.column

    def at(self, time: int) -> int:
        """The column that a time lies in, the first or the last one for times beside the axis."""
        return min(max((time - self.start) // self.column, 0), self.columns - 1)

    def begin(self, column: int) -> int:
        """Where a column begins."""
        return self.start + column * self.column

    def holds(self, time: int) -> bool:
        """True if one of the columns covers the time."""
        return self.start <= time < self.end

    def covered(self, one: int, other: int, whole: Range) -> Range:
        """The time of the columns from one to the other, both included, as far as it lies in `whole`."""
        low, high = min(one, other), max(one, other)
        start = min(max(self.begin(low), whole[0]), whole[1] - 1)
        return start, max(min(self.begin(high + 1), whole[1]), start + 1)


def fit(shown: Range, columns: int, interval: int | None = None) -> Axis:
    """The axis for a stretch of time.

    Args:
        shown: What it is to cover.
        columns: As many as there is room for.
        interval: Length of a column, ns: then it begins where the stretch does, and goes as far as there is room; None: all of it.
    """
    start, end = shown
    room = max(columns, 1)
    if interval is not None:
        first = start // interval * interval
        return Axis(first, interval, min((end - 1 - first) // interval + 1, room), interval)
    from netsleuth_tui.analysis.chart import plan

    planned = plan(end - 1 - start, max(columns, 3))
    first = start // planned.unit * planned.unit
    return Axis(first, planned.column, (end - 1 - first) // planned.column + 1, planned.unit)


def zoomed_in(shown: Range, around: int) -> Range:
    """The half of a stretch of time around an instant, which keeps its place in it; nothing shorter than `SHORTEST`."""
    start, end = shown
    length = end - start
    half = max(length // 2, min(SHORTEST, length))
    around = min(max(around, start), end)
    first = around - (around - start) * half // length
    return first, first + half


def zoomed_out(shown: Range, around: int, whole: Range) -> Range | None:
    """Twice a stretch of time around an instant, within the whole; None where that is the whole."""
    start, end = shown
    length = 2 * (end - start)
    if length >= whole[1] - whole[0]:
        return None
    around = min(max(around, start), end)
    first = min(max(around - 2 * (around - start), whole[0]), whole[1] - length)
    return first, first + length


def holding(shown: Range, time: int, whole: Range, step: int = 1) -> Range:
    """A stretch of the same length that holds an instant, in its middle where it had to move.

    It begins at a multiple of `step`, and stays within the whole, rounded to such multiples.
    """
    start, end = shown
    if start <= time < end:
        return shown
    length = end - start
    latest = -(-whole[1] // step) * step - length
    first = max(min(time - length // 2, latest), whole[0]) // step * step
    first = max(first, (time - length) // step * step + step)  # rounding has not taken it out again
    return first, first + length


def peaks(heights: Sequence[float]) -> list[int]:
    """Columns that stand out: the greatest of each run above the noise (median, absolute deviation), and `SEEN` beside the highest."""
    if not heights:
        return []
    middle = median(heights)
    above = max(ABOVE_NOISE * median(abs(height - middle) for height in heights), SEEN * (max(heights) - middle))
    least = middle + above
    found: list[int] = []
    in_run = False
    for column, height in enumerate(heights):
        if height <= least:
            in_run = False
        elif not in_run:
            found.append(column)
            in_run = True
        elif height > heights[found[-1]]:
            found[-1] = column
    return found


def next_peak(heights: Sequence[float], column: int, direction: int) -> int | None:
    """The nearest peak after (1) or before (-1) a column; None where there is none."""
    found = [peak for peak in peaks(heights) if (peak - column) * direction > 0]
    return (found[0] if direction > 0 else found[-1]) if found else None
