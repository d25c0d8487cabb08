"""The registry of fields of packets: tshark's names, where their values are kept, and what they mean.

Filters, completion and export all read it, so that a name means the same in each of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from netsleuth_tui.decode.columns import PACKET_COLUMNS, Has
from netsleuth_tui.query.place_values import PlaceKind
from netsleuth_tui.store.event_fields import EventField

__all__ = ["ALIASES", "FIELDS", "JUDGED", "NAMED", "NUMBER", "PROCESS_COLUMNS", "PROTOCOLS", "PROTOCOL_DESCRIPTIONS", "Field", "Kind"]

Kind = Literal["uint", "bool", "address", "time", "duration", "text", "label", "data", "place"]

NUMBER = "number"
"""Column of frame.number; the store derives it (uint32, from 1 in each file)."""


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a packet: its name, its value and its meaning."""

    name: str
    """tshark's name."""

    kind: Kind
    """'uint' and 'bool' are whole numbers, 'address' a host id, 'time' ns since the epoch, 'duration' ns, 'label' a `Protocol`,
    'text' a string, of packets the number of one; 'data', of events, is text that may be a number, too; 'place' is what places say of a
    host id, in a frame with an IP header."""

    columns: tuple[str, ...]
    """Columns of `decode.columns.Columns` (or `NUMBER`) that hold it: two for a field that occurs twice, such as tcp.port."""

    has: tuple[int, ...]
    """For each column the bits of `present` that must all be set for the value to be there; 0 if it always is."""

    description: str
    """For completion and the manual."""

    mask: int = 0
    """Bits of the column that belong to the field; 0 for the whole column."""

    shift: int = 0
    """The field is `(column & mask) >> shift`."""

    base: Literal[10, 16] = 10
    """How numbers are shown."""

    version: Literal[0, 4, 6] = 0
    """IP version of an address."""

    constants: tuple[int, ...] = ()
    """Values, parallel to `has`, of a field that is not stored because its presence decides it (ip.version)."""

    judged: bool = False
    """It follows from other packets, and is in no column of theirs: numbers (of 32 bits, or ns), 0 where the field is absent."""

    event: EventField | None = None
    """Where the values come from, of a field of events; None for a field of packets."""

    limit: int = 0
    """Largest number that a field of events can hold."""

    place: PlaceKind | None = None
    """What is said of the host, for a 'place'."""

    @property
    def maximum(self) -> int:
        """Largest number that the field can hold."""
        if self.event is not None:
            return self.limit
        if self.constants:
            return 15
        if self.mask:
            return (1 << (self.mask >> self.shift).bit_length()) - 1
        if self.kind == "duration":
            return (1 << 63) - 1
        width = 4 if self.columns[0] == NUMBER or self.judged else PACKET_COLUMNS[self.columns[0]].itemsize
        return (1 << 8 * width) - 1


_V4 = int(Has.IP | Has.ADDRESSES)
_V6 = int(Has.IPV6 | Has.ADDRESSES)
_ARP = int(Has.ARP | Has.ADDRESSES)
_FRAG = int(Has.IP | Has.IP_FRAG)
_FLAGS = int(Has.TCP_FLAGS)


def _number(name: str, column: str, has: int, description: str, base: Literal[10, 16] = 10) -> Field:
    return Field(name, "uint", (column,), (int(has),), description, base=base)


def _bits(name: str, column: str, has: int, mask: int, description: str) -> Field:
    shift = (mask & -mask).bit_length() - 1
    kind: Kind = "bool" if mask >> shift == 1 else "uint"
    return Field(name, kind, (column,), (int(has),), description, mask=mask, shift=shift)


def _ports(protocol: Has, layer: str) -> list[Field]:
    source, target = int(protocol | Has.SRC_PORT), int(protocol | Has.DST_PORT)
    title = layer.upper()
    return [
        Field(f"{layer}.port", "uint", ("src_port", "dst_port"), (source, target), f"{title} source or destination port"),
        Field(f"{layer}.srcport", "uint", ("src_port",), (source,), f"{title} source port"),
        Field(f"{layer}.dstport", "uint", ("dst_port",), (target,), f"{title} destination port"),
    ]


def _addresses(prefix: str, version: Literal[4, 6], has: int) -> list[Field]:
    title = f"IPv{version}"
    return [
        Field(f"{prefix}.addr", "address", ("src", "dst"), (has, has), f"{title} source or destination address", version=version),
        Field(f"{prefix}.src", "address", ("src",), (has,), f"{title} source address", version=version),
        Field(f"{prefix}.dst", "address", ("dst",), (has,), f"{title} destination address", version=version),
    ]


def _places(names: tuple[str, str, str], place: PlaceKind, what: str) -> list[Field]:
    has = int(Has.ADDRESSES)
    sides = (("src", "dst"), ("src",), ("dst",))
    titles = ("source or destination", "source", "destination")
    return [
        Field(name, "place", side, (has,) * len(side), what.format(title), place=place)
        for name, side, title in zip(names, sides, titles, strict=True)
    ]


def _geo(place: PlaceKind, what: str) -> list[Field]:
    return _places((f"geo.{place}", f"geo.src.{place}", f"geo.dst.{place}"), place, what)


def _flag(name: str, mask: int, description: str) -> Field:
    return _bits(f"tcp.flags.{name}", "tcp_flags", _FLAGS, mask, description)


_ALL: tuple[Field, ...] = (
    _number("frame.number", NUMBER, 0, "Number of the frame in its file, from 1"),
    Field("frame.time", "time", ("time",), (0,), "When the frame was captured, as a date and time (UTC)"),
    Field("frame.time_epoch", "time", ("time",), (0,), "When the frame was captured, in seconds since 1970-01-01 UTC"),
    _number("source", "source", 0, "The file that the frame is in, counted from 0 as in the pane of sources; not a field of tshark's"),
    _number("frame.len", "len", 0, "Length of the frame on the wire, in bytes"),
    _number("frame.cap_len", "cap_len", 0, "Captured bytes of the frame"),
    _number("frame.offset", "offset", 0, "Where the captured bytes begin in the (decompressed) file; not a field of tshark's"),
    Field("_ws.col.protocol", "label", ("protocol",), (0,), "Highest protocol that was recognised, as the Protocol column shows it"),
    _number("eth.type", "eth_type", Has.ETH_TYPE, "EtherType of the outermost Ethernet header (0x8100 for a tagged frame)", 16),
    _number("vlan.id", "vlan_id", Has.VLAN_ID, "VLAN of the outermost 802.1Q tag"),
    Field(
        "ip.version",
        "uint",
        ("present", "present"),
        (int(Has.IP), int(Has.IPV6)),
        "Version of the outermost IP header, 4 or 6",
        constants=(4, 6),
    ),
    *_addresses("ip", 4, _V4),
    _number("ip.proto", "ip_proto", Has.IP | Has.IP_PROTO, "Protocol number inside IPv4 (1 ICMP, 6 TCP, 17 UDP, 50 ESP)"),
    _number("ip.len", "ip_len", Has.IP | Has.IP_LEN, "Total length that the IPv4 header states, in bytes"),
    _number("ip.id", "ip_id", Has.IP_ID, "IPv4 identification", 16),
    _number("ip.ttl", "ttl", Has.IP | Has.TTL, "IPv4 time to live"),
    _bits("ip.flags", "ip_frag", _FRAG, 0xE000, "IPv4 flags: 1 more fragments, 2 don't fragment, 4 reserved"),
    _bits("ip.flags.rb", "ip_frag", _FRAG, 0x8000, "IPv4 reserved bit"),
    _bits("ip.flags.df", "ip_frag", _FRAG, 0x4000, "IPv4 don't fragment"),
    _bits("ip.flags.mf", "ip_frag", _FRAG, 0x2000, "IPv4 more fragments"),
    _bits("ip.frag_offset", "ip_frag", _FRAG, 0x1FFF, "IPv4 fragment offset, in units of 8 bytes"),
    *_addresses("ipv6", 6, _V6),
    _number("ipv6.nxt", "ip_proto", Has.IPV6 | Has.IP_PROTO, "Next header of the IPv6 header (6 TCP, 17 UDP, 58 ICMPv6)"),
    _number("ipv6.plen", "ip_len", Has.IPV6 | Has.IP_LEN, "Payload length that the IPv6 header states, in bytes"),
    _number("ipv6.hlim", "ttl", Has.IPV6 | Has.TTL, "IPv6 hop limit"),
    *_ports(Has.TCP, "tcp"),
    _number("tcp.seq_raw", "tcp_seq", Has.TCP_SEQ, "TCP sequence number as on the wire"),
    _number("tcp.ack_raw", "tcp_ack", Has.TCP_ACK, "TCP acknowledgment number as on the wire"),
    _number("tcp.flags", "tcp_flags", Has.TCP_FLAGS, "TCP flags, 12 bits: 1 FIN, 2 SYN, 4 RST, 8 PSH, 0x10 ACK, 0x20 URG", 16),
    _flag("fin", 0x001, "TCP FIN: the sender has finished"),
    _flag("syn", 0x002, "TCP SYN: a connection begins"),
    _flag("reset", 0x004, "TCP RST: a connection is aborted"),
    _flag("push", 0x008, "TCP PSH: hand over at once"),
    _flag("ack", 0x010, "TCP ACK: the acknowledgment number counts"),
    _flag("urg", 0x020, "TCP URG: the urgent pointer counts"),
    _flag("ece", 0x040, "TCP ECE: congestion was experienced"),
    _flag("cwr", 0x080, "TCP CWR: the congestion window was reduced"),
    _flag("ae", 0x100, "TCP AE (NS in older tshark): accurate ECN"),
    _bits("tcp.flags.res", "tcp_flags", _FLAGS, 0xE00, "TCP reserved bits, as a number from 0 to 7"),
    _number("tcp.window_size_value", "tcp_window", Has.TCP_WINDOW, "TCP window as on the wire, unscaled"),
    _number("tcp.len", "tcp_len", Has.TCP_LEN, "TCP payload bytes, by the lengths in the IP header"),
    _number("tcp.options.wscale.shift", "tcp_scale", Has.TCP_SCALE, "TCP SYN: the windows of its sender count 2 to this power"),
    *_ports(Has.UDP, "udp"),
    *_ports(Has.SCTP, "sctp"),
    _number("icmp.type", "icmp_type", Has.ICMP | Has.ICMP_TYPE, "ICMP type (8 echo request, 0 reply, 3 unreachable, 11 time exceeded)"),
    _number("icmp.code", "icmp_code", Has.ICMP | Has.ICMP_CODE, "ICMP code"),
    _number("icmpv6.type", "icmp_type", Has.ICMPV6 | Has.ICMP_TYPE, "ICMPv6 type (128 echo request, 129 reply, 135 solicitation)"),
    _number("icmpv6.code", "icmp_code", Has.ICMPV6 | Has.ICMP_CODE, "ICMPv6 code"),
    _number("arp.opcode", "arp_opcode", Has.ARP_OPCODE, "ARP operation: 1 request, 2 reply"),
    Field("arp.src.proto_ipv4", "address", ("src",), (_ARP,), "IPv4 address of the ARP sender", version=4),
    Field("arp.dst.proto_ipv4", "address", ("dst",), (_ARP,), "IPv4 address that ARP asks for", version=4),
    _number("esp.spi", "esp_spi", Has.ESP_SPI, "ESP security parameters index: the tunnel", 16),
    _number("esp.sequence", "esp_sequence", Has.ESP_SEQUENCE, "ESP sequence number"),
    *_places(("site", "site.src", "site.dst"), "site", "Site of the {}, by the site map"),
    *_geo("country", "Country of the {}: its ISO code or its English name"),
    *_geo("continent", "Continent of the {}: its code or its English name"),
    *_geo("asn", "Autonomous system of the {}, where the place data has it"),
    *_geo("class", "What kind of address the {} is: Public, Private, Multicast …"),
    *_geo("region", "Region of the {}: its site, else its class if that is not public, else its country, else Unknown"),
)

FIELDS: Mapping[str, Field] = MappingProxyType({field.name: field for field in _ALL})
"""Every field by its name, in the order of the layers."""

_JUDGED = (
    ("esp.depth", "Late ESP packets: by how many numbers; a replay window up to that drops it. Not a field of tshark's"),
    ("esp.ahead", "Early ESP packets: how many numbers they skipped, lost or late. Not a field of tshark's"),
    ("esp.gap", "ESP: how many numbers right below this packet's never came. Not a field of tshark's"),
    ("esp.gap.open", "1 where the numbers of esp.gap may yet come after the capture. Not a field of tshark's"),
    ("esp.duplicate", "ESP numbers that came before: 1 captured twice, 2 with another TTL, 3 otherwise. Not a field of tshark's"),
    ("esp.aside", "IPsec in no association: 1 header cut off, 2 later fragment, 3 IKE, 4 keepalive, 5 later IPv6 fragment. Not tshark's"),
    ("esp.outlier", "1 where an ESP sequence number is far from all others of its association. Not a field of tshark's"),
    ("ip.loop", "IP packets in a router loop: by how much the TTL falls from one copy to the next. Not a field of tshark's"),
    ("frame.duplicate", "1 where an IP packet was captured before, within a millisecond and at the same TTL. Not a field of tshark's"),
)

_MARKS = (
    ("retransmission", 0x0001, "sent again, also fast or spurious: it begins before the highest number sent, and is not out of order"),
    ("fast_retransmission", 0x0002, "sent again within 20 ms of the second or a later duplicate ACK that asks for it"),
    ("spurious_retransmission", 0x0004, "sent again though all of it had been acknowledged"),
    ("out_of_order", 0x0008, "late, not sent again: within the round trip of the handshake (or 3 ms) of the highest number sent"),
    ("duplicate_ack", 0x0010, "an ACK that says what the one before it said: something is missing"),
    ("lost_segment", 0x0020, "begins after the highest number sent: what lies between was not captured before it"),
    ("ack_lost_segment", 0x0040, "acknowledges what was never captured: the capture lost it, not the network"),
    ("zero_window", 0x0080, "the sender of this segment takes no more data"),
    ("window_full", 0x0100, "ends where the receiver's window ends; only where the SYN was captured"),
    ("window_update", 0x0200, "an ACK that says nothing new but the window"),
    ("keep_alive", 0x0400, "no byte, or one that was sent before, to see whether the other side is there"),
    ("keep_alive_ack", 0x0800, "the answer to a keep-alive"),
    ("zero_window_probe", 0x1000, "one byte to a side that takes no more, to see whether it does now"),
    ("zero_window_probe_ack", 0x2000, "the answer to such a byte: still no more"),
    ("reused_ports", 0x4000, "a SYN that begins another connection between the same addresses and ports"),
)


def _process(name: str, kind: Kind, about: str) -> Field:
    return Field(name, kind, (name.replace(".", "_"),), (0,), f"{about}. Not a field of tshark's", judged=True)


PROCESS_COLUMNS = ("frame_process", "frame_process_id", "frame_process_recorded")
"""Columns of fields that say whose packet it is."""

_PROCESSES = (
    _process("frame.process", "text", "Path of the program whose packet it is"),
    _process("frame.process_id", "uint", "Id of the process whose packet it is"),
    _process("frame.process_recorded", "uint", "1 where the file itself says whose packet it is; else it follows from sockets"),
)

_SEGMENT = int(Has.TCP_FLAGS)


def _analysed(name: str, kind: Kind, column: str, about: str, mask: int = 0) -> Field:
    base: Literal[10, 16] = 16 if name == "flags" else 10
    shift = max(mask.bit_length() - 1, 0)
    return Field(f"tcp.analysis.{name}", kind, (column,), (_SEGMENT,), f"TCP: {about}", mask, shift, base, judged=True)


_ANALYSED = (
    _analysed("flags", "uint", "tcp_marks", "something is to be said of the segment, by one of the fields below"),
    *(_analysed(name, "bool", "tcp_marks", about, mask) for name, mask, about in _MARKS),
    _analysed("duplicate_ack_num", "uint", "tcp_repeat", "how often this ACK was repeated by now"),
    _analysed("initial_rtt", "duration", "tcp_initial_rtt", "seconds that the handshake took, in every segment from its end on"),
    _analysed("ack_rtt", "duration", "tcp_ack_rtt", "seconds since the segment that ends where this ACK does was sent"),
)

JUDGED: Mapping[str, Field] = MappingProxyType(
    {field.name: field for field in (*_PROCESSES, *_ANALYSED)}
    | {name: Field(name, "uint", (name.replace(".", "_"),), (int(Has.ESP_SEQUENCE),), about, judged=True) for name, about in _JUDGED}
)
"""Fields that only filters know: what a packet is among other packets. Its column's name is that of the values."""

NAMED: Mapping[str, Field] = MappingProxyType({**FIELDS, **JUDGED})
"""Every field that a filter can name."""

ALIASES: Mapping[str, str] = MappingProxyType({"protocol": "_ws.col.protocol", "tcp.flags.ns": "tcp.flags.ae"})
"""Other names under which a field may be asked for."""

_PROTOCOLS: tuple[tuple[str, int, str], ...] = (
    ("frame", 0, "Every frame"),
    ("eth", Has.ETH, "Ethernet"),
    ("vlan", Has.VLAN, "802.1Q VLAN tag"),
    ("llc", Has.LLC, "802.2 logical link control"),
    ("mpls", Has.MPLS, "MPLS label"),
    ("pppoe", Has.PPPOE, "PPP over Ethernet"),
    ("ppp", Has.PPP, "Point-to-point protocol"),
    ("sll", Has.SLL, "Linux cooked capture"),
    ("null", Has.NULL, "BSD loopback"),
    ("raw", Has.RAW, "Raw IP, without a link layer"),
    ("wlan", Has.WLAN, "802.11 wireless LAN"),
    ("radiotap", Has.RADIOTAP, "Radiotap header of a wireless capture"),
    ("arp", Has.ARP, "Address resolution protocol"),
    ("ip", Has.IP, "IPv4, as the outermost network header"),
    ("ipv6", Has.IPV6, "IPv6, as the outermost network header"),
    ("gre", Has.GRE, "Generic routing encapsulation"),
    ("icmp", Has.ICMP, "ICMP for IPv4"),
    ("icmpv6", Has.ICMPV6, "ICMP for IPv6"),
    ("igmp", Has.IGMP, "IGMP: multicast membership"),
    ("tcp", Has.TCP, "TCP"),
    ("udp", Has.UDP, "UDP"),
    ("sctp", Has.SCTP, "SCTP"),
    ("esp", Has.ESP, "ESP: IPsec payload"),
    ("ah", Has.AH, "AH: IPsec authentication"),
    ("ospf", Has.OSPF, "OSPF: routing"),
    ("udpencap", Has.UDPENCAP, "IPsec inside UDP port 4500"),
)

PROTOCOLS: Mapping[str, int] = MappingProxyType({name: int(has) for name, has, _ in _PROTOCOLS})
"""Bare protocol names, and the bits of `present` that they ask for (0: every frame)."""

PROTOCOL_DESCRIPTIONS: Mapping[str, str] = MappingProxyType({name: text for name, _, text in _PROTOCOLS})
"""What each bare protocol name means."""
