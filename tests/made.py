"""Stores filled by hand: a few packets with known fields, without a file or a decoder."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from netsleuth_tui.decode.columns import NO_TIME, Has, Protocol
from netsleuth_tui.decode.hosts import enter4
from netsleuth_tui.store import Source, Store

SECOND = 1_000_000_000
START = 1_773_144_000 * SECOND
"""2026-03-10T12:00:00Z"""

ETHERNET_IPV4 = Has.ETH | Has.ETH_TYPE | Has.IP | Has.ADDRESSES | Has.IP_LEN | Has.IP_ID | Has.IP_FRAG | Has.TTL | Has.IP_PROTO
PORTS = Has.SRC_PORT | Has.DST_PORT
TCP = ETHERNET_IPV4 | Has.TCP | PORTS | Has.TCP_SEQ | Has.TCP_ACK | Has.TCP_FLAGS | Has.TCP_WINDOW | Has.TCP_LEN
UDP = ETHERNET_IPV4 | Has.UDP | PORTS
ICMP = ETHERNET_IPV4 | Has.ICMP | Has.ICMP_TYPE | Has.ICMP_CODE


def tcp(time: int, flags: int = 0x10, **fields: Any) -> dict[str, Any]:
    """A TCP segment over Ethernet and IPv4."""
    return {
        "time": time,
        "protocol": Protocol.TCP,
        "present": TCP,
        "len": 60,
        "ip_proto": 6,
        "eth_type": 0x800,
        "tcp_flags": flags,
    } | fields


def udp(time: int, **fields: Any) -> dict[str, Any]:
    """A UDP datagram over Ethernet and IPv4."""
    return {"time": time, "protocol": Protocol.UDP, "present": UDP, "len": 80, "ip_proto": 17, "eth_type": 0x800} | fields


def icmp(time: int, kind: int = 8, **fields: Any) -> dict[str, Any]:
    """An ICMP message over Ethernet and IPv4."""
    return {
        "time": time,
        "protocol": Protocol.ICMP,
        "present": ICMP,
        "len": 74,
        "ip_proto": 1,
        "eth_type": 0x800,
        "icmp_type": kind,
    } | fields


def store_of(*files: Sequence[dict[str, Any]], hosts: Sequence[int] = (0x0A000001, 0x0A000002, 0xC0A80001)) -> Store:
    """A store with one source per list of packets; `src` and `dst` are indices into `hosts`, IPv4 addresses as numbers."""
    store = Store()
    store.hosts.reserve(len(hosts))
    enter4(store.hosts.arrays, np.array(hosts, np.int64), len(hosts), np.zeros(len(hosts), np.int64))
    for index, packets in enumerate(files):
        append(store, packets, index)
    return store


def append(store: Store, packets: Sequence[dict[str, Any]], source: int = 0) -> None:
    """Add packets to a store, as a new source or to the last one."""
    first = store.packets
    columns = store.table.reserve(first + len(packets))
    for row, packet in enumerate(packets, first):
        columns.row[row] = row
        columns.source[row] = source
        for name, value in packet.items():
            getattr(columns, name)[row] = int(value)
    store.table.commit(first + len(packets))
    times = [packet["time"] for packet in packets if packet["time"] != NO_TIME]
    lengths = sum(packet["len"] for packet in packets)
    if source == len(store.sources):
        entry = Source(
            f"file{source}.pcap",
            "pcap",
            first_row=first,
            packets=len(packets),
            bytes=lengths,
            first=min(times, default=None),
            last=max(times, default=None),
        )
        store.sources = (*store.sources, entry)


def rows(ids: np.ndarray) -> list[int]:
    """An array as a list."""
    return [int(i) for i in ids]
