"""Scans: somebody who tries many ports of a host, or many hosts, and is mostly not answered."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.decode.columns import Has
from netsleuth_tui.findings.finding import Finding, grade
from netsleuth_tui.findings.words import amount, at, counted, span_of

if TYPE_CHECKING:
    from netsleuth_tui.findings.limits import Limits
    from netsleuth_tui.findings.seen import Ids, Seen

__all__ = ["port_scan", "sweep"]

Words = NDArray[np.uint64]

WHY_PORTS = "somebody looks for services that can be reached, or a program has lost the one that it needs"
WHY_HOSTS = "somebody looks for hosts that can be reached: a scanner, malware that spreads, or a monitoring system"
TCP = Has.TCP | Has.ADDRESSES | Has.TCP_FLAGS | Has.SRC_PORT | Has.DST_PORT
SYN, RST, ACK = 0x002, 0x004, 0x010
ECHO, REPLY = {4: 8, 6: 128}, {4: 0, 6: 129}


class Tried(NamedTuple):
    """What was tried, each once: parallel arrays."""

    src: NDArray[np.int64]
    dst: NDArray[np.int64]
    port: NDArray[np.int64]
    answered: NDArray[np.bool_]


def port_scan(seen: Seen, limits: Limits) -> Iterator[Finding]:
    """A finding for each pair of hosts where one asks for TCP connections to many ports of the other, and most are not accepted."""
    rows, tried = _connections(seen)
    if not len(rows):
        return
    pairs, of, counts = np.unique(tried.src << 32 | tried.dst, return_inverse=True, return_counts=True)
    answered = np.bincount(of, tried.answered, minlength=len(pairs)).astype(np.int64)
    chosen = (counts >= limits.scanned_ports) & (100 * answered < limits.scan_answered_percent * counts)
    for pair, ports, accepted in zip(pairs[chosen].tolist(), counts[chosen].tolist(), answered[chosen].tolist(), strict=True):
        src, dst = pair >> 32, pair & 0xFFFFFFFF
        these = rows[(seen.columns.src[rows] == src) & (seen.columns.dst[rows] == dst)]
        layer = _layer(seen, src)
        one, other = seen.address(src), seen.address(dst)
        times = seen.columns.time[these]
        first, last = int(times.min()), int(times.max())
        yield Finding(
            kind="port-scan",
            title=f"{one} tried {amount(ports)} TCP ports of {other} within {span_of(first, last)} from {at(first)} on, "
            f"{_of_them(accepted)} accepted",
            severity=grade(55, ports / limits.scanned_ports, 80),
            first=first,
            last=last,
            count=len(these),
            filter=seen.filter(f"{layer}.src == {one} && {layer}.dst == {other} && tcp.flags.syn == 1 && tcp.flags.ack == 0"),
            window=seen.clipped(first, last + 1),
            why=WHY_PORTS,
            between=(one, other),
        )


def sweep(seen: Seen, limits: Limits) -> Iterator[Finding]:
    """A finding for each host that tries the same TCP port of many hosts, or pings many hosts, and is mostly not answered."""
    rows, tried = _connections(seen)
    if len(rows):
        for src, port, hosts, answered in _swept(tried, limits):
            these = rows[(seen.columns.src[rows] == src) & (seen.columns.dst_port[rows] == port)]
            text = f"tcp.dstport == {port} && tcp.flags.syn == 1 && tcp.flags.ack == 0"
            yield _sweep(seen, limits, these, src, hosts, text, f"TCP port {port}", f"{_of_them(answered)} accepted")
    for version, bits, name in ((4, Has.ICMP, "icmp"), (6, Has.ICMPV6, "icmpv6")):
        rows, tried = _pings(seen, bits, version)
        for src, _, hosts, answered in _swept(tried, limits) if len(rows) else ():
            these = rows[seen.columns.src[rows] == src]
            yield _sweep(
                seen, limits, these, src, hosts, f"{name}.type == {ECHO[version]}", "echo requests", f"{_of_them(answered)} replied"
            )


def _of_them(answered: int) -> str:
    return amount(answered) if answered else "none"


def _swept(tried: Tried, limits: Limits) -> Iterator[tuple[int, int, int, int]]:
    """Who tries which port of how many hosts, and how many answered."""
    keys, of, counts = np.unique(tried.src << 16 | tried.port, return_inverse=True, return_counts=True)
    answered = np.bincount(of, tried.answered, minlength=len(keys)).astype(np.int64)
    chosen = (counts >= limits.scanned_hosts) & (100 * answered < limits.scan_answered_percent * counts)
    for key, hosts, number in zip(keys[chosen].tolist(), counts[chosen].tolist(), answered[chosen].tolist(), strict=True):
        yield key >> 16, key & 0xFFFF, hosts, number


def _sweep(seen: Seen, limits: Limits, rows: Ids, src: int, hosts: int, text: str, what: str, answered: str) -> Finding:
    times = seen.columns.time[rows]
    first, last = int(times.min()), int(times.max())
    name = seen.address(src)
    targets = [seen.address(host) for host in seen.most(seen.columns.dst[rows])[0][:2]]
    return Finding(
        kind="sweep",
        title=f"{name} tried {counted(hosts, 'host')} with {what} within {span_of(first, last)} from {at(first)} on, {answered}",
        severity=grade(50, hosts / limits.scanned_hosts, 80),
        first=first,
        last=last,
        count=len(rows),
        filter=seen.filter(f"{_layer(seen, src)}.src == {name} && {text}"),
        window=seen.clipped(first, last + 1),
        why=WHY_HOSTS,
        between=(name, *targets),
    )


def _layer(seen: Seen, host: int) -> str:
    return "ip" if int(seen.hosts.version[host]) == 4 else "ipv6"


def _connections(seen: Seen) -> tuple[Ids, Tried]:
    """Rows that ask for a TCP connection; and what they ask for, and whether the other side accepted."""
    columns = seen.columns
    rows = seen.having(TCP)
    flags = columns.tcp_flags[rows]
    asking = rows[flags & (SYN | ACK) == SYN]
    asked = _distinct(columns.src[asking], columns.dst[asking], columns.dst_port[asking])
    if not len(asking):
        return asking, asked
    accepting = rows[flags & (SYN | ACK | RST) == SYN | ACK]
    going_on = rows[flags & (SYN | RST | ACK) == ACK]
    there = np.unique(columns.src[asking])  # only those who ask are of interest, and hardly anybody asks without being answered
    going_on = going_on[np.isin(columns.src[going_on], there)]
    accepted = _distinct(
        np.append(columns.dst[accepting], columns.src[going_on]),
        np.append(columns.src[accepting], columns.dst[going_on]),
        np.append(columns.src_port[accepting], columns.dst_port[going_on]),
    )
    return asking, asked._replace(answered=_among(asked, accepted))


def _pings(seen: Seen, bits: Has, version: int) -> tuple[Ids, Tried]:
    columns = seen.columns
    rows = seen.having(bits | Has.ADDRESSES | Has.ICMP_TYPE)
    kinds = columns.icmp_type[rows]
    asking, replying = rows[kinds == ECHO[version]], rows[kinds == REPLY[version]]
    none = np.zeros(1, np.uint16)
    asked = _distinct(columns.src[asking], columns.dst[asking], none[np.zeros(len(asking), np.int8)])
    replied = _distinct(columns.dst[replying], columns.src[replying], none[np.zeros(len(replying), np.int8)])
    return asking, asked._replace(answered=_among(asked, replied))


def _distinct(src: Ids, dst: Ids, port: NDArray[np.uint16]) -> Tried:
    """Each combination once, in ascending order."""
    pairs, of = np.unique(src.astype(np.uint64) << np.uint64(32) | dst, return_inverse=True)
    keys = np.unique(of.astype(np.int64) << 16 | port)
    found = pairs[keys >> 16].astype(np.int64)
    return Tried(found >> 32, found & 0xFFFFFFFF, keys & 0xFFFF, np.zeros(len(keys), np.bool_))


def _among(some: Tried, others: Tried) -> NDArray[np.bool_]:
    """Which of the first are among the second."""
    _, of = np.unique(np.append(some.src << 32 | some.dst, others.src << 32 | others.dst), return_inverse=True)
    keys = of.astype(np.int64) << 16 | np.append(some.port, others.port)
    return np.isin(keys[: len(some.src)], keys[len(some.src) :])
