"""TCP analysis of some captures is tshark's, frame by frame, or the difference belongs to a class with a reason.

All captures are compared beside their other fields, in `test_fields.py`.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from oracles.said import said
from oracles.tcp_differences import loaded, without_class

CAPTURES = [
    "ntop+nDPI/ethereum.pcap",
    "appneta+tcpreplay/test/test2.replay_unique_ip",
    "wireshark-4.0.17/test/captures/challenge01_ooo_stream.pcapng.gz",
]


@pytest.mark.parametrize("name", CAPTURES)
def test_every_segment_of_a_capture(shared: Path, tshark: str, name: str) -> None:
    """Mark by mark and value by value: equal, or different for a reason that has a name."""
    path = shared / "corpora" / "captures" / name
    answer = said(tshark, path)
    assert answer.is_complete
    counts: Counter[str] = Counter()
    assert not without_class(path, answer.frames(), counts)
    assert counts["equal"] > 10


def test_resets_are_counted_as_tshark_counts_them(shared: Path) -> None:
    """`ethereum.pcap` has 419."""
    path = shared / "corpora" / "captures" / "ntop+nDPI" / "ethereum.pcap"
    store = loaded(path)
    assert store is not None
    assert int(np.count_nonzero(store.columns().tcp_flags & 0x4)) == 419
