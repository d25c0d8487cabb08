"""Conversations: plain, compiled and counted by hand they are the same; sides, retransmissions and filters mean what they say."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from machine_code import compiled
from made import PORTS, SECOND, START, icmp, store_of, tcp, udp

from netsleuth_tui.analysis import Scope, conversation_of, conversations, conversations_table, flow_table, flows, rates_table, rows_of
from netsleuth_tui.analysis.flow_table import count
from netsleuth_tui.analysis.tcp import Mark, marks
from netsleuth_tui.analysis.tcp_segments import follow_segments
from netsleuth_tui.decode.columns import NO_TIME, Has, Protocol
from netsleuth_tui.decode.hosts import place
from netsleuth_tui.errors import NetSleuthError
from netsleuth_tui.store import Store
from netsleuth_tui.tabular import Cell, Table

ENDS = [(0, 80), (0, 81), (1, 80), (1, 443), (2, 443)]
SIDED = ("packets", "bytes", "payload", "retransmissions", "resets", "flags")

packet = st.builds(
    lambda make, time, a, b, flags, sequence, length: (
        make(time, src=a[0], dst=b[0], len=60 + length)
        | ({} if make is icmp else {"src_port": a[1], "dst_port": b[1]})
        | ({"tcp_flags": flags, "tcp_seq": sequence, "tcp_len": length} if make is tcp else {})
    ),
    st.sampled_from([tcp, tcp, udp, icmp]),
    st.one_of(st.integers(START, START + 4 * SECOND), st.just(NO_TIME)),
    st.sampled_from(ENDS),
    st.sampled_from(ENDS),
    st.sampled_from([0x10, 0x10, 0x10, 0x02, 0x11, 0x04]),
    st.sampled_from([0, 1, 5, 6, 10, 2**31 + 5, 2**32 - 5, 2**32 - 1]),
    st.sampled_from([0, 1, 5, 10]),
)


@pytest.fixture(params=["plain", "compiled"], scope="module")
def form(request: pytest.FixtureRequest) -> Any:
    """Both forms of the kernels."""
    with compiled(count, follow_segments, place) if request.param == "compiled" else nullcontext():
        yield


def by_hand(packets: Sequence[dict[str, Any]], again: Sequence[bool], *, ports: bool) -> dict[Any, dict[str, Any]]:
    """What each endpoint of each conversation sent, packet by packet; `again` says which ones are retransmissions."""
    found: dict[Any, dict[str, Any]] = {}
    for one, is_again in zip(packets, again, strict=True):
        has_ports = one["present"] & PORTS == PORTS
        ends = [(one[side], one[f"{side}_port"] if has_ports else -1) for side in ("src", "dst")]
        flow = (frozenset(ends), one["protocol"])
        key = flow if ports else frozenset(host for host, _ in ends)
        entry = found.setdefault(key, {"times": [], "first": None, "order": []})
        sender = ends[0] if ports else ends[0][0]
        entry["order"].append((one["time"] if one["time"] != NO_TIME else 2**63, sender))
        if one["time"] != NO_TIME:
            entry["times"].append(one["time"])
        add = dict.fromkeys(SIDED, 0) | {"packets": 1, "bytes": one["len"]}
        if one["protocol"] == Protocol.TCP:
            add |= {"payload": one["tcp_len"], "resets": one["tcp_flags"] >> 2 & 1, "flags": one["tcp_flags"]}
            add["retransmissions"] = int(is_again)
        for name, number in add.items():
            before = entry.get((sender, name), 0)
            entry[sender, name] = before | number if name == "flags" else before + number
    return found


def check(store: Store, packets: Sequence[dict[str, Any]], *, ports: bool) -> None:
    """Compare all columns with the count by hand."""
    found = conversations(store, rows_of(store, Scope()), by="ports" if ports else "address")
    expected = by_hand(packets, (marks(store) & np.uint16(Mark.RETRANSMISSION) != 0).tolist(), ports=ports)
    columns = {name: found.numbers(name).tolist() for name in found.columns}
    assert len(found) == len(expected)
    for k in range(len(found)):
        a, b = columns["a"][k], columns["b"][k]
        if ports:
            a, b = (a, columns["port_a"][k]), (b, columns["port_b"][k])
            entry = expected[frozenset((a, b)), columns["protocol"][k]]
        else:
            entry = expected[frozenset((a, b))]
        times = entry["times"]
        assert columns["start"][k] == min(times, default=NO_TIME)
        assert columns["duration"][k] == (max(times) - min(times) if times else NO_TIME)
        began = min(time for time, _ in entry["order"])
        assert a in {sender for time, sender in entry["order"] if time == began}
        for name in SIDED:
            sides = (("ab", a), ("ba", b)) if a != b else (("ab", a),)
            for side, end in sides:
                assert columns[f"{name}_{side}"][k] == entry.get((end, name), 0), (name, side)
        for name in ("packets", "bytes"):
            assert columns[name][k] == columns[f"{name}_ab"][k] + columns[f"{name}_ba"][k]


@pytest.mark.usefixtures("form")
@given(st.lists(packet, max_size=40), st.booleans())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_column_is_what_a_count_by_hand_gives(packets: list[dict[str, Any]], ports: bool) -> None:
    """Plain and compiled, by address and by ports, whatever the order of times and sequence numbers."""
    check(store_of(packets), packets, ports=ports)


@pytest.mark.usefixtures("form")
def test_a_table_that_grows_keeps_what_it_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    """More flows than the first table has room for, on two threads: counts and packets outside stay exact."""
    monkeypatch.setattr(flows, "SMALLEST", 2)
    monkeypatch.setattr(flows, "WORTH_TWO_THREADS", 1)
    monkeypatch.setattr(flows, "BLOCK", 7)
    packets = [
        udp(START + k, src=k % 3, dst=k // 3 % 3, src_port=k % 41, dst_port=53)
        if k % 5
        else udp(START + k, present=Has.ARP | Has.ADDRESSES)
        for k in range(300)
    ]
    store = store_of(packets)
    check(store_of([one for one in packets if one["present"] & Has.IP]), [one for one in packets if one["present"] & Has.IP], ports=True)
    assert conversations(store, rows_of(store, Scope())).outside == 60


def read(table: Table) -> list[dict[str, Cell]]:
    """A table as one dict per row."""
    names = [column.name for column in table.columns]
    return [dict(zip(names, row, strict=True)) for block in table.blocks for row in zip(*block, strict=True)]


def segment(sequence: int, length: int = 0, flags: int = 0x10, *, back: bool = False) -> dict[str, Any]:
    """A segment between two hosts."""
    there = {"src": 1, "dst": 0, "src_port": 80, "dst_port": 5000} if back else {"src": 0, "dst": 1, "src_port": 5000, "dst_port": 80}
    return tcp(START, flags, tcp_seq=sequence % 2**32, tcp_len=length, tcp_window=9, **there)


@pytest.mark.parametrize(
    ("segments", "expected"),
    [
        ([segment(100, 10), segment(100, 10)], 1),
        ([segment(100, 10), segment(110, 10), segment(100, 10)], 1),
        ([segment(100, 10), segment(105, 10)], 1),
        ([segment(100, 10), segment(109, 1)], 0),
        ([segment(100, 10), segment(108, 1)], 1),
        ([segment(100, 10), segment(109, 0)], 0),
        ([segment(2**32 - 5, 10), segment(2**32 - 5, 10)], 1),
        ([segment(2**32 - 5, 10), segment(5, 10)], 0),
        ([segment(7, 0, 0x02), segment(7, 0, 0x02)], 1),
        ([segment(7, 0, 0x02), segment(8, 50), segment(3, 0, 0x02), segment(4, 20)], 0),
        ([segment(7, 0, 0x11), segment(7, 0, 0x11)], 1),
        ([segment(2**31 - 9, 10), segment(10, 10)], 1),
        ([segment(2**31 + 10, 10), segment(10, 10)], 0),
        ([segment(2**30, 10), segment(10, 10)], 1),
        ([segment(100, 10), segment(100, 10, back=True)], 0),
    ],
)
def test_retransmissions(segments: list[dict[str, Any]], expected: int) -> None:
    """Payload, SYN or FIN that begins before what was sent, 10 ms later, in serial arithmetic; no keep-alive, no new connection."""
    store = store_of([one | {"time": START + 10_000_000 * k} for k, one in enumerate(segments)])
    found = conversations(store, rows_of(store, Scope()))
    assert int(found.numbers("retransmissions_ab")[0]) == expected
    assert int(found.numbers("retransmissions_ba")[0]) == 0


@given(st.lists(packet, max_size=25), st.sampled_from(["address", "ports"]))
def test_a_filter_selects_the_packets_of_its_conversation(packets: list[dict[str, Any]], by: Any) -> None:
    """And no others: also of a host with itself, with equal ports, and where the ports are used the other way round."""
    store = store_of(packets)
    found = conversations(store, rows_of(store, Scope()), by=by)
    sizes = found.numbers("packets").tolist()
    for k in range(len(found)):
        assert len(rows_of(store, Scope(found.filter(k)))) == sizes[k], found.filter(k)
    for row in range(len(packets)):
        text = conversation_of(store, row, by_ports=by == "ports")
        assert text is not None
        assert rows_of(store, Scope(text)).holds(row)
        assert len(rows_of(store, Scope(text))) in sizes


def test_esp_inside_udp_and_beside_it_are_two_conversations() -> None:
    """As are packets with and without ports."""
    esp = Has.ESP | Has.ESP_SPI | Has.ESP_SEQUENCE
    plain = udp(START, src=0, dst=1, protocol=Protocol.ESP, present=udp(START)["present"] & ~(Has.UDP | PORTS) | esp)
    inside = udp(START, src=0, dst=1, protocol=Protocol.ESP, present=udp(START)["present"] | esp, src_port=4500, dst_port=4500)
    cut = udp(START, src=0, dst=1, present=udp(START)["present"] & ~PORTS)
    store = store_of([plain, inside, cut, inside])
    found = conversations(store, rows_of(store, Scope()), by="ports")
    assert sorted(found.numbers("packets").tolist()) == [1, 1, 2]
    for k, size in enumerate(found.numbers("packets").tolist()):
        assert len(rows_of(store, Scope(found.filter(k)))) == size
    assert conversation_of(store_of([udp(START, present=Has.ETH)]), 0) is None


def test_rates_keep_the_sides_of_a_conversation() -> None:
    """Whoever sends first in an interval: side a is the one that sent first of all."""
    back = {"src": 1, "dst": 0, "len": 100}
    store = store_of([udp(START + SECOND, src=0, dst=1, len=70), udp(START + 2 * SECOND, **back), udp(START + 4 * SECOND, **back)])
    rows = read(rates_table(store, Scope(), every=SECOND))
    assert [(row["time"], row["a"], row["bytes_ab"], row["bytes_ba"]) for row in rows] == [
        ("2026-03-10T12:00:01Z", "10.0.0.1", 70, 0),
        ("2026-03-10T12:00:02Z", "10.0.0.1", 0, 100),
        ("2026-03-10T12:00:04Z", "10.0.0.1", 0, 100),
    ]


@given(st.lists(packet, max_size=30), st.sampled_from(["address", "ports"]))
def test_rates_add_up_to_the_conversations(packets: list[dict[str, Any]], by: Any) -> None:
    """Over all intervals, for packets that have a time."""
    store = store_of(packets)
    timed = Scope("", START, START + 10 * SECOND)
    whole = read(conversations_table(conversations(store, rows_of(store, timed), by=by)))
    total: dict[Any, list[int]] = {}
    names = ("packets_ab", "bytes_ab", "packets_ba", "bytes_ba", "payload_ab", "payload_ba")
    ends = ("a", "b", "port_a", "port_b", "protocol") if by == "ports" else ("a", "b")
    for row in read(rates_table(store, timed, every=SECOND, by=by)):
        sums = total.setdefault(tuple(row[name] for name in ends), [0] * len(names))
        sums[:] = [before + row[name] for before, name in zip(sums, names, strict=True)]
    assert total == {tuple(row[name] for name in ends): [row[name] for name in names] for row in whole}


def test_work_that_nobody_wants_ends() -> None:
    """Between two blocks of rows."""
    store = store_of([udp(START)])
    with pytest.raises(NetSleuthError, match="interrupted"):
        conversations(store, rows_of(store, Scope()), cancelled=lambda: True)


def test_many_rows_wait_for_the_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    """Plain Python would take longer, and slow the compiler down; few rows do not wait."""
    states = iter(["compiling", "compiling", "compiled"])
    waited: list[float] = []
    monkeypatch.setattr(flows.jit, "state", lambda: next(states))
    monkeypatch.setattr(flows.jit, "wait", waited.append)
    store = store_of([udp(START)])
    assert len(conversations(store, rows_of(store, Scope()))) == 1
    monkeypatch.setattr(flows, "PLAIN_ROWS", 0)
    assert len(conversations(store, rows_of(store, Scope()))) == 1
    assert len(waited) == 2


def test_nothing_gives_no_conversations() -> None:
    """An empty scope has a table with headings only."""
    store = store_of([])
    for by in ("address", "ports"):
        found = conversations(store, rows_of(store, Scope()), by=by)
        assert (len(found), read(conversations_table(found))) == (0, [])
        assert len(found.order("a")) == 0


def test_flooding_the_hash_needs_the_seed() -> None:
    """The same flows get other places in another table."""
    assert not np.array_equal(flow_table.new_seed(), flow_table.new_seed())
