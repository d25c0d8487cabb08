"""The time line by any value: in every form of the kernels, and as counted by hand, one packet at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made import SECOND, START, icmp, store_of, tcp, udp

from netsleuth_tui.analysis import halves, interval_counts
from netsleuth_tui.analysis.breakdown import FLAGS
from netsleuth_tui.analysis.directions import BY_NETWORK
from netsleuth_tui.analysis.series import Series, check_split, series
from netsleuth_tui.decode.columns import NO_TIME, Has, Protocol
from netsleuth_tui.errors import NetSleuthError
from netsleuth_tui.store import Rows

HOSTS = (0x0A000001, 0x0A000002, 0xC0A80001, 0x08080808, 0xE0000001)
"""Three private addresses, a public one, multicast."""
NAMES = ("10.0.0.1", "10.0.0.2", "192.168.0.1", "8.8.8.8", "224.0.0.1")

packet = st.builds(
    lambda make, time, length, port, src, dst, flags: (
        make(time, len=length, src=src, dst=dst)
        | ({} if make is icmp else {"src_port": port, "dst_port": 53})
        | ({"tcp_flags": flags, "tcp_len": length // 2} if make is tcp else {})
    ),
    st.sampled_from([tcp, udp, icmp]),
    st.one_of(st.integers(START - SECOND, START + 12 * SECOND), st.sampled_from([NO_TIME, 0, 2**62])),
    st.integers(0, 70_000),
    st.sampled_from([53, 80, 443, 65535]),
    st.integers(0, 4),
    st.integers(0, 4),
    st.sampled_from([0, 1, 2, 0x12, 0x10, 0x14, 0x1FF, 0xE00]),
)


def values_of(packet: dict[str, Any], by: str | None) -> set[str]:
    """The series that a packet belongs to, by hand."""
    has_ports = packet["protocol"] != Protocol.ICMP
    src, dst = NAMES[packet["src"]], NAMES[packet["dst"]]
    ports = {str(packet["src_port"]), str(packet["dst_port"])} if has_ports else {f"no {by}"}
    is_tcp = packet["protocol"] == Protocol.TCP
    private = (packet["src"] != 3, packet["dst"] != 3)
    return {
        None: {"all"},
        "protocol": {Protocol(packet["protocol"]).label},
        "host": {src, dst},
        "ip.src": {src},
        "port": ports,
        "tcp.dstport": {"53"} if is_tcp else {"no tcp.dstport"},
        "flag": ({label for label, _, bit in FLAGS if packet["tcp_flags"] & bit} or {"no flag"}) if is_tcp else {"no TCP"},
        "direction": {BY_NETWORK[{(True, False): 0, (False, True): 1, (True, True): 2, (False, False): 3}[private]]},
        "frame.len": {str(packet["len"])},
        "ip.version": {"4"},
        "file": {"file0.pcap"},
    }[by]


BYS = (None, "protocol", "host", "ip.src", "port", "tcp.dstport", "flag", "direction", "frame.len", "ip.version", "file")


def by_hand(packets: list[dict[str, Any]], by: str | None, every: int, intervals: int) -> dict[str, np.ndarray[Any, Any]]:
    """(intervals, measures) of each series, and of 'total'."""
    found: dict[str, np.ndarray[Any, Any]] = {"total": np.zeros((intervals, 3), np.int64)}
    for one in packets:
        bucket = (one["time"] - START) // every
        if one["time"] != NO_TIME and 0 <= bucket < intervals:
            for label in ("total", *values_of(one, by)):
                found.setdefault(label, np.zeros((intervals, 3), np.int64))[bucket] += (1, one["len"], one.get("tcp_len", 0))
    return found


def plain(name: str) -> Callable[..., None]:
    """The kernel as a plain loop, without its stand-in."""
    return getattr(interval_counts, name).function


@given(st.lists(packet, max_size=30), st.sampled_from(BYS), st.booleans(), st.integers(1, 3 * SECOND), st.integers(1, 9))
def test_every_form_counts_alike(packets: list[dict[str, Any]], by: str | None, chosen: bool, every: int, intervals: int) -> None:
    """The plain loop, the NumPy stand-in and the count by hand agree, over a range and over row ids, whole and in halves."""
    store = store_of(packets, hosts=HOSTS)
    ids = np.arange(0, len(packets), 2, dtype=np.uint32)
    rows = Rows(0, len(ids), ids) if chosen else Rows(0, len(packets))
    used = packets[::2] if chosen else packets
    if by == "direction" and len({frozenset((one["src"], one["dst"])) for one in used}) == 1:
        return
    expected = by_hand(used, by, every, intervals)
    for form in ("numpy", "loop", "halves"):
        with pytest.MonkeyPatch.context() as patch:
            if form == "loop":
                patch.setattr(interval_counts, "_values", plain("_values"))
                patch.setattr(interval_counts, "_intervals", plain("_intervals"))
            if form == "halves":
                patch.setattr(halves, "WORTH_TWO_THREADS", 4)
                patch.setattr(halves, "PLACES_PER_ROW", 1 << 20)
            found = series(store, rows, start=START, every=every, intervals=intervals, by=by, most=99)
        assert np.array_equal(found.totals, expected["total"])
        assert set(found.labels) == {label for label in expected if label != "total"}
        for k, label in enumerate(found.labels):
            assert np.array_equal(found.counts[:, k], expected[label]), label


def test_two_threads_count_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Splitting the rows changes nothing."""
    packets = [tcp(START + k * SECOND // 7, len=60 + k, src=k % 5, dst=1, src_port=k % 3, dst_port=2) for k in range(200)]
    store = store_of(packets, hosts=HOSTS)
    ask = {"start": START, "every": SECOND, "intervals": 2}
    for rows in (Rows(3, 190), Rows(3, 90, np.arange(0, 200, 2, dtype=np.uint32))):
        whole = [series(store, rows, by=by, **ask) for by in ("host", "port", "flag")]
        with monkeypatch.context() as patch:
            patch.setattr(halves, "WORTH_TWO_THREADS", 50)
            patch.setattr(halves, "PLACES_PER_ROW", 1 << 20)
            for one, by in zip(whole, ("host", "port", "flag"), strict=True):
                half = series(store, rows, by=by, **ask)
                assert (half.labels, half.counts.tolist(), half.totals.tolist()) == (one.labels, one.counts.tolist(), one.totals.tolist())


def test_the_rest_is_summed_and_counted() -> None:
    """Beyond the most frequent values there is one series that says how many it stands for; a single one is shown as itself."""
    ports = Counter({1000 + k: 20 - k for k in range(10)})
    packets = [udp(START, src_port=port, dst_port=port) for port in ports.elements()]
    found = series(store_of(packets), Rows(0, len(packets)), start=START, every=SECOND, intervals=1, by="udp.port", most=7)
    assert found.labels == (*(str(1000 + k) for k in range(7)), "3 others")
    assert found.counts[0, :, 0].tolist() == [20, 19, 18, 17, 16, 15, 14, 13 + 12 + 11]
    found = series(store_of(packets), Rows(0, len(packets)), start=START, every=SECOND, intervals=1, by="udp.port", most=9)
    assert len(found.labels) == 10


def test_numbers_of_32_bits_are_values_too() -> None:
    """Large numbers (an ESP SPI) are ranked like small ones; the greatest one and frames without any are told apart."""
    esp = {"protocol": Protocol.ESP, "present": Has.ESP | Has.ESP_SPI, "len": 100}
    spis = [2**32 - 1] * 3 + [0xC0000001] * 2 + [0, 7]
    packets = [esp | {"time": START, "esp_spi": spi} for spi in spis] + [udp(START)]
    found = series(store_of(packets), Rows(0, len(packets)), start=START, every=SECOND, intervals=1, by="esp.spi", most=2)
    assert dict(zip(found.labels, found.counts[0, :, 0].tolist(), strict=True)) == {
        "0xffffffff": 3,
        "0xc0000001": 2,
        "2 others": 2,
        "no esp.spi": 1,
    }


def test_ip_version_counts_each_frame_once() -> None:
    """A frame of IPv6 is no frame without a version."""
    ipv6 = {"time": START, "protocol": Protocol.IPV6, "present": Has.IPV6, "len": 60}
    found = series(store_of([udp(START), ipv6, ipv6 | {"present": 0}]), Rows(0, 3), start=START, every=SECOND, intervals=1, by="ip.version")
    assert dict(zip(found.labels, found.counts[0, :, 0].tolist(), strict=True)) == {"4": 1, "6": 1, "no ip.version": 1}


def test_between_two_hosts_direction_is_from_the_first_to_the_second() -> None:
    """A pair's directions bear their addresses, the first packet's first; frames without addresses have none."""
    pair = [udp(START, src=1, dst=0), udp(START, src=0, dst=1), udp(START, src=1, dst=0), udp(START, present=0)]
    found = series(store_of(pair), Rows(0, 4), start=START, every=SECOND, intervals=1, by="direction")
    assert dict(zip(found.labels, found.counts[0, :, 0].tolist(), strict=True)) == {
        "10.0.0.2 to 10.0.0.1": 2,
        "10.0.0.1 to 10.0.0.2": 1,
        "no direction": 1,
    }


def test_measures_are_of_the_same_packets() -> None:
    """Bits are eight times the bytes; payload is tcp.len."""
    store = store_of([tcp(START, len=100, tcp_len=40), tcp(START, len=60)])
    found: Series = series(store, Rows(0, 2), start=START, every=SECOND, intervals=1)
    assert [found.of(measure)[1].tolist() for measure in ("packets", "bytes", "bits", "payload")] == [[2], [160], [1280], [40]]


def test_what_cannot_be_a_split_is_refused() -> None:
    """A field that is different in every frame, or that does not exist, is an error; the words that people use are not."""
    for by in ("protocol", "flag", "direction", "host", "port", "ip.src", "file", "esp.spi"):
        check_split(by)
    for by in ("frame.number", "frame.time", "ip.scr", "info"):
        with pytest.raises(NetSleuthError):
            check_split(by)
