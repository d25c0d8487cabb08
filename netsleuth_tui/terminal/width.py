"""How many columns of the terminal a text takes, for output that is aligned without a screen library."""

from __future__ import annotations

import unicodedata

__all__ = ["cell_width", "pad_left", "pad_right"]


def cell_width(text: str) -> int:
    """Columns that `text` takes once it has passed `sanitize.display` (UAX #11: wide and full-width take two, marks none)."""
    if text.isascii():
        return len(text)
    return sum(map(_width, text))


def _width(character: str) -> int:
    if character.isascii():
        return 1
    if unicodedata.category(character) in {"Mn", "Me"}:
        return 0
    return 2 if unicodedata.east_asian_width(character) in {"W", "F"} else 1


def pad_right(text: str, width: int) -> str:
    """`text`, then blanks up to `width` columns."""
    return text + " " * (width - cell_width(text))


def pad_left(text: str, width: int) -> str:
    """Blanks, then `text`, `width` columns in all."""
    return " " * (width - cell_width(text)) + text
