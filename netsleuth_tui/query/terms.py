"""Terms put into a filter and taken out again, on its syntax tree: what stays is left as it was written.

A filter is taken as conditions joined by `and`; a term (a cell, a line of a breakdown, a conversation) is one or more of them.
Parentheses are written only where they change the meaning, and new parts join the old ones by the signs (`&&`, `!`) or words
(`and`, `not`) that are there already.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from netsleuth_tui.query.errors import FilterError
from netsleuth_tui.query.nodes import All, Any, Either, Node, Not, Present
from netsleuth_tui.query.tokens import in_words
from netsleuth_tui.query.unparse import unparse

__all__ = ["exclude", "holds", "include", "only", "toggled"]


@dataclass(frozen=True, slots=True)
class _Part:
    """A condition, and how it is written."""

    node: Node
    text: str


def include(text: str, term: str) -> str:
    """The filter that keeps, of what it keeps now, the frames for which `term` holds.

    What is there already is not repeated; where the opposite of the term is there, the term takes its place.

    Args:
        text: A valid filter, or nothing.
        term: A valid filter.

    Raises:
        FilterError: One of them is not valid.
    """
    wanted = _parts(term)
    nodes = [part.node for part in wanted]
    opposites = [Not(_node(term)), Not(_joined_node(wanted)), *(_opposite(node) for node in nodes)] if wanted else []
    return _with(text, wanted, instead_of=[node for node in opposites if node not in nodes])


def exclude(text: str, term: str) -> str:
    """The filter that keeps, of what it keeps now, the frames for which `term` does not hold: absent fields included, as `!(…)` has it.

    Where the term is there already, its opposite takes its place.

    Raises:
        FilterError: One of them is not valid.
    """
    unwanted = _parts(term)
    if not unwanted:
        return text.strip()
    if len(unwanted) == 1 and isinstance(unwanted[0].node, Not):
        inner = unwanted[0].node.term
        return include(text, _written(term, inner))
    opposite = Not(_joined_node(unwanted))
    plain = _joined(unwanted, _and(text or term))
    turned = f"{_not(text or term)}{plain}" if isinstance(opposite.term, Present) else f"{_not(text or term)}({plain})"
    part = _Part(opposite, turned)
    nodes = [part.node for part in unwanted]
    return _with(text, [part], instead_of=nodes if holds(text, term) else [])


def only(term: str) -> str:
    """The filter that keeps the frames for which `term` holds, whatever was looked at before.

    Raises:
        FilterError: It is not valid.
    """
    return _joined(_parts(term), _and(term))


def toggled(text: str, term: str) -> str:
    """The filter with the term, or without it where it is there already.

    Raises:
        FilterError: One of them is not valid.
    """
    if not holds(text, term):
        return include(text, term)
    gone = [part.node for part in _parts(term)]
    return _joined([part for part in _parts(text) if part.node not in gone], _and(text))


def holds(text: str, term: str) -> bool:
    """Whether the term is among the conditions of the filter."""
    there = [part.node for part in _parts(text)]
    return bool(there) and all(part.node in there for part in _parts(term))


def _with(text: str, wanted: Sequence[_Part], instead_of: Sequence[Node]) -> str:
    """The filter with the wanted parts, the first of which take the place of the first that has to go."""
    before = _parts(text)
    kept = [part for part in before if part.node not in instead_of]
    there = [part.node for part in kept]
    new = [part for k, part in enumerate(wanted) if part.node not in there and part.node not in [other.node for other in wanted[:k]]]
    if len(kept) == len(before):
        return _appended(text.strip(), before, new)
    place = next(k for k, part in enumerate(before) if part.node in instead_of)
    return _joined([*kept[:place], *new, *kept[place:]], _and(text))


def _appended(text: str, before: Sequence[_Part], new: Sequence[_Part]) -> str:
    """The text as it is and the new parts after it."""
    if not before or not new:
        return _joined(new, _and(text)) if new else text
    old = _grouped(before[0]) if len(before) == 1 else text
    return _and(text).join([old, *(_grouped(part) for part in new)])


def _parts(text: str) -> list[_Part]:
    """The conditions that all have to hold, none twice; nothing for an empty filter."""
    if not text.strip():
        return []
    node = _node(text)
    parts: list[_Part] = []
    for term in node.terms if isinstance(node, All) else (node,):
        if term not in [part.node for part in parts]:
            parts.append(_Part(term, _written(text, term)))
    return parts


def _written(text: str, node: Node) -> str:
    """The node as it stands in the text, without parentheses around it; in its usual spelling where no piece of the text is just that."""
    piece = text[node.span.start : node.span.end]
    if not _means(piece, node):
        return unparse(node)
    while piece.startswith("(") and _means(piece[1:-1], node):
        piece = piece[1:-1].strip()
    return piece


def _node(text: str) -> Node:
    from netsleuth_tui.query.parser import parse

    return parse(text)


def _means(text: str, node: Node) -> bool:
    try:
        return _node(text) == node
    except FilterError:
        return False


def _joined(parts: Sequence[_Part], sign: str) -> str:
    return parts[0].text if len(parts) == 1 else sign.join(_grouped(part) for part in parts)


def _grouped(part: _Part) -> str:
    return f"({part.text})" if isinstance(part.node, Any | Either) else part.text


def _joined_node(parts: Sequence[_Part]) -> Node:
    return parts[0].node if len(parts) == 1 else All(tuple(part.node for part in parts))


def _opposite(node: Node) -> Node:
    return node.term if isinstance(node, Not) else Not(node)


def _and(text: str) -> str:
    """What joins conditions: a word where the filter is written in words, otherwise `&&`."""
    return " and " if in_words(text, ("AND", "OR", "XOR"), ("NOT",)) else " && "


def _not(text: str) -> str:
    """What turns a condition round, likewise."""
    return "not " if in_words(text, ("NOT",), ("AND", "OR", "XOR")) else "!"
