"""Time stamps and intervals keep every nanosecond."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netsleuth_tui.analysis import clock, epoch, iso, parse_interval, parse_time, show_interval
from netsleuth_tui.analysis.intervals import ROUND, nice_interval
from netsleuth_tui.analysis.times import EARLIEST, LATEST, interval_cells, time_cell
from netsleuth_tui.decode.columns import NO_TIME
from netsleuth_tui.errors import NetSleuthError

instants = st.integers(EARLIEST, LATEST)


@given(instants)
def test_texts_of_an_instant_read_back(time: int) -> None:
    """ISO 8601 and seconds since 1970 give the same nanosecond back."""
    assert parse_time(iso(time)) == time
    assert parse_time(epoch(time)) == time


def test_times_as_people_write_them() -> None:
    """UTC unless the text says otherwise; a space for the T."""
    noon = 1_773_144_000_000_000_000
    assert parse_time("2026-03-10 12:00") == noon
    assert parse_time("2026-03-10T13:00:00+01:00") == noon
    assert parse_time("1773144000") == noon
    assert parse_time("2026-03-10T12:00:00.000000001Z") == noon + 1
    assert clock(noon + 1_500_000_000) == "12:00:01.500000"
    assert iso(noon) == "2026-03-10T12:00:00Z"


@given(st.lists(instants, min_size=2))
def test_times_of_a_column_sort_as_text(times: list[int]) -> None:
    """All have one form, read back to the nanosecond, and none is nothing."""
    cells = [time_cell(time) or "" for time in times]
    assert len(set(map(len, cells))) == 1
    assert [parse_time(cell) for cell in sorted(cells)] == sorted(times)
    assert time_cell(None) is time_cell(NO_TIME) is None


@given(st.integers(0, 10**18), st.sampled_from([1, 250, 1000, 10**5, 10**6, 5 * 10**8, 10**9, 60 * 10**9]), st.integers(1, 40))
def test_intervals_have_as_many_digits_as_all_of_them_need(start: int, step: int, count: int) -> None:
    """None is cut, all are of one length, and whole seconds have no digits."""
    start -= start % step
    cells = [str(cell) for cell in interval_cells(start, step, range(count))]
    assert [parse_time(cell) for cell in cells] == [start + k * step for k in range(count)]
    assert len(set(map(len, cells))) == 1
    assert ("." in cells[0]) == (step < 10**9)


def test_times_beyond_all_captures_are_open_ends() -> None:
    """Year 1 and year 9999 mean the beginning and the end, and fit 64 bits."""
    assert parse_time("0001-01-01") == EARLIEST
    assert parse_time("9999-12-31") == parse_time("99999999999999") == LATEST < 2**62


@pytest.mark.parametrize("text", ["", "soon", "2026-13-01", "12:00:", "1.2.3", "2026-03-10T12:00:00.", "²"])
def test_what_is_no_time_is_refused(text: str) -> None:
    """The message says what a time looks like."""
    with pytest.raises(NetSleuthError, match="ISO 8601"):
        parse_time(text)


@given(st.integers(0, 10**20), st.integers(3, 500))
def test_a_nice_interval_covers_the_span(span: int, columns: int) -> None:
    """At most `columns` intervals, and no rounder interval that is shorter would do."""
    every = nice_interval(span, columns)
    start = 123_456_789
    assert (start + span) // every - start // every + 1 <= columns
    shorter = [length for length in ROUND if length < every]
    assert not shorter or span // shorter[-1] + 2 > columns


def test_round_intervals_ascend() -> None:
    """The search for the shortest relies on it."""
    assert list(ROUND) == sorted(set(ROUND))


@pytest.mark.parametrize(
    ("text", "length", "shown"),
    [
        ("1s", 10**9, "1 s"),
        ("250ms", 250_000_000, "250 ms"),
        ("1.5 s", 1_500_000_000, "1.5 s"),
        ("5min", 300 * 10**9, "5 min"),
        ("1h", 3600 * 10**9, "1 h"),
        ("1.5h", 5400 * 10**9, "1.5 h"),
        ("8.5d", 734400 * 10**9, "8.5 d"),
        ("209h", 209 * 3600 * 10**9, "8 d 17 h"),
        ("100min", 6000 * 10**9, "1 h 40 min"),
    ],
)
def test_intervals_read_and_show(text: str, length: int, shown: str) -> None:
    """A number and a unit."""
    assert parse_interval(text) == length
    assert show_interval(length) == shown


@pytest.mark.parametrize("text", ["", "s", "0s", "-1s", "1", "1 fortnight", "0.0000000001ns", "1000000d"])
def test_what_is_no_interval_is_refused(text: str) -> None:
    """The message gives examples."""
    with pytest.raises(NetSleuthError, match="10ms"):
        parse_interval(text)
