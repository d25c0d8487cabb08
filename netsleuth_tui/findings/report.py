"""Look for every kind of finding, and put them in order: the worst first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, NamedTuple

from netsleuth_tui.analysis.scope import EVERYTHING, Scope
from netsleuth_tui.analysis.times import iso
from netsleuth_tui.findings.kinds import KINDS, Kind
from netsleuth_tui.findings.limits import LIMITS, Limits
from netsleuth_tui.findings.seen import Seen
from netsleuth_tui.tabular import Cell, Column, Table

if TYPE_CHECKING:
    from netsleuth_tui.findings.finding import Finding
    from netsleuth_tui.store import Store

__all__ = ["Looked", "Report", "Steps", "find", "findings_table"]

BLOCK = 256


class Steps(NamedTuple):
    """How far the search is."""

    done: int
    of: int
    kind: str
    """What is being looked for."""


@dataclass(frozen=True, slots=True)
class Looked:
    """A kind that was looked for."""

    kind: str
    definition: str
    """What was looked for, and from which threshold on."""
    found: int
    """How many there are; the report has the worst of them."""
    seconds: float


@dataclass(frozen=True, slots=True)
class Report:
    """What was found."""

    findings: tuple[Finding, ...]
    """The worst first; of those that are as bad the earliest."""
    looked_for: tuple[Looked, ...]
    """All kinds, also those of which nothing was found."""
    seconds: float

    @property
    def left_out(self) -> int:
        """Findings beyond the worst of their kind."""
        return sum(looked.found for looked in self.looked_for) - len(self.findings)


def find(
    store: Store,
    scope: Scope = EVERYTHING,
    *,
    limits: Limits = LIMITS,
    kinds: Sequence[Kind] = KINDS,
    progress: Callable[[Steps], None] = lambda _: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> Report:
    """Look for findings of every kind among the records of a scope.

    Args:
        store: What was loaded.
        scope: Filter and window.
        limits: The thresholds.
        kinds: What to look for.
        progress: Called before each kind.
        cancelled: Asked from time to time; True ends the work.

    Raises:
        FilterError: The filter is not valid.
        NetSleuthError: Nobody wanted the answer any more.
    """
    begin = perf_counter()
    seen = Seen(store, scope, cancelled)
    found: list[Finding] = []
    looked: list[Looked] = []
    for number, kind in enumerate(kinds):
        seen.check()
        progress(Steps(number, len(kinds), kind.slug))
        started = perf_counter()
        some = sorted(kind.find(seen, limits), key=_rank)
        found += some[: limits.findings_of_a_kind]
        looked.append(Looked(kind.slug, kind.definition(limits), len(some), perf_counter() - started))
    return Report(tuple(sorted(found, key=_rank)), tuple(looked), perf_counter() - begin)


def _rank(finding: Finding) -> tuple[int, int, str, str]:
    return -finding.severity, finding.first, finding.kind, finding.filter


COLUMNS = (
    Column("severity", "integer"), Column("kind"), Column("start"), Column("end"), Column("summary"), Column("count", "integer"),
    Column("count_of"), Column("usual_per_second", "number"), Column("between"), Column("why"), Column("filter"), Column("since"),
    Column("until"),
)  # fmt: skip


READ = ("severity", "kind", "start", "filter", "summary")


def findings_table(report: Report, *, reading: bool = False) -> Table:
    """One row per finding; `since` and `until` with `filter` select what it is about.

    Args:
        report: What was found.
        reading: Only the columns that a person reads.
    """
    rows = [_row(finding) for finding in report.findings]
    names = [column.name for column in COLUMNS]
    chosen = [names.index(name) for name in (READ if reading else names)]
    blocks = (rows[first : first + BLOCK] for first in range(0, len(rows), BLOCK))
    return Table(tuple(COLUMNS[k] for k in chosen), ([[row[k] for row in block] for k in chosen] for block in blocks))


def _row(finding: Finding) -> tuple[Cell, ...]:
    since, until = finding.window
    return (
        finding.severity, finding.kind, iso(finding.first), iso(finding.last), finding.title, finding.count, finding.count_of,
        None if finding.usual is None else round(finding.usual, 6), ", ".join(finding.between) or None, finding.why, finding.filter,
        None if since is None else iso(since), None if until is None else iso(until),
    )  # fmt: skip
