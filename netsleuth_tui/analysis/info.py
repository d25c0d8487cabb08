"""The Info column: one line of what the kernels know about a frame, in Wireshark's manner."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from netsleuth_tui.decode.columns import Columns, Has, Protocol
from netsleuth_tui.tabular import Cell

__all__ = ["info"]

ICMP_TYPES = {
    0: "Echo reply", 3: "Destination unreachable", 5: "Redirect", 8: "Echo request", 11: "Time exceeded", 12: "Parameter problem",
}  # fmt: skip
"""IANA, ICMP type numbers."""
ICMPV6_TYPES = {
    1: "Destination unreachable", 2: "Packet too big", 3: "Time exceeded", 128: "Echo request", 129: "Echo reply",
    133: "Router solicitation", 134: "Router advertisement", 135: "Neighbor solicitation", 136: "Neighbor advertisement",
    143: "Multicast listener report",
}  # fmt: skip
"""IANA, ICMPv6 type numbers."""
ARP_OPCODES = {1: "request", 2: "reply", 3: "RARP request", 4: "RARP reply", 8: "InARP request", 9: "InARP reply"}
"""IANA, ARP operation codes."""
FLAG_NAMES = (
    (0x002, "SYN"), (0x001, "FIN"), (0x004, "RST"), (0x008, "PSH"), (0x010, "ACK"), (0x020, "URG"), (0x040, "ECE"), (0x080, "CWR"),
    (0x100, "AE"),
)  # fmt: skip


def info(frames: Columns) -> list[Cell]:
    """One text per row of `frames`."""
    lists: Any = Columns(*(column.tolist() for column in frames))  # lists of int: an index into an array costs ten times as much
    return [(_MAKERS.get(protocol, _other)(lists, i) + _remarks(lists.present[i])).lstrip() for i, protocol in enumerate(lists.protocol)]


def _tcp(f: Any, i: int) -> str:
    text = _ports(f, i)
    present = f.present[i]
    if present & Has.TCP_FLAGS:
        text += f" [{', '.join(name for bit, name in FLAG_NAMES if f.tcp_flags[i] & bit)}]"
    if present & Has.TCP_SEQ:
        text += f" seq={f.tcp_seq[i]}"
    if present & Has.TCP_ACK and f.tcp_flags[i] & 0x010:
        text += f" ack={f.tcp_ack[i]}"
    if present & Has.TCP_WINDOW:
        text += f" win={f.tcp_window[i]}"
    if present & Has.TCP_LEN:
        text += f" len={f.tcp_len[i]}"
    return text


def _ports(f: Any, i: int) -> str:
    present = f.present[i]
    if not present & (Has.SRC_PORT | Has.DST_PORT):
        return ""
    source = f.src_port[i] if present & Has.SRC_PORT else "?"
    destination = f.dst_port[i] if present & Has.DST_PORT else "?"
    return f"{source} → {destination}"


def _icmp(names: dict[int, str]) -> Callable[[Any, int], str]:
    def line(f: Any, i: int) -> str:
        if not f.present[i] & Has.ICMP_TYPE:
            return ""
        text = names.get(f.icmp_type[i], f"type {f.icmp_type[i]}")
        code = f" code={f.icmp_code[i]}" if f.present[i] & Has.ICMP_CODE and f.icmp_code[i] else ""
        return f"{text}{code}{_ttl(f, i)}"

    return line


def _ttl(f: Any, i: int) -> str:
    text = f" ttl={f.ttl[i]}" if f.present[i] & Has.TTL else ""
    return f"{text} id=0x{f.ip_id[i]:04x}" if f.present[i] & Has.IP_ID else text


def _arp(f: Any, i: int) -> str:
    if not f.present[i] & Has.ARP_OPCODE:
        return ""
    return ARP_OPCODES.get(f.arp_opcode[i], f"operation {f.arp_opcode[i]}").capitalize()


def _esp(f: Any, i: int) -> str:
    text = f"SPI=0x{f.esp_spi[i]:08x}" if f.present[i] & Has.ESP_SPI else ""
    return f"{text} sequence={f.esp_sequence[i]}" if f.present[i] & Has.ESP_SEQUENCE else text


def _other(f: Any, i: int) -> str:
    if f.present[i] & Has.IP_PROTO:
        return f"protocol {f.ip_proto[i]}{_ttl(f, i)}"
    return f"EtherType 0x{f.eth_type[i]:04x}" if f.present[i] & Has.ETH_TYPE else f"link type {f.link_type[i]}"


_MAKERS: dict[int, Callable[[Any, int], str]] = {
    Protocol.TCP: _tcp,
    Protocol.UDP: _ports,
    Protocol.SCTP: _ports,
    Protocol.ICMP: _icmp(ICMP_TYPES),
    Protocol.ICMPV6: _icmp(ICMPV6_TYPES),
    Protocol.ARP: _arp,
    Protocol.ESP: _esp,
}

REMARKS = (
    (int(Has.FRAGMENT), " (fragment)"),
    (int(Has.MALFORMED), " (malformed)"),
    (int(Has.TOO_DEEP), " (nested too deeply)"),
    (int(Has.TRUNCATED), " (cut)"),
)
ANY_REMARK = sum(bit for bit, _ in REMARKS)


def _remarks(present: int) -> str:
    return "".join(text for bit, text in REMARKS if present & bit) if present & ANY_REMARK else ""
