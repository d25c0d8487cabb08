"""Fields of packets that follow from the order of their ESP association: how late, how much is missing below it."""

from __future__ import annotations

from collections.abc import Callable
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.analysis.esp_copies import duplicate_kinds
from netsleuth_tui.analysis.esp_order import AHEAD, CLASS, OUTLIER, Judged, judged, judgement
from netsleuth_tui.analysis.esp_packets import Numbers
from netsleuth_tui.decode.columns import Columns
from netsleuth_tui.store import Store

__all__ = ["esp_values", "known_esp_values"]

MOST = (1 << 32) - 1

_KNOWN: WeakKeyDictionary[Judged, dict[str, NDArray[np.uint32]]] = WeakKeyDictionary()
"""What was asked for, by judgement: 4 bytes a row and field."""
_NONE = np.zeros(0, np.uint32)


def known_esp_values(store: Store, name: str) -> NDArray[np.uint32]:
    """What `esp_values` found out before, by row id; none where it was never asked."""
    found = judgement(store)
    return _KNOWN.get(found, {}).get(name, _NONE) if found is not None else _NONE


def esp_values(store: Store, name: str, cancelled: Callable[[], bool] = lambda: False) -> NDArray[np.uint32]:
    """Values of a field by row id, 0 where it is absent.

    Args:
        store: What was loaded.
        name: Column of one of `query.JUDGED`.
        cancelled: Asked from time to time; True ends the work.

    Raises:
        NetSleuthError: Nobody wanted the answer any more.
    """
    found = judged(store, cancelled)
    known = _KNOWN.setdefault(found, {})
    if name not in known:
        values = store.table.by_row(found.packets, np.uint32)
        if name == "esp_aside":
            values[found.members.others] = found.members.other_kinds + 1
        else:
            at, numbers = _found(found, store.columns(), name)
            values[found.members.rows[at]] = np.minimum(numbers, MOST)
        known[name] = values
    return known[name]


def _found(found: Judged, columns: Columns, name: str) -> tuple[Numbers, Numbers]:
    """Positions that have the field, and their values."""
    if name == "esp_depth":
        return found.late, found.late_depth
    if name == "esp_gap":
        return found.run_at, found.run_length
    if name == "esp_gap_open":
        return found.run_at[found.run_open], np.ones(int(found.run_open.sum()), np.int64)
    if name == "esp_duplicate":
        return found.duplicates, duplicate_kinds(found, columns).astype(np.int64)
    kinds = found.kinds & CLASS
    if name == "esp_outlier":
        at = np.flatnonzero(kinds == OUTLIER)
        return at, np.ones(len(at), np.int64)
    front = np.flatnonzero(kinds <= AHEAD)
    ahead = np.flatnonzero(kinds[front] == AHEAD)
    return front[ahead], found.places[front[ahead]] - found.places[front[ahead - 1]] - 1
