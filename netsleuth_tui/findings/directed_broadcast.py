"""Bursts of packets to addresses that look like the broadcast address of a subnet."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from netsleuth_tui.findings.bursts import bursts
from netsleuth_tui.findings.finding import Finding, grade
from netsleuth_tui.findings.udp_rows import ends_in_255
from netsleuth_tui.findings.words import listed

if TYPE_CHECKING:
    from netsleuth_tui.findings.limits import Limits
    from netsleuth_tui.findings.seen import Seen

__all__ = ["directed_broadcast"]

WHY = "each may go to every host of the subnet, and each of them may answer; routers should not let any through (RFC 2644)"


def directed_broadcast(seen: Seen, limits: Limits) -> Iterator[Finding]:
    """A finding for each burst to an IPv4 address that ends in 255 and never sends anything itself."""
    c = seen.columns
    targets = seen.once(ends_in_255)
    if not targets.any():
        return
    rows = seen.ip[targets[c.dst[seen.ip]]]
    busiest = [host for host, count in zip(*seen.busiest(c.dst[rows]), strict=True) if count >= limits.directed_per_second]
    if not busiest:
        return
    sends = np.zeros(len(targets), np.bool_)
    sends[c.src[seen.ip]] = True
    for host in [each for each in busiest if not sends[each]][: limits.findings_of_a_kind]:
        some = rows[c.dst[rows] == host]
        name = seen.address(host)
        for burst in bursts(seen, c.time[some], limits.directed_per_second, limits):
            these = some[burst.inside]
            times = c.time[these]
            every = seen.busiest(c.src[these])[0]
            senders = [seen.address(each) for each in every[:2]]
            yield Finding(
                kind="directed-broadcast",
                title=f"{burst.told(f'packets to {name}')}; from {listed(senders, len(every))} (it ends in 255 and sends nothing, as the "
                "broadcast addresses of subnets do)",
                severity=grade(50, burst.peak / limits.directed_per_second, 80),
                first=int(times.min()),
                last=int(times.max()),
                count=burst.count,
                filter=seen.filter(f"ip.dst == {name}"),
                window=(burst.start, burst.end),
                why=WHY,
                usual=burst.usual,
                between=(name, *senders),
            )
