"""Loading only events that a filter keeps: they are judged in a store of their own, a part of a file at a time, which is thrown away then.

So the others take no memory, nor do their texts.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from netsleuth_tui import query
from netsleuth_tui.decode.columns import NO_TIME
from netsleuth_tui.store.store import Store
from netsleuth_tui.wording import agree, several

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from netsleuth_tui.ingest.traces import TraceLoading
    from netsleuth_tui.ingest.window import LoadWindow
    from netsleuth_tui.readers import ChunkBlock, EventLog
    from netsleuth_tui.readers.damage import Damage
    from netsleuth_tui.readers.etl_records import Records

__all__ = ["EventKeeping"]

BLOCKS = 8
"""Blocks of a log, of 4 MiB, that are judged together at most."""
MOST_BYTES, SHARE = 256 << 20, 4
"""Their events take about so much memory at most, or a quarter of the budget: the budget is asked when they have been judged."""
TEXTS = ("provider", "channel", "computer", "user")
OWN = {"row", "source", "group", "slot", *TEXTS}
"""Columns that mean something else in another table."""


class EventKeeping:
    """Judges the events of one file.

    Args:
        store: Gets those that are kept.
        text: The filter.
        index: Of the source in the store.
    """

    def __init__(self, store: Store, text: str, index: int) -> None:
        self.store = store
        self.index = index
        self._text = text

    def judged_in(self) -> Store:
        """An empty store with the file as its only source."""
        found = Store()
        source = self.store.sources[self.index]
        found.sources = (replace(source, events=0, first_event=0, lost=0, recoverable=0, first=None, last=None),)
        found.events.offset = source.shift
        return found

    def take(self, found: Store) -> None:
        """Add the events of such a store that the filter keeps as the next rows."""
        values, search = found.event_values, found.texts_matching
        rows = found.matching_events(self._text, lambda first, last: query.filter_events(self._text, values, search, first, last))
        if len(rows):
            _copy(found, rows, self.store, self.index)
        _count(found, rows, self.store, self.index)

    def load(self, log: EventLog, *, recovered: bool, memory: int, window: LoadWindow) -> Generator[None]:
        """Load those events of a log that the filter keeps.

        Args:
            log: Its damage and notes grow.
            recovered: See `EventDecoding`.
            memory: Likewise.
            window: Likewise.

        Yields:
            Now and then.
        """
        from netsleuth_tui.ingest.events import FIRST_PIECES, PIECES, EventDecoding, Tally, load_log

        tally = Tally()
        blocks = log.blocks(PIECES, FIRST_PIECES)
        part = None
        try:
            while part is None or not part.ended:
                found = self.judged_in()
                part = _Part(log, blocks, found, min(memory // SHARE, MOST_BYTES))
                decoding = EventDecoding(found, recovered, memory, window)
                try:
                    with closing(load_log(decoding, part, 0, tally)) as loading:
                        yield from loading
                finally:
                    decoding.close()
                    decoding.decoders.clear()  # which know it: so its memory is free at once, not when cycles are looked for
                    self.take(found)
                yield
        finally:
            tally.say(log, window)

    def take_traced(self, loading: TraceLoading, records: Records, new: NDArray[np.bool_] | None = None) -> None:
        """Add those records of a trace that the filter keeps; `loading` gets another store each time, where the source is number 0.

        Args:
            loading: Decodes them.
            records: The events.
            new: See `TraceLoading.take`.
        """
        loading.store = found = self.judged_in()
        loading.take(records, new)
        self.take(found)

    def note(self) -> tuple[str, ...]:
        """How many of the file were loaded, in whatever parts, where there were any."""
        store, first = self.store, self.store.first_part(self.index)
        parts = [source for k, source in enumerate(store.sources) if store.first_part(k) == first]
        kept, total = (sum(numbers) for numbers in zip(*((part.events, part.judged) for part in parts), strict=True))
        if not total:
            return ()
        note = f"{kept} of {several(total, 'event')} {agree(kept, 'was', 'were')} loaded, those that {self._text} keeps"
        of_events = any(query.event_field(name) is not None for name in query.names_in(self._text))
        return (note if kept or of_events else f"{note}; it speaks of packets alone: || EventID would keep all events",)


def _copy(found: Store, rows: NDArray[np.uint32], store: Store, index: int) -> None:
    events, view = store.events, found.events.view()
    first, last = events.rows, events.rows + len(rows)
    columns = events.reserve(last)
    here = slice(first, last)
    for name in view._fields:
        if name not in OWN:
            getattr(columns, name)[here] = getattr(view, name)[rows]
    columns.row[here] = np.arange(first, last)
    columns.source[here] = index
    groups, place = np.unique(view.group[rows], return_inverse=True)
    names = [found.events.names(group) for group in groups.tolist()]
    columns.group[here] = np.array([events.group(fields) for fields in names])[place]
    width = np.array([len(fields) for fields in names], np.int64)[place]
    begin = np.cumsum(width) - width
    columns.slot[here] = events.cells + begin
    count = int(width.sum())
    cells = found.events.reserve_cells(0)[np.repeat(view.slot[rows].astype(np.int64) - begin, width) + np.arange(count)]
    parts = [cells, *(getattr(view, name)[rows] for name in TEXTS)]
    used, place = np.unique(np.concatenate(parts), return_inverse=True)
    texts = found.events.texts.many(used)
    codes = events.texts.add(None if code == 0 else text for code, text in zip(used.tolist(), texts, strict=True))[place]
    end = events.cells + count
    events.reserve_cells(end)[events.cells : end] = codes[:count]
    for name, part in zip(TEXTS, np.split(codes[count:], len(TEXTS)), strict=True):
        getattr(columns, name)[here] = part
    shift, events.offset = events.offset, 0  # their times have been put right
    events.commit(last, end)
    events.offset = shift


def _count(found: Store, rows: NDArray[np.uint32], store: Store, index: int) -> None:
    source, other = store.sources[index], found.sources[0]
    offsets, times = found.events.view().offset, found.events.view().time[rows]
    times = times[times != NO_TIME]
    firsts = [t for t in (source.first, int(times.min()) if len(times) else None) if t is not None]
    lasts = [t for t in (source.last, int(times.max()) if len(times) else None) if t is not None]
    source = replace(
        source,
        events=source.events + len(rows),
        judged=source.judged + len(offsets),
        judged_to=max(source.judged_to, int(offsets.max(initial=0)) if len(offsets) else -1),
        lost=source.lost + other.lost,
        recoverable=source.recoverable + other.recoverable,
        first=min(firsts, default=None),
        last=max(lasts, default=None),
    )
    store.sources = (*store.sources[:index], source)


class _Part:
    """Some blocks of a log, as `load_log` reads one: until their events take more than `most` bytes in the store `found`."""

    def __init__(self, log: EventLog, blocks: Iterator[ChunkBlock], found: Store, most: int) -> None:
        self._log = log
        self._blocks = blocks
        self._found = found
        self._most = most
        self.size = log.size
        self.damage: list[Damage] = log.damage
        self.ended = False
        """Whether there are no more blocks."""

    @property
    def position(self) -> int:
        """How far the log is."""
        return self._log.position

    @property
    def checks(self) -> bool:
        """Whether its chunks have checksums."""
        return self._log.checks

    def blocks(self, _: int, __: int) -> Iterator[ChunkBlock]:
        """Those that come next."""
        for _ in range(BLOCKS):
            block = next(self._blocks, None)
            if block is None:
                self.ended = True
                return
            yield block
            if self._found.events.bytes > self._most:
                return
