"""Silences: a host that sent all the time and then stops while others go on asking it; a capture in which nothing comes for a while."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.analysis.times import BILLION
from netsleuth_tui.findings.finding import Finding, grade
from netsleuth_tui.findings.words import amount, at, rate, span_of

if TYPE_CHECKING:
    from netsleuth_tui.findings.limits import Limits
    from netsleuth_tui.findings.seen import Ids, Seen

__all__ = ["Grid", "capture_silence", "grid_of", "host_silence"]

WHY_HOST = "it was there all the time, and others still want something of it: it crashed, was switched off, or lost its way"
WHY_CAPTURE = "nothing at all came for so long: the capture, its port or the network stood still"
INTERVALS = 1024
"""The time is looked at in so many intervals, none shorter than a second."""
HOSTS = 4096
"""Those with most packets; others are too quiet to be missed."""
LONGER = 3
BEFORE = 10
"""Intervals before a silence in which to be regular."""


class Grid(NamedTuple):
    """The time of a scope in intervals of the same length."""

    start: int
    """ns since the epoch."""
    every: int
    """ns."""
    intervals: int

    def of(self, times: NDArray[np.int64]) -> NDArray[np.int64]:
        """The interval of each time."""
        return (times - self.start) // self.every


def host_silence(seen: Seen, limits: Limits) -> Iterator[Finding]:
    """A finding for each of the busiest hosts that sends in nearly every interval, and then stops, though packets to it go on."""
    grid = grid_of(seen, limits)
    rows = seen.ip
    if grid is None or not len(rows):
        return
    columns = seen.columns
    src, dst, when = columns.src[rows], columns.dst[rows], grid.of(columns.time[rows])
    sent = np.bincount(src, minlength=len(seen.hosts.version))
    busiest = np.argsort(-sent, kind="stable")[:HOSTS]
    busiest = busiest[sent[busiest] >= BEFORE]
    rank = np.full(len(sent), -1, np.int64)
    rank[busiest] = np.arange(len(busiest))
    sending = _per_interval(rank[src], when, len(busiest), grid)
    asked = _per_interval(rank[dst], when, len(busiest), grid)
    least = max(-(-limits.stop_seconds * BILLION // grid.every), 1)
    for place in np.flatnonzero((sending == 0).sum(axis=1) >= least).tolist():
        for begin, end in _silences(sending[place] > 0, least, limits):
            if asked[place, begin:end].sum() >= limits.stop_asked:
                found = _host(seen, limits, rows, int(busiest[place]), (grid.start + begin * grid.every, grid.start + end * grid.every))
                if found is not None:
                    yield found


def grid_of(seen: Seen, limits: Limits) -> Grid | None:
    """The intervals of a scope; None where there is too little time to miss anything in."""
    if seen.span is None or seen.span[1] - seen.span[0] < 2 * limits.stop_seconds * BILLION:
        return None
    start, end = seen.span
    every = max(-(-(end - start) // INTERVALS), BILLION)
    return Grid(start, every, (end - 1 - start) // every + 1)


def _per_interval(rank: NDArray[np.int64], when: NDArray[np.int64], hosts: int, grid: Grid) -> NDArray[np.int64]:
    """(hosts, intervals): packets."""
    there = rank >= 0
    keys = rank[there] * grid.intervals + when[there]
    return np.bincount(keys, minlength=hosts * grid.intervals).reshape(hosts, grid.intervals)


def _silences(active: NDArray[np.bool_], least: int, limits: Limits) -> Iterator[tuple[int, int]]:
    """First and last (excluded) interval of runs without anything: at least so many, and `LONGER` times as many as in any pause before.

    There must have been something in nearly all intervals before, and in at least as many as the silence has.
    """
    edges = np.flatnonzero(np.diff(np.concatenate(([True], active, [True])).astype(np.int8)))
    begins, lengths = edges[::2], edges[1::2] - edges[::2]
    first = int(active.argmax())
    for begin, length in zip(begins.tolist(), lengths.tolist(), strict=True):
        pauses = lengths[(begins > first) & (begins < begin)]
        before = active[first:begin]
        if length < max(least, LONGER * int(pauses.max(initial=1))) or len(before) < max(BEFORE, length):
            continue
        if 100 * before.mean() >= limits.stop_regular_percent:
            yield begin, begin + length


def _host(seen: Seen, limits: Limits, rows: Ids, host: int, about: tuple[int, int]) -> Finding | None:
    """The finding about a host that sends nothing in some time; None where that is not long enough, or nobody misses it."""
    times = seen.columns.time
    own = times[rows[seen.columns.src[rows] == host]]
    before, after = own[own < about[0]], own[own >= about[1]]
    if not len(before) or seen.span is None:
        return None
    begin = int(before.max()) + 1
    end = int(after.min()) if len(after) else seen.span[1]
    to_it = rows[seen.columns.dst[rows] == host]
    asked = to_it[(times[to_it] >= begin) & (times[to_it] < end)]
    if len(asked) < limits.stop_asked or end - begin < limits.stop_seconds * BILLION:
        return None
    name = seen.address(host)
    layer = "ip" if int(seen.hosts.version[host]) == 4 else "ipv6"
    usual = len(before) / max((begin - int(own.min())) / BILLION, 1.0)
    until = "until it sent again" if len(after) else "until the end"
    askers = [seen.address(each) for each in seen.most(seen.columns.src[asked])[0][:2]]
    return Finding(
        kind="host-silence",
        title=f"{name} sent {rate(usual)} packets a second, and none for {span_of(begin, end)} from {at(begin)} on, {until}; meanwhile "
        f"{amount(len(asked))} were sent to it",
        severity=grade(55, (end - begin) / BILLION / limits.stop_seconds, 80),
        first=int(times[asked].min()),
        last=int(times[asked].max()),
        count=len(asked),
        filter=seen.filter(f"{layer}.dst == {name}"),
        window=(begin, end),
        why=WHY_HOST,
        usual=usual,
        between=(name, *askers),
    )


def capture_silence(seen: Seen, limits: Limits) -> Iterator[Finding]:
    """A finding for each time without any packet in a scope that otherwise has some in nearly every interval."""
    grid = grid_of(seen, limits)
    if grid is None or seen.span is None:
        return
    times = seen.columns.time[seen.all]
    active = np.bincount(grid.of(times), minlength=grid.intervals) > 0
    least = max(-(-limits.stop_seconds * BILLION // grid.every), 1)
    for first, last in _silences(active, least, limits):
        begin = int(times[times < grid.start + first * grid.every].max()) + 1
        end = int(times[times >= grid.start + last * grid.every].min())
        usual = len(times) / max((seen.span[1] - seen.span[0] - (end - begin)) / BILLION, 1.0)
        if end - begin < limits.stop_seconds * BILLION:
            continue
        yield Finding(
            kind="capture-silence",
            title=f"No packet for {span_of(begin, end)} from {at(begin)} on, where there are {rate(usual)} a second otherwise",
            severity=grade(45, (end - begin) / BILLION / limits.stop_seconds, 70),
            first=begin,
            last=end - 1,
            count=0,
            filter=seen.filter(""),
            window=(begin, end),
            why=WHY_CAPTURE,
            usual=usual,
        )
