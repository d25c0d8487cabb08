"""Which processes are known to have sent or received packets: what files record of each packet, and sockets that processes held.

Nothing of it takes any memory where no file says anything of processes.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.decode.columns import NO_TIME
from netsleuth_tui.decode.sockets import Socket

if TYPE_CHECKING:
    from netsleuth_tui.readers.frames import FrameBatch, Owners, ProcessEntry

__all__ = ["ALWAYS", "Process", "ProcessTable", "Recorded"]

ALWAYS = NO_TIME
"""Before the time of any packet."""
Codes = NDArray[np.uint32]
Origin = Literal["table", "events"]
"""A capture's own table of sockets, or events of Windows."""


@dataclass(frozen=True, slots=True)
class Process:
    """A process of some file's host."""

    pid: int
    path: str
    """Of the program; empty where nothing says it. Raw: sanitise before showing."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """What a file says of rows that follow one another."""

    first: int
    """Row id of the first one."""
    codes: Codes
    """Number of the process of each, 0 where none is said."""


class ProcessTable:
    """Processes by number, from 1, and what is known of them. One thread adds what is known, any thread reads."""

    def __init__(self) -> None:
        self.revision = 0
        """Changes whenever something is added."""
        self.known: list[Process] = [Process(0, "")]
        """By number; 0 stands for none."""
        self.recorded: list[Recorded] = []
        """By row, without overlaps."""
        self.sockets: dict[tuple[int, Origin], Sequence[Socket]] = {}
        """By source that has the first part of the file, and by what tells it. A list may grow, and its entries come to say more."""
        self.missed: dict[tuple[int, Origin], int] = {}
        """By the same, where some sockets are not known: time of the first of them, from when on nothing follows from the others."""
        self._codes: dict[Process, int] = {}
        self._lock = threading.Lock()
        self._table: tuple[tuple[ProcessEntry, ...], bool, Codes] | None = None

    @property
    def is_empty(self) -> bool:
        """Whether no file says anything of processes."""
        return not (self.recorded or self.sockets)

    def code(self, pid: int, path: str) -> int:
        """The number of a process."""
        process = Process(pid, path)
        with self._lock:
            found = self._codes.get(process)
            if found is None:
                found = self._codes[process] = len(self.known)
                self.known.append(process)
        return found

    def record(self, first: int, batch: FrameBatch, source: int) -> None:
        """Keep whose frames are those of a batch, where its file says so.

        Args:
            first: Row id of the first frame; what was kept of it and later ones did not come to be.
            batch: The frames.
            source: The source that has the first part of the file.
        """
        if batch.owners is None:
            return
        while self.recorded and self.recorded[-1].first >= first:
            self.recorded.pop()
        codes = self._codes_of(batch.owners, source)[np.minimum(batch.owners.index[: batch.count], len(batch.owners.processes))]
        if codes.any():
            self.recorded.append(Recorded(first, codes))
            self.revision += 1

    def heed(self, batch: FrameBatch, source: int) -> None:
        """Learn what a batch tells of its file's table, though none of its frames may be kept: one may be of a process beyond the table.

        Args:
            batch: The frames.
            source: The source that has the first part of the file.
        """
        if batch.owners is not None:
            self._codes_of(batch.owners, source)

    def forget(self, rows: int) -> None:
        """Let go of what is recorded of rows before `rows`, which were dropped."""
        kept = [part for part in self.recorded if part.first + len(part.codes) > rows]
        if len(kept) < len(self.recorded):
            self.recorded = kept
            self.revision += 1

    def tell(self, source: int, origin: Origin, sockets: Sequence[Socket], missed: int | None = None) -> None:
        """Sockets of a file's host are known, or more is known of them.

        Args:
            source: The source that has the first part of the file.
            origin: What tells of them.
            sockets: All that are known by now; the list may be the same as before.
            missed: When the first one was not kept, where that is so.
        """
        if missed is not None:
            self.missed[source, origin] = missed
        elif self.missed:
            self.missed.pop((source, origin), None)
        if sockets:
            self.sockets[source, origin] = sockets
        if sockets or missed is not None:
            self.revision += 1

    def _codes_of(self, owners: Owners, source: int) -> Codes:
        """Number of each process of a file's table, and 0 behind them."""
        entries, whole = owners.processes, owners.whole()
        if self._table is None or self._table[0] is not entries or self._table[1] != whole:
            codes = np.zeros(len(entries) + 1, np.uint32)
            codes[:-1] = [self.code(entry.pid, entry.path) if entry.pid or entry.path else 0 for entry in entries]
            self._table = entries, whole, codes
            sockets = [socket for entry in entries if (socket := _socket(entry)) is not None]
            self.tell(source, "table", sockets, None if whole else ALWAYS)
        return self._table[2]


def _socket(entry: ProcessEntry) -> Socket | None:
    """The socket that an entry of a file's table tells of, if it has a port; one that has half of another side cannot be compared."""
    if not entry.local_port or not (entry.pid or entry.path) or (entry.remote and not entry.remote_port):
        return None
    return Socket(entry.pid, entry.path, 0, entry.version, entry.local, entry.local_port, entry.remote, entry.remote_port)
