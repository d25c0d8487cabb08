"""The one pass over the rows: compiled, in NumPy, and counted by hand, it gives the same."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made import SECOND, START, icmp, store_of, tcp, udp

from netsleuth_tui.analysis import tally as module
from netsleuth_tui.analysis.tally import Tally, tally
from netsleuth_tui.decode.columns import NO_TIME, Protocol
from netsleuth_tui.store import Rows, Store

packet = st.builds(
    lambda make, time, length, flags: make(time, len=length) | ({"tcp_flags": flags} if make is tcp else {}),
    st.sampled_from([tcp, udp, icmp]),
    st.one_of(st.integers(START, START + 9 * SECOND), st.just(NO_TIME), st.just(0), st.just(2**62)),
    st.integers(0, 70000),
    st.integers(0, 0xFFF),
)


def by_hand(packets: list[dict[str, int]], origin: int, every: int, buckets: int) -> dict[str, object]:
    """The same counts, one packet at a time."""
    by_time = np.zeros((buckets, len(Protocol), 2), np.int64)
    by_protocol = np.zeros((len(Protocol), 2), np.int64)
    flagged = np.zeros(4096, np.int64)
    for one in packets:
        added = np.array([1, one["len"]])
        by_protocol[one["protocol"]] += added
        if one.get("tcp_flags"):
            flagged[one["tcp_flags"]] += 1
        bucket = (one["time"] - origin) // every
        if one["time"] != NO_TIME and 0 <= bucket < buckets:
            by_time[bucket, one["protocol"]] += added
    times = [one["time"] for one in packets if one["time"] != NO_TIME]
    return {
        "by_time": by_time,
        "by_protocol": by_protocol,
        "flagged": flagged,
        "first": min(times, default=None),
        "last": max(times, default=None),
    }


def check(found: Tally, expected: dict[str, object]) -> None:
    """Compare a tally with the counts made by hand."""
    assert np.array_equal(found.by_time, expected["by_time"])
    assert np.array_equal(found.by_protocol, expected["by_protocol"])
    assert np.array_equal(found.by_flags[1:, 0], expected["flagged"][1:])
    assert (found.first, found.last) == (expected["first"], expected["last"])


@given(st.lists(packet, max_size=40), st.booleans(), st.integers(1, 3 * SECOND), st.integers(1, 12))
def test_every_form_counts_alike(packets: list[dict[str, int]], chosen: bool, every: int, buckets: int) -> None:
    """The plain loop, the NumPy stand-in and the count by hand agree, over a range and over row ids."""
    store = store_of(packets)
    ids = np.arange(0, len(packets), 2, dtype=np.uint32)
    selected = Rows(0, len(ids), ids) if chosen else Rows(0, len(packets))
    expected = by_hand(packets[::2] if chosen else packets, START, every, buckets)
    check(tally(store.columns(), selected, origin=START, every=every, buckets=buckets), expected)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_count", module._count.function)
        check(tally(store.columns(), selected, origin=START, every=every, buckets=buckets), expected)


def test_two_threads_count_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Splitting the rows changes nothing."""
    packets = [tcp(START + k * SECOND // 7, flags=k % 512, len=60 + k) for k in range(100)]
    store: Store = store_of(packets)
    whole = tally(store.columns(), Rows(3, 98), origin=START, every=SECOND, buckets=20)
    monkeypatch.setattr(module, "WORTH_TWO_THREADS", 50)
    monkeypatch.setattr(module, "PROTOCOLS", len(Protocol))
    halves = tally(store.columns(), Rows(3, 98), origin=START, every=SECOND, buckets=2)
    assert np.array_equal(whole.by_protocol, halves.by_protocol)
    assert np.array_equal(whole.by_flags, halves.by_flags)
    assert np.array_equal(whole.by_time[:2], halves.by_time)
    assert (whole.first, whole.last) == (halves.first, halves.last)
