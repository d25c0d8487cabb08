"""Numbers in messages: digits in groups or as they are, and words that agree with them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from netsleuth_tui import wording

PACKAGE = Path(wording.__file__).parent


@pytest.mark.parametrize(
    ("number", "in_groups", "as_is"),
    [(0, "0 packets", "0 packets"), (1, "1 packet", "1 packet"), (55_108, "55 108 packets", "55108 packets")],
)
def test_words_agree_with_their_number(number: int, in_groups: str, as_is: str) -> None:
    """One is singular; none and several are plural."""
    assert wording.counted(number, "packet") == in_groups
    assert wording.several(number, "packet") == as_is
    assert wording.agree(number, "was", "were") == ("was" if number == 1 else "were")


def test_nobody_writes_the_plural_by_hand() -> None:
    """An s that depends on a number comes from one place."""
    by_hand = re.compile(r"'s' if|else 's'|\"s\" if|else \"s\"")
    found = [path.name for path in PACKAGE.rglob("*.py") if path.name != "wording.py" and by_hand.search(path.read_text("utf-8"))]
    assert found == []
