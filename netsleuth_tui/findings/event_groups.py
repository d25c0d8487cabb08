"""From events that belong together to a finding: its count, times, filter and window."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.analysis.event_terms import joined_terms
from netsleuth_tui.analysis.scope import Scope, event_rows_of
from netsleuth_tui.findings.event_rows import Numbers, Terms, event_rows, numbered
from netsleuth_tui.findings.finding import Finding

if TYPE_CHECKING:
    from netsleuth_tui.findings.seen import Seen

__all__ = ["MOST", "by_values", "event_finding", "told_of"]

MOST = 20
"""Of groups of one kind of finding (sockets, reasons, accounts) the largest so many are told one by one; then one finding is of all."""


def by_values(columns: Sequence[NDArray[np.generic]], places: Numbers, *, least: int = 1) -> list[Numbers]:
    """Places of events that have the same values, the largest group first.

    Args:
        columns: Values at the places.
        places: Of the events, in the order of time.
        least: Events of a group; smaller ones are left out.
    """
    if not len(places):
        return []
    of = numbered(columns).of
    order = np.argsort(of, kind="stable")
    counts = np.bincount(of)
    ends = np.cumsum(counts)
    large = np.flatnonzero(counts >= least)
    large = large[np.argsort(-counts[large], kind="stable")]
    return [places[order[ends[k] - counts[k] : ends[k]]] for k in large.tolist()]


def told_of(places: Numbers, groups: Sequence[Numbers]) -> list[Numbers]:
    """The groups that findings are made of; where there are many, all events first, and then only the largest groups."""
    return list(groups) if len(groups) <= MOST else [places, *groups[:MOST]]


def event_finding(
    seen: Seen,
    places: Numbers,
    *,
    kind: str,
    title: str,
    severity: int,
    why: str,
    terms: Terms,
    between: Sequence[str] = (),
    usual: float | None = None,
) -> Finding:
    """The finding that these events are: from the first to the last of them.

    Args:
        seen: What is looked at.
        places: Of the events among `event_rows`, at least one.
        kind: Slug of the kind of finding.
        title: What happened.
        severity: 0 to 100.
        why: Why it may matter.
        terms: Names and values that these events have, and no others from the first to the last of them.
        between: Who takes part.
        usual: How many events there are usually, per second.
    """
    rows = event_rows(seen)
    times = rows.time[places]
    first, last = int(times.min()), int(times.max())
    text, count = joined_terms(tuple(terms), tuple(terms.values())), len(places)
    if text is None:  # a value of thousands of characters: the kind of event alone, and as many as there are of that
        text = seen.filter(f"EventID == {terms['EventID']}")
        count = len(event_rows_of(seen.store, Scope(text, first, last + 1)))
    else:
        text = seen.filter(text)
    return Finding(
        kind=kind, title=title, severity=severity, first=first, last=last, count=count, filter=text, window=(first, last + 1), why=why,
        usual=usual, between=tuple(between), count_of="events",
    )  # fmt: skip
