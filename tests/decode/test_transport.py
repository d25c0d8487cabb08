"""Transport headers: their fields, and payload lengths by the IP header rather than by what was captured."""

from __future__ import annotations

import struct

import pytest
from wire import ESP, Row, decode, ethernet, ipv4, ipv6, tcp, udp

from netsleuth_tui.decode.columns import Has, Protocol


def over4(protocol: int, rest: bytes) -> bytes:
    return ethernet(0x0800, ipv4(protocol, rest))


def over6(protocol: int, rest: bytes) -> bytes:
    return ethernet(0x86DD, ipv6(protocol, rest))


@pytest.mark.parametrize("over", [over4, over6])
def test_tcp(over: object) -> None:
    """Every field of TCP has its column; the flags are twelve bits."""
    (row,) = decode([over(6, tcp(b"hello", flags=0xFFF))])  # type: ignore[operator]
    assert (row["src_port"], row["dst_port"], row["tcp_seq"], row["tcp_ack"]) == (443, 50_000, 0xFFFFFFFE, 7)
    assert (row["tcp_flags"], row["tcp_window"], row["tcp_len"]) == (0xFFF, 512, 5)
    assert row["protocol"] == Protocol.TCP


def test_payload_is_counted_by_the_ip_header() -> None:
    """Neither padding nor the snap length changes the number of payload bytes."""
    whole = over4(6, tcp(bytes(1000), words=8))
    rows = decode([whole, whole[:80], over4(6, tcp()) + bytes(6)], wire=[len(whole), len(whole), 60])
    assert [row["tcp_len"] for row in rows] == [1000, 1000, 0]


@pytest.mark.parametrize("words", [0, 4, 15])
def test_tcp_with_an_impossible_header_length_has_no_payload_length(words: int) -> None:
    """Less than five words, or more than the packet has: ports and flags are there, the payload is unknown."""
    head = bytearray(tcp())
    head[12] = words << 4
    (row,) = decode([over4(6, bytes(head))])
    assert row.bits & Has.MALFORMED
    assert "tcp_len" not in row
    assert row["tcp_window"] == 512


def test_udp() -> None:
    """UDP has ports."""
    (row,) = decode([over4(17, udp(b"x" * 20))])
    assert (row["protocol"], row["src_port"], row["dst_port"]) == (Protocol.UDP, 53, 50_000)
    assert not row.bits & Has.UDPENCAP


@pytest.mark.parametrize(
    ("number", "bit", "name"),
    [(1, Has.ICMP, Protocol.ICMP), (58, Has.ICMPV6, Protocol.ICMPV6)],
)
@pytest.mark.parametrize("over", [over4, over6])
def test_icmp(over: object, number: int, bit: Has, name: Protocol) -> None:
    """Type and code share their columns, the layer's bit tells which of both it is."""
    (row,) = decode([over(number, b"\x0b\x01" + bytes(6))])  # type: ignore[operator]
    assert (row["protocol"], row["icmp_type"], row["icmp_code"]) == (name, 11, 1)
    assert row.bits & (Has.ICMP | Has.ICMPV6) == bit


def test_esp() -> None:
    """SPI and sequence number are 32 bits each."""
    for row in decode([over4(50, ESP), over6(50, ESP)]):
        assert (row["protocol"], row["esp_spi"], row["esp_sequence"]) == (Protocol.ESP, 0xC0FFEE01, 41)
        assert "src_port" not in row


@pytest.mark.parametrize("ports", [(4500, 4500), (4500, 1024), (1024, 4500)])
def test_esp_in_udp(ports: tuple[int, int]) -> None:
    """ESP behind port 4500 has both the ports and the SPI."""
    (row,) = decode([over4(17, udp(ESP, source=ports[0], destination=ports[1]))])
    assert (row["protocol"], row["esp_spi"], row["esp_sequence"]) == (Protocol.ESP, 0xC0FFEE01, 41)
    assert (row["src_port"], row["dst_port"]) == ports
    assert row.bits & (Has.UDP | Has.UDPENCAP | Has.ESP) == Has.UDP | Has.UDPENCAP | Has.ESP


@pytest.mark.parametrize("payload", [b"\xff", bytes(4) + b"IKE header follows here", b""])
def test_port_4500_without_esp(payload: bytes) -> None:
    """The keepalive and IKE, marked by four zero bytes, are UDP."""
    (row,) = decode([over4(17, udp(payload, source=4500)) + bytes(20)])
    assert row["protocol"] == Protocol.UDP
    assert row.bits & (Has.ESP | Has.UDPENCAP) == Has.UDPENCAP


def test_esp_on_another_port_is_not_guessed() -> None:
    """Only port 4500 says that ESP is inside UDP."""
    (row,) = decode([over4(17, udp(ESP))])
    assert row["protocol"] == Protocol.UDP
    assert "esp_spi" not in row


@pytest.mark.parametrize(
    ("number", "rest", "name", "bit"),
    [
        (132, struct.pack(">HHII", 9, 10, 0, 0), Protocol.SCTP, Has.SCTP),
        (2, bytes(8), Protocol.IGMP, Has.IGMP),
        (89, bytes(24), Protocol.OSPF, Has.OSPF),
        (51, struct.pack(">BBHII", 253, 4, 0, 9, 1) + bytes(12), Protocol.AH, Has.AH),
        (253, bytes(24), Protocol.IPV4, Has.IP),
    ],
)
def test_by_number(number: int, rest: bytes, name: Protocol, bit: Has) -> None:
    """These are known by their number; numbers that are not known stay IPv4."""
    (row,) = decode([over4(number, rest)])
    assert row["protocol"] == name
    assert row.bits & bit
    assert (row.get("src_port"), row.get("dst_port")) == ((9, 10) if number == 132 else (None, None))


HELD = {
    6: [(1, ""), (4, "src_port dst_port"), (8, "tcp_seq"), (12, "tcp_ack"), (16, "tcp_flags tcp_window tcp_len")],
    17: [(1, ""), (4, "src_port dst_port")],
    132: [(1, ""), (4, "src_port dst_port")],
    1: [(1, "icmp_type"), (2, "icmp_code")],
    50: [(3, ""), (4, "esp_spi"), (8, "esp_sequence")],
}


def own(row: Row) -> set[str]:
    """The columns of a row that come from the transport header."""
    return {name for name in row if name.startswith(("src_", "dst_", "tcp_", "icmp_", "esp_"))}


@pytest.mark.parametrize("number", HELD)
def test_a_header_cut_off_gives_what_it_holds(number: int) -> None:
    """A field is present as soon as its last byte is."""
    whole = over4(number, tcp() + bytes(20))
    before: set[str] = set()
    for size, names in HELD[number]:
        expected = before | set(names.split())
        shorter, exact = decode([whole[: 34 + size - 1], whole[: 34 + size]], wire=[len(whole)] * 2)
        assert [own(shorter), own(exact)] == [before, expected]
        before = expected
    (row,) = decode([whole[:38]], wire=[len(whole)])
    assert row.bits & Has.TRUNCATED
    assert not row.bits & Has.MALFORMED
