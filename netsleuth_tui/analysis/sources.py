"""The files that were loaded: what each has, what it lacks, and by how much its clock is put right."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.analysis.times import time_cell
from netsleuth_tui.decode.columns import NO_TIME
from netsleuth_tui.tabular import Cell, Column, Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from netsleuth_tui.store import Source, Store

__all__ = ["SOURCE_COLUMNS", "SourceLine", "source_lines", "sources_table"]

RECOVERED = 1
"""Bit of the events' `flags`: their log does not count them as its own."""

SOURCE_COLUMNS = (
    Column("source", "integer"), Column("file"), Column("format"), Column("size", "integer"), Column("packets", "integer"),
    Column("bytes", "integer"), Column("events", "integer"), Column("first"), Column("last"), Column("longest_gap", "number"),
    Column("gap_at"), Column("damage", "integer"), Column("lost", "integer"), Column("clock_offset", "number"), Column("remarks"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class SourceLine:
    """A file at a glance."""

    number: int
    """As the field `source` has it, from 0."""
    source: Source
    gap: int | None
    """The longest time between one record and the next, ns; None where fewer than two have a time."""
    gap_at: int | None
    """When it began, ns since the epoch."""
    missing: int
    """Numbers of event records between its lowest and its highest that it does not have."""

    @property
    def format(self) -> str:
        """'pcapng in gzip'."""
        return f"{self.source.format} in {self.source.compression}" if self.source.compression else self.source.format

    @property
    def lost(self) -> int:
        """Packets and events that the file itself says were lost while it was written, and records in it that could not be decoded."""
        return self.source.drops + self.source.events_lost + self.source.lost

    @property
    def filter(self) -> str:
        """The filter for its packets and events."""
        return f"source == {self.number}"

    @property
    def notes(self) -> tuple[str, ...]:
        """All there is to say about it: damage first, then losses, then what the reader noticed."""
        source, said = self.source, list(self.source.damage)
        for count, what in (
            (source.drops, "packets dropped by the capturing host"),
            (source.events_lost, "events lost while the trace was taken"),
            (source.buffers_lost, "buffers of events lost while the trace was taken"),
            (source.lost, "records could not be decoded"),
            (source.recoverable, "more records could be recovered"),
            (self.missing, "record numbers are missing"),
        ):
            if count:
                said.append(f"{count} {what}")
        if source.dropped:
            said.append(source.missing)
        elif not source.complete:
            said.append("partial: reading stopped before the end")
        return (*said, *source.notes)


def source_lines(store: Store) -> tuple[SourceLine, ...]:
    """What there is to say of each file, whatever is looked at."""
    return tuple(_line(store, number, source) for number, source in enumerate(store.sources))


def _line(store: Store, number: int, source: Source) -> SourceLine:
    packets, events = store.columns(), store.events.view()
    times = [packets.time[_rows(packets.source, source.first_row, source.packets, number)]] if source.packets else []
    missing = 0
    if source.events:
        rows = _rows(events.source, source.first_event, source.events, number)
        times.append(events.time[rows])
        if source.format == "evtx":
            missing = _missing(events.record_id[rows][events.flags[rows] & RECOVERED == 0])
    gap, at = _longest_gap(times)
    return SourceLine(number, source, gap, at, missing)


def _rows(sources: NDArray[np.uint16], first: int, count: int, number: int) -> slice | NDArray[np.intp]:
    """The rows of a source: one after the other, unless something else was loaded among them."""
    part = slice(first, first + count)
    return part if bool((sources[part] == number).all()) else np.flatnonzero(sources == number)


def _longest_gap(sides: Sequence[NDArray[np.int64]]) -> tuple[int | None, int | None]:
    times = np.concatenate(sides) if len(sides) > 1 else sides[0] if sides else np.empty(0, np.int64)
    if len(times) and not (times[0] != NO_TIME and bool((times[1:] >= times[:-1]).all())):
        times = np.sort(times[times != NO_TIME], kind="stable")
    if len(times) < 2:
        return None, None
    between = np.diff(times)
    at = int(between.argmax())
    return int(between[at]), int(times[at])


def _missing(numbers: NDArray[np.uint64]) -> int:
    """Numbers between the lowest and the highest that no record has."""
    if not len(numbers):
        return 0
    between = int(numbers.max()) - int(numbers.min()) + 1
    return between - len(numbers) if bool((numbers[1:] > numbers[:-1]).all()) else between - len(np.unique(numbers))


def sources_table(lines: Sequence[SourceLine]) -> Table:
    """One row per file."""
    rows = [_cells(line) for line in lines]
    return Table(SOURCE_COLUMNS, [[list(column) for column in zip(*rows, strict=True)]] if rows else [])


def _cells(line: SourceLine) -> tuple[Cell, ...]:
    source = line.source
    return (
        line.number, source.name, line.format, source.size, source.packets, source.bytes, source.events, time_cell(source.first),
        time_cell(source.last), None if line.gap is None else line.gap / 1e9, time_cell(line.gap_at), len(source.damage), line.lost,
        source.shift / 1e9, "; ".join(line.notes) or None,
    )  # fmt: skip
