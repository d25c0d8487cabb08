"""Events of traces whose data are known: sockets as Winsock-AFD sees them, and what pktmon says of packets that were dropped.

A trace holds values without names; these come from the manifests of Microsoft-Windows-Winsock-AFD (the same from Windows 7 to 11) and
Microsoft-Windows-PktMon. Names of fields are those of the messages that Windows makes of them, and what tells most comes first.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from operator import itemgetter
from typing import Final

from netsleuth_tui.decode.sockets import LIFE, Sockets

__all__ = ["AFD", "PKTMON", "Decoded", "EventDecoder"]

AFD: Final = "e53c6823-7bb8-44bb-90dc-3f86090d48a6"
PKTMON: Final = "4d4f80d9-c8bd-4d73-bb5b-19c90402c5ac"

CREATED, CONNECTED, BOUND, DROPPED_DATAGRAM = 1000, 1018, 1030, 1033
_COMPONENT, _DROPPED_PACKET = 20, 170

_HEAD = "EnterExit:d Seq:d Process:p Endpoint:p"
_TRANSFER = f"{_HEAD} BufferCount:d Buffer:p Length:d Status:x"
_WITH_BUFFER = f"{_HEAD} Buffer:p Length:d Status:x Address:a"
_ACCEPTED = f"{_WITH_BUFFER} AcceptEndpoint:p CurrentBacklog:d"
_STATUS = f"{_HEAD} Status:x"

_AFD: Final = {
    CREATED: f"{_HEAD} AddressFamily:d SocketType:d Protocol:d ProcessId:P Status:x",
    **dict.fromkeys((1001, 1002, 1017, 1020, 1023, 1026, 1029, 1036), _STATUS),
    **dict.fromkeys((1003, 1004, 1005, 1006, 1011, 1012), _TRANSFER),
    **dict.fromkeys((1007, 1009, 1013, 1015), f"{_TRANSFER} Address:a"),
    **dict.fromkeys((CONNECTED, 1021), _WITH_BUFFER),
    **dict.fromkeys((1024, 1027), _ACCEPTED),
    BOUND: f"{_STATUS} Address:a",
    1032: f"{_HEAD} Reason:d",
    DROPPED_DATAGRAM: f"{_HEAD} Buffer:p Length:d Address:a Reason:r",
    1035: f"{_HEAD} Option:d Value:d Status:x",
    1037: f"{_HEAD} Backlog:d Status:x",
}
"""Fields by event: d decimal, x hexadecimal (both of four bytes), p pointer, P a number as wide as one, a the length of an address and the
address, r why a datagram was dropped."""
_FIELDS: Final = {event: tuple((text[:-2], text[-1]) for text in fields.split()) for event, fields in _AFD.items()}

_LAST: Final = ("Process", "Endpoint", "AcceptEndpoint", "Buffer", "Seq", "EnterExit")
"""Fields that come after all others, since they say nothing to people: addresses in the kernel, and a place in its code."""
_FIRST: Final = ("Reason", "Length", "Address")

_REASONS: Final = {
    1: "Source address is not the one connected to",
    2: "Insufficient local buffer space",
    3: "Buffer allocation failed",
    4: "Insufficient local buffer space - circular queueing enabled",
    5: "Indicated datagram too large - integer overflow",
}

OWNER, LOCAL = "SocketProcessID", "LocalAddress"
"""Fields that are not in the event: they come from earlier events of the same endpoint."""

_ENDPOINT: Final = [name for name, _ in _FIELDS[CREATED]].index("Endpoint")
"""Where it stands in every event."""
_IPV4, _IPV6, _SHORT = 2, 23, 32
_SOCKETS_KEPT: Final = 1 << 16
_DIRECTIONS: Final = {3: "Rx", 4: "Tx"}
_PACKET = struct.Struct("<QHHHHHHHIIHH")
_PACKET_FIELDS: Final = (
    "PktGroupId", "PktNumber", "AppearanceCount", "Direction", "PacketType", "Component", "Edge", "FilterId", "DropReason", "DropLocation",
    "OriginalPayloadSize", "LoggedPayloadSize", "ComponentName", "DropReasonName",
)  # fmt: skip

_InOrder = Callable[[Sequence[str | None]], tuple[str | None, ...]]
Decoded = tuple[tuple[str, ...], tuple[str | None, ...]]
"""Names and values, None where an event does not reach as far."""


@dataclass(slots=True)
class _Socket:
    process: str | None = None
    local: str | None = None


_UNKNOWN: Final = _Socket()


@dataclass(slots=True)
class EventDecoder:
    """Decodes events in the order of time, so that later ones can be told whose socket they are about.

    Args:
        components: Names of pktmon's components by number.
        reasons: Names of its reasons to drop a packet by number.
    """

    components: Mapping[int, str]
    reasons: Mapping[int, str] = field(default_factory=dict)
    sockets: Sockets = field(default_factory=Sockets)
    """What the events so far say of sockets and their processes."""
    _sockets: dict[str, _Socket] = field(default_factory=dict)

    @staticmethod
    def knows(guid: str, event_id: int) -> bool:
        """Whether events of this kind can be decoded."""
        return (guid == AFD and event_id in _FIELDS) or (guid == PKTMON and event_id in {_COMPONENT, _DROPPED_PACKET})

    @staticmethod
    def teaches(guid: str, event_id: int) -> bool:
        """Whether events of this kind say what later ones are about, or whose packets are: those that are not wanted are decoded, too."""
        return guid == AFD and event_id in LIFE

    def decode(self, guid: str, event_id: int, data: bytes, pointer: int, time: int) -> Decoded:
        """The data of an event that is known.

        Args:
            guid: Of the provider.
            event_id: Its number.
            data: Its own bytes; they may be cut off.
            pointer: Bytes of a pointer, 4 or 8.
            time: ns since the epoch.
        """
        if guid == AFD:
            return self._socket_event(event_id, data, pointer, time)
        return _component(data) if event_id == _COMPONENT else self._dropped(data)

    def _socket_event(self, event_id: int, data: bytes, pointer: int, time: int) -> Decoded:
        values = _values(event_id, data, pointer)
        endpoint = values[_ENDPOINT]
        known = self._sockets.get(endpoint or "", _UNKNOWN)
        if event_id in LIFE:
            found = dict(zip(_NAMES[event_id], values, strict=True))
            self.sockets.see(event_id, found, time)
            if endpoint is not None:
                known = self._learn(event_id, endpoint, found, known)
        names, in_order = _ORDERED[event_id]
        return names, in_order((*values, known.process, known.local))

    def _learn(self, event_id: int, endpoint: str, found: Mapping[str, str | None], known: _Socket) -> _Socket:
        """What an event says of its socket, with what was known of it."""
        failed = found.get("Status") not in {"0x0", None}
        if event_id == CREATED and not failed:
            # The process comes with the socket; whose memory the event was logged in says nothing of that.
            known = _Socket(found["ProcessId"])
        elif event_id == BOUND and not failed and found["Address"]:
            known = _Socket(known.process, found["Address"])
        else:
            return known
        if endpoint in self._sockets or len(self._sockets) < _SOCKETS_KEPT:
            self._sockets[endpoint] = known
        return known

    def _dropped(self, data: bytes) -> Decoded:
        if len(data) < _PACKET.size:
            return (), ()
        numbers = _PACKET.unpack_from(data)
        values: list[str | None] = [str(number) for number in numbers]
        values[3] = _DIRECTIONS.get(numbers[3], values[3])
        values[9] = f"0x{numbers[9]:x}"
        return _PACKET_FIELDS, (*values, self.components.get(numbers[5]), self.reasons.get(numbers[8]))


def _ordered(fields: tuple[str, ...]) -> tuple[tuple[str, ...], _InOrder]:
    """Names of an event's fields, those that tell most first, and what brings values into that order, those of its socket behind them."""
    found = (*fields, OWNER, LOCAL)
    first = tuple(name for name in _FIRST if name in found)
    last = tuple(name for name in _LAST if name in found)
    names = (*first, *(name for name in found if name not in first + last), *last)
    in_order: _InOrder = itemgetter(*[found.index(name) for name in names])
    return names, in_order


_NAMES: Final = {event: tuple(name for name, _ in fields) for event, fields in _FIELDS.items()}
_ORDERED: Final = {event: _ordered(names) for event, names in _NAMES.items()}


@cache
def _head_of(event_id: int, pointer: int) -> tuple[struct.Struct, tuple[bool, ...]]:
    """The numbers of an event before an address or a reason, and which of them are decimal."""
    kinds = "".join(kind for _, kind in _FIELDS[event_id]).partition("a")[0].partition("r")[0]
    return struct.Struct("<" + "".join("Q" if kind in "pP" and pointer == 8 else "I" for kind in kinds)), tuple(
        kind in "dP" for kind in kinds
    )


def _values(event_id: int, data: bytes, pointer: int) -> list[str | None]:
    """The values of an event's fields, None from where the data end."""
    head, are_decimal = _head_of(event_id, pointer)
    at, values = 0, list[str | None]()
    if len(data) >= head.size:
        at = head.size
        values += [
            str(number) if is_decimal else f"0x{number:x}" for number, is_decimal in zip(head.unpack_from(data), are_decimal, strict=True)
        ]
    for _, kind in _FIELDS[event_id][len(values) :]:
        value, at = _value(kind, data, at, pointer)
        values.append(value)
    return values


def _value(kind: str, data: bytes, at: int, pointer: int) -> tuple[str | None, int]:
    """The value of a field that begins at `at` (None where the data end before it does), and where the next one begins."""
    size = pointer if kind in "pP" else 4
    if at + size > len(data):
        return None, len(data)
    number = int.from_bytes(data[at : at + size], "little")
    at += size
    if kind == "a":
        if at + number > len(data):
            return None, len(data)
        return (_short_address if number <= _SHORT else _address)(data[at : at + number]), at + number
    if kind == "r":
        return _REASONS.get(number, str(number)), at
    return str(number) if kind in "dP" else f"0x{number:x}", at


def _address(raw: bytes) -> str | None:
    """A SOCKADDR as address and port; its bytes where it is of another family."""
    if len(raw) < 2:
        return raw.hex() or None
    family = int.from_bytes(raw[:2], "little")
    if family == _IPV4 and len(raw) >= 8:
        return f"{socket.inet_ntoa(raw[4:8])}:{int.from_bytes(raw[2:4], 'big')}"
    if family == _IPV6 and len(raw) >= 24:
        return f"[{socket.inet_ntop(socket.AF_INET6, raw[8:24])}]:{int.from_bytes(raw[2:4], 'big')}"
    return raw.hex()


_short_address: Final = lru_cache(1 << 10)(_address)


def _component(data: bytes) -> Decoded:
    """Event 20 of pktmon: number, type, name and description of a component."""
    if len(data) < 4:
        return (), ()
    number, kind = struct.unpack_from("<HH", data)
    texts = (data[4 : len(data) & ~1].decode("utf-16-le", "replace") + "\0\0").split("\0")
    return ("Id", "Type", "Name", "Description"), (str(number), str(kind), texts[0], texts[1])
