"""Values of events' fields: what a table shows, what a spreadsheet gets, and the numbers that they are counted and sorted by."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.analysis.times import epoch, time_cell
from netsleuth_tui.decode.columns import NO_TIME
from netsleuth_tui.errors import NetSleuthError
from netsleuth_tui.query.event_fields import EVENT_FIELDS, TIMES, data_name, event_field
from netsleuth_tui.store.event_values import Coded, is_coded, used_codes
from netsleuth_tui.store.lookup import take_codes
from netsleuth_tui.tabular import Cell, Column

if TYPE_CHECKING:
    from netsleuth_tui.meanings import Titles
    from netsleuth_tui.query.fields import Field
    from netsleuth_tui.store import Rows, Store
    from netsleuth_tui.store.event_fields import EventField

__all__ = [
    "BESIDE",
    "EVENT_EXPORTED",
    "EVENT_SHOWN",
    "LEVELS",
    "Keys",
    "RawKeys",
    "event_cells",
    "event_column",
    "event_keys",
    "event_row_ids",
    "is_event_column",
    "level_name",
    "named_field",
    "raw_keys",
    "shown_number",
    "titles",
    "unknown_fields",
    "unknown_said",
]

LEVELS = {0: "Always", 1: "Critical", 2: "Error", 3: "Warning", 4: "Information", 5: "Verbose"}
"""Names of the standard levels; Security events have level 0."""

EVENT_SHOWN = ("EventRecordID", "TimeCreated", "EventID", "title", "Computer", "info")
"""Columns of the event pane where nothing else was chosen."""

EVENT_EXPORTED = (
    "TimeCreated", "EventRecordID", "EventID", "Provider", "Channel", "Computer", "Level", "Task", "Opcode", "Keywords", "Version",
    "ProcessID", "ThreadID", "UserID",
)  # fmt: skip
"""System fields of an export; the event data of the exported events follow."""

BESIDE = {
    "title": "What the event is about, in a few words",
    "info": "The event data in one line",
    "file": "The log that the event is in",
    "offset": "Where the record begins in the (decompressed) log, in bytes",
}
"""Columns that are no fields: they can be shown, not filtered by."""

DENSE = 1 << 22
"""So many neighbouring numbers are counted in a table; of others, those that occur are sorted."""

INFO_VALUES = 12
"""Values of event data in the info column."""
INFO_LENGTH = 400
"""Characters of the info column."""

Ids = NDArray[np.uint32]


@lru_cache(1)
def titles() -> Titles:
    """Titles of events.

    Raises:
        NetSleuthError: The user's own file of titles cannot be used.
    """
    from netsleuth_tui.meanings import read_titles

    return read_titles()


def level_name(level: int) -> str:
    """'Error' for 2; a number that has no name stays one."""
    return LEVELS.get(level, str(level))


def named_field(name: str) -> Field:
    """The field of events with this name.

    Raises:
        NetSleuthError: There is none.
    """
    field = event_field("TimeCreated" if name in TIMES else name)
    if field is None:
        raise NetSleuthError(f"events have no field {name!r}", hint=_instead(name))
    return field


def _instead(name: str) -> str:
    """What to write instead of a name that is no field of events."""
    from netsleuth_tui.query.fields import ALIASES, NAMED
    from netsleuth_tui.query.hints import near

    folder = re.fullmatch(r"folder\(([^,()]+)\)", name)
    if folder is not None:
        return f"folder(F,n) takes how many folders of the path: folder({folder[1].strip()},2)"
    close = near(name, [*EVENT_FIELDS, *BESIDE])
    if close:
        return f"did you mean {close}?"
    if name in NAMED or name in ALIASES:
        return "it is a field of packets"
    data = f"EventData.{name}"
    return f"{data} is event data of that name" if event_field(data) is not None else "event data have names such as ObjectName"


def is_event_column(name: str) -> bool:
    """Whether events have a column of this name: a field, or one of `BESIDE`."""
    return name in BESIDE or name in TIMES or event_field(name) is not None


def event_column(name: str) -> Column:
    """Header and kind of a column of events.

    Raises:
        NetSleuthError: There is no such field.
    """
    if name in BESIDE:
        return Column(name, "integer" if name == "offset" else "text")
    field = named_field(name)
    shown = name if name in TIMES else field.name
    return Column(shown, "integer" if field.kind in {"uint", "bool"} and field.base == 10 else "text")


def unknown_fields(store: Store, names: Sequence[str]) -> tuple[str, ...]:
    """The names of event data that no event has, of those given: a filter that says them matches nothing."""
    have = set(store.events.fields())
    missing = []
    for name in names:
        field = event_field(name)
        event = field.event if field is not None else None
        while event is not None and event.of is not None:
            event = event.of
        if event is not None and event.is_data and event.column not in have:
            missing.append(name)
    return tuple(dict.fromkeys(missing))


def unknown_said(store: Store, names: Sequence[str]) -> Iterator[tuple[str, str]]:
    """`unknown_fields`, and what to say about each; thought of one by one, since names are compared for it."""
    missing = unknown_fields(store, names)
    if not missing:
        return
    from netsleuth_tui.query.hints import no_event_field

    have = tuple(store.events.fields())
    for name in missing:
        yield name, no_event_field(name, have)


def event_row_ids(store: Store, rows: Rows) -> Ids:
    """All selected row ids, ascending; without a copy."""
    ids = store.events.view().row if rows.ids is None else rows.ids
    return ids[rows.first : rows.last]


# Cells


def event_cells(store: Store, rows: Ids, name: str, *, readable: bool = False) -> list[Cell]:
    """The values of one field, one per event; None where the field is absent.

    Args:
        store: What was loaded.
        rows: Row ids of events; a page or a block of them.
        name: A field, or one of `BESIDE`.
        readable: Show what codes mean where that is known: rights of an access mask, names of SIDs, results.

    Raises:
        NetSleuthError: There is no such field.
    """
    if name in BESIDE:
        return _BESIDE[name](store, rows)
    field = named_field(name)
    if name == "frame.time_epoch":
        return [None if time == NO_TIME else epoch(time) for time in store.events.view().time[rows].tolist()]
    if field.event is None:
        raise NetSleuthError(f"events have no field {name!r}")
    if is_coded(field.event):
        coded = store.event_values.coded(field.event)
        codes = coded.codes[rows]
        if readable and (field.event.is_data or name == "UserID"):
            return _meanings(store, rows, Coded(codes, coded.texts), field.event.column if field.event.is_data else name)
        return _texts(Coded(codes, coded.texts))
    return _numbers(store, rows, field, field.event, readable=readable)


def _numbers(store: Store, rows: Ids, field: Field, event: EventField, *, readable: bool) -> list[Cell]:
    column = store.event_values.numbers(event)
    numbers = column.numbers[rows].tolist()
    if field.kind == "time":
        return [time_cell(time) for time in numbers]
    if readable and field.name == "Level":
        return [level_name(number) for number in numbers]
    cells: list[Cell] = [shown_number(field, number) for number in numbers]
    if column.there is None:
        return cells
    return [cell if there else None for cell, there in zip(cells, column.there[rows].tolist(), strict=True)]


def shown_number(field: Field, number: int) -> Cell:
    """A number as it is shown and as a filter takes it."""
    return f"0x{number:x}" if field.base == 16 else int(number)


def _texts(column: Coded) -> list[Cell]:
    distinct, inverse = np.unique(column.codes, return_inverse=True)
    texts: list[Cell] = [None if code == 0 else text for code, text in zip(distinct.tolist(), column.texts.many(distinct), strict=True)]
    return [texts[k] for k in inverse.tolist()]


def _meanings(store: Store, rows: Ids, column: Coded, name: str) -> list[Cell]:
    """Values with what they mean: each value is looked up once for each kind of event and of object."""
    from netsleuth_tui.meanings import meaning

    kinds = store.event_values.coded(named_field("ObjectType").event)  # type: ignore[arg-type]
    ids = store.events.view().event_id[rows]
    combined = np.stack((column.codes.astype(np.int64), ids.astype(np.int64), kinds.codes[rows].astype(np.int64)))
    distinct, inverse = np.unique(combined, axis=1, return_inverse=True)
    values = column.texts.many(distinct[0])
    types = kinds.texts.many(distinct[2])
    cells: list[Cell] = []
    for code, event_id, value, object_type in zip(distinct[0].tolist(), distinct[1].tolist(), values, types, strict=True):
        said = meaning(name, value, event_id=event_id, object_type=object_type) if code else ""
        cells.append(None if code == 0 else said or value)
    return [cells[k] for k in inverse.reshape(-1).tolist()]


def _title_cells(store: Store, rows: Ids) -> list[Cell]:
    columns = store.events.view()
    combined = np.stack([getattr(columns, name)[rows].astype(np.int64) for name in ("channel", "provider", "event_id")])
    distinct, inverse = np.unique(combined, axis=1, return_inverse=True)
    channels, providers = store.events.texts.many(distinct[0]), store.events.texts.many(distinct[1])
    known = titles()
    found = [
        known.title(channel, provider, number) for channel, provider, number in zip(channels, providers, distinct[2].tolist(), strict=True)
    ]
    return [found[k] or None for k in inverse.reshape(-1).tolist()]


def _file_cells(store: Store, rows: Ids) -> list[Cell]:
    names = [source.name for source in store.sources]
    return [names[k] for k in store.events.view().source[rows].tolist()]


def _offset_cells(store: Store, rows: Ids) -> list[Cell]:
    return list(store.events.view().offset[rows].tolist())


def _info_cells(store: Store, rows: Ids) -> list[Cell]:
    """Values of the event data that say something, in the order of the event."""
    parts: list[list[str]] = [[] for _ in rows]
    groups = store.events.view().group[rows]
    for group in np.unique(groups).tolist():
        places = np.flatnonzero(groups == group)
        for name in store.events.names(group):
            if name not in SELDOM_TOLD:
                cells = event_cells(store, rows[places], data_name(name), readable=True)
                for place, cell in zip(places.tolist(), cells, strict=True):
                    if cell not in (None, "", "-") and len(parts[place]) < INFO_VALUES:
                        parts[place].append(" ".join(str(cell)[:INFO_LENGTH].split()))
    return [" · ".join(part)[:INFO_LENGTH] or None for part in parts]


SELDOM_TOLD = frozenset({"SubjectUserSid", "SubjectLogonId", "HandleId", "ProcessId", "TransactionId", "Binary"})
"""Event data that the info column leaves out."""

_BESIDE: dict[str, Callable[[Any, Ids], list[Cell]]] = {
    "title": _title_cells,
    "info": _info_cells,
    "file": _file_cells,
    "offset": _offset_cells,
}


# Keys


@dataclass(frozen=True, slots=True)
class Keys:
    """The values of a field in selected events, as small numbers."""

    name: str
    numbers: NDArray[np.int64]
    """One per selected event, below `size`."""
    size: int
    """At least 1."""
    cells: Callable[[NDArray[np.int64]], list[Cell]]
    """The values that numbers stand for; None for 'absent'."""


def event_keys(store: Store, rows: Ids, name: str) -> Keys:
    """Number the values of a field in selected events.

    Raises:
        NetSleuthError: There is no such field, or it is different in every event.
    """
    field = named_field(name)
    if field.event is None or field.name in {"TimeCreated", "EventRecordID"}:
        raise NetSleuthError(f"{name} is different in every event", hint="choose a field such as EventID, SubjectUserName or hour")
    if is_coded(field.event):
        return _text_keys(store.event_values.coded(field.event), rows, field)
    column = store.event_values.numbers(field.event)
    numbers = column.numbers[rows]
    values, dense = _dense(numbers)
    if column.there is None:
        return Keys(field.name, dense, max(len(values), 1), lambda found: [shown_number(field, int(values[k])) for k in found.tolist()])
    dense = np.where(column.there[rows], dense, len(values))

    def cells(found: NDArray[np.int64]) -> list[Cell]:
        return [shown_number(field, int(values[k])) if k < len(values) else None for k in found.tolist()]

    return Keys(field.name, dense, len(values) + 1, cells)


@dataclass(frozen=True, slots=True)
class RawKeys:
    """The values of a field in all events, as codes that need not be close together."""

    name: str
    codes: Ids
    """By row, below `size`."""
    size: int
    cells: Callable[[NDArray[np.int64]], list[Cell]]
    """The values that codes stand for; None for 'absent'."""


def raw_keys(store: Store, name: str) -> RawKeys | None:
    """The values of a field as codes of its own, which need not be worked out; None of a field that has none (see `event_keys`).

    Raises:
        NetSleuthError: There is no such field.
    """
    field = named_field(name)
    if field.event is None:
        return None
    if is_coded(field.event):
        column = store.event_values.coded(field.event)
        texts = column.texts

        def cells(found: NDArray[np.int64]) -> list[Cell]:
            return [None if code == 0 else text for code, text in zip(found.tolist(), texts.many(found), strict=True)]

        return RawKeys(field.name, column.codes, texts.count, cells)
    if field.event.derived or field.event.column == "flags":
        return None
    numbers = getattr(store.events.view(), field.event.column)
    if numbers.dtype.itemsize > 2:
        return None
    size = 1 << (8 * numbers.dtype.itemsize)
    return RawKeys(field.name, numbers.astype(np.uint32), size, lambda found: [shown_number(field, number) for number in found.tolist()])


def _text_keys(column: Coded, rows: Ids, field: Field) -> Keys:
    codes = column.codes if len(rows) == len(column.codes) else column.codes[rows]
    used = np.append(0, used_codes(codes, column.texts.count))
    table = np.zeros(column.texts.count, np.uint32)
    table[used] = np.arange(len(used))
    dense = np.empty(len(codes), np.uint32)
    take_codes(table, codes, dense)

    def cells(found: NDArray[np.int64]) -> list[Cell]:
        wanted = used[found]
        return [None if code == 0 else text for code, text in zip(wanted.tolist(), column.texts.many(wanted), strict=True)]

    return Keys(field.name, dense.astype(np.int64), len(used), cells)


def _dense(numbers: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """The distinct numbers, ascending, and for each number its place among them."""
    if not len(numbers):
        return numbers, np.empty(0, np.int64)
    low, high = int(numbers.min()), int(numbers.max())
    if high - low >= DENSE:
        values, inverse = np.unique(numbers, return_inverse=True)
        return values, inverse.astype(np.int64)
    offset = (numbers - numbers.dtype.type(low)).astype(np.int64)
    seen = np.zeros(high - low + 1, np.bool_)
    seen[offset] = True
    places = np.cumsum(seen) - 1
    return np.flatnonzero(seen).astype(numbers.dtype) + numbers.dtype.type(low), places[offset]
