"""Event traces (.etl) as Windows writes them, byte by byte: buffers of each processor, packets of ndiscap, events of Winsock-AFD.

Layouts after evntrace.h and ntwmi.h, and the manifests of Microsoft-Windows-NDIS-PacketCapture and Microsoft-Windows-Winsock-AFD.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from uuid import UUID

__all__ = ["AFD", "EPOCH", "NDISCAP", "Record", "afd", "dropped_datagram", "event", "header", "ndis", "sock_address", "trace"]

NDISCAP = UUID("2ed6006e-4729-4609-b423-3ee7bcd678ef")
AFD = UUID("e53c6823-7bb8-44bb-90dc-3f86090d48a6")

EPOCH = 116_444_736_000_000_000
"""1970 in the 100 ns since 1601 that Windows counts in."""
RAW_START = 886_892_083_256
"""What the clock of the records shows when a trace begins."""
FREQUENCY = 10_000_000
"""Its ticks a second."""

_BEGINS, _ENDS, _SENT, _RECEIVED, _CUT_SHORT = 0x4000_0000, 0x8000_0000, 0x1_0000_0000, 0x2_0000_0000, 0x200_0000
_DROPPED, _AT_DROP = 1033, 11003


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
    """An event with an EVENT_HEADER, of a 64-bit system if `wide`."""
    size = 80 + len(attached) + len(data)
    ticks = RAW_START + time if raw is None else raw
    head = struct.pack("<HBBHHIIq", size, 19 if wide else 18, 0xC0, 1 if attached else 0, 0, tid, pid, ticks)
    head += provider.bytes_le + struct.pack("<HBBBBHQ", event_id, 0, 0, level, opcode, task, keywords) + bytes(24)
    content = head + attached + data
    return Record(time, content + b"\xff" * (-len(content) % 8), processor)


def ndis(
    time: int, frame: bytes, *, parts: int = 1, sent: bool = False, keywords: int = 1, layer: tuple[int, int] = (12, 13), tail: bytes = b"",
    processor: int = 0, tid: int = 8, size: int | None = None, snap_length: int | None = None,
) -> list[Record]:  # fmt: skip
    """A packet of ndiscap, in as many pieces as asked for; `size` is a lie about them."""
    if snap_length is not None and len(frame) > snap_length:
        frame, keywords = frame[:snap_length], keywords | _CUT_SHORT
    step = -(-len(frame) // parts) or 1
    pieces = [frame[at : at + step] for at in range(0, len(frame), step)] or [b""]
    records = []
    for number, piece in enumerate(pieces):
        flags = keywords | (_SENT if sent else _RECEIVED)
        flags |= (_BEGINS if number == 0 else 0) | (_ENDS if number == len(pieces) - 1 else 0)
        data = struct.pack("<III", *layer, len(piece) if size is None else size) + piece + tail
        records.append(event(time, NDISCAP, 1001, data, keywords=flags, processor=processor, tid=tid))
    return records


def sock_address(address: str, port: int) -> bytes:
    """A SOCKADDR_IN or SOCKADDR_IN6."""
    packed = ip_address(address).packed
    if len(packed) == 4:
        return struct.pack("<H", 2) + struct.pack(">H", port) + packed + bytes(8)
    return struct.pack("<H", 23) + struct.pack(">H", port) + bytes(4) + packed + bytes(4)


def afd(
    time: int, event_id: int, endpoint: int, data: bytes, *, process: int = 0x12345080, location: int = 0, level: int = 4,
    wide: bool = True, processor: int = 0, pid: int = 4,
) -> Record:  # fmt: skip
    """An event of Winsock-AFD about a socket, which its endpoint stands for; `process` is an address in the kernel, not a number."""
    pointer = "Q" if wide else "I"
    head = struct.pack(f"<II{pointer}{pointer}", 0, location, process, endpoint)
    return event(
        time, AFD, event_id, head + data, keywords=0x4, level=level, task=event_id, wide=wide, processor=processor, pid=pid
    )  # fmt: skip


def dropped_datagram(
    time: int, endpoint: int, address: bytes, length: int, reason: int, *, wide: bool = True, processor: int = 0, process: int = 0x12345080
) -> Record:
    """A datagram that found no room at its socket."""
    data = struct.pack("<QII" if wide else "<III", 0x55667788, length, len(address)) + address + struct.pack("<I", reason)
    return afd(
        time, _DROPPED, endpoint, data, process=process, location=_AT_DROP, level=2, wide=wide, processor=processor
    )  # fmt: skip


def header(
    buffers: int, *, size: int, start: int, end: int, clock: int = 1, frequency: int = FREQUENCY, megahertz: int = 3000, lost: int = 0,
    buffers_lost: int = 0, raw_start: int = RAW_START,
) -> bytes:  # fmt: skip
    """The record that every trace begins with, SYSTEM_TRACE_HEADER and TRACE_LOGFILE_HEADER; `start` and `end` since 1601."""
    body = struct.pack("<IIIIqIIIIIIII", size, 0x0501000A, 19041, 2, end, 156250, 0, 1, buffers, 1, 8, lost, megahertz)
    body += bytes(16 + 176)
    body += struct.pack("<qqqII", end - 10**12, frequency, start, clock, buffers_lost)
    body += "netsh\0C:\\trace.etl\0".encode("utf-16-le")
    record = struct.pack("<HBBHHIIqII", 2, 2, 0xC0, 32 + len(body), 0, 8, 4, raw_start, 0, 0) + body
    return record + b"\xff" * (-len(record) % 8)


def trace(
    records: Sequence[Record], *, start: int, end: int, size: int = 4096, pack: Callable[[bytes], bytes] | None = None, rotated: int = 0,
    **about: int,
) -> bytes:  # fmt: skip
    """A trace: each processor fills buffers of its own, in the order of `records`.

    Args:
        records: In any order of time; larger than a buffer they cannot be.
        start: Of the trace, 100 ns since 1601.
        end: Of the trace.
        size: Of a buffer.
        pack: Makes a buffer shorter.
        rotated: How many buffers from the end come first, as in a circular trace.
        about: What `header` takes besides.
    """
    buffers: list[bytes] = []
    filled: dict[int, list[bytes]] = {}
    used: dict[int, int] = {}
    for record in records:
        processor = record.processor
        if 72 + used.get(processor, 0) + len(record.content) > size:
            buffers.append(_buffer(b"".join(filled.pop(processor)), size, processor, len(buffers) + 1))
            used[processor] = 0
        filled.setdefault(processor, []).append(record.content)
        used[processor] = used.get(processor, 0) + len(record.content)
    buffers += [_buffer(b"".join(content), size, processor, len(buffers) + 1) for processor, content in filled.items()]
    buffers = buffers[len(buffers) - rotated :] + buffers[: len(buffers) - rotated]
    head = header(len(buffers) + 1, size=size, start=start, end=end, **about)
    return _buffer(head, max(size, 1024), 0, 0, kind=4) + b"".join(pack(buffer) if pack else buffer for buffer in buffers)


def _buffer(records: bytes, size: int, processor: int, number: int, *, kind: int = 0) -> bytes:
    used = 72 + len(records)
    flags = 0x21 if kind else 0x20
    head = struct.pack("<IIIiqqQHHIIHH", size, used, used, 0, 0, number, 0, processor, 1, 3, used, flags, kind) + bytes(16)
    return head + records + b"\xff" * (size - used)
