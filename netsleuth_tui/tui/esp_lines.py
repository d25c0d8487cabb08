"""The lines below the charts of a security association: the replay table, histograms, the worst gaps, what else has to be said."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from textwrap import wrap
from typing import TYPE_CHECKING

from netsleuth_tui.terminal.sanitize import display
from netsleuth_tui.tui.esp_charts import SECOND, Line
from netsleuth_tui.wording import grouped

if TYPE_CHECKING:
    from netsleuth_tui.analysis import Detail, Remark
    from netsleuth_tui.terminal.glyphs import Glyphs

__all__ = ["lines", "said"]

BAR = 24
CLASSES = ("captured twice", "with another TTL", "others (replays)")
"""Of duplicates: values of esp.duplicate from 1."""


def lines(one: Detail, glyphs: Glyphs, window: int, width: int, suspected: Collection[int] = ()) -> list[Line]:
    """What became of the packets of an association.

    Args:
        one: The association.
        glyphs: Characters that the terminal can show.
        window: The receiver's replay window.
        width: Cells of a line.
        suspected: Seconds since the epoch in which losses may be those of the capture.
    """
    return [
        *_replay(one, window, glyphs, width),
        *_depths(one, glyphs, width),
        *_losses(one, glyphs),
        *_duplicates(one),
        *_gaps(one, suspected),
    ]


def said(remarks: Sequence[Remark], width: int) -> list[Line]:
    """Remarks, as lines that are not cut."""
    return [
        Line(text, "warning", selectable=bool(remark.filter), term=remark.filter)
        for remark in remarks
        for text in _wrapped(display(remark.text, limit=1000), width)
    ]


def _wrapped(text: str, width: int) -> list[str]:
    return wrap(text, max(width, 20), subsequent_indent="  ") or [""]


def _heading(text: str, width: int) -> list[Line]:
    return [Line("", selectable=False), *(Line(part, "strong", selectable=False) for part in _wrapped(text, width))]


def _replay(one: Detail, window: int, glyphs: Glyphs, width: int) -> list[Line]:
    from netsleuth_tui.analysis import verdict

    text = verdict(one.drops, one.safe_window, window)
    made = _heading(text[:1].upper() + text[1:], width)
    greatest = max(one.drops.values(), default=0)
    for wide, dropped in one.drops.items():
        text = f"{wide:>9}  drops {grouped(dropped):>9}  {_bar(dropped, greatest, glyphs)}"
        made.append(Line(text, "warning" if dropped else "text", where=f"esp.depth >= {wide}", counted=dropped))
    text = f"  smallest safe window {grouped(one.safe_window)}, if the peer saw valid packets in this order"
    made.append(Line(text, "muted", where=f"esp.depth == {one.safe_window - 1}" if one.safe_window > 1 else ""))
    return made


def _depths(one: Detail, glyphs: Glyphs, width: int) -> list[Line]:
    if not one.depths.times.any():
        return []
    low, high = one.displacement
    about = f"extent at most {grouped(one.extent)} (RFC 4737), displacement {grouped(low)} to {grouped(high)} (RFC 5236)"
    return [*_heading(f"Late packets by depth: {about}", width), *_bins(one.depths.times.tolist(), "esp.depth", glyphs)]


def _losses(one: Detail, glyphs: Glyphs) -> list[Line]:
    if not one.losses.times.any():
        return []
    lost = grouped(int(one.losses.sums.sum()))
    head = Line(f"Losses by length: {grouped(one.gap_count)} gaps, {lost} lost", "strong", where="esp.gap")
    return [Line("", selectable=False), head, *_bins(one.losses.times.tolist(), "esp.gap", glyphs)]


def _duplicates(one: Detail) -> list[Line]:
    if not any(one.copies):
        return []
    made = [Line("", selectable=False), Line(f"Duplicates: {grouped(sum(one.copies))}", "strong", where="esp.duplicate")]
    for k, (number, what) in enumerate(zip(one.copies, CLASSES, strict=True)):
        made.append(Line(f"{grouped(number):>9}  {what}", where=f"esp.duplicate == {k + 1}", counted=number))
    return made


def _bins(times: list[int], field: str, glyphs: Glyphs) -> list[Line]:
    greatest = max(times, default=0)
    made = []
    for k, number in enumerate(times):
        low, high = 1 << k, (2 << k) - 1
        name = f"{low}" if low == high else f"{low}{glyphs.dash}{high}"
        where = f"{field} == {low}" if low == high else f"{field} in {{{low} .. {high}}}"
        made.append(Line(f"{name:>15}  {grouped(number):>9}  {_bar(number, greatest, glyphs)}", where=where, counted=number))
    return made


def _gaps(one: Detail, suspected: Collection[int]) -> list[Line]:
    from netsleuth_tui.analysis import clock
    from netsleuth_tui.decode.columns import NO_TIME

    if not one.gaps:
        return []
    more = f", the {len(one.gaps)} longest" if one.gap_count > len(one.gaps) else ""
    made = [Line("", selectable=False), Line(f"Gaps{more}: Enter goes to the packet after the gap", "strong", selectable=False)]
    for gap in one.gaps:
        when = clock(gap.time) if gap.time != NO_TIME else "no time"
        numbers = f"{gap.first}" if gap.length == 1 else f"{gap.first} to {gap.last}"
        text = f"{grouped(gap.length):>9}  {when:15}  sequence {numbers}"
        text += "  may yet be filled" if gap.provisional else ""
        text += "  perhaps lost by the capture" if gap.time // SECOND in suspected else ""
        around = f"esp.sequence >= {max(gap.first - 5, 0)} && esp.sequence <= {gap.last + 5}"
        made.append(Line(text, "warning", row=gap.row, where=around))
    return made


def _bar(number: int, greatest: int, glyphs: Glyphs) -> str:
    if not number:
        return ""
    steps = len(glyphs.lengths) - 1
    full, rest = divmod(max(round(number / greatest * BAR * steps), 1), steps)
    return glyphs.lengths[-1] * full + (glyphs.lengths[rest] if rest else "")
