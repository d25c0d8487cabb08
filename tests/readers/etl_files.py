"""Event traces made byte by byte: packets of ndiscap and pktmon, events of Winsock-AFD, plain and compressed buffers."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

__all__ = [
    "AFD", "NDISCAP", "PKTMON", "Record", "compressed", "dropped_datagram", "event", "header", "ndis", "pktmon", "plain_lz77",
    "sock_address", "trace",
]  # fmt: skip

NDISCAP = UUID("2ed6006e-4729-4609-b423-3ee7bcd678ef")
PKTMON = UUID("4d4f80d9-c8bd-4d73-bb5b-19c90402c5ac")
AFD = UUID("e53c6823-7bb8-44bb-90dc-3f86090d48a6")

EPOCH = 116_444_736_000_000_000
START = 1_700_000_000 * 10**7
"""When all traces begin, in 100 ns since 1970."""
RAW_START = 886_892_083_256
FREQUENCY = 10_000_000


@dataclass(frozen=True, slots=True)
class Record:
    """A record with its time in 100 ns since the trace began, and the processor that logs it."""

    time: int
    content: bytes
    processor: int = 0


def event(
    time: int, provider: UUID, event_id: int, data: bytes, *, keywords: int = 0, level: int = 4, opcode: int = 0, task: int = 0,
    pid: int = 4, tid: int = 8, processor: int = 0, wide: bool = True, attached: bytes = b"", raw: int | None = None,
) -> Record:  # fmt: skip
    """An event with an EVENT_HEADER."""
    size = 80 + len(attached) + len(data)
    ticks = RAW_START + time if raw is None else raw
    head = struct.pack("<HBBHHIIq", size, 19 if wide else 18, 0xC0, 1 if attached else 0, 0, tid, pid, ticks)
    head += provider.bytes_le + struct.pack("<HBBBBHQ", event_id, 0, 0, level, opcode, task, keywords) + bytes(24)
    content = head + attached + data
    return Record(time, content + b"\xff" * (-len(content) % 8), processor)


def ndis(
    time: int, frame: bytes, *, parts: int = 1, sent: bool = False, keywords: int = 1, layer: tuple[int, int] = (12, 13), tail: bytes = b"",
    processor: int = 0, tid: int = 8, size: int | None = None,
) -> list[Record]:  # fmt: skip
    """A packet of ndiscap, in as many pieces as asked for."""
    step = -(-len(frame) // parts) or 1
    pieces = [frame[at : at + step] for at in range(0, len(frame), step)] or [b""]
    records = []
    for number, piece in enumerate(pieces):
        flags = keywords | (0x1_0000_0000 if sent else 0x2_0000_0000)
        flags |= (0x4000_0000 if number == 0 else 0) | (0x8000_0000 if number == len(pieces) - 1 else 0)
        data = struct.pack("<III", *layer, len(piece) if size is None else size) + piece + tail
        records.append(event(time, NDISCAP, 1001, data, keywords=flags, processor=processor, tid=tid))
    return records


def pktmon(
    time: int, frame: bytes, *, event_id: int = 160, group: int = 1, number: int = 1, appearance: int = 1, direction: int = 3,
    kind: int = 1, component: int = 10, reason: int = 0, place: int = 0, original: int | None = None, processor: int = 0,
) -> Record:  # fmt: skip
    """A packet as pktmon saw it at one component."""
    head = struct.pack(
        "<QHHHHHHHIIHH", group, number, appearance, direction, kind, component, 1, 0, reason, place,
        len(frame) if original is None else original, len(frame),
    )  # fmt: skip
    return event(time, PKTMON, event_id, head + frame, keywords=0x10, processor=processor)


def sock_address(address: bytes, port: int) -> bytes:
    """A SOCKADDR_IN or SOCKADDR_IN6."""
    if len(address) == 4:
        return struct.pack("<H", 2) + struct.pack(">H", port) + address + bytes(8)
    return struct.pack("<H", 23) + struct.pack(">H", port) + bytes(4) + address + bytes(4)


def dropped_datagram(
    time: int, endpoint: int, address: bytes, length: int, reason: int, *, wide: bool = True, processor: int = 0
) -> Record:
    """Winsock-AFD 1033: a datagram that found no room in its socket's buffer."""
    pointer = "Q" if wide else "I"
    data = struct.pack(f"<II{pointer}{pointer}{pointer}II", 0, 11003, 0x12345080, endpoint, 0x55667788, length, len(address))
    data += address + struct.pack("<I", reason)
    return event(time, AFD, 1033, data, keywords=0x4, level=2, opcode=12, task=1033, wide=wide, processor=processor)


def plain_lz77(data: bytes) -> bytes:
    """XPRESS without Huffman codes ([MS-XCA] 2.3), taking the nearest earlier match of any length."""
    out, recent = bytearray(), dict[bytes, int]()
    at, flags, flag_at, used, half = 0, 0, 0, 32, -1
    while at < len(data):
        if used == 32:
            if out:
                struct.pack_into("<I", out, flag_at, flags)
            flag_at, flags, used = len(out), 0, 0
            out += bytes(4)
        begin = recent.get(data[at : at + 3], -1) if at + 3 <= len(data) else -1
        recent[data[at : at + 3]] = at
        used += 1
        if begin < 0 or at - begin > 8192:
            out.append(data[at])
            at += 1
            continue
        length = 3
        while at + length < len(data) and data[begin + length] == data[at + length]:
            length += 1
        flags |= 1 << (32 - used)
        half = _put_match(out, at - begin, length - 3, half)
        at += length
    if not out:
        return b""
    if used == 32:
        struct.pack_into("<I", out, flag_at, flags)
        return bytes(out + b"\xff\xff\xff\xff")
    struct.pack_into("<I", out, flag_at, flags | (1 << (32 - used)) - 1)
    return bytes(out)


def _put_match(out: bytearray, distance: int, length: int, half: int) -> int:
    """Write a match; `half` is the octet whose upper half is free, or -1."""
    out += struct.pack("<H", (distance - 1) << 3 | min(length, 7))
    if length < 7:
        return half
    length -= 7
    nibble = min(length, 15)
    if half < 0:
        half = len(out)
        out.append(nibble)
    else:
        out[half] |= nibble << 4
        half = -1
    if length < 15:
        return half
    length -= 15
    out.append(min(length, 255))
    if length >= 255:
        whole = length + 15 + 7
        out += struct.pack("<H", whole) if whole < 1 << 16 else struct.pack("<HI", 0, whole)
    return half


def compressed(buffer: bytes) -> bytes:
    """A buffer, compressed unless it becomes longer by that."""
    records = buffer[72 : struct.unpack_from("<I", buffer, 48)[0]]
    packed = plain_lz77(records)
    if len(packed) >= len(records):
        packed, flags = records, 0x20
    else:
        flags = 0x60
    head = bytearray(buffer[:72])
    struct.pack_into("<I", head, 0, 72 + len(packed))
    struct.pack_into("<H", head, 52, flags)
    return bytes(head) + packed


def _buffer(records: bytes, size: int, processor: int, number: int, *, kind: int = 0) -> bytes:
    used = 72 + len(records)
    head = struct.pack("<IIIiqqQHHIIHH", size, used, used, 0, 0, number, 0, processor, 1, 3, used, 0x21 if kind else 0x20, kind) + bytes(16)
    return head + records + b"\xff" * (size - used)


def header(buffers: int, *, size: int, clock: int = 1, frequency: int = FREQUENCY, megahertz: int = 3000, end: int = 10**7, lost: int = 0,
           buffers_lost: int = 0, start: int = START + EPOCH, raw_start: int = RAW_START, wide: bool = True) -> bytes:  # fmt: skip
    """The record that every trace begins with: SYSTEM_TRACE_HEADER and TRACE_LOGFILE_HEADER."""
    mode, ends = 1, START + EPOCH + end
    body = struct.pack("<IIIIqIIIIIIII", size, 0x0501000A, 19041, 2, ends, 156250, 0, mode, buffers, 1, 8 if wide else 4, lost, megahertz)
    body += bytes(16 if wide else 8) + struct.pack("<i", -60) + bytes(168) + bytes(4)
    body += struct.pack("<qqqII", START - 10**12, frequency, start, clock, buffers_lost)
    body += "netsh\0C:\\trace.etl\0".encode("utf-16-le")
    record = struct.pack("<HBBHHIIqII", 2, 2, 0xC0, 32 + len(body), 0, 8, 4, raw_start, 0, 0) + body
    return record + b"\xff" * (-len(record) % 8)


def trace(records: Sequence[Record], *, size: int = 4096, packed: bool = False, rotated: int = 0, **about: int) -> bytes:
    """A trace: buffers are filled by each processor in the order of `records`.

    Args:
        records: In any order of time; larger than a buffer they cannot be.
        size: Of a buffer.
        packed: Whether buffers are compressed.
        rotated: How many buffers from the end come first, as in a circular trace.
        about: What `header` takes.
    """
    buffers: list[bytes] = []
    filled: dict[int, bytes] = {}
    for record in records:
        before = filled.get(record.processor, b"")
        if 72 + len(before) + len(record.content) > size:
            buffers.append(_buffer(before, size, record.processor, len(buffers) + 1))
            before = b""
        filled[record.processor] = before + record.content
    buffers += [_buffer(content, size, processor, len(buffers) + 1) for processor, content in filled.items()]
    buffers = buffers[len(buffers) - rotated :] + buffers[: len(buffers) - rotated]
    first = _buffer(header(len(buffers) + 1, size=size, **about), max(size, 1024), 0, 0, kind=4)
    return first + b"".join(compressed(buffer) if packed else buffer for buffer in buffers)


def moved(record: Record, time: int) -> Record:
    """The record at another place of the order, its own clock unchanged."""
    return replace(record, time=time)
