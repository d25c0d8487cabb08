"""The one pass over the rows: compiled, in NumPy, and counted by hand, it gives the same."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made import SECOND, START, icmp, store_of, tcp, udp

from netsleuth_tui.analysis import halves
from netsleuth_tui.analysis import tally as module
from netsleuth_tui.analysis.tally import Tally, tally
from netsleuth_tui.decode.columns import NO_TIME, Protocol
from netsleuth_tui.store import Rows

packet = st.builds(
    lambda make, time, length, flags: make(time, len=length) | ({"tcp_flags": flags} if make is tcp else {}),
    st.sampled_from([tcp, udp, icmp]),
    st.one_of(st.integers(START, START + 9 * SECOND), st.just(NO_TIME), st.just(0), st.just(2**62)),
    st.integers(0, 70000),
    st.integers(0, 0xFFF),
)


def by_hand(packets: list[dict[str, int]]) -> dict[str, object]:
    """The same counts, one packet at a time."""
    by_protocol = np.zeros((len(Protocol), 2), np.int64)
    flagged = np.zeros((4096, 2), np.int64)
    for one in packets:
        by_protocol[one["protocol"]] += (1, one["len"])
        flagged[one.get("tcp_flags", 0)] += (1, one["len"])
    times = [one["time"] for one in packets if one["time"] != NO_TIME]
    return {
        "by_protocol": by_protocol,
        "flagged": flagged,
        "first": min(times, default=None),
        "last": max(times, default=None),
        "untimed": len(packets) - len(times),
    }


def check(found: Tally, expected: dict[str, object]) -> None:
    """Compare a tally with the counts made by hand."""
    assert np.array_equal(found.by_protocol, expected["by_protocol"])
    assert np.array_equal(found.by_flags, expected["flagged"])
    assert (found.first, found.last, found.untimed) == (expected["first"], expected["last"], expected["untimed"])


@given(st.lists(packet, max_size=40), st.booleans())
def test_every_form_counts_alike(packets: list[dict[str, int]], chosen: bool) -> None:
    """The plain loop, the NumPy stand-in, two halves, and the count by hand agree, over a range and over row ids."""
    store = store_of(packets)
    ids = np.arange(0, len(packets), 2, dtype=np.uint32)
    selected = Rows(0, len(ids), ids) if chosen else Rows(0, len(packets))
    expected = by_hand(packets[::2] if chosen else packets)
    check(tally(store.columns(), selected), expected)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_count", module._count.function)
        check(tally(store.columns(), selected), expected)
        patch.setattr(halves, "WORTH_TWO_THREADS", 4)
        patch.setattr(halves, "PLACES_PER_ROW", 1 << 20)
        check(tally(store.columns(), selected), expected)
