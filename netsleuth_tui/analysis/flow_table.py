"""A hash table of 5-tuples with what each side of them sent, and the kernel that fills it: what conversations are made from.

A flow is what two endpoints (address and port) exchange over one protocol, in both directions. Its side 0 is the endpoint with the
smaller host id (then port). The hash is multilinear over secret numbers (Lemire and Kaser 2014): whoever wrote the capture cannot choose
flows that collide, and the table never holds more entries than half its places.
"""

from __future__ import annotations

import secrets
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.analysis.intervals import MOST_BUCKETS
from netsleuth_tui.decode.columns import NO_TIME, Columns, Has, Protocol
from netsleuth_tui.decode.hosts import place
from netsleuth_tui.jit import helper, kernel

__all__ = ["Block", "Table", "count", "empty", "enlarged", "find", "new_seed", "number_of", "prepare"]

IP = int(Has.IP | Has.IPV6)
ADDRESSES = int(Has.ADDRESSES)
IS_TCP, IS_UDP, IS_SCTP = int(Has.TCP), int(Has.UDP), int(Has.SCTP)
PORTS = int(Has.SRC_PORT | Has.DST_PORT)
TCP_FLAGS, TCP_LEN = int(Has.TCP_FLAGS), int(Has.TCP_LEN)
TCP, UDP, SCTP = int(Protocol.TCP), int(Protocol.UDP), int(Protocol.SCTP)

PORTS_KNOWN, PROTOCOL_AT, PROTOCOL_MASK, INTERVAL_AT = 1 << 32, 33, 31, 38
"""The second half of a key: two ports of 16 bits, whether there are any, the protocol, the interval of time."""

NUMBER_BITS, NUMBER_MASK = 31, (1 << 31) - 1
HASH_MASK, HASH_SHIFT = (1 << 63) - 1, 31
MASK32 = (1 << 32) - 1

HOSTS, REST, FIRST, LAST, BYTES, PAYLOAD = 0, 1, 2, 3, 4, 6
"""Columns of `sums`; bytes and payload have one for each side."""
PACKETS, RETRANSMISSIONS, RESETS, FLAGS, BEGAN = 0, 2, 4, 6, 8
"""Columns of `counts`, for side 0; that of side 1 follows. `BEGAN` is the side that sent first."""

RST = 0x004
AGAIN = 1
"""`Mark.RETRANSMISSION` of `tcp_segments`."""

GROWTH = 4
"""A table that is full becomes so many times as large."""
AHEAD = 256
"""Rows whose places in the table are read side by side."""


class Table(NamedTuple):
    """Flows by their number, and the places (a power of two, twice as many as flows fit) that lead from a key to a number.

    What is touched together lies together: a row costs the cache lines of one place and of one line in each of two arrays.
    """

    slots: NDArray[np.int64]
    """0 where free, or `hash << 31 | number`, from 1."""
    sums: NDArray[np.int64]
    """(flows, 8): the key, which is `host of side 0 << 32 | host of side 1` and interval, protocol and ports; first and last time (ns);
    bytes of each side; TCP payload bytes of each side."""
    counts: NDArray[np.uint32]
    """(flows, 16): of each side packets, retransmissions, resets, TCP flags; then the side that sent first."""
    seed: NDArray[np.int64]
    """Five secret numbers of 63 bits."""
    given: NDArray[np.int64]
    """Three elements: flows so far; rows that belong to none; a sum without a meaning."""


class Block(NamedTuple):
    """A few rows on their way into the table: int64 arrays of `AHEAD` elements."""

    hosts: NDArray[np.int64]
    """-1 for a row that belongs to no flow, -2 for one of the other part."""
    rest: NDArray[np.int64]
    side: NDArray[np.int64]
    tag: NDArray[np.int64]
    """32 bits of the key's hash."""


@helper
def prepare(
    ids: NDArray[np.uint32], use_ids: bool, first: int, last: int, columns: Columns,
    origin: int, every: int, part: int, parts: int, table: Table, block: Block,
) -> None:  # fmt: skip
    """Write the keys of some rows to `block`, and read what the table has at their places.

    These reads wait for memory side by side; made one by one, on the way through the table, they would take most of the time.
    """
    slots, sums, counts, seed = table.slots, table.sums, table.counts, table.seed
    mask = slots.shape[0] - 1
    s0, s1, s2, s3, s4 = int(seed[0]), int(seed[1]), int(seed[2]), int(seed[3]), int(seed[4])
    touched = 0
    for j in range(first, last):
        i = int(np.int64(ids[j])) if use_ids else np.int64(j)
        k = j - first
        present, time = int(np.int64(columns.present[i])), int(np.int64(columns.time[i]))
        src, dst = int(np.int64(columns.src[i])), int(np.int64(columns.dst[i]))
        if (src ^ dst) & (parts - 1) != part:
            block.hosts[k] = -2
            continue
        interval = (time - origin) // every if every != 0 and time != NO_TIME else 0
        timed = every == 0 or (time != NO_TIME and interval >= 0 and interval < MOST_BUCKETS)
        if present & ADDRESSES == 0 or present & IP == 0 or not timed:
            block.hosts[k] = -1
            continue
        src_port, dst_port = int(np.int64(columns.src_port[i])), int(np.int64(columns.dst_port[i]))
        side = 1 if src > dst or (src == dst and src_port > dst_port) else 0
        hosts = dst << 32 | src if side else src << 32 | dst
        rest = dst_port << 16 | src_port if side else src_port << 16 | dst_port
        rest |= PORTS_KNOWN if present & PORTS == PORTS else 0
        rest |= _protocol(present, int(np.int64(columns.protocol[i]))) << PROTOCOL_AT | interval << INTERVAL_AT
        tag = s0 + s1 * (hosts >> 32) + s2 * (hosts & MASK32) + s3 * (rest >> 32) + s4 * (rest & MASK32)
        tag = (tag & HASH_MASK) >> HASH_SHIFT
        block.hosts[k], block.rest[k], block.side[k], block.tag[k] = hosts, rest, side, tag
        number = int(slots[tag & mask]) & NUMBER_MASK
        touched += int(sums[number, FIRST] & 1) + int(counts[number, PACKETS] & 1)
    table.given[2] += touched


@helper
def _protocol(present: int, highest: int) -> int:
    """Return the protocol of a flow: that of the transport header, and only without one the highest that was recognised."""
    if present & IS_TCP:
        return TCP
    if present & IS_UDP:
        return UDP
    return SCTP if present & IS_SCTP else highest


@helper
def number_of(slots: NDArray[np.int64], keys: NDArray[np.int64], given: NDArray[np.int64], hosts: int, rest: int, tag: int) -> int:
    """Return the number of a key, a new one where it was never seen, or 0 where there is no room for it.

    Args:
        slots: As in `Table`.
        keys: (numbers, 2 or more): the key's two halves come first.
        given: Its first element is the next number.
        hosts: The first half of the key.
        rest: The second half.
        tag: 32 bits of the key's hash.
    """
    mask = slots.shape[0] - 1
    at = tag & mask
    for _ in range(mask + 1):
        entry = int(slots[at])
        number = entry & NUMBER_MASK
        if entry == 0:
            break
        if entry >> NUMBER_BITS == tag and int(keys[number, HOSTS]) == hosts and int(keys[number, REST]) == rest:
            return number
        at = (at + 1) & mask
    number = int(given[0])
    if number >= keys.shape[0]:
        return 0
    slots[at] = tag << NUMBER_BITS | number
    keys[number, HOSTS] = hosts
    keys[number, REST] = rest
    given[0] = number + 1
    return number


@helper
def find(table: Table, hosts: int, rest: int, tag: int) -> int:
    """Return the number of a flow, as `number_of`; a new one has no times yet."""
    sums, following = table.sums, int(table.given[0])
    number = number_of(table.slots, sums, table.given, hosts, rest, tag)
    if number == following:
        sums[number, FIRST] = NO_TIME
        sums[number, LAST] = NO_TIME
    return number


@helper
def _note_time(table: Table, number: int, side: int, time: int) -> None:
    """Take the time of a packet that is not counted yet; the side that sends at the earliest one began."""
    sums, counts = table.sums, table.counts
    if time != NO_TIME:
        if sums[number, FIRST] == NO_TIME or time < sums[number, FIRST]:
            sums[number, FIRST] = time
            counts[number, BEGAN] = side
        sums[number, LAST] = max(int(np.int64(sums[number, LAST])), time)
    elif counts[number, PACKETS] == 0 and counts[number, PACKETS + 1] == 0:
        counts[number, BEGAN] = side


@helper
def _add(
    ids: NDArray[np.uint32], use_ids: bool, first: int, last: int, columns: Columns, marks: NDArray[np.uint16], table: Table, block: Block
) -> int:  # fmt: skip
    """Add the rows `first` to `last`, whose keys are in `block`; return the first that was not taken, for lack of room, or `last`."""
    sums, counts = table.sums, table.counts
    for k in range(last - first):
        hosts = int(block.hosts[k])
        if hosts < 0:
            table.given[1] += hosts + 2
            continue
        side = int(block.side[k])
        number = find(table, hosts, int(block.rest[k]), int(block.tag[k]))
        if number == 0:
            return first + k
        i = int(np.int64(ids[first + k])) if use_ids else np.int64(first + k)
        present = int(np.int64(columns.present[i]))
        _note_time(table, number, side, int(np.int64(columns.time[i])))
        counts[number, PACKETS + side] += 1
        sums[number, BYTES + side] += int(np.int64(columns.len[i]))
        if present & TCP_FLAGS:
            flags = int(np.int64(columns.tcp_flags[i]))
            counts[number, FLAGS + side] = int(np.int64(counts[number, FLAGS + side])) | flags
            if flags & RST:
                counts[number, RESETS + side] += 1
            if present & TCP_LEN:
                sums[number, PAYLOAD + side] += int(np.int64(columns.tcp_len[i]))
            if i < marks.shape[0] and int(np.int64(marks[i])) & AGAIN:
                counts[number, RETRANSMISSIONS + side] += 1
    return last


@kernel()
def count(
    ids: NDArray[np.uint32], use_ids: bool, first: int, last: int, columns: Columns, marks: NDArray[np.uint16],
    origin: int, every: int, part: int, parts: int, table: Table, block: Block,
) -> tuple[int]:  # fmt: skip
    """Add the rows `first` to `last` (indices into `ids`, or row ids) to the table.

    `marks` are those of `tcp_segments` by row id, for the retransmissions; rows beyond its end are none. With `every` other than 0 flows
    are told apart by the interval of that many ns since `origin` as well. Only flows whose hosts belong to `part` (0 or 1) of `parts` (1
    or 2) are taken.

    Returns:
        The first row that was not taken, for lack of room; `last` where there was enough.
    """
    at = first
    while at < last:
        end = min(at + AHEAD, last)
        prepare(ids, use_ids, at, end, columns, origin, every, part, parts, table, block)
        reached = _add(ids, use_ids, at, end, columns, marks, table, block)
        if reached < end:
            return (reached,)
        at = end
    return (last,)


def new_seed() -> NDArray[np.int64]:
    """Secret numbers for a table of its own."""
    return np.array([secrets.randbits(63) for _ in range(5)], np.int64)


def empty(capacity: int, seed: NDArray[np.int64]) -> Table:
    """Room for one flow fewer than `capacity`: number 0 stands for none."""
    slots, sums, counts = np.zeros(2 * capacity, np.int64), np.zeros((capacity, 8), np.int64), np.zeros((capacity, 16), np.uint32)
    return Table(slots, sums, counts, seed, np.array([1, 0, 0], np.int64))


def enlarged(old: Table) -> Table:
    """The same flows under the same numbers, with more room."""
    new = empty(GROWTH * len(old.sums), old.seed)
    for name in ("sums", "counts", "given"):
        known = getattr(old, name)
        getattr(new, name)[: len(known)] = known
    entries = old.slots[old.slots != 0]
    place(new.slots, entries >> NUMBER_BITS & len(new.slots) - 1, entries)
    return new
