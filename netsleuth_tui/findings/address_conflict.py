"""Addresses that more than one device claims: what ARP says of who has them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from netsleuth_tui.decode.columns import Has
from netsleuth_tui.findings.finding import Finding, grade
from netsleuth_tui.findings.words import listed
from netsleuth_tui.wording import counted

if TYPE_CHECKING:
    from netsleuth_tui.findings.limits import Limits
    from netsleuth_tui.findings.seen import Ids, Seen

__all__ = ["address_conflict"]

WHY = "packets to the address go now to one, now to the other: two hosts with one address, or one that pretends to be another"
REQUEST, REPLY = 1, 2


def address_conflict(seen: Seen, limits: Limits) -> Iterator[Finding]:
    """A finding for each IPv4 address whose ARP packets come from one hardware address, then another, then back, and so on.

    Every ARP packet says who sent it (RFC 826); one that asks whether an address is free says 0.0.0.0 (RFC 5227) and claims none.
    """
    columns = seen.columns
    rows = seen.having(Has.ARP | Has.ARP_OPCODE | Has.ARP_HW | Has.ADDRESSES)
    opcode = columns.arp_opcode[rows]
    rows = rows[((opcode == REQUEST) | (opcode == REPLY)) & (columns.arp_hw[rows] != 0) & (seen.hosts.lo[columns.src[rows]] != 0)]
    rows = rows[np.lexsort((columns.time[rows], columns.src[rows]))]
    sender, hardware = columns.src[rows], columns.arp_hw[rows]
    same = np.zeros(len(rows), np.bool_)
    same[1:] = sender[1:] == sender[:-1]
    changed = same.copy()
    changed[1:] &= hardware[1:] != hardware[:-1]
    hosts, changes = np.unique(sender[changed], return_counts=True)
    for host, number in zip(hosts.tolist(), changes.tolist(), strict=True):
        if number >= limits.address_changes:
            begin, end = np.searchsorted(sender, [host, host + 1])
            yield _conflict(seen, rows[begin:end], host, number, limits)


def _conflict(seen: Seen, rows: Ids, host: int, changes: int, limits: Limits) -> Finding:
    times = seen.columns.time[rows]
    first, last = int(times.min()), int(times.max())
    claimed, _ = seen.most(seen.columns.arp_hw[rows])
    names = [_mac(number) for number in claimed[:3]]
    name = seen.address(host)
    shown = seen.having(Has.ARP | Has.ADDRESSES)
    shown = shown[seen.columns.src[shown] == host]
    when = seen.columns.time[shown]
    count = int(((when >= first) & (when <= last)).sum())
    return Finding(
        kind="address-conflict",
        title=f"{name} is claimed by {listed(names, len(claimed), 3)}: in {counted(count, 'ARP packet')} from {seen.at(first)} on "
        f"the sender changes {counted(changes, 'time')}",
        severity=grade(60, changes / limits.address_changes, 85),
        first=first,
        last=last,
        count=count,
        filter=seen.filter(f"arp.src.proto_ipv4 == {name}"),
        window=seen.clipped(first, last + 1),
        why=WHY,
        between=tuple(names),
    )


def _mac(number: int) -> str:
    return ":".join(f"{number >> shift & 255:02x}" for shift in range(40, -8, -8))
