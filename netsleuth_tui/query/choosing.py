"""What both ways of deciding a filter share: relations and their opposites, and which labels and places are meant."""

from __future__ import annotations

from collections.abc import Callable

from netsleuth_tui.query.fields import NAMED, Field
from netsleuth_tui.query.nodes import Relation, Search
from netsleuth_tui.query.strings import pattern

__all__ = ["INVERSE", "TESTS", "field_of_packets", "finder", "place_test", "sought_place"]

INVERSE: dict[Relation, Relation] = {"==": "!=", "!=": "==", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}

TESTS: dict[Relation, Callable[[int | str, int | str], bool]] = {
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,  # type: ignore[operator]
    "<=": lambda a, b: a <= b,  # type: ignore[operator]
    ">": lambda a, b: a > b,  # type: ignore[operator]
    ">=": lambda a, b: a >= b,  # type: ignore[operator]
}


def field_of_packets(name: str) -> Field | None:
    """The field of packets; of those of events only the time is one."""
    return NAMED["frame.time"] if name == "TimeCreated" else NAMED.get(name)


def finder(node: Search) -> Callable[[str], bool]:
    """Whether a text has what is searched for."""
    text = node.text.value
    if node.how == "contains":
        return lambda label: text in label
    expression = pattern(text, node.text.span)
    return lambda label: expression.search(label) is not None


def sought_place(field: Field, written: str) -> str:
    """What is compared with the names of places; a bare number is that of an autonomous system."""
    sought = written.casefold()
    return f"as{sought}" if field.place == "asn" and sought.isdecimal() else sought


def place_test(sought: str, relation: Relation) -> Callable[[tuple[str, str]], bool]:
    """Whether a place, by its name and its other spelling, stands in the relation to what is sought; its order is that of names."""
    if relation == "==":
        return lambda spelled: any(name.casefold() == sought for name in spelled)
    if relation == "!=":
        return lambda spelled: all(name.casefold() != sought for name in spelled)
    return lambda spelled: TESTS[relation](spelled[0].casefold(), sought)
