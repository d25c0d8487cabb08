"""Capture files: classic pcap and pcapng, written so that the same packets always give the same bytes."""

from __future__ import annotations

import gzip
import struct
from collections.abc import Iterable
from typing import NamedTuple

__all__ = ["Packet", "compressed", "pcap", "pcapng"]

ETHERNET = 1
"""LINKTYPE_ETHERNET."""


class Packet(NamedTuple):
    """A frame and when it was seen."""

    time: int
    """Nanoseconds since 1970-01-01T00:00:00Z."""
    frame: bytes
    """As on the wire, not yet cut to the snap length."""


def pcap(packets: Iterable[Packet], snap_length: int) -> bytes:
    """A classic little-endian pcap file with microseconds."""
    parts = [struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, snap_length, ETHERNET)]
    for time, frame in packets:
        captured = frame[:snap_length]
        seconds, nanoseconds = divmod(time, 10**9)
        parts += [struct.pack("<IIII", seconds, nanoseconds // 1000, len(captured), len(frame)), captured]
    return b"".join(parts)


def pcapng(packets: Iterable[Packet], snap_length: int, *, comment: str, interface: str, description: str) -> bytes:
    """A little-endian pcapng section with one interface, nanoseconds, and interface statistics at the end."""
    section = struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1) + _options((1, comment.encode()), (4, b"make_samples.py"))
    options = _options((2, interface.encode()), (3, description.encode()), (9, b"\x09"))
    parts = [_block(0x0A0D0D0A, section), _block(1, struct.pack("<HHI", ETHERNET, 0, snap_length) + options)]
    count, last = 0, 0
    for time, frame in packets:
        captured = frame[:snap_length]
        parts.append(_block(6, struct.pack("<IIIII", 0, time >> 32, time & 0xFFFFFFFF, len(captured), len(frame)) + _padded(captured)))
        count, last = count + 1, time
    statistics = _options((4, struct.pack("<Q", count)), (5, struct.pack("<Q", 0)))
    parts.append(_block(5, struct.pack("<III", 0, last >> 32, last & 0xFFFFFFFF) + statistics))
    return b"".join(parts)


def compressed(data: bytes) -> bytes:
    """The data as a gzip file without name and time in its header."""
    return gzip.compress(data, compresslevel=9, mtime=0)


def _block(kind: int, body: bytes) -> bytes:
    length = struct.pack("<I", 12 + len(body))
    return struct.pack("<I", kind) + length + body + length


def _options(*options: tuple[int, bytes]) -> bytes:
    return b"".join(struct.pack("<HH", code, len(value)) + _padded(value) for code, value in options) + b"\0\0\0\0"


def _padded(value: bytes) -> bytes:
    return value + b"\0" * (-len(value) % 4)
