"""The selected rows in two halves, one for each of two threads: kernels let go of the interpreter's lock."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.store import Rows

__all__ = ["WORTH_TWO_THREADS", "Part", "count_ids_in_halves", "count_in_halves", "side_by_side"]

T = TypeVar("T")

WORTH_TWO_THREADS = 1 << 18
"""Rows: with fewer, the second thread costs more than it saves."""

PLACES_PER_ROW = 1
"""Where there are more places to count in than this, adding up the two halves takes as long as counting."""

Part = tuple[NDArray[np.uint32], bool, int, int]
"""What kernels take: row ids, whether to use them, and the first and last index into them (or row ids themselves)."""

Counts = NDArray[np.int64]


@cache
def _second_thread() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1, thread_name_prefix="counting")


def count_in_halves(rows: Rows, empty: Callable[[], Counts], count: Callable[[Part, Counts], None]) -> Counts:
    """Count rows into an array; where there are many, on two threads, each into an array of its own.

    Args:
        rows: Which rows to count.
        empty: Makes an array of zeros.
        count: Adds some of the rows to such an array.

    Returns:
        The sums.
    """
    ids = rows.ids if rows.ids is not None else np.empty(0, np.uint32)
    chosen = rows.ids is not None
    total = empty()
    if len(rows) < WORTH_TWO_THREADS or total.size > len(rows) * PLACES_PER_ROW:
        count((ids, chosen, rows.first, rows.last), total)
        return total
    middle = rows.first + len(rows) // 2
    other = empty()
    running = _second_thread().submit(count, (ids, chosen, middle, rows.last), other)
    count((ids, chosen, rows.first, middle), total)
    running.result()
    total += other
    return total


def count_ids_in_halves(ids: NDArray[np.uint32], shape: int | tuple[int, ...], count: Callable[[slice, Counts], None]) -> Counts:
    """As `count_in_halves`, for row ids that are there already.

    Args:
        ids: Row ids.
        shape: Of the sums.
        count: Adds those in a slice of them to such an array.
    """
    rows = Rows(0, len(ids), ids)
    return count_in_halves(rows, lambda: np.zeros(shape, np.int64), lambda part, sums: count(slice(part[2], part[3]), sums))


def side_by_side(one: Callable[[], T], other: Callable[[], T]) -> tuple[T, T]:
    """Do two things at the same time, on two threads; neither may call this, or count in halves."""
    running = _second_thread().submit(other)
    done = one()
    return done, running.result()
