"""A child process that opens untrusted data and answers requests; it is killed when an answer takes too long."""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Sequence
from typing import IO, Any

from netsleuth_tui.decode.guarded_process import LENGTH

__all__ = ["NoAnswer", "WorkerProcess"]

START_TIMEOUT = 20.0
"""Seconds that a worker may take to load its library; half a second on an idle machine."""


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
