"""Event logs into the store: one thread reads, two decode, and rows become visible in the order of the file."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui import jit
from netsleuth_tui.decode.columns import NO_TIME
from netsleuth_tui.decode.event_batches import Batch, Decoded, LogDecoder
from netsleuth_tui.decode.event_layout import ROW
from netsleuth_tui.decode.event_templates import GLOBAL, Templates
from netsleuth_tui.decode.evtx_values import MOST_BYTES, spelled, translate
from netsleuth_tui.ingest.window import ALL, LoadWindow, chosen_cells
from netsleuth_tui.jit import kernel
from netsleuth_tui.readers.damage import Damage
from netsleuth_tui.store.clock import put_right
from netsleuth_tui.store.events import EVENT_BYTES
from netsleuth_tui.wording import agree, several

if TYPE_CHECKING:
    from netsleuth_tui.readers import ChunkBlock, EventLog
    from netsleuth_tui.store import Store

__all__ = ["FIRST_PIECES", "PIECES", "EventDecoding", "Tally", "load_log", "load_whole", "warm"]

THREADS = 2
DECODERS = 3
"""One more than threads: while the rows of one are made visible, the others decode. No more blocks may be on their way."""

PIECES = 64
"""Chunks of a block: 4 MiB."""
FIRST_PIECES = 4
PLAIN_PIECES = 2
"""Chunks of a block while kernels are plain Python: a moment's work."""

ROOM_CODES = 1 << 14
ROOM_BYTES = 1 << 20
TEXTS = ("provider", "channel", "computer", "user")
NUMBERS = ("time", "event_id", "version", "level", "task", "opcode", "process_id", "thread_id", "group", "flags")
UNSIGNED = ("record_id", "offset", "keywords")


@dataclass(frozen=True, slots=True)
class _Job:
    decoder: LogDecoder
    done: Future[Decoded]


@dataclass(slots=True)
class EventDecoding:
    """What all logs of a store have in common: templates, decoders, and the lock of the texts.

    Args:
        store: Whose event table grows.
        recovered: Whether records are loaded that their log does not count as its own any more.
        memory: Bytes that rows and cells may take, each.
        window: Which records are loaded.
    """

    store: Store
    recovered: bool
    memory: int = 1 << 32
    window: LoadWindow = ALL
    lock: threading.Lock = field(default_factory=threading.Lock)
    decoders: deque[LogDecoder] = field(default_factory=deque)
    _templates: Templates = field(init=False)

    def __post_init__(self) -> None:
        self._templates = Templates(self._add_texts, self.store.events.group, self.lock)
        self.decoders.extend(self.new_decoder() for _ in range(DECODERS))

    def new_decoder(self) -> LogDecoder:
        """One that knows the templates of all logs, and no values yet."""
        return LogDecoder(self._templates, self._intern, self._group, recovered=self.recovered)

    def close(self) -> None:
        """End the processes that helped."""
        for decoder in self.decoders:
            decoder.close()

    def _add_texts(self, texts: list[str]) -> NDArray[np.int64]:
        return self.store.events.texts.add(texts)

    def _intern(self, texts: list[str]) -> NDArray[np.int64]:
        with self.lock:
            return self._add_texts(texts)

    def _group(self, names: tuple[str, ...]) -> int:
        with self.lock:
            return self.store.events.group(names)


def warm(store: Store) -> None:
    """Call all kernels with nothing to do, so that they are compiled."""
    decoding = EventDecoding(store, recovered=False)
    decoder = decoding.decoders[0]
    decoder.warm()
    nothing, texts = np.zeros(0, np.uint32), store.events.texts.table.arrays
    translate(decoder.values.arrays.data, decoder.values.arrays, texts, texts.data, 2, nothing, np.zeros(1, np.uint8))
    _look_up(nothing, nothing, nothing)


class Log(Protocol):
    """A log, or a part of one."""

    @property
    def size(self) -> int:
        """Bytes on disk."""

    @property
    def position(self) -> int:
        """Of which so many have been read."""

    @property
    def checks(self) -> bool:
        """See `EventLog`."""

    @property
    def damage(self) -> list[Damage]:
        """What could not be read; grows."""

    def blocks(self, pieces: int, first: int) -> Iterator[ChunkBlock]:
        """See `EventLog`."""


@dataclass(slots=True)
class Tally:
    """What a log has besides the records that are loaded."""

    lost: int = 0
    recoverable: int = 0
    by_library: int = 0
    passed_over: int = 0

    def say(self, log: EventLog, window: LoadWindow) -> None:
        """Say so as notes of the log as a whole, and put its damage in order."""
        log.damage.sort(key=lambda damage: damage.offset)
        if self.recoverable:
            lie = several(self.recoverable, "record lies", "records lie")
            log.add_note(f"{lie} where the log says that nothing is kept; --recovered loads {agree(self.recoverable, 'it', 'them')}, too")
        if self.passed_over and window.is_timed:
            log.add_note(f"{several(self.passed_over, 'record was', 'records were')} not loaded: only those {window} are")
        if self.by_library:
            log.add_note(f"{several(self.by_library, 'record was', 'records were')} read by the evtx library alone")


def load_log(decoding: EventDecoding, log: Log, index: int, tally: Tally) -> Generator[None]:
    """Load a log, or a part of one, as source `index` of the store; its damage grows.

    Args:
        decoding: Of the store.
        log: The log.
        index: Of its source.
        tally: Grows, too; what it has to say is said by whoever knows that the log has been read.

    Yields:
        When something has become visible.
    """
    pool = ThreadPoolExecutor(THREADS, thread_name_prefix="events")
    jobs: deque[_Job] = deque()
    idle = decoding.decoders
    for decoder in idle:
        decoder.begin()
    loading = _Loading(decoding, log, index, tally)
    try:
        for block in log.blocks(PIECES, FIRST_PIECES):
            for part in _parts(block):
                if not idle:
                    loading.show(jobs.popleft())
                    yield
                decoder = idle.popleft()
                done = pool.submit(decoder.decode, part.data, part.count, part.length, part.offset, checks=log.checks)
                jobs.append(_Job(decoder, done))
                if loading.is_first:
                    loading.show(jobs.popleft())
                    yield
        while jobs:
            loading.show(jobs.popleft())
            yield
    finally:
        for job in jobs:
            job.done.cancel()
            job.decoder.close()  # nobody wants the block any more
        pool.shutdown(cancel_futures=True)
        idle.extend(job.decoder for job in jobs)


def load_whole(decoding: EventDecoding, log: EventLog, index: int) -> Generator[None]:
    """`load_log` of all of a log, with what there is to say about it in its notes."""
    tally = Tally()
    try:
        with closing(load_log(decoding, log, index, tally)) as loading:
            yield from loading
    finally:
        tally.say(log, decoding.window)


def _parts(block: ChunkBlock) -> Iterator[ChunkBlock]:
    """The block in parts that take a moment each: plain Python is slow, and to be seen and stopped meanwhile."""
    from netsleuth_tui.readers.evtx import CHUNK

    first = 0
    while first < block.count:
        last = block.count if jit.is_ready("events") else min(first + PLAIN_PIECES, block.count)
        begin, end = first * CHUNK, last * CHUNK
        tail = len(block.data) - block.count * CHUNK
        yield replace(
            block,
            data=block.data[begin : end + tail],
            count=last - first,
            offset=block.offset + begin,
            length=min(block.length, end) - begin,
        )
        first = last


class _Loading:
    """What is known about one log so far."""

    def __init__(self, decoding: EventDecoding, log: Log, index: int, tally: Tally) -> None:
        self._decoding = decoding
        self._store = decoding.store
        self._log = log
        self._index = index
        self._out = np.zeros(MOST_BYTES, np.uint8)
        self._first = (self._store.events.rows, self._store.events.cells)
        self._tally = tally
        self._before = (tally.lost, tally.recoverable)
        self.is_first = True

    def show(self, job: _Job) -> None:
        """Wait for a block, and make its rows visible."""
        decoder = job.decoder
        try:
            decoded = job.done.result()
            self._translate(decoder)
            for batch in decoded.batches:
                self._append(batch, decoder.codes)
                self.is_first = False
        except BaseException:
            decoder.close()  # whatever it knows is half done
            decoder = self._decoding.new_decoder()
            raise
        finally:
            self._decoding.decoders.append(decoder)
        self._log.damage.extend(Damage(offset, reason) for offset, reason in decoded.damage)
        self._tally.lost += decoded.lost
        self._tally.recoverable += decoded.recoverable
        self._tally.by_library += decoded.by_library
        self._count()

    def _translate(self, decoder: LogDecoder) -> None:
        """Give the texts of a thread's new values their codes in the store."""
        values, texts = decoder.values, self._store.events.texts.table
        if len(decoder.codes) < values.count:
            codes = np.zeros(max(2 * len(decoder.codes), values.count), np.uint32)
            codes[: len(decoder.codes)] = decoder.codes
            codes[1] = 1
            decoder.codes = codes
        first, count = decoder.translated, values.count
        with self._decoding.lock:
            at = first
            while at < count:
                texts.reserve(min(count - at, ROOM_CODES), ROOM_BYTES)
                at, _ = translate(values.arrays.data, values.arrays, texts.arrays, texts.arrays.data, at, decoder.codes, self._out)
            for code in (np.flatnonzero(decoder.codes[first:count] == 0) + first).tolist():
                text = spelled(values.value(code), int(values.arrays.kinds[code]))
                decoder.codes[code] = self._store.events.texts.add([text])[0]
        decoder.translated = count

    def _append(self, batch: Batch, codes: NDArray[np.uint32]) -> None:
        table = self._store.events
        batch = self._chosen(batch)
        rows, first, cell = batch.rows, table.rows, table.cells
        last = first + len(rows)
        columns = table.reserve(last if last <= table.capacity else self._expected(last, self._first[0], EVENT_BYTES))
        here = slice(first, last)
        columns.row[here] = np.arange(first, last)
        columns.source[here] = self._index
        for name in NUMBERS:
            getattr(columns, name)[here] = rows[:, ROW[name]]
        for name in UNSIGNED:
            getattr(columns, name)[here] = rows[:, ROW[name]].view(np.uint64)
        columns.slot[here] = rows[:, ROW["slot"]] + cell
        for name in TEXTS:
            _look_up(np.ascontiguousarray(rows[:, ROW[name]]).astype(np.uint32), codes, getattr(columns, name)[here])
        end = cell + len(batch.cells)
        room = table.reserve_cells(end if end <= table.cell_capacity else self._expected(end, self._first[1], 4))
        _look_up(batch.cells, codes, room[cell:end])
        table.commit(last, end)

    def _chosen(self, batch: Batch) -> Batch:
        """The records that are to be loaded."""
        window, rows = self._decoding.window, batch.rows
        if window == ALL or not len(rows):
            return batch
        times = rows[:, ROW["time"]].copy()
        put_right(times, self._store.sources[self._index].shift)
        kept = window.inside(times, rows[:, ROW["offset"]])
        self._tally.passed_over += len(rows) - int(kept.sum())
        slots, cells = chosen_cells(rows[:, ROW["slot"]], batch.cells, kept)
        chosen = rows[kept]
        chosen[:, ROW["slot"]] = slots
        return replace(batch, rows=chosen, cells=cells)

    def _expected(self, needed: int, first: int, size: int) -> int:
        """Rows or cells of `size` bytes that there will be with this file, judged by what was read of it so far; within the budget."""
        share = self._log.size / max(self._log.position, 1) if self._log.size else 2.0
        return max(needed, min(first + int((needed - first) * share * 1.05), needed + self._decoding.memory // size))

    def _count(self) -> None:
        store, index = self._store, self._index
        source = store.sources[index]
        time = store.events.view().time[source.first_event + source.events :]
        timed = time[time != NO_TIME]
        firsts = [t for t in (source.first, int(timed.min()) if len(timed) else None) if t is not None]
        lasts = [t for t in (source.last, int(timed.max()) if len(timed) else None) if t is not None]
        source = replace(
            source,
            events=source.events + len(time),
            lost=self._tally.lost - self._before[0],
            recoverable=self._tally.recoverable - self._before[1],
            first=min(firsts, default=None),
            last=max(lasts, default=None),
        )
        store.sources = (*store.sources[:index], source)


def _look_up_numpy(values: NDArray[np.uint32], codes: NDArray[np.uint32], found: NDArray[np.uint32]) -> None:
    own = values < GLOBAL
    found[:] = values & (GLOBAL - 1)
    found[own] = codes[values[own]]


@kernel(plain=_look_up_numpy)
def _look_up(values: NDArray[np.uint32], codes: NDArray[np.uint32], found: NDArray[np.uint32]) -> None:
    """Write the codes in the store of a thread's values."""
    for i in range(values.shape[0]):
        value = int(values[i])
        found[i] = value - GLOBAL if value >= GLOBAL else codes[value]
