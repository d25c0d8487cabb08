"""One event as XML, by python-evtx in a process that can be killed."""

from __future__ import annotations

import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import netsleuth_tui
from netsleuth_tui.decode.event_xml_worker import LONGEST, REQUEST
from netsleuth_tui.decode.worker_process import NoAnswer, WorkerProcess

__all__ = ["EventText", "EventXml"]

TIMEOUT = 3.0
"""Seconds that a record may take; ten milliseconds are usual."""

_START = "import sys; sys.path.insert(0, sys.argv.pop()); from netsleuth_tui.decode.event_xml_worker import main; main()"
WORKER = (sys.executable, "-P", "-W", "ignore", "-c", _START, str(Path(netsleuth_tui.__file__).resolve().parents[1]))


@dataclass(frozen=True, slots=True)
class EventText:
    """An event as XML. It is text from a log, and has to be sanitised before it is shown."""

    xml: str = ""
    failure: str = ""
    """Why there is none, or not all of it; empty if all went well."""


class EventXml:
    """Writes records as XML, one at a time; safe to use from several threads.

    The process is started when it is first needed, and again after it was killed or died.
    """

    def __init__(self, command: Sequence[str] = WORKER, timeout: float = TIMEOUT) -> None:
        self._command = command
        self._timeout = timeout
        self._lock = threading.Lock()
        self._worker: WorkerProcess | None = None
        self._closed = False

    def write(self, chunk: bytes, at: int) -> EventText:
        """The record at an offset of its chunk; failures are told in the answer and never raised."""
        with self._lock:
            if self._closed:
                return EventText(failure="python-evtx was closed")
            try:
                if self._worker is None or not self._worker.is_alive:
                    self._end()
                    self._worker = WorkerProcess(self._command, 8 * LONGEST)
                reply = self._worker.ask(REQUEST.pack(at, len(chunk)) + chunk, self._timeout)
            except (NoAnswer, OSError) as failure:
                self._end()
                return EventText(failure=f"python-evtx {failure}")
            return EventText(str(reply["xml"]), f"python-evtx {reply['failure']}" if reply["failure"] else "")

    def close(self) -> None:
        """End the process, whatever it is doing."""
        self._closed = True
        worker = self._worker
        if worker is not None:
            worker.kill()  # without the lock: whoever waits for an answer holds it
        with self._lock:
            self._end()

    def _end(self) -> None:
        if self._worker is not None:
            self._worker.end()
            self._worker = None
