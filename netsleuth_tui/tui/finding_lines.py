"""Findings as text: the cells of their table, and the lines below it that say all of one finding."""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING

from netsleuth_tui.terminal.sanitize import display
from netsleuth_tui.tui.numbers import rate
from netsleuth_tui.tui.widgets.tabs import shown_window
from netsleuth_tui.wording import counted, grouped

if TYPE_CHECKING:
    from collections.abc import Sequence

    from netsleuth_tui.findings import Finding, Report, Steps

__all__ = ["amount_of", "cell", "detail_lines", "found_nothing", "is_of_events", "looked_lines", "progress_text", "severity_word"]

LIMIT = 1000
"""Characters of a sentence of a finding."""
SEVERE, MIDDLE = 70, 40

Line = tuple[str, str]
"""A text, and the name of its style."""


def severity_word(severity: int) -> str:
    """The style of a severity: 'error', 'warning' or 'text'."""
    return "error" if severity >= SEVERE else "warning" if severity >= MIDDLE else "text"


def is_of_events(finding: Finding) -> bool:
    """Whether its filter selects events, not packets: all of its names are those of events."""
    from netsleuth_tui import query
    from netsleuth_tui.query.event_fields import event_field

    names = query.names_in(finding.filter)
    return bool(names) and all(event_field(name) is not None for name in names)


def amount_of(finding: Finding) -> str:
    """'55 108 packets', '12 events', '3 602 seconds of silence'."""
    words = finding.count_of
    return counted(finding.count, words.removesuffix("s") if words in {"packets", "events"} else words, words)


def cell(finding: Finding, name: str, *, days: bool, digits: int) -> str:
    """A cell of the table, made harmless.

    Args:
        finding: Which line.
        name: Of the column.
        days: Times have their date.
        digits: Of the second.
    """
    if name in {"start", "end"}:
        return _time(finding.first if name == "start" else finding.last, days=days, digits=digits)
    if name == "count":
        return grouped(finding.count)
    if name == "usual":
        return "" if finding.usual is None else rate(finding.usual, of_bytes=False)
    if name == "between":
        return display(", ".join(finding.between), limit=LIMIT)
    texts = {"what": finding.title, "kind": finding.kind, "why": finding.why, "filter": finding.filter, "of": finding.count_of}
    return display(texts[name], limit=LIMIT) if name in texts else str(finding.severity)


def _time(time: int, *, days: bool, digits: int) -> str:
    from netsleuth_tui.analysis import clock, iso

    return f"{iso(time)[:10]} {clock(time, digits)}" if days else clock(time, digits)


def detail_lines(finding: Finding, report: Report, width: int, dash: str) -> list[Line]:
    """All there is to say of a finding: what, why it may matter, how much and when, what counts as one, the filter and the window."""
    from netsleuth_tui.analysis import iso

    definition = next((looked.definition for looked in report.looked_for if looked.kind == finding.kind), "")
    start, end = finding.window
    days = iso(finding.first)[:10] if iso(finding.first)[:10] == iso(finding.last)[:10] else ""
    usual = f", usually {rate(finding.usual, of_bytes=False)}" if finding.usual is not None else ""
    between = f" between {', '.join(finding.between)}" if len(finding.between) > 1 else f", {finding.between[0]}" if finding.between else ""
    window = "the whole time" if start is None and end is None else shown_window(start, end, dash)
    said = (
        (finding.title, severity_word(finding.severity)),
        (f"Why it may matter: {finding.why}.", "text"),
        (f"{amount_of(finding)}{usual}{between}", "text"),
        (f"Filter: {finding.filter}", "text"),
        (f"Window: {days} {window}".replace("  ", " "), "text"),
        (f"Looked for: {definition}.", "muted"),
    )
    return [(part, style) for text, style in said for part in _wrapped(display(text, limit=LIMIT), width)]


def _wrapped(text: str, width: int) -> list[str]:
    return wrap(text, max(width, 20), subsequent_indent="  ") or [""]


def found_nothing(report: Report) -> list[str]:
    """What is said where there is no finding: what was looked for."""
    return ["Nothing was found. Looked for:", "", *looked_lines(report)]


def looked_lines(report: Report) -> list[str]:
    """A sentence for each kind of finding: how many there are, and what counts as one."""
    return [f"{looked.kind} ({grouped(looked.found) if looked.found else 'none'}): {looked.definition}" for looked in report.looked_for]


def progress_text(steps: Steps) -> str:
    """'looking for router-loop, 3 of 12'."""
    return f"looking for {steps.kind}, {steps.done + 1} of {steps.of}" if steps.kind else "looking for findings"


def spans_days(findings: Sequence[Finding]) -> bool:
    """True if findings are of several days: times need their date."""
    from netsleuth_tui.analysis import iso

    return len({iso(time)[:10] for finding in findings for time in (finding.first, finding.last)}) > 1
