"""Captures built in code: pcap records and pcapng blocks, with every length at hand so that tests can lie about it."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

from netsleuth_tui.readers import Comment, Damage, Interface, UnreadableFile
from netsleuth_tui.readers.limits import BATCH_FRAMES, BLOCK_BYTES, FIRST_BLOCK_BYTES
from netsleuth_tui.readers.opening import open_in_blocks

NO_TIME = -(2**63)
SECOND = 1_000_000_000

MICRO = 0xA1B2C3D4
NANO = 0xA1B23C4D
KUZNETZOV = 0xA1B2CD34

END_OF_OPTIONS = b"\0\0\0\0"


@dataclass(frozen=True)
class Frame:
    """A frame as a reader should give it back."""

    data: bytes
    wire: int
    time: int
    link: int
    offset: int


@dataclass(frozen=True)
class Read:
    """All that a reader said about a file."""

    frames: list[Frame]
    damage: list[Damage]
    notes: list[str]
    comments: list[Comment]
    interfaces: list[Interface]
    drops: int
    batches: list[int]


def read(path: Path | str, *, block: int = BLOCK_BYTES, first: int = FIRST_BLOCK_BYTES, frames: int = BATCH_FRAMES) -> Read:
    """Read a capture to its end."""
    reader = open_in_blocks(str(path), block=block, first=first, frames=frames)
    found: list[Frame] = []
    counts = []
    for batch in reader.batches():
        counts.append(batch.count)
        for i in range(batch.count):
            start, length = int(batch.start[i]), int(batch.cap_len[i])
            assert start + length + 64 <= len(batch.data), "64 readable bytes behind every frame"
            content = batch.data[start : start + length].tobytes()
            found.append(Frame(content, int(batch.wire_len[i]), int(batch.time[i]), int(batch.link_type[i]), int(batch.offset[i])))
    return Read(found, reader.damage, reader.notes, reader.comments, reader.interfaces, reader.drops, counts)


def outcome(path: Path | str) -> tuple[int, int | None]:
    """Good frames, and the offset of the damage if there is any; a file that cannot be opened has neither."""
    try:
        result = read(path)
    except UnreadableFile:
        return 0, None
    return len(result.frames), result.damage[0].offset if result.damage else None


def pcap_header(order: str = "<", magic: int = MICRO, version: tuple[int, int] = (2, 4), snap: int = 262144, link: int = 1) -> bytes:
    """The 24 bytes that begin a pcap file."""
    return struct.pack(order + "IHHiIII", magic, *version, 0, 0, snap, link)


def record(data: bytes, time: int = 0, wire: int | None = None, order: str = "<", magic: int = MICRO, captured: int | None = None) -> bytes:
    """A pcap record; `time` in ns, `captured` to lie about the length."""
    seconds, rest = divmod(time, SECOND)
    fraction = rest if magic == NANO else rest // 1000
    lengths = (len(data) if captured is None else captured, len(data) if wire is None else wire)
    head = struct.pack(order + "IIII", seconds, fraction, *lengths)
    return head + (struct.pack(order + "IHBB", 3, 0x800, 0, 0) if magic == KUZNETZOV else b"") + data


def option(code: int, value: bytes, order: str = "<", length: int | None = None) -> bytes:
    """A pcapng option; `length` to lie about it."""
    return struct.pack(order + "HH", code, len(value) if length is None else length) + value + bytes(-len(value) % 4)


def block(kind: int, body: bytes, order: str = "<", length: int | None = None, trailer: int | None = None) -> bytes:
    """A pcapng block; `length` and `trailer` to lie about its length."""
    body += bytes(-len(body) % 4)
    total = 12 + len(body)
    head = struct.pack(order + "II", kind, total if length is None else length)
    return head + body + struct.pack(order + "I", total if trailer is None else trailer)


def section(options: bytes = b"", order: str = "<", version: tuple[int, int] = (1, 0), size: int = -1) -> bytes:
    """A section header block."""
    return block(0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, *version, size) + options, order)


def interface(options: bytes = b"", order: str = "<", link: int = 1, snap: int = 0) -> bytes:
    """An interface description block."""
    return block(1, struct.pack(order + "HHI", link, 0, snap) + options, order)


def enhanced(
    data: bytes,
    ticks: int = 0,
    index: int = 0,
    wire: int | None = None,
    options: bytes = b"",
    order: str = "<",
    captured: int | None = None,
) -> bytes:
    """An enhanced packet block; `captured` to lie about the length."""
    lengths = (len(data) if captured is None else captured, len(data) if wire is None else wire)
    body = struct.pack(order + "IIIII", index, ticks >> 32, ticks & 0xFFFFFFFF, *lengths) + data + bytes(-len(data) % 4)
    return block(6, body + options, order)


def obsolete(data: bytes, ticks: int = 0, index: int = 0, drops: int = 0xFFFF, options: bytes = b"", order: str = "<") -> bytes:
    """An obsolete packet block."""
    body = struct.pack(order + "HHIIII", index, drops, ticks >> 32, ticks & 0xFFFFFFFF, len(data), len(data)) + data + bytes(-len(data) % 4)
    return block(2, body + options, order)


def simple(data: bytes, wire: int | None = None, order: str = "<") -> bytes:
    """A simple packet block."""
    return block(3, struct.pack(order + "I", len(data) if wire is None else wire) + data, order)


def statistics(index: int, options: bytes, order: str = "<") -> bytes:
    """An interface statistics block."""
    return block(5, struct.pack(order + "III", index, 0, 0) + options, order)
