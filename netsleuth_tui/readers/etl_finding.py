"""The buffers of a trace, one after the other, from blocks of the file that are read once; where one is damaged, the next is looked for."""

from __future__ import annotations

import struct
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.jit import kernel
from netsleuth_tui.readers.damage import Damage
from netsleuth_tui.readers.etl_buffers import BUFFER_HEADER, COMPRESSED, Buffers, Trace
from netsleuth_tui.readers.limits import EXPANSION_FACTOR, EXPANSION_FREE, TAIL_BYTES, TRACE_BUFFER, TRACE_BUFFERS
from netsleuth_tui.readers.numbers import u16, u32
from netsleuth_tui.readers.reused import Reused
from netsleuth_tui.readers.sources import RandomSource

__all__ = ["GROUP", "Found", "Told", "find_buffers", "warm"]

GROUP: Final = 8 << 20
"""Bytes of buffers that are looked through at once."""
_ROWS = 1 << 14
"""Most buffers that are handed on at once."""
_HEADS = 1 << 12
"""Bytes that are read at once where only headers are wanted."""
_PATIENCE = 1 << 8
"""Headers with something wrong, one after the other, between two moments at which the search can be ended."""

_MOST_TYPES = 16
_FLAGS = 0x3FF
_SEARCHED_FIRST, _SEARCHED = 1 << 12, 1 << 20
"""Bytes that are looked through at once for the next buffer, which is mostly near: at first, and at most."""
_DAMAGE_TOLD = 100
_LITTLE = 1
_MORE, _ODD, _FULL = 0, 1, 2
"""Why headers are followed no further: the block ends; one is not as it should be; as many were found as are wanted at once."""


class Found(NamedTuple):
    """Buffers of a trace, in the order of the file, with the block that they lie in."""

    data: NDArray[np.uint8]
    """The block, with zero bytes behind it; empty where only headers are wanted."""
    base: int
    """Where it begins in the file."""
    buffers: Buffers


@dataclass(slots=True)
class Told:
    """What is wrong, at many places: the first ones are told one by one, the others counted.

    Args:
        damage: Grows.
        others: What there are more of than are told, as in "damaged places".
    """

    damage: list[Damage]
    others: str
    _all: int = 0
    _rest: int = 0
    """Where the first one is that is only counted."""

    def add(self, offset: int, reason: str) -> None:
        """Tell or count a place."""
        if self._all < _DAMAGE_TOLD:
            self.damage.append(Damage(offset, reason))
        elif self._all == _DAMAGE_TOLD:
            self._rest = offset
        self._all += 1

    def end(self) -> None:
        """Say how many were only counted."""
        if self._all > _DAMAGE_TOLD:
            self.damage.append(Damage(self._rest, f"{self._all - _DAMAGE_TOLD} more {self.others} from here on"))


def find_buffers(
    source: RandomSource, trace: Trace, damage: list[Damage], memory: Reused | None = None, *, heads_only: bool = False
) -> Iterator[Found | None]:
    """The buffers of a trace in file order; where a header cannot be one, it is said and the next one that can is looked for.

    Args:
        source: The file, not compressed as a whole.
        trace: What `read_trace_header` found.
        damage: Grows, by no more than a hundred places and how many others there are.
        memory: For the blocks that are read.
        heads_only: Whether nothing but their headers is read.

    Yields:
        Some of them; None where it has merely come further.
    """
    told = Told(damage, "headers of buffers are damaged")
    yield from _Finding(source, trace, told, memory or Reused(), heads_only=heads_only).steps()
    told.end()


class _Finding:
    """See `find_buffers`."""

    def __init__(self, source: RandomSource, trace: Trace, told: Told, memory: Reused, *, heads_only: bool) -> None:
        self._source = source
        self._trace = trace
        self._told = told
        self._memory = memory
        self._heads_only = heads_only
        self._most = EXPANSION_FREE + EXPANSION_FACTOR * source.size
        self._block = np.zeros(TAIL_BYTES, np.uint8)
        self._base = 0
        self._at = 0
        """Where the next header should begin."""
        self._behind = 1
        """Where the next one is looked for, should there be none."""
        self._start = 0
        self._number = 0
        self._rows = Buffers.room(_ROWS)
        self._count = 0
        """Buffers that were found and not handed on: the last one may turn out to be shorter than it says."""

    def steps(self) -> Iterator[Found | None]:
        odd = 0
        while self._at < self._source.size:
            status = self._follow() if self._number else _ODD
            if self._at >= self._source.size:
                break
            if self._number >= TRACE_BUFFERS:
                self._told.add(self._at, f"there are more than {TRACE_BUFFERS} buffers; the rest is not read")
                break
            if status == _MORE:
                yield from self._hand_on(held=int(self._is_open()))
                self._read(self._at if self._heads_only or not self._count else int(self._rows.offset[0]))
                status = _MORE if self._has_header() else _ODD  # the file has become shorter
            elif status == _FULL:
                yield from self._hand_on(held=int(self._is_open()))
            if status == _ODD:
                if not (yield from self._judge()):
                    break
                if self._count and self._start - int(self._rows.start[0]) >= GROUP:
                    yield from self._hand_on(held=int(self._is_open()))
                odd += 1
                if odd % _PATIENCE == 0:
                    yield None
        yield from self._hand_on(held=0)

    def _is_open(self) -> bool:
        """Whether the last buffer that was found may turn out to be shorter than it says: that nothing has been looked for behind it."""
        last = self._count - 1
        return last >= 0 and int(self._rows.offset[last]) + int(self._rows.size[last]) == self._at

    def _has_header(self) -> bool:
        return self._base <= self._at and self._at + BUFFER_HEADER <= self._base + len(self._block) - TAIL_BYTES

    def _follow(self) -> int:
        """Follow the headers in the block as far as all is well with them; returns why it went no further."""
        if not self._has_header():
            return _MORE
        trace, rows = self._trace, self._rows.at_rows(slice(self._count, self._count + TRACE_BUFFERS - self._number))
        end = len(self._block) - TAIL_BYTES
        limits = _Limits(trace.buffer_size, trace.logger, self._source.size, self._most, self._start + GROUP)
        count, at, self._start, status = follow(
            self._block, self._at - self._base, end, self._base, self._number, self._start, limits, rows
        )
        self._at = self._base + at
        if count:
            self._behind = int(rows.offset[count - 1]) + BUFFER_HEADER
        self._number += count
        self._count += count
        return status

    def _read(self, offset: int) -> None:
        """Read the block that begins at `offset`: enough for a buffer that begins there, and some more."""
        length = _HEADS if self._heads_only else GROUP + (int(self._rows.size[0]) if self._count else 0)
        block = self._memory.octets(min(length, self._source.size - offset) + TAIL_BYTES)
        filled = self._source.fill(offset, block.data[: len(block) - TAIL_BYTES])
        block[filled:] = 0
        self._block, self._base = block[: filled + TAIL_BYTES], offset

    def _hand_on(self, *, held: int) -> Iterator[Found]:
        """Hand on what was found, but for the last one where it is held; what is held comes first among the next ones."""
        count = self._count
        whole = count - held
        if count and not held and not self._heads_only and self._ends_behind_block(count - 1):
            whole -= 1
        if whole > 0:
            yield Found(self._block, self._base, Buffers._make(column[:whole].copy() for column in self._rows))
            for column in self._rows:
                column[: count - whole] = column[whole:count]
            self._count = count - whole
        if self._count and not held:
            self._read(int(self._rows.offset[0]))
            yield Found(self._block, self._base, Buffers._make(column[:1].copy() for column in self._rows))
            self._count = 0

    def _ends_behind_block(self, row: int) -> bool:
        offset = int(self._rows.offset[row])
        return not self._base <= offset <= offset + int(self._rows.size[row]) <= self._base + len(self._block) - TAIL_BYTES

    def _judge(self) -> Generator[Found | None, None, bool]:
        """Deal with a header that is not as it should be; returns whether to go on."""
        head, offset = self._source.at(self._at, BUFFER_HEADER), self._at
        if len(head) < BUFFER_HEADER:
            self._told.add(offset, f"the file ends inside the header of a buffer, after {len(head)} of {BUFFER_HEADER} bytes")
            return False
        if not _is_plausible(head, self._trace if self._number else None):
            found = yield from _next_buffer(self._source, self._behind, offset, self._trace)
            where = f"the next one begins at byte {found}" if found < self._source.size else "there is no other behind it"
            self._told.add(offset, f"no buffer begins here; {where}")
            if self._count and found < offset:  # the buffer before it is shorter than it says
                self._shorten(self._count - 1, found)
            self._at, self._behind = found, found + 1
            return True
        room = yield from _room(self._source, head, offset, self._trace)
        return self._add(head, room)

    def _shorten(self, row: int, end: int) -> None:
        """Let a buffer end at `end`."""
        rows = self._rows
        size, packed = end - int(rows.offset[row]), bool(int(rows.flags[row]) & COMPRESSED)
        rows.size[row], rows.is_cut[row] = size, True
        self._start = int(rows.start[row]) + (int(rows.filled[row]) if packed else size)

    def _add(self, head: bytes, room: int) -> bool:
        """A buffer by its header and the room for it; what its sizes say too much is said and left out. Returns whether to go on."""
        offset = self._at
        size, saved = struct.unpack_from("<II", head)
        processor, _, _, filled, flags = struct.unpack_from("<HHIIH", head, 40)
        is_compressed = bool(flags & COMPRESSED)
        if filled < BUFFER_HEADER and BUFFER_HEADER <= saved <= size and not is_compressed:
            filled = saved  # a buffer that was written out early has its use only there
        there, whole = min(size, room), self._trace.buffer_size
        if there < size:
            reason = f"a buffer is said to be {size} bytes long; after {there} bytes the file ends, or the next one begins"
            self._told.add(offset, reason)
        most = size if not is_compressed else max(whole, size) if whole else TRACE_BUFFER
        if not BUFFER_HEADER <= filled <= most:
            self._told.add(offset + 48, f"a buffer of {size} bytes is said to have {filled} bytes in use")
            filled = min(max(filled, BUFFER_HEADER), most)
        extent = filled if is_compressed else there
        if self._start + extent > self._most:
            self._told.add(offset, f"the buffers would expand to more than {self._most} bytes; the rest is not read")
            return False
        row = (self._number, offset, there, filled, self._start, processor, flags, there < size)
        pairs: Iterator[tuple[NDArray[Any], int]] = zip(self._rows, row, strict=True)
        for column, value in pairs:
            column[self._count] = value
        self._number, self._count = self._number + 1, self._count + 1
        self._at, self._start, self._behind = offset + there, self._start + extent, offset + BUFFER_HEADER
        return True


class _Limits(NamedTuple):
    """What buffers are measured by."""

    whole: int
    """Bytes of a buffer that is not compressed; 0 if unknown."""
    logger: int
    file: int
    """Bytes of the file."""
    most: int
    """Bytes that all buffers may expand to."""
    enough: int
    """Bytes after which it is enough for now."""


@kernel()
def follow(data: Any, at: int, end: int, base: int, number: int, start: int, limits: _Limits, rows: Buffers) -> tuple[int, int, int, int]:
    """Follow headers of buffers that are as they should be.

    Args:
        data: uint8; `end` bytes of it are valid.
        at: Where the first header begins.
        end: Where the bytes end.
        base: Where data[0] is in the file.
        number: Of the next buffer.
        start: Where its header would be if none was compressed.
        limits: What they are measured by.
        rows: Filled from the first entry on.

    Returns:
        Buffers; where the next header begins; where it would be if none was compressed; _MORE, _ODD or _FULL.
    """
    count = 0
    while count < len(rows.offset) and start < limits.enough:
        if at + BUFFER_HEADER > end:
            return count, at, start, _MORE
        size = u32(data, at, _LITTLE)
        saved = u32(data, at + 4, _LITTLE)
        filled = u32(data, at + 48, _LITTLE)
        flags = u16(data, at + 52, _LITTLE)
        if u16(data, at + 42, _LITTLE) != limits.logger or u16(data, at + 54, _LITTLE) >= _MOST_TYPES or flags > _FLAGS:
            return count, at, start, _ODD
        if size < BUFFER_HEADER or size > (limits.whole or TRACE_BUFFER) or base + at + size > limits.file:
            return count, at, start, _ODD
        packed = flags & COMPRESSED
        if filled < BUFFER_HEADER and saved <= size and not packed:
            filled = saved
        most = size if not packed else limits.whole or TRACE_BUFFER
        extent = filled if packed else size
        if filled < BUFFER_HEADER or filled > most or start + extent > limits.most:
            return count, at, start, _ODD
        rows.number[count] = number + count
        rows.offset[count] = base + at
        rows.size[count] = size
        rows.filled[count] = filled
        rows.start[count] = start
        rows.processor[count] = u16(data, at + 40, _LITTLE)
        rows.flags[count] = flags
        rows.is_cut[count] = False
        count += 1
        at += size
        start += extent
    return count, at, start, _FULL


def warm() -> None:
    """Call the kernel, on nothing."""
    follow(np.zeros(TAIL_BYTES, np.uint8), 0, 0, 0, 0, 0, _Limits(0, 0, 0, 0, 1), Buffers.room(1))


def _room(source: RandomSource, head: bytes, offset: int, trace: Trace) -> Generator[None, None, int]:
    """How many bytes a buffer can have at most: where it would be too large, or reach beyond the file, those up to the next one."""
    size, whole = int(struct.unpack_from("<I", head)[0]), trace.buffer_size
    if whole and size > whole:
        following = source.at(offset + whole, BUFFER_HEADER)
        if len(following) == BUFFER_HEADER and _is_plausible(following, trace):
            return whole
    if offset + size > source.size:
        return (yield from _next_buffer(source, offset + BUFFER_HEADER, offset, trace)) - offset
    return size


def _is_plausible(head: bytes, trace: Trace | None) -> bool:
    """True if this may be the header of a buffer, of the trace if there is one yet."""
    (size,) = struct.unpack_from("<I", head)
    _, logger = struct.unpack_from("<HH", head, 40)
    flags, kind = struct.unpack_from("<HH", head, 52)
    if not BUFFER_HEADER <= size <= TRACE_BUFFER or kind >= _MOST_TYPES or flags & ~_FLAGS:
        return False
    return trace is None or logger == trace.logger


def _next_buffer(source: RandomSource, behind: int, failed: int, trace: Trace) -> Generator[None, None, int]:
    """Where the first header of a buffer begins at or after `behind` and not at `failed`; the file's end where there is none."""
    if trace.buffer_size and (whole := _next_whole(source, behind, failed, trace)):
        return whole
    at, searched = behind, _SEARCHED_FIRST
    while at < source.size:
        block = np.frombuffer(source.at(at, searched + BUFFER_HEADER), np.uint8)
        if len(block) < BUFFER_HEADER:
            break
        places = at + _candidates(block, trace)
        places = places[places != failed]
        if len(places):
            return int(places[0])
        at += max(len(block) - BUFFER_HEADER, 1)
        searched = min(2 * searched, _SEARCHED)
        if searched == _SEARCHED:
            yield None
    return source.size


def _next_whole(source: RandomSource, behind: int, failed: int, trace: Trace) -> int:
    """The next multiple of a buffer's size at which there is one, as in traces that are not compressed; 0 if not the very next."""
    at = -(-behind // trace.buffer_size) * trace.buffer_size
    for _ in range(2):
        head = source.at(at, BUFFER_HEADER) if at < source.size else b""
        if (
            at != failed
            and len(head) == BUFFER_HEADER
            and _is_plausible(head, trace)
            and struct.unpack_from("<I", head)[0] == trace.buffer_size
        ):
            return at
        at += trace.buffer_size
    return 0


def _candidates(block: NDArray[np.uint8], trace: Trace) -> NDArray[np.int64]:
    """Places at which there may be the header of a buffer whose sizes agree, so that it is not taken from what packets hold."""
    room = len(block) - BUFFER_HEADER + 1
    low, high = trace.logger & 0xFF, trace.logger >> 8
    is_possible = (block[42 : 42 + room] == low) & (block[43 : 43 + room] == high)
    is_possible &= (block[54 : 54 + room] < _MOST_TYPES) & (block[55 : 55 + room] == 0) & (block[53 : 53 + room] <= _FLAGS >> 8)
    is_possible &= (block[:room] | block[1 : 1 + room] | block[2 : 2 + room] | block[3 : 3 + room]) != 0
    places = np.flatnonzero(is_possible)

    def number(at: int, octets: int) -> NDArray[np.int64]:
        return sum((block[places + at + k].astype(np.int64) << 8 * k for k in range(octets)), np.zeros(len(places), np.int64))

    size, processor, filled, flags = number(0, 4), number(40, 2), number(48, 4), number(52, 2)
    most = trace.buffer_size or TRACE_BUFFER
    if_packed = (filled > BUFFER_HEADER) & (filled <= most) & (size <= filled)
    if_plain = (filled >= BUFFER_HEADER) & (filled <= size) & ((size == trace.buffer_size) | (size - filled < 8))
    fits = (size >= BUFFER_HEADER) & (size <= TRACE_BUFFER) & np.where(flags & COMPRESSED, if_packed, if_plain)
    if trace.processors:
        fits &= processor < trace.processors
    return places[fits]
