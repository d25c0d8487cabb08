"""Facets: every line's count is the number of rows that its filter matches, in every form of the kernels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made import SECOND, START, append, icmp, store_of, tcp, udp

from netsleuth_tui.analysis import Scope, counting, halves, rows_of
from netsleuth_tui.analysis.facets import GROUPS, Facet, facets, facets_table
from netsleuth_tui.decode.columns import Has, Protocol
from netsleuth_tui.decode.hosts import enter6
from netsleuth_tui.session import Session
from netsleuth_tui.store import Rows, Store

KERNELS = ("numbers", "ports", "hosts", "near")
V4 = (0x0A000001, 0x0A000002, 0x0A000101, 0x0A010001, 0x0B000001, 0xC0A80001, 0)
V6 = (0x20010DB8_00000001, 0x20010DB8_00000002, 0x20010DB8_00010000, 0x20010DB9_00000000, 0xFE80 << 48, 1)
ICMPV6 = Has.ETH | Has.IPV6 | Has.ADDRESSES | Has.TTL | Has.ICMPV6 | Has.ICMP_TYPE
ARP = Has.ETH | Has.ARP | Has.ADDRESSES


def two_versions(packets: list[dict[str, int]]) -> Store:
    """A store with IPv4 hosts 0 to 6 and IPv6 hosts 7 to 12."""
    store = store_of([], hosts=V4)
    store.hosts.reserve(len(V6))
    words = [part for high in V6 for part in (high >> 32, high & 0xFFFFFFFF, 0, 1)]
    enter6(store.hosts.arrays, np.array(words, np.int64), len(V6), np.zeros(len(V6), np.int64))
    append(store, packets)
    return store


v4 = st.integers(0, len(V4) - 1)
v6 = st.integers(len(V4), len(V4) + len(V6) - 1)
ports = st.sampled_from([0, 53, 443, 65535])
common = {"len": st.sampled_from([0, 19, 20, 60, 1500, 5119, 5120, 2**32 - 1]), "ttl": st.sampled_from([0, 1, 64, 255])}
without_ttl = {"len": common["len"]}
packet = st.one_of(
    st.builds(tcp, st.just(START), st.integers(0, 0xFFF), src=v4, dst=v4, src_port=ports, dst_port=ports, **common),
    st.builds(udp, st.just(START), src=v4, dst=v4, src_port=ports, dst_port=ports, **common),
    st.builds(icmp, st.just(START), st.sampled_from([0, 3, 8]), src=v4, dst=v4, **common),
    st.builds(udp, st.just(START), vlan_id=st.sampled_from([0, 7, 4095]), present=st.just(Has.VLAN_ID | Has.UDP), **without_ttl),
    st.builds(tcp, st.just(START), src_port=ports, present=st.just(Has.IP | Has.TCP | Has.SRC_PORT), **without_ttl),
    st.builds(
        icmp,
        st.just(START),
        st.sampled_from([1, 128]),
        src=v6,
        dst=v6,
        present=st.just(ICMPV6),
        protocol=st.just(Protocol.ICMPV6),
        **common,
    ),
    st.builds(udp, st.just(START), src=v4, dst=v4, protocol=st.just(Protocol.ARP), present=st.just(ARP), **without_ttl),
)


def check(store: Store, scope: Scope, found: tuple[Facet, ...]) -> int:
    """Every line counts what its filter matches; returns the number of lines."""
    lines = 0
    for facet in found:
        for count in facet.counts:
            text = f"({scope.filter}) && ({count.filter})" if scope.filter else count.filter
            rows = rows_of(store, Scope(text, scope.start, scope.end))
            ids = rows.take(0, len(rows))
            matched = (len(ids), int(store.columns().len[ids].sum(dtype=np.int64)))
            assert matched == (count.packets, count.bytes), (facet.name, count)
            lines += 1
    return lines


@given(st.lists(packet, max_size=40))
def test_every_form_counts_alike(packets: list[dict[str, int]]) -> None:
    """The plain loops and the NumPy functions agree, over a range and over row ids."""
    store = two_versions(packets)
    ids = np.arange(0, len(packets), 2, dtype=np.uint32)
    for rows in (Rows(0, len(packets)), Rows(0, len(ids), ids)):
        expected = facets(store, rows, most=100)
        with pytest.MonkeyPatch.context() as patch:
            for name in KERNELS:
                patch.setattr(counting, f"_count_{name}", getattr(counting, f"_count_{name}").function)
            assert facets(store, rows, most=100) == expected


@settings(max_examples=15)
@given(st.lists(packet, min_size=20, max_size=60), st.sampled_from(["", "ip.ttl > 1 or vlan.id or tcp"]))
def test_every_line_counts_what_its_filter_matches(packets: list[dict[str, int]], text: str) -> None:
    """Packets and bytes of every value are those of the rows that its filter selects, whatever the packets are."""
    store, scope = two_versions(packets), Scope(text)
    check(store, scope, facets(store, rows_of(store, scope), most=100))


def test_two_threads_count_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Splitting the rows changes nothing."""
    store = two_versions([tcp(START, src=k % 7, dst=k % 3, src_port=k, dst_port=k % 5, len=k, ttl=k % 9) for k in range(200)])
    whole = facets(store, Rows(3, 198), most=100)
    monkeypatch.setattr(halves, "WORTH_TWO_THREADS", 0)
    monkeypatch.setattr(halves, "PLACES_PER_ROW", 1 << 20)
    assert facets(store, Rows(3, 198), most=100) == whole


def test_bytes_that_do_not_fit_beside_packets_are_counted_apart() -> None:
    """Frames that claim 4 GiB each, more of them than one 64-bit sum can hold beside their number."""
    packets = [tcp(START, len=2**32 - 1)] * 70_000
    store = store_of(packets)
    (facet,) = facets(store, Rows(0, len(packets)), ["protocol"])
    assert (facet.counts[0].packets, facet.counts[0].bytes) == (70_000, 70_000 * (2**32 - 1))


def test_what_is_not_shown_is_counted() -> None:
    """The most frequent lines are shown, the others are summed up, and a search narrows both."""
    store = store_of([tcp(START, src_port=port, dst_port=1) for port in range(100, 120) for _ in range(port - 99)])
    (facet,) = facets(store, Rows(0, store.packets), ["port"], most=3)
    assert [count.label for count in facet.counts] == ["tcp 1", "tcp 119", "tcp 118"]
    assert (facet.others, facet.other_packets) == (18, sum(range(1, 19)))
    (facet,) = facets(store, Rows(0, store.packets), ["port"], most=3, search="TCP 11")
    assert [count.label for count in facet.counts] == ["tcp 119", "tcp 118", "tcp 117"]
    assert (facet.others, facet.other_packets) == (7, sum(range(11, 18)))
    rows = list(zip(*next(iter(facets_table((facet,)).blocks)), strict=True))
    assert rows[-1][:3] == ("Port", "7 others", facet.other_packets)


def test_no_addresses_at_all() -> None:
    """Without any host there are no hosts and networks, and everything else is counted."""
    store = store_of([tcp(START, present=Has.ETH, protocol=Protocol.OTHER)] * 3, hosts=())
    found = {facet.name: facet for facet in facets(store, Rows(0, 3))}
    assert found["protocol"].counts[0].packets == 3
    assert not any(found[name].counts for name in ("host", "source", "net8", "net24", "ttl", "port"))


def test_nothing_selected() -> None:
    """No rows: no values, except that flags say 0."""
    for facet in facets(store_of([]), Rows(0, 0)):
        assert facet.others == 0
        assert all(count.packets == 0 for count in facet.counts)
        assert bool(facet.counts) == (facet.name == "flag")


@pytest.mark.parametrize("scope", [Scope(), Scope("udp"), Scope("", START + 300 * SECOND, START + 301 * SECOND)])
def test_sample(scope: Scope) -> None:
    """The same on a capture with a few hundred hosts, for the most frequent lines of every group."""
    session = Session()
    session.load([str(Path(__file__).resolve().parents[2] / "sample_captures" / "router-loop.pcapng.gz")])
    found = facets(session.store, rows_of(session.store, scope), most=3)
    assert [facet.name for facet in found] == list(GROUPS)
    assert check(session.store, scope, found) > 25
