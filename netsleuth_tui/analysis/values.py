"""Field values of chosen rows: from column numbers to what a person reads or a spreadsheet computes with."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.analysis.addresses import address, addresses
from netsleuth_tui.analysis.info import info
from netsleuth_tui.analysis.judged_fields import judged_before, judged_names, judged_values
from netsleuth_tui.analysis.places import place_values
from netsleuth_tui.analysis.times import BILLION, epoch, time_cell
from netsleuth_tui.decode.columns import NO_TIME, Columns, Has, Protocol
from netsleuth_tui.errors import NetSleuthError
from netsleuth_tui.query.fields import ALIASES, NAMED, Field
from netsleuth_tui.tabular import Cell, Column

if TYPE_CHECKING:
    from netsleuth_tui.query.place_values import PlaceKind
    from netsleuth_tui.store import Store

__all__ = ["WAITING", "address", "column_of", "field_numbers", "judged_numbers", "values"]

Ids = NDArray[np.uint32]
NUMBERS = ("uint", "bool")
WAITING = "..."
"""A cell of a field that follows from other packets, while these are still looked at."""


def column_of(name: str) -> Column:
    """Header and kind of a field that can be shown.

    Raises:
        NetSleuthError: There is no such field.
    """
    name = ALIASES.get(name, name)
    if name in _DERIVED:
        return Column(name, "integer" if name == "frame.number" else "text")
    field = _field(name)
    return Column(field.name, "integer" if field.kind in NUMBERS and field.base == 10 else "text")


def values(store: Store, rows: Ids, name: str, *, at_once: bool = False) -> list[Cell]:
    """The values of one field, one per row; None where the field is absent.

    A field that can occur twice (tcp.port, ip.addr) gives both values, separated by a comma, as tshark does. One that follows from other
    packets is found out for all rows first, unless `at_once` is true: then cells are `WAITING` where it is not known yet.

    Raises:
        NetSleuthError: There is no such field.
    """
    name = ALIASES.get(name, name)
    if name in _DERIVED:
        return _DERIVED[name](store, rows)
    field = _field(name)
    if field.judged:
        return _judged(store, rows, field, at_once=at_once)
    columns = store.columns()
    parts = [_one(store, columns, rows, field, k) for k in range(len(field.columns))]
    if len(parts) == 1:
        return parts[0]
    return [",".join(str(cell) for cell in cells if cell is not None) or None for cells in zip(*parts, strict=True)]


def _field(name: str) -> Field:
    field = NAMED.get(name)
    if field is None:
        from netsleuth_tui.query.hints import near

        close = near(name, [*NAMED, *_DERIVED])
        raise NetSleuthError(f"there is no field {name!r}", hint=f"did you mean {close}?" if close else "docs/filter.md lists them")
    return field


def _one(store: Store, columns: Columns, rows: Ids, field: Field, part: int) -> list[Cell]:
    raw, present = field_numbers(columns, rows, field, part)
    if field.place is not None:
        return _places(store, field.place, raw, present)
    if not present.all():
        raw = raw[present]
    if field.kind == "address":
        cells = addresses(store.hosts, raw)
    elif field.kind == "time":
        cells = [time_cell(t) for t in raw.tolist()]
    else:
        cells = _shown(raw, field)
    return _in_place(cells, present)


def _shown(raw: NDArray[Any], field: Field) -> list[Cell]:
    """Numbers as they are shown: as tshark spells them, times between two packets in seconds."""
    if field.kind == "duration":
        return list(map("%d.%09d".__mod__, zip(*(part.tolist() for part in np.divmod(raw, BILLION)), strict=True)))
    return _spelled(raw, f"0x{{:0{2 * raw.dtype.itemsize}x}}".format) if field.base == 16 else raw.tolist()


def _judged(store: Store, rows: Ids, field: Field, *, at_once: bool) -> list[Cell]:
    """Cells of a field that follows from other packets."""
    found = judged_before(store, field.columns[0]) if at_once else judged_values(store, field.columns[0])
    known = rows < len(found)
    numbers = judged_numbers(found, rows[known], field)
    if field.kind == "text":
        texts = judged_names(store, field.columns[0])
        cells: list[Cell] = [texts[number] or None for number in numbers.tolist()]
    else:
        cells = _in_place(_shown(numbers[numbers != 0], field), numbers != 0)
    if known.all():
        return cells
    following = iter(cells)
    return [next(following) if there else WAITING for there in known.tolist()]


def judged_numbers(found: NDArray[np.integer], rows: Ids, field: Field) -> NDArray[Any]:
    """The numbers of a field that follows from other packets; 0 where it is absent.

    Args:
        found: The values of its column, by row id.
        rows: Row ids.
        field: One of `query.JUDGED`.
    """
    numbers: NDArray[Any] = found[rows]
    return (numbers & numbers.dtype.type(field.mask)) >> numbers.dtype.type(field.shift) if field.mask else numbers


def _in_place(cells: list[Cell], present: NDArray[np.bool_]) -> list[Cell]:
    """The cells of the rows that have any, with None for the others between them."""
    if len(cells) == len(present):
        return cells
    if not cells:
        return [None] * len(present)
    following = iter(cells)
    return [next(following) if there else None for there in present.tolist()]


def _spelled(raw: NDArray[Any], spell: Callable[[int], str]) -> list[Cell]:
    """Texts of numbers; each distinct number is spelled once."""
    distinct, inverse = np.unique(raw, return_inverse=True)
    texts = list(map(spell, distinct.tolist()))
    return [texts[k] for k in inverse.tolist()]


def field_numbers(columns: Columns, rows: Ids, field: Field, part: int = 0) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """The numbers behind a field (host ids for an address or a place), and in which rows they are there.

    Args:
        columns: The store's columns.
        rows: Row ids.
        field: Any but frame.number, which is in no column, and those that follow from other packets.
        part: 0, or 1 for the second occurrence of a field that has two.
    """
    has = np.uint64(field.has[part])
    present = (columns.present[rows] & has) == has
    if field.place is not None:
        present &= columns.present[rows] & np.uint64(Has.IP | Has.IPV6) != 0
    if field.constants:
        return np.full(len(rows), field.constants[part], np.int64), present
    raw = getattr(columns, field.columns[part])[rows]
    if field.mask:
        raw = (raw & raw.dtype.type(field.mask)) >> raw.dtype.type(field.shift)
    return raw, present


def _places(store: Store, kind: PlaceKind, hosts: Ids, present: NDArray[np.bool_]) -> list[Cell]:
    """What the places of host ids are called; None where there is nothing to say."""
    places = place_values(store, kind)
    codes = np.full(len(hosts), -1, np.int32)
    codes[present] = places.codes[hosts[present]]
    shown: list[Cell] = [*(places.short(code) for code in range(len(places.names))), None]
    return [shown[code] for code in codes.tolist()]


def _numbers(store: Store, rows: Ids) -> list[Cell]:
    starts = np.array(store.numbered_from or (0,), np.int64)
    numbers: list[Cell] = (rows.astype(np.int64) - starts[store.columns().source[rows]] + 1).tolist()
    return numbers


def _time_epoch(store: Store, rows: Ids) -> list[Cell]:
    times = store.columns().time[rows]
    if len(times) and times.min() < 0:  # or without a time
        return [epoch(t) if t != NO_TIME else None for t in times.tolist()]
    seconds, rest = np.divmod(times, BILLION)
    return list(map("%d.%09d".__mod__, zip(seconds.tolist(), rest.tolist(), strict=True)))


def _protocol(store: Store, rows: Ids) -> list[Cell]:
    labels = [protocol.label for protocol in Protocol]
    return [labels[code] for code in store.columns().protocol[rows].tolist()]


def _either_address(part: str) -> Callable[[Store, Ids], list[Cell]]:
    def shown(store: Store, rows: Ids) -> list[Cell]:
        columns = store.columns()
        present = (columns.present[rows] & np.uint64(Has.ADDRESSES)) != 0
        return _in_place(addresses(store.hosts, getattr(columns, part)[rows][present]), present)

    return shown


def _info(store: Store, rows: Ids) -> list[Cell]:
    return info(store.columns().at(rows))


def _file(store: Store, rows: Ids) -> list[Cell]:
    names = [source.name for source in store.sources]
    return [names[k] for k in store.columns().source[rows].tolist()]


_DERIVED: dict[str, Callable[[Store, Ids], list[Cell]]] = {
    "frame.number": _numbers,
    "frame.time_epoch": _time_epoch,
    "_ws.col.protocol": _protocol,
    "_ws.col.def_src": _either_address("src"),
    "_ws.col.def_dst": _either_address("dst"),
    "info": _info,
    "file": _file,
}
"""What is made from more than one column, or needs more than its number."""
