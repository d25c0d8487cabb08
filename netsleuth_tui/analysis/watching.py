"""Chosen values of many fields counted over time, in one pass over the rows."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.analysis.counting import LENGTHS
from netsleuth_tui.analysis.halves import Part, count_in_halves
from netsleuth_tui.decode.columns import NO_TIME, Columns, Has
from netsleuth_tui.jit import kernel
from netsleuth_tui.store import Rows

__all__ = ["Watched", "watch"]

Lines = NDArray[np.int16]
Counts = NDArray[np.int64]

TCP, UDP, SCTP = int(Has.TCP), int(Has.UDP), int(Has.SCTP)
SRC_PORT, DST_PORT = int(Has.SRC_PORT), int(Has.DST_PORT)
VLAN_ID, TTL = int(Has.VLAN_ID), int(Has.TTL)
ADDRESSES, IS_IP = int(Has.ADDRESSES), int(Has.IP | Has.IPV6)
IP_SHIFT = int(Has.IP).bit_length() - 1
ICMP, ICMPV6 = int(Has.ICMP | Has.ICMP_TYPE), int(Has.ICMPV6 | Has.ICMP_TYPE)
ESP_SPI = int(Has.ESP_SPI)
FLAG_BITS = 9
LONGEST = LENGTHS[-1]


class Watched(NamedTuple):
    """For each value the number of the line that counts it, from 1; 0 for a value that is not watched."""

    protocols: Lines
    flags: Lines
    """(9,): by bit of tcp.flags."""
    vlans: Lines
    """(4096,)."""
    ttls: Lines
    """(768,): from 256 on ip.ttl, from 512 on ipv6.hlim."""
    icmp: Lines
    """(512,): icmp.type, from 256 on icmpv6.type."""
    lengths: Lines
    """(5121,): by frame.len; what is longer is in the last."""
    ports: Lines
    """(196608,): TCP, UDP, SCTP."""
    hosts: Lines
    """(hosts, 4): of the host, and of its networks from wide to narrow."""
    pairs: Lines
    """(n, n): by the lines of the two hosts, which are the first n - 1."""
    spis: NDArray[np.uint32]
    """Watched esp.spi, ascending, with one at the end that is none."""
    spi_lines: Lines
    """Their lines, and 0 at the end."""


def _watch_numpy(
    ids: NDArray[np.uint32], use_ids: bool, first: int, last: int, columns: Columns, watched: Watched,
    edges: NDArray[np.int64], slots: NDArray[np.int64], counts: Counts,
) -> None:  # fmt: skip
    """What the kernel does, in NumPy."""
    rows = columns.at(ids[first:last] if use_ids else slice(first, last))
    rows = rows.at(np.flatnonzero(rows.time != NO_TIME).astype(np.uint32))
    slot = slots[np.searchsorted(edges, rows.time, side="right") - 1]
    there = rows.present.view(np.int64)
    counts[:, 0] += np.bincount(slot, minlength=len(counts))

    def add(lines: Lines, holds: NDArray[np.bool_] | None = None) -> None:
        found = (lines != 0) if holds is None else (lines != 0) & holds
        np.add.at(counts, (slot[found], lines[found]), 1)

    add(watched.protocols[rows.protocol])
    add(watched.lengths[np.minimum(rows.len, LONGEST)])
    addressed = ((there & ADDRESSES) != 0) & ((there & IS_IP) != 0)
    for level in range(4):
        line, other = watched.hosts[rows.src, level], watched.hosts[rows.dst, level]
        add(line, addressed)
        add(other, addressed & (line != other))
        if level == 0:
            add(watched.pairs[line, other], addressed)
    add(watched.ttls[((there >> IP_SHIFT) & 3) * 256 + rows.ttl], (there & TTL) != 0)
    for bit in range(FLAG_BITS):
        add(np.full(len(slot), watched.flags[bit]), (rows.tcp_flags >> bit) & 1 != 0)
    start = np.select([(there & bit) != 0 for bit in (TCP, UDP, SCTP)], [0, 1 << 16, 2 << 16], -1)
    line = np.where((start >= 0) & ((there & SRC_PORT) != 0), watched.ports[np.maximum(start, 0) + rows.src_port], np.int16(0))
    other = np.where((start >= 0) & ((there & DST_PORT) != 0), watched.ports[np.maximum(start, 0) + rows.dst_port], np.int16(0))
    add(line)
    add(other, line != other)
    add(watched.vlans[rows.vlan_id & np.uint16(0xFFF)], (there & VLAN_ID) != 0)
    four, six = (there & ICMP) == ICMP, (there & ICMPV6) == ICMPV6
    add(watched.icmp[rows.icmp_type + np.where(four, 0, 256)], four | six)
    at = np.searchsorted(watched.spis[:-1], rows.esp_spi)
    add(watched.spi_lines[at], ((there & ESP_SPI) != 0) & (watched.spis[at] == rows.esp_spi))


@kernel(plain=_watch_numpy)
def _watch(  # noqa: C901, PLR0912, PLR0915 - a choice for each field
    ids: NDArray[np.uint32], use_ids: bool, first: int, last: int, columns: Columns, watched: Watched,
    edges: NDArray[np.int64], slots: NDArray[np.int64], counts: Counts,
) -> None:  # fmt: skip
    """Add the rows `first` to `last` (indices into `ids`, or row ids) that have a time to `counts`, (slots, lines); line 0 has all of them.

    The rows from `edges[k]` to before `edges[k + 1]` belong to slot `slots[k]`.
    """
    low, high, slot = 1, 0, np.int64(0)  # the slot of the row before: times mostly stay in it
    spis = watched.spis.shape[0] - 1
    for j in range(first, last):
        i = np.int64(ids[j]) if use_ids else np.int64(j)
        time = columns.time[i]
        if time < low or time >= high:
            if time == NO_TIME:
                continue
            at, above = 0, edges.shape[0] - 1
            while above - at > 1:
                middle = (at + above) // 2
                if edges[middle] <= time:
                    at = middle
                else:
                    above = middle
            low, high, slot = edges[at], edges[at + 1], slots[at]
        there = np.int64(columns.present[i])
        counts[slot, 0] += 1
        line = watched.protocols[columns.protocol[i]]
        if line:
            counts[slot, line] += 1
        line = watched.lengths[min(int(columns.len[i]), LONGEST)]
        if line:
            counts[slot, line] += 1
        if there & ADDRESSES and there & IS_IP:
            source, target = np.int64(columns.src[i]), np.int64(columns.dst[i])
            for level in range(4):
                line, other = watched.hosts[source, level], watched.hosts[target, level]
                if line:
                    counts[slot, line] += 1
                if other and other != line:
                    counts[slot, other] += 1
                if level == 0 and line and other:
                    pair = watched.pairs[line, other]
                    if pair:
                        counts[slot, pair] += 1
        if there & TTL:
            line = watched.ttls[((there >> IP_SHIFT) & 3) * 256 + np.int64(columns.ttl[i])]
            if line:
                counts[slot, line] += 1
        flags = np.int64(columns.tcp_flags[i])
        if flags:
            for bit in range(FLAG_BITS):
                line = watched.flags[bit]
                if line and (flags >> bit) & 1:
                    counts[slot, line] += 1
        start = 0 if there & TCP else 1 << 16 if there & UDP else 2 << 16 if there & SCTP else -1
        if start >= 0:
            line = watched.ports[start + np.int64(columns.src_port[i])] if there & SRC_PORT else np.int16(0)
            other = watched.ports[start + np.int64(columns.dst_port[i])] if there & DST_PORT else np.int16(0)
            if line:
                counts[slot, line] += 1
            if other and other != line:
                counts[slot, other] += 1
        if there & VLAN_ID:
            line = watched.vlans[np.int64(columns.vlan_id[i]) & 0xFFF]
            if line:
                counts[slot, line] += 1
        if there & ICMP == ICMP or there & ICMPV6 == ICMPV6:
            line = watched.icmp[np.int64(columns.icmp_type[i]) + (0 if there & ICMP == ICMP else 256)]
            if line:
                counts[slot, line] += 1
        if spis and there & ESP_SPI:
            spi = columns.esp_spi[i]
            at, above = 0, spis
            while at < above:
                middle = (at + above) // 2
                if watched.spis[middle] < spi:
                    at = middle + 1
                else:
                    above = middle
            if watched.spis[at] == spi:
                line = watched.spi_lines[at]
                if line:
                    counts[slot, line] += 1


def watch(
    columns: Columns, rows: Rows, watched: Watched, edges: NDArray[np.int64], slots: NDArray[np.int64], shape: tuple[int, int]
) -> Counts:
    """Count rows that have a time.

    Args:
        columns: The store's columns.
        rows: Which rows to count.
        watched: The values.
        edges: Where segments of time begin, ascending, ns; the first before all rows, and one more at the end, after all rows.
        slots: Where the rows of each segment count.
        shape: Of the result: one more than the lines that `watched` names, and one more than the last slot.

    Returns:
        (lines, slots), int64; line 0 has all rows. In memory the lines of a slot stand together, since the slot rarely changes.
    """

    def count(part: Part, counts: Counts) -> None:
        _watch(*part, columns, watched, edges, slots, counts)

    return count_in_halves(rows, lambda: np.zeros(shape[::-1], np.int64), count).T
