"""The syntax tree of a filter: what was asked, with fields and values resolved, free of how it was written.

Trees compare equal when they mean the same; the spans, which say where a part stood in the text, do not take part in that.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

__all__ = [
    "Address",
    "All",
    "Any",
    "Comparison",
    "Duration",
    "Either",
    "Instant",
    "Membership",
    "Node",
    "Not",
    "Number",
    "Present",
    "Range",
    "Reference",
    "Relation",
    "Search",
    "Span",
    "Text",
    "Value",
    "names_of",
    "needed",
]

Relation: TypeAlias = Literal["==", "!=", "<", "<=", ">", ">="]


@dataclass(frozen=True, slots=True)
class Span:
    """Half-open range of characters in the filter text."""

    start: int
    end: int

    def to(self, other: Span) -> Span:
        """The span from the beginning of this one to the end of `other`."""
        return Span(self.start, other.end)


NOWHERE = Span(0, 0)


@dataclass(frozen=True, slots=True)
class Number:
    """A whole number, also for bits and truth values (0 and 1)."""

    value: int
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Instant:
    """A point in time in nanoseconds since 1970-01-01T00:00:00Z."""

    value: int
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Duration:
    """A length of time in nanoseconds."""

    value: int
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Address:
    """An IP address or network; bits of `value` below the prefix are 0."""

    version: Literal[4, 6]
    value: int
    prefix: int
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Text:
    """A string."""

    value: str
    span: Span = field(default=NOWHERE, compare=False)


Value: TypeAlias = Number | Instant | Duration | Address | Text


@dataclass(frozen=True, slots=True)
class Reference:
    """A field of the packet, by its canonical name, with the bits that `&` picks from it (None: all)."""

    name: str
    mask: int | None = None
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Comparison:
    """A field against a value or another field.

    `every` asks that all occurrences of the field stand in the relation (`tcp.port` occurs twice); otherwise one is enough.
    Either way a field that is absent makes it false.
    """

    left: Reference
    relation: Relation
    right: Value | Reference
    every: bool = False
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Range:
    """All values from `low` to `high`, both included."""

    low: Value
    high: Value
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Membership:
    """One occurrence of the field is among the values."""

    left: Reference
    items: tuple[Value | Range, ...]
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Search:
    """The text of the field contains a string (case counts) or matches a regular expression (it does not)."""

    left: Reference
    how: Literal["contains", "matches"]
    text: Text
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Present:
    """The frame has this field, or contains this protocol."""

    name: str
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Not:
    """The frames that `term` leaves."""

    term: Node
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class All:
    """Every term holds (`and`)."""

    terms: tuple[Node, ...]
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Any:
    """At least one term holds (`or`)."""

    terms: tuple[Node, ...]
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Either:
    """An odd number of terms holds (`xor`)."""

    terms: tuple[Node, ...]
    span: Span = field(default=NOWHERE, compare=False)


Node: TypeAlias = Comparison | Membership | Search | Present | Not | All | Any | Either


def names_of(node: Node) -> tuple[str, ...]:
    """The names of the fields and protocols in a tree, each once, in their order."""
    if isinstance(node, Present):
        return (node.name,)
    if isinstance(node, Not):
        return names_of(node.term)
    if isinstance(node, All | Any | Either):
        return tuple(dict.fromkeys(name for term in node.terms for name in names_of(term)))
    right = (node.right.name,) if isinstance(node, Comparison) and isinstance(node.right, Reference) else ()
    return tuple(dict.fromkeys((node.left.name, *right)))


def needed(node: Node, absent: frozenset[str]) -> frozenset[str]:
    """Those of the names in `absent` for which nothing that lacks them all can satisfy the tree; empty where something may."""
    if isinstance(node, Not):
        return frozenset()
    if isinstance(node, All | Any | Either):
        terms = [needed(term, absent) for term in node.terms]
        return frozenset().union(*terms) if isinstance(node, All) or all(terms) else frozenset()
    return frozenset(absent.intersection(names_of(node)))
