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
from netsleuth_tui.decode.sockets import MOST_SOCKETS
from netsleuth_tui.ingest.window import ALL, LoadWindow
from netsleuth_tui.meanings.drop_reasons import drop_reasons
from netsleuth_tui.meanings.providers import provider_name
from netsleuth_tui.store.clock import put_right
from netsleuth_tui.wording import agree, several

if TYPE_CHECKING:
    from netsleuth_tui.readers import EventTrace
    from netsleuth_tui.readers.etl_records import Records
    from netsleuth_tui.store import Store
    from netsleuth_tui.store.texts import Texts

__all__ = ["TraceLoading"]

_NAMED = 5
"""Providers that are named where a trace has no packets."""

_CODES_KEPT = 1 << 16
"""Texts whose codes are known without asking for them, about."""

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
        self._coded: tuple[Texts, dict[str | None, int]] = store.events.texts, {None: 0}
        self._providers: Counter[str] = Counter()
        self._processes, self._file = store.processes, store.first_part(len(store.sources) - 1)
        """Where sockets are told, which is not replaced, and of which file."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What to say of a trace without packets, and of one with too many sockets."""
        beyond = self._decoder.sockets.beyond
        kept = f"{several(beyond, 'socket')} {agree(beyond, 'was', 'were')} not kept: only {MOST_SOCKETS} are"
        many = f"{kept}, and whose packets are from the first of these on does not follow from sockets"
        return (*self._about_packets, *((many,) if beyond else ()))

    @property
    def _about_packets(self) -> tuple[str, ...]:
        if self._trace is None or self._trace.packets:
            return ()
        if not self._providers:
            return ("there are no packets in the trace, and no events",)
        named = [f"{name} ({count})" for name, count in self._providers.most_common(_NAMED)]
        others = len(self._providers) - len(named)
        if others:
            named.append(several(others, "other"))
        return (f"there are no packets in the trace; its events are from {', '.join(named)}",)

    def take(self, records: Records, new: NDArray[np.bool_] | None = None) -> None:
        """Add events as the next rows.

        Args:
            records: The events.
            new: Which of them may be added, where these are not all: the others only say what these are about.
        """
        if not records.rows:
            return
        guids, place = _guids(records)
        of_the_time = self._of_the_time(records)
        wanted = of_the_time & (self._window.is_new(records.offset, events=True) if new is None else new)
        chosen = np.flatnonzero(wanted)
        events = self.store.events
        first, last = events.rows, events.rows + len(chosen)
        columns = events.reserve(last)
        rows = slice(first, last)
        columns.row[rows] = np.arange(first, last)
        columns.source[rows] = self._index
        for name in _COLUMNS:
            getattr(columns, name)[rows] = getattr(records, name)[chosen]
        counts = np.bincount(place[chosen], minlength=len(guids)).tolist()
        codes = events.texts.add(provider_name(guid) if count else None for guid, count in zip(guids, counts, strict=True))
        columns.provider[rows] = codes[place[chosen]]
        of_the_trace = np.bincount(place[of_the_time], minlength=len(guids)).tolist()  # with those that were loaded before
        for guid, count in zip(guids, of_the_trace, strict=True):
            if count:
                self._providers[provider_name(guid)] += count
        columns.group[rows] = 0
        columns.slot[rows] = events.cells
        cells = self._decode(records, guids, place, wanted)
        if len(chosen):
            events.commit(last, cells)
            self._show(len(chosen))

    def _of_the_time(self, records: Records) -> NDArray[np.bool_]:
        """Which are in the part of the time that is loaded."""
        times = records.time.copy()
        put_right(times, self.store.sources[self._index].shift)
        return self._window.inside(times)

    def _decode(self, records: Records, guids: list[UUID], place: NDArray[np.intp], wanted: NDArray[np.bool_]) -> int:
        """Write the data of events that are known and wanted; returns the cells in use then."""
        events, decoder = self.store.events, self._decoder
        first, cells = events.rows, events.cells
        columns = events.reserve(first + int(wanted.sum()))
        slots = first + np.cumsum(wanted) - 1
        texts: list[str | None] = []
        groups, begins = list[int](), list[int]()
        changes = decoder.sockets.changes
        rows = np.flatnonzero(self._known(records, guids, place, wanted))
        providers, octets = [str(guid) for guid in guids], records.data.data
        for from_, event_id, begin, length, pointer, time, is_wanted in zip(
            *(column[rows].tolist() for column in (place, records.event_id, records.begin, records.length, records.pointer, records.time)),
            wanted[rows].tolist(), strict=True,
        ):  # fmt: skip
            names, values = decoder.decode(providers[from_], event_id, octets[begin : begin + length].tobytes(), pointer, time)
            if is_wanted:
                groups.append(events.group(names))
                begins.append(cells + len(texts))
                texts += values
        decoded = slots[rows[wanted[rows]]]
        columns.group[decoded], columns.slot[decoded] = groups, begins
        if changes != decoder.sockets.changes:
            self._processes.tell(self._file, "events", decoder.sockets.found, decoder.sockets.missed)
        if texts:
            events.reserve_cells(cells + len(texts))[cells : cells + len(texts)] = self._codes(texts)
        return cells + len(texts)

    def _codes(self, texts: list[str | None]) -> NDArray[np.int64]:
        """Codes of texts in the event table, many of which come again and again."""
        table = self.store.events.texts
        if self._coded[0] is not table or len(self._coded[1]) > _CODES_KEPT:
            self._coded = table, {None: 0}
        codes = self._coded[1]
        new = [text for text in dict.fromkeys(texts) if text not in codes]
        codes.update(zip(new, table.add(new).tolist(), strict=True))
        return np.array([codes[text] for text in texts], np.int64)

    def _known(self, records: Records, guids: list[UUID], place: NDArray[np.intp], wanted: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Which events are to be decoded."""
        kinds = place.astype(np.int64) << 16 | records.event_id
        distinct, where = np.unique(kinds, return_inverse=True)
        about = [(str(guids[kind >> 16]), kind & 0xFFFF) for kind in distinct.tolist()]
        known = np.array([self._decoder.knows(*kind) for kind in about], np.bool_)[where]
        teaches = np.array([self._decoder.teaches(*kind) for kind in about], np.bool_)[where]
        found: NDArray[np.bool_] = (known & wanted) | teaches
        return found

    def _show(self, rows: int) -> None:
        """Count the last rows in their source."""
        store, index = self.store, self._index
        source = store.sources[index]
        times = store.events.view().time[-rows:]
        times = times[times != NO_TIME]
        firsts = [t for t in (source.first, int(times.min()) if len(times) else None) if t is not None]
        lasts = [t for t in (source.last, int(times.max()) if len(times) else None) if t is not None]
        source = replace(source, events=source.events + rows, first=min(firsts, default=None), last=max(lasts, default=None))
        store.sources = (*store.sources[:index], source)


def _guids(records: Records) -> tuple[list[UUID], NDArray[np.intp]]:
    """The distinct providers, and which of them each record is from."""
    low, at_low = np.unique(records.low, return_inverse=True)
    high, at_high = np.unique(records.high, return_inverse=True)
    pairs, place = np.unique(at_low.astype(np.int64) * len(high) + at_high, return_inverse=True)
    halves = np.stack((low[pairs // len(high)], high[pairs % len(high)]), axis=1).astype("<u8")
    return [UUID(bytes_le=half.tobytes()) for half in halves], place
