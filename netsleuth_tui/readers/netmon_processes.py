"""Processes that Network Monitor (2.2 and later) saw: a table of them, and in the trailer of each frame a number in it.

The table begins with a version of two bytes. An entry is the length of a path in bytes and the path, the length of an icon and the icon,
then 48 bytes: process id (4), local port (2, then 2 that are unused), remote port (likewise), whether the addresses are IPv6 (4), the local
and the remote address, 16 bytes each, of which IPv4 uses the first four. A program has an entry for each of its sockets.
"""

from __future__ import annotations

import struct
import sys

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.readers.damage import Damage
from netsleuth_tui.readers.frames import NOBODY, Owners, ProcessEntry
from netsleuth_tui.readers.limits import NETMON_PROCESSES, PROCESS_PATH, PROCESS_PATHS_KEPT
from netsleuth_tui.readers.sources import RandomSource
from netsleuth_tui.wording import agree, several

__all__ = ["Processes", "read_processes"]

_FIXED = struct.Struct("<IHxxHxxI16s16s")
_AT_ONCE = 1 << 14
_OFF_INDEX = 2
"""Where in a trailer the number of the process is: behind the media type."""


def read_processes(source: RandomSource, at: int, count: int) -> tuple[list[ProcessEntry], Damage | None]:
    """The table of processes, in the order in which frames number them.

    Args:
        source: The file.
        at: Where the table begins.
        count: How many there are.

    Returns:
        The entries; where the table contradicts itself or is not followed any further, if that is so.
    """
    found: list[ProcessEntry] = []
    part, paths = _Part(source), _Paths()
    place = at + 2
    while len(found) < min(count, NETMON_PROCESSES):
        begin = place
        path, place = _sized(part, place, PROCESS_PATH)
        icon, place = _sized(part, place, 0)
        fixed = part.at(place, _FIXED.size) if path is not None and icon is not None else b""
        if path is None or len(fixed) < _FIXED.size:
            return found, Damage(begin, f"entry {len(found) + 1} of {count} in the table of processes does not fit into the file")
        text = paths.text(path)
        if text is None:
            full = f"paths take more than the {PROCESS_PATHS_KEPT} bytes that are kept of them"
            return found, Damage(begin, f"the table of processes is not read from entry {len(found) + 1} of {count} on: {full}")
        found.append(_entry(text, fixed))
        place += _FIXED.size
    if count > NETMON_PROCESSES:
        return found, Damage(place, f"a table of {count} processes is longer than the maximum of {NETMON_PROCESSES}")
    return found, None


class _Part:
    """What lies around the place that is read: entries are short, and many."""

    def __init__(self, source: RandomSource) -> None:
        self._source = source
        self._begin, self._content = 0, b""
        self.size = source.size

    def at(self, place: int, length: int) -> bytes:
        """As `RandomSource.at`."""
        inner = place - self._begin
        if inner < 0 or inner + length > len(self._content):
            self._begin, self._content = place, self._source.at(place, max(length, _AT_ONCE))
            inner = 0
        return self._content[inner : inner + length]


class _Paths:
    """Paths of programs as texts, each of them once: a program has many sockets."""

    def __init__(self) -> None:
        self._texts: dict[bytes, str] = {}
        self._room = PROCESS_PATHS_KEPT

    def text(self, path: bytes) -> str | None:
        """The text of a path; None where there is no room for another one."""
        known = self._texts.get(path)
        if known is not None:
            return known
        text = path[: len(path) // 2 * 2].decode("utf-16-le", "backslashreplace").split("\0", 1)[0].strip()
        self._room -= len(path) + sys.getsizeof(text)
        if self._room < 0:
            return None
        self._texts[path] = text
        return text


def _sized(source: _Part, place: int, most: int) -> tuple[bytes | None, int]:
    """Bytes that their length stands in front of, up to `most` of them, and where they end; None where that is not in the file."""
    head = source.at(place, 4)
    if len(head) < 4:
        return None, place
    size = int.from_bytes(head, "little")
    end = place + 4 + size
    if end > source.size or (most and size > most):
        return None, place
    return source.at(place + 4, min(size, most)), end


def _entry(path: str, fixed: bytes) -> ProcessEntry:
    pid, local_port, remote_port, is_ipv6, local, remote = _FIXED.unpack(fixed)
    size = 16 if is_ipv6 else 4
    return ProcessEntry(
        pid, path, 6 if is_ipv6 else 4, int.from_bytes(local[:size], "big"), local_port, int.from_bytes(remote[:size], "big"), remote_port
    )


class Processes:
    """The table of processes of a capture, and which of them frames belong to.

    Args:
        entries: The table.
        whole: Whether these are all that the file should have.
    """

    def __init__(self, entries: list[ProcessEntry], *, whole: bool = True) -> None:
        self.entries = tuple(entries)
        self._whole = whole
        self._beyond = 0
        self._first = -1

    @property
    def whole(self) -> bool:
        """Whether the table is all there, as far as is known: frames that are of none of its entries say that it is not."""
        return self._whole and not self._beyond

    @property
    def is_told(self) -> bool:
        """Whether there is anything to say of frames: of whose they are, or that this is not known."""
        return bool(self.entries) or not self.whole

    def of(self, data: NDArray[np.uint8], ends: NDArray[np.int64], offsets: NDArray[np.uint64]) -> Owners:
        """Read from the trailers of frames to whom they belong.

        Args:
            data: What the frames lie in, with their trailers.
            ends: Where in it each frame's captured bytes end.
            offsets: Where frames begin in the file.
        """
        places = ends[:, None] + np.arange(_OFF_INDEX, _OFF_INDEX + 4)
        index = np.ascontiguousarray(data[places]).view("<u4")[:, 0].astype(np.uint32)
        lies = (index != NOBODY) & (index >= len(self.entries))
        if lies.any():
            self._first = int(offsets[np.argmax(lies)]) if not self._beyond else self._first
            self._beyond += int(lies.sum())
            index[lies] = NOBODY
        return Owners(self.entries, index, lambda: self.whole)

    def damage(self) -> list[Damage]:
        """What is wrong with the numbers met so far."""
        if not self._beyond:
            return []
        frames, entries = several(self._beyond, "frame"), several(len(self.entries), "entry", "entries")
        which = agree(self._beyond, "this one", "the first is this one")
        are = agree(self._beyond, "is", "are")
        return [Damage(self._first, f"{frames} {are} of a process that is not in the table of {entries}; {which}")]

    def gap(self) -> str:
        """What does not follow where the table is not whole; empty if it is."""
        if self.whole:
            return ""
        return "the table of processes is not whole: packets are of a process only where the file records it of them, none by its socket"

    def note(self) -> str:
        """Which programs these are; empty if there are none."""
        if not self.entries:
            return ""
        paths = list(dict.fromkeys(entry.path for entry in self.entries if entry.path))
        more = len(paths) - _NAMED
        named = ", ".join(map(_shortened, paths[:_NAMED])) + (f" and {more} more" if more > 0 else "")
        return f"the file knows {several(len(self.entries), 'socket')} of processes: {named}" if paths else ""


_NAMED = 5
_SHOWN = 100
"""Characters of a path in a note."""


def _shortened(path: str) -> str:
    """A path without its beginning, where it is long: the name of the program is at its end."""
    return path if len(path) <= _SHOWN else f"…{path[1 - _SHOWN :]}"
