"""Addresses of hosts: as text, and in their order."""

from __future__ import annotations

import ipaddress
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from netsleuth_tui.decode.hosts import Hosts, HostTable
    from netsleuth_tui.tabular import Cell

__all__ = ["address", "address_ranks", "addresses"]

Ids = NDArray[np.uint32]


def address(hosts: HostTable | Hosts, host: int) -> str:
    """The address of a host id, as RFC 5952 writes it."""
    return _text(int(hosts.version[host]), int(hosts.hi[host]), int(hosts.lo[host]))


@lru_cache(1 << 16)
def _text(version: int, high: int, low: int) -> str:
    return str(ipaddress.IPv4Address(low)) if version == 4 else str(ipaddress.IPv6Address(high << 64 | low))


def addresses(hosts: HostTable, ids: Ids) -> list[Cell]:
    """Texts of host ids; each distinct address is written once."""
    distinct, inverse = np.unique(ids, return_inverse=True)
    known = hosts.known()
    low = known.lo[distinct]
    octets = ((low >> np.uint64(shift) & np.uint64(255)).tolist() for shift in (24, 16, 8, 0))
    texts: list[Cell] = list(map("%d.%d.%d.%d".__mod__, zip(*octets, strict=True)))
    for k in np.flatnonzero(known.version[distinct] != 4).tolist():
        texts[k] = address(hosts, int(distinct[k]))
    return [texts[k] for k in inverse.tolist()]


def address_ranks(hosts: Hosts, ids: NDArray[Any]) -> NDArray[np.int64]:
    """For each host id the rank of its address by version, then by number."""
    ranks = np.zeros(len(hosts.version), np.int64)
    ranks[np.lexsort((hosts.lo, hosts.hi, hosts.version))] = np.arange(len(ranks))
    # A row may be visible before its host is known here: it counts as the last one.
    return ranks[np.minimum(ids, len(ranks) - 1)] if len(ranks) else np.zeros(len(ids), np.int64)
