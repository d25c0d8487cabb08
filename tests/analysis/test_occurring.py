"""The values of a field that occur, with their counts: the counts are those that the filter would give."""

from __future__ import annotations

import numpy as np
import pytest
from made import START, icmp, store_of, tcp, udp

from netsleuth_tui.analysis import Scope, rows_of
from netsleuth_tui.analysis.occurring import OWN_VALUE, _count, _count_numpy, count_values
from netsleuth_tui.decode.hosts import enter6
from netsleuth_tui.query import FIELDS
from netsleuth_tui.store import Store

HOSTS = (0x0A000001, 0x0A000002, 0xC0A80001, 0x0A010203, 0x0A0A0A0A)


@pytest.fixture
def store() -> Store:
    """TCP, UDP and ICMP between few hosts, with values of every width; every fifth packet is one from a host to itself."""
    dice = np.random.default_rng(7)
    packets = []
    for k in range(300):
        fields = {
            "src": int(dice.integers(5)), "dst": int(dice.integers(5)) if k % 5 else 0, "ttl": int(dice.choice([1, 64, 128])),
            "ip_id": int(dice.integers(9)) * 257, "ip_frag": int(dice.choice([0, 0x4000, 0x2000, 185])),
            "len": int(dice.choice([60, 70000])),
        }  # fmt: skip
        ports = {"src_port": int(dice.choice([80, 443, 4433])), "dst_port": int(dice.choice([80, 44800, 5]))}
        if k % 3 == 0:
            flags = int(dice.choice([2, 0x12, 0x14]))
            packets.append(tcp(START + k, flags, **ports, tcp_seq=int(dice.choice([0, 5, 1 << 31])), tcp_len=k % 4, **fields))
        elif k % 3 == 1:
            packets.append(udp(START + k, **ports, **fields))
        else:
            packets.append(icmp(START + k, int(dice.choice([0, 8])), **fields))
    return store_of(packets, hosts=HOSTS)


@pytest.mark.parametrize("scope", [Scope(), Scope("tcp"), Scope("udp or icmp", START + 10, START + 200), Scope("arp")])
def test_counts_are_those_of_the_filter(store: Store, scope: Scope) -> None:
    """`field == value` keeps as many packets as are said, for every field and value; together no value is missing."""
    for name in sorted(set(FIELDS) - OWN_VALUE):
        counted = count_values(store, scope, name)
        occurring = counted.beginning(store, "", 1000)
        assert occurring.others == 0
        assert counted.complete
        there = f"{scope.filter} and " if " or " not in scope.filter else f"({scope.filter}) and "
        there = there if scope.filter else ""
        rows = set()
        for value in occurring.values:
            kept = rows_of(store, Scope(f"{there}{name} == {value.text}", scope.start, scope.end))
            assert (name, value.text, len(kept)) == (name, value.text, value.packets)
            rows |= set(kept.take(0, len(kept)).tolist())
        assert len(rows) == len(rows_of(store, Scope(f"{there}{name}", scope.start, scope.end)))
        assert [value.packets for value in occurring.values] == sorted((value.packets for value in occurring.values), reverse=True)


@pytest.mark.parametrize("field", ["tcp.port", "ip.addr", "ip.id", "tcp.flags", "ip.proto", "_ws.col.protocol", "frame.len"])
def test_typing_narrows_the_values(store: Store, field: str) -> None:
    """Every beginning of every value finds just the values that begin like it, in the same order."""
    counted = count_values(store, Scope(), field)
    everything = counted.beginning(store, "", 1000).values
    beginnings = {value.text[:end] for value in everything for end in range(1, len(value.text) + 1)} | {"999999999", "x", "-", ""}
    for typed in beginnings:
        found = counted.beginning(store, typed, 1000)
        assert found.values == tuple(value for value in everything if value.text.startswith(typed)), typed


def test_what_is_not_listed_is_counted(store: Store) -> None:
    """The first two, and how many others begin with what was typed."""
    counted = count_values(store, Scope(), "ip.addr")
    assert [len(counted.beginning(store, typed, 2).values) for typed in ("", "10.", "192")] == [2, 2, 1]
    assert [counted.beginning(store, typed, 2).others for typed in ("", "10.", "192", "11")] == [3, 2, 0, 0]


def test_addresses_of_version_6_are_found_by_their_beginning() -> None:
    """Groups, a group that is being typed, and what stands behind ::."""
    store = store_of([], hosts=())
    texts = {0xFE80 << 112 | 1: "fe80::1", 0xFE80 << 112 | 0x1F: "fe80::1f", 0x20010DB8 << 96 | 5 << 64: "2001:db8:0:5::", 1: "::1"}
    from netsleuth_tui.analysis.occurring import Counted

    store.hosts.reserve(8)
    for value in texts:
        words = np.array([value >> shift & 0xFFFFFFFF for shift in (96, 64, 32, 0)], np.int64)
        enter6(store.hosts.arrays, words, 1, np.zeros(1, np.int64))
    counted = Counted(FIELDS["ipv6.addr"], np.arange(4), np.array([9, 7, 5, 3]), complete=True)
    for typed in (
        "",
        "f",
        "fe80",
        "fe80:",
        "fe80::",
        "fe80::1",
        "fe80::1f",
        "FE80",
        "2001:d",
        "2001:db8:0:5",
        "::",
        ":",
        "1",
        "g",
        "fe80:1",
    ):
        found = counted.beginning(store, typed, 10)
        assert [value.text for value in found.values] == [text for text in texts.values() if text.startswith(typed.lower())]
        assert counted.beginning(store, typed, 1).others == max(len(found.values) - 1, 0)


def test_fields_with_a_value_for_each_packet_are_counted_once_enough_is_typed() -> None:
    """Sequence numbers all over the range are not listed; those that begin with what was typed are."""
    packets = [tcp(START + k, src=0, dst=1, tcp_seq=k * 40_000_003 % (1 << 32)) for k in range(1000)]
    store = store_of(packets)
    assert count_values(store, Scope(), "tcp.seq_raw").beginning(store, "", 5).too_many
    assert count_values(store, Scope(), "frame.time").beginning(store, "", 5).too_many
    counted = count_values(store, Scope(), "tcp.seq_raw", "40000003")
    assert not counted.complete
    assert [value.text for value in counted.beginning(store, "40000003", 5).values] == ["40000003", "400000030", "4000000300"]
    assert not counted.beginning(store, "40000003", 5).too_many


def test_the_kernel_and_its_plain_form_agree(store: Store) -> None:
    """Both count the same, of ranges of rows and of chosen ones."""
    columns, short, wide = store.columns(), np.empty(0, np.uint16), np.empty(0, np.uint32)
    ids = np.arange(0, 300, 7, dtype=np.uint32)
    for use_ids, last in ((True, len(ids)), (False, 300)):
        results = []
        for count in (_count.function, _count_numpy):
            counts = np.zeros(1 << 16, np.int64)
            arrays = (columns.present, 1 << 19, columns.ttl, short, wide, 1, 0xFF, 0, np.zeros(1, np.int64), counts)
            count(ids, use_ids, 3, last, *arrays)
            results.append(counts)
        assert np.array_equal(*results)
        assert results[0].sum()
