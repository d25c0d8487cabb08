"""A first look at frames, before they are decoded: which of them cannot satisfy a filter, by what stands in fixed places of the headers.

Most frames are Ethernet with IPv4 or IPv6 right behind it, or behind a VLAN tag. Of these a few values are read where they stand; what
the decoder finds there is the same, or nothing at all. Of any other frame nothing is known here, and it stays. Where the headers are whole
the decoder finds the same for sure, and what a filter says of such values needs no decoding.
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.decode.link import ARP, IPV4, IPV6, is_vlan
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
    """What is carried right behind the first IP header, unless that leads to something else: a tunnel, an extension header."""
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

NO = 0
PERHAPS = 1
YES = 2


@helper
def _is_last(carried: int) -> bool:
    """Whether what is behind a header of this protocol is nothing that the decoder looks for another in: no tunnel, no extension."""
    if carried == 6 or carried == 17 or carried == 1 or carried == 50:
        return True
    extends = carried == 0 or carried == 43 or carried == 44 or carried == 60 or carried == 51
    return not extends and carried != 4 and carried != 41 and carried != 47 and carried != 97 and carried != 137 and carried != 143


@kernel()
def sieve(  # noqa: PLR0915 - one loop: calls that pass arrays on cost five times what they do
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
        ends: Of each clause, the index behind its last test. Of every clause one test has to pass. An unknown value always does, and so
            does any that is negated where the decoder may see something else; one that is not there passes where it is negated, else never.
        kept: Long enough for all.
        doubtful: Likewise; of these, the places in `kept` of frames that may fail a clause all the same.

    Returns:
        How many are kept, and how many of them doubtful.
    """
    size = len(data)
    found = unsure = 0
    first = 0
    for test in range(len(tests) // 4):
        if int(tests[4 * test]) >= NEGATED:
            first = 1
    for i in range(count):
        passes, certain = True, False
        at = int(start[i])
        end = min(at + (int(cap_len[i]) & 0xFFFFFFFF), size)
        version = UNKNOWN
        network = carried = transport = end
        if int(link_type[i]) == ETHERNET and at + 34 <= end:
            kind = be16(data, at + 12)
            network = at + 14
            if is_vlan(kind):
                kind = be16(data, at + 16)
                network = at + 18
            if network + 20 <= end:
                version = octet(data, network) >> 4
                if kind == IPV4 and version != 6:
                    version = 4
                    carried = octet(data, network + 9)
                    transport = network + (octet(data, network) & 15) * 4
                elif kind == IPV6 and version == 6:
                    carried = octet(data, network + 6)
                    transport = network + 40
                else:
                    version = ARP if kind == ARP else UNKNOWN
                if not _is_last(carried):
                    carried = UNKNOWN
        attempt = first if version != UNKNOWN else 2
        while attempt < 2:  # most frames fail by what stands there, whether that is sure or not
            sure = 0
            if attempt == 1:
                sure = NETWORK | TRANSPORT
                read = end
                if version == 4:
                    header = transport - network
                    length = be16(data, network + 2)
                    read = min(end, network + length)
                    if octet(data, network) >> 4 != 4 or header < 20 or length < header:
                        sure = 0
                    elif be16(data, network + 6) & 0x1FFF != 0:
                        sure = NETWORK
                elif version == 6:
                    length = be16(data, network + 4)
                    if length > 0:
                        read = min(end, transport + length)
                    if transport > end:
                        sure = 0
                if version != ARP:
                    needed = 16 if carried == 6 else 4 if carried == 17 or carried == 132 else 0
                    if carried == UNKNOWN or transport + needed > read:
                        sure &= NETWORK
            certain = True
            test = 0
            for clause in range(len(ends)):
                last = int(ends[clause])
                best = NO
                while test < last and best < YES:
                    slot = int(tests[4 * test])
                    negated = slot >= NEGATED
                    slot &= NEGATED - 1
                    value = ABSENT
                    level = NETWORK
                    if slot <= DST4:
                        if version == 4:
                            value = be32(data, network + 12 + 4 * slot)
                    elif slot >= SRC6:
                        if version == 6 and transport <= end:
                            value = be32(data, network + 8 + 4 * (slot - SRC6))
                    elif slot == VERSION:
                        value = version if version != ARP else ABSENT
                    elif slot == OTHER:
                        if version == ARP:
                            value = UNKNOWN
                    elif slot == PROTO:
                        if version == 4:
                            value = octet(data, network + 9)
                    elif version != ARP:
                        level = TRANSPORT
                        if slot == CARRIED or carried == UNKNOWN:
                            value = carried
                        elif slot == FLAGS:
                            if carried == 6 and transport + 16 <= end:
                                value = be16(data, transport + 12) & 0xFFF
                        elif (carried == 6 or carried == 17 or carried == 132) and transport + 4 <= end:
                            value = be16(data, transport if slot == SRC_PORT else transport + 2)
                    if value == UNKNOWN or (negated and sure & level == 0):
                        best = PERHAPS
                    else:
                        inside = value >= 0 and int(tests[4 * test + 2]) <= value & int(tests[4 * test + 1]) <= int(tests[4 * test + 3])
                        if inside != negated:
                            best = YES if sure & level else PERHAPS
                    test += 1
                certain = certain and best == YES
                passes = best != NO
                if not passes:
                    break
                test = last
            attempt = attempt + 1 if passes else 2
        if passes:
            kept[found] = i
            if not certain:
                doubtful[unsure] = found
                unsure += 1
            found += 1
    return found, unsure
