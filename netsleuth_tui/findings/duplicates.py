"""Captures that have frames twice."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from netsleuth_tui.decode.columns import Has
from netsleuth_tui.findings.finding import Finding, grade
from netsleuth_tui.findings.words import percent
from netsleuth_tui.wording import grouped

if TYPE_CHECKING:
    from netsleuth_tui.findings.limits import Limits
    from netsleuth_tui.findings.seen import Seen

__all__ = ["capture_duplicates"]

WHY = "they count twice here, and TCP's look like retransmissions: a port mirrored in both directions, or two interfaces of one host"


def capture_duplicates(seen: Seen, limits: Limits) -> Iterator[Finding]:
    """One finding for all packets that were captured before; see `analysis.copies`."""
    again = seen.copies.again
    rows = again[seen.among(again)]
    of = len(seen.having(Has.IP)) + len(seen.having(Has.IPV6))
    if len(rows) < limits.duplicate_packets or 100 * len(rows) < limits.duplicate_percent * of:
        return
    times = seen.columns.time[rows]
    first, last = int(times.min()), int(times.max())
    files = len(np.unique(seen.columns.source[rows]))
    where = f" of {grouped(files)} files" if files > 1 else ""
    yield Finding(
        kind="capture-duplicates",
        title=f"{grouped(len(rows))} of {grouped(of)} IP packets{where} ({percent(len(rows), of)}) were captured twice: the same again "
        "within a millisecond, with the same TTL",
        severity=grade(40, 100 * len(rows) / of / limits.duplicate_percent, 60),
        first=first,
        last=last,
        count=len(rows),
        filter=seen.filter("frame.duplicate"),
        window=seen.clipped(first, last + 1),
        why=WHY,
    )
