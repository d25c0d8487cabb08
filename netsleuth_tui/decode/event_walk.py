"""Kernels that walk the records of chunks: where each begins, what became of it, where their chain breaks and goes on."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.decode.event_block import take_apart
from netsleuth_tui.decode.event_layout import (
    FLAGS,
    FULL,
    GROW,
    LEAST,
    MAGIC,
    OFFSET,
    OK,
    RECORD_ID,
    RECOVERED,
    SLOW,
    STATUS,
    TIME,
    State,
    TemplateArrays,
)
from netsleuth_tui.decode.octets import Octets, le32
from netsleuth_tui.decode.texts import TextArrays, le64
from netsleuth_tui.jit import helper, kernel

__all__ = ["again", "walk"]

STARS = 0x2A2A2A2A2A2A2A2A
ONES = 0x0101010101010101
TOPS = -0x7F7F7F7F7F7F7F80
"""The topmost bit of each of eight bytes."""


@helper
def is_record(block: Octets, at: int, end: int) -> bool:
    """Return whether a whole record lies at `at`: its magic, a size that fits, and the same size at its end."""
    if at + LEAST > end or le32(block, at) != MAGIC:
        return False
    size = le32(block, at + 4)
    return LEAST <= size <= end - at and le32(block, at + size - 4) == size


@helper
def begins_record(block: Octets, at: int, end: int) -> bool:
    """Return whether a record begins at `at`: its magic, and a size that fits."""
    return at + LEAST <= end and le32(block, at) == MAGIC and LEAST <= le32(block, at + 4) <= end - at


@helper
def has_twice_the_size(block: Octets, at: int, end: int) -> bool:
    """Return whether what is at `at` has a size that fits, and the same at its end: a record whose magic alone is damaged."""
    if at + LEAST > end:
        return False
    size = le32(block, at + 4)
    return LEAST <= size <= end - at and le32(block, at + size - 4) == size


@helper
def is_loose_record(block: Octets, at: int, end: int) -> bool:
    """Return whether a record lies at `at` whose size is only damaged at its end: what follows it is a record, or the end."""
    if at + LEAST > end or le32(block, at) != MAGIC:
        return False
    size = le32(block, at + 4)
    return LEAST <= size <= end - at and (at + size == end or (at + size + 4 <= end and le32(block, at + size) == MAGIC))


@helper
def next_magic(block: Octets, at: int, end: int) -> int:
    """Return where the magic of a record stands next, from `at` on; `end` if it stands nowhere before."""
    while at < end:
        # Eight bytes at once where none is a star: zero bytes are looked for among them, less the stars.
        other = le64(block, at) ^ STARS
        if (other - ONES) & ~other & TOPS == 0:
            at += 8
        elif le32(block, at) == MAGIC:
            return at
        else:
            at += 1
    return end


@helper
def begin_row(block: Octets, at: int, rows: NDArray[np.int64], row: int, no_time: int, offset: int, flags: int) -> None:
    """Write what the header of a record says into its row."""
    for i in range(rows.shape[1]):
        rows[row, i] = 0
    rows[row, TIME] = no_time
    rows[row, RECORD_ID] = ((le32(block, at + 12) ^ 0x80000000) - 0x80000000) << 32 | le32(block, at + 8)
    rows[row, OFFSET] = offset + at
    rows[row, FLAGS] = flags


@kernel()
def walk(
    block: NDArray[np.uint8], held: NDArray[np.uint8], values: TextArrays, templates: TemplateArrays, seen: NDArray[np.int64],
    last: NDArray[np.int32], unknown: NDArray[np.int64], state: State, chunks: NDArray[np.int64], found: NDArray[np.int64],
    rows: NDArray[np.int64], cells: NDArray[np.uint32], stamp: int, offset: int, no_time: int, recovered: int, slowly: int,
    shapes: TextArrays, shape_bytes: NDArray[np.uint8], scratch: NDArray[np.uint8], numbers: NDArray[np.int64], places: NDArray[np.int64],
) -> tuple[int, int]:  # fmt: skip
    """Go on with the records of a block until it ends (OK), rows or cells are full (FULL), or there is no room for values (GROW).

    Rows of records that could not be taken apart say so in `status`, and all of them do if this is to be done
    `slowly`; their offset in the block is that in the file less `offset`.
    """
    chunk = int(state.chunk[0])
    chained = True
    while chunk < chunks.shape[0]:
        base, limit = int(chunks[chunk, 0]), int(chunks[chunk, 3])
        end = int(chunks[chunk, 2])
        position = int(state.position[0])
        if position == 0:
            position = int(chunks[chunk, 1])
        while position + LEAST <= limit:
            at, stop = base + position, base + (end if position < end else limit)
            whole = is_record(block, at, stop) or (position < end and is_loose_record(block, at, stop))
            if not whole:
                if position < end and int(found[chunk, 1]) == 0:
                    found[chunk, 1] = position
                # Where the chain leads, a record begins, however it ends; elsewhere only what is whole is one.
                if chained and position < end and has_twice_the_size(block, at, stop):
                    whole = True
                elif not (chained and position < end and begins_record(block, at, stop)):
                    chained = False
                    position = next_magic(block, base + position + 1, base + limit) - base
                    continue
            chained = whole
            size = le32(block, at + 4)
            if position >= end and not recovered:
                found[chunk, 2] += 1
                position += size
                continue
            row = int(state.rows[0])
            if row >= rows.shape[0]:
                state.chunk[0], state.position[0] = chunk, position
                return FULL, 0
            begin_row(block, at, rows, row, no_time, offset, int(chunks[chunk, 4]) | (RECOVERED if position >= end else 0))
            status = SLOW if slowly else take_apart(
                block, held, values, templates, seen, last, unknown, state, rows, row, cells,
                base, limit, int(chunks[chunk, 5]), stamp + chunk, chunk, at, size,
                shapes, shape_bytes, scratch, numbers, places,
            )  # fmt: skip
            if status == FULL or status == GROW:
                state.chunk[0], state.position[0] = chunk, position
                return status, 0
            rows[row, STATUS] = status
            state.rows[0] = row + 1
            if position < end:
                found[chunk, 0] += 1
                if int(found[chunk, 1]) and int(found[chunk, 1]) != position:
                    found[chunk, 3] += 1
            position += size if whole else LEAST
        chunk += 1
        chained = True
        state.position[0] = 0
    state.chunk[0] = chunk
    return OK, 0


@kernel()
def again(
    block: NDArray[np.uint8], held: NDArray[np.uint8], values: TextArrays, templates: TemplateArrays, seen: NDArray[np.int64],
    last: NDArray[np.int32], unknown: NDArray[np.int64], state: State, chunks: NDArray[np.int64], chunk_of: NDArray[np.int64],
    which: NDArray[np.int64], rows: NDArray[np.int64], cells: NDArray[np.uint32], stamp: int, offset: int, no_time: int, first: int,
    shapes: TextArrays, shape_bytes: NDArray[np.uint8], scratch: NDArray[np.uint8], numbers: NDArray[np.int64], places: NDArray[np.int64],
) -> tuple[int, int]:  # fmt: skip
    """Take records apart again, now that their templates are known: those of the rows `which`, from the `first` on.

    Returns:
        As `walk`, and the next of `which`.
    """
    for i in range(first, which.shape[0]):
        row, chunk = int(which[i]), int(chunk_of[i])
        base = int(chunks[chunk, 0])
        at = int(rows[row, OFFSET]) - offset
        for column in range(rows.shape[1]):
            if column != RECORD_ID and column != OFFSET and column != FLAGS:
                rows[row, column] = 0
        rows[row, TIME] = no_time
        status = take_apart(
            block, held, values, templates, seen, last, unknown, state, rows, row, cells,
            base, int(chunks[chunk, 3]), int(chunks[chunk, 5]), stamp + chunk, chunk, at, le32(block, at + 4),
            shapes, shape_bytes, scratch, numbers, places,
        )  # fmt: skip
        if status == FULL or status == GROW:
            return status, i
        rows[row, STATUS] = status
    return OK, which.shape[0]
