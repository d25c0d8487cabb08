"""Columns of a table that share the room of a screen: which of them give way, so that numbers stay in view."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["shared"]


def shared(wanted: Sequence[int], room: int, least: int) -> list[int]:
    """Cells for each of some columns: what it wants, or where that is too much, as much as the other wide ones get.

    Args:
        wanted: Cells that each would fill.
        room: Cells that there are for all of them.
        least: Cells that each gets even where there is too little room, unless it wants fewer.
    """
    given = [0] * len(wanted)
    for done, which in enumerate(sorted(range(len(wanted)), key=wanted.__getitem__)):
        fair = max(room, 0) // (len(wanted) - done)
        given[which] = min(wanted[which], max(fair, least))
        room -= given[which]
    return given
