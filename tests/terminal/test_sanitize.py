"""The two gates between data and the terminal."""

from __future__ import annotations

import re
import sys
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netsleuth_tui.terminal.sanitize import EGRESS, MARKS_IN_A_ROW, display, display_bytes, egress

FORBIDDEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}
CODE_POINTS = range(sys.maxunicode + 1)


def categories(text: str) -> set[str]:
    return set(map(unicodedata.category, set(text)))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain text ~ 100 %", "plain text ~ 100 %"),
        ("a\nb\tc\r\0", "a␊b␉c␍␀"),
        ("\x1b]52;c;ZXZpbA==\x07", "␛]52;c;ZXZpbA==␇"),
        ("\x7f", "␡"),
        ("\x9b31m", r"\u{9b}31m"),
        ("\x85\u2028\u2029", r"\u{85}\u{2028}\u{2029}"),
        ("abc\u202egpj.exe", r"abc\u{202e}gpj.exe"),
        ("pay\u200bpal\u2060\ufeff", r"pay\u{200b}pal\u{2060}\u{feff}"),
        ("\U000e0041\U000f0000\ue000\uffff", r"\u{e0041}\u{f0000}\u{e000}\u{ffff}"),
        ("\ud800x", r"\u{d800}x"),
        ("\u3164\u115f\ufe0f", r"\u{3164}\u{115f}\u{fe0f}"),
        ("Größe Москва 東京 日本", "Größe Москва 東京 日本"),
        ("a\u00a0b\u3000c", "a\u00a0b\u3000c"),
        ("e\u0301\u0302\u0303", "e\u0301\u0302\u0303"),
        ("e" + "\u0301" * 5 + "x\u0301", "e" + "\u0301" * 3 + r"\u{301}" * 2 + "x\u0301"),
        ("\u0301a", r"\u{301}a"),
        (r"C:\Windows\u{202e}", r"C:\Windows\u{202e}"),
    ],
)
def test_display(text: str, shown: str) -> None:
    """What a terminal would obey, hide or reorder is spelled out; everything else stays."""
    assert display(text) == shown


def test_display_lets_no_control_through_for_any_code_point() -> None:
    """All 1,114,112 code points, after a letter and at the start, leave nothing in the dangerous categories."""
    for first in range(0, len(CODE_POINTS), 4096):
        block = "".join(map(chr, CODE_POINTS[first : first + 4096]))
        assert not categories(display(block)) & FORBIDDEN
        assert not categories(display("a".join(block))) & FORBIDDEN


def test_egress_lets_no_control_through_and_keeps_the_length() -> None:
    """The second gate alone stops every dangerous code point, one character for one."""
    for first in range(0, len(CODE_POINTS), 4096):
        block = "".join(map(chr, CODE_POINTS[first : first + 4096]))
        for gated in (egress(block), block.translate(EGRESS)):
            assert not categories(gated) & FORBIDDEN
            assert len(gated) == len(block)


def test_the_gates_agree_on_what_is_printable() -> None:
    """Text that passes the first gate passes the second unchanged, so that a screen never shows two spellings."""
    for first in range(0, len(CODE_POINTS), 4096):
        shown = display("a".join(map(chr, CODE_POINTS[first : first + 4096])))
        assert egress(shown) == shown


@settings(max_examples=300)
@given(st.text(st.characters(), max_size=60))
def test_display_twice_is_display_once(text: str) -> None:
    """A text that was made visible stays as it is."""
    assert display(display(text)) == display(text)


@given(st.text(st.sampled_from("a\u0301\u0488\u0903é\n\u202e"), max_size=40))
def test_marks_never_pile_up(text: str) -> None:
    """No result holds more marks in a row than allowed, nor begins with one."""
    run = "[\u0301\u0488\u0903]"
    shown = display(text)
    assert not re.search(run + "{" + str(MARKS_IN_A_ROW + 1) + "}", shown)
    assert not re.match(run, shown)


@given(st.text(st.characters(), max_size=40), st.integers(0, 30))
def test_limit_bounds_the_result(text: str, limit: int) -> None:
    """The result never exceeds the limit, is whole where it fits, and ends in an ellipsis where it was clipped."""
    whole = display(text)
    shown = display(text, limit=limit)
    assert len(shown) <= limit
    if len(whole) <= limit:
        assert shown == whole
    elif limit:
        assert shown.endswith("…")
        assert whole.startswith(shown[:-1])


def test_clipping_does_not_cut_an_escape_in_two() -> None:
    """A clipped text ends before an escape that does not fit."""
    assert display("ab\u202e\u202e", limit=12) == r"ab\u{202e}…"


def test_a_huge_text_is_clipped_before_it_is_worked_on() -> None:
    """The cost of a clipped text depends on the limit alone."""
    assert display("\n" * 10_000_000, limit=5) == "␊␊␊␊…"


def test_display_bytes() -> None:
    """Valid UTF-8 reads as text, other bytes as escapes, including the bytes of an encoded surrogate."""
    assert display_bytes("é\x1b".encode() + b"\xff\x9b") == r"é␛\xff\x9b"
    assert display_bytes(b"\xed\xa0\x80") == r"\xed\xa0\x80"
    assert display_bytes(b"abc" * 100, limit=4) == "abc…"


@given(st.binary(max_size=60), st.integers(0, 40))
def test_display_bytes_is_safe(raw: bytes, limit: int) -> None:
    """No byte string leaves a control character, and the limit holds."""
    shown = display_bytes(raw, limit=limit)
    assert not categories(shown) & FORBIDDEN
    assert len(shown) <= limit


def test_egress_leaves_the_app_s_own_glyphs_alone() -> None:
    """Blocks, box drawing, braille and no-break spaces go through."""
    line = "▁▂▃▄▅▆▇█ │─┼ ⣿ \u00a0 …"
    assert egress(line) == line
    assert egress("a\x1b[2Jb") == "a␛[2Jb"
    assert egress("a\x9b2Jb\u202e") == "a\ufffd2Jb\ufffd"
