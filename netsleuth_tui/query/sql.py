"""Boolean SQL, put together piece by piece: constants fold away and chains stay flat.

Importing this loads sqlglot; `netsleuth_tui.query` does so when the first filter is compiled.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray
from sqlglot import exp

__all__ = [
    "FALSE",
    "TRUE",
    "Sql",
    "among",
    "both",
    "column",
    "compare",
    "differ",
    "either",
    "has_bits",
    "in_table",
    "literal",
    "masked",
    "negated",
    "some",
]

Sql = exp.Expression

DIALECT = "duckdb"

LISTED = 16
"""Values that are compared one after the other; for more, there are faster ways."""

TABLED = 1 << 20
"""Possible values for which a table of bits, one each, may be written out; the engine reads the longest in 10 ms."""

FALSE = exp.false()
TRUE = exp.true()

_COMPARISONS: dict[str, type[exp.Expression]] = {"==": exp.EQ, "!=": exp.NEQ, "<": exp.LT, "<=": exp.LTE, ">": exp.GT, ">=": exp.GTE}


def column(name: str) -> Sql:
    """A column of the packet table."""
    return exp.column(name)


def literal(number: int) -> Sql:
    """A whole number; DuckDB gives it the type of the column that it meets."""
    return exp.Literal.number(number)


def compare(left: Sql, relation: str, right: Sql) -> Sql:
    """`left relation right`."""
    return _COMPARISONS[relation](this=left, expression=right)


def masked(value: Sql, mask: int) -> Sql:
    """`(value & mask)`."""
    return exp.Paren(this=exp.BitwiseAnd(this=value, expression=literal(mask)))


def has_bits(name: str, bits: int) -> Sql:
    """All of `bits` are set in the column."""
    if not bits:
        return TRUE
    if bits & (bits - 1):
        return compare(masked(column(name), bits), "==", literal(bits))
    return compare(masked(column(name), bits), "!=", literal(0))


def among(value: Sql, numbers: Sequence[int], ranges: Sequence[tuple[int, int]] = (), *, limit: int) -> list[Sql]:
    """Tests of which one holds if the value is one of the numbers, or within one of the ranges, both ends included.

    Args:
        value: A whole number below `limit`.
        numbers: Distinct numbers.
        ranges: First and last of each range.
        limit: What the value's type can hold, plus 1.
    """
    if len(numbers) + len(ranges) > LISTED and limit <= TABLED:
        table = np.zeros(limit, np.bool_)
        table[list(numbers)] = True
        for low, high in ranges:
            table[low : high + 1] = True
        return [in_table(value, table)]
    tests: list[Sql] = [exp.Between(this=value.copy(), low=literal(low), high=literal(high)) for low, high in ranges]
    if len(numbers) > LISTED:
        return [*tests, exp.In(this=value.copy(), expressions=[literal(number) for number in numbers])]
    return [*tests, *(compare(value.copy(), "==", literal(number)) for number in numbers)]


def in_table(value: Sql, table: NDArray[np.bool_]) -> Sql:
    """One look into a string of bits that has one for each value; an index that it does not hold is an error of the engine."""
    text = (table.view(np.uint8) + np.uint8(ord("0"))).tobytes().decode("ascii")
    bits = exp.cast(exp.Literal.string(text), "BIT", dialect=DIALECT)
    return compare(exp.Anonymous(this="GET_BIT", expressions=[bits, exp.cast(value, "INT", dialect=DIALECT)]), "!=", literal(0))


def some(tests: Iterable[Sql]) -> Sql:
    """At least one of several cheap tests holds; without branches, which for DuckDB is two to three times as fast as OR."""
    kept = [test for test in tests if test is not FALSE]
    if any(test is TRUE for test in kept):
        return TRUE
    if len(kept) < 2:
        return kept[0] if kept else FALSE
    joined: Sql
    joined, *others = (exp.cast(test, "UTINYINT", dialect=DIALECT) for test in kept)
    for other in others:
        joined = exp.BitwiseOr(this=joined, expression=other)
    return compare(exp.Paren(this=joined), "!=", literal(0))


def both(terms: Iterable[Sql]) -> Sql:
    """All terms hold; true without any."""
    kept = [term for term in terms if term is not TRUE]
    if any(term is FALSE for term in kept):
        return FALSE
    return _chain(exp.And, kept, exp.Or) if kept else TRUE


def either(terms: Iterable[Sql]) -> Sql:
    """At least one term holds; false without any.

    What all terms demand is tested once, and single bits of a column together: `tcp.port == 80 || udp.port == 80` looks at the ports once.
    """
    kept = [term for term in terms if term is not FALSE]
    if any(term is TRUE for term in kept):
        return TRUE
    if len(kept) < 2:
        return kept[0] if kept else FALSE
    first, *others = (_conjuncts(term) for term in kept)
    shared = [part for part in first if all(part in parts for parts in others)]
    if shared:
        rests = (both(part.copy() for part in parts if part not in shared) for parts in (first, *others))
        return both([*(part.copy() for part in shared), either(rests)])
    together = _bits_together(kept)
    return some(together) if len(together) <= LISTED else _chain(exp.Or, together, exp.And)


def _conjuncts(term: Sql) -> list[Sql]:
    if not isinstance(term, exp.And):
        return [term]
    return [part for part in term.flatten() if isinstance(part, exp.Expression)]


def _bits_together(terms: list[Sql]) -> list[Sql]:
    """The terms, of which those that test for any bits of one and the same value have become one."""
    masks: dict[Sql, int] = {}
    rest = []
    for term in terms:
        tested = term.this.unnest() if isinstance(term, exp.NEQ) and term.expression == literal(0) else None
        if isinstance(tested, exp.BitwiseAnd) and tested.expression.is_int:
            masks[tested.this] = masks.get(tested.this, 0) | int(tested.expression.name)
        else:
            rest.append(term)
    return [*(compare(masked(value.copy(), mask), "!=", literal(0)) for value, mask in masks.items()), *rest]


def negated(term: Sql) -> Sql:
    """The term does not hold; it is never NULL, so nothing is lost."""
    if term is TRUE:
        return FALSE
    if term is FALSE:
        return TRUE
    return exp.Not(this=exp.Paren(this=term))


def differ(left: Sql, right: Sql) -> Sql:
    """Exactly one of the two holds."""
    for one, other in ((left, right), (right, left)):
        if one is TRUE:
            return negated(other)
        if one is FALSE:
            return other
    return exp.NEQ(this=exp.Paren(this=left), expression=exp.Paren(this=right))


def _chain(kind: type[exp.Expression], terms: Sequence[Sql], wrapped: type[exp.Expression]) -> Sql:
    """A chain that leans to the left, which sqlglot writes without recursion."""
    if len(terms) == 1:
        return terms[0]
    joined: Sql | None = None
    for term in terms:
        part = exp.Paren(this=term) if isinstance(term, wrapped) else term
        joined = part if joined is None else kind(this=joined, expression=part)
    return FALSE if joined is None else joined
