"""From a time line to columns of a chart: which interval a column covers, how high its parts are, where the axis has its marks.

A column that covers many seconds shows the busiest second in it: a spike of one second keeps its height however long the capture is.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log
from typing import TYPE_CHECKING

import numpy as np

from netsleuth_tui.analysis.intervals import show_interval
from netsleuth_tui.analysis.times import clock, iso
from netsleuth_tui.tabular import Bars
from netsleuth_tui.wording import grouped

if TYPE_CHECKING:
    from netsleuth_tui.analysis.series import Measure, Series

__all__ = [
    "DAY",
    "SECOND",
    "UNITS",
    "UNIT_NAMES",
    "Chart",
    "Plan",
    "Tick",
    "bars",
    "chart",
    "full",
    "plan",
    "stack",
    "tick_labels",
    "ticks",
]

MILLISECOND = 1_000_000
SECOND = 1_000_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

MOST_INTERVALS = 1 << 15
"""Intervals that are counted at most: more would take longer than the eye waits."""

UNITS = (SECOND, 10 * SECOND, MINUTE, 10 * MINUTE, HOUR, DAY)
"""What a peak is the peak of; the first that gives few enough intervals."""

UNIT_NAMES = dict(zip(UNITS, ("second", "10 s", "minute", "10 min", "hour", "day"), strict=True))
MEASURED = {"packets": "packets", "bytes": "bytes", "bits": "bits", "payload": "TCP payload bytes", "events": "events"}

FRACTIONS = tuple(mantissa * 10**power // 100 for power in range(2, 11) for mantissa in (100, 125, 200, 250, 400, 500, 800))
"""Columns below a second, ns: they begin where seconds do, so that a peak is not named by an odd time."""

STEPS = ((2 * MINUTE, SECOND), (10 * MINUTE, 10 * SECOND), (2 * HOUR, MINUTE), (2 * DAY, 10 * MINUTE), (60 * DAY, HOUR))
"""Up to this length, a column's interval is a multiple of that."""

LABEL_APART = 12
"""Columns from one label of a chart in plain text to the next, at least."""

TICKS = (
    *(MILLISECOND * factor // 1000 for factor in (1, 2, 5, 10, 20, 50, 100, 200, 500)),
    *(MILLISECOND * factor for factor in (1, 2, 5, 10, 20, 50, 100, 200, 500)),
    *(SECOND * s for s in (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200)),
    *(DAY * factor for factor in (1, 2, 5, 10)),
)
"""Distances of the axis' marks, ns."""
MONTHS = (1, 2, 3, 6, 12, 24, 60, 120, 240, 600, 1200, 2400)
"""Distances of marks that are further apart, in months."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How to count for a chart."""

    column: int
    """Interval of one column, ns; a multiple of `unit`."""
    unit: int
    """Interval that is counted, ns; a column shows its busiest one."""


@dataclass(frozen=True, slots=True)
class Chart:
    """Everything that the time line draws, of one measure."""

    start: int
    """ns since the epoch."""
    plan: Plan
    labels: tuple[str, ...]
    heights: list[int]
    """Per column: what its busiest interval counts, every packet once."""
    parts: list[list[int]]
    """Per column and label: the same of each label."""
    sums: list[int]
    """Per column: what all of it counts."""
    label_sums: list[list[int]]
    """Per column and label."""
    peak: int
    """The greatest of the heights."""
    peak_time: int
    """Begin of the interval that it is of, ns since the epoch."""

    @property
    def columns(self) -> int:
        """Number of columns."""
        return len(self.heights)


@dataclass(frozen=True, slots=True)
class Tick:
    """A mark of the time axis."""

    column: int
    time: int
    """ns since the epoch."""


def plan(span: int, columns: int) -> Plan:
    """Intervals that fill `columns` columns with `span` ns."""
    least = max(1, -(-(span + 1) // max(columns - 1, 1)))
    if least < SECOND:
        column = next((length for length in FRACTIONS if length >= least), SECOND)
        return Plan(column, column)
    step = next((step for limit, step in STEPS if least <= limit), DAY)
    unit = next((unit for unit in UNITS if span // unit < MOST_INTERVALS), DAY)
    column = -(-max(least, unit) // step) * step
    column = -(-column // unit) * unit
    return Plan(column, unit if column // unit > 1 else column)


def chart(line: Series, column: int, measure: Measure = "packets") -> Chart:
    """Fold a time line, counted in units, into columns of `column` ns."""
    counts, totals = line.of(measure)
    per = column // line.every
    missing = -len(totals) % per
    if missing:
        counts = np.concatenate((counts, np.zeros((missing, counts.shape[1]), counts.dtype)))
        totals = np.concatenate((totals, np.zeros(missing, totals.dtype)))
    columns = np.arange(len(totals) // per)
    folded, sums = counts.reshape(len(columns), per, counts.shape[1]), totals.reshape(len(columns), per)
    busiest = sums.argmax(axis=1) if len(sums) else columns
    heights = sums[columns, busiest]
    highest = int(heights.argmax()) if len(heights) else 0
    return Chart(
        line.start,
        Plan(column, line.every),
        line.labels,
        heights.tolist(),
        folded[columns, busiest].tolist(),
        sums.sum(axis=1).tolist(),
        folded.sum(axis=1).tolist(),
        int(heights[highest]) if len(heights) else 0,
        line.start + (highest * per + int(busiest[highest]) if len(heights) else 0) * line.every,
    )


def full(height: int, peak: int, steps: int, *, logarithmic: bool = False) -> int:
    """How many steps high a column is, if the peak is `steps` high; what is not empty is at least 1 high.

    On a logarithmic scale one packet (byte, bit) is one step high.
    """
    if height <= 0 or peak <= 0:
        return 0
    if logarithmic:
        return 1 + round((steps - 1) * (log(height) / log(peak))) if peak > 1 else steps
    return max(1, round(height / peak * steps))


def stack(parts: list[int], steps: int) -> list[int]:
    """Upper edges of a column's parts, from the first label up, in a column of so many steps."""
    total = sum(parts)
    if not total:
        return [0] * len(parts)
    edges, so_far = [], 0
    for value in parts:
        so_far += value
        edges.append(round(so_far / total * steps))
    return edges


def ticks(start: int, column: int, columns: int, width: int) -> list[Tick]:
    """Marks at round times, at least `width` columns apart; from months on they are where months and years begin."""
    months = next((months for months in MONTHS if _least(months) >= width * column), None)
    if months is not None and width * column > TICKS[-1]:
        return [Tick((time - start) // column, time) for time in _begins(start, start + columns * column, months)]
    step = next((step for step in TICKS if step >= width * column), TICKS[-1] * -(-width * column // TICKS[-1]))
    first = -(-start // step) * step
    return [Tick((time - start) // column, time) for time in range(first, start + columns * column, step)]


def _least(months: int) -> int:
    """The shortest that so many months are, ns."""
    return months // 12 * 365 * DAY if months >= 12 else months * 28 * DAY


def _begins(start: int, end: int, months: int) -> list[int]:
    """Begins of every so many months, counted from year 0, in a stretch of time; ns since the epoch."""
    first = int(np.datetime64(start, "ns").astype("datetime64[M]").astype(np.int64)) + 1970 * 12
    last = int(np.datetime64(end, "ns").astype("datetime64[M]").astype(np.int64)) + 1970 * 12
    numbers = np.arange(first // months * months, last + 1, months) - 1970 * 12
    times = [int(day) * DAY for day in numbers.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)]
    return [time for time in times if start <= time < end]


def tick_labels(made: Chart, width: int) -> list[tuple[int, str]]:
    """Columns with a mark at a round time, at least `width` apart, and what they say: the time, or the day where that begins."""
    return tick_times(made.start, made.plan.column, made.columns, width)


def tick_times(start: int, column: int, columns: int, width: int) -> list[tuple[int, str]]:
    """The same for an axis that begins at `start` (ns) with columns of `column` ns."""
    marks = ticks(start, column, columns, width)
    return [(tick.column, _label(tick, previous, marks)) for previous, tick in zip([None, *marks], marks, strict=False)]


def _label(tick: Tick, previous: Tick | None, marks: list[Tick]) -> str:
    step = marks[1].time - marks[0].time if len(marks) > 1 else SECOND
    if step >= 365 * DAY:
        return iso(tick.time)[:4]
    if step >= DAY:
        return iso(tick.time)[:7] if step >= 28 * DAY else iso(tick.time)[5:10]
    if previous is not None and iso(previous.time)[:10] != iso(tick.time)[:10]:
        return iso(tick.time)[5:10]
    if step >= MINUTE:
        return clock(tick.time, 0)[:5]
    if step >= SECOND:
        return clock(tick.time, 0)
    return clock(tick.time, 3 if step >= MILLISECOND else 6)[6:]


def bars(made: Chart, measure: Measure, *, by: str | None, text: str, room: int) -> Bars:
    """The chart as it is written into a ticket, with what has to be said about it.

    Args:
        made: The chart; where its series overlap (both hosts of a packet, several TCP flags), they share a column's height.
        measure: What it is of.
        by: What it is divided by.
        text: The filter.
        room: Columns that it will have.
    """
    unit, column = made.plan.unit, made.plan.column
    title = f"{MEASURED[measure]} {'per second' if unit == SECOND else f'in {show_interval(unit)}'}"
    title += f" by {by}" if by is not None else ""
    title += f", the busiest {UNIT_NAMES[unit]} of each {show_interval(column)}" if unit < column else ""
    parts = np.array(made.parts, np.float64).reshape(made.columns, len(made.labels))
    shares = parts / np.maximum(parts.sum(axis=1), 1)[:, None]
    heights = (shares * np.array(made.heights, np.float64)[:, None]).T.tolist()
    notes = [f"{iso(made.start)} to {iso(made.start + made.columns * column)}", f"peak {grouped(made.peak)} at {iso(made.peak_time)}"]
    return Bars(
        title,
        made.labels,
        heights,
        tick_labels(made, -(-LABEL_APART * made.columns // room)),
        (*notes, *([f"filter: {text}"] if text else [])),
    )
