"""Captures that are written: pcapng, or pcap with nanoseconds, whole or not at all, in pieces of a size where that is wanted."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal, Self

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.errors import NetSleuthError
from netsleuth_tui.export.atomic import ExportError, open_new
from netsleuth_tui.export.standard_output import standard_output, write_all
from netsleuth_tui.linktypes import NET_EVENT, NETMON_UNKNOWN, NETMON_WLAN
from netsleuth_tui.paths import version_text
from netsleuth_tui.readers.frames import FrameBatch
from netsleuth_tui.readers.records import PCAP_RECORD, PCAPNG_BLOCK_BYTES, write_records

__all__ = ["FrameFile", "FrameKind", "Part", "encode", "kind_of"]

FrameKind = Literal["pcapng", "pcap"]

_WLAN = 105
_PRIVATE = 147
"""LINKTYPE_USER0, for frames of Network Monitor whose media types have no number."""
_REPLACED = {NETMON_WLAN: _WLAN, NET_EVENT: _PRIVATE, NETMON_UNKNOWN: _PRIVATE}
_PCAP_END = 2**32 * 10**9
"""Times from here on do not fit into a record of pcap."""
_LONGEST_OPTION = 65_535
_SNAP_LENGTH = 262_144


def kind_of(target: str) -> FrameKind:
    """The format of a capture by the suffix of its name; pcapng where it has none.

    Raises:
        NetSleuthError: The suffix stands for something else.
    """
    suffix = Path(target).suffix.lower()
    if suffix in ("", ".pcapng", ".ntar"):
        return "pcapng"
    if suffix == ".pcap":
        return "pcap"
    raise NetSleuthError(f"{suffix} is no capture that can be written", where=target, hint="name it .pcapng or .pcap")


@dataclass(frozen=True, slots=True)
class Part:
    """Frames of one file as they will stand in the capture.

    Args:
        name: Of the file that they come from.
        content: Records or blocks, uint8; interfaces are numbered from 0 for each file.
        ends: Where each of them ends, int64, ascending.
        links: Link types of the file's interfaces so far.
        about: What was written about the file.
        untimed: Frames without a time that the format can hold; theirs is 0.
        room: The memory that `content` lies in, for what is encoded when it has been written.
    """

    name: str
    content: NDArray[np.uint8]
    ends: NDArray[np.int64]
    links: tuple[int, ...]
    about: tuple[str, ...]
    untimed: int
    room: NDArray[np.uint8]


def encode(
    kind: FrameKind,
    batch: FrameBatch,
    links: list[int],
    name: str,
    comments: Mapping[int, Sequence[str]],
    about: Sequence[str] = (),
    room: NDArray[np.uint8] | None = None,
) -> Part:
    """Frames as records or blocks.

    Args:
        kind: The format.
        batch: The frames.
        links: Link types of the interfaces of the file so far, by their numbers; new ones are added.
        name: Of the file that they come from.
        comments: What was written about frames, by `FrameBatch.offset`.
        about: What was written about the file.
        room: Memory to use, where it is large enough: what is new to the process, the system has to clear first.
    """
    start, cap_len, wire_len = batch.start, batch.cap_len, batch.wire_len
    kinds = batch.link_type[: batch.count]
    interface = np.zeros(batch.count, np.uint32)
    for link in _distinct(kinds):
        if link not in links:
            links.append(link)
        if links.index(link):
            interface[kinds == link] = links.index(link)
        if link == NETMON_WLAN:
            start, cap_len, wire_len = _without_radio(batch, kinds == link)
    time = batch.time[: batch.count]
    impossible = (time < 0) | (time >= _PCAP_END) if kind == "pcap" else time < 0
    times = np.where(impossible, 0, time) if impossible.any() else time
    noted = _noted(batch, comments) if kind == "pcapng" else {}
    sizes = cap_len[: batch.count].astype(np.int64)
    sizes += (-sizes & 3) + PCAPNG_BLOCK_BYTES if kind == "pcapng" else PCAP_RECORD
    for place, option in noted.items():
        sizes[place] += len(option)
    ends = np.cumsum(sizes)
    size = int(ends[-1]) if len(ends) else 0
    if room is None or len(room) < size:
        room = np.empty(size + (size >> 3), np.uint8)
    content = room[:size]
    every = np.arange(batch.count, dtype=np.uint32)
    at, first = 0, 0
    for place, option in [*sorted(noted.items()), (batch.count, b"")]:
        run = every[first : place + 1]
        (written,) = write_records(
            batch.data, start, cap_len, wire_len, times, interface, run, int(kind == "pcapng"), content[at:]
        )  # fmt: skip
        at += written
        if option:
            at = _append(content, at, int(sizes[place]), option)
        first = place + 1
    return Part(name, content, ends, tuple(links), tuple(about), int(impossible.sum()), room)


def _distinct(kinds: NDArray[np.uint16]) -> list[int]:
    """Link types that occur, ascending; mostly there is one."""
    if len(kinds) and (kinds == kinds[0]).all():
        return [int(kinds[0])]
    return sorted(set(kinds.tolist()))


def _without_radio(batch: FrameBatch, mask: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.uint32], NDArray[np.uint32]]:
    """Begin and lengths of frames, without Network Monitor's metadata where `mask` says that there are some."""
    count = batch.count
    start, cap_len, wire_len = batch.start[:count].copy(), batch.cap_len[:count].copy(), batch.wire_len[:count].copy()
    begin = start[mask]
    skipped = np.minimum(batch.data[begin + 1] | batch.data[begin + 2].astype(np.uint32) << 8, cap_len[mask])
    start[mask] += skipped
    cap_len[mask] -= skipped
    wire_len[mask] -= np.minimum(skipped, wire_len[mask])
    return start, cap_len, wire_len


def _noted(batch: FrameBatch, comments: Mapping[int, Sequence[str]]) -> dict[int, bytes]:
    """The options of frames that somebody wrote about, by their place."""
    if not comments:
        return {}
    offsets = batch.offset[: batch.count]
    places = np.flatnonzero(np.isin(offsets, np.fromiter(comments, np.uint64, len(comments)))).tolist()
    return {place: _options(*((1, text.encode("utf-8", "replace")) for text in comments[int(offsets[place])])) for place in places}


def _append(content: NDArray[np.uint8], at: int, size: int, option: bytes) -> int:
    """Put options behind the frame of the last block, which ends at `at` and will be `size` bytes long."""
    begin = at - (size - len(option))
    length = np.frombuffer(struct.pack("<I", size), np.uint8)
    content[at - 4 : at - 4 + len(option)] = np.frombuffer(option, np.uint8)
    content[begin + 4 : begin + 8] = length
    content[begin + size - 4 : begin + size] = length
    return begin + size


def _options(*options: tuple[int, bytes]) -> bytes:
    """Options of a pcapng block, with their end."""
    parts = []
    for code, value in options:
        kept = value[:_LONGEST_OPTION].decode("utf-8", "ignore").encode() if len(value) > _LONGEST_OPTION else value
        parts.append(struct.pack("<HH", code, len(kept)) + kept + bytes(-len(kept) % 4))
    return b"".join(parts) + bytes(4) if parts else b""


def _block(kind: int, body: bytes) -> bytes:
    length = struct.pack("<I", 12 + len(body))
    return struct.pack("<I", kind) + length + body + length


def _renumber(part: Part, more: int) -> None:
    """Add to the interface of every block; blocks begin where 32-bit words do."""
    words = part.content.view("<u4")
    places = (np.concatenate(([0], part.ends[:-1])) >> 2) + 2
    words[places] += np.uint32(more & 0xFFFFFFFF)


class FrameFile:
    """Writes parts to a file, to numbered ones, or to standard output. The end of its with statement names the file, if nothing failed.

    Args:
        target: Its name, or "-"; with `split` the names are numbered, as in `kept_00001.pcapng`.
        kind: The format.
        comment: What the capture is, for its section header.
        split: Bytes after which the next file begins; None for one file.
        most: How many files there may be: numbers have five digits, or as many as this, so that names sort.
        force: Replace existing files.
    """

    def __init__(self, target: str, kind: FrameKind, *, comment: str, split: int | None = None, most: int = 0, force: bool = False) -> None:
        self.names: list[str] = []
        self.bytes = 0
        """Of all files that are complete."""
        self._target, self._kind = target, kind
        self._comment, self._split, self._force = comment, split, force
        self._digits = max(5, len(str(most)))
        self._stack = ExitStack()
        self._file: BinaryIO | None = None
        self._position = 0
        self._frames = 0
        self._described: list[tuple[str, int]] = []
        """File and link type of the interfaces of the file that is being written."""

    def __enter__(self) -> Self:
        """Begin the first file.

        Raises:
            ExportError: It exists, or cannot be made or written.
            BrokenPipeError: It is standard output, and nobody reads it any more.
        """
        try:
            self._begin()
        except BaseException as error:
            self._stack.__exit__(type(error), error, error.__traceback__)  # which says what a failure of the system means
            raise
        return self

    def __exit__(self, kind: object, value: BaseException | None, trace: object) -> None:
        """Give the last file its name, or remove it after an exception."""
        if value is None:
            self._end()
        else:
            self._stack.__exit__(type(value), value, value.__traceback__)

    def write(self, part: Part) -> None:
        """Write frames; the content of the part is changed.

        Raises:
            ExportError: There is no room.
            NetSleuthError: They have another link type than those before, which pcap cannot hold.
        """
        done, base, numbered = 0, 0, 0
        while done < len(part.ends):
            first = self._describe(part)
            if self._kind == "pcapng" and first != numbered:
                _renumber(part, first - numbered)
                numbered = first
            last = len(part.ends)
            if self._split is not None:
                last = int(np.searchsorted(part.ends, base + self._split - self._position, side="right"))
                if last <= done and self._frames:
                    self._end()
                    self._begin()
                    continue
                last = max(last, done + 1)
            stop = int(part.ends[last - 1])
            self._put(part.content[base:stop].data)
            self._frames += last - done
            done, base = last, stop

    def drops(self, name: str, packets: int) -> None:
        """Note that the capture of a file lost packets, as its own statistics said."""
        index = next((index for index, (known, _) in enumerate(self._described) if known == name), None)
        if self._kind == "pcapng" and packets and index is not None:
            self._put(_block(5, struct.pack("<III", index, 0, 0) + _options((5, struct.pack("<Q", packets)))))

    def _put(self, content: bytes | memoryview) -> None:
        if self._file is None:
            raise ExportError("is closed", where=self._target)
        write_all(content, self._file)
        self._position += len(content)

    def _begin(self) -> None:
        name = self._target
        if self._split is not None:
            path = Path(self._target)
            name = str(path.with_name(f"{path.stem}_{len(self.names) + 1:0{self._digits}}{path.suffix}"))
        self._stack = ExitStack()
        self._file = self._stack.enter_context(standard_output() if name == "-" else open_new(name, force=self._force))
        self.names.append(name)
        self._position = self._frames = 0
        self._described = []
        if self._kind == "pcapng":
            about = _options((1, self._comment.encode("utf-8", "replace")), (4, version_text().strip().encode()))
            self._put(_block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1) + about))

    def _end(self) -> None:
        if not self._described:  # no frames: a capture all the same
            self._interface(1, "", ())
        self.bytes += self._position
        self._stack.close()
        self._file = None

    def _describe(self, part: Part) -> int:
        """Describe the interfaces of a part's file, as far as that has not been done; returns the number of the first."""
        known = [index for index, (name, _) in enumerate(self._described) if name == part.name]
        first = known[0] if known else len(self._described)
        for link in part.links[len(known) :]:
            self._interface(link, part.name, () if known else part.about)
            known.append(len(self._described) - 1)
        return first

    def _interface(self, link: int, name: str, about: Sequence[str]) -> None:
        written = _REPLACED.get(link, link)
        before = {_REPLACED.get(link, link) for _, link in self._described}
        self._described.append((name, link))
        if self._kind == "pcapng":
            described = [(1, text.encode("utf-8", "replace")) for text in about] + ([(3, name.encode("utf-8", "replace"))] if name else [])
            self._put(_block(1, struct.pack("<HHI", written, 0, 0) + _options(*described, (9, b"\x09"))))
        elif not before:
            self._put(struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, _SNAP_LENGTH, written))
        elif written not in before:
            shown = " and ".join(str(link) for link in sorted({*before, written}))
            raise NetSleuthError(
                f"pcap has one link type for all frames, and these have {shown}", where=self._target, hint="name it .pcapng"
            )
