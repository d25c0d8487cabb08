"""Columns of the time line: how many, how high, where the marks are."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from netsleuth_tui.analysis import Timeline
from netsleuth_tui.tui.chart import MOST_INTERVALS, SECOND, chart, plan, stack, ticks


@given(st.integers(0, 200 * 365 * 86400 * SECOND), st.integers(10, 500))
def test_columns_fit_and_are_used(span: int, columns: int) -> None:
    """Whatever the span, the columns fit the screen, the intervals are few enough, and a column is a whole number of them."""
    planned = plan(span, columns)
    assert planned.column % planned.unit == 0
    assert span // planned.column + 1 <= columns
    assert span // planned.unit <= MOST_INTERVALS or planned.unit == 86400 * SECOND


@pytest.mark.parametrize("minutes", [1, 7, 41, 180, 1000])
def test_most_of_the_width_is_used(minutes: int) -> None:
    """The interval is not rounded so far that a third of the screen stays empty."""
    assert minutes * 60 * SECOND / plan(minutes * 60 * SECOND, 160).column > 105


def test_a_column_shows_its_busiest_second() -> None:
    """A burst of one second keeps its height and its protocols in a column of ten; the peak says when it was."""
    packets = np.zeros((25, 2), np.int64)
    packets[:, 0] = 5
    packets[13] = (100, 7000)
    made = chart(Timeline(1000 * SECOND, SECOND, ("TCP", "ICMP"), packets, packets * 60), 10 * SECOND)
    assert made.packets.rates == [[5.0, 0.0], [100.0, 7000.0], [5.0, 0.0]]
    assert (made.packets.peak, made.packets.peak_time) == (7100.0, 1013 * SECOND)
    assert made.bytes.peak == 7100.0 * 60


def test_rates_are_per_second_whatever_the_interval() -> None:
    """Ten packets in 100 ms are a hundred a second."""
    made = chart(Timeline(0, SECOND // 10, ("TCP",), np.array([[10]]), np.array([[600]])), SECOND // 10)
    assert made.packets.peak == 100.0


def test_nothing_is_a_chart_too() -> None:
    """No interval, no label: no column, no peak."""
    made = chart(Timeline(0, SECOND, (), np.zeros((0, 0), np.int64), np.zeros((0, 0), np.int64)), SECOND)
    assert (made.packets.rates, made.packets.peak) == ([], 0.0)


@given(st.lists(st.floats(0, 1e9), min_size=1, max_size=6), st.integers(1, 80))
def test_parts_are_stacked_in_order(rates: list[float], height: int) -> None:
    """Edges rise, the highest column fills the height, and what is not zero is seen."""
    edges = stack(rates, sum(rates), height)
    assert edges == sorted(edges)
    assert edges[-1] == (height if sum(rates) else 0)
    assert stack([1e-9], 1e9, height) == [1]


def test_marks_are_round_and_apart() -> None:
    """A mark every five minutes on a 41 minute capture; never closer than a label is wide."""
    start = 1_773_144_003 * SECOND
    marks = ticks(start, 16 * SECOND, 160, 16)
    assert all(mark.time % (300 * SECOND) == 0 for mark in marks)
    assert all(b.column - a.column >= 16 for a, b in pairwise(marks))
    assert marks[0].time - start < 300 * SECOND
