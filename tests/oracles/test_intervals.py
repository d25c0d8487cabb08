"""The time line of real captures counts what tshark's io,stat counts: packets, bytes and TCP payload in every interval."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from netsleuth_tui.analysis import Scope, rows_of, series
from netsleuth_tui.session import Session

CAPTURES = {
    "seladb+PcapPlusPlus/Tests/Pcap++Test/PcapExamples/example.pcap": 0.5,
    "seladb+PcapPlusPlus/Tests/Pcap++Test/PcapExamples/4KHttpRequests.pcap": 60,
    "seladb+PcapPlusPlus/Tests/Pcap++Test/PcapExamples/three_http_streams.pcap": 0.1,
    "seladb+PcapPlusPlus/Tests/Pcap++Test/PcapExamples/VlanPackets.pcap": 1,
    "ntop+nDPI/nintendo.pcap": 2,
    "ntop+nDPI/ethereum.pcap": 1,
}
"""Captures whose first packet is the earliest, and the length of an interval in seconds."""

FILTERS = (
    "frame",
    "tcp && !icmp",
    "udp && !icmp",
    "tcp.flags.syn == 1",
    "tcp.flags.reset == 1",
    "tcp.port == 80",
    "frame.len > 200",
    "arp",
)
"""Filters that mean the same to both: tshark also looks into the packets that ICMP errors quote."""

PAYLOAD = "SUM(tcp.len)tcp.len"
BILLION = 1_000_000_000


def io_stat(tshark: str, capture: Path, seconds: float) -> list[list[int]]:
    """Rows of io,stat: packets and bytes for each filter, then the sum of tcp.len; the intervals begin with the first packet."""
    statistic = ",".join(["io,stat", str(seconds), *FILTERS, PAYLOAD])
    run = subprocess.run([tshark, "-n", "-r", str(capture), "-q", "-z", statistic], capture_output=True, text=True, check=True)
    rows = [line for line in run.stdout.splitlines() if re.match(r"\|\s*[0-9.]+\s*<>", line)]
    return [[int(number) for number in re.findall(r"\d+", row.split("|", 2)[2])] for row in rows]


@pytest.mark.parametrize(("name", "seconds"), CAPTURES.items(), ids=lambda value: Path(value).name if isinstance(value, str) else None)
def test_every_interval_counts_what_tshark_counts(shared: Path, tshark: str, name: str, seconds: float) -> None:
    """Interval by interval, for every filter; and the series of a split are the rows of their filters."""
    capture = shared / "corpora" / "captures" / name
    session = Session()
    session.load([str(capture)])
    store = session.store
    assert store.span is not None
    every = int(seconds * BILLION)
    expected = io_stat(tshark, capture, seconds)
    axis = {"start": store.span[0], "every": every, "intervals": len(expected)}
    found = [series(store, rows_of(store, Scope(text)), by=None, **axis).totals for text in FILTERS]
    ours = [[int(number) for totals in found for number in totals[k, :2]] + [int(found[0][k, 2])] for k in range(len(expected))]
    assert ours == expected
    split = series(store, rows_of(store, Scope("frame")), by="tcp.flags.syn", **axis)
    if "1" in split.labels:
        assert split.counts[:, split.labels.index("1"), 0].tolist() == [row[6] for row in expected]
    ports = series(store, rows_of(store, Scope("frame")), by="tcp.port", most=10_000, **axis)
    if "80" in ports.labels:
        assert ports.counts[:, ports.labels.index("80"), 0].tolist() == [row[10] for row in expected]
    flags = series(store, rows_of(store, Scope("frame")), by="flag", **axis)
    if "RST" in flags.labels:
        assert flags.counts[:, flags.labels.index("RST"), 0].tolist() == [row[8] for row in expected]
