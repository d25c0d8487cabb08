"""Looking for findings of one kind in stores that were filled by hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from made import store_of

from netsleuth_tui.analysis import Scope, event_rows_of, rows_of
from netsleuth_tui.findings import KINDS, LIMITS, Finding, Limits, find
from netsleuth_tui.store import Store

HOSTS = tuple(0x0A000000 + k for k in range(1, 255))
"""10.0.0.1 and following: `src` and `dst` are places in it."""


def found(store: Store, kind: str, scope: Scope | None = None, limits: Limits = LIMITS) -> list[Finding]:
    """The findings of a kind; what their filters select in their windows is what they count."""
    kinds = [each for each in KINDS if each.slug == kind]
    assert len(kinds) == 1
    report = find(store, scope or Scope(), kinds=kinds, limits=limits)
    check(store, report.findings)
    return list(report.findings)


def check(store: Store, findings: Sequence[Finding]) -> None:
    """What a finding says of itself holds."""
    for finding in findings:
        begin, end = finding.window
        shown = Scope(finding.filter, begin, end)
        if finding.is_selected:
            rows = rows_of(store, shown) if finding.count_of == "packets" else event_rows_of(store, shown)
            assert len(rows) == finding.count, finding
        assert begin is None or begin <= finding.first
        assert finding.first <= finding.last
        assert end is None or finding.last < end
        assert 0 <= finding.severity <= 100
        assert finding.title
        assert finding.why
        assert not finding.title.endswith(".")


def seen_in(packets: Sequence[dict[str, Any]], kind: str, scope: Scope | None = None) -> list[Finding]:
    """The findings of a kind among packets of one file."""
    return found(store_of(list(packets), hosts=HOSTS), kind, scope)
