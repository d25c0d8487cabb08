"""Orders: which rows come first by the value of a field, stable, absent values last, for millions of rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.analysis.addresses import address_ranks
from netsleuth_tui.analysis.judged_fields import judged_names, judged_values
from netsleuth_tui.analysis.places import place_values
from netsleuth_tui.analysis.ranks import label_ranks
from netsleuth_tui.analysis.values import field_numbers, judged_numbers
from netsleuth_tui.decode.columns import NO_TIME, Has, Protocol
from netsleuth_tui.errors import NetSleuthError
from netsleuth_tui.query.fields import ALIASES, NAMED, Field
from netsleuth_tui.store.ordering import order

if TYPE_CHECKING:
    from netsleuth_tui.decode.columns import Columns
    from netsleuth_tui.store import Rows, Store

__all__ = ["can_sort", "sorted_rows"]

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
