"""What the buffers of a trace hold in the order of time: buffers by the first time in each, merged as far as they overlap."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.readers.etl_buffers import NO_TIME, Buffers, Trace
from netsleuth_tui.readers.etl_frames import copy_pieces
from netsleuth_tui.readers.etl_loading import Loading
from netsleuth_tui.readers.etl_packets import Pieces
from netsleuth_tui.readers.etl_records import Records
from netsleuth_tui.readers.etl_sift import Sifted, take_apart

__all__ = ["AHEAD", "Merging", "Step", "with_firsts"]

GROUP = 8 << 20
"""Bytes of buffers that are taken apart at once."""
AHEAD = 2
"""Groups of buffers that are taken apart beside the one that is handed on."""
_ROOM = 2 << 20
"""Bytes in front of a group for what waits from those before it: memory only where it is used."""
_ROW = 96
"""Bytes of a record's columns."""
_MERGED = 256 << 20
"""Bytes of records and columns that wait for earlier ones; where more wait, the trace is not sorted any further."""
_LATER = 1 << 62


def with_firsts(firsts: NDArray[np.int64]) -> NDArray[np.int64]:
    """The earliest time in each buffer of a trace; where it has none, that of the one before it."""
    timed = firsts != NO_TIME
    timed[:1] = True
    return firsts[np.maximum.accumulate(np.where(timed, np.arange(len(firsts)), 0))]


class Step(NamedTuple):
    """What comes next."""

    data: NDArray[np.uint8]
    pieces: Pieces
    """Pieces of frames, those that come later among them."""
    order: NDArray[np.int64]
    """Which of them come now, in the order of time."""
    events: Records
    """Records that come now, in the order of time."""
    is_last: bool


@dataclass(frozen=True, slots=True)
class _Waiting:
    """What is later than the first record of a buffer that is still to be read."""

    data: NDArray[np.uint8]
    """The bytes of the pieces, then those of the events."""
    pieces: Pieces
    events: Records


class Merging:
    """Reads buffers again, and hands on what they hold in the order of time.

    Args:
        loading: What reads them.
        trace: What its header says.
        buffers: Of the file.
        firsts: The earliest time in each of them, see `with_firsts`.
    """

    def __init__(self, loading: Loading, trace: Trace, buffers: Buffers, firsts: NDArray[np.int64]) -> None:
        self.is_unsorted = False
        """Whether too much would have had to wait for earlier records."""
        self.share = 0.0
        """How much of it is done."""
        self._loading = loading
        self._trace = trace
        order = np.argsort(firsts, kind="stable")
        self._queue = buffers.at_rows(order)
        self._firsts = np.append(firsts[order], _LATER)
        self._waiting: _Waiting | None = None

    def steps(self) -> Iterator[Step]:
        """What comes next, group after group; the threads that read ahead end with the generator."""
        done = np.cumsum(self._queue.filled)
        jobs: deque[tuple[int, Future[Sifted]]] = deque()
        with ThreadPoolExecutor(AHEAD, thread_name_prefix="trace") as pool:
            try:
                place = 0
                while place < len(done) or jobs:
                    while place < len(done) and len(jobs) < AHEAD:
                        end = _group_end(done, place)
                        jobs.append((end, pool.submit(self._sifted, self._queue.at_rows(slice(place, end)))))
                        place = end
                    end, job = jobs.popleft()
                    sifted = job.result()
                    self.share = float(done[end - 1] / done[-1])
                    yield self._step(sifted, int(self._firsts[end]))
            finally:
                for _, job in jobs:
                    job.cancel()

    def _sifted(self, buffers: Buffers) -> Sifted:
        return take_apart(self._loading.again(buffers, _ROOM), self._trace, self._loading.memory)

    def _step(self, sifted: Sifted, horizon: int) -> Step:
        """What comes before `horizon`; the rest waits."""
        data, pieces, events = self._with_waiting(sifted)
        is_last = horizon == _LATER
        if horizon != _LATER and len(data) + _ROW * (len(pieces.at) + events.rows) > _MERGED:
            horizon, self.is_unsorted = _LATER, True
        order, late = _parted(pieces.time, horizon)
        rows, late_rows = _parted(events.time, horizon)
        self._waiting = None
        if len(late) or len(late_rows):
            self._waiting = _waiting(data, pieces.at_rows(late), events.at_rows(late_rows))
        if len(rows) < events.rows or not _ascends(events.time):
            events = events.at_rows(_sorted(events.time, rows))
        return Step(data, pieces, _sorted(pieces.time, order), events, is_last)

    def _with_waiting(self, sifted: Sifted) -> tuple[NDArray[np.uint8], Pieces, Records]:
        """What waits, and what the next buffers hold, in one piece of memory."""
        data, pieces, events = sifted.data, sifted.pieces, sifted.events
        waiting = self._waiting
        if waiting is None:
            return data, pieces, events
        length = len(waiting.data)
        if length <= sifted.room:
            data[:length] = waiting.data
        else:
            data = np.concatenate((waiting.data, data))
            pieces.at[:] += length
            events = events._replace(begin=events.begin + length)
        return data, sifted.behind(waiting.pieces), Records.joined(data, waiting.events, events)


def _group_end(done: NDArray[np.int64], first: int) -> int:
    """Where a group of buffers ends that begins at `first`; `done` counts their bytes up to each."""
    before = int(done[first - 1]) if first else 0
    return min(int(np.searchsorted(done, before + GROUP)) + 1, len(done))


def _parted(time: NDArray[np.int64], horizon: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Which rows come before `horizon`, and which do not."""
    if not len(time) or horizon == _LATER or int(time.max()) < horizon:
        return np.arange(len(time)), np.zeros(0, np.int64)
    is_early = time < horizon
    return np.flatnonzero(is_early), np.flatnonzero(~is_early)


def _ascends(time: NDArray[np.int64]) -> bool:
    return bool((time[1:] >= time[:-1]).all())


def _sorted(time: NDArray[np.int64], rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Rows in the order of time. Each buffer is in that order, so that a stable sort merges runs."""
    chosen = time if len(rows) == len(time) else time[rows]
    return rows if _ascends(chosen) else rows[np.argsort(chosen, kind="stable")]


def _waiting(data: NDArray[np.uint8], pieces: Pieces, events: Records) -> _Waiting:
    """Pieces and events without all others' bytes."""
    lengths = np.concatenate((pieces.length, events.length))
    ends = np.cumsum(lengths)
    starts = ends - lengths
    kept = np.empty(int(ends[-1]), np.uint8)
    copy_pieces(data, np.concatenate((pieces.at, events.begin)), lengths, starts, kept)
    count = len(pieces.at)
    return _Waiting(kept, pieces._replace(at=starts[:count]), events._replace(data=kept, begin=starts[count:]))
