"""What is seen at which size of the terminal: one pure function, so that every size can be tested without a screen."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Arrangement", "Wishes", "arrange"]

LEAST_WIDTH, LEAST_HEIGHT = 60, 15
FACETS_FROM = 100
"""Columns from which the breakdowns stand beside the table."""
DETAIL_FROM = 36
"""Lines from which the detail stands below the table."""
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


@dataclass(frozen=True, slots=True)
class Arrangement:
    """Which panes are seen, and how large."""

    too_small: bool
    timeline_height: int
    facets: bool
    facets_alone: bool
    """The breakdowns take the place of the table."""
    table: bool
    detail: bool
    detail_height: int
    """0 where the detail takes the place of the table."""
    layers: bool
    hex: bool


def arrange(width: int, height: int, wishes: Wishes) -> Arrangement:
    """Place the panes on `width` columns and `height` lines."""
    wide, tall, both = width >= FACETS_FROM, height >= DETAIL_FROM, width >= HEX_FROM
    facets = wishes.facets if wishes.facets is not None else wide
    alone = facets and not wide
    detail = tall or wishes.detail
    hex_seen = both if wishes.hex is None else wishes.hex
    return Arrangement(
        too_small=width < LEAST_WIDTH or height < LEAST_HEIGHT,
        timeline_height=8 if height >= 44 else 7 if height >= DETAIL_FROM else 5,
        facets=facets and not (alone and wishes.detail),
        facets_alone=alone and not wishes.detail,
        table=not (alone or (wishes.detail and not tall)),
        detail=detail and not alone,
        detail_height=min(max(height // 3, 12), 20) if tall else 0,
        layers=both or not hex_seen,
        hex=hex_seen,
    )
