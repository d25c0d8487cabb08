"""Numbers at a position in a frame: what every header is made of.

These run both plain and compiled. The masks look idle but are not: `& 0xFF` turns Numba's unsigned byte into a signed number (a sum of
both kinds would become a float), and `& POSITION` tells the compiler that a position is never negative, which halves the work of a read.
Positions are checked by the caller.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.jit import helper

__all__ = ["POSITION", "Octets", "be16", "be24", "be32", "cut", "le16", "le32", "octet"]

Octets = NDArray[np.uint8] | Sequence[int]
"""Bytes of a block of frames: an array when compiled, a memoryview (whose items are Python ints) when plain."""

POSITION = (1 << 40) - 1
"""Positions in a block lie below one terabyte."""

TRUNCATED = 1 << 27
MALFORMED = 1 << 28


@helper
def octet(data: Octets, at: int) -> int:
    """Return the byte at `at`."""
    return int(data[at & POSITION]) & 0xFF


@helper
def be16(data: Octets, at: int) -> int:
    """Return the 16-bit number at `at`, in network byte order."""
    at &= POSITION
    return (int(data[at]) & 0xFF) << 8 | (int(data[at + 1]) & 0xFF)


@helper
def be24(data: Octets, at: int) -> int:
    """Return the 24-bit number at `at`, in network byte order."""
    return octet(data, at) << 16 | be16(data, at + 1)


@helper
def be32(data: Octets, at: int) -> int:
    """Return the 32-bit number at `at`, in network byte order, never negative."""
    at &= POSITION
    return (int(data[at]) & 0xFF) << 24 | (int(data[at + 1]) & 0xFF) << 16 | (int(data[at + 2]) & 0xFF) << 8 | (int(data[at + 3]) & 0xFF)


@helper
def le16(data: Octets, at: int) -> int:
    """Return the 16-bit number at `at`, least significant byte first."""
    return octet(data, at + 1) << 8 | octet(data, at)


@helper
def le32(data: Octets, at: int) -> int:
    """Return the 32-bit number at `at`, least significant byte first, never negative."""
    return le16(data, at + 2) << 16 | le16(data, at)


@helper
def cut(needed: int, wire: int) -> int:
    """Return the bit of `Has` for a header that ends at `needed`, past the captured bytes, in a frame that ended at `wire`.

    A header that the frame still held was cut off by the snap length; one that reaches past the frame contradicts it.
    """
    return TRUNCATED if needed <= wire else MALFORMED
