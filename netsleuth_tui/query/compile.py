"""From a syntax tree to a predicate over the packet columns, with Wireshark's rules for fields that are absent or occur twice.

An absent field's column holds 0, so a test must be joined by a look at `present`. Three things keep that cheap: the column is tested first,
bits that only say "this field is there" are left out where the test cannot hold for 0, and alternatives share one look.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from sqlglot import exp

from netsleuth_tui.decode.columns import NO_TIME, Has
from netsleuth_tui.query import sql
from netsleuth_tui.query.choosing import INVERSE, TESTS, field_of_packets, finder, place_test, sought_place
from netsleuth_tui.query.fields import JUDGED, PROTOCOLS, Field
from netsleuth_tui.query.hosts import HostLookup, HostSet, hosts_among, hosts_at, hosts_in_relation
from netsleuth_tui.query.nodes import (
    Address,
    All,
    Any,
    Comparison,
    Duration,
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
from netsleuth_tui.query.sql import FALSE, TRUE, Sql
from netsleuth_tui.query.values import LABELS
from netsleuth_tui.store.lookup import Lookup, PerRow

__all__ = ["Judged", "Predicate", "predicate"]


class Judged(Protocol):
    """What knows fields that follow from other packets."""

    def values(self, name: str) -> NDArray[np.integer]:
        """The values of a column by row id, 0 where there is none; rows beyond them have none."""
        ...

    def names(self, name: str) -> Sequence[str]:
        """What the numbers of a column stand for that holds text, from 1."""
        ...

    def matching(self, texts: Sequence[str], expression: str) -> NDArray[np.bool_]:
        """Which texts match a regular expression, case ignored."""
        ...


class _Nothing:
    def values(self, name: str) -> NDArray[np.integer]:  # noqa: ARG002
        return np.zeros(0, np.uint32)

    def names(self, name: str) -> Sequence[str]:  # noqa: ARG002
        return ("",)

    def matching(self, texts: Sequence[str], expression: str) -> NDArray[np.bool_]:  # noqa: ARG002
        return np.zeros(len(texts), np.bool_)


_LAYERS = (1 << 32) - 1
"""Bits of `present` that say which protocol a shared column belongs to; the others say that a field is there."""

_HOST_IDS = 1 << 32

_OF_IP = int(Has.IP | Has.IPV6)
"""Places are those of the addresses of an IP header, not of ARP."""

_HAS_TIME = sql.compare(sql.column("time"), ">=", sql.literal(NO_TIME + 1))


@dataclass(frozen=True, slots=True)
class Predicate:
    """A filter that the engine can run."""

    sql: Sql
    """Boolean and never NULL, over the columns of `decode.columns.Columns`, `number` (frame.number), and those of `lookups`."""

    lookups: tuple[Lookup | PerRow, ...]
    """Columns that say of each row whether its host is one of many, or what follows from other packets."""
    whole: bool = False
    """Rows that are loaded later change what holds for the earlier ones."""


@dataclass(frozen=True, slots=True)
class _Test:
    """A test of one column."""

    some: list[Sql]
    """It holds if one of these does."""
    holds_if_absent: bool
    """Whether it holds for the value that the column has where the field is absent."""


def predicate(node: Node, hosts: HostLookup, judged: Judged | None = None, *, places: PlaceLookup | None = None) -> Predicate:
    """Compile a tree against the addresses known now; hosts that are added later need a new predicate.

    Args:
        node: The tree.
        hosts: The addresses.
        judged: Knows fields that follow from other packets; without it no packet has them.
        places: Knows where the addresses are; without it nothing is anywhere.
    """
    judged = judged or _Nothing()
    compiler = _Compiler(hosts, places or Nowhere(), judged)
    found = compiler.node(node, holds=True)
    named = {column.name for column in found.find_all(exp.Column)}
    wanted = list(dict.fromkeys(field.columns[0] for field in JUDGED.values() if field.columns[0] in named))
    is_judged = any(name in JUDGED for name in names_of(node))  # also where no text is found, and no column is left
    return Predicate(found.copy(), (*compiler.lookups, *(PerRow(name, judged.values(name)) for name in wanted)), whole=is_judged)


class _Compiler:
    """Collects the lookups on its way through a tree."""

    def __init__(self, hosts: HostLookup, places: PlaceLookup, judged: Judged) -> None:
        self.hosts = hosts
        self.places = places
        self.judged = judged
        self.lookups: list[Lookup] = []

    def node(self, node: Node, *, holds: bool) -> Sql:
        """The node, or where not `holds`, its opposite: moving `not` inwards keeps the SQL shallow."""
        if isinstance(node, Not):
            return self.node(node.term, holds=not holds)
        if isinstance(node, All | Any):
            terms = [self.node(term, holds=holds) for term in node.terms]
            return sql.both(terms) if isinstance(node, All) == holds else sql.either(terms)
        if isinstance(node, Either):
            return _odd([self.node(node.terms[0], holds=holds), *(self.node(term, holds=True) for term in node.terms[1:])])
        leaf = self._leaf(node)
        return leaf if holds else sql.negated(leaf)

    def _leaf(self, node: Present | Membership | Search | Comparison) -> Sql:
        name = node.name if isinstance(node, Present) else node.left.name
        if name in PROTOCOLS:
            return sql.has_bits("present", PROTOCOLS[name])
        field = field_of_packets(name)
        if field is None:  # packets have no fields of events
            return FALSE
        if isinstance(node, Present) or field.kind == "place":
            return self._exists(field) if isinstance(node, Present) else self._place(field, node)
        if field.kind == "text" and not (isinstance(node, Comparison) and isinstance(node.right, Reference)):
            return self._text(field, node)
        if isinstance(node, Search):
            return _labelled(finder(node))
        return self._membership(field, node) if isinstance(node, Membership) else self._comparison(field, node)

    def _comparison(self, field: Field, node: Comparison) -> Sql:
        if isinstance(node.right, Reference):
            return _between_fields(node, node.right)
        if node.every:
            return sql.both([_exists(field), sql.negated(self._occurs(field, node, INVERSE[node.relation]))])
        return self._occurs(field, node, node.relation)

    def _occurs(self, field: Field, node: Comparison, relation: Relation) -> Sql:
        """At least one occurrence of the field stands in the relation to the value."""
        value = node.right
        if isinstance(value, Text):
            text = value.value
            return _labelled(lambda label: TESTS[relation](label, text))
        if isinstance(value, Address):
            return self._among_hosts(field, hosts_in_relation(self.hosts, relation, value))
        if isinstance(value, Number | Instant | Duration):
            number = value.value
            return _any(field, (_number_test(field, i, node.left.mask, relation, number) for i in range(len(field.columns))))
        raise AssertionError(value)

    def _exists(self, field: Field) -> Sql:
        return self._at(field, lambda _: True) if field.kind == "place" else _exists(field)

    def _place(self, field: Field, node: Membership | Search | Comparison) -> Sql:
        """A place is what it is called, in upper or lower case, or by its other spelling."""
        if isinstance(node, Search):
            found = finder(node)
            return self._at(field, lambda spelled: any(map(found, spelled)))
        if isinstance(node, Membership):
            wanted = {item.value.casefold() for item in node.items if isinstance(item, Text)}
            return self._at(field, lambda spelled: any(name.casefold() in wanted for name in spelled))
        sought = sought_place(field, node.right.value if isinstance(node.right, Text) else "")  # the parser lets nothing else through
        test = place_test(sought, INVERSE[node.relation] if node.every else node.relation)
        found_at = self._at(field, test)
        return sql.both([self._exists(field), sql.negated(found_at)]) if node.every else found_at

    def _text(self, field: Field, node: Membership | Search | Comparison) -> Sql:
        """There are few texts, so they are tested here, not in SQL."""
        self.judged.values(field.columns[0])  # which make the numbers
        texts = self.judged.names(field.columns[0])[1:]
        if isinstance(node, Search) and node.how == "matches":
            chosen = self.judged.matching(texts, node.text.value).tolist()
        elif isinstance(node, Search):
            chosen = [node.text.value in text for text in texts]
        elif isinstance(node, Membership):
            wanted = {item.value for item in node.items if isinstance(item, Text)}
            chosen = [text in wanted for text in texts]
        else:
            sought = node.right.value if isinstance(node.right, Text) else ""
            chosen = [TESTS[node.relation](text, sought) for text in texts]
        codes = [code for code, is_chosen in enumerate(chosen, 1) if is_chosen]
        return sql.some(sql.among(sql.column(field.columns[0]), codes, limit=_HOST_IDS))

    def _at(self, field: Field, chosen: Callable[[tuple[str, str]], bool]) -> Sql:
        """The place of one of the hosts is chosen."""
        found = hosts_at(self.places.values(field.place or "region", len(self.hosts.version)), chosen)
        tests = [test for name in field.columns for test in self._host_test(name, found).some]
        of_ip = sql.compare(sql.masked(sql.column("present"), _OF_IP), "!=", sql.literal(0))
        return sql.both([sql.some(tests), sql.has_bits("present", field.has[0]), of_ip])

    def _membership(self, field: Field, node: Membership) -> Sql:
        if field.kind == "address":
            items = [item for item in node.items if isinstance(item, Address | Range)]
            return self._among_hosts(field, hosts_among(self.hosts, items, field.version))
        if field.kind == "label":
            wanted = {item.value for item in node.items if isinstance(item, Text)}
            return _labelled(wanted.__contains__)
        return _any(field, (_set_test(field, i, node) for i in range(len(field.columns))))

    def _among_hosts(self, field: Field, found: HostSet) -> Sql:
        return _any(field, (self._host_test(name, found) for name in field.columns))

    def _host_test(self, name: str, found: HostSet) -> _Test:
        if not len(found.inside):
            return _Test([], holds_if_absent=False)
        if not len(found.outside):
            return _Test([TRUE], holds_if_absent=True)
        value = sql.column(name)
        if len(found.outside) <= sql.LISTED < len(found.inside):
            others = sql.some(sql.among(value, found.outside.tolist(), limit=_HOST_IDS))
            return _Test([sql.negated(others)], holds_if_absent=True)
        zero = bool(found.inside[0] == 0)
        if len(found.inside) <= sql.LISTED:
            return _Test(sql.among(value, found.inside.tolist(), limit=_HOST_IDS), holds_if_absent=zero)
        table = np.zeros(len(self.hosts.version), np.uint8)
        table[found.inside] = 1
        lookup = Lookup(f"{name}_among_{len(self.lookups)}", "src" if name == "src" else "dst", table)
        self.lookups.append(lookup)
        return _Test([sql.column(lookup.name)], holds_if_absent=zero)


def _odd(terms: list[Sql]) -> Sql:
    """An odd number of terms holds; as a balanced tree, which stays shallow however long the chain."""
    while len(terms) > 1:
        pairs = [sql.differ(terms[i], terms[i + 1]) for i in range(0, len(terms) - 1, 2)]
        terms = [*pairs, *terms[2 * len(pairs) :]]
    return terms[0]


def _guard(field: Field, has: int) -> Sql:
    if field.judged:
        return sql.compare(_unshifted(field, 0, None)[0], "!=", sql.literal(0))
    return _HAS_TIME.copy() if field.kind == "time" else sql.has_bits("present", has)


def _exists(field: Field) -> Sql:
    """At least one occurrence of the field is there; two that need different bits differ in one bit each."""
    if len(field.has) == 1:
        return _guard(field, field.has[0])
    common = field.has[0]
    for has in field.has[1:]:
        common &= has
    own = [has & ~common for has in field.has]
    if not all(own):
        return sql.has_bits("present", common)
    some = sql.compare(sql.masked(sql.column("present"), sum(own)), "!=", sql.literal(0))
    return sql.both([sql.has_bits("present", common), some])


def _any(field: Field, tests: Iterable[_Test]) -> Sql:
    """One occurrence passes its test; occurrences that need the same look at `present` share it."""
    shared: dict[int, list[Sql]] = {}
    for test, has in zip(tests, field.has, strict=True):
        shared.setdefault(_needed(field, has, test), []).extend(test.some)
    return sql.either(sql.both([sql.some(found), _guard(field, need) if need else TRUE]) for need, found in shared.items())


def _needed(field: Field, has: int, test: _Test) -> int:
    """What the test must be joined by: bits of `present`, or for a time whether there must be one; 0 for nothing."""
    if field.kind == "time" or field.judged:
        return int(test.holds_if_absent)
    return has if test.holds_if_absent else has & _LAYERS


def _number_test(field: Field, index: int, mask: int | None, relation: Relation, number: int) -> _Test:
    if field.constants:
        value = field.constants[index] if mask is None else field.constants[index] & mask
        return _Test([TRUE] if TESTS[relation](value, number) else [], holds_if_absent=True)
    absent = NO_TIME if field.kind == "time" else 0
    left, shift = _unshifted(field, index, mask)
    return _Test([sql.compare(left, relation, sql.literal(number << shift))], TESTS[relation](absent, number))


def _set_test(field: Field, index: int, node: Membership) -> _Test:
    numbers = sorted({item.value for item in node.items if isinstance(item, Number | Instant | Duration)})
    ranges = sorted({(_number(item.low), _number(item.high)) for item in node.items if isinstance(item, Range)})
    if field.constants:
        value = field.constants[index] & (field.maximum if node.left.mask is None else node.left.mask)
        found = value in numbers or any(low <= value <= high for low, high in ranges)
        return _Test([TRUE] if found else [], holds_if_absent=True)
    left, shift = _unshifted(field, index, node.left.mask)
    scaled = [(low << shift, high << shift) for low, high in ranges]
    at_zero = field.kind != "time" and (0 in numbers or any(low == 0 for low, _ in ranges))
    limit = (field.mask or field.maximum) + 1
    return _Test(sql.among(left, [number << shift for number in numbers], scaled, limit=limit), holds_if_absent=at_zero)


def _number(value: Value) -> int:
    if isinstance(value, Number | Instant | Duration):
        return value.value
    raise AssertionError(value)


def _unshifted(field: Field, index: int, mask: int | None) -> tuple[Sql, int]:
    """The field's bits where they lie in the column, and how far values must be shifted to be compared with them."""
    value = sql.column(field.columns[index])
    if mask is None:
        return (sql.masked(value, field.mask), field.shift) if field.mask else (value, 0)
    own = (mask << field.shift) & field.mask if field.mask else mask
    return sql.masked(value, own), field.shift


def _value(field: Field, index: int, mask: int | None) -> Sql:
    """The value of one occurrence."""
    if field.constants:
        return sql.literal(field.constants[index] if mask is None else field.constants[index] & mask)
    found, shift = _unshifted(field, index, mask)
    return exp.Paren(this=exp.BitwiseRightShift(this=found, expression=sql.literal(shift))) if shift else found


def _between_fields(node: Comparison, right: Reference) -> Sql:
    """Every occurrence of the one field is compared with every occurrence of the other."""
    first, second = field_of_packets(node.left.name), field_of_packets(right.name)
    if first is None or second is None:
        return FALSE
    relation = INVERSE[node.relation] if node.every else node.relation
    pairs = [
        sql.both(
            [
                sql.compare(_value(first, i, node.left.mask), relation, _value(second, k, right.mask)),
                *([_guard(first, first.has[i] | second.has[k])] if not (first.judged or second.judged) else _guards(first, i, second, k)),
            ]
        )
        for i in range(len(first.columns))
        for k in range(len(second.columns))
    ]
    if not node.every:
        return sql.either(pairs)
    return sql.both([_exists(first), _exists(second), sql.negated(sql.either(pairs))])


def _guards(first: Field, i: int, second: Field, k: int) -> list[Sql]:
    return [_guard(first, first.has[i]), _guard(second, second.has[k])]


def _labelled(chosen: Callable[[str], bool]) -> Sql:
    """The label of the frame's protocol is chosen: there are few labels, so they are tested here, not in SQL."""
    codes = [code for code, label in enumerate(LABELS) if chosen(label)]
    return TRUE if len(codes) == len(LABELS) else sql.some(sql.among(sql.column("protocol"), codes, limit=len(LABELS)))
