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
from netsleuth_tui.findings.tcp_rows import FIN, RST, TCP, connection_filter, flows, segments
from netsleuth_tui.findings.words import rate, span_of

if TYPE_CHECKING:
    from netsleuth_tui.findings.limits import Limits
    from netsleuth_tui.findings.seen import Ids, Seen

__all__ = ["flow_stopped", "throughput_collapse"]

WHY_SLOW = "others had their usual rate at that time: it is this way, this host or this program that became slow, not the whole network"
WHY_STOPPED = "nobody ended it: a host is gone, or something on the way forgot the connection"
HEAVIEST = 32
"""Flows that are looked at, those with most data: of others nobody sees whether they are slow."""
BEFORE, MEMORY = 10, 30
"""Intervals with data that say what is usual; at most so many before the one that is judged."""

Numbers = NDArray[np.int64]


class Heaviest(NamedTuple):
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
    heavy = seen.once(_heaviest, limits)
    if heavy is None:
        return
    least = max(-(-limits.collapse_seconds * BILLION // heavy.grid.every), 1)
    for which, rows in enumerate(heavy.rows):
        sent, others = heavy.payload[which], heavy.total - heavy.payload[which]
        for begin, end, usual in _slow(sent, limits, heavy.grid):
            before = others[max(begin - MEMORY, 0) : begin]
            still = end - begin >= least and before.mean() > 0 and 2 * others[begin:end].mean() >= before.mean()
            if still and 10 * before.mean() >= usual:
                yield _collapse(seen, heavy.grid, rows, (begin, end), usual, float(sent[begin:end].mean()))


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
        f"{span_of(begin, end)} from {seen.at(begin)} on, {rate(usual / seconds)} before, while other connections went on",
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
    heavy = seen.once(_heaviest, limits)
    if heavy is None or seen.span is None:
        return
    for rows, packets, ended in zip(heavy.rows, heavy.packets, heavy.ended, strict=True):
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
            f"from {seen.at(last)} on, {span_of(last, seen.span[1])} before the end, without FIN or RST",
            severity=grade(50, (seen.span[1] - last) / BILLION / limits.stop_seconds, 75),
            first=first,
            last=last,
            count=len(rows),
            filter=seen.filter(f"{connection_filter(seen, row)} && tcp.flags"),
            window=seen.clipped(first, last + 1),
            why=WHY_STOPPED,
            between=(one, other),
        )


def _heaviest(seen: Seen, limits: Limits) -> Heaviest | None:
    """None where there is too little time, or no TCP payload."""
    grid = grid_of(seen, limits)
    sent = seen.once(flows).payload if grid is not None else np.zeros(0, np.int64)
    if grid is None or not sent.any():
        return None
    chosen = _most(sent)
    c, (rows, which) = seen.columns, _rows_of(seen, chosen)
    count = len(chosen)
    at = which * grid.intervals + grid.of(c.time[rows])
    size, shape = count * grid.intervals, (count, grid.intervals)
    payload = np.bincount(at, c.tcp_len[rows], minlength=size).astype(np.int64).reshape(shape)
    packets = np.bincount(at, minlength=size).reshape(shape)
    every = seen.having(TCP | Has.TCP_LEN)
    each = [rows[which == k] for k in range(count)]
    over = seen.once(flows).sent(FIN | RST)
    ended = over[chosen] | over[seen.once(flows).other(chosen)]
    return Heaviest(grid, each, payload, packets, grid.sums(seen, every, c.tcp_len[every]), ended.tolist())


def _most(sent: Numbers) -> Numbers:
    """The heaviest flows, of those that send as much the ones that came first."""
    least = max(int(np.partition(sent, -HEAVIEST)[-HEAVIEST]), 1) if len(sent) > HEAVIEST else 1
    some = np.flatnonzero(sent >= least)
    return some[np.argsort(-sent[some], kind="stable")][:HEAVIEST]


def _rows_of(seen: Seen, chosen: Numbers) -> tuple[Ids, Numbers]:
    """The segments of some flows whose payload is known, and the place of each one's flow among those."""
    found = seen.once(flows)
    place = np.full(found.size, len(chosen), np.uint8)
    place[chosen] = np.arange(len(chosen))
    which = place[found.of]
    at = np.flatnonzero(which < len(chosen))
    rows = segments(seen)[at]
    known = seen.columns.present[rows] & np.uint64(Has.TCP_LEN) != 0
    return rows[known], which[at[known]].astype(np.int64)
