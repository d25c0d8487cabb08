"""Events counted by codes: the passes over the event table that breakdowns, groups and time lines are made from."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.analysis.halves import WORTH_TWO_THREADS, count_ids_in_halves, side_by_side
from netsleuth_tui.decode.columns import NO_TIME
from netsleuth_tui.jit import kernel
from netsleuth_tui.store.event_kinds import multipliers, place_of
from netsleuth_tui.store.lookup import take_codes

__all__ = ["LATEST", "MOST_GROUPS", "Grouped", "count_codes", "group_codes"]

Codes = NDArray[np.uint32]
Counts = NDArray[np.int64]

FIRST_GROUPS, MOST_GROUPS, GROWTH = 1 << 11, 1 << 20, 8
"""Groups that there is room for at first and at most, and how the room grows where it is not enough: the pass begins again."""

MULTIPLIERS = multipliers()
"""Of the hash: secret, so that a log cannot choose which values collide."""

LATEST = np.iinfo(np.int64).max
"""Instead of a first time that is not known yet."""


@dataclass(frozen=True, slots=True)
class Grouped:
    """Events by the values of up to four columns; groups are numbered as they are met."""

    codes: Codes
    """(groups, 4): the values of each group; columns that were not asked for are 0."""
    events: Counts
    first: Counts
    """By group, ns since the epoch; `NO_TIME` where no event has a time."""
    last: Counts
    lines: Codes
    """The group of each event."""


def count_codes(codes: Codes, ids: Codes, size: int) -> Counts:
    """How many of some events have each code.

    Args:
        codes: By row; all below `size`.
        ids: Row ids of the events.
        size: Of the answer.
    """
    return count_ids_in_halves(ids, size, lambda part, counts: _count_codes(codes, ids[part], counts))


def group_codes(columns: list[Codes], time: Counts, ids: Codes) -> Grouped | None:
    """Group events by the values of one to four columns.

    Args:
        columns: Codes by row.
        time: By row, ns since the epoch.
        ids: Row ids of the events.

    Returns:
        None where there are more than `MOST_GROUPS` groups.
    """
    lines = np.empty(len(ids), np.uint32)
    if len(ids) < WORTH_TWO_THREADS:
        found = _grouped(columns, time, ids, lines)
    else:
        middle = len(ids) // 2
        found = _together(
            *side_by_side(
                lambda: _grouped(columns, time, ids[:middle], lines[:middle]),
                lambda: _grouped(columns, time, ids[middle:], lines[middle:]),
            ),
            lines,
        )
    if found is None:
        return None
    first = np.where(found.first == LATEST, NO_TIME, found.first)
    return replace(found, first=first)


def _grouped(columns: list[Codes], time: Counts, ids: Codes, lines: Codes) -> Grouped | None:
    """As `group_codes`, into `lines`; where no event has a time, the first one is `LATEST`."""
    a, b, c, d = [*columns, *columns[:1] * (4 - len(columns))][:4]
    k1, k2, k3, k4 = MULTIPLIERS
    most = FIRST_GROUPS
    while True:
        codes, events = np.zeros((most, 4), np.uint32), np.zeros(most, np.int64)
        first, last = np.full(most, LATEST, np.int64), np.full(most, NO_TIME, np.int64)
        table = np.full(2 * most, -1, np.int32)
        (count,) = _group(a, b, c, d, len(columns), time, ids, k1, k2, k3, k4, table, codes, events, first, last, lines)
        if count >= 0:
            return Grouped(codes[:count], events[:count], first[:count], last[:count], lines)
        if most >= MOST_GROUPS:
            return None
        most *= GROWTH


def _together(one: Grouped | None, other: Grouped | None, lines: Codes) -> Grouped | None:
    """The groups of two halves of the events; those of the second half get the numbers of the first, or the next ones."""
    if one is None or other is None:
        return None
    both = np.concatenate((one.codes, other.codes))
    numbers = np.empty(len(both), np.uint32)
    merged = _grouped([both[:, k].copy() for k in range(4)], np.zeros(len(both), np.int64), np.arange(len(both), dtype=np.uint32), numbers)
    if merged is None:
        return None
    place = numbers[len(one.codes) :]
    new = len(merged.codes) - len(one.codes)
    events = np.append(one.events, np.zeros(new, np.int64))
    first, last = np.append(one.first, np.full(new, LATEST)), np.append(one.last, np.full(new, NO_TIME))
    events[place] += other.events
    first[place] = np.minimum(first[place], other.first)
    last[place] = np.maximum(last[place], other.last)
    take_codes(place, other.lines, other.lines)
    return Grouped(merged.codes, events, first, last, lines)


def _count_codes_numpy(codes: Codes, ids: Codes, counts: Counts) -> None:
    counts += np.bincount(codes[ids], minlength=len(counts))[: len(counts)]


@kernel(plain=_count_codes_numpy)
def _count_codes(codes: Codes, ids: Codes, counts: Counts) -> None:
    """Count the code of each row; rows and codes beyond the ends are left out."""
    for i in range(ids.shape[0]):
        row = np.int64(ids[i])
        if row < codes.shape[0]:
            code = np.int64(codes[row])
            if code < counts.shape[0]:
                counts[code] += 1


def _group_numpy(
    a: Codes,
    b: Codes,
    c: Codes,
    d: Codes,
    fields: int,
    time: Counts,
    ids: Codes,
    k1: int,
    k2: int,
    k3: int,
    k4: int,
    table: NDArray[np.int32],
    codes: Codes,
    events: Counts,
    first: Counts,
    last: Counts,
    lines: Codes,
) -> tuple[int]:
    del k1, k2, k3, k4, table
    number = np.zeros(len(ids), np.int64)
    for column in (a, b, c, d)[:fields]:
        distinct, dense = np.unique(column[ids], return_inverse=True)
        number = np.unique(number * len(distinct) + dense, return_inverse=True)[1]
    _, met, group = np.unique(number, return_index=True, return_inverse=True)
    if len(met) > len(events):
        return (-1,)
    order = np.argsort(met)
    place = np.empty(len(met), np.int64)
    place[order] = np.arange(len(met))
    lines[:] = place[group]
    for k, column in enumerate((a, b, c, d)[:fields]):
        codes[: len(met), k] = column[ids[met[order]]]
    events[: len(met)] = np.bincount(lines, minlength=len(met))
    timed = time[ids] != NO_TIME
    np.minimum.at(first, lines[timed], time[ids[timed]])
    np.maximum.at(last, lines[timed], time[ids[timed]])
    return (len(met),)


@kernel(plain=_group_numpy)
def _group(
    a: Codes,
    b: Codes,
    c: Codes,
    d: Codes,
    fields: int,
    time: Counts,
    ids: Codes,
    k1: int,
    k2: int,
    k3: int,
    k4: int,
    table: NDArray[np.int32],
    codes: Codes,
    events: Counts,
    first: Counts,
    last: Counts,
    lines: Codes,
) -> tuple[np.int64]:
    """Give each event its group, by open addressing.

    Args:
        a: Codes by row, of the first column; `b`, `c` and `d` those of the others.
        b: See `a`.
        c: See `a`.
        d: See `a`.
        fields: How many columns count.
        time: By row.
        ids: Rows of the events.
        k1: Multiplier of the hash for `a`; the others for `b`, `c` and `d`.
        k2: See `k1`.
        k3: See `k1`.
        k4: See `k1`.
        table: Groups by hash, -1 where there is none; a power of two, twice as long as there is room for groups.
        codes: (groups, 4).
        events: By group.
        first: By group, the largest number where there is none.
        last: By group.
        lines: By event.

    Returns:
        How many groups there are; -1 where there is no room for them.
    """
    mask = table.shape[0] - 1
    most = events.shape[0]
    count = np.int64(0)
    nothing = np.int64(-1)
    before, one, two, three, four = nothing, nothing, nothing, nothing, nothing
    for i in range(ids.shape[0]):
        row = np.int64(ids[i])
        x = np.int64(a[row])
        y = np.int64(b[row]) if fields > 1 else np.int64(0)
        z = np.int64(c[row]) if fields > 2 else np.int64(0)
        w = np.int64(d[row]) if fields > 3 else np.int64(0)
        if x == one and y == two and z == three and w == four:
            group = before
        else:
            at = place_of(x * k1 + y * k2 + z * k3 + w * k4) & mask
            group = np.int64(table[at])
            while group >= 0 and not (codes[group, 0] == x and codes[group, 1] == y and codes[group, 2] == z and codes[group, 3] == w):
                at = (at + 1) & mask
                group = np.int64(table[at])
            if group < 0:
                if count >= most:
                    return (np.int64(-1),)
                group = count
                table[at] = group
                codes[group, 0], codes[group, 1], codes[group, 2], codes[group, 3] = x, y, z, w
                count += np.int64(1)
            before, one, two, three, four = group, x, y, z, w
        lines[i] = group
        events[group] += 1
        when = time[row]
        if when != NO_TIME:
            first[group] = min(first[group], when)
            last[group] = max(last[group], when)
    return (count,)
