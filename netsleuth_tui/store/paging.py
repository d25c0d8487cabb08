"""Giving memory of rows that are not needed any more back to the system, while the rows behind them stay where they are."""

from __future__ import annotations

import ctypes
import mmap
import sys
from typing import Any

from numpy.typing import NDArray

__all__ = ["CAN_RELEASE", "release"]

CAN_RELEASE = sys.platform == "linux"
"""Whether pages in the middle of an array can be given back, and are zero when they are read again: Linux promises that."""


def release(column: NDArray[Any], first: int, last: int) -> None:
    """Make the elements from the first to the last (excluded) of an array zero, and give back the pages that hold nothing else.

    Args:
        column: Contiguous, of memory that belongs to this process alone (NumPy's own).
        first: Where the part begins.
        last: Where it ends.
    """
    begin = column.ctypes.data + first * column.itemsize
    end = column.ctypes.data + last * column.itemsize
    whole, behind = -(-begin // mmap.PAGESIZE) * mmap.PAGESIZE, end // mmap.PAGESIZE * mmap.PAGESIZE
    if not CAN_RELEASE or behind <= whole or _madvise(whole, behind - whole):
        column[first:last] = 0
        return
    column[first : first + -(-(whole - begin) // column.itemsize)] = 0
    column[last - -(-(end - behind) // column.itemsize) : last] = 0


def _madvise(address: int, length: int) -> int:
    """0 where the system has taken the pages back."""
    library = ctypes.CDLL(None, use_errno=True)
    result: int = library.madvise(ctypes.c_void_p(address), ctypes.c_size_t(length), mmap.MADV_DONTNEED)
    return result
