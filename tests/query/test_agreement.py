"""Random filters on random packets: the SQL must agree with Wireshark's rules, as `reference.py` has them."""

from __future__ import annotations

import re

import duckdb
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from query.random_filters import FILTERS, POOLS, as_value
from query.reference import OPERATORS, PACKETS, ROWS, Hosts, Places, holds

from netsleuth_tui.decode.columns import PACKET_COLUMNS
from netsleuth_tui.query import FIELDS, PROTOCOLS, compile_filter, parse, unparse
from netsleuth_tui.query.compile import predicate
from netsleuth_tui.query.nodes import Comparison, Membership, Not, Number, Present, Range, Reference, Search, Text

COLUMNS = {name: np.array([p.columns[name] for p in PACKETS], kind) for name, kind in PACKET_COLUMNS.items()}
COLUMNS["number"] = COLUMNS["row"] + np.uint32(1)


@pytest.fixture(scope="module")
def engine() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(":memory:")
    connection.register("packets", COLUMNS)
    return connection


def matching(engine: duckdb.DuckDBPyConnection, compiled) -> set[int]:
    """Rows for which the predicate is true; it must never be NULL."""
    engine.register("packets", COLUMNS | {lookup.name: lookup.over(COLUMNS[lookup.column]) for lookup in compiled.lookups})
    text = compiled.sql.sql(dialect="duckdb")
    assert engine.execute(f"SELECT count(*) FROM packets WHERE ({text}) IS NULL").fetchall() == [(0,)]  # noqa: S608 - what is tested
    return set(engine.execute(f"SELECT row FROM packets WHERE {text}").fetchnumpy()["row"].tolist())  # noqa: S608


RELAXED = settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


@RELAXED
@given(FILTERS)
def test_sql_agrees_with_wiresharks_rules(engine, node):
    """Every random filter selects exactly the packets that the rules select."""
    expected = {row for row, packet in enumerate(PACKETS) if holds(node, packet)}
    assert matching(engine, predicate(node, Hosts, places=Places)) == expected


@RELAXED
@given(FILTERS)
def test_a_filter_and_its_opposite_partition_the_rows(engine, node):
    """Every packet is in exactly one of `f` and `!(f)`."""
    text = unparse(node)
    yes = matching(engine, compile_filter(text, hosts=Hosts, places=Places))
    no = matching(engine, compile_filter(f"!({text})", hosts=Hosts, places=Places))
    assert not yes & no
    assert yes | no == set(range(ROWS))


@settings(max_examples=400, deadline=None)
@given(FILTERS)
def test_printing_and_parsing_are_inverse(node):
    """A tree survives being printed and parsed; so does its text."""
    text = unparse(node)
    assert parse(text) == node
    assert unparse(parse(text)) == text


@pytest.mark.parametrize("name", sorted(FIELDS))
def test_every_field_agrees_with_every_operator(engine, name):
    """No operator is left to chance: each relation, for one and for all occurrences, of values that occur; sets, ranges and bits too."""
    some = POOLS[name][:: max(len(POOLS[name]) // 3, 1)]
    nodes = [Present(name)]
    for value in (as_value(name, value) for value in some):
        nodes += [Comparison(Reference(name), relation, value, every) for relation in OPERATORS for every in (False, True)]
        nodes.append(Membership(Reference(name), (value,)))
        if FIELDS[name].kind == "uint":
            bits = Reference(name, 3)
            nodes += [Comparison(bits, relation, Number(value.value & 3), every=False) for relation in OPERATORS]
            nodes.append(Membership(bits, (Range(Number(0), Number(value.value & 3)),)))
    if FIELDS[name].kind in {"label", "place"}:
        nodes += [Search(Reference(name), how, Text(text)) for how in ("contains", "matches") for text in ("CMP", "v[46]", "", "e")]
    else:
        nodes.append(Membership(Reference(name), (Range(as_value(name, some[0]), as_value(name, some[-1])),)))
    asked = [*nodes, *map(Not, nodes)]
    compiled = [predicate(node, Hosts, places=Places) for node in asked]
    plain = [k for k, found in enumerate(compiled) if not found.lookups]
    engine.register("packets", COLUMNS)
    together = ", ".join(f"({compiled[k].sql.sql(dialect='duckdb')})::BOOLEAN AS c{k}" for k in plain)
    found = engine.execute(f"SELECT {together} FROM packets ORDER BY row").fetchnumpy()  # noqa: S608 - what is tested
    for k, node in enumerate(asked):
        expected = [holds(node, packet) for packet in PACKETS]
        if k in plain:
            assert found[f"c{k}"].tolist() == expected, unparse(node)
        else:  # it names columns of its own
            assert matching(engine, compiled[k]) == {row for row, kept in enumerate(expected) if kept}, unparse(node)


EDGES = [
    "tcp.dstport in {1..2, 4..5, 7..8, 10..11, 13..14, 16..17, 19..22, 24, 26, 28, 30, 32, 34, 36, 38, 40, 7998..8000}",
    "tcp.port in {0, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31, 33, 35, 65535}",
    "esp.spi in {1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31, 33, 35, 0xffffffff}",
    "ip.flags in {1..2} or ip.frag_offset in {0, 0x1fff}",
    "tcp.flags & 0x10 in {0x10}",
    "frame.time_epoch < -5",
    "frame.time_epoch < 5",
    "frame.time_epoch <= 0",
    "frame.time_epoch != 0",
    "frame.time_epoch in {-8..0}",
    "frame.time == frame.time_epoch",
    "frame.offset == 18446744073709551615",
    "frame.number in {1, 5, 399..400}",
    "ip.addr < 10.0.0.0/8",
    "ip.addr >= 255.255.255.255",
    "ipv6.addr > fe80::1",
    "ipv6.addr <= ::1",
    "ipv6.addr != fe80::/127",
    "all ipv6.addr == ::/0",
    "ip.src == 0.0.0.0",
    "ip.src != 0.0.0.0/0",
    "tcp.port != udp.port",
    "ip.version != 4",
    "ip.version & 2",
    "ip.version in {5..6}",
    "ip.version == ip.version",
]


@pytest.mark.parametrize("text", EDGES)
def test_edges_of_the_language_agree_with_the_rules(engine, text):
    """Ends of ranges, long lists, times before 1970, the largest numbers, all addresses and none."""
    expected = {row for row, packet in enumerate(PACKETS) if holds(parse(text), packet)}
    assert matching(engine, compile_filter(text, hosts=Hosts, places=Places)) == expected


NARROW = [
    "tcp.port == 443",
    "ip.ttl < 5",
    "ip.addr == 10.0.0.1",
    "frame.len in {100..120}",
    "tcp.flags & 0x12 == 0x12",
    "tcp.seq_raw > 5",
    "ip.id == 1",
    "frame.offset == 18446744073709551615",
    "frame.time_epoch < 5",
    "frame.number == 7",
    "icmp",
]


@pytest.mark.parametrize("text", NARROW)
def test_no_column_is_converted_for_a_comparison(engine, text):
    """Literals take the type of the column, not the other way round, which would cost as much as the comparison."""
    sql = compile_filter(text, hosts=Hosts, places=Places).sql.sql(dialect="duckdb")
    plan = engine.execute(f"EXPLAIN (FORMAT json) SELECT row FROM packets WHERE {sql}").fetchall()[0][1]  # noqa: S608 - what is tested
    assert converted(plan) is None
    assert converted(engine.execute("EXPLAIN (FORMAT json) SELECT row FROM packets WHERE ttl = 1.5").fetchall()[0][1])


def converted(plan: str) -> re.Match[str] | None:
    """The first conversion of a column, bare or masked, in a plan."""
    return re.search(r"CAST\(\(?[a-z_]+ (&|AS)", plan)


def test_the_packets_have_every_field_and_protocol():
    """No field of the registry is left out of the comparison above."""
    assert {name for packet in PACKETS for name in packet.fields} == set(FIELDS)
    assert {name for packet in PACKETS for name in packet.layers} == set(PROTOCOLS)


def test_many_hosts_are_looked_up_in_a_table(engine):
    """More hosts than are worth a comparison each become columns of their own, one for each column of ids."""
    text = "ip.addr == 10.32.0.0/27 or ip.src < 10.32.0.20 and tcp"
    compiled = compile_filter(text, hosts=Hosts, places=Places)
    assert [lookup.column for lookup in compiled.lookups] == ["src", "dst", "src"]
    assert matching(engine, compiled) == {row for row, packet in enumerate(PACKETS) if holds(parse(text), packet)}
