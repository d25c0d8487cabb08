"""The filter language: Wireshark's display filters over tshark's field names, from text to a predicate that the engine runs.

Parser generator and SQL trees are loaded by the first filter, not by this import.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from netsleuth_tui.query.errors import FilterError
from netsleuth_tui.query.event_fields import EVENT_FIELDS, event_field
from netsleuth_tui.query.fields import ALIASES, FIELDS, JUDGED, NAMED, PROTOCOL_DESCRIPTIONS, PROTOCOLS, Field
from netsleuth_tui.query.highlight import Span, classify
from netsleuth_tui.query.nodes import Node, names_of
from netsleuth_tui.query.unparse import unparse

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from sqlglot import exp

    from netsleuth_tui.query.compile import Judged, Predicate
    from netsleuth_tui.query.event_filter import Searcher
    from netsleuth_tui.query.hosts import HostLookup
    from netsleuth_tui.query.place_values import PlaceLookup
    from netsleuth_tui.store.event_values import EventValues

__all__ = [
    "ALIASES",
    "EVENT_FIELDS",
    "FIELDS",
    "JUDGED",
    "NAMED",
    "PROTOCOLS",
    "PROTOCOL_DESCRIPTIONS",
    "Field",
    "FilterError",
    "Node",
    "Span",
    "alone",
    "classify",
    "compile_filter",
    "event_field",
    "filter_events",
    "names_in",
    "names_of",
    "parse",
    "unparse",
    "warmed",
]


def parse(text: str) -> Node:
    """The syntax tree of a filter, with fields and values checked.

    Raises:
        FilterError: The text is not a filter; its column and length say where.
    """
    from netsleuth_tui.query.parser import parse as parsed

    return parsed(text)


def alone(text: str) -> Node | None:
    """The syntax tree of a filter that is asked of packets before, or without, the rest of the capture being there; None for an empty one.

    Raises:
        NetSleuthError: It is not valid, or asks for fields that follow from other packets.
    """
    if not text.strip():
        return None
    from netsleuth_tui.query.judging import refuse_judged

    tree = parse(text)
    refuse_judged(tree)
    return tree


def names_in(text: str) -> tuple[str, ...]:
    """The names of all fields that a filter speaks of, each once.

    Raises:
        FilterError: The text is not a filter.
    """
    return names_of(parse(text)) if text.strip() else ()


def warmed() -> exp.Expression:
    """Load the parser and the SQL trees; a predicate that no packet satisfies."""
    from netsleuth_tui.query.sql import FALSE

    parse("tcp")
    return FALSE


def filter_events(text: str, values: EventValues, search: Searcher, first: int, last: int) -> NDArray[np.bool_]:
    """Whether a filter that is not empty keeps each of the events `first` to `last` (excluded).

    Args:
        text: What the user wrote.
        values: Of the events.
        search: Tests texts with a regular expression.
        first: First row.
        last: One past the last row.

    Raises:
        FilterError: The text is not a filter.
    """
    from netsleuth_tui.query.event_filter import matching_events

    return matching_events(parse(text), values, search, first, last)


def compile_filter(text: str, *, hosts: HostLookup, judged: Judged | None = None, places: PlaceLookup | None = None) -> Predicate | None:
    """The predicate of a filter; None for one that is empty and leaves every frame.

    Args:
        text: What the user wrote.
        hosts: The addresses known now; compile again once there are more.
        judged: Knows fields that follow from other packets; without it no packet has them.
        places: Knows where these are; without it nothing is anywhere.

    Raises:
        FilterError: The text is not a filter.
    """
    if not text.strip():
        return None
    from netsleuth_tui.query.compile import predicate

    return predicate(parse(text), hosts, judged, places=places)
