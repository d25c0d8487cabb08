"""Wireshark's rules for filters, written out once more and slowly, and random packets to try them on."""

from __future__ import annotations

import operator
import random
import re

import numpy as np

from netsleuth_tui.decode.columns import NO_TIME, PACKET_COLUMNS, Has, Protocol
from netsleuth_tui.query import FIELDS
from netsleuth_tui.query.nodes import Address, All, Any, Comparison, Either, Membership, Not, Present, Range, Reference, Search
from netsleuth_tui.query.place_values import PlaceKind, PlaceValues

ROWS = 400
V4 = [0x0A000001, 0x0A000002, 0x0A010203, 0x0A01FFFF, 0xC0A80001, 0xC0A80101, 0, 0xFFFFFFFF, *range(0x0A200000, 0x0A200000 + 60)]
V6 = [0xFE80 << 112 | 1, 0xFE80 << 112 | 2, 0x20010DB8 << 96 | 1, 0x20010DB8 << 96 | 5 << 64 | 7, 1, 0]
TIMES = [0, 1, 5_000_000_000, 5_500_000_001, -7_000_000_001, 1_795_435_203_500_000_000]
PORTS = [0, 22, 53, 80, 443, 8000, 8005, 65535]
SMALL = [0, 1, 2, 3, 6, 8, 17, 64, 255]
FLAGS = ["fin", "syn", "reset", "push", "ack", "urg", "ece", "cwr", "ae"]
OPERATORS = {"==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}


class Packet:
    """One frame: its column values, and the same by field name as Wireshark would list them."""

    def __init__(self, number: int, dice: random.Random) -> None:
        self.dice = dice
        self.columns: dict[str, int] = dict.fromkeys(PACKET_COLUMNS, 0)
        self.columns["row"] = number - 1
        self.fields: dict[str, list[int | str]] = {"frame.number": [number]}
        self.layers = {"frame"}
        self._frame()
        network = dice.choice(["ip", "ip", "ip", "ipv6", "arp", ""])
        if network in {"ip", "ipv6"}:
            self._internet(network)
            self._transport(network)
        elif network == "arp":
            self._layer("arp")
            self._field("arp_opcode", Has.ARP_OPCODE, [1, 2, 9], "arp.opcode")
            self._addresses("arp", V4)

    def _maybe(self) -> bool:
        return self.dice.random() < 0.85

    def _layer(self, name: str) -> None:
        self.layers.add(name)
        self.columns["present"] |= int(Has[name.upper()])

    def _put(self, column: str, value: int, *names: str) -> None:
        self.columns[column] = value
        for name in names:
            self.fields.setdefault(name, []).append(value)

    def _field(self, column: str, bit: Has, pool: list[int], *names: str) -> None:
        if self._maybe():
            self.columns["present"] |= int(bit)
            self._put(column, self.dice.choice(pool), *names)

    def _frame(self) -> None:
        dice = self.dice
        self._put("len", dice.choice([0, 60, 100, 1514, 70000]), "frame.len")
        self._put("source", 0, "source")
        self._put("cap_len", dice.choice([0, 60, 96]), "frame.cap_len")
        self._put("offset", dice.choice([24, 1 << 33, (1 << 64) - 1]), "frame.offset")
        protocol = dice.choice(list(Protocol))
        self.columns["protocol"] = int(protocol)
        self.fields["_ws.col.protocol"] = [protocol.label]
        self.columns["time"] = NO_TIME
        if self._maybe():
            self._put("time", dice.choice(TIMES), "frame.time", "frame.time_epoch")
        for name in ("eth", "vlan", "llc", "mpls", "pppoe", "ppp", "sll", "null", "raw", "wlan", "radiotap"):
            if dice.random() < 0.3:
                self._layer(name)
        if "eth" in self.layers:
            self._field("eth_type", Has.ETH_TYPE, [0, 0x800, 0x86DD, 0x8100], "eth.type")
        if "vlan" in self.layers:
            self._field("vlan_id", Has.VLAN_ID, [0, 1, 10, 4095], "vlan.id")

    def _addresses(self, prefix: str, pool: list[int]) -> None:
        if not self._maybe():
            return
        self.columns["present"] |= int(Has.ADDRESSES)
        for column in ("src", "dst"):
            address = self.dice.choice(pool)
            self.columns[column] = host_id(6 if prefix == "ipv6" else 4, address)
            if prefix != "arp":
                self._places(column, self.columns[column])
            name = f"arp.{column}.proto_ipv4" if prefix == "arp" else f"{prefix}.{column}"
            self.fields.setdefault(name, []).append(address)
            if prefix != "arp":
                self.fields.setdefault(f"{prefix}.addr", []).append(address)

    def _places(self, column: str, host: int) -> None:
        for field in FIELDS.values():
            spelled = Places.spelled(field.place, host) if field.place is not None and column in field.columns else None
            if spelled is not None:
                self.fields.setdefault(field.name, []).append(spelled)

    def _internet(self, network: str) -> None:
        self._layer(network)
        four = network == "ip"
        self.fields["ip.version"] = [4 if four else 6]
        self._addresses(network, V4 if four else V6)
        self._field("ip_len", Has.IP_LEN, [0, 20, 1500], "ip.len" if four else "ipv6.plen")
        self._field("ttl", Has.TTL, SMALL, "ip.ttl" if four else "ipv6.hlim")
        self._field("ip_proto", Has.IP_PROTO, SMALL, "ip.proto" if four else "ipv6.nxt")
        if four:
            self._field("ip_id", Has.IP_ID, [0, 1, 0x1234], "ip.id")
        if self._maybe():
            self.columns["present"] |= int(Has.IP_FRAG)
            word = self.dice.choice([0, 0x2000, 0x4000, 0x8000, 0x20B9, 0x00B9, 0xFFFF])
            self._put("ip_frag", word)
            if four:
                self.fields |= {
                    "ip.flags": [word >> 13],
                    "ip.flags.rb": [word >> 15],
                    "ip.flags.df": [word >> 14 & 1],
                    "ip.flags.mf": [word >> 13 & 1],
                    "ip.frag_offset": [word & 0x1FFF],
                }

    def _transport(self, network: str) -> None:
        name = self.dice.choice(
            ["tcp", "tcp", "udp", "sctp", "icmp" if network == "ip" else "icmpv6", "esp", "gre", "igmp", "ah", "ospf", ""]
        )
        if name:
            self._layer(name)
        if name in {"tcp", "udp", "sctp"}:
            self._field("src_port", Has.SRC_PORT, PORTS, f"{name}.srcport", f"{name}.port")
            self._field("dst_port", Has.DST_PORT, PORTS, f"{name}.dstport", f"{name}.port")
        if name == "udp" and self._maybe():
            self._layer("udpencap")
        if name == "tcp":
            self._tcp()
        if name in {"icmp", "icmpv6"}:
            self._field("icmp_type", Has.ICMP_TYPE, [0, 3, 8, 11, 128], f"{name}.type")
            self._field("icmp_code", Has.ICMP_CODE, [0, 1, 4], f"{name}.code")
        if name == "esp":
            self._field("esp_spi", Has.ESP_SPI, [0, 0x1000, 0xFFFFFFFF], "esp.spi")
            self._field("esp_sequence", Has.ESP_SEQUENCE, [0, 1, 2, 64], "esp.sequence")

    def _tcp(self) -> None:
        self._field("tcp_seq", Has.TCP_SEQ, [0, 7, 0xFFFFFFFF], "tcp.seq_raw")
        self._field("tcp_ack", Has.TCP_ACK, [0, 7, 0xFFFFFFFF], "tcp.ack_raw")
        self._field("tcp_window", Has.TCP_WINDOW, [0, 512, 65535], "tcp.window_size_value")
        self._field("tcp_scale", Has.TCP_SCALE, [0, 7, 255], "tcp.options.wscale.shift")
        self._field("tcp_len", Has.TCP_LEN, [0, 1, 1460], "tcp.len")
        if self._maybe():
            self.columns["present"] |= int(Has.TCP_FLAGS)
            word = self.dice.choice([0, 2, 0x12, 0x10, 0x18, 4, 0x14, 0x1C2, 0xE00, 0xFFF])
            self._put("tcp_flags", word, "tcp.flags")
            for place, flag in enumerate(FLAGS):
                self.fields[f"tcp.flags.{flag}"] = [word >> place & 1]
            self.fields["tcp.flags.res"] = [word >> 9 & 7]


HOSTS = [(4, a) for a in V4] + [(6, a) for a in V6]
random.Random(5).shuffle(HOSTS)  # noqa: S311 - the same packets each time


def host_id(version: int, address: int) -> int:
    return HOSTS.index((version, address))


class Hosts:
    """Every address that occurs, in an order of its own."""

    version = np.array([version for version, _ in HOSTS], np.uint8)
    hi = np.array([a >> 64 for _, a in HOSTS], np.uint64)
    lo = np.array([a & (1 << 64) - 1 for _, a in HOSTS], np.uint64)


SPELLINGS: dict[PlaceKind, list[tuple[str, str]]] = {
    "country": [("Netherlands", "NL"), ("Switzerland", "CH"), ("Germany", "DE")],
    "continent": [("Europe", "EU")],
    "asn": [("AS64500 Example Net", "AS64500"), ("AS64501", "AS64501")],
    "site": [("Hengelo", "Hengelo"), ('a "quoted" \\ site', 'a "quoted" \\ site')],
    "class": [("Private", "Private"), ("Public", "Public")],
    "region": [("Hengelo", "Hengelo"), ("Unknown", "Unknown")],
}
"""Name and other spelling of the places that hosts of the random packets have."""


class Places:
    """Every third host has no place."""

    @staticmethod
    def spelled(kind: PlaceKind, host: int) -> tuple[str, str] | None:
        """Name and other spelling of one host's place."""
        known = SPELLINGS[kind]
        return known[host % len(known)] if host % 3 else None

    @staticmethod
    def values(kind: PlaceKind, count: int) -> PlaceValues:
        """The same for many."""
        known = SPELLINGS[kind]
        codes = np.array([host % len(known) if host % 3 else -1 for host in range(count)], np.int32)
        names, also = zip(*known, strict=True)
        return PlaceValues(codes, names, also if names != also else ())


DICE = random.Random(11)  # noqa: S311 - likewise
PACKETS = [Packet(number, DICE) for number in range(1, ROWS + 1)]


def values_of(packet: Packet, reference: Reference) -> list:
    found = packet.fields.get(reference.name, [])
    return found if reference.mask is None else [value & reference.mask for value in found]


def stands(value, relation: str, other) -> bool:
    if isinstance(value, tuple):  # a place, by its two spellings
        equal = other.value.casefold() in {name.casefold() for name in value}
        return equal == (relation == "==") if relation in {"==", "!="} else OPERATORS[relation](value[0].casefold(), other.value.casefold())
    if isinstance(other, Address):
        below = (32 if other.version == 4 else 128) - other.prefix
        return OPERATORS[relation](value >> below, other.value >> below)
    return OPERATORS[relation](value, other.value)


def names_of(value) -> tuple[str, ...]:
    return value if isinstance(value, tuple) else (value,)


def is_within(value, item) -> bool:
    if isinstance(item, Range):
        return stands(value, ">=", item.low) and stands(value, "<=", item.high)
    return stands(value, "==", item)


def holds(node, packet: Packet) -> bool:  # noqa: C901, PLR0911 - one case per kind of node
    match node:
        case Not(term):
            return not holds(term, packet)
        case All(terms):
            return all(holds(term, packet) for term in terms)
        case Any(terms):
            return any(holds(term, packet) for term in terms)
        case Either(terms):
            return sum(holds(term, packet) for term in terms) % 2 == 1
        case Present(name):
            return name in packet.layers or name in packet.fields
        case Search(left, "contains", text):
            return any(text.value in name for value in values_of(packet, left) for name in names_of(value))
        case Search(left, "matches", text):
            return any(re.search(text.value, name, re.IGNORECASE) for value in values_of(packet, left) for name in names_of(value))
        case Membership(left, items):
            return any(is_within(value, item) for value in values_of(packet, left) for item in items)
        case Comparison(left, relation, Reference() as right, every):
            pairs = [OPERATORS[relation](a, b) for a in values_of(packet, left) for b in values_of(packet, right)]
            return bool(pairs) and (all if every else any)(pairs)
        case Comparison(left, relation, right, every):
            found = [stands(value, relation, right) for value in values_of(packet, left)]
            return bool(found) and (all if every else any)(found)
    raise AssertionError(node)
