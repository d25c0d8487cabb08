"""The characters that the screen is drawn with, each one column wide: block elements, or ASCII where those cannot be expected."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from netsleuth_tui.terminal.capabilities import Capabilities

__all__ = ["ASCII", "UNICODE", "Glyphs", "glyphs_for"]


@dataclass(frozen=True, slots=True)
class Glyphs:
    """One set of characters."""

    heights: str
    """A column of the time line, from empty to full."""
    shades: str
    """Full cells that differ, for parts of a column that colours do not tell apart."""
    lengths: str
    """The end of a bar, from empty to full."""
    dots: str
    """Cells of a line chart: character k has the dots that are set in the bits of k, the lowest bit at the bottom."""
    opened: str
    """Marks a branch of a tree that shows what is below it."""
    closed: str
    leaf: str
    cursor: str
    """In front of the row that the keys go to."""
    marked: str
    """In front of a row that was chosen."""
    vertical: str
    horizontal: str
    path: str
    """Between the parts of a path, as in Ethernet ▸ IPv4 ▸ TCP."""
    arrow: str
    """From one host to another."""
    ascending: str
    descending: str
    ellipsis: str
    dot: str
    dash: str
    """Between begin and end of a span."""
    times: str
    begin: str
    """The first column of a chosen span of time."""
    end: str
    between: str
    """On the axis, from the first column of a chosen span to its last."""
    tick: str
    """Under a label of an axis."""
    spinner: str

    def column(self, value: float, greatest: float, rows: int) -> tuple[str, ...]:
        """A column of a chart, from the bottom row to the top; what is not zero is never invisible.

        Args:
            value: What it shows.
            greatest: The value that fills it.
            rows: Height in rows.
        """
        return tuple(_filled(self.heights, value, greatest, rows))

    def band(self, low: float, high: float, least: float, greatest: float, rows: int) -> tuple[str, ...]:
        """A column of a line chart in which all from `low` to `high` is marked, from the bottom row to the top.

        Args:
            low: The lowest value in it.
            high: The highest one.
            least: Value of the bottom of the chart.
            greatest: Value of its top.
            rows: Height in rows.
        """
        each = (len(self.dots) - 1).bit_length()
        last, scale = rows * each - 1, max(greatest - least, 1e-9)
        first, end = (min(max(round((value - least) / scale * last), 0), last) for value in (low, high))
        bits = (2 << end) - (1 << first)
        return tuple(self.dots[bits >> each * row & (1 << each) - 1] for row in range(rows))

    def bar(self, value: float, greatest: float, width: int) -> str:
        """A bar of at most `width` columns, without blanks behind it; what is not zero is never invisible."""
        return "".join(_filled(self.lengths, value, greatest, width)).rstrip()

    def sparkline(self, values: Sequence[int], greatest: int | None = None) -> str:
        """One character for each value, `greatest` (of the values, unless it is said) full; what is not zero is never invisible."""
        greatest = max(values, default=0) if greatest is None else greatest
        return "".join(self.column(value, greatest, 1)[0] for value in values)


def _filled(steps: Sequence[str], value: float, greatest: float, cells: int) -> list[str]:
    """`cells` characters of which the first are full, one may be partly so, and the others are empty."""
    each = len(steps) - 1
    share = min(max(value / greatest, 0.0), 1.0) if greatest > 0 and math.isfinite(value) else 0.0
    filled = round(share * each * cells)
    if filled == 0 and share > 0:
        filled = 1
    return [steps[min(max(filled - each * cell, 0), each)] for cell in range(cells)]


UNICODE = Glyphs(
    heights=" ▁▂▃▄▅▆▇█",
    shades="█▓▒░",
    lengths=" ▏▎▍▌▋▊▉█",
    dots=" ⣀⠤⣤⠒⣒⠶⣶⠉⣉⠭⣭⠛⣛⠿⣿",
    opened="▾",
    closed="▸",
    leaf=" ",
    cursor="▌",
    marked="●",
    vertical="│",
    horizontal="─",
    path="▸",
    arrow="→",
    ascending="▲",
    descending="▼",
    ellipsis="…",
    dot="·",
    dash="\N{EN DASH}",
    times="×",  # noqa: RUF001 - the sign, not the letter
    begin="[",
    end="]",
    between="━",
    tick="╵",
    spinner="⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏",
)

ASCII = Glyphs(
    heights=" .:|",
    shades="|#=%",
    lengths=" -#",
    dots=" .':",
    opened="-",
    closed="+",
    leaf=" ",
    cursor=">",
    marked="*",
    vertical="|",
    horizontal="-",
    path=">",
    arrow=">",
    ascending="^",
    descending="v",
    ellipsis="~",
    dot="-",
    dash="-",
    times="x",
    begin="[",
    end="]",
    between="=",
    tick="'",
    spinner="|/-\\",
)


def glyphs_for(capabilities: Capabilities) -> Glyphs:
    """The set that this terminal can be expected to show."""
    return UNICODE if capabilities.unicode else ASCII
