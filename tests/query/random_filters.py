"""Random syntax trees over the values of the random packets, in the shape that parsing gives them."""

from __future__ import annotations

from hypothesis import strategies as st
from query.reference import OPERATORS, PACKETS

from netsleuth_tui.query import FIELDS, PROTOCOLS
from netsleuth_tui.query.nodes import (
    Address,
    All,
    Any,
    Comparison,
    Either,
    Instant,
    Membership,
    Not,
    Number,
    Present,
    Range,
    Reference,
    Search,
    Text,
)

__all__ = ["FILTERS", "LEAVES", "POOLS", "as_value"]

RELATIONS = st.sampled_from(sorted(OPERATORS))
KINDS: dict[tuple[str, int], list[str]] = {}
for _field in FIELDS.values():
    KINDS.setdefault((_field.kind, _field.version), []).append(_field.name)


def pool(name: str) -> list:
    """Values that occur in the packets, and some that do not."""
    field = FIELDS[name]
    seen = {value for packet in PACKETS for value in packet.fields.get(name, [])}
    if field.kind == "place":
        return sorted({name for spelled in seen for name in spelled} | {"netherlands", "Nowhere"})
    if field.kind in {"uint", "bool"}:
        seen |= {0, 1, field.maximum}
    return sorted(seen)


POOLS = {name: pool(name) for name in FIELDS}


def as_value(name: str, value):
    """A value of the pool as a node."""
    field = FIELDS[name]
    if field.kind == "address":
        return Address(field.version, value, 32 if field.version == 4 else 128)
    return Instant(value) if field.kind == "time" else Text(value) if field.kind in {"label", "place"} else Number(value)


@st.composite
def a_value(draw: st.DrawFn, name: str, *, network: bool = True):
    field = FIELDS[name]
    value = draw(st.sampled_from(POOLS[name]))
    if field.kind != "address":
        return as_value(name, value)
    width = 32 if field.version == 4 else 128
    below = draw(st.sampled_from([0, 0, 0, 1, 5, 8, 16, 27, width])) if network else 0
    return Address(field.version, value >> below << below, width - below)


@st.composite
def an_item(draw: st.DrawFn, name: str):
    if FIELDS[name].kind in {"label", "place"} or draw(st.booleans()):
        return draw(a_value(name))
    ends = draw(st.lists(a_value(name, network=False), min_size=2, max_size=2))
    return Range(*sorted(ends, key=lambda end: end.value))


@st.composite
def a_reference(draw: st.DrawFn, name: str) -> Reference:
    if FIELDS[name].kind != "uint" or draw(st.integers(0, 3)):
        return Reference(name)
    return Reference(name, draw(st.sampled_from([0, 1, 2, 3, 0x12, 0xFF, FIELDS[name].maximum])) & FIELDS[name].maximum)


@st.composite
def a_leaf(draw: st.DrawFn):
    shape = draw(st.sampled_from(["value", "value", "value", "set", "present", "pair", "search"]))
    name = draw(st.sampled_from(sorted(FIELDS)))
    if shape == "present":
        return Present(draw(st.sampled_from([*FIELDS, *PROTOCOLS])))
    if shape == "search":
        how = draw(st.sampled_from(["contains", "matches"]))
        text = draw(st.sampled_from(["CMP", "icmp", "T", "^I", "v[46]$", "", ".", "Net", "h$"]))
        return Search(Reference(draw(st.sampled_from(["_ws.col.protocol", "geo.country", "site.src"]))), how, Text(text))
    left = draw(a_reference(name))
    if shape == "set":
        size = draw(st.sampled_from([1, 2, 4, 30]))
        return Membership(left, tuple(draw(st.lists(an_item(name), min_size=1, max_size=size))))
    field = FIELDS[name]
    if shape == "pair" and field.kind not in {"label", "place"}:
        other = draw(a_reference(draw(st.sampled_from(KINDS[field.kind, field.version]))))
        relation = draw(st.sampled_from(["==", "!="]) if field.kind == "address" else RELATIONS)
        return Comparison(left, relation, other, draw(st.booleans()))
    return Comparison(left, draw(RELATIONS), draw(a_value(name)), draw(st.booleans()))


def joined(kind):
    """Terms of a kind inside the same kind are one level: that is how they are parsed."""

    def make(terms):
        flat = [inner for term in terms for inner in (term.terms if isinstance(term, kind) else (term,))]
        return kind(tuple(flat))

    return make


LEAVES = a_leaf()

FILTERS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(inner.map(Not), *(st.lists(inner, min_size=2, max_size=3).map(joined(kind)) for kind in (All, Any, Either))),
    max_leaves=6,
)
