"""Several servers that hand out addresses."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from netsleuth_tui.findings.counterparts import unfiltered
from netsleuth_tui.findings.finding import Finding
from netsleuth_tui.findings.udp_rows import datagrams
from netsleuth_tui.findings.words import listed
from netsleuth_tui.wording import grouped

if TYPE_CHECKING:
    from netsleuth_tui.findings.limits import Limits
    from netsleuth_tui.findings.seen import Ids, Seen

__all__ = ["dhcp_servers"]

WHY = (
    "unless they share their addresses out on purpose, or one relays for the other (a relay answers beside its server), hosts get wrong "
    "addresses or gateways: a device that nobody knows may answer, too"
)
SERVER, CLIENT = 67, 68
"""Ports of BOOTP and DHCP (RFC 2131 section 4.1)."""


def dhcp_servers(seen: Seen, limits: Limits) -> Iterator[Finding]:
    """A finding where datagrams from the port of servers to that of clients come from several addresses.

    Relays and their servers, as far as datagrams between them were captured, are left out: both answer the same clients.
    """
    c, rows = seen.columns, datagrams(seen)
    rows = rows[(c.src_port[rows] == SERVER) & (c.dst_port[rows] == CLIENT)]
    answers = len(rows)
    rows = rows[~np.isin(c.src[rows], seen.once(_relaying))]
    hosts, counts = seen.busiest(c.src[rows])
    if len(hosts) < limits.dhcp_servers:
        return
    times = c.time[rows]
    first, last = int(times.min()), int(times.max())
    names = [seen.address(host) for host in hosts]
    shown = [f"{name} ({grouped(count)})" for name, count in zip(names, counts, strict=True)]
    yield Finding(
        kind="dhcp-servers",
        title=f"DHCP answers came from {grouped(len(names))} addresses from {seen.at(first)} on: {listed(shown, most=4)}",
        severity=30,
        first=first,
        last=last,
        count=len(rows),
        filter=seen.filter(f"udp.srcport == {SERVER} && udp.dstport == {CLIENT}"),
        window=seen.clipped(first, last + 1),
        why=WHY,
        between=tuple(names[:4]),
        count_of="packets" if len(rows) == answers else "answers of these addresses",
    )


def _relaying(seen: Seen) -> Ids:
    """Hosts that exchange datagrams from the port of servers to that of servers, as relays and their servers do (RFC 2131 section 4.1)."""
    whole = seen.once(unfiltered)
    c, rows = whole.columns, datagrams(whole)
    rows = rows[(c.src_port[rows] == SERVER) & (c.dst_port[rows] == SERVER)]
    return np.unique(np.append(c.src[rows], c.dst[rows]))
