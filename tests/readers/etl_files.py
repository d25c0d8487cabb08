"""Event traces for tests: what the samples' writer makes, pktmon's packets, and buffers that are compressed."""

from __future__ import annotations

import struct
import sys
from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

SAMPLES = Path(__file__).resolve().parents[2] / "sample_captures"
sys.path.append(str(SAMPLES))

import event_trace  # noqa: E402 - it lies beside the samples
from event_trace import AFD, EPOCH, NDISCAP, Record, dropped_datagram, event, ndis, sock_address  # noqa: E402

__all__ = [
    "AFD", "EPOCH", "NDISCAP", "PKTMON", "RAW_START", "START", "Record", "compressed", "dropped_datagram", "event", "ndis", "pktmon",
    "plain_lz77", "sock_address", "trace",
]  # fmt: skip

PKTMON = UUID("4d4f80d9-c8bd-4d73-bb5b-19c90402c5ac")
RAW_START = event_trace.RAW_START

START = 1_700_000_000 * 10**7
"""When all traces begin, in 100 ns since 1970."""


def trace(records: Sequence[Record], *, packed: bool = False, end: int = 10**7, **about: int) -> bytes:
    """A trace that lasts a second unless `end` says otherwise; `about` is what the writer and the trace's header take."""
    start = about.pop("start", START + EPOCH)
    return event_trace.trace(records, start=start, end=START + EPOCH + end, pack=compressed if packed else None, **about)


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
