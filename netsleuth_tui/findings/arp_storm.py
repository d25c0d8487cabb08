"""ARP storms: seconds full of questions who has an address."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from netsleuth_tui.decode.columns import Has
from netsleuth_tui.findings.bursts import bursts
from netsleuth_tui.findings.finding import Finding, grade
from netsleuth_tui.wording import counted

if TYPE_CHECKING:
    from netsleuth_tui.findings.limits import Limits
    from netsleuth_tui.findings.seen import Seen

__all__ = ["arp_storm"]

WHY = "every host on the network has to look at each of them: a loop of switches, a scan, or a host that asks for what is not there"


def arp_storm(seen: Seen, limits: Limits) -> Iterator[Finding]:
    """A finding for each burst of ARP packets."""
    rows = seen.having(Has.ARP)
    times = seen.columns.time[rows]
    for burst in bursts(seen, times, limits.arp_per_second, limits):
        some = rows[burst.inside]
        known = some[seen.columns.present[some] & int(Has.ADDRESSES) != 0]
        senders, sent = seen.busiest(seen.columns.src[known])
        targets, _ = seen.busiest(seen.columns.dst[known])
        who = f"; {seen.address(senders[0])} sent {100 * sent[0] // burst.count} % of them" if senders else ""
        yield Finding(
            kind="arp-storm",
            title=f"{burst.told('ARP packets')}; about {counted(len(targets), 'address', 'addresses')}{who}",
            severity=grade(50, burst.peak / limits.arp_per_second, 85),
            first=int(times[burst.inside].min()),
            last=int(times[burst.inside].max()),
            count=burst.count,
            filter=seen.filter("arp"),
            window=(burst.start, burst.end),
            why=WHY,
            usual=burst.usual,
            occurrences=burst.begins,
            between=tuple(seen.address(host) for host in (*senders[:1], *targets[:2])),
        )
