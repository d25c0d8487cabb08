"""Between network and transport: from an IPv4 or IPv6 header through extension headers and tunnels to what they carry.

Sources: RFC 791, 8200, 4302 (AH), 2784 and 2890 (GRE), 2637 (GRE with PPP), 3378 (EtherIP), 4023 (MPLS in IP).
Packets quoted in ICMP errors are left alone.
"""

from __future__ import annotations

from netsleuth_tui.decode.columns import Has
from netsleuth_tui.decode.link import ETHERNET, IPV4, IPV6, MPLS_UNICAST, PPP, UNKNOWN, unwrap
from netsleuth_tui.decode.octets import Octets, be16, cut, octet
from netsleuth_tui.jit import helper

__all__ = ["NOTHING", "internet", "true_version"]

MAX_DEPTH = 16
"""Network headers inside one another that are followed."""

MAX_EXTENSIONS = 64
"""Extension headers after one IP header that are followed."""

HAS_IP = int(Has.IP)
HAS_IPV6 = int(Has.IPV6)
HAS_TUNNEL = int(Has.TUNNEL)
HAS_GRE = int(Has.GRE)
HAS_AH = int(Has.AH)
HAS_FRAGMENT = int(Has.FRAGMENT)
HAS_ESP_FRAGMENT = int(Has.ESP_FRAGMENT)
HAS_MALFORMED = int(Has.MALFORMED)
HAS_TOO_DEEP = int(Has.TOO_DEEP)

NOTHING = -1
"""In place of a transport protocol where none can be read: a later fragment, a header that is cut off."""


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
        if carried == 6 or carried == 17 or carried < 0:  # the common ones first
            break
        kind, inside, inner_end, inner_wire, more = _tunnel(data, carried, at, end, wire)
        bits |= more
        kind = true_version(data, kind, inside, inner_end)
        if kind != IPV4 and kind != IPV6:
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
                return NOTHING, at + 8, fragment, bits | (HAS_ESP_FRAGMENT if octet(data, at) == 50 else 0)
        elif carried == 0 or carried == 43 or carried == 60 or carried == 51:
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
