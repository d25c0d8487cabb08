"""802.11: from radio headers and data frames to the LLC header behind them (IEEE 802.11, 9.2 and 9.3.2)."""

from __future__ import annotations

from netsleuth_tui.decode.columns import Has
from netsleuth_tui.decode.octets import Octets, be32, cut, le16, le32, octet
from netsleuth_tui.jit import helper

__all__ = ["avs_header", "netmon_header", "prism_header", "radiotap_header", "wlan_payload"]

WLAN = int(Has.WLAN)


@helper
def wlan_payload(data: Octets, at: int, end: int, wire: int, padded: bool) -> tuple[int, int, int]:
    """Peel the header of a data frame, which some hardware pads to a multiple of four bytes.

    Returns:
        0 if an LLC header follows, -1 if not (management, control, protected frames), its position, bits of `Has`.
    """
    if at + 2 > end:
        return -1, at, WLAN | cut(at + 2, wire)
    first = octet(data, at)
    flags = octet(data, at + 1)
    subtype = first >> 4
    # Data frames of protocol version 0; without "no data", and not encrypted.
    if first & 0x0F != 0x08 or subtype & 4 or flags & 0x40:
        return -1, at, WLAN
    header = 30 if flags & 3 == 3 else 24
    aggregated = False
    if subtype & 8:
        if at + header + 2 > end:
            return -1, at, WLAN | cut(at + header + 2, wire)
        aggregated = octet(data, at + header) & 0x80 != 0
        header += 6 if flags & 0x80 else 2
    if padded:
        header = header + 3 & ~3
    if aggregated:
        header += 14  # the first subframe of an A-MSDU: two addresses and a length
    if at + header > end:
        return -1, at, WLAN | cut(at + header, wire)
    return 0, at + header, WLAN


@helper
def radiotap_header(data: Octets, at: int, end: int) -> tuple[int, bool]:
    """Peel radiotap (https://www.radiotap.org).

    Returns:
        Position of the 802.11 frame (-1 if the header is cut off), and whether its header is padded to a multiple of four bytes.
    """
    if at + 8 > end:
        return -1, False
    present = le32(data, at + 4)
    field = at + 8
    words = present
    for _ in range(16):
        if words & 0x80000000 == 0 or field + 4 > end:
            break
        words = le32(data, field)
        field += 4
    if present & 1:  # the timer comes first, aligned to its 8 bytes
        field = at + (field - at + 7 & ~7) + 8
    padded = present & 2 != 0 and field < end and octet(data, field) & 0x20 != 0
    return at + le16(data, at + 2), padded


@helper
def prism_header(data: Octets, at: int, end: int) -> int:
    """Peel a Prism header, or the AVS header that some drivers give under the same link type; -1 if it is cut off."""
    if at + 8 > end:
        return -1
    if be32(data, at) & 0xFFFFF000 == 0x80211000:
        return avs_header(data, at, end)
    length = le32(data, at + 4)
    if length > 0xFFFF:  # written on a big-endian machine
        length = be32(data, at + 4)
    return at + length


@helper
def avs_header(data: Octets, at: int, end: int) -> int:
    """Peel an AVS header; -1 if it is cut off."""
    if at + 8 > end:
        return -1
    return at + be32(data, at + 4)


@helper
def netmon_header(data: Octets, at: int, end: int) -> int:
    """Return where the 802.11 header begins behind Network Monitor's metadata (its length is at 1), or -1."""
    if at + 3 > end:
        return -1
    size = le16(data, at + 1)
    return at + size if size >= 3 else -1
