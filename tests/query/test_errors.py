"""What a filter that cannot be used is told, and where."""

from __future__ import annotations

import re
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from query.random_filters import FILTERS

from netsleuth_tui.query import ALIASES, FIELDS, PROTOCOLS, FilterError, classify, compile_filter, parse, unparse

ERRORS = [
    # text, the marked characters, what the message says
    ("", "", "the filter is empty"),
    ("tcp.flag == 1", "tcp.flag", 'no field "tcp.flag"; did you mean tcp.flags?'),
    ("tpc", "tpc", 'no field "tpc"; did you mean tcp?'),
    ("tcp and TCP.PORT == 1", "TCP.PORT", "did you mean tcp.port?"),
    ("udp && srcport == 1", "srcport", "did you mean tcp.srcport?"),
    ("qqqq", "qqqq", "completion lists the fields"),
    ("tcp.seq == 1", "tcp.seq", "tcp.seq_raw is the number on the wire"),
    ("tcp.ack == 1", "tcp.ack", "tcp.ack_raw"),
    ("tcp.window_size > 1", "tcp.window_size", "tcp.window_size_value"),
    ("tcp.stream == 1", "tcp.stream", "TCP streams are not followed"),
    ("tcp.analysis.bytes_in_flight", "tcp.analysis.bytes_in_flight", "of TCP analysis there are"),
    ("eth.src == 00:11:22:33:44:55", "eth.src", "MAC addresses are not kept"),
    ("ip.src == 00:11:22:33:44:55", "00:11:22:33:44:55", "MAC addresses are not kept"),
    ("http", "http", "protocols above TCP and UDP are not dissected"),
    ("dns.qry.name == 1", "dns.qry.name", "by port: udp.port == 53"),
    ('frame contains "GET"', "frame", "payload bytes are not indexed"),
    ('tcp.payload contains "GET"', "tcp.payload", "payload bytes are not indexed"),
    ("eth[0:3] == 1", "[", "slices are not supported"),
    ("ip.src#1 == 10.0.0.1", "#", "layers cannot be chosen"),
    ("ip.ttl + 1 == 2", "+", "arithmetic is not supported"),
    ("tcp.len == 5 * tcp.hdr_len", "*", "arithmetic is not supported"),
    ("tcp.len == 5*tcp.len", "*", "arithmetic is not supported"),
    ("tcp.len == ip.len*2", "*", "arithmetic is not supported"),
    ("ObjectName == *.dll", "*", "a * stands for nothing here"),
    ("ObjectName == svchost*", "*", "a * stands for nothing here"),
    ("ObjectName == *\\cmd.exe", "*", "a * stands for nothing here"),
    ("len(tcp) > 5", "len", "functions such as len() are not supported"),
    ("tcp.port == ${tcp.port}", "$", "no references to the selected frame"),
    ("tcp.port == '1'", "'", "a string is written in double quotes"),
    ("tcp | udp", "|", "write || or or"),
    ("tcp ; drop", ";", "one expression"),
    ("tcp.port = 80", "=", "write == for equal"),
    ("tcp.port ==", "==", 'something is missing after "=="'),
    ("tcp and", "and", 'something is missing after "and"'),
    ("tcp && !", "!", 'something is missing after "!"'),
    ("== 80", "==", 'something is missing before "=="'),
    ("tcp and or udp", "or", 'something is missing between "and" and "or"'),
    ("tcp udp", "udp", 'an operator is missing before "udp"'),
    ("tcp AND udp", "AND", '"AND" is written in lower case'),
    ("(tcp", "(", '"(" is never closed'),
    ("(tcp or (udp)", "(", '"(" is never closed'),
    ("tcp)", ")", '")" closes nothing'),
    ("()", ")", "nothing in these parentheses"),
    ("tcp.port in {80", "{", '"{" is never closed'),
    ("tcp.port in {80 and tcp", "{", '"{" is never closed'),
    ("tcp.port in {}", "}", "no values in these braces"),
    ("tcp.port in {80,}", ",", 'something is missing after ","'),
    ("tcp.port in {80 443}", "443", "separated by commas"),
    ("tcp.port in {80..}", "..", 'something is missing after ".."'),
    ("tcp.port in {90..80}", "90..80", "this range is empty"),
    ("tcp.port in 80", "80", '"in" is followed by values in braces'),
    ("tcp.port == {80}", "{", "belongs to a set of values"),
    ("ip.src in {10.0.0.0/8..11.0.0.0}", "10.0.0.0/8", "the ends of a range are single addresses"),
    ('protocol == "TCP', '"TCP', "this string has no closing quote"),
    ('protocol == "TCP\\', '"TCP\\', "this string has no closing quote"),
    (r'protocol == "\q"', r"\q", r"\q is not an escape"),
    (r'protocol == "\ud800"', r"\ud800", "is not a character"),
    ('protocol == "HTTP"', '"HTTP"', 'no protocol is labelled "HTTP"'),
    ('"TCP"', '"TCP"', "a string alone is no condition"),
    ("80", "80", "for example tcp.port == 80"),
    ("10.0.0.1", "10.0.0.1", "for example ip.addr == 10.0.0.1"),
    ("1 == 1", "1", "two values are compared"),
    ("tcp == 80", "tcp", "tcp is a protocol and has no value"),
    ("ip.ttl == 256", "256", "ip.ttl is a number from 0 to 255"),
    ("ip.ttl < 300", "300", "out of range"),
    ("ip.ttl == -1", "-1", "out of range"),
    ("tcp.flags.reset == 2", "2", "out of range"),
    ("tcp.flags & 0x10000", "0x10000", "out of range"),
    ("tcp.flags & x", "x", "a number that says which bits"),
    ("ip.src & 255", "ip.src", "& picks bits from whole numbers"),
    ("ip.ttl == 1.5", "1.5", "a whole number, not with 1.5"),
    ("ip.ttl == 08", "08", "a whole number"),
    ('ip.ttl == "64"', '"64"', "not with a string"),
    ("ip.proto == TCP", "TCP", "for example ip.proto == 6"),
    ("ip.src == tcp", "tcp", "tcp is a protocol, not a value of ip.src"),
    ("ip.src == example.com", "example.com", "names are not resolved"),
    ("ip.src == 10.0.0", "10.0.0", "is not an IPv4 address"),
    ("ip.src == 010.0.0.1", "010.0.0.1", "is not an IPv4 address"),
    ("ip.src == 10.0.0.0/33", "10.0.0.0/33", "prefix length from 0 to 32"),
    ("ip.src == fe80::1", "fe80::1", "but ip.src is IPv4"),
    ("ipv6.src == 10.0.0.1", "10.0.0.1", "but ipv6.src is IPv6"),
    ('ip.src == "10.0.0.1"', '"10.0.0.1"', "without quotes"),
    ("ip.src == ipv6.src", "ipv6.src", "different kinds of values"),
    ("ip.src < ip.dst", "ip.dst", "only be equal or not"),
    ('frame.time > "yesterday"', '"yesterday"', "is not a time"),
    ('frame.time > "2026-02-30"', '"2026-02-30"', "is not a time"),
    ('frame.time > "2026-02-03 25:00"', '"2026-02-03 25:00"', "is not a time"),
    ("frame.time_epoch > 1.0000000001", "1.0000000001", "at most nanoseconds"),
    ('frame.time > "9999-01-01"', '"9999-01-01"', "outside the years"),
    ("tcp.port contains 80", "tcp.port", "holds no text to search"),
    ('ip.src matches "10"', "ip.src", "a network such as"),
    ("protocol contains 80", "80", "a string in double quotes"),
    ('protocol matches "("', '"("', "not a regular expression"),
    ('protocol matches "(a+)+"', '"(a+)+"', "repeated groups"),
    ('protocol matches "[[a]"', '"[[a]"', "read in two ways"),
    ("all tcp", "tcp", "a comparison is missing here"),
    ("tcp.port == 80 …", "…", "no meaning in a filter"),
    ("tcp\x00", "\x00", "no meaning in a filter"),
]


@pytest.mark.parametrize(("text", "marked", "says"), ERRORS)
def test_an_error_marks_the_culprit_and_says_what_to_do(text, marked, says):
    """Column and length cover the culprit; the message helps."""
    with pytest.raises(FilterError) as caught:
        parse(text)
    error = caught.value
    assert text[error.column : error.column + error.length] == marked
    assert says in str(error)
    assert error.length >= 1


def test_the_last_of_several_closing_parentheses_is_the_culprit():
    """Where the same characters occur twice, the column tells them apart."""
    with pytest.raises(FilterError) as caught:
        parse("(tcp))")
    assert caught.value.column == 5


@pytest.mark.parametrize("nested", ["(" * 101 + "tcp" + ")" * 101, "!" * 101 + "tcp", "not(" * 51 + "tcp" + ")" * 51, "(" * 4000])
def test_deep_nesting_is_refused(nested):
    """More than 100 levels are an error, not a crash."""
    with pytest.raises(FilterError, match="nested more than 100 deep"):
        parse(nested)


def test_long_text_is_refused_where_it_is_too_long():
    """The limit is 4096 characters; what is beyond is marked."""
    with pytest.raises(FilterError, match="at most 4096 characters") as caught:
        parse("tcp or " * 600 + "tcp")
    assert (caught.value.column, caught.value.length) == (4096, 107)


class Hosts:
    """Two addresses."""

    version = np.array([4, 6], np.uint8)
    hi = np.array([0, 1], np.uint64)
    lo = np.array([1, 1], np.uint64)


PARTS = st.sampled_from(
    [
        *FIELDS,
        *ALIASES,
        *PROTOCOLS,
        *[
            "==",
            "!=",
            "===",
            "!==",
            "~=",
            "<",
            "<=",
            ">",
            ">=",
            "eq",
            "ne",
            "in",
            "not",
            "and",
            "or",
            "xor",
            "&&",
            "||",
            "^^",
            "!",
            "&",
            "(",
            ")",
            "{",
            "}",
            ",",
            "..",
            "=",
            "~",
            "contains",
            "matches",
            "any",
            "all",
        ],
        *["0", "1", "80", "0x10", "-1", "1.5", "443..444", "10.0.0.1", "10.0.0.0/8", "fe80::1", "::/0", "true"],
        *['"TCP"', '"', 'r"\\d"', '"2026-11-23 12:00:00"', "é", "[", "\x00", "http", "x" * 50],
    ]
)


def error_of(text: str) -> FilterError | None:
    try:
        parse(text)
    except FilterError as error:
        return error
    return None


def is_a_filter_or_an_error(text: str) -> None:
    error = error_of(text)
    if error is not None:
        assert 0 <= error.column <= len(text)
        assert error.length >= 1
        assert error.column + error.length <= max(len(text), 1) or not text.strip()
        assert str(error)
    else:
        node = parse(text)
        assert parse(unparse(node)) == node
        compiled = compile_filter(text, hosts=Hosts)
        assert compiled is not None
        assert compiled.sql.sql(dialect="duckdb")


@settings(max_examples=1500, deadline=None)
@given(st.lists(PARTS, max_size=12), st.sampled_from([" ", "", "  "]))
def test_any_row_of_words_is_a_filter_or_an_error(parts, gap):
    """Whatever is made of the language's own words either parses or is an error with a place."""
    is_a_filter_or_an_error(gap.join(parts))


@settings(max_examples=500, deadline=None)
@given(st.text(max_size=60))
def test_any_text_is_a_filter_or_an_error(text):
    """So does anything else that can be typed or pasted."""
    is_a_filter_or_an_error(text)


@st.composite
def mutated(draw: st.DrawFn) -> str:
    """A valid filter with characters taken out, put in, or doubled."""
    text = unparse(draw(FILTERS))
    for _ in range(draw(st.integers(1, 3))):
        at, cut = draw(st.integers(0, len(text))), draw(st.integers(0, 4))
        text = (
            text[:at]
            + draw(st.sampled_from(["", "(", ")", "{", "}", '"', "\\", "!", "=", " ", "\x00", "\x1b[31m", "\ud800", "é", "..", "-"]))
            + text[at + cut :]
        )
    return text


@settings(max_examples=600, deadline=None)
@given(mutated())
def test_a_filter_with_slips_is_a_filter_or_an_error(text):
    """A few characters wrong, control characters and half surrogates among them."""
    is_a_filter_or_an_error(text)


HUGE = {
    "parentheses": "(" * 10_000, "closed": "(" * 5_000 + "tcp" + ")" * 5_000, "nots": "!" * 10_000 + "tcp", "words": "tcp or " * 1_500,
    "string": '"' + "\\" * 10_000, "set": "tcp.port in {" + "1," * 5_000, "digits": "ip.ttl == " + "9" * 10_000,
    "address": "ip.addr == " + "1." * 5_000, "groups": "ipv6.addr == " + ":" * 10_000, "control": "\x00\x1b" * 5_000,
    "pattern": '_ws.col.protocol matches "' + "(a|a)" * 2_000 + '"', "deep": "!(" * 90 + "tcp" + ")" * 90, "dots": "." * 10_000,
    "fraction": "frame.time_epoch == 0." + "1" * 4_000, "chain": "1 < " * 1_000 + "ip.ttl",
    "longest": ("ip.ttl == 1 or " * 300)[:4_080] + " tcp",
}  # fmt: skip


@pytest.mark.parametrize("text", HUGE.values(), ids=HUGE)
def test_ten_thousand_characters_are_answered_at_once(text):
    """Valid or an error at a column of the text, within the time between two keys, and so are their colours."""
    began = time.perf_counter()
    error = error_of(text)
    classify(text)
    assert time.perf_counter() - began < 2
    assert error is None or 0 <= error.column < len(text)


@settings(max_examples=500, deadline=None)
@given(st.one_of(st.text(max_size=60), st.lists(PARTS, max_size=12).map(" ".join)))
def test_colours_cover_the_text_once(text):
    """Spans are in order, without overlap, and leave out nothing but white space."""
    end = 0
    for span in classify(text):
        assert end <= span.start < span.end <= len(text)
        assert not text[end : span.start].strip(" \t\r\n")
        end = span.end
    assert not text[end:].strip(" \t\r\n")


def test_messages_are_sentences_without_code():
    """No message shows the inside of a library."""
    for text, _, _ in ERRORS:
        with pytest.raises(FilterError) as caught:
            parse(text)
        assert not re.search(r"Token|Unexpected|lark|None|Traceback|__", str(caught.value))
