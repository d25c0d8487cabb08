"""Makes a large event trace (.etl) quickly: the packets of make_capture.py, as `netsh trace` keeps them.

usage: make_trace.py [--packets 5000000] [--compressed] [--afd 1000] -o FILE

Two processors fill buffers of 64 KiB in turn, some packets each; one event of Winsock-AFD stands among so many packets (`--afd`).
Compressed buffers are plain LZ77 ([MS-XCA] 2.3), made by a kernel of ours: each match is the nearest earlier one of its first four bytes.
"""

from __future__ import annotations

import argparse
import struct
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numba
import numpy as np
from make_capture import BEGIN, SNAP_LENGTH, Chunk, chunks
from numpy.typing import NDArray

sys.path.append(str(Path(__file__).resolve().parents[2] / "sample_captures"))

from event_trace import EPOCH, FREQUENCY, NDISCAP, RAW_START, dropped_datagram, header, sock_address

SIZE = 1 << 16
HEAD = 72
RECORDS = 340
"""Packets of a buffer."""
TURN = 20
"""Packets that a processor logs one after the other."""
_BEGINS, _ENDS, _SENT, _RECEIVED, _CUT_SHORT = 0x4000_0000, 0x8000_0000, 0x1_0000_0000, 0x2_0000_0000, 0x200_0000
START = BEGIN // 100


def records_of(chunk: Chunk) -> NDArray[np.uint8]:
    """The packets as events of ndiscap, rows of one length: what is behind a shorter one is 0xFF."""
    count = len(chunk.wire)
    sizes = 92 + chunk.captured
    row = np.dtype(
        [
            *(("size", "<u2"), ("kind", "u1"), ("mark", "u1"), ("flags", "<u2"), ("prop", "<u2"), ("tid", "<u4"), ("pid", "<u4")),
            *(("time", "<i8"), ("guid", "V16"), ("id", "<u2"), ("version", "u1"), ("channel", "u1"), ("level", "u1"), ("opcode", "u1")),
            *(("task", "<u2"), ("keywords", "<u8"), ("rest", "V24"), ("mini", "<u4"), ("lower", "<u4"), ("length", "<u4")),
            *(("frame", "u1", (SNAP_LENGTH,)), ("pad", "u1", (4,))),
        ]
    )  # fmt: skip
    rows = np.zeros(count, row)
    rows["size"], rows["kind"], rows["mark"], rows["tid"], rows["pid"] = sizes, 19, 0xC0, 8, 4
    rows["time"], rows["guid"] = RAW_START + chunk.time // 100 - START, np.void(NDISCAP.bytes_le)
    rows["id"], rows["level"], rows["mini"], rows["lower"], rows["length"] = 1001, 4, 12, 13, chunk.captured
    direction = np.where(np.arange(count) & 1, _SENT, _RECEIVED)
    rows["keywords"] = 1 | _BEGINS | _ENDS | direction | np.where(chunk.captured < chunk.wire, _CUT_SHORT, 0)
    rows["frame"], rows["pad"] = chunk.frames, 0xFF
    octets = rows.view(np.uint8).reshape(count, -1)
    octets[np.arange(octets.shape[1]) >= sizes[:, None]] = 0xFF
    return octets


def buffers_of(chunk: Chunk, afd: int) -> Iterator[tuple[int, bytes]]:
    """Processor and records of each buffer."""
    rows, sizes = records_of(chunk), (92 + chunk.captured + 7) // 8 * 8
    numbers = np.arange(len(rows))
    processor = numbers // TURN % 2
    order = np.lexsort((numbers, processor, numbers // (2 * RECORDS)))
    address = sock_address("10.0.0.5", 5000)
    edges = np.flatnonzero(np.diff(processor[order], prepend=-1))
    for first, last in zip(edges.tolist(), [*edges[1:].tolist(), len(order)], strict=True):
        for begin in range(first, last, RECORDS):
            taken = order[begin : min(begin + RECORDS, last)]
            content = rows[taken][np.arange(rows.shape[1]) < sizes[taken, None]].tobytes()
            if afd and int(taken[-1]) % afd < 2 * RECORDS:
                time = int(chunk.time[taken[-1]]) // 100 - START
                content += dropped_datagram(time, 0x99887760, address, 1372, 2).content
            yield int(processor[taken[0]]), content


def buffer(records: bytes, processor: int, number: int, *, packed: bool, kind: int = 0) -> bytes:
    """A buffer, compressed where it becomes shorter by that."""
    stored, flags = records, 0x21 if kind else 0x20
    if packed:
        out = np.empty(len(records) + len(records) // 8 + 64, np.uint8)
        length = compress(np.frombuffer(records, np.uint8), out, np.full(1 << 14, -1, np.int64))
        if length < len(records):
            stored, flags = out[:length].tobytes(), 0x60
    else:
        stored = records + b"\xff" * (SIZE - HEAD - len(records))
    used = HEAD + len(records)
    head = struct.pack("<IIIiqqQHHIIHH", HEAD + len(stored), used, used, 0, 0, number, 0, processor, 1, 3, used, flags, kind)
    return head + bytes(16) + stored


@numba.njit
def compress(data: Any, out: Any, recent: Any) -> int:  # noqa: C901, PLR0912 - one loop
    """Compress `data` into `out`; `recent` holds -1 everywhere. Returns the bytes that it takes."""
    at, to, flag_at, flags, left, half = 0, 0, 0, 0, 0, -1
    while at < len(data):
        if left == 0:
            for k in range(4):
                out[flag_at + k] = flags >> 8 * k & 0xFF
            flag_at, flags, left = to, 0, 32
            to += 4
        left -= 1
        begin = -1
        if at + 4 <= len(data):
            word = int(data[at]) | int(data[at + 1]) << 8 | int(data[at + 2]) << 16 | int(data[at + 3]) << 24
            slot = (word * 0x9E3779B1 & 0xFFFFFFFF) >> 18
            begin = recent[slot]
            recent[slot] = at
        length = 0
        if begin >= 0 and at - begin <= 8192:
            while at + length < len(data) and data[begin + length] == data[at + length]:
                length += 1
        if length < 3:
            out[to] = data[at]
            to += 1
            at += 1
            continue
        flags |= 1 << left
        rest = length - 3
        word = (at - begin - 1) << 3 | min(rest, 7)
        out[to], out[to + 1] = word & 0xFF, word >> 8
        to += 2
        at += length
        if rest < 7:
            continue
        rest -= 7
        if half < 0:
            half = to
            out[to] = min(rest, 15)
            to += 1
        else:
            out[half] |= min(rest, 15) << 4
            half = -1
        if rest >= 15:
            out[to] = min(rest - 15, 255)
            to += 1
            if rest - 15 >= 255:
                whole = rest + 7
                out[to], out[to + 1] = whole & 0xFF, whole >> 8
                to += 2
    flags |= (1 << left) - 1
    for k in range(4):
        out[flag_at + k] = flags >> 8 * k & 0xFF
    return to


def write(file: BinaryIO, made: Iterator[Chunk], *, packed: bool, afd: int = 1000) -> None:
    """Write the chunks as a trace."""
    file.write(bytes(SIZE))
    number, end = 1, START
    for chunk in made:
        end = int(chunk.time[-1]) // 100
        for processor, content in buffers_of(chunk, afd):
            file.write(buffer(content, processor, number, packed=packed))
            number += 1
    about = header(number, size=SIZE, start=START + EPOCH, end=end + EPOCH, frequency=FREQUENCY)
    file.seek(0)
    file.write(buffer(about, 0, 0, packed=False, kind=4))


def main() -> int:
    """Make a trace."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--packets", type=int, default=5_000_000)
    parser.add_argument("--hosts", type=int, default=100_000)
    parser.add_argument("--seconds", type=float, default=97.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--compressed", action="store_true")
    parser.add_argument("--afd", type=int, default=1000)
    parser.add_argument("-o", "--output", type=Path, required=True)
    asked = parser.parse_args()
    with asked.output.open("wb") as file:
        write(file, chunks(asked.packets, asked.hosts, asked.seconds, asked.seed), packed=asked.compressed, afd=asked.afd)
    return 0


if __name__ == "__main__":
    sys.exit(main())
