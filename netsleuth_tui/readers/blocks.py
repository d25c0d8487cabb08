"""The kernel that frames pcapng blocks: packet blocks by itself, section and interface blocks it leaves to Python.

Block layouts after draft-ietf-opsawg-pcapng, sections 4.3 (Enhanced), 4.4 (Simple) and appendix A (the obsolete Packet Block).
"""

from __future__ import annotations

import struct
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.jit import helper, kernel
from netsleuth_tui.readers.frames import Rows
from netsleuth_tui.readers.limits import OPTIONS_PER_BLOCK, PCAPNG_BLOCK
from netsleuth_tui.readers.numbers import u16, u32
from netsleuth_tui.readers.sniff import SECTION_HEADER
from netsleuth_tui.readers.step import FULL, MORE
from netsleuth_tui.readers.ticks import NO_TIME, Clock, ticks_to_ns

__all__ = [
    "BLOCK",
    "DRAIN",
    "DROPS_LIMIT",
    "INTERFACE",
    "NO_INTERFACE",
    "PAST_BLOCK",
    "PAST_OPTIONS",
    "STATISTICS",
    "TOO_LONG",
    "TRAILER",
    "WRONG_LENGTH",
    "WRONG_SIMPLE",
    "Clocks",
    "frame_blocks",
]

INTERFACE = 1
PACKET = 2
SIMPLE = 3
STATISTICS = 5
ENHANCED = 6

BLOCK = 3
"""Status: a block that Python reads (section header, interface description, statistics) is in memory as a whole."""
DRAIN = 4
"""Status: the list of comments is full."""
WRONG_LENGTH = 10
TRAILER = 11
NO_INTERFACE = 12
TOO_LONG = 13
PAST_BLOCK = 14
PAST_OPTIONS = 15
WRONG_SIMPLE = 16

DROPS_LIMIT = 2**61
"""Counters of lost frames stop here."""

_DROPS_UNKNOWN = 0xFFFF
_QUICK = (1 << 30) - 1
"""Highest upper half of ticks that may be multiplied in 64 bits."""
_PACKET_HEAD = 28
_SHORT_RUN = 12
"""Blocks for which a sweep by NumPy is not worth its start."""
_SHORTEST_PACKET = 32
_SHORTEST_SIMPLE = 16


class Clocks(NamedTuple):
    """What the kernel must know about the interfaces of a section, by interface id."""

    link_type: NDArray[np.uint16]
    longest: NDArray[np.int64]
    snap_length: NDArray[np.int64]
    factor: NDArray[np.int64]
    summand: NDArray[np.int64]
    quick_limit: NDArray[np.int64]
    power: NDArray[np.int64]
    binary: NDArray[np.int64]
    offset: NDArray[np.int64]
    drops: NDArray[np.int64]
    """Frames lost by what packet blocks say, -1 if none of them does."""

    @classmethod
    def allocate(cls, length: int) -> Clocks:
        """Room for `length` interfaces."""
        columns = [np.zeros(length, np.int64) for _ in range(9)]
        columns[-1][:] = -1
        return cls(np.zeros(length, np.uint16), *columns)

    def doubled(self) -> Clocks:
        """The same interfaces, with room for twice as many."""
        larger = Clocks.allocate(2 * len(self.longest))
        larger.link_type[: len(self.link_type)] = self.link_type
        for new, old in zip(larger[1:], self[1:], strict=True):
            new[: len(old)] = old
        return larger

    def describe(self, index: int, link_type: int, longest: int, snap_length: int, clock: Clock) -> None:
        """Set the entries of one interface."""
        self.link_type[index] = link_type
        self.longest[index] = longest
        self.snap_length[index] = snap_length
        self.factor[index], self.summand[index], self.quick_limit[index] = clock.quick
        self.power[index] = clock.power
        self.binary[index] = clock.is_binary
        self.offset[index] = clock.clipped_offset
        self.drops[index] = -1


@helper
def _add_drops(clocks: Clocks, interface: int, lost: int) -> None:
    """Count frames lost on an interface."""
    clocks.drops[interface] = min(max(int(clocks.drops[interface]), 0) + lost, DROPS_LIMIT)


@helper
def _count_drops(data: Any, at: int, little: int, interface: int, clocks: Clocks) -> None:
    """Add the epb_dropcount at `at` to the interface's."""
    first = u32(data, at, little)
    second = u32(data, at + 4, little)
    high = second if little else first
    low = first if little else second
    _add_drops(clocks, interface, DROPS_LIMIT if high >> 29 else high << 32 | low)


@helper
def _read_options(
    data: Any, at: int, stop: int, little: int, kind: int, interface: int, clocks: Clocks, frame: int, comments: Any, noted: int
) -> int:
    """Look through a packet block's options for comments and lost frames.

    Returns:
        Comments noted so far, -1 if an option is longer than the block.
    """
    seen = 0
    while at + 4 <= stop and seen < OPTIONS_PER_BLOCK:
        code = u16(data, at, little)
        length = u16(data, at + 2, little)
        if code == 0:
            break
        if at + 4 + length > stop:
            return -1
        if code == 1:
            comments[noted, 0] = frame
            comments[noted, 1] = at + 4
            comments[noted, 2] = length
            noted += 1
        elif code == 4 and length == 8 and kind == ENHANCED:
            _count_drops(data, at + 4, little, interface, clocks)
        at += 4 + length + (-length & 3)
        seen += 1
    return noted


@helper
def _frame_simple(data: Any, at: int, length: int, little: int, base: int, interfaces: int, clocks: Clocks, rows: Rows, count: int) -> bool:
    """Frame the Simple Packet Block at `at`: it belongs to the first interface and has no time.

    Returns:
        False if it is too short or too long, or there is no interface.
    """
    if length < _SHORTEST_SIMPLE or interfaces == 0:
        return False
    wire = u32(data, at + 8, little)
    captured = min(wire, length - _SHORTEST_SIMPLE)
    snap_length = int(clocks.snap_length[0])
    if snap_length > 0:
        captured = min(captured, snap_length)
    if captured > int(clocks.longest[0]):
        return False
    rows.start[count] = at + 12
    rows.cap_len[count] = captured
    rows.wire_len[count] = wire
    rows.time[count] = NO_TIME
    rows.link_type[count] = clocks.link_type[0]
    rows.offset[count] = base + at + 12
    return True


def _frame_blocks_plain(
    data: NDArray[np.uint8],
    at: int,
    end: int,
    little: int,
    base: int,
    interfaces: int,
    clocks: Clocks,
    rows: Rows,
    count: int,
    room: int,
    comments: NDArray[np.int64],
    noted: int,
) -> tuple[int, int, int, int, int]:
    """Same as the kernel: Enhanced Packet Blocks without surprises in one sweep, every other block by the kernel's function."""
    view = data.data
    longest = int(clocks.longest[:interfaces].min(initial=PCAPNG_BLOCK))
    while True:
        starts, behind = _walk_easy_blocks(view, at, end, "<" if little else ">", interfaces, longest, room - count)
        following = len(starts) + 1
        if following > _SHORT_RUN:
            _gather(data, np.array(starts, np.int64), "<u4" if little else ">u4", base, clocks, rows, count)
            count, at, following = count + len(starts), behind, 1
        count, at, status, detail, noted = frame_blocks.function(
            view, at, end, little, base, interfaces, clocks, rows, count, min(count + following, room), comments, noted
        )
        if status != FULL or count >= room:
            return count, at, status, detail, noted


def _walk_easy_blocks(view: memoryview, at: int, end: int, order: str, interfaces: int, longest: int, room: int) -> tuple[list[int], int]:
    """Where frames begin, up to the first block that is not an intact Enhanced Packet Block without comment and drop count."""
    head = struct.Struct(order + "IIIIIII").unpack_from
    tail = struct.Struct(order + "I").unpack_from
    starts: list[int] = []
    while len(starts) < room and at + _SHORTEST_PACKET <= end:
        kind, length, interface, _, _, captured, _ = head(view, at)
        if kind != ENHANCED or length & 3 or length > end - at or length > PCAPNG_BLOCK or interface >= interfaces or captured > longest:
            break
        surplus = length - _SHORTEST_PACKET - captured - (-captured & 3)
        if surplus < 0 or tail(view, at + length - 4)[0] != length:
            break
        if surplus and not _are_easy_options(view, at + length - 4 - surplus, at + length - 4, order):
            break
        starts.append(at + _PACKET_HEAD)
        at += length
    return starts, at


def _are_easy_options(view: memoryview, at: int, stop: int, order: str) -> bool:
    """Whether the options are sound, few, and nothing that has to be kept."""
    pair = struct.Struct(order + "HH").unpack_from
    for _ in range(16):
        if at + 4 > stop:
            return True
        code, length = pair(view, at)
        if code == 0:
            return True
        if code in (1, 4) or at + 4 + length > stop:
            return False
        at += 4 + length + (-length & 3)
    return False


def _gather(data: NDArray[np.uint8], start: NDArray[np.int64], word: str, base: int, clocks: Clocks, rows: Rows, count: int) -> None:
    """Fill the rows from `count` on with the packet blocks whose captured bytes begin at `start`."""
    words = data[(start - _PACKET_HEAD)[:, None] + np.arange(_PACKET_HEAD)].view(word)
    interface = words[:, 2].astype(np.int64)
    high, low = words[:, 3].astype(np.int64), words[:, 4].astype(np.int64)
    ticks = high << 32 | low
    time = ticks * clocks.factor[interface] + clocks.summand[interface]
    for i in np.flatnonzero((high >= 1 << 30) | (ticks > clocks.quick_limit[interface])).tolist():
        k = int(interface[i])
        time[i] = ticks_to_ns(int(high[i]), int(low[i]), int(clocks.power[k]), int(clocks.binary[k]), int(clocks.offset[k]))
    stop = count + len(start)
    rows.start[count:stop] = start
    rows.cap_len[count:stop] = words[:, 5]
    rows.wire_len[count:stop] = words[:, 6]
    rows.time[count:stop] = time
    rows.link_type[count:stop] = clocks.link_type[interface]
    rows.offset[count:stop] = start + base


@kernel(plain=_frame_blocks_plain)
def frame_blocks(  # noqa: C901, PLR0911, PLR0912 - one loop: a call that passes all these arrays costs more than framing a block
    data: Any,
    at: int,
    end: int,
    little: int,
    base: int,
    interfaces: int,
    clocks: Clocks,
    rows: Rows,
    count: int,
    room: int,
    comments: Any,
    noted: int,
) -> tuple[int, int, int, int, int]:
    """Frame the blocks from `at` on, up to one that Python has to read.

    Args:
        data: uint8; `end` bytes of it are valid.
        at: Where the first block begins.
        end: Where the bytes end.
        little: 1 for a little endian section.
        base: Offset in the file of data[0].
        interfaces: Interfaces described so far in this section.
        clocks: And what is known of them.
        rows: Filled from entry `count` on.
        count: Frames that are in `rows` already.
        room: Frames that may be in `rows` at most.
        comments: int64, three columns: the frame's offset in the file, where its comment's text begins in `data`, bytes of text.
        noted: Comments that are in `comments` already.

    Returns:
        Frames in `rows`; where the next block begins; FULL, MORE, BLOCK, DRAIN or the kind of damage; bytes needed from there on (MORE)
        or the number that is not believed; comments in `comments`.
    """
    while count < room:
        if at + 12 > end:
            return count, at, MORE, 12, noted
        kind = u32(data, at, little)
        if kind == SECTION_HEADER:
            return count, at, BLOCK, kind, noted
        length = u32(data, at + 4, little)
        if length < 12 or length & 3 or length > PCAPNG_BLOCK:
            return count, at, WRONG_LENGTH, length, noted
        if at + length > end:
            return count, at, MORE, length, noted
        stop = at + length - 4
        trailer = u32(data, stop, little)
        if trailer != length:
            return count, at, TRAILER, trailer, noted
        if kind in (INTERFACE, STATISTICS):
            return count, at, BLOCK, kind, noted
        if kind in (ENHANCED, PACKET):
            if length < _SHORTEST_PACKET:
                return count, at, WRONG_LENGTH, length, noted
            interface = u32(data, at + 8, little) if kind == ENHANCED else u16(data, at + 8, little)
            if interface >= interfaces:
                return count, at, NO_INTERFACE, interface, noted
            captured = u32(data, at + 20, little)
            if captured > int(clocks.longest[interface]):
                return count, at, TOO_LONG, captured, noted
            start = at + _PACKET_HEAD
            if start + captured > stop:
                return count, at, PAST_BLOCK, captured, noted
            options = start + captured + (-captured & 3)
            if options + 4 <= stop:
                if noted + OPTIONS_PER_BLOCK > len(comments):
                    return count, at, DRAIN, 0, noted
                found = _read_options(data, options, stop, little, kind, interface, clocks, base + start, comments, noted)
                if found < 0:
                    return count, at, PAST_OPTIONS, 0, noted
                noted = found
            lost = u16(data, at + 10, little)
            if kind == PACKET and lost != _DROPS_UNKNOWN:
                _add_drops(clocks, interface, lost)
            high = u32(data, at + 12, little)
            low = u32(data, at + 16, little)
            ticks = (high & _QUICK) << 32 | low
            if high <= _QUICK and ticks <= int(clocks.quick_limit[interface]):
                rows.time[count] = ticks * int(clocks.factor[interface]) + int(clocks.summand[interface])
            else:
                power, binary, offset = int(clocks.power[interface]), int(clocks.binary[interface]), int(clocks.offset[interface])
                rows.time[count] = ticks_to_ns(high, low, power, binary, offset)
            rows.start[count] = start
            rows.cap_len[count] = captured
            rows.wire_len[count] = u32(data, at + 24, little)
            rows.link_type[count] = clocks.link_type[interface]
            rows.offset[count] = base + start
            count += 1
        elif kind == SIMPLE:
            if not _frame_simple(data, at, length, little, base, interfaces, clocks, rows, count):
                return count, at, WRONG_SIMPLE, length, noted
            count += 1
        at += length
    return count, at, FULL, 0, noted
