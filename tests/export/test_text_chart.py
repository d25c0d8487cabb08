"""The chart as text: a column for each height, nothing that a terminal obeys, ASCII where that is asked for."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netsleuth_tui.export import text_chart
from netsleuth_tui.export.text_chart import FILLS
from netsleuth_tui.tabular import Bars


def columns_of(text: str) -> list[str]:
    """What stands inside the frame, column by column, from the bottom up."""
    rows = [line[line.index("┤" if "┤" in line else "│") + 1 : line.rindex("│")] for line in text.splitlines() if line.endswith("│")]
    return ["".join(reversed(column)).rstrip() for column in zip(*rows, strict=True)]


@settings(max_examples=30)
@given(st.lists(st.lists(st.integers(0, 10**9), min_size=40, max_size=40), min_size=1, max_size=4), st.integers(10, 30))
def test_every_column_has_its_height(heights: list[list[int]], height: int) -> None:
    """One column of characters per interval, the highest fills the frame, empty ones are empty and no other is."""
    text = text_chart(
        Bars("packets", [f"s{k}" for k in range(len(heights))], heights, [(0, "12:00")]), width=60, height=height, unicode=True
    )
    totals = [sum(parts) for parts in zip(*heights, strict=True)]
    if not any(totals):
        assert "nothing to draw" in text
        return
    drawn = columns_of(text)
    assert len(drawn) == 40
    assert [bool(column) for column in drawn] == [bool(total) for total in totals]
    lengths = [len(column) for column in drawn]
    assert all(lengths[k] <= lengths[j] for k in range(40) for j in range(40) if totals[k] <= totals[j])
    assert max(map(len, text.splitlines())) <= 60


def test_series_are_told_apart_without_colours() -> None:
    """From the bottom up, each with a character of its own that the legend names."""
    text = text_chart(Bars("packets", ["TCP", "UDP"], [[50, 0, 50], [50, 100, 0]], [(0, "12:00")]), width=40, height=16, unicode=True)
    drawn = columns_of(text)
    assert len(drawn) == 24  # few columns are drawn wider
    first, second, third = drawn[0], drawn[8], drawn[16]
    assert drawn == [first] * 8 + [second] * 8 + [third] * 8
    assert set(second) == {FILLS[1]}
    assert set(third) == {FILLS[0]}
    assert first.startswith(FILLS[0])
    assert first.endswith(FILLS[1])
    assert f"{FILLS[0]} TCP  {FILLS[1]} UDP" in text


def test_names_that_look_like_characters_of_the_chart_have_quotes() -> None:
    """A user called '-' is told from the character that stands for a series."""
    text = text_chart(Bars("events/s", ["-", "", "alice"], [[1, 2], [3, 1], [1, 1]], [(0, "12:00")], []), width=60, height=8, unicode=False)
    assert '"-"' in text.splitlines()[-1]
    assert '""' in text.splitlines()[-1]
    assert '"alice"' not in text


@pytest.mark.parametrize("unicode", [True, False])
def test_nothing_reaches_the_terminal_unescaped(unicode: bool) -> None:
    """Names and notes may come from a capture."""
    hostile = "a\x1b[31m\u202eb\x9b"
    text = text_chart(Bars(hostile, [hostile], [[1, 2]], [(0, "12:00")], (hostile,)), width=60, height=10, unicode=unicode)
    assert not {"\x1b", "\x9b", "\u202e"} & set(text)
    assert unicode or text.isascii()
    assert text.endswith("\n")


def test_nothing_is_a_chart_too() -> None:
    """No column, or only empty ones: a line that says so."""
    for heights in ([], [[]], [[0, 0]]):
        assert text_chart(Bars("packets", [], heights, []), width=60, height=10, unicode=True) == "packets\nnothing to draw\n"
