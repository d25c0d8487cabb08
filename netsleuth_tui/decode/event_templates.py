"""Templates of event logs, compiled once for all chunks of all logs: where does each value of an instance go?

A template is known by its shape (`event_shapes`): what it calls itself does not matter, for two definitions with one GUID may differ in a
log that somebody made. The GUID only helps where a chunk is damaged. What is not plain (a value made of several pieces, one value in two
places, a name that is a value) is left to the slower reader of single records.
"""

from __future__ import annotations

import secrets
import struct
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.decode.binxml import Place
from netsleuth_tui.decode.event_fields import MOST_FIELDS, Fields, Part, numbered
from netsleuth_tui.decode.event_layout import CELL, EMPTY, FULL_OF, NESTED, NOT_PLAIN, ROW, TemplateArrays, slot_of
from netsleuth_tui.decode.shape_fields import fields_of_shape
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

    shape: bytes
    names: list[str]
    """Of its cells, not numbered."""
    plan: list[int]
    constants: list[tuple[int, str]]
    """Destination, and the text."""
    kind: int
    """`NOT_PLAIN`, `EMPTY` or `FULL_OF`."""


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
        self.known: dict[bytes, Fields | bytes] = {}
        """By GUID: what sound chunks define, or the shape of it, for the slower reader."""
        self._intern = intern
        self._group = group
        self._lock = lock
        self._templates: list[Template] = []
        self._numbers: dict[bytes, int] = {}
        self._texts: dict[str, int] = {}
        self._identities: set[tuple[int, int]] = set()
        self._pairs: set[tuple[int, int, int]] = set()
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
        return max(len(self._templates), len(self._identities)) >= MOST_TEMPLATES or len(self._pairs) >= MOST_PAIRS

    def register(self, shapes: Iterable[bytes]) -> list[int]:
        """The numbers of the templates with these shapes, compiled where they are new; -1 where there is no room."""
        with self._lock:
            new: list[Template] = []
            given = []
            for shape in shapes:
                number = self._numbers.get(shape)
                if number is None and len(self._templates) + len(new) < MOST_TEMPLATES:
                    number = self._numbers[shape] = len(self._templates) + len(new)
                    new.append(_compiled(shape))
                given.append(-1 if number is None else number)
            self._add(new)
        return given

    def identify(self, identity: bytes, number: int) -> None:
        """Note which template a sound chunk defines under a GUID, unless another one did so before."""
        first, second = struct.unpack("<QQ", identity)
        key = (first & MASK, second & MASK)
        with self._lock:
            if key in self._identities or self.is_full:
                return
            place = len(self._identities)
            self._identities.add(key)
            self.known.setdefault(identity, self._templates[number].shape)
            self.arrays.keys[place] = (*key, number)
            self.arrays.slots[self._free_slot(self.arrays.slots, (*key, 0))] = place + 1

    def pair(self, outer: int, inner: int, many: int) -> None:
        """Register a pair of templates, unless it is known.

        Args:
            outer: Number of the template of the record.
            inner: 1 + number of the template of its event data; 0 if it has none.
            many: Items of the array << 16 | cell that it is, 0 if there is none.
        """
        with self._lock:
            if (outer, inner, many) in self._pairs or self.is_full:
                return
            names = self._templates[outer].names + (self._templates[inner - 1].names if inner else [])
            items, cell = many >> 16, many & 0xFFFF
            if items:
                names[cell : cell + 1] = names[cell : cell + 1] * items
            place = len(self._pairs)
            self._pairs.add((outer, inner, many))
            group = self._group(numbered(names))
            self.arrays.pairs[place] = (outer, inner, many, group, len(names), len(self._templates[outer].names))
            self.arrays.pair_slots[self._free_slot(self.arrays.pair_slots, (outer, inner, many))] = place + 1

    def _free_slot(self, slots: NDArray[np.int64], key: tuple[int, int, int]) -> int:
        """Where a key goes that is not there yet; slots are never full."""
        mask = len(slots) - 1
        slot = slot_of(self.arrays.seed, *key) & mask
        while slots[slot]:
            slot = (slot + 1) & mask
        return slot

    def _add(self, new: list[Template]) -> None:
        """Write templates into the arrays."""
        fresh = dict.fromkeys(text for made in new for to, text in made.constants if _is_text(to) and text not in self._texts)
        if fresh:
            self._texts.update(zip(fresh, (self._intern(list(fresh)) | GLOBAL).tolist(), strict=True))
        plan = [to for made in new for to in made.plan]
        constants = [(to, self._texts[text] if _is_text(to) else _number(text)) for made in new for to, text in made.constants]
        arrays = self.arrays
        arrays = arrays._replace(
            plan=_with_room(arrays.plan, self._planned + len(plan)),
            constants=_with_room(arrays.constants, self._constants + len(constants)),
        )
        arrays.plan[self._planned : self._planned + len(plan)] = plan
        if constants:
            arrays.constants[self._constants : self._constants + len(constants)] = constants
        for number, made in enumerate(new, len(self._templates)):
            arrays.plans[number] = (self._planned, len(made.plan), self._constants, len(made.constants), len(made.names), made.kind)
            self._planned += len(made.plan)
            self._constants += len(made.constants)
            made.plan, made.constants = [], []  # in the arrays from now on
        self._templates.extend(new)
        self.arrays = arrays


def _is_text(to: int) -> bool:
    return to >= CELL or to >= ROW["provider"]


def _number(text: str) -> int:
    """As a column of 64 bits holds it."""
    number = int(text, 0)
    return number - (1 << 64) if number >> 63 else number


def _with_room(array: NDArray[Number], needed: int) -> NDArray[Number]:
    """The array, or a longer copy: a thread may be reading the old one."""
    if needed <= len(array):
        return array
    longer = np.zeros((max(needed, 2 * len(array)), *array.shape[1:]), array.dtype)
    longer[: len(array)] = array
    return longer


def _compiled(shape: bytes) -> Template:
    fields = fields_of_shape(shape)
    plan: dict[int, int] = {}
    constants: list[tuple[int, str]] = []
    is_plain = not fields.instances and len(fields.data) <= MOST_FIELDS and len(fields.nested) <= 1
    for index in fields.nested:
        plan[index] = NESTED
    is_plain &= max(plan, default=0) <= MOST_INDEX
    for column, parts in fields.system.items():
        if len(parts) == 1 and isinstance(parts[0], str) and column not in TEXTS and not _fits(column, parts[0]):
            is_plain = False
        else:
            is_plain &= _plan(constants, plan, parts, ROW[column])
    for to, (_, parts) in enumerate(fields.data, CELL):
        is_plain &= _plan(constants, plan, parts, to)
    listed = [-1] * (max(plan) + 1) if plan and is_plain else []
    if listed:
        for index, to in plan.items():
            listed[index] = to
    kind = (FULL_OF if fields.system or fields.data else EMPTY) if is_plain else NOT_PLAIN
    return Template(shape, [name for name, _ in fields.data], listed, constants if is_plain else [], kind)


def _plan(constants: list[tuple[int, str]], plan: dict[int, int], parts: list[Part], to: int) -> bool:
    """Note where the value of a field comes from; False if that is not plain."""
    if len(parts) == 1:
        part = parts[0]
        if isinstance(part, Place):
            if part.index in plan or part.index > MOST_INDEX:
                return False
            plan[part.index] = to
            return True
    if all(isinstance(part, str) for part in parts):
        if parts:
            constants.append((to, "".join(part for part in parts if isinstance(part, str))))
        return True
    return False


def _fits(column: str, text: str) -> bool:
    """Whether the text is a number that the column can hold."""
    if column == "time":
        return False
    try:
        return 0 <= int(text, 0) < 1 << BITS[column]
    except ValueError:
        return False
