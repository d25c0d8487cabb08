"""The search tree of a MaxMind DB file, walked for many addresses at once.

https://maxmind.github.io/MaxMind-DB/, "Binary Search Tree Section": a node is two records of 24, 28 or 32 bits, for the next bit being
0 or 1. A record below the number of nodes is the next node; this number itself means that nothing is known; anything above is a place
in the data section.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.places.steps import Sought

__all__ = ["EMPTY", "ENDLESS", "SearchTree"]

EMPTY, ENDLESS = -1, -2
"""Instead of a place in the file: nothing is known; the tree is damaged and leads to no end."""

STAGES4 = (0, 12, 20, 32)
STAGES6 = (0, 32, 48, 64)
"""Prefix lengths at which a walk comes together: addresses with the same prefix go there once."""

BITS4_AS_6 = 96
"""Zeros before an IPv4 address in a tree of IPv6."""

Numbers = NDArray[np.int64]


class SearchTree:
    """The tree at the beginning of a file; every walk ends after 128 steps, whatever the file says.

    Args:
        content: The whole file.
        nodes: Number of nodes.
        record_bits: 24, 28 or 32.
        version: 4 or 6.

    Raises:
        ValueError: The tree does not fit into the file.
    """

    def __init__(self, content: bytes, nodes: int, record_bits: int, version: int) -> None:
        size = record_bits // 4
        if nodes < 0 or nodes * size + 16 > len(content):
            raise ValueError("the search tree extends past the end of the file")
        self.nodes = nodes
        self.bytes = nodes * size
        self._version = version
        self._record_bits = record_bits
        # Both records of a node as the four bytes that they lie in: records of 28 bits share the middle byte, which both read.
        self._records: NDArray[np.uint32] = np.ndarray((nodes, 2), ">u4", content, 0, (size, 4 if record_bits == 32 else 3))
        self._end = len(content)
        self._start4 = self._first4() if version == 6 else 0

    def find(self, sought: Sought) -> tuple[Numbers, Numbers]:
        """Places in the file of the records of IPv4 and IPv6 addresses, or `EMPTY` or `ENDLESS`, in the order of `sought`."""
        keys4 = sought.low4.astype(np.uint64)
        found4 = self._ended(self._walk(np.full(1, self._start4, np.int64), keys4, STAGES4, 32))
        if self._version == 4:
            return found4, np.full(len(sought.high6), EMPTY, np.int64)
        reached = self._walk(np.zeros(1, np.int64), sought.high6, STAGES6, 64)
        self._descend(reached, sought.low6, 0, 64, 64)
        return found4, self._ended(reached)

    def places(self, most: int) -> Numbers:
        """Places in the file of up to `most` different records, spread over the whole tree."""
        step = max(1, self.nodes // (4 * most))
        found = np.unique(self._next(np.repeat(np.arange(0, self.nodes, step), 2), np.tile([0, 1], -(-self.nodes // step))))
        places = self._ended(found)
        places = places[places >= 0]
        return places[:: max(1, len(places) // most)]

    def _walk(self, root: Numbers, keys: NDArray[np.uint64], stages: tuple[int, ...], bits: int) -> Numbers:
        """The nodes that are reached from the root by ascending keys of `bits` bits, stage by stage."""
        reached, heads = root, np.zeros(min(len(keys), 1), np.intp)
        for done, length in pairwise(stages):
            prefixes = keys >> np.uint64(bits - length)
            new = np.ones(len(keys), np.bool_)
            np.not_equal(prefixes[1:], prefixes[:-1], out=new[1:])
            starts = np.flatnonzero(new)
            reached = reached[np.searchsorted(heads, starts, "right") - 1]
            heads = starts
            self._descend(reached, keys[heads], done, length, bits)
        return np.repeat(reached, np.diff(heads, append=len(keys))) if len(keys) else np.empty(0, np.int64)

    def _descend(self, reached: Numbers, keys: NDArray[np.uint64], done: int, length: int, bits: int) -> None:
        """Follow the bits from number `done` to number `length` of keys of `bits` bits, most significant first, in place."""
        live = np.flatnonzero(reached < self.nodes)
        for place in range(done, length):
            if not len(live):
                return
            bit = (keys[live] >> np.uint64(bits - 1 - place) & np.uint64(1)).astype(np.intp)
            after = self._next(reached[live], bit)
            reached[live] = after
            live = live[after < self.nodes]

    def _next(self, nodes: Numbers, bit: NDArray[np.intp]) -> Numbers:
        """The record of each node for a bit."""
        words = self._records[nodes, bit].astype(np.int64)
        if self._record_bits == 32:
            return words
        left = words >> 8
        if self._record_bits == 24:
            return left
        return np.where(bit == 1, words & 0x0FFF_FFFF, left | (words & 0xF0) << 20)

    def _ended(self, reached: Numbers) -> Numbers:
        """Places in the file for what was reached at the end of the walks."""
        places = reached - self.nodes + self.bytes
        places[reached == self.nodes] = EMPTY
        places[(reached < self.nodes) | (places >= self._end)] = ENDLESS
        return places

    def _first4(self) -> int:
        """Where IPv4 begins in a tree of IPv6."""
        node = np.zeros(1, np.int64)
        self._descend(node, np.zeros(1, np.uint64), 0, 64, 64)
        self._descend(node, np.zeros(1, np.uint64), 0, BITS4_AS_6 - 64, 64)
        return int(node[0])
