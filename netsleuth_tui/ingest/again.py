"""Reading on in files that grow: what was added since they were loaded, and files that have joined them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from netsleuth_tui.errors import NetSleuthError
from netsleuth_tui.ingest.counted import as_error
from netsleuth_tui.ingest.load import Loader
from netsleuth_tui.ingest.series import expand
from netsleuth_tui.ingest.table_layout import layout_of_table
from netsleuth_tui.ingest.window import Taken
from netsleuth_tui.readers import EventLog, EventTrace, TextTable
from netsleuth_tui.store import Source, Stamp
from netsleuth_tui.wording import several, spoken

if TYPE_CHECKING:
    from netsleuth_tui.ingest.progress import Progress
    from netsleuth_tui.readers import CaptureReader

__all__ = ["Again"]

_UNORDERED = {"etl", "netmon"}
"""Formats whose records are read in the order of time, or of a table, and not in that of their bytes."""

_BODY = 104
"""Where TRACE_LOGFILE_HEADER begins in a trace."""
_SETTLED = (slice(_BODY, _BODY + 16), slice(_BODY + 24, _BODY + 36), slice(_BODY + 40, _BODY + 48), slice(_BODY + 52, _BODY + 276))
"""What stands in it from the beginning: all but the time of its end, how many buffers there are, and what was lost."""


class Again(Loader):
    """Loads, into a store that has these files already, only what is new.

    Rows that are there keep their ids. A file that grew is framed anew from its beginning, which finds interfaces and damage as ever, but
    only frames behind the last one that is there are decoded.
    """

    def load(self, paths: Sequence[str]) -> Progress:
        """Load what is new of files, patterns and folders; otherwise as for the first time."""
        self.problems += [f"{spoken(source.name)}: {damage}" for source in self.store.sources for damage in source.damage]
        there = {name for name, _ in expand(paths)}
        for name in dict.fromkeys(source.name for source in self.store.sources if source.name not in there):
            self._miss(name, None, Stamp.of(name))  # of a folder or a pattern
        return super().load(paths)

    def _load_file(self, name: str, *, named: bool) -> None:
        self._drain()  # what is asked below is what is there
        index = next((k for k, source in reversed([*enumerate(self.store.sources)]) if source.name == name), None)
        if index is None:
            super()._load_file(name, named=named)
            return
        source = self.store.sources[index]
        if name == "-":
            self._tell(f"{spoken(name)} cannot be read again")
            return
        now = Stamp.of(name)
        if source.stamp is None or now is None:
            self._miss(name, source.stamp, now)
            return
        if now == source.stamp and (source.complete or source.dropped):  # all of a file has been read before packets of it are dropped
            return
        if not source.stamp.still_holds(name) and not (source.format == "etl" and _is_same_trace(source.stamp, now)):
            self._miss(name, source.stamp, now)
            return
        try:
            self._read_on(name, index)
        except (NetSleuthError, OSError) as error:
            self._fail([as_error(name, error)])

    def _read_on(self, name: str, index: int) -> None:
        """Load what was added to the file that source `index` is the last part of."""
        source = self.store.sources[index]
        reader = self._open(name)
        try:
            if reader.format != source.format:
                self._fail([NetSleuthError(f"what was added makes it a file of another kind ({reader.format}): open it again", where=name)])
                return
            layout = layout_of_table(reader, self.columns) if isinstance(reader, TextTable) else None
            whole = self.window
            self.problems[:] = [problem for problem in self.problems if not problem.startswith(f"{name}: ")]  # which are found again
            parts = self._parts(index)
            if reader.format in _UNORDERED and not source.complete and not source.dropped:
                self.window = replace(whole, taken=self._taken(parts))
            else:
                last = max(self._last_offset(k, reader) for k in parts)
                self.window = replace(whole, after=last, events_after=max(self._last_event(k) for k in parts))
            if index != len(self.store.sources) - 1:
                index = self._go_on_as_another(parts)
            try:
                self._fill(reader, index, layout)
            except (NetSleuthError, OSError) as error:
                self._break_off(name, error)
            finally:
                self.window = whole
        finally:
            self._bytes_done += reader.position
            reader.close()

    def _parts(self, index: int) -> list[int]:
        """Source `index` and those that have the parts of its file before it."""
        first = self.store.first_part(index)
        return [k for k in range(index, first - 1, -1) if self.store.first_part(k) == first]

    def _go_on_as_another(self, parts: Sequence[int]) -> int:
        """Let a source come behind all others for what was added to a file; what is said of the whole file is said there."""
        store = self.store
        sources, last = list(store.sources), store.sources[parts[0]]
        stamp = Stamp.of(last.name)
        for k in parts:
            sources[k] = replace(
                sources[k], damage=(), notes=(), drops=0, lost=0, recoverable=0, complete=not sources[k].dropped, stamp=stamp
            )
        store.sources = tuple(sources)
        more = Source(
            last.name, last.format, last.compression, last.size, store.packets, last.before + last.packets, store.events.rows,
            shift=last.shift,
        )  # fmt: skip
        return store.add_part(more, parts[0])

    def _taken(self, parts: Sequence[int]) -> Taken:
        """What the parts of a file have that was read in part. A filter at loading is asked again of all events but those that it kept."""
        store = self.store
        sources = list(store.sources)
        packets, events = store.columns().offset, store.events.view().offset
        of_packets = [packets[one.first_row : one.first_row + one.packets] for one in map(sources.__getitem__, parts)]
        of_events = [events[one.first_event : one.first_event + one.events] for one in map(sources.__getitem__, parts)]
        for k in parts:
            sources[k] = replace(sources[k], judged=min(sources[k].judged, sources[k].events))
        store.sources = tuple(sources)
        return Taken(*(np.sort(np.concatenate(offsets).astype(np.int64)) for offsets in (of_packets, of_events)))

    def _last_offset(self, index: int, reader: CaptureReader | EventLog | TextTable) -> int:
        """Where in the file the last record begins that source `index` has, or had before it was dropped; -1 if it never had one."""
        source = self.store.sources[index]
        packets = self.store.columns().offset[source.first_row : source.first_row + source.packets]
        event = self._last_event(index) if isinstance(reader, EventLog | EventTrace) else -1  # not those among frames
        return max(source.dropped_to, event, int(packets.max()) if len(packets) else -1)

    def _last_event(self, index: int) -> int:
        """Where in the file the last event begins that source `index` has, or that a filter at loading was asked about."""
        source = self.store.sources[index]
        offsets = self.store.events.view().offset[source.first_event : source.first_event + source.events]
        return max(source.judged_to, int(offsets.max()) if len(offsets) else -1)

    def _miss(self, name: str, before: Stamp | None, now: Stamp | None) -> None:
        """A file that was loaded is not there as it was: what somebody wants to have read of it is missing."""
        self._fail([NetSleuthError(f"{_what_happened(before, now)}; what was loaded of it stays", where=name)])

    def _tell(self, problem: str) -> None:
        self.problems.append(problem)


def _is_same_trace(before: Stamp, now: Stamp) -> bool:
    """Whether a trace has at most grown: when one is ended, its end and its losses are written into its first bytes."""
    same_file = (now.device, now.inode) == (before.device, before.inode) and now.size >= before.size
    return same_file and all(before.head[part] == now.head[part] for part in _SETTLED)


def _what_happened(before: Stamp | None, now: Stamp | None) -> str:
    """Why a file cannot be read on in; `before` is None where it was gone when it had been read."""
    if now is None:
        return "the file is gone"
    if before is None or (now.device, now.inode) != (before.device, before.inode):
        return "the file was replaced by another one"
    if now.size < before.size:
        missing = before.size - now.size
        return f"the file became {several(missing, 'byte')} shorter"
    return "the file was written anew"
