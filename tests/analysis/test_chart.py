"""Columns of the time line: how many, how high, where the marks are."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from netsleuth_tui.analysis import Series, iso
from netsleuth_tui.analysis.chart import DAY, MOST_INTERVALS, SECOND, chart, full, plan, stack, tick_times, ticks


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


def series_of(start: int, every: int, labels: tuple[str, ...], packets: list[list[int]]) -> Series:
    """A time line whose packets have 60 bytes each, 20 of them TCP payload."""
    counts = np.array(packets, np.int64).reshape(len(packets), len(labels), 1) * np.array([1, 60, 20])
    return Series(start, every, labels, counts, counts.sum(axis=1))


def test_a_column_shows_its_busiest_second() -> None:
    """A burst of one second keeps its height and its protocols in a column of ten; the peak says when it was; sums are of all of it."""
    packets = [[5, 0] for _ in range(25)]
    packets[13] = [100, 7000]
    made = chart(series_of(1000 * SECOND, SECOND, ("TCP", "ICMP"), packets), 10 * SECOND)
    assert made.heights == [5, 7100, 5]
    assert made.parts == [[5, 0], [100, 7000], [5, 0]]
    assert (made.sums, made.label_sums) == ([50, 7145, 25], [[50, 0], [145, 7000], [25, 0]])
    assert (made.peak, made.peak_time) == (7100, 1013 * SECOND)


def test_a_chart_is_of_one_measure() -> None:
    """Bytes, bits and payload of the same packets."""
    line = series_of(0, SECOND // 10, ("TCP",), [[10]])
    assert [chart(line, SECOND // 10, measure).peak for measure in ("packets", "bytes", "bits", "payload")] == [10, 600, 4800, 200]


def test_nothing_is_a_chart_too() -> None:
    """No interval, no label: no column, no peak. A filter that selects nothing leaves its columns empty."""
    made = chart(series_of(0, SECOND, (), []), SECOND)
    assert (made.heights, made.peak, made.columns) == ([], 0, 0)
    made = chart(series_of(0, SECOND, (), [[], [], []]), 2 * SECOND)
    assert (made.heights, made.parts, made.peak) == ([0, 0], [[], []], 0)


@given(st.lists(st.integers(0, 10**12), min_size=1, max_size=6), st.integers(1, 80))
def test_parts_are_stacked_in_order(parts: list[int], steps: int) -> None:
    """Edges rise, and the last one is the height of the column."""
    edges = stack(parts, steps)
    assert edges == sorted(edges)
    assert edges[-1] == (steps if sum(parts) else 0)


@given(st.integers(0, 10**15), st.integers(0, 10**15), st.integers(1, 80), st.booleans())
def test_what_is_not_zero_is_seen(one: int, other: int, steps: int, logarithmic: bool) -> None:
    """The peak fills the height, nothing is higher, what is not zero is at least one step high, and more is never lower."""
    low, peak = sorted((one, other))
    height = full(low, peak, steps, logarithmic=logarithmic)
    assert full(peak, peak, steps, logarithmic=logarithmic) == (steps if peak else 0)
    assert (1 if low else 0) <= height <= steps


def test_a_logarithmic_scale_shows_what_is_small() -> None:
    """A thousandth of the peak is a step high on a linear scale, and half of the height on a logarithmic one."""
    assert full(1000, 1_000_000, 24) == 1
    assert full(1000, 1_000_000, 24, logarithmic=True) == 13


@pytest.mark.parametrize(("years", "every"), [(10, 2), (40, 10), (1.5, 1 / 3)])
def test_marks_of_years_are_where_years_begin(years: float, every: float) -> None:
    """Whole years, or whole months, none closer than a label is wide."""
    start = 1_467_990_771 * SECOND  # in July 2016
    column = round(years * 365.25 * DAY / 80)
    marks = ticks(start, column, 80, 12)
    assert len(marks) >= 3
    dates = [iso(mark.time) for mark in marks]
    assert all(date.endswith("-01T00:00:00Z") for date in dates)
    assert every < 1 or all(date[4:7] == "-01" and int(date[:4]) % every == 0 for date in dates)
    assert all(b.column - a.column >= 11 for a, b in pairwise(marks))
    assert {len(label) for _, label in tick_times(start, column, 80, 12)} == {4 if every >= 1 else 7}


def test_marks_are_round_and_apart() -> None:
    """A mark every five minutes on a 41 minute capture; never closer than a label is wide."""
    start = 1_773_144_003 * SECOND
    marks = ticks(start, 16 * SECOND, 160, 16)
    assert all(mark.time % (300 * SECOND) == 0 for mark in marks)
    assert all(b.column - a.column >= 16 for a, b in pairwise(marks))
    assert marks[0].time - start < 300 * SECOND
