"""TCP flows by number, with what each side sent: what findings about connections are made from.

A connection is what two endpoints (address and port) exchange over TCP; each of its two directions is a flow of its own, and has a number.
The table of connections is one of secret hashes, as that of conversations is: see `flow_table`. It knows no protocol but TCP, and
remembers which flow each segment belongs to.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui import jit
from netsleuth_tui.analysis.flow_table import AHEAD, GROWTH, HASH_MASK, HASH_SHIFT, MASK32, NUMBER_BITS, NUMBER_MASK, new_seed, number_of
from netsleuth_tui.decode.columns import Columns, Has
from netsleuth_tui.decode.hosts import place
from netsleuth_tui.errors import NetSleuthError
from netsleuth_tui.jit import helper, kernel

__all__ = ["PLAIN_ROWS", "SegmentFlows", "segment_flows", "segment_flows_numpy"]

Ids = NDArray[np.uint32]
Numbers = NDArray[np.int64]

FIN, SYN, RST, ACK = 0x001, 0x002, 0x004, 0x010
HAS_LENGTH = int(Has.TCP_LEN)
HOSTS, PORTS, PAYLOAD, PACKETS, SEEN = 0, 1, 2, 4, 6
"""Columns of `sums`: the key, which is `host of side 0 << 32 | host of side 1` and the ports alike; then for each side TCP payload bytes,
packets, and what was seen: see `LOW_AT`."""
LOW_AT, HIGH_AT, WAYS_AT = 16, 32, 48
"""Bits of a number that says what a side sent: all flags, 16 bits; 256 less the lowest TTL, and 1 more than the highest, of all but
resets, 0 where there are none; and which of the 8 sets of SYN, RST and ACK there were."""
TTLS = 0xFFFF
SETS = 0x20
"""Sets of flags up to ACK."""

SMALLEST = 1 << 12
USUAL = 16
"""There is room for so many connections at first, or one for so many segments."""
BLOCK = 1 << 18
"""Rows between two looks at whether anybody still wants the answer."""
PLAIN_ROWS = 1 << 17
"""More of them take plain Python longer than NumPy, and longer still beside the compiler."""
MOMENT = 0.05
"""Seconds."""


class Table(NamedTuple):
    """Connections by their number, and the places (a power of two, twice as many as there is room for) that lead to a number."""

    slots: Numbers
    """0 where free, or `hash << 31 | number`, from 1."""
    sums: Numbers
    """(connections, 8)."""
    seed: Numbers
    """Five secret numbers of 63 bits."""
    given: Numbers
    """Two elements: connections so far, with number 0, which is none; a sum without a meaning."""


class Keys(NamedTuple):
    """The keys of a few rows: int64 arrays of `AHEAD` elements."""

    hosts: Numbers
    ports: Numbers
    side: Numbers
    tag: Numbers
    """32 bits of the key's hash."""


class SegmentFlows(NamedTuple):
    """What `segment_flows` found. Connection k, from 0 in the order of their first segments, has the flows 2 k and 2 k + 1.

    The second one is from the endpoint with the greater host id (then port).
    """

    of: Ids
    """The flow of each segment, parallel to the rows that were asked for."""
    hosts: Numbers
    """(connections,): `host << 32 | host`, the sender of the first flow first."""
    ports: Numbers
    """(connections,): `port << 16 | port`, likewise."""
    payload: Numbers
    """(flows,): TCP payload bytes."""
    packets: Numbers
    """(flows,): segments."""
    seen: Numbers
    """(flows,): see `LOW_AT`."""

    @property
    def size(self) -> int:
        """How many flows there are: twice as many as connections."""
        return len(self.packets)

    def other(self, flows: NDArray[np.integer]) -> Numbers:
        """The other direction of each of some flows; that of an endpoint to itself is the same."""
        numbers = flows.astype(np.int64)
        alone = (self.hosts >> 32 == self.hosts & MASK32) & (self.ports >> 16 == self.ports & 0xFFFF)
        return numbers ^ np.where(alone, 0, 1)[numbers >> 1] if alone.any() else numbers ^ 1

    def ends(self, flows: Numbers) -> tuple[Numbers, Numbers, Numbers, Numbers]:
        """Sender, receiver, port of the sender and of the receiver of each of some flows."""
        hosts, ports, back = self.hosts[flows >> 1], self.ports[flows >> 1], flows & 1 == 1
        one, other, first, second = hosts >> 32, hosts & MASK32, ports >> 16, ports & 0xFFFF
        return np.where(back, other, one), np.where(back, one, other), np.where(back, second, first), np.where(back, first, second)

    def sent(self, flags: int) -> NDArray[np.bool_]:
        """(flows,): which of them have a segment with one of these flags."""
        found: NDArray[np.bool_] = self.seen & flags != 0
        return found

    def sent_exactly(self, *ways: int) -> Numbers:
        """Flows that have a segment with exactly one of these sets of SYN, RST and ACK."""
        return np.flatnonzero(self.seen >> WAYS_AT & sum(1 << way_of(flags) for flags in ways))

    @property
    def lowest_ttl(self) -> Numbers:
        """(flows,): of all segments but resets; 256 where there are none."""
        return 256 - (self.seen >> LOW_AT & TTLS)

    @property
    def highest_ttl(self) -> Numbers:
        """(flows,): of all segments but resets; -1 where there are none."""
        return (self.seen >> HIGH_AT & TTLS) - 1


@helper
def way_of(flags: int) -> int:
    """Return the number, below 8, of a set of SYN, RST and ACK; other flags do not matter."""
    return (flags >> 1) & 3 | (flags >> 2) & 4


@helper
def _look_ahead(ids: Ids, first: int, last: int, columns: Columns, table: Table, keys: Keys) -> None:
    """Write the keys of some rows to `keys`, and read what the table has at their places: so memory is waited for side by side."""
    slots, sums, seed = table.slots, table.sums, table.seed
    mask = slots.shape[0] - 1
    s0, s1, s2, s3, s4 = int(seed[0]), int(seed[1]), int(seed[2]), int(seed[3]), int(seed[4])
    touched = 0
    for k in range(last - first):
        i = int(np.int64(ids[first + k]))
        src, dst = int(np.int64(columns.src[i])), int(np.int64(columns.dst[i]))
        src_port, dst_port = int(np.int64(columns.src_port[i])), int(np.int64(columns.dst_port[i]))
        side = 1 if src > dst or (src == dst and src_port > dst_port) else 0
        if side:
            src, dst, src_port, dst_port = dst, src, dst_port, src_port
        tag = s0 + s1 * src + s2 * dst + s3 * src_port + s4 * dst_port
        tag = (tag & HASH_MASK) >> HASH_SHIFT
        keys.hosts[k], keys.ports[k], keys.side[k], keys.tag[k] = src << 32 | dst, src_port << 16 | dst_port, side, tag
        touched += int(sums[int(slots[tag & mask]) & NUMBER_MASK, PACKETS] & 1)
    table.given[1] += touched


@helper
def _seen_with(seen: int, flags: int, ttl: int) -> int:
    """Return what was seen of a flow, with one more segment."""
    low, high = seen >> LOW_AT & TTLS, seen >> HIGH_AT & TTLS
    if flags & RST == 0:
        low, high = max(low, 256 - ttl), max(high, ttl + 1)
    return (seen >> WAYS_AT | 1 << way_of(flags)) << WAYS_AT | high << HIGH_AT | low << LOW_AT | seen & TTLS | flags


@kernel()
def follow_flows(ids: Ids, first: int, last: int, columns: Columns, table: Table, keys: Keys, found: Ids) -> tuple[int]:
    """Add segments to the table, and write the flow of each to `found`.

    Args:
        ids: Row ids of segments whose addresses, ports and flags are known.
        first: Index of the first to add.
        last: Index after the last one.
        columns: The store's columns.
        table: Connections.
        keys: Room for the keys of a few rows.
        found: (rows,): the flow of each row of `ids`.

    Returns:
        The first index that was not taken, for lack of room; `last` where there was enough.
    """
    at, sums = first, table.sums
    while at < last:
        end = min(at + AHEAD, last)
        _look_ahead(ids, at, end, columns, table, keys)
        for k in range(end - at):
            number = number_of(table.slots, sums, table.given, int(keys.hosts[k]), int(keys.ports[k]), int(keys.tag[k]))
            if number == 0:
                return (at + k,)
            i, side = int(np.int64(ids[at + k])), int(keys.side[k])
            found[at + k] = 2 * (number - 1) + side
            flags, ttl = int(np.int64(columns.tcp_flags[i])), int(np.int64(columns.ttl[i]))
            sums[number, PACKETS + side] += 1
            if int(np.int64(columns.present[i])) & HAS_LENGTH:
                sums[number, PAYLOAD + side] += int(np.int64(columns.tcp_len[i]))
            sums[number, SEEN + side] = _seen_with(int(sums[number, SEEN + side]), flags, ttl)
        at = end
    return (last,)


def segment_flows(columns: Columns, rows: Ids, check: Callable[[], None] = lambda: None) -> SegmentFlows:
    """Tell the flows of TCP segments apart.

    Args:
        columns: The store's columns.
        rows: Row ids of segments whose addresses, ports and flags are known.
        check: Called from time to time; may raise, to end the work.
    """
    while len(rows) > PLAIN_ROWS and jit.is_coming("analysis"):
        check()
        jit.wait(MOMENT)
    if len(rows) > PLAIN_ROWS and not jit.is_ready("analysis"):
        return segment_flows_numpy(columns, rows)
    table = _empty(max(SMALLEST, 1 << (len(rows) // USUAL).bit_length()), new_seed())
    keys = Keys(*(np.zeros(AHEAD, np.int64) for _ in Keys._fields))
    found, at = np.empty(len(rows), np.uint32), 0
    while at < len(rows):
        end = min(at + BLOCK, len(rows))
        (at,) = follow_flows(rows, at, end, columns, table, keys, found)
        if at < end:
            table = _enlarged(table)
        check()
    sums = table.sums[1 : int(table.given[0])]
    each = (np.ascontiguousarray(sums[:, first : first + 2]).reshape(-1) for first in (PAYLOAD, PACKETS, SEEN))
    return SegmentFlows(found, sums[:, HOSTS].copy(), sums[:, PORTS].copy(), *each)


def _empty(capacity: int, seed: Numbers) -> Table:
    """Room for one connection fewer than `capacity`."""
    return Table(np.zeros(2 * capacity, np.int64), np.zeros((capacity, 8), np.int64), seed, np.array([1, 0], np.int64))


def _enlarged(old: Table) -> Table:
    """The same connections under the same numbers, with more room.

    Raises:
        NetSleuthError: There are more than numbers.
    """
    if GROWTH * len(old.sums) > NUMBER_MASK:
        raise NetSleuthError("there are too many TCP connections to tell them apart", hint="narrow the time that is looked at")
    new = _empty(GROWTH * len(old.sums), old.seed)
    new.sums[: len(old.sums)], new.given[:] = old.sums, old.given
    entries = old.slots[old.slots != 0]
    place(new.slots, entries >> NUMBER_BITS & len(new.slots) - 1, entries)
    return new


def segment_flows_numpy(columns: Columns, rows: Ids) -> SegmentFlows:
    """As `segment_flows`, by NumPy: where nothing is compiled."""
    src, dst, first, second = (column[rows].astype(np.int64) for column in (columns.src, columns.dst, columns.src_port, columns.dst_port))
    back = (src > dst) | ((src == dst) & (first > second))
    hosts = np.where(back, dst << 32 | src, src << 32 | dst)
    ports = np.where(back, second << 16 | first, first << 16 | second)
    order = np.lexsort((ports, hosts))
    is_new = np.ones(len(order), np.bool_)
    is_new[1:] = (np.diff(hosts[order]) != 0) | (np.diff(ports[order]) != 0)
    firsts = order[is_new]
    by_time = np.argsort(firsts)
    number, rank = np.empty(len(rows), np.int64), np.empty(len(firsts), np.int64)
    rank[by_time] = np.arange(len(firsts))
    number[order] = rank[np.cumsum(is_new) - 1]
    of, size = 2 * number + back, 2 * len(firsts)
    lengths = np.where(columns.present[rows] & np.uint64(HAS_LENGTH) != 0, columns.tcp_len[rows], 0)
    payload, packets = np.zeros((2, size), np.int64)
    np.add.at(payload, of, lengths)
    np.add.at(packets, of, 1)
    firsts = firsts[by_time]
    return SegmentFlows(of.astype(np.uint32), hosts[firsts], ports[firsts], payload, packets, _seen_numpy(columns, rows, of, size))


def _seen_numpy(columns: Columns, rows: Ids, of: Numbers, size: int) -> Numbers:
    flags, ttl = columns.tcp_flags[rows].astype(np.int64), columns.ttl[rows].astype(np.int64)
    seen, low, high = np.zeros((3, size), np.int64)
    ways = np.array([1 << way_of(kinds) + WAYS_AT for kinds in range(SETS)])
    np.bitwise_or.at(seen, of, flags | ways[flags & SETS - 1])
    kept = flags & RST == 0
    np.maximum.at(low, of[kept], 256 - ttl[kept])
    np.maximum.at(high, of[kept], ttl[kept] + 1)
    return seen | low << LOW_AT | high << HIGH_AT
