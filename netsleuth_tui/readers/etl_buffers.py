"""Event traces (.etl) as files: buffers, each with a header of 72 bytes, and what the first one says of the trace.

Layout of WMI_BUFFER_HEADER and TRACE_LOGFILE_HEADER after ntwmi.h and evntrace.h, checked on real traces.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.readers.damage import Damage
from netsleuth_tui.readers.limits import TRACE_BUFFER
from netsleuth_tui.readers.sources import RandomSource

__all__ = ["BUFFER_HEADER", "COMPRESSED", "LATEST", "NO_TIME", "Buffers", "Clock", "Trace", "read_trace_header"]

BUFFER_HEADER = 72
NO_TIME = -(1 << 63)

COMPRESSED = 0x40
"""Flag of a buffer."""
_EVENTS_LOST, _BUFFER_LOST = 2, 4
_FILETIME_EPOCH = 116_444_736_000_000_000
"""1970 in the 100 ns steps since 1601 that Windows counts in."""
LATEST = 9 * 10**18
_FURTHEST = 1 << 62


class Buffers(NamedTuple):
    """Buffers of a trace: arrays of one length."""

    number: NDArray[np.int32]
    """In the order of the file."""
    offset: NDArray[np.int64]
    """Of its header in the file."""
    size: NDArray[np.int64]
    """Bytes that it takes in the file, its header included; fewer than it says where the file ends first."""
    filled: NDArray[np.int64]
    """Bytes that are in use once it is expanded, its header included."""
    start: NDArray[np.int64]
    """Where its header would be if no buffer was compressed: frames' offsets count from there."""
    processor: NDArray[np.uint16]
    flags: NDArray[np.uint16]
    is_cut: NDArray[np.bool_]

    @classmethod
    def room(cls, count: int) -> Buffers:
        """So many of them, to be filled."""
        codes = ("i4", "i8", "i8", "i8", "i8", "u2", "u2", "?")
        return cls._make(np.empty(count, code) for code in codes)

    def at_rows(self, rows: NDArray[np.generic] | slice) -> Buffers:
        """Some of them; those of a slice share its memory."""
        return Buffers._make(column[rows] for column in self)

    @property
    def is_compressed(self) -> NDArray[np.bool_]:
        """Whether their records have to be expanded."""
        compressed: NDArray[np.bool_] = (self.flags & COMPRESSED) != 0
        return compressed

    @property
    def events_lost(self) -> int:
        """How many say that events did not fit into them, or that buffers before them were lost."""
        return int(np.count_nonzero(self.flags & (_EVENTS_LOST | _BUFFER_LOST)))

    @property
    def extent(self) -> NDArray[np.int64]:
        """Bytes that each would take if it was not compressed."""
        return np.where(self.is_compressed, self.filled, self.size)


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
