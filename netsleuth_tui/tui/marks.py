"""Marks of findings on an axis of time: one line, that is understood without colours."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from netsleuth_tui.terminal.sanitize import display
from netsleuth_tui.wording import agree, counted

if TYPE_CHECKING:
    from netsleuth_tui.findings import Finding
    from netsleuth_tui.terminal.glyphs import Glyphs
    from netsleuth_tui.tui.axis import Axis
    from netsleuth_tui.tui.drawing import Part
    from netsleuth_tui.tui.theme import Palette

__all__ = ["Marks", "mark_parts", "place_of_heading"]

SEVERE = 70
"""Severity from which a mark is an exclamation mark."""
BAD, MANY = "!", "+"
MOST_DIGIT = 9
TOLD = 300


class Marks:
    """Where findings begin, each time where they recur.

    Args:
        findings: Any of them, the worst first.
    """

    def __init__(self, findings: Sequence[Finding] = ()) -> None:
        self.findings = tuple(findings)
        self.times = sorted({begin for finding in findings for begin in finding.begins})

    def next(self, time: int, direction: int) -> int | None:
        """The nearest mark after (1) or before (-1) an instant; None where there is none."""
        found = [mark for mark in self.times if (mark - time) * direction > 0]
        return (found[0] if direction > 0 else found[-1]) if found else None

    def columns(self, axis: Axis) -> dict[int, list[Finding]]:
        """The findings that begin in each column, the worst first."""
        found: dict[int, list[Finding]] = {}
        for finding in self.findings:
            for column in {axis.at(begin) for begin in finding.begins if axis.holds(begin)}:
                found.setdefault(column, []).append(finding)
        return found

    def said(self, time: int) -> str:
        """What begins at one of `times`: the worst of it, and how many more there are; made harmless."""
        here = [finding for finding in self.findings if time in finding.begins]
        more = f" (and {len(here) - 1} more)" if len(here) > 1 else ""
        return f"{display(here[0].title, limit=TOLD)}{more}"

    def heading(self) -> str:
        """'3 findings: 6 shows them'."""
        count = len(self.findings)
        return f"{counted(count, 'finding')}: 6 shows {agree(count, 'it', 'them')}"


def place_of_heading(marks: Marks, axis: Axis, width: int) -> int | None:
    """Column from which a line of marks says how many there are: at the end of the last gap that is wide enough; None where none is."""
    edges = [-1, *sorted(column for column in marks.columns(axis) if column < width), width]
    needed = len(marks.heading()) + 2
    return next((after - needed for before, after in reversed([*pairwise(edges)]) if after - before > needed), None)


def mark_parts(marks: Marks, axis: Axis, width: int, palette: Palette, glyphs: Glyphs) -> list[Part]:
    """One line: a mark for each column in which a finding begins, a digit for several, and where there is room how many there are.

    Args:
        marks: Of the findings.
        axis: Whose columns they stand in.
        width: Cells.
        palette: Styles.
        glyphs: Characters that the terminal can show.
    """
    found = {column: here for column, here in marks.columns(axis).items() if column < width}
    text, at = f" {marks.heading()} ", place_of_heading(marks, axis, width)
    parts: list[Part] = []
    column = 0
    while column < width:
        if column == at:
            parts.append((text, palette.muted))
            column += len(text)
            continue
        here = found.get(column, [])
        worst = here[0].severity if here else 0
        style = palette.error if worst >= SEVERE else palette.warning
        sign = (str(len(here)) if len(here) <= MOST_DIGIT else MANY) if len(here) > 1 else BAD if worst >= SEVERE else glyphs.marked
        parts.append((sign, style) if here else (" ", palette.text))
        column += 1
    return parts
