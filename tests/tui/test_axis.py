"""The arithmetic of the time axis holds for every span that a capture can have: 0 ns to 136 years, 1970 and before."""

from __future__ import annotations

from hypothesis import assume, given
from hypothesis import strategies as st

from netsleuth_tui.tui.axis import SHORTEST, Axis, Range, fit, holding, next_peak, peaks, zoomed_in, zoomed_out

CENTURY = 136 * 365 * 86400 * 10**9

starts = st.one_of(st.integers(-CENTURY, CENTURY), st.sampled_from([0, -1, 1_773_144_000 * 10**9]))
lengths = st.one_of(st.integers(1, CENTURY), st.sampled_from([1, 2, 999, 10**9, 10**9 + 1]))
spans = st.builds(lambda start, length: (start, start + length), starts, lengths)
intervals = st.one_of(st.none(), st.sampled_from([10**6, 10**7, 10**9, 60 * 10**9, 3600 * 10**9]))
widths = st.integers(1, 400)


@given(spans, widths, intervals)
def test_the_axis_covers_what_it_is_to_show(shown: Range, columns: int, interval: int | None) -> None:
    """All of it, or from its begin as far as columns of a fixed length go; never more columns than there is room for."""
    axis = fit(shown, columns, interval)
    assert 1 <= axis.columns <= max(columns, 3)
    assert axis.start <= shown[0] < axis.begin(1)
    assert axis.column % axis.unit == 0
    assert axis.start % axis.unit == 0
    if interval is None:
        assert axis.end >= shown[1]
        assert axis.begin(axis.columns - 1) < shown[1]
    else:
        assert axis.column == axis.unit == interval
        assert axis.end >= shown[1] or axis.columns == columns


@given(spans, widths, intervals, st.data())
def test_a_column_s_time_is_in_that_column(shown: Range, columns: int, interval: int | None, data: st.DataObject) -> None:
    """Column to time to column is the same column; a time is inside its column; times beside the axis are at its ends."""
    axis = fit(shown, columns, interval)
    column = data.draw(st.integers(0, axis.columns - 1))
    assert axis.at(axis.begin(column)) == column
    assert axis.at(axis.begin(column + 1) - 1) == column
    time = data.draw(st.integers(axis.start, axis.end - 1))
    assert axis.begin(axis.at(time)) <= time < axis.begin(axis.at(time) + 1)
    assert axis.holds(time)
    assert (axis.at(axis.start - 1), axis.at(axis.end)) == (0, axis.columns - 1)


@given(spans, widths, st.data())
def test_a_window_is_of_whole_columns_within_what_is_loaded(whole: Range, columns: int, data: st.DataObject) -> None:
    """Brushing either way makes the same window; it is never empty, and never beside the loaded time."""
    axis = fit(whole, columns)
    one, other = (data.draw(st.integers(-5, axis.columns + 5)) for _ in range(2))
    start, end = axis.covered(one, other, whole)
    assert (start, end) == axis.covered(other, one, whole)
    assert whole[0] <= start < end <= whole[1]
    for column in range(max(min(one, other), 0), min(max(one, other), axis.columns - 1) + 1):
        for time in (axis.begin(column), axis.begin(column + 1) - 1):
            assert start <= time < end or not whole[0] <= time < whole[1]


@given(spans, st.data())
def test_zooming_in_and_out_is_the_way_back(whole: Range, data: st.DataObject) -> None:
    """The instant keeps its place on the screen, and doubling the half gives the stretch back, to a nanosecond or two."""
    start = data.draw(st.integers(whole[0], whole[1] - 1))
    shown = (start, data.draw(st.integers(start + 1, whole[1])))
    around = data.draw(st.integers(shown[0], shown[1]))
    closer = zoomed_in(shown, around)
    assert shown[0] <= closer[0] <= around <= closer[1] <= shown[1]
    assert closer[1] - closer[0] >= min(SHORTEST, shown[1] - shown[0])
    assume(shown[1] - shown[0] >= 2 * SHORTEST and 2 * (closer[1] - closer[0]) < whole[1] - whole[0])
    back = zoomed_out(closer, around, whole)
    assert back is not None
    assert all(abs(a - b) <= 2 for a, b in zip(back, shown, strict=True))


@given(spans, st.data())
def test_zooming_out_ends_at_the_whole(whole: Range, data: st.DataObject) -> None:
    """Every step stays inside what is loaded, holds what was seen, and after at most 63 of them all is seen."""
    start = data.draw(st.integers(whole[0], whole[1] - 1))
    shown: Range | None = (start, data.draw(st.integers(start + 1, whole[1])))
    around = data.draw(st.integers(whole[0], whole[1]))
    for _ in range(63):
        if shown is None:
            break
        before, shown = shown, zoomed_out(shown, around, whole)
        assert shown is None or (whole[0] <= shown[0] <= before[0] and before[1] <= shown[1] <= whole[1])
    assert shown is None


@given(spans, st.integers(1, 100), intervals, st.data())
def test_the_axis_follows_the_cursor(whole: Range, columns: int, interval: int | None, data: st.DataObject) -> None:
    """Wherever the cursor goes, the axis that is made for it holds it, and is as long as it was; it stays with what is loaded."""
    start = data.draw(st.integers(whole[0], whole[1] - 1))
    axis = fit((start, data.draw(st.integers(start + 1, whole[1]))), columns, interval)
    time = data.draw(st.integers(whole[0], whole[1] - 1))
    moved = holding((axis.start, axis.end), time, whole, axis.unit)
    assert moved[1] - moved[0] == axis.end - axis.start
    assert moved[0] <= time < moved[1]
    again = fit(moved, axis.columns, interval)
    assert again.holds(time)
    assert interval is None or again.start == moved[0]


def test_peaks_stand_out_of_the_noise() -> None:
    """Bursts over traffic, bursts over silence, one burst over several columns; but no peak in what is even."""
    noise = [40, 43, 38, 41, 44, 39, 42, 40, 37, 43] * 4
    burst = [*noise[:9], 7000, *noise[10:20], 300, 900, 450, *noise[23:]]
    assert peaks(burst) == [9, 21]
    assert peaks([0, 0, 5, 0, 0, 0, 7, 9, 0]) == [2, 7]
    assert peaks([*burst[:30], 694, *burst[31:]]) == [9, 21]  # nothing that is drawn as low as its neighbours
    assert peaks([100] * 30) == []
    assert peaks([]) == []
    assert peaks([0, 0, 0]) == []


@given(st.lists(st.integers(0, 10**9), max_size=60), st.integers(0, 59))
def test_peaks_are_met_one_after_the_other(heights: list[int], column: int) -> None:
    """Forward and back lead through the same columns, each of them the greatest around it."""
    found = peaks(heights)
    assert found == sorted(set(found))
    for peak in found:
        assert heights[peak] >= max(heights[max(peak - 1, 0) : peak + 2])
    after, before = next_peak(heights, column, 1), next_peak(heights, column, -1)
    assert after == min((peak for peak in found if peak > column), default=None)
    assert before == max((peak for peak in found if peak < column), default=None)


def test_an_axis_says_where_it_ends() -> None:
    """The end is that of the last column."""
    assert Axis(100, 10, 5, 10).end == 150
