"""Captures of a few seconds: times are told with parts of seconds."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest

from netsleuth_tui.analysis.times import digits_for
from netsleuth_tui.findings import find
from netsleuth_tui.session import Session
from netsleuth_tui.tui.widgets.title_bar import shown_span

SAMPLES = Path(__file__).resolve().parents[2] / "sample_captures"
START = 1_773_144_000_132_211_000
SECOND = 1_000_000_000


@pytest.mark.parametrize(
    ("length", "short", "long"),
    [
        (0, "12:00:00.132211-12:00:00.132211", "2026-03-10 12:00:00.132211-12:00:00.132211 UTC"),
        (SECOND // 4, "12:00:00.132-12:00:00.382", "2026-03-10 12:00:00.132-12:00:00.382 UTC"),
        (10 * SECOND - 1, "12:00:00.132-12:00:10.132", "2026-03-10 12:00:00.132-12:00:10.132 UTC"),
        (10 * SECOND, "12:00:00-12:00:10", "2026-03-10 12:00:00-12:00:10 UTC"),
        (86_400 * SECOND, "2026-03-10-2026-03-11", "2026-03-10 12:00:00-2026-03-11 12:00:00 UTC"),
    ],
)
def test_spans(length: int, short: str, long: str) -> None:
    """Below ten seconds, thousandths; below ten of those, millionths."""
    span = START, START + length
    assert shown_span(span, "-", short=True) == short
    assert shown_span(span, "-") == long


def test_nothing_has_no_digits() -> None:
    """Where nothing has a time."""
    assert digits_for(None) == 0


def test_findings_of_a_quarter_of_a_second(captures: Sequence[str]) -> None:
    """The sample of 0.24 s: resets begin where the first one is, and take as long as they do."""
    with closing(Session()) as session:
        session.load(captures)
        (burst,) = [finding for finding in find(session.store).findings if finding.kind == "reset-burst"]
    assert burst.title.startswith("29 TCP resets in 105 ms from 13:00:00.132 on, up to 29 a second")


@pytest.fixture
def captures() -> list[str]:
    """The four files of the sample."""
    return [str(path) for path in sorted(SAMPLES.glob("net1_capture_v1*.cap"))]
