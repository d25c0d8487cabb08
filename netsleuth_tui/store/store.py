"""The store: everything that was loaded, and which rows a filter selects."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.decode.columns import NO_TIME, Has
from netsleuth_tui.decode.hosts import HostTable
from netsleuth_tui.store.clock import fits
from netsleuth_tui.store.event_kinds import EventKinds
from netsleuth_tui.store.event_values import EventValues
from netsleuth_tui.store.events import EventTable
from netsleuth_tui.store.kept import Kept
from netsleuth_tui.store.packets import PacketTable
from netsleuth_tui.store.processes import ProcessTable
from netsleuth_tui.store.rows import Rows
from netsleuth_tui.store.sources import overlapping

if TYPE_CHECKING:
    from sqlglot import exp

    from netsleuth_tui.decode.columns import Columns
    from netsleuth_tui.store.engine import Engine
    from netsleuth_tui.store.lookup import Lookup, PerRow
    from netsleuth_tui.store.sources import Source

__all__ = ["Clocks", "Predicate", "Store"]

Clocks = tuple[tuple[int, int], ...]
"""Source, and ns that are added to its times; by source."""

LATEST = (1 << 63) - 1
"""The last instant that a row can have, ns since the epoch."""

ADDRESSES = np.uint64(Has.ADDRESSES)
BLOCK = 1 << 18
"""Rows that are looked at together."""
ENGINE_MEMORY = 1 << 30
"""Bytes that one query may take beside the columns, unless the budget says less."""


class Predicate(Protocol):
    """A compiled filter: a boolean SQL tree over the packet columns, and what else it names."""

    @property
    def sql(self) -> exp.Expression:
        """The condition."""

    @property
    def lookups(self) -> Sequence[Lookup | PerRow]:
        """Further columns that it names."""

    @property
    def whole(self) -> bool:
        """Rows that are loaded later change what holds for the earlier ones."""


class Store:
    """Packet columns, addresses, events and sources in memory. One thread loads; any thread asks.

    Args:
        query_memory: Bytes that the engine may use for a query.
    """

    def __init__(self, query_memory: int = ENGINE_MEMORY) -> None:
        self.table = PacketTable()
        self.hosts = HostTable()
        self.events = EventTable()
        """Records of event logs: a table of its own, with row ids of its own."""
        self.event_values = EventValues(self.events)
        """Their values by field, for filters and panes."""
        self.event_kinds = EventKinds(self.events)
        """Their kinds, for what counts by id, provider, log and level."""
        self.processes = ProcessTable()
        """Which processes packets belong to, where a file says anything of it."""
        self.sources: tuple[Source, ...] = ()
        """Replaced as a whole whenever a source is added or changes."""
        self.places: Any = None
        """Where the hosts are: a `HostPlaces` of the room places, which stands a floor above; `places.host_places` gives it."""
        self.clocks: Clocks = ()
        """Offsets of sources that were set after loading; `set_clocks` changes them."""
        self._as_loaded: dict[int, int] = {}
        """Offsets that sources had before that."""
        self._first_part: dict[int, int] = {}
        """By source that goes on with a file that grew: that which begins it."""
        self._query_memory = query_memory
        self._matches = Kept()
        self._matched_with = 0
        self._lock = threading.Lock()
        self._event_matches = Kept()
        self._event_lock = threading.Lock()

    @property
    def packets(self) -> int:
        """Rows that can be asked for by now."""
        return self.table.rows

    @property
    def kept(self) -> int:
        """Packets that are there: all rows but those that were dropped."""
        return self.table.rows - self.table.first

    def forget(self, rows: int) -> None:
        """Drop the first `rows` rows to make room for later ones; the sources are to say so already. Ids of the others stay as they are."""
        with self._lock:
            columns, first = self.columns(), self.table.first
            dropped, kept = (_hosts_of(columns, begin, end, self.hosts.count) for begin, end in ((first, rows), (rows, len(columns.row))))
            self.table.forget(rows)
            self.processes.forget(rows)
            self.hosts.forget(dropped | kept, kept)

    def columns(self) -> Columns:
        """The visible rows, without a copy."""
        return self.table.view()

    @property
    def starts(self) -> tuple[int, ...]:
        """First row of every source, ascending."""
        return tuple(source.first_row for source in self.sources)

    @property
    def numbered_from(self) -> tuple[int, ...]:
        """For every source the row from which its frames are numbered: that of the first one, or earlier, where another source has it."""
        return tuple(source.first_row - source.before for source in self.sources)

    @property
    def span(self) -> tuple[int, int] | None:
        """Earliest and latest time stamp of all sources, ns since the epoch; None where nothing has a time."""
        sources = self.sources
        firsts = [source.first for source in sources if source.first is not None]
        lasts = [source.last for source in sources if source.last is not None]
        return (min(firsts), max(lasts)) if firsts and lasts else None

    @property
    def captures_overlap(self) -> bool:
        """True if packets of a file begin before those of files that were loaded before it have ended."""
        return overlapping(source for source in self.sources if source.packets)

    @property
    def logs_overlap(self) -> bool:
        """As `captures_overlap`, for events."""
        return overlapping(source for source in self.sources if source.events)

    def source_of(self, row: int) -> Source:
        """The file that row id `row` came from."""
        return self.sources[int(self.table.view().source[row])]

    @cached_property
    def engine(self) -> Engine:
        """The SQL engine, started when the first filter needs it."""
        from netsleuth_tui.store.engine import Engine

        return Engine(self._query_memory)

    def matching(self, text: str, compiled: Callable[[], Predicate | None]) -> NDArray[np.uint32]:
        """Ascending ids of the rows that satisfy a filter.

        Args:
            text: The filter's text, under which the answer is kept. Rows loaded since it was kept are looked at on their own.
            compiled: Makes the predicate, against the addresses known now; called where the text is new, or there are rows to look at.
        """
        with self._lock:
            if self._matched_with != self.processes.revision:  # what is known of packets that are there has changed
                self._matched_with = self.processes.revision
                self._matches.forget_whole()
            seen, ids = self._matches.get(text)
            columns = self.columns()
            rows = len(columns.row)
            predicate = compiled() if seen < rows or text not in self._matches else None
            if predicate is not None and predicate.whole:
                seen, ids = 0, ids[:0]
            first = self.table.first
            if len(ids) and ids[0] < first:
                ids = ids[np.searchsorted(ids, first) :].copy()
            if predicate is not None and seen < rows:
                unseen = columns.at(slice(max(seen, first), None))
                found = self.engine.row_ids(unseen, predicate.sql, predicate.lookups, self.numbered_from)
                ids = np.concatenate((ids, found)) if len(ids) else found
            return self._matches.keep(text, rows, ids, whole=predicate is not None and predicate.whole)

    def matching_events(self, text: str, tested: Callable[[int, int], NDArray[np.bool_]]) -> NDArray[np.uint32]:
        """Ascending ids of the event rows that satisfy a filter.

        Args:
            text: The filter's text, under which the answer is kept. Rows loaded since it was kept are looked at on their own.
            tested: Says of each row from the first to the last (excluded) whether it does.
        """
        with self._event_lock:
            seen, ids = self._event_matches.get(text)
            rows = self.events.rows
            if seen < rows:
                found = (np.flatnonzero(tested(seen, rows)) + seen).astype(np.uint32)
                ids = np.concatenate((ids, found)) if len(ids) else found
            return self._event_matches.keep(text, rows, ids)

    def set_clocks(self, clocks: Clocks) -> None:
        """See the times of sources through these offsets, and those of all others as they were loaded.

        Nothing may be loading meanwhile. Views that were taken before keep their times.

        Args:
            clocks: Source and ns that are added to its times, by source; offsets that keep all times in range (`Store.can_shift`). That
                of a file's first part is that of all of its parts.
        """
        if clocks == self.clocks:
            return
        wanted = dict(clocks)
        with self._lock, self._event_lock:
            sources = list(self.sources)
            for index, source in enumerate(sources):
                offset = wanted.get(self.first_part(index), self._as_loaded.get(index, source.shift))
                by = offset - source.shift
                if not by:
                    continue
                self._as_loaded.setdefault(index, source.shift)
                if source.packets:
                    self.table.move(index, by)
                if source.events:
                    self.events.move(index, by)
                first, last = (None if time is None else time + by for time in (source.first, source.last))
                sources[index] = replace(source, shift=offset, first=first, last=last)
            self.sources, self.clocks = tuple(sources), clocks
            self._matches.clear()
            self._event_matches.clear()

    def add_part(self, source: Source, of: int) -> int:
        """Let a source come behind all others that goes on with a file; its clock is that of the parts before.

        Args:
            source: The new one, with the offset that source `of` has.
            of: Number of a part of the same file.

        Returns:
            Its number.
        """
        number = len(self.sources)
        self._first_part[number] = self.first_part(of)
        self._as_loaded[number] = self._as_loaded.get(of, self.sources[of].shift)
        self.sources = (*self.sources, source)
        return number

    def first_part(self, source: int) -> int:
        """The source that has the first part of the same file: mostly itself."""
        return self._first_part.get(source, source)

    def can_shift(self, source: int, offset: int) -> bool:
        """Whether the times of a file can all be seen through an offset."""
        first = self.first_part(source)
        parts = (one for number, one in enumerate(self.sources) if self.first_part(number) == first)
        return all(fits(one.first, one.last, offset - one.shift) for one in parts)

    def texts_matching(self, texts: Sequence[str], expression: str) -> NDArray[np.bool_]:
        """Which texts match a regular expression, case ignored, in time that grows with their length alone.

        Raises:
            NetSleuthError: The engine does not take the expression, or was interrupted.
        """
        return self.engine.texts_matching(texts, expression)

    def events_within(self, ids: NDArray[np.uint32] | None, start: int | None, end: int | None) -> Rows:
        """As `within`, for events."""
        return _narrowed(self.events.view().time, ids, start, end, in_order=self.events.in_order)

    def within(self, ids: NDArray[np.uint32] | None, start: int | None, end: int | None) -> Rows:
        """Narrow row ids (None: all rows) to the time window `start` <= time < `end`, ns since the epoch; None is open.

        Frames without a time are outside every window that is closed on a side.
        """
        return _narrowed(self.columns().time, ids, start, end, in_order=self.table.in_order, dropped=self.table.first)


def _hosts_of(columns: Columns, first: int, last: int, count: int) -> NDArray[np.bool_]:
    """By id: whether any row from the first to the last (excluded) has the address."""
    found = np.zeros(count, np.bool_)
    for at in range(first, last, BLOCK):
        some = columns.at(slice(at, min(at + BLOCK, last)))
        there = some.present & ADDRESSES != 0
        found[some.src[there]] = True
        found[some.dst[there]] = True
    return found


def _narrowed(
    time: NDArray[np.int64], ids: NDArray[np.uint32] | None, start: int | None, end: int | None, *, in_order: bool, dropped: int = 0
) -> Rows:
    if dropped and ids is not None:
        ids = ids[np.searchsorted(ids, dropped) :]
    if end is not None and end > LATEST:  # the end of a window around the last instant there is
        start, end = NO_TIME + 1 if start is None else start, None
    if start is None and end is None:
        return Rows(min(dropped, len(time)), len(time)) if ids is None else Rows(0, len(ids), ids)
    if not in_order:
        inside = _inside(time[dropped:] if ids is None else time[ids], start, end)
        chosen = (np.flatnonzero(inside) + dropped).astype(np.uint32) if ids is None else ids[inside]
        return Rows(0, len(chosen), chosen)
    first = dropped if start is None else max(dropped, int(np.searchsorted(time, start)))
    last = max(first, len(time) if end is None else int(np.searchsorted(time, end)))
    if ids is None:
        return Rows(first, last)
    edges = np.searchsorted(ids, np.array([first, last], np.uint64).astype(np.uint32))
    return Rows(int(edges[0]), int(edges[1]), ids)


def _inside(time: NDArray[np.int64], start: int | None, end: int | None) -> NDArray[np.bool_]:
    inside = time >= (NO_TIME + 1 if start is None else start)
    if end is not None:
        inside &= time < end
    return inside
