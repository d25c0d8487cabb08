"""The outermost network header gives the row its addresses; extension headers and tunnels lead to the transport inside."""

from __future__ import annotations

import struct

import pytest
from wire import A6, B6, A, B, arp, decode, ethernet, gre, ipv4, ipv6, tcp, udp

from netsleuth_tui.decode.columns import Has, Protocol

TRANSPARENT = ethernet(0x0800, ipv4(6, tcp(b"abc")))
ROUTING = b"\x06\x02" + bytes(22)
OPTIONS = b"\x06\x00" + bytes(6)


def authentication(following: int, rest: bytes) -> bytes:
    return struct.pack(">BBHII", following, 4, 0, 9, 1) + bytes(12) + rest


def fragment(following: int, place: int, rest: bytes) -> bytes:
    return struct.pack(">BBHI", following, 0, place, 77) + rest


def test_ipv4_header() -> None:
    """Every field of the header has its column."""
    (row,) = decode([ethernet(0x0800, ipv4(6, tcp(), fragment=0x4000))])
    assert (row["src"], row["dst"], row["ttl"], row["ip_proto"]) == (A, B, 63, 6)
    assert (row["ip_len"], row["ip_id"], row["ip_frag"]) == (40, 0x1234, 0x4000)
    assert row.bits & (Has.IP | Has.IPV6 | Has.FRAGMENT | Has.TUNNEL) == Has.IP


def test_ipv6_header() -> None:
    """Payload length, hop limit and next header take the columns of their IPv4 counterparts; there is no identification."""
    (row,) = decode([ethernet(0x86DD, ipv6(17, udp(b"xy")))])
    assert (row["src"], row["dst"], row["ttl"], row["ip_proto"], row["ip_len"]) == (A6, B6, 62, 17, 10)
    assert "ip_id" not in row
    assert "ip_frag" not in row


def test_options_are_stepped_over() -> None:
    """The transport header lies behind IPv4 options."""
    (row,) = decode([ethernet(0x0800, ipv4(6, tcp(b"12345"), options=bytes(40)))])
    assert (row["src_port"], row["tcp_len"], row["ip_len"]) == (443, 5, 85)


@pytest.mark.parametrize(("place", "ports"), [(0x2000, True), (0x2001, False), (0x00B9, False), (0x4000, True), (0, True)])
def test_only_the_first_ipv4_fragment_has_ports(place: int, ports: bool) -> None:
    """A later fragment begins in the middle of the payload."""
    (row,) = decode([ethernet(0x0800, ipv4(17, udp(bytes(40)), fragment=place))])
    assert ("src_port" in row) == ports
    assert bool(row.bits & Has.FRAGMENT) == bool(place & 0x3FFF)
    assert row["ip_frag"] == place
    assert row["protocol"] == (Protocol.UDP if ports else Protocol.IPV4)


@pytest.mark.parametrize(("following", "place", "marked"), [(50, 0, False), (50, 1, False), (50, 8, True), (50, 9, True), (17, 8, False)])
def test_later_ipv6_fragments_of_esp_are_known(following: int, place: int, marked: bool) -> None:
    """Only the fragment header says that ESP follows: its own header is in the first fragment, which has SPI and number."""
    (row,) = decode([ethernet(0x86DD, ipv6(44, fragment(following, place, struct.pack(">II", 7, 9) + bytes(40))))])
    assert bool(row.bits & Has.ESP_FRAGMENT) == marked
    assert bool(row.bits & Has.ESP_SPI) == (following == 50 and not marked)


@pytest.mark.parametrize(("place", "shown", "ports"), [(1, 0x2000, True), (8 << 3 | 1, 0x2008, False), (8 << 3, 8, False), (0, 0, True)])
def test_ipv6_fragments_look_like_ipv4_fragments(place: int, shown: int, ports: bool) -> None:
    """Flag and offset of a fragment header are put in the layout of IPv4."""
    (row,) = decode([ethernet(0x86DD, ipv6(44, fragment(17, place, udp(bytes(40)))))])
    assert row["ip_frag"] == shown
    assert ("src_port" in row) == ports
    assert bool(row.bits & Has.FRAGMENT) == (place != 0)
    assert row["ip_proto"] == 44


@pytest.mark.parametrize(
    ("first", "headers"),
    [
        (0, OPTIONS),
        (60, OPTIONS),
        (43, ROUTING),
        (0, b"\x3c" + OPTIONS[1:] + b"\x2b" + OPTIONS[1:] + ROUTING),
        (51, authentication(6, b"")),
        (44, fragment(6, 0, b"")),
    ],
)
def test_extension_headers_are_stepped_over(first: int, headers: bytes) -> None:
    """TCP is found behind any of them, and its payload does not count them."""
    (row,) = decode([ethernet(0x86DD, ipv6(first, headers + tcp(b"hello")))])
    assert (row["protocol"], row["src_port"], row["tcp_len"], row["ip_proto"]) == (Protocol.TCP, 443, 5, first)
    assert bool(row.bits & Has.AH) == (first == 51)


@pytest.mark.parametrize(
    ("carried", "rest", "layers"),
    [
        (4, ipv4(6, tcp(b"abc")), Has(0)),
        (41, ipv6(6, tcp(b"abc")), Has(0)),
        (47, gre(0x0800, ipv4(6, tcp(b"abc"))), Has.GRE),
        (47, gre(0x86DD, ipv6(6, tcp(b"abc"))), Has.GRE),
        (47, gre(0x0800, ipv4(6, tcp(b"abc")), flags=0x8000, extra=bytes(4)), Has.GRE),
        (47, gre(0x0800, ipv4(6, tcp(b"abc")), flags=0xB000, extra=bytes(12)), Has.GRE),
        (47, gre(0x0800, ipv4(6, tcp(b"abc")), flags=0x4000, extra=bytes(4) + b"\x08\x00\x00\x04" + bytes(4) + bytes(4)), Has.GRE),
        (47, gre(0x6558, TRANSPARENT), Has.GRE),
        (47, gre(0x880B, b"\xff\x03\x00\x21" + ipv4(6, tcp(b"abc")), flags=0x3081, extra=bytes(12)), Has.GRE | Has.PPP),
        (47, gre(0x8847, b"\x00\x01\x01\x40" + ipv4(6, tcp(b"abc"))), Has.GRE | Has.MPLS),
        (97, b"\x30\x00" + TRANSPARENT, Has(0)),
        (137, b"\x00\x01\x01\x40" + ipv4(6, tcp(b"abc")), Has.MPLS),
        (51, authentication(4, ipv4(6, tcp(b"abc"))), Has.AH),
    ],
)
@pytest.mark.parametrize("outer", [4, 6])
def test_tunnels(outer: int, carried: int, rest: bytes, layers: Has) -> None:
    """The row has the outer addresses and the inner ports."""
    frame = ethernet(0x0800, ipv4(carried, rest, length=None)) if outer == 4 else ethernet(0x86DD, ipv6(carried, rest))
    (row,) = decode([frame])
    assert (row["src"], row["ip_proto"]) == (A if outer == 4 else A6, carried)
    assert (row["protocol"], row["src_port"], row["tcp_len"]) == (Protocol.TCP, 443, 3)
    assert row.bits & (Has.TUNNEL | layers) == Has.TUNNEL | layers
    assert bool(row.bits & Has.IP) == (outer == 4)


def test_gre_with_something_else_is_gre() -> None:
    """What GRE carries is followed only if it is IP."""
    (row,) = decode([ethernet(0x0800, ipv4(47, gre(0x88BE, bytes(60))))])
    assert row["protocol"] == Protocol.GRE
    assert row.bits & (Has.GRE | Has.TUNNEL) == Has.GRE


def test_packet_quoted_in_an_icmp_error_is_left_alone() -> None:
    """The ports of the packet that could not be delivered are not the ports of the message about it."""
    (row,) = decode([ethernet(0x0800, ipv4(1, b"\x03\x01" + bytes(6) + ipv4(6, tcp())))])
    assert (row["protocol"], row["icmp_type"], row["icmp_code"]) == (Protocol.ICMP, 3, 1)
    assert "src_port" not in row


def test_arp() -> None:
    """The protocol addresses stand where a packet's addresses do."""
    (row,) = decode([ethernet(0x0806, arp(2) + bytes(18))])
    assert (row["protocol"], row["arp_opcode"], row["src"], row["dst"]) == (Protocol.ARP, 2, A, B)
    assert row["arp_hw"] == int.from_bytes(arp(2)[8:14], "big")
    assert row.bits & (Has.ARP | Has.IP) == Has.ARP
    assert "ip_proto" not in row


def test_arp_for_another_protocol_has_no_addresses() -> None:
    """Only IPv4 addresses are addresses here."""
    frame = bytearray(ethernet(0x0806, arp()))
    frame[16:18] = b"\x86\xdd"
    (row,) = decode([bytes(frame)])
    assert row["arp_opcode"] == 1
    assert "src" not in row


@pytest.mark.parametrize(
    "packet",
    [
        ipv4(6, tcp(), first=0x44),
        ipv4(6, tcp(), first=0x65),
        ipv4(6, tcp(), length=19),
        b"\x45" + ipv6(6, tcp())[1:],
    ],
)
def test_malformed_headers_carry_nothing(packet: bytes) -> None:
    """A header that contradicts itself is said to, and nothing behind it is read."""
    (row,) = decode([ethernet(0x0800 if packet[9] == 6 else 0x86DD, packet)])
    assert row.bits & Has.MALFORMED
    assert "src_port" not in row


def test_padding_behind_the_total_length_is_not_read() -> None:
    """Ethernet pads short frames: those bytes are no TCP header."""
    (row,) = decode([ethernet(0x0800, ipv4(6, tcp(), length=26))])
    assert (row.get("dst_port"), row.get("tcp_seq")) == (50_000, None)
    assert row.bits & Has.MALFORMED


def test_length_zero_means_the_length_of_the_frame() -> None:
    """A card that segments writes no total length; the frame tells."""
    (row,) = decode([ethernet(0x0800, ipv4(6, tcp(bytes(60)), length=0))], wire=[14 + 40 + 20_000])
    assert (row["ip_len"], row["tcp_len"]) == (0, 20_000)
    (row,) = decode([ethernet(0x86DD, ipv6(6, tcp(bytes(60)), length=0))], wire=[14 + 60 + 20_000])
    assert (row["ip_len"], row["tcp_len"]) == (0, 20_000)


def test_length_beyond_the_frame_is_cut_to_it() -> None:
    """A total length that the frame cannot hold does not invent payload."""
    (row,) = decode([ethernet(0x0800, ipv4(6, tcp(b"abc"), length=1500))])
    assert (row["ip_len"], row["tcp_len"]) == (1500, 3)


def bomb(levels: int, outer: bytes, inner: bytes = b"") -> bytes:
    return outer * levels + inner


def nested_ipv4(levels: int) -> bytes:
    rest = tcp()
    for level in range(levels):
        rest = ipv4(6 if level == 0 else 4, rest)
    return rest


def nested_gre(levels: int) -> bytes:
    rest = ipv4(6, tcp())
    for _ in range(levels):
        rest = ipv4(47, gre(0x0800, rest))
    return rest


@pytest.mark.parametrize(
    ("name", "frame"),
    [
        ("IP in IP", ethernet(0x0800, nested_ipv4(200))),
        ("VLAN", ethernet(0x8100, bomb(300, b"\x00\x07\x81\x00"))),
        ("MPLS", ethernet(0x8847, bomb(400, b"\x00\x01\x00\x40"))),
        ("IPv6 extensions", ethernet(0x86DD, ipv6(60, bomb(1000, b"\x3c\x00" + bytes(6))))),
        ("AH", ethernet(0x0800, ipv4(51, bomb(1000, b"\x33\x01" + bytes(10))))),
        ("GRE", ethernet(0x0800, nested_gre(100))),
        ("MPLS in MPLS by GRE", ethernet(0x0800, ipv4(47, gre(0x8847, bomb(400, b"\x00\x01\x00\x40"))))),
    ],
)
def test_nesting_bombs(name: str, frame: bytes) -> None:
    """More headers than are followed end the search, and the row says so."""
    (row,) = decode([frame])
    assert row.bits & Has.TOO_DEEP, name
    assert "src_port" not in row


@pytest.mark.parametrize(("levels", "deep"), [(16, False), (17, True)])
def test_depth_is_sixteen(levels: int, deep: bool) -> None:
    """Sixteen network headers are followed, a seventeenth is not."""
    (row,) = decode([ethernet(0x0800, nested_ipv4(levels))])
    assert bool(row.bits & Has.TOO_DEEP) == deep
    assert ("src_port" in row) != deep
    assert row["src"] == A
