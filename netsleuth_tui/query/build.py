"""The steps of the grammar: each turns the parts of a rule into a node, and refuses what makes no sense together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any as Whatever

import lark

from netsleuth_tui.query.errors import FilterError
from netsleuth_tui.query.fields import NAMED, PROTOCOLS, Field
from netsleuth_tui.query.hints import why_no_field
from netsleuth_tui.query.nodes import (
    All,
    Any,
    Comparison,
    Either,
    Membership,
    Node,
    Not,
    Number,
    Present,
    Range,
    Reference,
    Relation,
    Search,
    Span,
    Text,
    Value,
)
from netsleuth_tui.query.strings import linear_pattern, pattern, unquoted
from netsleuth_tui.query.tokens import COMPARISONS, Piece
from netsleuth_tui.query.values import LABELS, field_called, field_named, is_number, looks_like_value, number, value

__all__ = ["Builder"]

Written = Piece | Reference
"""What stands on a side of an operator: a word or string that is not yet understood, or a field with `&`."""

_FLIPPED: dict[Relation, Relation] = {"==": "==", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}

_MEANINGS: dict[str, tuple[Relation, bool]] = {
    "==": ("==", False),
    "===": ("==", True),
    "!=": ("!=", True),
    "!==": ("!=", False),
    "<": ("<", False),
    "<=": ("<=", False),
    ">": (">", False),
    ">=": (">=", False),
}
"""Relation, and whether all occurrences must stand in it, as Wireshark 4 has it."""


def _refuse(where: Piece | Reference, what: str, hint: str = "") -> FilterError:
    return FilterError(what, column=where.span.start, length=where.span.end - where.span.start, hint=hint)


def _piece(token: lark.Token) -> Piece:
    return Piece(token.type, str(token), Span(token.start_pos or 0, token.end_pos or 0))


class Builder(lark.Transformer):  # type: ignore[type-arg]
    """Called by the parser for each rule, from the inside outwards."""

    def atom(self, parts: list[lark.Token]) -> Piece:
        """A word or string, not yet understood."""
        return _piece(parts[0])

    def group(self, parts: list[Whatever]) -> Node:
        """Parentheses leave no trace in the tree but in the span, so that the text under it is whole."""
        node: Node = parts[1]
        return replace(node, span=_piece(parts[0]).span.to(_piece(parts[2]).span))

    def any(self, parts: list[Whatever]) -> Node:
        """`a or b or c`."""
        terms = tuple(part for part in parts if not isinstance(part, lark.Token))
        return Any(_flat(terms, Any), terms[0].span.to(terms[-1].span))

    def all(self, parts: list[Whatever]) -> Node:
        """`a and b and c`."""
        terms = tuple(part for part in parts if not isinstance(part, lark.Token))
        return All(_flat(terms, All), terms[0].span.to(terms[-1].span))

    def either(self, parts: list[Whatever]) -> Node:
        """`a xor b xor c`."""
        terms = tuple(part for part in parts if not isinstance(part, lark.Token))
        return Either(_flat(terms, Either), terms[0].span.to(terms[-1].span))

    def negation(self, parts: list[Whatever]) -> Node:
        """`not a`."""
        return Not(parts[1], _piece(parts[0]).span.to(parts[1].span))

    def bare(self, parts: list[Written]) -> Node:
        """A name alone asks whether it is there; `field & bits` alone, whether one of the bits is set."""
        written = parts[0]
        if isinstance(written, Reference):
            return Comparison(written, "!=", Number(0, written.span), every=False, span=written.span)
        if written.kind == "STRING":
            raise _refuse(written, "a string alone is no condition", 'for example _ws.col.protocol == "TCP"')
        if written.text in PROTOCOLS:
            return Present(written.text, written.span)
        if looks_like_value(written.text):
            raise _refuse(written, f'"{written.text}" is a value, not a condition', _compare_with(written))
        return Present(_field(written).name, written.span)

    def masked(self, parts: list[Whatever]) -> Reference:
        """`field & bits`."""
        left, bits = parts[0], parts[2]
        field = _field(left)
        if field.kind not in {"uint", "data"}:
            hint = f"for a network: {field.name} == 10.1.0.0/16" if field.version == 4 else "for example tcp.flags & 0x02"
            raise _refuse(left, f"& picks bits from whole numbers, and {field.name} is none", hint)
        mask = number(bits.text) if bits.kind == "WORD" else None
        if mask is None:
            raise _refuse(bits, "& is followed by a number that says which bits", f"for example {field.name} & 0x02")
        if not 0 <= mask <= field.maximum:
            raise _refuse(bits, f"{bits.text} is out of range: {field.name} is a number from 0 to {field.maximum}")
        return Reference(field.name, mask, left.span.to(bits.span))

    def comparison(self, parts: list[Whatever]) -> Node:
        """`a == b`, or a chain `a < b < c`."""
        return _chain(parts, "")

    def quantified(self, parts: list[Whatever]) -> Node:
        """`any a != b` or `all a > b`."""
        node = _chain(parts[1:], str(parts[0]))
        return replace(node, span=_piece(parts[0]).span.to(node.span))

    def membership(self, parts: list[Whatever]) -> Node:
        """`a in {…}`."""
        reference = _reference(parts[0])
        field = field_called(reference.name)
        items = tuple(_item(field, part) for part in parts[3:-1] if not isinstance(part, lark.Token))
        for item in items:
            if not isinstance(item, Range):
                _beside(reference, item)
        return Membership(reference, items, reference.span.to(_piece(parts[-1]).span))

    def exclusion(self, parts: list[Whatever]) -> Node:
        """`a not in {…}`, which as in Wireshark holds where `a` is absent, too."""
        inner = self.membership([parts[0], *parts[2:]])
        return Not(inner, inner.span)

    def range(self, parts: list[Whatever]) -> tuple[Piece, Piece]:
        """`a..b`, two ends until the field is known."""
        return parts[0], parts[2]

    def search(self, parts: list[Whatever]) -> Node:
        """`a contains "b"` or `a matches "b"`."""
        how, sought = str(parts[1]), parts[2]
        how = "matches" if how == "~" else how
        left: Written = parts[0]
        if isinstance(left, Piece) and left.text in PROTOCOLS:
            raise _refuse(left, f"{left.text} {how} …: payload bytes are not indexed", "only _ws.col.protocol holds text")
        reference = _reference(left)
        field = field_called(reference.name)
        if field.kind not in {"label", "text", "data", "place"} or reference.mask is not None:
            hint = "use == or in, with a network such as 10.1.0.0/16" if field.kind == "address" else "use ==, < or in"
            raise _refuse(reference, f"{field.name} holds no text to search", hint)
        if sought.kind != "STRING":
            example = ".exe" if field.kind == "text" else "CMP" if field.event is None else ".dll"
            raise _refuse(sought, f"{how} is followed by a string in double quotes", f'for example {field.name} {how} "{example}"')
        text = Text(unquoted(sought, expression=how == "matches", any_unit=True), sought.span)
        if how == "contains":
            return Search(reference, "contains", text, reference.span.to(text.span))
        (linear_pattern if field.event is not None or field.kind == "text" else pattern)(text.value, text.span)
        return Search(reference, "matches", text, reference.span.to(text.span))


def _flat(terms: tuple[Node, ...], kind: type[All | Any | Either]) -> tuple[Node, ...]:
    """Terms of the same kind inside parentheses join the outer ones: the operators are associative."""
    flat: list[Node] = []
    for term in terms:
        if isinstance(term, kind):
            flat.extend(term.terms)
        else:
            flat.append(term)
    return tuple(flat)


def _field(written: Piece) -> Field:
    """The field that a word names."""
    field = field_named(written.text) if written.kind == "WORD" else None
    if field is not None:
        return field
    if written.kind == "STRING":
        raise _refuse(written, "a field is written without quotes")
    if written.text in PROTOCOLS:
        first = next((name for name in NAMED if name.startswith(f"{written.text}.")), "")
        hint = f"its fields have values, for example {first}" if first else f"write {written.text} alone"
        raise _refuse(written, f"{written.text} is a protocol and has no value", hint)
    if looks_like_value(written.text):
        raise _refuse(written, f'"{written.text}" is a value; a field is needed here', _compare_with(written))
    raise _refuse(written, *why_no_field(written.text))


def _compare_with(written: Piece) -> str:
    if is_number(written.text):
        return f"for example tcp.port == {written.text}"
    name = "ipv6.addr" if ":" in written.text else "ip.addr"
    return f"for example {name} == {written.text}"


def _reference(written: Written) -> Reference:
    if isinstance(written, Reference):
        return written
    return Reference(_field(written).name, None, written.span)


def _is_value(written: Written) -> bool:
    """Whether a side of a comparison cannot be a field."""
    if isinstance(written, Reference):
        return False
    return written.kind == "STRING" or (field_named(written.text) is None and looks_like_value(written.text))


def _chain(parts: Sequence[Whatever], quantifier: str) -> Node:
    """`a < b < c` is `a < b and b < c`."""
    sides: list[Written] = list(parts[0::2])
    signs = [COMPARISONS[str(sign)] for sign in parts[1::2]]
    links = tuple(_compare(left, sign, right, quantifier) for (left, right), sign in zip(pairwise(sides), signs, strict=True))
    return links[0] if len(links) == 1 else All(links, links[0].span.to(links[-1].span))


def _compare(left: Written, sign: str, right: Written, quantifier: str) -> Comparison:
    relation, every = _MEANINGS[sign]
    if quantifier:
        every = quantifier == "all"
    span = left.span.to(right.span)
    if _is_value(left):
        if _is_value(right):
            raise _refuse(left, "two values are compared; one side must be a field", _compare_with(left))  # type: ignore[arg-type]
        left, right, relation = right, left, _FLIPPED[relation]
    reference = _reference(left)
    field = field_called(reference.name)
    if isinstance(right, Reference) or _is_other_field(field, right):
        other = _reference(right)
        _check_pair(field, relation, other)
        return Comparison(reference, relation, other, every, span)
    return Comparison(reference, relation, _beside(reference, _value(field, right)), every, span)


def _is_other_field(field: Field, right: Piece) -> bool:
    """Whether the word on the right is a field: any capital letter begins one, but only beside a field of events (`protocol == TCP`)."""
    other = field_named(right.text) if right.kind == "WORD" else None
    return other is not None and (other.event is None or field.event is not None)


_COMPARABLE = {"uint": {"uint", "bool", "data"}, "bool": {"uint", "bool", "data"}, "text": {"text", "data"}}
"""Kinds of event fields that can be compared with each other; event data with any of them."""


def _check_pair(field: Field, relation: Relation, other: Reference) -> None:
    second = field_called(other.name)
    if field.event is not None and second.event is not None:
        alike = second.kind == field.kind or second.kind in _COMPARABLE.get(field.kind, {"uint", "bool", "text"})
        if not alike or (field.kind == "time") != (second.kind == "time"):
            raise _refuse(other, f"{field.name} and {second.name} hold different kinds of values")
        return
    if (field.kind, field.version, field.event) != (second.kind, second.version, second.event):
        raise _refuse(other, f"{field.name} and {second.name} hold different kinds of values")
    if field.kind == "place":
        raise _refuse(other, "a place is compared with its name, not with another place", f'for example {field.name} == "NL"')
    if field.kind == "text":
        raise _refuse(other, f"{field.name} is compared with a text", f'for example {field.name} == "C:\\\\Windows\\\\explorer.exe"')
    if field.kind == "address" and relation not in {"==", "!="}:
        raise _refuse(other, "two address fields can only be equal or not", f"for example {field.name} == {second.name}")


def _value(field: Field, written: Piece) -> Value:
    if field.kind not in {"label", "text", "data", "place"} and written.text in PROTOCOLS:
        raise _refuse(written, f"{written.text} is a protocol, not a value of {field.name}", "join conditions with and or or")
    found = value(field, written)
    if field.kind == "label" and isinstance(found, Text) and found.value not in LABELS:
        raise _refuse(written, f'no protocol is labelled "{found.value}"', f"the labels are {', '.join(LABELS)}")
    return found


def _beside(reference: Reference, found: Value) -> Value:
    """The value, which has to be a number beside bits."""
    if reference.mask is not None and isinstance(found, Text):
        what, hint = "bits are compared with a number", f"for example {reference.name} & 0x2 == 0x2"
        raise FilterError(what, column=found.span.start, length=found.span.end - found.span.start, hint=hint)
    return found


def _item(field: Field, part: Piece | tuple[Piece, Piece]) -> Value | Range:
    if isinstance(part, Piece):
        return _value(field, part)
    first, last = part
    low, high = _value(field, first), _value(field, last)
    span = low.span.to(high.span)
    if isinstance(low, Text):
        raise FilterError(f"{field.name} has no ranges", column=span.start, length=span.end - span.start, hint="list the values")
    full = 32 if field.version == 4 else 128
    for end, piece in ((low, first), (high, last)):
        if getattr(end, "prefix", full) != full:
            raise _refuse(piece, "the ends of a range are single addresses", "a network stands alone: {10.1.0.0/16}")
    if low.value > high.value:  # type: ignore[operator]
        what = f"this range is empty: {first.text} is above {last.text}"
        raise FilterError(what, column=span.start, length=span.end - span.start, hint=f"{last.text}..{first.text}")
    return Range(low, high, span)
