"""Random syntax trees over fields of events, mixed with some of packets, in the shape that parsing gives them."""

from __future__ import annotations

from hypothesis import strategies as st
from query.event_reference import DATA, ROWS, value_of
from query.random_filters import LEAVES, RELATIONS, joined

from netsleuth_tui.query.event_fields import EVENT_FIELDS, data_name, event_field
from netsleuth_tui.query.nodes import (
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

__all__ = ["EVENT_FILTERS", "EVENT_LEAVES"]

NAMES = sorted(
    [
        *EVENT_FIELDS, *map(data_name, DATA), "ext(ObjectName)", "folder(ObjectName,1)", "folder(ObjectName,2)", "Handle.ObjectName",
        "ext(Handle.ObjectName)", "NoSuchField", "ext(Provider)",
    ]
)  # fmt: skip
POOLS = {name: sorted({value for row in range(ROWS) if (value := value_of(name, row)) is not None}, key=str) for name in NAMES}
PATTERNS = ["ob", "^b", "L", r"\.dll$", "c:.w", "", ".", "[a-c]ob", "(x|y)", "^$", r"0x1\b"]
TEXTS = {"text", "data"}


@st.composite
def an_event_value(draw: st.DrawFn, name: str, *, number: bool = False):
    field = event_field(name)
    seen = [*POOLS[name], 0 if field.kind not in TEXTS else "x"]
    value = draw(st.sampled_from(seen))
    if field.kind == "time":
        return Instant(value)
    if field.kind == "data" and (number or draw(st.booleans())):
        return Number(draw(st.sampled_from([0, 1, 2, 3, 5, -5, 0x10, 65536, (1 << 64) - 1, -(1 << 63)])))
    if field.kind in TEXTS:
        return Text(value)
    return Number(min(value, field.maximum))


@st.composite
def an_event_item(draw: st.DrawFn, name: str, *, number: bool = False):
    item = draw(an_event_value(name, number=number))
    other = draw(an_event_value(name, number=number))
    if isinstance(item, Text) or isinstance(other, Text) or draw(st.booleans()):
        return item
    return Range(*sorted((item, other), key=lambda end: end.value))


@st.composite
def an_event_reference(draw: st.DrawFn, name: str) -> Reference:
    field = event_field(name)
    if field.kind not in {"uint", "data"} or draw(st.integers(0, 3)):
        return Reference(name)
    return Reference(name, draw(st.sampled_from([0, 1, 2, 3, 0x10, 0xFF, field.maximum])) & field.maximum)


def comparable(first: str, second: str) -> bool:
    if "source" in {first, second}:  # a field of packets, too, so it goes with no field that only events have
        return False
    kinds = {event_field(first).kind, event_field(second).kind}
    return kinds <= {"uint", "bool", "data"} or kinds <= {"text", "data"} or kinds == {"time"}


@st.composite
def an_event_leaf(draw: st.DrawFn):
    shape = draw(st.sampled_from(["value", "value", "value", "set", "present", "pair", "search", "packet"]))
    if shape == "packet":
        return draw(LEAVES)
    name = draw(st.sampled_from(NAMES))
    if shape == "present":
        return Present(name)
    left = draw(an_event_reference(name))
    if shape == "search":
        name = draw(st.sampled_from([name for name in NAMES if event_field(name).kind in TEXTS]))
        return Search(Reference(name), draw(st.sampled_from(["contains", "matches"])), Text(draw(st.sampled_from(PATTERNS))))
    bits = left.mask is not None
    if shape == "set":
        return Membership(
            left, tuple(draw(st.lists(an_event_item(name, number=bits), min_size=1, max_size=draw(st.sampled_from([1, 3, 20])))))
        )
    if shape == "pair" and name != "source":
        other = draw(an_event_reference(draw(st.sampled_from([each for each in NAMES if comparable(name, each)]))))
        return Comparison(left, draw(RELATIONS), other, draw(st.booleans()))
    return Comparison(left, draw(RELATIONS), draw(an_event_value(name, number=bits)), draw(st.booleans()))


EVENT_LEAVES = an_event_leaf()

EVENT_FILTERS = st.recursive(
    EVENT_LEAVES,
    lambda inner: st.one_of(inner.map(Not), *(st.lists(inner, min_size=2, max_size=3).map(joined(kind)) for kind in (All, Any, Either))),
    max_leaves=6,
)
