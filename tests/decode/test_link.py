"""Every link type leads to the network header inside, or says that there is none."""

from __future__ import annotations

import struct

import pytest
from wire import MACS, A, arp, decode, ethernet, ipv4, ipv6, tcp, udp

from netsleuth_tui.decode.columns import Has, Protocol
from netsleuth_tui.linktypes import NETMON_WLAN

INNER4 = ipv4(6, tcp(b"hello"))
INNER6 = ipv6(17, udp(b"hello"))
SNAP = bytes.fromhex("aaaa03000000")
WLAN_DATA = bytes.fromhex("0801") + bytes(22)


def nflog(family: int, rest: bytes) -> bytes:
    prefix = struct.pack("<HH", 5, 10) + b"\x00" + bytes(3)  # a prefix of one byte, padded
    return struct.pack(">BBH", family, 0, 0) + prefix + struct.pack("<HH", 4 + len(rest), 9) + rest


def radiotap(rest: bytes, *, flags: int = 0, timer: bool = True) -> bytes:
    present = 2 | int(timer)
    fields = (bytes(8) if timer else b"") + bytes([flags])
    return struct.pack("<BBHI", 0, 0, 8 + len(fields), present) + fields + rest


def mpls(labels: int, rest: bytes) -> bytes:
    return b"".join(struct.pack(">I", 16 << 12 | (i == labels - 1) << 8 | 63) for i in range(labels)) + rest


def pppoe(protocol: bytes, rest: bytes) -> bytes:
    return struct.pack(">BBHH", 0x11, 0, 1, len(protocol + rest)) + protocol + rest


TO_IPV4 = {
    "ethernet": (1, ethernet(0x0800, INNER4), Has.ETH),
    "vlan": (1, ethernet(0x8100, b"\x60\x07\x08\x00" + INNER4), Has.ETH | Has.VLAN),
    "802.1ad with 802.1Q": (1, ethernet(0x88A8, b"\x00\x07\x81\x00\x00\x08\x08\x00" + INNER4), Has.ETH | Has.VLAN),
    "tag 0x9100": (1, ethernet(0x9100, b"\x00\x07\x08\x00" + INNER4), Has.ETH | Has.VLAN),
    "802.3 with SNAP": (1, ethernet(8 + len(INNER4), SNAP + b"\x08\x00" + INNER4), Has.ETH | Has.LLC),
    "802.3 with SAP 6": (1, ethernet(3 + len(INNER4), b"\x06\x06\x03" + INNER4), Has.ETH | Has.LLC),
    "802.3 behind a tag": (1, ethernet(0x8100, struct.pack(">HH", 7, 8 + len(INNER4)) + SNAP + b"\x08\x00" + INNER4), Has.VLAN | Has.LLC),
    "mpls": (1, ethernet(0x8847, mpls(1, INNER4)), Has.ETH | Has.MPLS),
    "mpls multicast, three labels": (1, ethernet(0x8848, mpls(3, INNER4)), Has.ETH | Has.MPLS),
    "pppoe": (1, ethernet(0x8864, pppoe(b"\x00\x21", INNER4)), Has.ETH | Has.PPPOE | Has.PPP),
    "pppoe, one byte of protocol": (1, ethernet(0x8864, pppoe(b"\x21", INNER4)), Has.PPPOE | Has.PPP),
    "provider backbone": (1, ethernet(0x88E7, bytes(4) + ethernet(0x0800, INNER4)), Has.ETH),
    "null, little endian": (0, b"\x02\x00\x00\x00" + INNER4, Has.NULL),
    "null, big endian": (0, b"\x00\x00\x00\x02" + INNER4, Has.NULL),
    "loop": (108, b"\x00\x00\x00\x02" + INNER4, Has.NULL),
    "raw 12": (12, INNER4, Has.RAW),
    "raw 14": (14, INNER4, Has.RAW),
    "raw 101": (101, INNER4, Has.RAW),
    "raw ipv4": (228, INNER4, Has.RAW),
    "slip": (8, b"\x00\x45" + bytes(14) + INNER4, Has.RAW),
    "frame relay, long address": (107, b"\x80\xea\x9d\x08\x00" + INNER4, Has(0)),
    "null, hdlc of cisco": (0, b"\x0f\x00\x08\x00" + INNER4, Has.NULL),
    "sll": (113, bytes(14) + b"\x08\x00" + INNER4, Has.SLL),
    "sll with vlan": (113, bytes(14) + b"\x81\x00\x00\x07\x08\x00" + INNER4, Has.SLL | Has.VLAN),
    "sll with llc": (113, bytes(14) + b"\x00\x04" + SNAP + b"\x08\x00" + INNER4, Has.SLL | Has.LLC),
    "sll2": (276, b"\x08\x00" + bytes(18) + INNER4, Has.SLL),
    "ppp": (9, b"\xff\x03\x00\x21" + INNER4, Has.PPP),
    "ppp without address": (9, b"\x00\x21" + INNER4, Has.PPP),
    "ppp with one byte": (9, b"\x21" + INNER4, Has.PPP),
    "ppp 50": (50, b"\xff\x03\x00\x21" + INNER4, Has.PPP),
    "ppp with mpls": (9, b"\x02\x81" + mpls(2, INNER4), Has.PPP | Has.MPLS),
    "ppp, hdlc of cisco": (50, b"\x0f\x00\x08\x00" + INNER4, Has(0)),
    "pppoe 51": (51, pppoe(b"\x00\x21", INNER4), Has.PPPOE | Has.PPP),
    "chdlc": (104, b"\x0f\x00\x08\x00" + INNER4, Has(0)),
    "frame relay": (107, b"\x18\x41\x03\xcc" + INNER4, Has(0)),
    "frame relay, padded snap": (107, b"\x18\x41\x03\x00\x80\x00\x00\x00\x08\x00" + INNER4, Has.LLC),
    "frame relay of cisco": (107, b"\x18\x41\x08\x00" + INNER4, Has(0)),
    "nflog": (239, nflog(2, INNER4), Has.RAW),
    "802.11": (105, WLAN_DATA + SNAP + b"\x08\x00" + INNER4, Has.WLAN | Has.LLC),
    "802.11 qos": (105, b"\x88\x01" + bytes(24) + SNAP + b"\x08\x00" + INNER4, Has.WLAN),
    "802.11 qos and ht control": (105, b"\x88\x81" + bytes(28) + SNAP + b"\x08\x00" + INNER4, Has.WLAN),
    "802.11 four addresses": (105, b"\x08\x03" + bytes(28) + SNAP + b"\x08\x00" + INNER4, Has.WLAN),
    "802.11 aggregate": (105, b"\x88\x01" + bytes(22) + b"\x80\x00" + MACS + b"\x00\x50" + SNAP + b"\x08\x00" + INNER4, Has.WLAN),
    "token ring": (6, b"\x10\x40" + MACS + SNAP + b"\x08\x00" + INNER4, Has.LLC),
    "token ring with a route": (
        6,
        b"\x10\x40" + MACS[:6] + b"\x82" + MACS[7:] + b"\x04\x00\x01\x02" + SNAP + b"\x08\x00" + INNER4,
        Has.LLC,
    ),
    "fddi": (10, b"\x50" + MACS + SNAP + b"\x08\x00" + INNER4, Has.LLC),
    "atm": (100, SNAP + b"\x08\x00" + INNER4, Has.LLC),
    "802.11 of Network Monitor": (NETMON_WLAN, b"\x02\x20\x00" + bytes(29) + WLAN_DATA + SNAP + b"\x08\x00" + INNER4, Has.WLAN | Has.LLC),
    "radiotap": (127, radiotap(WLAN_DATA + SNAP + b"\x08\x00" + INNER4), Has.RADIOTAP | Has.WLAN),
    "radiotap, padded": (
        127,
        radiotap(b"\x88\x01" + bytes(24) + bytes(2) + SNAP + b"\x08\x00" + INNER4, flags=0x20),
        Has.RADIOTAP | Has.WLAN,
    ),
    "radiotap without timer, padded": (
        127,
        radiotap(b"\x88\x01" + bytes(24) + bytes(2) + SNAP + b"\x08\x00" + INNER4, flags=0x20, timer=False),
        Has.RADIOTAP | Has.WLAN,
    ),
    "ppi": (192, struct.pack("<BBHI", 0, 0, 8, 105) + WLAN_DATA + SNAP + b"\x08\x00" + INNER4, Has.WLAN),
    "prism": (119, struct.pack("<II", 0x44, 144) + bytes(136) + WLAN_DATA + SNAP + b"\x08\x00" + INNER4, Has.WLAN),
    "avs": (163, struct.pack(">II", 0x80211001, 64) + bytes(56) + WLAN_DATA + SNAP + b"\x08\x00" + INNER4, Has.WLAN),
}


@pytest.mark.parametrize("name", TO_IPV4)
def test_link_leads_to_ipv4(name: str) -> None:
    """The packet inside is found, the layers passed on the way are known."""
    link_type, frame, layers = TO_IPV4[name]
    (row,) = decode([frame], link_type)
    assert row.bits & layers == layers
    assert (row["src"], row["src_port"], row["tcp_len"], row["protocol"]) == (A, 443, 5, Protocol.TCP)
    assert not row.bits & (Has.TRUNCATED | Has.MALFORMED | Has.TOO_DEEP | Has.TUNNEL)


@pytest.mark.parametrize(
    ("link_type", "frame"),
    [
        (1, ethernet(0x86DD, INNER6)),
        (0, b"\x18\x00\x00\x00" + INNER6),
        (0, b"\x1c\x00\x00\x00" + INNER6),
        (0, b"\x00\x00\x00\x1e" + INNER6),
        (0, b"\x0a\x00\x00\x00" + INNER6),
        (108, b"\x00\x00\x00\x18" + INNER6),
        (101, INNER6),
        (229, INNER6),
        (9, b"\xff\x03\x00\x57" + INNER6),
        (107, b"\x18\x41\x03\x8e" + INNER6),
        (239, nflog(10, INNER6)),
        (1, ethernet(0x8847, mpls(2, INNER6))),
        (276, b"\x86\xdd" + bytes(18) + INNER6),
    ],
)
def test_link_leads_to_ipv6(link_type: int, frame: bytes) -> None:
    """IPv6 is found as IPv4 is."""
    (row,) = decode([frame], link_type)
    assert row["protocol"] == Protocol.UDP
    assert row["dst_port"] == 50_000
    assert row.bits & Has.IPV6
    assert not row.bits & Has.IP


@pytest.mark.parametrize(
    ("link_type", "frame", "protocol"),
    [
        (1, ethernet(0x88CC, bytes(30)), Protocol.OTHER),
        (1, ethernet(38, b"\x42\x42\x03" + bytes(35)), Protocol.LLC),
        (1, ethernet(40, b"\xff\xff" + bytes(38)), Protocol.OTHER),
        (1, ethernet(0x8863, struct.pack(">BBHH", 0x11, 9, 0, 0)), Protocol.OTHER),
        (1, ethernet(0x8864, pppoe(b"\xc0\x21", bytes(8))), Protocol.PPP),
        (1, ethernet(0x8847, mpls(1, b"\x00" * 20)), Protocol.MPLS),
        (1, ethernet(0x0806, arp()), Protocol.ARP),
        (1, ethernet(0x8035, arp(3)), Protocol.ARP),
        (105, b"\x80\x00" + bytes(30), Protocol.WLAN),
        (105, b"\x08\x41" + bytes(22) + SNAP + b"\x08\x00" + INNER4, Protocol.WLAN),
        (105, b"\x48\x01" + bytes(30), Protocol.WLAN),
        (147, INNER4, Protocol.OTHER),
        (113, bytes(14) + b"\x00\x0c" + INNER4, Protocol.OTHER),
        (101, b"\x15" + bytes(30), Protocol.OTHER),
    ],
)
def test_what_is_not_ip_is_not_guessed(link_type: int, frame: bytes, protocol: Protocol) -> None:
    """Frames without IP keep the name of what was recognised, and have no addresses or ports of their own."""
    (row,) = decode([frame], link_type)
    assert row["protocol"] == protocol
    assert not row.bits & (Has.IP | Has.IPV6 | Has.SRC_PORT)


def test_vlan_and_type_are_the_outermost() -> None:
    """eth.type is the tag's own number, vlan.id the first tag's."""
    (row,) = decode([ethernet(0x88A8, b"\xe1\x23\x81\x00\x00\x08\x08\x00" + INNER4)])
    assert (row["eth_type"], row["vlan_id"]) == (0x88A8, 0x123)


def test_length_is_not_a_type() -> None:
    """An 802.3 frame has no EtherType."""
    (row,) = decode([ethernet(38, b"\x42\x42\x03" + bytes(35))])
    assert "eth_type" not in row


def test_padding_of_802_3_is_not_read() -> None:
    """What lies behind the length that 802.3 gives belongs to no packet."""
    (row,) = decode([ethernet(8 + 22, SNAP + b"\x08\x00" + INNER4)])
    assert "ip_len" in row
    assert "dst_port" not in row


def test_radio_header_that_claims_more_than_there_is() -> None:
    """A length past the end of the frame leads nowhere."""
    frame = struct.pack("<BBHI", 0, 0, 0xFFFF, 0) + WLAN_DATA + SNAP + b"\x08\x00" + INNER4
    (row,) = decode([frame], 127)
    assert not row.bits & Has.IP


def test_netfilter_field_of_no_length_ends_the_search() -> None:
    """A field shorter than its own header is malformed."""
    (row,) = decode([b"\x02\x00\x00\x00" + bytes(40)], 239)
    assert row.bits & Has.MALFORMED
