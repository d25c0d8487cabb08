"""Three threads decode what one reads; rows become visible in capture order, from one file to the next without a pause."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui import jit
from netsleuth_tui.decode.columns import Columns, Has
from netsleuth_tui.decode.hosts import HostTable
from netsleuth_tui.decode.packets import decode_frames
from netsleuth_tui.ingest.counted import begin_behind, count_in, given_up

if TYPE_CHECKING:
    from netsleuth_tui.readers.frames import FrameBatch
    from netsleuth_tui.store import Store

__all__ = ["THREADS", "THREADS_BESIDE_OTHERS", "Decoding", "parts_of"]

THREADS = 3
"""A reader's batch stays valid until the fourth one after it is asked for: no more than three may be on their way. With
three, two are decoded while the next is read and the addresses of the one before are numbered."""

THREADS_BESIDE_OTHERS = 2
"""How many decode what other threads take apart: a third one would only take turns with these."""

PLAIN_THREADS = 2
"""How many decode while kernels are plain Python: more of them would only be in each other's way, and in that of a key that is pressed."""

PLAIN_FRAMES = 1 << 11
"""Frames that are decoded at once while kernels are plain Python."""

ADDRESSES = np.uint64(Has.ADDRESSES)


@dataclass(slots=True)
class _Worker:
    """A thread's own addresses: threads must not wait for each other at every packet."""

    hosts: HostTable = field(default_factory=HostTable)
    ids: NDArray[np.uint32] = field(default_factory=lambda: np.empty(0, np.uint32))
    """For each address of this thread its id in the store, as far as they were merged."""


@dataclass(frozen=True, slots=True)
class _Job:
    batch: FrameBatch
    source: int
    columns: Columns
    first: int
    done: Future[_Worker]


class Decoding:
    """Decodes batches into the columns of a store.

    Args:
        store: Whose table and addresses grow.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="decode")
        self._idle = deque(_Worker() for _ in range(THREADS))
        self._jobs: deque[_Job] = deque()
        self.most = THREADS
        """How many batches are on their way at most, of the files that come next; no more than `THREADS`."""

    @property
    def rows(self) -> int:
        """Rows of the store, with those of batches that are on their way."""
        return self._jobs[-1].first + self._jobs[-1].batch.count if self._jobs else self._store.packets

    def take(self, batch: FrameBatch, source: int, expected_rows: int) -> None:
        """Begin to decode a batch, as the next rows of source `source`; those that are done by now may become visible.

        Raises:
            MemoryError: There is no more: this batch or one before it, and all behind that one, were given up.
        """
        most = self.most if jit.state() == "compiled" else PLAIN_THREADS
        while len(self._jobs) >= most:
            self._finish_oldest()
        first = self.rows
        if first + batch.count > self._store.table.capacity:
            self.drain()  # the columns are about to move
        columns = self._store.table.reserve(first + batch.count if first + batch.count <= self._store.table.capacity else expected_rows)
        worker = self._idle.popleft()
        self._jobs.append(_Job(batch, source, columns, first, self._pool.submit(_decode, worker, batch, columns, first, source)))

    @property
    def bytes(self) -> int:
        """Memory that the threads' own addresses take."""
        return sum(worker.hosts.bytes + worker.ids.nbytes for worker in tuple(self._idle))

    def forget_addresses(self) -> None:
        """The store has let addresses go, and gives their ids anew: nothing of what the threads know of these holds any more.

        Nothing may be on its way.
        """
        self._idle = deque(_Worker() for _ in range(THREADS))

    def drain(self) -> None:
        """Finish what is on its way, and make it visible.

        Raises:
            MemoryError: See `take`.
        """
        while self._jobs:
            self._finish_oldest()

    def close(self) -> None:
        """End the threads; what is on its way is not made visible."""
        self._pool.shutdown(cancel_futures=True)

    def _finish_oldest(self) -> None:
        """Show the rows of the batch that was taken first, and count them in its source."""
        job = self._jobs.popleft()
        rows = slice(job.first, job.first + job.batch.count)
        try:
            worker = job.done.result()
            if worker.hosts.count > len(worker.ids):
                worker.ids = np.concatenate((worker.ids, self._store.hosts.merge(worker.hosts, len(worker.ids))))
        except BaseException as error:
            self._give_up(job, error)
            raise
        if len(worker.ids):
            there = (job.columns.present[rows] & ADDRESSES) != 0
            for column in (job.columns.src[rows], job.columns.dst[rows]):
                np.multiply(worker.ids[column], there, out=column)
        self._idle.append(worker)
        self._store.processes.record(job.first, job.batch, self._store.first_part(job.source))
        self._store.table.commit(rows.stop)
        count_in(self._store, job.source, job.batch)

    def _give_up(self, failed: _Job, error: BaseException) -> None:
        """Let go of a batch that cannot be shown, and of those behind it: rows have no gaps. The next ones find zeros there, as ever."""
        jobs = (failed, *self._jobs)
        self._jobs.clear()
        wait(job.done for job in jobs)
        for job in jobs:
            for column in job.columns:
                column[job.first : job.first + job.batch.count] = 0
            given_up(self._store, job.source, error)
        begin_behind(self._store, failed.source)
        self._idle = deque(_Worker() for _ in range(THREADS))


def _decode(worker: _Worker, batch: FrameBatch, columns: Columns, first: int, source: int) -> _Worker:
    worker.hosts.reserve(2 * batch.count)
    decode_frames(
        batch.data, batch.count, batch.start, batch.cap_len, batch.wire_len, batch.time, batch.link_type, batch.offset,
        columns, first, source, worker.hosts,
    )  # fmt: skip
    return worker


def parts_of(batch: FrameBatch) -> Iterator[FrameBatch]:
    """The batch in parts that take a moment each: plain Python is slow, and to be seen and stopped meanwhile."""
    first = 0
    while first < batch.count:
        last = batch.count if jit.state() == "compiled" else min(first + PLAIN_FRAMES, batch.count)
        yield batch.part(first, last)
        first = last
