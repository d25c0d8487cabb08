"""Numbers and lines of text as the screen writes them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.style import Style

from netsleuth_tui.tui.drawing import changed, ends, fit, fit_right, folded, line
from netsleuth_tui.tui.layout import Wishes, arrange
from netsleuth_tui.tui.numbers import rate, share, short, size
from netsleuth_tui.tui.views import default_name
from netsleuth_tui.tui.widgets.tabs import shown_window
from netsleuth_tui.wording import grouped

PLAIN, RED = Style(color="white"), Style(color="red")


def test_numbers_are_short_and_exact_where_it_matters() -> None:
    """Thousands are apart; a share is never rounded to nothing or to all."""
    assert grouped(5012330) == "5 012 330"
    assert [short(n) for n in (0, 12, 999, 1000, 12_345, 5_012_330)] == ["0", "12", "999", "1.00 k", "12.3 k", "5.01 M"]
    assert [size(n) for n in (0, 999, 1500, 489_000_000)] == ["0 B", "999 B", "1.50 kB", "489 MB"]
    assert rate(7012.4, of_bytes=False) == "7 012/s"
    assert rate(12_400_000, of_bytes=True) == "12.4 MB/s"
    assert [share(*parts) for parts in ((0, 9), (9, 9), (1, 10**6), (999_999, 10**6), (7, 1000), (0, 0))] == [
        "0 %", "100 %", "<0.1 %", ">99.9 %", "0.7 %", "0 %",
    ]  # fmt: skip


def test_text_has_exactly_its_width() -> None:
    """Wide characters count twice, also where the cut goes through one."""
    assert fit("abc", 5, "…") == "abc  "
    assert fit("abcdef", 4, "…") == "abc…"
    assert fit_right("12", 4, "…") == "  12"
    assert line([(fit("日本語", 4, "…"), PLAIN)], 4, PLAIN).cell_length == 4
    assert ends([("left", PLAIN)], [("right", RED)], 12, PLAIN).text == "left   right"
    assert ends([("a long left side", PLAIN)], [("right", RED)], 10, PLAIN).text == "a lonright"


def test_folded_text_is_all_there() -> None:
    """Wide characters count twice; breaks are behind blanks where there are some, and the blanks stay."""
    assert folded('<Data Name="x">印刷文書印刷文書</Data>', 20, "  ") == ["<Data ", '  Name="x">印刷文書', "  印刷文書</Data>"]
    assert folded("one two three", 8, " ") == ["one two ", " three"]
    assert folded("one  two three", 8, " ") == ["one  two", "  three"]
    assert folded("日本語" * 3, 9, "") == ["日本語日", "本語日本", "語"]
    assert folded("\u0301" * 200, 9, "") == ["\u0301" * 200]
    assert "".join(folded("ab" + "\u0301" * 200 + "cdefghij", 9, "")) == "ab" + "\u0301" * 200 + "cdefghij"
    assert folded("", 20, "  ") == [""]
    assert folded("short", 20, "  ") == ["short"]


@given(st.text(st.sampled_from("ab <é日文\u0301\U0001f600")), st.integers(6, 30))
def test_folding_loses_nothing(text: str, width: int) -> None:
    """Whatever the characters, each line fits, and together they are the text."""
    first, *others = folded(text, width, "    ")
    assert all(cell_len(each) <= width for each in (first, *others))
    assert first + "".join(each.removeprefix("    ") for each in others) == text


def test_only_what_changed_is_sent() -> None:
    """A line that is the same is not sent; one that differs is sent up to its last difference."""
    old = line([("same ", PLAIN), ("1", RED), (" same", PLAIN)], 20, PLAIN)
    assert changed(old, line([("same ", PLAIN), ("1", RED), (" same", PLAIN)], 20, PLAIN), 3) is None
    assert changed(old, line([("same ", PLAIN), ("2", RED), (" same", PLAIN)], 20, PLAIN), 3) == (0, 3, 6, 1)
    assert changed(None, old, 0) == (0, 0, 20, 1)


@pytest.mark.parametrize(
    ("width", "height", "wishes", "seen"),
    [
        (160, 50, Wishes(), "table facets detail layers hex"),
        (80, 24, Wishes(), "table layers"),
        (80, 24, Wishes(detail=True), "detail layers"),
        (80, 24, Wishes(detail=True, hex=True), "detail hex"),
        (80, 24, Wishes(facets=True), "facets layers"),
        (110, 24, Wishes(), "table facets layers"),
        (160, 50, Wishes(facets=False), "table detail layers hex"),
    ],
)
def test_panes_have_their_places(width: int, height: int, wishes: Wishes, seen: str) -> None:
    """Everything at once on a large screen, one thing at a time on a small one."""
    placed = arrange(width, height, wishes)
    assert {name for name in ("table", "facets", "detail", "layers", "hex") if getattr(placed, name)} == set(seen.split())
    assert not placed.too_small


def test_a_tiny_terminal_is_said_to_be_too_small() -> None:
    """Below 60x15 there is a message instead."""
    assert arrange(59, 24, Wishes()).too_small
    assert arrange(80, 14, Wishes()).too_small


def test_an_export_has_a_sensible_name() -> None:
    """Named after the capture and the pane, in the working directory, whatever the path."""
    assert default_name("/captures/router-loop.pcapng.gz", "records") == "router-loop-records.csv"
    assert default_name("-", "timeline") == "stdin-timeline.csv"
    assert "\x1b" not in default_name("a\x1b[31m.pcap", "records")


@pytest.mark.parametrize(
    ("start", "end", "text"),
    [
        (0, None, "from 00:00:00"),
        (None, 5 * 10**9, "until 00:00:05"),
        (10**9, 5 * 10**9, "00:00:01-00:00:05"),
        (1_500_000_000, 5 * 10**9, "00:00:01.500-00:00:05.000"),
        (5, 9, "00:00:00.000000005-00:00:00.000000009"),
        (0, 86_400 * 10**9, "00:00:00-00:00:00"),
        (0, 86_401 * 10**9, "01-01 00:00:00-01-02 00:00:01"),
    ],
)
def test_a_window_is_told_as_exactly_as_it_is(start: int | None, end: int | None, text: str) -> None:
    """Fractions where there are some, dates where there are two."""
    assert shown_window(start, end, "-") == text
