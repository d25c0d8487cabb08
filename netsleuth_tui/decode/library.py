"""The evtx library as a second opinion on a chunk, in a process that can be killed: whatever our own decoder cannot read, it may."""

from __future__ import annotations

from collections.abc import Sequence

from netsleuth_tui.decode.events import Event, EventFlag
from netsleuth_tui.decode.guarded_process import LENGTH
from netsleuth_tui.decode.library_events import event_of
from netsleuth_tui.decode.worker_process import NoAnswer, Restarted, worker_command

__all__ = ["Library"]

TIMEOUT = 5.0
"""Seconds that a chunk may take; a millisecond is usual."""

PATIENCE = 3
"""Chunks of one file without an answer after which nothing more is asked: a file may have thousands of such."""

LONGEST_REPLY = 256 << 20

WORKER = worker_command("library_worker")


class Library(Restarted):
    """Reads chunks, one at a time."""

    def __init__(self, command: Sequence[str] = WORKER, timeout: float = TIMEOUT) -> None:
        super().__init__(command, LONGEST_REPLY)
        self._timeout = timeout
        self._patience = PATIENCE

    def begin(self) -> None:
        """Another file comes: what was wrong with the one before tells nothing about it."""
        self._patience = PATIENCE

    def read(self, chunk: bytes) -> tuple[list[Event], str]:
        """The records of a chunk in its order, without their places.

        Returns:
            The events, and what went wrong: empty if nothing did.
        """
        if not self._patience:
            return [], "the evtx library is not asked any more"
        try:
            reply = self.ask(LENGTH.pack(len(chunk)) + chunk, self._timeout)
        except NoAnswer as failure:
            self._patience -= 1
            return [], f"the evtx library {failure}"
        events: list[Event] = []
        for record_id, written, text in reply["records"]:
            event = _event(record_id, written, text)
            if event is not None:
                events.append(event)
        return events, "; ".join(reply["failures"][:1])


def _event(record_id: int, written: int, text: str) -> Event | None:
    from dataclasses import replace

    try:
        return replace(event_of(record_id, written, text), flags=int(EventFlag.BY_LIBRARY))
    except (ValueError, TypeError, AttributeError, RecursionError):
        return None
