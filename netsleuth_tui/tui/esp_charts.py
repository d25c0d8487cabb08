"""The charts of one security association, which share one axis of time, and what is said about a column of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from netsleuth_tui.tui.numbers import short, size

if TYPE_CHECKING:
    from netsleuth_tui.analysis import OverTime
    from netsleuth_tui.terminal.glyphs import Glyphs

__all__ = ["LABEL", "SECOND", "Line", "Role", "axis_line", "charts", "readout"]

LABEL = 11
"""Cells at the left of a chart."""
APART = 16
"""Cells between two times of the axis at least."""
SECOND = 1_000_000_000
SHORTEST = SECOND // 10
"""ns: the bytes of a shorter column are not made a rate, which one packet would be enough for."""
ROOMY = 95
"""Cells from which what a column counts has room to breathe."""

Role = Literal["text", "muted", "strong", "accent", "good", "warning", "error"]


@dataclass(frozen=True, slots=True)
class Line:
    """One line, and what is behind it."""

    text: str
    role: Role = "text"
    values: Sequence[float] | None = None
    """Of a chart, whose columns begin at `LABEL`: what it draws."""
    selectable: bool = True
    row: int | None = None
    """The packet that Enter goes to."""
    term: str = ""
    """A filter of its own."""
    where: str = ""
    """Filter for the packets of the association that the line counts; empty for all of them."""
    counted: int | None = None
    """How many there are; None where that is not known, or by column."""


def charts(over: OverTime, glyphs: Glyphs, *, tall: bool) -> list[Line]:
    """The charts, from the top: bytes, early, late, lost, sequence numbers, and how far these are from the frames.

    Args:
        over: The association over time.
        glyphs: Characters that the terminal can show.
        tall: There is room for higher charts.
    """
    course, (unit, seconds) = over.course, _rate(over)
    bars: tuple[tuple[str, Role, Sequence[float], str, int, str], ...] = (
        (unit, "accent", [octets / seconds for octets in course.bytes.tolist()], "size", 4 if tall else 3, ""),
        ("early", "good", course.ahead.tolist(), "count", 3 if tall else 2, "esp.ahead"),
        ("late", "warning", course.late.tolist(), "count", 3 if tall else 2, "esp.depth"),
        ("lost", "error", course.lost.tolist(), "count", 3 if tall else 2, "esp.gap"),
    )
    made: list[Line] = []
    for name, role, values, kind, height, where in bars:
        greatest = max(values, default=0)
        drawn = [glyphs.column(value, greatest, height) for value in values]
        most = size(greatest) if kind == "size" else short(greatest)
        labels = [name, most, *[""] * height]
        made += [
            Line(labels[row].ljust(LABEL)[:LABEL] + "".join(column[height - 1 - row] for column in drawn), role, values, where=where)
            for row in range(height)
        ]
    height = 5 if tall else 3
    made += _band("sequence", over.lowest.tolist(), over.highest.tolist(), over, glyphs, height, around_zero=False)
    made += _band("seq - frame", over.behind.tolist(), over.before.tolist(), over, glyphs, height, around_zero=True)
    return made


def _band(name: str, low: list[int], high: list[int], over: OverTime, glyphs: Glyphs, height: int, *, around_zero: bool) -> list[Line]:
    """Everything between two lines; the row of zero is marked where the chart goes below it."""
    there = [packets >= 0 for packets in over.course.highest.tolist()]
    values = [(bottom, top) for bottom, top, is_there in zip(low, high, there, strict=True) if is_there]
    least, greatest = min((bottom for bottom, _ in values), default=0), max((top for _, top in values), default=0)
    bottom_of_chart, top_of_chart = (min(least, 0), max(greatest, 1)) if around_zero else (least, max(greatest, least + 1))
    nothing = (" ",) * height
    drawn = [
        glyphs.band(bottom, top, bottom_of_chart, top_of_chart, height) if is_there else nothing
        for bottom, top, is_there in zip(low, high, there, strict=True)
    ]
    zero = next((k for k, cell in enumerate(glyphs.band(0, 0, bottom_of_chart, top_of_chart, height)) if cell != " "), 0)
    labels = [name, short(greatest), *[""] * height][:height]
    labels[-1] = short(least) if least >= 0 else f"-{short(-least)}"
    made = []
    for row in range(height):
        text = "".join(column[height - 1 - row] for column in drawn)
        if height - 1 - row == zero and least < 0:
            text = text.replace(" ", glyphs.dot)
        made.append(Line(labels[row].ljust(LABEL)[:LABEL] + text, "text", [abs(value) for value in high]))
    return made


def _rate(over: OverTime) -> tuple[str, float]:
    """What the bytes of a column are called, and divided by: a rate only where a column is long enough for one."""
    return ("bytes/s", over.every / SECOND) if over.every >= SHORTEST else ("bytes", 1.0)


def axis_line(over: OverTime, brush: tuple[int, int] | None, cursor: int | None, glyphs: Glyphs) -> str:
    """The axis: how long a column is, times at round columns, the window in brackets, and the cursor."""
    from netsleuth_tui.analysis import show_interval
    from netsleuth_tui.analysis.chart import tick_times

    columns = len(over.course.packets)
    text = [" "] * columns
    for column, words in tick_times(over.start, over.every, columns, APART):
        label = glyphs.tick + words
        if column + len(label) <= columns:
            text[column : column + len(label)] = label
    if brush is not None:
        first, last = brush
        for column in range(max(first, 0), min(last, columns - 1) + 1):
            if text[column] == " ":
                text[column] = glyphs.between
        for column, mark in ((first, glyphs.begin), (last, glyphs.end if last != first else glyphs.marked)):
            if 0 <= column < columns:
                text[column] = mark
    if cursor is not None and 0 <= cursor < columns and brush != (cursor, cursor):
        text[cursor] = glyphs.descending
    return f"in {show_interval(over.every)}".ljust(LABEL)[:LABEL] + "".join(text)


def readout(over: OverTime, column: int, width: int, glyphs: Glyphs) -> str:
    """What the column under the cursor counts."""
    from netsleuth_tui.analysis import clock

    course = over.course
    digits = 0 if over.every >= SECOND else 3 if over.every >= 1_000_000 else 6
    unit, seconds = _rate(over)
    octets = size(course.bytes[column] / seconds) + unit.removeprefix("bytes")
    parts = [clock(over.start + column * over.every, digits), octets, f"early {course.ahead[column]}", f"late {course.late[column]}"]
    parts.append(f"lost {course.lost[column]}")
    if course.highest[column] >= 0:
        parts.append(f"seq {over.lowest[column]}{glyphs.dash}{over.highest[column]}, frame {over.frames[column]}")
    return ("  " if width >= ROOMY else " ").join(parts)
