"""A cell of the records as a filter: the condition that stands for what it shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from netsleuth_tui.analysis.breakdown import protocol_filter
from netsleuth_tui.analysis.times import iso
from netsleuth_tui.analysis.values import WAITING, values
from netsleuth_tui.decode.columns import NO_TIME, Has, Protocol
from netsleuth_tui.query.fields import ALIASES, NAMED
from netsleuth_tui.query.strings import quoted

if TYPE_CHECKING:
    from netsleuth_tui.store import Store

__all__ = ["cell_filter"]

SECOND = 1_000_000_000
SIDES = {"_ws.col.def_src": "src", "_ws.col.def_dst": "dst"}
OPENING_OR_CLOSING = 0x007
"""FIN, SYN, RST."""
KINDS = {
    Protocol.ICMP: ("icmp.type", "icmp_type", Has.ICMP_TYPE),
    Protocol.ICMPV6: ("icmpv6.type", "icmp_type", Has.ICMP_TYPE),
    Protocol.ARP: ("arp.opcode", "arp_opcode", Has.ARP_OPCODE),
    Protocol.ESP: ("esp.spi", "esp_spi", Has.ESP_SPI),
}
"""What tells one message of a protocol from another."""


def cell_filter(store: Store, row: int, name: str) -> str | None:
    """The filter for the packets that have in a column what this one has; `!field` where it is absent.

    A time stands for its whole second, an address for the same address on the same side. The Info stands for what tells most: the ICMP
    type, the ARP operation, the SPI; of TCP the flags where it opens, closes or resets, else the service, which is the smaller port.

    Args:
        store: What was loaded.
        row: Row id.
        name: Of the field that the column shows.

    Returns:
        None where no filter can say it (a packet without a time, the name of a file), or where the value is not known yet.
    """
    name = ALIASES.get(name, name)
    columns = store.columns()
    present = Has(int(columns.present[row]))
    protocol = Protocol(int(columns.protocol[row]))
    if name == "info":
        return _telling(store, row, present, protocol)
    if name == "_ws.col.protocol":
        return protocol_filter(protocol)
    if name in ("frame.time", "frame.time_epoch"):
        return _second(int(columns.time[row]))
    if name in SIDES:
        return _address(store, row, present, SIDES[name])
    if name not in NAMED:
        return None
    return _place(store, row, name) if NAMED[name].kind == "place" else _value(store, row, name)


def _value(store: Store, row: int, name: str) -> str | None:
    (cell,) = values(store, np.array([row], np.uint32), name, at_once=True)
    if cell == WAITING:
        return None
    if cell is not None and NAMED[name].judged and NAMED[name].kind == "bool":
        return name
    if cell is not None and NAMED[name].kind == "text":
        return f"{name} == {quoted(str(cell))}"
    return f"!{name}" if cell is None else " && ".join(f"{name} == {part}" for part in dict.fromkeys(str(cell).split(",")))


def _place(store: Store, row: int, name: str) -> str:
    """Both places, where the field is of both sides; a name may hold any character."""
    names = {"site": ("site.src", "site.dst")}.get(name, (name.replace("geo.", "geo.src."), name.replace("geo.", "geo.dst.")))
    sides = names if len(NAMED[name].columns) == 2 else (name,)
    cells = [cell for side in sides for cell in values(store, np.array([row], np.uint32), side) if cell is not None]
    return " && ".join(f"{name} == {quoted(str(cell))}" for cell in dict.fromkeys(cells)) or f"!{name}"


def _second(time: int) -> str | None:
    if time == NO_TIME:
        return None
    start = time // SECOND * SECOND
    return f'frame.time >= "{iso(start)}" && frame.time < "{iso(start + SECOND)}"'


def _address(store: Store, row: int, present: Has, side: str) -> str | None:
    if not present & Has.ADDRESSES:
        return "!ip && !ipv6"
    name = f"arp.{side}.proto_ipv4" if present & Has.ARP else f"ip.{side}" if present & Has.IP else f"ipv6.{side}"
    return cell_filter(store, row, name)


def _telling(store: Store, row: int, present: Has, protocol: Protocol) -> str:
    columns = store.columns()
    if protocol in KINDS:
        name, column, needed = KINDS[protocol]
        number = int(getattr(columns, column)[row])
        return f"{name} == {f'0x{number:08x}' if protocol == Protocol.ESP else number}" if present & needed else protocol_filter(protocol)
    flags = int(columns.tcp_flags[row])
    if present & Has.TCP_FLAGS and flags & OPENING_OR_CLOSING:
        return f"tcp.flags == 0x{flags:04x}"
    layer = next((layer.lower() for layer in ("TCP", "UDP", "SCTP") if present & Has[layer]), None)
    if layer is None or not present & Has.SRC_PORT:
        return protocol_filter(protocol)
    return f"{layer}.port == {min(int(columns.src_port[row]), int(columns.dst_port[row]))}"
