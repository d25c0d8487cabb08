"""TCP as a whole: the marks of all segments of a store, found out once, and the numbers that go with them.

Files whose times do not overlap are pieces of one capture, and connections go on from one to the next. Where a file begins before what
was loaded before it ended, both saw the same time: then connections are judged within it alone, since the same segment seen at two places
was not sent twice.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui import jit
from netsleuth_tui.analysis.flow_table import AHEAD, Block, empty, enlarged, new_seed
from netsleuth_tui.analysis.tcp_segments import ACK_RTT, FIRST_RTT, NOTHING, REPEAT, SEGMENT, Mark, follow_segments
from netsleuth_tui.analysis.tcp_unacked import no_room, with_room
from netsleuth_tui.decode.columns import NO_TIME, Columns
from netsleuth_tui.errors import NetSleuthError
from netsleuth_tui.store import Store

__all__ = ["Mark", "known_tcp_values", "marks", "rows_marked", "tcp_values"]

Marks = NDArray[np.uint16]
Numbers = NDArray[np.int64]

WANTED = {"tcp_repeat": REPEAT, "tcp_ack_rtt": ACK_RTT, "tcp_initial_rtt": FIRST_RTT}
"""Names of columns that only filters know, and what of the kernel fills them; `tcp_marks` are the marks themselves."""

SMALLEST = 1 << 12
"""Flows and waiting segments that there is room for at first."""
BLOCK = 1 << 16
"""Rows between two looks at whether anybody still wants the answer."""
WORTH_TWO_THREADS = 1 << 18
KEPT_FLOWS = 1 << 16
"""With more flows what is known of them is given up when all rows are judged, and rows that come later begin at the first row again."""
PLAIN_ROWS = 1 << 17
"""More of them take plain Python longer than the compiler needs, and longer still beside it."""
MOMENT = 0.05
"""Seconds."""


def marks(store: Store, cancelled: Callable[[], bool] = lambda: False) -> Marks:
    """A `Mark` for each row of a store, 0 for what is no TCP segment and for those of which there is nothing to say.

    Args:
        store: What was loaded.
        cancelled: Asked from time to time; True ends the work.

    Raises:
        NetSleuthError: Nobody wanted the answer any more.
    """
    return _known(store).marks_by(store, cancelled)


def rows_marked(store: Store, mark: Mark, cancelled: Callable[[], bool] = lambda: False) -> NDArray[np.uint32]:
    """Row ids of the segments with one of these marks, ascending.

    Raises:
        NetSleuthError: Nobody wanted the answer any more.
    """
    first = store.table.first
    return (np.flatnonzero(marks(store, cancelled)[first:] & np.uint16(mark)) + first).astype(np.uint32)


def tcp_values(store: Store, name: str, cancelled: Callable[[], bool] = lambda: False) -> NDArray[np.integer]:
    """Values of a field by row id, 0 where it is absent: `tcp_marks`, or one of `WANTED` (numbers, and times in ns).

    Raises:
        NetSleuthError: Nobody wanted the answer any more.
    """
    if name == "tcp_marks":
        return marks(store, cancelled)
    return _known(store).values_of(name, store, cancelled)


def known_tcp_values(store: Store, name: str) -> NDArray[np.integer]:
    """What `tcp_values` found out before, by row id; none where it was never asked."""
    known = _known(store)
    return known.marks if name == "tcp_marks" else known.values.get(name, np.zeros(0, np.int64))


class _Course:
    """Going through the rows with the connections of one part of the hosts (0, or 0 and 1)."""

    def __init__(self, part: int, parts: int, wanted: int) -> None:
        self.part, self.parts, self.wanted = part, parts, wanted
        self.block = Block(*(np.zeros(AHEAD, np.int64) for _ in Block._fields))
        self.latest = NO_TIME
        self._forget()

    def _forget(self) -> None:
        self.table, self.unacked = empty(SMALLEST, new_seed()), no_room()
        self._make_room()

    def _make_room(self) -> None:
        if self.wanted == ACK_RTT:
            entries = len(self.unacked.ends)
            more = 2 * entries if int(self.unacked.free[0]) + AHEAD > entries else entries
            self.unacked = with_room(self.unacked, len(self.table.sums), max(more, SMALLEST))

    @property
    def flows(self) -> int:
        """Flows that are known."""
        return int(self.table.given[0])

    def go(self, columns: Columns, first: int, last: int, starts: Sequence[int], found: Marks, values: Numbers) -> None:
        """Judge the rows from the first to the last (excluded); files begin at `starts`."""
        for start, end in _pieces(first, last, starts):
            times = columns.time[start:end]
            if start in starts and len(times) and NO_TIME < int(times[0]) < self.latest:
                self._forget()
                self.latest = NO_TIME
            self.latest = max(self.latest, int(times.max(initial=NO_TIME)))
            self._judge(columns, start, end, found, values)

    def _judge(self, columns: Columns, start: int, end: int, found: Marks, values: Numbers) -> None:
        ids = (np.flatnonzero(columns.present[start:end] & SEGMENT == SEGMENT) + start).astype(np.uint32)
        at = 0
        while at < len(ids):
            (at,) = follow_segments(
                ids, at, len(ids), columns, self.part, self.parts, self.table, self.block, self.unacked, found, self.wanted, values
            )
            if at < len(ids):
                if self.flows >= len(self.table.sums):
                    self.table = enlarged(self.table)
                self._make_room()


def _pieces(first: int, last: int, starts: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Rows in portions that end at the beginning of every file."""
    edges = [start for start in starts if first < start < last]
    for begin, end in zip([first, *edges], [*edges, last], strict=True):
        yield from ((at, min(at + BLOCK, end)) for at in range(begin, end, BLOCK))


class _Known:
    """What is known of the segments of a store."""

    def __init__(self) -> None:
        self.marks: Marks = np.zeros(0, np.uint16)
        self.values: dict[str, Numbers] = {}
        self.courses: list[_Course] = []
        self.turn = 0
        """How often rows had been dropped: the numbers of addresses mean the same until then."""
        self.lock = threading.Lock()

    def marks_by(self, store: Store, cancelled: Callable[[], bool]) -> Marks:
        """Judge what was not judged yet; once rows were dropped, what follows from those that are left."""
        with _held(self.lock, cancelled):
            turn, first, starts = store.hosts.cleared, store.table.first, store.starts
            columns = store.columns()
            rows, judged = len(columns.row), len(self.marks)
            if judged >= rows:
                return self.marks[:rows]
            if not self.courses or turn != self.turn:
                judged, self.turn, self.courses = first, turn, _courses(rows - first, NOTHING)
            found = store.table.by_row(rows, np.uint16)
            found[first:judged] = self.marks[first:judged]
            courses, self.courses = self.courses, []  # one that was left on its way is of no use
            _go(courses, columns, judged, starts, found, np.zeros(0, np.int64), cancelled)
            if sum(course.flows for course in courses) <= KEPT_FLOWS:
                self.courses = courses
            self.marks = found
            return found

    def values_of(self, name: str, store: Store, cancelled: Callable[[], bool]) -> Numbers:
        """Numbers by row, of all rows."""
        with _held(self.lock, cancelled):
            first, starts, columns, known = store.table.first, store.starts, store.columns(), self.values.get(name)
            rows = len(columns.row)
            if known is None or len(known) < rows:
                known, found = store.table.by_row(rows, np.int64), store.table.by_row(rows, np.uint16)
                _go(_courses(rows - first, WANTED[name]), columns, first, starts, found, known, cancelled)
                self.values[name] = known
            return known[:rows]


_KNOWN: WeakKeyDictionary[Store, _Known] = WeakKeyDictionary()
_LOCK = threading.Lock()


def _known(store: Store) -> _Known:
    with _LOCK:
        return _KNOWN.setdefault(store, _Known())


class _held:  # noqa: N801 - it reads as a statement
    """Hold a lock that may be asked for in vain: who waits for it can be called off."""

    def __init__(self, lock: threading.Lock, cancelled: Callable[[], bool]) -> None:
        self.lock, self.cancelled = lock, cancelled

    def __enter__(self) -> None:
        while not self.lock.acquire(timeout=MOMENT):
            _go_on(self.cancelled)

    def __exit__(self, *_: object) -> None:
        self.lock.release()


def _go_on(cancelled: Callable[[], bool]) -> None:
    if cancelled():
        raise NetSleuthError("the question was interrupted")


def _courses(rows: int, wanted: int) -> list[_Course]:
    parts = 2 if rows >= WORTH_TWO_THREADS else 1
    return [_Course(part, parts, wanted) for part in range(parts)]


@cache
def _second_thread() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1, thread_name_prefix="segments")


def _go(
    courses: Sequence[_Course], columns: Columns, first: int, starts: Sequence[int], found: Marks, values: Numbers,
    cancelled: Callable[[], bool],
) -> None:  # fmt: skip
    """Let every course go through all rows from `first` on: each its own connections, side by side."""
    rows = len(columns.row)
    while rows - first > PLAIN_ROWS and jit.is_coming("analysis"):
        _go_on(cancelled)
        jit.wait(MOMENT)

    def through(course: _Course) -> None:
        for at in range(first, rows, BLOCK):
            if cancelled():
                return
            course.go(columns, at, min(at + BLOCK, rows), starts, found, values)

    others = [_second_thread().submit(through, course) for course in courses[1:]]
    through(courses[0])
    for other in others:
        other.result()
    _go_on(cancelled)
