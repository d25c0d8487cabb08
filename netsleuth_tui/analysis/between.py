"""The filter that selects the packets between two endpoints, and no others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from netsleuth_tui.analysis.addresses import address
from netsleuth_tui.analysis.breakdown import protocol_filter
from netsleuth_tui.decode.columns import Has, Protocol

if TYPE_CHECKING:
    from netsleuth_tui.decode.hosts import Hosts
    from netsleuth_tui.store import Store

__all__ = ["between", "conversation_of"]

LAYERS = {Protocol.TCP: "tcp", Protocol.UDP: "udp", Protocol.SCTP: "sctp"}


def between(hosts: Hosts, a: int, b: int, protocol: int = -1, ports: tuple[int, int] = (-1, -1), *, crossed: bool = False) -> str:
    """The filter for a conversation.

    Args:
        hosts: Addresses by id.
        a: Host id of one side.
        b: Host id of the other.
        protocol: A `Protocol`; -1 for all that the two addresses exchange.
        ports: Of a and b; -1 where the packets have none.
        crossed: The same addresses use the same ports the other way round as well, so that the filter has to say which belongs to which.
    """
    layer = "ip" if int(hosts.version[a]) == 4 else "ipv6"
    one, other = address(hosts, a), address(hosts, b)
    addresses = f"{layer}.addr == {one} && {layer}.addr == {other}" if a != b else f"{layer}.src == {one} && {layer}.dst == {one}"
    if protocol < 0:
        return addresses
    name = LAYERS.get(Protocol(protocol), "")
    if ports[0] < 0:
        if name:
            return f"{addresses} && {name} && !{name}.port"
        # ESP inside UDP is a conversation of its own, with ports.
        return f"{addresses} && {protocol_filter(Protocol(protocol))}{' && !udp' if protocol == Protocol.ESP else ''}"
    if crossed and a != b and ports[0] != ports[1]:
        one_way = f"{layer}.src == {one} && {name}.srcport == {ports[0]} && {layer}.dst == {other} && {name}.dstport == {ports[1]}"
        back = f"{layer}.src == {other} && {name}.srcport == {ports[1]} && {layer}.dst == {one} && {name}.dstport == {ports[0]}"
        return f"({one_way}) || ({back})"
    if ports[0] == ports[1]:
        return f"{addresses} && {name}.srcport == {ports[0]} && {name}.dstport == {ports[0]}"
    return f"{addresses} && {name}.port == {ports[0]} && {name}.port == {ports[1]}"


def conversation_of(store: Store, row: int, *, by_ports: bool = True) -> str | None:
    """The filter for the conversation that a row belongs to; None if it has no IP addresses."""
    columns = store.columns()
    present = Has(int(columns.present[row]))
    if not present & Has.ADDRESSES or not present & (Has.IP | Has.IPV6):
        return None
    a, b, hosts = int(columns.src[row]), int(columns.dst[row]), store.hosts.known()
    if not by_ports:
        return between(hosts, a, b)
    transport = (Protocol[name] for name in ("TCP", "UDP", "SCTP") if present & Has[name])
    protocol = next(transport, Protocol(int(columns.protocol[row])))
    if not (present & Has.SRC_PORT and present & Has.DST_PORT):
        return between(hosts, a, b, protocol)
    ports = int(columns.src_port[row]), int(columns.dst_port[row])
    maybe = np.flatnonzero((columns.src_port == ports[1]) & (columns.dst_port == ports[0]))
    crossed = bool(((columns.src[maybe] == a) & (columns.dst[maybe] == b)).any())
    swapped = np.flatnonzero((columns.src_port == ports[0]) & (columns.dst_port == ports[1]))
    crossed = crossed or bool(((columns.src[swapped] == b) & (columns.dst[swapped] == a)).any())
    return between(hosts, a, b, protocol, ports, crossed=crossed)
