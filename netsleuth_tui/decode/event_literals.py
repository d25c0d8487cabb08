"""Literal binary XML, as collectors write events and some providers data: no template, but the same elements again.

What repeats is cut out as a shape: the tokens with their names, and the texts that are names themselves (attributes called Name). A shape
is compiled like a template, with a place for each text that is left; a record is then a shape, and texts where they lie.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.decode.event_layout import (
    CELL,
    FIRST_TEXT,
    KEYWORDS,
    START,
    TIME,
    VALUES,
    State,
    TemplateArrays,
    put_constants,
    width_of,
)
from netsleuth_tui.decode.event_shapes import (
    ATTRIBUTE,
    CLOSE,
    CLOSE_START,
    CONSTANT,
    OPEN,
    VALUE,
    name_of,
    number_of,
    put_token,
)
from netsleuth_tui.decode.evtx_values import STRING
from netsleuth_tui.decode.octets import Octets, le16, le32, octet
from netsleuth_tui.decode.texts import TextArrays, enter
from netsleuth_tui.jit import helper

__all__ = ["literal_of", "put_texts"]


@helper
def is_called_name(block: Octets, at: int, size: int) -> bool:
    """Return whether the `size` bytes at `at` are the text Name."""
    return size == 8 and le32(block, at) == 0x61004E and le32(block, at + 4) == 0x65006D


@helper
def shape_at(
    block: Octets, base: int, limit: int, at: int, end: int, scratch: NDArray[np.uint8], places: NDArray[np.int64]
) -> tuple[int, int]:
    """Write the shape of the element at `at` to `scratch`, and the position and length of its texts to `places`.

    Returns:
        Bytes of the shape, -1 if this is not for these kernels, and the number of texts.
    """
    to, texts, depth = 0, 0, 0
    in_tag = in_attribute = constant = False
    while at < end and (depth or not to):
        token = octet(block, at)
        kind = token & 0xBF
        if kind == OPEN or kind == ATTRIBUTE:
            here = at + (5 if kind == OPEN else 1)
            if here + 4 > end or (in_tag if kind == OPEN else not in_tag):
                return -1, 0
            name, size, at = name_of(block, base, limit, here)
            if size < 0:
                return -1, 0
            if kind == OPEN:
                at += 4 if token & 0x40 else 0
                depth += 1
                in_attribute = False
            else:
                in_attribute = True
                constant = is_called_name(block, name, size)
            in_tag = True
            to = put_token(scratch, to, kind, block, name, size)
        elif kind == VALUE:
            if at + 4 > end or octet(block, at + 1) != STRING or (in_tag and not in_attribute):
                return -1, 0
            size = 2 * le16(block, at + 2)
            at += 4
            if at + size > end:
                return -1, 0
            if in_tag and constant:
                to = put_token(scratch, to, CONSTANT, block, at, size)
            else:
                if texts >= places.shape[0]:
                    return -1, 0
                places[texts, 0], places[texts, 1] = at, size
                texts += 1
                to = put_token(scratch, to, VALUE, block, at, 0)
            at += size
        elif CLOSE_START <= kind <= CLOSE and token == kind:
            if in_tag == (kind == CLOSE):
                return -1, 0
            in_tag = in_attribute = False
            depth -= 0 if kind == CLOSE_START else 1
            at += 1
            to = put_token(scratch, to, kind, block, at, 0)
        else:
            return -1, 0
        if to < 0 or at > end:
            return -1, 0
    # Behind the element nothing else may stand.
    if depth or (at < end and octet(block, at) != 0):
        return -1, 0
    return to, texts


@helper
def number_at(block: Octets, at: int, length: int) -> tuple[int, bool]:
    """Return the number that a text is, in decimal or as 0x…, and whether it is one; an empty text is 0."""
    digits = length >> 1
    if digits > 2 and le32(block, at) == 0x780030:
        if digits > 18:
            return 0, False
        low = high = 0
        for i in range(at + 4, at + length, 2):
            character = le16(block, i)
            if 48 <= character <= 57:
                digit = character - 48
            elif 97 <= character | 32 <= 102:
                digit = (character | 32) - 87
            else:
                return 0, False
            high = (high << 4 | low >> 28) & 0xFFFFFFFF
            low = (low << 4 | digit) & 0xFFFFFFFF
        return ((high ^ 0x80000000) - 0x80000000) << 32 | low, True
    if digits > 18 or (digits > 1 and le16(block, at) == 48):
        return 0, False
    number = 0
    for i in range(at, at + length, 2):
        character = le16(block, i)
        if not 48 <= character <= 57:
            return 0, False
        number = 10 * number + character - 48
    return number, True


@helper
def digits_at(block: Octets, at: int, count: int) -> int:
    """Return the number that `count` decimal digits make, less than 0 if they are none."""
    number = 0
    for i in range(at, at + 2 * count, 2):
        character = le16(block, i)
        if not 48 <= character <= 57:
            return -1
        number = 10 * number + character - 48
    return number


@helper
def time_at(block: Octets, at: int, length: int) -> tuple[int, bool]:
    """Return the time of a text such as 2024-01-17T21:20:00.0025543Z in ns since 1970, and whether it is one of 1700 to 2199."""
    fraction = (length >> 1) - 21
    if not (fraction == -1 or 1 <= fraction <= 9) or le16(block, at + length - 2) != 90:
        return 0, False
    if le16(block, at + 8) != 45 or le16(block, at + 14) != 45 or le16(block, at + 20) != 84:
        return 0, False
    if le16(block, at + 26) != 58 or le16(block, at + 32) != 58 or (fraction > 0 and le16(block, at + 38) != 46):
        return 0, False
    year, month, day = digits_at(block, at, 4), digits_at(block, at + 10, 2), digits_at(block, at + 16, 2)
    hour, minute, second = digits_at(block, at + 22, 2), digits_at(block, at + 28, 2), digits_at(block, at + 34, 2)
    parts = digits_at(block, at + 40, fraction) if fraction > 0 else 0
    # The 29th of February is for the slower reader, which knows which years have it.
    if not (1700 <= year < 2200 and 1 <= month <= 12 and 1 <= day <= (28 if month == 2 else 30 + ((month + (month >> 3)) & 1))):
        return 0, False
    if not (0 <= hour < 24 and 0 <= minute < 60 and 0 <= second < 60) or parts < 0:
        return 0, False
    for _ in range(9 - max(fraction, 0)):
        parts *= 10
    from_march = month - 3 if month > 2 else month + 9
    year -= 0 if month > 2 else 1
    days = 365 * year + year // 4 - year // 100 + year // 400 + (153 * from_march + 2) // 5 + day - 1 - 719_468
    return (((days * 24 + hour) * 60 + minute) * 60 + second) * 1_000_000_000 + parts, True


@helper
def put_texts(
    block: Octets, held: NDArray[np.uint8], values: TextArrays, templates: TemplateArrays, rows: NDArray[np.int64], row: int,
    cells: NDArray[np.uint32], first_cell: int, template: int, places: NDArray[np.int64], count: int,
) -> bool:  # fmt: skip
    """Write the texts of a record where the plan of its shape says; False if one of them is not for these kernels."""
    put_constants(templates, rows, row, cells, first_cell, template, -1, 0)
    start = int(templates.plans[template, START])
    for i in range(min(count, int(templates.plans[template, VALUES]))):
        to, at, length = int(templates.plan[start + i]), int(places[i, 0]), int(places[i, 1])
        if to < 0:
            continue
        if to >= FIRST_TEXT:
            if length and le16(block, at + length - 2) == 0:
                return False  # a NUL at the end of a literal text is kept
            code = enter(values, held, block, at, length, STRING, True)
            if to >= CELL:
                cells[first_cell + to - CELL] = code
            else:
                rows[row, to] = code
            continue
        number, known = time_at(block, at, length) if to == TIME else number_at(block, at, length)
        if not known:
            return False
        rows[row, to] = number if to == TIME or to == KEYWORDS or number >> width_of(to) == 0 else 0
    return True


@helper
def literal_of(
    block: Octets, unknown: NDArray[np.int64], state: State, base: int, limit: int, chunk: int, at: int, end: int,
    shapes: TextArrays, shape_bytes: NDArray[np.uint8], scratch: NDArray[np.uint8], numbers: NDArray[np.int64], places: NDArray[np.int64],
) -> tuple[int, int]:  # fmt: skip
    """Return the number of the template that the literal element at `at` makes, and how many texts it has (`places`).

    The number is `PENDING` if it has to be registered, -1 if the element is not for these kernels.
    """
    size, count = shape_at(block, base, limit, at, end, scratch, places)
    if size < 0:
        return -1, 0
    return number_of(unknown, state, chunk, size, shapes, shape_bytes, scratch, numbers), count
