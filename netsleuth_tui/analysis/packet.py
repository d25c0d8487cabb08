"""One packet as the columns know it: which of a dissection's fields are ours, the filter that selects them, and a tree without scapy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

import numpy as np

from netsleuth_tui.analysis.cells import cell_filter
from netsleuth_tui.analysis.judged_fields import judge_fields
from netsleuth_tui.analysis.values import WAITING, values
from netsleuth_tui.decode.dissect import DissectedField, Dissection, Layer
from netsleuth_tui.query.fields import FIELDS, JUDGED, NAMED, PROTOCOLS
from netsleuth_tui.store import Store
from netsleuth_tui.tabular import Cell

__all__ = ["AMONG_OTHERS", "among_others", "known_layers", "names_of", "term"]

_PORTS = {"sport": "srcport", "dport": "dstport"}

_OURS: tuple[tuple[str, str, dict[str, str]], ...] = (
    ("Ethernet", "eth", {"type": "type"}),
    ("802.1Q", "vlan", {"vlan": "id"}),
    ("802_1AD", "vlan", {"vlan": "id"}),
    ("802.3", "eth", {}),
    ("LLC", "llc", {}),
    ("MPLS", "mpls", {}),
    ("PPP over Ethernet", "pppoe", {}),
    ("PPP Link Layer", "ppp", {}),
    ("cooked linux", "sll", {}),
    ("cooked linux v2", "sll", {}),
    ("Loopback", "null", {}),
    ("OpenBSD Loopback", "null", {}),
    ("802.11", "wlan", {}),
    ("RadioTap", "radiotap", {}),
    ("ARP", "arp", {"op": "opcode", "psrc": "src.proto_ipv4", "pdst": "dst.proto_ipv4"}),
    (
        "IP",
        "ip",
        {name: name for name in ("len", "id", "flags", "ttl", "proto", "src", "dst")} | {"frag": "frag_offset"},
    ),
    ("IPv6", "ipv6", {"nh": "nxt", "plen": "plen", "hlim": "hlim", "src": "src", "dst": "dst"}),
    ("GRE", "gre", {}),
    ("ICMP", "icmp", {"type": "type", "code": "code"}),
    ("ICMPv6", "icmpv6", {"type": "type", "code": "code"}),
    ("IGMP", "igmp", {}),
    ("TCP", "tcp", {**_PORTS, "seq": "seq_raw", "ack": "ack_raw", "flags": "flags", "window": "window_size_value"}),
    ("UDP", "udp", _PORTS),
    ("SCTP", "sctp", _PORTS),
    ("ESP", "esp", {"spi": "spi", "seq": "sequence"}),
    ("AH", "ah", {}),
    ("OSPF Header", "ospf", {}),
)
"""scapy's name of a layer, the protocol, and the layer's fields that are fields of ours."""

_LAYERS: Mapping[str, tuple[str, Mapping[str, str]]] = MappingProxyType({name: (protocol, fields) for name, protocol, fields in _OURS})
_TITLES = {protocol: name for name, protocol, _ in reversed(_OURS)}

AMONG_OTHERS = "Among other packets"
"""Name of the layer of fields that follow from other packets."""

PROCESS_FIELDS = ("frame.process", "frame.process_id", "frame.process_recorded")

_IN_FRAME = ("frame.number", "frame.time", "frame.len", "frame.cap_len", "frame.offset", "_ws.col.protocol", "info")


def names_of(layers: Sequence[Layer]) -> list[dict[str, str]]:
    """For each layer its fields that the registry has, with their names there; the layer itself ('') has its protocol's name.

    The columns describe the outermost header of each protocol, so that only the first such layer has any.
    """
    seen: set[str] = set()
    return [_names(layer, seen) for layer in layers]


def _names(layer: Layer, seen: set[str]) -> dict[str, str]:
    group = "ICMPv6" if layer.name.startswith("ICMPv6 ") else layer.name
    protocol, fields = _LAYERS.get(group, ("", {}))
    names = {field.name: field.name for field in layer.fields if field.name in NAMED}
    if protocol and protocol not in seen:
        seen.add(protocol)
        names[""] = protocol
        names |= {theirs: f"{protocol}.{ours}" for theirs, ours in fields.items() if f"{protocol}.{ours}" in FIELDS}
    return names


def term(store: Store, row: int, name: str) -> str:
    """The filter for what a field has in row id `row`, as in 'ip.ttl == 64'; '' where the row does not have it.

    Args:
        store: Where the packet is.
        row: Its row id.
        name: A field of the registry, or a protocol.
    """
    if name in PROTOCOLS:
        return name if _has(store, row, PROTOCOLS[name]) else ""
    if name not in NAMED or _value(store, row, name) is None:
        return ""
    return cell_filter(store, row, name) or ""


def known_layers(store: Store, row: int, why: str) -> Dissection:
    """The layers of row id `row` as far as the columns know them, for where nothing else does; without places in the frame.

    Args:
        store: Where the packet is.
        row: Its row id.
        why: What kept the packet from being opened.
    """
    frame = Layer("Frame", tuple(_fields(store, row, _IN_FRAME)))
    layers = [
        Layer(_TITLES.get(protocol, protocol), tuple(_fields(store, row, _single(f"{protocol}."))))
        for protocol, bits in PROTOCOLS.items()
        if bits and _has(store, row, bits)
    ]
    return Dissection((frame, *layers), f"{why}; shown is what the columns know")


def among_others(store: Store, row: int) -> Layer | None:
    """What is known by now of row id `row` among other packets, as a layer of its own, and whose it is; None where that is nothing."""
    if not store.processes.is_empty:
        judge_fields(store, PROCESS_FIELDS)
    fields = tuple(_fields(store, row, tuple(JUDGED)))
    return Layer(AMONG_OTHERS, fields) if fields else None


def _single(prefix: str) -> list[str]:
    """The fields of a protocol that have one value in a packet."""
    return [name for name, field in FIELDS.items() if name.startswith(prefix) and len(field.columns) == 1]


def _fields(store: Store, row: int, names: Sequence[str]) -> Iterator[DissectedField]:
    for name in names:
        cell = _value(store, row, name)
        if cell is not None:
            yield DissectedField(name, str(cell), -1, -1)


def _value(store: Store, row: int, name: str) -> Cell:
    cell = values(store, np.array([row], np.uint32), name, at_once=True)[0]
    return cell if cell != WAITING else None


def _has(store: Store, row: int, bits: int) -> bool:
    return int(store.columns().present[row]) & bits == bits
