"""Memory that is used again: fresh pages cost more than what a reader does with them.

Nothing has to be given back. An array of the pool is free again when nobody but the pool refers to it: views refer to the array whose
memory they show, however often they were cut, so that nothing is written over that somebody still holds.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Reused"]

_ALIGNED = 64
_SMALLEST = 1 << 12
_IDLE = 48 << 20
"""Bytes of free arrays that are kept where none of them is long enough for what is asked for."""


class Reused:
    """Arrays in memory that is used again; several threads may ask for some at the same time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._arrays: list[NDArray[np.uint8]] = []

    def octets(self, count: int) -> NDArray[np.uint8]:
        """So many bytes, with anything in them."""
        with self._lock:
            return self._whole(count)[:count]

    def columns(self, codes: Sequence[str], rows: int) -> list[NDArray[Any]]:
        """Columns of these types, `rows` entries each, with anything in them."""
        types = [np.dtype(code) for code in codes]
        rooms = [-(-rows * kind.itemsize // _ALIGNED) * _ALIGNED for kind in types]
        memory, at, made = self.octets(sum(rooms)), 0, []
        for kind, room in zip(types, rooms, strict=True):
            made.append(memory[at : at + rows * kind.itemsize].view(kind))
            at += room
        return made

    def _whole(self, count: int) -> NDArray[np.uint8]:
        """A free array of at least so many bytes, and not many more; the one that was made last, whose bytes are likely near."""
        wanted = max(count, _SMALLEST)
        free = [k for k in range(len(self._arrays)) if _references(self._arrays, k) == _ALONE]
        for k in reversed(free):
            if wanted <= len(self._arrays[k]) <= 2 * wanted:
                return self._arrays[k]
        if sum(len(self._arrays[k]) for k in free) > _IDLE:
            for k in reversed(free):
                del self._arrays[k]
        step = 1 << max(wanted.bit_length() - 3, 0)
        self._arrays.append(np.empty(-(-wanted // step) * step, np.uint8))
        return self._arrays[-1]


def _references(arrays: list[NDArray[np.uint8]], k: int) -> int:
    return sys.getrefcount(arrays[k])


_ALONE = _references([np.empty(0, np.uint8)], 0)
"""References to an array that only a list has."""
