"""Templates of event logs, compiled once for all chunks of all logs: where does each value of an instance go?

A template is known by its GUID and size (names lie in it or elsewhere in its chunk, so that the same template has several sizes). One that
was met in a damaged chunk is used for that chunk alone. What is not plain (a value made of several pieces, one value in two places, a name
that is a value) is left to the slower reader of single records.
"""

from __future__ import annotations

import itertools
import secrets
import struct
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.decode.binxml import Element, Instance, Malformed, Names, Place, fragment, template_at
from netsleuth_tui.decode.event_fields import MOST_FIELDS, Fields, Part, fields_of, numbered
from netsleuth_tui.decode.event_layout import CELL, NESTED, ROW, TemplateArrays, slot_of
from netsleuth_tui.decode.evtx_values import BINXML, STRING
from netsleuth_tui.decode.texts import MASK

__all__ = ["GLOBAL", "Templates"]

GLOBAL = 1 << 31
"""Added to a code of the store among codes of a thread's own values."""

MOST_TEMPLATES = 1 << 15
MOST_PAIRS = 1 << 17
MOST_INDEX = 1023
Number = TypeVar("Number", np.int32, np.int64)
BITS = {"event_id": 16, "version": 8, "level": 8, "task": 16, "opcode": 8, "keywords": 64, "process_id": 32, "thread_id": 32}
TEXTS = frozenset({"provider", "channel", "computer", "user"})


@dataclass(slots=True)
class Template:
    """A compiled template."""

    names: tuple[str, ...] = ()
    """Of its cells, not numbered."""
    plan: NDArray[np.int32] = field(default_factory=lambda: np.zeros(0, np.int32))
    constants: list[tuple[int, str]] = field(default_factory=list)
    """Destination, and the text."""
    plain: bool = True


class Templates:
    """All that were met. Threads may use the arrays while another one adds to them: entries are written before what leads to them.

    Args:
        intern: Gives the code of a text in the store.
        group: Gives the number of the group with these names of event data.
        lock: Held while `intern` and `group` are called.
    """

    def __init__(
        self, intern: Callable[[list[str]], NDArray[np.int64]], group: Callable[[tuple[str, ...]], int], lock: threading.Lock
    ) -> None:
        self.known: dict[bytes, Fields] = {}
        """Of sound chunks, by GUID and size, for the slower reader."""
        self._intern = intern
        self._group = group
        self._lock = lock
        self._templates: list[Template] = []
        self._literals: dict[bytes, int] = {}
        self._pairs = 0
        self._planned = 0
        self._constants = 0
        seed = np.array([secrets.randbits(62) << 1 | 1 for _ in range(3)], np.int64)
        self.arrays = TemplateArrays(
            slots=np.zeros(2 * MOST_TEMPLATES, np.int64),
            keys=np.zeros((MOST_TEMPLATES, 3), np.int64),
            plans=np.zeros((MOST_TEMPLATES, 6), np.int64),
            plan=np.zeros(1 << 12, np.int32),
            constants=np.zeros((1 << 8, 2), np.int64),
            pair_slots=np.zeros(2 * MOST_PAIRS, np.int64),
            pairs=np.zeros((MOST_PAIRS, 6), np.int64),
            seed=seed,
        )

    @property
    def is_full(self) -> bool:
        """Whether there is no room for more; what is new then is left to the slower reader."""
        return len(self._templates) >= MOST_TEMPLATES or self._pairs >= MOST_PAIRS

    def register(self, chunk: bytes, definition: int, salt: int, names: Names) -> None:
        """Compile the template that a chunk defines at an offset, unless it is known.

        Args:
            chunk: As far as its bytes go.
            definition: Offset, with its header inside the chunk.
            salt: 0 for a sound chunk, otherwise a number of its own.
            names: Those of the chunk that were read before.
        """
        first, second, size = struct.unpack_from("<QQI", chunk, definition + 4)
        with self._lock:
            key = (first & MASK, second & MASK, size | salt << 32)
            slot = self._free_slot(self.arrays.slots, self.arrays.keys, key)
            if slot is None or self.is_full:
                return
            try:
                fields = fields_of(template_at(chunk, definition, names))
                compiled = _compiled(fields)
                if not salt:
                    self.known.setdefault(chunk[definition + 4 : definition + 24], fields)
            except Malformed:
                compiled = Template(plain=False)
            self.arrays.keys[len(self._templates)] = key
            self._add(compiled)
            self.arrays.slots[slot] = len(self._templates)

    def literal(self, shape: bytes, chunk: bytes, at: int, end: int) -> int:
        """The number of the template that a shape of literal elements makes, compiled if it is new; -1 if there is no room.

        Args:
            shape: Identifies it (`event_literals`).
            chunk: As far as its bytes go.
            at: Offset of an element with this shape.
            end: Where it ends at the latest.
        """
        with self._lock:
            number = self._literals.get(shape)
            if number is None and self.is_full:
                return -1
            if number is None:
                number = self._literals[shape] = len(self._templates)
                self._add(_literal(chunk, at, end))
        return number

    def pair(self, outer: int, inner: int, many: int) -> None:
        """Register a pair of templates, unless it is known.

        Args:
            outer: Number of the template of the record.
            inner: 1 + number of the template of its event data; 0 if it has none.
            many: Items of the array << 16 | cell that it is, 0 if there is none.
        """
        with self._lock:
            slot = self._free_slot(self.arrays.pair_slots, self.arrays.pairs, (outer, inner, many))
            if slot is None or self.is_full:
                return
            names = list(self._templates[outer].names) + (list(self._templates[inner - 1].names) if inner else [])
            items, cell = many >> 16, many & 0xFFFF
            if items:
                names[cell : cell + 1] = names[cell : cell + 1] * items
            group = self._group(numbered(names))
            self.arrays.pairs[self._pairs] = (outer, inner, many, group, len(names), len(self._templates[outer].names))
            self._pairs += 1
            self.arrays.pair_slots[slot] = self._pairs

    def _free_slot(self, slots: NDArray[np.int64], keys: NDArray[np.int64], key: tuple[int, int, int]) -> int | None:
        """Where a key goes; None where it is already."""
        mask = len(slots) - 1
        slot = slot_of(self.arrays.seed, *key) & mask
        for _ in range(mask + 1):
            entry = int(slots[slot])
            if not entry:
                return slot
            if tuple(keys[entry - 1, :3].tolist()) == key:
                return None
            slot = (slot + 1) & mask
        return None

    def _add(self, compiled: Template) -> None:
        arrays, number = self.arrays, len(self._templates)
        arrays = arrays._replace(
            plan=_with_room(arrays.plan, self._planned + len(compiled.plan)),
            constants=_with_room(arrays.constants, self._constants + len(compiled.constants)),
        )
        arrays.plan[self._planned : self._planned + len(compiled.plan)] = compiled.plan
        for place, (to, text) in enumerate(compiled.constants, self._constants):
            arrays.constants[place] = (to, self._constant(to, text))
        arrays.plans[number] = (
            self._planned, len(compiled.plan), self._constants, len(compiled.constants), len(compiled.names), compiled.plain,
        )  # fmt: skip
        self._planned += len(compiled.plan)
        self._constants += len(compiled.constants)
        self._templates.append(compiled)
        self.arrays = arrays

    def _constant(self, to: int, text: str) -> int:
        """A number for a column of numbers, otherwise the code of the text."""
        if to >= CELL or to >= ROW["provider"]:
            return int(self._intern([text])[0]) | GLOBAL
        number = int(text, 0)
        return number - (1 << 64) if number >> 63 else number


def _with_room(array: NDArray[Number], needed: int) -> NDArray[Number]:
    """The array, or a longer copy: a thread may be reading the old one."""
    if needed <= len(array):
        return array
    longer = np.zeros((max(needed, 2 * len(array)), *array.shape[1:]), array.dtype)
    longer[: len(array)] = array
    return longer


def _compiled(fields: Fields) -> Template:
    template = Template(plain=not fields.instances and len(fields.data) <= MOST_FIELDS)
    plan: dict[int, int] = {}
    for index in fields.nested:
        _plan(template, plan, [Place(index, BINXML)], NESTED)
    if len(fields.nested) > 1:
        template.plain = False
    for column, parts in fields.system.items():
        to = ROW[column]
        if len(parts) == 1 and isinstance(parts[0], str) and column not in TEXTS and not _fits(column, parts[0]):
            template.plain = False
        else:
            _plan(template, plan, parts, to)
    for cell, (_, parts) in enumerate(fields.data):
        _plan(template, plan, parts, CELL + cell)
    template.names = tuple(name for name, _ in fields.data)
    if plan:
        template.plan = np.full(max(plan) + 1, -1, np.int32)
        template.plan[list(plan)] = list(plan.values())
    return template


def _literal(chunk: bytes, at: int, end: int) -> Template:
    """The template of a literal element: its texts become places, in the order in which they stand there."""
    try:
        roots = fragment(chunk, at, end, dependent=False)
        _cut(roots, itertools.count())
        fields = fields_of(roots)
    except Malformed:
        return Template(plain=False)
    return _compiled(fields) if fields.system or fields.data else Template(plain=False)


def _cut(roots: Iterable[Element | Instance | Place | str], places: Iterator[int]) -> None:
    """Put places where texts are, but for attributes called Name."""
    for element in roots:
        if isinstance(element, Element):
            for name, texts in element.attributes:
                if name != "Name":
                    texts[:] = [Place(next(places), STRING) for _ in texts]
            for position, part in enumerate(element.content):
                if isinstance(part, str):
                    element.content[position] = Place(next(places), STRING)
                else:
                    _cut((part,), places)


def _plan(template: Template, plan: dict[int, int], parts: list[Part], to: int) -> None:
    """Note where the value of a field comes from."""
    if not parts:
        return
    if all(isinstance(part, str) for part in parts):
        template.constants.append((to, "".join(part for part in parts if isinstance(part, str))))
    elif len(parts) == 1 and isinstance(parts[0], Place) and parts[0].index <= MOST_INDEX and parts[0].index not in plan:
        plan[parts[0].index] = to
    else:
        template.plain = False


def _fits(column: str, text: str) -> bool:
    """Whether the text is a number that the column can hold."""
    if column == "time":
        return False
    try:
        return 0 <= int(text, 0) < 1 << BITS[column]
    except ValueError:
        return False
