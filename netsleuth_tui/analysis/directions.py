"""Which way a packet goes: between the two addresses that are looked at, or between private networks and the rest of the world."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.analysis.addresses import address
from netsleuth_tui.analysis.interval_counts import Keys
from netsleuth_tui.decode.columns import Columns, Has

if TYPE_CHECKING:
    from netsleuth_tui.decode.hosts import HostTable
    from netsleuth_tui.store import Rows, Store

__all__ = ["BY_NETWORK", "directions"]

Ids = NDArray[np.uint32]

BY_NETWORK = ("private to public", "public to private", "between private", "between public")

PRIVATE_V4 = (
    (0, 8),  # this network, RFC 791
    (10 << 24, 8),  # RFC 1918
    (100 << 24 | 64 << 16, 10),  # behind a carrier's NAT, RFC 6598
    (127 << 24, 8),  # loopback, RFC 1122
    (169 << 24 | 254 << 16, 16),  # link-local, RFC 3927
    (172 << 24 | 16 << 16, 12),  # RFC 1918
    (192 << 24 | 168 << 16, 16),  # RFC 1918
    (224 << 24, 3),  # multicast (RFC 5771), reserved, broadcast
)
"""IPv4 networks whose packets stay inside: base and prefix length."""

PRIVATE_V6 = (
    (0xFC << 56, 7),  # unique local, RFC 4193
    (0xFE80 << 48, 10),  # link-local, RFC 4291
    (0xFF << 56, 8),  # multicast, RFC 4291
)
"""The same for the upper 64 bits of IPv6; besides, :: and ::1 are private."""


def directions(store: Store, rows: Rows) -> tuple[Keys, tuple[str, ...]]:
    """What each row's direction is, and the directions' names.

    Where all rows that have addresses are between the same two: from the first packet's source to the other one, and back. Otherwise by
    network: from private addresses (those that are not routed on the internet) to public ones, back, among private, among public ones.
    Rows without addresses have no direction.
    """
    columns = store.columns()
    at = slice(rows.first, rows.last) if rows.ids is None else rows.ids[rows.first : rows.last]
    src, dst = columns.src[at], columns.dst[at]
    has = int(Has.ADDRESSES)
    pair = _only_pair(columns, at, src, dst)
    if pair is not None:
        a, b = (address(store.hosts, host) for host in pair)
        return Keys((src != pair[0]).astype(np.uint32), has, 2), (f"{a} to {b}", f"{b} to {a}")
    public = ~private(store.hosts)
    numbers = np.array([2, 1, 0, 3], np.uint32)[public[dst] * np.uint8(2) + public[src]]
    # private to private, public to private, private to public, public to public
    return Keys(numbers, has, len(BY_NETWORK)), BY_NETWORK


def _only_pair(columns: Columns, at: slice | Ids, src: Ids, dst: Ids) -> tuple[int, int] | None:
    """Source and destination of the first row that has addresses, if all others are between these two as well."""
    has = (columns.present[at] & np.uint64(Has.ADDRESSES)) != 0
    if not has.any():
        return None
    first = int(has.argmax())
    a, b = src[first], dst[first]
    if a == b:
        return None
    one = (src == a) & (dst == b) | (src == b) & (dst == a)
    return (int(a), int(b)) if bool((one | ~has).all()) else None


def private(hosts: HostTable) -> NDArray[np.bool_]:
    """(hosts,): true for addresses that are not routed on the internet."""
    count = hosts.count
    version, high, low = hosts.version[:count], hosts.hi[:count].astype(np.uint64), hosts.lo[:count].astype(np.uint64)
    found = np.zeros(count, np.bool_)
    for base, length in PRIVATE_V4:
        found |= (version == 4) & (low >> np.uint64(32 - length) == np.uint64(base >> 32 - length))
    for base, length in PRIVATE_V6:
        found |= (version == 6) & (high >> np.uint64(64 - length) == np.uint64(base >> 64 - length))
    found |= (version == 6) & (high == 0) & (low <= 1)
    return found
