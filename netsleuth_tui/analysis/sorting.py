"""Orders: which rows come first by the value of a field, stable, absent values last, for millions of rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.analysis.judged_fields import judged_names, judged_values
from netsleuth_tui.analysis.places import place_values
from netsleuth_tui.analysis.values import field_numbers, judged_numbers
from netsleuth_tui.decode.columns import NO_TIME, Has, Protocol
from netsleuth_tui.errors import NetSleuthError
from netsleuth_tui.query.fields import ALIASES, NAMED, Field
from netsleuth_tui.store.ordering import order

if TYPE_CHECKING:
    from netsleuth_tui.decode.columns import Columns
    from netsleuth_tui.decode.hosts import Hosts
    from netsleuth_tui.store import Rows, Store

__all__ = ["address_ranks", "can_sort", "label_ranks", "order", "sorted_rows"]

Ids = NDArray[np.uint32]
Numbers = NDArray[Any]
ADDRESSES = {"_ws.col.def_src": "src", "_ws.col.def_dst": "dst"}


def can_sort(name: str) -> bool:
    """True if rows can be sorted by the field: by any but the Info column, whose texts are only made for rows that are seen."""
    name = ALIASES.get(name, name)
    return name in NAMED or name in ADDRESSES or name == "file"


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
    keys, absent = _keys(store, ids, name, cancelled)
    return ids[order(keys, absent, descending=descending, cancelled=cancelled)]


def _keys(store: Store, ids: Ids, name: str, cancelled: Callable[[], bool]) -> tuple[Numbers, NDArray[np.bool_] | None]:
    if name in NAMED and NAMED[name].judged:
        numbers = judged_numbers(judged_values(store, NAMED[name].columns[0], cancelled), ids, NAMED[name])
        if NAMED[name].kind == "text":
            return label_ranks(list(judged_names(store, NAMED[name].columns[0])))[numbers], numbers == 0
        return numbers, numbers == 0
    if name in NAMED and name != "frame.number":
        return _field_keys(store, ids, NAMED[name])
    columns = store.columns()
    if name == "frame.number":
        starts = np.array(store.numbered_from or (0,), np.int64)
        return ids.astype(np.int64) - starts[columns.source[ids]], None
    if name == "file":
        return label_ranks([source.name for source in store.sources])[columns.source[ids]], None
    absent = columns.present[ids] & np.uint64(Has.ADDRESSES) == 0
    return address_ranks(store.hosts.known(), getattr(columns, ADDRESSES[name])[ids]), absent


def _field_keys(store: Store, ids: Ids, field: Field) -> tuple[Numbers, NDArray[np.bool_] | None]:
    columns = store.columns()
    if field.place is not None:
        return _place_keys(store, columns, ids, field)
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


def _place_keys(store: Store, columns: Columns, ids: Ids, field: Field) -> tuple[Numbers, NDArray[np.bool_]]:
    """By name; of two sides the first that is anywhere."""
    places = place_values(store, field.place or "region")
    codes = np.full(len(ids), -1, np.int32)
    for part in range(len(field.columns)):
        hosts, present = field_numbers(columns, ids, field, part)
        wanted = (codes < 0) & present
        codes[wanted] = places.codes[hosts[wanted]]
    return label_ranks([*map(places.short, range(len(places.names))), ""])[codes], codes < 0


def address_ranks(hosts: Hosts, ids: Numbers) -> NDArray[np.int64]:
    """For each host id the rank of its address by version, then by number."""
    ranks = np.zeros(len(hosts.version), np.int64)
    ranks[np.lexsort((hosts.lo, hosts.hi, hosts.version))] = np.arange(len(ranks))
    # A row may be visible before its host is known here: it counts as the last one.
    return ranks[np.minimum(ids, len(ranks) - 1)] if len(ranks) else np.zeros(len(ids), np.int64)


def most_frequent(counts: NDArray[np.int64], most: int, hosts: Hosts | None = None, ids: Numbers | None = None) -> NDArray[np.intp]:
    """Places of the greatest counts, the greatest first; of equal ones the first, hosts by address.

    Ids of hosts depend on which thread met an address first: what is shown must not.

    Args:
        counts: Of distinct values.
        most: So many places at most.
        hosts: The table of hosts, where the values are host ids.
        ids: These values.
    """
    if hosts is None or ids is None:
        at = _candidates(counts, most)
        return at[np.argsort(-counts[at], kind="stable")][:most]
    at = _candidates(counts, most)
    if len(at) > most:  # the last places belong to some of many equal ones: those with the lowest addresses
        tied = at[counts[at] == counts[at].min()]
        four = tied[hosts.version[ids[tied]] == 4]
        room = most - (len(at) - len(tied))
        if 0 < room < len(four):
            chosen = four[np.argpartition(hosts.lo[ids[four]], room - 1)[:room]]
            at = np.concatenate((at[counts[at] > counts[at].min()], chosen))
    of = ids[at]
    return at[np.lexsort((hosts.lo[of], hosts.hi[of], hosts.version[of], -counts[at]))][:most]


def _candidates(counts: NDArray[np.int64], most: int) -> NDArray[np.intp]:
    """Places of counts that are not below the one that comes last among `most`."""
    if len(counts) <= most:
        return np.arange(len(counts))
    least = np.partition(counts, len(counts) - most)[len(counts) - most] if most else counts.max() + 1
    return np.flatnonzero(counts >= least)


def label_ranks(labels: list[str]) -> NDArray[np.int64]:
    """For each label its rank by the alphabet; equal ones share a rank."""
    ranks = {label: rank for rank, label in enumerate(sorted({label.lower() for label in labels}))}
    return np.array([ranks[label.lower()] for label in labels], np.int64)
