"""What kernels and their callers agree on when records of event logs are taken apart: rows, places of values, tables of templates.

A template is compiled once into a plan (`event_templates`): for each value of an instance, its destination in the row or among the cells.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.decode.texts import MASK
from netsleuth_tui.jit import helper, inlined

__all__ = [
    "CELL", "CHUNKS", "COLUMNS", "DEFERRED", "EMPTY", "FOUND", "FULL", "FULL_OF", "GROW", "NESTED", "NOT_PLAIN", "OK", "PAIR", "PENDING",
    "ROW", "SLOW", "State", "TemplateArrays", "add_unknown", "named_template", "pair_of", "put_constants", "slot_of", "width_of",
]  # fmt: skip

MAGIC = 0x2A2A
LEAST = 28
"""Bytes of the smallest record: its header and its size once more."""
DEFINITION = 24
FIRST_RECORD = 512
MOST_VALUES = 1024
"""Values of an instance that is taken apart here."""
MOST_ITEMS = 255

COLUMNS = (
    "time", "record_id", "offset", "event_id", "version", "level", "task", "opcode", "keywords", "process_id", "thread_id",
    "provider", "channel", "computer", "user", "group", "slot", "flags", "status",
)  # fmt: skip
"""Of a row as it is decoded, int64 each. Texts are codes of the thread's own values, or codes of the store with `GLOBAL` added."""
ROW = {name: index for index, name in enumerate(COLUMNS)}
TIME, RECORD_ID, OFFSET = 0, 1, 2
EVENT_ID, VERSION, LEVEL, TASK, OPCODE, KEYWORDS = 3, 4, 5, 6, 7, 8
FIRST_TEXT, LAST_TEXT = 11, 14
GROUP, SLOT, FLAGS, STATUS = 15, 16, 17, 18
NESTED = 32
"""Destination of a value that is a tree."""
CELL = 64
"""Destination of the first cell."""

OK, DEFERRED, SLOW, FULL, GROW = range(5)
"""What became of a record: taken apart; its template is not known yet; not plain; no room for its cells; no room for its values."""

CHUNKS = ("base", "first", "end", "limit", "flags", "damaged")
"""Columns of the table of chunks: offset in the block, where records begin in it, where the chunk says that they end, where its bytes end,
`EventFlag`s
of all of its records, and whether it is damaged."""

FOUND = ("records", "broken", "recoverable", "resumed")
"""Columns of what was found in a chunk: records; offset in the chunk where their chain broke (0: it did not); records behind the end that
were not asked for; records after the chain broke."""

RECOVERED = 1

PAIR = 1
"""Kind of what has to be registered: a pair of templates."""

PENDING = -2
"""Stands for a template that has to be registered: this less the code of its shape. -1 is one that kernels cannot have."""

LATELY = 64
"""So many of the last notes are looked through before the same is noted again: one record is often like the one before it."""


class State(NamedTuple):
    """What a walk over a block has come to; arrays of one element."""

    chunk: NDArray[np.int64]
    position: NDArray[np.int64]
    """In the chunk; 0 at its beginning."""
    rows: NDArray[np.int64]
    cells: NDArray[np.int64]
    unknown: NDArray[np.int64]
    """Entries in the list of what has to be registered."""


class TemplateArrays(NamedTuple):
    """What kernels see of `event_templates.Templates`."""

    slots: NDArray[np.int64]
    """Open addressing: 0 is free, otherwise number + 1."""
    keys: NDArray[np.int64]
    """By GUID of a definition in a sound chunk: its halves, and the number of the template."""
    plans: NDArray[np.int64]
    """By template: where its plan begins, values in it, where its constants begin, how many, cells, and its kind."""
    plan: NDArray[np.int32]
    """By value: its destination, -1 for none."""
    constants: NDArray[np.int64]
    """Destination, and the value or code."""
    pair_slots: NDArray[np.int64]
    pairs: NDArray[np.int64]
    """By pair of templates: outer, inner + 1, items of its array, group, cells, cells of the outer one."""
    seed: NDArray[np.int64]


START, VALUES, FIRST_CONSTANT, CONSTANTS, CELLS, KIND = range(6)
NOT_PLAIN, EMPTY, FULL_OF = range(3)
"""Kinds of templates: one that is not for kernels, one without any field, and all others."""


@helper
def named_template(templates: TemplateArrays, first: int, second: int) -> int:
    """Return the number of the template that a sound chunk defines under a GUID, -1 if none does.

    Also -1 if another thread added it, and its plan is not in these arrays.
    """
    mask = templates.slots.shape[0] - 1
    slot = slot_of(templates.seed, first, second, 0) & mask
    for _ in range(mask + 1):
        entry = int(templates.slots[slot]) - 1
        if entry < 0:
            break
        if int(templates.keys[entry, 0]) == first and int(templates.keys[entry, 1]) == second:
            number = int(templates.keys[entry, 2])
            plan_end = int(templates.plans[number, START]) + int(templates.plans[number, VALUES])
            constants_end = int(templates.plans[number, FIRST_CONSTANT]) + int(templates.plans[number, CONSTANTS])
            return number if plan_end <= templates.plan.shape[0] and constants_end <= templates.constants.shape[0] else -1
        slot = (slot + 1) & mask
    return -1


@inlined
def slot_of(seed: NDArray[np.int64], first: int, second: int, third: int) -> int:
    """Return the hash of a key of three numbers."""
    h = (first * int(seed[0]) & MASK) ^ (second * int(seed[1]) & MASK) ^ (third * int(seed[2]) & MASK)
    h ^= h >> 29
    return (h * int(seed[0]) & MASK) >> 31


@helper
def add_unknown(unknown: NDArray[np.int64], state: State, kind: int, first: int, second: int, third: int) -> None:
    """Note what has to be registered: a `PAIR` of templates (outer, inner + 1, items), a shape or an identity (`event_shapes`)."""
    count = int(state.unknown[0])
    for i in range(max(count - LATELY, 0), min(count, unknown.shape[0])):
        if unknown[i, 1] == first and unknown[i, 2] == second and unknown[i, 0] == kind and unknown[i, 3] == third:
            return
    if count < unknown.shape[0]:
        unknown[count, 0], unknown[count, 1], unknown[count, 2], unknown[count, 3] = kind, first, second, third
        state.unknown[0] = count + 1


@inlined
def pair_of(templates: TemplateArrays, outer: int, inner: int, items: int) -> int:
    """Return the number of a pair of templates, -1 if it has to be registered."""
    mask = templates.pair_slots.shape[0] - 1
    slot = slot_of(templates.seed, outer, inner + 1, items) & mask
    for _ in range(mask + 1):
        entry = int(templates.pair_slots[slot]) - 1
        if entry < 0:
            break
        if (
            int(templates.pairs[entry, 0]) == outer
            and int(templates.pairs[entry, 1]) == inner + 1
            and int(templates.pairs[entry, 2]) == items
        ):
            return entry
        slot = (slot + 1) & mask
    return -1


@inlined
def put_constants(
    templates: TemplateArrays, rows: NDArray[np.int64], row: int, cells: NDArray[np.uint32], first_cell: int, template: int,
    many: int, items: int,
) -> None:  # fmt: skip
    """Write what is the same in all instances of a template; `many` is the cell that is an array of so many items, -1 if there is none."""
    for i in range(int(templates.plans[template, CONSTANTS])):
        entry = int(templates.plans[template, FIRST_CONSTANT]) + i
        to, value = int(templates.constants[entry, 0]), int(templates.constants[entry, 1])
        if to < CELL:
            rows[row, to] = value
        else:
            to += first_cell - CELL
            cells[to + (items - 1 if 0 <= many < to else 0)] = value


@helper
def width_of(column: int) -> int:
    """Return the bits of a column of numbers; a number that does not fit is none."""
    if column == VERSION or column == LEVEL or column == OPCODE:
        return 8
    return 16 if column == EVENT_ID or column == TASK else 32
