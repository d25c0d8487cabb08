"""A filter decided on columns in memory, by NumPy alone: what `compile` says in SQL, for blocks of a file and without the engine.

Loading the engine and the SQL trees takes longer than looking through a capture of a gigabyte for one address.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping
from typing import Any as Whatever

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.decode.columns import NO_TIME, Columns, Has
from netsleuth_tui.errors import NetSleuthError
from netsleuth_tui.query.choosing import INVERSE, TESTS, field_of_packets, finder, place_test, sought_place
from netsleuth_tui.query.fields import JUDGED, NUMBER, PROTOCOLS, Field
from netsleuth_tui.query.hosts import HostLookup, HostSet, hosts_among, hosts_at, hosts_in_relation
from netsleuth_tui.query.nodes import (
    Address,
    All,
    Any,
    Comparison,
    Either,
    Instant,
    Membership,
    Node,
    Not,
    Number,
    Present,
    Range,
    Reference,
    Relation,
    Search,
    Text,
    Value,
    names_of,
)
from netsleuth_tui.query.place_values import Nowhere, PlaceLookup
from netsleuth_tui.query.values import LABELS

__all__ = ["judge", "refuse_judged"]

Mask = NDArray[np.bool_]

_OF_IP = np.uint64(Has.IP | Has.IPV6)
"""Places are those of the addresses of an IP header, not of ARP."""

_RELATIONS: Mapping[Relation, Callable[[Whatever, Whatever], Mask]] = {
    "==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip


_INSTEAD = {
    "esp.": "filter by esp.spi and a time instead",
    "frame.process": "filter by the ports of the process, or write its packets from the app, where all are known",
}


def refuse_judged(node: Node) -> None:
    """Refuse a filter that judges packets by others, where each is looked at alone.

    Raises:
        NetSleuthError: It names a field that follows from other packets of the capture, or from its place among the files.
    """
    for name in names_of(node):
        if name == "source":
            raise NetSleuthError(
                "source counts files that are loaded, and here each file is looked at alone", hint="name only the files meant"
            )
        if name in JUDGED:
            reason = f"{name} follows from other packets of the capture, and here each packet is looked at alone"
            raise NetSleuthError(reason, hint=next((hint for begin, hint in _INSTEAD.items() if name.startswith(begin)), ""))


def judge(node: Node, columns: Columns, numbers: NDArray[np.uint32], hosts: HostLookup, places: PlaceLookup | None = None) -> Mask:
    """Which rows satisfy a filter.

    Args:
        node: The filter; fields that follow from other packets are absent here (see `refuse_judged`).
        columns: The rows.
        numbers: frame.number of each.
        hosts: The addresses that the columns number.
        places: Knows where these are; without it nothing is anywhere.
    """
    return _Judge(columns, numbers, hosts, places or Nowhere()).node(node)


class _Judge:
    """Answers for the rows of one block."""

    def __init__(self, columns: Columns, numbers: NDArray[np.uint32], hosts: HostLookup, places: PlaceLookup) -> None:
        self.columns = columns
        self.numbers = numbers
        self.hosts = hosts
        self.places = places

    def node(self, node: Node) -> Mask:
        if isinstance(node, Not):
            return ~self.node(node.term)
        if isinstance(node, All | Any | Either):
            join = np.logical_and if isinstance(node, All) else np.logical_or if isinstance(node, Any) else np.logical_xor
            first, *others = node.terms
            found = self.node(first)
            for term in others:
                found = join(found, self.node(term))
            return found
        return self._leaf(node)

    def _leaf(self, node: Present | Membership | Search | Comparison) -> Mask:
        name = node.name if isinstance(node, Present) else node.left.name
        if name in PROTOCOLS:
            return self._has(PROTOCOLS[name])
        field = field_of_packets(name)
        if field is None or field.judged:
            return self._all(value=False)
        if isinstance(node, Present):
            return self._any(self._at(field, lambda _: True)) if field.kind == "place" else self._any(self._there(field))
        if field.kind == "place":
            return self._place(field, node)
        if isinstance(node, Search):
            return self._labelled(finder(node))
        return self._among(field, node) if isinstance(node, Membership) else self._comparison(field, node)

    def _comparison(self, field: Field, node: Comparison) -> Mask:
        if isinstance(node.right, Reference):
            return self._between(field, node, node.right)
        if field.kind == "label" and isinstance(node.right, Text):
            text, relation = node.right.value, node.relation
            return self._labelled(lambda label: TESTS[relation](label, text))
        if not node.every:
            return self._any(self._occurrences(field, node, node.relation))
        return self._any(self._there(field)) & ~self._any(self._occurrences(field, node, INVERSE[node.relation]))

    def _occurrences(self, field: Field, node: Comparison, relation: Relation) -> Iterator[Mask]:
        """For each occurrence of the field whether it is there and stands in the relation to the value."""
        value = node.right
        if isinstance(value, Address):
            yield from self._hosts(field, hosts_in_relation(self.hosts, relation, value))
            return
        number = _number(value)
        for i, there in enumerate(self._there(field)):
            yield there & _RELATIONS[relation](self._value(field, i, node.left.mask), number)

    def _among(self, field: Field, node: Membership) -> Mask:
        if field.kind == "address":
            items = [item for item in node.items if isinstance(item, Address | Range)]
            return self._any(self._hosts(field, hosts_among(self.hosts, items, field.version)))
        if field.kind == "label":
            wanted = {item.value for item in node.items if isinstance(item, Text)}
            return self._labelled(wanted.__contains__)
        return self._any(there & _within(self._value(field, i, node.left.mask), node) for i, there in enumerate(self._there(field)))

    def _between(self, first: Field, node: Comparison, right: Reference) -> Mask:
        """Every occurrence of the one field is compared with every occurrence of the other."""
        second = field_of_packets(right.name)
        if second is None or second.judged:
            return self._all(value=False)
        relation = _RELATIONS[INVERSE[node.relation] if node.every else node.relation]
        one, other = list(self._there(first)), list(self._there(second))
        pairs = (
            one[i] & other[k] & relation(self._value(first, i, node.left.mask), self._value(second, k, right.mask))
            for i in range(len(one))
            for k in range(len(other))
        )
        found = self._any(pairs)
        return self._any(one) & self._any(other) & ~found if node.every else found

    def _place(self, field: Field, node: Membership | Search | Comparison) -> Mask:
        """A place is what it is called, in upper or lower case, or by its other spelling."""
        if isinstance(node, Search):
            found = finder(node)
            return self._any(self._at(field, lambda spelled: any(map(found, spelled))))
        if isinstance(node, Membership):
            wanted = {item.value.casefold() for item in node.items if isinstance(item, Text)}
            return self._any(self._at(field, lambda spelled: any(name.casefold() in wanted for name in spelled)))
        sought = sought_place(field, node.right.value if isinstance(node.right, Text) else "")
        relation = INVERSE[node.relation] if node.every else node.relation
        found_at = self._any(self._at(field, place_test(sought, relation)))
        return self._any(self._at(field, lambda _: True)) & ~found_at if node.every else found_at

    def _at(self, field: Field, chosen: Callable[[tuple[str, str]], bool]) -> Iterator[Mask]:
        found = hosts_at(self.places.values(field.place or "region", len(self.hosts.version)), chosen)
        of_ip = (self.columns.present & _OF_IP) != 0
        return (of_ip & mask for mask in self._hosts(field, found))

    def _hosts(self, field: Field, found: HostSet) -> Iterator[Mask]:
        table = np.zeros(max(len(self.hosts.version), 1), np.bool_)
        table[found.inside] = True
        for name, there in zip(field.columns, self._there(field), strict=True):
            yield there & np.take(table, getattr(self.columns, name), mode="clip")

    def _there(self, field: Field) -> Iterator[Mask]:
        """For each occurrence of a field whether it is there."""
        if field.kind == "time":
            return iter([self.columns.time != NO_TIME])
        return map(self._has, field.has)

    def _value(self, field: Field, index: int, mask: int | None) -> NDArray[Whatever]:
        """The values of one occurrence."""
        if field.constants:
            return np.array(field.constants[index] if mask is None else field.constants[index] & mask)
        name = field.columns[index]
        value: NDArray[Whatever] = self.numbers if name == NUMBER else getattr(self.columns, name)
        if field.mask:
            value = (value & value.dtype.type(field.mask)) >> value.dtype.type(field.shift)
        return value if mask is None else value & value.dtype.type(mask)

    def _labelled(self, chosen: Callable[[str], bool]) -> Mask:
        """The label of the frame's protocol is chosen."""
        found: Mask = np.array([chosen(label) for label in LABELS], np.bool_)[self.columns.protocol]
        return found

    def _has(self, bits: int) -> Mask:
        found: Mask = (self.columns.present & np.uint64(bits)) == np.uint64(bits)
        return found

    def _any(self, masks: Iterator[Mask] | list[Mask]) -> Mask:
        found = self._all(value=False)
        for mask in masks:
            found |= mask
        return found

    def _all(self, *, value: bool) -> Mask:
        return np.full(len(self.columns.row), value, np.bool_)


def _within(values: NDArray[Whatever], node: Membership) -> NDArray[Whatever]:
    """Whether each value is one of a set's."""
    numbers = [item.value for item in node.items if isinstance(item, Number | Instant)]
    found = np.zeros(np.shape(values), np.bool_)
    for number in numbers:
        found = found | (values == number)
    for item in node.items:
        if isinstance(item, Range):
            found = found | (values >= _number(item.low)) & (values <= _number(item.high))
    return found


def _number(value: Value | Reference) -> int:
    if isinstance(value, Number | Instant):
        return value.value
    raise AssertionError(value)
