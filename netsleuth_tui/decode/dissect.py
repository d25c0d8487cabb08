"""One frame, opened down to the last field for the detail pane, by scapy in a process that can be killed."""

from __future__ import annotations

import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import netsleuth_tui
from netsleuth_tui.decode.dissect_worker import REQUEST
from netsleuth_tui.decode.scapy_layers import MAX_FRAME, MAX_REPLY
from netsleuth_tui.decode.worker_process import NoAnswer, WorkerProcess

__all__ = ["PAYLOAD", "DissectedField", "Dissection", "Dissector", "Layer"]

PAYLOAD = frozenset({"Raw", "Padding"})
"""Layers that say nothing beyond their bytes."""

_START = "import sys; sys.path.insert(0, sys.argv.pop()); from netsleuth_tui.decode.dissect_worker import main; main()"
WORKER = (sys.executable, "-P", "-W", "ignore", "-c", _START, str(Path(netsleuth_tui.__file__).resolve().parents[1]))
"""The worker finds this very package, and nothing in the working directory."""


@dataclass(frozen=True, slots=True)
class DissectedField:
    """A field of a layer. The value is text from the frame, and has to be sanitised before it is shown."""

    name: str
    value: str
    offset: int
    """Of its first byte in the frame; -1 if unknown."""
    length: int
    """Bytes that hold a part of it; -1 if unknown."""


@dataclass(frozen=True, slots=True)
class Layer:
    """A protocol layer, outermost first."""

    name: str
    fields: tuple[DissectedField, ...]
    offset: int = -1
    """Of its header in the frame; -1 if unknown."""
    length: int = -1
    """Bytes of its header; -1 if unknown."""


@dataclass(frozen=True, slots=True)
class Dissection:
    """What is known about one frame."""

    layers: tuple[Layer, ...] = ()
    failure: str = ""
    """Why there are no layers, or no more of them; empty if all went well."""
    clipped: bool = False
    """Whether values, fields or layers were left out or shortened because there were too many."""

    @property
    def tells(self) -> bool:
        """Whether a layer says more than that there are bytes."""
        return any(layer.name not in PAYLOAD for layer in self.layers)


class Dissector:
    """Opens frames, one at a time; safe to use from several threads.

    The worker process is started when it is first needed, and again after it was killed or died.
    """

    def __init__(self, command: Sequence[str] = WORKER) -> None:
        self._command = command
        self._lock = threading.Lock()
        self._worker: WorkerProcess | None = None
        self._closed = False

    def warm(self) -> None:
        """Start the worker without waiting for it, so that the first frame need not."""
        if self._lock.acquire(blocking=False):
            try:
                self._running()
            except OSError:
                pass  # said when it matters, by `dissect`
            finally:
                self._lock.release()

    def dissect(self, frame: bytes, link_type: int, timeout: float = 2.0) -> Dissection:
        """Open a frame.

        Args:
            frame: Its captured bytes.
            link_type: LINKTYPE_ number; a frame of an unknown one is all payload.
            timeout: Seconds; then the worker is killed.

        Returns:
            The layers; failures are told in it and never raised.
        """
        with self._lock:
            try:
                worker = self._running()
            except OSError as error:
                return Dissection(failure=f"cannot be started: {error.strerror or error}")
            if worker is None:
                return Dissection(failure="was closed")
            try:
                return _ask(worker, frame, link_type, timeout)
            except NoAnswer as failure:
                worker.end()
                self._worker = None
                return Dissection(failure="was closed" if self._closed else str(failure))

    def close(self) -> None:
        """End the worker, whatever it is doing."""
        self._closed = True
        worker = self._worker
        if worker is not None:
            worker.kill()  # without the lock: whoever waits for an answer holds it
        with self._lock:
            if self._worker is not None:
                self._worker.end()
                self._worker = None

    def _running(self) -> WorkerProcess | None:
        if self._worker is not None and not self._worker.is_alive:
            self._worker.end()
            self._worker = None
        if self._worker is None and not self._closed:
            self._worker = WorkerProcess(self._command, 2 * MAX_REPLY)
        return None if self._closed else self._worker


def _ask(worker: WorkerProcess, frame: bytes, link_type: int, timeout: float) -> Dissection:
    request = REQUEST.pack(link_type, min(len(frame), MAX_FRAME), timeout) + frame[:MAX_FRAME]
    dissection = _dissection(worker.ask(request, timeout))
    if len(frame) > MAX_FRAME:
        return Dissection(dissection.layers, dissection.failure, clipped=True)
    return dissection


def _dissection(reply: dict[str, Any]) -> Dissection:
    layers = tuple(
        Layer(name, tuple(DissectedField(*field) for field in fields), offset, length) for name, offset, length, fields in reply["layers"]
    )
    return Dissection(layers, reply["failure"], reply["clipped"])
