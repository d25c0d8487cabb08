"""One event as XML, by python-evtx in a process that can be killed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from netsleuth_tui.decode.event_xml_worker import LONGEST, REQUEST
from netsleuth_tui.decode.worker_process import NoAnswer, Restarted, worker_command

__all__ = ["EventText", "EventXml"]

TIMEOUT = 3.0
"""Seconds that a record may take; ten milliseconds are usual."""

WORKER = worker_command("event_xml_worker")


@dataclass(frozen=True, slots=True)
class EventText:
    """An event as XML. It is text from a log, and has to be sanitised before it is shown."""

    xml: str = ""
    failure: str = ""
    """Why there is none, or not all of it; empty if all went well."""


class EventXml(Restarted):
    """Writes records as XML, one at a time; safe to use from several threads."""

    def __init__(self, command: Sequence[str] = WORKER, timeout: float = TIMEOUT) -> None:
        super().__init__(command, 8 * LONGEST)
        self._timeout = timeout

    def write(self, chunk: bytes, at: int) -> EventText:
        """The record at an offset of its chunk; failures are told in the answer and never raised."""
        try:
            reply = self.ask(REQUEST.pack(at, len(chunk)) + chunk, self._timeout)
        except NoAnswer as failure:
            return EventText(failure=f"python-evtx {failure}")
        return EventText(str(reply["xml"]), f"python-evtx {reply['failure']}" if reply["failure"] else "")
