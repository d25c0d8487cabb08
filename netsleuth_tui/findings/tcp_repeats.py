"""Bursts of retransmissions and of duplicate acknowledgements."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from netsleuth_tui.analysis.tcp import Mark
from netsleuth_tui.findings.bursts import bursts
from netsleuth_tui.findings.finding import Finding, grade
from netsleuth_tui.findings.tcp_rows import marked, segments
from netsleuth_tui.findings.words import percent

if TYPE_CHECKING:
    from netsleuth_tui.findings.limits import Limits
    from netsleuth_tui.findings.seen import Ids, Seen

__all__ = ["duplicate_acks", "retransmissions"]

WHY_AGAIN = "packets are lost or late on the way: what is sent again is late, and the connection slows down"
WHY_REPEATED = "receivers miss packets and ask for them: some are lost on the way, or overtake each other"


def retransmissions(seen: Seen, limits: Limits) -> Iterator[Finding]:
    """A finding for each burst of segments that are sent again, where these are a part of all that matters."""
    yield from _bursts(
        seen, limits, Mark.RETRANSMISSION, limits.retransmissions_per_second, limits.retransmission_percent,
        ("retransmission-burst", "segments that were sent again", "tcp.analysis.retransmission", WHY_AGAIN),
    )  # fmt: skip


def duplicate_acks(seen: Seen, limits: Limits) -> Iterator[Finding]:
    """A finding for each burst of duplicate acknowledgements."""
    yield from _bursts(
        seen, limits, Mark.DUPLICATE_ACK, limits.duplicate_acks_per_second, limits.retransmission_percent,
        ("duplicate-ack-burst", "duplicate acknowledgements", "tcp.analysis.duplicate_ack", WHY_REPEATED),
    )  # fmt: skip


def _bursts(seen: Seen, limits: Limits, mark: Mark, least: int, share: float, words: tuple[str, str, str, str]) -> Iterator[Finding]:
    kind, what, text, why = words
    rows, every = marked(seen, mark), segments(seen)
    times = seen.columns.time[rows]
    for burst in bursts(seen, times, least, limits):
        among = seen.number_between(every, burst.start, burst.end)
        if 100 * burst.count < share * among:
            continue
        some = rows[burst.inside]
        pair, sent = _busiest(seen, some)
        yield Finding(
            kind=kind,
            title=f"{burst.told(what)}: {percent(burst.count, among)} of all TCP segments then, {percent(sent, burst.count)} of them from "
            f"{pair[0]} to {pair[1]}",
            severity=grade(50, burst.peak / least, 80),
            first=int(times[burst.inside].min()),
            last=int(times[burst.inside].max()),
            count=burst.count,
            filter=seen.filter(text),
            window=(burst.start, burst.end),
            why=why,
            usual=burst.usual,
            occurrences=burst.begins,
            between=pair,
        )


def _busiest(seen: Seen, rows: Ids) -> tuple[tuple[str, str], int]:
    """Who sends most of some rows to whom, and how many; of several pairs the first by address."""
    c, hosts = seen.columns, seen.hosts
    pairs, counts = np.unique(c.src[rows].astype(np.int64) << 32 | c.dst[rows], return_counts=True)
    most = pairs[counts == counts.max()]
    src, dst = most >> 32, most & 0xFFFFFFFF
    first = np.lexsort((hosts.lo[dst], hosts.hi[dst], hosts.version[dst], hosts.lo[src], hosts.hi[src], hosts.version[src]))[0]
    return (seen.address(int(src[first])), seen.address(int(dst[first]))), int(counts.max())
