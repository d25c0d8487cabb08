"""Memory of rows: giving back that of rows that are not needed any more, while those behind stay where they are; room for more."""

from __future__ import annotations

import ctypes
import mmap
import sys
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

__all__ = ["CAN_RELEASE", "release", "zeros"]

CAN_RELEASE = sys.platform == "linux"
"""Whether pages in the middle of an array can be given back, and are zero when they are read again: Linux promises that."""


_NO_RESERVE = getattr(mmap, "MAP_NORESERVE", 0x4000)
_ANONYMOUS = getattr(mmap, "MAP_PRIVATE", 0) | getattr(mmap, "MAP_ANONYMOUS", 0) | _NO_RESERVE
_FIXED = 0x10
_TABLE = 1 << 21
"""Bytes that the system finds by one table of pages."""


def zeros(count: int, dtype: DTypeLike) -> NDArray[Any]:
    """An array of zeros that takes memory where it is written and nowhere else, however long it is.

    The system refuses what `numpy.zeros` asks for where that is more memory than there is; here only address space is asked for.

    Raises:
        MemoryError: There is no such address space.
    """
    size = count * np.dtype(dtype).itemsize
    if not CAN_RELEASE or not size:
        return np.zeros(count, dtype)
    try:
        return np.frombuffer(mmap.mmap(-1, size, flags=_ANONYMOUS), dtype)
    except (OSError, OverflowError):
        raise MemoryError(f"no address space for {size} bytes") from None


def release(column: NDArray[Any], first: int, last: int, *, mapped: bool = False) -> None:
    """Make the elements from the first to the last (excluded) of an array zero, and give back the pages that hold nothing else.

    Args:
        column: Contiguous, of memory that belongs to this process alone (NumPy's own).
        first: Where the part begins.
        last: Where it ends.
        mapped: Whether the memory is that of `zeros`, and all before `first` was given back; what the system needs to find the pages is
            given back, too, then.
    """
    begin = column.ctypes.data + first * column.itemsize
    end = column.ctypes.data + last * column.itemsize
    whole, behind = -(-begin // mmap.PAGESIZE) * mmap.PAGESIZE, end // mmap.PAGESIZE * mmap.PAGESIZE
    if mapped:
        whole = max(column.ctypes.data, whole // _TABLE * _TABLE)  # a table of pages is given back where all of its part is mapped anew
    if not CAN_RELEASE or behind <= whole or (_map_anew if mapped else _madvise)(whole, behind - whole):
        column[first:last] = 0
        return
    column[first : first + max(-(-(whole - begin) // column.itemsize), 0)] = 0
    column[last - -(-(end - behind) // column.itemsize) : last] = 0


def _map_anew(address: int, length: int) -> int:
    """Map fresh pages in the place of those that are there, at once; 0 where the system has done so."""
    library = ctypes.CDLL(None, use_errno=True)
    library.mmap.restype = ctypes.c_void_p
    library.mmap.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long)
    found = library.mmap(address, length, mmap.PROT_READ | mmap.PROT_WRITE, _ANONYMOUS | _FIXED, -1, 0)
    return 0 if found == address else -1


def _madvise(address: int, length: int) -> int:
    """0 where the system has taken the pages back."""
    library = ctypes.CDLL(None, use_errno=True)
    result: int = library.madvise(ctypes.c_void_p(address), ctypes.c_size_t(length), mmap.MADV_DONTNEED)
    return result
