"""Silences: a host that sent all the time and then stops while others go on asking it; a capture in which nothing comes for a while."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.analysis.silences import count_intervals_of_hosts, silences
from netsleuth_tui.analysis.times import BILLION
from netsleuth_tui.findings.finding import Finding, grade
from netsleuth_tui.findings.seen import Sorted
from netsleuth_tui.findings.words import rate, span_of
from netsleuth_tui.wording import grouped

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
        """The interval of each time; of rows that were dropped meanwhile, any."""
        return np.clip((times - self.start) // self.every, 0, self.intervals - 1)

    def edges(self) -> NDArray[np.int64]:
        """Where each interval begins and the last one ends, ns since the epoch."""
        return self.start + np.arange(self.intervals + 1) * self.every

    def packets(self, seen: Seen, rows: Ids) -> NDArray[np.uint32]:
        """(intervals,): how many there are of some ascending row ids."""
        if seen.in_order:
            return np.diff(seen.places(rows, self.edges())).astype(np.uint32)
        return np.bincount(self.of(seen.columns.time[rows]), minlength=self.intervals).astype(np.uint32)

    def sums(self, seen: Seen, rows: Ids, values: NDArray[np.uint32]) -> NDArray[np.int64]:
        """(intervals,): sum of the values of some ascending row ids."""
        if not seen.in_order:
            return np.bincount(self.of(seen.columns.time[rows]), values, minlength=self.intervals).astype(np.int64)
        places, sums = seen.places(rows, self.edges()), np.zeros(self.intervals, np.int64)
        some = np.flatnonzero(places[1:] > places[:-1])
        if len(some):
            sums[some] = np.add.reduceat(values, places[some], dtype=np.int64)
        return sums


def host_silence(seen: Seen, limits: Limits) -> Iterator[Finding]:
    """A finding for each of the busiest hosts that sends in nearly every interval, and then stops, though packets to it go on."""
    grid = grid_of(seen, limits)
    rows = seen.ip
    if grid is None or not len(rows):
        return
    columns = seen.columns
    sent = np.bincount(columns.src[rows], minlength=len(seen.hosts.version))
    busiest = np.argsort(-sent, kind="stable")[:HOSTS]
    busiest = busiest[sent[busiest] >= BEFORE]
    rank = np.full(len(sent), -1, np.int32)
    rank[busiest] = np.arange(len(busiest))
    sending, asked = count_intervals_of_hosts(
        columns, rows, rank, start=grid.start, every=grid.every, shape=(grid.intervals, len(busiest)), check=seen.check
    )
    found = [
        (place, begin, end) for place, begin, end in _silences(sending, limits, grid) if asked[begin:end, place].sum() >= limits.stop_asked
    ]
    if not found:
        return
    silent = np.zeros(len(sent), np.bool_)
    silent[busiest[[place for place, _, _ in found]]] = True
    own, to_it = (Sorted(some, side[some]) for side in (columns.src, columns.dst) for some in (rows[silent[side[rows]]],))
    for place, begin, end in found:
        host = int(busiest[place])
        about = (grid.start + begin * grid.every, grid.start + end * grid.every)
        told = _host(seen, limits, (own.rows(host), to_it.rows(host)), host, about)
        if told is not None:
            yield told


def grid_of(seen: Seen, limits: Limits) -> Grid | None:
    """The intervals of a scope; None where there is too little time to miss anything in."""
    if seen.span is None or seen.span[1] - seen.span[0] < 2 * limits.stop_seconds * BILLION:
        return None
    start, end = seen.span
    every = max(-(-(end - start) // INTERVALS), BILLION)
    return Grid(start, every, (end - 1 - start) // every + 1)


def _silences(cells: NDArray[np.uint32], limits: Limits, grid: Grid) -> Iterator[tuple[int, int, int]]:
    """Place, first and last (excluded) interval of silences of (intervals, places), with something in nearly all intervals before them."""
    found = silences(cells, max(-(-limits.stop_seconds * BILLION // grid.every), 1), BEFORE)
    regular = 100 * (found.active / found.before) >= limits.stop_regular_percent
    yield from zip(found.place[regular].tolist(), found.begin[regular].tolist(), found.end[regular].tolist(), strict=True)


def _host(seen: Seen, limits: Limits, rows: tuple[Ids, Ids], host: int, about: tuple[int, int]) -> Finding | None:
    """The finding about a host that sends nothing in some time; None where that is not long enough, or nobody misses it.

    `rows` are those from it, and those to it.
    """
    times = seen.columns.time
    own = times[rows[0]]
    before, after = own[own < about[0]], own[own >= about[1]]
    if not len(before) or seen.span is None:
        return None
    begin = int(before.max()) + 1
    end = int(after.min()) if len(after) else seen.span[1]
    asked = rows[1][(times[rows[1]] >= begin) & (times[rows[1]] < end)]
    if len(asked) < limits.stop_asked or end - begin < limits.stop_seconds * BILLION:
        return None
    name = seen.address(host)
    layer = "ip" if int(seen.hosts.version[host]) == 4 else "ipv6"
    usual = len(before) / max((begin - int(own.min())) / BILLION, 1.0)
    until = "until it sent again" if len(after) else "until the end"
    askers = [seen.address(each) for each in seen.busiest(seen.columns.src[asked])[0][:2]]
    return Finding(
        kind="host-silence",
        title=f"{name} sent {rate(usual)} packets a second, and none for {span_of(begin, end)} from {seen.at(begin)} on, {until}; "
        f"meanwhile {grouped(len(asked))} were sent to it",
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


def _around(seen: Seen, begin: int, end: int) -> tuple[int, int]:
    """The time between two packets that has these intervals in it: 1 ns after the last one before, and when the next one comes."""
    times = seen.columns.time
    if seen.in_order:
        before, after = seen.places(seen.all, (begin, end)).tolist()
        return int(times[seen.all[before - 1]]) + 1, int(times[seen.all[after]])
    every = times[seen.all]
    return int(every[every < begin].max()) + 1, int(every[every >= end].min())


def capture_silence(seen: Seen, limits: Limits) -> Iterator[Finding]:
    """A finding for each time without any packet in a scope that otherwise has some in nearly every interval."""
    grid = grid_of(seen, limits)
    if grid is None or seen.span is None:
        return
    for _, first, last in _silences(grid.packets(seen, seen.all)[:, None], limits, grid):
        begin, end = _around(seen, grid.start + first * grid.every, grid.start + last * grid.every)
        usual = len(seen.all) / max((seen.span[1] - seen.span[0] - (end - begin)) / BILLION, 1.0)
        if end - begin < limits.stop_seconds * BILLION:
            continue
        yield Finding(
            kind="capture-silence",
            title=f"No packet for {span_of(begin, end)} from {seen.at(begin)} on, where there are {rate(usual)} a second otherwise",
            severity=grade(45, (end - begin) / BILLION / limits.stop_seconds, 70),
            first=begin,
            last=end - 1,
            count=0,
            filter=seen.filter(""),
            window=(begin, end),
            why=WHY_CAPTURE,
            usual=usual,
        )
