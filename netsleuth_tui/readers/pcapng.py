"""pcapng: sections of blocks. The kernel frames packets; section headers, interfaces and statistics are read here.

After draft-ietf-opsawg-pcapng. Byte order, interfaces and their clocks begin anew with every section.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from netsleuth_tui.readers import blocks
from netsleuth_tui.readers.blocks import Clocks, frame_blocks
from netsleuth_tui.readers.damage import Damage
from netsleuth_tui.readers.frames import Comment, Interface
from netsleuth_tui.readers.limits import COMMENT_BYTES_KEPT, COMMENTS_KEPT, INTERFACES, OPTIONS_PER_BLOCK, PCAPNG_BLOCK, longest_frame
from netsleuth_tui.readers.options import COMMENT, read_options, text_of
from netsleuth_tui.readers.sniff import SECTION_HEADER
from netsleuth_tui.readers.step import DAMAGED, FULL, MORE, Step
from netsleuth_tui.readers.ticks import MICROSECONDS, Clock
from netsleuth_tui.readers.window import Window

__all__ = ["PcapngFramer"]

_ORDERS = {b"\x4d\x3c\x2b\x1a": 1, b"\x1a\x2b\x3c\x4d": 0}
"""Byte order magic as it is in the file -> 1 for little endian."""
_READ_HERE = (SECTION_HEADER, blocks.INTERFACE, blocks.STATISTICS)
_SECTION_SHORTEST = 28
_INTERFACE_SHORTEST = 20
_STATISTICS_SHORTEST = 24

_IF_NAME, _IF_DESCRIPTION, _IF_TSRESOL, _IF_TSOFFSET = 2, 3, 9, 14
_ISB_IFDROP = 5


_REASONS = {
    blocks.TRAILER: "the block's length is repeated at its end as {}",
    blocks.TOO_LONG: "a frame of {} bytes is longer than the maximum for its link type",
    blocks.PAST_BLOCK: "a frame of {} bytes does not fit into its block",
    blocks.PAST_OPTIONS: "an option is longer than its block",
    blocks.WRONG_SIMPLE: "a simple packet block is too short or too long, or no interface is described for it",
}


@dataclass(frozen=True, slots=True)
class _Block:
    """A block that Python reads: where it is in the file, and what is between its two lengths."""

    offset: int
    body: bytes


@dataclass(slots=True)
class _Described:
    """An interface as its description block has it, and what its last statistics block says was lost."""

    interface: Interface
    lost: int | None = None


class PcapngFramer:
    """Walks blocks; frames come from the kernel."""

    format: Final = "pcapng"

    def __init__(self) -> None:
        self.notes: list[str] = []
        self.damage: list[Damage] = []
        self.comments: list[Comment] = []
        self._comment_bytes = 0
        self._little = 1
        self._has_section = False
        self._earlier: list[Interface] = []
        self._section: list[_Described] = []
        self._clocks = Clocks.allocate(16)
        self._marks = np.zeros((2 * OPTIONS_PER_BLOCK, 3), np.int64)

    @property
    def interfaces(self) -> list[Interface]:
        """Interfaces of all sections, in file order, at most `limits.INTERFACES`."""
        return (self._earlier + self._of_this_section())[:INTERFACES]

    @property
    def drops(self) -> int:
        """Frames lost over all interfaces."""
        return self._earlier_drops + sum(i.drops or 0 for i in self._of_this_section())

    _earlier_drops = 0

    def _of_this_section(self) -> list[Interface]:
        """Interfaces with their losses: a statistics block counts since the start and packet blocks may say it again, so not the sum."""
        found = []
        for index, described in enumerate(self._section):
            counts = [n for n in (described.lost, int(self._clocks.drops[index])) if n is not None and n >= 0]
            found.append(replace(described.interface, drops=max(counts)) if counts else described.interface)
        return found

    def frame(self, window: Window) -> Step:
        """Frame what the window holds."""
        rows = window.rows
        room = len(rows.start)
        count = 0
        while True:
            if not self._has_section and window.unread >= 4 and not _is_section_header(window):
                return Step(count, DAMAGED, 0, Damage(window.offset, "the file does not begin with a section header block"))
            kind = self._next_kind(window)
            if kind in _READ_HERE:
                need, reason = self._read_block(window, kind)
                if need:
                    return Step(count, MORE, need)
            else:
                count, window.begin, status, detail, noted = frame_blocks(
                    window.data,
                    window.begin,
                    window.end,
                    self._little,
                    window.base,
                    len(self._section),
                    self._clocks,
                    rows,
                    count,
                    room,
                    self._marks,
                    0,
                )
                self._keep_frame_comments(window, noted)
                if status in (FULL, MORE):
                    return Step(count, status, detail)
                reason = "" if status in (blocks.DRAIN, blocks.BLOCK) else self._reason(status, detail)
            if reason:
                return Step(count, DAMAGED, 0, Damage(window.offset, reason))

    def _next_kind(self, window: Window) -> int:
        """Type of the block at the window's beginning, -1 if its header is not in memory."""
        if window.unread < 12:
            return -1
        kind: int = struct.unpack_from("<I" if self._little else ">I", window.data.data, window.begin)[0]
        return kind

    def cut_off(self, window: Window, need: int) -> Damage:
        """The damage that a file has which ends before the block at the window's beginning is complete."""
        if window.unread < 12:
            return Damage(window.base + window.end, f"the file ends inside a block header, after {window.unread} of 12 bytes")
        return Damage(window.offset, f"the file ends inside a block, after {window.unread} of {need} bytes")

    def _reason(self, status: int, detail: int) -> str:
        if status == blocks.WRONG_LENGTH:
            return _wrong_length(detail)
        if status == blocks.NO_INTERFACE:
            return f"a frame of interface {detail}, but {len(self._section)} are described"
        return _REASONS[status].format(detail)

    def _keep_frame_comments(self, window: Window, noted: int) -> None:
        for offset, start, length in self._marks[:noted].tolist():
            self._keep_comment(offset, window.data[start : start + length].tobytes(), on_frame=True)

    def _keep_comment(self, offset: int, value: bytes, *, on_frame: bool) -> None:
        self._comment_bytes += len(value)
        if len(self.comments) < COMMENTS_KEPT and self._comment_bytes <= COMMENT_BYTES_KEPT:
            self.comments.append(Comment(offset, text_of(value), on_frame))
        elif not self._comments_overflow:
            self._comments_overflow = True
            self.notes.append(f"only the first {len(self.comments)} comments are kept")

    _comments_overflow = False

    def _read_block(self, window: Window, kind: int) -> tuple[int, str]:
        """Read the section header, interface or statistics block at the window's beginning, and go behind it.

        Returns:
            Bytes needed if it is not in memory as a whole, otherwise 0; what is wrong with it, empty if nothing is.
        """
        at, data = window.begin, window.data.data
        little = self._little
        if kind == SECTION_HEADER:
            found = _ORDERS.get(bytes(data[at + 8 : at + 12]))
            if found is None:
                return 0, "a section header without byte order magic"
            little = found
        order = "<" if little else ">"
        (length,) = struct.unpack_from(order + "I", data, at + 4)
        shortest = {SECTION_HEADER: _SECTION_SHORTEST, blocks.INTERFACE: _INTERFACE_SHORTEST}.get(kind, _STATISTICS_SHORTEST)
        if length < shortest or length % 4 or length > PCAPNG_BLOCK:
            return 0, _wrong_length(length, shortest)
        if window.unread < length:
            return length, ""
        (trailer,) = struct.unpack_from(order + "I", data, at + length - 4)
        if trailer != length:
            return 0, self._reason(blocks.TRAILER, trailer)
        block = _Block(window.offset, bytes(data[at + 8 : at + length - 4]))
        if kind == SECTION_HEADER:
            reason = self._begin_section(block, little)
        else:
            reason = self._describe_interface(block, order) if kind == blocks.INTERFACE else self._read_statistics(block, order)
        if not reason:
            window.begin += length
        return 0, reason

    def _begin_section(self, block: _Block, little: int) -> str:
        order = "<" if little else ">"
        major, minor = struct.unpack_from(order + "HH", block.body, 4)
        options = read_options(block.body[16:], order)
        if options is None:
            return self._reason(blocks.PAST_OPTIONS, 0)
        note = f"pcapng version {major}.{minor} is unknown; read as 1.0"
        if (major != 1 or minor not in (0, 2)) and note not in self.notes:
            self.notes.append(note)
        done = self._of_this_section()
        self._earlier_drops += sum(i.drops or 0 for i in done)
        self._earlier += done[: INTERFACES - len(self._earlier)]
        self._section = []
        self._little = little
        self._has_section = True
        self._keep_comments(block, options)
        return ""

    def _keep_comments(self, block: _Block, options: list[tuple[int, bytes]]) -> None:
        for code, value in options:
            if code == COMMENT:
                self._keep_comment(block.offset, value, on_frame=False)

    def _describe_interface(self, block: _Block, order: str) -> str:
        link_type, _, snap_length = struct.unpack_from(order + "HHI", block.body)
        options = read_options(block.body[8:], order)
        if options is None:
            return self._reason(blocks.PAST_OPTIONS, 0)
        index = len(self._section)
        if index >= INTERFACES:
            return f"more than {INTERFACES} interfaces in one section"
        first = dict(reversed(options))
        resolution, offset = first.get(_IF_TSRESOL, b""), first.get(_IF_TSOFFSET, b"")
        clock = Clock(
            resolution[0] if len(resolution) == 1 else MICROSECONDS,
            int.from_bytes(offset, "little" if order == "<" else "big", signed=True) if len(offset) == 8 else 0,
        )
        if index >= len(self._clocks.longest):
            self._clocks = self._clocks.doubled()
        self._clocks.describe(index, link_type, longest_frame(link_type), snap_length, clock)
        name, description = text_of(first.get(_IF_NAME, b"")), text_of(first.get(_IF_DESCRIPTION, b""))
        self._section.append(_Described(Interface(link_type, name, description, snap_length, None)))
        self._keep_comments(block, options)
        return ""

    def _read_statistics(self, block: _Block, order: str) -> str:
        (index,) = struct.unpack_from(order + "I", block.body)
        options = read_options(block.body[12:], order)
        if options is None:
            return self._reason(blocks.PAST_OPTIONS, 0)
        for code, value in options:
            if code == _ISB_IFDROP and len(value) == 8 and index < len(self._section):
                self._section[index].lost = struct.unpack(order + "Q", value)[0]
        self._keep_comments(block, options)
        return ""


def _is_section_header(window: Window) -> bool:
    return window.data[window.begin : window.begin + 4].tobytes() == struct.pack("<I", SECTION_HEADER)


def _wrong_length(length: int, shortest: int = 12) -> str:
    if length > PCAPNG_BLOCK:
        return f"a block length of {length} is above the maximum of {PCAPNG_BLOCK}"
    if length % 4 and length >= shortest:
        return f"a block length of {length} is not a multiple of 4"
    return f"a block length of {length} is too short for the block"
