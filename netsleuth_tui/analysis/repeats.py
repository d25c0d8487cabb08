"""Which packets may be copies of others: all that are, and few of the others, in one pass over the rows instead of sorting them.

Each packet is put into one of many buckets by what two copies have in common; a packet that is alone in its bucket has no copy. There are
at least 16 times as many buckets as packets, so that one in 16 at most shares its bucket by chance.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.decode.columns import NO_TIME, Columns, Has
from netsleuth_tui.jit import helper, kernel

__all__ = ["IP", "NEEDED", "may_be_copies"]

Ids = NDArray[np.uint32]

NEEDED = int(Has.ADDRESSES | Has.TTL | Has.IP_PROTO | Has.IP_LEN)
IP = int(Has.IP | Has.IPV6)
HASH_MASK = (1 << 63) - 1
WORDS = 8
SPREAD, FEWEST_BITS, MOST_BITS = 16, 10, 30
NONE = 0xFFFFFFFF
"""Bucket of a packet that is not looked at."""
BLOCK = 1 << 18
"""Rows between two looks at whether anybody still wants the answer."""
ONE, MORE = 1, 3
AHEAD = 512
"""Rows whose buckets are known before they are looked at."""


def _fill_numpy(first: int, last: int, columns: Columns, seed: NDArray[np.int64], bits: int, buckets: NDArray[np.uint8], of: Ids) -> None:  # noqa: ARG001 - as the kernel
    """For the time before the kernel is compiled: any packet may have a copy."""
    part = slice(first, last)
    present = columns.present[part]
    fit = (present & np.uint64(NEEDED) == NEEDED) & (present & np.uint64(IP) != 0) & (columns.time[part] != NO_TIME)
    of[part] = np.where(fit, 0, NONE)
    buckets[:] = 0xFF  # in all of them: the kernel may take over at the next rows


@kernel(plain=_fill_numpy)
def fill_buckets(first: int, last: int, columns: Columns, seed: NDArray[np.int64], bits: int, buckets: NDArray[np.uint8], of: Ids) -> None:
    """Put packets into buckets.

    Args:
        first: Row of the first one.
        last: Row after the last one.
        columns: The store's columns.
        seed: `WORDS` + 1 secret numbers of 63 bits: nobody can choose packets that share a bucket (Lemire and Kaser 2014).
        bits: There are 2 to the power of this buckets.
        buckets: Two bits for each: 0, `ONE` for one packet, `MORE` for more.
        of: (rows,): the bucket of each packet, or `NONE`.
    """
    for at in range(first, last, AHEAD):
        end = min(at + AHEAD, last)
        _hash_rows(at, end, columns, seed, bits, of)
        for i in range(at, end):  # by itself, so that many buckets are waited for side by side
            bucket = int(np.int64(of[i]))
            if bucket != NONE:
                place, shift = bucket >> 2, 2 * (bucket & 3)
                state = int(np.int64(buckets[place]))
                buckets[place] = state | (MORE if state >> shift & ONE else ONE) << shift


@helper
def _hash_rows(first: int, last: int, columns: Columns, seed: NDArray[np.int64], bits: int, of: Ids) -> None:
    """Write the bucket of each packet."""
    s0, s1, s2, s3, s4 = int(seed[0]), int(seed[1]), int(seed[2]), int(seed[3]), int(seed[4])
    s5, s6, s7, s8 = int(seed[5]), int(seed[6]), int(seed[7]), int(seed[8])
    for i in range(first, last):
        present = int(np.int64(columns.present[i]))
        if present & NEEDED != NEEDED or present & IP == 0 or columns.time[i] == NO_TIME:
            of[i] = NONE
            continue
        mixed = s0 + s1 * int(np.int64(columns.src[i])) + s2 * int(np.int64(columns.dst[i]))
        mixed += s3 * (int(np.int64(columns.ip_id[i])) << 16 | int(np.int64(columns.ip_len[i])))
        mixed += s4 * (int(np.int64(columns.ip_frag[i])) << 16 | int(np.int64(columns.source[i])))
        mixed += s5 * int(np.int64(columns.tcp_seq[i])) + s6 * int(np.int64(columns.tcp_ack[i]))
        mixed += s7 * (int(np.int64(columns.src_port[i])) << 16 | int(np.int64(columns.dst_port[i])))
        proto, icmp = int(np.int64(columns.ip_proto[i])), int(np.int64(columns.icmp_type[i]))
        mixed += s8 * (proto << 24 | icmp << 16 | int(np.int64(columns.tcp_flags[i])))
        of[i] = (mixed & HASH_MASK) >> (63 - bits)


def _keep_numpy(first: int, last: int, buckets: NDArray[np.uint8], of: Ids, kept: Ids) -> tuple[int]:
    """What the kernel does, in NumPy: for the time before it is compiled."""
    some = of[first:last]
    there = np.flatnonzero(some != NONE)
    bucket = some[there]
    shared = there[buckets[bucket >> 2] >> (2 * (bucket & 3)).astype(np.uint8) & MORE == MORE]
    kept[: len(shared)] = shared + first
    return (len(shared),)


@kernel(plain=_keep_numpy)
def keep_shared(first: int, last: int, buckets: NDArray[np.uint8], of: Ids, kept: Ids) -> tuple[int]:
    """Write the rows, `first` to `last` (excluded), whose bucket holds more than one packet to `kept`; return how many they are."""
    count = 0
    for i in range(first, last):
        bucket = int(np.int64(of[i]))
        if bucket != NONE and int(np.int64(buckets[bucket >> 2])) >> 2 * (bucket & 3) & MORE == MORE:
            kept[count] = i
            count += 1
    return (count,)


def may_be_copies(columns: Columns, check: Callable[[], None] = lambda: None, from_row: int = 0, room: Ids | None = None) -> Ids:
    """Ascending rows of IP packets that may have a copy; of those that have one none is missing.

    Args:
        columns: The store's columns.
        check: Called from time to time; may raise, to end the work.
        from_row: The first row; those before it were dropped.
        room: A number for each row to work with; made where there is none.
    """
    rows = len(columns.row)
    bits = min(max((SPREAD * (rows - from_row)).bit_length(), FEWEST_BITS), MOST_BITS)
    buckets, of = np.zeros(1 << bits - 2, np.uint8), np.empty(rows, np.uint32) if room is None else room
    seed = np.array([secrets.randbits(63) for _ in range(WORDS + 1)], np.int64)
    blocks = [(first, min(first + BLOCK, rows)) for first in range(from_row, rows, BLOCK)]
    for first, last in blocks:
        check()
        fill_buckets(first, last, columns, seed, bits, buckets, of)
    parts, some = [np.empty(0, np.uint32)], np.empty(min(BLOCK, rows), np.uint32)
    for first, last in blocks:
        check()
        (count,) = keep_shared(first, last, buckets, of, some)
        parts.append(some[:count].copy())
    return np.concatenate(parts)
