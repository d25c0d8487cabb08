"""Networks of the addresses that were seen, and what was counted in them."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.decode.hosts import Hosts

__all__ = ["PREFIXES", "Ordered", "keys_of", "network", "ordered"]

PREFIXES = ((8, 32), (16, 48), (24, 64))
"""Lengths of the prefixes that are counted, for IPv4 and IPv6."""


@dataclass(frozen=True, slots=True)
class Ordered:
    """Hosts in the order of their addresses, IPv4 first, so that those of a network stand together."""

    hosts: NDArray[np.intp]
    """Host ids, in order."""
    is6: NDArray[np.bool_]
    """By position."""
    keys: NDArray[np.uint64]
    """By position: the IPv4 address, or the high half of the IPv6 address."""

    def starts(self, level: int) -> NDArray[np.intp]:
        """Positions at which the networks of a level (index into `PREFIXES`) begin."""
        v4, v6 = PREFIXES[level]
        prefix = self.keys >> np.where(self.is6, np.uint64(64 - v6), np.uint64(32 - v4))
        new = np.ones(len(prefix), np.bool_)
        new[1:] = (prefix[1:] != prefix[:-1]) | (self.is6[1:] != self.is6[:-1])
        return np.flatnonzero(new)


def keys_of(hosts: Hosts) -> NDArray[np.int64]:
    """For each host the IPv4 address, or the high half of the IPv6 address as a signed number."""
    return np.where(hosts.version == 4, hosts.lo, hosts.hi).view(np.int64)


def ordered(hosts: Hosts) -> Ordered:
    """All addresses that a `HostTable` knew at some moment, in order; kept, since that takes longer than a pass over the rows.

    What they say of an id changes only where it was free and is given again: so as many as were given are the same ones.
    """
    version = hosts.version.copy()
    given = int(np.count_nonzero(version))
    for seen, then, found in tuple(_last):
        if then == given and len(seen) == len(version) and seen.ctypes.data == hosts.version.ctypes.data:
            return found
    keys, is6 = keys_of(hosts._replace(version=version)).view(np.uint64), version == 6
    order = np.lexsort((keys, is6))
    found = Ordered(order, is6[order], keys[order])
    _last.append((hosts.version, given, found))
    return found


_last: deque[tuple[NDArray[np.uint8], int, Ordered]] = deque(maxlen=2)
"""Versions of addresses, how many ids were given among them, and their order; what is kept here stays where it is in memory."""


def network(key: int, level: int, *, is6: bool) -> str:
    """A network as text: '10.1.0.0/16'."""
    v4, v6 = PREFIXES[level]
    if is6:
        return f"{IPv6Address(key >> (64 - v6) << (128 - v6))}/{v6}"
    return f"{IPv4Address(key >> (32 - v4) << (32 - v4))}/{v4}"
