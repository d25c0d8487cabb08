"""Look for every kind of finding, and put them in order: the worst first."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, NamedTuple

from netsleuth_tui.analysis.scope import EVERYTHING, Scope
from netsleuth_tui.analysis.times import time_cell
from netsleuth_tui.findings.finding import Candidate
from netsleuth_tui.findings.kinds import KINDS, Kind
from netsleuth_tui.findings.limits import LIMITS, Limits
from netsleuth_tui.findings.seen import Seen
from netsleuth_tui.tabular import Cell, Column, Table

if TYPE_CHECKING:
    from netsleuth_tui.findings.finding import Finding
    from netsleuth_tui.store import Store

__all__ = ["Looked", "Report", "Steps", "find", "findings_table"]

BLOCK = 256
WORTH_TWO_THREADS = 1 << 18
"""Packets: with fewer, the second thread costs more than it saves."""
TIES = 1000
"""So many findings that are as bad as the last one that is told, and begin with it, are told apart by their filters."""


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
        RowsDroppedError: Some of the packets were dropped meanwhile.
    """
    begin = perf_counter()
    search = _Search(Seen(store, scope, cancelled), limits, kinds, progress)
    search.run(2 if len(search.seen.rows) >= WORTH_TWO_THREADS else 1)
    findings = [finding for some, _ in search.found for finding in some]
    return Report(tuple(sorted(findings, key=_rank)), tuple(looked for _, looked in search.found), perf_counter() - begin)


class _Search:
    """Kinds that are looked for one after the other, by one thread or by two: then each takes the next one.

    What is found does not depend on that. What takes long are kernels and NumPy, which let go of the interpreter.
    """

    def __init__(self, seen: Seen, limits: Limits, kinds: Sequence[Kind], progress: Callable[[Steps], None]) -> None:
        self.seen, self._limits, self._kinds, self._progress = seen, limits, kinds, progress
        self._answers: list[tuple[list[Finding], Looked] | None] = [None] * len(kinds)
        self._next = 0
        self._failed: BaseException | None = None
        self._turn = threading.Lock()

    @property
    def found(self) -> list[tuple[list[Finding], Looked]]:
        """The worst findings of each kind, and what is said of it."""
        return [answer for answer in self._answers if answer is not None]

    def run(self, threads: int) -> None:
        """Look for all kinds.

        Raises:
            NetSleuthError: Nobody wanted the answer any more.
            RowsDroppedError: Some of the packets were dropped meanwhile.
        """
        others = [threading.Thread(target=self._look, name="findings", daemon=True) for _ in range(1, threads)]
        for other in others:
            other.start()
        self._look()
        for other in others:
            other.join()
        self.seen.check()  # rows that were dropped under its feet are why a kind fails, or says what is not so
        if self._failed is not None:
            raise self._failed

    def _look(self) -> None:
        try:
            while (number := self._take()) is not None:
                kind, started = self._kinds[number], perf_counter()
                some = list(kind.find(self.seen, self._limits))
                worst = _worst(some, self._limits.findings_of_a_kind)
                looked = Looked(kind.slug, kind.definition(self._limits), len(some), perf_counter() - started)
                self._answers[number] = (worst, looked)
        except BaseException as error:  # noqa: BLE001 - the thread that waits for the answer raises it
            self._failed = error

    def _take(self) -> int | None:
        """The next kind; None where there is none left, or the search has failed."""
        with self._turn:
            number = self._next
            if number >= len(self._kinds) or self._failed is not None:
                return None
            self._next += 1
            self.seen.check()
            self._progress(Steps(number, len(self._kinds), self._kinds[number].slug))
            return number


def _worst(some: list[Finding | Candidate], most: int) -> list[Finding]:
    """The worst of a kind, the worst first; only these are put into words."""
    some.sort(key=lambda one: (-one.severity, one.first))
    end = min(most, len(some))
    while end < min(most + TIES, len(some)) and (some[end].severity, some[end].first) == (some[most - 1].severity, some[most - 1].first):
        end += 1
    return sorted((one.make() if isinstance(one, Candidate) else one for one in some[:end]), key=_rank)[:most]


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
        finding.severity, finding.kind, time_cell(finding.first), time_cell(finding.last), finding.title, finding.count, finding.count_of,
        None if finding.usual is None else round(finding.usual, 6), ", ".join(finding.between) or None, finding.why, finding.filter,
        time_cell(since), time_cell(until),
    )  # fmt: skip
