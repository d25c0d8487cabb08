"""Microsoft Network Monitor captures, versions 1.x and 2.0 to 2.3: frames in the order of the frame table, which may be any.

The header says where the table is; every offset in it is a claim. Where there is no table (it is written last, so a capture that
was cut off has none), frames are found one behind the other. Layout: see `readers.netmon_frames`.
"""

from __future__ import annotations

import struct
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.linktypes import NET_EVENT
from netsleuth_tui.readers import netmon_frames as kernels
from netsleuth_tui.readers.damage import Damage
from netsleuth_tui.readers.frames import Comment, FrameBatch, Interface
from netsleuth_tui.readers.limits import NETMON_ENTRIES, longest_frame
from netsleuth_tui.readers.netmon_frames import frame_entries
from netsleuth_tui.readers.netmon_notes import read_comments
from netsleuth_tui.readers.netmon_processes import Processes, read_processes
from netsleuth_tui.readers.netmon_walk import find_frames, first_frame
from netsleuth_tui.readers.sources import RandomSource
from netsleuth_tui.readers.step import DONE, FULL, MORE, Step
from netsleuth_tui.readers.ticks import NO_TIME
from netsleuth_tui.readers.window import Window
from netsleuth_tui.wording import agree, several

__all__ = ["NetmonFramer"]

_HEADER = 64
"""Bytes of the header that are looked at; frames have been seen to begin at 72, or at 128."""
_TABLE_FIELD = 24
_COMMENTS_FIELD = 40
_PROCESSES_FIELD = 48
_TRAILERS = {0: 0, 1: 2, 2: 6, 3: kernels.WITH_FILETIME}
"""Minor version of 2.x -> bytes behind each frame."""
_JUMP = 64 << 10
"""Bytes that are read first where the next frame is elsewhere."""
_DAMAGE_TOLD = 20
"""Entries that are told one by one; of others it is said how many there are."""
_QUARTER = 900
"""Seconds: zones differ by multiples of it."""

_REASONS = {
    kernels.OUTSIDE: "entry {entry} of the frame table points to byte {number}, where no frame can be",
    kernels.AGAIN: "entry {entry} of the frame table points to byte {number}, as an earlier one does",
    kernels.TOO_LONG: "a frame of {number} bytes is longer than the maximum of {longest}",
    kernels.INSIDE: "entry {entry} of the frame table points into the frame at byte {number}",
    kernels.RUNS_INTO: "the frame is longer than the place for it, which ends at byte {number}",
    kernels.CUT: "the file ends inside a frame of {number} bytes",
    kernels.NO_TRAILER: "the frame is shorter than the place for it: no time follows it",
}
_OF_THE_ENTRY = (kernels.OUTSIDE, kernels.AGAIN, kernels.INSIDE)
"""Reasons that concern the entry, not the frame: the damage is in the table."""


class NetmonFramer:
    """Reads header and tables, then frames what the frame table points to.

    Args:
        source: The (decompressed) file; it is read at any place.
    """

    format: Final = "netmon"

    def __init__(self, source: RandomSource) -> None:
        self.notes: list[str] = []
        self.damage: list[Damage] = []
        self.comments: list[Comment] = []
        self.interfaces: list[Interface] = []
        self.drops = 0
        self._source = source
        self._longest = longest_frame(1)
        self._done = 0
        self._is_elsewhere = False
        self._last, self._behind = -1, 0
        self._rejects = np.zeros((4096, 3), np.int64)
        self._damaged: Counter[int] = Counter()
        self._metadata = self._opened = 0
        self._processes = Processes([])
        self._noted: dict[int, list[Comment]] = {}
        """Comments of frames that are still to come, by where their bytes begin."""
        self._table_at, self._entries = source.size, np.zeros(0, np.uint32)
        self._edges, self._repeats = self._entries, np.zeros(0, np.bool_)
        header = source.at(0, _HEADER)
        if len(header) < _HEADER:
            self.damage.append(Damage(len(header), f"the file ends inside its header, after {len(header)} of {_HEADER} bytes"))
            return
        self._read_header(header)
        self._read_table(header)
        self._read_notes(header)
        self._judge_order()
        self._tell_zone()

    def _read_header(self, header: bytes) -> None:
        minor, major, media = struct.unpack_from("<BBH", header, 4)
        self._head = 8 if header[:4] == b"RTSS" else 16
        known = (major, minor) in {(2, m) for m in _TRAILERS} if self._head == 16 else major == 1
        self._trailer = _TRAILERS.get(minor, kernels.WITH_FILETIME) if self._head == 16 else 0
        self._has_notes = self._trailer >= 6
        self._media = media
        if not known:
            self.notes.append(f"Network Monitor version {major}.{minor} is unknown; read as {'2.3' if self._head == 16 else '1.1'}")
        self._start = _system_time(header[8:24])
        if self._trailer == kernels.WITH_FILETIME:
            return
        if self._start == NO_TIME:
            self.damage.append(Damage(8, "the time at which the capture began is none, so frames have no time either"))
        else:
            self.notes.append(
                "times are those of the clock where it was captured, in a time zone that the file does not say, shown as if it were UTC;"
                " --shift NAME=+5h corrects them"
            )

    def _read_table(self, header: bytes) -> None:
        """Read the frame table, and find the frames that it does not name because it is cut off or elsewhere."""
        size = self._source.size
        at, length = struct.unpack_from("<II", header, _TABLE_FIELD)
        if length // 4 > NETMON_ENTRIES:
            self.damage.append(
                Damage(_TABLE_FIELD + 4, f"a frame table of {length // 4} entries is longer than the maximum of {NETMON_ENTRIES}")
            )
            length = NETMON_ENTRIES * 4
        is_there = _HEADER <= at <= size
        listed = self._source.at(at, min(length, size - at)) if is_there else b""
        self._entries = np.frombuffer(listed[: len(listed) // 4 * 4], "<u4").astype(np.uint32, copy=False)
        self._table_at = at if is_there else size
        if is_there and len(listed) >= length and not self._is_nonsense():
            return
        if is_there and len(listed) >= length:
            self.damage.append(Damage(at, "what should be the frame table is none"))
            self._table_at, self._entries = size, self._entries[:0]
        else:
            missing = f"the frame table should be at byte {at}, {length} bytes long, but the file has {size} bytes"
            self.damage.append(Damage(_TABLE_FIELD, missing))
        self._find_frames()

    def _is_nonsense(self) -> bool:
        """Whether most of the entries point to where no frame can be."""
        return int(self._possible(self._entries).sum()) * 2 < len(self._entries)

    def _possible(self, entries: NDArray[np.uint32]) -> NDArray[np.bool_]:
        """Which entries point to where a frame may begin."""
        length = self._head + self._trailer
        before = (entries >= _HEADER) & (entries.astype(np.int64) + length <= self._table_at)
        after = (entries >= self._table_at + 4 * len(self._entries)) & (entries.astype(np.int64) + length <= self._source.size)
        return before | after

    def _find_frames(self) -> None:
        """Find the frames that the table does not name, or all; the table keeps its order where they do not account for all of it."""
        listed = self._entries[self._possible(self._entries)]
        form = self._head, self._trailer, self._longest
        begin = first_frame(self._source, self._table_at, *form, *listed[:1].tolist())
        found, end = find_frames(self._source, begin, self._table_at, *form)
        if end == self._table_at and bool((self._entries[: len(found)] == found[: len(self._entries)]).all()):
            self._entries = found
        else:
            self._entries = np.concatenate((listed, found[~np.isin(found, listed)]))
        more = int(np.isin(found, listed, invert=True).sum())
        self.notes.append(f"{several(more, 'frame was', 'frames were')} found without the frame table, one behind the other")

    def _read_notes(self, header: bytes) -> None:
        if not self._has_notes:
            return
        at, length = struct.unpack_from("<II", header, _COMMENTS_FIELD)
        self._notice(_COMMENTS_FIELD, "comment table", at, length)
        comments, complaint = read_comments(self._source, at, length, self._head)
        for comment in comments:
            self._noted.setdefault(comment.offset, []).append(comment)
        if complaint:
            self.damage.append(complaint)
        at, count = struct.unpack_from("<II", header, _PROCESSES_FIELD)
        if not (at and count):
            return
        if at + 2 > self._source.size:
            table = f"the table of {several(count, 'process', 'processes')}"
            missing = f"{table} should be at byte {at}; the file has {self._source.size} bytes"
            self.damage.append(Damage(_PROCESSES_FIELD, missing))
            self._processes = Processes([], whole=False)
            return
        entries, complaint = read_processes(self._source, at, count)
        if complaint:
            self.damage.append(complaint)
        self._processes = Processes(entries, whole=complaint is None)
        if note := self._processes.note():
            self.notes.append(note)

    def _notice(self, field: int, what: str, at: int, length: int) -> None:
        """Say so if a table is not in the file as a whole."""
        if length and at + length > self._source.size:
            self.damage.append(
                Damage(field, f"the {what} should be at byte {at}, {length} bytes long; the file has {self._source.size} bytes")
            )

    def _judge_order(self) -> None:
        """Find out which entries repeat others, and what lies behind each."""
        entries = self._entries
        if len(entries) < 2 or bool((entries[1:] > entries[:-1]).all()):
            self._edges = entries
            return
        self._edges, firsts = np.unique(entries, return_index=True)
        self._repeats = np.ones(len(entries), np.bool_)
        self._repeats[firsts] = False

    def _limits(self, entries: NDArray[np.uint32], first: int) -> NDArray[np.int64]:
        """For each entry where the next thing in the file begins, or OUTSIDE or AGAIN."""
        edges = self._edges
        behind = first + len(entries)
        if edges is self._entries and entries[0] >= _HEADER and int(entries[-1]) + self._head + self._trailer <= self._table_at:
            limits = np.empty(len(entries), np.int64)  # ascending, and before the table: as in all real files
            limits[:-1] = entries[1:]
            limits[-1] = min(int(edges[behind]), self._table_at) if behind < len(edges) else self._table_at
            return limits
        following = np.searchsorted(edges, entries, side="right")
        limits = np.full(len(entries), self._source.size, np.int64)
        inner = following < len(edges)
        limits[inner] = edges[following[inner]]
        np.minimum(limits, self._table_at, out=limits, where=entries < self._table_at)
        if len(self._repeats):
            limits[self._repeats[first:behind]] = kernels.AGAIN
        limits[~self._possible(entries)] = kernels.OUTSIDE
        return limits

    def frame(self, window: Window) -> Step:
        """Frame what the window holds of the next entries."""
        rows = window.rows
        if self._done >= len(self._entries):
            self._summarise()
            return Step(0, DONE)
        first = self._done
        part = self._entries[first : first + len(rows.start)]
        if window.end == 0:
            self._go_to_next(window, None)
        if self._is_elsewhere:
            self._is_elsewhere = False
            self._go_to_next(window, _JUMP)
            return Step(0, MORE, self._head)
        count, done, status, need, rejected, self._last, self._behind = frame_entries(
            window.data, window.base, window.end, self._source.size, self._table_at, part, self._limits(part, first), self._edges,
            self._last, self._behind, self._head, self._trailer, self._media, self._start, self._longest, rows, self._rejects,
        )  # fmt: skip
        self._done += done
        self._reject(first, rejected)
        before = rows.offset[:count].copy() if self._noted else rows.offset[:0]
        if self._processes.is_told:
            ends = rows.start[:count] + rows.cap_len[:count]
            window.owners = self._processes.of(window.data, ends, rows.offset[:count])
        if bool((rows.link_type[:count] == NET_EVENT).any()):
            from netsleuth_tui.readers.netmon_events import open_packets

            self._opened += open_packets(FrameBatch(window.data, count, *rows))
        self._hand_on_comments(before, rows.offset)
        self._note_links(rows.link_type[:count])
        self._is_elsewhere = status == kernels.ELSEWHERE  # these frames are handed on first
        if status == MORE:
            window.begin = int(self._entries[self._done]) - window.base
            return Step(count, MORE, need)
        return Step(count, FULL)

    def _go_to_next(self, window: Window, read: int | None) -> None:
        """Have the window begin where the next entry's frame does, as far as that is in the file."""
        place = min(int(self._entries[self._done]), self._source.size)
        self._source.seek(place)
        window.jump(place, read)

    def cut_off(self, window: Window, need: int) -> Damage:
        """The damage if the file ends before the next frame is complete: it has become shorter, since all offsets were checked."""
        return Damage(window.offset, f"the file ends inside a frame, after {window.unread} of {need} bytes")

    def _reject(self, first: int, rejected: int) -> None:
        """Report entries that gave no frame."""
        for entry, why, number in self._rejects[:rejected].tolist():
            if why == kernels.METADATA:
                self._metadata += 1
                continue
            self._damaged[why] += 1
            if self._damaged.total() <= _DAMAGE_TOLD:
                index = first + entry
                offset = self._table_at + 4 * index if why in _OF_THE_ENTRY else int(self._entries[index])
                self.damage.append(Damage(offset, _REASONS[why].format(entry=index + 1, number=number, longest=self._longest)))

    def _hand_on_comments(self, before: NDArray[np.uint64], offsets: NDArray[np.uint64]) -> None:
        """Comments go with their frames, which begin elsewhere now where an event was opened.

        Args:
            before: Where frames began.
            offsets: Where they begin.
        """
        commented = np.isin(before, np.fromiter(self._noted, np.uint64, len(self._noted)))
        for place in np.flatnonzero(commented).tolist():
            offset = int(offsets[place])
            self.comments += [replace(comment, offset=offset) for comment in self._noted.pop(int(before[place]))]

    def _summarise(self) -> None:
        """Say at the end what was not said of each entry."""
        self.comments += [comment for comments in self._noted.values() for comment in comments]  # their frames are none
        self._noted = {}
        self.damage += self._processes.damage()
        self.notes += [gap] if (gap := self._processes.gap()) else []
        unclaimed = self._table_at - self._behind
        if 0 <= self._last < self._table_at and unclaimed > self._head and not self.damage:
            between = f"{several(unclaimed, 'byte')} between the last frame and the frame table"
            self.notes.append(f"{between} {agree(unclaimed, 'belongs', 'belong')} to no frame")
        more = self._damaged.total() - _DAMAGE_TOLD
        if more > 0:
            self.damage.append(Damage(self._table_at, f"{more} more entries of the frame table give no frame"))
        if self._opened:
            packets = several(self._opened, "packet was", "packets were")
            self.notes.append(f"{packets} found in events of Windows, one in each, as traces hold them")
        if self._metadata:
            hold = several(self._metadata, "frame holds", "frames hold")
            self.notes.append(f"{hold} what Network Monitor noted for itself; {agree(self._metadata, 'it is', 'they are')} left out")

    def _note_links(self, links: NDArray[np.uint16]) -> None:
        known = {interface.link_type for interface in self.interfaces}
        if len(links) and not (len(known) == 1 and bool((links == next(iter(known))).all())):
            self.interfaces += [Interface(link, "", "", 0, None) for link in np.unique(links).tolist() if link not in known]

    def _tell_zone(self) -> None:
        """Say in which time zone the capturing computer was, which follows from a frame that has its time twice."""
        if self._trailer != kernels.WITH_FILETIME or self._start == NO_TIME or not len(self._entries):
            return
        place = int(self._entries[0])
        head = self._source.at(place, 16)
        if len(head) < 16:
            return
        delta, _, captured = struct.unpack("<QII", head)
        trailer = self._source.at(place + 16 + captured, self._trailer)
        if captured > self._longest or len(trailer) < self._trailer:
            return
        (filetime,) = struct.unpack_from("<Q", trailer, 6)
        since = (filetime - 116_444_736_000_000_000) // 10_000_000
        units = (delta * 10 + 2**63) % 2**64 - 2**63
        seconds = self._start // 10**9 + units // 10**7 - since
        quarters = round(seconds / _QUARTER)
        if abs(quarters) <= 56:
            hours, minutes = divmod(abs(quarters) * 15, 60)
            self.notes.append(f"captured in a time zone of UTC{'-' if quarters < 0 else '+'}{hours:02}:{minutes:02}; times are UTC")


def _system_time(value: bytes) -> int:
    """Nanoseconds since 1970 of a SYSTEMTIME, taken for UTC; `NO_TIME` if it is none."""
    year, month, _, day, hour, minute, second, milli = struct.unpack("<8H", value)
    try:
        moment = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        return NO_TIME
    seconds = int(moment.timestamp())
    return (seconds * 1000 + milli) * 10**6 if 1677 < year < 2262 else NO_TIME
