"""Time line, breakdowns, summary and records of a scope agree with each other and with a count by hand."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made import SECOND, START, icmp, store_of, tcp, udp

from netsleuth_tui.analysis import (
    Scope,
    overview,
    records,
    records_table,
    summary,
    summary_dict,
    summary_table,
    timeline,
    timeline_by_table,
    timeline_table,
)
from netsleuth_tui.decode.columns import NO_TIME, Has, Protocol
from netsleuth_tui.errors import NetSleuthError
from netsleuth_tui.store import Store
from netsleuth_tui.tabular import Cell, Table

packet = st.builds(
    lambda make, time, length, port: make(time, len=length) | ({} if make is icmp else {"src_port": port, "dst_port": 53}),
    st.sampled_from([tcp, udp, icmp]),
    st.one_of(st.integers(START, START + 9 * SECOND), st.just(NO_TIME)),
    st.integers(0, 1500),
    st.sampled_from([53, 80, 443]),
)
scopes = st.builds(
    Scope,
    st.sampled_from(["", "tcp", "udp.port == 53", "!icmp", "frame.len > 700"]),
    st.one_of(st.none(), st.integers(START, START + 5 * SECOND)),
    st.one_of(st.none(), st.integers(START + 5 * SECOND, START + 10 * SECOND)),
)


def read(table: Table) -> list[dict[str, Cell]]:
    """A table as one dict per row."""
    names = [column.name for column in table.columns]
    return [dict(zip(names, row, strict=True)) for block in table.blocks for row in zip(*block, strict=True)]


@given(st.lists(packet, max_size=30), scopes)
def test_panes_agree_to_the_packet(packets: list[dict[str, int]], scope: Scope) -> None:
    """Matches, protocol counts, time line, summary, records and the table of the command line come to the same sums."""
    store = store_of(packets)
    seen = overview(store, scope)
    found = summary(store, scope)
    rows = read(records_table(store, scope, ("frame.number", "frame.len", "_ws.col.protocol", "frame.time_epoch")))
    assert seen.matched == found.packets == len(rows)
    assert seen.matched_bytes == found.bytes == sum(row["frame.len"] for row in rows)
    assert Counter(row["_ws.col.protocol"] for row in rows) == {count.label: count.packets for count in seen.protocols}
    line = timeline(store, scope, every=SECOND, by="protocol")
    assert line.totals[:, 0].sum() + seen.untimed == seen.matched
    assert seen.untimed == sum(row["frame.time_epoch"] is None for row in rows)
    per_second = read(timeline_table(timeline(store, scope, every=SECOND)))
    assert sum(row["packets"] for row in per_second) == seen.matched - seen.untimed
    by_protocol = read(timeline_by_table(store, scope, every=SECOND, by="protocol"))
    again: Counter[Cell] = Counter()
    for row in by_protocol:
        again[row["time"]] += row["packets"]
    assert {row["time"]: row["packets"] for row in per_second if row["packets"]} == dict(again)
    assert {count.label: count.packets for count in seen.protocols} == {
        label: entry["packets"] for label, entry in summary_dict(found)["protocols"].items()
    }


def test_a_filter_of_a_breakdown_selects_its_rows() -> None:
    """Enter on a line of a breakdown shows exactly the packets that it counted."""
    store = store_of(
        [tcp(START, flags=0x12), tcp(START, flags=0x04), udp(START), icmp(START), udp(START, protocol=Protocol.OTHER, present=Has.ETH)]
    )
    seen = overview(store, Scope())
    for count in (*seen.protocols, *seen.flags):
        assert overview(store, Scope(count.filter)).matched == count.packets, count.label


def test_the_axis_stays_while_the_filter_changes() -> None:
    """A filter empties intervals; it does not move them."""
    store = store_of([udp(START + k * SECOND) for k in range(20)] + [icmp(START + 7 * SECOND)])
    everything, few = (timeline(store, Scope(text), every=SECOND, by="protocol") for text in ("", "icmp"))
    assert (everything.start, everything.every, everything.intervals) == (few.start, few.every, few.intervals)
    assert few.totals[:, 0].tolist() == [0] * 7 + [1] + [0] * 12
    assert few.labels == ("ICMP",)


def test_nothing_loaded_is_an_answer() -> None:
    """An empty store has an overview, a summary and tables."""
    store = Store()
    seen = overview(store, Scope())
    assert (seen.matched, seen.first, seen.protocols) == (0, None, ())
    assert [count.packets for count in seen.flags] == [0] * 9
    assert read(summary_table(summary(store, Scope())))[0]["packets"] == 0
    assert read(records_table(store, Scope())) == []


def test_too_many_intervals_are_refused() -> None:
    """1970 beside 2106 in intervals of a second is an error that names the way out, not a table that takes all memory."""
    store = store_of([udp(0), udp(4_294_967_295 * SECOND)])
    with pytest.raises(NetSleuthError, match="--since"):
        timeline(store, Scope(), every=SECOND)


def test_both_values_of_a_field_count() -> None:
    """A frame between two ports counts for both, once where they are equal, and for none where it has no port."""
    store = store_of([udp(START, src_port=53, dst_port=99), udp(START, src_port=53, dst_port=53), icmp(START)])
    rows = read(timeline_by_table(store, Scope(), every=SECOND, by="udp.port"))
    assert {row["udp.port"]: row["packets"] for row in rows} == {None: 1, 53: 2, 99: 1}


def test_fields_that_tell_nothing_apart_are_refused() -> None:
    """Counting by frame number, or by a field that does not exist, is an error."""
    store = store_of([udp(START)])
    for name, message in (("frame.number", "cannot be counted"), ("ip.scr", "did you mean ip.src")):
        with pytest.raises(NetSleuthError, match=message):
            timeline_by_table(store, Scope(), every=SECOND, by=name)


def test_fields_are_written_as_tshark_writes_them() -> None:
    """Numbers by their base, both occurrences with a comma, nothing where the field is absent."""
    store = store_of(
        [
            tcp(START + 1, flags=0x12, src=0, dst=2, src_port=80, dst_port=4000, ttl=64, ip_id=0xAB, ip_frag=0x4000, tcp_len=5),
            icmp(NO_TIME, kind=11),
        ],
        [udp(START, present=0, src=1)],
    )
    expected = {
        "frame.number": [1, 2, 1],
        "frame.time_epoch": ["1773144000.000000001", None, "1773144000.000000000"],
        "frame.time": ["2026-03-10T12:00:00.000000001Z", None, "2026-03-10T12:00:00.000000000Z"],
        "eth.type": ["0x0800", "0x0800", None],
        "ip.version": ["4", "4", None],
        "ip.src": ["10.0.0.1", "10.0.0.1", None],
        "ip.dst": ["192.168.0.1", "10.0.0.1", None],
        "ip.addr": ["10.0.0.1,192.168.0.1", "10.0.0.1,10.0.0.1", None],
        "tcp.port": ["80,4000", None, None],
        "tcp.flags": ["0x0012", None, None],
        "tcp.flags.syn": [1, None, None],
        "tcp.flags.reset": [0, None, None],
        "ip.flags.df": [1, 0, None],
        "ip.id": ["0x00ab", "0x0000", None],
        "icmp.type": [None, 11, None],
        "protocol": ["TCP", "ICMP", "UDP"],
        "_ws.col.def_src": ["10.0.0.1", "10.0.0.1", None],
        "file": ["file0.pcap", "file0.pcap", "file1.pcap"],
        "info": ["80 → 4000 [SYN, ACK] seq=0 ack=0 win=0 len=5", "Time exceeded ttl=0 id=0x0000", ""],
    }
    found = records(store, np.arange(3, dtype=np.uint32), list(expected))
    assert dict(zip(expected, found, strict=True)) == expected


def test_a_filter_is_looked_at_even_where_there_is_nothing_to_filter() -> None:
    """An empty capture, or one that has only begun to load, has no row to try it on; an error is one all the same."""
    with pytest.raises(NetSleuthError, match="column 1"):
        overview(store_of([]), Scope("-"))
    assert overview(store_of([]), Scope("tcp")).matched == 0
