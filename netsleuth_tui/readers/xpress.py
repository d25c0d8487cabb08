"""Plain LZ77 of Microsoft's XPRESS, with which buffers of event traces are compressed ([MS-XCA] 2.4, the form without Huffman codes).

Nothing is believed: every read stands behind a check of what is left, no match reaches before the output's beginning, and output ends where
the caller says.
"""

from __future__ import annotations

import struct
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.jit import helper, kernel
from netsleuth_tui.readers.numbers import u16, u32

__all__ = ["CUT", "DISTANT", "FULL", "expand"]

FULL: Final = 0
"""The output is as long as it should be."""
CUT: Final = 1
"""The input ends before the output is complete."""
DISTANT: Final = 2
"""A match begins before the output does."""

_LENGTH = 7
_NIBBLE = 15
_OCTET = 255
_SHORTEST = 3
_LITTLE = 1


def _expand_plain(data: NDArray[np.uint8], at: int, end: int, out: NDArray[np.uint8], to: int, stop: int) -> tuple[int, int, int]:
    """Same as the kernel, on bytes: runs of literals and matches are copied as slices."""
    source = data[at:end].tobytes()
    made = bytearray()
    status, used = _expand_bytes(source, made, stop - to)
    out[to : to + len(made)] = np.frombuffer(made, np.uint8)
    return to + len(made), at + used, status


def _expand_bytes(source: bytes, made: bytearray, wanted: int) -> tuple[int, int]:
    at, half, end = 0, -1, len(source)
    while len(made) < wanted:
        if at + 4 > end:
            return CUT, at
        (flags,) = struct.unpack_from("<I", source, at)
        at += 4
        bits = f"{flags:032b}"
        bit = 0
        while bit < 32 and len(made) < wanted:
            following = bits.find("1", bit)
            run = (32 if following < 0 else following) - bit
            if run:
                run = min(run, wanted - len(made))
                if at + run > end:
                    made += source[at:end]
                    return CUT, end
                made += source[at : at + run]
                at += run
                bit += run
                continue
            bit += 1
            length, distance, at, half = match_at(source, at, end, half)
            if not length:
                return CUT, at
            begin = len(made) - distance
            if begin < 0:
                return DISTANT, at
            length = min(length, wanted - len(made))
            if distance >= length:
                made += made[begin : begin + length]
            else:
                made += (made[begin:] * (length // distance + 1))[:length]
    return FULL, at


@helper
def match_at(data: Any, at: int, end: int, half: int) -> tuple[int, int, int, int]:
    """Read a match at `at`; `half` is where an octet lies whose upper half is still to be used as a length, -1 without one.

    Returns:
        Length, 0 where the input ends before it does; distance; what follows; the next `half`.
    """
    if at + 2 > end:
        return 0, 0, at, half
    word = u16(data, at, _LITTLE)
    at += 2
    distance = (word >> 3) + 1
    length = word & _LENGTH
    if length < _LENGTH:
        return length + _SHORTEST, distance, at, half
    if half < 0 and at >= end:
        return 0, 0, at, half
    if half < 0:
        half = at
        length = int(data[at]) & _NIBBLE
        at += 1
    else:
        length = int(data[half]) >> 4 & _NIBBLE
        half = -1
    if length == _NIBBLE:
        length, at = long_length(data, at, end)
        if length < 0:
            return 0, 0, at, half
    return length + _LENGTH + _SHORTEST, distance, at, half


@helper
def long_length(data: Any, at: int, end: int) -> tuple[int, int]:
    """Read what a length of 15 goes on with: without the 7 that come before it, -1 where the input ends; and what follows."""
    if at >= end:
        return -1, at
    length = int(data[at]) & _OCTET
    at += 1
    if length < _OCTET:
        return length + _NIBBLE, at
    if at + 2 > end:
        return -1, at
    length = u16(data, at, _LITTLE)
    at += 2
    if length == 0:
        if at + 4 > end:
            return -1, at
        length = u32(data, at, _LITTLE)
        at += 4
    return max(length - _LENGTH, -1), at


@kernel(plain=_expand_plain)
def expand(data: Any, at: int, end: int, out: Any, to: int, stop: int) -> tuple[int, int, int]:
    """Expand what lies in data[at:end].

    Args:
        data: uint8, the compressed bytes.
        at: Where they begin.
        end: Where they end.
        out: uint8, for the expanded ones.
        to: Where those begin; matches do not reach before it.
        stop: Where they have to end.

    Returns:
        Where the expanded bytes end; where the compressed ones that were used end; FULL, CUT or DISTANT.
    """
    first = to
    flags = 0
    left = 0
    half = -1
    while to < stop:
        if left == 0:
            if at + 4 > end:
                return to, at, CUT
            flags = u32(data, at, _LITTLE)
            at += 4
            left = 32
        left -= 1
        if not flags >> left & 1:
            if at >= end:
                return to, at, CUT
            out[to] = data[at]
            at += 1
            to += 1
            continue
        length, distance, at, half = match_at(data, at, end, half)
        if length == 0:
            return to, at, CUT
        begin = to - distance
        if begin < first:
            return to, at, DISTANT
        last = min(to + length, stop)
        while to < last:
            out[to] = out[begin]
            to += 1
            begin += 1
    return to, at, FULL
