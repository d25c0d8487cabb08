"""What is looked at, and what several kinds of findings need of it: worked out once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Concatenate, ParamSpec, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.analysis.addresses import address
from netsleuth_tui.analysis.patterns import TIMED, Patterns, patterns
from netsleuth_tui.analysis.ranks import most_frequent
from netsleuth_tui.analysis.scope import EVERYTHING, Scope, rows_of
from netsleuth_tui.analysis.times import clock, digits_for
from netsleuth_tui.decode.columns import NO_TIME, Has
from netsleuth_tui.errors import NetSleuthError, RowsDroppedError
from netsleuth_tui.store.ordering import order

if TYPE_CHECKING:
    from netsleuth_tui.analysis.copies import Copies
    from netsleuth_tui.analysis.esp import Associations
    from netsleuth_tui.decode.columns import Columns
    from netsleuth_tui.decode.hosts import Hosts
    from netsleuth_tui.store import Rows, Store

__all__ = ["Seen", "Sorted"]

Ids = NDArray[np.uint32]
P = ParamSpec("P")
T = TypeVar("T")

DENSE = 1 << 22
"""Numbers below this are counted in a table."""
DENSER = 8
"""A table has not more places than so many for each number."""


class Sorted:
    """Rows by a key: those of each key are found without looking at all of them.

    Args:
        rows: Ascending row ids.
        keys: Of each, whole numbers.
    """

    def __init__(self, rows: Ids, keys: NDArray[np.integer]) -> None:
        self._order = order(keys)
        self._rows, self._keys = rows, keys[self._order]

    def rows(self, key: int) -> Ids:
        """Ascending row ids of those that have a key."""
        first, last = (np.searchsorted(self._keys, np.array(key, self._keys.dtype), side) for side in ("left", "right"))
        return self._rows[self._order[first:last]]


class Seen:
    """The packets and events of a scope, as they are when this is made.

    Args:
        store: What was loaded.
        scope: Filter and window.
        cancelled: Asked from time to time; True ends the work.

    Raises:
        FilterError: The filter is not valid.
    """

    def __init__(self, store: Store, scope: Scope = EVERYTHING, cancelled: Callable[[], bool] = lambda: False) -> None:
        self.store, self.scope, self.cancelled = store, scope, cancelled
        self._first_row = store.table.first
        self.rows: Rows = rows_of(store, scope)
        """The packets, as row ids; findings are about those that have a time."""
        self.columns: Columns = store.columns()
        self.hosts: Hosts = store.hosts.known()
        self._having: dict[int, Ids] = {}
        self._lock = threading.RLock()
        self._once: dict[object, object] = {}
        self._locks: dict[object, threading.RLock] = {}

    def check(self) -> None:
        """End the work if nobody wants the answer any more, or it would be wrong.

        Raises:
            NetSleuthError: Nobody wants it.
            RowsDroppedError: Some of the packets are there no longer; what is in their place has no meaning.
        """
        if self.store.table.first != self._first_row:
            raise RowsDroppedError
        if self.cancelled():
            raise NetSleuthError("the question was interrupted")

    def once(self, make: Callable[Concatenate[Seen, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """What several kinds need and `make` works out: the same for each of them."""
        key = (make, args, tuple(kwargs.items()))
        with self._lock:
            lock = self._locks.setdefault(key, threading.RLock())
        with lock:  # kinds are looked for on two threads: the second one waits for what the first one works out
            if key not in self._once:
                self.check()
                self._once[key] = make(self, *args, **kwargs)
            return cast("T", self._once[key])

    def having(self, bits: Has) -> Ids:
        """Ascending row ids of the scope's packets that have all of these bits, and a time."""
        key = int(bits)
        with self._lock:
            if key not in self._having:
                self.check()
                self._having[key] = self._chosen(key)
            return self._having[key]

    def _chosen(self, bits: int) -> Ids:
        rows, found = self.rows, self._patterns
        of = self.columns.row[rows.first : rows.last] if rows.ids is None else rows.ids[rows.first : rows.last]
        if found is not None:
            at = found.having(bits | TIMED)
            return of if at is None else of[at]
        part = slice(rows.first, rows.last) if rows.ids is None else of
        chosen = (self.columns.present[part] & np.uint64(bits) == np.uint64(bits)) & (self.columns.time[part] != NO_TIME)
        some: Ids = of[chosen]
        return some

    @cached_property
    def _patterns(self) -> Patterns | None:
        rows, columns = self.rows, self.columns
        return patterns(rows.ids, rows.first, rows.last, columns.present, columns.time, self.check)

    @property
    def ip(self) -> Ids:
        """Ascending row ids of the scope's packets that have IP addresses, and a time."""
        return self.once(Seen._ip)

    @property
    def copies(self) -> Copies:
        """All copies in the store, whatever the scope."""
        return self.once(Seen._copies)

    @property
    def associations(self) -> Associations:
        """The ESP security associations of the scope."""
        return self.once(Seen._associations)

    def _copies(self) -> Copies:
        from netsleuth_tui.analysis.copies import copies

        return copies(self.store, self.cancelled)

    def _associations(self) -> Associations:
        from netsleuth_tui.analysis.esp import associations

        return associations(self.store, self.rows, cancelled=self.cancelled)

    def _ip(self) -> Ids:
        v4, v6 = (self.having(bits | Has.ADDRESSES) for bits in (Has.IP, Has.IPV6))
        return np.sort(np.append(v4, v6)) if len(v4) and len(v6) else v4 if len(v4) else v6

    def among(self, ids: Ids) -> NDArray[np.bool_]:
        """Which of some ascending row ids are in the scope, and have a time."""
        rows = self.rows
        if rows.ids is None:
            inside = (ids >= rows.first) & (ids < rows.last)
        else:
            inside = np.isin(ids, rows.ids[rows.first : rows.last], assume_unique=True)
        chosen: NDArray[np.bool_] = inside & (self.columns.time[ids] != NO_TIME)
        return chosen

    @cached_property
    def in_order(self) -> bool:
        """Every packet has a time, and none an earlier one than the packet before it."""
        return self.store.table.in_order

    def places(self, ids: Ids, times: Sequence[int] | NDArray[np.int64]) -> NDArray[np.int64]:
        """How many of some ascending row ids have a time before each of some times; only for packets that are `in_order`."""
        rows = np.searchsorted(self.columns.time, np.asarray(times, np.int64)).astype(ids.dtype)
        return np.searchsorted(ids, rows).astype(np.int64)

    def number_between(self, ids: Ids, begin: int, end: int) -> int:
        """How many packets of some ascending row ids there are from `begin` to `end` (excluded), ns since the epoch."""
        if self.in_order:
            first, last = self.places(ids, (begin, end)).tolist()
            return max(int(last) - int(first), 0)
        times = self.columns.time[ids]
        return int(np.count_nonzero((times >= begin) & (times < end)))

    @cached_property
    def span(self) -> tuple[int, int] | None:
        """Begin and end (excluded) of the time that is looked at, ns since the epoch; None where no packet of the scope has a time."""
        if not len(self.all):
            return None
        if self.in_order:
            return int(self.columns.time[self.all[0]]), int(self.columns.time[self.all[-1]]) + 1
        times = self.columns.time[self.all]
        return int(times.min()), int(times.max()) + 1

    @property
    def all(self) -> Ids:
        """Row ids of the scope's packets that have a time."""
        return self.having(Has(0))

    def filter(self, text: str) -> str:
        """A finding's filter, narrowed to the scope's."""
        own = self.scope.filter.strip()
        if not own or not text:
            return own or text
        return f"({own}) && {text if '||' not in text else f'({text})'}"

    def clipped(self, begin: int, end: int) -> tuple[int, int]:
        """Begin and end (excluded) of a window that does not look beyond the scope's."""
        start, stop = self.scope.start, self.scope.end
        return (begin if start is None else max(begin, start), end if stop is None else min(end, stop))

    def address(self, host: int) -> str:
        """The address of a host id."""
        return address(self.hosts, host)

    def at(self, time: int) -> str:
        """'12:05:00', in a capture of a few seconds '12:05:00.132': a time of day, UTC, as titles have it."""
        return clock(time, self.digits)

    @cached_property
    def digits(self) -> int:
        """Digits of the second that titles tell."""
        return digits_for(self.store.span)

    def most(self, ids: NDArray[np.integer], *, of_hosts: bool = False) -> tuple[list[int], list[int]]:
        """Distinct values, those that occur most often first (equal ones by number, hosts by address), and how often."""
        if len(ids) and ids.dtype == np.uint32 and int(ids.max()) < min(DENSE, DENSER * len(ids)):  # host ids: counting beats sorting
            every = np.bincount(ids)
            values = np.flatnonzero(every)
            counts = every[values]
        else:
            values, counts = np.unique(ids, return_counts=True)
        ranks = most_frequent(counts, len(counts), self.hosts if of_hosts else None, values)
        return values[ranks].tolist(), counts[ranks].tolist()

    def busiest(self, ids: Ids) -> tuple[list[int], list[int]]:
        """As `most`, of host ids."""
        return self.most(ids, of_hosts=True)
