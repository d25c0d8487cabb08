"""Transport layers: TCP (RFC 9293), UDP (768), ICMP (792, 4443), SCTP (9260), ESP (4303; in UDP: 3948), and the rest by number."""

from __future__ import annotations

from netsleuth_tui.decode.columns import Columns, Has, Protocol
from netsleuth_tui.decode.network import Layers
from netsleuth_tui.decode.octets import Octets, be16, be32, cut, octet
from netsleuth_tui.jit import helper

__all__ = ["fill_transport"]

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
HAS_MALFORMED = int(Has.MALFORMED)
HAS_SRC_PORT = int(Has.SRC_PORT)
HAS_DST_PORT = int(Has.DST_PORT)
HAS_PORTS = HAS_SRC_PORT | HAS_DST_PORT
HAS_TCP_SEQ = int(Has.TCP_SEQ)
HAS_TCP_ACK = int(Has.TCP_ACK)
HAS_TCP_FLAGS = int(Has.TCP_FLAGS)
HAS_TCP_WINDOW = int(Has.TCP_WINDOW)
HAS_TCP_LEN = int(Has.TCP_LEN)
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


@helper
def fill_transport(data: Octets, layers: Layers, count: int, columns: Columns, first_row: int) -> None:
    """Write the columns of the transport headers of `count` frames, from row `first_row` on, and `present`, which is complete then."""
    for i in range(count):
        carried = int(layers.carried[i])
        bits = int(layers.bits[i])
        row = first_row + i
        if carried >= 0:
            at = int(layers.transport[i])
            end = int(layers.end[i])
            wire = int(layers.wire[i])
            if carried == 6:
                columns.protocol[row] = IS_TCP
                bits |= _fill_tcp(data, at, end, wire, columns, row)
            elif carried == 17:
                columns.protocol[row] = IS_UDP
                bits |= _fill_udp(data, at, end, wire, columns, row)
            else:
                bits = _fill_other(data, carried, at, end, wire, bits, columns, row)
        elif bits & HAS_AH:
            columns.protocol[row] = IS_AH
        columns.present[row] = bits


@helper
def _fill_tcp(data: Octets, at: int, end: int, wire: int, columns: Columns, row: int) -> int:
    """Write the columns of a TCP header as far as it was captured; returns their bits."""
    if at + 16 > end:
        return _fill_part_of_tcp(data, at, end, wire, columns, row)
    columns.src_port[row] = be16(data, at)
    columns.dst_port[row] = be16(data, at + 2)
    columns.tcp_seq[row] = be32(data, at + 4)
    columns.tcp_ack[row] = be32(data, at + 8)
    flags = be16(data, at + 12)
    columns.tcp_flags[row] = flags & 0xFFF
    columns.tcp_window[row] = be16(data, at + 14)
    bits = HAS_TCP | HAS_PORTS | HAS_TCP_SEQ | HAS_TCP_ACK | HAS_TCP_FLAGS | HAS_TCP_WINDOW
    header = (flags >> 12) * 4
    length = wire - at - header
    if header < 20 or length < 0:
        return bits | HAS_MALFORMED
    columns.tcp_len[row] = length
    if at + header > end:
        bits |= cut(at + header, wire)
    return bits | HAS_TCP_LEN


@helper
def _fill_part_of_tcp(data: Octets, at: int, end: int, wire: int, columns: Columns, row: int) -> int:
    """Write what a TCP header that is cut off before the end of its window still holds."""
    bits = HAS_TCP | cut(at + 20, wire)
    if at + 2 <= end:
        columns.src_port[row] = be16(data, at)
        bits |= HAS_SRC_PORT
    if at + 4 <= end:
        columns.dst_port[row] = be16(data, at + 2)
        bits |= HAS_DST_PORT
    if at + 8 <= end:
        columns.tcp_seq[row] = be32(data, at + 4)
        bits |= HAS_TCP_SEQ
    if at + 12 <= end:
        columns.tcp_ack[row] = be32(data, at + 8)
        bits |= HAS_TCP_ACK
    if at + 14 <= end:
        columns.tcp_flags[row] = be16(data, at + 12) & 0xFFF
        bits |= HAS_TCP_FLAGS
    return bits


@helper
def _fill_udp(data: Octets, at: int, end: int, wire: int, columns: Columns, row: int) -> int:
    """Write the columns of a UDP header, and of ESP inside; returns their bits."""
    bits = HAS_UDP | _fill_ports(data, at, end, columns, row)
    if at + 8 > end:
        return bits | cut(at + 8, wire)
    if be16(data, at) != NAT_TRAVERSAL and be16(data, at + 2) != NAT_TRAVERSAL:
        return bits
    bits |= HAS_UDPENCAP
    length = be16(data, at + 4) - 8
    at += 8
    if length >= 0:
        end = min(end, at + length)
        wire = min(wire, at + length)
    # A keepalive is one byte; four zero bytes mark what is not ESP, which is IKE.
    if at + 4 > end or wire - at == 1 or be32(data, at) == 0:
        return bits
    columns.protocol[row] = IS_ESP
    return bits | _fill_esp(data, at, end, wire, columns, row)


@helper
def _fill_ports(data: Octets, at: int, end: int, columns: Columns, row: int) -> int:
    """Write the two ports that UDP and SCTP begin with; returns their bits."""
    if at + 4 <= end:
        columns.src_port[row] = be16(data, at)
        columns.dst_port[row] = be16(data, at + 2)
        return HAS_PORTS
    if at + 2 <= end:
        columns.src_port[row] = be16(data, at)
        return HAS_SRC_PORT
    return 0


@helper
def _fill_esp(data: Octets, at: int, end: int, wire: int, columns: Columns, row: int) -> int:
    """Write the columns of an ESP header; returns their bits."""
    bits = HAS_ESP
    if at + 4 <= end:
        columns.esp_spi[row] = be32(data, at)
        bits |= HAS_ESP_SPI
    if at + 8 > end:
        return bits | cut(at + 8, wire)
    columns.esp_sequence[row] = be32(data, at + 4)
    return bits | HAS_ESP_SEQUENCE


@helper
def _fill_icmp(data: Octets, at: int, end: int, wire: int, columns: Columns, row: int) -> int:
    """Write type and code of ICMP or ICMPv6; returns their bits."""
    bits = 0
    if at + 1 <= end:
        columns.icmp_type[row] = octet(data, at)
        bits |= HAS_ICMP_TYPE
    if at + 2 > end:
        return bits | cut(at + 2, wire)
    columns.icmp_code[row] = octet(data, at + 1)
    return bits | HAS_ICMP_CODE


@helper
def _fill_other(data: Octets, carried: int, at: int, end: int, wire: int, bits: int, columns: Columns, row: int) -> int:
    """Write the columns of everything but TCP and UDP; returns all bits of the frame."""
    if carried == 1:
        columns.protocol[row] = IS_ICMP
        return bits | HAS_ICMP | _fill_icmp(data, at, end, wire, columns, row)
    if carried == 58:
        columns.protocol[row] = IS_ICMPV6
        return bits | HAS_ICMPV6 | _fill_icmp(data, at, end, wire, columns, row)
    if carried == 50:
        columns.protocol[row] = IS_ESP
        return bits | _fill_esp(data, at, end, wire, columns, row)
    if carried == 132:
        columns.protocol[row] = IS_SCTP
        bits |= HAS_SCTP | _fill_ports(data, at, end, columns, row)
        return bits | cut(at + 12, wire) if at + 12 > end else bits
    if carried == 2:
        columns.protocol[row] = IS_IGMP
        return bits | HAS_IGMP
    if carried == 89:
        columns.protocol[row] = IS_OSPF
        return bits | HAS_OSPF
    if carried == 47:
        columns.protocol[row] = IS_GRE
    elif bits & HAS_AH:
        columns.protocol[row] = IS_AH
    return bits
