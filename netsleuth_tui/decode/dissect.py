"""One frame, opened down to the last field for the detail pane, by scapy in a process that can be killed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from netsleuth_tui.decode.dissect_worker import REQUEST
from netsleuth_tui.decode.scapy_layers import MAX_FRAME, MAX_REPLY
from netsleuth_tui.decode.worker_process import NoAnswer, Restarted, worker_command

__all__ = ["PAYLOAD", "DissectedField", "Dissection", "Dissector", "Layer"]

PAYLOAD = frozenset({"Raw", "Padding"})
"""Layers that say nothing beyond their bytes."""

WORKER = worker_command("dissect_worker")


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


class Dissector(Restarted):
    """Opens frames, one at a time; safe to use from several threads."""

    def __init__(self, command: Sequence[str] = WORKER) -> None:
        super().__init__(command, 2 * MAX_REPLY)

    def dissect(self, frame: bytes, link_type: int, timeout: float = 2.0) -> Dissection:
        """Open a frame.

        Args:
            frame: Its captured bytes.
            link_type: LINKTYPE_ number; a frame of an unknown one is all payload.
            timeout: Seconds; then the worker is killed.

        Returns:
            The layers; failures are told in it and never raised.
        """
        request = REQUEST.pack(link_type, min(len(frame), MAX_FRAME), timeout) + frame[:MAX_FRAME]
        try:
            dissection = _dissection(self.ask(request, timeout))
        except NoAnswer as failure:
            return Dissection(failure=str(failure))
        return replace(dissection, clipped=True) if len(frame) > MAX_FRAME else dissection


def _dissection(reply: dict[str, Any]) -> Dissection:
    layers = tuple(
        Layer(name, tuple(DissectedField(*field) for field in fields), offset, length) for name, offset, length, fields in reply["layers"]
    )
    return Dissection(layers, reply["failure"], reply["clipped"])
