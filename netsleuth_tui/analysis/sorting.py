"""Orders: which rows come first by the value of a field, stable, absent values last, for millions of rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.analysis.values import field_numbers
from netsleuth_tui.decode.columns import NO_TIME, Has, Protocol
from netsleuth_tui.errors import NetSleuthError
from netsleuth_tui.query.fields import ALIASES, FIELDS, Field

if TYPE_CHECKING:
    from netsleuth_tui.decode.hosts import Hosts
    from netsleuth_tui.store import Rows, Store

__all__ = ["address_ranks", "can_sort", "label_ranks", "order", "sorted_rows"]

Ids = NDArray[np.uint32]
Numbers = NDArray[Any]
DIGIT = 16
"""NumPy sorts numbers of 16 bits by counting, 6 times as fast as it merges wider ones."""

ADDRESSES = {"_ws.col.def_src": "src", "_ws.col.def_dst": "dst"}


def order(
    keys: Numbers, absent: NDArray[np.bool_] | None = None, *, descending: bool = False, cancelled: Callable[[], bool] = lambda: False
) -> Ids:
    """Positions of whole numbers in the order of their size; equal ones keep their order, absent ones come last in both directions.

    Args:
        keys: Integers of any width, whose spread fits 63 bits.
        absent: True where there is no value.
        descending: The greatest first.
        cancelled: Asked from time to time; True ends the work.

    Raises:
        NetSleuthError: Nobody wanted the answer any more.
    """
    if absent is not None and absent.any():
        there = np.flatnonzero(~absent).astype(np.uint32)
        found = there[order(keys[there], descending=descending, cancelled=cancelled)]
        return np.concatenate((found, np.flatnonzero(absent).astype(np.uint32)))
    if not len(keys):
        return np.empty(0, np.uint32)
    low, high = int(keys.min()), int(keys.max())
    wide = keys.astype(np.int64)
    rank = high - wide if descending else wide - low
    if bool((rank[1:] >= rank[:-1]).all()):
        return np.arange(len(keys), dtype=np.uint32)
    if bool((rank[1:] <= rank[:-1]).all()):
        return _turned(rank)
    chosen: Ids | None = None
    for shift in range(0, (high - low).bit_length(), DIGIT):
        if cancelled():
            raise NetSleuthError("the question was interrupted")
        digit = (rank >> shift & (1 << DIGIT) - 1).astype(np.uint16)
        step = (digit if chosen is None else digit[chosen]).argsort(kind="stable").astype(np.uint32)
        chosen = step if chosen is None else chosen[step]
    return chosen if chosen is not None else np.arange(len(keys), dtype=np.uint32)


def _turned(falling: NDArray[np.int64]) -> Ids:
    """The order of numbers that never rise: the last ones first, but equal ones as they come."""
    starts = np.flatnonzero(np.append(True, falling[1:] != falling[:-1]))
    sizes = np.diff(np.append(starts, len(falling)))[::-1]
    places = np.cumsum(sizes) - sizes
    turned: Ids = (np.arange(len(falling)) - np.repeat(places - starts[::-1], sizes)).astype(np.uint32)
    return turned


def can_sort(name: str) -> bool:
    """True if rows can be sorted by the field: by any but the Info column, whose texts are only made for rows that are seen."""
    name = ALIASES.get(name, name)
    return name in FIELDS or name in ADDRESSES or name == "file"


def sorted_rows(store: Store, rows: Rows, name: str, *, descending: bool = False, cancelled: Callable[[], bool] = lambda: False) -> Ids:
    """Row ids of a scope in the order of a field: addresses by number, IPv4 first, labels by alphabet; of two occurrences the first.

    Args:
        store: What was loaded.
        rows: Which rows of it.
        name: Of the field, or of an address column or `file`.
        descending: The greatest first.
        cancelled: Asked from time to time; True ends the work.

    Raises:
        NetSleuthError: There is no such field, it cannot be sorted by, or nobody wanted the answer any more.
    """
    name = ALIASES.get(name, name)
    if not can_sort(name):
        raise NetSleuthError(f"rows cannot be sorted by {name}", hint="choose a column that holds one value, such as Protocol or Length")
    ids = rows.take(0, len(rows))
    keys, absent = _keys(store, ids, name)
    return ids[order(keys, absent, descending=descending, cancelled=cancelled)]


def _keys(store: Store, ids: Ids, name: str) -> tuple[Numbers, NDArray[np.bool_] | None]:
    if name in FIELDS and name != "frame.number":
        return _field_keys(store, ids, FIELDS[name])
    columns = store.columns()
    if name == "frame.number":
        starts = np.array(store.starts or (0,), np.int64)
        return ids.astype(np.int64) - starts[columns.source[ids]], None
    if name == "file":
        return label_ranks([source.name for source in store.sources])[columns.source[ids]], None
    absent = columns.present[ids] & np.uint64(Has.ADDRESSES) == 0
    return address_ranks(store.hosts.known(), getattr(columns, ADDRESSES[name])[ids]), absent


def _field_keys(store: Store, ids: Ids, field: Field) -> tuple[Numbers, NDArray[np.bool_] | None]:
    columns = store.columns()
    raw, present = field_numbers(columns, ids, field)
    if field.kind == "time":
        return raw, raw == NO_TIME
    if field.kind == "label":
        return label_ranks([protocol.label for protocol in Protocol])[raw], None
    if len(field.columns) == 2 and field.constants:
        second = field_numbers(columns, ids, field, 1)[1]
        return np.where(present, field.constants[0], field.constants[1]), ~(present | second)
    keys = address_ranks(store.hosts.known(), raw) if field.kind == "address" else raw
    return keys, None if field.has[0] == 0 else ~present


def address_ranks(hosts: Hosts, ids: Numbers) -> NDArray[np.int64]:
    """For each host id the rank of its address by version, then by number."""
    ranks = np.zeros(len(hosts.version), np.int64)
    ranks[np.lexsort((hosts.lo, hosts.hi, hosts.version))] = np.arange(len(ranks))
    # A row may be visible before its host is known here: it counts as the last one.
    return ranks[np.minimum(ids, len(ranks) - 1)] if len(ranks) else np.zeros(len(ids), np.int64)


def label_ranks(labels: list[str]) -> NDArray[np.int64]:
    """For each label its rank by the alphabet; equal ones share a rank."""
    ranks = {label: rank for rank, label in enumerate(sorted({label.lower() for label in labels}))}
    return np.array([ranks[label.lower()] for label in labels], np.int64)
