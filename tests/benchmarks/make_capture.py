"""Makes a large capture quickly: a mix of traffic on a busy link, 96 bytes of each frame, for measuring and for trying things out.

usage: make_capture.py [--packets 5000000] [--hosts 100000] [--seconds 97] [--format pcap|pcapng] -o FILE

TCP with flags, UDP, ICMP, ARP, ESP, some VLAN tags, some IPv6; conversations between hosts of which few are busy and many are quiet
(Zipf's law); a new rate in every second. The same arguments and the same NumPy give the same file.
"""

from __future__ import annotations

import argparse
import struct
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray

SNAP_LENGTH = 96
CHUNK = 1 << 18
"""Packets that are made at a time."""

BEGIN = 1_773_151_200 * 10**9
"""2026-03-10T14:00:00Z, in ns."""

FLOWS_PER_HOST = 4
SECURITY_ASSOCIATIONS = 32

Records = NDArray[Any]
Layer = list[tuple[str, str]]

ETHERNET: Layer = [("eth_dst", "V6"), ("eth_src", "V6"), ("eth_type", ">u2")]
TAG: Layer = [("vlan_id", ">u2"), ("inner_type", ">u2")]
IPV4: Layer = [
    *(("version", "u1"), ("tos", "u1"), ("ip_len", ">u2"), ("ip_id", ">u2"), ("ip_frag", ">u2")),
    *(("ttl", "u1"), ("ip_proto", "u1"), ("ip_checksum", ">u2"), ("src", ">u4"), ("dst", ">u4")),
]
IPV6: Layer = [
    *(("version", ">u4"), ("ip_len", ">u2"), ("ip_proto", "u1"), ("ttl", "u1")),
    *(("src_net", ">u8"), ("src", ">u8"), ("dst_net", ">u8"), ("dst", ">u8")),
]
TCP: Layer = [
    *(("src_port", ">u2"), ("dst_port", ">u2"), ("seq", ">u4"), ("ack", ">u4"), ("words", "u1"), ("flags", "u1"), ("window", ">u2")),
    *(("checksum", ">u2"), ("urgent", ">u2"), ("options", ">u4"), ("stamp", ">u4"), ("echo", ">u4")),
]
UDP: Layer = [("src_port", ">u2"), ("dst_port", ">u2"), ("udp_len", ">u2"), ("checksum", ">u2")]
ICMP: Layer = [("type", "u1"), ("code", "u1"), ("checksum", ">u2"), ("identifier", ">u2"), ("sequence", ">u2")]
ESP: Layer = [("spi", ">u4"), ("sequence", ">u4")]
ARP: Layer = [
    *(("hardware", ">u2"), ("protocol", ">u2"), ("sizes", ">u2"), ("opcode", ">u2"), ("sender_mac", "V6"), ("src", ">u4")),
    *(("target_mac", "V6"), ("dst", ">u4")),
]

MIX = {"tcp": 0.66, "udp": 0.15, "esp": 0.08, "vlan": 0.05, "ipv6": 0.04, "icmp": 0.015, "arp": 0.005}
"""Share of each kind of frame; `vlan` and `ipv6` carry TCP."""

FLAGS = np.array([0x10, 0x18, 0x02, 0x12, 0x11, 0x04, 0x14], np.uint8)
FLAG_SHARES = np.array([0.70, 0.222, 0.025, 0.023, 0.022, 0.005, 0.003])
"""ACK, PSH+ACK, SYN, SYN+ACK, FIN+ACK, RST, RST+ACK."""

SERVER_PORTS = np.array([443, 443, 443, 80, 445, 1494, 3389, 8443, 22, 1433], np.uint16)


class Flows(NamedTuple):
    """Who talks to whom; the first flows are the busy ones."""

    client: NDArray[np.uint32]
    server: NDArray[np.uint32]
    client_port: NDArray[np.uint16]
    server_port: NDArray[np.uint16]


class Picked(NamedTuple):
    """The two ends of each of a number of packets, as numbers of hosts."""

    src: NDArray[np.uint32]
    dst: NDArray[np.uint32]
    src_port: NDArray[np.uint16]
    dst_port: NDArray[np.uint16]


def zipf(rng: np.random.Generator, choices: int, count: int) -> NDArray[np.uint32]:
    """Numbers below `choices`; the chance of number n is close to proportional to 1 / (n + 1)."""
    return np.minimum(np.exp(rng.random(count) * np.log(choices + 1)).astype(np.uint32) - 1, np.uint32(choices - 1))


def address(host: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """IPv4 address of a host: three quarters in 10.0.0.0/8, the rest in 100.0.0.0/8 to 163.0.0.0/8; no two hosts share one."""
    scattered = ((host + np.uint32(1)) * np.uint32(2_654_435_761)) & np.uint32(0xFFFFFF)
    return scattered | (np.where(host % 4 < 3, 10, 100 + host // 4 % 64).astype(np.uint32) << np.uint32(24))


def make_flows(rng: np.random.Generator, hosts: int) -> Flows:
    """Every host has a flow as a client; the servers of most flows are the busy hosts."""
    count = FLOWS_PER_HOST * hosts
    client = np.concatenate([rng.permutation(hosts).astype(np.uint32), zipf(rng, hosts, count - hosts)])
    rng.shuffle(client)
    ports = rng.integers(1024, 65_536, count).astype(np.uint16)
    return Flows(client, zipf(rng, hosts, count), ports, SERVER_PORTS[rng.integers(0, len(SERVER_PORTS), count)])


def pick(rng: np.random.Generator, flows: Flows, count: int) -> Picked:
    """A flow and a direction for each of `count` packets."""
    flow = zipf(rng, len(flows.client), count)
    forth = rng.random(count) < 0.5
    ends = ((flows.client, flows.server), (flows.server, flows.client), (flows.client_port, flows.server_port))
    ends = (*ends, (flows.server_port, flows.client_port))
    return Picked(*(np.where(forth, there[flow], back[flow]) for there, back in ends))


def blank(count: int, *layers: Layer) -> Records:
    """Frames of `SNAP_LENGTH` zero bytes, with the fields of the layers one after the other."""
    fields = [field for layer in layers for field in layer]
    widths = [np.dtype(code).itemsize for _, code in fields]
    offsets = np.concatenate([[0], np.cumsum(widths)[:-1]]).tolist()
    names, formats = zip(*fields, strict=True)
    return np.zeros(count, np.dtype({"names": names, "formats": formats, "offsets": offsets, "itemsize": SNAP_LENGTH}))


def mac(host: NDArray[np.uint32]) -> NDArray[Any]:
    """A locally administered MAC address for each host."""
    made = np.zeros((len(host), 6), np.uint8)
    made[:, 0] = 2
    made[:, 2:] = host.astype(">u4").view(np.uint8).reshape(-1, 4)
    return made.view("V6").reshape(-1)


def fill_ethernet(frames: Records, ends: Picked, ethertype: int) -> None:
    """Ethernet between the two ends."""
    frames["eth_dst"], frames["eth_src"], frames["eth_type"] = mac(ends.dst), mac(ends.src), ethertype


def fill_ipv4(rng: np.random.Generator, frames: Records, ends: Picked, protocol: int, payload: Any) -> None:
    """An IPv4 header (RFC 791) with its checksum; `payload` is the number of bytes after it."""
    frames["version"], frames["ip_len"], frames["ip_proto"] = 0x45, 20 + payload, protocol
    frames["ip_id"], frames["ip_frag"] = rng.integers(0, 65_536, len(frames)), 0x4000
    frames["ttl"] = rng.choice(np.array([64, 128, 63, 127, 255, 57], np.uint8), len(frames))
    frames["src"], frames["dst"] = address(ends.src), address(ends.dst)
    begin = frames.dtype.fields["version"][1]
    words = frames.view(np.uint8).reshape(len(frames), SNAP_LENGTH)[:, begin : begin + 20].copy().view(">u2").astype(np.uint32)
    total = words.sum(axis=1)
    total = (total & 0xFFFF) + (total >> 16)
    frames["ip_checksum"] = ~((total & 0xFFFF) + (total >> 16)) & 0xFFFF


def fill_tcp(rng: np.random.Generator, frames: Records, ends: Picked) -> NDArray[np.int64]:
    """A TCP header with time stamps (RFC 7323). Returns the payload bytes of each segment."""
    count = len(frames)
    flags = rng.choice(FLAGS, count, p=FLAG_SHARES)
    kind = rng.random(count)
    size = np.where(kind < 0.42, 0, np.where(kind < 0.78, 1448, rng.integers(1, 1448, count)))
    frames["src_port"], frames["dst_port"] = ends.src_port, ends.dst_port
    frames["seq"], frames["ack"] = rng.integers(0, 2**32, count), rng.integers(0, 2**32, count) * (flags & 0x10 > 0)
    frames["words"], frames["flags"], frames["window"] = 8 << 4, flags, rng.integers(200, 2000, count)
    frames["options"], frames["stamp"] = 0x0101080A, rng.integers(0, 2**32, count)
    return size * (flags & 0x07 == 0)


def tcp(rng: np.random.Generator, flows: Flows, count: int) -> tuple[Records, NDArray[Any]]:
    """TCP over IPv4. This and the functions like it return frames and their lengths on the wire."""
    frames, ends = blank(count, ETHERNET, IPV4, TCP), pick(rng, flows, count)
    size = fill_tcp(rng, frames, ends)
    fill_ethernet(frames, ends, 0x0800)
    fill_ipv4(rng, frames, ends, 6, 32 + size)
    return frames, 66 + size


def vlan(rng: np.random.Generator, flows: Flows, count: int) -> tuple[Records, NDArray[Any]]:
    """TCP over IPv4 in frames with an IEEE 802.1Q tag."""
    frames, ends = blank(count, ETHERNET, TAG, IPV4, TCP), pick(rng, flows, count)
    size = fill_tcp(rng, frames, ends)
    fill_ethernet(frames, ends, 0x8100)
    frames["vlan_id"], frames["inner_type"] = 100 + ends.src % 16, 0x0800
    fill_ipv4(rng, frames, ends, 6, 32 + size)
    return frames, 70 + size


def ipv6(rng: np.random.Generator, flows: Flows, count: int) -> tuple[Records, NDArray[Any]]:
    """TCP over IPv6 (RFC 8200), a sixteenth of the hosts."""
    frames, ends = blank(count, ETHERNET, IPV6, TCP), pick(rng, flows, count)
    size = fill_tcp(rng, frames, ends)
    fill_ethernet(frames, ends, 0x86DD)
    frames["version"], frames["ip_len"], frames["ip_proto"], frames["ttl"] = 0x60000000, 32 + size, 6, 64
    for side, host in (("src", ends.src), ("dst", ends.dst)):
        frames[f"{side}_net"], frames[side] = 0x20010DB8_00000000, host // 16 + 1
    return frames, 86 + size


def udp(rng: np.random.Generator, flows: Flows, count: int) -> tuple[Records, NDArray[Any]]:
    """UDP over IPv4, a sixth of it to or from port 53."""
    frames, ends = blank(count, ETHERNET, IPV4, UDP), pick(rng, flows, count)
    size = rng.integers(20, 1200, count)
    fill_ethernet(frames, ends, 0x0800)
    fill_ipv4(rng, frames, ends, 17, 8 + size)
    port = rng.choice(np.array([53, 123, 5004, 5005, 3478, 4789], np.uint16), count)
    is_answer = ends.src_port < ends.dst_port
    frames["src_port"], frames["dst_port"] = np.where(is_answer, port, ends.src_port), np.where(is_answer, ends.dst_port, port)
    frames["udp_len"] = 8 + size
    return frames, 42 + size


def icmp(rng: np.random.Generator, flows: Flows, count: int) -> tuple[Records, NDArray[Any]]:
    """Echo requests and replies, time exceeded, unreachable (RFC 792)."""
    frames, ends = blank(count, ETHERNET, IPV4, ICMP), pick(rng, flows, count)
    fill_ethernet(frames, ends, 0x0800)
    fill_ipv4(rng, frames, ends, 1, np.full(count, 40))
    frames["type"] = rng.choice(np.array([8, 0, 11, 3], np.uint8), count, p=[0.45, 0.4, 0.1, 0.05])
    frames["identifier"], frames["sequence"] = ends.src & 0xFFFF, rng.integers(0, 65_536, count)
    return frames, np.full(count, 74)


def arp(rng: np.random.Generator, flows: Flows, count: int) -> tuple[Records, NDArray[Any]]:
    """ARP requests and replies (RFC 826), padded to the shortest frame."""
    frames, ends = blank(count, ETHERNET, ARP), pick(rng, flows, count)
    fill_ethernet(frames, ends, 0x0806)
    frames["hardware"], frames["protocol"], frames["sizes"] = 1, 0x0800, 0x0604
    frames["opcode"] = rng.integers(1, 3, count)
    frames["sender_mac"], frames["src"], frames["dst"] = mac(ends.src), address(ends.src), address(ends.dst)
    return frames, np.full(count, 60)


def esp(counters: NDArray[np.int64]) -> Callable[[np.random.Generator, Flows, int], tuple[Records, NDArray[Any]]]:
    """ESP (RFC 4303): each security association counts its packets from 1; `counters` holds how far each has come."""

    def make(rng: np.random.Generator, flows: Flows, count: int) -> tuple[Records, NDArray[Any]]:
        frames = blank(count, ETHERNET, IPV4, ESP)
        association = zipf(rng, SECURITY_ASSOCIATIONS, count)
        ends = Picked(*(field[association] for field in flows))
        size = np.where(rng.random(count) < 0.6, 1400, rng.integers(40, 1400, count)) // 16 * 16 + 4
        fill_ethernet(frames, ends, 0x0800)
        fill_ipv4(rng, frames, ends, 50, 8 + size)
        frames["spi"] = 0xC0000000 + association.astype(np.uint32) * np.uint32(0x01010101)
        order = np.argsort(association, kind="stable")
        counted = np.bincount(association, minlength=SECURITY_ASSOCIATIONS)
        place = np.empty(count, np.int64)
        place[order] = np.arange(count) - np.repeat(np.cumsum(counted) - counted, counted)
        frames["sequence"] = counters[association] + place + 1
        counters[:] += counted
        return frames, 42 + size

    return make


class Chunk(NamedTuple):
    """Some packets: frames cut to the snap length, lengths on the wire and captured, times in ns."""

    frames: NDArray[np.uint8]
    wire: NDArray[np.int64]
    captured: NDArray[np.int64]
    time: NDArray[np.int64]


def chunks(packets: int, hosts: int, seconds: float, seed: int) -> Iterator[Chunk]:
    """The capture in order of time."""
    rng = np.random.default_rng(seed)
    flows = make_flows(rng, hosts)
    makers = {"tcp": tcp, "vlan": vlan, "ipv6": ipv6, "udp": udp, "icmp": icmp, "arp": arp}
    makers["esp"] = esp(np.zeros(SECURITY_ASSOCIATIONS, np.int64))
    rates = rng.uniform(0.6, 1.4, int(seconds) + 2)
    quantiles = np.concatenate([[0.0], np.cumsum(rates) / rates.sum()])
    for first in range(0, packets, CHUNK):
        count = min(CHUNK, packets - first)
        kinds = rng.choice(len(MIX), count, p=list(MIX.values()))
        frames, wire = np.zeros((count, SNAP_LENGTH), np.uint8), np.zeros(count, np.int64)
        for number, name in enumerate(MIX):
            rows = np.flatnonzero(kinds == number)
            if len(rows):
                made, wire[rows] = makers[name](rng, flows, len(rows))
                frames[rows] = made.view(np.uint8).reshape(len(rows), SNAP_LENGTH)
        position = (first + np.arange(count) + rng.random(count)) / packets * quantiles[-1]
        time = np.sort(np.interp(position, quantiles, np.linspace(0, seconds, len(quantiles))))
        yield Chunk(frames, wire, np.minimum(wire, SNAP_LENGTH), BEGIN + (time * 1e6).astype(np.int64) * 1000)


def pcap_header() -> bytes:
    """Header of a classic little-endian pcap file with microseconds, Ethernet."""
    return np.array([0xA1B2C3D4, 2 | 4 << 16, 0, 0, SNAP_LENGTH, 1], "<u4").tobytes()


def pcap_records(chunk: Chunk) -> NDArray[np.uint8]:
    """The packets as pcap records."""
    head = np.stack([chunk.time // 10**9, chunk.time % 10**9 // 1000, chunk.captured, chunk.wire], axis=1).astype("<u4")
    rows = np.concatenate([head.view(np.uint8), chunk.frames], axis=1)
    return rows[np.arange(rows.shape[1]) < (16 + chunk.captured)[:, None]]


def pcapng_header() -> bytes:
    """A section header and an interface, microseconds, Ethernet."""
    section = np.array([0x0A0D0D0A, 28, 0x1A2B3C4D, 1, 0xFFFFFFFF, 0xFFFFFFFF, 28], "<u4")
    return section.tobytes() + np.array([1, 20, 1, SNAP_LENGTH, 20], "<u4").tobytes()


def pcapng_records(chunk: Chunk) -> NDArray[np.uint8]:
    """The packets as Enhanced Packet Blocks."""
    count, time = len(chunk.wire), chunk.time // 1000
    length = 32 + (chunk.captured + 3) // 4 * 4
    head = [np.full(count, 6), length, np.zeros(count), time >> 32, time & 0xFFFFFFFF, chunk.captured, chunk.wire]
    tail = np.zeros((count, 4), np.uint8)
    rows = np.concatenate([np.stack(head, axis=1).astype("<u4").view(np.uint8), chunk.frames, tail], axis=1)
    rows[np.arange(count)[:, None], (length - 4)[:, None] + np.arange(4)] = length.astype("<u4").view(np.uint8).reshape(-1, 4)
    return rows[np.arange(rows.shape[1]) < length[:, None]]


def netmon_records(chunk: Chunk) -> NDArray[np.uint8]:
    """The packets as frames of Network Monitor 2.3."""
    count = len(chunk.wire)
    delta = (chunk.time - BEGIN) // 1000
    head = [delta & 0xFFFFFFFF, delta >> 32, chunk.wire, chunk.captured]
    filetime = (116_444_736_000_000_000 + chunk.time // 100).astype("<u8")[:, None].view(np.uint8)
    media = np.broadcast_to(np.array([1, 0, 0xFF, 0xFF, 0xFF, 0xFF], np.uint8), (count, 6))
    tail = np.concatenate([media, filetime, np.full((count, 1), 0xFF, np.uint8)], axis=1)
    rows = np.concatenate([np.stack(head, axis=1).astype("<u4").view(np.uint8), chunk.frames, tail], axis=1)
    rows[np.arange(count)[:, None], (16 + chunk.captured)[:, None] + np.arange(15)] = tail
    return rows[np.arange(rows.shape[1]) < (31 + chunk.captured)[:, None]]


def write_netmon(file: BinaryIO, made: Iterator[Chunk]) -> None:
    """Write the chunks as a capture of Network Monitor 2.3, whose frame table comes last."""
    file.write(bytes(128))
    lengths = []
    for chunk in made:
        file.write(netmon_records(chunk).data)
        lengths.append(31 + chunk.captured)
    ends = 128 + np.cumsum(np.concatenate([[0], *lengths]))
    file.write(ends[:-1].astype("<u4").data)
    begin = datetime.fromtimestamp(BEGIN // 10**9, UTC)
    moment = (begin.year, begin.month, 0, begin.day, begin.hour, begin.minute, begin.second, 0)
    file.seek(0)
    file.write(b"GMBU" + struct.pack("<BBH8HII", 3, 2, 1, *moment, ends[-1], 4 * (len(ends) - 1)))


FORMATS = {"pcap": (pcap_header, pcap_records), "pcapng": (pcapng_header, pcapng_records)}


def write(file: BinaryIO, made: Iterator[Chunk], kind: str) -> None:
    """Write the chunks as a capture of that format."""
    if kind == "netmon":
        write_netmon(file, made)
        return
    header, records = FORMATS[kind]
    file.write(header())
    file.writelines(records(chunk).data for chunk in made)


def main() -> int:
    """Make a capture."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--packets", type=int, default=5_000_000)
    parser.add_argument("--hosts", type=int, default=100_000)
    parser.add_argument("--seconds", type=float, default=97.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--format", choices=[*FORMATS, "netmon"], default="pcap")
    parser.add_argument("-o", "--output", type=Path, required=True)
    asked = parser.parse_args()
    with asked.output.open("wb") as file:
        write(file, chunks(asked.packets, asked.hosts, asked.seconds, asked.seed), asked.format)
    return 0


if __name__ == "__main__":
    sys.exit(main())
