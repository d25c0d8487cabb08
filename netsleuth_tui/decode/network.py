"""Network headers: the columns of IPv4 (RFC 791), IPv6 (RFC 8200) and ARP (RFC 826), and where a block of frames has its layers.

Kernels that are handed many arrays are slow to call, so each of these functions loops over the block itself.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.decode.columns import Columns, Has, Protocol
from netsleuth_tui.decode.hosts import HostArrays, enter4, enter6
from netsleuth_tui.decode.link import ARP, IPV4, IPV6, RARP
from netsleuth_tui.decode.octets import Octets, be16, be32, cut, octet
from netsleuth_tui.jit import helper

__all__ = ["Layers", "fill_arp", "fill_ipv4", "fill_ipv6", "link_protocol"]

HAS_ARP = int(Has.ARP)
HAS_ADDRESSES = int(Has.ADDRESSES)
HAS_IP_LEN = int(Has.IP_LEN)
HAS_IP_ID = int(Has.IP_ID)
HAS_IP_FRAG = int(Has.IP_FRAG)
HAS_TTL = int(Has.TTL)
HAS_IP_PROTO = int(Has.IP_PROTO)
HAS_ARP_OPCODE = int(Has.ARP_OPCODE)
HAS_ARP_HW = int(Has.ARP_HW)
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
        if octet(data, at + 4) == 6 and at + 14 <= end:
            bits |= HAS_ARP_HW
            columns.arp_hw[row] = be16(data, at + 8) << 32 | be32(data, at + 10)
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
