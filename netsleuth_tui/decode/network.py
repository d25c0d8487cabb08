"""Network layers: from an IPv4 or IPv6 header, through extension headers and tunnels, to the transport header.

`internet` finds out where everything is; the functions that begin with `fill` write the columns of the outermost header.
Kernels that are handed many arrays are slow to call, so those functions loop over a block of frames themselves. Sources: RFC 791, 8200, 4302 (AH),
2784 and 2890 (GRE), 2637 (GRE with PPP), 3378 (EtherIP), 4023 (MPLS in IP), 826 (ARP). Packets quoted in ICMP errors are left alone.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.decode.columns import Columns, Has, Protocol
from netsleuth_tui.decode.hosts import HostArrays, enter4, enter6
from netsleuth_tui.decode.link import ARP, ETHERNET, IPV4, IPV6, MPLS_UNICAST, PPP, RARP, UNKNOWN, unwrap
from netsleuth_tui.decode.octets import Octets, be16, be32, cut, octet
from netsleuth_tui.jit import helper

__all__ = ["NOTHING", "Layers", "fill_arp", "fill_ipv4", "fill_ipv6", "internet", "link_protocol", "true_version"]

MAX_DEPTH = 16
"""Network headers inside one another that are followed."""

MAX_EXTENSIONS = 64
"""Extension headers after one IP header that are followed."""

HAS_ARP = int(Has.ARP)
HAS_IP = int(Has.IP)
HAS_IPV6 = int(Has.IPV6)
HAS_TUNNEL = int(Has.TUNNEL)
HAS_GRE = int(Has.GRE)
HAS_AH = int(Has.AH)
HAS_FRAGMENT = int(Has.FRAGMENT)
HAS_MALFORMED = int(Has.MALFORMED)
HAS_TOO_DEEP = int(Has.TOO_DEEP)
HAS_ADDRESSES = int(Has.ADDRESSES)
HAS_IP_LEN = int(Has.IP_LEN)
HAS_IP_ID = int(Has.IP_ID)
HAS_IP_FRAG = int(Has.IP_FRAG)
HAS_TTL = int(Has.TTL)
HAS_IP_PROTO = int(Has.IP_PROTO)
HAS_ARP_OPCODE = int(Has.ARP_OPCODE)
HAS_WLAN = int(Has.WLAN)
HAS_PPP = int(Has.PPP)
HAS_MPLS = int(Has.MPLS)
HAS_LLC = int(Has.LLC)

IS_ARP = int(Protocol.ARP)
IS_IPV4 = int(Protocol.IPV4)
IS_IPV6 = int(Protocol.IPV6)
IS_WLAN = int(Protocol.WLAN)
IS_PPP = int(Protocol.PPP)
IS_MPLS = int(Protocol.MPLS)
IS_LLC = int(Protocol.LLC)
IS_OTHER = int(Protocol.OTHER)

NOTHING = -1
"""In place of a transport protocol where none can be read: a later fragment, a header that is cut off."""


class Layers(NamedTuple):
    """Where the headers of a block of frames are, one element (int64) per frame."""

    kind: NDArray[np.int64]
    """EtherType of what the link layer led to, or -1."""
    network: NDArray[np.int64]
    """Position of that."""
    limit: NDArray[np.int64]
    """Where its captured bytes end."""
    carried: NDArray[np.int64]
    """IP protocol number in the innermost header that was reached, or -1."""
    transport: NDArray[np.int64]
    """Position of what is carried."""
    end: NDArray[np.int64]
    """Where the captured bytes of what is carried end."""
    wire: NDArray[np.int64]
    """Where what is carried ended on the wire."""
    fragment: NDArray[np.int64]
    """Position of the fragment header behind the outermost IPv6 header, or -1."""
    bits: NDArray[np.int64]
    """Bits of `Has` known so far."""
    rows: NDArray[np.int64]
    """Rows of the frames whose addresses are in `keys`."""
    keys: NDArray[np.int64]
    """Addresses to look up, as 32-bit numbers: 8 elements per frame."""
    ids: NDArray[np.int64]
    """Their host ids: 2 elements per frame."""


@helper
def internet(data: Octets, kind: int, at: int, end: int, wire: int) -> tuple[int, int, int, int, int, int]:
    """Follow an IP header (IPV4 or IPV6) and the tunnels in it to what they carry.

    Returns:
        Protocol number of what is carried (-1: nothing that can be read), its position, `end`, `wire`, position of the fragment header
        behind the outermost IPv6 header (-1: none), bits of `Has`.
    """
    bits = HAS_IP if kind == IPV4 else HAS_IPV6
    outermost = -1
    for depth in range(MAX_DEPTH):
        fragment = -1
        if kind == IPV4:
            carried, at, end, wire, more = _ipv4(data, at, end, wire)
            bits |= more
            if carried == 51:
                carried, at, fragment, more = _extensions(data, carried, at, end, wire)
                bits |= more
        else:
            carried, at, end, wire, more = _ipv6(data, at, end, wire)
            bits |= more
            carried, at, fragment, more = _extensions(data, carried, at, end, wire)
            bits |= more
        if depth == 0:
            outermost = fragment
        if carried == 6 or carried == 17 or carried < 0:  # noqa: PLR1714 - the common ones first
            break
        kind, inside, inner_end, inner_wire, more = _tunnel(data, carried, at, end, wire)
        bits |= more
        kind = true_version(data, kind, inside, inner_end)
        if kind != IPV4 and kind != IPV6:  # noqa: PLR1714
            break
        at, end, wire = inside, inner_end, inner_wire
        if depth + 1 == MAX_DEPTH:
            return NOTHING, at, end, wire, outermost, bits | HAS_TUNNEL | HAS_TOO_DEEP
        bits |= HAS_TUNNEL
    return carried, at, end, wire, outermost, bits


@helper
def true_version(data: Octets, kind: int, at: int, end: int) -> int:
    """Return IPV6 for an IPv6 header that a number for IPv4 led to, otherwise `kind`: the number 4 is for both to some."""
    return IPV6 if kind == IPV4 and at < end and octet(data, at) >> 4 == 6 else kind


@helper
def _ipv4(data: Octets, at: int, end: int, wire: int) -> tuple[int, int, int, int, int]:
    """Peel an IPv4 header; returns protocol, position, `end`, `wire`, bits."""
    if at + 20 > end:
        return NOTHING, at, end, wire, cut(at + 20, wire)
    first = octet(data, at)
    header = (first & 15) * 4
    length = be16(data, at + 2)
    if length == 0:  # segmentation is left to the network card: the true length did not fit, or was not yet known
        length = wire - at
    if first >> 4 != 4 or header < 20 or length < header:
        return NOTHING, at, end, wire, HAS_MALFORMED
    end = min(end, at + length)
    wire = min(wire, at + length)
    fragment = be16(data, at + 6) & 0x3FFF
    bits = HAS_FRAGMENT if fragment else 0
    at += header
    if at > end:
        return NOTHING, at, end, wire, bits | cut(at, wire)
    if fragment & 0x1FFF:
        return NOTHING, at, end, wire, bits
    return octet(data, at - header + 9), at, end, wire, bits


@helper
def _ipv6(data: Octets, at: int, end: int, wire: int) -> tuple[int, int, int, int, int]:
    """Peel an IPv6 header without its extensions; returns next header, position, `end`, `wire`, bits."""
    if at + 40 > end:
        return NOTHING, at, end, wire, cut(at + 40, wire)
    if octet(data, at) >> 4 != 6:
        return NOTHING, at, end, wire, HAS_MALFORMED
    length = be16(data, at + 4)
    carried = octet(data, at + 6)
    at += 40
    if length > 0:  # 0: a jumbogram (RFC 2675), or segmentation left to the network card
        end = min(end, at + length)
        wire = min(wire, at + length)
    return carried, at, end, wire, 0


@helper
def _extensions(data: Octets, carried: int, at: int, end: int, wire: int) -> tuple[int, int, int, int]:
    """Peel extension headers; returns what follows them, its position, the position of a fragment header or -1, bits."""
    fragment = -1
    bits = 0
    for _ in range(MAX_EXTENSIONS):
        if carried == 44:
            if at + 8 > end:
                return NOTHING, at, fragment, bits | cut(at + 8, wire)
            size = 8
            place = be16(data, at + 2)
            if fragment < 0:
                fragment = at
            if place & 0xFFF9:
                bits |= HAS_FRAGMENT
            if place & 0xFFF8:
                return NOTHING, at + 8, fragment, bits
        elif carried == 0 or carried == 43 or carried == 60 or carried == 51:  # noqa: PLR1714
            if at + 2 > end:
                return NOTHING, at, fragment, bits | cut(at + 8, wire)
            size = (octet(data, at + 1) + 1) * 8
            if carried == 51:
                bits |= HAS_AH
                size = (octet(data, at + 1) + 2) * 4
        else:
            return carried, at, fragment, bits
        carried = octet(data, at)
        at += size
        if at > end:
            return NOTHING, at, fragment, bits | cut(at, wire)
    return NOTHING, at, fragment, bits | HAS_TOO_DEEP


@helper
def _tunnel(data: Octets, carried: int, at: int, end: int, wire: int) -> tuple[int, int, int, int, int]:
    """Look for a network header behind a tunnel's own; returns its kind (-1: none), position, `end`, `wire`, bits."""
    if carried == 4:
        return IPV4, at, end, wire, 0
    if carried == 41:
        return IPV6, at, end, wire, 0
    bits = 0
    kind = UNKNOWN
    inside = at
    if carried == 47:
        kind, inside, bits = _gre(data, at, end, wire)
    elif carried == 97:
        kind = ETHERNET
        inside = at + 2
    elif carried == 143:
        kind = ETHERNET
    elif carried == 137:
        kind = MPLS_UNICAST
    if kind == UNKNOWN:
        return UNKNOWN, at, end, wire, bits
    kind, inside, end, wire, more, _, _ = unwrap(data, kind, inside, end, wire)
    return kind, inside, end, wire, bits | more


@helper
def _gre(data: Octets, at: int, end: int, wire: int) -> tuple[int, int, int]:
    """Peel a GRE header; returns the kind of what follows (-1: unknown), its position, bits."""
    if at + 4 > end:
        return UNKNOWN, at, HAS_GRE | cut(at + 4, wire)
    flags = be16(data, at)
    kind = be16(data, at + 2)
    at += 4
    if flags & 0xC000:  # checksum and offset: both are there if one is
        at += 4
    if flags & 0x2000:  # key
        at += 4
    if flags & 0x1000:  # sequence number
        at += 4
    if flags & 0x0080 and flags & 7 == 1:  # acknowledgment number of RFC 2637
        at += 4
    if flags & 0x4000:
        for _ in range(MAX_EXTENSIONS):  # source route entries, up to an empty one
            if at + 4 > end:
                return UNKNOWN, at, HAS_GRE | cut(at + 4, wire)
            size = octet(data, at + 3)
            at += 4 + size
            if size == 0:
                break
    if kind == 0x880B:
        kind = PPP
    elif kind == 0x883E:  # WCCP: IPv4 behind a header of four bytes, in version 2
        if at < end and octet(data, at) >> 4 != 4:
            at += 4
        kind = IPV4
    return kind, at, HAS_GRE


@helper
def link_protocol(kind: int, bits: int) -> int:
    """Return the protocol of a frame as far as its link layer and the kind of its network layer tell."""
    if kind == IPV4:
        return IS_IPV4
    if kind == IPV6:
        return IS_IPV6
    if kind == ARP or kind == RARP:
        return IS_ARP
    if bits & HAS_MPLS:
        return IS_MPLS
    if bits & HAS_PPP:
        return IS_PPP
    if bits & HAS_LLC:
        return IS_LLC
    return IS_WLAN if bits & HAS_WLAN else IS_OTHER


@helper
def fill_ipv4(data: Octets, layers: Layers, count: int, columns: Columns, first_row: int, hosts: HostArrays) -> None:
    """Write the columns of the outermost IPv4 headers among `count` frames, the first of which has row `first_row`."""
    ip_len, ip_id, ip_frag, ttl, ip_proto = columns.ip_len, columns.ip_id, columns.ip_frag, columns.ttl, columns.ip_proto
    found = 0
    for i in range(count):
        if int(layers.kind[i]) != IPV4:
            continue
        at = int(layers.network[i])
        row = first_row + i
        has = _has_ipv4(data, at, int(layers.limit[i]))
        layers.bits[i] |= has
        if has & HAS_ADDRESSES:
            layers.keys[2 * found] = be32(data, at + 12)
            layers.keys[2 * found + 1] = be32(data, at + 16)
            layers.rows[found] = row
            found += 1
        if has & HAS_IP_LEN:
            ip_len[row] = be16(data, at + 2)
        if has & HAS_IP_ID:
            ip_id[row] = be16(data, at + 4)
        if has & HAS_IP_FRAG:
            ip_frag[row] = be16(data, at + 6)
        if has & HAS_TTL:
            ttl[row] = octet(data, at + 8)
        if has & HAS_IP_PROTO:
            ip_proto[row] = octet(data, at + 9)
    enter4(hosts, layers.keys, 2 * found, layers.ids)
    _fill_addresses(layers, found, columns.src, columns.dst)


@helper
def _has_ipv4(data: Octets, at: int, end: int) -> int:
    """Return the bits of the fields that an IPv4 header holds, which may be cut off or malformed."""
    if at + 4 > end:
        return 0
    first = octet(data, at)
    if first >> 4 != 4 or first & 15 < 5:
        return 0
    length = be16(data, at + 2)
    if length < (first & 15) * 4 and length != 0:
        return HAS_IP_LEN
    if at + 20 <= end:
        return HAS_IP_LEN | HAS_IP_ID | HAS_IP_FRAG | HAS_TTL | HAS_IP_PROTO | HAS_ADDRESSES
    bits = HAS_IP_LEN
    if at + 6 <= end:
        bits |= HAS_IP_ID
    if at + 8 <= end:
        bits |= HAS_IP_FRAG
    if at + 9 <= end:
        bits |= HAS_TTL
    if at + 10 <= end:
        bits |= HAS_IP_PROTO
    return bits


@helper
def fill_ipv6(data: Octets, layers: Layers, count: int, columns: Columns, first_row: int, hosts: HostArrays) -> None:
    """Write the columns of the outermost IPv6 headers among `count` frames, the first of which has row `first_row`."""
    found = 0
    for i in range(count):
        if int(layers.kind[i]) != IPV6:
            continue
        at = int(layers.network[i])
        end = int(layers.limit[i])
        if at >= end or octet(data, at) >> 4 != 6:
            continue
        row = first_row + i
        bits = int(layers.bits[i])
        if at + 6 <= end:
            columns.ip_len[row] = be16(data, at + 4)
            bits |= HAS_IP_LEN
        if at + 7 <= end:
            columns.ip_proto[row] = octet(data, at + 6)
            bits |= HAS_IP_PROTO
        if at + 8 <= end:
            columns.ttl[row] = octet(data, at + 7)
            bits |= HAS_TTL
        if at + 40 <= end:
            bits |= HAS_ADDRESSES
            for word in range(8):
                layers.keys[8 * found + word] = be32(data, at + 8 + 4 * word)
            layers.rows[found] = row
            found += 1
        fragment = int(layers.fragment[i])
        if fragment >= 0:
            # RFC 8200 has the offset in the upper 13 bits and "more" in the lowest; IPv4 has three flags before the offset.
            place = be16(data, fragment + 2)
            columns.ip_frag[row] = (place & 1) << 13 | place >> 3
            bits |= HAS_IP_FRAG
        layers.bits[i] = bits
    enter6(hosts, layers.keys, 2 * found, layers.ids)
    _fill_addresses(layers, found, columns.src, columns.dst)


@helper
def fill_arp(data: Octets, layers: Layers, count: int, columns: Columns, first_row: int, hosts: HostArrays) -> None:
    """Write the columns of ARP and RARP among `count` frames, the first of which has row `first_row`."""
    found = 0
    for i in range(count):
        kind = int(layers.kind[i])
        if kind != ARP and kind != RARP:
            continue
        at = int(layers.network[i])
        end = int(layers.limit[i])
        if at + 8 > end:
            layers.bits[i] |= HAS_ARP | cut(at + 8, int(layers.wire[i]))
            continue
        row = first_row + i
        if be16(data, at) == 19:  # ARP over ATM has another layout
            layers.bits[i] |= HAS_ARP
            continue
        columns.arp_opcode[row] = be16(data, at + 6)
        bits = HAS_ARP | HAS_ARP_OPCODE
        sender = at + 8 + octet(data, at + 4)
        target = sender + 4 + octet(data, at + 4)
        if be16(data, at + 2) == IPV4 and octet(data, at + 5) == 4:
            if target + 4 <= end:
                bits |= HAS_ADDRESSES
                layers.keys[2 * found] = be32(data, sender)
                layers.keys[2 * found + 1] = be32(data, target)
                layers.rows[found] = row
                found += 1
            else:
                bits |= cut(target + 4, int(layers.wire[i]))
        layers.bits[i] |= bits
    enter4(hosts, layers.keys, 2 * found, layers.ids)
    _fill_addresses(layers, found, columns.src, columns.dst)


@helper
def _fill_addresses(layers: Layers, found: int, src: NDArray[np.uint32], dst: NDArray[np.uint32]) -> None:
    """Write pairs of host ids to their rows."""
    for i in range(found):
        row = int(layers.rows[i])
        src[row] = layers.ids[2 * i]
        dst[row] = layers.ids[2 * i + 1]
