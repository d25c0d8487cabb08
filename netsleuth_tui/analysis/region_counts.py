"""The one pass over the selected rows that regions are counted in: by the group of a packet's hosts, and by time."""

from __future__ import annotations

from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.analysis.halves import Part, count_in_halves
from netsleuth_tui.decode.columns import NO_TIME, Columns, Has
from netsleuth_tui.jit import helper, kernel
from netsleuth_tui.store import Rows

__all__ = [
    "BASE",
    "BYTES",
    "ESP",
    "LINES",
    "MEASURES",
    "PACKETS",
    "RECEIVED",
    "RST",
    "SENT",
    "SIDES",
    "SYN",
    "Side",
    "count_regions",
]

Side = Literal["src", "dst", "either", "reset-sender"]
"""Whose group a packet is counted for: its source's, its destination's, those of both (once where they are one), or, of resets alone,
the source's."""

SIDES: Final[tuple[Side, ...]] = ("src", "dst", "either", "reset-sender")

PACKETS, BYTES, SYN, RST, ESP, SENT, RECEIVED, BASE, LINES = range(9)
"""Columns of the sums: packets, bytes on the wire, packets with SYN, with RST, with ESP; resets by their source and by their destination;
packets that resets are a share of, which are all that the source sent where only resets are counted. Then the packets and the resets of
each interval."""

MEASURES = 2
"""Of an interval: packets, resets."""

ADDRESSES, IP, IS_ESP = int(Has.ADDRESSES), int(Has.IP | Has.IPV6), int(Has.ESP)
SRC, DST, EITHER, RESETS = range(4)

Counts = NDArray[np.int64]
Groups = NDArray[np.int32]


@helper
def _add(sums: Counts, group: int, length: int, syn: int, rst: int, esp: int, bucket: int) -> None:
    sums[group, PACKETS] += 1
    sums[group, BYTES] += length
    sums[group, SYN] += syn
    sums[group, RST] += rst
    sums[group, ESP] += esp
    if bucket >= 0:
        sums[group, LINES + MEASURES * bucket] += 1
        sums[group, LINES + MEASURES * bucket + 1] += rst


def _count_numpy(
    ids: NDArray[np.uint32], use_ids: bool, first: int, last: int, columns: Columns,
    groups: Groups, side: int, origin: int, every: int, intervals: int, sums: Counts, seen: NDArray[np.uint8],
) -> None:  # fmt: skip
    """What the kernel does, in NumPy: for the time before it is compiled."""
    at = ids[first:last] if use_ids else slice(first, last)
    nowhere = len(sums) - 1
    src, dst, present = columns.src[at], columns.dst[at], columns.present[at]
    length, time, flags = columns.len[at].astype(np.int64), columns.time[at], columns.tcp_flags[at]
    placed = (present & np.uint64(ADDRESSES) != 0) & (present & np.uint64(IP) != 0) & (src < len(groups)) & (dst < len(groups))
    np.add.at(sums[:, PACKETS], np.full(np.count_nonzero(~placed), nowhere), 1)
    np.add.at(sums[:, BYTES], np.full(np.count_nonzero(~placed), nowhere), length[~placed])
    rst = (flags >> 2 & 1).astype(np.int64)
    a = np.where(placed, groups[np.where(placed, src, 0)], nowhere) if len(groups) else np.full(len(src), nowhere)
    b = np.where(placed, groups[np.where(placed, dst, 0)], nowhere) if len(groups) else a
    bucket = np.full(len(time), -1, np.int64)
    timed = time != NO_TIME
    bucket[timed] = (time[timed] - origin) // every
    bucket[(bucket < 0) | (bucket >= intervals)] = -1

    def add(group: NDArray[np.int_], counted: NDArray[np.bool_]) -> None:
        measures = (1, length, (flags >> 1 & 1).astype(np.int64), rst, (present & np.uint64(IS_ESP) != 0).astype(np.int64))
        for column, measure in enumerate(measures):
            np.add.at(sums[:, column], group[counted], measure if isinstance(measure, int) else measure[counted])
        inside = counted & (bucket >= 0)
        np.add.at(sums, (group[inside], LINES + MEASURES * bucket[inside]), 1)
        np.add.at(sums, (group[inside], LINES + MEASURES * bucket[inside] + 1), rst[inside])

    if side == RESETS:
        np.add.at(sums[:, BASE], a[placed], 1)
        placed &= rst == 1
    if side != DST:
        add(a, placed)
        np.add.at(sums[:, SENT], a[placed], rst[placed])
        seen[src[placed]] = 1
    if side in (DST, EITHER):
        add(b, placed & (b != a) if side == EITHER else placed)
        np.add.at(sums[:, RECEIVED], b[placed], rst[placed])
        seen[dst[placed]] = 1


@kernel(plain=_count_numpy)
def _count(  # noqa: C901 - one pass, in which a packet counts for one region or for two
    ids: NDArray[np.uint32], use_ids: bool, first: int, last: int, columns: Columns,
    groups: Groups, side: int, origin: int, every: int, intervals: int, sums: Counts, seen: NDArray[np.uint8],
) -> None:  # fmt: skip
    """Add the rows `first` to `last` to `sums`, (groups + 1, columns); the last group takes rows without IP addresses.

    `groups` has the group of each host, `side` is an index into `SIDES`; hosts that a counted packet counts for are marked in `seen`.
    Times outside of the intervals, and rows without a time, are in no interval.
    """
    nowhere, known = sums.shape[0] - 1, groups.shape[0]
    bucket, low, high = -1, 1, 0  # the interval of the row before: times mostly stay in it, and a division is dear
    for j in range(first, last):
        i = int(np.int64(ids[j])) if use_ids else int(np.int64(j))
        present, length = int(np.int64(columns.present[i])), int(np.int64(columns.len[i]))
        src, dst = int(np.int64(columns.src[i])), int(np.int64(columns.dst[i]))
        if present & ADDRESSES == 0 or present & IP == 0 or src >= known or dst >= known:
            sums[nowhere, PACKETS] += 1
            sums[nowhere, BYTES] += length
            continue
        flags = int(np.int64(columns.tcp_flags[i]))
        syn, rst, esp = flags >> 1 & 1, flags >> 2 & 1, 1 if present & IS_ESP != 0 else 0
        a, b = int(groups[src]), int(groups[dst])
        if side == RESETS:
            sums[a, BASE] += 1
            if rst == 0:
                continue
        time = int(columns.time[i])
        if time < low or time >= high:
            bucket, low, high = -1, 1, 0
            if time != NO_TIME:
                bucket = (time - origin) // every
                low = origin + bucket * every
                high = low + every
                if bucket < 0 or bucket >= intervals:
                    bucket = -1
        if side != DST:
            _add(sums, a, length, syn, rst, esp, bucket)
            sums[a, SENT] += rst
            if seen[src] == 0:
                seen[src] = 1
        if side in (DST, EITHER):
            if side != EITHER or a != b:
                _add(sums, b, length, syn, rst, esp, bucket)
            sums[b, RECEIVED] += rst
            if seen[dst] == 0:
                seen[dst] = 1


def count_regions(
    columns: Columns, rows: Rows, groups: Groups, size: int, side: Side, *, origin: int = 0, every: int = 1, intervals: int = 0
) -> tuple[Counts, NDArray[np.bool_]]:
    """Sums of the selected rows by the group of their hosts, on two threads where it pays.

    Args:
        columns: The store's columns.
        rows: Which rows of them.
        groups: By host id, below `size`.
        size: Number of groups.
        side: Whose group.
        origin: Start of the first interval, ns since the epoch.
        every: Length of an interval, ns.
        intervals: Their number; 0 for none.

    Returns:
        (size + 1, LINES + MEASURES * intervals), the last for rows without IP addresses; and by host id whether a packet counted for it.
    """
    seen = np.zeros(max(len(groups), 1), np.uint8)
    which = SIDES.index(side)

    def count(part: Part, sums: Counts) -> None:
        _count(*part, columns, groups, which, origin, every, intervals, sums, seen)

    sums = count_in_halves(rows, lambda: np.zeros((size + 1, LINES + MEASURES * intervals), np.int64), count)
    if side != "reset-sender":
        sums[:, BASE] = sums[:, PACKETS]
    return sums, seen[: len(groups)].view(np.bool_)
