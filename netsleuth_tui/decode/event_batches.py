"""A block of chunks to rows and cells: what one thread does, with values of its own."""

from __future__ import annotations

import functools
import struct
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui import jit
from netsleuth_tui.decode.binxml import Malformed
from netsleuth_tui.decode.chunk_survey import CHUNK, Chunks, reports_of, survey
from netsleuth_tui.decode.columns import NO_TIME
from netsleuth_tui.decode.event_layout import COLUMNS, DEFERRED, FULL, GROW, OK, PAIR, PENDING, ROW, SLOW, State, TemplateArrays
from netsleuth_tui.decode.event_records import ChunkReader
from netsleuth_tui.decode.event_shapes import IDENTITY, SHAPE, Shapes
from netsleuth_tui.decode.event_templates import GLOBAL, Templates
from netsleuth_tui.decode.event_walk import again, walk
from netsleuth_tui.decode.events import Event, EventFlag
from netsleuth_tui.decode.library import Library
from netsleuth_tui.decode.texts import TextTable

__all__ = ["Batch", "Decoded", "LogDecoder"]

ROWS_A_PIECE = 256
CELLS_A_PIECE = 4096
ROOM_CODES = 1 << 15
ROOM_BYTES = 1 << 17
"""Room for the values of any record of 64 KiB."""

FORGET_ABOVE = 1 << 25
"""Bytes of values after which a thread forgets its own; the store has their texts."""

MOST_UNKNOWN = 1 << 12
MOST_ROUNDS = 1 << 10
NUMBERS = ("time", "event_id", "version", "level", "task", "opcode", "keywords", "process_id", "thread_id")
TEXTS = ("provider", "channel", "computer", "user")


@dataclass(slots=True)
class Batch:
    """Rows of records, and their cells."""

    rows: NDArray[np.int64]
    """One row per record, `event_layout.COLUMNS`; its `slot` counts from the beginning of `cells`."""
    cells: NDArray[np.uint32]
    """Codes of the thread's values, or of the store with `GLOBAL` added."""


@dataclass(slots=True)
class Decoded:
    """What became of a block."""

    batches: list[Batch] = field(default_factory=list)
    damage: list[tuple[int, str]] = field(default_factory=list)
    """Offset in the file, and what is wrong there."""
    lost: int = 0
    """Records that are there and could not be decoded."""
    recoverable: int = 0
    """Records that nobody asked for: they lie where the log says nothing is kept."""
    by_library: int = 0


class LogDecoder:
    """Decodes blocks of a log, one after the other.

    Args:
        templates: Of all threads.
        intern: Gives texts their codes in the store; takes its lock itself.
        group: Gives names of event data the number of their group, likewise.
        recovered: Whether records are wanted that the log does not count as its own any more.
    """

    def __init__(
        self,
        templates: Templates,
        intern: Callable[[list[str]], NDArray[np.int64]],
        group: Callable[[tuple[str, ...]], int],
        *,
        recovered: bool,
    ) -> None:
        self.values = TextTable()
        self.values.reserve(0, FORGET_ABOVE)  # memory is taken as it is used, and never copied to make room
        self.codes = np.zeros(0, np.uint32)
        """By code of a value: the code of its text in the store, as far as `translated`."""
        self.translated = 2
        self._templates = templates
        self._intern = intern
        self._group = group
        self._recovered = recovered
        self._last = np.zeros(0, np.int32)
        self._seen = np.zeros(CHUNK, np.int64)
        self._stamp = 1
        self._unknown = np.zeros((MOST_UNKNOWN, 4), np.int64)
        self._shapes = Shapes()
        self._library = Library()
        self.by_kernels = functools.partial(jit.is_ready, "events")
        """Whether kernels take records apart: as plain Python they are ten times slower than the reader of single records."""

    def begin(self) -> None:
        """Another log comes."""
        self._library.begin()

    def decode(self, data: NDArray[np.uint8], count: int, length: int, offset: int, *, checks: bool) -> Decoded:
        """Decode `count` pieces of 64 KiB.

        Args:
            data: The pieces, with 64 readable bytes behind them.
            count: Pieces.
            length: Bytes of the file in them.
            offset: Of the first in the file.
            checks: Whether chunks have checksums.
        """
        if self.values.size > FORGET_ABOVE:
            self.values.clear()
            self.translated = 2
            self._last[:] = 0
        chunks = survey(data, count, length, checks=checks)
        decoded = Decoded()
        rows = np.zeros((max(count, 1) * ROWS_A_PIECE, len(COLUMNS)), np.int64)
        cells = np.zeros(max(count, 1) * CELLS_A_PIECE, np.uint32)
        state = State(*(np.zeros(1, np.int64) for _ in State._fields))
        lost = np.zeros(count, np.int64)
        self.values.reserve(ROOM_CODES, ROOM_BYTES)
        while True:
            status = self._walk(data, chunks, state, rows, cells, offset)
            if status == GROW:
                self.values.reserve(ROOM_CODES, ROOM_BYTES)
                continue
            if status == FULL and not int(state.rows[0]):
                cells = np.zeros(2 * len(cells), np.uint32)
                continue
            cells = self._finish(data, chunks, state, rows, cells, offset, decoded, lost)
            state.rows[0] = state.cells[0] = 0
            if status == OK:
                break
            rows, cells = np.zeros_like(rows), np.zeros_like(cells)
        decoded.recoverable = int(chunks.found[:, 2].sum())
        reports_of(chunks, lost, offset, decoded.damage)
        decoded.lost = int(lost.sum())
        return decoded

    def warm(self) -> None:
        """Call the kernels with nothing to do, so that they are compiled."""
        chunks = survey(np.zeros(64, np.uint8), 0, 0, checks=False)
        state = State(*(np.zeros(1, np.int64) for _ in State._fields))
        rows, cells, nothing = np.zeros((1, len(COLUMNS)), np.int64), np.zeros(1, np.uint32), np.zeros(0, np.int64)
        self._walk(np.zeros(64, np.uint8), chunks, state, rows, cells, 0)
        again(
            np.zeros(64, np.uint8), self.values.arrays.data, self.values.arrays, self._arrays(), self._seen, self._last, self._unknown,
            state, chunks.table, nothing, nothing, rows, cells, 1, 0, NO_TIME, 0,
            *self._shapes.arguments,
        )  # fmt: skip

    def close(self) -> None:
        """End the library's process; a block that another thread is decoding ends soon."""
        self._library.close()

    def _walk(
        self, data: NDArray[np.uint8], chunks: Chunks, state: State, rows: NDArray[np.int64], cells: NDArray[np.uint32], offset: int
    ) -> int:
        arrays = self._arrays()
        stamp, values = self._next_stamp(chunks), self.values.arrays
        status, _ = walk(
            data, values.data, values, arrays, self._seen, self._last, self._unknown, state, chunks.table, chunks.found, rows, cells,
            stamp, offset, NO_TIME, int(self._recovered), int(not self.by_kernels()), *self._shapes.arguments,
        )  # fmt: skip
        return int(status)

    def _next_stamp(self, chunks: Chunks) -> int:
        """The first of numbers that tell what was seen in each of these chunks, in this pass, from all that was seen before."""
        stamp, self._stamp = self._stamp, self._stamp + len(chunks.table)
        return stamp

    def _arrays(self) -> TemplateArrays:
        """The templates known now; there is room for the last value of each of their places."""
        arrays = self._templates.arrays
        if len(self._last) < len(arrays.plan):
            self._last = np.concatenate((self._last, np.zeros(len(arrays.plan) - len(self._last), np.int32)))
        return arrays

    def _finish(
        self, data: NDArray[np.uint8], chunks: Chunks, state: State, rows: NDArray[np.int64], cells: NDArray[np.uint32], offset: int,
        decoded: Decoded, lost: NDArray[np.int64],
    ) -> NDArray[np.uint32]:  # fmt: skip
        """Take apart what had to wait, and what needs slower hands, and hand over the rows."""
        count = int(state.rows[0])
        seen = rows[:count]
        cells = self._again(data, chunks, state, seen, cells, offset)
        slow = np.flatnonzero(seen[:, ROW["status"]] != OK)
        used = int(state.cells[0])
        if len(slow):
            more = self._slowly(data, chunks, seen, slow, used, offset, lost, decoded)
            cells = np.concatenate((cells[:used], more))
            used = len(cells)
            seen = seen[seen[:, ROW["status"]] == OK]
        if len(seen):
            decoded.batches.append(Batch(seen, cells[:used]))
        return cells

    def _again(
        self, data: NDArray[np.uint8], chunks: Chunks, state: State, rows: NDArray[np.int64], cells: NDArray[np.uint32], offset: int
    ) -> NDArray[np.uint32]:
        """Register templates that were new, and take the records apart that waited for them."""
        status = rows[:, ROW["status"]]
        for _ in range(MOST_ROUNDS):
            is_more = int(state.unknown[0]) > 0 and not self._templates.is_full
            self._register(data, chunks, state)
            which = np.flatnonzero(status == DEFERRED)
            if not is_more or not len(which):
                break
            chunk_of = (rows[which, ROW["offset"]] - offset) // CHUNK
            stamp, first = self._next_stamp(chunks), 0
            while first < len(which):
                arrays, values = self._arrays(), self.values.arrays
                done, first = again(
                    data, values.data, values, arrays, self._seen, self._last, self._unknown, state, chunks.table, chunk_of, which, rows,
                    cells, stamp, offset, NO_TIME, first, *self._shapes.arguments,
                )  # fmt: skip
                if done == GROW:
                    self.values.reserve(ROOM_CODES, ROOM_BYTES)
                elif done == FULL:
                    cells = np.concatenate((cells, np.zeros(len(cells), np.uint32)))
        status[status == DEFERRED] = SLOW
        return cells

    def _register(self, data: NDArray[np.uint8], chunks: Chunks, state: State) -> None:
        """Register all that kernels have noted."""
        noted = self._unknown[: int(state.unknown[0])].tolist()
        state.unknown[0] = 0
        codes = [second for kind, _, second, _ in noted if kind == SHAPE]
        for code, number in zip(codes, self._templates.register(map(self._shapes.table.value, codes)), strict=True):
            self._shapes.numbers[code] = 1 + number
        for kind, first, second, third in dict.fromkeys(map(tuple, noted)):
            if kind == PAIR:
                outer, inner = self._numbered(first), 1 + self._numbered(second - 1)
                if outer >= 0 and (inner or not second):
                    self._templates.pair(outer, inner, third)
        identities: dict[bytes, int] = {}
        for kind, chunk, definition, number in noted:
            if kind == IDENTITY and self._numbered(number) >= 0:
                at = int(chunks.table[chunk, 0]) + definition + 4
                identities.setdefault(data[at : at + 16].tobytes(), self._numbered(number))
        for identity, number in identities.items():
            self._templates.identify(identity, number)

    def _numbered(self, number: int) -> int:
        """The number of a template that may just have been registered; less than 0 if there is none."""
        return number if number > PENDING else int(self._shapes.numbers[PENDING - number]) - 1

    def _slowly(
        self, data: NDArray[np.uint8], chunks: Chunks, rows: NDArray[np.int64], slow: NDArray[np.int64], used: int, offset: int,
        lost: NDArray[np.int64], decoded: Decoded,
    ) -> NDArray[np.uint32]:  # fmt: skip
        """Read records one at a time, write them into their rows, and return their cells."""
        events: list[tuple[int, Event]] = []
        chunk_of = (rows[slow, ROW["offset"]] - offset) // CHUNK
        for chunk in np.unique(chunk_of).tolist():
            base, limit = int(chunks.table[chunk, 0]), int(chunks.table[chunk, 3])
            raw = data[base : base + limit].tobytes()
            sound = not chunks.verdict[chunk]
            reader = ChunkReader(raw, self._templates.known, sound=sound)
            failed = []
            for row in slow[chunk_of == chunk].tolist():
                try:
                    events.append((row, reader.read(int(rows[row, ROW["offset"]]) - offset - base)))
                except (Malformed, struct.error, ValueError, OverflowError):
                    failed.append(row)
            if failed:
                helped = self._ask_library(raw, rows, failed)
                decoded.by_library += len(helped)
                events.extend(helped)
                own = [row for row in failed if not int(rows[row, ROW["flags"]]) & EventFlag.RECOVERED]
                lost[chunk] += len(own) - sum(1 for row, _ in helped if row in set(own))
        return self._write(rows, events, used)

    def _ask_library(self, raw: bytes, rows: NDArray[np.int64], failed: list[int]) -> list[tuple[int, Event]]:
        """What the library makes of the records that our own decoder could not read."""
        found, _ = self._library.read(raw)
        by_id: dict[int, list[Event]] = {}
        for event in found:
            by_id.setdefault(event.record_id, []).append(event)
        helped = []
        for row in failed:
            events = by_id.get(int(rows[row, ROW["record_id"]]) % (1 << 64))
            if events:
                helped.append((row, events.pop(0)))
                rows[row, ROW["flags"]] |= EventFlag.BY_LIBRARY
        return helped

    def _write(self, rows: NDArray[np.int64], events: list[tuple[int, Event]], used: int) -> NDArray[np.uint32]:
        if not events:
            return np.zeros(0, np.uint32)
        texts: list[str | None] = []
        for _, event in events:
            texts.extend((event.provider, event.channel, event.computer, event.user, *event.values))
        codes = self._intern([text or "" for text in texts]) | GLOBAL
        codes[[text is None for text in texts]] = 0
        cells, at = [], 0
        for row, event in events:
            many = len(event.values)
            for name in NUMBERS:
                value = getattr(event, name)
                rows[row, ROW[name]] = value - (1 << 64) if value >= 1 << 63 else value
            rows[row, [ROW[name] for name in TEXTS]] = codes[at : at + len(TEXTS)]
            rows[row, ROW["group"]] = self._group(event.names)
            rows[row, ROW["slot"]] = used
            rows[row, ROW["status"]] = OK
            cells.append(codes[at + len(TEXTS) : at + len(TEXTS) + many].astype(np.uint32))
            at += len(TEXTS) + many
            used += many
        return np.concatenate(cells)
