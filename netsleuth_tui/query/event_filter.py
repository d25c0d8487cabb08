"""From a syntax tree to the events that satisfy it: each distinct text is looked at once, then codes are looked up.

The rules are those of packets: an absent field makes a comparison false, `!=` included, and fields of packets are absent from all events.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import eq, ge, gt, le, lt, ne
from typing import Any as Whatever

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.query.event_fields import TIMES, event_field
from netsleuth_tui.query.fields import Field
from netsleuth_tui.query.nodes import (
    All,
    Any,
    Comparison,
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
)
from netsleuth_tui.store.event_values import Coded, EventValues, Numbers, is_coded, used_codes
from netsleuth_tui.store.lookup import look_up, take_codes

__all__ = ["Searcher", "matching_events"]

Mask = NDArray[np.bool_]

Searcher = Callable[[Sequence[str], str], Mask]
"""Which of many texts match a regular expression, case ignored, in time that grows with their length alone."""

_OPERATORS: dict[Relation, Callable[[Whatever, Whatever], Whatever]] = {"==": eq, "!=": ne, "<": lt, "<=": le, ">": gt, ">=": ge}

_SIGNED = range(-(1 << 63), 1 << 63)


def matching_events(node: Node, values: EventValues, search: Searcher, first: int, last: int) -> Mask:
    """Whether the filter keeps each of the events `first` to `last`.

    Args:
        node: The filter.
        values: Of the events.
        search: See `Searcher`.
        first: First row.
        last: One past the last row, of those that can be seen by now.
    """
    return _Test(values, search, slice(first, last)).node(node)


class _Test:
    """A range of rows that is being tested."""

    def __init__(self, values: EventValues, search: Searcher, rows: slice) -> None:
        self.values = values
        self.search = search
        self.rows = rows
        self.count = rows.stop - rows.start

    def node(self, node: Node) -> Mask:
        """Which rows satisfy a node; the array is the caller's own."""
        if isinstance(node, Not):
            found = self.node(node.term)
            return np.logical_not(found, out=found)
        if isinstance(node, All):
            return self._all(node)
        if isinstance(node, Present | Comparison | Membership | Search):
            return self._leaf(node)
        found = self.node(node.terms[0])
        join = np.logical_or if isinstance(node, Any) else np.logical_xor
        for term in node.terms[1:]:
            join(found, self.node(term), out=found)
        return found

    def _all(self, node: All) -> Mask:
        found = self.node(node.terms[0])
        for term in node.terms[1:]:
            if not found.any():
                break
            found &= self.node(term)
        return found

    def _leaf(self, node: Present | Comparison | Membership | Search) -> Mask:
        if isinstance(node, Present):
            return self._present(node.name)
        field = _of_events(node.left.name)
        if field is None or field.event is None:
            return self._none()
        if isinstance(node, Comparison) and isinstance(node.right, Reference):
            other = _of_events(node.right.name)
            return self._none() if other is None else self._pair(field, node, other, node.right)
        if is_coded(field.event):
            column = self._coded(field)
            return self._looked_up(column, lambda used: self._chosen(column, used, node))
        return self._compared(self._numbers(field, node.left.mask), node)

    def _none(self) -> Mask:
        return np.zeros(self.count, np.bool_)

    def _present(self, name: str) -> Mask:
        field = _of_events(name)
        if field is None or field.event is None:
            return self._none()
        if is_coded(field.event):
            found: Mask = self._coded(field).codes != 0
            return found
        there = self._numbers(field, None).there
        return np.ones(self.count, np.bool_) if there is None else there.copy()

    # Columns

    def _coded(self, field: Field) -> Coded:
        if field.event is None:
            raise AssertionError(field)
        column = self.values.coded(field.event)
        return Coded(column.codes[self.rows], column.texts)

    def _numbers(self, field: Field, mask: int | None) -> Numbers:
        """The numbers of a field: of event data those of its texts that are numbers."""
        if field.event is None:
            raise AssertionError(field)
        if is_coded(field.event):
            column = self._coded(field)
            numbers, there = column.texts.number(np.arange(column.texts.count))
            found = Numbers(numbers[column.codes], there[column.codes] & (column.codes != 0))
        else:
            whole = self.values.numbers(field.event)
            found = Numbers(whole.numbers[self.rows], None if whole.there is None else whole.there[self.rows])
        if mask is None:
            return found
        return Numbers(_masked(found.numbers, mask), found.there)

    # Texts

    def _looked_up(self, column: Coded, decide: Callable[[NDArray[np.int64]], Mask]) -> Mask:
        """Decide for each distinct text that occurs, and look the others up."""
        used = used_codes(column.codes, column.texts.count)
        chosen = used[decide(used)]
        if not len(chosen):
            return self._none()
        if len(chosen) == 1:
            one: Mask = column.codes == np.uint32(chosen[0])
            return one
        table = np.zeros(column.texts.count, np.uint8)
        table[chosen] = 1
        found = np.empty(self.count, np.uint8)
        look_up(table, column.codes, found)
        return found.view(np.bool_)

    def _chosen(self, column: Coded, used: NDArray[np.int64], node: Comparison | Membership | Search) -> Mask:
        """Which of the codes in use stand for texts that satisfy the node."""
        if isinstance(node, Search):
            texts = column.texts.many(used)
            if node.how == "matches":
                return self.search(texts, node.text.value)
            sought = node.text.value
            return np.fromiter((sought in text for text in texts), np.bool_, len(texts))
        mask = node.left.mask
        if isinstance(node, Membership):
            found = np.zeros(len(used), np.bool_)
            for item in node.items:
                found |= _stands(column, used, mask, "==", item)
            return found
        return (
            np.zeros(len(used), np.bool_) if isinstance(node.right, Reference) else _stands(column, used, mask, node.relation, node.right)
        )

    # Numbers

    def _compared(self, column: Numbers, node: Comparison | Membership | Search) -> Mask:
        if isinstance(node, Comparison) and isinstance(node.right, Number | Instant):
            found = _number_mask(column.numbers, node.relation, node.right.value)
        elif isinstance(node, Membership):
            found = self._none()
            for item in node.items:
                found |= _within(column.numbers, item)
        else:
            return self._none()
        return found if column.there is None else found & column.there

    # Two fields

    def _pair(self, first: Field, node: Comparison, second: Field, right: Reference) -> Mask:
        """Numbers where both are numbers; otherwise texts."""
        if node.relation in {"==", "!="} and node.left.mask is None and right.mask is None:
            columns = [self._coded(field) for field in (first, second) if field.event is not None and is_coded(field.event)]
            if len(columns) == 2 and columns[0].texts is columns[1].texts:
                return _alike(columns[0], columns[1], equal=node.relation == "==")
        masks = (node.left.mask, right.mask)
        fields = (first, second)
        numeric = any(mask is not None for mask in masks) or any(field.event is not None and not is_coded(field.event) for field in fields)
        one, other = self._numbers(first, masks[0]), self._numbers(second, masks[1])
        found = _numbers_stand(one, node.relation, other)
        both = _and(one.there, other.there, self.count)
        found &= both
        if numeric and node.relation != "!=":
            return found
        there = self._value_there(first, masks[0]) & self._value_there(second, masks[1])
        if numeric:
            return found | (there & ~both)
        rest = there & ~both
        if rest.any():
            found[rest] = self._texts_stand(first, node.relation, second, rest)
        return found

    def _value_there(self, field: Field, mask: int | None) -> Mask:
        if mask is not None or field.event is None or not is_coded(field.event):
            there = self._numbers(field, mask).there
            return np.ones(self.count, np.bool_) if there is None else there
        found: Mask = self._coded(field).codes != 0
        return found

    def _texts_stand(self, first: Field, relation: Relation, second: Field, where: Mask) -> Mask:
        columns = [self._coded(field) for field in (first, second)]
        used = [used_codes(column.codes[where], column.texts.count) for column in columns]
        texts = [column.texts.many(codes) for column, codes in zip(columns, used, strict=True)]
        ranks = {text: rank for rank, text in enumerate(sorted({*texts[0], *texts[1]}))}
        sides = []
        for column, codes, known in zip(columns, used, texts, strict=True):
            table = np.zeros(column.texts.count, np.int64)
            table[codes] = [ranks[text] for text in known]
            sides.append(table[column.codes[where]])
        found: Mask = _OPERATORS[relation](*sides)
        return found


def _alike(one: Coded, other: Coded, *, equal: bool) -> Mask:
    """Which rows have the same text (or number, however it is written) in two columns of one dictionary; or have both, and differ."""
    count = one.texts.count
    used = np.union1d(used_codes(one.codes, count), used_codes(other.codes, count))
    numbers, is_number = one.texts.number(used)
    _, first, inverse = np.unique(numbers[is_number], return_index=True, return_inverse=True)
    same = np.arange(count, dtype=np.uint32)
    same[used[is_number]] = used[is_number][first][inverse]
    sides = []
    for column in (one, other):
        codes = np.empty(len(column.codes), np.uint32)
        take_codes(same, column.codes, codes)
        sides.append(codes)
    found: Mask = (sides[0] == sides[1]) if equal else (sides[0] != sides[1])
    found &= one.codes != 0
    found &= other.codes != 0
    return found


def _of_events(name: str) -> Field | None:
    """The field of events; of those of packets only the time is one."""
    return event_field("TimeCreated") if name in TIMES else event_field(name)


def _and(one: Mask | None, other: Mask | None, count: int) -> Mask:
    if one is None or other is None:
        both = other if one is None else one
        return np.ones(count, np.bool_) if both is None else both
    return one & other


def _masked(numbers: NDArray[Whatever], mask: int) -> NDArray[Whatever]:
    """The bits of `mask`; negative numbers as their 64 bits in two's complement."""
    return (
        numbers.astype(np.int64, copy=False).view(np.uint64) & np.uint64(mask) if numbers.dtype != np.uint64 else numbers & np.uint64(mask)
    )


def _number_mask(numbers: NDArray[Whatever], relation: Relation, value: int) -> Mask:
    """Compare with any number, also with one that the column's type cannot hold."""
    low, high = (0, (1 << 64) - 1) if numbers.dtype == np.uint64 else (_SIGNED.start, _SIGNED.stop - 1)
    if not low <= value <= high:
        holds = _OPERATORS[relation](0, 1 if value > high else -1)
        return np.full(len(numbers), holds, np.bool_)
    found: Mask = _OPERATORS[relation](numbers, numbers.dtype.type(value))
    return found


def _numbers_stand(one: Numbers, relation: Relation, other: Numbers) -> Mask:
    """Compare two columns; one may have 64 bits without a sign, and the other one a sign."""
    a, b = one.numbers, other.numbers
    if a.dtype == b.dtype:
        same: Mask = _OPERATORS[relation](a, b)
        return same
    found: Mask = _OPERATORS[relation](a.astype(np.uint64, copy=False), b.astype(np.uint64, copy=False))
    negative = (a < 0) if a.dtype != np.uint64 else (b < 0)
    holds = _OPERATORS[relation](-1, 0) if a.dtype != np.uint64 else _OPERATORS[relation](0, -1)
    found[negative] = holds
    return found


def _within(numbers: NDArray[Whatever], item: Value | Range) -> Mask:
    if isinstance(item, Range):
        return _number_mask(numbers, ">=", _number(item.low)) & _number_mask(numbers, "<=", _number(item.high))
    return _number_mask(numbers, "==", _number(item))


def _number(value: Value) -> int:
    if isinstance(value, Number | Instant):
        return value.value
    raise AssertionError(value)


def _stands(column: Coded, used: NDArray[np.int64], mask: int | None, relation: Relation, value: Value | Range) -> Mask:
    """Which of the codes in use stand in the relation to a value; those that are no numbers only differ from one."""
    if isinstance(value, Text):
        return _text_stands(column, used, relation, value.value)
    numbers, there = column.texts.number(used)
    tested: NDArray[Whatever] = numbers if mask is None else _masked(numbers, mask)
    if isinstance(value, Range):
        return there & _within(tested, value)
    found = there & _number_mask(tested, relation, _number(value))
    return found | ~there if relation == "!=" and mask is None else found


def _text_stands(column: Coded, used: NDArray[np.int64], relation: Relation, sought: str) -> Mask:
    if relation in {"==", "!="}:
        code = column.texts.code(sought)
        same: Mask = used == (-1 if code is None else code)
        return same if relation == "==" else ~same
    test = _OPERATORS[relation]
    return np.fromiter((test(text, sought) for text in column.texts.many(used)), np.bool_, len(used))
