"""The columns of the packet table: names, widths, and the bits that say what is present in a frame.

One row per captured frame, in capture order. Every column has the width that its field has on the wire. A column that is not present
in a frame holds 0 there and its bit in `present` is clear, which is the store's NULL: a value of 0 with the bit set is a real 0.
"""

from __future__ import annotations

from enum import IntEnum, IntFlag
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["NO_TIME", "PACKET_COLUMNS", "Columns", "Has", "Protocol"]

NO_TIME = -(2**63)
"""Value of `time` for a frame whose capture has no time stamp for it (pcapng Simple Packet Block) or an impossible one."""


class Has(IntFlag):
    """Bits of the column `present`: the layers that a frame contains (0 to 31), then the fields that it holds in full."""

    ETH = 1 << 0
    VLAN = 1 << 1
    LLC = 1 << 2
    MPLS = 1 << 3
    PPPOE = 1 << 4
    PPP = 1 << 5
    SLL = 1 << 6
    NULL = 1 << 7
    RAW = 1 << 8
    WLAN = 1 << 9
    RADIOTAP = 1 << 10
    ARP = 1 << 11
    IP = 1 << 12
    """The outermost network header is IPv4."""
    IPV6 = 1 << 13
    """The outermost network header is IPv6."""
    TUNNEL = 1 << 14
    """Another network header lies inside the outermost one (IP in IP, 6in4, GRE)."""
    GRE = 1 << 15
    ICMP = 1 << 16
    ICMPV6 = 1 << 17
    IGMP = 1 << 18
    TCP = 1 << 19
    UDP = 1 << 20
    SCTP = 1 << 21
    ESP = 1 << 22
    AH = 1 << 23
    OSPF = 1 << 24
    UDPENCAP = 1 << 25
    """ESP, IKE or a keepalive inside UDP port 4500 (RFC 3948)."""
    FRAGMENT = 1 << 26
    """An IP fragment: offset not 0, or more fragments to come."""
    TRUNCATED = 1 << 27
    """A header that should be there was cut off by the snap length."""
    MALFORMED = 1 << 28
    """A header contradicts itself (a header length below its minimum, a version that is not its own)."""
    TOO_DEEP = 1 << 29
    """More nested headers than are followed."""
    ESP_FRAGMENT = 1 << 30
    """A fragment of an IPv6 packet that is not its first, and whose fragment header says that ESP follows: its SPI is in another frame."""

    ETH_TYPE = 1 << 32
    VLAN_ID = 1 << 33
    ADDRESSES = 1 << 34
    """`src` and `dst` are the addresses of the outermost IP header (or, with ARP, its protocol addresses)."""
    IP_LEN = 1 << 35
    IP_ID = 1 << 36
    IP_FRAG = 1 << 37
    TTL = 1 << 38
    IP_PROTO = 1 << 39
    SRC_PORT = 1 << 40
    DST_PORT = 1 << 41
    TCP_SEQ = 1 << 42
    TCP_ACK = 1 << 43
    TCP_FLAGS = 1 << 44
    TCP_WINDOW = 1 << 45
    TCP_LEN = 1 << 46
    ICMP_TYPE = 1 << 47
    ICMP_CODE = 1 << 48
    ARP_OPCODE = 1 << 49
    ESP_SPI = 1 << 50
    ESP_SEQUENCE = 1 << 51
    TCP_SCALE = 1 << 52
    ARP_HW = 1 << 53


class Protocol(IntEnum):
    """The highest protocol that the kernels recognise in a frame; the order is the order of the legend."""

    OTHER = 0
    TCP = 1
    UDP = 2
    ICMP = 3
    ICMPV6 = 4
    ARP = 5
    ESP = 6
    AH = 7
    SCTP = 8
    GRE = 9
    IGMP = 10
    OSPF = 11
    IPV4 = 12
    IPV6 = 13
    LLC = 14
    WLAN = 15
    PPP = 16
    MPLS = 17

    @property
    def label(self) -> str:
        """The name as Wireshark's Protocol column spells it."""
        return _LABELS.get(self, self.name)


_LABELS = {
    Protocol.OTHER: "Other",
    Protocol.ICMPV6: "ICMPv6",
    Protocol.IPV4: "IPv4",
    Protocol.IPV6: "IPv6",
    Protocol.WLAN: "802.11",
}


class Columns(NamedTuple):
    """One array per column, all of the same length; what kernels take and the store keeps."""

    row: NDArray[np.uint32]
    """Position in the store, from 0."""
    time: NDArray[np.int64]
    """Nanoseconds since 1970-01-01T00:00:00Z, or `NO_TIME`."""
    offset: NDArray[np.uint64]
    """Where the captured bytes begin in the (decompressed) file."""
    source: NDArray[np.uint16]
    """Index of the file."""
    link_type: NDArray[np.uint16]
    """LINKTYPE_ number of the frame."""
    cap_len: NDArray[np.uint32]
    """frame.cap_len: captured bytes."""
    len: NDArray[np.uint32]
    """frame.len: bytes on the wire."""
    protocol: NDArray[np.uint8]
    """A `Protocol`."""
    present: NDArray[np.uint64]
    """Bits of `Has`."""
    eth_type: NDArray[np.uint16]
    """EtherType of the outermost Ethernet header, 0x8100 for a tagged frame, as eth.type."""
    vlan_id: NDArray[np.uint16]
    """VLAN of the outermost tag, 12 bits."""
    src: NDArray[np.uint32]
    """Host id of the outermost source address."""
    dst: NDArray[np.uint32]
    """Host id of the outermost destination address."""
    ip_len: NDArray[np.uint16]
    """ip.len, or ipv6.plen."""
    ip_id: NDArray[np.uint16]
    ip_frag: NDArray[np.uint16]
    """IPv4 flags and fragment offset as on the wire (3 + 13 bits, offset in 8 bytes); for an IPv6 fragment the same layout."""
    ttl: NDArray[np.uint8]
    """ip.ttl, or ipv6.hlim."""
    ip_proto: NDArray[np.uint8]
    """ip.proto, or ipv6.nxt, of the outermost header."""
    src_port: NDArray[np.uint16]
    dst_port: NDArray[np.uint16]
    tcp_seq: NDArray[np.uint32]
    tcp_ack: NDArray[np.uint32]
    tcp_flags: NDArray[np.uint16]
    """tcp.flags: 12 bits, FIN = 1 … AE = 0x100, then the reserved ones."""
    tcp_window: NDArray[np.uint16]
    """tcp.window_size_value: unscaled."""
    tcp_len: NDArray[np.uint32]
    """Payload bytes by the IP header's lengths, not by what was captured."""
    tcp_scale: NDArray[np.uint8]
    """tcp.options.wscale.shift: what a SYN offers, as on the wire."""
    icmp_type: NDArray[np.uint8]
    icmp_code: NDArray[np.uint8]
    arp_opcode: NDArray[np.uint16]
    arp_hw: NDArray[np.uint64]
    """arp.src.hw_mac: the 48-bit hardware address of the ARP sender."""
    esp_spi: NDArray[np.uint32]
    esp_sequence: NDArray[np.uint32]

    def at(self, rows: slice | NDArray[np.uint32]) -> Columns:
        """All columns at a slice of rows (views) or at row ids (copies)."""
        return Columns._make(column[rows] for column in self)


PACKET_COLUMNS: dict[str, np.dtype[np.generic]] = {
    name: np.dtype(code)
    for name, code in zip(
        Columns._fields,
        "u4 i8 u8 u2 u2 u4 u4 u1 u8 u2 u2 u4 u4 u2 u2 u2 u1 u1 u2 u2 u4 u4 u2 u2 u4 u1 u1 u1 u2 u8 u4 u4".split(),  # noqa: SIM905 - a table reads better in one line
        strict=True,
    )
}
"""Name and dtype of every column, in order: 102 bytes a row if a capture touches all of them."""
