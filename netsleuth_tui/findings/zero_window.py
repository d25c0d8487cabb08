"""Receivers that take no more data for a while."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.analysis.tcp import Mark
from netsleuth_tui.analysis.times import BILLION
from netsleuth_tui.findings.finding import OCCURRENCES, Finding, grade
from netsleuth_tui.findings.tcp_rows import FIN, RST, SYN, all_marks, connection_filter, flags_of, flows, flows_of, marked, segments
from netsleuth_tui.findings.words import span_of
from netsleuth_tui.store.ordering import order
from netsleuth_tui.wording import grouped

if TYPE_CHECKING:
    from netsleuth_tui.findings.limits import Limits
    from netsleuth_tui.findings.seen import Ids, Seen

__all__ = ["zero_window"]

WHY = "the program that should read the data does not keep up, or stands still: the network is not what is slow"

Numbers = NDArray[np.int64]


def zero_window(seen: Seen, limits: Limits) -> Iterator[Finding]:
    """A finding for each side of a connection that takes no more data for so long, all its times together."""
    closed = marked(seen, Mark.ZERO_WINDOW)
    if not len(closed):
        return
    rows, number = _of_their_flows(seen, closed)
    is_closed = seen.once(all_marks)[rows] & np.uint16(Mark.ZERO_WINDOW) != 0
    begins, until, ended = _runs(seen, rows, number, is_closed)
    lengths = np.maximum(until - seen.columns.time[rows[begins]], 0)
    starts = np.append(np.flatnonzero(np.diff(number[begins], prepend=-1)), len(begins))
    for first, last in pairwise(starts.tolist()):
        longest = int(lengths[first:last].max())
        if longest >= limits.zero_window_seconds * BILLION:
            own = slice(*np.searchsorted(number, (number[begins[first]], number[begins[first]] + 1)))
            yield _finding(seen, limits, rows[own][is_closed[own]], (rows[begins[first:last]], lengths[first:last]), bool(ended[last - 1]))


def _of_their_flows(seen: Seen, closed: Ids) -> tuple[Ids, Numbers]:
    """All segments, but SYN, FIN and RST, of flows that once took no more, flow by flow; and the flow of each."""
    found = seen.once(flows)
    some = np.zeros(found.size, np.bool_)
    some[flows_of(seen, closed)] = True
    at = np.flatnonzero(some[found.of] & (seen.once(flags_of) & np.uint16(SYN | FIN | RST) == 0))
    number = found.of[at].astype(np.int64)
    by_flow = order(number)
    return segments(seen)[at][by_flow], number[by_flow]


def _runs(seen: Seen, rows: Ids, number: Numbers, is_closed: NDArray[np.bool_]) -> tuple[Numbers, Numbers, NDArray[np.bool_]]:
    """Where each run of closed windows begins, when it ended or was last seen, and whether it ended."""
    same = np.append(False, number[1:] == number[:-1])
    begins = np.flatnonzero(is_closed & ~(same & np.append(False, is_closed[:-1])))
    stops = np.flatnonzero(is_closed & ~np.append((is_closed & same)[1:], False))
    after = np.minimum(stops + 1, len(rows) - 1)
    ended = (stops + 1 < len(rows)) & (number[after] == number[stops])
    return begins, seen.columns.time[rows[np.where(ended, after, stops)]], ended


def _finding(seen: Seen, limits: Limits, rows: Ids, runs: tuple[Ids, Numbers], ended: bool) -> Finding:
    """`runs` are the rows that they begin with, and how long they were, ns."""
    c, (begins, each) = seen.columns, runs
    longest = int(each.max())
    row = int(rows[0])
    one, other = seen.address(int(c.src[row])), seen.address(int(c.dst[row]))
    times = c.time[rows]
    first, last = int(times.min()), int(times.max())
    often = f" ({grouped(len(each))} times, {span_of(0, int(each.sum()))} together)" if len(each) > 1 else ""
    return Finding(
        kind="zero-window",
        title=f"{one} port {int(c.src_port[row])} took no more data from {other} port {int(c.dst_port[row])} for {span_of(0, longest)}"
        f"{often} from {seen.at(first)} on{'' if ended else ', and did not again in the capture'}",
        severity=grade(50, longest / BILLION / limits.zero_window_seconds, 80),
        first=first,
        last=last,
        count=len(rows),
        filter=seen.filter(f"{connection_filter(seen, row)} && tcp.analysis.zero_window"),
        window=seen.clipped(first, last + 1),
        why=WHY,
        between=(one, other),
        occurrences=tuple(np.sort(c.time[begins])[:OCCURRENCES].tolist()) if len(begins) > 1 else (),
    )
