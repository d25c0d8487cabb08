"""Networks as people write them."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network, summarize_address_range

__all__ = ["Written", "network_written"]

MAPPED = 0xFFFF << 32
"""The network ::ffff:0:0/96: addresses in it are looked up as the IPv4 addresses that they carry."""


@dataclass(frozen=True, slots=True)
class Written:
    """What a text means."""

    version: int
    """4 or 6."""
    blocks: tuple[tuple[int, int], ...]
    """First and last address of networks that together are what was meant, ascending: one, or several for a range."""
    note: str = ""
    """What is odd about it; empty for nothing."""


def network_written(text: str) -> Written:
    """Read `10.1.0.0/16`, `10.1.0.0/255.255.0.0`, `10.1.4.7`, `10.1.0.0-10.1.3.255`, or the same for IPv6.

    Raises:
        ValueError: It is none of these, and why.
    """
    low, dash, high = (part.strip() for part in text.partition("-"))
    if "%" in text:
        raise ValueError("a zone (%) belongs to one machine")
    if dash:
        return _range(low, high)
    if "*" in text:
        raise ValueError("wildcards are not understood: write 10.6.0.0/16")
    try:
        network = ip_network(low, strict=False)
    except ValueError:
        raise ValueError(_complaint(low)) from None
    first, last = int(network.network_address), int(network.broadcast_address)
    note = "" if int(ip_address(low.partition("/")[0])) == first else f"{low} is taken as {network}"
    return _written(network.version, ((first, last),), note)


def _range(low: str, high: str) -> Written:
    try:
        first, last = ip_address(low), ip_address(high)
    except ValueError:
        raise ValueError("a range is two addresses: 10.1.0.0-10.1.3.255") from None
    if isinstance(first, IPv4Address) and isinstance(last, IPv4Address) and first <= last:
        return _written(4, _blocks(first, last))
    if isinstance(first, IPv6Address) and isinstance(last, IPv6Address) and first <= last:
        return _written(6, _blocks(first, last))
    raise ValueError("the range ends before it begins" if first.version == last.version else "a range has one version of IP")


def _blocks(first: IPv4Address | IPv6Address, last: IPv4Address | IPv6Address) -> tuple[tuple[int, int], ...]:
    blocks = summarize_address_range(first, last)
    return tuple((int(block.network_address), int(block.broadcast_address)) for block in blocks)


def _written(version: int, blocks: tuple[tuple[int, int], ...], note: str = "") -> Written:
    if version == 6 and blocks[0][0] >> 32 == blocks[-1][1] >> 32 == MAPPED >> 32:
        return Written(4, tuple((first - MAPPED, last - MAPPED) for first, last in blocks), note)
    return Written(version, blocks, note)


def _complaint(text: str) -> str:
    """Why a text is no network."""
    address, slash, length = text.partition("/")
    try:
        version = ip_address(address).version
    except ValueError:
        octets = address.split(".")
        if len(octets) == 4 and any(len(octet) > 1 and octet.startswith("0") for octet in octets) and all(o.isdecimal() for o in octets):
            return "octets have no leading zeros"
        return "this is no network: 10.1.0.0/16, 10.1.0.0-10.1.3.255, fd00::/8"
    most = 32 if version == 4 else 128
    return f"the prefix of an IPv{version} network has 0 to {most} bits" if slash and length else "the prefix length is missing"
