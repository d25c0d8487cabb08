"""Event logs that fall silent: a pause far longer than their others, or an end while other logs and captures go on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.analysis.event_terms import joined_terms
from netsleuth_tui.analysis.times import BILLION
from netsleuth_tui.findings.event_rows import Numbers, event_rows
from netsleuth_tui.findings.finding import Finding
from netsleuth_tui.findings.words import rate, span_of

if TYPE_CHECKING:
    from netsleuth_tui.findings.event_rows import EventRows
    from netsleuth_tui.findings.limits import Limits
    from netsleuth_tui.findings.seen import Seen

__all__ = ["log_silence"]

PAUSES = 3
"""So many of its pauses may be a silence; the longest of the others is what is usual."""
SEVERITY_PAUSE, SEVERITY_END = 40, 50
WHY_PAUSE = "the host was off or could not write, or the log was stopped; what happened meanwhile is in no event of it"
WHY_END = "something stopped this log, or its events went elsewhere, while others went on"


def log_silence(seen: Seen, limits: Limits) -> Iterator[Finding]:
    """One finding per pause, of every log (computer and channel; a provider of a trace) that has enough events to know its pauses."""
    rows = event_rows(seen)
    if len(rows) < limits.silence_events:
        return
    times, edges = rows.by_log
    large = np.flatnonzero(np.diff(edges) >= limits.silence_events)
    for log in large.tolist():
        seen.check()
        own = times[edges[log] : edges[log + 1]]
        end = _end_of_others(seen, rows, log)
        unsigned = own.view(np.uint64)
        pauses = unsigned[1:] - unsigned[:-1]  # ascending: no difference is negative, and none is too large
        for begin, until in _silences(own, pauses, end, limits):
            yield _finding(seen, rows, log, own, (begin, until))


def _silences(own: Numbers, pauses: NDArray[np.uint64], end: int | None, limits: Limits) -> Iterator[tuple[int, int | None]]:
    """Begin and end of the pauses that are silences; an end of None is that of the log itself."""
    if len(pauses) <= PAUSES:
        return
    longest = np.argpartition(pauses, len(pauses) - PAUSES - 1)[-PAUSES - 1 :]
    longest = longest[np.argsort(pauses[longest])]
    usual = float(pauses[longest[0]])
    if usual > limits.silence_usual * BILLION:
        return
    least = max(limits.silence_seconds * BILLION, limits.silence_times * usual)
    for k in longest[1:].tolist():
        if pauses[k] >= least:
            yield int(own[k]), int(own[k + 1])
    last = int(own[-1])
    if end is not None and end - last >= max(least, limits.silence_times * float(pauses[longest[-1]])):
        yield last, None


def _end_of_others(seen: Seen, rows: EventRows, log: int) -> int | None:
    """When the last of the other logs and of the packets ends, of those that began before this log's end."""
    firsts, lasts = rows.log_spans
    others = (np.arange(len(firsts)) != log) & (firsts < lasts[log]) & (lasts > lasts[log])
    ends = [int(lasts[others].max())] if others.any() else []
    if seen.span is not None and seen.span[0] < lasts[log] < seen.span[1]:
        ends.append(seen.span[1] - 1)
    return max(ends, default=None)


def _finding(seen: Seen, rows: EventRows, log: int, own: Numbers, silence: tuple[int, int | None]) -> Finding:
    begin, until = silence
    end = until if until is not None else _end_of_others(seen, rows, log) or begin
    length = end - begin
    place = int(rows.logs.example[log])
    terms = rows.log_terms(place)
    usual = len(own) / max((int(own[-1]) - int(own[0]) - (length if until is not None else 0)) / BILLION, 1)
    name = rows.log_name(place)
    told = (
        f"has no event for {span_of(begin, end)}, from {seen.at(begin)} on"
        if until is not None
        else f"ends at {seen.at(begin)}, {span_of(begin, end)} before others"
    )
    computer = rows.system("computer", place)
    window = seen.clipped(*_around(begin, end))
    return Finding(
        kind="log-silence",
        title=f"The log {name} {told}; it usually has {_often(usual)}",
        severity=SEVERITY_PAUSE if until is not None else SEVERITY_END,
        first=begin,
        last=min(end, window[1] - 1),  # there is no instant after the last one that a window could end with
        count=length // BILLION,
        filter=seen.filter(joined_terms(tuple(terms), tuple(terms.values())) or "EventID"),
        window=window,
        why=WHY_PAUSE if until is not None else WHY_END,
        usual=usual,
        between=(computer,) if computer else (),
        count_of="seconds of silence",
    )


def _around(begin: int, end: int) -> tuple[int, int]:
    """A window that shows the silence and half as much before and after it."""
    margin = (end - begin) // 2
    least, most = np.iinfo(np.int64).min + 1, np.iinfo(np.int64).max
    return max(begin - margin, least), min(end + margin, most)


def _often(per_second: float) -> str:
    """'12 events a second', '3.4 an hour', '5 a day'."""
    for unit, seconds in (("second", 1), ("minute", 60), ("hour", 3600)):
        if per_second * seconds >= 1:
            return f"{rate(per_second * seconds)} a{'n' if unit == 'hour' else ''} {unit}"
    return f"{rate(per_second * 86_400)} a day"
