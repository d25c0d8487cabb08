"""Frames back into the records of a capture: what the kernels read, written again."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.jit import helper, kernel

__all__ = ["PCAPNG_BLOCK_BYTES", "PCAP_RECORD", "write_records"]

PCAP_RECORD = 16
PCAPNG_BLOCK_BYTES = 32
"""Bytes of an Enhanced Packet Block without its frame."""

_SECOND = 1_000_000_000
POSITION = (1 << 40) - 1
"""Positions lie below one terabyte. The mask tells the compiler that they are never negative: frames are copied eight times as fast."""


def _write_records_plain(
    data: NDArray[np.uint8],
    start: NDArray[np.int64],
    cap_len: NDArray[np.uint32],
    wire_len: NDArray[np.uint32],
    time: NDArray[np.int64],
    interface: NDArray[np.uint32],
    chosen: NDArray[np.uint32],
    blocks: int,
    out: NDArray[np.uint8],
) -> tuple[int]:
    """Same as the kernel: a frame at a time, by slices."""
    source, target = data.data, out.data
    at = 0
    for k in chosen.tolist():
        begin, captured, wire, when = int(start[k]), int(cap_len[k]), int(wire_len[k]), int(time[k])
        padded = captured + (-captured & 3) if blocks else captured
        if blocks:
            struct.pack_into(
                "<7I", target, at, 6, PCAPNG_BLOCK_BYTES + padded, int(interface[k]), when >> 32, when & 0xFFFFFFFF, captured, wire
            )
        else:
            struct.pack_into("<4I", target, at, when // _SECOND, when % _SECOND, captured, wire)
        at += 28 if blocks else PCAP_RECORD
        target[at : at + captured] = source[begin : begin + captured]
        target[at + captured : at + padded] = bytes(padded - captured)
        at += padded
        if blocks:
            struct.pack_into("<I", target, at, PCAPNG_BLOCK_BYTES + padded)
            at += 4
    return (at,)


@helper
def _put32(out: Any, at: int, value: int) -> None:
    """Write a number, little endian."""
    at &= POSITION
    out[at] = value & 0xFF
    out[at + 1] = value >> 8 & 0xFF
    out[at + 2] = value >> 16 & 0xFF
    out[at + 3] = value >> 24 & 0xFF


@kernel(plain=_write_records_plain)
def write_records(
    data: Any,
    start: NDArray[np.int64],
    cap_len: NDArray[np.uint32],
    wire_len: NDArray[np.uint32],
    time: NDArray[np.int64],
    interface: NDArray[np.uint32],
    chosen: NDArray[np.uint32],
    blocks: int,
    out: Any,
) -> tuple[int]:
    """Write frames as records of pcap or as Enhanced Packet Blocks of pcapng, little endian, with times in nanoseconds.

    Args:
        data: The bytes that frames lie in.
        start: Where each frame begins in them.
        cap_len: Its captured bytes.
        wire_len: Its bytes on the wire.
        time: Nanoseconds since the epoch, not negative; for records of pcap less than 2**32 seconds.
        interface: The interface of each frame.
        chosen: Indices of the frames to write.
        blocks: 1 for blocks of pcapng, 0 for records of pcap.
        out: Long enough for them.

    Returns:
        Bytes written, alone in a tuple.
    """
    at = 0
    for i in range(len(chosen)):
        k = int(chosen[i])
        begin = int(start[k])
        captured = int(cap_len[k]) & 0xFFFFFFFF
        when = int(time[k])
        padding = -captured & 3 if blocks else 0
        if blocks:
            _put32(out, at, 6)
            _put32(out, at + 4, PCAPNG_BLOCK_BYTES + captured + padding)
            _put32(out, at + 8, int(interface[k]))
            _put32(out, at + 12, when >> 32)
            _put32(out, at + 16, when & 0xFFFFFFFF)
            at += 20
        else:
            _put32(out, at, when // _SECOND)
            _put32(out, at + 4, when % _SECOND)
            at += 8
        _put32(out, at, captured)
        _put32(out, at + 4, int(wire_len[k]))
        at += 8
        source, target = begin & POSITION, at & POSITION
        for j in range(captured):
            out[target + j] = data[source + j]
        at += captured
        for j in range(padding):
            out[at + j] = 0
        at += padding
        if blocks:
            _put32(out, at, PCAPNG_BLOCK_BYTES + captured + padding)
            at += 4
    return (at,)
