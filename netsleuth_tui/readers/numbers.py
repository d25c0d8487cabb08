"""Numbers at a position, in the byte order of the file: what kernels read headers with, plain and compiled.

The masks look idle but are not: `& 0xFF` turns Numba's unsigned byte into a signed number (a sum of both kinds would become a float), and
`& POSITION` tells the compiler that a position is never negative, which halves the work of a read. Callers check positions.
"""

from __future__ import annotations

from typing import Any

from netsleuth_tui.jit import helper

__all__ = ["POSITION", "u16", "u32"]

POSITION = (1 << 40) - 1


@helper
def u16(data: Any, at: int, little: int) -> int:
    """The 16-bit number at `at`."""
    at &= POSITION
    a = int(data[at]) & 0xFF
    b = int(data[at + 1]) & 0xFF
    return b << 8 | a if little else a << 8 | b


@helper
def u32(data: Any, at: int, little: int) -> int:
    """The 32-bit number at `at`, never negative."""
    at &= POSITION
    a = int(data[at]) & 0xFF
    b = int(data[at + 1]) & 0xFF
    c = int(data[at + 2]) & 0xFF
    d = int(data[at + 3]) & 0xFF
    return d << 24 | c << 16 | b << 8 | a if little else a << 24 | b << 16 | c << 8 | d
