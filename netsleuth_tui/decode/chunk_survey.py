"""Chunks before and after their records are read: are they sound, and was all found that they say they hold?

A chunk's header has the numbers and ids of its first and last record, where the records end, a checksum of the records and one of itself.
Each of these may be damaged, or out of date in a log that was copied while it was written.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.decode.event_layout import CHUNKS, FOUND
from netsleuth_tui.decode.events import EventFlag
from netsleuth_tui.wording import several

__all__ = ["CHUNK", "Chunks", "reports_of", "survey"]

CHUNK = 1 << 16
MAGIC = b"ElfChnk\0"
HEADER = struct.Struct("<8xQQQQIIII")
"""Numbers of the first and last record, their ids, size of the header, offsets of the last record and of what is free, checksum of
the records."""
RECORDS = 512
OWN_CHECKSUM = 124
BEFORE, TABLES = 120, 128
"""The header's own checksum covers its first 120 bytes, and the tables of strings and templates."""

MOST_RECORDS = CHUNK // 28

SOUND, NO_CHUNK, CUT_HEADER, BAD_HEADER, BAD_RECORDS, CUT = range(6)
REASONS = {
    NO_CHUNK: "no chunk of a log",
    CUT_HEADER: "the file ends inside the header of a chunk",
    BAD_HEADER: "the checksum of the chunk's header is wrong",
    BAD_RECORDS: "the checksum of the chunk's records is wrong",
    CUT: "the file ends inside a chunk",
}


@dataclass(slots=True)
class Chunks:
    """The pieces of a block."""

    table: NDArray[np.int64]
    """By piece, `event_block.CHUNKS`."""
    found: NDArray[np.int64]
    """By piece, `event_block.FOUND`; written while the records are read."""
    verdict: NDArray[np.uint8]
    """By piece, a key of `REASONS`, or 0."""
    expected: NDArray[np.int64]
    """By piece: records that its header says it holds; -1 where that is not to be believed."""
    limit: NDArray[np.int64]


def survey(data: NDArray[np.uint8], count: int, length: int, *, checks: bool) -> Chunks:
    """Look at the headers and checksums of `count` pieces, of which `length` bytes are in the file."""
    table = np.zeros((count, len(CHUNKS)), np.int64)
    verdict = np.zeros(count, np.uint8)
    expected = np.full(count, -1, np.int64)
    view = data.data
    for piece in range(count):
        base = piece * CHUNK
        limit = min(length - base, CHUNK)
        first, end, judged = RECORDS, 0, SOUND
        if view[base : base + 8] != MAGIC:
            judged = NO_CHUNK if data[base : base + limit].any() else SOUND
            first = 0 if judged else limit
        elif limit < RECORDS:
            judged, first = CUT_HEADER, limit
        else:
            judged, end, expected[piece] = _judge(view[base : base + limit], checks=checks)
        flags = EventFlag.BAD_CHECKSUM if judged else 0
        table[piece] = (base, first, end, limit, flags, judged > SOUND)
        verdict[piece] = judged
    return Chunks(table, np.zeros((count, len(FOUND)), np.int64), verdict, expected, table[:, 3])


def _judge(chunk: memoryview, *, checks: bool) -> tuple[int, int, int]:
    """Whether a chunk is sound, where its records end, and how many there should be (-1: not known)."""
    first, last, _, _, _, _, free, checksum = HEADER.unpack_from(chunk)
    (own,) = struct.unpack_from("<I", chunk, OWN_CHECKSUM)
    bounded = RECORDS <= free <= CHUNK
    if (checks and zlib.crc32(chunk[TABLES:RECORDS], zlib.crc32(chunk[:BEFORE])) != own) or not bounded:
        return BAD_HEADER, len(chunk), -1
    expected = last - first + 1 if 0 < last - first + 1 <= MOST_RECORDS else -1
    if len(chunk) < CHUNK:
        return CUT, min(free, len(chunk)), expected
    if checks and zlib.crc32(chunk[RECORDS:free]) != checksum:
        return BAD_RECORDS, free, expected
    return SOUND, free, expected


def reports_of(chunks: Chunks, lost: NDArray[np.int64], offset: int, damage: list[tuple[int, str]]) -> None:
    """Say what is wrong with the chunks of a block, once their records were read.

    Args:
        chunks: What was found.
        lost: By piece: records that could not be decoded; those that are missing altogether are added.
        offset: Of the block in the file.
        damage: Where what is wrong is added, with its offset in the file.
    """
    found = chunks.found
    missing = np.where(chunks.expected >= 0, np.maximum(chunks.expected - found[:, 0], 0), 0)
    missing[chunks.verdict == CUT] = 0  # the file ends there: what is missing is not in it
    broken = (found[:, 1] > 0) & ((found[:, 3] > 0) | ((chunks.verdict != BAD_HEADER) & (chunks.verdict != CUT)))
    for piece in np.flatnonzero((chunks.verdict > 0) | (missing > 0) | (lost > 0) | broken).tolist():
        base = offset + piece * CHUNK
        number = (base - 4096) // CHUNK
        judged = int(chunks.verdict[piece])
        where = base + (int(chunks.limit[piece]) if judged in {CUT, CUT_HEADER} else 0)
        if judged:
            held = int(found[piece, 2])
            more = f"; {several(held, 'record')} in it can be recovered" if judged == NO_CHUNK and held else ""
            damage.append((where, f"{REASONS[judged]} (chunk {number}){more}"))
        if broken[piece]:
            resumed = int(found[piece, 3])
            after = f"reading went on behind it, with {several(resumed, 'record')}" if resumed else "no record follows"
            damage.append((base + int(found[piece, 1]), f"no record where one should begin (chunk {number}); {after}"))
        total = int(lost[piece] + missing[piece])
        if total:
            damage.append((base, f"{several(total, 'record')} not decoded in chunk {number}"))
    lost += missing
