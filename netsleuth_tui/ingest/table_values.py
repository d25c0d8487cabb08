"""Cells of a table of text to numbers, protocols and addresses: each distinct text is looked at once, a column is one pass."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.decode.columns import Protocol
from netsleuth_tui.decode.hosts import Hosts, HostTable

__all__ = [
    "ABSENT",
    "ETHERNET",
    "NAME",
    "WRONG",
    "Addresses",
    "FlagNumbers",
    "Labels",
    "Layers",
    "Numbers",
    "by_ip_proto",
    "from_info",
    "occurrence",
]

ABSENT = -1
WRONG = -2
"""What stands in a cell is no value of its field."""
NAME = -3
"""It is the name of a host, not an address."""
ETHERNET = -4
"""It is a MAC address, or what Wireshark writes for one: Cisco_11:22:33, Broadcast, PVST+."""

_KEPT = 1 << 16
"""Texts whose meaning is remembered; addresses four times as many."""
_SEPARATORS = re.compile(r"[,;|\s]+")
_WORDS = MappingProxyType({"true": 1, "false": 0, "set": 1, "not set": 0, "yes": 1, "no": 0})

_BY_IP_PROTO: Mapping[int, Protocol] = MappingProxyType(
    {
        1: Protocol.ICMP, 2: Protocol.IGMP, 6: Protocol.TCP, 17: Protocol.UDP, 47: Protocol.GRE, 50: Protocol.ESP, 51: Protocol.AH,
        58: Protocol.ICMPV6, 89: Protocol.OSPF, 132: Protocol.SCTP,
    }
)  # fmt: skip
"""IANA, protocol numbers."""

_OVER = {
    Protocol.TCP: "http http/xml http/json http2 tls ssl ssh smb smb2 ftp ftp-data smtp imap pop telnet bgp ldap tds rdp mysql pgsql",
    Protocol.UDP: "dns mdns llmnr nbns dhcp dhcpv6 bootp ntp snmp ssdp syslog tftp radius quic isakmp rtp rtcp gtp vxlan stun",
}
_NAMED = [protocol for protocol in Protocol if protocol is not Protocol.OTHER]
_BY_LABEL: Mapping[str, Protocol] = MappingProxyType(
    {name.lower(): protocol for protocol in _NAMED for name in (protocol.label, protocol.name)}
    | {name: protocol for protocol, names in _OVER.items() for name in names.split()}
)
"""What Wireshark's Protocol column says, and below what that nearly always runs; SIP, Kerberos and others run over both."""

_BY_LETTER = MappingProxyType({"F": 1, "S": 2, "R": 4, "P": 8, "A": 16, "U": 32, "E": 64, "C": 128})
_LETTERS = re.compile(f"[{''.join(_BY_LETTER)}]+")
_VERSIONED = re.compile(r"(tlsv1|sslv[23]|sshv[12]).*")


def occurrence(text: str, number: int) -> str:
    """One of the values in a cell that has several: tshark puts those of the outermost header first."""
    parts = _SEPARATORS.split(text.strip())
    return parts[number] if number < len(parts) else ""


def by_ip_proto(numbers: NDArray[np.int64]) -> NDArray[np.int64]:
    """Protocols of protocol numbers in IP headers; -1 for those that have no name here, and where there is none."""
    table = np.full(256, ABSENT, np.int64)
    table[list(_BY_IP_PROTO)] = [int(protocol) for protocol in _BY_IP_PROTO.values()]
    return np.where((numbers >= 0) & (numbers < 256), table[numbers & 0xFF], ABSENT)


class _Memo(dict[str, int]):
    """What texts mean, remembered."""

    def of(self, texts: Sequence[str]) -> NDArray[np.int64]:
        """One number per text; ABSENT where there is none, WRONG where it is no number of the field."""
        return np.fromiter(map(self.__getitem__, texts), np.int64, len(texts))

    def __missing__(self, text: str) -> int:
        if len(self) >= _KEPT:
            self.clear()
        self[text] = value = self.meaning(text.strip())
        return value

    def meaning(self, text: str) -> int:
        raise NotImplementedError


class Numbers(_Memo):
    """Whole numbers, decimal or hexadecimal, and flags in words.

    Args:
        most: The largest that the field can hold.
        number: Which of several values in a cell is meant, from 0.
    """

    def __init__(self, most: int, number: int = 0) -> None:
        super().__init__()
        self._most = most
        self._number = number

    def meaning(self, text: str) -> int:
        """The number."""
        if not text:
            return ABSENT
        word = _WORDS.get(text.lower())
        if word is not None:
            return word
        text = occurrence(text, self._number)
        if not text:
            return ABSENT
        if text.lower() in _WORDS:
            return _WORDS[text.lower()]
        try:
            value = int(text, 16) if text[:2].lower() == "0x" else int(text)
        except ValueError:
            return WRONG
        return value if 0 <= value <= self._most else WRONG


class FlagNumbers(Numbers):
    """TCP flags, which firewalls also write as letters: SA is SYN and ACK."""

    def meaning(self, text: str) -> int:
        """The number."""
        if _LETTERS.fullmatch(text):
            return sum(_BY_LETTER[letter] for letter in set(text))
        return super().meaning(text)


class Labels(_Memo):
    """Protocols by the name that a table gives them, or by their number in an IP header."""

    def __init__(self) -> None:
        super().__init__()
        self.taken: dict[str, Protocol] = {}
        """Names of applications, and what they were taken to run over."""

    def meaning(self, text: str) -> int:
        """A `Protocol`, or ABSENT."""
        name = text.lower()
        if name.isdecimal():
            return int(by_ip_proto(np.array([int(name[:4])]))[0])
        found = Protocol.TCP if _VERSIONED.fullmatch(name) else _BY_LABEL.get(name)
        if found is None:
            return ABSENT
        if name not in (found.label.lower(), found.name.lower()):
            self.taken[text] = found
        return int(found)


_INFO = re.compile(r"(?:\[[^\]]*\] ?)*(\d{1,5}) (?:→|>|->) (\d{1,5})(?: \[([A-Z, ]*)\])?(?:.* Len=(\d{1,7}))?")
_FLAGS = {"FIN": 1, "SYN": 2, "RST": 4, "PSH": 8, "ACK": 16, "URG": 32, "ECE": 64, "ECN": 64, "CWR": 128, "AE": 256, "NS": 256}


def from_info(texts: Sequence[str]) -> NDArray[np.int64]:
    """What Wireshark's Info column says of TCP and UDP: '443 → 50112 [SYN, ACK] Seq=0 Ack=1 Win=65160 Len=0'.

    Returns:
        Four rows: source port, destination port, TCP flags, payload bytes; ABSENT where the text does not have them.
    """
    found = [match.groups() if match else (None,) * 4 for match in map(_INFO.match, texts)]
    numbers = [
        (
            ABSENT if source is None else int(source),
            ABSENT if target is None else int(target),
            ABSENT if flags is None else sum(_FLAGS.get(name, 0) for name in flags.split(", ")),
            ABSENT if length is None else int(length),
        )
        for source, target, flags, length in found
    ]
    return np.array(numbers, np.int64).reshape(len(texts), 4).T


class Layers(_Memo):
    """Bits of `Has` of the layers in frame.protocols ('eth:ethertype:ip:tcp'), outermost first.

    What an ICMP message quotes, or a transport protocol carries, is not followed, except for ESP in UDP (RFC 3948).

    Args:
        bits: For each protocol's name its bits.
    """

    def __init__(self, bits: Mapping[str, int]) -> None:
        super().__init__()
        self._bits = bits

    def meaning(self, text: str) -> int:
        """The bits, together."""
        found, is_inside = 0, False
        for name in text.lower().split(":"):
            if is_inside and name not in ("udpencap", "esp"):
                break
            found |= self._bits.get(name, 0)
            is_inside = is_inside or name in ("icmp", "icmpv6", "tcp", "udp", "sctp")
        return found


class Addresses:
    """Host ids of IP addresses.

    Args:
        hosts: Grows.
        number: Which of several values in a cell is meant, from 0.
    """

    def __init__(self, hosts: HostTable, number: int = 0) -> None:
        self._hosts = hosts
        self._number = number
        self._ids: dict[str, int] = {}

    def of(self, texts: Sequence[str]) -> NDArray[np.int64]:
        """One id per text; where there is no address, ABSENT if there is nothing, or else WRONG, NAME or ETHERNET."""
        if len(self._ids) > 4 * _KEPT:
            self._ids.clear()
        new = list(dict.fromkeys(text for text in texts if text not in self._ids))
        if new:
            self._learn(new)
        return np.fromiter(map(self._ids.__getitem__, texts), np.int64, len(texts))

    def _learn(self, texts: Sequence[str]) -> None:
        """Give ids to texts that were not seen before."""
        one = [occurrence(text, self._number) for text in texts]
        parsed = [_address(text) for text in one]
        there = [address for address in parsed if address is not None]
        numbers = [int(address) for address in there]
        ids = self._hosts.add(
            Hosts(
                np.array([address.version for address in there], np.uint8),
                np.array([number >> 64 for number in numbers], np.uint64),
                np.array([number & (2**64 - 1) for number in numbers], np.uint64),
            )
        ).tolist()
        following = iter(ids)
        self._ids.update(
            (text, _other(alone) if address is None else next(following)) for text, alone, address in zip(texts, one, parsed, strict=True)
        )


_NOTHING = frozenset(("", "-", "--", "*", "n/a", "na", "none", "null", "(null)", "<none>", "nil", "any", "unknown"))
"""How tables write that there is no address."""
_HOST_NAME = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*\.?")
_ETHERNET = re.compile(r"([0-9A-Fa-f]{2}[:-]){5}[0-9A-Fa-f]{2}|[^_.]+_([0-9a-f]{2}:){0,2}[0-9a-f]{2}|broadcast", re.IGNORECASE)


def _other(text: str) -> int:
    """What a text is that is no address."""
    if text.lower() in _NOTHING:
        return ABSENT
    if _ETHERNET.fullmatch(text):
        return ETHERNET
    if _HOST_NAME.fullmatch(text):
        return NAME
    return WRONG if set(text) <= _OF_NUMBERS else ETHERNET


_OF_NUMBERS = frozenset("0123456789abcdefABCDEF.:/%[]")


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
