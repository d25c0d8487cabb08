"""Link layers: from an Ethernet or PPP header, through VLAN tags and MPLS labels, to the network header.

A *kind* says what lies at a position: an EtherType, or one of the numbers above 0xFFFF below. Positions index the block of frames; `end`
is where the captured bytes of a frame end, `wire` where the frame ended on the wire. Nothing is guessed: the unknown stays unknown.
"""

from __future__ import annotations

from netsleuth_tui.decode.columns import Has
from netsleuth_tui.decode.octets import Octets, be16, be24, cut, octet
from netsleuth_tui.jit import helper

__all__ = [
    "ARP",
    "ETHERNET",
    "IPV4",
    "IPV6",
    "LLC",
    "MAX_LENGTH",
    "MPLS_UNICAST",
    "PPP",
    "PPPOE_SESSION",
    "RARP",
    "RAW_IP",
    "SNAP",
    "UNKNOWN",
    "is_vlan",
    "unwrap",
]

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
SNAP = 0x10004

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
HAS_TRUNCATED = int(Has.TRUNCATED)
HAS_TOO_DEEP = int(Has.TOO_DEEP)


@helper
def unwrap(data: Octets, kind: int, at: int, end: int, wire: int) -> tuple[int, int, int, int, int, int, int]:
    """Peel link headers until a network header or something unknown is met.

    Returns:
        Kind of what was reached, its position, `end` and `wire` as narrowed by length fields on the way, bits of `Has`, the EtherType of
        the outermost Ethernet header and the VLAN of the outermost tag (-1 if there is none).
    """
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
