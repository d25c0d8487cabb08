"""What holds for every address: sorted starts, each of which holds until the next one."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from operator import lt

import numpy as np
from numpy.typing import NDArray

__all__ = ["NOTHING", "Networks", "Sought", "Steps", "steps_of"]

NOTHING = -1
"""The code of addresses of which nothing is known."""

HALF = (1 << 64) - 1
BITS = {4: 32, 6: 128}

MAPPED = 0xFFFF
"""Bits 32 to 63 of an IPv4-mapped address, ::ffff:0:0/96 (RFC 4291, section 2.5.5.2)."""

NAT64 = 0x0064_FF9B_0000_0000
"""Upper half of 64:ff9b::/96, the well-known prefix of translated IPv4 addresses (RFC 6052)."""

Codes = NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Sought:
    """Distinct addresses in ascending order, so that a search finds its neighbours in the cache.

    An IPv6 address that only carries an IPv4 one (IPv4-mapped, or of the well-known NAT64 prefix) is sought as what it carries.
    """

    order4: NDArray[np.intp]
    """Where the addresses of `low4` stood."""
    low4: NDArray[np.uint32]
    """IPv4 addresses as numbers, ascending."""
    order6: NDArray[np.intp]
    """Where the addresses of `high6` and `low6` stood."""
    high6: NDArray[np.uint64]
    """Upper halves of IPv6 addresses, ascending."""
    low6: NDArray[np.uint64]

    @classmethod
    def of(cls, version: NDArray[np.uint8], high: NDArray[np.uint64], low: NDArray[np.uint64]) -> Sought:
        """Sort addresses: `version` is 4 or 6, an IPv4 address is `low` and its `high` is ignored; one entry each."""
        carried = (low >> np.uint64(32) == MAPPED) & (high == 0)
        carried |= (high == NAT64) & (low >> np.uint64(32) == 0)
        is4 = (version == 4) | carried
        at4, at6 = np.flatnonzero(is4), np.flatnonzero(~is4)
        low4 = low[at4].astype(np.uint32)  # the upper bits of a carried address fall off
        order4 = np.argsort(low4)
        order6 = np.argsort(high[at6])
        at4, at6 = at4[order4], at6[order6]
        return cls(at4, low4[order4], at6, high[at6], low[at6])

    def where(self, wanted: NDArray[np.bool_]) -> Sought:
        """Those of the addresses that are wanted, by the order in which they were given."""
        some4, some6 = wanted[self.order4], wanted[self.order6]
        if some4.all() and some6.all():
            return self
        return Sought(self.order4[some4], self.low4[some4], self.order6[some6], self.high6[some6], self.low6[some6])

    def spread(self, codes4: Codes, codes6: Codes) -> Codes:
        """Codes in the order in which the addresses were given."""
        codes = np.empty(len(codes4) + len(codes6), np.int32)
        codes[self.order4] = codes4
        codes[self.order6] = codes6
        return codes


@dataclass(frozen=True, slots=True)
class Steps:
    """A code for every address there is: that of the last start that is not above it. The first start is the address 0."""

    starts4: NDArray[np.uint32]
    """Ascending, without repetition."""
    codes4: Codes
    """Parallel to `starts4`; `NOTHING` is a gap."""
    high6: NDArray[np.uint64]
    """Upper halves of the starts among IPv6 addresses, ascending."""
    low6: NDArray[np.uint64]
    """Their lower halves, ascending where the upper half is the same."""
    codes6: Codes

    def at(self, sought: Sought) -> tuple[Codes, Codes]:
        """The codes of addresses, IPv4 and IPv6, in the order of `sought`."""
        codes4 = self.codes4[np.searchsorted(self.starts4, sought.low4, "right") - 1]
        return codes4, self.codes6[self._positions6(sought.high6, sought.low6)]

    def _positions6(self, high: NDArray[np.uint64], low: NDArray[np.uint64]) -> NDArray[np.intp]:
        """Number of the last start that is not above each address."""
        first = np.searchsorted(self.high6, high, "left")
        end = np.searchsorted(self.high6, high, "right")
        tied = np.flatnonzero(first < end)  # starts with the same upper half: the lower one decides
        below, above, wanted = first[tied], end[tied], low[tied]
        while (open_ := below < above).any():
            middle = np.minimum((below + above) >> 1, len(self.low6) - 1)
            after = open_ & (self.low6[middle] <= wanted)
            below = np.where(after, middle + 1, below)
            above = np.where(open_ & ~after, middle, above)
        end[tied] = below
        positions: NDArray[np.intp] = end - 1
        return positions


@dataclass(frozen=True, slots=True)
class Networks:
    """Networks of one IP version, as lists of the same length; among equal ones the last counts."""

    first: list[int]
    """First address of each, which belongs to it."""
    last: list[int]
    """Last address of each, which belongs to it too: 192.0.2.255 of 192.0.2.0/24, and the address itself of a /32."""
    code: list[int]

    def add(self, first: int, last: int, code: int) -> None:
        """Add one. It need not be a network: a range counts as the fewest networks that it is made of."""
        self.first.append(first)
        self.last.append(last)
        self.code.append(code)


def steps_of(networks4: Networks, networks6: Networks) -> Steps:
    """Lay nested networks flat: every address gets the code of the longest prefix that it is in."""
    starts4, codes4 = _flattened(networks4, BITS[4])
    starts6, codes6 = _flattened(networks6, BITS[6])
    return Steps(
        np.array(starts4, np.uint32),
        np.array(codes4, np.int32),
        np.array([start >> 64 for start in starts6], np.uint64),
        np.array([start & HALF for start in starts6], np.uint64),
        np.array(codes6, np.int32),
    )


def _flattened(networks: Networks, bits: int) -> tuple[list[int], list[int]]:
    """Starts and codes."""
    firsts, lasts = networks.first, networks.last
    if not all(map(lt, lasts, firsts[1:])):
        order = sorted(range(len(firsts)), key=firsts.__getitem__)
        if not all(lasts[i] < firsts[j] for i, j in pairwise(order)):
            return _merged(*_swept(_aligned(networks, bits), bits))
        networks = Networks(*([column[i] for i in order] for column in (firsts, lasts, networks.code)))
    return _merged(*_laid(networks, bits))


def _laid(networks: Networks, bits: int) -> tuple[list[int], list[int]]:
    """Starts and codes of networks that have nothing in common, in ascending order, with the gaps between them."""
    starts, codes, free = [0], [NOTHING], 0
    for first, last, code in zip(networks.first, networks.last, networks.code, strict=True):
        if first == free:
            starts.append(first)
            codes.append(code)
        else:
            starts += (free, first)
            codes += (NOTHING, code)
        free = last + 1
    if free < 1 << bits:
        starts.append(free)
        codes.append(NOTHING)
    drop = sum(start == 0 for start in starts[:3]) - 1  # what begins at 0 stands there last
    return starts[drop:], codes[drop:]


def _aligned(networks: Networks, bits: int) -> Networks:
    """Every range as the fewest networks that it is made of: two of them either nest or have nothing in common."""
    made = Networks([], [], [])
    for first, last, code in zip(networks.first, networks.last, networks.code, strict=True):
        begin = first
        while begin <= last:
            zeros = (begin & -begin).bit_length() - 1 if begin else bits
            size = 1 << min(zeros, (last - begin + 1).bit_length() - 1)
            made.add(begin, begin + size - 1, code)
            begin += size
    return made


def _swept(networks: Networks, bits: int) -> tuple[list[int], list[int]]:
    """Starts and codes of networks that may nest: one sweep in ascending order, enclosing ones first."""
    order = sorted(range(len(networks.first)), key=lambda i: (networks.first[i], -networks.last[i], i))
    starts, codes = [0], [NOTHING]
    enclosing: list[tuple[int, int]] = [((1 << bits) - 1, NOTHING)]  # last address and code, the innermost at the end

    def step(start: int, code: int) -> None:
        if starts[-1] == start:
            codes[-1] = code
        else:
            starts.append(start)
            codes.append(code)

    for i in order:
        first, last, code = networks.first[i], networks.last[i], networks.code[i]
        while enclosing[-1][0] < first:
            ended, _ = enclosing.pop()
            step(ended + 1, enclosing[-1][1])
        step(first, code)
        enclosing.append((last, code))
    while len(enclosing) > 1:
        ended, _ = enclosing.pop()
        if ended < enclosing[-1][0]:
            step(ended + 1, enclosing[-1][1])
    return starts, codes


def _merged(starts: list[int], codes: list[int]) -> tuple[list[int], list[int]]:
    """Without starts that change nothing."""
    kept = [0, *(i for i, (one, other) in enumerate(pairwise(codes), 1) if one != other)]
    return [starts[i] for i in kept], [codes[i] for i in kept]
