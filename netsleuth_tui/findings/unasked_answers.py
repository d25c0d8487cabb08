"""Answers from many hosts to one that asked none of them: perhaps somebody asks in its name (smurf, reflection)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.decode.columns import Has
from netsleuth_tui.findings.counterparts import unfiltered
from netsleuth_tui.findings.finding import Candidate, Finding, grade
from netsleuth_tui.findings.tcp_rows import layer
from netsleuth_tui.findings.udp_rows import datagrams, ends_in_255, one_host, parted
from netsleuth_tui.findings.words import listed, span_of
from netsleuth_tui.wording import counted, grouped

if TYPE_CHECKING:
    from netsleuth_tui.findings.limits import Limits
    from netsleuth_tui.findings.seen import Ids, Seen

__all__ = ["REFLECTORS", "unasked_answers"]

REFLECTORS: Mapping[int, str] = MappingProxyType({
    17: "quote of the day", 19: "chargen", 53: "DNS", 111: "portmapper", 123: "NTP", 137: "NetBIOS", 161: "SNMP", 389: "LDAP", 520: "RIP",
    1900: "SSDP", 3283: "Apple Remote Desktop", 3702: "WS-Discovery", 11211: "memcached",
})  # fmt: skip
"""UDP services whose answers are larger than what asks for them (US-CERT alert TA14-017A)."""
WHY = "somebody may ask them with a forged sender, so that all answers hit one host; or the requests were not captured"
WHY_BROADCAST = "a broadcast asks all hosts of a subnet at once: somebody may have sent it with a forged sender"
ECHO, REPLY = {4: 8, 6: 128}, {4: 0, 6: 129}


def unasked_answers(seen: Seen, limits: Limits) -> Iterator[Candidate]:
    """A finding for each host, and sort of answer, that comes from many hosts to which nothing of it was captured.

    Requests are looked for whatever the filter says. Who asked a multicast or broadcast address is left out: there the answers of many are
    what it asked for, as in discovery by SSDP, WS-Discovery and SNMP. Echo requests to an address that ends in 255 are told instead.
    """
    c, whole = seen.columns, seen.once(unfiltered)
    of_all = whole.columns
    for version, bits, name in ((4, Has.ICMP, "icmp"), (6, Has.ICMPV6, "icmpv6")):
        rows = seen.having(bits | Has.ADDRESSES | Has.ICMP_TYPE)
        asking = whole.having(bits | Has.ADDRESSES | Has.ICMP_TYPE)
        asking = asking[of_all.icmp_type[asking] == ECHO[version]]
        subnets = whole.once(ends_in_255)[of_all.dst[asking]]
        went = dict(zip(of_all.src[asking[subnets]].tolist(), of_all.dst[asking[subnets]].tolist(), strict=True))
        to_many = asking[~subnets & ~whole.once(one_host)[of_all.dst[asking]]]
        for these, senders in _unasked(seen, limits, rows[c.icmp_type[rows] == REPLY[version]], asking, to_many):
            broadcast = went.get(int(c.dst[these[0]]))
            more = f"; echo requests of this sender went to {seen.address(broadcast)}" if broadcast is not None else ""
            yield _candidate(seen, limits, these, senders, ("echo replies", f"{name}.type == {REPLY[version]}", more))
    rows = datagrams(seen)
    source, target = c.src_port[rows], c.dst_port[rows]
    requests = datagrams(whole)
    asked = of_all.dst_port[requests]
    for port, service in REFLECTORS.items():
        some = rows[(source == port) & (target != port)]
        if len(some) >= limits.unasked_hosts:
            words = (f"datagrams from UDP port {port} ({service})", f"udp.srcport == {port} && udp.dstport != {port}", "")
            asking = requests[asked == port]
            to_many = asking[~whole.once(one_host)[of_all.dst[asking]]]
            for these, senders in _unasked(seen, limits, some, asking, to_many):
                yield _candidate(seen, limits, these, senders, words)


def _unasked(seen: Seen, limits: Limits, answers: Ids, asking: Ids, to_many: Ids) -> Iterator[tuple[Ids, int]]:
    """All answers to each host that is answered by many that it did not ask, and by how many.

    Args:
        seen: What has the answers.
        limits: The thresholds.
        answers: Rows of it.
        asking: Requests, among all packets of the window.
        to_many: Those of them that ask many at once.
    """
    c, whole = seen.columns, seen.once(unfiltered)
    of_all = whole.columns
    victims = whole.once(one_host).copy()
    victims[of_all.src[to_many]] = False
    answers = answers[victims[c.dst[answers]]]
    pairs = np.unique(_pair(c.dst[answers], c.src[answers]))
    pairs = pairs[~np.isin(pairs, np.unique(_pair(of_all.src[asking], of_all.dst[asking])))]
    hosts, counts = np.unique(pairs >> np.uint64(32), return_counts=True)
    many = counts >= limits.unasked_hosts
    if many.any():
        for places, count in zip(parted(c.dst[answers].astype(np.uint64), hosts[many]), counts[many].tolist(), strict=True):
            yield answers[places], count


def _pair(one: Ids, other: Ids) -> NDArray[np.uint64]:
    found: NDArray[np.uint64] = one.astype(np.uint64) << np.uint64(32) | other
    return found


def _candidate(seen: Seen, limits: Limits, rows: Ids, senders: int, words: tuple[str, str, str]) -> Candidate:
    severity = grade(50, senders / limits.unasked_hosts, 80)
    return Candidate(severity, int(seen.columns.time[rows].min()), partial(_finding, seen, severity, rows, senders, words))


def _finding(seen: Seen, severity: int, rows: Ids, senders: int, words: tuple[str, str, str]) -> Finding:
    what, text, more = words
    victim = int(seen.columns.dst[rows[0]])
    times = seen.columns.time[rows]
    first, last = int(times.min()), int(times.max())
    hosts, name = [seen.address(host) for host in seen.busiest(seen.columns.src[rows])[0][:2]], seen.address(victim)
    return Finding(
        kind="unasked-answers",
        title=f"{grouped(len(rows))} {what} to {name} within {span_of(first, last)} from {seen.at(first)} on, from "
        f"{counted(senders, 'host')} that no request of it to was captured, such as {listed(hosts)}{more}",
        severity=severity,
        first=first,
        last=last,
        count=len(rows),
        filter=seen.filter(f"{layer(seen, victim)}.dst == {name} && {text}"),
        window=seen.clipped(first, last + 1),
        why=WHY_BROADCAST if more else WHY,
        between=(name, *hosts),
    )
