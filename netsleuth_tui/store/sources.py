"""One opened file, as every pane and command names it."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass

from netsleuth_tui.wording import several

__all__ = ["Source", "Stamp", "overlapping"]

HEAD = 512
"""Bytes at the beginning of a file that tell it from another one."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """How a file can be told from another of the same name."""

    device: int
    inode: int
    size: int
    modified: int
    """ns since the epoch."""
    head: bytes
    """How the file begins: the first time stamps are among it."""

    @classmethod
    def of(cls, name: str) -> Stamp | None:
        """The stamp that a file has now; None for standard input, or where there is no such file any more."""
        if name == "-":
            return None
        try:
            with open(name, "rb", opener=_without_waiting) as file:
                status = os.fstat(file.fileno())
                return cls(status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, file.read(HEAD))
        except OSError:
            return None

    def still_holds(self, name: str) -> bool:
        """True if the file is the same and has at most grown."""
        now = Stamp.of(name)
        if now is None or (now.device, now.inode) != (self.device, self.inode):
            return False
        if now.size > self.size:
            return now.head.startswith(self.head)
        return now.size == self.size and now.modified == self.modified


def _without_waiting(name: str, flags: int) -> int:
    """Open, also what has become a named pipe meanwhile."""
    return os.open(name, flags | getattr(os, "O_NONBLOCK", 0))


@dataclass(frozen=True, slots=True)
class Source:
    """What a file is, what was read of it, and what could not be."""

    name: str
    """Path as the user gave it, '-' for standard input. Raw: sanitise before showing."""

    format: str
    """'pcap', 'pcapng', 'snoop', 'netmon', 'etl', 'evtx' or 'csv'."""

    compression: str = ""
    """'' or 'gzip', 'zstd', 'xz', 'bzip2'."""

    size: int = 0
    """Bytes on disk; 0 where unknown."""

    first_row: int = 0
    """Row of its first frame: its frame numbers count from there."""

    before: int = 0
    """Frames of the same file before its first one here: they were dropped, or an earlier source has them, since a file that grew after
    others were loaded goes on as one more source."""

    dropped: int = 0
    """Packets that made room for later ones, the oldest first, where the memory budget was used up."""

    dropped_to: int = -1
    """Where in the file the last packet begins that was dropped; -1 if none was."""

    first_event: int = 0
    """Row of its first event, among the events."""

    packets: int = 0
    captured_bytes: int = 0
    bytes: int = 0
    """Bytes on the wire."""

    events: int = 0
    """Event records."""

    judged: int = 0
    """Event records that a filter at loading was asked about; `events` are those that it kept."""

    judged_to: int = -1
    """Where in the file the last of them begins; -1 if there was none."""

    lost: int = 0
    """Event records that are there and could not be decoded."""

    recoverable: int = 0
    """Event records that could be recovered (they lie where the log says nothing is kept) and were left out."""

    shift: int = 0
    """Nanoseconds that the user had added to its times: its clock was off."""

    first: int | None = None
    """Earliest time stamp, ns since the epoch."""

    last: int | None = None
    """Latest time stamp, ns since the epoch."""

    stamp: Stamp | None = None
    """Of the file when reading ended, so that its bytes are not read again from another one."""

    drops: int = 0
    """Packets that the capturing host says it lost."""

    events_lost: int = 0
    """Events that the host says it lost while it took the trace."""

    buffers_lost: int = 0
    """Buffers full of events that it says it lost."""

    complete: bool = True
    """False where reading was cancelled or stopped at the memory budget."""

    damage: tuple[str, ...] = ()
    """What could not be read: 'damaged at byte N: why'."""

    notes: tuple[str, ...] = ()
    """What else the reader noticed."""

    @property
    def missing(self) -> str:
        """What of it is not there, as a sentence without a full stop; empty if all of it is."""
        if self.dropped:
            return f"{several(self.dropped, 'packet')} made room for later ones, the oldest first: the memory budget is used up"
        if self.complete:
            return ""
        packets, events = several(self.packets, "packet"), several(self.events, "event")
        there = [packets] if self.packets or not self.events else []
        return f"read in part, {' and '.join([*there, *([events] if self.events else [])])}"


def overlapping(sources: Iterable[Source]) -> bool:
    """True if one of them begins before those in front of it have ended: then its rows belong between theirs in time."""
    ended: int | None = None
    for source in sources:
        if source.first is None or source.last is None:
            continue
        if ended is not None and source.first < ended:
            return True
        ended = source.last if ended is None else max(ended, source.last)
    return False
