"""Clocks that are off: what is asked for is understood, and added to the times of the right files."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ingest.test_load import capture

from netsleuth_tui.decode.columns import NO_TIME
from netsleuth_tui.errors import NetSleuthError
from netsleuth_tui.ingest.shifts import Shift, parse_shift, shift_of, show_shift
from netsleuth_tui.session import Session
from netsleuth_tui.store.clock import put_right

SECOND = 10**9
HOUR = 3600 * SECOND


@pytest.mark.parametrize(
    ("text", "pattern", "offset"),
    [
        ("print01.evtx=+3600s", "print01.evtx", HOUR),
        ("*.cap=-7h", "*.cap", -7 * HOUR),
        ("a=b.pcap=+05:45", "a=b.pcap", 5 * HOUR + 2700 * SECOND),
        ("a=-0:00:01", "a", -SECOND),
        ("a=1.5", "a", 1_500_000_000),
        ("a=-250ms", "a", -250_000_000),
        ("a=-0.25s", "a", -250_000_000),
        ("a=0", "a", 0),
    ],
)
def test_offsets_are_understood(text: str, pattern: str, offset: int) -> None:
    """Seconds by default, units, clock time; the last equals sign divides."""
    assert parse_shift(text) == Shift(pattern, offset)
    assert parse_shift(str(Shift(pattern, offset))) == Shift(pattern, offset)


@pytest.mark.parametrize("text", ["", "a", "=1s", "a=", "a=1y", "a=++1", "a=1:60", "a=40000d", "a=nan", "a=1e3"])
def test_what_is_no_offset_is_refused(text: str) -> None:
    """The message repeats it and gives examples."""
    with pytest.raises(NetSleuthError, match="is no clock offset"):
        parse_shift(text)


def test_the_last_one_that_means_a_file_holds() -> None:
    """By path, by name, by pattern, also for names with brackets."""
    shifts = [Shift("*.cap", 1), Shift("net1(0).cap", 2), Shift("/x/[1].cap", 3)]
    assert [shift_of(path, shifts) for path in ("/x/a.cap", "/x/net1(0).cap", "/x/[1].cap", "a.pcap")] == [1, 2, 3, 0]


@given(times=st.lists(st.integers(NO_TIME, 2**63 - 1), max_size=20), offset=st.integers(-(2**62), 2**62))
def test_times_are_added_to_exactly(times: list[int], offset: int) -> None:
    """As whole numbers are; what does not fit, and what had no time, has none."""
    array = np.array(times, np.int64)
    put_right(array, offset)
    wanted = [NO_TIME if time == NO_TIME or not NO_TIME < time + offset < 2**63 else time + offset for time in times]
    assert array.tolist() == wanted


def test_a_shift_is_shown_with_its_sign() -> None:
    """In seconds, with as many digits as it has."""
    assert [show_shift(offset) for offset in (HOUR, -250_000_000, 1)] == ["+3600 s", "-0.25 s", "+0.000000001 s"]


def test_one_file_is_shifted_and_the_other_is_not(tmp_path) -> None:
    """Times, span and notes follow; a name that means no file is a failure."""
    names = [capture(tmp_path / "a.pcap", 3), capture(tmp_path / "b.pcap", 3)]
    session = Session(shifts=[parse_shift("b.pcap=+1h"), parse_shift("c.pcap=+1s")])
    session.load(names)
    assert session.store.columns().time.tolist() == [0, 10**6, 2 * 10**6, HOUR, HOUR + 10**6, HOUR + 2 * 10**6]
    assert session.store.span == (0, HOUR + 2 * 10**6)
    assert [source.notes for source in session.store.sources] == [(), ("times are shifted by +3600 s, as you asked",)]
    assert [source.shift for source in session.store.sources] == [0, HOUR]
    assert "c.pcap: --shift names no file that is read" in str(session.failures[0])
    assert not session.is_whole
