"""Capture files: pcapng and Network Monitor, written so that the same packets always give the same bytes."""

from __future__ import annotations

import gzip
import struct
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

__all__ = ["Packet", "compressed", "netmon", "pcapng"]

ETHERNET = 1
"""LINKTYPE_ETHERNET."""


_NETMON_HEADER = 128
_FILETIME_1970 = 116_444_736_000_000_000
"""1970 in units of 100 ns since 1601."""


class Packet(NamedTuple):
    """A frame and when it was seen."""

    time: int
    """Nanoseconds since 1970-01-01T00:00:00Z."""
    frame: bytes
    """As on the wire, not yet cut to the snap length."""


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


def netmon(packets: Iterable[Packet], snap_length: int, *, start: int, zone: timedelta) -> bytes:
    """A capture as Network Monitor 3.4 writes it (version 2.3): header, frames, frame table.

    Args:
        packets: Frames with their times, which are kept to 100 ns.
        snap_length: Bytes that are kept of a frame.
        start: When capturing began, ns since 1970, in whole milliseconds; a frame's time stands in it twice, once from there.
        zone: How far the capturing computer's clock is ahead of UTC.
    """
    began = datetime.fromtimestamp(start // 10**9, UTC) + zone
    moment = struct.pack(
        "<8H", began.year, began.month, began.isoweekday() % 7, began.day, began.hour, began.minute, began.second, start // 10**6 % 1000
    )
    parts, offsets, at = [], [], _NETMON_HEADER
    for time, frame in packets:
        captured = frame[:snap_length]
        head = struct.pack("<QII", (time - start) // 1000, len(frame), len(captured))
        tail = struct.pack("<HIQB", ETHERNET, 0xFFFFFFFF, _FILETIME_1970 + time // 100, 0xFF)
        offsets.append(at)
        parts.append(head + captured + tail)
        at += len(parts[-1])
    table = struct.pack(f"<{len(offsets)}I", *offsets)
    header = b"GMBU" + struct.pack("<BBH", 3, 2, ETHERNET) + moment + struct.pack("<II", at, len(table))
    return b"".join([header.ljust(_NETMON_HEADER, b"\0"), *parts, table])


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
