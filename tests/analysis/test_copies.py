"""The same packet again: as by hand, whatever the packets."""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made import START, icmp, store_of, tcp

from netsleuth_tui.analysis import copies as module
from netsleuth_tui.analysis.copies import LEAST_COPIES, NEXT_COPY, SAME_MOMENT, copies
from netsleuth_tui.decode.columns import NO_TIME

KEY = (
    "source",
    "src",
    "dst",
    "ip_id",
    "ip_len",
    "ip_frag",
    "ip_proto",
    "tcp_seq",
    "tcp_ack",
    "src_port",
    "dst_port",
    "icmp_type",
    "tcp_flags",
)


def by_hand(packets: list[dict[str, Any]]) -> tuple[list[int], list[int]]:
    """Looping rows and rows that were captured before, by the definition."""
    groups: dict[Any, list[int]] = defaultdict(list)
    for row, packet in enumerate(packets):
        if packet["time"] != NO_TIME:
            groups[tuple(packet.get(name, 0) for name in KEY)].append(row)
    again: list[int] = []
    looping: set[int] = set()
    for rows in groups.values():
        kept = rows[:1]
        for before, row in pairwise(rows):
            gap = packets[row]["time"] - packets[before]["time"]
            if packets[row]["ttl"] == packets[before]["ttl"] and 0 <= gap <= SAME_MOMENT:
                certain = packets[row]["ip_id"] or packets[row].get("tcp_len", 0)
                again += [row] if certain else []
            else:
                kept.append(row)
        steps = [0]
        for before, row in pairwise(kept):
            fits = 0 <= packets[row]["time"] - packets[before]["time"] <= NEXT_COPY
            steps.append(max(packets[before]["ttl"] - packets[row]["ttl"], 0) if fits else 0)
        for end in range(2, len(kept)):
            if steps[end] and steps[end] == steps[end - 1]:
                looping.update(kept[end - LEAST_COPIES + 1 : end + 1])
    return sorted(looping), sorted(again)


@st.composite
def traffic(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Few distinct packets, with TTLs and times close to each other."""
    packets = []
    time = START
    for _ in range(draw(st.integers(0, 40))):
        time += draw(st.sampled_from([0, 1, 1000, SAME_MOMENT, SAME_MOMENT + 1, NEXT_COPY, NEXT_COPY + 1, -5]))
        fields = {"src": 0, "dst": draw(st.integers(1, 2)), "ip_id": draw(st.integers(0, 2)), "ttl": draw(st.integers(1, 5)), "ip_len": 60}
        when = draw(st.sampled_from([time, time, time, NO_TIME]))
        packets.append(icmp(when, **fields) if draw(st.booleans()) else tcp(when, tcp_len=draw(st.integers(0, 1)), **fields))
    return packets


@settings(max_examples=300)
@given(traffic())
def test_same_as_by_hand(packets: list[dict[str, Any]]) -> None:
    """Loops and duplicates, also where the hash of half a word would not tell packets apart."""
    found = copies(store_of(packets))
    assert (found.looping.tolist(), found.again.tolist()) == by_hand(packets)
    assert found.looping.tolist() == sorted(found.looping.tolist())
    assert all(found.first <= found.looping)


def test_hashes_that_begin_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    """With one bit for half of the hash nearly all packets collide, and are told apart by the rest."""
    monkeypatch.setattr(module, "HIGH", np.uint64(1 << 63))
    packets = [icmp(START + k * 1000, src=0, dst=1 + k % 2, ip_id=k % 7 + 1, ttl=60 - k // 14, ip_len=60) for k in range(200)]
    found = copies(store_of(packets))
    assert (found.looping.tolist(), found.again.tolist()) == by_hand(packets)
    assert len(found.looping) == 200
