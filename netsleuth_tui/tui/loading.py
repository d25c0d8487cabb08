"""Loading on a thread of its own, from before the first rows until it is done, cancelled, or has used up its memory."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from netsleuth_tui.tui.messages import LoadProgressed, ThreadFailed

if TYPE_CHECKING:
    from textual.message import Message

    from netsleuth_tui.ingest import Progress
    from netsleuth_tui.session import Session

__all__ = ["Loading"]

SHOW_EVERY = 0.25
"""Seconds between reports that reach the screen."""


class Loading:
    """One load, and how to stop it.

    Args:
        session: The session, or what makes it: importing what a session needs takes longer than the first paint may.
        paths: Files, patterns, folders; '-' is standard input.
        post: Takes messages to the screen; may be called from any thread.
        again: Whether the session has loaded the files before: only what is new is loaded.
    """

    def __init__(
        self, session: Session | Callable[[], Session], paths: Sequence[str], post: Callable[[Message], object], *, again: bool = False
    ) -> None:
        self.again = again
        self._make = session
        self._paths = list(paths)
        self._post = post
        self._cancel = threading.Event()
        self._last = 0.0
        self._thread = threading.Thread(target=self._run, name="load", daemon=True)
        self.session: Session | None = None if callable(session) else session
        """There from the first report on."""

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def cancel(self) -> None:
        """Stop soon; what was loaded stays."""
        self._cancel.set()

    def wait(self, timeout: float) -> bool:
        """Wait until the thread has ended.

        Returns:
            False if that took longer than `timeout` seconds.
        """
        if self._thread.ident is not None:
            self._thread.join(timeout)
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            self.session = self._make() if callable(self._make) else self._make
            if self.again:
                self.session.reload(cancel=self._cancel, report=self._report)
            else:
                self.session.load(self._paths, cancel=self._cancel, report=self._report)
            self.session.warm()
        except Exception as error:  # noqa: BLE001 - the screen ends the program with it
            self._post(ThreadFailed(error))

    def _report(self, progress: Progress) -> None:
        now = time.monotonic()
        if progress.phase != "loading" or now - self._last >= SHOW_EVERY:
            self._last = now
            self._post(LoadProgressed(progress))
