"""What a filter means, in examples: each text beside its usual spelling, and the trees and SQL that some of them become."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from netsleuth_tui.query import compile_filter, parse, unparse
from netsleuth_tui.query.nodes import Address, All, Any, Comparison, Instant, Membership, Not, Number, Present, Range, Reference, Span

SPELLINGS = [
    ("tcp.port==80", "tcp.port == 80"),
    ("tcp.port eq 0x50", "tcp.port == 80"),
    ("tcp.port any_eq 0120", "tcp.port == 80"),
    ("tcp.port == 0b1010000", "tcp.port == 80"),
    ("80 == tcp.port", "tcp.port == 80"),
    ("80 < tcp.port", "tcp.port > 80"),
    ("tcp.port != 80", "tcp.port != 80"),
    ("tcp.port ne 80", "tcp.port != 80"),
    ("tcp.port all_ne 80", "tcp.port != 80"),
    ("all tcp.port !== 80", "tcp.port != 80"),
    ("tcp.port ~= 80", "tcp.port !== 80"),
    ("tcp.port !== 80", "tcp.port !== 80"),
    ("tcp.port any_ne 80", "tcp.port !== 80"),
    ("any tcp.port != 80", "tcp.port !== 80"),
    ("tcp.port === 80", "tcp.port === 80"),
    ("all tcp.port == 80", "tcp.port === 80"),
    ("all tcp.port > 1024", "all tcp.port > 1024"),
    ("any tcp.port > 1024", "tcp.port > 1024"),
    (
        "tcp.port gt 1 && tcp.port lt 9 || tcp.port ge 5 and tcp.port le 6",
        "tcp.port > 1 and tcp.port < 9 or tcp.port >= 5 and tcp.port <= 6",
    ),
    ("tcp or udp and arp", "tcp or udp and arp"),
    ("(tcp or udp) and arp", "(tcp or udp) and arp"),
    ("tcp xor udp or arp and ip", "tcp xor udp or arp and ip"),
    ("tcp ^^ (udp or arp)", "tcp xor (udp or arp)"),
    ("((tcp))and((udp))", "tcp and udp"),
    ("tcp and (udp and arp)", "tcp and udp and arp"),
    ("!tcp&&!udp", "not tcp and not udp"),
    ("not tcp and udp", "not tcp and udp"),
    ("not (tcp and udp)", "not (tcp and udp)"),
    ("!!tcp", "not not tcp"),
    ("!tcp.flags & 2", "not tcp.flags & 0x2"),
    ("not tcp.port == 80", "not tcp.port == 80"),
    ("tcp.port in {80,443 , 8000..8010}", "tcp.port in {80, 443, 8000..8010}"),
    ("tcp.port not in {80}", "tcp.port not in {80}"),
    ("!(tcp.port in {80})", "tcp.port not in {80}"),
    ("ip.addr in {10.0.0.5 .. 10.0.0.9, 192.168.1.1..192.168.1.9}", "ip.addr in {10.0.0.5..10.0.0.9, 192.168.1.1..192.168.1.9}"),
    ("ip.addr == 10.1.2.3/16", "ip.addr == 10.1.0.0/16"),
    ("ipv6.addr == FE80:0::1", "ipv6.addr == fe80::1"),
    ("ipv6.src in {fe80::/10,::1..::5}", "ipv6.src in {fe80::/10, ::1..::5}"),
    ("10 < ip.ttl <= 64", "ip.ttl > 10 and ip.ttl <= 64"),
    ("ip.src == ip.dst", "ip.src == ip.dst"),
    ("tcp.flags bitwise_and 0x12 == 18", "tcp.flags & 0x12 == 0x12"),
    ("tcp.flags & 2 != 0", "tcp.flags & 0x2 != 0x0"),
    ("tcp.flags & 2", "tcp.flags & 0x2"),
    ("tcp.flags.reset == True", "tcp.flags.reset == 1"),
    ("tcp.flags.ns == false", "tcp.flags.ae == 0"),
    ("eth.type == 2048", "eth.type == 0x800"),
    ('protocol == "TCP"', '_ws.col.protocol == "TCP"'),
    ("_ws.col.protocol == TCP", '_ws.col.protocol == "TCP"'),
    (r'protocol matches "^[\x49]CMP"', '_ws.col.protocol matches "^[I]CMP"'),
    (r'protocol ~ r"\d"', r'_ws.col.protocol matches "\\d"'),
    (r'protocol contains "\u00e9\t\""', '_ws.col.protocol contains "é\\x09\\""'),
    ('frame.time >= "2026-11-23 12:00:03.5"', 'frame.time >= "2026-11-23 12:00:03.500000000Z"'),
    ('frame.time >= "2026-11-23T12:00:03Z"', 'frame.time >= "2026-11-23 12:00:03Z"'),
    ('frame.time >= "2026-11-23T12:00:03+01:30"', 'frame.time >= "2026-11-23 10:30:03Z"'),
    ('frame.time >= "2026-11-23"', 'frame.time >= "2026-11-23 00:00:00Z"'),
    ('frame.time >= "Nov 23, 2026 12:00:03.000000001 UTC"', 'frame.time >= "2026-11-23 12:00:03.000000001Z"'),
    ("frame.time > 2026-11-23T12:00:03Z", 'frame.time > "2026-11-23 12:00:03Z"'),
    ('frame.time_epoch > "1970-01-01 00:00:01"', "frame.time_epoch > 1"),
    ("frame.time_epoch in {-1.5 .. 2.000000001}", "frame.time_epoch in {-1.5..2.000000001}"),
]


@pytest.mark.parametrize(("text", "usual"), SPELLINGS)
def test_every_spelling_means_its_usual_one(text, usual):
    """Aliases, precedence, notations of numbers, addresses and times."""
    assert unparse(parse(text)) == usual
    assert parse(text) == parse(usual)


TREES = [
    ("tcp.port != 80", Comparison(Reference("tcp.port"), "!=", Number(80), every=True)),
    ("tcp.port ~= 80", Comparison(Reference("tcp.port"), "!=", Number(80), every=False)),
    ("all tcp.port < 80", Comparison(Reference("tcp.port"), "<", Number(80), every=True)),
    ("tcp.flags & 2", Comparison(Reference("tcp.flags", 2), "!=", Number(0), every=False)),
    ("tcp or udp and not arp", Any((Present("tcp"), All((Present("udp"), Not(Present("arp"))))))),
    ("ip.src == 10.1.2.3/16", Comparison(Reference("ip.src"), "==", Address(4, 0x0A010000, 16))),
    ("tcp.port not in {1, 5..7}", Not(Membership(Reference("tcp.port"), (Number(1), Range(Number(5), Number(7)))))),
    ("frame.time_epoch == 1795435203.000000007", Comparison(Reference("frame.time_epoch"), "==", Instant(1_795_435_203_000_000_007))),
    ('frame.time == "1969-12-31 23:59:59.999999999"', Comparison(Reference("frame.time"), "==", Instant(-1))),
]


@pytest.mark.parametrize(("text", "tree"), TREES)
def test_text_becomes_the_tree(text, tree):
    """The tree holds what was asked, exactly."""
    assert parse(text) == tree


def test_nodes_know_where_they_stood():
    """Spans point into the text, inside groups and chains too; parentheses and quantifiers belong to what they stand around or before."""
    node = parse("tcp and ( ip.ttl > 5 ) and all tcp.port > 5")
    assert [term.span for term in node.terms] == [Span(0, 3), Span(8, 22), Span(27, 43)]
    assert node.terms[1].right.span == Span(19, 20)


class Hosts:
    """Three addresses."""

    version = np.array([4, 6, 4], np.uint8)
    hi = np.array([0, 0xFE80 << 48, 0], np.uint64)
    lo = np.array([0x0A000001, 1, 0xC0A80001], np.uint64)


PREDICATES = [
    ("tcp", "(present & 524288) <> 0"),
    ("frame", "TRUE"),
    ("tcp.flags.reset == 1", "(tcp_flags & 4) = 4"),
    ("tcp.flags.reset == 0", "(tcp_flags & 4) = 0 AND (present & 17592186044416) <> 0"),
    ("tcp.port == 443", "(CAST(src_port = 443 AS UTINYINT) | CAST(dst_port = 443 AS UTINYINT)) <> 0 AND (present & 524288) <> 0"),
    ("ip.ttl > 64", "ttl > 64 AND (present & 4096) <> 0"),
    ("ip.src == 10.0.0.1", "src = 0 AND (present & 17179873280) = 17179873280"),
    ("ip.src == 192.168.0.1", "src = 2 AND (present & 4096) <> 0"),
    ("ip.src == 1.2.3.4", "FALSE"),
    ("ip.src == 0.0.0.0/0", "(present & 17179873280) = 17179873280"),
    ("ip.version == 6", "(present & 8192) <> 0"),
    ("frame.time_epoch > 1", "time > 1000000000"),
    (
        "not (tcp and udp)",
        "(CAST(NOT ((present & 524288) <> 0) AS UTINYINT) | CAST(NOT ((present & 1048576) <> 0) AS UTINYINT)) <> 0",
    ),
    ("tcp or udp or arp", "(present & 1574912) <> 0"),
    (
        "tcp.port == 80 or udp.port == 80",
        "(CAST(src_port = 80 AS UTINYINT) | CAST(dst_port = 80 AS UTINYINT)) <> 0 AND (present & 1572864) <> 0",
    ),
    ("tcp and frame.len > 9 or tcp", "(present & 524288) <> 0"),
    ('protocol contains "ICMPv"', "protocol = 4"),
    ("frame.number == 7", "number = 7"),
]


@pytest.mark.parametrize(("text", "sql"), PREDICATES)
def test_the_predicate_is_as_narrow_as_it_can_be(text, sql):
    """Columns come first, and a look at `present` only where 0 could be mistaken for a value."""
    assert compile_filter(text, hosts=Hosts).sql.sql(dialect="duckdb") == sql


@pytest.mark.parametrize("text", ["", " ", "\t\n "])
def test_an_empty_filter_has_no_predicate(text):
    """No condition, no predicate."""
    assert compile_filter(text, hosts=Hosts) is None


def test_parser_and_sql_are_loaded_by_the_first_filter_only():
    """Importing the room costs neither the parser generator nor the SQL library."""
    code = "import sys, netsleuth_tui.query as q; q.classify('tcp == 1'); print(sorted({'lark', 'sqlglot', 'duckdb'} & set(sys.modules)))"
    assert subprocess.check_output([sys.executable, "-c", code], text=True) == "[]\n"


@pytest.mark.parametrize("left", ["(tcp.port == 1 and ", "not (udp or ", "(udp xor ", "not (not (ip) xor "])
def test_the_deepest_filters_compile_from_a_deep_stack(left):
    """The deepest nesting that is accepted becomes SQL without running out of stack, even when called from far down."""
    per_level = left.count("(") + left.count("not ")
    if "(ip)" in left:
        per_level = 2
    levels = 99 // per_level
    text = left * levels + "tcp" + ")" * levels

    def from_below(frames: int) -> int:
        if frames:
            return from_below(frames - 1)
        return len(compile_filter(text, hosts=Hosts).sql.sql(dialect="duckdb"))

    assert from_below(100) > levels
