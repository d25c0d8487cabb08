"""TCP segments of a scope, as several kinds of findings need them: what is marked, who opened which connection, and how it went."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.analysis.tcp import Mark, marks
from netsleuth_tui.decode.columns import Has

if TYPE_CHECKING:
    from netsleuth_tui.findings.seen import Ids, Seen

__all__ = [
    "ACK",
    "FIN",
    "RST",
    "SYN",
    "TCP",
    "Opening",
    "all_marks",
    "connection_filter",
    "ends",
    "layer",
    "marked",
    "numbered",
    "opening",
    "segments",
]

FIN, SYN, RST, ACK = 0x001, 0x002, 0x004, 0x010
TCP = Has.TCP | Has.ADDRESSES | Has.TCP_FLAGS | Has.SRC_PORT | Has.DST_PORT

Numbers = NDArray[np.int64]


def all_marks(seen: Seen) -> NDArray[np.uint16]:
    """The marks of all rows; ask for it by `seen.once`."""
    return marks(seen.store, seen.cancelled)


def segments(seen: Seen) -> Ids:
    """Rows of TCP segments whose ends and flags are known."""
    return seen.having(TCP)


def marked(seen: Seen, mark: Mark) -> Ids:
    """Rows of segments with one of these marks."""
    rows = segments(seen)
    found: Ids = rows[seen.once(all_marks)[rows] & np.uint16(mark) != 0]
    return found


class Ends(NamedTuple):
    """Client and server of segments, as two numbers each."""

    hosts: NDArray[np.uint64]
    """`client << 32 | server`, host ids."""
    ports: NDArray[np.uint64]
    """`client's << 16 | server's`."""


def ends(seen: Seen, rows: Ids, *, back: bool = False) -> Ends:
    """The ends of segments; the sender is the client, or with `back` the server."""
    c = seen.columns
    src, dst, sport, dport = (column[rows].astype(np.uint64) for column in (c.src, c.dst, c.src_port, c.dst_port))
    if back:
        src, dst, sport, dport = dst, src, dport, sport
    return Ends(src << np.uint64(32) | dst, sport << np.uint64(16) | dport)


def numbered(*groups: Ends) -> list[Numbers]:
    """The same number, from 0, for the same ends, in all groups."""
    hosts, ports = np.concatenate([one.hosts for one in groups]), np.concatenate([one.ports for one in groups])
    order = np.lexsort((ports, hosts))
    is_new = np.ones(len(order), np.bool_)
    is_new[1:] = (np.diff(hosts[order]) != 0) | (np.diff(ports[order]) != 0)
    numbers = np.empty(len(order), np.int64)
    numbers[order] = np.cumsum(is_new) - 1
    return np.split(numbers, np.cumsum([len(one.hosts) for one in groups])[:-1])


class Opening(NamedTuple):
    """Segments that ask for connections, accept them, and reset them; connections have a number."""

    asks: Ids
    """SYN without ACK; its sender is the client."""
    asked: Numbers
    """Connection of each."""
    accepts: Ids
    """SYN with ACK."""
    accepted: Numbers
    resets: Ids
    by_client: Numbers
    """Connection of each reset, if its sender was the client of it."""
    by_server: Numbers
    """If its sender was the server."""
    size: int
    """Numbers are below this."""

    def has(self, numbers: Numbers) -> NDArray[np.bool_]:
        """Which connections occur among some numbers."""
        return np.bincount(numbers, minlength=self.size) > 0


def opening(seen: Seen) -> Opening:
    """How connections were opened, and what was reset; ask for it by `seen.once`."""
    rows = segments(seen)
    kinds = seen.columns.tcp_flags[rows] & (SYN | RST | ACK)
    asks, accepts = rows[kinds == SYN], rows[kinds == SYN | ACK]
    resets = rows[kinds & RST != 0]
    groups = numbered(ends(seen, asks), ends(seen, accepts, back=True), ends(seen, resets), ends(seen, resets, back=True))
    size = max((int(group.max(initial=-1)) for group in groups), default=-1) + 1
    return Opening(asks, groups[0], accepts, groups[1], resets, groups[2], groups[3], size)


def layer(seen: Seen, host: int) -> str:
    """'ip' or 'ipv6'."""
    return "ip" if int(seen.hosts.version[host]) == 4 else "ipv6"


def connection_filter(seen: Seen, row: int) -> str:
    """What the sender of a segment sends in its connection."""
    c = seen.columns
    name = layer(seen, int(c.src[row]))
    ends_of = f"{name}.src == {seen.address(int(c.src[row]))} && {name}.dst == {seen.address(int(c.dst[row]))}"
    return f"{ends_of} && tcp.srcport == {int(c.src_port[row])} && tcp.dstport == {int(c.dst_port[row])}"
