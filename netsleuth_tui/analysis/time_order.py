"""The order in which rows are shown where nobody asked for another one."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.decode.columns import NO_TIME
from netsleuth_tui.errors import NetSleuthError

if TYPE_CHECKING:
    from netsleuth_tui.store import Rows, Store

__all__ = ["LAST", "events_in_order", "ordered_by_time", "packets_in_order"]

LAST = np.iinfo(np.int64).max
"""Rows without a time come after all others."""

Ids = NDArray[np.uint32]


def packets_in_order(store: Store, rows: Rows, cancelled: Callable[[], bool] = lambda: False) -> Ids | None:
    """Packets of files that overlap in time, in the order of time; None where they stay in that of their files.

    A file by itself stays as it is, as in Wireshark: what was captured late is seen where it was captured.

    Args:
        store: What was loaded.
        rows: Which packets of it.
        cancelled: Asked before the work; True ends it.

    Raises:
        NetSleuthError: Nobody wanted the answer any more.
    """
    return ordered_by_time(rows, store.columns().time, cancelled) if store.captures_overlap and not store.table.in_order else None


def events_in_order(store: Store, rows: Rows, cancelled: Callable[[], bool] = lambda: False) -> Ids | None:
    """As `packets_in_order`, for events."""
    return ordered_by_time(rows, store.events.view().time, cancelled) if store.logs_overlap and not store.events.in_order else None


def ordered_by_time(rows: Rows, time: NDArray[np.int64], cancelled: Callable[[], bool]) -> Ids | None:
    """Row ids in the order of time, those without one last; None where that is the order of the table.

    Captures are nearly in order, or runs of it: the sort that NumPy merges runs with is twice as fast for them as counting digits.

    Args:
        rows: Of a table.
        time: Of all rows of the table, ns since the epoch.
        cancelled: Asked before the work; True ends it.

    Raises:
        NetSleuthError: Nobody wanted the answer any more.
    """
    ids = rows.take(0, len(rows))
    times = time[ids]
    times[times == NO_TIME] = LAST
    if bool((times[1:] >= times[:-1]).all()):
        return None
    if cancelled():
        raise NetSleuthError("the question was interrupted")
    return ids[times.argsort(kind="stable")]
