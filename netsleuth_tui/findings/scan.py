"""Scans: somebody who tries many ports of a host, or many hosts, and is mostly not answered."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.decode.columns import Has
from netsleuth_tui.findings.finding import Finding, grade
from netsleuth_tui.findings.seen import Sorted
from netsleuth_tui.findings.tcp_rows import ACK, RST, SYN, flags_of, flows, segments
from netsleuth_tui.findings.words import span_of
from netsleuth_tui.wording import counted, grouped

if TYPE_CHECKING:
    from netsleuth_tui.analysis.segment_flows import SegmentFlows
    from netsleuth_tui.findings.limits import Limits
    from netsleuth_tui.findings.seen import Ids, Seen

__all__ = ["port_scan", "sweep"]

Words = NDArray[np.uint64]

WHY_PORTS = "somebody looks for services that can be reached, or a program has lost the one that it needs"
WHY_HOSTS = "somebody looks for hosts that can be reached: a scanner, malware that spreads, or a monitoring system"
ECHO, REPLY = {4: 8, 6: 128}, {4: 0, 6: 129}


class Tried(NamedTuple):
    """What was tried, each once: parallel arrays."""

    src: NDArray[np.int64]
    dst: NDArray[np.int64]
    port: NDArray[np.int64]
    answered: NDArray[np.bool_]

    def at(self, which: NDArray[np.bool_]) -> Tried:
        """Only some of them."""
        return Tried(self.src[which], self.dst[which], self.port[which], self.answered[which])


def port_scan(seen: Seen, limits: Limits) -> Iterator[Finding]:
    """A finding for each pair of hosts where one asks for TCP connections to many ports of the other, and most are not accepted."""
    rows, asked = seen.once(_asked)
    pairs, of, counts = np.unique(asked.src << 32 | asked.dst, return_inverse=True, return_counts=True)
    many = counts >= limits.scanned_ports
    if not many.any():
        return
    tried = _answered(seen, asked.at(many[of]))
    pairs, of, counts = np.unique(tried.src << 32 | tried.dst, return_inverse=True, return_counts=True)
    answered = np.bincount(of, tried.answered, minlength=len(pairs)).astype(np.int64)
    chosen = 100 * answered < limits.scan_answered_percent * counts
    by_pair = Sorted(rows, seen.columns.src[rows].astype(np.int64) << 32 | seen.columns.dst[rows])
    for pair, ports, accepted in zip(pairs[chosen].tolist(), counts[chosen].tolist(), answered[chosen].tolist(), strict=True):
        src, dst = pair >> 32, pair & 0xFFFFFFFF
        these = by_pair.rows(pair)
        layer = _layer(seen, src)
        one, other = seen.address(src), seen.address(dst)
        times = seen.columns.time[these]
        first, last = int(times.min()), int(times.max())
        yield Finding(
            kind="port-scan",
            title=f"{one} tried {grouped(ports)} TCP ports of {other} within {span_of(first, last)} from {seen.at(first)} on, "
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
    rows, asked = seen.once(_asked)
    by_port = Sorted(rows, seen.columns.src[rows].astype(np.int64) << 16 | seen.columns.dst_port[rows])
    for src, port, hosts, answered in _swept(asked, limits, lambda some: _answered(seen, some)):
        these = by_port.rows(src << 16 | port)
        text = f"tcp.dstport == {port} && tcp.flags.syn == 1 && tcp.flags.ack == 0"
        yield _sweep(seen, limits, these, src, hosts, text, f"TCP port {port}", f"{_of_them(answered)} accepted")
    for version, bits, name in ((4, Has.ICMP, "icmp"), (6, Has.ICMPV6, "icmpv6")):
        rows, asked, replied = _pings(seen, bits, version)
        by_host = Sorted(rows, seen.columns.src[rows])
        for src, _, hosts, answered in _swept(asked, limits, partial(_replied, replied)):
            these = by_host.rows(src)
            yield _sweep(
                seen, limits, these, src, hosts, f"{name}.type == {ECHO[version]}", "echo requests", f"{_of_them(answered)} replied"
            )


def _of_them(answered: int) -> str:
    return grouped(answered) if answered else "none"


def _swept(asked: Tried, limits: Limits, answer: Callable[[Tried], Tried]) -> Iterator[tuple[int, int, int, int]]:
    """Who tries which port of how many hosts, and how many answered; `answer` tells which of some did."""
    keys, of, counts = np.unique(asked.src << 16 | asked.port, return_inverse=True, return_counts=True)
    many = counts >= limits.scanned_hosts
    if not many.any():
        return
    tried = answer(asked.at(many[of]))
    keys, of, counts = np.unique(tried.src << 16 | tried.port, return_inverse=True, return_counts=True)
    answered = np.bincount(of, tried.answered, minlength=len(keys)).astype(np.int64)
    chosen = 100 * answered < limits.scan_answered_percent * counts
    for key, hosts, number in zip(keys[chosen].tolist(), counts[chosen].tolist(), answered[chosen].tolist(), strict=True):
        yield key >> 16, key & 0xFFFF, hosts, number


def _sweep(seen: Seen, limits: Limits, rows: Ids, src: int, hosts: int, text: str, what: str, answered: str) -> Finding:
    times = seen.columns.time[rows]
    first, last = int(times.min()), int(times.max())
    name = seen.address(src)
    targets = [seen.address(host) for host in seen.busiest(seen.columns.dst[rows])[0][:2]]
    return Finding(
        kind="sweep",
        title=f"{name} tried {counted(hosts, 'host')} with {what} within {span_of(first, last)} from {seen.at(first)} on, {answered}",
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


def _asked(seen: Seen) -> tuple[Ids, Tried]:
    """Rows that ask for a TCP connection, and what they ask for."""
    rows, found = segments(seen), seen.once(flows)
    asking = rows[seen.once(flags_of) & np.uint16(SYN | ACK) == SYN]
    return asking, _of_flows(found, found.sent_exactly(SYN, SYN | RST))


def _of_flows(found: SegmentFlows, which: NDArray[np.int64]) -> Tried:
    src, dst, _, port = found.ends(which)
    return _distinct(src.astype(np.uint32), dst.astype(np.uint32), port.astype(np.uint16))


def _answered(seen: Seen, asked: Tried) -> Tried:
    """Which connections the other side accepted: it said so, or the asker went on as if it had."""
    asks, found = np.zeros(len(seen.hosts.version), np.bool_), seen.once(flows)
    asks[asked.src] = True
    which = np.append(found.other(found.sent_exactly(SYN | ACK)), found.sent_exactly(ACK))
    accepted = _of_flows(found, which[asks[found.ends(which)[0]]])
    return asked._replace(answered=_among(asked, accepted))


def _replied(replied: Tried, asked: Tried) -> Tried:
    return asked._replace(answered=_among(asked, replied))


def _pings(seen: Seen, bits: Has, version: int) -> tuple[Ids, Tried, Tried]:
    """Rows of echo requests, whom they ask, and who replied to whom; port 0."""
    columns = seen.columns
    rows = seen.having(bits | Has.ADDRESSES | Has.ICMP_TYPE)
    kinds = columns.icmp_type[rows]
    asking, replying = rows[kinds == ECHO[version]], rows[kinds == REPLY[version]]
    asked = _distinct(columns.src[asking], columns.dst[asking], np.zeros(len(asking), np.uint16))
    return asking, asked, _distinct(columns.dst[replying], columns.src[replying], np.zeros(len(replying), np.uint16))


def _distinct(src: Ids, dst: Ids, port: NDArray[np.uint16]) -> Tried:
    """Each combination once."""
    bits = int(max(src.max(initial=0), dst.max(initial=0))).bit_length()
    if 2 * bits + 16 > 64:
        rows = np.unique(np.column_stack((src.astype(np.int64), dst, port)), axis=0)
        return Tried(rows[:, 0], rows[:, 1], rows[:, 2], np.zeros(len(rows), np.bool_))
    keys = (src.astype(np.uint64) << np.uint64(bits) | dst) << np.uint64(16) | port
    keys.sort()
    keys = keys[np.append(True, keys[1:] != keys[:-1])[: len(keys)]]
    pairs = (keys >> np.uint64(16)).astype(np.int64)
    return Tried(pairs >> bits, pairs & (1 << bits) - 1, (keys & np.uint64(0xFFFF)).astype(np.int64), np.zeros(len(keys), np.bool_))


def _among(some: Tried, others: Tried) -> NDArray[np.bool_]:
    """Which of the first are among the second."""
    _, of = np.unique(np.append(some.src << 32 | some.dst, others.src << 32 | others.dst), return_inverse=True)
    keys = of.astype(np.int64) << 16 | np.append(some.port, others.port)
    return np.isin(keys[: len(some.src)], keys[len(some.src) :])
