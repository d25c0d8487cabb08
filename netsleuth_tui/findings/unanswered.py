"""Connections that were asked for in vain: nobody answered, or the answer was no."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from netsleuth_tui.analysis.times import BILLION
from netsleuth_tui.findings.finding import Candidate, Finding, grade
from netsleuth_tui.findings.tcp_rows import flows, flows_of, layer, opening
from netsleuth_tui.findings.words import listed
from netsleuth_tui.store.ordering import order
from netsleuth_tui.wording import counted

if TYPE_CHECKING:
    from netsleuth_tui.findings.limits import Limits
    from netsleuth_tui.findings.seen import Ids, Seen

__all__ = ["syn_refused", "syn_unanswered"]

WHY_SILENT = "the host is not there, something on the way drops what is sent, or the answers go another way than past the capture"
WHY_REFUSED = "nothing listens at that port, or something on the way refuses in its name"
PATIENCE = 3 * BILLION
"""ns before the end of the scope: what was asked for then may yet be answered."""


def syn_unanswered(seen: Seen, limits: Limits) -> Iterator[Candidate]:
    """A finding for each address and port that nothing came back from, after so many SYN."""
    how = seen.once(opening)
    if not len(how.asks) or seen.span is None:
        return
    found = seen.once(flows)
    times = seen.columns.time[how.asks]
    rows = how.asks[(found.packets[found.other(how.asked)] == 0) & (times < seen.span[1] - PATIENCE)]
    words = ("got no answer from", WHY_SILENT)
    for some, first in _by_server(seen, rows, limits.syn_unanswered):
        times_more = len(some) / limits.syn_unanswered
        yield Candidate(_severity("syn-unanswered", times_more), first, partial(_finding, seen, some, "syn-unanswered", words, times_more))


def syn_refused(seen: Seen, limits: Limits) -> Iterator[Candidate]:
    """A finding for each address and port that answers a SYN with a reset."""
    how = seen.once(opening)
    refused = how.has(how.by_server) & ~how.has(how.accepted)
    rows = how.asks[refused[how.asked]]
    words = ("were refused by a reset from", WHY_REFUSED)
    for some, first in _by_server(seen, rows, limits.syn_refused):
        connections = len(np.unique(flows_of(seen, some)))
        if connections >= limits.syn_refused:
            times_more = connections / limits.syn_refused
            yield Candidate(_severity("syn-refused", times_more), first, partial(_finding, seen, some, "syn-refused", words, times_more))


def _severity(kind: str, times: float) -> int:
    return grade(40 if kind == "syn-unanswered" else 30, times, 70)


def _by_server(seen: Seen, rows: Ids, least: int) -> Iterator[tuple[Ids, int]]:
    """The rows, by address and port that they are sent to, where there are so many; and the time of the first of them."""
    c = seen.columns
    keys = c.dst[rows].astype(np.int64) << 16 | c.dst_port[rows]
    by_server = order(keys)
    rows, keys = rows[by_server], keys[by_server]
    edges = np.append(np.flatnonzero(np.diff(keys, prepend=-1)), len(keys))
    if len(rows):
        firsts = np.minimum.reduceat(c.time[rows], edges[:-1])
        for k in np.flatnonzero(np.diff(edges) >= least).tolist():
            yield rows[edges[k] : edges[k + 1]], int(firsts[k])


def _finding(seen: Seen, rows: Ids, kind: str, words: tuple[str, str], times: float) -> Finding:
    c = seen.columns
    host, port = int(c.dst[rows[0]]), int(c.dst_port[rows[0]])
    connections = len(np.unique(flows_of(seen, rows)))
    when = c.time[rows]
    first, last = int(when.min()), int(when.max())
    clients = [seen.address(each) for each in seen.busiest(c.src[rows])[0]]
    server, name = seen.address(host), layer(seen, host)
    told = "was refused by a reset from" if kind == "syn-refused" and connections == 1 else words[0]
    return Finding(
        kind=kind,
        title=f"{counted(connections, 'connection')} of {listed(clients)} {told} {server} port {port} ({counted(len(rows), 'SYN', 'SYN')} "
        f"from {seen.at(first)} on)",
        severity=_severity(kind, times),
        first=first,
        last=last,
        count=connections,
        filter=seen.filter(f"{name}.dst == {server} && tcp.dstport == {port} && tcp.flags.syn == 1 && tcp.flags.ack == 0"),
        window=seen.clipped(first, last + 1),
        why=words[1],
        between=(server, *clients[:2]),
        count_of="connections",
    )
