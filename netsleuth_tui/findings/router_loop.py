"""Router loops: packets that come by again and again, and the messages about those that died of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.analysis.times import BILLION
from netsleuth_tui.decode.columns import Has
from netsleuth_tui.findings.bursts import bursts, first_after, per_second
from netsleuth_tui.findings.finding import Finding, grade
from netsleuth_tui.findings.words import listed
from netsleuth_tui.wording import counted, grouped

if TYPE_CHECKING:
    from netsleuth_tui.findings.limits import Limits
    from netsleuth_tui.findings.seen import Seen

__all__ = ["router_loop", "time_exceeded"]

Ids = NDArray[np.uint32]

WHY_LOOP = "routers send these packets round in a circle until their TTL is used up: they never arrive, and each takes the place of many"
WHY_EXCEEDED = "packets do not arrive: they go in a circle, or the way is longer than their TTL"


def router_loop(seen: Seen, limits: Limits) -> Iterator[Finding]:
    """One finding for each network (/16, or /48 of IPv6) that looping packets were on their way to; see `analysis.copies`."""
    found = seen.copies
    inside = seen.among(found.looping)
    rows, step, first = found.looping[inside], found.step[inside], found.first[inside]
    hosts = seen.columns.dst[rows]
    network, of = np.unique(_networks(seen, hosts), return_inverse=True)
    for number in range(len(network)):
        these = of == number
        if len(np.unique(first[these])) >= limits.loop_packets:
            yield _loop(seen, rows[these], step[these], first[these], network[number].tolist())


def _networks(seen: Seen, hosts: Ids) -> NDArray[np.void]:
    """Version and first bits of each host's address."""
    made = np.zeros(len(hosts), [("version", np.uint8), ("bits", np.uint64)])
    made["version"] = seen.hosts.version[hosts]
    v4 = made["version"] == 4
    made["bits"] = np.where(v4, seen.hosts.lo[hosts] >> np.uint64(16), seen.hosts.hi[hosts] >> np.uint64(16))
    return made


def _loop(seen: Seen, rows: Ids, step: NDArray[np.uint8], first: Ids, network: tuple[int, int]) -> Finding:
    times = seen.columns.time[rows]
    packets = len(np.unique(first))
    targets, _ = seen.busiest(seen.columns.dst[rows])
    senders, _ = seen.busiest(seen.columns.src[rows])
    names = [seen.address(host) for host in targets[:3]]
    version, bits = network
    layer, prefix = ("ip", f"{bits >> 8}.{bits & 255}.0.0/16") if version == 4 else ("ipv6", _prefix6(bits))
    where = f"{layer}.dst == {names[0]}" if len(targets) == 1 else f"{layer}.dst == {prefix}"
    seconds, counts = per_second(np.sort(times))
    begins = seconds[np.append(True, np.diff(seconds) > 1)]
    runs = len(begins)
    steps = seen.most(step)[0]
    when = f"in {grouped(runs)} bursts from {seen.at(int(times.min()))} on" if runs > 1 else f"at {seen.at(int(times.min()))}"
    fall = f"by {steps[0]}" if len(steps) == 1 else "steadily"
    title = (
        f"Router loop: {counted(packets, 'packet')} to {listed(names, len(targets))} went round in a circle {when}: "
        f"seen {grouped(len(rows))} times, TTL falling {fall} each time, up to {grouped(int(counts.max()))} a second"
    )
    return Finding(
        kind="router-loop",
        title=title,
        severity=grade(65, len(rows) / 3),
        first=int(times.min()),
        last=int(times.max()),
        count=len(rows),
        filter=seen.filter(f"ip.loop && {where}"),
        window=seen.clipped(int(times.min()), int(times.max()) + 1),
        why=WHY_LOOP,
        between=(*(seen.address(host) for host in senders[:2]), *names[:2]),
        occurrences=first_after(times, begins * BILLION) if runs > 1 else (),
    )


def _prefix6(bits: int) -> str:
    from ipaddress import IPv6Address

    return f"{IPv6Address(bits << 80)}/48"


def time_exceeded(seen: Seen, limits: Limits) -> Iterator[Finding]:
    """A finding for each burst of ICMP messages that say a TTL was used up (RFC 792 type 11 code 0, RFC 4443 type 3 code 0)."""
    for bits, kind, text in (
        (Has.ICMP, 11, "icmp.type == 11 && icmp.code == 0"),
        (Has.ICMPV6, 3, "icmpv6.type == 3 && icmpv6.code == 0"),
    ):
        rows = seen.having(bits | Has.ICMP_TYPE | Has.ICMP_CODE)
        rows = rows[(seen.columns.icmp_type[rows] == kind) & (seen.columns.icmp_code[rows] == 0)]
        times = seen.columns.time[rows]
        for burst in bursts(seen, times, limits.exceeded_per_second, limits):
            some = rows[burst.inside]
            senders = [seen.address(host) for host in seen.busiest(seen.columns.src[some])[0]]
            told = [seen.address(host) for host in seen.busiest(seen.columns.dst[some])[0]]
            yield Finding(
                kind="time-exceeded",
                title=f"{burst.told('messages that a TTL was used up')}; {listed(senders)} sent them to {listed(told)}",
                severity=grade(50, burst.peak / limits.exceeded_per_second, 80),
                first=int(times[burst.inside].min()),
                last=int(times[burst.inside].max()),
                count=burst.count,
                filter=seen.filter(text),
                window=(burst.start, burst.end),
                why=WHY_EXCEEDED,
                usual=burst.usual,
                occurrences=burst.begins,
                between=(*senders[:2], *told[:2]),
            )
