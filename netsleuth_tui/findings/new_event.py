"""Kinds of events that a log did not have for most of its time, and that then come again and again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from netsleuth_tui.findings.event_groups import MOST, event_finding
from netsleuth_tui.findings.event_rows import EventRows, event_rows
from netsleuth_tui.findings.finding import Finding
from netsleuth_tui.findings.words import span_of
from netsleuth_tui.wording import counted

if TYPE_CHECKING:
    from netsleuth_tui.findings.limits import Limits
    from netsleuth_tui.findings.seen import Seen

__all__ = ["new_event"]

MINUTE = 60_000_000_000
SEVERITY = 35
WHY = "something is new on this host: an update, a setting, a program, or a fault that was not there before"


def new_event(seen: Seen, limits: Limits) -> Iterator[Finding]:
    """One finding per kind (provider and id) whose first event comes late in its log, by time and by events."""
    rows = event_rows(seen)
    if len(rows) <= limits.new_event_after:
        return
    kinds = rows.kinds
    first = np.full(len(kinds), np.iinfo(np.int64).max)
    np.minimum.at(first, kinds.of, rows.time)
    log = rows.logs.of[kinds.example]
    begin, end = (side[log].astype(np.float64) for side in rows.log_spans)
    late = first - begin >= limits.new_event_share * (end - begin)
    often = np.bincount(kinds.of, minlength=len(kinds)) >= limits.new_event_minutes
    candidates = np.flatnonzero(late & often & (end > begin))
    times, edges = rows.by_log
    chosen = []
    for kind in candidates.tolist():
        whole = times[edges[log[kind]] : edges[log[kind] + 1]]
        before = int(np.searchsorted(whole, first[kind]))
        if before >= max(limits.new_event_after, limits.new_event_share * len(whole)):
            chosen.append((kind, before))
    yield from _findings(seen, rows, chosen, limits)


def _findings(seen: Seen, rows: EventRows, chosen: list[tuple[int, int]], limits: Limits) -> Iterator[Finding]:
    told = 0
    for kind, before in chosen:
        places = np.flatnonzero(rows.kinds.of == kind)
        minutes = len(np.unique(rows.time[places] // MINUTE))
        if minutes < limits.new_event_minutes:
            continue
        told += 1
        if told > MOST:
            return
        start = int(rows.time[places].min())
        place = int(places[rows.time[places].argmin()])
        log = rows.logs.of[place]
        yield event_finding(
            seen,
            places,
            kind="new-event",
            title=f"Event {rows.described(place)} is new: {counted(len(places), 'time')} from {seen.at(start)} on, after "
            f"{counted(before, 'other event')} in {span_of(int(rows.log_spans[0][log]), start)}",
            severity=SEVERITY,
            why=WHY,
            terms=rows.kind_terms(place),
            between=rows.most("computer", places),
        )
