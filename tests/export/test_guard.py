"""The guard: harmless to spreadsheets and terminals, and exactly reversible."""

from __future__ import annotations

import random
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netsleuth_tui.export.guard import guard, guarded, unguard

PIECES = [
    *"'=+-@\\ \t\r\n\0\x1b\x7f\x85\x9b0189.eExufd,\"",
    "\u00a0",
    "\ufeff",
    "\uff1d",
    "\u2212",
    "\ud800",
    "\\x1b",
    "\\\\",
    "\\ud800",
    "é",
]
HOSTILE = st.lists(st.sampled_from(PIECES), max_size=12).map("".join)


@pytest.mark.parametrize(
    ("text", "spelling"),
    [
        ("=1+1", "'=1+1"),
        ("+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0"),
        ("-2+3", "'-2+3"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("  =1", "'  =1"),
        ("\u00a0=1", "'\u00a0=1"),
        ("\u200b=1", "'\u200b=1"),
        ("\uff1d1", "'\uff1d1"),
        ("'=1", "''=1"),
        ("''=1", "'''=1"),
        ("\t=1", r"\x09=1"),
        ("a\r\n=1", r"a\x0d\x0a=1"),
        ("\x1b[31m\\", r"\x1b[31m\\"),
        ("\x9b", r"\x9b"),
        ("\ud800", r"\ud800"),
        (r"\x1b", r"\\x1b"),
    ],
)
def test_what_is_guarded(text: str, spelling: str) -> None:
    """Formulas get an apostrophe, control characters a spelling; both come off again."""
    assert guard(text) == spelling
    assert unguard(spelling) == text


@pytest.mark.parametrize(
    "text",
    ["", "-", "+", "-1", "+49.5", "-1e-7", "-.5", "a=b", "'", "'quoted'", r"C:\Windows\system32", "10.0.0.1", "é ü", "1-2", "a\u00a0b"],
)
def test_what_is_left_alone(text: str) -> None:
    """Placeholders, numbers, paths and ordinary text stay as they are."""
    assert guard(text) == text
    assert unguard(text) == text


@settings(max_examples=1000)
@given(st.one_of(HOSTILE, st.text(st.characters(), max_size=40)))
def test_unguard_is_the_inverse(text: str) -> None:
    """Guarded text is harmless, and unguarding gives back the text."""
    spelling = guard(text)
    assert unguard(spelling) == text
    assert not re.search("[\0-\x1f\x7f-\x9f\ud800-\udfff]", spelling)
    bare = spelling.lstrip(" \u00a0\ufeff\u200b")
    assert not bare.startswith(("=", "@", "\uff1d", "\uff20"))
    assert not bare.startswith(("+", "-")) or re.fullmatch(r"[-+]([0-9.]+([eE][+-]?[0-9]+)?)?", spelling)


def test_unguard_is_the_inverse_for_very_many() -> None:
    """100,000 strings of what matters to the guard survive, and no two are spelled alike."""
    choose = random.Random(2)  # noqa: S311 - not for secrets
    texts = {"".join(choose.choices(PIECES, k=choose.randrange(1, 9))) for _ in range(100_000)}
    spellings = {guard(text) for text in texts}
    assert len(spellings) == len(texts)
    assert {unguard(spelling) for spelling in spellings} == texts


@settings(max_examples=300)
@given(st.lists(st.one_of(HOSTILE, st.text("abc-. 019\\", max_size=6)), max_size=8))
def test_many_texts_at_once(texts: list[str]) -> None:
    """The quick look at a whole column finds exactly what the closer look at each text finds."""
    assert guarded(texts) == {text: guard(text) for text in texts if guard(text) != text}
