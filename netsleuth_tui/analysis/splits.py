"""What a time line can be split by: for each row a number that stands for its value, and the name of each number."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.analysis.addresses import address
from netsleuth_tui.analysis.directions import directions
from netsleuth_tui.analysis.interval_counts import Keys
from netsleuth_tui.analysis.judged_fields import judged_names, judged_values
from netsleuth_tui.analysis.places import place_values
from netsleuth_tui.analysis.values import column_of
from netsleuth_tui.decode.columns import PACKET_COLUMNS, Columns, Has, Protocol
from netsleuth_tui.errors import NetSleuthError
from netsleuth_tui.query.fields import ALIASES, FIELDS, NAMED, Field
from netsleuth_tui.tabular import Cell

if TYPE_CHECKING:
    from netsleuth_tui.store import Rows, Store

__all__ = ["MOST_NUMBERS", "PLACES", "PORT_AND_HOST", "Split", "split_by", "split_field"]

PORT_AND_HOST = {
    "host": Field("host", "address", ("src", "dst"), (int(Has.ADDRESSES),) * 2, "Source or destination address, IPv4 or IPv6"),
    "port": Field("port", "uint", ("src_port", "dst_port"), (int(Has.SRC_PORT), int(Has.DST_PORT)), "Source or destination port"),
}
"""What a user may split by beside the fields of the registry: any address, and any port."""

MOST_NUMBERS = 1 << 21
"""So many numbers are counted in an array; of more, those that occur are sorted."""

PLACES = {"country": "geo.country", "continent": "geo.continent", "region": "geo.region", "asn": "geo.asn"}
"""Shorter names of places; `site` is short itself."""

NOTHING = 2**32 - 1
"""Stands for no value."""

DIFFERENT_EVERYWHERE = ("frame.number", "frame.time", "frame.time_epoch", "frame.offset")

Ids = NDArray[np.uint32]


@dataclass(frozen=True, slots=True)
class Split:
    """The values of a field in the selected rows, as numbers."""

    field: str
    keys: tuple[Keys, ...]
    """One, or two for a field that occurs twice in a frame; the second has no value where it is the same as the first."""
    name: Callable[[int], Cell]
    """What a person calls a number."""
    of_hosts: bool = False
    """The numbers are host ids."""


def split_field(by: str) -> Field | None:
    """The field that is meant; None for what is made from other columns (the file).

    Raises:
        NetSleuthError: There is no such field, or it is different in every frame.
    """
    by = PLACES.get(by, ALIASES.get(by, by))
    if by in PORT_AND_HOST:
        return PORT_AND_HOST[by]
    if by == "file":
        return None
    if by in NAMED and NAMED[by].judged and NAMED[by].kind != "duration":
        return NAMED[by]
    if by not in FIELDS or by in DIFFERENT_EVERYWHERE:
        if by not in NAMED:
            column_of(by)
        raise NetSleuthError(f"{by} cannot be counted by value", hint="choose a field such as ip.src, tcp.dstport or _ws.col.protocol")
    return FIELDS[by]


def _judged(store: Store, at: slice | Ids, field: Field) -> Ids:
    """Numbers of a field that follows from other packets."""
    found = judged_values(store, field.columns[0])[at].astype(np.uint32)
    if field.mask:
        found = (found & np.uint32(field.mask)) >> np.uint32(field.shift)
    found[found == 0] = NOTHING
    return found


def split_by(store: Store, rows: Rows, by: str) -> Split:
    """Numbers and names of a field's values in the selected rows.

    Raises:
        NetSleuthError: There is no such field, or it is different in every frame.
    """
    if by == "direction":
        keys, directed = directions(store, rows)
        return Split(by, (keys,), lambda number: directed[number])
    field, columns = split_field(by), store.columns()
    at = slice(rows.first, rows.last) if rows.ids is None else rows.ids[rows.first : rows.last]
    if field is None:
        names = [source.name for source in store.sources]
        return Split("file", (Keys(columns.source[at].astype(np.uint32), 0, len(names)),), lambda number: names[number])
    if field.place is not None or field.constants:
        return _place(store, columns, at, field) if field.place is not None else Split(field.name, (_constant(columns, at, field),), str)
    numbers = [_judged(store, at, field) if field.judged else _numbers(columns, at, field, part) for part in range(len(field.columns))]
    if len(numbers) == 2:
        numbers[1][numbers[1] == numbers[0]] = NOTHING
    if field.kind == "address":
        return replace(_split(field, numbers, store.hosts.count, lambda number: address(store.hosts, number)), of_hosts=True)
    if field.kind in {"label", "text"}:
        is_label = field.kind == "label"
        labels = [protocol.label for protocol in Protocol] if is_label else judged_names(store, field.columns[0])
        return _split(field, numbers, len(labels), lambda number: labels[number])
    size = field.maximum + 1
    if size > MOST_NUMBERS:
        there = numbers[0][numbers[0] != NOTHING] if field.judged else numbers[0]
        size = int(there.max(initial=0)) + 1  # mostly far below what would fit into the field
    return _split(field, numbers, size, _shown(field))


def _split(field: Field, numbers: Sequence[Ids], size: int, name: Callable[[int], Cell]) -> Split:
    return Split(
        field.name, tuple(Keys(part, 0 if field.judged else has, size) for part, has in zip(numbers, field.has, strict=True)), name
    )


def _numbers(columns: Columns, at: slice | Ids, field: Field, part: int) -> Ids:
    raw = getattr(columns, field.columns[part])[at]
    if field.mask:
        raw = (raw & raw.dtype.type(field.mask)) >> raw.dtype.type(field.shift)
    numbers: Ids = raw.astype(np.uint32)
    return numbers


def _place(store: Store, columns: Columns, at: slice | Ids, field: Field) -> Split:
    """Where the hosts are; packets without an IP header are nowhere."""
    kind = field.place or "region"
    places = place_values(store, kind)
    codes = np.append(places.codes, -1)
    nowhere = (columns.present[at] & np.uint64(Has.IP | Has.IPV6)) == 0
    numbers: list[Ids] = []
    for name in field.columns:
        code = codes[np.minimum(getattr(columns, name)[at], len(codes) - 1)]
        code[nowhere] = -1
        numbers.append(code.astype(np.uint32))
    if len(numbers) == 2:
        first, second = numbers
        second[second == first] = NOTHING
        alone = first == NOTHING  # the first value is that of the side which has one
        first[alone], second[alone] = second[alone], NOTHING
    return _split(field, numbers, len(places.names), lambda number: places.names[number] if kind != "asn" else places.short(number))


def _constant(columns: Columns, at: slice | Ids, field: Field) -> Keys:
    """A field whose value follows from which of its bits are there (ip.version)."""
    present = columns.present[at]
    numbers = np.full(len(present), NOTHING, np.uint32)
    for has, value in zip(field.has, field.constants, strict=True):
        numbers[(present & np.uint64(has)) == np.uint64(has)] = value
    return Keys(numbers, 0, field.maximum + 1)


def _shown(field: Field) -> Callable[[int], Cell]:
    if field.base == 10:
        return int
    digits = 4 if field.judged else 2 * PACKET_COLUMNS[field.columns[0]].itemsize
    return lambda number: f"0x{number:0{digits}x}"
