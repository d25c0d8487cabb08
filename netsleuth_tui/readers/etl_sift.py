"""Buffers of a trace taken apart in one pass: pieces of packets as columns of their own, and where all other records are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.jit import inlined, kernel
from netsleuth_tui.readers.damage import Damage
from netsleuth_tui.readers.etl_buffers import BUFFER_HEADER, COMPRESSED, NO_TIME, Buffers, Trace
from netsleuth_tui.readers.etl_headers import Headers, Ticks, describe, i64, ticks_of, time_of
from netsleuth_tui.readers.etl_loading import Loaded
from netsleuth_tui.readers.etl_packets import (
    COMPONENT,
    DROPPED,
    OF_NDISCAP,
    OF_PKTMON,
    SMALLEST,
    SOURCES,
    Pieces,
    Sources,
    Wanted,
    find_pieces,
    origin_of,
    put_ndiscap,
    put_pktmon,
)
from netsleuth_tui.readers.etl_records import Records, described
from netsleuth_tui.readers.etl_runs import LOOKED_AT, Runs, put_runs_plain
from netsleuth_tui.readers.etl_walk import (
    BAD_EXTENSION,
    BAD_SIZE,
    ENDING,
    EVENT,
    EVENT_32,
    EXTENDED,
    UNKNOWN_KIND,
    Places,
    Problems,
    attached_end,
    header_of,
    walk,
)  # fmt: skip
from netsleuth_tui.readers.numbers import POSITION, u16, u32
from netsleuth_tui.readers.reused import Reused

__all__ = ["Sifted", "Span", "Surveyed", "survey", "take_apart"]

_LITTLE = 1
_HOUR = 3600 * 10**9
_FRONT = 1 << 12
"""Rows in front of pieces for those that wait from earlier buffers."""
_EVENTS = 1 << 15
"""Rows for events, of which there are more in few groups of buffers: those are taken apart twice."""
_EVER = (1 << 63) - 1
_NEVER = -_EVER


class Span(NamedTuple):
    """Times that a trace can have, ns since the epoch."""

    first: int
    last: int

    @classmethod
    def of(cls, trace: Trace) -> Span:
        """What it says itself, and an hour more on both sides."""
        if trace.clock is None or trace.end <= trace.clock.start:
            return cls(_NEVER, _EVER)
        return cls(trace.clock.start - _HOUR, trace.end + _HOUR)


class Sifted(NamedTuple):
    """What buffers hold."""

    data: NDArray[np.uint8]
    """Their records, with 64 bytes behind the last one."""
    pieces: Pieces
    """Those of frames, in the order of the buffers."""
    events: Records
    """All other records and, once more, those of packets that pktmon saw dropped; likewise."""
    room: int
    """Bytes in front of them that are free."""
    rows: Pieces
    """The pieces, and the free rows in front of them."""

    def behind(self, pieces: Pieces) -> Pieces:
        """Those pieces and, behind them, these."""
        free, count = len(self.rows.at) - len(self.pieces.at), len(pieces.at)
        if count > free:
            return Pieces.joined(pieces, self.pieces)
        self.rows.put(free - count, pieces)
        return self.rows.at_rows(slice(free - count, None))


class Surveyed(NamedTuple):
    """What is to be known of buffers before they are taken apart."""

    runs: Runs
    """At which layers there are packets, in the order of the buffers."""
    names: Records
    """Events that name pktmon's components."""
    firsts: NDArray[np.int64]
    """The earliest time in each buffer, `NO_TIME` where there is none."""
    outside: int
    """Records whose times are outside of those of the trace."""


def take_apart(loaded: Loaded, trace: Trace, memory: Reused) -> Sifted:
    """Take buffers apart that were surveyed.

    Args:
        loaded: The buffers.
        trace: Whose clock the times come from.
        memory: For what is found.
    """
    rows = Pieces.room(_FRONT + _most(loaded), memory)
    pieces = rows.at_rows(slice(_FRONT, None))
    places, _, packets, _, _ = _sifted(loaded, trace, pieces, Runs.room(0, memory), np.empty(len(loaded.begins), np.int64), memory)
    records = described(loaded.data, places, loaded.buffers, loaded.begins, ticks_of(trace.clock))
    return Sifted(loaded.data, pieces.at_rows(slice(packets)), records, loaded.room, rows.at_rows(slice(_FRONT + packets)))


def survey(loaded: Loaded, trace: Trace, damage: list[Damage], memory: Reused) -> Surveyed:
    """Look through buffers.

    Args:
        loaded: The buffers.
        trace: Whose clock the times come from.
        damage: Grows by what is wrong in the buffers.
        memory: For what is found.
    """
    most, firsts = _most(loaded), np.empty(len(loaded.begins), np.int64)
    runs = Runs.room(most, memory)
    places, problems, count, wrong, outside = _sifted(loaded, trace, Pieces.room(most, memory), runs, firsts, memory, is_survey=True)
    for number in range(wrong):
        _tell(loaded.buffers, loaded.begins, [int(column[number]) for column in problems], damage)
    names = described(loaded.data, places, loaded.buffers, loaded.begins, ticks_of(trace.clock))
    return Surveyed(runs.first(count), names, firsts, outside)


def _most(loaded: Loaded) -> int:
    """Pieces that buffers can hold."""
    return int(np.maximum(loaded.ends - loaded.begins, 0).sum()) // SMALLEST + 1


def _sifted(
    loaded: Loaded, trace: Trace, pieces: Pieces, runs: Runs, firsts: NDArray[np.int64], memory: Reused, *, is_survey: bool = False
) -> tuple[Places, Problems, int, int, int]:
    """Where events are, what is wrong, how many pieces (or runs) and problems there are, and how many records at impossible times."""
    data, buffers, begins, ends, _ = loaded
    shift, processor = buffers.start + BUFFER_HEADER - begins, buffers.processor.astype(np.int64)
    places, problems = Places.room(_EVENTS, memory), Problems.room(2 * len(begins), memory)
    while True:
        events, count, wrong, outside = sift(
            data, begins, ends, shift, processor, ticks_of(trace.clock), Span.of(trace), SOURCES, places, pieces, runs, problems, firsts,
            int(is_survey),
        )  # fmt: skip
        if events <= len(places.at):
            return places.first(events), problems, count, wrong, outside
        places = Places.room(events, memory)


def _tell(buffers: Buffers, begins: NDArray[np.int64], problem: list[int], damage: list[Damage]) -> None:
    """Report what is wrong in a buffer."""
    index, at, why, number = problem
    offset, is_packed = int(buffers.offset[index]), bool(int(buffers.flags[index]) & COMPRESSED)
    inside = at - int(begins[index]) + BUFFER_HEADER
    place = offset if is_packed else offset + inside
    where = f", at byte {inside} of the expanded buffer" if is_packed else ""
    if why == BAD_EXTENSION:
        damage.append(Damage(place, f"what is attached to an event does not fit into its {number} bytes{where}"))
    elif not buffers.is_cut[index]:  # the last record of a buffer that is cut off ends with it
        what = f"a record of kind {number}, which does not exist" if why == UNKNOWN_KIND else f"a record of {number} bytes cannot be"
        damage.append(Damage(place, f"{what}; the rest of the buffer is not read{where}"))


def _sift_plain(
    data: NDArray[np.uint8],
    begins: NDArray[np.int64],
    ends: NDArray[np.int64],
    shift: NDArray[np.int64],
    processor: NDArray[np.int64],
    ticks: Ticks,
    span: Span,
    sources: Sources,
    events: Places,
    pieces: Pieces,
    runs: Runs,
    problems: Problems,
    firsts: NDArray[np.int64],
    is_survey: int,
) -> tuple[int, int, int, int]:
    """Same as the kernel: a walk, then all records in one sweep."""
    places = Places.room(int(np.maximum(ends - begins, 0).sum()) // 8 + 1, Reused())
    count, wrong = walk(data, begins, ends, places, problems)
    places = places.first(count)
    headers = Headers.room(count)
    describe(data, places, ticks, headers)
    firsts[:] = _EVER
    timed = headers.time != NO_TIME
    np.minimum.at(firsts, places.buffer[timed], headers.time[timed])
    firsts[firsts == _EVER] = NO_TIME
    outside = int((timed & ((headers.time < span.first) | (headers.time > span.last))).sum())
    is_event = np.isin(places.kind, (EVENT, EVENT_32))
    low = np.where(is_event, headers.low, 0)
    columns = Wanted(headers.begin, headers.length, low, headers.high, headers.event_id, headers.keywords)
    rows = np.empty(count, np.int64)
    (found,) = find_pieces(data, columns, sources, rows, pieces)
    rows, buffer = rows[:found], places.buffer[rows[:found]]
    pieces.time[:found] = headers.time[rows]
    pieces.offset[:found] = shift[buffer] + pieces.at[:found]
    pieces.thread[:found] = processor[buffer] << 32 | headers.thread_id[rows].astype(np.int64)
    is_piece = np.zeros(count, np.bool_)
    is_piece[rows] = True
    of_pktmon = (low == sources.pktmon_low) & (headers.high == sources.pktmon_high)
    if is_survey:
        kept = np.flatnonzero(of_pktmon & (headers.event_id == COMPONENT))
        found = put_runs_plain(pieces.at_rows(slice(found)), runs)
    else:
        kept = np.flatnonzero(~is_piece | (of_pktmon & (headers.event_id == DROPPED)))
    room = kept[: len(events.at)]
    pairs: Iterator[tuple[NDArray[Any], NDArray[Any]]] = zip(events, places, strict=True)
    for column, values in pairs:
        column[: len(room)] = values[room]
    return len(kept), found, wrong, outside


@inlined
def clock_of(data: Any, at: int, kind: int, size: int) -> tuple[int, int]:
    """Whether the record of a kind other than EVENT, `size` bytes long, has a clock, 0 or 1, and what it shows."""
    if kind in (16, 17):
        return 1, i64(data, at + 8)
    if kind == 15:
        flags = u16(data, at + 6, _LITTLE)
        place = at + 8 + (4 if flags & 1 else 0) + (16 if flags & 2 else 4 if flags & 4 else 0)
        timed = flags & 8 and place + 8 <= at + size
        return 1 if timed else 0, i64(data, place) if timed else 0
    if kind in (12, 14):
        return 0, 0
    return 1, i64(data, at + 16)


@inlined
def put_problem(problems: Problems, wrong: int, buffer: int, at: int, why: int, number: int) -> int:
    """Write down what is wrong; returns how much that is."""
    problems.buffer[wrong] = buffer
    problems.at[wrong] = at
    problems.why[wrong] = why
    problems.number[wrong] = number
    return wrong + 1


@kernel(plain=_sift_plain)
def sift(  # noqa: C901, PLR0912, PLR0915 - one pass
    data: Any,
    begins: Any,
    ends: Any,
    shift: Any,
    processor: Any,
    ticks: Ticks,
    span: Span,
    sources: Sources,
    events: Places,
    pieces: Pieces,
    runs: Runs,
    problems: Problems,
    firsts: Any,
    is_survey: int,
) -> tuple[int, int, int, int]:
    """Take buffers apart.

    Args:
        data: uint8, their records, with 64 bytes behind the last one.
        begins: int64, where the records of each begin.
        ends: int64, where they end.
        shift: int64, for each what makes of a place in `data` an offset in the file.
        processor: int64, which filled each.
        ticks: Their clock.
        span: Times that they should have.
        sources: Whose events hold pieces of frames.
        events: Filled from the first entry on, as far as there is room.
        pieces: Likewise; room for one in `SMALLEST` bytes is enough.
        runs: Likewise, as many; none without a survey.
        problems: Likewise; room for two entries a buffer is enough.
        firsts: int64, gets the earliest time in each, `NO_TIME` where there is none.
        is_survey: 1 if pieces are only counted, by runs, and no other events are wanted than those that name pktmon's components.

    Returns:
        Events, those without room among them; pieces or, where it is a survey, runs; problems; records whose times are outside of `span`.
    """
    others = 0
    count = 0
    seen = 0
    wrong = 0
    outside = 0
    for buffer in range(len(begins)):
        at = int(begins[buffer])
        end = int(ends[buffer])
        first = _EVER
        told = 0
        while at + 8 <= end:
            if u32(data, at, _LITTLE) == ENDING:
                break
            kind = int(data[(at + 2) & POSITION]) & 0xFF
            is_event = kind in (18, 19)
            header = 80 if is_event else header_of(kind)
            size = u16(data, at + 4 if kind in (1, 2, 3, 4, 16, 17) else at, _LITTLE)
            if header == 0 or size < header or at + size > end:
                why = UNKNOWN_KIND if header == 0 else BAD_SIZE
                wrong = put_problem(problems, wrong, buffer, at, why, kind if header == 0 else size)
                break
            begin = at + header
            if is_event and u16(data, at + 4, _LITTLE) & EXTENDED:
                begin = attached_end(data, begin, at + size)
                if begin < 0:
                    begin = at + size
                    if told == 0:
                        wrong = put_problem(problems, wrong, buffer, at, BAD_EXTENSION, size)
                    told = 1
            timed = 1
            if is_event:
                raw = i64(data, at + 16)
            else:
                timed, raw = clock_of(data, at, kind, size)
            time = time_of(raw, ticks) if timed else NO_TIME
            if time != NO_TIME:
                first = min(first, time)
                outside += time < span.first or time > span.last
            origin = 0
            event_id = 0
            if is_event:
                event_id = u16(data, at + 40, _LITTLE)
                origin = origin_of(i64(data, at + 24), i64(data, at + 32), event_id, at + size - begin, sources)
                # Arrays must not be handed on twice: Numba would count who holds each of them, at every packet.
                if origin == OF_NDISCAP:
                    put_ndiscap(data, begin, at + size, event_id, i64(data, at + 48), pieces, count & POSITION)
                elif origin == OF_PKTMON:
                    put_pktmon(data, begin, at + size, pieces, count & POSITION)
            if origin and is_survey:
                layer, link = pieces.layer[0], pieces.link[0]
                run = seen - 1
                least = max(seen - LOOKED_AT, 0)
                while run >= least:
                    one = run & POSITION
                    if runs.layer[one] == layer and runs.link[one] == link and runs.origin[one] == origin:
                        break
                    run -= 1
                if run < least:
                    run = seen
                    runs.layer[run] = layer
                    runs.origin[run] = origin
                    runs.link[run] = link
                    runs.pieces[run] = 0
                    runs.told[run] = 0
                    runs.numbered[run] = 0
                    seen += 1
                run &= POSITION
                is_numbered = pieces.packet[0] >= 0
                runs.pieces[run] += 1
                runs.numbered[run] += is_numbered
                runs.told[run] += pieces.begins[0] if origin == OF_NDISCAP else not is_numbered
            elif origin:
                row = count & POSITION
                pieces.time[row] = time
                pieces.offset[row] = shift[buffer] + pieces.at[row]
                pieces.thread[row] = processor[buffer] << 32 | u32(data, at + 8, _LITTLE)
                count += 1
            if is_survey:
                is_wanted = is_event and event_id == COMPONENT and i64(data, at + 24) == sources.pktmon_low
                is_wanted = is_wanted and i64(data, at + 32) == sources.pktmon_high
            else:
                is_wanted = origin == 0 or (origin == OF_PKTMON and event_id == DROPPED)
            if is_wanted:
                if others < len(events.at):
                    events.at[others] = at
                    events.size[others] = size
                    events.kind[others] = kind
                    events.buffer[others] = buffer
                    events.begin[others] = begin
                others += 1
            at += (size + 7) & ~7
        firsts[buffer] = NO_TIME if first == _EVER else first
    return others, seen if is_survey else count, wrong, outside
