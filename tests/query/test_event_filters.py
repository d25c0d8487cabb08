"""Filters over events: what they mean, that they agree with a slow reading of the rules, and what an error says."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from made import START, store_of, tcp
from made_events import add_events, event
from query.event_reference import EVENTS, ROWS, STORE, holds_event
from query.random_event_filters import EVENT_FILTERS

from netsleuth_tui.analysis import Scope, event_rows_of, rows_of
from netsleuth_tui.analysis.times import iso
from netsleuth_tui.query import FilterError, classify, compile_filter, filter_events, parse, unparse
from netsleuth_tui.query.event_filter import matching_events
from netsleuth_tui.store import Store


def kept(node) -> list[int]:
    found = matching_events(node, STORE.event_values, STORE.texts_matching, 0, ROWS)
    assert found.dtype == np.bool_
    return np.flatnonzero(found).tolist()


def rows(store: Store, text: str) -> list[int]:
    found = event_rows_of(store, Scope(text))
    return found.take(0, len(found)).tolist()


@settings(max_examples=400, deadline=None)
@given(EVENT_FILTERS)
def test_events_are_kept_by_the_rules(node):
    """Every tree keeps the events for which the slow reading of the rules holds, and no others."""
    assert kept(node) == [row for row in range(ROWS) if holds_event(node, row)]


@settings(max_examples=300, deadline=None)
@given(EVENT_FILTERS)
def test_a_tree_survives_being_written_down(node):
    """What is written out parses to the same tree."""
    assert parse(unparse(node)) == node


@settings(max_examples=100, deadline=None)
@given(EVENT_FILTERS)
def test_a_filter_and_its_opposite_part_the_events(node):
    """No event is kept by both, and none by neither."""
    from netsleuth_tui.query.nodes import Not

    assert sorted([*kept(node), *kept(Not(node))]) == list(range(ROWS))


@settings(max_examples=100, deadline=None)
@given(EVENT_FILTERS)
def test_rows_that_come_later_are_tested_alike(node):
    """The rows of two parts are those of the whole: what was tested before need not be looked at again."""
    parts = [matching_events(node, STORE.event_values, STORE.texts_matching, *part) for part in ((0, 120), (120, 121), (121, ROWS))]
    assert np.flatnonzero(np.concatenate(parts)).tolist() == kept(node)


def test_the_events_have_what_is_tested():
    """The random events hold absent and present fields, damaged text, and handles that are used again."""
    assert any("\ud800" in (value or "") for each in EVENTS for value in each.values)
    assert 0 < len(kept(parse("Handle.ObjectName && !ObjectName"))) < ROWS


MEANINGS = [
    ("EventID == 4663", [0, 1]),
    ('SubjectUserName == "alice"', [0]),
    ("SubjectUserName == alice", [0]),
    ('SubjectUserName != "alice"', [1]),
    ('!(SubjectUserName == "alice")', [1, 2]),
    ("SubjectUserName", [0, 1]),
    (r'ObjectName matches "\.(dll|log)$"', [0, 1]),
    (r'ObjectName matches r"\.LOG$"', [1]),
    ("AccessMask == 0x10000", [0]),
    ("AccessMask == 65536", [0]),
    ('AccessMask == "65536"', []),
    ("AccessMask & 0x2", [1]),
    ("AccessMask & 0x3 == 2", [1]),
    ("AccessMask in {1..10}", [1]),
    ("AccessMask < 0x10000", [1]),
    ('ext(ObjectName) == "dll"', [0]),
    (r'folder(ObjectName, 1) == "c:\\windows"', [0]),
    ("EventData.ProcessID == 5", [2]),
    ("ProcessID == 5", []),
    ("ProcessID == 9", [0, 1, 2]),
    ('EventData."Product Name" contains "Sleuth"', [2]),
    ("EventData.param1", [2]),
    ("tcp", []),
    ("!tcp", [0, 1, 2]),
    ("frame", []),
    ("ip.addr == 10.0.0.1 || EventID == 1", [2]),
    ("ip.ttl != 64", []),
    ("NoSuchField", []),
    ("!NoSuchField", [0, 1, 2]),
    ('frame.time > "1970-01-01 00:00:01"', [1, 2]),
    ('TimeCreated == "1970-01-01 00:00:01"', [0]),
    ("frame.time_epoch == 1", [0]),
    ("SubjectUserName != TargetUserName", [1]),
    ("hour == 1", [2]),
    ("Recovered == true", []),
]


@pytest.fixture(scope="module")
def three() -> Store:
    """Three events, one second, two seconds and an hour after 1970 began."""
    return add_events(
        Store(),
        event(
            10**9,
            4663,
            {"SubjectUserName": "alice", "ObjectName": r"C:\Windows\a.dll", "AccessMask": "0x10000", "TargetUserName": "alice"},
            process_id=9,
        ),
        event(
            2 * 10**9, 4663, {"SubjectUserName": "bob", "ObjectName": r"D:\b.log", "AccessMask": "0x2", "TargetUserName": ""}, process_id=9
        ),
        event(3600 * 10**9, 1, {"ProcessID": "5", "Product Name": "NetSleuth", "param1": "x"}, process_id=9),
    )


@pytest.mark.parametrize(("text", "expected"), MEANINGS)
def test_what_a_filter_means_for_events(three, text, expected):
    """Filters as a person writes them keep the events that they mean."""
    assert rows(three, text) == expected


def test_the_time_window_is_for_events_too(three):
    """Begin included, end excluded."""
    assert len(event_rows_of(three, Scope("", 10**9, 2 * 10**9))) == 1
    assert len(event_rows_of(three, Scope("EventID == 4663", 2 * 10**9, None))) == 1


def test_packets_have_no_fields_of_events():
    """A filter of events keeps no packet, its opposite keeps all; TimeCreated is a time of packets, too."""
    store = store_of([tcp(START), tcp(START + 1)])
    everything = len(rows_of(store, Scope()))
    assert everything > 0
    for text in ("EventID == 4663", "SubjectUserName", "EventID != ProcessId", 'ObjectName matches "x"', "hour == 3"):
        assert len(rows_of(store, Scope(text))) == 0
        assert len(rows_of(store, Scope(f"!({text})"))) == everything
    assert len(rows_of(store, Scope(f'TimeCreated > "{iso(START)}"'))) == len(rows_of(store, Scope(f'frame.time > "{iso(START)}"'))) == 1


def test_more_events_are_found_as_they_are_loaded():
    """A filter that was asked before looks at the new rows alone, and finds them."""
    store = add_events(Store(), event(1, 4663, {"ObjectName": r"C:\a.dll"}))
    assert rows(store, "ext(ObjectName) == dll") == [0]
    add_events(store, event(2, 4663, {"ObjectName": r"C:\a.dll"}), event(3, 1, {"X": "1"}), event(4, 1, {"ObjectName": r"C:\new.dll"}))
    assert rows(store, "ext(ObjectName) == dll") == [0, 1, 3]


ERRORS = [
    ("EventID == 65536", "65536", "EventID is a number from 0 to 65535"),
    ("EventID == x", "x", "for example EventID == 4663"),
    ("EventID contains 4", "EventID", "holds no text to search"),
    ("hour == 24", "24", "hour is a number from 0 to 23"),
    ("EventID == TimeCreated", "TimeCreated", "different kinds of values"),
    ("TCP.PORT == 1", "TCP.PORT", "did you mean tcp.port?"),
    ("eventid == 4663", "eventid", "did you mean EventID?"),
    ("ext(EventID) == 3", "ext(EventID)", "as in folder(ObjectName,2)"),
    ("AccessMask == 99999999999999999999", "99999999999999999999", "at most 64 bits"),
    ('ObjectName matches "("', '"("', "not a regular expression"),
    (r'ObjectName matches r"(a)\1"', r'r"(a)\1"', "looking around are not supported"),
    ('ObjectName matches "a(?=b)"', '"a(?=b)"', "looking around are not supported"),
    ('ObjectName matches "a{1001}"', '"a{1001}"', "more than 1000 times"),
    ("ObjectName matches x", "x", 'for example ObjectName matches ".dll"'),
    ("tcp.port == EventID", "EventID", "a whole number"),
    ("TimeCreated > 2026-13-01", "2026-13-01", "is not a time"),
    ('AccessMask & 2 == "x"', '"x"', "bits are compared with a number"),
    ("AccessMask & 2 in {1, x}", "x", "bits are compared with a number"),
    ("Provider & 3", "Provider", "& picks bits from whole numbers"),
]


@pytest.mark.parametrize(("text", "marked", "says"), ERRORS)
def test_an_error_marks_the_culprit(text, marked, says):
    """Column and length cover it, and the message helps."""
    with pytest.raises(FilterError) as caught:
        parse(text)
    error = caught.value
    assert text[error.column : error.column + error.length] == marked
    assert says in str(error)


def test_a_hopeless_pattern_takes_no_time(three):
    """Repeated groups over long texts, which would take other engines years, are answered at once."""
    add = add_events(Store(), event(1, 1, {"Text": "a" * 30_000 + "!"}))
    assert rows(add, 'Text matches "(a+)+$"') == []
    assert rows(three, 'SubjectUserName matches "(a|b)+"') == [0, 1]


def test_names_of_event_fields_are_coloured_as_fields():
    """Also those that no plain word can be."""
    text = 'EventData."a b" == 1 && ext(ObjectName) == dll'
    assert [text[span.start : span.end] for span in classify(text) if span.kind == "field"] == ['EventData."a b"', "ext(ObjectName)"]


def test_a_filter_for_events_compiles_for_packets():
    """The predicate of a filter of events is a constant: no column is looked at."""

    class Hosts:
        version = np.zeros(0, np.uint8)
        hi = lo = np.zeros(0, np.uint64)

    assert compile_filter("EventID == 4663 && SubjectUserName", hosts=Hosts()).sql.sql() == "FALSE"
    with pytest.raises(FilterError):
        filter_events("EventID ==", STORE.event_values, STORE.texts_matching, 0, 1)


def test_any_text_can_be_searched_for():
    """Unpaired surrogates, NUL and quotes in texts and patterns neither fail nor match what they should not."""
    store = add_events(Store(), event(1, 1, {"T": "a\ud800b"}), event(2, 1, {"T": "nul\x00'\";"}), event(3, 1, {"T": "ab"}))
    assert rows(store, 'T contains "\\ud800"') == [0]
    assert rows(store, 'T == "a\\ud800b"') == [0]
    assert rows(store, 'T matches "a.b"') == [0]
    assert rows(store, 'T matches "\\x00\'"') == [1]
    assert rows(store, 'T matches "\\ud800"') == [0]
