"""Broadcast and multicast storms."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.findings.bursts import Burst, bursts
from netsleuth_tui.findings.finding import Finding, grade
from netsleuth_tui.findings.words import listed

if TYPE_CHECKING:
    from netsleuth_tui.findings.limits import Limits
    from netsleuth_tui.findings.seen import Ids, Seen

__all__ = ["broadcast_storm"]

WHY = "each of them goes to many hosts and out of many ports: a loop of switches, or a program that floods"
LIMITED = 0xFFFFFFFF
"""255.255.255.255; the broadcast address of a subnet cannot be told without its mask."""


def broadcast_storm(seen: Seen, limits: Limits) -> Iterator[Finding]:
    """A finding for each burst of IPv4 broadcast, and for each of multicast that is not its usual rate."""
    hosts = seen.hosts
    v4 = hosts.version == 4
    broadcast = v4 & (hosts.lo == LIMITED)
    multicast = np.where(v4, hosts.lo >> np.uint64(28) == 0xE, hosts.hi >> np.uint64(56) == 0xFF)
    rows = _to(seen, broadcast)
    for burst in bursts(seen, seen.columns.time[rows], limits.broadcast_per_second, limits):
        grown = burst.peak / limits.broadcast_per_second
        yield _storm(seen, rows, burst, "broadcast packets", "ip.dst == 255.255.255.255", grown)
    rows = _to(seen, multicast)
    for burst in bursts(seen, seen.columns.time[rows], limits.multicast_per_second, limits):
        if burst.usual is not None:
            grown = burst.peak / limits.multicast_per_second
            yield _storm(seen, rows, burst, "multicast packets", "ip.dst == 224.0.0.0/4 || ipv6.dst == ff00::/8", grown)


def _to(seen: Seen, hosts: NDArray[np.bool_]) -> Ids:
    """IP packets to any of these hosts."""
    return seen.ip[hosts[seen.columns.dst[seen.ip]]] if hosts.any() else seen.ip[:0]


def _storm(seen: Seen, rows: Ids, burst: Burst, what: str, text: str, grown: float) -> Finding:
    some = rows[burst.inside]
    times = seen.columns.time[some]
    senders = [seen.address(host) for host in seen.busiest(seen.columns.src[some])[0]]
    targets = [seen.address(host) for host in seen.busiest(seen.columns.dst[some])[0]]
    return Finding(
        kind="broadcast-storm",
        title=f"{burst.told(what)}; from {listed(senders)} to {listed(targets)}",
        severity=grade(50, grown, 80),
        first=int(times.min()),
        last=int(times.max()),
        count=burst.count,
        filter=seen.filter(text),
        window=(burst.start, burst.end),
        why=WHY,
        usual=burst.usual,
        occurrences=burst.begins,
        between=(*senders[:2], *targets[:2]),
    )
