"""Handles of audited objects: which value the event has that opened the handle of another one.

Windows logs a handle's life in parts: 4656 (asked for), 4663 (used), 4660 (the object was deleted), 4658 (closed). Of these, 4660 and 4658
do not name the object. They belong together by HandleId, ProcessId, SubjectLogonId and computer, from one 4656 to the next 4658.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.store.events import EventTable
from netsleuth_tui.store.ordering import order

__all__ = ["CLOSED", "KEY", "chained"]

CLOSED = 4658
"""EventID of a handle that is closed: what has the same number afterwards is another handle."""

KEY = ("HandleId", "ProcessId", "SubjectLogonId")
"""Event data that tell handles of one computer apart."""

NOTHING = ("-", "")
"""Texts that name nothing."""

NO_HANDLE = ("0x0", "0", "")
"""HandleId where no handle was given: an attempt that failed."""

WIDEST = 1 << 62

Codes = NDArray[np.uint32]


def chained(table: EventTable, name: str) -> Codes:
    """A column of event data in which events that have none take it from the handle that they use.

    Args:
        table: The events; those of a handle follow each other in the order of their rows.
        name: Of the event data, as in ObjectName.

    Returns:
        One code per row, 0 where neither the event nor its handle has a value.
    """
    columns = table.view()
    rows = len(columns.row)
    own = table.codes(name)[:rows].copy()
    with_handle = _at_handles(table, rows)
    if not len(with_handle):
        return own
    value = np.where(_names_nothing(table, own[with_handle]), 0, own[with_handle]).astype(np.uint32)
    key = _handle_keys(table, columns.computer, with_handle)
    by_key = order(key)
    value, key = value[by_key], key[by_key]
    closes = columns.event_id[with_handle[by_key]] == CLOSED
    begins = np.append(True, (key[1:] != key[:-1]) | closes[:-1])
    last = np.maximum.accumulate(np.where(begins | (value != 0), np.arange(len(key)), 0))
    found = np.empty(len(key), np.uint32)
    found[by_key] = value[last]
    missing = _names_nothing(table, own[with_handle]) & (found != 0)
    own[with_handle[missing]] = found[missing]
    return own


def _at_handles(table: EventTable, rows: int) -> Codes:
    """Rows that speak of a handle."""
    handles = table.codes(KEY[0])[:rows]
    there = handles != 0
    for text in NO_HANDLE:
        code = table.texts.code(text)
        if code is not None:
            there &= handles != code
    return np.flatnonzero(there).astype(np.uint32)


def _names_nothing(table: EventTable, codes: Codes) -> NDArray[np.bool_]:
    nothing: NDArray[np.bool_] = codes == 0
    for text in NOTHING:
        code = table.texts.code(text)
        if code is not None:
            nothing |= codes == code
    return nothing


def _handle_keys(table: EventTable, computer: Codes, rows: Codes) -> NDArray[np.int64]:
    """One number per handle, for each of the rows."""
    key = np.zeros(len(rows), np.int64)
    size = 1
    for column in (computer, *(table.codes(name) for name in KEY)):
        codes = column[rows]
        used = np.zeros(int(codes.max(initial=0)) + 1, np.bool_)
        used[codes] = True
        dense = np.cumsum(used) - 1
        count = int(dense[-1]) + 1
        if size > WIDEST // count:
            distinct, key = np.unique(key, return_inverse=True)
            size = len(distinct)
        key = key * count + dense[codes]
        size *= count
    return key
