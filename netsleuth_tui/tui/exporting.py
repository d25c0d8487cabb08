"""One export on a thread of its own: asked for, watched, cancelled."""

from __future__ import annotations

import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING

from netsleuth_tui.errors import NetSleuthError
from netsleuth_tui.tui.messages import ExportEnded, ExportProgressed, ThreadFailed
from netsleuth_tui.tui.views import Cancelled, watched

if TYPE_CHECKING:
    from textual.message import Message

    from netsleuth_tui.analysis import Scope
    from netsleuth_tui.store import Store
    from netsleuth_tui.tabular import Table

__all__ = ["Export", "Writing"]

SHOW_EVERY = 0.25
"""Seconds between two reports."""


class Writing(ABC):
    """Writes something, while the screen goes on.

    Args:
        post: Takes messages to the screen; may be called from any thread.
    """

    def __init__(self, post: Callable[[Message], object]) -> None:
        self._post = post
        self._cancel = threading.Event()
        self._last = 0.0
        self._thread = threading.Thread(target=self._run, name="export", daemon=True)

    @abstractmethod
    def _write(self) -> ExportEnded:
        """Write, and say what was written."""

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def cancel(self) -> None:
        """Stop soon, and leave no file."""
        self._cancel.set()

    def wait(self, timeout: float) -> bool:
        """Wait until the thread has ended; False if that took longer than `timeout` seconds."""
        if self._thread.ident is not None:
            self._thread.join(timeout)
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            ended = self._write()
        except Cancelled:
            ended = ExportEnded(None, None)
        except NetSleuthError as error:
            ended = ExportEnded(None, None if self._cancel.is_set() else error)
        except Exception as error:  # noqa: BLE001 - the screen ends the program with it
            self._post(ThreadFailed(error))
            return
        self._post(ended)

    def _report(self, count: int, what: str = "rows") -> None:
        now = time.monotonic()
        if now - self._last >= SHOW_EVERY:
            self._last = now
            self._post(ExportProgressed(count, what))


class Export(Writing):
    """Writes what a pane shows.

    Args:
        store: What was loaded.
        scope: What is looked at.
        make: Makes the table, on the thread; or is the text itself.
        target: The file to make; its suffix says the format.
        force: Replace an existing file.
        post: Takes messages to the screen; may be called from any thread.
    """

    def __init__(
        self,
        store: Store,
        scope: Scope,
        make: Callable[[Store, Scope], Table] | str,
        target: str,
        post: Callable[[Message], object],
        *,
        force: bool,
    ) -> None:
        super().__init__(post)
        self._store, self._scope, self._make = store, scope, make
        self._target, self._force = target, force

    def _write(self) -> ExportEnded:
        from netsleuth_tui.export import format_of, write_table, write_text

        if isinstance(self._make, str):
            return ExportEnded(write_text(self._make, target=self._target, force=self._force), None)
        table = watched(self._make(self._store, self._scope), self._report, self._cancel.is_set)
        return ExportEnded(write_table(table, format=format_of(self._target), target=self._target, force=self._force), None)
