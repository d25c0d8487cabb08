"""Addresses and their numbers: every distinct IP address of a session gets a small dense id, so that rows hold 4 bytes instead of 17."""

from __future__ import annotations

import secrets
import sys
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.jit import helper, kernel

__all__ = ["HostArrays", "HostTable", "host4", "host6"]

FIRST_CAPACITY = 1024
ID_BITS = 31
ID_MASK = (1 << ID_BITS) - 1
HASH_MASK = (1 << 63) - 1
HASH_SHIFT = 31
LOW = 0 if sys.byteorder == "little" else 1
"""Which half of a 64-bit number in memory, seen as two 32-bit ones, is the low one."""


class HostArrays(NamedTuple):
    """What kernels see of a `HostTable`.

    Two open-addressing tables, one per IP version, so that an IPv4 address can never be taken for an IPv6 one. An entry is 0 (free) or
    `key << 31 | id + 1`; the key is the IPv4 address itself, or 32 bits of the hash of an IPv6 address, which is compared in full then.
    """

    slots4: NDArray[np.int64]
    slots6: NDArray[np.int64]
    version: NDArray[np.uint8]
    hi: NDArray[np.uint32]
    """High 64 bits of the address by id, as pairs of 32-bit numbers."""
    lo: NDArray[np.uint32]
    seed: NDArray[np.int64]
    """Five secret numbers of 63 bits."""
    given: NDArray[np.int64]
    """One element: ids given so far."""


@helper
def hash4(seed: NDArray[np.int64], address: int) -> int:
    """Return 32 bits of multilinear hashing (Lemire and Kaser 2014): whoever does not know the seed cannot choose colliding addresses."""
    return ((int(seed[0]) + int(seed[1]) * address) & HASH_MASK) >> HASH_SHIFT


@helper
def hash6(seed: NDArray[np.int64], a: int, b: int, c: int, d: int) -> int:
    """Return 32 bits, as `hash4`, of an address given as four 32-bit numbers."""
    total = int(seed[0]) + int(seed[1]) * a + int(seed[2]) * b + int(seed[3]) * c + int(seed[4]) * d
    return (total & HASH_MASK) >> HASH_SHIFT


@helper
def host4(hosts: HostArrays, address: int) -> int:
    """Return the id of an IPv4 address, a new one if it was never seen. The caller has reserved room."""
    slots = hosts.slots4
    mask = slots.shape[0] - 1
    at = hash4(hosts.seed, address) & mask
    for _ in range(mask + 1):
        entry = int(slots[at])
        if entry == 0:
            break
        if entry >> ID_BITS == address:
            return (entry & ID_MASK) - 1
        at = (at + 1) & mask
    new = int(hosts.given[0])
    hosts.given[0] = new + 1
    slots[at] = address << ID_BITS | (new + 1)
    hosts.version[new] = 4
    hosts.lo[2 * new + LOW] = address
    return new


@helper
def host6(hosts: HostArrays, a: int, b: int, c: int, d: int) -> int:
    """Return the id of an IPv6 address new as four 32-bit numbers, a new one if it was never seen. The caller has reserved room."""
    slots = hosts.slots6
    mask = slots.shape[0] - 1
    key = hash6(hosts.seed, a, b, c, d)
    at = key & mask
    for _ in range(mask + 1):
        entry = int(slots[at])
        if entry == 0:
            break
        if entry >> ID_BITS == key:
            known = (entry & ID_MASK) - 1
            high, low = 2 * known + 1 - LOW, 2 * known + LOW
            if int(hosts.lo[low]) == d and int(hosts.lo[high]) == c and int(hosts.hi[low]) == b and int(hosts.hi[high]) == a:
                return known
        at = (at + 1) & mask
    new = int(hosts.given[0])
    hosts.given[0] = new + 1
    slots[at] = key << ID_BITS | (new + 1)
    high, low = 2 * new + 1 - LOW, 2 * new + LOW
    hosts.version[new] = 6
    hosts.hi[high] = a
    hosts.hi[low] = b
    hosts.lo[high] = c
    hosts.lo[low] = d
    return new


@kernel()
def _enter(hosts: HostArrays, version: NDArray[np.uint8], hi: NDArray[np.uint32], lo: NDArray[np.uint32], ids: NDArray[np.uint32]) -> None:
    """Look up the addresses of another table, in the order of its ids, and write their ids here to `ids`."""
    for i in range(ids.shape[0]):
        high, low = 2 * i + 1 - LOW, 2 * i + LOW
        if int(version[i]) == 4:
            ids[i] = host4(hosts, int(lo[low]) & 0xFFFFFFFF)
        else:
            ids[i] = host6(
                hosts, int(hi[high]) & 0xFFFFFFFF, int(hi[low]) & 0xFFFFFFFF, int(lo[high]) & 0xFFFFFFFF, int(lo[low]) & 0xFFFFFFFF
            )


class HostTable:
    """Addresses by id and ids by address.

    `version` (uint8, 4 or 6), `hi` and `lo` (uint64, network order as numbers; an IPv4 address is `lo` and has `hi` 0) are views of
    length `count`. `reserve` may replace the arrays behind them: a view keeps what it showed.
    """

    def __init__(self) -> None:
        self._seed = np.array([secrets.randbits(63) for _ in range(5)], dtype=np.int64)
        self.arrays = _empty(FIRST_CAPACITY, self._seed)

    @property
    def count(self) -> int:
        """Number of distinct addresses."""
        return int(self.arrays.given[0])

    @property
    def version(self) -> NDArray[np.uint8]:
        return self.arrays.version[: self.count]

    @property
    def hi(self) -> NDArray[np.uint64]:
        return self.arrays.hi.view(np.uint64)[: self.count]

    @property
    def lo(self) -> NDArray[np.uint64]:
        return self.arrays.lo.view(np.uint64)[: self.count]

    def reserve(self, extra: int) -> None:
        """Make room for `extra` more addresses; kernels cannot grow the table while they run.

        Raises:
            OverflowError: More than 2**31 - 2 addresses.
        """
        needed = self.count + extra
        capacity = len(self.arrays.version)
        if needed <= capacity:
            return
        if needed >= ID_MASK:
            raise OverflowError(f"{needed} addresses do not fit a table of {ID_MASK - 1}")
        while capacity < needed:
            capacity *= 2
        larger = _empty(capacity, self._seed)
        # Entered in the order of their ids into an empty table, the addresses get the same ids again. Other threads see the old
        # arrays until the new ones are complete.
        _enter(larger, self.version, self.arrays.hi, self.arrays.lo, np.zeros(self.count, dtype=np.uint32))
        self.arrays = larger

    def merge(self, other: HostTable) -> NDArray[np.uint32]:
        """Add the addresses of another table.

        Returns:
            For each id of `other` the id of that address here.
        """
        ids = np.zeros(other.count, dtype=np.uint32)
        self.reserve(other.count)
        _enter(self.arrays, other.version, other.arrays.hi, other.arrays.lo, ids)
        return ids


def _empty(capacity: int, seed: NDArray[np.int64]) -> HostArrays:
    """Make room for `capacity` addresses; the tables are twice as long, so that a search always meets a free entry."""
    return HostArrays(
        slots4=np.zeros(2 * capacity, dtype=np.int64),
        slots6=np.zeros(2 * capacity, dtype=np.int64),
        version=np.zeros(capacity, dtype=np.uint8),
        hi=np.zeros(capacity, dtype=np.uint64).view(np.uint32),
        lo=np.zeros(capacity, dtype=np.uint64).view(np.uint32),
        seed=seed,
        given=np.zeros(1, dtype=np.int64),
    )
