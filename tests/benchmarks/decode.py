"""How fast frames become columns: packets per second on one core, all columns, compiled, or plain with `--plain`.

    python tests/benchmarks/decode.py [--plain] [--profile]

Times are processor times, so that other work on the machine counts less.
The frames are made in memory, 80 % of them TCP, with snap length 96: once with some 90,000 hosts in random order, once with a few.
"""

from __future__ import annotations

import struct
import sys
import time

import numpy as np

from netsleuth_tui import jit
from netsleuth_tui.decode.columns import PACKET_COLUMNS, Columns
from netsleuth_tui.decode.hosts import HostTable
from netsleuth_tui.decode.packets import decode_frames

SNAP = 96
BATCH = 65_536
MACS = bytes(range(12))


def ethernet(kind: int, rest: bytes) -> bytes:
    return MACS + struct.pack(">H", kind) + rest


def ipv4(protocol: int, source: int, destination: int, rest: bytes, length: int) -> bytes:
    return struct.pack(">BBHHHBBHII", 0x45, 0, length, 77, 0x4000, 63, protocol, 0, source, destination) + rest


def ipv6(protocol: int, source: int, destination: int, rest: bytes, length: int) -> bytes:
    prefix = bytes.fromhex("20010db800000000")
    addresses = prefix + struct.pack(">Q", source) + prefix + struct.pack(">Q", destination)
    return struct.pack(">IHBB", 6 << 28, length - 40, protocol, 63) + addresses + rest


def frame(kind: int, source: int, destination: int, number: int) -> bytes:  # noqa: PLR0911 - one of seven
    tcp = struct.pack(">HHIIHHHH", 443, 50_000 + number % 999, number, 1, 0x8010, 512, 0, 0) + bytes(12)
    udp = struct.pack(">HHHH", 53, 50_000 + number % 999, 500, 0)
    body = bytes(SNAP)
    if kind < 10:
        return ethernet(0x0800, ipv4(6, source, destination, tcp + body, 1400))
    if kind < 13:
        return ethernet(0x0800, ipv4(17, source, destination, udp + body, 520))
    if kind < 14:
        return ethernet(0x0800, ipv4(1, source, destination, b"\x08\x00" + body, 84))
    if kind < 15:
        return ethernet(0x0800, ipv4(50, source, destination, struct.pack(">II", 0x1234, number) + body, 1000))
    if kind < 17:
        return ethernet(0x8100, b"\x00\x07\x08\x00" + ipv4(6, source, destination, tcp + body, 1400))
    if kind < 19:
        return ethernet(0x86DD, ipv6(6, source, destination, tcp + body, 1400))
    return ethernet(0x86DD, ipv6(17, source, destination, udp + body, 500))


def frames(count: int, hosts: int) -> tuple[np.ndarray, ...]:
    random = np.random.default_rng(1)
    kinds = random.integers(0, 20, count)
    sources = random.integers(0, hosts, count) + 0x0A000000
    destinations = random.integers(0, hosts, count) + 0x0A000000
    if hosts < 100:  # a conversation: the same two for a while, in both directions
        sources, destinations = np.where(np.arange(count) % 3 == 0, 1, 2), np.where(np.arange(count) % 3 == 0, 2, 1)
        sources, destinations = sources + np.arange(count) // 500 % hosts, destinations + np.arange(count) // 500 % hosts
    data = np.zeros(count * (SNAP + 16) + 64, dtype=np.uint8)
    view = data.data
    for i, (kind, source, destination) in enumerate(zip(kinds.tolist(), sources.tolist(), destinations.tolist(), strict=True)):
        at = i * (SNAP + 16) + 16
        view[at : at + SNAP] = frame(kind, source, destination, i)[:SNAP]
    start = np.arange(count, dtype=np.int64) * (SNAP + 16) + 16
    return (
        data,
        start,
        np.full(count, SNAP, np.uint32),
        np.full(count, 1414, np.uint32),
        np.arange(count, dtype=np.int64),
        np.full(count, 1, np.uint16),
        start.astype(np.uint64),
    )


def measure(name: str, hosts: int, batches: int) -> None:
    made = frames(BATCH, hosts)
    total = BATCH * batches
    columns = Columns(*(np.zeros(total, dtype) for dtype in PACKET_COLUMNS.values()))
    best = 0.0
    for repetition in range(3):
        table = HostTable()
        if repetition:  # the first one pays for fresh pages, as a first load does
            columns.present[:] = 0
        began = time.process_time()
        for i in range(batches):
            decode_frames(made[0], BATCH, *made[1:], columns, i * BATCH, 0, table)
        took = time.process_time() - began
        best = max(best, total / took)
        print(f"{name:10} {total:9,} packets {table.count:7,} hosts  {took:6.2f} s  {total / took / 1e6:6.2f} M packets/s")


def main() -> None:
    batches = 1 if "--plain" in sys.argv else 40
    if batches > 1:
        jit.activate()
        began = time.process_time()
        made = frames(16, 16)
        decode_frames(made[0], 16, *made[1:], Columns(*(np.zeros(16, t) for t in PACKET_COLUMNS.values())), 0, 0, HostTable())
        print(f"compiled in {time.process_time() - began:.1f} s")
        HostTable().reserve(BATCH)
    measure("many hosts", 64_000, batches)
    measure("few hosts", 20, batches)


if __name__ == "__main__":
    main()
