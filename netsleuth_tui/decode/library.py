"""The evtx library as a second opinion on a chunk, in a process that can be killed: whatever our own decoder cannot read, it may."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import netsleuth_tui
from netsleuth_tui.decode.events import Event, EventFlag
from netsleuth_tui.decode.guarded_process import LENGTH
from netsleuth_tui.decode.library_events import event_of
from netsleuth_tui.decode.worker_process import NoAnswer, WorkerProcess

__all__ = ["Library"]

TIMEOUT = 5.0
"""Seconds that a chunk may take; a millisecond is usual."""

PATIENCE = 3
"""Chunks without an answer after which nothing more is asked: a file may have thousands of such."""

LONGEST_REPLY = 256 << 20

_START = "import sys; sys.path.insert(0, sys.argv.pop()); from netsleuth_tui.decode.library_worker import main; main()"
WORKER = (sys.executable, "-P", "-W", "ignore", "-c", _START, str(Path(netsleuth_tui.__file__).resolve().parents[1]))


class Library:
    """Reads chunks, one at a time. The process starts when it is first needed, and again after it was killed."""

    def __init__(self, command: Sequence[str] = WORKER, timeout: float = TIMEOUT) -> None:
        self._command = command
        self._timeout = timeout
        self._patience = PATIENCE
        self._stopped = False
        self._worker: WorkerProcess | None = None

    def read(self, chunk: bytes) -> tuple[list[Event], str]:
        """The records of a chunk in its order, without their places.

        Returns:
            The events, and what went wrong: empty if nothing did.
        """
        if self._stopped or not self._patience:
            return [], "the evtx library is not asked any more"
        try:
            if self._worker is None or not self._worker.is_alive:
                self.close()
                self._worker = WorkerProcess(self._command, LONGEST_REPLY)
            reply = self._worker.ask(LENGTH.pack(len(chunk)) + chunk, self._timeout)
        except (NoAnswer, OSError) as failure:
            self.close()
            self._patience -= 1
            return [], f"the evtx library {failure}"
        events: list[Event] = []
        for record_id, written, text in reply["records"]:
            event = _event(record_id, written, text)
            if event is not None:
                events.append(event)
        return events, "; ".join(reply["failures"][:1])

    def stop(self) -> None:
        """End a request that another thread waits for, and answer none from now on."""
        self._stopped = True
        worker = self._worker
        if worker is not None:
            worker.kill()

    def close(self) -> None:
        """End the process, whatever it is doing."""
        if self._worker is not None:
            self._worker.end()
            self._worker = None


def _event(record_id: int, written: int, text: str) -> Event | None:
    from dataclasses import replace

    try:
        return replace(event_of(record_id, written, text), flags=int(EventFlag.BY_LIBRARY))
    except (ValueError, TypeError, AttributeError, RecursionError):
        return None
