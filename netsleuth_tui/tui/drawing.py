"""Lines of styled text with an exact width, as line-API widgets return them."""

from __future__ import annotations

from collections.abc import Iterable

from rich.cells import cell_len, chop_cells, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region
from textual.strip import Strip

__all__ = ["Part", "changed", "cut", "cut_path", "ends", "fit", "fit_right", "folded", "line"]

Part = tuple[str, Style]
"""A piece of text that `display` has made harmless (or that we wrote), and its style."""


def line(parts: Iterable[Part], width: int, fill: Style) -> Strip:
    """The parts side by side, cut or filled to `width` cells."""
    segments = [Segment(text, style) for text, style in parts if text]
    strip = Strip(segments)
    have = strip.cell_length
    if have < width:
        # Blanks join the last part where they look the same: one style fewer to send.
        if segments and segments[-1].style == fill:
            segments[-1] = Segment(segments[-1].text + " " * (width - have), fill)
        else:
            segments.append(Segment(" " * (width - have), fill))
        return Strip(segments, width)
    return strip if have == width else strip.crop(0, width)


def ends(left: Iterable[Part], right: Iterable[Part], width: int, fill: Style) -> Strip:
    """`left` at the left, `right` at the right; the left gives way where both do not fit."""
    tail = [part for part in right if part[0]]
    room = width - sum(cell_len(text) for text, _ in tail)
    if room < 0:
        return line(tail, width, fill)
    return line([*((segment.text, segment.style or fill) for segment in line(left, room, fill)), *tail], width, fill)


def fit(text: str, width: int, clipped: str) -> str:
    """`text` in exactly `width` cells, cut with `clipped` or filled with blanks at the right."""
    have = len(text) if text.isascii() else cell_len(text)
    if have <= width:
        return text + " " * (width - have)
    return set_cell_size(text, width - 1) + clipped if width > 0 else ""


def cut(text: str, width: int, clipped: str) -> str:
    """`text` in at most `width` cells."""
    return text if len(text) <= width and (text.isascii() or cell_len(text) <= width) else fit(text, width, clipped)


def cut_path(text: str, width: int, clipped: str) -> str:
    """`text` in at most `width` cells; of a path the middle is left out, since its end tells it from others."""
    have = len(text) if text.isascii() else cell_len(text)
    name = max(text.rfind("\\"), text.rfind("/"))
    if have <= width or name < 0 or width < 2:
        return cut(text, width, clipped)
    end = min(max(have - cell_len(text[:name]), 2 * width // 3), width - 1)
    # Cut from the right as the head is, so that wide characters are not split; what it leaves has at most `end` cells.
    tail = text[len(text) - end :]
    while cell_len(tail) > end:
        tail = tail[1:]
    return set_cell_size(text, width - 1 - cell_len(tail)) + clipped + tail


def folded(text: str, width: int, indent: str) -> list[str]:
    """`text` in lines of at most `width` cells, broken behind blanks where there are some.

    Nothing is left out: without `indent`, which all lines but the first begin with, they are the text again.
    """
    lines, lead = [], ""
    while cell_len(text) > (room := max(width - len(lead), 2)):
        begin = text[: 4 * room]
        head = next(filter(None, chop_cells(begin, room)), begin)
        behind = head.rfind(" ") + 1
        if text[len(head) : len(head) + 1] != " " and head[:behind].strip():
            head = head[:behind]
        lines.append(lead + head)
        text, lead = text[len(head) :], indent
    return [*lines, lead + text]


def fit_right(text: str, width: int, clipped: str) -> str:
    """As `fit`, filled at the left."""
    have = len(text) if text.isascii() else cell_len(text)
    return " " * (width - have) + text if have <= width else fit(text, width, clipped)


def changed(old: Strip | None, new: Strip, y: int) -> Region | None:
    """The part of line `y` that has to be sent again: from its beginning to the last cell that is different."""
    if old is None or old.cell_length != new.cell_length:
        return Region(0, y, new.cell_length, 1)
    if old == new:
        return None
    same = 0
    for before, after in zip(reversed(list(old)), reversed(list(new)), strict=False):
        if before == after:
            same += after.cell_length
            continue
        if before.style == after.style:
            same += _common_end(before.text, after.text)
        break
    return Region(0, y, max(new.cell_length - same, 1), 1)


def _common_end(old: str, new: str) -> int:
    if not (old.isascii() and new.isascii()):
        return 0
    count = 0
    for before, after in zip(reversed(old), reversed(new), strict=False):
        if before != after:
            break
        count += 1
    return count
