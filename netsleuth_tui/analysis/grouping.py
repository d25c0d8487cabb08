"""Counts per interval and value of any field, sparse: only what occurs takes memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.analysis.splits import split_by
from netsleuth_tui.decode.columns import NO_TIME
from netsleuth_tui.store import Rows
from netsleuth_tui.tabular import Cell

if TYPE_CHECKING:
    from netsleuth_tui.store import Store

__all__ = ["Grouped", "group_by_time"]

Keys = NDArray[np.int64]

NOTHING = -1
"""Key of a row without a value."""


@dataclass(frozen=True, slots=True)
class Grouped:
    """Pairs of interval and value that occur, by interval, then by value; arrays int64 of equal length."""

    interval: Keys
    """Index of the interval, from 0."""
    values: list[Cell]
    packets: Keys
    bytes: Keys
    """Bytes on the wire."""
    payload: Keys
    """TCP payload bytes."""


def group_by_time(store: Store, rows: Rows, by: str, start: int, every: int) -> Grouped:
    """Count the selected rows that have a time by interval and by the value of `by`; rows without the field have None.

    Args:
        store: What was loaded.
        rows: Which rows to count.
        by: Name of the field, or one of the words that `splits.split_by` knows.
        start: Begin of interval 0, ns since the epoch.
        every: Length of an interval, ns.

    Raises:
        NetSleuthError: There is no such field, or it is different in every frame.
    """
    columns = store.columns()
    ids = rows.take(0, len(rows))
    ids = ids[columns.time[ids] != NO_TIME]
    split = split_by(store, Rows(0, len(ids), ids), by)
    parts_rows, parts_keys = [], []
    for part, keys in enumerate(split.keys):
        has = np.uint64(keys.has)
        there = ((columns.present[ids] & has) == has) & (keys.numbers.astype(np.int64) < keys.size)
        # Beside the first value, a second one counts where it is there; a frame without any counts once.
        counted = there if part else np.ones(len(ids), np.bool_)
        parts_rows.append(ids[counted])
        parts_keys.append(np.where(there, keys.numbers.astype(np.int64), NOTHING)[counted])
    row, key = np.concatenate(parts_rows), np.concatenate(parts_keys)
    interval = (columns.time[row] - start) // every
    order = np.lexsort((key, interval))
    row, key, interval = row[order], key[order], interval[order]
    edges = np.flatnonzero(np.r_[True, (key[1:] != key[:-1]) | (interval[1:] != interval[:-1])]) if len(row) else np.empty(0, np.int64)
    packets = np.diff(np.r_[edges, len(row)])
    octets, payload = (_sums(column[row], edges) for column in (columns.len, columns.tcp_len))
    named = {number: split.name(number) for number in np.unique(key).tolist() if number != NOTHING}
    return Grouped(interval[edges], [named.get(number) for number in key[edges].tolist()], packets, octets, payload)


def _sums(values: NDArray[np.uint32], edges: Keys) -> Keys:
    return np.add.reduceat(values.astype(np.int64), edges) if len(edges) else np.empty(0, np.int64)
