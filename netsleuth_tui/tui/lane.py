"""Work beside the keyboard: one job at a time, and of the jobs that wait only the newest."""

from __future__ import annotations

import threading
from collections.abc import Callable

__all__ = ["Lane"]

Job = Callable[[], None]


class Lane:
    """A daemon thread that runs the newest job; a job that waits is replaced by the next one.

    Jobs never touch widgets: they post messages, which carry the number of what was asked for, so that stale answers can be dropped.
    A daemon, because nothing that reads or computes may keep a program alive that was told to end.

    Args:
        name: Of the thread.
        failed: Called, in the lane, with what a job raised.
    """

    def __init__(self, name: str, failed: Callable[[Exception], object]) -> None:
        self._name = name
        self._failed = failed
        self._waiting: Job | None = None
        self._busy = False
        self._closed = False
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    @property
    def busy(self) -> bool:
        """True while a job runs or waits."""
        return self._busy or self._waiting is not None

    def submit(self, job: Job) -> bool:
        """Run `job` as soon as the one that runs now is done.

        Returns:
            True if it has to wait for another one.
        """
        with self._changed:
            self._waiting = job
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
                self._thread.start()
            self._changed.notify_all()
            return self._busy

    def close(self, timeout: float = 0.0) -> None:
        """End the thread after the job that runs now, and wait for that at most `timeout` seconds."""
        with self._changed:
            self._closed, self._waiting = True, None
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join(timeout)

    def wait(self, timeout: float) -> bool:
        """Wait until there is nothing to do.

        Returns:
            False if that took longer than `timeout` seconds.
        """
        with self._changed:
            return self._changed.wait_for(lambda: not self.busy, timeout)

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting is not None or self._closed)
                if self._closed:
                    return
                job, self._waiting, self._busy = self._waiting, None, True
            try:
                if job is not None:
                    job()
            except Exception as error:  # noqa: BLE001 - a lane outlives its jobs; the screen decides what an error means
                self._failed(error)
            finally:
                job = None
                with self._changed:
                    self._busy = False
                    self._changed.notify_all()
