"""The frames that are looked at, written to a capture: by the function of the command `extract`, on a thread of its own."""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING

from netsleuth_tui.errors import NetSleuthError
from netsleuth_tui.tui.exporting import Writing
from netsleuth_tui.tui.messages import ExportEnded
from netsleuth_tui.wording import several

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray
    from textual.message import Message

    from netsleuth_tui.analysis import Scope
    from netsleuth_tui.session import Session

__all__ = ["CAPTURES", "FrameExport", "frames_in", "is_capture"]

CAPTURES = (".pcapng", ".pcap")
"""Endings of names that ask for frames."""

_WITH_FRAMES = frozenset({"pcap", "pcapng", "snoop", "netmon", "etl"})


def is_capture(name: str) -> bool:
    """Whether the name of a file asks for frames, not for what a pane shows."""
    return PurePath(name).suffix.lower() in CAPTURES


def frames_in(session: Session, scope: Scope) -> tuple[dict[str, NDArray[np.uint64]], int]:
    """Where the frames are that a scope selects.

    Returns:
        For each file the offsets of its frames in it; and how many packets are in no file that could be read again.

    Raises:
        NetSleuthError: There are none, or a file has changed since it was loaded.
    """
    import numpy as np

    from netsleuth_tui.analysis import rows_of

    store = session.store
    selected = rows_of(store, scope)
    rows = selected.take(0, len(selected))
    offsets = store.columns().offset
    found: dict[str, NDArray[np.uint64]] = {}
    left_out = 0
    for source in store.sources:
        first, last = np.searchsorted(rows, [source.first_row, source.first_row + source.packets]).tolist()
        if first == last:
            continue
        if source.format not in _WITH_FRAMES or source.name == "-":
            left_out += last - first
            continue
        if source.stamp is not None and not source.stamp.still_holds(source.name):
            raise NetSleuthError("the file has changed since it was loaded", where=source.name, hint="open it again to write its packets")
        before = found.get(source.name, np.zeros(0, np.uint64))
        found[source.name] = np.union1d(before, offsets[rows[first:last]])
    if not found:
        raise NetSleuthError(
            "there are no frames here that could be written" + (": standard input and tables have none" if left_out else "")
        )
    return found, left_out


class FrameExport(Writing):
    """Writes frames.

    Args:
        session: What was loaded.
        scope: What is looked at.
        target: The capture to make: .pcapng or .pcap.
        post: Takes messages to the screen; may be called from any thread.
        force: Replace an existing file.
    """

    def __init__(self, session: Session, scope: Scope, target: str, post: Callable[[Message], object], *, force: bool) -> None:
        super().__init__(post)
        self._session, self._scope, self._target, self._force = session, scope, target, force

    def _write(self) -> ExportEnded:
        from netsleuth_tui.export import Written
        from netsleuth_tui.extraction import extract

        picked, left_out = frames_in(self._session, self._scope)
        found = extract(
            list(picked), self._scope, self._target,
            picked=picked, shifts=self._session.shifts, force=self._force, cancel=self._cancel,
            report=lambda extracted: self._report(extracted.kept, "frames"),
        )  # fmt: skip
        without = several(left_out, "packet that is in no file with frames is", "packets that are in no file with frames are")
        notes = [f"{without} left out"] if left_out else []
        missing = sum(len(offsets) for offsets in picked.values()) - found.kept
        if missing > 0:
            notes.append(f"{missing} could not be read again")
        if self._session.store.events.rows:
            notes.append("events are left out")
        if found.interleaved:
            notes.append(f"frames are not in the order of time: {found.interleaved}")
        return ExportEnded(Written(found.kept, found.bytes, 0, ", ".join(found.names)), None, "frames", "; ".join(notes))
