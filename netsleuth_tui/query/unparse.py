"""From a syntax tree back to text that parses to the same tree."""

from __future__ import annotations

import ipaddress

from netsleuth_tui.query import times
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
    Search,
    Value,
)
from netsleuth_tui.query.strings import quoted
from netsleuth_tui.query.values import field_called

__all__ = ["unparse"]

_JOINED = {Any: (1, " or "), Either: (2, " xor "), All: (3, " and ")}
_NOT = 4


def unparse(node: Node) -> str:
    """The filter in its usual spelling; `parse` gives the same tree again."""
    return _text(node, 0)


def _text(node: Node, outside: int) -> str:
    if isinstance(node, All | Any | Either):
        level, sign = _JOINED[type(node)]
        text = sign.join(_text(term, level) for term in node.terms)
        return f"({text})" if level <= outside else text
    if isinstance(node, Not):
        return _membership(node.term, "not in") if isinstance(node.term, Membership) else f"not {_text(node.term, _NOT)}"
    if isinstance(node, Present):
        return node.name
    if isinstance(node, Membership):
        return _membership(node, "in")
    if isinstance(node, Search):
        return f"{_reference(node.left)} {node.how} {quoted(node.text.value)}"
    return _comparison(node)


def _membership(node: Membership, sign: str) -> str:
    items = ", ".join(_item(node.left, item) for item in node.items)
    return f"{_reference(node.left)} {sign} {{{items}}}"


def _item(left: Reference, item: Value | Range) -> str:
    if isinstance(item, Range):
        return f"{_value(left, item.low)}..{_value(left, item.high)}"
    return _value(left, item)


def _comparison(node: Comparison) -> str:
    left = _reference(node.left)
    if node.left.mask is not None and node.relation == "!=" and not node.every and node.right == Number(0):
        return left
    sign: str = node.relation
    if sign == "==":
        sign = "===" if node.every else "=="
    elif sign == "!=":
        sign = "!=" if node.every else "!=="
    elif node.every:
        left = f"all {left}"
    right = _reference(node.right) if isinstance(node.right, Reference) else _value(node.left, node.right)
    return f"{left} {sign} {right}"


def _reference(reference: Reference) -> str:
    return reference.name if reference.mask is None else f"{reference.name} & 0x{reference.mask:x}"


def _value(left: Reference, value: Value) -> str:
    if isinstance(value, Address):
        kind = ipaddress.IPv4Address if value.version == 4 else ipaddress.IPv6Address
        full = 32 if value.version == 4 else 128
        return str(kind(value.value)) if value.prefix == full else f"{kind(value.value)}/{value.prefix}"
    if isinstance(value, Instant):
        return times.seconds(value.value) if left.name == "frame.time_epoch" else quoted(times.iso(value.value))
    if isinstance(value, Duration):
        return times.seconds(value.value)
    if isinstance(value, Number):
        hexadecimal = value.value >= 0 and (field_called(left.name).base == 16 or left.mask is not None)
        return f"0x{value.value:x}" if hexadecimal else str(value.value)
    return quoted(value.value)
