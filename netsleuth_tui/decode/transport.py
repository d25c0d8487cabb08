"""Transport layers: TCP (RFC 9293), UDP (768), ICMP (792, 4443), SCTP (9260), ESP (4303; in UDP: 3948), and the rest by number."""

from __future__ import annotations

from netsleuth_tui.decode.columns import Columns, Has, Protocol
from netsleuth_tui.decode.network import Layers
from netsleuth_tui.decode.octets import Octets, be16, be32, cut, octet
from netsleuth_tui.jit import helper

__all__ = ["fill_rest", "fill_tcp"]

HAS_ICMP = int(Has.ICMP)
HAS_ICMPV6 = int(Has.ICMPV6)
HAS_IGMP = int(Has.IGMP)
HAS_TCP = int(Has.TCP)
HAS_UDP = int(Has.UDP)
HAS_SCTP = int(Has.SCTP)
HAS_ESP = int(Has.ESP)
HAS_AH = int(Has.AH)
HAS_OSPF = int(Has.OSPF)
HAS_UDPENCAP = int(Has.UDPENCAP)
HAS_FRAGMENT = int(Has.FRAGMENT)
HAS_MALFORMED = int(Has.MALFORMED)
HAS_PORTS = int(Has.SRC_PORT | Has.DST_PORT)
HAS_TCP_SEQ = int(Has.TCP_SEQ)
HAS_TCP_ACK = int(Has.TCP_ACK)
HAS_TCP_FLAGS = int(Has.TCP_FLAGS)
HAS_TCP_WINDOW = int(Has.TCP_WINDOW)
HAS_TCP_LEN = int(Has.TCP_LEN)
HAS_TCP_SCALE = int(Has.TCP_SCALE)
HAS_ICMP_TYPE = int(Has.ICMP_TYPE)
HAS_ICMP_CODE = int(Has.ICMP_CODE)
HAS_ESP_SPI = int(Has.ESP_SPI)
HAS_ESP_SEQUENCE = int(Has.ESP_SEQUENCE)

IS_TCP = int(Protocol.TCP)
IS_UDP = int(Protocol.UDP)
IS_ICMP = int(Protocol.ICMP)
IS_ICMPV6 = int(Protocol.ICMPV6)
IS_ESP = int(Protocol.ESP)
IS_AH = int(Protocol.AH)
IS_SCTP = int(Protocol.SCTP)
IS_GRE = int(Protocol.GRE)
IS_IGMP = int(Protocol.IGMP)
IS_OSPF = int(Protocol.OSPF)

NAT_TRAVERSAL = 4500
SYN = 0x002
NO_SCALE = 256


@helper
def fill_tcp(data: Octets, layers: Layers, count: int, columns: Columns, first_row: int) -> None:
    """Write the columns of TCP headers among `count` frames, the first of which has row `first_row`, as far as they were captured."""
    src_port, dst_port, tcp_seq, tcp_ack = columns.src_port, columns.dst_port, columns.tcp_seq, columns.tcp_ack
    tcp_flags, tcp_window, tcp_len, protocol = columns.tcp_flags, columns.tcp_window, columns.tcp_len, columns.protocol
    tcp_scale = columns.tcp_scale
    for i in range(count):
        if int(layers.carried[i]) != 6:
            continue
        at = int(layers.transport[i])
        row = first_row + i
        has = _has_tcp(data, at, int(layers.end[i]), int(layers.wire[i]))
        if int(layers.bits[i]) & HAS_FRAGMENT:  # the rest of the payload is in other fragments
            has &= ~HAS_TCP_LEN
        layers.bits[i] |= has
        protocol[row] = IS_TCP
        if has & HAS_PORTS:
            src_port[row] = be16(data, at)
            dst_port[row] = be16(data, at + 2)
        if has & HAS_TCP_SEQ:
            tcp_seq[row] = be32(data, at + 4)
        if has & HAS_TCP_ACK:
            tcp_ack[row] = be32(data, at + 8)
        if has & HAS_TCP_FLAGS:
            tcp_flags[row] = be16(data, at + 12) & 0xFFF
            tcp_window[row] = be16(data, at + 14)
            if octet(data, at + 13) & SYN:
                scale = _scale(data, at, int(layers.end[i]))
                if scale < NO_SCALE:
                    layers.bits[i] |= HAS_TCP_SCALE
                    tcp_scale[row] = scale
        if has & HAS_TCP_LEN:
            tcp_len[row] = int(layers.wire[i]) - at - (octet(data, at + 12) >> 4) * 4


@helper
def _scale(data: Octets, at: int, end: int) -> int:
    """Return the shift of the window scale option (RFC 7323 section 2.2) of the TCP header at `at`; `NO_SCALE` where it has none."""
    end = min(end, at + (octet(data, at + 12) >> 4) * 4)
    at += 20
    for _ in range(40):
        kind = octet(data, at) if at < end else 0
        length = 1 if kind == 1 else octet(data, at + 1) if kind != 0 and at + 1 < end else 0
        if length == 0 or (length == 1 and kind != 1):  # the end of the list, or of what makes sense
            break
        if kind == 3 and length == 3 and at + 3 <= end:
            return octet(data, at + 2)
        at += length
    return NO_SCALE


@helper
def _has_tcp(data: Octets, at: int, end: int, wire: int) -> int:
    """Return the bits of the fields that a TCP header holds, which may be cut off or malformed.

    Ports come in pairs, and the flags with the window, as in tshark.
    """
    if at + 16 <= end:
        bits = HAS_TCP | HAS_PORTS | HAS_TCP_SEQ | HAS_TCP_ACK | HAS_TCP_FLAGS | HAS_TCP_WINDOW
        header = (octet(data, at + 12) >> 4) * 4
        if header < 20 or at + header > wire:
            return bits | HAS_MALFORMED
        return bits | HAS_TCP_LEN if at + header <= end else bits | HAS_TCP_LEN | cut(at + header, wire)
    bits = HAS_TCP | cut(at + 20, wire)
    if at + 4 <= end:
        bits |= HAS_PORTS
    if at + 8 <= end:
        bits |= HAS_TCP_SEQ
    if at + 12 <= end:
        bits |= HAS_TCP_ACK
    return bits


@helper
def fill_rest(data: Octets, layers: Layers, count: int, columns: Columns, first_row: int) -> None:
    """Write the columns of everything but TCP among `count` frames, the first of which has row `first_row`."""
    src_port, dst_port, icmp_type, icmp_code = columns.src_port, columns.dst_port, columns.icmp_type, columns.icmp_code
    esp_spi, esp_sequence, protocol = columns.esp_spi, columns.esp_sequence, columns.protocol
    for i in range(count):
        carried = int(layers.carried[i])
        bits = int(layers.bits[i])
        if carried == 6 or (carried < 0 and bits & HAS_AH == 0):
            continue
        row = first_row + i
        at = int(layers.transport[i])
        name, has, esp = _has_rest(data, carried, at, int(layers.end[i]), int(layers.wire[i]), bits)
        layers.bits[i] = bits | has
        if name >= 0:
            protocol[row] = name
        if has & HAS_PORTS:
            src_port[row] = be16(data, at)
            dst_port[row] = be16(data, at + 2)
        if has & HAS_ICMP_TYPE:
            icmp_type[row] = octet(data, at)
        if has & HAS_ICMP_CODE:
            icmp_code[row] = octet(data, at + 1)
        if has & HAS_ESP_SPI:
            esp_spi[row] = be32(data, esp)
        if has & HAS_ESP_SEQUENCE:
            esp_sequence[row] = be32(data, esp + 4)


@helper
def _has_rest(data: Octets, carried: int, at: int, end: int, wire: int, bits: int) -> tuple[int, int, int]:
    """Return the protocol (-1: no other than is known), the bits of the fields that are held, and the position of an ESP header."""
    if carried == 17:
        return _has_udp(data, at, end, wire)
    if carried == 1 or carried == 58:
        has = HAS_ICMP if carried == 1 else HAS_ICMPV6
        header = 8 if carried == 1 else 4
        if at + header > end:
            has |= cut(at + header, wire)
        if at + 2 <= end:
            has |= HAS_ICMP_TYPE | HAS_ICMP_CODE
        elif at < end:
            has |= HAS_ICMP_TYPE
        return (IS_ICMP if carried == 1 else IS_ICMPV6), has, at
    if carried == 50:
        return IS_ESP, _has_esp(at, end, wire), at
    if carried == 132:
        return IS_SCTP, HAS_SCTP | _has_ports(at, end, wire, 12), at
    if carried == 2:
        return IS_IGMP, HAS_IGMP, at
    if carried == 89:
        return IS_OSPF, HAS_OSPF, at
    if carried == 47:
        return IS_GRE, 0, at
    return (IS_AH if bits & HAS_AH else -1), 0, at


@helper
def _has_ports(at: int, end: int, wire: int, header: int) -> int:
    """Return the bits of the two ports that UDP and SCTP begin with."""
    bits = 0 if at + header <= end else cut(at + header, wire)
    return bits | HAS_PORTS if at + 4 <= end else bits


@helper
def _has_esp(at: int, end: int, wire: int) -> int:
    """Return the bits of the fields that an ESP header holds."""
    if at + 8 <= end:
        return HAS_ESP | HAS_ESP_SPI | HAS_ESP_SEQUENCE
    return HAS_ESP | cut(at + 8, wire) | (HAS_ESP_SPI if at + 4 <= end else 0)


@helper
def _has_udp(data: Octets, at: int, end: int, wire: int) -> tuple[int, int, int]:
    """Return the protocol, the bits of the fields that are held by UDP and by ESP inside it, and the position of the latter."""
    has = HAS_UDP | _has_ports(at, end, wire, 8)
    if at + 8 > end or (be16(data, at) != NAT_TRAVERSAL and be16(data, at + 2) != NAT_TRAVERSAL):
        return IS_UDP, has, at
    has |= HAS_UDPENCAP
    length = be16(data, at + 4) - 8
    at += 8
    if length >= 0:
        end = min(end, at + length)
        wire = min(wire, at + length)
    # A keepalive is one byte; four zero bytes mark what is not ESP, which is IKE.
    if wire - at < 2:  # nothing at all is not ESP either
        return IS_UDP, has, at
    if at + 4 > end:
        return IS_UDP, has | cut(at + 4, wire), at
    if be32(data, at) == 0:
        return IS_UDP, has, at
    return IS_ESP, has | _has_esp(at, end, wire), at
