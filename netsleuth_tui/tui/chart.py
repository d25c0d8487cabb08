"""From a time line to columns of a chart: which interval a column covers, how high its parts are, where the axis has its marks.

A column that covers many seconds shows the busiest second in it: a spike of one second keeps its height however long the capture is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from netsleuth_tui.analysis import Timeline

__all__ = ["DAY", "SECOND", "UNITS", "Bars", "Chart", "Plan", "Tick", "chart", "plan", "stack", "ticks"]

MILLISECOND = 1_000_000
SECOND = 1_000_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

MOST_INTERVALS = 1 << 15
"""Intervals that are counted at most: more would take longer than the eye waits."""

UNITS = (SECOND, 10 * SECOND, MINUTE, 10 * MINUTE, HOUR, DAY)
"""What a peak is the peak of; the first that gives few enough intervals."""

FRACTIONS = tuple(mantissa * 10**power // 100 for power in range(2, 11) for mantissa in (100, 125, 200, 250, 400, 500, 800))
"""Columns below a second, ns: they begin where seconds do, so that a peak is not named by an odd time."""

STEPS = ((2 * MINUTE, SECOND), (10 * MINUTE, 10 * SECOND), (2 * HOUR, MINUTE), (2 * DAY, 10 * MINUTE), (60 * DAY, HOUR))
"""Up to this length, a column's interval is a multiple of that."""

TICKS = (
    *(MILLISECOND * factor // 1000 for factor in (1, 2, 5, 10, 20, 50, 100, 200, 500)),
    *(MILLISECOND * factor for factor in (1, 2, 5, 10, 20, 50, 100, 200, 500)),
    *(SECOND * s for s in (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200)),
    *(DAY * factor for factor in (1, 2, 5, 10, 30, 90, 365)),
)
"""Distances of the axis' marks, ns."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How to count for a chart."""

    column: int
    """Interval of one column, ns; a multiple of `unit`."""
    unit: int
    """Interval that is counted, ns; a column shows its busiest one."""


@dataclass(frozen=True, slots=True)
class Bars:
    """Heights of one measure (packets, or bytes)."""

    rates: list[list[float]]
    """Per column and label, per second."""
    peak: float
    """Highest column, per second."""
    peak_time: int
    """Where it is, ns since the epoch."""


@dataclass(frozen=True, slots=True)
class Chart:
    """Everything that the time line draws."""

    start: int
    """ns since the epoch."""
    plan: Plan
    labels: tuple[str, ...]
    packets: Bars
    bytes: Bars


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


def chart(line: Timeline, column: int) -> Chart:
    """Fold a time line, counted in units, into columns of `column` ns."""
    return Chart(line.start, Plan(column, line.every), line.labels, _bars(line, line.packets, column), _bars(line, line.bytes, column))


def _bars(line: Timeline, counts: object, column: int) -> Bars:
    import numpy as np

    per = column // line.every
    array = np.asarray(counts)
    missing = -len(array) % per
    if missing:
        array = np.concatenate((array, np.zeros((missing, array.shape[1]), array.dtype)))
    totals = array.sum(axis=1)
    seconds = line.every / SECOND
    peak = int(totals.argmax()) if len(totals) else 0
    folded = array.reshape(len(array) // per, per, array.shape[1])
    busiest = folded.sum(axis=2).argmax(axis=1)
    chosen = folded[np.arange(len(folded)), busiest]
    highest = float(totals[peak]) / seconds if len(totals) else 0.0
    return Bars((chosen / seconds).tolist(), highest, line.start + peak * line.every)


def stack(rates: list[float], peak: float, height: int) -> list[int]:
    """Upper edges of a column's parts, from the first label up, if the peak is `height` high; what is not empty is at least 1 high."""
    total = sum(rates)
    if total <= 0 or peak <= 0:
        return [0] * len(rates)
    full = max(1, round(total / peak * height))
    edges, so_far = [], 0.0
    for value in rates:
        so_far += value
        edges.append(round(so_far / total * full))
    return edges


def ticks(start: int, column: int, columns: int, width: int) -> list[Tick]:
    """Marks at round times, at least `width` columns apart."""
    step = next((step for step in TICKS if step >= width * column), TICKS[-1] * -(-width * column // TICKS[-1]))
    first = -(-start // step) * step
    return [Tick((time - start) // column, time) for time in range(first, start + columns * column, step)]
