"""Scans by UDP: somebody who tries many ports of a host, or one port of many hosts, and mostly gets no datagram back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from netsleuth_tui.findings.counterparts import hears, refused, unfiltered
from netsleuth_tui.findings.finding import Candidate, Finding, grade
from netsleuth_tui.findings.tcp_rows import layer
from netsleuth_tui.findings.udp_rows import Numbers, Tries, datagrams, parted, tries, with_answers
from netsleuth_tui.findings.words import span_of
from netsleuth_tui.wording import counted, grouped

if TYPE_CHECKING:
    from netsleuth_tui.decode.columns import Columns
    from netsleuth_tui.findings.limits import Limits
    from netsleuth_tui.findings.seen import Ids, Seen

    Grouped = Callable[[Tries], Numbers]

__all__ = ["udp_scan", "udp_sweep"]

WHY_PORTS = "somebody looks for services that can be reached, or a program has lost the one that it needs"
WHY_HOSTS = "somebody looks for hosts that can be reached: a scanner, malware that spreads, or a monitoring system"


def udp_scan(seen: Seen, limits: Limits) -> Iterator[Candidate]:
    """A finding for each pair of hosts where one sends to many ports of the other, and most send nothing back."""
    found = _mostly_silent(seen, limits, limits.scanned_ports, lambda tried: tried.src << 32 | tried.dst)
    for these, ports, answered in _with_rows(seen, found, lambda c, rows: c.src[rows].astype(np.int64) << 32 | c.dst[rows]):
        severity = grade(50, ports / limits.scanned_ports, 75)
        yield Candidate(severity, int(seen.columns.time[these].min()), partial(_scan, seen, severity, these, ports, answered))


def udp_sweep(seen: Seen, limits: Limits) -> Iterator[Candidate]:
    """A finding for each host that sends to the same port of many others, of which most send nothing back."""
    found = _mostly_silent(seen, limits, limits.scanned_hosts, lambda tried: tried.src << 16 | tried.port)
    for these, hosts, answered in _with_rows(seen, found, lambda c, rows: c.src[rows].astype(np.int64) << 16 | c.dst_port[rows]):
        severity = grade(45, hosts / limits.scanned_hosts, 75)
        yield Candidate(severity, int(seen.columns.time[these].min()), partial(_sweep, seen, severity, these, hosts, answered))


def _mostly_silent(seen: Seen, limits: Limits, least: int, key: Grouped) -> tuple[Numbers, Numbers, Numbers]:
    """Groups of so many tries of which most were not answered: keys, tries, answered ones.

    Who was sent nothing at all is left out: the capture may have one direction, and a service on a high port answers lower ones.
    """
    tried, whole = seen.once(tries), seen.once(unfiltered)
    keys, of, counts = np.unique(key(tried), return_inverse=True, return_counts=True)
    many = counts >= least
    tried = tried.at(many[of])
    if len(tried.src):
        tried = with_answers(whole, tried.at(whole.once(hears)[tried.src]))
    keys, of, counts = np.unique(key(tried), return_inverse=True, return_counts=True)
    answered = np.bincount(of, tried.answered, minlength=len(keys)).astype(np.int64)
    chosen = 100 * answered < limits.scan_answered_percent * counts
    return keys[chosen], counts[chosen], answered[chosen]


def _with_rows(
    seen: Seen, found: tuple[Numbers, Numbers, Numbers], key: Callable[[Columns, Ids], Numbers]
) -> Iterator[tuple[Ids, int, int]]:
    """All datagrams of each group, tries, answered ones."""
    keys, counts, answered = found
    if len(keys):
        rows = datagrams(seen)
        for places, number, came in zip(parted(key(seen.columns, rows), keys), counts.tolist(), answered.tolist(), strict=True):
            yield rows[places], number, came


def _answers(answered: int, one: str) -> str:
    return f"a datagram came back from {counted(answered, one)}" if answered else "no datagram came back"


def _scan(seen: Seen, severity: int, rows: Ids, ports: int, answered: int) -> Finding:
    src, dst = int(seen.columns.src[rows[0]]), int(seen.columns.dst[rows[0]])
    one, other, name = seen.address(src), seen.address(dst), layer(seen, src)
    messages = seen.once(unfiltered).once(refused).get(dst << 32 | src, 0)
    unreachable = f"; {counted(messages, 'message')} back that a port is unreachable" if messages else ""
    title = f"{one} tried {grouped(ports)} UDP ports of {other} {{when}}, {_answers(answered, 'port')}{unreachable}"
    text = f"{name}.src == {one} && {name}.dst == {other} && udp.dstport"
    return _finding(seen, rows, "udp-scan", title, severity, text, WHY_PORTS, (one, other))


def _sweep(seen: Seen, severity: int, rows: Ids, hosts: int, answered: int) -> Finding:
    src, port = int(seen.columns.src[rows[0]]), int(seen.columns.dst_port[rows[0]])
    one, targets = seen.address(src), [seen.address(host) for host in seen.busiest(seen.columns.dst[rows])[0][:2]]
    title = f"{one} tried {counted(hosts, 'host')} with UDP port {port} {{when}}, {_answers(answered, 'host')}"
    text = f"{layer(seen, src)}.src == {one} && udp.dstport == {port}"
    return _finding(seen, rows, "udp-sweep", title, severity, text, WHY_HOSTS, (one, *targets))


def _finding(
    seen: Seen, rows: Ids, kind: str, title: str, severity: int, text: str, why: str, between: tuple[str, ...]
) -> Finding:  # fmt: skip
    times = seen.columns.time[rows]
    first, last = int(times.min()), int(times.max())
    return Finding(
        kind=kind,
        title=title.replace("{when}", f"within {span_of(first, last)} from {seen.at(first)} on"),
        severity=severity,
        first=first,
        last=last,
        count=len(rows),
        filter=seen.filter(text),
        window=seen.clipped(first, last + 1),
        why=why,
        between=between,
    )
