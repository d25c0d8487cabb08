"""What repeats in binary XML, as bytes: the tokens of a template or of a literal element, with the names that they refer to.

Names lie anywhere in a chunk, and a definition has them inside or elsewhere, so that the same template lies there in many ways. Its
shape is always the same, and differs where anything differs that its fields could have from it, whatever the definition calls itself.
So shapes are what templates are known by: each thread keeps those that it met, and each is compiled once (`event_templates`).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.decode.event_layout import DEFINITION, FIRST_RECORD, PENDING, State, TemplateArrays, add_unknown, named_template
from netsleuth_tui.decode.evtx_values import STRING
from netsleuth_tui.decode.octets import POSITION, Octets, le16, le32, octet
from netsleuth_tui.decode.texts import MASK, TextArrays, TextTable, enter, le64
from netsleuth_tui.jit import helper, inlined

__all__ = ["IDENTITY", "LONGEST_SHAPE", "SHAPE", "Shapes", "name_of", "number_of", "put_token", "template_of"]

END, OPEN, CLOSE_START, CLOSE_EMPTY, CLOSE, VALUE, ATTRIBUTE, CDATA, CHARACTER, ENTITY, TARGET, INSTRUCTION = range(12)
PLACE, OPTIONAL, HEADER = 13, 14, 15
CONSTANT = 7
"""Stands in a shape for a text that belongs to it; `VALUE` for one that each record has for itself."""

SHAPE = 0
"""Kind of what has to be registered (`add_unknown`): a shape (chunk, its code)."""

IDENTITY = 2
"""Likewise: the GUID of a definition in a sound chunk (chunk, offset of the definition, number of the template or `PENDING`)."""

MOST_SHAPES = 1 << 14
SHAPE_BYTES = 1 << 24
LONGEST_SHAPE = 1 << 15
"""What is beyond is read one record at a time: names are references, so that a small record can have an enormous shape."""

MOST_PLACES = 1 << 10
HALF = 1 << 19
"""What is added to numbers, so that 20 bits hold those below 0, too."""
DEEPEST = 64


class Shapes:
    """Shapes that a thread has met."""

    def __init__(self) -> None:
        self.table = TextTable()
        self.table.reserve(MOST_SHAPES, SHAPE_BYTES)
        self.numbers = np.zeros(MOST_SHAPES + 2, np.int64)
        """By code of a shape: 1 + number of its template; 0 if nobody has asked for it yet, -1 if somebody has."""
        self._scratch = np.zeros(LONGEST_SHAPE + 64, np.uint8)
        self._places = np.zeros((MOST_PLACES, 2), np.int64)

    @property
    def arguments(self) -> tuple[TextArrays, NDArray[np.uint8], NDArray[np.uint8], NDArray[np.int64], NDArray[np.int64]]:
        """What kernels take."""
        return self.table.arrays, self.table.arrays.data, self._scratch, self.numbers, self._places


@helper
def put_token(scratch: NDArray[np.uint8], to: int, token: int, block: Octets, at: int, size: int) -> int:
    """Write a token with `size` bytes of text to a shape, and return where the next one goes, -1 if the shape is too long."""
    if to + size + 3 > LONGEST_SHAPE or size > 0xFFFF:
        return -1
    scratch[to & POSITION] = token
    scratch[(to + 1) & POSITION] = size & 0xFF
    scratch[(to + 2) & POSITION] = size >> 8 & 0xFF
    for i in range(size):
        scratch[(to + 3 + i) & POSITION] = octet(block, at + i)
    return to + 3 + size


@helper
def name_of(block: Octets, base: int, limit: int, at: int) -> tuple[int, int, int]:
    """Look up the name that the reference at `at` means.

    Returns:
        Where its characters begin, their bytes (-1: there is no such name), and where what follows the reference begins.
    """
    name = le32(block, at)
    if name + 8 > limit:
        return 0, -1, 0
    size = 2 * le16(block, base + name + 6)
    if name + 8 + size > limit:
        return 0, -1, 0
    at += 4
    return base + name + 8, size, at + 10 + size if base + name == at else at


@helper
def template_shape(block: Octets, base: int, limit: int, at: int, end: int, scratch: NDArray[np.uint8]) -> int:
    """Write the shape of the template whose elements begin at `at` to `scratch`.

    Returns:
        Bytes of the shape, -1 if this is not for these kernels.
    """
    to = depth = 0
    in_tag = in_attribute = False
    while at < end:
        kind = octet(block, at) & 0xBF
        if kind == END:
            break
        if kind == OPEN or kind == ATTRIBUTE:
            here = at + (7 if kind == OPEN else 1)
            if here + 4 > end or (in_tag if kind == OPEN else not in_tag):
                return -1
            more = octet(block, at) & 0x40
            name, size, at = name_of(block, base, limit, here)
            if size < 0:
                return -1
            if kind == OPEN:
                at += 4 if more else 0
                depth += 1
            in_tag, in_attribute = True, kind == ATTRIBUTE
            to = put_token(scratch, to, kind, block, name, size)
        elif kind == HEADER:
            at += 4
        elif depth == 0:
            return -1
        elif kind == CLOSE_START or kind == CLOSE_EMPTY or kind == CLOSE:
            if in_tag == (kind == CLOSE):
                return -1
            in_tag = in_attribute = False
            depth -= 0 if kind == CLOSE_START else 1
            to = put_token(scratch, to, kind, block, at, 0)
            at += 1
        elif (in_tag and not in_attribute) or at + 4 > end:
            return -1
        elif kind == PLACE or kind == OPTIONAL:
            to = put_token(scratch, to, PLACE, block, at + 1, 3)
            at += 4
        elif kind == CHARACTER:
            to = put_token(scratch, to, CONSTANT, block, at + 1, 2)
            at += 3
        elif kind == ENTITY or kind == TARGET:
            if at + 5 > end:
                return -1
            name, size, at = name_of(block, base, limit, at + 1)
            if size < 0:
                return -1
            if kind == ENTITY:
                to = put_token(scratch, to, ENTITY, block, name, size)
        elif kind == VALUE or kind == CDATA or kind == INSTRUCTION:
            if kind == VALUE and octet(block, at + 1) != STRING:
                return -1
            at += 1 if kind == VALUE else 0
            size = 2 * le16(block, at + 1)
            at += 3 + size
            if at > end:
                return -1
            if kind != INSTRUCTION:
                to = put_token(scratch, to, CONSTANT, block, at - size, size)
        else:
            return -1
        if to < 0 or at > end or depth > DEEPEST:
            return -1
    return -1 if depth else to


@helper
def number_of(
    unknown: NDArray[np.int64], state: State, chunk: int, size: int,
    shapes: TextArrays, shape_bytes: NDArray[np.uint8], scratch: NDArray[np.uint8], numbers: NDArray[np.int64],
) -> int:  # fmt: skip
    """Return the number of the template with the shape in `scratch`, `PENDING` if it has to be registered, -1 if there is no room."""
    given = int(shapes.given[0])
    has_room = given + 1 < numbers.shape[0] and int(shapes.starts[given]) + size + 8 <= shape_bytes.shape[0]
    code = enter(shapes, shape_bytes, scratch, 0, size, 0, has_room)
    if code < 0:
        return -1
    number = int(numbers[code]) - 1
    if number >= 0:
        return number
    if number == -1 and int(state.unknown[0]) < unknown.shape[0]:
        numbers[code] = -1
        add_unknown(unknown, state, SHAPE, chunk, code, 0)
    return PENDING - code


@helper
def defined_template(
    block: Octets, templates: TemplateArrays, unknown: NDArray[np.int64], state: State,
    base: int, limit: int, damaged: int, chunk: int, definition: int,
    shapes: TextArrays, shape_bytes: NDArray[np.uint8], scratch: NDArray[np.uint8], numbers: NDArray[np.int64],
) -> int:  # fmt: skip
    """Return the number of the template that is defined at an offset of a chunk, as `template_of`."""
    first, second = le64(block, base + definition + 4) & MASK, le64(block, base + definition + 12) & MASK
    named = named_template(templates, first, second)
    number = named if damaged else -1
    if number < 0:
        begin = base + definition + DEFINITION
        size = template_shape(block, base, limit, begin, min(begin + le32(block, begin - 4), base + limit), scratch)
        number = -1 if size < 0 else number_of(unknown, state, chunk, size, shapes, shape_bytes, scratch, numbers)
        if number != -1 and named < 0 and not damaged:
            add_unknown(unknown, state, IDENTITY, chunk, definition, number)
    return number


@inlined
def template_of(
    block: Octets, templates: TemplateArrays, seen: NDArray[np.int64], unknown: NDArray[np.int64], state: State,
    base: int, limit: int, damaged: int, stamp: int, chunk: int, at: int,
    shapes: TextArrays, shape_bytes: NDArray[np.uint8], scratch: NDArray[np.uint8], numbers: NDArray[np.int64],
) -> int:  # fmt: skip
    """Return the number of the template that the instance at `at` uses; `PENDING`, or -1 if it is not for these kernels.

    In a damaged chunk a definition of a sound one is believed rather than its own, if both have the same GUID.
    """
    definition = le32(block, at + 6)
    if definition < FIRST_RECORD or definition + DEFINITION > limit or le32(block, at + 2) != le32(block, base + definition + 4):
        return -1
    known = int(seen[definition])
    if known >> 20 == stamp:
        return (known & 0xFFFFF) - HALF
    number = defined_template(
        block, templates, unknown, state, base, limit, damaged, chunk, definition, shapes, shape_bytes, scratch, numbers
    )
    seen[definition] = stamp << 20 | (number + HALF)
    return number
