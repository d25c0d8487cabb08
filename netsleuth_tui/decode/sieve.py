"""A first look at frames, before they are decoded: which of them cannot satisfy a filter, by what stands in fixed places of the headers.

Most frames are Ethernet with IPv4 or IPv6 right behind it. Of these a few values are read where they stand; what the decoder finds there
is the same, or nothing at all. Of any other frame nothing is known here, and it stays. Where the headers are whole the decoder finds the
same for sure, and what a filter says of such values needs no decoding.
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.decode.link import ARP, IPV4, IPV6
from netsleuth_tui.decode.octets import Octets, be16, be32, octet
from netsleuth_tui.jit import helper, kernel

__all__ = ["NEGATED", "Slot", "sieve"]


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

NEGATED = 32
"""Added to a slot: the test is passed by what would fail it, also by what has no such value."""

NETWORK = 1
"""The decoder finds the same version and addresses, and the same protocol behind them."""
TRANSPORT = 2
"""It finds the same ports and flags."""
WHOLE = NETWORK | TRANSPORT


@helper
def _shape(data: Octets, at: int, end: int) -> tuple[int, int, int, int]:
    """What an Ethernet frame is.

    Returns:
        4 or 6 for IP right behind the header, ARP, or UNKNOWN; what is carried, where that is TCP, UDP or ICMP right behind the first
        header of IP, otherwise UNKNOWN; where that begins; and how far the decoder is sure to see the same: NETWORK, TRANSPORT.
    """
    if at + 34 > end:
        return UNKNOWN, UNKNOWN, end, 0
    kind = be16(data, at + 12)
    version = octet(data, at + 14) >> 4
    if kind == IPV4 and version != 6:
        header = (octet(data, at + 14) & 15) * 4
        length = be16(data, at + 16)
        sure = NETWORK if version == 4 and header >= 20 and length >= header else 0
        carried = octet(data, at + 23)
        if carried == 6 or carried == 17 or carried == 1:
            transport = at + 14 + header
            if sure and be16(data, at + 20) & 0x1FFF == 0 and _is_there(carried, transport, min(end, at + 14 + length)):
                sure = WHOLE
            return 4, carried, transport, sure
        return 4, UNKNOWN, end, sure
    if kind == IPV6 and version == 6:
        sure = NETWORK if at + 54 <= end else 0
        carried = octet(data, at + 20)
        if carried == 6 or carried == 17:
            length = be16(data, at + 18)
            if sure and _is_there(carried, at + 54, min(end, at + 54 + length) if length > 0 else end):
                sure = WHOLE
            return 6, carried, at + 54, sure
        return 6, UNKNOWN, end, sure
    return (ARP if kind == ARP else UNKNOWN), UNKNOWN, end, (WHOLE if kind == ARP else 0)


@helper
def _is_there(carried: int, transport: int, end: int) -> bool:
    """Whether the ports, and the flags of TCP, lie before `end`."""
    return transport + (16 if carried == 6 else 4 if carried == 17 else 0) <= end


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


@helper
def _level(slot: int) -> int:
    """How far the decoder must be sure to see the same, for a slot to be sure."""
    return TRANSPORT if CARRIED <= slot <= FLAGS else NETWORK


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
    doubtful: NDArray[np.uint32],
) -> tuple[int, int]:
    """Write the indices of frames that may satisfy a filter to `kept`.

    Args:
        data: The bytes that frames lie in.
        count: Number of frames.
        start: Where each of them begins.
        cap_len: Its captured bytes.
        link_type: LINKTYPE_ numbers.
        tests: Four numbers each: a `Slot`, NEGATED or not, a mask, and the least and the greatest value that pass.
        ends: Of each clause, the index behind its last test. Of every clause one test has to pass. An unknown value always does, and so does
            any that is negated where the decoder may see something else; one that is not there passes where it is negated, else never.
        kept: Long enough for all.
        doubtful: Likewise; of these, the places in `kept` of frames that may fail a clause all the same.

    Returns:
        How many are kept, and how many of them doubtful.
    """
    size = len(data)
    found = unsure = 0
    for i in range(count):
        certain = False
        if int(link_type[i]) == ETHERNET:
            at = int(start[i])
            end = min(at + (int(cap_len[i]) & 0xFFFFFFFF), size)
            version, carried, transport, sure = _shape(data, at, end)
            test = 0
            passes = certain = version != UNKNOWN
            if passes:
                for clause in range(len(ends)):
                    last = int(ends[clause])
                    passes = safely = False
                    while test < last and not safely:
                        slot = int(tests[4 * test]) & (NEGATED - 1)
                        value = _value(data, slot, at, end, version, carried, transport)
                        inside = value >= 0 and int(tests[4 * test + 2]) <= value & int(tests[4 * test + 1]) <= int(tests[4 * test + 3])
                        settled = sure & _level(slot) != 0 and value != UNKNOWN
                        if int(tests[4 * test]) >= NEGATED:
                            inside = not inside or not settled
                        if inside or value == UNKNOWN:
                            passes = True
                            safely = settled
                        test += 1
                    if not passes:
                        break
                    certain = certain and safely
                    test = last
                if not passes:
                    continue
        kept[found] = i
        if not certain:
            doubtful[unsure] = found
            unsure += 1
        found += 1
    return found, unsure
