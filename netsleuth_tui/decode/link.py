"""Link layers: from the first byte of a frame to its network header.

`link_layer` is given a frame and its link type (https://www.tcpdump.org/linktypes.html) and peels Ethernet, VLAN tags, MPLS labels, PPP,
802.11 and the like until it meets IPv4, IPv6, ARP or something it does not know. Nothing is guessed: the unknown stays unknown.

A *kind* says what lies at a position: an EtherType, or one of the numbers above 0xFFFF below. Positions index the block of frames; `end`
is where the captured bytes of a frame end, `wire` where the frame ended on the wire.
"""

from __future__ import annotations

from netsleuth_tui.decode.columns import Has
from netsleuth_tui.decode.octets import Octets, be16, be24, be32, cut, le16, le32, octet
from netsleuth_tui.decode.wlan import avs_header, prism_header, radiotap_header, wlan_payload
from netsleuth_tui.jit import helper

__all__ = ["ARP", "ETHERNET", "IPV4", "IPV6", "LLC", "MPLS_UNICAST", "PPP", "RARP", "UNKNOWN", "link_layer", "unwrap"]

UNKNOWN = -1
IPV4 = 0x0800
ARP = 0x0806
RARP = 0x8035
IPV6 = 0x86DD
MPLS_UNICAST = 0x8847
MPLS_MULTICAST = 0x8848
PPPOE_DISCOVERY = 0x8863
PPPOE_SESSION = 0x8864
BACKBONE_TAG = 0x88E7
BRIDGED = 0x6558

ETHERNET = 0x10000
LLC = 0x10001
PPP = 0x10002
RAW_IP = 0x10003
CISCO_HDLC = 0x10004
FRAME_RELAY = 0x10005
SNAP = 0x10006
WLAN = 0x10007
WLAN_PADDED = 0x10008

MAX_HEADERS = 16
"""Link headers (and MPLS labels) that are followed in one frame."""

MAX_LENGTH = 1500
"""An EtherType up to this is the length of an 802.3 frame (IEEE 802.3, 3.2.6)."""

HAS_ETH = int(Has.ETH)
HAS_VLAN = int(Has.VLAN)
HAS_LLC = int(Has.LLC)
HAS_MPLS = int(Has.MPLS)
HAS_PPPOE = int(Has.PPPOE)
HAS_PPP = int(Has.PPP)
HAS_SLL = int(Has.SLL)
HAS_NULL = int(Has.NULL)
HAS_RAW = int(Has.RAW)
HAS_WLAN = int(Has.WLAN)
HAS_RADIOTAP = int(Has.RADIOTAP)
HAS_TRUNCATED = int(Has.TRUNCATED)
HAS_MALFORMED = int(Has.MALFORMED)
HAS_TOO_DEEP = int(Has.TOO_DEEP)


@helper
def link_layer(data: Octets, at: int, end: int, wire: int, link_type: int) -> tuple[int, int, int, int, int, int, int]:
    """Find the network header of a frame.

    Returns:
        Kind of what was reached, its position, `end` and `wire` as narrowed by length fields on the way, bits of `Has`, the EtherType of
        the outermost Ethernet header and the VLAN of the outermost tag (-1 if there is none).
    """
    if link_type == 1:
        return unwrap(data, ETHERNET, at, end, wire)
    kind, at, bits = _first_header(data, at, end, wire, link_type)
    kind, at, end, wire, more, eth_type, vlan = unwrap(data, kind, at, end, wire)
    return kind, at, end, wire, bits | more, eth_type, vlan


@helper
def unwrap(data: Octets, kind: int, at: int, end: int, wire: int) -> tuple[int, int, int, int, int, int, int]:
    """Peel link headers until a network header or something unknown is met; returns what `link_layer` does."""
    bits = 0
    eth_type = -1
    vlan = -1
    length = -1
    for _ in range(MAX_HEADERS):
        if kind == IPV4 or kind == IPV6 or kind < 0:
            return kind, at, end, wire, bits, eth_type, vlan
        if kind == ETHERNET or kind == BRIDGED:
            bits |= HAS_ETH
            if at + 14 > end:
                return UNKNOWN, at, end, wire, bits | cut(at + 14, wire), eth_type, vlan
            kind = be16(data, at + 12)
            at += 14
            if kind > MAX_LENGTH and eth_type < 0:
                eth_type = kind
            if kind <= MAX_LENGTH:
                length = kind
                kind = LLC
        elif is_vlan(kind):
            bits |= HAS_VLAN
            if vlan < 0 and at + 2 <= end:
                vlan = be16(data, at) & 0xFFF
            if at + 4 > end:
                return UNKNOWN, at, end, wire, bits | cut(at + 4, wire), eth_type, vlan
            kind = be16(data, at + 2)
            at += 4
            if kind <= MAX_LENGTH:
                length = kind
                kind = LLC
        else:
            kind, at, length, more = _unwrap_rare(data, kind, at, end, wire)
            bits |= more
            if length == -2:
                return kind, at, end, wire, bits, eth_type, vlan
        if length >= 0:
            end = min(end, at + length)
            wire = min(wire, at + length)
            length = -1
    return UNKNOWN, at, end, wire, bits | HAS_TOO_DEEP, eth_type, vlan


@helper
def is_vlan(kind: int) -> bool:
    """Whether a kind is a VLAN tag: IEEE 802.1Q, 802.1ad, and the numbers in use before that."""
    return kind == 0x8100 or kind == 0x88A8 or kind == 0x9100 or kind == 0x9200


@helper
def _unwrap_rare(data: Octets, kind: int, at: int, end: int, wire: int) -> tuple[int, int, int, int]:
    """Peel one header other than Ethernet and VLAN.

    Returns:
        Kind and position of the next, the length it may have (-1: no limit; -2: nothing was peeled, this is the end) and bits of `Has`.
    """
    if kind == LLC or kind == SNAP:
        kind, at, bits = _llc(data, kind, at, end, wire)
        return kind, at, -1, bits
    if kind == MPLS_UNICAST or kind == MPLS_MULTICAST:
        kind, at, bits = _mpls(data, at, end, wire)
        return kind, at, -1, bits
    if kind == PPPOE_SESSION or kind == PPPOE_DISCOVERY:
        if at + 6 > end:
            return UNKNOWN, at, -1, HAS_PPPOE | cut(at + 6, wire)
        return (PPP if kind == PPPOE_SESSION else UNKNOWN), at + 6, be16(data, at + 4), HAS_PPPOE
    if kind == PPP:
        kind, at, bits = _ppp(data, at, end, wire)
        return kind, at, -1, bits
    if kind == RAW_IP:
        if at >= end:
            return UNKNOWN, at, -1, cut(at + 1, wire)
        return _by_version(data, at), at, -1, 0
    if kind == CISCO_HDLC:
        if at + 4 > end:
            return UNKNOWN, at, -1, cut(at + 4, wire)
        kind = be16(data, at + 2)
        # There are no hardware addresses to resolve, and RARP's number is that of Cisco's keepalive.
        return (UNKNOWN if kind == ARP or kind == RARP else kind), at + 4, -1, 0
    if kind == FRAME_RELAY:
        kind, at, bits = _frame_relay(data, at, end, wire)
        return kind, at, -1, bits
    if kind == WLAN or kind == WLAN_PADDED:
        kind, at, bits = wlan_payload(data, at, end, wire, kind == WLAN_PADDED)
        return (LLC if kind == 0 else UNKNOWN), at, -1, bits
    if kind == BACKBONE_TAG:
        return ETHERNET, at + 4, -1, 0
    return kind, at, -2, 0


@helper
def _by_version(data: Octets, at: int) -> int:
    """Return IPV4 or IPV6 by the first four bits of a header, which is all that link types without a type field have."""
    version = octet(data, at) >> 4
    if version == 4:
        return IPV4
    return IPV6 if version == 6 else UNKNOWN


@helper
def _llc(data: Octets, kind: int, at: int, end: int, wire: int) -> tuple[int, int, int]:
    """Peel an IEEE 802.2 header with its SNAP extension; returns kind, position, bits."""
    if kind == LLC:
        if at + 2 <= end and be16(data, at) == 0xFFFF:
            return UNKNOWN, at, 0  # Novell's IPX straight behind 802.3, without 802.2
        if at + 3 > end:
            return UNKNOWN, at, HAS_LLC | cut(at + 3, wire)
        sap = octet(data, at)
        unnumbered = octet(data, at + 2) & 3 == 3
        if sap == 0x06:
            return IPV4, at + (3 if unnumbered else 4), HAS_LLC
        if sap != 0xAA or octet(data, at + 1) != 0xAA or not unnumbered:
            return UNKNOWN, at, HAS_LLC
        at += 3
    if at + 5 > end:
        return UNKNOWN, at, HAS_LLC | cut(at + 5, wire)
    organisation = be24(data, at)
    if organisation == 0 or organisation == 0xF8:  # Ethernet (RFC 1042) and the bridge-tunnel encapsulation (802.1H)
        return be16(data, at + 3), at + 5, HAS_LLC
    return UNKNOWN, at + 5, HAS_LLC


@helper
def _mpls(data: Octets, at: int, end: int, wire: int) -> tuple[int, int, int]:
    """Peel a label stack (RFC 3032, 2.1). What it carries is told by the first four bits alone."""
    for _ in range(MAX_HEADERS):
        if at + 4 > end:
            return UNKNOWN, at, HAS_MPLS | cut(at + 4, wire)
        at += 4
        if octet(data, at - 2) & 1:
            if at >= end:
                return UNKNOWN, at, HAS_MPLS | cut(at + 1, wire)
            return _by_version(data, at), at, HAS_MPLS
    return UNKNOWN, at, HAS_MPLS | HAS_TOO_DEEP


@helper
def _ppp(data: Octets, at: int, end: int, wire: int) -> tuple[int, int, int]:
    """Peel PPP (RFC 1661, 2): address and control may be absent, and the protocol number may be one byte."""
    if at + 2 <= end and be16(data, at) == 0xFF03:
        at += 2
    if at >= end:
        return UNKNOWN, at, HAS_PPP | cut(at + 1, wire)
    number = octet(data, at)
    if number == 0xFF and at + 1 == end and at + 1 < wire:
        return UNKNOWN, at, HAS_PPP | HAS_TRUNCATED
    if number & 1:
        at += 1
    else:
        if at + 2 > end:
            return UNKNOWN, at, HAS_PPP | cut(at + 2, wire)
        number = be16(data, at)
        at += 2
    if number == 0x21 or number == IPV4:
        return IPV4, at, HAS_PPP
    if number == 0x57 or number == IPV6:
        return IPV6, at, HAS_PPP
    if number == 0x281 or number == 0x283:
        return MPLS_UNICAST, at, HAS_PPP
    return UNKNOWN, at, HAS_PPP


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
def _first_header(data: Octets, at: int, end: int, wire: int, link_type: int) -> tuple[int, int, int]:
    """Peel the header that the link type itself stands for, Ethernet excepted; returns kind, position, bits."""
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
            return CISCO_HDLC, at, 0
        return PPP, at, 0
    if link_type == 51:
        return PPPOE_SESSION, at, 0
    if link_type == 104:
        return CISCO_HDLC, at, 0
    if link_type == 107:
        return FRAME_RELAY, at, 0
    if link_type == 239:
        return _packet_logged(data, at, end, wire)
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
def _wireless(data: Octets, at: int, end: int, wire: int, link_type: int) -> tuple[int, int, int]:
    """Peel what radio hardware puts before an 802.11 frame."""
    if link_type == 105:
        return WLAN, at, 0
    if link_type == 127:
        after, padded = radiotap_header(data, at, end)
        if after < 0:
            return UNKNOWN, at, HAS_RADIOTAP | cut(at + 8, wire)
        return (WLAN_PADDED if padded else WLAN), after, HAS_RADIOTAP
    if link_type == 119:
        after = prism_header(data, at, end)
        return (WLAN, after, 0) if after >= 0 else (UNKNOWN, at, cut(at + 8, wire))
    if link_type == 163:
        after = avs_header(data, at, end)
        return (WLAN, after, 0) if after >= 0 else (UNKNOWN, at, cut(at + 8, wire))
    if link_type == 192:
        if at + 8 > end:
            return UNKNOWN, at, cut(at + 8, wire)
        inner = le32(data, at + 4)
        after = at + le16(data, at + 2)
        if inner == 105:
            return WLAN, after, 0
        return (ETHERNET if inner == 1 else UNKNOWN), after, 0
    return UNKNOWN, at, 0
