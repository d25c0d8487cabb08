"""Frames written by hand, header by header, and what the decoder makes of them."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address
from typing import Any

import numpy as np

from netsleuth_tui.decode.columns import PACKET_COLUMNS, Columns, Has, Protocol
from netsleuth_tui.decode.hosts import HostTable
from netsleuth_tui.decode.packets import decode_frames

FIELDS = {
    "eth_type": Has.ETH_TYPE, "vlan_id": Has.VLAN_ID, "src": Has.ADDRESSES, "dst": Has.ADDRESSES, "ip_len": Has.IP_LEN,
    "ip_id": Has.IP_ID, "ip_frag": Has.IP_FRAG, "ttl": Has.TTL, "ip_proto": Has.IP_PROTO, "src_port": Has.SRC_PORT,
    "dst_port": Has.DST_PORT, "tcp_seq": Has.TCP_SEQ, "tcp_ack": Has.TCP_ACK, "tcp_flags": Has.TCP_FLAGS,
    "tcp_window": Has.TCP_WINDOW, "tcp_len": Has.TCP_LEN, "tcp_scale": Has.TCP_SCALE, "icmp_type": Has.ICMP_TYPE,
    "icmp_code": Has.ICMP_CODE, "arp_opcode": Has.ARP_OPCODE, "arp_hw": Has.ARP_HW, "esp_spi": Has.ESP_SPI,
    "esp_sequence": Has.ESP_SEQUENCE,
}  # fmt: skip
"""The bit of every column that can be absent."""

A, B = "10.0.0.1", "192.168.7.9"
A6, B6 = "2001:db8::1", "fe80::9"
MACS = bytes(range(12))


def ethernet(kind: int, rest: bytes) -> bytes:
    return MACS + struct.pack(">H", kind) + rest


def ipv4(
    protocol: int, rest: bytes, *, fragment: int = 0, options: bytes = b"", length: int | None = None, first: int | None = None
) -> bytes:
    size = 20 + len(options)
    total = size + len(rest) if length is None else length
    start = 0x40 | size // 4 if first is None else first
    head = struct.pack(">BBHHHBBH", start, 0, total, 0x1234, fragment, 63, protocol, 0)
    return head + IPv4Address(A).packed + IPv4Address(B).packed + options + rest


def ipv6(following: int, rest: bytes, *, length: int | None = None) -> bytes:
    head = struct.pack(">IHBB", 6 << 28, len(rest) if length is None else length, following, 62)
    return head + IPv6Address(A6).packed + IPv6Address(B6).packed + rest


def tcp(payload: bytes = b"", *, flags: int = 0x18, words: int = 5) -> bytes:
    head = struct.pack(">HHIIHHHH", 443, 50_000, 0xFFFFFFFE, 7, words << 12 | flags, 512, 0, 0)
    return head + bytes(max(words - 5, 0) * 4) + payload


def udp(payload: bytes = b"", *, source: int = 53, destination: int = 50_000, length: int | None = None) -> bytes:
    return struct.pack(">HHHH", source, destination, 8 + len(payload) if length is None else length, 0) + payload


def gre(kind: int, rest: bytes, *, flags: int = 0, extra: bytes = b"") -> bytes:
    return struct.pack(">HH", flags, kind) + extra + rest


def arp(opcode: int = 1) -> bytes:
    macs = MACS[:6], MACS[6:]
    return struct.pack(">HHBBH", 1, 0x0800, 6, 4, opcode) + macs[0] + IPv4Address(A).packed + macs[1] + IPv4Address(B).packed


ESP = struct.pack(">II", 0xC0FFEE01, 41) + bytes(24)


class Row(dict[str, Any]):
    """The columns of a frame that are present, by name; addresses as text, `bits` and `protocol` as enums."""

    @property
    def bits(self) -> Has:
        """`present` of the row."""
        return Has(self["bits"])


def decode(
    frames: Sequence[bytes], link_type: int | Sequence[int] = 1, *, wire: Sequence[int] | None = None, after: bytes = b"\x00"
) -> list[Row]:
    """Decode frames; `after` is repeated behind each of them, where nothing may be read."""
    gap = (after * 64)[:64]
    data = np.frombuffer(bytearray(b"".join(frame + gap for frame in frames) + bytes(64)), np.uint8)
    lengths = np.array([len(frame) for frame in frames], np.int64)
    count = len(frames)
    start = np.concatenate(([0], np.cumsum(lengths + 64)[:-1])) if count else np.zeros(0, np.int64)
    types = np.broadcast_to(np.array(link_type, np.uint16), count).copy()
    on_wire = lengths if wire is None else np.array(wire, np.int64)
    columns = Columns(*(np.zeros(count + 3, dtype) for dtype in PACKET_COLUMNS.values()))
    hosts = HostTable()
    captured = lengths.astype(np.uint32)
    time, offset = np.arange(count, dtype=np.int64), start.astype(np.uint64)
    decode_frames(data, count, start.astype(np.int64), captured, on_wire.astype(np.uint32), time, types, offset, columns, 3, 0, hosts)
    assert not any(column[:3].any() for column in columns), "a row before the first one was written"
    return [_row(columns, row, hosts) for row in range(3, 3 + count)]


def _row(columns: Columns, row: int, hosts: HostTable) -> Row:
    bits = int(columns.present[row])
    found = Row(bits=bits, protocol=Protocol(int(columns.protocol[row])))
    for name, bit in FIELDS.items():
        value = int(getattr(columns, name)[row])
        if bits & bit:
            found[name] = address(hosts, value) if name in ("src", "dst") else value
        else:
            assert value == 0, f"{name} is absent but holds {value}"
    return found


def address(hosts: HostTable, host: int) -> str:
    """The text of an address by its id."""
    if hosts.version[host] == 4:
        assert hosts.hi[host] == 0
        return str(IPv4Address(int(hosts.lo[host])))
    return str(IPv6Address(int(hosts.hi[host]) << 64 | int(hosts.lo[host])))
