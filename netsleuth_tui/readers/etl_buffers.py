"""Event traces (.etl) as files: buffers one after the other, each with a header of 72 bytes, and what the first one says of the trace.

Layout of WMI_BUFFER_HEADER and TRACE_LOGFILE_HEADER after ntwmi.h and evntrace.h, checked on real traces.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.readers.damage import Damage
from netsleuth_tui.readers.limits import EXPANSION_FACTOR, EXPANSION_FREE, TRACE_BUFFER
from netsleuth_tui.readers.sources import RandomSource

__all__ = ["BUFFER_HEADER", "LATEST", "NO_TIME", "Buffer", "Clock", "Trace", "find_buffers", "read_trace_header"]

BUFFER_HEADER = 72
NO_TIME = -(1 << 63)

_EVENTS_LOST, _BUFFER_LOST, _COMPRESSED = 2, 4, 0x40
_MOST_TYPES = 16
_FLAGS = 0x3FF
_SEARCHED_FIRST, _SEARCHED = 1 << 12, 1 << 20
"""Bytes that are looked through at once for the next buffer, which is mostly near: at first, and at most."""
_DAMAGE_TOLD = 100
_FILETIME_EPOCH = 116_444_736_000_000_000
"""1970 in the 100 ns steps since 1601 that Windows counts in."""
LATEST = 9 * 10**18
_FURTHEST = 1 << 62


@dataclass(frozen=True, slots=True)
class Buffer:
    """One buffer of a trace."""

    number: int
    offset: int
    """Of its header in the file."""
    size: int
    """Bytes that it takes in the file, its header included; fewer than it says where the file ends first."""
    filled: int
    """Bytes that are in use once it is expanded, its header included."""
    is_compressed: bool
    is_cut: bool
    processor: int
    flags: int
    start: int
    """Where its header would be if no buffer was compressed: frames' offsets count from there."""

    @property
    def events_lost(self) -> bool:
        """True if it says that events did not fit into it, or that buffers before it were lost."""
        return bool(self.flags & (_EVENTS_LOST | _BUFFER_LOST))

    @property
    def extent(self) -> int:
        """Bytes that it would take if it was not compressed."""
        return self.filled if self.is_compressed else self.size


@dataclass(frozen=True, slots=True)
class Clock:
    """How numbers in the headers of events become times: `start` + (raw - `raw_start`) * `scale` / `unit` nanoseconds."""

    start: int
    """ns since 1970-01-01T00:00:00Z, at which the trace began."""
    raw_start: int
    scale: int
    unit: int

    def times(self, raw: NDArray[np.int64]) -> NDArray[np.int64]:
        """Nanoseconds since the epoch in steps of 100, `NO_TIME` where that is impossible."""
        with np.errstate(over="ignore"):
            delta = raw - np.int64(self.raw_start)
        possible = (np.abs(raw.astype(np.float64) - self.raw_start) < _FURTHEST) & (
            np.abs(delta.astype(np.float64)) * self.scale / self.unit < LATEST
        )
        delta[~possible] = 0
        whole, rest = np.divmod(delta, self.unit)
        since = whole * self.scale + rest * self.scale // self.unit
        possible &= (since < LATEST - self.start) & (since > -LATEST - self.start)
        since[~possible] = 0
        times: NDArray[np.int64] = (self.start + since) // 100 * 100
        times[~possible] = NO_TIME
        return times


@dataclass(frozen=True, slots=True)
class Trace:
    """What the first buffer says of the trace."""

    buffer_size: int
    """Bytes of a buffer before it was compressed; 0 if unknown."""
    logger: int
    """Number of the session; all buffers have it."""
    processors: int
    """0 if unknown."""
    clock: Clock | None
    """None where events have no time."""
    end: int
    """ns since the epoch at which the trace ended; `NO_TIME` if it says nothing."""
    events_lost: int
    buffers_lost: int


def read_trace_header(source: RandomSource, damage: list[Damage]) -> Trace:
    """What the first buffer says; what is wrong with it is added to `damage`."""
    head = source.at(0, 4096)
    logger = struct.unpack_from("<H", head, 42)[0] if len(head) >= BUFFER_HEADER else 0
    nothing = Trace(0, logger, 0, None, NO_TIME, 0, 0)
    record = head[BUFFER_HEADER:]
    if len(record) < 32 or record[2] not in (1, 2):
        damage.append(Damage(min(len(head), BUFFER_HEADER), "the header of the trace is missing: times are not known"))
        return nothing
    raw_start, body = struct.unpack_from("<q", record, 16)[0], record[32:]
    pointer = struct.unpack_from("<I", body, 44)[0] if len(body) >= 48 else 0
    zone = 72 if pointer == 8 else 64
    if pointer not in (4, 8) or len(body) < zone + 208:
        damage.append(Damage(BUFFER_HEADER, "the header of the trace is damaged: times are not known"))
        return nothing
    buffer_size, _, _, processors, end = struct.unpack_from("<IIIIq", body)
    events_lost, megahertz = struct.unpack_from("<II", body, 48)
    frequency, start, kind, buffers_lost = struct.unpack_from("<qqII", body, zone + 184)
    clock, why = _clock(kind, raw_start, start, frequency, megahertz)
    if why:
        damage.append(Damage(BUFFER_HEADER + 32 + zone + 184, why))
    ended = _since_epoch(end) if end else NO_TIME
    fits = BUFFER_HEADER < buffer_size <= TRACE_BUFFER
    return Trace(buffer_size if fits else 0, logger, processors, clock, ended, events_lost, buffers_lost)


def _clock(  # noqa: PLR0911 - a reason each
    kind: int, raw_start: int, start: int, frequency: int, megahertz: int
) -> tuple[Clock | None, str]:
    """The clock of a trace; None and why not, where it has none."""
    began = _since_epoch(start)
    if began == NO_TIME:
        return None, "the trace began at an impossible time: times are not known"
    if kind == 2:
        return Clock(began, raw_start, 100, 1), ""
    if kind == 3:
        if not 0 < megahertz <= 1 << 20:
            return None, f"a processor of {megahertz} MHz, whose cycles are the clock: times are not known"
        return Clock(began, raw_start, 1000, megahertz), ""
    if kind not in (0, 1):
        return None, f"a clock of kind {kind}, which does not exist: times are not known"
    if not 1000 <= frequency <= 1 << 32:
        return None, f"a clock of {frequency} ticks a second: times are not known"
    return Clock(began, raw_start, 10**9, frequency), ""


def _since_epoch(filetime: int) -> int:
    time = (filetime - _FILETIME_EPOCH) * 100
    return time if 0 <= time < LATEST else NO_TIME


@dataclass(slots=True)
class _Told:
    """What is wrong with headers of buffers: the first places are told one by one, the others counted."""

    damage: list[Damage]
    """Grows."""
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
            self.damage.append(Damage(self._rest, f"{self._all - _DAMAGE_TOLD} more headers of buffers are damaged from here on"))


def find_buffers(source: RandomSource, trace: Trace, damage: list[Damage]) -> list[Buffer]:
    """The buffers of a trace in file order; where a header cannot be one, it is said and the next one that can is looked for.

    Args:
        source: The file, not compressed as a whole.
        trace: What `read_trace_header` found.
        damage: Grows, by no more than a hundred places and how many others there are.
    """
    told = _Told(damage)
    buffers = _buffers(source, trace, told)
    told.end()
    return buffers


def _buffers(source: RandomSource, trace: Trace, told: _Told) -> list[Buffer]:
    """See `find_buffers`."""
    buffers: list[Buffer] = []
    offset, start, behind = 0, 0, 1
    most = EXPANSION_FREE + EXPANSION_FACTOR * source.size
    while offset < source.size:
        head = source.at(offset, BUFFER_HEADER)
        if len(head) < BUFFER_HEADER:
            told.add(offset, f"the file ends inside the header of a buffer, after {len(head)} of {BUFFER_HEADER} bytes")
            break
        if not _is_plausible(head, trace if buffers else None):
            found = _next_buffer(source, behind, offset, trace)
            where = f"the next one begins at byte {found}" if found < source.size else "there is no other behind it"
            told.add(offset, f"no buffer begins here; {where}")
            if buffers and found < offset:  # the buffer before it is shorter than it says
                buffers[-1] = replace(buffers[-1], size=found - buffers[-1].offset, is_cut=True)
                start = buffers[-1].start + buffers[-1].extent
            offset, behind = found, found + 1
            continue
        room = _room(source, head, offset, trace)
        buffer = _buffer(head, len(buffers), offset, start, room, trace, told)
        if start + buffer.extent > most:
            told.add(offset, f"the buffers would expand to more than {most} bytes; the rest is not read")
            break
        buffers.append(buffer)
        behind = offset + BUFFER_HEADER
        offset += buffer.size
        start += buffer.extent
    return buffers


def _room(source: RandomSource, head: bytes, offset: int, trace: Trace) -> int:
    """How many bytes a buffer can have at most: where it would be too large, or reach beyond the file, those up to the next one."""
    size: int
    (size,) = struct.unpack_from("<I", head)
    whole = trace.buffer_size
    if whole and size > whole:
        following = source.at(offset + whole, BUFFER_HEADER)
        if len(following) == BUFFER_HEADER and _is_plausible(following, trace):
            return whole
    if offset + size > source.size:
        return _next_buffer(source, offset + BUFFER_HEADER, offset, trace) - offset
    return size


def _buffer(head: bytes, number: int, offset: int, start: int, room: int, trace: Trace, told: _Told) -> Buffer:
    """A buffer by its header and the room for it; what its sizes say too much is said and left out."""
    (size,) = struct.unpack_from("<I", head)
    (saved,) = struct.unpack_from("<I", head, 4)
    (processor,) = struct.unpack_from("<H", head, 40)
    filled, flags = struct.unpack_from("<IH", head, 48)
    is_compressed = bool(flags & _COMPRESSED)
    if filled < BUFFER_HEADER and BUFFER_HEADER <= saved <= size and not is_compressed:
        filled = saved  # a buffer that was written out early has its use only there
    there = min(size, room)
    if there < size:
        told.add(offset, f"a buffer is said to be {size} bytes long; after {there} bytes the file ends, or the next one begins")
    limit = max(trace.buffer_size, size) if trace.buffer_size else TRACE_BUFFER
    most = limit if is_compressed else size
    if not BUFFER_HEADER <= filled <= most:
        told.add(offset + 48, f"a buffer of {size} bytes is said to have {filled} bytes in use")
        filled = min(max(filled, BUFFER_HEADER), most)
    return Buffer(
        number, offset, there, filled if is_compressed else min(filled, there), is_compressed, there < size, processor, flags, start,
    )  # fmt: skip


def _is_plausible(head: bytes, trace: Trace | None) -> bool:
    """True if this may be the header of a buffer, of the trace if there is one yet."""
    (size,) = struct.unpack_from("<I", head)
    _, logger = struct.unpack_from("<HH", head, 40)
    flags, kind = struct.unpack_from("<HH", head, 52)
    if not BUFFER_HEADER <= size <= TRACE_BUFFER or kind >= _MOST_TYPES or flags & ~_FLAGS:
        return False
    return trace is None or logger == trace.logger


def _next_buffer(source: RandomSource, behind: int, failed: int, trace: Trace) -> int:
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
    fits = (size >= BUFFER_HEADER) & (size <= TRACE_BUFFER) & np.where(flags & _COMPRESSED, if_packed, if_plain)
    if trace.processors:
        fits &= processor < trace.processors
    return places[fits]
