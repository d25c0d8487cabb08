"""One frame, opened down to the last field for the detail pane, by scapy in a process that can be killed."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import netsleuth_tui
from netsleuth_tui.decode.dissect_worker import LENGTH, REQUEST
from netsleuth_tui.decode.scapy_layers import MAX_FRAME, MAX_REPLY

__all__ = ["PAYLOAD", "DissectedField", "Dissection", "Dissector", "Layer"]

PAYLOAD = frozenset({"Raw", "Padding"})
"""Layers that say nothing beyond their bytes."""

START_TIMEOUT = 20.0
"""Seconds that the worker may take to load scapy; half a second on an idle machine."""

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
        self._worker: _Worker | None = None
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
                return worker.ask(frame, link_type, timeout)
            except _Failed as failure:
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

    def _running(self) -> _Worker | None:
        if self._worker is not None and not self._worker.is_alive:
            self._worker.end()
            self._worker = None
        if self._worker is None and not self._closed:
            self._worker = _Worker(self._command)
        return None if self._closed else self._worker


class _Failed(Exception):  # noqa: N818 - told to the user, not raised to the caller
    """The worker gave no answer; the text says why."""


class _Worker:
    """The process and its two pipes."""

    def __init__(self, command: Sequence[str]) -> None:
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=0)
        self._ready = False

    def ask(self, frame: bytes, link_type: int, timeout: float) -> Dissection:
        """Send a frame and wait for the answer.

        Raises:
            _Failed: There is none.
        """
        if not self._ready:
            self._exchange(b"", START_TIMEOUT, "did not start within")
            self._ready = True
        request = REQUEST.pack(link_type, min(len(frame), MAX_FRAME), timeout) + frame[:MAX_FRAME]
        dissection = _dissection(self._exchange(request, timeout, "took longer than"))
        if len(frame) > MAX_FRAME:
            return Dissection(dissection.layers, dissection.failure, clipped=True)
        return dissection

    @property
    def is_alive(self) -> bool:
        return self._process.poll() is None

    def kill(self) -> None:
        """End the process; a thread that waits for its answer gets none."""
        self._process.kill()
        self._process.wait()

    def end(self) -> None:
        """End the process and close the pipes, on which nobody may be waiting."""
        self.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()

    def _exchange(self, request: bytes, timeout: float, complaint: str) -> Any:
        expired = threading.Event()

        def expire() -> None:
            expired.set()
            self._process.kill()

        # Killing the worker ends the read below: that works on every system, while waiting for a pipe with a deadline does not.
        deadline = threading.Timer(timeout, expire)
        deadline.daemon = True
        deadline.start()
        try:
            return self._write_and_read(request)
        except (OSError, ValueError, _Failed) as error:
            if expired.is_set():
                raise _Failed(f"{complaint} {timeout:g} s") from error
            self._process.kill()
            raise _Failed(f"stopped: {_ending(self._process.wait())}") from error
        finally:
            deadline.cancel()
            deadline.join()
            if expired.is_set():
                self._process.wait()

    def _write_and_read(self, request: bytes) -> Any:
        process = self._process
        if process.stdin is None or process.stdout is None:
            raise _Failed("no pipes")
        rest = memoryview(request)
        while rest:
            rest = rest[process.stdin.write(rest) :]
        (length,) = LENGTH.unpack(_read(process.stdout, LENGTH.size))
        if length > 2 * MAX_REPLY:
            raise _Failed("the reply is too long")
        return json.loads(_read(process.stdout, length))


def _read(pipe: IO[bytes], count: int) -> bytes:
    data = b""
    while len(data) < count:
        more = pipe.read(count - len(data))
        if not more:
            raise _Failed("the pipe was closed")
        data += more
    return data


def _ending(code: int) -> str:
    return f"killed by signal {-code}" if code < 0 else f"ended with code {code}"


def _dissection(reply: dict[str, Any]) -> Dissection:
    layers = tuple(
        Layer(name, tuple(DissectedField(*field) for field in fields), offset, length) for name, offset, length, fields in reply["layers"]
    )
    return Dissection(layers, reply["failure"], reply["clipped"])
