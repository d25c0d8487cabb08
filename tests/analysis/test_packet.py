"""The fields of one packet: a filter made from any of them selects the packet, and a tree of them needs no scapy."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from made import START, icmp, store_of, tcp

from netsleuth_tui.analysis import Scope, rows_of
from netsleuth_tui.analysis.packet import known_layers, names_of, term
from netsleuth_tui.decode.dissect import DissectedField, Layer
from netsleuth_tui.query.fields import FIELDS, PROTOCOLS
from netsleuth_tui.session import Session
from netsleuth_tui.store import Store


def layer(name: str, *fields: str) -> Layer:
    return Layer(name, tuple(DissectedField(field, "", -1, -1) for field in fields))


def small() -> Store:
    """A segment and an echo request."""
    return store_of(
        [
            tcp(START, 0x12, src=0, dst=1, src_port=443, dst_port=40000, ttl=64),
            icmp(START + 1, src=1, dst=2, ttl=3, ip_id=7),
        ]
    )


def test_names_are_those_of_the_registry() -> None:
    """Every name that a layer of scapy's is given exists."""
    from netsleuth_tui.analysis.packet import _OURS

    for _, protocol, fields in _OURS:
        assert protocol in PROTOCOLS
        assert all(f"{protocol}.{ours}" in FIELDS for ours in fields.values())


def test_only_the_outermost_header_is_ours() -> None:
    """The columns know the first IP header, whatever it carries; what an ICMP error quotes is not ours either."""
    names = names_of([layer("Ethernet"), layer("IP"), layer("IP"), layer("ICMP"), layer("IP in ICMP"), layer("TCP in ICMP")])
    assert [each.get("") for each in names] == ["eth", "ip", None, "icmp", None, None]
    assert names[1]["ttl"] == "ip.ttl"
    assert names[2] == {}


def test_icmpv6_has_many_layers_and_one_name() -> None:
    """Each message is a layer of its own to scapy; the options behind it are none of ours."""
    names = names_of([layer("ICMPv6 Echo Request", "type"), layer("ICMPv6 Neighbor Discovery Option - MTU", "type")])
    assert names[0]["type"] == "icmpv6.type"
    assert names[1] == {}


@pytest.mark.parametrize(
    ("row", "name", "expected"),
    [
        (0, "ip.ttl", "ip.ttl == 64"),
        (0, "tcp.flags", "tcp.flags == 0x0012"),
        (0, "tcp.flags.syn", "tcp.flags.syn == 1"),
        (0, "ip.src", "ip.src == 10.0.0.1"),
        (0, "ip.version", "ip.version == 4"),
        (0, "frame.time", 'frame.time >= "2026-03-10T12:00:00Z" && frame.time < "2026-03-10T12:00:01Z"'),
        (0, "tcp", "tcp"),
        (0, "icmp", ""),
        (0, "icmp.type", ""),
        (0, "tcp.port", "tcp.port == 443 && tcp.port == 40000"),
        (0, "no.such", ""),
        (1, "icmp.type", "icmp.type == 8"),
        (1, "tcp.flags", ""),
    ],
)
def test_a_term(row: int, name: str, expected: str) -> None:
    """As it would be typed, and nothing where the packet does not have the field."""
    assert term(small(), row, name) == expected


def test_every_term_selects_its_packet() -> None:
    """Every field of the registry."""
    store = small()
    for row in (0, 1):
        for name in (*FIELDS, *PROTOCOLS):
            text = term(store, row, name)
            assert not text or row in rows_of(store, Scope(text)).take(0, 2), text


def test_the_tree_without_scapy() -> None:
    """A layer for each protocol with the fields that are there, and why it is such a tree."""
    found = known_layers(small(), 1, "scapy hung")
    assert [each.name for each in found.layers] == ["Frame", "Ethernet", "IP", "ICMP"]
    fields = {field.name: field.value for each in found.layers for field in each.fields}
    assert (fields["frame.number"], fields["ip.ttl"], fields["ip.dst"], fields["icmp.type"]) == ("2", "3", "192.168.0.1", "8")
    assert fields["info"].startswith("Echo request")
    assert not any(name.startswith("tcp") for name in fields)
    assert {field.offset for each in found.layers for field in each.fields} == {-1}
    assert found.failure == "scapy hung; shown is what the columns know"
    assert [each.get("") for each in names_of(found.layers)] == [None, "eth", "ip", "icmp"]
    assert names_of(found.layers)[2]["ip.ttl"] == "ip.ttl"


def test_every_term_of_real_packets_selects_them(shared: Path) -> None:
    """A few packets of a hundred captures, as scapy opens them: whatever the tunnel, the filter under the cursor finds the packet."""
    choose = random.Random(3)  # noqa: S311 - not for secrets
    paths = sorted(path for path in (shared / "corpora" / "captures").rglob("*") if path.is_file() and path.stat().st_size < 100_000)
    dissector, offered = None, set()
    for path in choose.sample(paths, min(100, len(paths))):
        session = Session()
        session._dissector = dissector
        session.load([str(path)])
        for row in choose.sample(range(session.store.packets), min(2, session.store.packets)):
            layers = session.dissect(row).layers
            dissector = session._dissector
            for names, opened in zip(names_of(layers), layers, strict=True):
                there = {"", *(field.name for field in opened.fields)}
                for name in (name for theirs, name in names.items() if theirs in there):
                    text = term(session.store, row, name)
                    assert not text or row in rows_of(session.store, Scope(text)).take(0, session.store.packets), (path, row, text)
                    offered |= {name} if text else set()
    if dissector is not None:
        dissector.close()
    assert offered >= {"eth.type", "ip.ttl", "ip.src", "tcp.flags", "tcp.dstport", "udp.srcport", "ipv6.src"}
