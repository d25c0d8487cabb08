"""Link types: the header that a capture's link type stands for, up to the first one that `link.unwrap` knows.

Numbers and layouts: https://www.tcpdump.org/linktypes.html. Ethernet needs nothing from here, so captures of it pay nothing for the rest.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.decode.columns import Has
from netsleuth_tui.decode.link import ARP, ETHERNET, IPV4, IPV6, LLC, MAX_LENGTH, PPP, PPPOE_SESSION, RARP, RAW_IP, SNAP, UNKNOWN
from netsleuth_tui.decode.octets import Octets, be16, be32, cut, le16, le32, octet
from netsleuth_tui.decode.wlan import avs_header, netmon_header, prism_header, radiotap_header, wlan_payload
from netsleuth_tui.jit import helper, kernel
from netsleuth_tui.linktypes import NETMON_WLAN

__all__ = ["enter_frames"]

HAS_SLL = int(Has.SLL)
HAS_NULL = int(Has.NULL)
HAS_RAW = int(Has.RAW)
HAS_RADIOTAP = int(Has.RADIOTAP)
HAS_MALFORMED = int(Has.MALFORMED)
HAS_TOO_DEEP = int(Has.TOO_DEEP)


@kernel()
def enter_frames(
    data: Octets,
    start: NDArray[np.int64],
    cap_len: NDArray[np.uint32],
    wire_len: NDArray[np.uint32],
    link_type: NDArray[np.uint16],
    kinds: NDArray[np.int64],
    positions: NDArray[np.int64],
    bits: NDArray[np.int64],
) -> None:
    """Peel the first header of every frame: write the kind of what follows, its position, and bits of `Has`."""
    size = len(data)
    for i in range(start.shape[0]):
        at = int(start[i])
        end = min(at + (int(cap_len[i]) & 0xFFFFFFFF), size)
        wire = at + (int(wire_len[i]) & 0xFFFFFFFF)
        kind, at, has = _first_header(data, at, end, wire, int(link_type[i]) & 0xFFFF)
        kinds[i] = kind
        positions[i] = at
        bits[i] = has


@helper
def _first_header(data: Octets, at: int, end: int, wire: int, link_type: int) -> tuple[int, int, int]:
    """Peel the header that the link type itself stands for; returns kind, position, bits."""
    if link_type == 1:
        return ETHERNET, at, 0
    if link_type == 113:
        return _cooked(data, at, end, wire, 16, 14)
    if link_type == 276:
        return _cooked(data, at, end, wire, 20, 0)
    if link_type == 0 or link_type == 108:
        if at + 4 > end:
            return UNKNOWN, at, HAS_NULL | cut(at + 4, wire)
        return _by_family(be32(data, at), link_type == 0), at + 4, HAS_NULL
    if link_type == 101 or link_type == 12 or link_type == 14:
        return RAW_IP, at, HAS_RAW
    if link_type == 8:  # direction, type (4: not compressed), 14 bytes that say nothing about this packet
        if at + 16 > end:
            return UNKNOWN, at, cut(at + 16, wire)
        return (RAW_IP if octet(data, at + 1) >> 4 == 4 else UNKNOWN), at + 16, HAS_RAW
    if link_type == 228:
        return IPV4, at, HAS_RAW
    if link_type == 229:
        return IPV6, at, HAS_RAW
    if link_type == 9 or link_type == 50:
        if at < end and octet(data, at) & 0x7F == 0x0F:
            return _cisco_hdlc(data, at, end, wire)
        return PPP, at, 0
    if link_type == 51:
        return PPPOE_SESSION, at, 0
    if link_type == 104:
        return _cisco_hdlc(data, at, end, wire)
    if link_type == 107:
        return _frame_relay(data, at, end, wire)
    if link_type == 239:
        return _packet_logged(data, at, end, wire)
    if link_type == 6 or link_type == 10 or link_type == 100:
        return _ring(data, at, end, wire, link_type)
    return _wireless(data, at, end, wire, link_type)


@helper
def _cooked(data: Octets, at: int, end: int, wire: int, header: int, protocol: int) -> tuple[int, int, int]:
    """Peel Linux "cooked" headers, whose protocol is an EtherType or, below 0x600, a number of Linux's own."""
    if at + header > end:
        return UNKNOWN, at, HAS_SLL | cut(at + header, wire)
    kind = be16(data, at + protocol)
    if kind == 4:
        kind = LLC
    elif kind < 0x600:
        kind = UNKNOWN
    return kind, at + header, HAS_SLL


@helper
def _by_family(family: int, either_order: bool) -> int:
    """Return the kind for the address family of a BSD loopback header, which is in the byte order of the machine that captured."""
    if family & 0xFFFF0000 and either_order:
        if family & 0xFFFF > MAX_LENGTH:
            return family & 0xFFFF  # some write the four bytes of Cisco's HDLC here
        family = family >> 24 | (family >> 8 & 0xFF00)
    if family == 2:
        return IPV4
    if family == 24 or family == 28 or family == 30 or family == 10 or family == 23:
        return IPV6
    return family if family > MAX_LENGTH and family <= 0xFFFF else UNKNOWN


@helper
def _packet_logged(data: Octets, at: int, end: int, wire: int) -> tuple[int, int, int]:
    """Find the packet among the fields of a Linux netfilter log message (LINKTYPE_NFLOG)."""
    if at + 4 > end:
        return UNKNOWN, at, cut(at + 4, wire)
    family = octet(data, at)
    at += 4
    for _ in range(64):
        if at + 4 > end:
            return UNKNOWN, at, cut(at + 4, wire)
        size = le16(data, at)
        if le16(data, at + 2) & 0x7FFF == 9:
            if family == 2:
                return IPV4, at + 4, HAS_RAW
            return (IPV6 if family == 10 else UNKNOWN), at + 4, HAS_RAW
        if size < 4:
            return UNKNOWN, at, HAS_MALFORMED
        at += size + 3 & ~3
    return UNKNOWN, at, HAS_TOO_DEEP


@helper
def _cisco_hdlc(data: Octets, at: int, end: int, wire: int) -> tuple[int, int, int]:
    """Peel Cisco's HDLC, with an EtherType behind address and control."""
    if at + 4 > end:
        return UNKNOWN, at, cut(at + 4, wire)
    kind = be16(data, at + 2)
    # There are no hardware addresses to resolve, and RARP's number is that of Cisco's keepalive.
    return (UNKNOWN if kind == ARP or kind == RARP else kind), at + 4, 0


@helper
def _frame_relay(data: Octets, at: int, end: int, wire: int) -> tuple[int, int, int]:
    """Peel a Q.922 address and what follows: RFC 2427 encapsulation, or Cisco's with an EtherType."""
    for _ in range(3):  # an address has two to four bytes; the last one is odd
        at += 1
        if at >= end or octet(data, at) & 1:
            break
    at += 1
    if at + 2 > end:
        return UNKNOWN, at, cut(at + 2, wire)
    if octet(data, at) != 3:
        return be16(data, at), at + 2, 0
    at += 1
    if octet(data, at) == 0:
        at += 1
        if at >= end:
            return UNKNOWN, at, cut(at + 1, wire)
    number = octet(data, at)
    at += 1
    if number == 0xCC:
        return IPV4, at, 0
    if number == 0x8E:
        return IPV6, at, 0
    if number == 0xCF:
        return PPP, at, 0
    return (SNAP if number == 0x80 else UNKNOWN), at, 0


@helper
def _ring(data: Octets, at: int, end: int, wire: int, link_type: int) -> tuple[int, int, int]:
    """Peel Token Ring (IEEE 802.5, 3.2) or FDDI (ISO 9314-2) up to the LLC header, or find that of ATM (RFC 2684, 5.1)."""
    if link_type == 100:
        if at + 3 > end:
            return UNKNOWN, at, cut(at + 3, wire)
        return (LLC if be16(data, at) == 0xAAAA else UNKNOWN), at, 0
    header = 14 if link_type == 6 else 13
    if at + header > end:
        return UNKNOWN, at, cut(at + header, wire)
    if link_type == 10:
        return (LLC if octet(data, at) & 0xF0 == 0x50 else UNKNOWN), at + header, 0
    if octet(data, at + 1) & 0xC0 != 0x40:
        return UNKNOWN, at, 0  # no data, but a message of the ring itself
    if octet(data, at + 8) & 0x80:  # routing information follows the addresses, and says its length
        if at + header + 1 > end:
            return UNKNOWN, at, cut(at + header + 1, wire)
        header += octet(data, at + header) & 0x1F
    return LLC, at + header, 0


@helper
def _wireless(data: Octets, at: int, end: int, wire: int, link_type: int) -> tuple[int, int, int]:
    """Peel what radio hardware puts before an 802.11 frame, and the header of that."""
    bits = 0
    padded = False
    after = at
    if link_type == 127:
        bits = HAS_RADIOTAP
        after, padded = radiotap_header(data, at, end)
    elif link_type == 119:
        after = prism_header(data, at, end)
    elif link_type == NETMON_WLAN:
        after = netmon_header(data, at, end)
    elif link_type == 163:
        after = avs_header(data, at, end)
    elif link_type == 192:
        if at + 8 > end:
            return UNKNOWN, at, cut(at + 8, wire)
        after = at + le16(data, at + 2)
        inner = le32(data, at + 4)
        if inner != 105:
            return (ETHERNET if inner == 1 else UNKNOWN), after, 0
    elif link_type != 105:
        return UNKNOWN, at, 0
    if after < 0:
        return UNKNOWN, at, bits | cut(at + 8, wire)
    data_frame, after, more = wlan_payload(data, after, end, wire, padded)
    return (LLC if data_frame == 0 else UNKNOWN), after, bits | more
