"""Transfers that slow down or stop while the rest goes on: the TCP flows with most data, second by second."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.analysis.times import BILLION
from netsleuth_tui.decode.columns import Has
from netsleuth_tui.findings.finding import Finding, grade
from netsleuth_tui.findings.silence import Grid, grid_of
from netsleuth_tui.findings.tcp_rows import FIN, RST, TCP, Ends, connection_filter, ends, numbered
from netsleuth_tui.findings.words import at, rate, span_of

if TYPE_CHECKING:
    from netsleuth_tui.findings.limits import Limits
    from netsleuth_tui.findings.seen import Ids, Seen

__all__ = ["flow_stopped", "throughput_collapse"]

WHY_SLOW = "others had their usual rate at that time: it is this way, this host or this program that became slow, not the whole network"
WHY_STOPPED = "nobody ended it: a host is gone, or something on the way forgot the connection"
HEAVIEST = 32
"""Flows that are looked at, those with most data: of others nobody sees whether they are slow."""
BUCKETS = 1 << 20
BEFORE, MEMORY = 10, 30
"""Intervals with data that say what is usual; at most so many before the one that is judged."""

Numbers = NDArray[np.int64]


class Flows(NamedTuple):
    """The heaviest flows, each of one direction."""

    grid: Grid
    rows: list[Ids]
    """What each sends, with a payload or not."""
    payload: Numbers
    """(flows, intervals): bytes."""
    packets: Numbers
    """(flows, intervals)."""
    total: Numbers
    """(intervals,): payload of all TCP."""
    ended: list[bool]
    """Whether FIN or RST was seen, from either side."""


def throughput_collapse(seen: Seen, limits: Limits) -> Iterator[Finding]:
    """A finding for each time in which a flow has a small part of its rate, and the others together at least half of theirs."""
    flows = seen.once(_heaviest, limits)
    if flows is None:
        return
    least = max(-(-limits.collapse_seconds * BILLION // flows.grid.every), 1)
    for which, rows in enumerate(flows.rows):
        sent, others = flows.payload[which], flows.total - flows.payload[which]
        for begin, end, usual in _slow(sent, limits, flows.grid):
            before = others[max(begin - MEMORY, 0) : begin]
            still = end - begin >= least and before.mean() > 0 and 2 * others[begin:end].mean() >= before.mean()
            if still and 10 * before.mean() >= usual:
                yield _collapse(seen, flows.grid, rows, (begin, end), usual, float(sent[begin:end].mean()))


def _slow(sent: Numbers, limits: Limits, grid: Grid) -> Iterator[tuple[int, int, float]]:
    """First and last (excluded) interval of runs below the share of what was usual before, and that; a flow that is over is not slow."""
    busy = np.flatnonzero(sent)
    before = _medians_before(sent)
    begin, usual = -1, 0.0
    for k in range(int(busy[0]) if len(busy) else 0, int(busy[-1]) + 1 if len(busy) else 0):
        if begin < 0:
            usual = float(before[k])
            if usual * BILLION / grid.every >= limits.collapse_bytes and 100 * sent[k] < limits.collapse_percent * usual:
                begin = k
        elif 100 * sent[k] >= limits.collapse_percent * usual:
            yield begin, k, usual
            begin = -1
    if begin >= 0:
        yield begin, int(busy[-1]) + 1, usual


def _medians_before(sent: Numbers) -> NDArray[np.float64]:
    """For each interval the median of up to `MEMORY` before it; 0 where there are fewer than `BEFORE`."""
    medians = np.zeros(len(sent))
    for k in range(BEFORE, min(MEMORY, len(sent))):
        medians[k] = np.median(sent[:k])
    if len(sent) > MEMORY:
        medians[MEMORY:] = np.median(np.lib.stride_tricks.sliding_window_view(sent[:-1], MEMORY), axis=1)
    return medians


def _collapse(seen: Seen, grid: Grid, rows: Ids, run: tuple[int, int], usual: float, slow: float) -> Finding:
    c, seconds = seen.columns, grid.every / BILLION
    begin, end = seen.clipped(grid.start + run[0] * grid.every, grid.start + run[1] * grid.every)
    times = c.time[rows]
    inside = times[(times >= begin) & (times < end)]
    row = int(rows[0])
    one, other = seen.address(int(c.src[row])), seen.address(int(c.dst[row]))
    return Finding(
        kind="throughput-collapse",
        title=f"{one} port {int(c.src_port[row])} sent {rate(slow / seconds)} bytes a second to {other} port {int(c.dst_port[row])} for "
        f"{span_of(begin, end)} from {at(begin)} on, {rate(usual / seconds)} before, while other connections went on",
        severity=grade(55, usual / max(slow, usual / 1000), 80),
        first=int(inside.min()) if len(inside) else begin,
        last=int(inside.max()) if len(inside) else end - 1,
        count=len(inside),
        filter=seen.filter(f"{connection_filter(seen, row)} && tcp.flags"),
        window=(begin, end),
        why=WHY_SLOW,
        usual=None,
        between=(one, other),
    )


def flow_stopped(seen: Seen, limits: Limits) -> Iterator[Finding]:
    """A finding for each flow that sends in nearly every interval and then never again, without an end, while the capture goes on."""
    flows = seen.once(_heaviest, limits)
    if flows is None or seen.span is None:
        return
    for rows, packets, ended in zip(flows.rows, flows.packets, flows.ended, strict=True):
        busy = np.flatnonzero(packets)
        regular = 100 * len(busy) >= limits.stop_regular_percent * (busy[-1] - busy[0] + 1)
        times = seen.columns.time[rows]
        last = int(times.max())
        if ended or not regular or len(busy) < BEFORE or seen.span[1] - last < limits.stop_seconds * BILLION:
            continue
        row, c = int(rows[0]), seen.columns
        one, other = seen.address(int(c.src[row])), seen.address(int(c.dst[row]))
        first = int(times.min())
        yield Finding(
            kind="flow-stopped",
            title=f"{one} port {int(c.src_port[row])} sent to {other} port {int(c.dst_port[row])} for {span_of(first, last)}, and nothing "
            f"from {at(last)} on, {span_of(last, seen.span[1])} before the end, without FIN or RST",
            severity=grade(50, (seen.span[1] - last) / BILLION / limits.stop_seconds, 75),
            first=first,
            last=last,
            count=len(rows),
            filter=seen.filter(f"{connection_filter(seen, row)} && tcp.flags"),
            window=seen.clipped(first, last + 1),
            why=WHY_STOPPED,
            between=(one, other),
        )


def _heaviest(seen: Seen, limits: Limits) -> Flows | None:
    """None where there is too little time, or no TCP payload."""
    grid = grid_of(seen, limits)
    found = _flows(seen) if grid is not None else None
    if grid is None or found is None:
        return None
    c, (rows, which, count) = seen.columns, found
    when = grid.of(c.time[rows])
    at = which * grid.intervals + when
    size, shape = count * grid.intervals, (count, grid.intervals)
    payload = np.bincount(at, c.tcp_len[rows], minlength=size).astype(np.int64).reshape(shape)
    packets = np.bincount(at, minlength=size).reshape(shape)
    every = seen.having(TCP | Has.TCP_LEN)
    total = np.bincount(grid.of(c.time[every]), c.tcp_len[every], minlength=grid.intervals).astype(np.int64)
    each = [rows[which == k] for k in range(count)]
    return Flows(grid, each, payload, packets, total, _ended(seen, each))


def _flows(seen: Seen) -> tuple[Ids, Numbers, int] | None:
    """Rows of the heaviest flows, which flow each is of, and how many flows there are.

    Flows are put into buckets, so that only those in heavy buckets have to be told apart: first those that have as much as the
    heaviest buckets, then all that have as much as the last flow found among them, which no heavier flow can be missing from.
    """
    c, rows = seen.columns, seen.having(TCP | Has.TCP_LEN)
    if not len(rows) or not c.tcp_len[rows].any():
        return None
    bucket = _buckets(ends(seen, rows))
    weight = np.bincount(bucket, c.tcp_len[rows], minlength=BUCKETS)
    least = _last_of_heaviest(weight)
    for _ in range(2):
        seen.check()
        inside = np.flatnonzero(weight[bucket] >= least)
        some = rows[inside]
        number = _told_apart(seen, some, bucket[inside])
        sent = np.bincount(number, c.tcp_len[some])
        reached, least = least, _last_of_heaviest(sent)
        if not ((weight >= least) & (weight < reached)).any():
            break
    chosen = np.argsort(-sent, kind="stable")[:HEAVIEST]
    chosen = chosen[sent[chosen] > 0]
    place = np.full(len(sent), HEAVIEST, np.int64)
    place[chosen] = np.arange(len(chosen))
    keep = place[number] < HEAVIEST
    return some[keep], place[number[keep]], len(chosen)


def _last_of_heaviest(sent: NDArray[np.generic]) -> float:
    """What the last of the heaviest has; whatever there is, where there are fewer."""
    return max(float(np.partition(sent, -HEAVIEST)[-HEAVIEST]), 1.0) if len(sent) > HEAVIEST else 1.0


def _buckets(of: Ends) -> NDArray[np.uint32]:
    """One of `BUCKETS` numbers for each segment, the same for segments of a flow."""
    mixed = of.hosts * np.uint64(0x9E3779B97F4A7C15) ^ of.ports * np.uint64(0xC2B2AE3D27D4EB4F)
    bucket: NDArray[np.uint64] = (mixed ^ mixed >> np.uint64(29)) * np.uint64(0xBF58476D1CE4E5B9) >> np.uint64(44)
    return bucket.astype(np.uint32)


def _told_apart(seen: Seen, rows: Ids, bucket: NDArray[np.uint32]) -> Numbers:
    """A number for the flow of each segment, from 0: that of its bucket, where no bucket has two flows."""
    of = ends(seen, rows)
    last = np.zeros(BUCKETS, np.int64)
    last[bucket] = np.arange(len(rows))
    same = last[bucket]
    if not (np.array_equal(of.hosts[same], of.hosts) and np.array_equal(of.ports[same], of.ports)):
        return numbered(of)[0]
    used = np.bincount(bucket, minlength=BUCKETS) > 0
    return (np.cumsum(used) - 1)[bucket]


def _ended(seen: Seen, flows: list[Ids]) -> list[bool]:
    """Whether one of the two sides of each flow sent FIN or RST."""
    rows = seen.having(TCP)
    over = rows[seen.columns.tcp_flags[rows] & (FIN | RST) != 0]
    firsts = np.array([rows[0] for rows in flows], np.uint32)
    own, forth, back = numbered(ends(seen, firsts), ends(seen, over), ends(seen, over, back=True))
    return [bool(one) for one in np.isin(own, forth) | np.isin(own, back)]
