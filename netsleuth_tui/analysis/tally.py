"""The one pass over the selected rows that the breakdowns and the summary are made from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.analysis.halves import Part, count_in_halves
from netsleuth_tui.decode.columns import NO_TIME, Columns, Protocol
from netsleuth_tui.jit import kernel
from netsleuth_tui.store import Rows

__all__ = ["FLAG_VALUES", "Tally", "tally"]

PROTOCOLS = len(Protocol)
FLAG_VALUES = 1 << 12

Counts = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Tally:
    """Sums over the selected rows, all int64; axis 1 is 0 packets, 1 bytes on the wire."""

    by_protocol: Counts
    """(protocols, 2)."""
    by_flags: Counts
    """(4096, 2): rows by the value of tcp.flags; those without a TCP header are among those with 0."""
    first: int | None
    """Earliest time stamp, ns since the epoch; None if no row has one."""
    last: int | None
    untimed: int
    """Rows without a time stamp."""


def _count_numpy(ids: NDArray[np.uint32], use_ids: bool, first: int, last: int, columns: Columns, sums: Counts, times: Counts) -> None:
    """What the kernel does, in NumPy: for the time before it is compiled."""
    at = ids[first:last] if use_ids else slice(first, last)
    octets, time = columns.len[at], columns.time[at]
    for keys in (columns.protocol[at].astype(np.int64), (columns.tcp_flags[at].astype(np.int64) & 0xFFF) + PROTOCOLS):
        np.add.at(sums[:, 0], keys, 1)
        np.add.at(sums[:, 1], keys, octets)
    timed = time[time != NO_TIME]
    times[2] += len(time) - len(timed)
    if len(timed):
        times[0] = min(int(times[0]), int(timed.min()))
        times[1] = max(int(times[1]), int(timed.max()))


@kernel(plain=_count_numpy)
def _count(ids: NDArray[np.uint32], use_ids: bool, first: int, last: int, columns: Columns, sums: Counts, times: Counts) -> None:
    """Add the rows `first` to `last` (indices into `ids`, or row ids) to the counts.

    `sums` is (protocols + 4096, 2): by protocol, then by tcp.flags. `times` is (3,): smallest time, largest time, rows without one.
    """
    earliest, latest, untimed = times[0], times[1], 0
    for j in range(first, last):
        i = np.int64(ids[j]) if use_ids else np.int64(j)
        protocol = np.int64(columns.protocol[i])
        length = np.int64(columns.len[i])
        flags = (np.int64(columns.tcp_flags[i]) & 0xFFF) + PROTOCOLS
        sums[protocol, 0] += 1
        sums[protocol, 1] += length
        sums[flags, 0] += 1
        sums[flags, 1] += length
        time = columns.time[i]
        if time == NO_TIME:
            untimed += 1
        else:
            earliest = min(earliest, time)
            latest = max(latest, time)
    times[0] = earliest
    times[1] = latest
    times[2] += untimed


def tally(columns: Columns, rows: Rows) -> Tally:
    """Count the selected rows by protocol and TCP flags, and find their first and last time.

    Args:
        columns: The store's columns.
        rows: Which rows of them.
    """
    seen: list[Counts] = []

    def count(part: Part, sums: Counts) -> None:
        times = np.array([2**63 - 1, NO_TIME, 0], np.int64)
        _count(*part, columns, sums, times)
        seen.append(times)

    sums = count_in_halves(rows, lambda: np.zeros((PROTOCOLS + FLAG_VALUES, 2), np.int64), count)
    first, last = min(int(times[0]) for times in seen), max(int(times[1]) for times in seen)
    timed = last != NO_TIME
    return Tally(
        sums[:PROTOCOLS],
        sums[PROTOCOLS:],
        first if timed else None,
        last if timed else None,
        sum(int(times[2]) for times in seen),
    )
