"""Sorting rows: as Python sorts the values that are shown, stable, absent ones last."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made import SECOND, START, icmp, store_of, tcp, udp

from netsleuth_tui.analysis import EVERYTHING, can_sort, records, rows_of, sorted_rows
from netsleuth_tui.decode.columns import NO_TIME
from netsleuth_tui.errors import NetSleuthError
from netsleuth_tui.query.fields import FIELDS
from netsleuth_tui.store.ordering import order

numbers = st.lists(st.one_of(st.integers(-5, 5), st.integers(-(2**61), 2**61)), max_size=60)


@given(numbers, st.data(), st.booleans())
def test_orders_are_stable_and_absent_values_last(keys: list[int], data: st.DataObject, descending: bool) -> None:
    """Whatever the width of the numbers, in both directions."""
    absent = data.draw(st.lists(st.booleans(), min_size=len(keys), max_size=len(keys)))
    expected = sorted(range(len(keys)), key=lambda k: (absent[k], 0 if absent[k] else -keys[k] if descending else keys[k]))
    found = order(np.array(keys, np.int64), np.array(absent, np.bool_), descending=descending)
    assert found.dtype == np.uint32
    assert found.tolist() == expected


@given(st.lists(st.integers(0, 5), max_size=30))
def test_what_is_in_order_is_turned_with_equal_ones_as_they_come(keys: list[int]) -> None:
    """Times are mostly in order already."""
    keys.sort()
    found = order(np.array(keys, np.int64), descending=True)
    assert found.tolist() == sorted(range(len(keys)), key=lambda k: -keys[k])


PACKETS = [
    tcp(START + 3 * SECOND, 0x12, src=2, dst=0, src_port=443, dst_port=50000, tcp_seq=2**32 - 1, len=70, ttl=3),
    udp(START, src=1, dst=0, src_port=53, dst_port=53, len=90, ttl=200),
    icmp(START + SECOND, 3, src=0, dst=2, len=70, ttl=1),
    icmp(NO_TIME, 8, src=0, dst=1, len=60, ttl=64),
    tcp(START + 2 * SECOND, 0x04, src=1, dst=2, src_port=80, dst_port=443, tcp_seq=5, len=1500, ttl=64),
]
SORTABLE = [*(name for name in FIELDS if name != "frame.offset"), "_ws.col.def_src", "_ws.col.def_dst", "file"]


def key(name: str, cell: object) -> object:
    """What a shown value is compared by."""
    text = str(cell).split(",", maxsplit=1)[0]
    if name.endswith(("addr", "src", "dst", "proto_ipv4")) and not name.startswith("site") and "." in text and not text.endswith(".pcap"):
        return [int(part) for part in text.split(".")]
    if name == "_ws.col.protocol" or text.endswith(".pcap") or name.startswith(("geo.", "site")):
        return text.lower()
    if name in ("frame.time", "frame.time_epoch"):
        return text
    return int(text, 0)


@pytest.mark.parametrize("name", SORTABLE)
@pytest.mark.parametrize("descending", [False, True])
def test_rows_are_sorted_by_what_their_column_shows(name: str, descending: bool) -> None:
    """Every field of the registry, over two files; of two occurrences the first counts."""
    store = store_of(PACKETS[:3], PACKETS[3:], hosts=(0x0A000009, 0x0A000101, 0x01020304))
    (cells,) = records(store, np.arange(5, dtype=np.uint32), [name])
    there = [k for k in range(5) if cells[k] is not None]
    expected = sorted(there, key=lambda k: key(name, cells[k]), reverse=descending)
    if descending:  # `reverse` keeps equal ones in their order
        assert expected == sorted(there, key=lambda k: key(name, cells[k]), reverse=True)
    found = sorted_rows(store, rows_of(store, EVERYTHING), name, descending=descending)
    assert found.tolist() == expected + [k for k in range(5) if cells[k] is None]


def test_info_is_refused_and_long_work_ends() -> None:
    """Its texts are only made for rows that are seen; and what nobody waits for is not finished."""
    store = store_of(PACKETS)
    assert not can_sort("info")
    with pytest.raises(NetSleuthError, match="cannot be sorted"):
        sorted_rows(store, rows_of(store, EVERYTHING), "info")
    with pytest.raises(NetSleuthError, match="interrupted"):
        sorted_rows(store, rows_of(store, EVERYTHING), "frame.len", cancelled=lambda: True)
