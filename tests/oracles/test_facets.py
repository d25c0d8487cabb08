"""Hosts and classes of length of real captures have the packets that tshark's `-z endpoints` and `-z plen,tree` print."""

from __future__ import annotations

import re
import subprocess
from ipaddress import ip_address
from pathlib import Path

import numpy as np
import pytest
from oracles.tcp_marks import AS_THE_FILE_HAS_IT
from oracles.test_conversations import CAPTURES

from netsleuth_tui.analysis import EVERYTHING, facets, rows_of
from netsleuth_tui.analysis.addresses import address
from netsleuth_tui.analysis.counting import count_hosts
from netsleuth_tui.session import Session
from netsleuth_tui.store import Store

ENDPOINT = re.compile(r"(\S*[.:]\S*)\s+(\d+)\s+(\d+)\s")
LENGTH = re.compile(r"\s(\d+)(?:-(\d+)| and greater)\s+(\d+)\s")


def to_itself(store: Store) -> dict[str, tuple[int, int]]:
    """Packets and bytes that an address sent to itself: tshark counts them as sent and as received, here each is one packet."""
    rows = rows_of(store, EVERYTHING)
    _, _, both = count_hosts(store.columns(), store.hosts.count, rows)
    return {address(store.hosts, host): tuple(both[host].tolist()) for host in np.flatnonzero(both[:, 0]).tolist()}


def theirs(tshark: str, path: Path) -> tuple[dict[str, tuple[int, int]], dict[int, int]]:
    """Packets and bytes by address, and packets by the first length of each class."""
    taps = ["-z", "endpoints,ip", "-z", "endpoints,ipv6", "-z", "plen,tree"]
    text = subprocess.run([tshark, *AS_THE_FILE_HAS_IT, "-r", str(path), "-q", *taps], capture_output=True, text=True, check=True).stdout
    packets: dict[str, tuple[int, int]] = {}
    lengths: dict[int, int] = {}
    for line in text.splitlines():
        if cells := ENDPOINT.match(line):
            packets[str(ip_address(cells[1]))] = int(cells[2]), int(cells[3])
        elif cells := LENGTH.match(line):
            lengths[int(cells[1])] = int(cells[3])
    return packets, lengths


@pytest.mark.parametrize("name", CAPTURES)
def test_hosts_and_lengths_are_those_of_tshark(shared: Path, tshark: str, name: str) -> None:
    """Packets and bytes of every address, and packets of every class of length."""
    session = Session()
    session.load([str(shared / "corpora" / "captures" / name)])
    store = session.store
    hosts, lengths = facets(store, rows_of(store, EVERYTHING), ["host", "length"], most=1 << 20)
    packets, classes = theirs(tshark, shared / "corpora" / "captures" / name)
    assert {count.label: (count.packets, count.bytes) for count in hosts.counts} == {
        host: tuple(np.subtract(packets[host], to_itself(store).get(host, (0, 0))).tolist()) for host in packets
    }
    starts = {int(count.label.split("-")[0].split(" ")[0]): count.packets for count in lengths.counts}
    assert starts == {first: number for first, number in classes.items() if number}
