"""The one pass over the selected rows that the time line, the breakdowns and the summary are made from."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.decode.columns import NO_TIME, Columns, Protocol
from netsleuth_tui.jit import kernel
from netsleuth_tui.store import Rows

__all__ = ["MOST_BUCKETS", "Tally", "tally"]

PROTOCOLS = len(Protocol)
FLAG_VALUES = 1 << 12
WORTH_TWO_THREADS = 1 << 18
MOST_BUCKETS = 1 << 20
"""More intervals than this are refused: a time stamp in 1970 beside one in 2106 must not take the host's memory."""

Counts = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Tally:
    """Sums over the selected rows, all int64; axis 1 of the two-dimensional ones is 0 packets, 1 bytes on the wire."""

    by_time: Counts
    """(buckets, protocols, 2)."""
    by_protocol: Counts
    """(protocols, 2): all rows, those without a time too."""
    by_flags: Counts
    """(4096, 2): rows by the value of tcp.flags; those without a TCP header are among those with 0."""
    first: int | None
    """Earliest time stamp, ns since the epoch; None if no row has one."""
    last: int | None
    untimed: int
    """Rows without a time stamp."""


def _count_numpy(
    ids: NDArray[np.uint32], use_ids: bool, first: int, last: int, columns: Columns,
    origin: int, every: int, by_time: Counts, by_flags: Counts, seen: Counts,
) -> None:  # fmt: skip
    """What the kernel does, in NumPy: for the time before it is compiled."""
    rows = columns.at(ids[first:last] if use_ids else slice(first, last))
    np.add.at(by_flags[:, 0], rows.tcp_flags, 1)
    np.add.at(by_flags[:, 1], rows.tcp_flags, rows.len)
    elsewhere = len(by_time) - 1
    timed = rows.time != NO_TIME
    bucket = np.full(len(rows.time), elsewhere, np.int64)
    bucket[timed] = (rows.time[timed] - origin) // every
    bucket[(bucket < 0) | (bucket > elsewhere)] = elsewhere
    np.add.at(by_time[:, :, 0], (bucket, rows.protocol), 1)
    np.add.at(by_time[:, :, 1], (bucket, rows.protocol), rows.len)
    seen[2] += len(timed) - int(timed.sum())
    if timed.any():
        seen[0] = min(int(seen[0]), int(rows.time[timed].min()))
        seen[1] = max(int(seen[1]), int(rows.time[timed].max()))


@kernel(plain=_count_numpy)
def _count(
    ids: NDArray[np.uint32], use_ids: bool, first: int, last: int, columns: Columns,
    origin: int, every: int, by_time: Counts, by_flags: Counts, seen: Counts,
) -> None:  # fmt: skip
    """Add the rows `first` to `last` (indices into `ids`, or row ids) to the counts.

    The last bucket of `by_time` takes rows of other times and of none. `seen` is (3,): smallest time, largest time, rows without one.
    """
    elsewhere = by_time.shape[0] - 1
    earliest, latest, untimed = seen[0], seen[1], 0
    bucket, low, high = elsewhere, 1, 0  # the interval of the row before: times mostly stay in it, and a division is dear
    for j in range(first, last):
        i = np.int64(ids[j]) if use_ids else np.int64(j)
        protocol = columns.protocol[i]
        length = np.int64(columns.len[i])
        flags = columns.tcp_flags[i] & 0xFFF
        by_flags[flags, 0] += 1
        by_flags[flags, 1] += length
        time = columns.time[i]
        if time < low or time >= high:
            if time == NO_TIME:
                untimed += 1
                by_time[elsewhere, protocol, 0] += 1
                by_time[elsewhere, protocol, 1] += length
                continue
            bucket = (time - origin) // every
            low = origin + bucket * every
            high = low + every
            if bucket < 0 or bucket > elsewhere:
                bucket = elsewhere
        earliest = min(earliest, time)
        latest = max(latest, time)
        by_time[bucket, protocol, 0] += 1
        by_time[bucket, protocol, 1] += length
    seen[0] = earliest
    seen[1] = latest
    seen[2] += untimed


@cache
def _second_thread() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1, thread_name_prefix="tally")


def tally(columns: Columns, rows: Rows, *, origin: int, every: int, buckets: int) -> Tally:
    """Count the selected rows by time, protocol and TCP flags, on two threads where it pays.

    Args:
        columns: The store's columns.
        rows: Which rows of them.
        origin: Start of the first interval, ns since the epoch.
        every: Length of an interval, ns.
        buckets: Number of intervals, at most `MOST_BUCKETS`.
    """
    ids = rows.ids if rows.ids is not None else np.empty(0, np.uint32)
    edges = [rows.first, rows.last]
    if len(rows) >= WORTH_TWO_THREADS and buckets * PROTOCOLS < WORTH_TWO_THREADS:
        edges.insert(1, rows.first + len(rows) // 2)
    parts = [_Part(buckets) for _ in edges[1:]]

    def count(part: _Part, first: int, last: int) -> None:
        _count(ids, rows.ids is not None, first, last, columns, origin, every, part.by_time, part.by_flags, part.seen)

    others = [_second_thread().submit(count, part, *edges[k : k + 2]) for k, part in enumerate(parts[1:], 1)]
    count(parts[0], edges[0], edges[1])
    for other in others:
        other.result()
    return _sum(parts)


class _Part:
    """What one thread counts."""

    def __init__(self, buckets: int) -> None:
        self.by_time = np.zeros((buckets + 1, PROTOCOLS, 2), np.int64)
        self.by_flags = np.zeros((FLAG_VALUES, 2), np.int64)
        self.seen = np.array([2**63 - 1, NO_TIME, 0], np.int64)


def _sum(parts: list[_Part]) -> Tally:
    total = parts[0]
    for part in parts[1:]:
        total.by_time += part.by_time
        total.by_flags += part.by_flags
    first = min(int(part.seen[0]) for part in parts)
    last = max(int(part.seen[1]) for part in parts)
    timed = last != NO_TIME
    return Tally(
        total.by_time[:-1],
        total.by_time.sum(axis=0),
        total.by_flags,
        first if timed else None,
        last if timed else None,
        sum(int(part.seen[2]) for part in parts),
    )
