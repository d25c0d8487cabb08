"""A filter as Wireshark takes it, and what has to be known before it is pasted there."""

from __future__ import annotations

from collections.abc import Iterator

from netsleuth_tui.query.fields import JUDGED, NAMED
from netsleuth_tui.query.nodes import All, Any, Comparison, Either, Node, Not, Present, Reference
from netsleuth_tui.query.unparse import unparse

__all__ = ["for_wireshark", "names_in"]

_SINCE = "Wireshark knows it since version 4.2"
_NOTES = {
    "frame.offset": "frame.offset: Wireshark does not have this field",
    "source": "source: Wireshark does not have this field",
    "_ws.col.protocol": f"_ws.col.protocol: {_SINCE}, and its labels are those of protocols above TCP and UDP, too",
    "tcp.flags.ae": "tcp.flags.ae: it is tcp.flags.ns before Wireshark 4.2",
}


def for_wireshark(text: str) -> tuple[str, tuple[str, ...]]:
    """The filter in the spelling that Wireshark 4 shares, times with their zone, and notes about what it does not know.

    Args:
        text: A valid filter, or nothing.

    Raises:
        FilterError: It is not valid.
    """
    if not text.strip():
        return "", ()
    from netsleuth_tui.query.parser import parse

    node = parse(text)
    names = dict.fromkeys(names_in(node))
    notes = [_NOTES[name] for name in names if name in _NOTES]
    notes += [f"{name}: Wireshark does not have this field" for name in names if name in JUDGED and not name.startswith("tcp.")]
    notes += [f"{name}: Wireshark takes it alone, without a value" for name in dict.fromkeys(_labels_compared(node))]
    if "xor" in names:
        notes.append(f"xor: {_SINCE}")
    return unparse(node), tuple(notes)


def names_in(node: Node) -> Iterator[str]:
    """Fields and protocols that a tree asks for, and 'xor'."""
    if isinstance(node, All | Any | Either):
        if isinstance(node, Either):
            yield "xor"
        for term in node.terms:
            yield from names_in(term)
    elif isinstance(node, Not):
        yield from names_in(node.term)
    elif isinstance(node, Present):
        yield node.name
    else:
        yield node.left.name
        if isinstance(node, Comparison) and isinstance(node.right, Reference):
            yield node.right.name


def _labels_compared(node: Node) -> Iterator[str]:
    """Fields with a value here that only are there, or not, in Wireshark, and are compared with something."""
    if isinstance(node, All | Any | Either):
        for term in node.terms:
            yield from _labels_compared(term)
    elif isinstance(node, Not):
        yield from _labels_compared(node.term)
    elif not isinstance(node, Present) and NAMED.get(node.left.name) is not None and NAMED[node.left.name].columns == ("tcp_marks",):
        yield node.left.name
