"""The process in which scapy opens one frame at a time: it may hang, exhaust its memory or crash, and nobody else notices.

Run as a script of its own, by `dissect.Dissector` alone. A request on standard input is a header (link type, length of the frame,
seconds allowed) and the frame; the reply on standard output is its length and a JSON object. The first reply, without a request,
says that scapy is loaded. Nothing of this project is imported here, and scapy is imported nowhere else: it is GPL-2.0, and stays behind
this process boundary.

The process guards the host against itself: an address space limit, a processor time limit and an alarm for each request, no core
files, and, once scapy is loaded, no new files and no sockets at all. It ends when its parent does.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import signal
import struct
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO

__all__ = ["LENGTH", "MAX_FIELDS", "MAX_FRAME", "MAX_LAYERS", "MAX_LIST", "MAX_REPLY", "MAX_VALUE", "REQUEST"]

REQUEST = struct.Struct(">HId")
"""Link type, bytes of the frame that follow, seconds allowed."""

LENGTH = struct.Struct(">I")
"""Bytes of the reply that follow."""

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

_ADDRESS_SPACE = 1 << 30
_GRACE = 1.0
"""Seconds after which the kernel ends a request that the parent has not ended."""

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


def main() -> None:
    """Serve requests until standard input ends."""
    requests, replies = _private_pipes()
    _limit_resources()
    _end_with_parent(requests)
    _load_scapy()
    _close_doors()
    _send(replies, {"ready": True})
    while True:
        header = requests.read(REQUEST.size)
        if len(header) < REQUEST.size:
            return
        link_type, length, seconds = REQUEST.unpack(header)
        frame = requests.read(length)
        if len(frame) < length:
            return
        with _alarm(seconds + _GRACE):
            reply = dissect(frame, link_type)
        _send(replies, reply)


def _send(replies: BinaryIO, reply: dict[str, Any]) -> None:
    data = json.dumps(reply).encode("ascii")
    replies.write(LENGTH.pack(len(data)) + data)
    replies.flush()


def _private_pipes() -> tuple[BinaryIO, BinaryIO]:
    """The two pipes, out of reach of anything that prints or asks."""
    requests = os.fdopen(os.dup(0), "rb")
    replies = os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nowhere, standard)
    os.close(nowhere)
    return requests, replies


def _limit_resources() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with contextlib.suppress(ImportError):
        import resource

        _lower(resource.RLIMIT_AS, _ADDRESS_SPACE)
        _lower(resource.RLIMIT_CORE, 0)


def _lower(limit: int, value: int) -> None:
    import resource

    hard = resource.getrlimit(limit)[1]
    soft = value if hard == resource.RLIM_INFINITY else min(value, hard)
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(limit, (soft, hard))


def _end_with_parent(requests: BinaryIO) -> None:
    """End at once when the other end of the pipe is closed, busy or not.

    Not by prctl(PR_SET_PDEATHSIG): that follows the thread that started us, and such threads come and go while the parent stays.
    """
    import select

    if not hasattr(select, "poll"):
        return

    def watch() -> None:
        poll = select.poll()
        poll.register(requests.fileno(), 0)
        while not any(event & (select.POLLHUP | select.POLLERR) for _, event in poll.poll()):
            pass
        # What the parent had written before it ended needs no answer any more.
        os._exit(0)

    threading.Thread(target=watch, daemon=True).start()


@contextlib.contextmanager
def _alarm(seconds: float) -> Iterator[None]:
    """Have the kernel end this process after that time, whatever it is doing then."""
    if not hasattr(signal, "setitimer"):
        yield
        return
    import math
    import resource
    import time

    used = math.ceil(time.process_time() + seconds)
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CPU, (used + 1, resource.getrlimit(resource.RLIMIT_CPU)[1]))
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _load_scapy() -> None:
    """Load scapy and the protocols that matter, without its configuration, caches, interfaces and routes."""
    for variable in ("XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME"):
        os.environ[variable] = os.path.join(os.devnull, "nothing")  # noqa: PTH118 - a string that is no path
    import logging

    logging.getLogger("scapy").addHandler(logging.NullHandler())
    logging.disable(logging.CRITICAL)
    from scapy.config import conf

    conf.max_list_count = MAX_LIST
    conf.route_autoload = conf.route6_autoload = False
    with contextlib.suppress(AttributeError):
        _load("interfaces").NetworkInterfaceDict.reload = lambda _: None
    for name in [f"layers.{layer}" for layer in _LAYERS] + [f"contrib.{layer}" for layer in _CONTRIBUTED]:
        _load(name)
    _load_tls()


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


def _close_doors() -> None:
    """No sockets, no processes, and not a byte into a file from here on."""
    forbidden = ("socket.", "subprocess.", "os.system", "os.exec", "os.posix_spawn", "os.fork", "shutil.")

    def refuse(event: str, _: tuple[Any, ...]) -> None:
        if event.startswith(forbidden):
            raise PermissionError(event)

    sys.addaudithook(refuse)
    with contextlib.suppress(ImportError):
        import resource

        _lower(resource.RLIMIT_FSIZE, 0)


def dissect(frame: bytes, link_type: int) -> dict[str, Any]:
    """The layers of a frame, as JSON takes them; never raises but for the lack of memory to say so."""
    reply = _Reply()
    try:
        _describe(frame[:MAX_FRAME], _outermost(frame, link_type), reply)
    except _Full:
        reply.clipped = True
    except (Exception, RecursionError, MemoryError) as error:  # noqa: BLE001 - scapy raises anything on hostile input
        reply.failure = f"not understood ({type(error).__name__}: {error})"[:MAX_VALUE]
    if not reply.layers:
        _describe(frame[:MAX_FRAME], _payload(), reply)
    reply.clipped = reply.clipped or len(frame) > MAX_FRAME
    return {"layers": reply.layers, "failure": reply.failure, "clipped": reply.clipped}


def _payload() -> Callable[[bytes], Any]:
    from scapy.packet import Raw

    made: Callable[[bytes], Any] = Raw
    return made


def _outermost(frame: bytes, link_type: int) -> Callable[[bytes], Any]:
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


if __name__ == "__main__":
    main()
