"""Services that are asked by UDP and do not answer: DNS, Kerberos, RADIUS and the like."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.analysis.times import BILLION
from netsleuth_tui.findings.counterparts import hears, refused, unfiltered
from netsleuth_tui.findings.finding import Candidate, Finding, grade
from netsleuth_tui.findings.tcp_rows import layer
from netsleuth_tui.findings.udp_rows import datagrams, ends, numbered, one_host, parted
from netsleuth_tui.findings.words import listed
from netsleuth_tui.wording import counted, grouped

if TYPE_CHECKING:
    from netsleuth_tui.findings.limits import Limits
    from netsleuth_tui.findings.seen import Ids, Seen

__all__ = ["SERVICES", "udp_unanswered"]

SERVICES: Mapping[int, str] = MappingProxyType({
    53: "DNS", 88: "Kerberos", 123: "NTP", 161: "SNMP", 389: "LDAP", 464: "Kerberos passwords", 500: "IKE", 1645: "RADIUS",
    1646: "RADIUS accounting", 1812: "RADIUS", 1813: "RADIUS accounting", 3478: "STUN",
})  # fmt: skip
"""Ports at which every request is to be answered from that port, to the one it came from (IANA's register of ports). Not DHCP's: its
servers answer relays at another address than they were asked from (RFC 2131 section 4.1), and with IPv6 clients at port 546, wherever they
asked from (RFC 8415 section 7.2)."""
WHY = "who asks waits, asks again, and asks another server; or the answers go another way than past the capture"
WHY_REFUSED = f"an unreachable port is closed (no program listens there) or behind a firewall that says so; {WHY}"
PATIENCE = 3 * BILLION
"""ns before the end of the scope: what was asked then may yet be answered."""


def udp_unanswered(seen: Seen, limits: Limits) -> Iterator[Candidate]:
    """A finding for each service that sends nothing back to some of the ports that ask it.

    Only those who ask count to whom the capture has packets: of others it may have one direction. What comes back is looked for whatever
    the filter says.
    """
    rows, whole = _requests(seen), seen.once(unfiltered)
    if len(rows) < limits.udp_unanswered or whole.span is None:
        return
    c = seen.columns
    asked, back = numbered(ends(seen, rows), ends(whole, _answers(whole, rows), back=True))
    answered = np.zeros(int(asked.max()) + 1, np.bool_)
    answered[back[back < len(answered)]] = True
    silent = ~answered[asked] & (c.time[rows] < whole.span[1] - PATIENCE)
    if int(silent.sum()) < limits.udp_unanswered:
        return
    both_ways = whole.once(hears)[c.src[rows]]
    rows, silent = rows[both_ways], silent[both_ways]
    servers, of = np.unique(c.dst[rows].astype(np.int64) << 16 | c.dst_port[rows], return_inverse=True)
    counts, all_of_them = np.bincount(of, silent, len(servers)), np.bincount(of, minlength=len(servers))
    chosen = np.flatnonzero((counts >= limits.udp_unanswered) & (100 * counts >= limits.udp_unanswered_percent * all_of_them))
    if len(chosen):
        rows, of = rows[silent], of[silent]
        for k, places in zip(chosen.tolist(), parted(of, chosen), strict=True):
            these, requests = rows[places], int(all_of_them[k])
            severity = grade(40 if len(these) == requests else 30, len(these) / limits.udp_unanswered, 70)
            yield Candidate(severity, int(c.time[these].min()), partial(_finding, seen, severity, these, requests))


def _service() -> NDArray[np.bool_]:
    """By port: it is one of `SERVICES`."""
    found = np.zeros(1 << 16, np.bool_)
    found[list(SERVICES)] = True
    return found


def _requests(seen: Seen) -> Ids:
    """Datagrams to these services."""
    c, rows = seen.columns, datagrams(seen)
    rows = rows[_service()[c.dst_port[rows]]]
    found: Ids = rows[seen.once(one_host)[c.dst[rows]]]
    return found


def _answers(seen: Seen, requests: Ids) -> Ids:
    """Datagrams that may be answers to these, among all of the window."""
    c, rows = seen.columns, datagrams(seen)
    clients, servers = (np.zeros(len(seen.hosts.version), np.bool_) for _ in range(2))
    clients[c.src[requests]] = True
    servers[c.dst[requests]] = True
    rows = rows[_service()[c.src_port[rows]]]
    found: Ids = rows[servers[c.src[rows]] & clients[c.dst[rows]]]
    return found


def _refused(seen: Seen, rows: Ids) -> int:
    """How many messages that a port is unreachable the host that was asked sent those who asked."""
    c, told = seen.columns, seen.once(unfiltered).once(refused)
    host = int(c.dst[rows[0]])
    return sum(told.get(host << 32 | client, 0) for client in np.unique(c.src[rows]).tolist()) if told else 0


def _finding(seen: Seen, severity: int, rows: Ids, requests: int) -> Finding:
    c = seen.columns
    host, port = int(c.dst[rows[0]]), int(c.dst_port[rows[0]])
    times = c.time[rows]
    first, last = int(times.min()), int(times.max())
    every = seen.busiest(c.src[rows])[0]
    clients = [seen.address(each) for each in every[:2]]
    server = seen.address(host)
    messages = _refused(seen, rows)
    unreachable = f"; {counted(messages, 'message')} back that a port is unreachable" if messages else ""
    of_them = f"{grouped(len(rows))} of" if len(rows) < requests else "all" if requests > 1 else "the only one of"
    return Finding(
        kind="udp-unanswered",
        title=f"no datagram came back for {of_them} {counted(requests, 'datagram')} to {server} UDP port {port} ({SERVICES[port]}), "
        f"which {listed(clients, len(every))} sent from {seen.at(first)} on{unreachable}",
        severity=severity,
        first=first,
        last=last,
        count=len(rows),
        filter=seen.filter(f"{layer(seen, host)}.dst == {server} && udp.dstport == {port}"),
        window=seen.clipped(first, last + 1),
        why=WHY_REFUSED if messages else WHY,
        between=(server, *clients),
        count_of="datagrams without an answer",
    )
