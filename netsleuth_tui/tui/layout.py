"""What is seen at which size of the terminal: one pure function, so that every size can be tested without a screen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["Arrangement", "Place", "Wishes", "arrange", "both_fit"]

Place = Literal["timeline", "facets", "table", "detail"]
"""Where panes are; those of the tabs share one."""

LEAST_WIDTH, LEAST_HEIGHT = 60, 15
FACETS_FROM = 100
"""Columns from which the breakdowns stand beside the table."""
DETAIL_FROM = 36
"""Lines from which the detail stands below the table."""
TWO_LANES_FROM = 20
"""Lines from which two lanes of the time line have more than a line of columns each."""
HEX_FROM = 120
"""Columns from which the bytes stand beside the layers."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the user switched, beside what fits."""

    facets: bool | None = None
    """None: as it fits."""
    detail: bool = False
    """Opened with Enter."""
    hex: bool | None = None
    """Bytes (True) or layers (False); None: as it fits."""
    whole: Place | None = None
    """The only place that is seen."""
    lanes: int = 1
    """Of the time line: packets and events may have one each."""
    marks: bool = False
    """There are findings: the time line has a line for their marks."""
    records: bool = True
    """The records are in the table's place; the detail belongs to them."""


@dataclass(frozen=True, slots=True)
class Arrangement:
    """Which panes are seen, and how large."""

    too_small: bool
    timeline_height: int
    """0 where it is not seen."""
    facets: bool
    facets_alone: bool
    """The breakdowns take the place of the table."""
    table: bool
    detail: bool
    detail_height: int
    """0 where the detail takes all the room that there is."""
    layers: bool
    hex: bool


def both_fit(width: int) -> bool:
    """True if the bytes of a packet have room beside its layers."""
    return width >= HEX_FROM


def arrange(width: int, height: int, wishes: Wishes) -> Arrangement:
    """Place the panes on `width` columns and `height` lines."""
    wide, tall, both = width >= FACETS_FROM, height >= DETAIL_FROM, both_fit(width)
    facets = wishes.facets if wishes.facets is not None else wide
    alone = facets and not wide
    detail = (tall or wishes.detail) and wishes.records
    hex_seen = both if wishes.hex is None else wishes.hex
    too_small = width < LEAST_WIDTH or height < LEAST_HEIGHT
    if wishes.whole is not None:
        whole = wishes.whole
        return Arrangement(
            too_small=too_small,
            timeline_height=height if whole == "timeline" else 0,
            facets=whole == "facets",
            facets_alone=whole == "facets",
            table=whole == "table",
            detail=whole == "detail",
            detail_height=0,
            layers=not wishes.hex,
            hex=hex_seen,
        )
    return Arrangement(
        too_small=too_small,
        timeline_height=_of_time_line(height, wishes.lanes) + wishes.marks,
        facets=facets and not (alone and detail and wishes.detail),
        facets_alone=alone and not (detail and wishes.detail),
        table=not (alone or (detail and not tall)),
        detail=detail and not alone,
        detail_height=min(max(height // 3, 12), 20) if tall else 0,
        layers=not wishes.hex,
        hex=hex_seen,
    )


def _of_time_line(height: int, lanes: int) -> int:
    """Its lines; two lanes have more, and on a small screen, where one has three lines of columns, two each."""
    if lanes > 1:
        return 12 if height >= 44 else 10 if height >= DETAIL_FROM else 7 if height >= TWO_LANES_FROM else 5
    return 8 if height >= 44 else 7 if height >= DETAIL_FROM else 5
