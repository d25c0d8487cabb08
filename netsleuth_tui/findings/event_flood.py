"""Event floods: one kind of event (provider and id) that fills the log for a while, far above its usual rate."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from netsleuth_tui.findings.bursts import first_after
from netsleuth_tui.findings.event_groups import MOST, event_finding
from netsleuth_tui.findings.event_rows import EventRows, Numbers, event_rows
from netsleuth_tui.findings.finding import Finding, grade
from netsleuth_tui.findings.words import rate, span_of
from netsleuth_tui.wording import counted, grouped

if TYPE_CHECKING:
    from netsleuth_tui.findings.limits import Limits
    from netsleuth_tui.findings.seen import Seen

__all__ = ["event_flood"]

SECONDS = 10
STEP = SECONDS * 1_000_000_000
"""Events are counted in steps of so many ns."""
LEAST_STEPS = 30
"""A log with fewer steps does not show what is usual."""
SEVERITY, MOST_SEVERE = 50, 75
WHY = "a full log drops its oldest events: a flood pushes out what else it has to tell, and costs the host time for each event"


def event_flood(seen: Seen, limits: Limits) -> Iterator[Finding]:
    """One finding per kind of event, of its worst run of steps that are each a flood; usual is the median of all steps of the log."""
    rows = event_rows(seen)
    if not len(rows):
        return
    counts = _counts(rows)
    floods = _floods(rows, counts, limits)
    for kind in floods.kinds.tolist():
        yield _finding(seen, rows, counts, kind, floods, limits)


@dataclass(frozen=True, slots=True)
class _Counts:
    """Steps that have events of a kind, by kind and then by time."""

    kind: Numbers
    step: Numbers
    events: Numbers


@dataclass(frozen=True, slots=True)
class _Floods:
    """Kinds that flood, the one with the busiest step first."""

    kinds: Numbers
    usual: Numbers
    """For every kind the median of its events in a step of the log that it is in."""
    least: Numbers
    """For every kind the events in a step from which on it is a flood."""


def _counts(rows: EventRows) -> _Counts:
    step = rows.time // STEP
    earliest = int(step.min())
    steps = int(step.max()) - earliest + 1  # at most 2**64 / 10**10, and kinds are fewer than events: their product fits 63 bits
    keys = rows.kinds.of * steps + (step - earliest)
    keys.sort()
    begins = np.flatnonzero(np.concatenate(([True], keys[1:] != keys[:-1])))
    distinct = keys[begins]
    return _Counts(distinct // steps, distinct % steps + earliest, np.diff(np.append(begins, len(keys))))


def _floods(rows: EventRows, counts: _Counts, limits: Limits) -> _Floods:
    log = rows.logs.of[rows.kinds.example]
    steps = (rows.log_spans[1] // STEP - rows.log_spans[0] // STEP + 1)[log]
    usual = _medians(counts, steps)
    least = np.maximum(limits.flood_events, np.ceil(limits.flood_times * usual)).astype(np.int64)
    peak = np.zeros(len(rows.kinds), np.int64)
    np.maximum.at(peak, counts.kind, counts.events)
    found = np.flatnonzero((peak >= least) & (steps >= LEAST_STEPS))
    return _Floods(found[np.argsort(-peak[found], kind="stable")][:MOST], usual, least)


def _medians(counts: _Counts, steps: Numbers) -> Numbers:
    """For every kind the (lower) median over all steps of its log, those without such an event included."""
    order = np.lexsort((counts.events, counts.kind))
    with_events = np.bincount(counts.kind, minlength=len(steps))
    ends = np.cumsum(with_events)
    place = (steps - 1) // 2 - (steps - with_events)  # among those with events, ascending; before them are the ones without
    median = np.zeros(len(steps), np.int64)
    some = np.flatnonzero(place >= 0)
    median[some] = counts.events[order[(ends - with_events + place)[some]]]
    return median


def _finding(seen: Seen, rows: EventRows, counts: _Counts, kind: int, floods: _Floods, limits: Limits) -> Finding:
    first, last = np.searchsorted(counts.kind, [kind, kind + 1])
    step, events = counts.step[first:last], counts.events[first:last]
    hot = np.flatnonzero(events >= floods.least[kind])
    edges = np.append(np.concatenate(([0], np.flatnonzero(np.diff(step[hot]) > 1) + 1)), len(hot))
    sums = np.add.reduceat(events[hot], edges[:-1])
    worst = int(sums.argmax())
    run = hot[edges[worst] : edges[worst + 1]]
    begin, end = int(step[run[0]]) * STEP, (int(step[run[-1]]) + 1) * STEP
    places = np.flatnonzero((rows.kinds.of == kind) & (rows.time >= begin) & (rows.time < end))
    usual, peak = int(floods.usual[kind]) / SECONDS, int(events[run].max())
    others = len(sums) - 1
    place = int(places[0])
    title = (
        f"Event flood: {grouped(len(places))} events {rows.described(place)} within {span_of(begin, end)} from {seen.at(begin)} on, "
        f"up to {rate(peak / SECONDS)} a second, usually {rate(usual)}"
    )
    finding = event_finding(
        seen,
        places,
        kind="event-flood",
        title=title + (f"; and {counted(others, 'time')} more" if others else ""),
        severity=grade(SEVERITY, peak / limits.flood_events, MOST_SEVERE),
        why=WHY,
        terms=rows.kind_terms(place),
        between=rows.most("computer", places),
        usual=usual,
    )
    begins = step[hot[edges[:-1]]] * STEP
    return replace(finding, occurrences=first_after(rows.time[rows.kinds.of == kind], begins)) if others else finding
