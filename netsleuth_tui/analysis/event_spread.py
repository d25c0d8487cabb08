"""Events spread over the time: the passes that small time lines beside lines, and the lines of a column of few values, are made from."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.analysis.event_tally import LATEST
from netsleuth_tui.analysis.halves import count_ids_in_halves
from netsleuth_tui.decode.columns import NO_TIME
from netsleuth_tui.jit import kernel

__all__ = ["Lines", "count_lines", "spread_lines"]

Codes = NDArray[np.uint32]
Counts = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Lines:
    """Events by the code that they have in one column: arrays by code."""

    events: Counts
    first: Counts
    """ns since the epoch; `NO_TIME` where no event has a time."""
    last: Counts
    spread: Counts
    """(codes, columns): the events in each column of the time."""


def spread_lines(lines: Codes, place: Counts, time: Counts, ids: Codes, span: tuple[int, int], shape: tuple[int, int]) -> Counts:
    """How the events of some lines are spread over the time.

    Args:
        lines: The line of each event.
        place: For each line its place in the answer; -1 for none.
        time: By row, ns since the epoch.
        ids: Row ids of the events.
        span: First and last instant; events before and after it are left out.
        shape: Of the answer: places, and columns into which the span is divided evenly.
    """
    if not shape[0] or not shape[1]:
        return np.zeros(shape, np.int64)
    width = _width(span, shape[1])
    return count_ids_in_halves(ids, shape, lambda part, spread: _spread(lines[part], place, time, ids[part], *span, width, spread))


def count_lines(codes: Codes, size: int, time: Counts, ids: Codes, span: tuple[int, int], columns: int) -> Lines:
    """Count events by one column, with their first and last time, and how they are spread over the time.

    Args:
        codes: By row; all below `size`.
        size: Of the answer.
        time: By row, ns since the epoch.
        ids: Row ids of the events.
        span: First and last instant of the time that is divided; events before and after it are in no column.
        columns: Into which it is divided evenly.
    """
    width = _width(span, columns)
    edges: list[Counts] = []

    def count(part: slice, spread: Counts) -> None:
        first_last = np.stack((np.full(size, LATEST, np.int64), np.full(size, NO_TIME, np.int64)), axis=1)
        _count_lines(codes, time, ids[part], *span, width, spread, first_last)
        edges.append(first_last)

    counted = count_ids_in_halves(ids, (size, columns + 1), count)
    first = reduce(np.minimum, [each[:, 0] for each in edges])
    last = reduce(np.maximum, [each[:, 1] for each in edges])
    return Lines(counted[:, -1].copy(), np.where(first == LATEST, NO_TIME, first), last, counted[:, :-1])


def _width(span: tuple[int, int], columns: int) -> int:
    """Nanoseconds of a column."""
    return max(-(-(span[1] - span[0] + 1) // max(columns, 1)), 1)


def _spread_numpy(lines: Codes, place: Counts, time: Counts, ids: Codes, start: int, end: int, width: int, spread: Counts) -> None:
    when, where = time[ids], place[lines]
    inside = (where >= 0) & (when >= start) & (when <= end) & (when != NO_TIME)
    cell = where[inside] * spread.shape[1] + (when[inside] - start) // width
    spread += np.bincount(cell, minlength=spread.size).reshape(spread.shape)


@kernel(plain=_spread_numpy)
def _spread(lines: Codes, place: Counts, time: Counts, ids: Codes, start: int, end: int, width: int, spread: Counts) -> None:
    """Add each event to the cell (place of its line, column of its time); the column is worked out where it is another one than before."""
    low, high, column = 1, 0, 0
    for i in range(ids.shape[0]):
        when = time[np.int64(ids[i])]
        if when < start or when > end or when == NO_TIME:
            continue
        if when < low or when >= high:
            column = (when - start) // width
            low = start + column * width
            high = low + width
        where = place[np.int64(lines[i])]
        if 0 <= where < spread.shape[0] and column < spread.shape[1]:
            spread[where, column] += 1


def _count_lines_numpy(codes: Codes, time: Counts, ids: Codes, start: int, end: int, width: int, counted: Counts, edges: Counts) -> None:
    code, when, columns = codes[ids].astype(np.int64), time[ids], counted.shape[1] - 1
    counted[:, columns] += np.bincount(code, minlength=len(counted))
    timed = when != NO_TIME
    np.minimum.at(edges[:, 0], code[timed], when[timed])
    np.maximum.at(edges[:, 1], code[timed], when[timed])
    inside = timed & (when >= start) & (when <= end)
    np.add.at(counted, (code[inside], (when[inside] - start) // width), 1)


@kernel(plain=_count_lines_numpy)
def _count_lines(codes: Codes, time: Counts, ids: Codes, start: int, end: int, width: int, counted: Counts, edges: Counts) -> None:
    """Add each event to the line of its code.

    Args:
        codes: By row; those beyond the lines are left out.
        time: By row.
        ids: Rows of the events.
        start: Begin of the first column.
        end: The last instant of the last one.
        width: Of a column.
        counted: (lines, columns + 1): events by column, and in the last place all of them.
        edges: (lines, 2): earliest and latest time.
    """
    columns = counted.shape[1] - 1
    low, high, column = np.int64(1), np.int64(0), np.int64(0)
    for i in range(ids.shape[0]):
        row = np.int64(ids[i])
        code = np.int64(codes[row])
        if code >= counted.shape[0]:
            continue
        counted[code, columns] += 1
        when = time[row]
        if when == NO_TIME:
            continue
        edges[code, 0] = min(edges[code, 0], when)
        edges[code, 1] = max(edges[code, 1], when)
        if when < start or when > end:
            continue
        if when < low or when >= high:
            column = (when - start) // width
            low = start + column * width
            high = low + width
        if column < columns:
            counted[code, column] += 1
