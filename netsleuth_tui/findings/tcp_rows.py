"""TCP segments of a scope, as several kinds of findings need them: what is marked, who opened which connection, and how it went."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.analysis.segment_flows import SegmentFlows, segment_flows
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
    "flags_of",
    "flows",
    "flows_of",
    "layer",
    "marked",
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
    first = seen.store.table.first
    rows = (np.flatnonzero(seen.once(all_marks)[first : len(seen.columns.row)] & np.uint16(mark)) + first).astype(np.uint32)
    found: Ids = rows[seen.columns.present[rows] & np.uint64(TCP) == np.uint64(TCP)]
    return found[seen.among(found)]


def flows(seen: Seen) -> SegmentFlows:
    """The flows of all segments; ask for it by `seen.once`."""
    return segment_flows(seen.columns, segments(seen), seen.check)


def flags_of(seen: Seen) -> NDArray[np.uint16]:
    """The flags of all segments, parallel to their rows; ask for it by `seen.once`."""
    flags: NDArray[np.uint16] = seen.columns.tcp_flags[segments(seen)]
    return flags


def flows_of(seen: Seen, rows: Ids) -> Numbers:
    """The flow of each of some segments, given by row id."""
    found: Numbers = seen.once(flows).of[np.searchsorted(segments(seen), rows)].astype(np.int64)
    return found


class Opening(NamedTuple):
    """Segments that ask for connections, accept them, and reset them; a connection has the number of the flow from its client."""

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
    rows, found = segments(seen), seen.once(flows)
    kinds = seen.once(flags_of) & np.uint16(SYN | RST | ACK)
    asks, accepts, resets = (np.flatnonzero(which) for which in (kinds == SYN, kinds == SYN | ACK, kinds & RST != 0))
    by_client = found.of[resets].astype(np.int64)
    return Opening(
        rows[asks], found.of[asks].astype(np.int64), rows[accepts], found.other(found.of[accepts]), rows[resets], by_client,
        found.other(by_client), found.size,
    )  # fmt: skip


def layer(seen: Seen, host: int) -> str:
    """'ip' or 'ipv6'."""
    return "ip" if int(seen.hosts.version[host]) == 4 else "ipv6"


def connection_filter(seen: Seen, row: int) -> str:
    """What the sender of a segment sends in its connection."""
    c = seen.columns
    name = layer(seen, int(c.src[row]))
    ends_of = f"{name}.src == {seen.address(int(c.src[row]))} && {name}.dst == {seen.address(int(c.dst[row]))}"
    return f"{ends_of} && tcp.srcport == {int(c.src_port[row])} && tcp.dstport == {int(c.dst_port[row])}"
