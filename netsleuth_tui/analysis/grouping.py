"""Counts per interval and value of any field, sparse: only what occurs takes memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.analysis.values import address, column_of, field_numbers, values
from netsleuth_tui.decode.columns import NO_TIME, Columns
from netsleuth_tui.errors import NetSleuthError
from netsleuth_tui.query.fields import ALIASES, FIELDS
from netsleuth_tui.tabular import Cell, Column

if TYPE_CHECKING:
    from netsleuth_tui.store import Rows, Store

__all__ = ["Grouped", "group_by_time"]

Ids = NDArray[np.uint32]
Keys = NDArray[np.int64]

ONE_COLUMN = {"_ws.col.protocol": "protocol", "file": "source"}
"""Fields whose text depends on one column alone."""

DIFFERENT_EVERYWHERE = ("frame.number", "frame.time", "frame.time_epoch", "frame.offset")


@dataclass(frozen=True, slots=True)
class Grouped:
    """Pairs of interval and value that occur, by interval, then by value; arrays int64 of equal length."""

    column: Column
    interval: Keys
    """Index of the interval, from 0."""
    values: list[Cell]
    packets: Keys
    bytes: Keys
    """Bytes on the wire."""


def group_by_time(store: Store, rows: Rows, by: str, start: int, every: int) -> Grouped:
    """Count the selected rows that have a time by interval and by the value of `by`; rows without the field have None.

    Args:
        store: What was loaded.
        rows: Which rows to count.
        by: Name of the field.
        start: Begin of interval 0, ns since the epoch.
        every: Length of an interval, ns.

    Raises:
        NetSleuthError: There is no such field, or it is different in every frame.
    """
    by = ALIASES.get(by, by)
    columns = store.columns()
    ids = rows.take(0, len(rows))
    ids = ids[columns.time[ids] != NO_TIME]
    row, key = _keys(columns, ids, by)
    interval = (columns.time[row] - start) // every
    order = np.lexsort((key, interval))
    row, key, interval = row[order], key[order], interval[order]
    edges = np.flatnonzero(np.r_[True, (key[1:] != key[:-1]) | (interval[1:] != interval[:-1])]) if len(row) else np.empty(0, np.int64)
    packets = np.diff(np.r_[edges, len(row)])
    octets = np.add.reduceat(columns.len[row].astype(np.int64), edges) if len(edges) else np.empty(0, np.int64)
    return Grouped(column_of(by), interval[edges], _labels(store, row[edges], key[edges], by), packets, octets)


def _keys(columns: Columns, ids: Ids, by: str) -> tuple[Ids, Keys]:
    """A row id and a number that stands for the value, once for each value that the row has; -1 for none."""
    if by in ONE_COLUMN:
        return ids, getattr(columns, ONE_COLUMN[by])[ids].astype(np.int64)
    if by not in FIELDS or by in DIFFERENT_EVERYWHERE:
        column_of(by)
        raise NetSleuthError(f"{by} cannot be counted by value", hint="choose a field such as ip.src, tcp.dstport or _ws.col.protocol")
    field = FIELDS[by]
    rows: list[Ids] = []
    keys: list[Keys] = []
    for part in range(len(field.columns)):
        raw, present = field_numbers(columns, ids, field, part)
        key = np.where(present, raw.astype(np.int64), -1)
        # Beside the first value, a second one counts where it is there and another; a frame without any counts once.
        new = np.ones(len(ids), np.bool_) if part == 0 else (key != keys[0]) & (key >= 0)
        rows.append(ids[new])
        keys.append(key[new])
    return np.concatenate(rows), np.concatenate(keys)


def _labels(store: Store, row: Ids, key: Keys, by: str) -> list[Cell]:
    field = FIELDS.get(by)
    if field is None or len(field.columns) == 1:
        return values(store, row, by)
    name = (lambda host: address(store.hosts, host)) if field.kind == "address" else int
    return [name(k) if k >= 0 else None for k in key.tolist()]
