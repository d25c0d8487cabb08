"""The characters that the screen is drawn with."""

from __future__ import annotations

from dataclasses import asdict, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netsleuth_tui.terminal.capabilities import detect
from netsleuth_tui.terminal.glyphs import ASCII, UNICODE, Glyphs, glyphs_for
from netsleuth_tui.terminal.sanitize import display
from netsleuth_tui.terminal.width import cell_width

SETS = st.sampled_from([UNICODE, ASCII])


@pytest.mark.parametrize("glyphs", [UNICODE, ASCII])
def test_every_glyph_is_one_column(glyphs: Glyphs) -> None:
    """Each is one column wide, printable, and a single character unless it is a scale."""
    for name, characters in asdict(glyphs).items():
        assert display(characters) == characters
        assert all(cell_width(character) == 1 for character in characters)
        assert len(characters) == 1 or name in {"heights", "lengths", "dots", "shades", "spinner"}


def test_ascii_is_ascii() -> None:
    """The plain set goes to any terminal."""
    assert all(characters.isascii() for characters in asdict(ASCII).values())


def test_the_set_follows_the_terminal() -> None:
    """Terminals without the glyphs get the plain set."""
    able = detect({"TERM": "xterm", "LANG": "en_US.UTF-8"})
    assert glyphs_for(able) is UNICODE
    assert glyphs_for(replace(able, unicode=False)) is ASCII


def test_columns_and_bars() -> None:
    """Eighths of a row, from the bottom; bars without trailing blanks."""
    assert UNICODE.column(5, 8, 2) == ("█", "▂")
    assert UNICODE.column(0, 8, 2) == (" ", " ")
    assert UNICODE.column(1, 1e9, 2) == ("▁", " ")
    assert UNICODE.column(9, 8, 1) == ("█",)
    assert UNICODE.bar(3, 4, 2) == "█▌"
    assert ASCII.bar(1, 2, 10) == "#####"
    assert ASCII.bar(0, 2, 10) == ""
    assert UNICODE.bar(float("nan"), 1, 3) == UNICODE.bar(1, 0, 3) == UNICODE.bar(-1, 1, 3) == ""


@given(SETS, st.integers(0, 10**12), st.integers(1, 10**12), st.integers(1, 40))
def test_a_bar_is_faithful(glyphs: Glyphs, value: int, greatest: int, width: int) -> None:
    """Zero is empty, anything else is visible, the greatest is full, and no bar is wider than it may be."""
    bar = glyphs.bar(value, greatest, width)
    assert len(bar) <= width
    assert (bar == "") == (value == 0)
    assert bar == glyphs.lengths[-1] * width or value < greatest
    column = glyphs.column(value, greatest, width)
    assert len(column) == width
    assert (set(column) == {" "}) == (value == 0)


@given(SETS, st.integers(0, 1000), st.integers(0, 1000), st.integers(1, 40))
def test_more_is_never_shorter(glyphs: Glyphs, one: int, other: int, width: int) -> None:
    """Bars are ordered as the values are."""
    less, more = sorted((one, other))

    def length(value: int) -> tuple[int, int]:
        bar = glyphs.bar(value, 1000, width)
        return len(bar), glyphs.lengths.index(bar[-1]) if bar else 0

    assert length(less) <= length(more)
