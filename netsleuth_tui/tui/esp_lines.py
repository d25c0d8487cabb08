"""The lines of one security association: charts over one axis of time, the replay table, histograms, the worst gaps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from netsleuth_tui.tui.numbers import grouped, short, size

if TYPE_CHECKING:
    from netsleuth_tui.analysis import Detail
    from netsleuth_tui.terminal.glyphs import Glyphs

__all__ = ["LABEL", "Line", "lines", "readout"]

LABEL = 11
"""Cells at the left of a chart."""
BAR = 24
SECOND = 1_000_000_000
SHORTEST = SECOND // 10
"""ns: the bytes of a shorter column are not made a rate, which one packet would be enough for."""

Role = Literal["text", "muted", "strong", "accent", "good", "warning", "error"]


@dataclass(frozen=True, slots=True)
class Line:
    """One line, and what is behind it."""

    text: str
    role: Role = "text"
    chart: bool = False
    """The columns of a chart begin at `LABEL`."""
    selectable: bool = True
    row: int | None = None
    """The packet that Enter goes to."""
    term: str | None = None
    """A filter of its own."""
    depths: tuple[int, int] | None = None
    """The late packets that it counts: least and greatest depth."""


def lines(one: Detail, columns: int, glyphs: Glyphs, window: int, *, tall: bool) -> list[Line]:
    """Everything there is to say about an association.

    Args:
        one: The association.
        columns: Of a chart; as many as it has intervals are drawn.
        glyphs: Characters that the terminal can show.
        window: The receiver's replay window.
        tall: There is room for higher charts.
    """
    return [*_charts(one, columns, glyphs, tall=tall), *_replay(one, window, glyphs), *_histograms(one, glyphs), *_gaps(one)]


def _charts(one: Detail, columns: int, glyphs: Glyphs, *, tall: bool) -> list[Line]:
    from netsleuth_tui.analysis import show_interval

    course, (unit, seconds) = one.course, _rate(one)
    aligned = [max(number - one.shift, 0) if number >= 0 else 0 for number in course.highest.tolist()]
    made: list[Line] = []
    charts: tuple[tuple[str, Role, Sequence[float], str, int], ...] = (
        (unit, "accent", [octets / seconds for octets in course.bytes.tolist()], "size", 4 if tall else 3),
        ("early", "good", course.ahead.tolist(), "count", 3 if tall else 2),
        ("late", "warning", course.late.tolist(), "count", 3 if tall else 2),
        ("lost", "error", course.lost.tolist(), "count", 3 if tall else 2),
        ("sequence", "muted", aligned, "count", 3 if tall else 2),
    )
    for name, role, values, kind, height in charts:
        greatest = max(values, default=0)
        drawn = [glyphs.column(value, greatest, height) for value in values[:columns]]
        most = size(greatest) if kind == "size" else short(greatest)
        labels = [name, most, *([f"in {show_interval(one.every)}"] if kind == "size" else [""]), *[""] * height]
        for row in range(height):
            text = "".join(column[height - 1 - row] for column in drawn)
            made.append(Line(labels[row].ljust(LABEL)[:LABEL] + text, role, chart=True))
    made.append(Line(_axis(one, columns, glyphs), "muted", chart=True, selectable=False))
    return made


def _rate(one: Detail) -> tuple[str, float]:
    """What the bytes of a column are called, and divided by: a rate only where a column is long enough for one."""
    return ("bytes/s", one.every / SECOND) if one.every >= SHORTEST else ("bytes", 1.0)


def _axis(one: Detail, columns: int, glyphs: Glyphs) -> str:
    from netsleuth_tui.analysis import clock

    count = min(columns, len(one.course.packets))
    digits = 0 if one.every >= SECOND else 3 if one.every >= 1_000_000 else 6
    first, last = clock(one.start, digits), clock(one.start + count * one.every, digits)
    label = f"{' ':{LABEL}}{glyphs.tick}{first}"
    return label + " " * max(LABEL + count - len(label) - len(last), 1) + last


def _replay(one: Detail, window: int, glyphs: Glyphs) -> list[Line]:
    from netsleuth_tui.analysis import verdict

    made = [Line("", selectable=False), Line(f"Replay window: {verdict(one.drops, one.safe_window, window)}", "strong", selectable=False)]
    greatest = max(one.drops.values(), default=0)
    for wide, dropped in one.drops.items():
        text = f"{wide:>9}  drops {grouped(dropped):>9}  {_bar(dropped, greatest, glyphs)}"
        made.append(Line(text, "warning" if dropped else "text", depths=(wide, 1 << 40)))
    made.append(Line(f"  smallest safe window {grouped(one.safe_window)}, if the peer saw valid packets in this order", "muted"))
    return made


def _histograms(one: Detail, glyphs: Glyphs) -> list[Line]:
    made: list[Line] = []
    low, high = one.displacement
    about = f"extent at most {grouped(one.extent)} (RFC 4737), displacement {grouped(low)} to {grouped(high)} (RFC 5236)"
    if one.depths.times.any():
        made += [Line("", selectable=False), Line(f"Late packets by depth: {about}", "strong", selectable=False)]
        made += [Line(text, depths=depths) for text, depths in _bins(one.depths.times.tolist(), glyphs)]
    if one.losses.times.any():
        lost = grouped(int(one.losses.sums.sum()))
        made += [
            Line("", selectable=False),
            Line(f"Losses by length: {grouped(one.gap_count)} gaps, {lost} lost", "strong", selectable=False),
        ]
        made += [Line(text) for text, _ in _bins(one.losses.times.tolist(), glyphs)]
    twice, routed, rest = one.copies
    if twice or routed or rest:
        text = f"Duplicates: {grouped(twice)} captured twice, {grouped(routed)} with another TTL, {grouped(rest)} others (replays)"
        made += [Line("", selectable=False), Line(text, "strong", selectable=False)]
    return made


def _bins(times: list[int], glyphs: Glyphs) -> list[tuple[str, tuple[int, int]]]:
    greatest = max(times, default=0)
    made = []
    for k, number in enumerate(times):
        low, high = 1 << k, (2 << k) - 1
        name = f"{low}" if low == high else f"{low}{glyphs.dash}{high}"
        made.append((f"{name:>15}  {grouped(number):>9}  {_bar(number, greatest, glyphs)}", (low, high)))
    return made


def _gaps(one: Detail) -> list[Line]:
    from netsleuth_tui.analysis import clock
    from netsleuth_tui.decode.columns import NO_TIME

    if not one.gaps:
        return []
    more = f", the {len(one.gaps)} longest" if one.gap_count > len(one.gaps) else ""
    made = [Line("", selectable=False), Line(f"Gaps{more}: Enter goes to the packet after the gap", "strong", selectable=False)]
    for gap in one.gaps:
        when = clock(gap.time) if gap.time != NO_TIME else "no time"
        numbers = f"{gap.first}" if gap.length == 1 else f"{gap.first} to {gap.last}"
        text = f"{grouped(gap.length):>9}  {when:15}  sequence {numbers}{'  may yet be filled' if gap.provisional else ''}"
        around = f"esp.sequence >= {max(gap.first - 5, 0)} && esp.sequence <= {gap.last + 5}"
        made.append(Line(text, "warning", row=gap.row, term=f"{one.one.filter(0)} && {around}"))
    return made


def _bar(number: int, greatest: int, glyphs: Glyphs) -> str:
    if not number:
        return ""
    steps = len(glyphs.lengths) - 1
    full, rest = divmod(max(round(number / greatest * BAR * steps), 1), steps)
    return glyphs.lengths[-1] * full + (glyphs.lengths[rest] if rest else "")


def readout(one: Detail, column: int) -> str:
    """What the column under the cursor counts."""
    from netsleuth_tui.analysis import clock

    course = one.course
    digits = 0 if one.every >= SECOND else 3 if one.every >= 1_000_000 else 6
    unit, seconds = _rate(one)
    octets = size(course.bytes[column] / seconds) + unit.removeprefix("bytes")
    text = f"{clock(one.start + column * one.every, digits)}  {octets}  early {course.ahead[column]}  late {course.late[column]}"
    text += f"  lost {course.lost[column]}"
    if course.highest[column] >= 0:
        frames = int(course.packets[: column + 1].sum())
        low, high = int(course.lowest[column]) - one.shift, int(course.highest[column]) - one.shift
        text += f"  sequence {low} to {high} at frame {frames}"
    return text
