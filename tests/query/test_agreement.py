"""Random filters on random packets: the SQL must agree with Wireshark's rules, written out here once more and slowly."""

from __future__ import annotations

import operator
import random
import re

import duckdb
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from netsleuth_tui.decode.columns import NO_TIME, PACKET_COLUMNS, Has, Protocol
from netsleuth_tui.query import FIELDS, PROTOCOLS, compile_filter, parse, unparse
from netsleuth_tui.query.compile import predicate
from netsleuth_tui.query.nodes import (
    Address,
    All,
    Any,
    Comparison,
    Either,
    Instant,
    Membership,
    Not,
    Number,
    Present,
    Range,
    Reference,
    Search,
    Text,
)

ROWS = 400
V4 = [0x0A000001, 0x0A000002, 0x0A010203, 0x0A01FFFF, 0xC0A80001, 0xC0A80101, 0, 0xFFFFFFFF, *range(0x0A200000, 0x0A200000 + 60)]
V6 = [0xFE80 << 112 | 1, 0xFE80 << 112 | 2, 0x20010DB8 << 96 | 1, 0x20010DB8 << 96 | 5 << 64 | 7, 1, 0]
TIMES = [0, 1, 5_000_000_000, 5_500_000_001, -7_000_000_001, 1_795_435_203_500_000_000]
PORTS = [0, 22, 53, 80, 443, 8000, 8005, 65535]
SMALL = [0, 1, 2, 3, 6, 8, 17, 64, 255]
FLAGS = ["fin", "syn", "reset", "push", "ack", "urg", "ece", "cwr", "ae"]
OPERATORS = {"==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}


class Packet:
    """One frame: its column values, and the same by field name as Wireshark would list them."""

    def __init__(self, number: int, dice: random.Random) -> None:
        self.dice = dice
        self.columns: dict[str, int] = dict.fromkeys(PACKET_COLUMNS, 0)
        self.columns["row"] = number - 1
        self.fields: dict[str, list[int | str]] = {"frame.number": [number]}
        self.layers = {"frame"}
        self._frame()
        network = dice.choice(["ip", "ip", "ip", "ipv6", "arp", ""])
        if network in {"ip", "ipv6"}:
            self._internet(network)
            self._transport(network)
        elif network == "arp":
            self._layer("arp")
            self._field("arp_opcode", Has.ARP_OPCODE, [1, 2, 9], "arp.opcode")
            self._addresses("arp", V4)

    def _maybe(self) -> bool:
        return self.dice.random() < 0.85

    def _layer(self, name: str) -> None:
        self.layers.add(name)
        self.columns["present"] |= int(Has[name.upper()])

    def _put(self, column: str, value: int, *names: str) -> None:
        self.columns[column] = value
        for name in names:
            self.fields.setdefault(name, []).append(value)

    def _field(self, column: str, bit: Has, pool: list[int], *names: str) -> None:
        if self._maybe():
            self.columns["present"] |= int(bit)
            self._put(column, self.dice.choice(pool), *names)

    def _frame(self) -> None:
        dice = self.dice
        self._put("len", dice.choice([0, 60, 100, 1514, 70000]), "frame.len")
        self._put("cap_len", dice.choice([0, 60, 96]), "frame.cap_len")
        self._put("offset", dice.choice([24, 1 << 33, (1 << 64) - 1]), "frame.offset")
        protocol = dice.choice(list(Protocol))
        self.columns["protocol"] = int(protocol)
        self.fields["_ws.col.protocol"] = [protocol.label]
        self.columns["time"] = NO_TIME
        if self._maybe():
            self._put("time", dice.choice(TIMES), "frame.time", "frame.time_epoch")
        for name in ("eth", "vlan", "llc", "mpls", "pppoe", "ppp", "sll", "null", "raw", "wlan", "radiotap"):
            if dice.random() < 0.3:
                self._layer(name)
        if "eth" in self.layers:
            self._field("eth_type", Has.ETH_TYPE, [0, 0x800, 0x86DD, 0x8100], "eth.type")
        if "vlan" in self.layers:
            self._field("vlan_id", Has.VLAN_ID, [0, 1, 10, 4095], "vlan.id")

    def _addresses(self, prefix: str, pool: list[int]) -> None:
        if not self._maybe():
            return
        self.columns["present"] |= int(Has.ADDRESSES)
        for column in ("src", "dst"):
            address = self.dice.choice(pool)
            self.columns[column] = host_id(6 if prefix == "ipv6" else 4, address)
            name = f"arp.{column}.proto_ipv4" if prefix == "arp" else f"{prefix}.{column}"
            self.fields.setdefault(name, []).append(address)
            if prefix != "arp":
                self.fields.setdefault(f"{prefix}.addr", []).append(address)

    def _internet(self, network: str) -> None:
        self._layer(network)
        four = network == "ip"
        self.fields["ip.version"] = [4 if four else 6]
        self._addresses(network, V4 if four else V6)
        self._field("ip_len", Has.IP_LEN, [0, 20, 1500], "ip.len" if four else "ipv6.plen")
        self._field("ttl", Has.TTL, SMALL, "ip.ttl" if four else "ipv6.hlim")
        self._field("ip_proto", Has.IP_PROTO, SMALL, "ip.proto" if four else "ipv6.nxt")
        if four:
            self._field("ip_id", Has.IP_ID, [0, 1, 0x1234], "ip.id")
        if self._maybe():
            self.columns["present"] |= int(Has.IP_FRAG)
            word = self.dice.choice([0, 0x2000, 0x4000, 0x8000, 0x20B9, 0x00B9, 0xFFFF])
            self._put("ip_frag", word)
            if four:
                self.fields |= {
                    "ip.flags": [word >> 13],
                    "ip.flags.rb": [word >> 15],
                    "ip.flags.df": [word >> 14 & 1],
                    "ip.flags.mf": [word >> 13 & 1],
                    "ip.frag_offset": [word & 0x1FFF],
                }

    def _transport(self, network: str) -> None:
        name = self.dice.choice(
            ["tcp", "tcp", "udp", "sctp", "icmp" if network == "ip" else "icmpv6", "esp", "gre", "igmp", "ah", "ospf", ""]
        )
        if name:
            self._layer(name)
        if name in {"tcp", "udp", "sctp"}:
            self._field("src_port", Has.SRC_PORT, PORTS, f"{name}.srcport", f"{name}.port")
            self._field("dst_port", Has.DST_PORT, PORTS, f"{name}.dstport", f"{name}.port")
        if name == "udp" and self._maybe():
            self._layer("udpencap")
        if name == "tcp":
            self._tcp()
        if name in {"icmp", "icmpv6"}:
            self._field("icmp_type", Has.ICMP_TYPE, [0, 3, 8, 11, 128], f"{name}.type")
            self._field("icmp_code", Has.ICMP_CODE, [0, 1, 4], f"{name}.code")
        if name == "esp":
            self._field("esp_spi", Has.ESP_SPI, [0, 0x1000, 0xFFFFFFFF], "esp.spi")
            self._field("esp_sequence", Has.ESP_SEQUENCE, [0, 1, 2, 64], "esp.sequence")

    def _tcp(self) -> None:
        self._field("tcp_seq", Has.TCP_SEQ, [0, 7, 0xFFFFFFFF], "tcp.seq_raw")
        self._field("tcp_ack", Has.TCP_ACK, [0, 7, 0xFFFFFFFF], "tcp.ack_raw")
        self._field("tcp_window", Has.TCP_WINDOW, [0, 512, 65535], "tcp.window_size_value")
        self._field("tcp_len", Has.TCP_LEN, [0, 1, 1460], "tcp.len")
        if self._maybe():
            self.columns["present"] |= int(Has.TCP_FLAGS)
            word = self.dice.choice([0, 2, 0x12, 0x10, 0x18, 4, 0x14, 0x1C2, 0xE00, 0xFFF])
            self._put("tcp_flags", word, "tcp.flags")
            for place, flag in enumerate(FLAGS):
                self.fields[f"tcp.flags.{flag}"] = [word >> place & 1]
            self.fields["tcp.flags.res"] = [word >> 9 & 7]


HOSTS = [(4, a) for a in V4] + [(6, a) for a in V6]
random.Random(5).shuffle(HOSTS)  # noqa: S311 - the same packets each time


def host_id(version: int, address: int) -> int:
    return HOSTS.index((version, address))


class Hosts:
    """Every address that occurs, in an order of its own."""

    version = np.array([version for version, _ in HOSTS], np.uint8)
    hi = np.array([a >> 64 for _, a in HOSTS], np.uint64)
    lo = np.array([a & (1 << 64) - 1 for _, a in HOSTS], np.uint64)


DICE = random.Random(11)  # noqa: S311 - likewise
PACKETS = [Packet(number, DICE) for number in range(1, ROWS + 1)]


@pytest.fixture(scope="module")
def engine() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(":memory:")
    columns = {name: np.array([p.columns[name] for p in PACKETS], kind) for name, kind in PACKET_COLUMNS.items()}
    columns["number"] = columns["row"] + np.uint32(1)
    connection.register("packets", columns)
    return connection


def matching(engine: duckdb.DuckDBPyConnection, compiled) -> set[int]:
    """Rows for which the predicate is true; it must never be NULL."""
    for index, ids in enumerate(compiled.host_sets):
        engine.register(f"host_set_{index}", {"id": ids})
    text = compiled.sql.sql(dialect="duckdb")
    assert engine.execute(f"SELECT count(*) FROM packets WHERE ({text}) IS NULL").fetchall() == [(0,)]  # noqa: S608 - what is tested
    return set(engine.execute(f"SELECT row FROM packets WHERE {text}").fetchnumpy()["row"].tolist())  # noqa: S608


# Wireshark's rules --------------------------------------------------------------------------------------------------------------


def values_of(packet: Packet, reference: Reference) -> list:
    found = packet.fields.get(reference.name, [])
    return found if reference.mask is None else [value & reference.mask for value in found]


def stands(value, relation: str, other) -> bool:
    if isinstance(other, Address):
        below = (32 if other.version == 4 else 128) - other.prefix
        return OPERATORS[relation](value >> below, other.value >> below)
    return OPERATORS[relation](value, other.value)


def is_within(value, item) -> bool:
    if isinstance(item, Range):
        return stands(value, ">=", item.low) and stands(value, "<=", item.high)
    return stands(value, "==", item)


def holds(node, packet: Packet) -> bool:  # noqa: C901, PLR0911 - one case per kind of node
    match node:
        case Not(term):
            return not holds(term, packet)
        case All(terms):
            return all(holds(term, packet) for term in terms)
        case Any(terms):
            return any(holds(term, packet) for term in terms)
        case Either(terms):
            return sum(holds(term, packet) for term in terms) % 2 == 1
        case Present(name):
            return name in packet.layers or name in packet.fields
        case Search(left, "contains", text):
            return any(text.value in value for value in values_of(packet, left))
        case Search(left, "matches", text):
            return any(re.search(text.value, value, re.IGNORECASE) for value in values_of(packet, left))
        case Membership(left, items):
            return any(is_within(value, item) for value in values_of(packet, left) for item in items)
        case Comparison(left, relation, Reference() as right, every):
            pairs = [OPERATORS[relation](a, b) for a in values_of(packet, left) for b in values_of(packet, right)]
            return bool(pairs) and (all if every else any)(pairs)
        case Comparison(left, relation, right, every):
            found = [stands(value, relation, right) for value in values_of(packet, left)]
            return bool(found) and (all if every else any)(found)
    raise AssertionError(node)


# Random filters -----------------------------------------------------------------------------------------------------------------

RELATIONS = st.sampled_from(sorted(OPERATORS))
KINDS: dict[tuple[str, int], list[str]] = {}
for _field in FIELDS.values():
    KINDS.setdefault((_field.kind, _field.version), []).append(_field.name)


def pool(name: str) -> list:
    """Values that occur in the packets, and some that do not."""
    field = FIELDS[name]
    seen = {value for packet in PACKETS for value in packet.fields.get(name, [])}
    if field.kind in {"uint", "bool"}:
        seen |= {0, 1, field.maximum}
    return sorted(seen)


POOLS = {name: pool(name) for name in FIELDS}


@st.composite
def a_value(draw: st.DrawFn, name: str, *, network: bool = True):
    field = FIELDS[name]
    value = draw(st.sampled_from(POOLS[name]))
    if field.kind == "time":
        return Instant(value)
    if field.kind == "label":
        return Text(value)
    if field.kind != "address":
        return Number(value)
    width = 32 if field.version == 4 else 128
    below = draw(st.sampled_from([0, 0, 0, 1, 5, 8, 16, 27, width])) if network else 0
    return Address(field.version, value >> below << below, width - below)


@st.composite
def an_item(draw: st.DrawFn, name: str):
    if FIELDS[name].kind == "label" or draw(st.booleans()):
        return draw(a_value(name))
    ends = draw(st.lists(a_value(name, network=False), min_size=2, max_size=2))
    return Range(*sorted(ends, key=lambda end: end.value))


@st.composite
def a_reference(draw: st.DrawFn, name: str) -> Reference:
    if FIELDS[name].kind != "uint" or draw(st.integers(0, 3)):
        return Reference(name)
    return Reference(name, draw(st.sampled_from([0, 1, 2, 3, 0x12, 0xFF, FIELDS[name].maximum])) & FIELDS[name].maximum)


@st.composite
def a_leaf(draw: st.DrawFn):
    shape = draw(st.sampled_from(["value", "value", "value", "set", "present", "pair", "search"]))
    name = draw(st.sampled_from(sorted(FIELDS)))
    if shape == "present":
        return Present(draw(st.sampled_from([*FIELDS, *PROTOCOLS])))
    if shape == "search":
        how = draw(st.sampled_from(["contains", "matches"]))
        return Search(Reference("_ws.col.protocol"), how, Text(draw(st.sampled_from(["CMP", "icmp", "T", "^I", "v[46]$", "", "."]))))
    left = draw(a_reference(name))
    if shape == "set":
        size = draw(st.sampled_from([1, 2, 4, 30]))
        return Membership(left, tuple(draw(st.lists(an_item(name), min_size=1, max_size=size))))
    field = FIELDS[name]
    if shape == "pair" and field.kind != "label":
        other = draw(a_reference(draw(st.sampled_from(KINDS[field.kind, field.version]))))
        relation = draw(st.sampled_from(["==", "!="]) if field.kind == "address" else RELATIONS)
        return Comparison(left, relation, other, draw(st.booleans()))
    return Comparison(left, draw(RELATIONS), draw(a_value(name)), draw(st.booleans()))


def joined(kind):
    """Terms of a kind inside the same kind are one level: that is how they are parsed."""

    def make(terms):
        flat = [inner for term in terms for inner in (term.terms if isinstance(term, kind) else (term,))]
        return kind(tuple(flat))

    return make


FILTERS = st.recursive(
    a_leaf(),
    lambda inner: st.one_of(inner.map(Not), *(st.lists(inner, min_size=2, max_size=3).map(joined(kind)) for kind in (All, Any, Either))),
    max_leaves=6,
)
RELAXED = settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


@RELAXED
@given(FILTERS)
def test_sql_agrees_with_wiresharks_rules(engine, node):
    """Every random filter selects exactly the packets that the rules select."""
    expected = {row for row, packet in enumerate(PACKETS) if holds(node, packet)}
    assert matching(engine, predicate(node, Hosts)) == expected


@RELAXED
@given(FILTERS)
def test_a_filter_and_its_opposite_partition_the_rows(engine, node):
    """Every packet is in exactly one of `f` and `!(f)`."""
    text = unparse(node)
    yes = matching(engine, compile_filter(text, hosts=Hosts))
    no = matching(engine, compile_filter(f"!({text})", hosts=Hosts))
    assert not yes & no
    assert yes | no == set(range(ROWS))


@settings(max_examples=400, deadline=None)
@given(FILTERS)
def test_printing_and_parsing_are_inverse(node):
    """A tree survives being printed and parsed; so does its text."""
    text = unparse(node)
    assert parse(text) == node
    assert unparse(parse(text)) == text


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
    assert matching(engine, compile_filter(text, hosts=Hosts)) == expected


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
    sql = compile_filter(text, hosts=Hosts).sql.sql(dialect="duckdb")
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


def test_many_hosts_and_very_many_hosts_select_the_same(engine, monkeypatch):
    """A table of bits and a relation of ids are two ways to the same rows."""
    text = "ip.addr == 10.32.0.0/27 or ip.src < 10.32.0.20 and tcp"
    expected = {row for row, packet in enumerate(PACKETS) if holds(parse(text), packet)}
    table = compile_filter(text, hosts=Hosts)
    assert table.host_sets == ()
    assert matching(engine, table) == expected
    monkeypatch.setattr("netsleuth_tui.query.sql.TABLED", 8)
    related = compile_filter(text, hosts=Hosts)
    assert [sorted(ids) == list(ids) and ids.dtype == np.uint32 for ids in related.host_sets] == [True, True]
    assert matching(engine, related) == expected
