"""What `explain` finds out about a window, and how it is written as a table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from netsleuth_tui.tabular import Cell, Column, Table

__all__ = ["Against", "Difference", "Explanation", "Line", "explanation_table"]

Against = Literal["rest", "before"]


@dataclass(frozen=True, slots=True)
class Line:
    """Packets with something in common."""

    kind: str
    """'Host', 'TTL' … as heading."""
    label: str
    filter: str
    packets: int
    """In the window."""
    others: int
    """In what it is compared with."""
    rate: float
    """Packets per second in the window."""
    other_rate: float
    usual_rate: float
    """The median of the rates in the intervals of the time line outside the window: what recurs elsewhere does not hide in it."""
    lift: float | None
    """`rate` over `other_rate`; None where there are no others."""
    surprise: float
    """G, see `keyness`."""
    timeline: tuple[int, ...]
    """Packets per interval of the whole time."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Lines about the same packets; the heading has what they have in common."""

    heading: Line
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """What stands out in a window."""

    start: int
    """ns since the epoch."""
    end: int
    """ns since the epoch, excluded."""
    against: Against
    packets: int
    others: int
    rate: float
    """All packets per second in the window."""
    other_rate: float
    timeline_start: int
    every: int
    """Interval of the lines' time lines, ns."""
    findings: tuple[Difference, ...]
    """The most remarkable first."""
    more: int
    """Values beyond the findings that stand out too."""
    remark: str
    """Why there is no finding; else empty."""

    @property
    def compared_with(self) -> str:
        """'the rest' or 'the time before'."""
        return "the rest" if self.against == "rest" else "the time before"


def explanation_table(found: Explanation, drawn: Callable[[tuple[int, ...]], str] | None = None) -> Table:
    """One row per line; the heading of a finding first, unless it has only one line.

    Args:
        found: What stands out.
        drawn: Makes text of a time line; without it, its numbers stand there, with blanks between.
    """
    text = drawn or (lambda timeline: " ".join(map(str, timeline)))
    columns = (
        Column("finding", "integer"), Column("kind"), Column("value"), Column("packets", "integer"), Column("per_second", "number"),
        Column("others", "integer"), Column("others_per_second", "number"), Column("usual_per_second", "number"), Column("lift", "number"),
        Column("surprise", "number"), Column("timeline"), Column("filter"),
    )  # fmt: skip
    rows: list[tuple[Cell, ...]] = [
        (
            number, line.kind, line.label, line.packets, _short(line.rate), line.others, _short(line.other_rate), _short(line.usual_rate),
            None if line.lift is None else _short(line.lift), _short(line.surprise), text(line.timeline), line.filter,
        )
        for number, finding in enumerate(found.findings, 1)
        for line in dict.fromkeys((finding.heading, *finding.lines))
    ]  # fmt: skip
    return Table(columns, [list(zip(*rows, strict=True))] if rows else [])


def _short(number: float) -> float:
    """Six digits are more than a rate is good for."""
    return float(f"{number:.6g}")
