"""Which packets belong to which security association: ESP packets, grouped, in capture order; and what only looks like ESP.

An association (RFC 4303, RFC 4301) is one direction, so its key is source, destination and SPI; here also whether it goes inside UDP port
4500 (RFC 3948), since an SPI alone says nothing: two associations of a capture may share it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.analysis.flow_table import HASH_MASK, HASH_SHIFT, HOSTS, MASK32, NUMBER_BITS, REST, new_seed, number_of
from netsleuth_tui.decode.columns import Columns, Has
from netsleuth_tui.decode.hosts import place
from netsleuth_tui.errors import NetSleuthError
from netsleuth_tui.jit import helper, kernel
from netsleuth_tui.store.ordering import order

__all__ = ["Members", "Other", "find_members"]

Numbers = NDArray[np.int64]
Ids = NDArray[np.uint32]

ESP, UDPENCAP, FRAGMENT = np.uint64(Has.ESP), np.uint64(Has.UDPENCAP), np.uint64(Has.FRAGMENT)
FRAGMENT_V6 = np.uint64(Has.ESP_FRAGMENT)
HEADER = np.uint64(Has.ESP | Has.ESP_SPI | Has.ESP_SEQUENCE | Has.ADDRESSES)
IS_UDP = int(Has.UDPENCAP)
IN_IPV6 = np.uint64(Has.IPV6)
ESP_NUMBER = 50
KEEPALIVE = (29, 9)
"""ip.len of a keepalive, one byte in UDP (RFC 3948 section 2.3), without IP options; and ipv6.plen."""

BLOCK = 1 << 20
"""Rows that are looked at together."""
SMALLEST, GROWTH = 1 << 10, 4
"""Associations that there is room for at first, and what a full table grows by."""
UDP_AT = 32
"""The second half of a key is `encapsulated in UDP << 32 | SPI`."""


class Other(IntEnum):
    """Packets of IPsec that are in no association."""

    SHORT = 0
    """The ESP header was cut off by the snap length."""
    FRAGMENT = 1
    """A fragment of an IPv4 datagram that is not its first: the ESP header is in another one."""
    IKE = 2
    """Inside UDP port 4500, but not ESP: key exchange."""
    KEEPALIVE = 3
    """One byte to UDP port 4500."""
    FRAGMENT_V6 = 4
    """A fragment of an IPv6 packet that is not its first: so the fragment header says."""


@dataclass(frozen=True, slots=True)
class Members:
    """ESP packets by association. A position is an index into `rows`."""

    rows: Ids
    """Row ids: one association after the other, each in capture order."""
    starts: Numbers
    """(associations + 1,): the position where each begins; they stand in the order of their first packets."""
    src: Numbers
    """Host id per association; so is `dst`."""
    dst: Numbers
    spi: Numbers
    in_udp: NDArray[np.bool_]
    """Encapsulated in UDP."""
    others: Ids
    """Row ids of what is in no association, ascending."""
    other_kinds: NDArray[np.uint8]
    """An `Other` for each of them."""

    def __len__(self) -> int:
        return len(self.spi)

    def association(self, positions: NDArray[np.integer]) -> Numbers:
        """The association of each position."""
        return np.searchsorted(self.starts, positions, side="right") - 1

    def find(self, key: tuple[int, int, int, bool]) -> int | None:
        """The association with these host ids, SPI and encapsulation; None where there is none."""
        same = (self.src == key[0]) & (self.dst == key[1]) & (self.spi == key[2]) & (self.in_udp == key[3])
        return int(same.argmax()) if same.any() else None


class Keys(NamedTuple):
    """Associations by their number from 1, and the places that lead from a key to a number, as in `flow_table.Table`."""

    slots: Numbers
    """0 where free, or `hash << 31 | number`."""
    keys: Numbers
    """(associations, 2): `source << 32 | destination`, then `in UDP << 32 | SPI`."""
    seed: Numbers
    """Secret numbers of 63 bits: whoever wrote the capture cannot choose keys that collide."""
    given: Numbers
    """One element: the next number."""


@helper
def _number(table: Keys, hosts: int, rest: int) -> int:
    """Return the number of a key, as `flow_table.number_of`."""
    seed = table.seed
    tag = int(seed[0]) + int(seed[1]) * (hosts >> 32) + int(seed[2]) * (hosts & MASK32)
    tag += int(seed[3]) * (rest >> 32) + int(seed[4]) * (rest & MASK32)
    return number_of(table.slots, table.keys, table.given, hosts, rest, (tag & HASH_MASK) >> HASH_SHIFT)


@kernel()
def identify(rows: Ids, first: int, last: int, columns: Columns, table: Keys, groups: Ids) -> tuple[int]:
    """Write the association of the rows `rows[first:last]` to `groups`, numbered from 1.

    Returns:
        The first index that was not taken, for lack of room in the table; `last` where there was enough.
    """
    hosts, rest, number = -1, -1, 0
    for j in range(first, last):
        i = int(np.int64(rows[j]))
        src, dst = int(np.int64(columns.src[i])), int(np.int64(columns.dst[i]))
        present = int(np.int64(columns.present[i]))
        this = int(np.int64(columns.esp_spi[i])) | (1 << UDP_AT if present & IS_UDP else 0)
        pair = src << 32 | dst
        if pair != hosts or this != rest:
            number = _number(table, pair, this)
            if number == 0:
                return (j,)
            hosts, rest = pair, this
        groups[j] = number
    return (last,)


def _empty(capacity: int, seed: Numbers) -> Keys:
    return Keys(np.zeros(2 * capacity, np.int64), np.zeros((capacity, 2), np.int64), seed, np.ones(1, np.int64))


def _enlarged(old: Keys) -> Keys:
    new = _empty(GROWTH * len(old.keys), old.seed)
    new.keys[: len(old.keys)] = old.keys
    new.given[:] = old.given
    entries = old.slots[old.slots != 0]
    place(new.slots, entries >> NUMBER_BITS & len(new.slots) - 1, entries)
    return new


def find_members(columns: Columns, cancelled: Callable[[], bool] = lambda: False, from_row: int = 0) -> Members:
    """All ESP packets, by association.

    Args:
        columns: The store's columns.
        cancelled: Asked from time to time; True ends the work.
        from_row: The first row; those before it were dropped.

    Raises:
        NetSleuthError: Nobody wanted the answer any more.
    """
    found, others, kinds = [], [], []
    for first in range(from_row, len(columns.row), BLOCK):
        _go_on(cancelled)
        some = columns.at(slice(first, first + BLOCK))
        has_header = some.present & HEADER == HEADER
        found.append((np.flatnonzero(has_header) + first).astype(np.uint32))
        at, kind = _others(some, has_header)
        others.append((at + first).astype(np.uint32))
        kinds.append(kind)
    empty = np.empty(0, np.uint32)
    rows = np.concatenate((empty, *found))
    groups, keys = _grouped(rows, columns, cancelled)
    sorted_by = order(groups, cancelled=cancelled)
    sizes = np.bincount(groups, minlength=len(keys) + 1)[1:]
    return Members(
        rows=rows[sorted_by],
        starts=np.append(0, np.cumsum(sizes)).astype(np.int64),
        src=keys[:, HOSTS] >> 32 & MASK32,
        dst=keys[:, HOSTS] & MASK32,
        spi=keys[:, REST] & MASK32,
        in_udp=keys[:, REST] >> UDP_AT != 0,
        others=np.concatenate((empty, *others)),
        other_kinds=np.concatenate((np.empty(0, np.uint8), *kinds)),
    )


def _go_on(cancelled: Callable[[], bool]) -> None:
    if cancelled():
        raise NetSleuthError("the question was interrupted")


def _grouped(rows: Ids, columns: Columns, cancelled: Callable[[], bool]) -> tuple[Ids, Numbers]:
    """The number of the association of each row, from 1, and their keys."""
    table, groups = _empty(SMALLEST, new_seed()), np.zeros(len(rows), np.uint32)
    at = 0
    while at < len(rows):
        _go_on(cancelled)
        end = min(at + BLOCK, len(rows))
        (at,) = identify(rows, at, end, columns, table, groups)
        if at < end:
            table = _enlarged(table)
    return groups, table.keys[1 : int(table.given[0])]


def _others(some: Columns, has_header: NDArray[np.bool_]) -> tuple[Numbers, NDArray[np.uint8]]:
    """Where packets of IPsec are that belong to no association, and what they are."""
    esp, natted = some.present & ESP != 0, some.present & UDPENCAP != 0
    fragment = (some.ip_proto == ESP_NUMBER) & (some.present & FRAGMENT != 0)
    fragment6 = some.present & FRAGMENT_V6 != 0
    at = np.flatnonzero((esp | natted | fragment | fragment6) & ~has_header)
    length = np.where(some.present[at] & IN_IPV6 != 0, some.ip_len[at] + (KEEPALIVE[0] - KEEPALIVE[1]), some.ip_len[at])
    kind = np.where(length == KEEPALIVE[0], Other.KEEPALIVE, Other.IKE)
    kind[fragment[at]] = Other.FRAGMENT
    kind[fragment6[at]] = Other.FRAGMENT_V6
    kind[esp[at]] = Other.SHORT
    return at, kind.astype(np.uint8)
