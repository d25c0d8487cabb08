"""Times of day without a date: the one instant that can be meant, or the days among which to choose."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made import store_of, tcp

from netsleuth_tui.analysis.times import iso
from netsleuth_tui.analysis.windows import DAY, TimeOfDay, Window, clock_time, parse_window, spans_of
from netsleuth_tui.errors import NetSleuthError
from netsleuth_tui.query.times import instant

HOUR = DAY // 24
SPAN = instant("2026-03-10 09:00"), instant("2026-03-10 17:00")
NIGHT = instant("2026-03-10 22:00"), instant("2026-03-11 03:00")
WEEK = instant("2026-03-10 09:00"), instant("2026-03-16 17:00")


def on(text: str, span: tuple[int | None, int | None]) -> str:
    """What is understood, as text; or why it is not."""
    assert span[0] is not None
    assert span[1] is not None
    try:
        start, _ = parse_window(text, None).on([(span[0], span[1])])
    except NetSleuthError as error:
        return str(error)
    assert start is not None
    return iso(start)


@pytest.mark.parametrize(
    ("text", "span", "expected"),
    [
        ("12:05", SPAN, "2026-03-10T12:05:00Z"),
        ("12:05:00.5", SPAN, "2026-03-10T12:05:00.500000000Z"),
        ("8:00", SPAN, "2026-03-10T08:00:00Z"),
        ("23:59", SPAN, "2026-03-10T23:59:00Z"),
        ("2026-03-09 12:05", SPAN, "2026-03-09T12:05:00Z"),
        ("23:30", NIGHT, "2026-03-10T23:30:00Z"),
        ("00:30", NIGHT, "2026-03-11T00:30:00Z"),
        ("12:00", NIGHT, "--since 12:00 could be on 2026-03-10, 2026-03-11 (write the date, as in 2026-03-10T12:00)"),
        ("18:00", WEEK, "--since 18:00 could be on 2026-03-10, 2026-03-11, 2026-03-12 and 3 more (write the date, as in 2026-03-10T18:00)"),
        ("12:00", WEEK, "--since 12:00 could be on 2026-03-10, 2026-03-11, 2026-03-12 and 4 more (write the date, as in 2026-03-10T12:00)"),
    ],
)
def test_a_time_of_day_is_on_the_day_that_can_be_meant(text: str, span: tuple[int | None, int | None], expected: str) -> None:
    """That of what was loaded, or the only one on which that time is; otherwise the days are named."""
    assert on(text, span) == expected


@given(st.integers(-50 * DAY, 50 * DAY), st.integers(0, 4 * DAY), st.integers(0, DAY - 1))
def test_it_is_the_only_one_there_is(first: int, length: int, within: int) -> None:
    """Whatever was loaded: an instant is taken only where no other one within it has that time of day."""
    span, days = (first, first + length), {first // DAY, (first + length) // DAY}
    inside = [day * DAY + within for day in range(first // DAY, (first + length) // DAY + 1) if span[0] <= day * DAY + within <= span[1]]
    try:
        found = TimeOfDay("12:00", within).on([span], "--since")
    except NetSleuthError:
        assert len(days) > 1
        assert len(inside) != 1
    else:
        assert found == (inside[0] if inside else first // DAY * DAY + within)
        assert len(inside) <= 1


def test_what_is_no_time_of_day_is_refused() -> None:
    """And windows that end before they begin, as soon as that is known."""
    for text in ("25:00", "12:60", "12:05:61"):
        with pytest.raises(NetSleuthError, match="no time of day"):
            clock_time(text)
    with pytest.raises(NetSleuthError, match="is not a time"):
        parse_window("12", "x")
    assert clock_time("12:05 tomorrow") is None
    with pytest.raises(NetSleuthError, match="--until is not after --since"):
        parse_window("2026-03-10", "2026-03-09")
    assert SPAN[0] is not None
    assert SPAN[1] is not None
    with pytest.raises(NetSleuthError, match="--until is not after --since"):
        parse_window("12:05", "12:00").on([(SPAN[0], SPAN[1])])
    with pytest.raises(NetSleuthError, match="nothing that was loaded has a time"):
        parse_window("12:05", None).on(())
    assert Window().on(()) == (None, None)


MIDNIGHT = instant("2026-03-10 23:50"), instant("2026-03-11 00:10")
DAYS = instant("2026-03-10 09:00"), instant("2026-03-11 17:00")


@pytest.mark.parametrize(
    ("since", "until", "span", "expected"),
    [
        ("23:40", "00:20", MIDNIGHT, ("2026-03-10T23:40:00Z", "2026-03-11T00:20:00Z")),
        ("23:55", "23:58", MIDNIGHT, ("2026-03-10T23:55:00Z", "2026-03-10T23:58:00Z")),
        ("18:00", "08:00", DAYS, ("2026-03-10T18:00:00Z", "2026-03-11T08:00:00Z")),
        ("2026-03-10T09:00", "09:30", DAYS, ("2026-03-10T09:00:00Z", "2026-03-10T09:30:00Z")),
        ("2026-03-10T23:00", "01:00", DAYS, ("2026-03-10T23:00:00Z", "2026-03-11T01:00:00Z")),
        ("16:00", "2026-03-11T17:00", DAYS, ("2026-03-11T16:00:00Z", "2026-03-11T17:00:00Z")),
        ("16:00", "2026-03-12", DAYS, ("2026-03-11T16:00:00Z", "2026-03-12T00:00:00Z")),
        ("2026-03-01", "09:30", SPAN, ("2026-03-01T00:00:00Z", "2026-03-10T09:30:00Z")),
        ("10:00", "11:00", DAYS, "--since 10:00 could be on 2026-03-10, 2026-03-11 (write the date, as in 2026-03-10T10:00)"),
        ("23:58", "23:55", MIDNIGHT, "--since 23:58 could be on 2026-03-09, 2026-03-10 (write the date, as in 2026-03-09T23:58)"),
        ("12:00", "13:00", MIDNIGHT, "--since 12:00 could be on 2026-03-10, 2026-03-11 (write the date, as in 2026-03-10T12:00)"),
        ("2026-03-01", "09:30", DAYS, "--until 09:30 could be on 2026-03-10, 2026-03-11 (write the date, as in 2026-03-10T09:30)"),
    ],
)
def test_both_ends_are_settled_together(
    since: str, until: str, span: tuple[int | None, int | None], expected: tuple[str, str] | str
) -> None:
    """The only window that has something of what was loaded; an end with a date bounds the other one."""
    assert span[0] is not None
    assert span[1] is not None
    found: tuple[str, ...] | str
    try:
        found = tuple("" if time is None else iso(time) for time in parse_window(since, until).on([(span[0], span[1])]))
    except NetSleuthError as error:
        found = str(error)
    assert found == expected


def test_a_stray_packet_is_a_day_of_its_own() -> None:
    """One of 1970 makes no time of day ambiguous; where it could be meant, that day and the other are named, and not all between."""
    assert SPAN[0] is not None
    assert SPAN[1] is not None
    times = [SPAN[0], 0, SPAN[1], (SPAN[0] + SPAN[1]) // 2]
    store = store_of([tcp(time, 0x10, src=0, dst=1, src_port=1, dst_port=2) for time in times])
    spans = spans_of(store)
    assert spans == [(0, 0), (SPAN[0], SPAN[1])]
    noon = SPAN[0] + 3 * HOUR
    assert parse_window("12:00", None).on(spans) == (noon, None)
    assert parse_window("12:00", "13:00").on(spans) == (noon, noon + HOUR)
    with pytest.raises(NetSleuthError, match="23:00 could be on 1970-01-01, 2026-03-10 "):
        parse_window("23:00", None).on(spans)


@given(st.lists(st.integers(-9 * DAY, 9 * DAY), min_size=1, max_size=12))
def test_stretches_have_every_time_in_them(times: list[int]) -> None:
    """They begin and end with one, and whole days lie between two of them."""
    spans = spans_of(store_of([tcp(time, 0x10, src=0, dst=1, src_port=1, dst_port=2) for time in times]))
    assert all(sum(first <= time <= last for first, last in spans) == 1 for time in times)
    assert {edge for span in spans for edge in span} <= set(times)
    assert all(after[0] // DAY - before[1] // DAY > 1 for before, after in pairwise(spans))
