"""The kernels of Network Monitor captures: frames by the entries of the frame table, or one behind the other where there is no table.

Layout after Microsoft's description of the Network Monitor capture file format (versions 2.0 to 2.3), and 1.x as editcap writes it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.jit import helper, kernel
from netsleuth_tui.linktypes import NET_EVENT, NETMON_UNKNOWN, NETMON_WLAN
from netsleuth_tui.readers.frames import Rows
from netsleuth_tui.readers.numbers import u16, u32
from netsleuth_tui.readers.step import FULL, MORE
from netsleuth_tui.readers.ticks import NO_TIME

__all__ = [
    "AGAIN",
    "CUT",
    "DRAIN",
    "ELSEWHERE",
    "INSIDE",
    "METADATA",
    "NO_TRAILER",
    "OUTSIDE",
    "RUNS_INTO",
    "TOO_LONG",
    "WITH_FILETIME",
    "frame_entries",
    "walk_frames",
]

ELSEWHERE = 3
"""Status: the next entry's frame is not in the window."""
DRAIN = 4
"""Status: the list of rejected entries is full."""

OUTSIDE, AGAIN = 0, 1
"""Instead of a limit: the entry points to no place where a frame can be, or to one that an earlier entry names."""
TOO_LONG, INSIDE, RUNS_INTO, CUT, METADATA, NO_TRAILER, NEXT = 2, 3, 4, 5, 6, 7, 8
"""Why else an entry gives no frame; METADATA is no damage, and NEXT no reason but a question."""

WITH_FILETIME = 15
"""Bytes of a trailer that ends with a FILETIME and a time zone: media type (2), process (4), time (8), zone (1)."""

_UNIX_EPOCH = 116_444_736_000_000_000
"""1970 as FILETIME: units of 100 ns since 1601."""
_YEAR_2200 = 0x029F_8E46
"""Upper half of a FILETIME in the year 2200."""
_MOST_UNITS = 92_233_720_368_547_757
"""100 ns units that fit into 63 bits of nanoseconds."""
_PCAP = 0xE000
_ATM_HEADER = 16

ETHERNET, TOKEN_RING, FDDI, ATM, RAW, WLAN = 1, 6, 10, 100, 101, 105


@helper
def _units_since_1601(low: int, high: int) -> int:
    """Nanoseconds since 1970 of a FILETIME, `NO_TIME` if they do not fit."""
    if high >> 31:
        return NO_TIME
    units = (high << 32 | low) - _UNIX_EPOCH
    return units * 100 if -_MOST_UNITS <= units <= _MOST_UNITS else NO_TIME


@helper
def _after(start: int, low: int, high: int) -> int:
    """Nanoseconds of a frame that comes a number of microseconds after `start`; ten times that number is signed, modulo 2**64."""
    if start == NO_TIME:
        return NO_TIME
    tenfold = low * 10
    low = tenfold & 0xFFFFFFFF
    high = high * 10 + (tenfold >> 32) & 0xFFFFFFFF
    if high >> 31:
        high -= 1 << 32
    units = high << 32 | low
    if units > _MOST_UNITS or units < -_MOST_UNITS:
        return NO_TIME
    units *= 100
    if (units > 0 and start > (1 << 63) - 1 - units) or (units < 0 and start <= NO_TIME - units):
        return NO_TIME
    return start + units


@helper
def _link_of(media: int) -> int:
    """The link type of a media type."""
    if media <= 1:
        return ETHERNET
    if 7 <= media <= 9:  # tunnels, wireless WAN, raw
        return RAW
    if media == 6:
        return NETMON_WLAN
    if media < 5:
        return TOKEN_RING if media == 2 else FDDI if media == 3 else ATM
    if media & 0xF000 == _PCAP:
        return WLAN if media == 0xE080 else NETMON_UNKNOWN if 0xE083 <= media <= 0xE088 else media & 0xFFF
    return NET_EVENT if media == NET_EVENT else NETMON_UNKNOWN


@helper
def _contains(edges: Any, value: int) -> bool:
    """Whether a sorted array has a value."""
    first, last = 0, len(edges)
    while first < last:
        middle = first + last >> 1
        if int(edges[middle]) < value:
            first = middle + 1
        else:
            last = middle
    return first < len(edges) and int(edges[first]) == value


@helper
def _fits(data: Any, offset: int, at: int, head: int, trailer: int, longest: int, size: int) -> tuple[int, int, int, int]:
    """Read the lengths of a frame whose header is at `at`; returns why it is none or -1, captured and wire length, and where it ends."""
    if head == 8:
        wire = u16(data, at + 4, 1)
        captured = u16(data, at + 6, 1)
    else:
        wire = u32(data, at + 8, 1)
        captured = u32(data, at + 12, 1)
    stop = offset + head + captured + trailer
    return (TOO_LONG if captured > longest else CUT if stop > size else -1), captured, wire, stop


@helper
def _is_sound(data: Any, offset: int, at: int, head: int, trailer: int, longest: int, size: int, table_at: int, edges: Any) -> bool:
    """Whether the frame whose header is at `at` ends exactly where another one, or the frame table, begins."""
    why, _, _, stop = _fits(data, offset, at, head, trailer, longest, size)
    return why < 0 and (stop == table_at or _contains(edges, stop))


@helper
def _has_no_trailer(data: Any, stop: int, trailer: int) -> bool:
    """Whether what should be a trailer up to `stop` has a time before 1970 or after 2200."""
    return trailer == WITH_FILETIME and not _UNIX_EPOCH >> 32 <= u32(data, stop - 5, 1) < _YEAR_2200


@helper
def _judge(
    data: Any, base: int, end: int, size: int, offset: int, stop: int, limit: int, head: int, trailer: int, longest: int, table_at: int,
    edges: Any, last: int, behind: int,
) -> int:  # fmt: skip
    """Whether a frame and another one claim the same bytes, or the frame is too short for its place.

    Returns:
        INSIDE, RUNS_INTO, NO_TRAILER; NEXT if the header of the next frame has to be in memory, or -1 if all is well.
    """
    if last <= offset < behind:
        return INSIDE
    if stop > limit:
        into_table = offset < table_at < stop
        if not into_table and (stop == table_at or _contains(edges, stop) or limit + head > size):
            return -1
        if not into_table and limit + head > base + end:
            return NEXT
        sound = into_table or _is_sound(data, limit, limit - base, head, trailer, longest, size, table_at, edges)
        return RUNS_INTO if sound else -1
    if stop < limit and stop - base <= end and _has_no_trailer(data, stop - base, trailer):
        return NO_TRAILER
    return -1


@helper
def _write(
    data: Any, at: int, captured: int, wire: int, stop: int, head: int, trailer: int, kind: int, start: int, rows: Rows, row: int
) -> None:
    """Write a frame whose header is at `at` and whose trailer ends at `stop`."""
    if trailer == WITH_FILETIME:
        rows.time[row] = _units_since_1601(u32(data, stop - 9, 1), u32(data, stop - 5, 1))
    elif head == 8:
        microseconds = u32(data, at, 1) * 1000
        rows.time[row] = _after(start, microseconds & 0xFFFFFFFF, microseconds >> 32)
    else:
        rows.time[row] = _after(start, u32(data, at, 1), u32(data, at + 4, 1))
    skipped = min(_ATM_HEADER, captured) if kind == 4 else 0
    rows.start[row] = at + head + skipped
    rows.cap_len[row] = captured - skipped
    rows.wire_len[row] = max(wire - skipped, 0)
    rows.link_type[row] = _link_of(kind)


@kernel()
def frame_entries(  # noqa: C901 - one loop, as in `blocks.frame_blocks`
    data: Any,
    base: int,
    end: int,
    size: int,
    table_at: int,
    table: NDArray[np.uint32],
    limits: NDArray[np.int64],
    edges: NDArray[np.uint32],
    last: int,
    behind: int,
    head: int,
    trailer: int,
    media: int,
    start: int,
    longest: int,
    rows: Rows,
    rejects: NDArray[np.int64],
) -> tuple[int, int, int, int, int, int, int]:
    """Frame what the entries of the frame table point to.

    Where a frame would run into the next one, one of the two entries lies: the second one, unless only its frame ends exactly where another
    one begins.

    Args:
        data: uint8; `end` bytes of it are valid.
        base: Offset in the file of data[0].
        end: Where the bytes end.
        size: Bytes of the file.
        table_at: Where the frame table begins; no frame reaches into it.
        table: Offsets of frames in the file.
        limits: For each the next place that belongs to something else, or OUTSIDE or AGAIN.
        edges: All entries of the file, sorted.
        last: Where the frame before these begins, -1 if there is none.
        behind: Where it ends.
        head: Bytes of a frame header: 8 with 16-bit lengths and milliseconds, 16 with 32-bit lengths and microseconds.
        trailer: Bytes behind a frame: 0, 2, 6 or WITH_FILETIME.
        media: The file's media type, for frames that have none of their own.
        start: When the capture began, ns since the epoch (local time of where that was), or `NO_TIME`.
        longest: Most captured bytes that are believed.
        rows: Filled from the first entry on.
        rejects: Three columns: index of the entry in `table`, why, and the number that is wrong.

    Returns:
        Frames; entries that are done; FULL, MORE, ELSEWHERE or DRAIN; bytes needed from the next entry's frame on (MORE); entries in
        `rejects`; `last` and `behind` for the next call.
    """
    count = 0
    rejected = 0
    for k in range(len(table)):
        if count == len(rows.start) or rejected == len(rejects):
            return count, k, FULL if count == len(rows.start) else DRAIN, 0, rejected, last, behind
        offset = int(table[k])
        limit = int(limits[k])
        at = offset - base
        why = limit
        number = offset
        if limit > AGAIN:
            if at < 0 or at > end:
                return count, k, ELSEWHERE, 0, rejected, last, behind
            if at + head > end:
                return count, k, MORE, head, rejected, last, behind
            why, captured, wire, stop = _fits(data, offset, at, head, trailer, longest, size)
            number = captured
            if why < 0:
                why = _judge(data, base, end, size, offset, stop, limit, head, trailer, longest, table_at, edges, last, behind)
                number = limit if why == RUNS_INTO else last
                if why == NEXT:
                    return count, k, MORE, limit + head - offset, rejected, last, behind
            if why < 0:
                if stop - base > end:
                    return count, k, MORE, stop - offset, rejected, last, behind
                kind = u16(data, stop - trailer - base, 1) if trailer else media
                if kind in (0xFFFC, 0xFFFD, 0xFFFE):  # what the capturing program noted for itself
                    why = METADATA
                else:
                    _write(data, at, captured, wire, stop - base, head, trailer, kind, start, rows, count)
                    rows.offset[count] = base + int(rows.start[count])
                    count += 1
                last = offset
                behind = stop
        if why >= 0:
            rejects[rejected, 0] = k
            rejects[rejected, 1] = why
            rejects[rejected, 2] = number
            rejected += 1
    return count, len(table), FULL, 0, rejected, last, behind


@kernel()
def walk_frames(
    data: Any, at: int, end: int, base: int, stop: int, head: int, trailer: int, longest: int, found: NDArray[np.uint32]
) -> tuple[int, int, int, int]:
    """Find frames that lie one behind the other; one without any bytes on the wire is taken for none.

    Args:
        data: uint8; `end` bytes of it are valid.
        at: Where the first frame begins.
        end: Where the bytes end.
        base: Offset in the file of data[0].
        stop: Offset in the file where frames end.
        head: Bytes of a frame header, as for `frame_entries`.
        trailer: Bytes behind a frame, likewise.
        longest: Most captured bytes that are believed.
        found: Offsets of frames in the file are written here.

    Returns:
        Frames found; where the next one begins; FULL (`found` is full, or the frames end), MORE, or -1 where no frame can be; bytes
        needed from there on (MORE).
    """
    count = 0
    while count < len(found) and base + at < stop:
        if base + at + head + trailer > stop:
            return count, at, -1, 0
        if at + head > end:
            return count, at, MORE, head
        if head == 8:
            wire = u16(data, at + 4, 1)
            captured = u16(data, at + 6, 1)
        else:
            wire = u32(data, at + 8, 1)
            captured = u32(data, at + 12, 1)
        length = head + captured + trailer
        if captured > longest or captured > wire or wire == 0 or base + at + length > stop:
            return count, at, -1, 0
        if at + length > end:
            return count, at, MORE, length
        if _has_no_trailer(data, at + length, trailer):
            return count, at, -1, 0
        found[count] = base + at
        count += 1
        at += length
    return count, at, FULL, 0
