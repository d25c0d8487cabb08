"""Loading: a reader's batches through the decode kernels into the store, file after file."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from netsleuth_tui import jit, wording
from netsleuth_tui.errors import NetSleuthError
from netsleuth_tui.ingest.budget import MOST_ROWS, is_full, rows_beside, rows_within
from netsleuth_tui.ingest.counted import NO_MEMORY, as_error, break_off, count_in, expected, left_out, size_of, with_shift
from netsleuth_tui.ingest.decoding import THREADS, THREADS_BESIDE_OTHERS, Decoding, parts_of
from netsleuth_tui.ingest.event_keeping import EventKeeping
from netsleuth_tui.ingest.keeping import keep
from netsleuth_tui.ingest.making_room import make_room
from netsleuth_tui.ingest.matching import BLOCK, FRAMES, Matched, Matching
from netsleuth_tui.ingest.net_events import NetEvents
from netsleuth_tui.ingest.progress import Phase, Progress
from netsleuth_tui.ingest.series import expand, series_of
from netsleuth_tui.ingest.shifts import Shift, idle, shift_of
from netsleuth_tui.ingest.slowness import is_worth_waiting, start_for, start_for_files, why_slow
from netsleuth_tui.ingest.table_layout import layout_of_table
from netsleuth_tui.ingest.window import ALL
from netsleuth_tui.readers import EventLog, EventTrace, TextTable, open_file
from netsleuth_tui.store import Source, Stamp
from netsleuth_tui.store.clock import put_right

if TYPE_CHECKING:
    from netsleuth_tui.ingest.events import EventDecoding
    from netsleuth_tui.ingest.table_layout import Layout
    from netsleuth_tui.readers import CaptureReader
    from netsleuth_tui.readers.frames import FrameBatch
    from netsleuth_tui.store import Store

__all__ = ["Loader"]

WORTH_COMPILING_ROWS = 1 << 15
"""Packets after which small input turns out not to be: it was compressed."""

REPORT_EVERY, MOMENT = 0.1, 0.05
"""Seconds between progress reports, and between two looks whether somebody cancels."""
MOST_SOURCES = 1 << 16


class Loader:
    """Loads files into a store, on the calling thread.

    Args:
        store: Where packets go.
        memory: Budget in bytes; loading stops before the packet columns exceed it.
        cancel: Set by another thread to stop; what was loaded stays.
        report: Called with the progress, about ten times a second and at the end.
        recovered: Whether event records that a log does not count as its own any more are loaded too.
    """

    def __init__(
        self, store: Store, *, memory: int, cancel: threading.Event, report: Callable[[Progress], None], recovered: bool = False
    ) -> None:
        self.store = store
        self.memory = memory
        self.recovered = recovered
        self.most_rows = rows_within(memory)
        self.cancel = cancel
        self.report = report
        self._decoding = Decoding(store)
        self._events: EventDecoding | None = None
        self._net_events = NetEvents(store)
        self.problems: list[str] = []
        self.drops_oldest = False
        """Whether the oldest packets of a live capture make room where it exceeds the budget."""
        self.failures: list[NetSleuthError] = []
        """Files that could not be opened."""
        self.keeping: Matching | None = None
        """Where only packets that a filter keeps are loaded: what asks it, and its text."""
        self.kept_by = ""
        self.window = ALL
        """What is loaded of the time."""
        self.columns: Sequence[tuple[str, str]] = ()
        """What the columns of tables are, where the user says so."""
        self.shifts: Sequence[Shift] = ()
        """What is added to the times of files whose clock was off."""
        self._phase: Phase = "loading"
        self._started, self._reported = time.monotonic(), 0.0
        self._slow, self._given = "", dict[str, int]()
        self._files: list[tuple[str, bool]] = []
        self._skipped: list[tuple[str, NetSleuthError]] = []
        self._done = self._bytes_done = self._bytes_total = self._position = 0

    def load(self, paths: Sequence[str]) -> Progress:
        """Load files, patterns and folders; see `expand`.

        Returns:
            The last progress: its phase says how loading ended, its problems what could not be read.
        """
        self._files = expand(paths, self._given)
        self._fail([NetSleuthError("--shift names no file that is read", where=name) for name in idle(self.shifts, self._files)])
        if not self._files:
            self._fail([NetSleuthError("there is no file in it", where=", ".join(paths))])
        sizes = [size_of(name) for name, _ in self._files]
        self.store.table.lasts |= self.drops_oldest and None in sizes
        self._bytes_total = 0 if None in sizes else sum(size or 0 for size in sizes)
        start_for_files(self._bytes_total, [name for name, _ in self._files])
        try:
            for name, named in self._files:
                if self._phase != "loading":
                    break
                self._load_file(name, named=named)
                self._done += 1
            self._drain()
        finally:
            self._decoding.close()
            if self._events is not None:
                self._events.close()
        self._count_broken()
        if self._phase == "loading":
            self._phase = "done"
        return self._report(self._files[-1][0] if self._files else "", 0)

    def _fail(self, errors: Sequence[NetSleuthError]) -> None:
        self.failures += errors
        self.problems += map(str, errors)

    def _load_file(self, name: str, *, named: bool) -> None:
        try:
            reader = self._open(name)
            layout = layout_of_table(reader, self.columns) if isinstance(reader, TextTable) else None
        except NetSleuthError as error:
            if named or not os.path.lexists(name):  # it was there a moment ago
                self._fail([error])
            else:
                self._skipped.append((name, error))
                self.problems.append(f"{error}; skipped")
            return
        try:
            if len(self.store.sources) < MOST_SOURCES:
                self._read(reader, layout)
            else:
                self.problems.append(f"{name}: not read: it is one of more than {MOST_SOURCES} files")
        except (NetSleuthError, OSError) as error:  # the others are loaded all the same
            self._break_off(name, error)
        finally:
            self._bytes_done += reader.position
            reader.close()

    def _break_off(self, name: str, error: NetSleuthError | OSError) -> None:
        """A file failed in the middle: what was read of it stays."""
        index, failure = len(self.store.sources) - 1, as_error(name, error)
        self._fail([failure])
        if index >= 0 and self.store.sources[index].name == name:
            self._drain()
            break_off(self.store, index, failure)

    def _count_broken(self) -> None:
        """A file of a folder that is no capture need not be one; among the pieces of a series it is a broken one."""
        loaded = {series_of(source.name) for source in self.store.sources if source.name != "-"}
        self.failures += [error for name, error in self._skipped if series_of(name) in loaded]

    def _open(self, name: str) -> CaptureReader | EventLog | TextTable:
        """Open a file; a filter at loading wants larger blocks.

        Raises:
            NetSleuthError: It cannot be read.
        """
        waiting = partial(self._wait, name)
        return open_file(name, waiting=waiting) if self.keeping is None else open_file(name, block=BLOCK, frames=FRAMES, waiting=waiting)

    def _read(self, reader: CaptureReader | EventLog | TextTable, layout: Layout | None) -> None:
        """Load a file, as the source that comes next."""
        store = self.store
        made_of, shift = (reader.name, reader.format, reader.compression, reader.size), shift_of(reader.name, self.shifts)
        source = Source(*made_of, first_row=self._decoding.rows, first_event=store.events.rows, shift=shift)
        store.sources = (*store.sources, source)
        self._fill(reader, len(store.sources) - 1, layout)

    def _fill(self, reader: CaptureReader | EventLog | TextTable, index: int, layout: Layout | None) -> None:
        """Load what is in a file, as rows of source `index`, which is the last one."""
        store = self.store
        store.events.offset = shift = store.sources[index].shift
        self._decoding.most = THREADS_BESIDE_OTHERS if isinstance(reader, EventTrace) else THREADS
        notes: tuple[str, ...] = ()
        judging = None if self.keeping is None else EventKeeping(store, self.kept_by, index)
        if self.keeping is not None or isinstance(reader, EventLog | EventTrace | TextTable):
            self._drain()  # they add rows of their own; packets of a capture are decoded while those of the file before still are
        try:
            if isinstance(reader, EventLog):
                self._read_log(reader, index, judging)
            elif isinstance(reader, TextTable):
                notes = self._read_table(reader, index, layout) if layout is not None else ()
            elif isinstance(reader, EventTrace):
                notes = self._read_trace(reader, index, judging)
            elif self.keeping is not None:
                notes = self._read_kept(reader, index, self.keeping, judging)
            else:
                notes = self._read_capture(reader, index)
        except MemoryError:
            self._phase, notes = "budget", (NO_MEMORY,)
            self._drain()
        if self._phase == "budget" and NO_MEMORY in store.sources[index].notes and NO_MEMORY not in notes:
            notes = (*notes, NO_MEMORY)  # met where packets on their way were shown
        source = replace(
            store.sources[index],
            size=reader.size,
            complete=self._phase == "loading" and not store.sources[index].dropped,
            damage=tuple(str(damage) for damage in reader.damage),
            notes=with_shift([*reader.notes, *notes, *(judging.note() if judging is not None else ())], shift, self._given[reader.name]),
            drops=0 if isinstance(reader, EventLog) else reader.drops,
            stamp=Stamp.of(reader.name),
        )
        store.sources = (*store.sources[:index], source)
        self.problems += [f"{wording.spoken(reader.name)}: {damage}" for damage in source.damage]

    def _read_capture(self, reader: CaptureReader, index: int) -> tuple[str, ...]:
        """Load packets; what there is to note."""
        shift, total = self.store.sources[index].shift, 0
        for batch in reader.batches():
            expected = self._expected_rows(reader.position, batch)
            put_right(batch.time[: batch.count], shift)
            self._net_events.take(batch, index, self.window)
            total += batch.count
            for part in parts_of(self.window.of(batch)):
                self._take(part, reader, index, expected)
            self._report(reader.name, reader.position)
            if self._is_over():
                break
        if self.window.is_timed:  # the note counts what is there
            self._drain()
        return (*self._net_events.notes(index), *self._left_out(index, total))

    def _read_kept(self, reader: CaptureReader, index: int, keeping: Matching, judging: EventKeeping | None) -> tuple[str, ...]:
        """Load only packets that the filter at loading keeps; what there is to note."""
        total = 0
        keeping.window = self.window
        for matched in keeping.of(reader.batches(), self.store.sources[index].shift):
            total += matched.batch.count
            self._net_events.take(matched.batch, index, self.window, judging)
            self._keep(matched, keeping, index)
            self._report(reader.name, reader.position)
            if self._is_over():
                break
        return (*self._net_events.notes(index), *self._left_out(index, total))

    def _keep(self, matched: Matched, keeping: Matching, index: int) -> None:
        """Add what the filter at loading keeps of a block."""
        if len(matched.chosen) and self._may_add(self.store.packets, len(matched.chosen)):
            count_in(self.store, index, keep(self.store, keeping.store.hosts, matched, index))

    def _may_add(self, taken: int, rows: int) -> bool:
        """Whether so many packets may be loaded behind those that are taken; else loading is over."""
        if not self._is_over() and not self._has_room(taken, rows):
            self._phase = "budget"
        return self._phase == "loading"

    def _has_room(self, taken: int, rows: int) -> bool:
        """Whether more packets fit into the budget behind those that are taken; the oldest ones of a live capture may have to make room."""
        if taken + rows > MOST_ROWS:
            self.problems.append(f"no more than {MOST_ROWS} packets can be numbered: the others are not loaded")
            return False
        there, live = taken - self.store.table.first + rows, self.drops_oldest and self.store.sources[-1].name == "-"
        most = max(rows_beside(self.memory, self.store.hosts.bytes + self._decoding.bytes), rows) if live else 0
        if live and rows <= self.most_rows and there > most:
            self._drain()
            return self._phase == "loading" and make_room(self.store, self._decoding, rows, most)
        return there <= self.most_rows

    def _is_over(self) -> bool:
        """Whether loading has ended, or somebody wants it to."""
        if self.cancel.is_set() and self._phase == "loading":
            self._phase = "cancelled"
        return self._phase != "loading"

    def _left_out(self, index: int, total: int) -> tuple[str, ...]:
        """How many packets of a file were loaded, where that is not all."""
        return left_out(self.store.sources[index], total, self.kept_by if self.keeping is not None else None, self.window)

    def _read_table(self, table: TextTable, index: int, layout: Layout) -> tuple[str, ...]:
        """Load the packets that a table tells of; what there is to note."""
        from netsleuth_tui.ingest.tables import TableLoading

        loading = TableLoading(self.store, table, layout, index, self.keeping, self.window)
        for rows, add in loading.parts():
            if rows and self._may_add(self.store.packets, rows):
                count_in(self.store, index, add())
            self._report(table.name, table.position)
            if self._is_over():
                break
        return (*loading.notes, *self._left_out(index, loading.total))

    def _read_trace(self, trace: EventTrace, index: int, judging: EventKeeping | None) -> tuple[str, ...]:
        """Load packets and the events between them; what there is to note."""
        from netsleuth_tui.ingest.traces import TraceLoading
        from netsleuth_tui.readers import FrameBatch, TraceRecords

        store, total = self.store, 0
        if self.keeping is not None:
            self.keeping.begin()
            self.keeping.window = self.window
        loading = TraceLoading(store, trace, index if judging is None else 0, self.window)
        for part in trace.parts():
            if isinstance(part, FrameBatch):
                total += part.count
                self._take_traced(part, trace, index)
            elif self.cancel.is_set():
                self._phase = "cancelled"
            elif isinstance(part, TraceRecords):
                if is_full(self.store, self.memory):
                    self._phase = "budget"
                elif judging is None:
                    loading.take(part.records)
                else:
                    judging.take_traced(loading, part.records)
            self._report(trace.name, trace.position)
            if self._phase != "loading":
                break
        self._drain()
        return (*loading.notes, *self._left_out(index, total))

    def _take_traced(self, batch: FrameBatch, trace: EventTrace, index: int) -> None:
        """Load the packets of a part of a trace, or those that the filter at loading keeps."""
        shift = self.store.sources[index].shift
        if self.keeping is not None:
            self._keep(self.keeping.look(batch, shift), self.keeping, index)
            return
        put_right(batch.time[: batch.count], shift)
        kept = self.window.of(batch)
        expected = self._expected_rows(trace.framed, kept)
        for piece in parts_of(kept):
            self._take(piece, trace, index, expected)

    def _read_log(self, log: EventLog, index: int, judging: EventKeeping | None) -> None:
        """Load the events of a log."""
        from netsleuth_tui.ingest.events import EventDecoding, load_whole

        start_for(log)
        if judging is not None:
            loading = judging.load(log, recovered=self.recovered, memory=self.memory, window=self.window)
        else:
            self._events = self._events or EventDecoding(self.store, self.recovered, self.memory, self.window)
            self._events.window = self.window  # which is another one for each log that is read on in
            loading = load_whole(self._events, log, index)
        for _ in loading:
            if self.cancel.is_set():
                self._phase = "cancelled"
            elif is_full(self.store, self.memory):
                self._phase = "budget"
            self._report(log.name, log.position)
            if self._phase != "loading":
                break
            self._slow = why_slow(log)
            while is_worth_waiting(log) and not self.cancel.is_set():
                jit.wait(MOMENT)
                self._report(log.name, log.position)
        self._slow = ""
        loading.close()

    def _take(self, batch: FrameBatch, reader: CaptureReader, index: int, expected_rows: int) -> None:
        """Decode a batch, unless there is a reason to stop."""
        if not self._may_add(self._decoding.rows, batch.count):
            return
        self._decoding.take(batch, index, expected_rows)
        if not self.store.packets or reader.is_paused:  # what is there does not wait for the next batch
            self._drain()
        self._report(reader.name, reader.position)
        if self._decoding.rows > WORTH_COMPILING_ROWS:
            jit.start()
        while jit.state() == "compiling" and jit.is_cached() and not self.cancel.is_set():
            jit.wait(MOMENT)  # plain Python has given the first screen; what only has to be linked is worth waiting for

    def _drain(self) -> None:
        """Show all packets that are on their way; where there is no memory for them, loading is over."""
        try:
            self._decoding.drain()
        except MemoryError:
            self._phase = "budget"

    def _expected_rows(self, read: int, batch: FrameBatch) -> int:
        """Rows that all files will have, judged by those of `read` bytes of the file at hand; at least those with this batch."""
        rows = self._decoding.rows + batch.count
        return expected(rows, self._bytes_done + read, self._bytes_total, self.most_rows)

    def _wait(self, name: str) -> bool:
        """Called now and then while a stream is silent: say what is there, and whether to go on waiting."""
        self._report(name, self._position)
        return not self._is_over()

    def _report(self, name: str, position: int) -> Progress:
        store, now, self._position = self.store, time.monotonic(), position
        progress = Progress(
            self._phase, name, self._done, len(self._files), self._bytes_done + position, self._bytes_total, store.kept,
            (store.packets + store.events.rows) / max(now - self._started, 1e-9), tuple(self.problems), store.events.rows,
            store.table.first, self._slow,
        )  # fmt: skip
        if now - self._reported >= REPORT_EVERY or self._phase != "loading" or self._reported == 0.0:
            self._reported = now
            self.report(progress)
        return progress
