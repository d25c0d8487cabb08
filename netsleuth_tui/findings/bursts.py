"""Seconds in which there is much more of something than in the others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.analysis.times import BILLION, clock
from netsleuth_tui.findings.finding import OCCURRENCES
from netsleuth_tui.findings.words import rate, span_of
from netsleuth_tui.wording import counted, grouped

if TYPE_CHECKING:
    from netsleuth_tui.findings.limits import Limits
    from netsleuth_tui.findings.seen import Seen

__all__ = ["Burst", "bursts", "first_after", "per_second"]


FEW = 3
"""So many bursts are told one by one; more of them are one thing that recurs."""


@dataclass(frozen=True, slots=True)
class Burst:
    """A run of seconds, or the time from the first of many runs to the end of the last."""

    start: int
    """ns since the epoch; a whole second, unless the scope begins later."""
    end: int
    """ns since the epoch, excluded."""
    inside: NDArray[np.bool_]
    """Which of the records lie between."""
    count: int
    peak: int
    """Records in the busiest second."""
    usual: float | None
    """Records per second in the seconds that belong to no burst; None where there are none."""
    runs: int = 1
    """How many runs of seconds there are between start and end."""
    begins: tuple[int, ...] = ()
    """When the first record of each run came, where there are several."""
    first: int = 0
    """ns since the epoch."""
    last: int = 0
    """ns since the epoch."""
    digits: int = 0
    """Digits of the second that are told: where there are any, so are the times of the records instead of the seconds that they are in."""

    def told(self, what: str) -> str:
        """'1 807 ARP packets in 12 s from 12:00:01 on, up to 350 a second, otherwise 0.3'.

        Args:
            what: They are, as in 'ARP packets'.
        """
        usual = f", otherwise {rate(self.usual)}" if self.usual is not None else ""
        most = f"up to {grouped(self.peak)} a second{usual}"
        begin, end = (self.first, self.last) if self.digits else (self.start, self.end)
        if self.runs > 1:
            return f"{self.runs} bursts of {what} between {clock(begin, self.digits)} and {clock(end, self.digits)}, {most}"
        length = span_of(begin, end) if self.digits else counted(max(round((end - begin) / BILLION), 1), "second")
        return f"{grouped(self.count)} {what} in {length} from {clock(begin, self.digits)} on, {most}"


def per_second(times: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The seconds since the epoch that have records, ascending, and how many they have."""
    seconds = times // BILLION
    if not len(seconds):
        return seconds, seconds
    steps = np.diff(seconds)
    if (steps < 0).any():
        return np.unique(seconds, return_counts=True)
    edges = np.append(0, np.flatnonzero(steps) + 1)
    return seconds[edges], np.diff(np.append(edges, len(seconds)))


def bursts(seen: Seen, times: NDArray[np.int64], least: int, limits: Limits) -> list[Burst]:
    """Runs of seconds that have at least so many records each, and `times_usual` as many as the other seconds have on average.

    Args:
        seen: What is looked at.
        times: Of the records, ns since the epoch, in any order.
        least: Records per second.
        limits: The thresholds.
    """
    seconds, counts = per_second(times)
    hot = counts >= least
    if not hot.any() or seen.span is None:
        return []
    usual = _usual(seen.span, int(counts.sum() - counts[hot].sum()), int(hot.sum()))
    if usual is not None:
        hot &= counts >= limits.times_usual * usual
    places = np.flatnonzero(hot)
    begins = np.append(True, np.diff(seconds[places]) > limits.burst_gap)[: len(places)]
    firsts, lasts = places[begins], places[np.append(begins[1:], True)[: len(places)]]
    runs = 1
    each: tuple[int, ...] = ()
    if len(firsts) > FEW:
        each = first_after(times, seconds[firsts] * BILLION)
        runs, firsts, lasts = len(firsts), firsts[:1], lasts[-1:]
    found = []
    for first, last in zip(firsts.tolist(), lasts.tolist(), strict=True):
        start, end = seen.clipped(int(seconds[first]) * BILLION, (int(seconds[last]) + 1) * BILLION)
        inside = (times >= start) & (times < end)
        told, peak = times[inside], int(counts[first : last + 1].max())
        ends = int(told.min()), int(told.max())
        found.append(Burst(start, end, inside, len(told), peak, usual, runs, each, *ends, seen.digits))
    return found


def first_after(times: NDArray[np.int64], begins: NDArray[np.int64]) -> tuple[int, ...]:
    """The first of some times, in any order, at or after each of some begins, ascending ones: `OCCURRENCES` at most."""
    ordered = np.sort(times)
    places = np.searchsorted(ordered, begins[:OCCURRENCES])
    return tuple(np.unique(ordered[places[places < len(ordered)]]).tolist())


def _usual(span: tuple[int, int], others: int, hot: int) -> float | None:
    """Records per second outside the hot seconds."""
    rest = (span[1] - span[0]) / BILLION - hot
    return others / rest if rest >= 1 else None
