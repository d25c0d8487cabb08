"""The last stop before the terminal: what is sent makes the terminal show what it should, and nothing is sent twice."""

from __future__ import annotations

import re

from hypothesis import given, settings
from hypothesis import strategies as st
from rich.color import ColorSystem
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from netsleuth_tui.tui.wire import Shown

WIDTH, HEIGHT = 24, 4
STYLES = [
    Style(),
    Style(color="red"),
    Style(color="red", bgcolor="blue"),
    Style(bold=True),
    Style(bold=True, color="green"),
    Style(reverse=True),
]
SEQUENCE = re.compile(r"\x1b\[([0-9;]*)([HCm])")


class Terminal:
    """Understands just what may be sent: absolute and forward moves, SGR, printable text."""

    def __init__(self) -> None:
        self.cells: dict[tuple[int, int], tuple[str, frozenset[str]]] = {}
        self.x = self.y = 0
        self.style: dict[str, str] = {}

    def feed(self, data: str) -> None:
        """Take output."""
        at = 0
        while at < len(data):
            found = SEQUENCE.match(data, at)
            if found:
                self.obey(found[1], found[2])
                at = found.end()
                continue
            assert data[at].isprintable()
            wide = data[at] in "日本"
            self.cells[self.x, self.y] = (data[at], frozenset(self.style.items()))
            if wide:
                self.cells[self.x + 1, self.y] = ("", frozenset(self.style.items()))
            self.x += 2 if wide else 1
            at += 1

    def obey(self, parameters: str, final: str) -> None:
        """One sequence."""
        numbers = [int(n or 0) for n in parameters.split(";")]
        if final == "H":
            self.y, self.x = numbers[0] - 1, numbers[1] - 1
        elif final == "C":
            self.x += numbers[0]
        else:
            for n in numbers:
                if n == 0:
                    self.style = {}
                else:
                    self.style["front" if 30 <= n < 40 else "back" if 40 <= n < 50 else str(n)] = str(n)


texts = st.lists(st.tuples(st.sampled_from(["a", "bc", "   ", "日", "xyz", "█"]), st.sampled_from(STYLES)), min_size=1, max_size=8)


def strip_of(parts: list[tuple[str, Style]]) -> Strip:
    return Strip([Segment(text, style) for text, style in parts]).adjust_cell_length(WIDTH, Style())


@settings(max_examples=300)
@given(st.lists(st.tuples(st.integers(0, HEIGHT - 1), texts), min_size=1, max_size=12))
def test_differences_add_up_to_the_whole(updates: list[tuple[int, list[tuple[str, Style]]]]) -> None:
    """A terminal that got only differences shows the same as one that got every line in full."""
    shown, little, much = Shown(), Terminal(), Terminal()
    for y, parts in updates:
        little.feed(shown.difference(iter([(y, 0, strip_of(parts))]), ColorSystem.STANDARD))
        much.feed(Shown().difference(iter([(y, 0, strip_of(parts))]), ColorSystem.STANDARD))
        assert little.cells == much.cells
        assert little.style == {}


def test_nothing_is_sent_twice() -> None:
    """The same line again costs nothing; one other cell costs a move, a style and a character."""
    shown = Shown()
    first = shown.difference(iter([(0, 0, Strip([Segment("x" * 100, STYLES[1])]))]), ColorSystem.TRUECOLOR)
    assert len(first) > 100
    assert shown.difference(iter([(0, 0, Strip([Segment("x" * 100, STYLES[1])]))]), ColorSystem.TRUECOLOR) == ""
    other = Strip([Segment("x" * 50, STYLES[1]), Segment("y", STYLES[1]), Segment("x" * 49, STYLES[1])])
    assert 0 < len(shown.difference(iter([(0, 0, other)]), ColorSystem.TRUECOLOR)) < 20


def test_what_is_forgotten_is_sent_again() -> None:
    """After a resize or a repaint the terminal may show anything."""
    shown = Shown()
    line = Strip([Segment("text", STYLES[1])])
    sent = shown.difference(iter([(0, 0, line)]), ColorSystem.TRUECOLOR)
    shown.forget()
    assert shown.difference(iter([(0, 0, line)]), ColorSystem.TRUECOLOR) == sent
