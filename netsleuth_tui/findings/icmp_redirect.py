"""Routers that tell hosts to take another way."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from netsleuth_tui.decode.columns import Has
from netsleuth_tui.findings.finding import Finding, grade
from netsleuth_tui.findings.udp_rows import parted
from netsleuth_tui.findings.words import listed
from netsleuth_tui.wording import counted

if TYPE_CHECKING:
    from netsleuth_tui.findings.limits import Limits
    from netsleuth_tui.findings.seen import Seen

__all__ = ["icmp_redirect"]

WHY = "hosts send by way of a router that is not the nearest one: a wrong mask or gateway, or somebody who wants to be the gateway"
REDIRECT = {4: 5, 6: 137}
"""RFC 792, RFC 4861 section 4.5."""


def icmp_redirect(seen: Seen, limits: Limits) -> Iterator[Finding]:
    """A finding for each address that sends redirects."""
    c = seen.columns
    for version, bits, name, layer in ((4, Has.ICMP, "icmp", "ip"), (6, Has.ICMPV6, "icmpv6", "ipv6")):
        rows = seen.having(bits | Has.ADDRESSES | Has.ICMP_TYPE)
        rows = rows[c.icmp_type[rows] == REDIRECT[version]]
        hosts, counts = np.unique(c.src[rows], return_counts=True)
        many = counts >= limits.redirects
        for places in parted(c.src[rows], hosts[many]) if many.any() else ():
            these = rows[places]
            host, count = int(c.src[these[0]]), len(these)
            times = c.time[these]
            first, last = int(times.min()), int(times.max())
            every = seen.busiest(c.dst[these])[0]
            told = [seen.address(each) for each in every[:2]]
            router = seen.address(host)
            yield Finding(
                kind="icmp-redirect",
                title=f"{router} told {listed(told, len(every))} to take another way: {counted(count, 'ICMP redirect')} "
                f"from {seen.at(first)} on",
                severity=grade(35, count / limits.redirects, 60),
                first=first,
                last=last,
                count=count,
                filter=seen.filter(f"{layer}.src == {router} && {name}.type == {REDIRECT[version]}"),
                window=seen.clipped(first, last + 1),
                why=WHY,
                between=(router, *told),
            )
