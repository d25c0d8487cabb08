"""Child processes that open untrusted data and answer requests; they are killed when an answer takes too long."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any

import netsleuth_tui
from netsleuth_tui.decode.guarded_process import LENGTH

__all__ = ["NoAnswer", "Restarted", "WorkerProcess", "worker_command"]

START_TIMEOUT = 20.0
"""Seconds that a worker may take to load its library; half a second on an idle machine."""


def worker_command(module: str) -> tuple[str, ...]:
    """Starts `main` of a module of this room: the worker finds this very package, and nothing in the working directory."""
    start = f"import sys; sys.path.insert(0, sys.argv.pop()); from netsleuth_tui.decode.{module} import main; main()"
    return (sys.executable, "-P", "-W", "ignore", "-c", start, str(Path(netsleuth_tui.__file__).resolve().parents[1]))


class NoAnswer(Exception):  # noqa: N818 - told to the user, not raised to the caller
    """The worker gave no answer; the text says why."""


class WorkerProcess:
    """The process and its two pipes.

    Args:
        command: Starts it.
        longest_reply: Bytes of a reply that are believed.
    """

    def __init__(self, command: Sequence[str], longest_reply: int) -> None:
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=0)
        self._longest_reply = longest_reply
        self._ready = False

    def ask(self, request: bytes, timeout: float) -> Any:
        """Send a request and wait for the answer, so many seconds; then the process is killed.

        Raises:
            NoAnswer: There is none.
        """
        if not self._ready:
            self._exchange(b"", START_TIMEOUT, "did not start within")
            self._ready = True
        return self._exchange(request, timeout, "took longer than")

    @property
    def is_alive(self) -> bool:
        """Whether it runs."""
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
        except (OSError, ValueError, NoAnswer) as error:
            if expired.is_set():
                raise NoAnswer(f"{complaint} {timeout:g} s") from error
            self._process.kill()
            raise NoAnswer(f"stopped: {_ending(self._process.wait())}") from error
        finally:
            deadline.cancel()
            deadline.join()
            if expired.is_set():
                self._process.wait()

    def _write_and_read(self, request: bytes) -> Any:
        process = self._process
        if process.stdin is None or process.stdout is None:
            raise NoAnswer("no pipes")
        rest = memoryview(request)
        while rest:
            rest = rest[process.stdin.write(rest) :]
        (length,) = LENGTH.unpack(_read(process.stdout, LENGTH.size))
        if length > self._longest_reply:
            raise NoAnswer("the reply is too long")
        return json.loads(_read(process.stdout, length))


class Restarted:
    """A worker that is started when it is first needed, and again after it was killed or died; threads take turns.

    Args:
        command: Starts it.
        longest_reply: Bytes of a reply that are believed.
    """

    def __init__(self, command: Sequence[str], longest_reply: int) -> None:
        self._command = command
        self._longest_reply = longest_reply
        self._lock = threading.Lock()
        self._worker: WorkerProcess | None = None
        self._closed = False

    def warm(self) -> None:
        """Start the worker without waiting for it, so that the first request need not."""
        if self._lock.acquire(blocking=False):
            try:
                with contextlib.suppress(NoAnswer):  # said when it matters, by the first request
                    self._running()
            finally:
                self._lock.release()

    def ask(self, request: bytes, timeout: float) -> Any:
        """Send a request and wait for the answer, so many seconds; then the worker is killed.

        Raises:
            NoAnswer: There is none.
        """
        with self._lock:
            worker = self._running()
            try:
                return worker.ask(request, timeout)
            except NoAnswer:
                self._end()
                if self._closed:
                    raise NoAnswer("was closed") from None
                raise

    def close(self) -> None:
        """End the worker, whatever it is doing; nothing is answered from now on."""
        self._closed = True
        worker = self._worker
        if worker is not None:
            worker.kill()  # without the lock: whoever waits for an answer holds it
        with self._lock:
            self._end()

    def _running(self) -> WorkerProcess:
        if self._worker is not None and not self._worker.is_alive:
            self._end()
        if self._worker is None and not self._closed:
            try:
                self._worker = WorkerProcess(self._command, self._longest_reply)
            except OSError as error:
                raise NoAnswer(f"cannot be started: {error.strerror or error}") from error
        if self._worker is None or self._closed:  # which may have happened meanwhile
            raise NoAnswer("was closed")
        return self._worker

    def _end(self) -> None:
        if self._worker is not None:
            self._worker.end()
            self._worker = None


def _read(pipe: IO[bytes], count: int) -> bytes:
    data = bytearray()
    while len(data) < count:
        more = pipe.read(count - len(data))
        if not more:
            raise NoAnswer("the pipe was closed")
        data += more
    return bytes(data)


def _ending(code: int) -> str:
    return f"killed by signal {-code}" if code < 0 else f"ended with code {code}"
