"""Frames, byte by byte: Ethernet, ARP, IPv4, ICMP, UDP, TCP and DNS, with lengths and checksums that hold.

The sample captures are made from these, so that what they show can be checked against any other tool.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from ipaddress import IPv4Address

__all__ = [
    "ACK",
    "FIN",
    "PSH",
    "RST",
    "SYN",
    "Datagram",
    "Segment",
    "arp",
    "checksum",
    "dns_query",
    "dns_response",
    "echo",
    "ethernet",
    "ipv4",
    "tcp",
    "time_exceeded",
    "udp",
]

FIN, SYN, RST, PSH, ACK = 0x01, 0x02, 0x04, 0x08, 0x10

SHORTEST_FRAME = 60
"""Bytes of the shortest Ethernet frame without its checksum; shorter ones arrive padded with zeros."""

ETHERTYPE_IPV4, ETHERTYPE_ARP = 0x0800, 0x0806

_HANDSHAKE_OPTIONS = bytes.fromhex("020405b4 0101 0402 01030307".replace(" ", ""))
"""Options of a SYN: MSS 1460, SACK permitted, window scale 7 (RFC 9293, RFC 2018, RFC 7323)."""


@dataclass(frozen=True, slots=True)
class Datagram:
    """What an IPv4 header says besides lengths (RFC 791)."""

    src: str
    dst: str
    ttl: int
    identification: int = 0
    may_fragment: bool = False
    tos: int = 0


@dataclass(frozen=True, slots=True)
class Segment:
    """A TCP segment (RFC 9293)."""

    src_port: int
    dst_port: int
    seq: int
    ack: int
    flags: int
    window: int = 502
    payload: bytes = b""


def checksum(data: bytes) -> int:
    """The Internet checksum (RFC 1071); arithmetic modulo 65 535 is one's complement addition."""
    return -int.from_bytes(data + b"\0" * (len(data) % 2), "big") % 0xFFFF


def ethernet(dst: str, src: str, ethertype: int, payload: bytes) -> bytes:
    """A frame as it arrives, without the frame check sequence."""
    frame = bytes.fromhex(dst.replace(":", "")) + bytes.fromhex(src.replace(":", "")) + struct.pack("!H", ethertype) + payload
    return frame.ljust(SHORTEST_FRAME, b"\0")


def arp(opcode: int, sender: tuple[str, str], target: tuple[str, str]) -> bytes:
    """An ARP packet for IPv4 over Ethernet (RFC 826); `sender` and `target` are (MAC, address)."""
    pairs = b"".join(bytes.fromhex(mac.replace(":", "")) + IPv4Address(address).packed for mac, address in (sender, target))
    return struct.pack("!HHBBH", 1, ETHERTYPE_IPV4, 6, 4, opcode) + pairs


def ipv4(header: Datagram, protocol: int, payload: bytes) -> bytes:
    """An IPv4 datagram."""
    fragment = 0 if header.may_fragment else 0x4000
    first = struct.pack("!BBHHHBB", 0x45, header.tos, 20 + len(payload), header.identification, fragment, header.ttl, protocol)
    addresses = IPv4Address(header.src).packed + IPv4Address(header.dst).packed
    return first + struct.pack("!H", checksum(first + addresses)) + addresses + payload


def tcp(header: Datagram, segment: Segment) -> bytes:
    """A TCP segment in its datagram; a SYN carries the usual options."""
    options = _HANDSHAKE_OPTIONS if segment.flags & SYN else b""
    words = 5 + len(options) // 4
    window = 64240 if segment.flags & SYN else 0 if segment.flags & RST else segment.window
    ports = struct.pack("!HH", segment.src_port, segment.dst_port)
    first = ports + struct.pack("!IIBBH", segment.seq, segment.ack, words << 4, segment.flags, window)
    rest = options + segment.payload
    total = checksum(_pseudo_header(header, 6, len(first) + 4 + len(rest)) + first + b"\0\0\0\0" + rest)
    return ipv4(header, 6, first + struct.pack("!HH", total, 0) + rest)


def udp(header: Datagram, src_port: int, dst_port: int, payload: bytes) -> bytes:
    """A UDP datagram in its IPv4 datagram (RFC 768)."""
    first = struct.pack("!HHH", src_port, dst_port, 8 + len(payload))
    total = checksum(_pseudo_header(header, 17, 8 + len(payload)) + first + b"\0\0" + payload) or 0xFFFF
    return ipv4(header, 17, first + struct.pack("!H", total) + payload)


def _pseudo_header(header: Datagram, protocol: int, length: int) -> bytes:
    return IPv4Address(header.src).packed + IPv4Address(header.dst).packed + struct.pack("!HH", protocol, length)


def echo(header: Datagram, identifier: int, sequence: int, payload: bytes, *, reply: bool = False) -> bytes:
    """An ICMP echo request or reply (RFC 792)."""
    kind = 0 if reply else 8
    rest = struct.pack("!HH", identifier, sequence) + payload
    return ipv4(header, 1, struct.pack("!BBH", kind, 0, checksum(bytes((kind, 0)) + rest)) + rest)


def time_exceeded(header: Datagram, expired: bytes) -> bytes:
    """ICMP type 11 code 0, quoting the header and first 8 bytes of the datagram that ran out of hops (RFC 792)."""
    rest = b"\0\0\0\0" + expired[:28]
    return ipv4(header, 1, struct.pack("!BBH", 11, 0, checksum(b"\x0b\0" + rest)) + rest)


def dns_query(transaction: int, name: str) -> bytes:
    """A query for the address of a name (RFC 1035)."""
    return struct.pack("!HHHHHH", transaction, 0x0100, 1, 0, 0, 0) + _dns_question(name)


def dns_response(transaction: int, name: str, address: str) -> bytes:
    """The answer to `dns_query`: one address."""
    answer = struct.pack("!HHHIH", 0xC00C, 1, 1, 300, 4) + IPv4Address(address).packed
    return struct.pack("!HHHHHH", transaction, 0x8180, 1, 1, 0, 0) + _dns_question(name) + answer


def _dns_question(name: str) -> bytes:
    labels = b"".join(bytes((len(label),)) + label.encode() for label in name.split("."))
    return labels + b"\0" + struct.pack("!HH", 1, 1)
