"""Scapy, and the way from its packets to plain layers and fields.

Scapy is GPL-2.0 and not made for hostile input. This is the only module that imports it, late, and these functions are called in the
worker process alone.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import logging
import os
from collections.abc import Callable
from typing import Any

from netsleuth_tui.linktypes import NETMON_WLAN

__all__ = ["MAX_FIELDS", "MAX_FRAME", "MAX_LAYERS", "MAX_LIST", "MAX_REPLY", "MAX_VALUE", "dissect", "load"]

MAX_FRAME = 1 << 18
"""Bytes of a frame that are looked at: the greatest snap length that capture programs allow."""

MAX_LAYERS = 64
MAX_FIELDS = 512
"""Fields of one layer."""
MAX_LIST = 4096
"""Items of a list in a packet; scapy takes a longer one for no list at all."""
MAX_VALUE = 1024
"""Characters of one value."""
MAX_REPLY = 1 << 20
"""Bytes of a reply."""

_MAX_DEPTH = 6
"""Packets in fields of packets."""

_LAYERS = (
    *("l2", "inet", "inet6", "dns", "dhcp", "dhcp6", "ntp", "snmp", "ipsec", "vxlan", "sctp", "dot11", "ppp", "isakmp", "radius"),
    *("netbios", "llmnr", "hsrp", "vrrp", "rip", "tftp", "l2tp", "eap", "http", "smb", "ldap", "kerberos", "netflow"),
)
_CONTRIBUTED = ("mpls", "igmp", "ospf", "isis", "lldp", "cdp", "pim", "eigrp", "geneve", "erspan", "lacp", "bfd")

_LINK_LAYERS = {
    0: ("layers.l2", "Loopback"),
    1: ("layers.l2", "Ether"),
    9: ("layers.ppp", "PPP"),
    50: ("layers.ppp", "HDLC"),
    51: ("layers.ppp", "PPPoE"),
    104: ("contrib.chdlc", "CHDLC"),
    105: ("layers.dot11", "Dot11"),
    108: ("layers.l2", "LoopbackOpenBSD"),
    113: ("layers.l2", "CookedLinux"),
    117: ("layers.pflog", "PFLog"),
    119: ("layers.dot11", "PrismHeader"),
    127: ("layers.dot11", "RadioTap"),
    163: ("contrib.avs", "AVSWLANHeader"),
    187: ("layers.bluetooth", "HCI_Hdr"),
    192: ("layers.ppi", "PPI"),
    195: ("layers.dot15d4", "Dot15d4FCS"),
    201: ("layers.bluetooth", "HCI_PHDR_Hdr"),
    204: ("layers.ppp", "DIR_PPP"),
    227: ("layers.can", "CAN"),
    228: ("layers.inet", "IP"),
    229: ("layers.inet6", "IPv6"),
    230: ("layers.dot15d4", "Dot15d4"),
    249: ("layers.usb", "USBpcap"),
    251: ("layers.bluetooth4LE", "BTLE"),
    254: ("layers.bluetooth", "HCI_Mon_Pcap_Hdr"),
    256: ("layers.bluetooth4LE", "BTLE_RF"),
    274: ("layers.l2", "MPacketPreamble"),
    276: ("layers.l2", "CookedLinuxV2"),
}
"""Where scapy has the outermost layer of a link type (LINKTYPE_ numbers of the tcpdump group's list)."""

_RAW_IP = frozenset({12, 14, 101})
"""Link types whose first four bits say IPv4 or IPv6."""

_LOOPBACK = 0
_BIG_ENDIAN_LOOPBACK = 108


def load() -> None:
    """Load scapy and the protocols that matter, without its configuration, caches, interfaces and routes."""
    for variable in ("XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME"):
        os.environ[variable] = os.path.join(os.devnull, "nothing")  # noqa: PTH118 - a string that is no path
    logging.getLogger("scapy").addHandler(logging.NullHandler())
    logging.disable(logging.CRITICAL)
    from scapy.config import conf

    conf.route_autoload = conf.route6_autoload = False
    with contextlib.suppress(AttributeError):
        _load("interfaces").NetworkInterfaceDict.reload = lambda _: None
    for name in [f"layers.{layer}" for layer in _LAYERS] + [f"contrib.{layer}" for layer in _CONTRIBUTED]:
        _load(name)
    _load_tls()
    with contextlib.suppress(Exception):
        conf.contribs["LLDP"].strict_mode_disable()  # which refuses what it could show


def _load(name: str) -> Any:
    """A module of scapy, or None where this version of scapy does not have it or cannot load it."""
    try:
        return importlib.import_module(f"scapy.{name}")
    except Exception:  # noqa: BLE001 - some modules need what is not installed, and say so in many ways
        return None


def _load_tls() -> None:
    """TLS headers and handshakes in the clear; without the package cryptography scapy fails where it would derive keys."""
    from scapy.config import conf

    if _load("layers.tls.record") is not None and not conf.crypto_valid:
        session = _load("layers.tls.session")
        with contextlib.suppress(AttributeError):
            session.connState.derive_keys = lambda *_, **__: None


def dissect(frame: bytes, link_type: int, *, longest_list: int = MAX_LIST) -> dict[str, Any]:
    """The layers of a frame, as JSON takes them; hostile bytes raise nothing here.

    Args:
        frame: Its captured bytes.
        link_type: LINKTYPE_ number.
        longest_list: Items of a list within a packet. Scapy takes quadratic time for long ones, and a layer that has more for payload.
    """
    from scapy.config import conf

    conf.max_list_count = longest_list
    reply = _Reply()
    try:
        _describe(frame[:MAX_FRAME], _outermost(frame, link_type), reply)
    except _Full:
        reply.clipped = True
    except (Exception, RecursionError, MemoryError) as error:  # noqa: BLE001 - scapy raises anything on hostile input
        reply.failure = " ".join(f"not understood ({type(error).__name__}: {error})".split())[:MAX_VALUE]
    if not reply.layers:
        _describe(frame[:MAX_FRAME], _payload(), reply)
    reply.clipped = reply.clipped or len(frame) > MAX_FRAME
    return {"layers": reply.layers, "failure": reply.failure, "clipped": reply.clipped}


def _payload() -> Callable[[bytes], Any]:
    from scapy.packet import Raw

    made: Callable[[bytes], Any] = Raw
    return made


def _netmon_wlan(frame: bytes) -> Any:
    """802.11 behind Network Monitor's metadata, which scapy does not know."""
    from scapy.fields import ByteField, LEIntField, LELongField, LEShortField, LESignedIntField, StrLenField
    from scapy.packet import Packet

    class NetworkMonitorRadio(Packet):
        """Layout: see `linktypes.NETMON_WLAN`; rates are in units of 500 kbit/s."""

        name = "Network Monitor 802.11"
        fields_desc = [  # noqa: RUF012 - scapy's own way
            ByteField("version", 2), LEShortField("length", 32), LEIntField("operation_mode", 0), LEIntField("flags", 0),
            LEIntField("phy_type", 0), LEIntField("channel", 0), LESignedIntField("rssi", 0), ByteField("rate", 0),
            LELongField("timestamp", 0), StrLenField("more", b"", length_from=lambda packet: min(max(packet.length - 32, 0), 1 << 16)),
        ]  # fmt: skip

        def guess_payload_class(self, _: bytes) -> Any:
            return _load("layers.dot11").Dot11

    return NetworkMonitorRadio(frame)


def _outermost(frame: bytes, link_type: int) -> Callable[[bytes], Any]:
    if link_type == NETMON_WLAN:
        return _netmon_wlan
    if link_type in _RAW_IP and frame:
        link_type = {4: 228, 6: 229}.get(frame[0] >> 4, -1)
    module, name = _LINK_LAYERS.get(link_type, ("", ""))
    if link_type == _BIG_ENDIAN_LOOPBACK and not hasattr(_load(module), name):
        module, name = _LINK_LAYERS[_LOOPBACK]
    made: Callable[[bytes], Any] | None = getattr(_load(module), name, None) if module else None
    return made or _payload()


class _Full(Exception):  # noqa: N818 - no error: enough has been said
    """The reply has reached its greatest size."""


class _Reply:
    """What is known so far, and how much of it fits."""

    def __init__(self) -> None:
        self.layers: list[list[Any]] = []
        self.failure = ""
        self.clipped = False
        self._room = MAX_REPLY - (1 << 12)

    def add_layer(self, name: str, offset: int, length: int) -> None:
        if len(self.layers) == MAX_LAYERS:
            raise _Full
        self._take(name)
        self.layers.append([name, offset, length, []])

    def add_field(self, name: str, value: str, offset: int, length: int) -> None:
        """Add a field to the last layer.

        Raises:
            _LayerFull: It has enough of them.
        """
        fields = self.layers[-1][3]
        if len(fields) == MAX_FIELDS:
            self.clipped = True
            raise _LayerFull
        if len(value) > MAX_VALUE:
            self.clipped = True
            value = value[: MAX_VALUE - 1] + "…"
        self._take(name, value)
        fields.append([name, value, offset, length])

    def _take(self, *texts: str) -> None:
        self._room -= len(json.dumps(texts)) + 48
        if self._room < 0:
            raise _Full


class _LayerFull(Exception):  # noqa: N818 - no error: enough has been said
    """A layer has as many fields as are shown."""


def _describe(frame: bytes, outermost: Callable[[bytes], Any], reply: _Reply) -> None:
    """Walk through the layers. An offset is stated only where the layer's bytes are found in the frame at that place."""
    packet = outermost(frame)
    expected = 0
    while packet:
        original = _original(packet)
        offset = _find(frame, original, expected)
        header = _header_length(packet)
        reply.add_layer(str(packet.name), offset, header if offset >= 0 else -1)
        with contextlib.suppress(_LayerFull):
            _describe_fields(packet, "", frame, offset, reply, 0)
        if offset >= 0 and header >= 0:
            expected = offset + header
        packet = packet.payload


def _original(packet: Any) -> bytes:
    """The bytes that a layer was made from, those of its payload included; for padding, which was cut off, its own."""
    original = packet.original
    return original if isinstance(original, bytes) and original else bytes(getattr(packet, "load", b"") or b"")


def _header_length(packet: Any) -> int:
    header = packet.raw_packet_cache
    return len(header) if isinstance(header, bytes) else -1


def _find(frame: bytes, wanted: bytes, expected: int) -> int:
    if frame.startswith(wanted, expected):
        return expected
    return frame.find(wanted, expected) if len(wanted) >= 8 else -1


def _describe_fields(packet: Any, prefix: str, frame: bytes, offset: int, reply: _Reply, depth: int) -> None:
    spans = _spans(packet, offset) if offset >= 0 else {}
    for field in packet.fields_desc:
        if field.name not in packet.fields:
            continue
        value = packet.fields[field.name]
        start, length = spans.get(field.name, (-1, -1))
        name = prefix + field.name
        nested = value if isinstance(value, list) else [value]
        if nested and depth < _MAX_DEPTH and all(hasattr(item, "fields_desc") for item in nested):
            _describe_nested(nested, name, frame, start, reply, depth + 1)
        else:
            reply.add_field(name, _shown(packet, field, value), start, length)


def _describe_nested(packets: list[Any], name: str, frame: bytes, expected: int, reply: _Reply, depth: int) -> None:
    """Packets that are the value of a field, such as the questions of a DNS message, each with a line of its own before its fields."""
    for number, outer in enumerate(packets):
        packet = outer
        path = f"{name}[{number}]"
        while packet and hasattr(packet, "fields_desc"):
            header = _header_length(packet)
            raw = packet.raw_packet_cache if header > 0 else b""
            offset = expected if raw and expected >= 0 and frame.startswith(raw, expected) else -1
            reply.add_field(path, str(packet.name), offset, header if offset >= 0 else -1)
            _describe_fields(packet, f"{path}.", frame, offset, reply, depth)
            expected = offset + header if offset >= 0 else -1
            packet = packet.payload


def _shown(packet: Any, field: Any, value: Any) -> str:
    try:
        return str(field.i2repr(packet, value))
    except Exception:  # noqa: BLE001 - scapy has no words for a value that it took from hostile bytes
        return repr(value)


def _spans(packet: Any, offset: int) -> dict[str, tuple[int, int]]:
    """Byte offset in the frame and length of every field, by taking the header apart once more.

    A field that does not begin or end with a byte counts every byte that it touches. Layers that do not take themselves apart field by
    field have none.
    """
    raw = packet.raw_packet_cache
    original = _original(packet)
    if not isinstance(raw, bytes) or not original.startswith(raw):
        return {}
    spans: dict[str, tuple[int, int]] = {}
    rest: Any = original
    total = 8 * len(original)
    begin = 0
    try:
        for field in packet.fields_desc:
            if field.name not in packet.fields:
                continue
            rest, _ = field.getfield(packet, rest)
            end = total - 8 * len(rest[0]) + rest[1] if isinstance(rest, tuple) else total - 8 * len(rest)
            spans[field.name] = (offset + begin // 8, (end + 7) // 8 - begin // 8)
            begin = end
    except Exception:  # noqa: BLE001 - as above
        return {}
    return spans if begin == 8 * len(raw) else {}
