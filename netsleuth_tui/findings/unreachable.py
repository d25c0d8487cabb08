"""Bursts of ICMP messages that something could not be delivered."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from netsleuth_tui.decode.columns import Has
from netsleuth_tui.findings.bursts import bursts
from netsleuth_tui.findings.finding import Finding, grade
from netsleuth_tui.findings.words import listed

if TYPE_CHECKING:
    from netsleuth_tui.findings.limits import Limits
    from netsleuth_tui.findings.seen import Ids, Seen

__all__ = ["unreachable"]


class Sort(NamedTuple):
    """Messages that say the same."""

    what: str
    why: str
    codes: tuple[int, ...]
    """ICMP type 3 (RFC 792, RFC 1122 section 3.2.2.1)."""
    codes6: tuple[int, ...]
    """ICMPv6 type 1 (RFC 4443 section 3.1)."""
    limit: str
    """Name of the threshold."""


SORTS = (
    Sort(
        "messages that a port is unreachable", "something asks a service that is not there, or for ports that might be open",
        (3,), (4,), "unreachable_per_second",
    ),
    Sort(
        "messages that a network or host is unreachable", "a way that was there is gone, or something asks for hosts that are not there",
        (0, 1, 5, 6, 7, 8, 11, 12), (0, 3), "unreachable_per_second",
    ),
    Sort(
        "messages that forwarding is forbidden", "a firewall refuses packets, and says so",
        (9, 10, 13, 14, 15), (1, 5, 6), "unreachable_per_second",
    ),
    Sort(
        "messages that packets are too big", "packets do not fit and must not be fragmented: large ones may never arrive",
        (4,), (), "too_big_per_second",
    ),
)  # fmt: skip
TOO_BIG6 = 2
"""ICMPv6 type Packet Too Big (RFC 4443 section 3.2)."""


def unreachable(seen: Seen, limits: Limits) -> Iterator[Finding]:
    """A finding for each burst of each sort of message; those of IPv4 and IPv6 are counted apart."""
    v4 = seen.having(Has.ICMP | Has.ICMP_TYPE | Has.ICMP_CODE)
    v6 = seen.having(Has.ICMPV6 | Has.ICMP_TYPE | Has.ICMP_CODE)
    kinds4, codes4 = seen.columns.icmp_type[v4], seen.columns.icmp_code[v4]
    kinds6, codes6 = seen.columns.icmp_type[v6], seen.columns.icmp_code[v6]
    for sort in SORTS:
        chosen = v4[(kinds4 == 3) & np.isin(codes4, sort.codes)]
        yield from _bursts(seen, limits, sort, chosen, f"icmp.type == 3 && icmp.code in {{{', '.join(map(str, sort.codes))}}}")
        if sort.codes6:
            chosen = v6[(kinds6 == 1) & np.isin(codes6, sort.codes6)]
            yield from _bursts(seen, limits, sort, chosen, f"icmpv6.type == 1 && icmpv6.code in {{{', '.join(map(str, sort.codes6))}}}")
        else:
            yield from _bursts(seen, limits, sort, v6[kinds6 == TOO_BIG6], f"icmpv6.type == {TOO_BIG6} && icmpv6.code")


def _bursts(seen: Seen, limits: Limits, sort: Sort, rows: Ids, text: str) -> Iterator[Finding]:
    least = getattr(limits, sort.limit)
    times = seen.columns.time[rows]
    for burst in bursts(seen, times, least, limits):
        some = rows[burst.inside]
        senders = [seen.address(host) for host in seen.busiest(seen.columns.src[some])[0]]
        told = [seen.address(host) for host in seen.busiest(seen.columns.dst[some])[0]]
        yield Finding(
            kind="icmp-unreachable",
            title=f"{burst.told(sort.what)}; {listed(senders)} sent them to {listed(told)}",
            severity=grade(45, burst.peak / least, 75),
            first=int(times[burst.inside].min()),
            last=int(times[burst.inside].max()),
            count=burst.count,
            filter=seen.filter(text),
            window=(burst.start, burst.end),
            why=sort.why,
            usual=burst.usual,
            occurrences=burst.begins,
            between=(*senders[:2], *told[:2]),
        )
