"""The breakdowns beside the time line: how many packets of each protocol, and with each TCP flag."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from netsleuth_tui.analysis.tally import FLAG_VALUES, Tally
from netsleuth_tui.decode.columns import Protocol
from netsleuth_tui.tabular import Column, Table

__all__ = ["FLAGS", "Count", "breakdown_table", "flag_counts", "protocol_counts", "protocol_filter"]

FLAGS = (
    ("FIN", "tcp.flags.fin", 0x001),
    ("SYN", "tcp.flags.syn", 0x002),
    ("RST", "tcp.flags.reset", 0x004),
    ("PSH", "tcp.flags.push", 0x008),
    ("ACK", "tcp.flags.ack", 0x010),
    ("URG", "tcp.flags.urg", 0x020),
    ("ECE", "tcp.flags.ece", 0x040),
    ("CWR", "tcp.flags.cwr", 0x080),
    ("AE", "tcp.flags.ae", 0x100),
)
"""Label, field and bit of tcp.flags (RFC 9293 section 3.1; AE: RFC 9768)."""


NOTHING_INSIDE = frozenset(
    (Protocol.TCP, Protocol.ICMP, Protocol.ICMPV6, Protocol.ARP, Protocol.ESP, Protocol.SCTP, Protocol.IGMP, Protocol.OSPF)
)
"""A frame that contains one of these has nothing higher: the bare name selects the same rows. UDP may carry ESP, GRE may carry TCP."""


@dataclass(frozen=True, slots=True)
class Count:
    """One line of a breakdown."""

    label: str
    filter: str
    """The filter that selects just these rows."""
    packets: int
    bytes: int
    """Bytes on the wire."""


def protocol_counts(counted: Tally) -> tuple[Count, ...]:
    """Protocols that occur, the most frequent first."""
    found = [
        Count(p.label, protocol_filter(p), int(counted.by_protocol[p, 0]), int(counted.by_protocol[p, 1]))
        for p in Protocol
        if counted.by_protocol[p, 0]
    ]
    return tuple(sorted(found, key=lambda count: -count.packets))


def protocol_filter(protocol: Protocol) -> str:
    """The filter that selects just the frames of a protocol."""
    return protocol.name.lower() if protocol in NOTHING_INSIDE else f'_ws.col.protocol == "{protocol.label}"'


def flag_counts(counted: Tally) -> tuple[Count, ...]:
    """All TCP flags, in the order of their bits: a count of 0 is an answer too. A packet counts for every flag that it has."""
    values = np.arange(FLAG_VALUES)
    sums = (counted.by_flags[(values & bit) != 0].sum(axis=0) for _, _, bit in FLAGS)
    return tuple(Count(label, f"{field} == 1", int(total[0]), int(total[1])) for (label, field, _), total in zip(FLAGS, sums, strict=True))


def breakdown_table(name: str, counts: tuple[Count, ...]) -> Table:
    """The lines as a table: value, packets, bytes, and the filter that selects them."""
    columns = (Column(name), Column("packets", "integer"), Column("bytes", "integer"), Column("filter"))
    return Table(columns, [[[c.label for c in counts], [c.packets for c in counts], [c.bytes for c in counts], [c.filter for c in counts]]])
