"""The event table: system fields as columns, event data as cells, and columns of these when somebody asks for them.

The cells of an event (codes of texts, one for each name of its group) lie side by side, so that loading writes them once and in order. A
column of event data is gathered when it is first used, in some 10 ns an event.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.decode.columns import NO_TIME
from netsleuth_tui.decode.events import EVENT_COLUMNS, Event, EventColumns
from netsleuth_tui.jit import kernel
from netsleuth_tui.store.clock import moved, put_right
from netsleuth_tui.store.texts import Texts

__all__ = ["EVENT_BYTES", "EventGroup", "EventTable"]

EVENT_BYTES = sum(dtype.itemsize for dtype in EVENT_COLUMNS.values())
"""Bytes of a row without its cells."""

COLUMNS_KEPT = 32
"""Gathered columns that are kept, 4 bytes an event each."""

SMALLEST = 1 << 12
TEXT_COLUMNS = ("provider", "channel", "computer", "user")
NUMBER_COLUMNS = (
    "time",
    "record_id",
    "offset",
    "event_id",
    "version",
    "level",
    "task",
    "opcode",
    "keywords",
    "process_id",
    "thread_id",
    "flags",
)


@dataclass(slots=True)
class _Cells:
    """The cells of all events."""

    codes: NDArray[np.uint32] = field(default_factory=lambda: np.zeros(0, np.uint32))
    used: int = 0


class EventGroup:
    """The events whose data have the same names, at the moment when it was asked for."""

    def __init__(self, fields: tuple[str, ...], rows: NDArray[np.uint32], slots: NDArray[np.uint32], cells: NDArray[np.uint32]) -> None:
        self.fields = fields
        """Names of the event data, in the order of the event."""
        self.rows = rows
        """Rows of the events, ascending."""
        self._slots = slots.astype(np.int64)
        self._cells = cells

    @property
    def codes(self) -> list[NDArray[np.uint32]]:
        """For each field one code per event."""
        return [self._cells[self._slots + at] for at in range(len(self.fields))]


class EventTable:
    """Append-only: one writer reserves, writes and commits; readers take views, which stay valid and unchanged."""

    def __init__(self) -> None:
        self.rows = 0
        """Rows that readers see."""
        self.offset = 0
        """Nanoseconds that are added to the times of events that are committed from now on."""
        self.in_order = True
        """True while `time` never decreases from row to row (and every row has one)."""
        self.texts = Texts()
        self._columns = _allocate(0)
        self._cells = _Cells()
        self._group_of: dict[tuple[str, ...], int] = {(): 0}
        self._names: list[tuple[str, ...]] = [()]
        self._gathered: OrderedDict[str, NDArray[np.uint32]] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def capacity(self) -> int:
        """Rows that fit before the columns have to move."""
        return len(self._columns.row)

    @property
    def cells(self) -> int:
        """Cells that are in use."""
        return self._cells.used

    @property
    def cell_capacity(self) -> int:
        """Cells that fit before they have to move."""
        return len(self._cells.codes)

    @property
    def bytes(self) -> int:
        """Memory that rows, cells and texts take so far."""
        return self.rows * EVENT_BYTES + 4 * self.cells + self.texts.table.memory

    def reserve(self, rows: int) -> EventColumns:
        """Columns with room for at least `rows` rows in all, zero beyond those written so far; asking for more moves what is there."""
        if rows > self.capacity:
            grown = _allocate(max(rows, self.capacity + self.capacity // 2, SMALLEST))
            for name in EVENT_COLUMNS:
                getattr(grown, name)[: self.rows] = getattr(self._columns, name)[: self.rows]
            self._columns = grown
        return self._columns

    def reserve_cells(self, count: int) -> NDArray[np.uint32]:
        """All cells, with room for at least `count`."""
        cells = self._cells
        if count > len(cells.codes):
            grown = np.zeros(max(count, len(cells.codes) + len(cells.codes) // 2, SMALLEST), np.uint32)
            grown[: cells.used] = cells.codes[: cells.used]
            cells.codes = grown
        return cells.codes

    def group(self, fields: tuple[str, ...]) -> int:
        """The number of the group with these names of event data, a new one where there is none."""
        found = self._group_of.get(fields)
        if found is None:
            found = self._group_of[fields] = len(self._names)
            self._names.append(fields)
        return found

    def commit(self, rows: int, cells: int | None = None) -> None:
        """Show the first `rows` rows, and the first `cells` cells that they use, all written by now."""
        if cells is not None:
            self._cells.used = cells
        put_right(self._columns.time[self.rows : rows], self.offset)
        new = self._columns.time[max(self.rows - 1, 0) : rows]
        if self.in_order and len(new) and not (bool(new[0] > NO_TIME) and bool((new[1:] >= new[:-1]).all())):
            self.in_order = False
        self.rows = rows

    def append(self, events: Sequence[Event], source: int = 0) -> None:
        """Add events that are spelled out; for few of them."""
        first, last = self.rows, self.rows + len(events)
        columns = self.reserve(last)
        rows = slice(first, last)
        columns.row[rows] = np.arange(first, last)
        columns.source[rows] = source
        for name in NUMBER_COLUMNS:
            column = getattr(columns, name)
            column[rows] = [getattr(event, name) for event in events]
        for name in TEXT_COLUMNS:
            getattr(columns, name)[rows] = self.texts.add(getattr(event, name) for event in events)
        columns.group[rows] = [self.group(event.names) for event in events]
        values = self.texts.add(value for event in events for value in event.values)
        at = self._cells.used
        columns.slot[rows] = at + np.cumsum([0, *(len(event.values) for event in events)])[:-1]
        self.reserve_cells(at + len(values))[at : at + len(values)] = values
        self.commit(last, at + len(values))

    def move(self, source: int, by: int) -> None:
        """Add to the times of the rows of a source, all written by now; earlier views keep the times that they have."""
        time = moved(self._columns.time, self._columns.source[: self.rows] == source, by)
        self._columns = self._columns._replace(time=time)
        new = time[: self.rows]
        self.in_order = not self.rows or (bool(new[0] > NO_TIME) and bool((new[1:] >= new[:-1]).all()))

    def view(self) -> EventColumns:
        """The visible rows, without a copy."""
        rows = self.rows  # first: columns that are read later hold at least these rows
        return self._columns.at(slice(0, rows))

    @property
    def groups(self) -> tuple[EventGroup, ...]:
        """The events by the names of their data, those without any included."""
        columns, names = self.view(), self._names
        order = np.argsort(columns.group, kind="stable").astype(np.uint32)
        edges = np.searchsorted(columns.group[order], np.arange(len(names) + 1))
        cells = self._cells.codes
        parts = [(fields, order[edges[i] : edges[i + 1]]) for i, fields in enumerate(names[: len(edges) - 1])]
        return tuple(EventGroup(fields, rows, columns.slot[rows], cells) for fields, rows in parts if len(rows))

    def data(self, row: int) -> list[tuple[str, int]]:
        """Names and codes of the event data of one row, in the order of the event."""
        columns = self.view()
        names = self._names[int(columns.group[row])]
        slot = int(columns.slot[row])
        return list(zip(names, self._cells.codes[slot : slot + len(names)].tolist(), strict=True))

    def fields(self) -> tuple[str, ...]:
        """Names of all event data, in the order in which they were met."""
        return tuple(dict.fromkeys(name for names in tuple(self._names) for name in names))

    def names(self, group: int) -> tuple[str, ...]:
        """Names of the event data of a group, by its number in the column `group`."""
        return self._names[group]

    def codes(self, name: str) -> NDArray[np.uint32]:
        """A column of event data: one code per row, 0 where the event has no such field."""
        columns = self.view()
        rows = len(columns.row)
        with self._lock:
            known = self._gathered.get(name)
            if known is not None and len(known) >= rows:
                self._gathered.move_to_end(name)
                return known[:rows]
            done = 0 if known is None else len(known)
            found = np.zeros(rows, np.uint32)
            if known is not None:
                found[:done] = known
            names = tuple(self._names)
            place = np.array([fields.index(name) if name in fields else -1 for fields in names], np.int64)
            if done < rows and bool((place >= 0).any()):
                _gather(columns.group[done:], columns.slot[done:], place, self._cells.codes, found[done:])
            self._gathered[name] = found
            self._gathered.move_to_end(name)
            while len(self._gathered) > COLUMNS_KEPT:
                self._gathered.popitem(last=False)
            return found


def _gather_numpy(
    group: NDArray[np.uint32], slot: NDArray[np.uint32], place: NDArray[np.int64], cells: NDArray[np.uint32], found: NDArray[np.uint32]
) -> None:
    at = place[group]
    there = at >= 0
    found[there] = cells[slot[there].astype(np.int64) + at[there]]


@kernel(plain=_gather_numpy)
def _gather(
    group: NDArray[np.uint32], slot: NDArray[np.uint32], place: NDArray[np.int64], cells: NDArray[np.uint32], found: NDArray[np.uint32]
) -> None:
    """Write the cell at the place that a group has for a field; leave `found` where it has none."""
    for i in range(group.shape[0]):
        at = int(place[group[i]])
        if at >= 0:
            at += int(slot[i])
            if at < cells.shape[0]:
                found[i] = cells[at]


def _allocate(rows: int) -> EventColumns:
    return EventColumns._make(np.zeros(rows, dtype) for dtype in EVENT_COLUMNS.values())
