"""Plain LZ77 of Microsoft's XPRESS, with which buffers of event traces are compressed ([MS-XCA] 2.4, the form without Huffman codes).

Nothing is believed: every read stands behind a check of what is left, no match reaches before the output's beginning, and output ends where
the caller says.
"""

from __future__ import annotations

import struct
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.jit import helper, inlined, kernel
from netsleuth_tui.readers.numbers import POSITION, u16, u32

__all__ = ["CUT", "DISTANT", "FULL", "expand", "expand_buffers"]

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
_EMPTY = 1 << 61
"""Flags of which none is left: the next one is bit 61, and behind the last one stands a bit that is set."""
_BEHIND = 1 << 29
_ZEROS = 0x1111_2234
"""For each number of four bits, how many of them are zero before the first that is not: a table without memory, and no branch."""
_STRIDE = 16
_FAR = 24
"""Bytes that flags, eight literals and a match take at most, and a few more."""


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


@inlined
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


@inlined
def zeros_of(octet: int) -> int:
    """How many bits of an octet are zero before the first that is not."""
    count = _ZEROS >> (octet >> 4 << 2) & _LENGTH
    return count + (count >> 2) * (_ZEROS >> ((octet & _NIBBLE) << 2) & _LENGTH)


@inlined
def copy_eight(data: Any, at: int, out: Any, to: int) -> None:
    """Copy eight bytes; all are read before the first is written, so that one instruction does for all."""
    at &= POSITION
    to &= POSITION
    a, b, c, d = data[at], data[at + 1], data[at + 2], data[at + 3]
    e, f, g, h = data[at + 4], data[at + 5], data[at + 6], data[at + 7]
    out[to], out[to + 1], out[to + 2], out[to + 3] = a, b, c, d
    out[to + 4], out[to + 5], out[to + 6], out[to + 7] = e, f, g, h


@inlined
def repeat(out: Any, begin: int, to: int, last: int, stop: int) -> None:
    """Write out[to:last] with what begins before it; up to `stop` anything may be written."""
    source = begin
    if to - begin >= 8 and last + _STRIDE <= stop:
        while to < last:  # mostly once: how often is what a processor cannot foresee
            copy_eight(out, source, out, to)
            copy_eight(out, source + 8, out, to + 8)
            to += _STRIDE
            source += _STRIDE
    behind = to  # where a match overlaps with what it makes, its bytes repeat: they are taken from where all of them are there already
    while to < last:
        out[to & POSITION] = out[source & POSITION]
        to += 1
        source += 1
        if source == behind:
            source = begin


@inlined
def expand(  # noqa: C901, PLR0912, PLR0915 - one loop
    data: Any, at: int, end: int, out: Any, to: int, stop: int
) -> tuple[int, int, int]:
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
    flags = _EMPTY
    half = -1
    while to < stop:
        if at + _FAR <= end and to + 8 <= stop:  # nothing of one turn can lie beyond the input
            if flags == _EMPTY:
                flags = u32(data, at, _LITTLE) << 30 | _BEHIND
                at += 4
            run = zeros_of(flags >> 54)
            copy_eight(data, at, out, to)  # literals; those that are none are written over
            at += run
            to += run
            flags <<= run
            if flags <= _EMPTY or to == stop:
                continue
            word = u16(data, at, _LITTLE)
            at += 2
            distance = (word >> 3) + 1
            length = word & _LENGTH
            if length == _LENGTH:
                place = at if half < 0 else half
                octet = int(data[place & POSITION]) & _OCTET
                length = octet & _NIBBLE if half < 0 else octet >> 4
                at += half < 0
                half = place if half < 0 else -1
                if length == _NIBBLE:
                    length, at = long_length(data, at, end)
                    if length < 0:
                        return to, at, CUT
                length += _LENGTH
            length += _SHORTEST
        else:
            if flags == _EMPTY:
                if at + 4 > end:
                    return to, at, CUT
                flags = u32(data, at, _LITTLE) << 30 | _BEHIND
                at += 4
            if flags < _EMPTY:
                if at >= end:
                    return to, at, CUT
                out[to] = data[at]
                at += 1
                to += 1
                flags <<= 1
                continue
            length, distance, at, half = match_at(data, at, end, half)
            if length == 0:
                return to, at, CUT
        flags = (flags - _EMPTY) << 1
        begin = to - distance
        if begin < first:
            return to, at, DISTANT
        last = min(to + length, stop)
        repeat(out, begin, to, last, stop)
        to = last
    return to, at, FULL


def _expand_buffers_plain(
    data: NDArray[np.uint8],
    begins: NDArray[np.int64],
    limits: NDArray[np.int64],
    is_packed: NDArray[np.uint8],
    out: NDArray[np.uint8],
    places: NDArray[np.int64],
    stops: NDArray[np.int64],
    ends: NDArray[np.int64],
    used: NDArray[np.int64],
    status: NDArray[np.uint8],
) -> None:
    """Same as the kernel."""
    rows = zip(begins.tolist(), limits.tolist(), places.tolist(), stops.tolist(), strict=True)
    for row, (at, end, to, stop) in enumerate(rows):
        if is_packed[row]:
            ends[row], used[row], status[row] = _expand_plain(data, at, end, out, to, stop)
        else:
            count = max(min(end - at, stop - to), 0)
            out[to : to + count] = data[at : at + count]
            ends[row], used[row], status[row] = to + count, at + count, FULL


@kernel(plain=_expand_buffers_plain)
def expand_buffers(
    data: Any, begins: Any, limits: Any, is_packed: Any, out: Any, places: Any, stops: Any, ends: Any, used: Any, status: Any
) -> None:
    """Expand buffers, and copy those that are not compressed.

    Args:
        data: uint8, the bytes of all of them.
        begins: int64, where each begins.
        limits: int64, where it ends.
        is_packed: uint8, 1 if it is compressed.
        out: uint8, for the expanded ones.
        places: int64, where each begins there.
        stops: int64, where it has to end.
        ends: int64, gets where it ends.
        used: int64, gets where its bytes end that were used.
        status: uint8, gets FULL, CUT or DISTANT.
    """
    for row in range(len(begins)):
        at = int(begins[row])
        to = int(places[row])
        if is_packed[row]:
            ends[row], used[row], status[row] = expand(data, at, int(limits[row]), out, to, int(stops[row]))
        else:
            count = max(min(int(limits[row]) - at, int(stops[row]) - to), 0)
            for k in range(count):
                out[to + k] = data[at + k]
            ends[row], used[row], status[row] = to + count, at + count, FULL
