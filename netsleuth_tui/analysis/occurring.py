"""Which values a field has in the rows that are looked at, and how often: what completion offers while a value is typed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.analysis.addresses import address
from netsleuth_tui.analysis.event_occurring import CountedEvents, Occurrence, Occurring, count_event_values
from netsleuth_tui.analysis.halves import Part, count_in_halves
from netsleuth_tui.analysis.interval_counts import count_values as count_keys
from netsleuth_tui.analysis.judged_fields import judged_names
from netsleuth_tui.analysis.places import place_values
from netsleuth_tui.analysis.ranks import most_frequent
from netsleuth_tui.analysis.scope import Scope, rows_of
from netsleuth_tui.analysis.splits import split_by
from netsleuth_tui.analysis.values import field_numbers
from netsleuth_tui.decode.columns import PACKET_COLUMNS, Columns, Protocol
from netsleuth_tui.decode.hosts import Hosts
from netsleuth_tui.jit import kernel
from netsleuth_tui.query.fields import NAMED, Field
from netsleuth_tui.query.place_values import PlaceValues
from netsleuth_tui.query.prefixes import AddressPrefix, ranges_beginning
from netsleuth_tui.query.strings import quoted
from netsleuth_tui.store import Rows, Store

__all__ = ["Counted", "CountedEvents", "Occurrence", "Occurring", "count_values"]

PAGE_BITS = 16
PAGE = 1 << PAGE_BITS
"""Values are counted in pages of this many: of 2^32 possible values, mostly few pages occur."""

MOST_PAGES = 64
"""More pages than these (8 bytes for each value) are not counted: then nearly every packet has a value of its own."""

OWN_VALUE = frozenset({"frame.number", "frame.time", "frame.time_epoch", "frame.offset"})
"""Fields that are different in every frame; so are those that hold a length of time."""

_EVERY_BIT = (1 << 32) - 1

Counts = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Counted:
    """All values of a field in the rows of a scope; arrays of equal length, the most frequent value first."""

    field: Field
    values: Counts
    """Numbers as the column holds them: host ids for addresses, codes for labels."""
    packets: Counts
    complete: bool
    """All values were counted; else only those that begin with what was typed, or none where these are too many, too."""

    def beginning(self, store: Store, typed: str, most: int) -> Occurring:
        """The `most` frequent values whose text begins with `typed`."""
        values, packets = self.values, self.packets
        chosen, matches = _narrowing(self.field, store, values, typed)
        values, packets = values[chosen], packets[chosen]
        write = _writer(self.field, store)
        found: list[Occurrence] = []
        refused = 0
        for value, count in zip(values.tolist(), packets.tolist(), strict=True):
            if len(found) == most and matches is None:
                break
            text = write(value)
            if matches is not None and not matches(text):
                refused += 1
            elif len(found) < most:
                found.append(Occurrence(text, count))
        return Occurring(tuple(found), len(values) - refused - len(found), too_many=not self.complete and not len(self.values))


def count_values(store: Store, scope: Scope, name: str, typed: str = "") -> Counted | CountedEvents:
    """Count the values of a field in the rows of a scope; a packet in which it occurs twice with one value counts once.

    A field of events is counted in the events of the scope.

    Args:
        store: What was loaded.
        scope: What is looked at.
        name: The field.
        typed: Begin of a value; it helps only where there are too many different ones without it.

    Raises:
        NetSleuthError: The filter of the scope is not valid, or the question was interrupted.
    """
    if name not in NAMED:
        return count_event_values(store, scope, name)
    field = NAMED[name]
    if field.judged and field.kind != "duration":
        return _judged(store, scope, field)
    if name in OWN_VALUE or field.judged:
        return Counted(field, np.empty(0, np.int64), np.empty(0, np.int64), complete=False)
    rows, columns = rows_of(store, scope), store.columns()
    if field.constants or field.place is not None:
        return _sorted(field, *(_constants(field, columns, rows) if field.constants else _at_places(store, rows, name)), complete=True)
    pages, complete = _pages(field, store, columns, rows, typed)
    if pages is None:
        return Counted(field, np.empty(0, np.int64), np.empty(0, np.int64), complete=False)
    size = (int(pages.max(initial=-1)) + 1) * PAGE
    counts = _count_pages(columns, rows, field, pages, size)
    if len(field.columns) == 2:
        counts -= _twice(columns, rows, field, pages, len(counts))
    places = np.flatnonzero(counts)
    bases = np.flatnonzero(pages >= 0)
    values = bases[places >> PAGE_BITS] * PAGE + (places & PAGE - 1)
    hosts = store.hosts.known() if field.kind == "address" else None
    return _sorted(field, values, counts[places], complete=complete, hosts=hosts)


def _judged(store: Store, scope: Scope, field: Field) -> Counted:
    from netsleuth_tui.analysis.judged_fields import judged_values

    rows = rows_of(store, scope)
    found = judged_values(store, field.columns[0])[_of(rows)]
    if field.mask:
        found = (found & found.dtype.type(field.mask)) >> found.dtype.type(field.shift)
    values, packets = np.unique(found, return_counts=True)
    first = int(len(values) > 0 and values[0] == 0)  # 0 stands for its absence
    return _sorted(field, values[first:].astype(np.int64), packets[first:], complete=True)


def _sorted(field: Field, values: Counts, packets: Counts, *, complete: bool, hosts: Hosts | None = None) -> Counted:
    order = most_frequent(packets, len(packets), hosts, values)
    return Counted(field, values[order].astype(np.int64), packets[order], complete)


def _constants(field: Field, columns: Columns, rows: Rows) -> tuple[Counts, Counts]:
    present = columns.present[_of(rows)]
    packets = [int(np.count_nonzero((present & np.uint64(has)) == np.uint64(has))) for has in field.has]
    found = [k for k, count in enumerate(packets) if count]
    return np.array([field.constants[k] for k in found], np.int64), np.array([packets[k] for k in found], np.int64)


def _at_places(store: Store, rows: Rows, name: str) -> tuple[Counts, Counts]:
    split = split_by(store, rows, name)
    packets = sum((count_keys(store.columns(), rows, keys)[:-1] for keys in split.keys), np.zeros(split.keys[0].size, np.int64))
    found = np.flatnonzero(packets)
    return found, packets[found]


def _of(rows: Rows) -> slice | NDArray[np.uint32]:
    return slice(rows.first, rows.last) if rows.ids is None else rows.ids[rows.first : rows.last]


# Counting


def _count_numpy(
    ids: NDArray[np.uint32], use_ids: bool, first: int, last: int, present: NDArray[np.uint64], has: int,
    narrow: NDArray[np.uint8], short: NDArray[np.uint16], wide: NDArray[np.uint32], octets: int,
    mask: int, shift: int, pages: Counts, counts: Counts,
) -> None:  # fmt: skip
    """What the kernel does, in NumPy: for the time before it is compiled."""
    rows = ids[first:last] if use_ids else slice(first, last)
    columns: dict[int, NDArray[Any]] = {1: narrow, 2: short, 4: wide}
    column = columns[octets]
    there = (present[rows] & np.uint64(has)) == np.uint64(has)
    value = (column[rows][there].astype(np.int64) & mask) >> shift
    page = pages[value >> PAGE_BITS]
    place = (page << PAGE_BITS | value & PAGE - 1)[page >= 0]
    counts += np.bincount(place, minlength=len(counts))


@kernel(plain=_count_numpy)
def _count(
    ids: NDArray[np.uint32], use_ids: bool, first: int, last: int, present: NDArray[np.uint64], has: int,
    narrow: NDArray[np.uint8], short: NDArray[np.uint16], wide: NDArray[np.uint32], octets: int,
    mask: int, shift: int, pages: Counts, counts: Counts,
) -> None:  # fmt: skip
    """Count the values of the column of `octets` bytes (the other two are empty) in the rows `first` to `last` that have all bits of `has`.

    The value is `(column & mask) >> shift`; `pages` says for its upper bits on which page of `counts` it belongs, or -1 for none.
    """
    for j in range(first, last):
        i = np.int64(ids[j]) if use_ids else np.int64(j)
        if np.int64(present[i]) & has != has:
            continue
        if octets == 2:
            value = np.int64(short[i])
        elif octets == 1:
            value = np.int64(narrow[i])
        else:
            value = np.int64(wide[i])
        value = (value & mask) >> shift
        page = pages[value >> PAGE_BITS]
        if page >= 0:
            counts[page << PAGE_BITS | value & PAGE - 1] += 1


def _count_pages(columns: Columns, rows: Rows, field: Field, pages: Counts, size: int, *, upper: bool = False) -> Counts:
    """Count all occurrences of the field on pages of `size` values together; with `upper`, without their lowest `PAGE_BITS`."""
    mask, shift = field.mask or _EVERY_BIT, PAGE_BITS if upper else field.shift

    def count(part: Part, counts: Counts) -> None:
        for name, has in zip(field.columns, field.has, strict=True):
            column = getattr(columns, name)
            octets = column.dtype.itemsize
            narrow, short, wide = (column if octets == k else np.empty(0, f"u{k}") for k in (1, 2, 4))
            _count(*part, columns.present, has, narrow, short, wide, octets, mask, shift, pages, counts)

    return count_in_halves(rows, lambda: np.zeros(size, np.int64), count)


def _pages(field: Field, store: Store, columns: Columns, rows: Rows, typed: str) -> tuple[Counts | None, bool]:
    """The page of each upper half of a value, -1 for none; None where there are too many of them; and whether they are all that occur."""
    if field.kind == "address":
        return np.arange((store.hosts.count >> PAGE_BITS) + 1, dtype=np.int64), True
    if PACKET_COLUMNS[field.columns[0]].itemsize < 4:
        return np.zeros(1, np.int64), True
    occur = _count_pages(columns, rows, field, np.zeros(1, np.int64), PAGE, upper=True)
    complete = bool(np.count_nonzero(occur) <= MOST_PAGES)
    if not complete:
        occur[~_within(np.arange(PAGE), [(low // PAGE, high // PAGE) for low, high in ranges_beginning(typed, field)])] = 0
    found = np.flatnonzero(occur)
    if len(found) > MOST_PAGES:
        return None, False
    pages = np.full(PAGE, -1, np.int64)
    pages[found] = np.arange(len(found))
    return pages, complete


def _twice(columns: Columns, rows: Rows, field: Field, pages: Counts, size: int) -> Counts:
    """How many packets hold each value in both occurrences of the field: they were counted twice."""
    chosen = _of(rows)
    one, other = (getattr(columns, name)[chosen] for name in field.columns)
    same = np.flatnonzero(one == other)
    ids = (rows.first + same if rows.ids is None else rows.ids[rows.first + same]).astype(np.uint32)
    value, there = field_numbers(columns, ids, field, 0)
    value = value[there & field_numbers(columns, ids, field, 1)[1]].astype(np.int64)
    return np.bincount(pages[value >> PAGE_BITS] << PAGE_BITS | value & PAGE - 1, minlength=size)


# Writing


def _writer(field: Field, store: Store) -> Callable[[int], str]:
    """From a value to the text that stands for it in a filter."""
    if field.kind == "address":
        return lambda host: address(store.hosts, host)
    if field.place is not None:
        places = place_values(store, field.place)
        return lambda code: quoted(places.short(code))
    if field.kind == "text":
        texts = judged_names(store, field.columns[0])
        return lambda code: quoted(texts[code])
    if field.kind == "label":
        return lambda code: f'"{Protocol(code).label}"'
    return (lambda number: f"0x{number:x}") if field.base == 16 else str


def _narrowing(field: Field, store: Store, values: Counts, typed: str) -> tuple[NDArray[np.bool_], Callable[[str], bool] | None]:
    """Which values can begin with what was typed, and a test of their texts where that does not decide it."""
    everything = np.ones(len(values), np.bool_)
    if not typed:
        return everything, None
    if field.place is not None:
        return _beginning(place_values(store, field.place), values, typed.strip('"').casefold()), None
    if field.kind == "text":
        return _with_part(judged_names(store, field.columns[0]), values, typed.casefold()), None
    if field.kind == "label":
        return everything, lambda text: text.lower().startswith(f'"{typed.strip(chr(34)).lower()}')
    if field.kind == "address":
        prefix = AddressPrefix.of(typed, field.version)
        hosts = store.hosts
        inside = prefix.among(hosts.hi[values], hosts.lo[values])
        return inside, prefix.test if field.version == 6 else None
    return _within(values, ranges_beginning(typed, field)), None


def _beginning(places: PlaceValues, codes: Counts, typed: str) -> NDArray[np.bool_]:
    """Places of which one spelling begins with what was typed, in upper or lower case."""
    spelled = [(places.names[code], places.short(code)) for code in codes.tolist()]
    return np.array([any(name.casefold().startswith(typed) for name in names) for names in spelled], np.bool_)


def _with_part(texts: Sequence[str], codes: Counts, typed: str) -> NDArray[np.bool_]:
    """Texts that have what was typed anywhere, in upper or lower case: of a path few people type the beginning."""
    is_raw = typed.startswith('r"')
    sought = typed.removeprefix('r"').removeprefix('"').removesuffix('"')
    shown = (texts[code] if is_raw else quoted(texts[code]) for code in codes.tolist())
    return np.array([sought in text.casefold() for text in shown], np.bool_)


def _within(values: Counts, ranges: Sequence[tuple[int, int]]) -> NDArray[np.bool_]:
    inside = np.zeros(len(values), np.bool_)
    for low, high in ranges:
        inside |= (values >= low) & (values <= high)
    return inside
