"""A first look at frames, before they are decoded: which of them cannot satisfy a filter, by what stands in fixed places of the headers.

Most frames are Ethernet with IPv4 or IPv6 right behind it. Of these a few values are read where they stand; what the decoder finds there
is the same, or nothing at all. Of any other frame nothing is known here, and it stays.
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.decode.link import ARP, IPV4, IPV6
from netsleuth_tui.decode.octets import Octets, be16, be32, octet
from netsleuth_tui.jit import helper, kernel

__all__ = ["Slot", "sieve"]


class Slot(IntEnum):
    """What a test looks at."""

    SRC4 = 0
    DST4 = 1
    PROTO = 2
    """ip.proto of the outermost IPv4 header."""
    CARRIED = 3
    """What is carried, where that is TCP, UDP or ICMP right behind the first IP header."""
    SRC_PORT = 4
    DST_PORT = 5
    FLAGS = 6
    """tcp.flags."""
    VERSION = 7
    OTHER = 8
    """Nothing that is ever known: of frames other than IP."""
    SRC6 = 9
    """The first of four 32-bit words."""
    DST6 = 13


DST4 = int(Slot.DST4)
PROTO = int(Slot.PROTO)
CARRIED = int(Slot.CARRIED)
SRC_PORT = int(Slot.SRC_PORT)
FLAGS = int(Slot.FLAGS)
VERSION = int(Slot.VERSION)
OTHER = int(Slot.OTHER)
SRC6 = int(Slot.SRC6)

UNKNOWN = -2
ABSENT = -1
ETHERNET = 1
"""The link type."""


@helper
def _shape(data: Octets, at: int, end: int) -> tuple[int, int, int]:
    """What an Ethernet frame is.

    Returns:
        4 or 6 for IP right behind the header, ARP, or UNKNOWN; what is carried, where that is TCP, UDP or ICMP right behind the first
        header of IP, otherwise UNKNOWN; and where that begins.
    """
    if at + 34 > end:
        return UNKNOWN, UNKNOWN, end
    kind = be16(data, at + 12)
    version = octet(data, at + 14) >> 4
    if kind == IPV4 and version != 6:
        carried = octet(data, at + 23)
        if carried == 6 or carried == 17 or carried == 1:
            return 4, carried, at + 14 + (octet(data, at + 14) & 15) * 4
        return 4, UNKNOWN, end
    if kind == IPV6 and version == 6:
        carried = octet(data, at + 20)
        if carried == 6 or carried == 17:
            return 6, carried, at + 54
        return 6, UNKNOWN, end
    return (ARP if kind == ARP else UNKNOWN), UNKNOWN, end


@helper
def _value(data: Octets, slot: int, at: int, end: int, version: int, carried: int, transport: int) -> int:
    """What a slot has in a frame of a shape that is known."""
    if slot <= DST4:
        return be32(data, at + 26 + 4 * slot) if version == 4 else ABSENT
    if slot >= SRC6:
        return be32(data, at + 22 + 4 * (slot - SRC6)) if version == 6 and at + 54 <= end else ABSENT
    if slot == OTHER:
        return UNKNOWN if version == ARP else ABSENT
    if version == ARP:
        return ABSENT
    if slot == VERSION:
        return version
    if slot == PROTO:
        return octet(data, at + 23) if version == 4 else ABSENT
    if slot == CARRIED or carried == UNKNOWN:
        return carried
    if slot == FLAGS:
        return be16(data, transport + 12) & 0xFFF if carried == 6 and transport + 16 <= end else ABSENT
    if carried == 1 or transport + 4 > end:
        return ABSENT
    return be16(data, transport if slot == SRC_PORT else transport + 2)


@kernel()
def sieve(
    data: Octets,
    count: int,
    start: NDArray[np.int64],
    cap_len: NDArray[np.uint32],
    link_type: NDArray[np.uint16],
    tests: NDArray[np.int64],
    ends: NDArray[np.int64],
    kept: NDArray[np.uint32],
) -> tuple[int]:
    """Write the indices of frames that may satisfy a filter to `kept`.

    Args:
        data: The bytes that frames lie in.
        count: Number of frames.
        start: Where each of them begins.
        cap_len: Its captured bytes.
        link_type: LINKTYPE_ numbers.
        tests: Four numbers each: a `Slot`, a mask, and the least and the greatest value that pass.
        ends: Of each clause, the index behind its last test. Of every clause one test has to pass; an unknown value always does, one that
            is not there never.
        kept: Long enough for all.

    Returns:
        How many they are, alone in a tuple.
    """
    size = len(data)
    found = 0
    for i in range(count):
        if int(link_type[i]) == ETHERNET:
            at = int(start[i])
            end = min(at + (int(cap_len[i]) & 0xFFFFFFFF), size)
            version, carried, transport = _shape(data, at, end)
            test = 0
            passes = True
            for clause in range(len(ends)):
                last = int(ends[clause])
                passes = version == UNKNOWN
                while not passes and test < last:
                    value = _value(data, int(tests[4 * test]), at, end, version, carried, transport)
                    part = value & int(tests[4 * test + 1])
                    passes = value == UNKNOWN or (value >= 0 and int(tests[4 * test + 2]) <= part <= int(tests[4 * test + 3]))
                    test += 1
                if not passes:
                    break
                test = last
            if not passes:
                continue
        kept[found] = i
        found += 1
    return (found,)
