"""Records taken apart by compiled templates, in compiled code.

A record is a header (magic, size, id, time), binary XML, and its size again. The XML is almost always one template instance: a reference to
a definition in the same chunk, then values. One of these is often a tree itself, another instance: the event data. So a record is a walk
over its values: where does each go? Nothing is allocated here, every offset is checked, and whatever is not plain goes to slower hands.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.decode.event_layout import (
    CELL,
    CELLS,
    DEFERRED,
    DEFINITION,
    EMPTY,
    FIRST_TEXT,
    FULL,
    GROUP,
    GROW,
    KEYWORDS,
    KIND,
    MOST_ITEMS,
    MOST_VALUES,
    NESTED,
    NOT_PLAIN,
    OK,
    PAIR,
    SLOT,
    SLOW,
    START,
    TIME,
    VALUES,
    State,
    TemplateArrays,
    add_unknown,
    pair_of,
    put_constants,
    width_of,
)
from netsleuth_tui.decode.event_literals import literal_of, put_texts
from netsleuth_tui.decode.event_shapes import OPEN, template_of
from netsleuth_tui.decode.evtx_values import ARRAY, BINXML, EPOCH, FILETIME, NULL, STRING, item_size
from netsleuth_tui.decode.octets import Octets, le16, le32, octet
from netsleuth_tui.decode.texts import TextArrays, enter, same
from netsleuth_tui.jit import helper, inlined

__all__ = ["take_apart"]


@helper
def items_in(block: Octets, at: int, length: int, kind: int) -> int:
    """Return the number of items in an array, -1 if that is not for these kernels to say."""
    if length == 0:
        return 1
    if kind == ARRAY | STRING:
        if length & 1:
            return -1
        items, open_item = 0, False
        for i in range(at, at + length, 2):
            if le16(block, i) == 0:
                items += 1
                open_item = False
            else:
                open_item = True
        return items + 1 if open_item else items
    size = item_size(kind)
    return length // size if size and length % size == 0 else -1


@inlined
def values_at(block: Octets, base: int, at: int, end: int) -> int:
    """Return where the values of the template instance at `at` begin (their count first), -1 if that is not before `end`."""
    definition = base + le32(block, at + 6)
    at += 10
    if definition == at:
        at += DEFINITION + le32(block, definition + 20)
    if at + 4 > end:
        return -1
    count = le32(block, at)
    return at if count <= MOST_VALUES and at + 4 + 4 * count <= end else -1


@inlined
def number_in(block: Octets, at: int, length: int, kind: int) -> tuple[int, bool]:
    """Return the number in a value, and whether it is one: an integer of any width, or a text that is one in decimal."""
    if kind == STRING:
        number, digits = 0, 0
        for i in range(at, at + (length & ~1), 2):
            character = le16(block, i)
            if character == 0:
                break
            if not 48 <= character <= 57 or digits > 9:
                return 0, False
            number = 10 * number + character - 48
            digits += 1
        return number, digits > 0
    if not (3 <= kind <= 10 or kind == 13 or kind == 16 or kind == 20 or kind == 21):
        return 0, False
    if length == 8:
        return ((le32(block, at + 4) ^ 0x80000000) - 0x80000000) << 32 | le32(block, at), True
    if length == 4:
        return le32(block, at), True
    if length == 2:
        return le16(block, at), True
    return octet(block, at), length == 1


@helper
def put_items(
    block: Octets,
    held: NDArray[np.uint8],
    values: TextArrays,
    cells: NDArray[np.uint32],
    to: int,
    at: int,
    length: int,
    kind: int,
    items: int,
) -> None:
    """Write the codes of the items of an array to neighbouring cells."""
    kind &= 0x7F
    size = item_size(kind)
    for i in range(items):
        if size:
            cells[to + i] = enter(values, held, block, at + i * size, min(size, length), kind, True)
            continue
        start = at
        while at + 1 < start + length and le16(block, at) != 0:
            at += 2
        cells[to + i] = enter(values, held, block, start, at - start, kind, True)
        length -= at + 2 - start
        at += 2


@inlined
def put_values(
    block: Octets, held: NDArray[np.uint8], values: TextArrays, templates: TemplateArrays, last: NDArray[np.int32],
    rows: NDArray[np.int64], row: int, cells: NDArray[np.uint32], first_cell: int, template: int, at: int, many: int, items: int,
) -> bool:  # fmt: skip
    """Write the values of an instance where its plan says; `many` is the cell that is an array of so many items, -1 if there is none.

    Returns:
        False if one of them is not for these kernels.
    """
    count = le32(block, at)
    start, planned = int(templates.plans[template, START]), int(templates.plans[template, VALUES])
    put_constants(templates, rows, row, cells, first_cell, template, many, items)
    value_at = at + 4 + 4 * count
    for i in range(min(count, planned)):
        descriptor = le32(block, at + 4 + 4 * i)
        length, kind = descriptor & 0xFFFF, descriptor >> 16 & 0xFF
        to = int(templates.plan[start + i])
        here = value_at
        value_at += length
        if to < 0 or to == NESTED or kind == NULL:
            continue
        if to >= CELL or to >= FIRST_TEXT:
            if to >= CELL:
                to += first_cell - CELL
                if 0 <= many < to:
                    to += items - 1
                elif to == many:
                    if length:
                        put_items(block, held, values, cells, to, here, length, kind, items)
                    else:
                        cells[to] = 1
                    continue
            code = int(last[start + i])
            begin = int(values.starts[code])
            if (
                length == 0
                or int(values.starts[code + 1]) - begin != length
                or int(values.kinds[code]) != kind
                or not same(held, begin, block, here, length)
            ):
                code = enter(values, held, block, here, length, kind, True)
                last[start + i] = code
            if int(templates.plan[start + i]) >= CELL:
                cells[to] = code
            else:
                rows[row, to] = code
        elif to == TIME:
            if kind != FILETIME or length != 8:
                return False
            high = le32(block, here + 4)
            since = (high << 32 | le32(block, here)) - EPOCH
            if high < 0x7FFFFFFF and -92_000_000_000_000_000 < since < 92_000_000_000_000_000:
                rows[row, TIME] = since * 100
        else:
            number, known = number_in(block, here, length, kind)
            if not known:
                return False
            rows[row, to] = number if to == KEYWORDS or number >> width_of(to) == 0 else 0
    return True


@inlined
def shape_of(block: Octets, templates: TemplateArrays, template: int, at: int, end: int) -> tuple[int, int, int, int, int]:
    """Look over the values of an instance.

    Returns:
        Whether they are plain (1), where the value that is a tree begins (-1: there is none) and its length, the cell that is an array
        (-1: none), and its items.
    """
    count = le32(block, at)
    start = planned = 0
    if template >= 0:
        start, planned = int(templates.plans[template, START]), int(templates.plans[template, VALUES])
    value_at = at + 4 + 4 * count
    tree, tree_length, many, items = -1, 0, -1, 0
    for i in range(count):
        descriptor = le32(block, at + 4 + 4 * i)
        length, kind = descriptor & 0xFFFF, descriptor >> 16 & 0xFF
        if kind == BINXML and length:
            if tree >= 0 or (template >= 0 and not (i < planned and int(templates.plan[start + i]) == NESTED)):
                return 0, -1, 0, -1, 0
            tree, tree_length = value_at, length
        elif kind & ARRAY and i < planned and int(templates.plan[start + i]) >= CELL:
            if value_at + length > end or many >= 0:
                return 0, -1, 0, -1, 0
            many, items = int(templates.plan[start + i]) - CELL, items_in(block, value_at, length, kind)
            if not 0 < items <= MOST_ITEMS:
                return 0, -1, 0, -1, 0
        elif kind & ARRAY and i < planned and int(templates.plan[start + i]) >= 0:
            return 0, -1, 0, -1, 0
        value_at += length
    if value_at < end:
        behind = octet(block, value_at) & 0xBF
        if behind == OPEN or behind == 0x0C or behind == 0x0F:
            return 0, -1, 0, -1, 0  # another tree, such as RenderingInfo
    return (1 if value_at <= end else 0), tree, tree_length, many, items


@inlined
def fragment_of(
    block: Octets, templates: TemplateArrays, seen: NDArray[np.int64], unknown: NDArray[np.int64], state: State,
    base: int, limit: int, damaged: int, stamp: int, chunk: int, at: int, end: int,
    shapes: TextArrays, shape_bytes: NDArray[np.uint8], scratch: NDArray[np.uint8], numbers: NDArray[np.int64], places: NDArray[np.int64],
) -> tuple[int, int, int]:  # fmt: skip
    """Look at the binary XML at `at`.

    Returns:
        The number of its template (`PENDING` if it has to be registered, -1 if this is not for these kernels), where the values of the
        instance begin, and the number of texts (`places`) if it is a literal element, -1 if it is an instance.
    """
    if at < end and octet(block, at) == 0x0F:
        at += 4
    if at < end and octet(block, at) & 0xBF == OPEN:
        number, texts = literal_of(block, unknown, state, base, limit, chunk, at, end, shapes, shape_bytes, scratch, numbers, places)
        return number, 0, texts
    if at + 14 > end or octet(block, at) != 0x0C:
        return -1, 0, -1
    number = template_of(
        block, templates, seen, unknown, state, base, limit, damaged, stamp, chunk, at, shapes, shape_bytes, scratch, numbers
    )
    first = values_at(block, base, at, end) if number != -1 else -1
    return (number if first >= 0 else -1), first, -1


@inlined
def put_part(
    block: Octets, held: NDArray[np.uint8], values: TextArrays, templates: TemplateArrays, last: NDArray[np.int32],
    rows: NDArray[np.int64], row: int, cells: NDArray[np.uint32], first_cell: int, template: int, at: int, many: int, items: int,
    places: NDArray[np.int64], texts: int,
) -> bool:  # fmt: skip
    """Write the values of an instance (`put_values`), or the texts of a literal element, which has no arrays itself (`put_texts`)."""
    if texts < 0:
        return put_values(block, held, values, templates, last, rows, row, cells, first_cell, template, at, many, items)
    first_cell += items - 1 if many >= 0 else 0
    return put_texts(block, held, values, templates, rows, row, cells, first_cell, template, places, texts)


@inlined
def take_apart(
    block: Octets, held: NDArray[np.uint8], values: TextArrays, templates: TemplateArrays, seen: NDArray[np.int64], last: NDArray[np.int32],
    unknown: NDArray[np.int64], state: State, rows: NDArray[np.int64], row: int, cells: NDArray[np.uint32],
    base: int, limit: int, damaged: int, stamp: int, chunk: int, record: int, size: int,
    shapes: TextArrays, shape_bytes: NDArray[np.uint8], scratch: NDArray[np.uint8], numbers: NDArray[np.int64], places: NDArray[np.int64],
) -> int:  # fmt: skip
    """Take the record at `record` (in the block) apart into `row`, and return what became of it."""
    if (
        int(values.given[0]) + (size >> 1) + 8 > values.kinds.shape[0]
        or int(values.starts[int(values.given[0])]) + size + 16 > held.shape[0]
    ):
        return GROW
    outer, first, texts = fragment_of(
        block, templates, seen, unknown, state, base, limit, damaged, stamp, chunk, record + 24, record + size - 4,
        shapes, shape_bytes, scratch, numbers, places,
    )  # fmt: skip
    plain, tree, tree_length, many, items = 1, -1, 0, -1, 0
    if outer != -1 and texts < 0:
        plain, tree, tree_length, many, items = shape_of(block, templates, outer, first, record + size - 4)
    if outer == -1 or not plain:
        return SLOW
    inner, second, inner_texts, tree_end = -1, 0, -1, tree + tree_length
    if tree >= 0:
        inner, second, inner_texts = fragment_of(
            block, templates, seen, unknown, state, base, limit, damaged, stamp, chunk, tree, tree_end,
            shapes, shape_bytes, scratch, numbers, places,
        )  # fmt: skip
        if inner == -1:
            return SLOW
    if outer < 0 or inner < -1:
        add_unknown(unknown, state, PAIR, outer, inner + 1, items << 16 | many if many >= 0 else 0)
        return DEFERRED
    kind = int(templates.plans[outer, KIND])
    other = int(templates.plans[inner, KIND]) if inner >= 0 else EMPTY
    if kind == NOT_PLAIN or other == NOT_PLAIN or kind + other == 2 * EMPTY:
        return SLOW
    if inner >= 0 and inner_texts < 0:
        plain, tree, tree_length, inner_many, inner_items = shape_of(block, templates, inner, second, tree_end)
        if not plain or tree >= 0 or (many >= 0 and inner_many >= 0):
            return SLOW
        if inner_many >= 0:
            many, items = inner_many + int(templates.plans[outer, CELLS]), inner_items
    pair = pair_of(templates, outer, inner, items << 16 | many if many >= 0 else 0)
    if pair < 0:
        add_unknown(unknown, state, PAIR, outer, inner + 1, items << 16 | many if many >= 0 else 0)
        return DEFERRED
    used, needed = int(state.cells[0]), int(templates.pairs[pair, 4])
    if used + needed > cells.shape[0]:
        return FULL
    for i in range(used, used + needed):
        cells[i] = 0
    rows[row, GROUP] = templates.pairs[pair, 3]
    rows[row, SLOT] = used
    many = used + many if many >= 0 else -1
    if not put_part(block, held, values, templates, last, rows, row, cells, used, outer, first, many, items, places, texts):
        return SLOW
    behind = used + int(templates.plans[outer, CELLS])
    if inner >= 0 and not put_part(
        block, held, values, templates, last, rows, row, cells, behind, inner, second, many, items, places, inner_texts
    ):
        return SLOW
    state.cells[0] = used + needed
    return OK
