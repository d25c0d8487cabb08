"""Clocks: offsets that are set after loading move the times of one source and nothing else, and offsets that seem to be due are told."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made import SECOND, START, store_of, tcp
from made_events import add_events, event

from netsleuth_tui.analysis import Scope, clock_hints, source_lines, sources_table, summary, summary_dict, summary_table
from netsleuth_tui.analysis.scope import event_rows_of, rows_of
from netsleuth_tui.decode.columns import NO_TIME
from netsleuth_tui.errors import NetSleuthError
from netsleuth_tui.ingest import Progress, parse_offset, parse_shift
from netsleuth_tui.session import Session
from netsleuth_tui.store import Store
from netsleuth_tui.store.clock import fits

HOUR = 3600 * SECOND


def two() -> Store:
    """A capture of a minute, and a log of the same minute whose third event has no time."""
    made = store_of([tcp(START + k * SECOND, src=0, dst=1) for k in range(60)])
    return add_events(made, *(event(START + k * SECOND if k != 2 else NO_TIME) for k in range(60)))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 1), st.integers(-(10**15), 10**15)), max_size=6))
def test_offsets_come_and_go_without_a_trace(steps: list[tuple[int, int]]) -> None:
    """Whatever was set before, times are those of the files plus the offset; without offsets they are what they were."""
    store = two()
    packets, events, spans = store.columns().time.copy(), store.events.view().time.copy(), [(s.first, s.last) for s in store.sources]
    for source, offset in steps:
        store.set_clocks(((source, offset),))
        assert (store.columns().time == packets + (offset if source == 0 else 0)).all()
        there = events != NO_TIME
        assert (store.events.view().time[there] == events[there] + (offset if source == 1 else 0)).all()
        assert (store.events.view().time[~there] == NO_TIME).all()
        assert store.sources[source].shift == offset
        assert store.sources[source].first == spans[source][0] + offset  # type: ignore[operator]
    store.set_clocks(())
    assert (store.columns().time == packets).all()
    assert (store.events.view().time == events).all()
    assert [(s.first, s.last, s.shift) for s in store.sources] == [(*span, 0) for span in spans]


def test_filters_and_windows_follow_the_clock() -> None:
    """Answers that were kept are found out again, and a view that was taken before keeps its times."""
    store = two()
    text = f'frame.time >= "{np.datetime64(START + 30 * SECOND, "ns")}Z"'
    before = store.columns()
    assert (len(rows_of(store, Scope(text))), len(event_rows_of(store, Scope(text)))) == (30, 30)
    store.set_clocks(((0, -20 * SECOND), (1, HOUR)))
    assert (len(rows_of(store, Scope(text))), len(event_rows_of(store, Scope(text)))) == (10, 59)
    assert len(rows_of(store, Scope("", START, START + SECOND))) == 1
    assert before.time[0] == START


def test_two_files_that_change_places_are_found_by_time_all_the_same() -> None:
    """The rows of the table are not in the order of time any more, and windows know it."""
    store = store_of([tcp(START + k * SECOND) for k in range(10)], [tcp(START + (20 + k) * SECOND) for k in range(10)])
    assert store.table.in_order
    store.set_clocks(((1, -HOUR),))
    assert not store.table.in_order
    assert len(rows_of(store, Scope("", START - HOUR, START))) == 10
    store.set_clocks(())
    assert store.table.in_order


def test_an_offset_that_times_do_not_bear_is_refused() -> None:
    """Nothing leaves the range of 64 bits, and nothing is moved while files are loaded."""
    assert fits(START, START, 10**18)
    assert not fits(START, 2**63 - 2, SECOND)
    session = Session(1 << 28)
    session.store = two()
    session.progress = Progress("loading", "", 0, 1, 0, 0, 60, 1.0, ())
    with pytest.raises(NetSleuthError, match="being loaded"):
        session.with_clock(Scope(), 0, HOUR)
    session.progress = Progress("done", "", 1, 1, 0, 0, 60, 1.0, ())
    with pytest.raises(NetSleuthError, match="1678"):
        session.with_clock(Scope(), 0, 2**63 - 1 - START)
    scope = session.with_clock(session.with_clock(Scope("tcp"), 1, HOUR), 0, -HOUR)
    assert scope == Scope("tcp", clocks=((0, -HOUR), (1, HOUR)))
    assert [str(shift) for shift in session.shifts_of(scope)] == ["file0.pcap=-3600s", "file1.evtx=+3600s"]
    assert session.with_clock(scope, 0, None).clocks == ((1, HOUR),)


@pytest.mark.parametrize(("text", "offset"), [("+3600s", HOUR), ("-2h", -2 * HOUR), ("+05:45", 20_700 * SECOND), ("-0.25", -SECOND // 4)])
def test_an_offset_reads_as_on_the_command_line(text: str, offset: int) -> None:
    """One parser: what --shift takes after the equals sign."""
    assert parse_offset(text) == offset == parse_shift(f"a={text}").offset
    for wrong in ("", "h", "12 parsecs", "1e400d"):
        with pytest.raises(NetSleuthError):
            parse_offset(wrong)


# Suggestions


def logons(off: int, count: int = 5, *, lag: int = SECOND // 3) -> Store:
    """Connections to a file server, and the logons that came over them, by a clock that is off by so much."""
    ports = [50_000 + k for k in range(count)]
    syns = [tcp(START + k * 7 * SECOND, 0x02, src=0, dst=1, src_port=port, dst_port=445) for k, port in enumerate(ports)]
    told = [
        event(START + k * 7 * SECOND + lag - off, 4624 + k % 2, {"IpAddress": "::ffff:10.0.0.1", "IpPort": str(port)})
        for k, port in enumerate(ports)
    ]
    return add_events(store_of(syns), *told)


@pytest.mark.parametrize("off", [HOUR, -HOUR, 90 * SECOND, -5400 * SECOND])
def test_the_same_logons_on_the_wire_and_in_the_log_tell_the_offset(off: int) -> None:
    """Whole seconds, or whole quarters of an hour where it is close to one; and how it is known."""
    (hint,) = clock_hints(logons(off))
    assert (hint.source, hint.offset) == (1, off)
    assert "5 logons" in hint.evidence
    store = logons(off)
    found = summary(store, Scope())
    assert [told["offset"] for told in summary_dict(found)["clock_hints"]] == [off]
    assert "5 logons" in str([row for row in zip(*next(iter(summary_table(found).blocks)), strict=True) if row[1] == "file1.evtx"])
    store.set_clocks(((1, hint.offset),))
    assert clock_hints(store) == ()


@pytest.mark.parametrize(
    "store", [logons(0), logons(HOUR, 1), logons(3 * SECOND), two(), store_of([])], ids=["right", "one", "3 s", "none", "empty"]
)
def test_nothing_is_suggested_where_nothing_is_known(store: Store) -> None:
    """Clocks that agree, one logon alone, a few seconds, no logon."""
    assert clock_hints(store) == ()


def test_ports_that_are_used_again_prove_nothing() -> None:
    """Two connections from the same address and port, far apart: it is not known which the logon was."""
    made = logons(HOUR, 2)
    store = store_of([tcp(START + k * HOUR, 0x02, src=0, dst=1, src_port=50_000 + j, dst_port=445) for k in range(3) for j in range(2)])
    add_events(store, *(event(START, 4624, {"IpAddress": "10.0.0.1", "IpPort": str(50_000 + j)}) for j in range(2)))
    assert clock_hints(store) == ()
    assert clock_hints(made)


def test_spans_that_do_not_meet_suggest_a_time_zone() -> None:
    """A log an hour away from the capture; not one that is a day away, nor one that lies beside it by minutes."""
    for off, wanted in ((HOUR, ((1, HOUR),)), (-7 * HOUR - 1800 * SECOND, ((1, -7 * HOUR - 1800 * SECOND),)), (26 * HOUR, ()), (0, ())):
        store = store_of([tcp(START + k * SECOND) for k in range(600)])
        add_events(store, *(event(START + k * 60 * SECOND - off) for k in range(10)))
        hints = clock_hints(store)
        assert tuple((hint.source, hint.offset) for hint in hints) == wanted
        assert all("time zone?" in hint.evidence for hint in hints)
    store = store_of([tcp(START + k * SECOND) for k in range(60)])
    assert clock_hints(add_events(store, event(START + 120 * SECOND), event(START + 150 * SECOND))) == ()


# Sources


def test_sources_say_what_they_have_and_lack() -> None:
    """The longest gap and when, numbers of records that are missing; and the summary says the same."""
    store = store_of([tcp(START), tcp(START + SECOND), tcp(START + 100 * SECOND), tcp(START + 101 * SECOND)])
    add_events(store, *(event(START + k * SECOND, record_id=10 + 3 * k) for k in range(4)))
    packets, log = source_lines(store)
    assert (packets.gap, packets.gap_at, packets.missing) == (99 * SECOND, START + SECOND, 0)
    assert (log.gap, log.missing, log.notes) == (SECOND, 6, ("6 record numbers are missing",))
    assert (log.filter, len(event_rows_of(store, Scope(log.filter))), len(rows_of(store, Scope(log.filter)))) == ("source == 1", 4, 0)
    assert len(rows_of(store, Scope(packets.filter))) == 4
    found = summary(store, Scope())
    told = summary_dict(found)["sources"]
    assert [(source["longest_gap"], source["records_missing"]) for source in told] == [(99 * SECOND, 0), (SECOND, 6)]
    rows = list(zip(*next(iter(summary_table(found).blocks)), strict=True))
    assert [row[-1] for row in rows if row[0] == "source"] == [
        "pcap; nothing for 1.65 min from 2026-03-10T12:00:01Z",
        "evtx; 6 record numbers are missing",
    ]
    assert [column[0] for column in next(iter(sources_table((packets, log)).blocks))][:3] == [0, "file0.pcap", "pcap"]
    assert list(sources_table(()).blocks) == []
