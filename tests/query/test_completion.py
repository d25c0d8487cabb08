"""Completion: what is typed at the cursor, what could be meant, and that no text at any cursor is too much for it."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from query.random_filters import FILTERS
from query.reference import PACKETS, holds

from netsleuth_tui.query import ALIASES, FIELDS, NAMED, PROTOCOLS, FilterError, parse, unparse
from netsleuth_tui.query.completion import Candidate, complete
from netsleuth_tui.query.event_fields import EVENT_FIELDS, event_field

PLACES = [
    # text with the cursor as |, what is typed there, field, part before the cursor, the rest of the filter
    ("|", "name", "", "", ""),
    ("tcp.fl|", "name", "", "tcp.fl", ""),
    ("tcp.fl| == 1", "name", "", "tcp.fl", ""),
    ("tcp && (ip.|", "name", "", "ip.", ""),
    ("not r|", "name", "", "r", ""),
    ("10 < |", "name", "", "", ""),
    ("tcp.port |", "operator", "tcp.port", "", ""),
    ("ip.addr n|", "operator", "ip.addr", "n", ""),
    ("tcp.flags & 2 |", "operator", "tcp.flags", "", ""),
    ("tcp.flags & |", "bits", "tcp.flags", "", ""),
    ("tcp |", "joint", "", "", ""),
    ("(tcp) a|", "joint", "", "a", ""),
    ("tcp.port == 80 |", "joint", "tcp.port", "", ""),
    ("tcp.port in |", "brace", "tcp.port", "", ""),
    ("tcp.port ==|", "value", "tcp.port", "", ""),
    ("tcp.port == 4|", "value", "tcp.port", "4", ""),
    ("tcp.port == 4|43", "value", "tcp.port", "4", ""),
    ("10 < ip.ttl < |", "value", "ip.ttl", "", ""),
    ("protocol == |", "value", "_ws.col.protocol", "", ""),
    ('_ws.col.protocol == "T|', "value", "_ws.col.protocol", '"T', ""),
    ("udp && tcp.port in {80, 4|", "set", "tcp.port", "4", "udp"),
    ("tcp.port in {80, 4|, 5} && udp", "set", "tcp.port", "4", "udp"),
    ("tcp.port in {80..|", "set", "tcp.port", "", ""),
    ("tcp.port not in {|", "set", "tcp.port", "", ""),
    ("tcp && ip.src == |", "value", "ip.src", "", "tcp"),
    ("ip.src == | && tcp", "value", "ip.src", "", "tcp"),
    ("udp && !(ip.ttl == 1 || ip.src == 1|", "value", "ip.src", "1", "udp and not ip.ttl == 1"),
    ("tcp && (udp || ip.src == |) && arp", "value", "ip.src", "", "tcp and arp"),
    ("tcp || ip.src == |", "value", "ip.src", "", ""),
    ("tcp ^^ ip.src == |", "value", "ip.src", "", ""),
    ("tcp && nonsense == 1 && ip.src == |", "value", "ip.src", "", ""),
    ("tcp && ip.src == | 10.0.0.1 && udp", "value", "ip.src", "", "tcp and udp"),
    ("tcp && all tcp.port > |", "value", "tcp.port", "", "tcp"),
    ("tcp && ip.ttl == i|p.len & 3 || arp", "value", "ip.ttl", "i", ""),
    ("EventID == 4663 && SubjectUserName == |", "value", "SubjectUserName", "", "EventID == 4663"),
    ("EventID in {46|", "set", "EventID", "46", ""),
    ('ext(ObjectName) == "d|', "value", "ext(ObjectName)", '"d', ""),
    ('EventData."a b" == |', "value", 'EventData."a b"', "", ""),
    ("Subj|", "name", "", "Subj", ""),
]


@pytest.mark.parametrize(("marked", "what", "field", "typed", "rest"), PLACES)
def test_the_cursor_knows_what_is_typed(marked, what, field, typed, rest):
    """Kind of word, field, beginning, and the filter in whose rows values are to be counted."""
    cursor = next(found.start() for found in re.finditer(r"(?<!\|)\|(?!\|)", marked))
    text = marked[:cursor] + marked[cursor + 1 :]
    found = complete(text, cursor)
    assert (found.place.what, found.place.field, found.place.typed) == (what, field, typed)
    assert found.rest == rest


NAMES = [
    ("tcp", ["tcp", "tcp.port"]),
    ("reset", ["tcp.flags.reset"]),
    ("ttl", ["ip.ttl"]),
    ("ip", ["ip", "ipv6"]),
    ("TCP.FL", ["tcp.flags", "tcp.flags.fin"]),
    ("tpt", ["tcp.port"]),
    ("hop", ["ipv6.hlim"]),
    ("protocol", ["_ws.col.protocol"]),
    ("ns", ["tcp.flags.ae"]),
    ("zzz", []),
]


@pytest.mark.parametrize(("typed", "first"), NAMES)
def test_names_are_ranked(typed, first):
    """The beginning of a name counts most, then that of a part, then a word of the meaning, then letters in their order."""
    names = [candidate.text for candidate in complete(typed, len(typed)).candidates]
    assert names[: len(first)] == first
    assert names == [] if not first else names


def test_every_name_is_offered_with_its_meaning():
    """On an empty line: all fields and protocols, with what they mean and what they hold."""
    offered = {candidate.text: candidate for candidate in complete("", 0).candidates}
    assert set(offered) == {*NAMED, *PROTOCOLS, *EVENT_FIELDS}
    assert all(candidate.meaning and candidate.kind for candidate in offered.values())
    assert offered["ip.src"].kind == "IPv4 address"


@pytest.mark.parametrize("name", sorted({*NAMED, *PROTOCOLS, *ALIASES, *EVENT_FIELDS, "ObjectName", "ext(ObjectName)"}))
def test_whatever_is_offered_can_be_accepted(name):
    """Behind each name, all operators that are offered make a filter with a value behind them."""
    values = {"address": "10.0.0.1", "time": "1", "label": '"TCP"', "text": '"x"', "place": '"x"'}
    field = NAMED.get(ALIASES.get(name, name)) or event_field(name)
    text = f"{name} "
    for candidate in complete(text, len(text)).candidates:
        after, cursor = complete(text, len(text)).accepted(text, candidate.text, more=candidate.more)
        assert cursor == len(after)
        value = "tcp" if candidate.text in {"&&", "||", "^^"} else "0" if field is None else values.get(field.kind, "0")
        value = '"x"' if candidate.text in {"contains", "matches"} and value == "0" else value
        value = "2001:db8::" if field is not None and field.version == 6 and value == "10.0.0.1" else value
        parse(after + value + ("}" if candidate.text.endswith("{") else ""))


def test_names_of_event_data_are_offered_as_they_occur():
    """Those that the logs have, beside the fields of every event; any part of a name finds it, in any case."""
    data = (Candidate("SubjectUserName", "in 12 events", "event data"), Candidate("EventData.param1", "in 1 event", "event data"))
    assert [one.text for one in complete("subjectu", 8, data).candidates] == ["SubjectUserName"]
    assert next(one.text for one in complete("param", 5, data).candidates) == "EventData.param1"
    assert "EventID" in [one.text for one in complete("event", 5).candidates]
    assert [one.text for one in complete("TargetUserName == Subj", 22, data).candidates] == ["SubjectUserName"]


def test_accepting_replaces_the_whole_word():
    """Also what stands behind the cursor; a blank follows where something has to."""
    found = complete("udp && tcp.fl_x == 1", 12)
    assert found.accepted("udp && tcp.fl_x == 1", "tcp.flags", more=True) == ("udp && tcp.flags == 1", 17)
    assert complete("tcp.port==", 10).accepted("tcp.port==", "443") == ("tcp.port== 443", 14)
    assert complete("tcp.port in {80,4", 17).accepted("tcp.port in {80,4", "443") == ("tcp.port in {80,443", 19)
    assert complete("tcp.fl", 6).accepted("tcp.fl", "tcp.flags.syn", more=True) == ("tcp.flags.syn ", 14)


WORDS = st.lists(
    st.sampled_from([*"()!&|^{},.~<>=\"'-", *FIELDS, *PROTOCOLS, "==", "in", "not", "and", "all", "80", '"T', "..", " ", "é"]), max_size=14
)


@settings(max_examples=800, deadline=None)
@given(st.one_of(st.text(max_size=40), WORDS.map(" ".join), WORDS.map("".join)), st.data())
def test_any_text_at_any_cursor_can_be_asked(text, data):
    """Never an exception; what is replaced holds the cursor; what is accepted stands there; the rest is a filter or nothing."""
    cursor = data.draw(st.integers(-1, len(text) + 1))
    found = complete(text, cursor)
    if found is None:
        return
    replaced = found.place.replaced
    assert 0 <= replaced.start <= cursor <= replaced.end <= len(text)
    assert found.place.typed == text[replaced.start : cursor]
    assert found.field == "" or found.field in NAMED or event_field(found.field) is not None
    after, place = found.accepted(text, "tcp.port", more=True)
    assert "tcp.port" in after[:place]
    assert not found.rest or parse(found.rest)


@settings(max_examples=150, deadline=None)
@given(FILTERS)
def test_values_are_counted_among_rows_that_can_still_match(node):
    """Whatever value is typed at the cursor, a row that the filter keeps is among those that are counted."""
    text = unparse(node)
    kept = {row for row, packet in enumerate(PACKETS[:150]) if holds(node, packet)}
    for cursor in range(0, len(text) + 1, 3):
        found = complete(text, cursor)
        if found is None or not found.field:
            continue
        rest = {row for row, packet in enumerate(PACKETS[:150]) if not found.rest or holds(parse(found.rest), packet)}
        assert kept <= rest, (text, cursor, found.rest)


@pytest.mark.parametrize(
    "text", ["(" * 10_000, "tcp && " * 1500, "!" * 5000 + "tcp.port == ", '"' + "x" * 9000, "tcp.port in {" + "1," * 4000]
)
def test_long_text_takes_no_long_time(text):
    """10 kB of anything, at the end and within what a filter may have: well below the time between two keys."""
    for cursor in (len(text), 4000, 4096):
        began = time.perf_counter()
        complete(text, cursor)
        assert time.perf_counter() - began < 1


def test_a_filter_that_cannot_be_parsed_is_left_out():
    """Where the rest is no filter, values are counted in all rows."""
    with pytest.raises(FilterError):
        parse("nonsense && tcp")
    assert complete("nonsense && tcp.port == ", 24).rest == ""
