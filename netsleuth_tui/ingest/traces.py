"""Event traces into the store: what is in them besides packets."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.decode.columns import NO_TIME
from netsleuth_tui.decode.etw import EventDecoder
from netsleuth_tui.ingest.window import ALL, LoadWindow
from netsleuth_tui.meanings.drop_reasons import drop_reasons
from netsleuth_tui.meanings.providers import provider_name
from netsleuth_tui.store.clock import put_right

if TYPE_CHECKING:
    from netsleuth_tui.readers import EventTrace
    from netsleuth_tui.readers.etl_records import Records
    from netsleuth_tui.store import Store

__all__ = ["TraceLoading"]

_NAMED = 5
"""Providers that are named where a trace has no packets."""

_COLUMNS = ("time", "offset", "event_id", "version", "level", "task", "opcode", "keywords", "process_id", "thread_id")


class TraceLoading:
    """Takes the events of one trace into a store.

    Args:
        store: Whose event table grows.
        trace: Whose records they are; None for those among the frames of a capture.
        index: Of its source in the store.
        window: Which events are loaded.
    """

    def __init__(self, store: Store, trace: EventTrace | None, index: int, window: LoadWindow = ALL) -> None:
        self._window = window
        self.store = store
        """Where events go; may be replaced between two parts of the trace."""
        self._trace = trace
        self._index = index
        self._decoder = EventDecoder(trace.components if trace is not None else {}, drop_reasons())
        self._providers: Counter[str] = Counter()

    @property
    def notes(self) -> tuple[str, ...]:
        """What to say of a trace without packets."""
        if self._trace is None or self._trace.packets:
            return ()
        if not self._providers:
            return ("there are no packets in the trace, and no events",)
        named = [f"{name} ({count})" for name, count in self._providers.most_common(_NAMED)]
        others = len(self._providers) - len(named)
        if others:
            named.append(f"{others} others")
        return (f"there are no packets in the trace; its events are from {', '.join(named)}",)

    def take(self, records: Records) -> None:
        """Add events as the next rows."""
        records = self._chosen(records)
        if not records.rows:
            return
        events = self.store.events
        first, last = events.rows, events.rows + records.rows
        columns = events.reserve(last)
        rows = slice(first, last)
        columns.row[rows] = np.arange(first, last)
        columns.source[rows] = self._index
        for name in _COLUMNS:
            getattr(columns, name)[rows] = getattr(records, name)
        guids, place = _guids(records)
        codes = events.texts.add(provider_name(guid) for guid in guids)
        columns.provider[rows] = codes[place]
        for guid, count in zip(guids, np.bincount(place, minlength=len(guids)).tolist(), strict=True):
            self._providers[provider_name(guid)] += count
        columns.group[rows] = 0
        columns.slot[rows] = events.cells
        cells = self._decode(records, guids, place, first)
        events.commit(last, cells)
        self._show(records)

    def _chosen(self, records: Records) -> Records:
        """Those that are to be loaded."""
        if not self._window.is_timed and (self._window.after < 0 or self._trace is None):
            return records
        times = records.time.copy()
        put_right(times, self.store.sources[self._index].shift)
        offset = records.offset if self._trace is not None else None  # among frames those that count were chosen before
        return records.at_rows(np.flatnonzero(self._window.inside(times, offset)))

    def _decode(self, records: Records, guids: list[UUID], place: NDArray[np.intp], first: int) -> int:
        """Write the data of events that are known; returns the cells in use then."""
        events, decoder = self.store.events, self._decoder
        columns = events.reserve(first + records.rows)
        cells = events.cells
        texts: list[str | None] = []
        for row in np.flatnonzero(self._known(records, guids, place)).tolist():
            begin = int(records.begin[row])
            data = records.data[begin : begin + int(records.length[row])].tobytes()
            names, values = decoder.decode(str(guids[place[row]]), int(records.event_id[row]), data, int(records.pointer[row]))
            columns.group[first + row] = events.group(names)
            columns.slot[first + row] = cells + len(texts)
            texts += values
        if texts:
            events.reserve_cells(cells + len(texts))[cells : cells + len(texts)] = events.texts.add(texts)
        return cells + len(texts)

    def _known(self, records: Records, guids: list[UUID], place: NDArray[np.intp]) -> NDArray[np.bool_]:
        """Which events can be decoded."""
        kinds = place.astype(np.int64) << 16 | records.event_id
        distinct, where = np.unique(kinds, return_inverse=True)
        known = [self._decoder.knows(str(guids[kind >> 16]), kind & 0xFFFF) for kind in distinct.tolist()]
        found: NDArray[np.bool_] = np.array(known, np.bool_)[where]
        return found

    def _show(self, records: Records) -> None:
        """Count them in their source."""
        store, index = self.store, self._index
        source = store.sources[index]
        times = store.events.view().time[-records.rows :]
        times = times[times != NO_TIME]
        firsts = [t for t in (source.first, int(times.min()) if len(times) else None) if t is not None]
        lasts = [t for t in (source.last, int(times.max()) if len(times) else None) if t is not None]
        source = replace(source, events=source.events + records.rows, first=min(firsts, default=None), last=max(lasts, default=None))
        store.sources = (*store.sources[:index], source)


def _guids(records: Records) -> tuple[list[UUID], NDArray[np.intp]]:
    """The distinct providers, and which of them each record is from."""
    low, at_low = np.unique(records.low, return_inverse=True)
    high, at_high = np.unique(records.high, return_inverse=True)
    pairs, place = np.unique(at_low.astype(np.int64) * len(high) + at_high, return_inverse=True)
    halves = np.stack((low[pairs // len(high)], high[pairs % len(high)]), axis=1).astype("<u8")
    return [UUID(bytes_le=half.tobytes()) for half in halves], place
