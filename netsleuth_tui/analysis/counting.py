"""How often each value of a field occurs among the selected rows; each kernel makes one pass, and nobody asks for more than is shown.

A value is counted once for each row that its filter matches: a packet from port 53 to port 53 is one packet of port 53, and one between two
addresses of 10.1.0.0/16 is one packet of that network.

Packets and bytes are counted in one addition: a row adds `unit + factor * length` to its values, with `unit` a power of two above the bytes
of all rows. Where that does not fit 64 bits, the rows are counted twice.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.analysis.halves import Part, count_in_halves
from netsleuth_tui.decode.columns import Columns, Has, Protocol
from netsleuth_tui.jit import kernel
from netsleuth_tui.store import Rows

__all__ = ["LENGTHS", "Counts", "count_hosts", "count_near", "count_numbers", "count_ports", "flags_of"]

Counts = NDArray[np.int64]
"""(values, 2): packets, bytes on the wire."""

Sums = NDArray[np.int64]
"""(values,): packets and bytes together."""

LENGTHS = (0, 20, 40, 80, 160, 320, 640, 1280, 2560, 5120)
"""Where the classes of frame.len begin, as in tshark's packet length statistics."""

_CLASS_OF = (np.searchsorted(np.array(LENGTHS), np.arange(LENGTHS[-1] + 1), side="right") - 1).astype(np.uint8)
"""Class of a length; longer ones are in the last."""

_NUMBERS = {"protocol": len(Protocol), "length": len(LENGTHS), "flags": 1 << 12, "vlan": (1 << 12) + 1, "ttl": 3 * 256, "icmp": 513}
"""Values of each group. A last one of VLANs and ICMP types, and the first 256 of TTLs, stand for frames without."""

NO_VLAN, NO_ICMP = 1 << 12, 512
PORTS = 1 << 16
TCP, UDP, SCTP = int(Has.TCP), int(Has.UDP), int(Has.SCTP)
SRC_PORT, DST_PORT = int(Has.SRC_PORT), int(Has.DST_PORT)
VLAN_ID, TTL = int(Has.VLAN_ID), int(Has.TTL)
IP, IPV6, ADDRESSES = int(Has.IP), int(Has.IPV6), int(Has.ADDRESSES)
IS_IP = IP | IPV6
IP_SHIFT = IP.bit_length() - 1
ICMP, ICMPV6 = int(Has.ICMP | Has.ICMP_TYPE), int(Has.ICMPV6 | Has.ICMP_TYPE)

_Counting = Callable[[Part, int, int, Sums], None]


def _both(rows: Rows, size: int, count: _Counting) -> Counts:
    """Packets and bytes of `size` values.

    Args:
        rows: Which rows to count.
        size: How many values there are.
        count: Adds `unit + factor * length` for each row to its values, and `factor * length` to one more element, the last.
    """

    def sums(unit: int, factor: int) -> Sums:
        return count_in_halves(rows, lambda: np.zeros(size + 1, np.int64), lambda part, into: count(part, unit, factor, into))

    shift = 62 - len(rows).bit_length()
    together = sums(1 << shift, 1)
    if int(together[-1]) < 1 << shift:
        return np.stack((together[:-1] >> shift, together[:-1] & ((1 << shift) - 1)), axis=1)
    return np.stack((sums(1, 0)[:-1], sums(0, 1)[:-1]), axis=1)


def _weights(
    ids: NDArray[np.uint32], use_ids: bool, first: int, last: int, columns: Columns, unit: int, factor: int
) -> tuple[Columns, Sums]:
    """For NumPy: the rows, and what each of them adds."""
    rows = columns.at(ids[first:last] if use_ids else slice(first, last))
    return rows, unit + factor * rows.len.astype(np.int64)


def _count_numbers_numpy(
    ids: NDArray[np.uint32], use_ids: bool, first: int, last: int, columns: Columns, classes: NDArray[np.uint8], unit: int, factor: int,
    protocols: Sums, lengths: Sums, flags: Sums, vlans: Sums, ttls: Sums, icmp: Sums, total: Sums,
) -> None:  # fmt: skip
    """What the kernel does, in NumPy."""
    rows, weight = _weights(ids, use_ids, first, last, columns, unit, factor)
    there = rows.present.view(np.int64)
    np.add.at(protocols, rows.protocol, weight)
    np.add.at(lengths, classes[np.minimum(rows.len, len(classes) - 1)], weight)
    np.add.at(flags, rows.tcp_flags & np.uint16(0xFFF), weight)
    np.add.at(vlans, np.where(there & VLAN_ID, rows.vlan_id & np.uint16(0xFFF), NO_VLAN), weight)
    np.add.at(ttls, np.where(there & TTL, ((there >> IP_SHIFT) & 3) * 256 + rows.ttl, 0), weight)
    kind = rows.icmp_type.astype(np.int64)
    np.add.at(icmp, np.where((there & ICMP) == ICMP, kind, np.where((there & ICMPV6) == ICMPV6, 256 + kind, NO_ICMP)), weight)
    total[0] += int(weight.sum()) - unit * len(weight)


@kernel(plain=_count_numbers_numpy)
def _count_numbers(
    ids: NDArray[np.uint32], use_ids: bool, first: int, last: int, columns: Columns, classes: NDArray[np.uint8], unit: int, factor: int,
    protocols: Sums, lengths: Sums, flags: Sums, vlans: Sums, ttls: Sums, icmp: Sums, total: Sums,
) -> None:  # fmt: skip
    """Add the rows `first` to `last` (indices into `ids`, or row ids) to the sums of their values: choices instead of branches."""
    longest = classes.shape[0] - 1
    octets = np.int64(0)
    for j in range(first, last):
        i = np.int64(ids[j]) if use_ids else np.int64(j)
        there = np.int64(columns.present[i])
        length = np.int64(columns.len[i])
        octets += factor * length
        weight = unit + factor * length
        protocols[columns.protocol[i]] += weight
        lengths[classes[min(length, longest)]] += weight
        flags[columns.tcp_flags[i] & 0xFFF] += weight
        vlans[columns.vlan_id[i] & 0xFFF if there & VLAN_ID else NO_VLAN] += weight
        ttls[((there >> IP_SHIFT) & 3) * 256 + np.int64(columns.ttl[i]) if there & TTL else 0] += weight
        kind = np.int64(columns.icmp_type[i])
        icmp[kind if there & ICMP == ICMP else 256 + kind if there & ICMPV6 == ICMPV6 else NO_ICMP] += weight
    total[0] += octets


def count_numbers(columns: Columns, rows: Rows) -> dict[str, Counts]:
    """Count by protocol, length, flags, vlan, ttl and icmp.

    Returns:
        Counts by name. Values are a `Protocol`, an index into `LENGTHS`, tcp.flags (rows without TCP are among those of 0), the
        VLAN id; TTL and ICMP type have 256 of IPv4, then 256 of IPv6.
    """
    ends = np.cumsum([*_NUMBERS.values(), 1]).tolist()
    places = [slice(start, end) for start, end in zip([0, *ends], ends, strict=False)]

    def count(part: Part, unit: int, factor: int, sums: Sums) -> None:
        _count_numbers(*part, columns, _CLASS_OF, unit, factor, *(sums[place] for place in places))

    counts = _both(rows, ends[-2], count)
    found = {name: counts[place] for name, place in zip(_NUMBERS, places, strict=False)}
    return found | {"vlan": found["vlan"][:NO_VLAN], "ttl": found["ttl"][256:], "icmp": found["icmp"][:NO_ICMP]}


def flags_of(by_flags: Counts, bit: int) -> NDArray[np.int64]:
    """Packets and bytes with a bit of tcp.flags, from counts by its value."""
    found: NDArray[np.int64] = by_flags[(np.arange(len(by_flags)) & bit) != 0].sum(axis=0)
    return found


def _count_ports_numpy(
    ids: NDArray[np.uint32], use_ids: bool, first: int, last: int, columns: Columns, unit: int, factor: int,
    tcp: Sums, udp: Sums, sctp: Sums, total: Sums,
) -> None:  # fmt: skip
    """What the kernel does, in NumPy."""
    rows, weight = _weights(ids, use_ids, first, last, columns, unit, factor)
    there = rows.present.view(np.int64)
    has_source = (there & SRC_PORT) != 0
    has_second = ((there & DST_PORT) != 0) & ~(has_source & (rows.src_port == rows.dst_port))
    for bit, ports in ((TCP, tcp), (UDP, udp), (SCTP, sctp)):
        for column, has in ((rows.src_port, has_source), (rows.dst_port, has_second)):
            chosen = ((there & bit) != 0) & has
            np.add.at(ports, column[chosen], weight[chosen])
    total[0] += int(weight.sum()) - unit * len(weight)


@kernel(plain=_count_ports_numpy)
def _count_ports(  # noqa: C901 - a choice for each protocol and side
    ids: NDArray[np.uint32], use_ids: bool, first: int, last: int, columns: Columns, unit: int, factor: int,
    tcp: Sums, udp: Sums, sctp: Sums, total: Sums,
) -> None:  # fmt: skip
    """Add the rows `first` to `last` (indices into `ids`, or row ids) to the sums of their ports."""
    octets = np.int64(0)
    for j in range(first, last):
        i = np.int64(ids[j]) if use_ids else np.int64(j)
        there = np.int64(columns.present[i])
        length = np.int64(columns.len[i])
        octets += factor * length
        has_source = there & SRC_PORT != 0
        source, target = columns.src_port[i], columns.dst_port[i]
        has_second = there & DST_PORT != 0 and (source != target or not has_source)
        weight = unit + factor * length
        if there & TCP:
            if has_source:
                tcp[source] += weight
            if has_second:
                tcp[target] += weight
        if there & UDP:
            if has_source:
                udp[source] += weight
            if has_second:
                udp[target] += weight
        if there & SCTP:
            if has_source:
                sctp[source] += weight
            if has_second:
                sctp[target] += weight
    total[0] += octets


def count_ports(columns: Columns, rows: Rows) -> Counts:
    """Count by port, source or destination: 65536 of TCP, of UDP, of SCTP."""

    def count(part: Part, unit: int, factor: int, sums: Sums) -> None:
        _count_ports(*part, columns, unit, factor, sums[:PORTS], sums[PORTS : 2 * PORTS], sums[2 * PORTS : 3 * PORTS], sums[3 * PORTS :])

    return _both(rows, 3 * PORTS, count)


def _count_hosts_numpy(
    ids: NDArray[np.uint32], use_ids: bool, first: int, last: int, columns: Columns, unit: int, factor: int,
    sources: Sums, targets: Sums, itself: Sums, total: Sums,
) -> None:  # fmt: skip
    """What the kernel does, in NumPy."""
    rows, weight = _weights(ids, use_ids, first, last, columns, unit, factor)
    there = rows.present.view(np.int64)
    addressed = ((there & ADDRESSES) != 0) & ((there & IS_IP) != 0)
    same = addressed & (rows.src == rows.dst)
    for sums, column, chosen in ((sources, rows.src, addressed), (targets, rows.dst, addressed), (itself, rows.src, same)):
        np.add.at(sums, column[chosen], weight[chosen])
    total[0] += int(weight.sum()) - unit * len(weight)


@kernel(plain=_count_hosts_numpy)
def _count_hosts(
    ids: NDArray[np.uint32], use_ids: bool, first: int, last: int, columns: Columns, unit: int, factor: int,
    sources: Sums, targets: Sums, itself: Sums, total: Sums,
) -> None:  # fmt: skip
    """Add the rows `first` to `last` (indices into `ids`, or row ids) to the sums of their addresses."""
    octets = np.int64(0)
    for j in range(first, last):
        i = np.int64(ids[j]) if use_ids else np.int64(j)
        there = np.int64(columns.present[i])
        length = np.int64(columns.len[i])
        octets += factor * length
        if there & ADDRESSES != 0 and there & IS_IP != 0:
            source, target = columns.src[i], columns.dst[i]
            weight = unit + factor * length
            sources[source] += weight
            targets[target] += weight
            if source == target:
                itself[source] += weight
    total[0] += octets


def count_hosts(columns: Columns, hosts: int, rows: Rows) -> tuple[Counts, Counts, Counts]:
    """Count by host id, of addresses in IP headers: as source, as destination, and as both at once.

    Args:
        columns: The store's columns.
        hosts: How many addresses were known after `columns` was taken.
        rows: Which rows to count.
    """

    def count(part: Part, unit: int, factor: int, sums: Sums) -> None:
        _count_hosts(*part, columns, unit, factor, sums[:hosts], sums[hosts : 2 * hosts], sums[2 * hosts : 3 * hosts], sums[3 * hosts :])

    counts = _both(rows, 3 * hosts, count)
    return counts[:hosts], counts[hosts : 2 * hosts], counts[2 * hosts :]


def _count_near_numpy(
    ids: NDArray[np.uint32], use_ids: bool, first: int, last: int, columns: Columns, keys: NDArray[np.int64], unit: int, factor: int,
    wide: Sums, middle: Sums, narrow: Sums, total: Sums,
) -> None:  # fmt: skip
    """What the kernel does, in NumPy."""
    rows, weight = _weights(ids, use_ids, first, last, columns, unit, factor)
    there = rows.present.view(np.int64)
    addressed = ((there & ADDRESSES) != 0) & ((there & IS_IP) != 0)
    source, weight_of = rows.src[addressed], weight[addressed]
    apart = keys[source] ^ keys[rows.dst[addressed]]
    is6 = (there[addressed] & IPV6) != 0
    for sums, v4, v6 in ((wide, 24, 32), (middle, 16, 16), (narrow, 8, 0)):
        near = apart >> np.where(is6, v6, v4) == 0
        np.add.at(sums, source[near], weight_of[near])
    total[0] += int(weight.sum()) - unit * len(weight)


@kernel(plain=_count_near_numpy)
def _count_near(
    ids: NDArray[np.uint32], use_ids: bool, first: int, last: int, columns: Columns, keys: NDArray[np.int64], unit: int, factor: int,
    wide: Sums, middle: Sums, narrow: Sums, total: Sums,
) -> None:  # fmt: skip
    """Add the rows `first` to `last` (indices into `ids`, or row ids) whose two addresses lie in one network to the sums of the source.

    `keys` has for each host the IPv4 address, or the high half of the IPv6 address.
    """
    octets = np.int64(0)
    for j in range(first, last):
        i = np.int64(ids[j]) if use_ids else np.int64(j)
        there = np.int64(columns.present[i])
        length = np.int64(columns.len[i])
        octets += factor * length
        if there & ADDRESSES == 0 or there & IS_IP == 0:
            continue
        source = columns.src[i]
        apart = keys[source] ^ keys[columns.dst[i]]
        if apart >> (32 if there & IPV6 else 24) == 0:  # what is negative stays negative
            weight = unit + factor * length
            wide[source] += weight
            if apart >> 16 == 0:
                middle[source] += weight
                if apart >> (0 if there & IPV6 else 8) == 0:
                    narrow[source] += weight
    total[0] += octets


def count_near(columns: Columns, keys: NDArray[np.int64], rows: Rows) -> tuple[Counts, Counts, Counts]:
    """Count by host id the packets from it that stay within its /8, /16, /24 (IPv4) or /32, /48, /64 (IPv6).

    Args:
        columns: The store's columns.
        keys: For each host that was known after `columns` was taken, the IPv4 address or the high half of the IPv6 address.
        rows: Which rows to count.
    """
    hosts = len(keys)

    def count(part: Part, unit: int, factor: int, sums: Sums) -> None:
        views = sums[:hosts], sums[hosts : 2 * hosts], sums[2 * hosts : 3 * hosts], sums[3 * hosts :]
        _count_near(*part, columns, keys, unit, factor, *views)

    counts = _both(rows, 3 * hosts, count)
    return counts[:hosts], counts[hosts : 2 * hosts], counts[2 * hosts :]
