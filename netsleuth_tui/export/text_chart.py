"""A time line as plain text, for a ticket or a mail: stacked columns of characters, with axes and a legend."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from netsleuth_tui.tabular import Bars
from netsleuth_tui.terminal.sanitize import display
from netsleuth_tui.terminal.width import cell_width

__all__ = ["text_chart"]

FILLS = "#=o+:x-*.%"
"""Characters of the series, from the bottom up; they differ without colours."""

LEAST_HEIGHT = 8
LEAST_BESIDE = 14
"""Columns that the numbers beside the chart and its frame take."""

MARKS = 5
"""Numbers beside the chart."""

TO_ASCII = str.maketrans("─│┌┐└┘├┤┬┴┼", "-|+++++++++")
LABEL_LIMIT = 60
NOTE_LIMIT = 2000


def text_chart(bars: Bars, *, width: int, height: int, unicode: bool) -> str:
    """Lines of text, without escape sequences.

    Args:
        bars: What to draw.
        width: Columns that it may take, the axis included.
        height: Lines of the chart, the legend not included.
        unicode: The frame is drawn with lines; otherwise all of it is ASCII.
    """
    columns = len(bars.heights[0]) if bars.heights else 0
    if not columns or not any(map(any, bars.heights)):
        return f"{display(bars.title)}\nnothing to draw\n"
    bars = _stretched(bars, max((width - LEAST_BESIDE) // columns, 1))
    columns = len(bars.heights[0])
    margin = width - columns
    for _ in range(3):  # the frame is as wide as the numbers beside it: it is seen when it is drawn
        drawn = _drawn(bars, columns, columns + margin, max(height, LEAST_HEIGHT))
        frame = next((line for line in drawn if "┌" in line), "┌┐")
        inside = frame.index("┐") - frame.index("┌") - 1
        if inside == columns:
            break
        margin += columns - inside
    below = [*_legend(bars.labels, width), *(f"  {display(note, limit=NOTE_LIMIT)}" for note in bars.notes)]
    text = "\n".join(line.rstrip() for line in [display(bars.title), *drawn, *below] if line.strip()) + "\n"
    return text if unicode else text.translate(TO_ASCII).encode("ascii", "replace").decode()


def _stretched(bars: Bars, times: int) -> Bars:
    """Few columns, each drawn several characters wide."""
    heights = [[height for height in series for _ in range(times)] for series in bars.heights]
    return replace(bars, heights=heights, ticks=[(column * times, label) for column, label in bars.ticks])


def _drawn(bars: Bars, columns: int, width: int, height: int) -> list[str]:
    import plotext

    figure = plotext.figure
    figure.clear()
    plotext.terminal.limit(False, False)
    figure.plot_size(width, height)
    figure.theme("colorless")
    positions = list(range(columns))
    markers = [FILLS[k % len(FILLS)] for k in range(len(bars.heights))]
    figure.draw(figure.bar(positions, [list(heights) for heights in bars.heights], stacked=True, marker=markers, width=0.1, lines=False))
    ruler = figure.ruler("x")
    ruler.lim(0, max(columns - 1, 1))
    ruler.ticks([column for column, _ in bars.ticks], [label for _, label in bars.ticks])
    greatest = max(map(sum, zip(*bars.heights, strict=True)))
    ruler = figure.ruler("y")
    ruler.lim(0, greatest)
    marks = sorted({round(greatest * k / (MARKS - 1)) for k in range(MARKS)})
    ruler.ticks(marks, [f"{mark:,}".replace(",", " ") for mark in marks])
    text: str = figure.build().string(True)
    return text.splitlines()


def _legend(labels: Sequence[str], width: int) -> list[str]:
    """The character of each series, beside its name (in quotes where it looks like one), in as many lines as it takes."""
    lines = [""]
    for k, label in enumerate(labels):
        name = display(label, limit=LABEL_LIMIT)
        name = name if len(name.strip()) > 1 else f'"{name}"'
        entry = f"  {FILLS[k % len(FILLS)]} {name}"
        if lines[-1] and cell_width(lines[-1] + entry) > width:
            lines.append("")
        lines[-1] += entry
    return lines
