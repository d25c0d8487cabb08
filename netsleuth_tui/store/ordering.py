"""The order of whole numbers: stable, absent ones last, for millions of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.errors import NetSleuthError

__all__ = ["order", "order_by", "settled"]

Ids = NDArray[np.uint32]
Numbers = NDArray[Any]

DIGIT = 16
"""NumPy sorts numbers of 16 bits by counting, 6 times as fast as it merges wider ones."""


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


def settled(found: Ids, keys: Numbers, ties: Callable[[Ids], Sequence[Numbers]]) -> Ids:
    """An order in which equal ones stand as other numbers say, and not as they came.

    Args:
        found: Positions, sorted by `keys`.
        keys: Integers.
        ties: Gives, for some positions, the numbers that decide about equal ones, the most important first.
    """
    sorted_keys = keys[found]
    same = sorted_keys[1:] == sorted_keys[:-1]
    at = np.flatnonzero(np.append(False, same) | np.append(same, False)) if len(found) else found
    if not len(at):
        return found
    some = found[at]
    chosen = order_by((np.cumsum(np.append(True, ~same))[at], *ties(some)))
    result = found.copy()
    result[at] = some[chosen]
    return result


def order_by(keys: Sequence[Numbers]) -> Ids:
    """Positions in the order of the first keys, where these are equal of the second ones, and so on; see `order`."""
    chosen = np.arange(len(keys[0]), dtype=np.uint32)
    for one in reversed(keys):
        chosen = chosen[order(one[chosen])]
    return chosen


def _turned(falling: NDArray[np.int64]) -> Ids:
    """The order of numbers that never rise: the last ones first, but equal ones as they come."""
    starts = np.flatnonzero(np.append(True, falling[1:] != falling[:-1]))
    sizes = np.diff(np.append(starts, len(falling)))[::-1]
    places = np.cumsum(sizes) - sizes
    turned: Ids = (np.arange(len(falling)) - np.repeat(places - starts[::-1], sizes)).astype(np.uint32)
    return turned
