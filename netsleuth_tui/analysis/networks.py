"""Networks of the addresses that were seen, and what was counted in them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.decode.hosts import Hosts, HostTable

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


def ordered(table: HostTable, count: int) -> Ordered:
    """The first `count` hosts of a table in order; kept, since that takes longer than a pass over the rows."""
    return _ordered(table, count, table.cleared)


@lru_cache(2)
def _ordered(table: HostTable, count: int, cleared: int) -> Ordered:  # noqa: ARG001 - numbers may mean others when it changes
    known = table.known()
    hosts = Hosts(known.version[:count], known.hi[:count], known.lo[:count])
    keys, is6 = keys_of(hosts).view(np.uint64), hosts.version == 6
    order = np.lexsort((keys, is6))
    return Ordered(order, is6[order], keys[order])


def network(key: int, level: int, *, is6: bool) -> str:
    """A network as text: '10.1.0.0/16'."""
    v4, v6 = PREFIXES[level]
    if is6:
        return f"{IPv6Address(key >> (64 - v6) << (128 - v6))}/{v6}"
    return f"{IPv4Address(key >> (32 - v4) << (32 - v4))}/{v4}"
