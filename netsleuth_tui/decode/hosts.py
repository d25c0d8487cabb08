"""Addresses and their numbers: every distinct IP address of a session gets a small dense id, so that rows hold 4 bytes instead of 17."""

from __future__ import annotations

import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.jit import helper, kernel

__all__ = ["HostArrays", "HostTable", "Hosts", "enter4", "enter6", "place"]

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
def enter4(hosts: HostArrays, addresses: NDArray[np.int64], count: int, ids: NDArray[np.int64]) -> None:
    """Write the ids of `count` IPv4 addresses to `ids`, new ones for those never seen. The caller has reserved room.

    The hash is multilinear (Lemire and Kaser 2014): whoever does not know the seed cannot choose addresses that collide.
    """
    slots, lo, version = hosts.slots4, hosts.lo, hosts.version
    mask = slots.shape[0] - 1
    seed, factor = int(hosts.seed[0]), int(hosts.seed[1])
    given = int(hosts.given[0])
    # Neighbouring frames mostly belong to one conversation: the last two addresses save most searches.
    last = before = -1
    last_id = before_id = 0
    for i in range(count):
        address = int(addresses[i])
        if address == before:
            last, last_id, before, before_id = before, before_id, last, last_id
        elif address != last:
            before, before_id, last, last_id = last, last_id, address, -1
            at = ((seed + factor * address) & HASH_MASK) >> HASH_SHIFT & mask
            for _ in range(mask + 1):
                entry = int(slots[at])
                if entry >> ID_BITS == address and entry != 0:
                    last_id = (entry & ID_MASK) - 1
                    break
                if entry == 0:
                    last_id = given
                    given += 1
                    slots[at] = address << ID_BITS | given
                    version[last_id] = 4
                    lo[2 * last_id + LOW] = address
                    break
                at = (at + 1) & mask
        ids[i] = last_id
    hosts.given[0] = given


@helper
def enter6(hosts: HostArrays, addresses: NDArray[np.int64], count: int, ids: NDArray[np.int64]) -> None:
    """Write the ids of `count` IPv6 addresses, given as four 32-bit numbers each, to `ids`; otherwise as `enter4`."""
    slots, hi, lo, version = hosts.slots6, hosts.hi, hosts.lo, hosts.version
    mask = slots.shape[0] - 1
    seed = int(hosts.seed[0])
    factor_a, factor_b, factor_c, factor_d = int(hosts.seed[1]), int(hosts.seed[2]), int(hosts.seed[3]), int(hosts.seed[4])
    given = int(hosts.given[0])
    for i in range(count):
        a, b, c, d = int(addresses[4 * i]), int(addresses[4 * i + 1]), int(addresses[4 * i + 2]), int(addresses[4 * i + 3])
        key = ((seed + factor_a * a + factor_b * b + factor_c * c + factor_d * d) & HASH_MASK) >> HASH_SHIFT
        at = key & mask
        for _ in range(mask + 1):
            entry = int(slots[at])
            if entry == 0:
                break
            low, high = 2 * (entry & ID_MASK) - 2 + LOW, 2 * (entry & ID_MASK) - 1 - LOW
            if entry >> ID_BITS == key and int(lo[low]) == d and int(lo[high]) == c and int(hi[low]) == b and int(hi[high]) == a:
                ids[i] = (entry & ID_MASK) - 1
                break
            at = (at + 1) & mask
        if int(slots[at]) == 0:
            ids[i] = given
            version[given] = 6
            low, high = 2 * given + LOW, 2 * given + 1 - LOW
            hi[high], hi[low], lo[high], lo[low] = a, b, c, d
            given += 1
            slots[at] = key << ID_BITS | given
    hosts.given[0] = given


@kernel()
def _copy(hosts: HostArrays, other: HostArrays, start: int, ids: NDArray[np.uint32], scratch: NDArray[np.int64]) -> None:
    """Look up the addresses of another table, in the order of its ids from `start` on, and write their ids here to `ids`."""
    found = scratch[4:]
    for i in range(start, start + ids.shape[0]):
        low, high = 2 * i + LOW, 2 * i + 1 - LOW
        if int(other.version[i]) == 4:
            scratch[0] = other.lo[low]
            enter4(hosts, scratch, 1, found)
        else:
            scratch[0] = other.hi[high]
            scratch[1] = other.hi[low]
            scratch[2] = other.lo[high]
            scratch[3] = other.lo[low]
            enter6(hosts, scratch, 1, found)
        ids[i - start] = found[0]


class Hosts(NamedTuple):
    """Addresses by id: three arrays of the same length."""

    version: NDArray[np.uint8]
    """4 or 6."""
    hi: NDArray[np.uint64]
    """Upper 64 bits; 0 for an IPv4 address."""
    lo: NDArray[np.uint64]


@kernel()
def place(slots: NDArray[np.int64], homes: NDArray[np.int64], entries: NDArray[np.int64]) -> None:
    """Put entries that are known to differ into the free places nearest to their homes."""
    mask = slots.shape[0] - 1
    for i in range(entries.shape[0]):
        at = int(homes[i])
        for _ in range(mask + 1):
            if slots[at] == 0:
                break
            at = (at + 1) & mask
        slots[at] = entries[i]


class HostTable:
    """Addresses by id and ids by address.

    `version` (uint8, 4 or 6), `hi` and `lo` (uint64, network order as numbers; an IPv4 address is `lo` and has `hi` 0) are views of
    length `count`. `reserve` and `forget` may replace the arrays behind them: a view keeps what it showed.
    """

    def __init__(self) -> None:
        self._seed = np.array([secrets.randbits(63) for _ in range(5)], dtype=np.int64)
        self.arrays = _empty(FIRST_CAPACITY, self._seed)
        self.cleared = 0
        """How often it was cleared, or forgot some: whoever keeps something by id looks at this."""
        self._free = np.empty(0, np.uint32)
        """Ids of addresses that were forgotten, ascending: new addresses take these first."""
        self._resting = np.zeros(0, np.bool_)
        """By id: addresses that no row had when rows were dropped last."""
        self._holders: list[int] = []
        """What `cleared` was when each of those began who may look for addresses of rows that they saw."""

    @property
    def count(self) -> int:
        """Ids given: the number of distinct addresses, but for those that were forgotten."""
        return int(self.arrays.given[0])

    @property
    def bytes(self) -> int:
        """Memory that it takes, with the copies of addresses that `forget` makes."""
        arrays = self.arrays
        return arrays.slots4.nbytes + arrays.slots6.nbytes + 2 * (arrays.version.nbytes + arrays.hi.nbytes + arrays.lo.nbytes)

    @property
    def version(self) -> NDArray[np.uint8]:
        """4 or 6 by id; 0 where the address was forgotten."""
        return self.known().version

    @property
    def hi(self) -> NDArray[np.uint64]:
        """High 64 bits of the addresses by id; 0 for IPv4."""
        return self.known().hi

    @property
    def lo(self) -> NDArray[np.uint64]:
        """Low 64 bits of the addresses by id."""
        return self.known().lo

    def clear(self) -> None:
        """Forget all addresses: ids are given anew from 0. Only for a table whose ids nobody keeps; views keep what they showed."""
        self.cleared += 1
        self.arrays = _empty(FIRST_CAPACITY, self._seed)
        self._free, self._resting = self._free[:0], self._resting[:0]

    @contextmanager
    def held(self) -> Iterator[None]:
        """While this lasts, the addresses of all rows that are there when it begins, or come meanwhile, stay what they are."""
        self._holders.append(began := self.cleared)
        try:
            yield
        finally:
            self._holders.remove(began)

    def forget(self, met: NDArray[np.bool_], kept: NDArray[np.bool_]) -> None:
        """Rows are dropped: let addresses go that no row has, so that their ids can be given again.

        An address goes when rows are dropped the second time without it, and not while somebody holds addresses since before the first
        time. So rows that somebody sees can be dropped once, and their addresses are still known.

        Args:
            met: By id: whether any row had it since the last time, those that are dropped now included.
            kept: By id: whether any row has it that stays.
        """
        arrays, count = self.arrays, self.count
        gone = np.zeros(count, np.bool_)
        if min(tuple(self._holders), default=self.cleared) >= self.cleared:
            gone[: len(self._resting)] = self._resting & ~met[: len(self._resting)]
        gone[self._free] = False
        if gone.any():
            # Somebody may still look at the old ones; the tables are looked at only by the thread that adds addresses.
            new = arrays._replace(version=arrays.version.copy(), hi=arrays.hi.copy(), lo=arrays.lo.copy())
            for part in (new.version, new.hi.view(np.uint64), new.lo.view(np.uint64)):
                part[:count][gone] = 0
            count = int(np.flatnonzero(new.version[:count]).max(initial=-1)) + 1
            self.arrays = _shrunk(new, count)
        gone[self._free] = True
        self._free, self._resting = np.flatnonzero(gone[:count]).astype(np.uint32), ~(kept | gone)[:count]
        self.cleared += 1

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
        # Other threads see the old arrays until the new ones are complete.
        self.arrays = _moved(self.arrays, capacity)

    def merge(self, other: HostTable, start: int = 0) -> NDArray[np.uint32]:
        """Add the addresses of another table, from its id `start` on.

        Returns:
            For each id of `other` from `start` on the id of that address here.
        """
        if len(self._free):
            return self._reuse(Hosts(other.version[start:], other.hi[start:], other.lo[start:]))
        ids = np.zeros(other.count - start, dtype=np.uint32)
        self.reserve(len(ids))
        _copy(self.arrays, other.arrays, start, ids, np.zeros(5, dtype=np.int64))
        return ids

    def take(self, other: HostTable, chosen: NDArray[np.uint32]) -> NDArray[np.uint32]:
        """Add some addresses of another table, by their ids there.

        Returns:
            For each of them its id here.
        """
        return self.add(Hosts(other.version[chosen], other.hi[chosen], other.lo[chosen]))

    def add(self, hosts: Hosts) -> NDArray[np.uint32]:
        """Add addresses.

        Returns:
            For each of them its id here.
        """
        count = len(hosts.version)
        if len(self._free):
            ids = (once := HostTable()).add(hosts)
            return self.merge(once)[ids]
        some = _empty(max(count, 1), self.arrays.seed)
        some.version[:count] = hosts.version
        some.hi.view(np.uint64)[:count] = hosts.hi
        some.lo.view(np.uint64)[:count] = hosts.lo
        ids = np.zeros(count, dtype=np.uint32)
        self.reserve(count)
        _copy(self.arrays, some, 0, ids, np.zeros(5, dtype=np.int64))
        return ids

    def _reuse(self, hosts: Hosts) -> NDArray[np.uint32]:
        """Add addresses, of which none is there twice, with ids of those that were forgotten; as `add`."""
        ids = _found(self.arrays, hosts)
        new = np.flatnonzero(ids < 0)
        again, self._free = self._free[: len(new)], self._free[len(new) :]
        self.reserve(len(new) - len(again))
        arrays, count = self.arrays, self.count
        ids[new] = numbers = np.concatenate((again, np.arange(count, count + len(new) - len(again)))).astype(np.int64)
        arrays.hi.view(np.uint64)[numbers], arrays.lo.view(np.uint64)[numbers] = hosts.hi[new], hosts.lo[new]
        arrays.version[numbers] = hosts.version[new]
        _place(arrays, numbers)
        arrays.given[0] = count + len(new) - len(again)
        return ids.astype(np.uint32)

    def known(self) -> Hosts:
        """The addresses of this moment, while another thread may add more."""
        arrays = self.arrays
        count = int(arrays.given[0])
        return Hosts(arrays.version[:count], arrays.hi.view(np.uint64)[:count], arrays.lo.view(np.uint64)[:count])


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


def _moved(old: HostArrays, capacity: int) -> HostArrays:
    """A table with the same addresses and ids, and room for `capacity`."""
    new, count = _empty(capacity, old.seed), int(old.given[0])
    new.given[0] = count
    new.version[:count] = old.version[:count]
    new.hi[: 2 * count] = old.hi[: 2 * count]
    new.lo[: 2 * count] = old.lo[: 2 * count]
    _place(new)
    return new


def _shrunk(old: HostArrays, count: int) -> HostArrays:
    """The same addresses with tables made anew, where ids from `count` on are free again; smaller where most are free."""
    capacity = len(old.version)
    while capacity >= 8 * max(count, FIRST_CAPACITY):
        capacity //= 2
    new = old._replace(given=np.array([count], np.int64))
    if capacity < len(old.version):
        return _moved(new, capacity)
    for slots in (new.slots4, new.slots6):
        np.copyto(slots, 0, where=slots != 0)  # what was never written takes no memory
    _place(new)
    return new


def _place(arrays: HostArrays, ids: NDArray[np.int64] | None = None) -> None:
    """Enter addresses that are in no table yet; all that there are, where it is not said which."""
    ids = np.flatnonzero(arrays.version[: int(arrays.given[0])]) if ids is None else ids
    for version, slots in ((4, arrays.slots4), (6, arrays.slots6)):
        some = ids[arrays.version[ids] == version]
        if len(some):
            homes, keys = _homes(arrays.seed, version, arrays.hi.view(np.uint64)[some], arrays.lo.view(np.uint64)[some])
            place(slots, homes & len(slots) - 1, keys << ID_BITS | some + 1)


def _homes(
    seed: NDArray[np.int64], version: int, high: NDArray[np.uint64], low: NDArray[np.uint64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The hash of each address, and the key under which it is entered."""
    # The same sums as in the kernels: NumPy, too, drops what does not fit 64 bits.
    if version == 4:
        address = low.view(np.int64)
        return (seed[0] + seed[1] * address & HASH_MASK) >> HASH_SHIFT, address
    words = [(part >> shift & np.uint64(0xFFFFFFFF)).view(np.int64) for part in (high, low) for shift in (np.uint64(32), np.uint64(0))]
    found = (seed[0] + sum(seed[1 + i] * word for i, word in enumerate(words)) & HASH_MASK) >> HASH_SHIFT
    return found, found


def _found(arrays: HostArrays, hosts: Hosts) -> NDArray[np.int64]:
    """The ids of addresses, -1 for those that have none: what the kernels do, for all of them together."""
    ids = np.full(len(hosts.version), -1, np.int64)
    for version, slots in ((4, arrays.slots4), (6, arrays.slots6)):
        left, mask = np.flatnonzero(hosts.version == version), len(slots) - 1
        high, low = hosts.hi[left], hosts.lo[left]
        homes, keys = _homes(arrays.seed, version, high, low)
        at, some = homes & mask, np.arange(len(left))
        for _ in range(mask + 1):
            if not len(some):
                break
            entry = slots[at]
            maybe = np.flatnonzero((entry != 0) & (entry >> ID_BITS == keys[some]))
            number, which = (entry[maybe] & ID_MASK) - 1, some[maybe]
            same = (arrays.hi.view(np.uint64)[number] == high[which]) & (arrays.lo.view(np.uint64)[number] == low[which])
            ids[left[which[same]]] = number[same]
            entry[maybe[same]] = 0  # it need not be looked for any more
            more = entry != 0
            some, at = some[more], (at[more] + 1) & mask
    return ids
