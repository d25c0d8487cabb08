"""Values of events by field: numbers as they are, texts as codes, and what is made of these; each is made once, and continued."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.decode.columns import NO_TIME
from netsleuth_tui.store.event_fields import EventField
from netsleuth_tui.store.events import EventTable
from netsleuth_tui.store.handles import chained
from netsleuth_tui.store.lookup import take_codes
from netsleuth_tui.store.paths import extension, folder

__all__ = ["Coded", "Dictionary", "EventValues", "Numbers", "is_coded", "used_codes"]

CODED = frozenset({"provider", "channel", "computer", "user"})
HOUR = 3_600_000_000_000
DAY_HOURS = 24
KEPT = 8
"""Columns made of others that are kept, 4 bytes an event each."""

UNKNOWN = np.uint32(0xFFFFFFFF)

Codes = NDArray[np.uint32]


class Dictionary(Protocol):
    """Texts by code: 0 is absent, 1 the empty text."""

    @property
    def count(self) -> int:
        """Codes are below it."""
        ...

    def many(self, codes: NDArray[np.generic]) -> list[str]:
        """The texts of codes, in order."""
        ...

    def code(self, text: str) -> int | None:
        """The code of a text, None where no event has it."""
        ...

    def number(self, codes: NDArray[np.generic]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Numbers of codes, and which of them are numbers."""
        ...


@dataclass(frozen=True, slots=True)
class Coded:
    """A column of texts."""

    codes: Codes
    """One per event, 0 where the event has no such field."""
    texts: Dictionary


@dataclass(frozen=True, slots=True)
class Numbers:
    """A column of numbers."""

    numbers: NDArray[np.int64] | NDArray[np.uint64]
    """One per event."""
    there: NDArray[np.bool_] | None
    """Which events have one; None for all."""


def is_coded(field: EventField) -> bool:
    """Whether the values of a field are texts with codes; else they are numbers."""
    return field.is_data or field.derived in {"ext", "folder"} or field.column in CODED


class EventValues:
    """Columns of an event table by field; any thread asks.

    Args:
        table: The events.
    """

    def __init__(self, table: EventTable) -> None:
        self.table = table
        self._made: OrderedDict[EventField, _Made | _Chain] = OrderedDict()
        self._lock = threading.RLock()

    def numbers(self, field: EventField) -> Numbers:
        """The values of a field that holds numbers, of all events that can be seen by now."""
        columns = self.table.view()
        if field.column == "time":
            there = columns.time != NO_TIME
            if field.derived == "hour":
                return Numbers(columns.time // HOUR % DAY_HOURS, there)
            return Numbers(columns.time, None if bool(there.all()) else there)
        values = getattr(columns, field.column)
        if field.column == "flags":
            values = values & np.uint8(1)
        return Numbers(values.astype(np.uint64 if values.dtype.itemsize == 8 else np.int64, copy=False), None)

    def coded(self, field: EventField) -> Coded:
        """The values of a field that holds texts, of all events that can be seen by now."""
        if not field.derived:
            return Coded(self.table.codes(field.column) if field.is_data else getattr(self.table.view(), field.column), self.table.texts)
        with self._lock:
            made = self._made.get(field)
            if made is None:
                made = self._made[field] = _Chain(self.table, field.column) if field.derived == "handle" else _Made(_maker(field))
            self._made.move_to_end(field)
            while len(self._made) > KEPT:
                self._made.popitem(last=False)
            return made.column(self.coded(field.of) if field.of is not None else Coded(np.empty(0, np.uint32), self.table.texts))


def used_codes(codes: Codes, count: int) -> NDArray[np.int64]:
    """The distinct codes of a column, ascending, 0 left out.

    Args:
        codes: All below `count`.
        count: Of the dictionary.
    """
    seen = np.zeros(count, np.bool_)
    seen[codes] = True
    seen[0] = False
    return np.flatnonzero(seen)


def _maker(field: EventField) -> Callable[[str], str]:
    depth = field.depth
    return extension if field.derived == "ext" else lambda path: folder(path, depth)


class _Made:
    """A column that a function of texts makes: the function is called once for each distinct text."""

    def __init__(self, make: Callable[[str], str]) -> None:
        self._make = make
        self._texts = _Texts()
        self._known = np.zeros(1, np.uint32)
        """By code of the column it is made of; `UNKNOWN` where that was not met yet."""
        self._codes = np.empty(0, np.uint32)

    def column(self, of: Coded) -> Coded:
        """The column that is made of `of`."""
        done = len(self._codes)
        if done < len(of.codes):
            new = of.codes[done:]
            count = max(of.texts.count, len(self._known))
            if count > len(self._known):
                self._known = np.append(self._known, np.full(count - len(self._known), UNKNOWN, np.uint32))
            used = used_codes(new, count)
            unknown = used[self._known[used] == UNKNOWN]
            self._known[unknown] = self._texts.add([self._make(text) for text in of.texts.many(unknown)])
            made = np.empty(len(new), np.uint32)
            take_codes(self._known, new, made)
            self._codes = np.concatenate((self._codes, made)) if done else made
        return Coded(self._codes[: len(of.codes)], self._texts)


class _Texts:
    """A dictionary of its own, of few texts."""

    def __init__(self) -> None:
        self._texts = ["", ""]
        self._codes = {"": 1}

    @property
    def count(self) -> int:
        return len(self._texts)

    def many(self, codes: NDArray[np.generic]) -> list[str]:
        texts = self._texts
        return [texts[code] for code in codes.tolist()]

    def code(self, text: str) -> int | None:
        return self._codes.get(text)

    def number(self, codes: NDArray[np.generic]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        return np.zeros(len(codes), np.int64), np.zeros(len(codes), np.bool_)

    def add(self, texts: list[str]) -> list[int]:
        """Codes of texts, new ones where they are new."""
        codes, known = self._codes, self._texts
        found = []
        for text in texts:
            code = codes.setdefault(text, len(known))
            if code == len(known):
                known.append(text)
            found.append(code)
        return found


class _Chain:
    """A field of the handle that an event uses, found out again when there are more events."""

    def __init__(self, table: EventTable, name: str) -> None:
        self._table = table
        self._name = name
        self._codes: Codes | None = None

    def column(self, _of: Coded) -> Coded:
        """The column."""
        if self._codes is None or len(self._codes) < self._table.rows:
            self._codes = chained(self._table, self._name)
        return Coded(self._codes, self._table.texts)
