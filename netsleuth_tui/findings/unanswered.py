"""Connections that were asked for in vain: nobody answered, or the answer was no."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.analysis.times import BILLION
from netsleuth_tui.findings.finding import Finding, grade
from netsleuth_tui.findings.tcp_rows import ends, layer, numbered, opening, segments
from netsleuth_tui.findings.words import at, counted, listed

if TYPE_CHECKING:
    from netsleuth_tui.findings.limits import Limits
    from netsleuth_tui.findings.seen import Ids, Seen

__all__ = ["syn_refused", "syn_unanswered"]

WHY_SILENT = "the host is not there, something on the way drops what is sent, or the answers go another way than past the capture"
WHY_REFUSED = "nothing listens at that port, or something on the way refuses in its name"
PATIENCE = 3 * BILLION
"""ns before the end of the scope: what was asked for then may yet be answered."""


def syn_unanswered(seen: Seen, limits: Limits) -> Iterator[Finding]:
    """A finding for each address and port that nothing came back from, after so many SYN."""
    how = seen.once(opening)
    if not len(how.asks) or seen.span is None:
        return
    answered = how.has(how.accepted) | how.has(how.by_server)
    times = seen.columns.time[how.asks]
    rows = how.asks[~answered[how.asked] & (times < seen.span[1] - PATIENCE)]
    rows = rows[~_from_server(seen, rows)]
    for some in _by_server(seen, rows):
        if len(some) >= limits.syn_unanswered:
            yield _finding(seen, some, "syn-unanswered", ("got no answer from", WHY_SILENT), len(some) / limits.syn_unanswered)


def syn_refused(seen: Seen, limits: Limits) -> Iterator[Finding]:
    """A finding for each address and port that answers a SYN with a reset."""
    how = seen.once(opening)
    refused = how.has(how.by_server) & ~how.has(how.accepted)
    rows = how.asks[refused[how.asked]]
    for some in _by_server(seen, rows):
        (number,) = numbered(ends(seen, some))
        connections = len(np.unique(number))
        if connections >= limits.syn_refused:
            yield _finding(seen, some, "syn-refused", ("were refused by a reset from", WHY_REFUSED), connections / limits.syn_refused)


def _from_server(seen: Seen, asks: Ids) -> NDArray[np.bool_]:
    """Which of these connections have any segment of the server's."""
    c = seen.columns
    clients = np.zeros(len(seen.hosts.version), np.bool_)
    servers = clients.copy()
    clients[c.src[asks]] = True
    servers[c.dst[asks]] = True
    rows = segments(seen)
    rows = rows[servers[c.src[rows]]]
    rows = rows[clients[c.dst[rows]]]
    asked, back = numbered(ends(seen, asks), ends(seen, rows, back=True))
    return np.isin(asked, back)


def _by_server(seen: Seen, rows: Ids) -> Iterator[Ids]:
    """The rows, by address and port that they are sent to."""
    c = seen.columns
    keys = c.dst[rows].astype(np.int64) << 16 | c.dst_port[rows]
    order = np.argsort(keys, kind="stable")
    edges = np.flatnonzero(np.diff(keys[order])) + 1
    yield from (part for part in np.split(rows[order], edges) if len(part))


def _finding(seen: Seen, rows: Ids, kind: str, words: tuple[str, str], times: float) -> Finding:
    c = seen.columns
    host, port = int(c.dst[rows[0]]), int(c.dst_port[rows[0]])
    (number,) = numbered(ends(seen, rows))
    connections = len(np.unique(number))
    when = c.time[rows]
    first, last = int(when.min()), int(when.max())
    clients = [seen.address(each) for each in seen.most(c.src[rows])[0]]
    server, name = seen.address(host), layer(seen, host)
    told = "was refused by a reset from" if kind == "syn-refused" and connections == 1 else words[0]
    return Finding(
        kind=kind,
        title=f"{counted(connections, 'connection')} of {listed(clients)} {told} {server} port {port} ({counted(len(rows), 'SYN', 'SYN')} "
        f"from {at(first)} on)",
        severity=grade(40 if kind == "syn-unanswered" else 30, times, 70),
        first=first,
        last=last,
        count=connections,
        filter=seen.filter(f"{name}.dst == {server} && tcp.dstport == {port} && tcp.flags.syn == 1 && tcp.flags.ack == 0"),
        window=seen.clipped(first, last + 1),
        why=words[1],
        between=(server, *clients[:2]),
        count_of="connections",
    )
