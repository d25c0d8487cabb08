"""Security associations as rows for files and the command line: one each, or one for each interval."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.analysis.esp import WINDOWS, Associations, inside
from netsleuth_tui.analysis.esp_course import course
from netsleuth_tui.analysis.scope import Scope, rows_of
from netsleuth_tui.analysis.timeline import axis, time_span
from netsleuth_tui.analysis.times import interval_cells
from netsleuth_tui.decode.columns import NO_TIME
from netsleuth_tui.tabular import Cell, Column, Table

if TYPE_CHECKING:
    from netsleuth_tui.store import Store

__all__ = ["association_columns", "associations_table", "courses_table"]

DROPS = "replay_drops"
COLUMNS = (
    "src", "dst", "spi", "encapsulation", "packets", "bytes", "packets_per_second", "bytes_per_second", "start", "duration", "expected",
    "lost", "lost_percent", "lost_provisional", "ahead", "late", "late_percent", "max_depth", "depth_p50", "depth_p95", "max_wait",
    "duplicates", *(f"replay_drops_{window}" for window in WINDOWS), "safe_window", "joined", "goes_on", "resets", "jumps", "wraps",
    "outliers", "zeros", "rekeyed_from", "rekey_overlap", "rekey_overlap_packets", "rekeyed_to", "opposite",
)  # fmt: skip
TEXTS = frozenset(("src", "dst", "spi", "encapsulation", "start", "rekeyed_from", "rekeyed_to", "opposite"))
NUMBERS = frozenset(("packets_per_second", "bytes_per_second", "duration", "lost_percent", "late_percent", "max_wait", "rekey_overlap"))
BLOCK = 1 << 14
"""Rows per block of a table."""


def association_columns() -> tuple[str, ...]:
    """Names of the columns of a table of associations."""
    return COLUMNS


def associations_table(found: Associations, which: NDArray[np.uint32] | None = None, windows: Sequence[int] = WINDOWS) -> Table:
    """One row per association: those with most packets first, or as `which` says.

    Args:
        found: The associations.
        which: Their places, in order.
        windows: Of receivers, for the drops; in JSON these are one object, window to count.
    """
    chosen = found.order("packets", descending=True) if which is None else which
    begin = COLUMNS.index(f"{DROPS}_{WINDOWS[0]}")
    names = (*COLUMNS[:begin], *(f"{DROPS}_{window}" for window in windows), *COLUMNS[begin + len(WINDOWS) :])

    def blocks() -> Iterator[list[list[Cell]]]:
        for first in range(0, len(chosen), BLOCK):
            some = found.at(chosen[first : first + BLOCK])
            yield [some.cells(name) for name in names]

    return Table(tuple(map(_column, names)), blocks())


def _column(name: str) -> Column:
    stem, _, window = name.rpartition("_")
    return Column(name, "text" if name in TEXTS else "number" if name in NUMBERS else "integer", (DROPS, window) if stem == DROPS else None)


def courses_table(store: Store, scope: Scope, found: Associations, *, every: int, window: int) -> Table:
    """One row per interval and association that has packets in it, by time, then the association with most packets first.

    Args:
        store: What was loaded.
        scope: What the associations were counted in.
        found: Those that are wanted.
        every: Length of an interval, ns.
        window: Of the receiver, for the drops.

    Raises:
        NetSleuthError: There would be too many intervals.
    """
    start, step, _ = axis(time_span(store, scope), every=every)
    judged, columns = found.judged, store.columns()
    members, times = judged.members, columns.time[judged.members.rows]
    order = found.order("packets", descending=True)
    rank = np.full(len(members), -1)
    rank[found.which[order]] = np.arange(len(order))
    ranks = np.repeat(rank, np.diff(members.starts))
    counted = inside(judged, rows_of(store, scope)) & (times != NO_TIME) & (ranks >= 0)
    keys = ((times[counted] - start) // step) * max(len(order), 1) + ranks[counted]
    known, bucket = np.unique(keys, return_inverse=True)
    buckets = np.full(len(times), -1)
    buckets[counted] = bucket
    sums = course(judged, columns, buckets, len(known), window=window)
    interval, place = np.divmod(known, max(len(order), 1))
    of = found.at(order[place])
    cells: list[list[Cell]] = [interval_cells(start, step, interval.tolist())]
    cells += [of.cells(name) for name in ("src", "dst", "spi", "encapsulation")]
    cells += [numbers.tolist() for numbers in sums[:7]]
    cells += [
        [number if packets >= 0 else None for number, packets in zip(numbers.tolist(), sums.highest.tolist(), strict=True)]
        for numbers in sums[7:]
    ]
    names = ("packets", "bytes", "ahead", "late", "lost", "duplicates", f"{DROPS}_{window}", "sequence_min", "sequence_max")
    head = tuple(map(Column, ("time", "src", "dst", "spi", "encapsulation")))
    return Table((*head, *(Column(name, "integer", (DROPS, str(window)) if name.startswith(DROPS) else None) for name in names)), [cells])
