"""What could be meant at the cursor of the filter line: names with their meaning, operators; and which field's values are wanted there."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from netsleuth_tui.query.cursor import Place, place
from netsleuth_tui.query.errors import FilterError
from netsleuth_tui.query.event_fields import EVENT_FIELDS
from netsleuth_tui.query.fields import ALIASES, NAMED, PROTOCOL_DESCRIPTIONS, Field
from netsleuth_tui.query.nodes import All, Any, Node, Not
from netsleuth_tui.query.tokens import in_words, scan
from netsleuth_tui.query.unparse import unparse
from netsleuth_tui.query.values import field_named

__all__ = ["Candidate", "Completion", "complete"]

CLOSES = {"LPAR": ")", "LBRACE": "}"}


@dataclass(frozen=True, slots=True)
class Candidate:
    """Something that could stand at the cursor."""

    text: str
    meaning: str
    kind: str = ""
    """What kind of values a field has, or 'protocol'; empty for operators."""
    more: bool = True
    """Something has to follow: a blank is put behind it."""


@dataclass(frozen=True, slots=True)
class Completion:
    """What can stand at the cursor, the likeliest first."""

    place: Place
    candidates: tuple[Candidate, ...]
    rest: str
    """The filter without the condition that is being typed: among these rows its values are to be counted. Empty for all."""

    @property
    def field(self) -> str:
        """The field whose values are wanted; empty where none is."""
        return self.place.field if self.place.what in {"value", "set"} else ""

    @property
    def is_wanted(self) -> bool:
        """Whether to show it without being asked: a name was begun, or a value comes next."""
        return bool(self.field) or (self.place.what == "name" and bool(self.place.typed))

    def accepted(self, text: str, chosen: str, *, more: bool = False) -> tuple[str, int]:
        """The text with `chosen` in it, and where the cursor stands then; with `more`, behind a blank."""
        replaced = self.place.replaced
        behind = text[replaced.end :]
        blank = " " if more and not behind.startswith(" ") else ""
        before = text[: replaced.start]
        if self.place.what in {"operator", "joint", "value"} and before and not before[-1].isspace():
            before += " "
        return f"{before}{chosen}{blank}{behind}", len(before) + len(chosen) + int(more)


def complete(text: str, cursor: int, data: Sequence[Candidate] = ()) -> Completion | None:
    """What could be meant at `cursor` in any text whatever; None where nothing can be said.

    Args:
        text: What is typed.
        cursor: Where.
        data: Names of the event data that occur, which no registry knows.
    """
    found = place(text, cursor)
    if found is None:
        return None
    candidates = tuple(_candidates(text, found, data))
    rest = _rest(text, found) if found.what in {"value", "set"} else ""
    return Completion(found, candidates, rest)


def _candidates(text: str, found: Place, data: Sequence[Candidate]) -> Iterable[Candidate]:
    field = field_named(found.field) if found.field else None
    if found.what == "name":
        return _names(found.typed, data)
    if found.what == "value":
        others = _names(found.typed, data) if found.typed[:1].isalpha() and field is not None else []
        return [name for name in others if name.text != found.field and _is_alike(field, field_named(name.text))]
    if found.what == "brace":
        return [Candidate("{", "values, separated by commas", more=False)]
    if found.what not in {"operator", "joint"}:
        return []
    signs = [*(_operators(field) if found.what == "operator" and field is not None else ()), *_joints(text, found)]
    return [sign for sign in signs if sign.text.startswith(found.typed)]


def _is_alike(field: Field | None, other: Field | None) -> bool:
    """Whether two fields can be compared with each other."""
    if field is None or other is None or (field.event is None) != (other.event is None):
        return False
    if field.event is None:
        return (other.kind, other.version) == (field.kind, field.version) and field.kind not in {"place", "text"}
    return other.kind in {field.kind, "data"} or (field.kind == "data" and other.kind != "time")


# Names


def _names(typed: str, data: Sequence[Candidate] = ()) -> list[Candidate]:
    """Fields and protocols that `typed` may mean: as the beginning, a part, a word of the meaning, or letters in their order."""
    ranked = []
    for order, candidate in enumerate((*_ALL, *data)):
        ranks = [
            rank for name in (candidate.text, *_OTHER_NAMES.get(candidate.text, ())) if (rank := _rank(typed, name.lower())) is not None
        ]
        if not ranks and len(typed) > 2 and re.search(rf"\b{re.escape(typed)}", candidate.meaning, re.IGNORECASE):
            ranks = [4]
        if ranks:
            ranked.append((min(ranks), candidate.text.count("."), order, candidate))
    return [candidate for *_, candidate in sorted(ranked, key=lambda item: item[:3])]


def _rank(typed: str, name: str) -> int | None:
    sought = typed.lower()
    if name == sought:
        return 0
    if name.startswith(sought):
        return 1
    if re.search(rf"[._]{re.escape(sought)}", name):
        return 2
    if sought in name:
        return 3
    rest = iter(name)
    return 5 if len(sought) > 1 and all(letter in rest for letter in sought) else None


def _values(field: Field) -> str:
    kinds = {
        "address": f"IPv{field.version} address",
        "time": "time",
        "duration": "seconds",
        "bool": "0 or 1",
        "label": "text",
        "text": "text",
        "data": "event data",
        "place": "text",
    }
    return kinds.get(field.kind) or (f"0..{field.maximum}" if field.maximum < 1 << 17 else f"{field.maximum.bit_length()} bits")


_ALL = (
    *(Candidate(name, meaning, "protocol", more=False) for name, meaning in PROTOCOL_DESCRIPTIONS.items()),
    *(Candidate(field.name, field.description, _values(field)) for field in (*NAMED.values(), *EVENT_FIELDS.values())),
)
_OTHER_NAMES = {name: tuple(alias for alias, meant in ALIASES.items() if meant == name) for name in ALIASES.values()}


# Operators

_NUMBERS = frozenset({"uint", "time", "duration", "address", "data"})
_ANY = frozenset({"uint", "bool", "time", "duration", "address", "label", "text", "data", "place"})
_TEXTS = frozenset({"label", "text", "data", "place"})
_OPERATORS = (
    ("==", "equals", _ANY),
    ("!=", "is there, and differs", _ANY),
    ("in {", "is one of these values or ranges", _ANY),
    ("not in {", "is none of these, or absent", _ANY),
    (">", "is greater", _NUMBERS),
    (">=", "is greater or equal", _NUMBERS),
    ("<", "is smaller", _NUMBERS),
    ("<=", "is smaller or equal", _NUMBERS),
    ("&", "has one of these bits", frozenset({"uint", "data"})),
    ("contains", "holds this text; case counts", _TEXTS),
    ("matches", "matches this regular expression", _TEXTS),
)
_TWICE = (("===", "all equal"), ("!==", "one differs"))


def _operators(field: Field) -> Iterable[Candidate]:
    yield from (Candidate(sign, meaning, more=not sign.endswith("{")) for sign, meaning, kinds in _OPERATORS if field.kind in kinds)
    if len(field.columns) == 2:
        yield from (Candidate(sign, meaning) for sign, meaning in _TWICE)


def _joints(text: str, found: Place) -> Iterable[Candidate]:
    words = found.typed.isalpha() or (not found.typed and in_words(text, ("AND", "OR", "XOR"), ("NOT",)))
    signs = ("and", "or", "xor") if words else ("&&", "||", "^^")
    meanings = ("both hold", "at least one holds", "exactly one holds")
    return (Candidate(sign, meaning) for sign, meaning in zip(signs, meanings, strict=True))


# The rest of the filter


def _rest(text: str, found: Place) -> str:
    """The filter that keeps every frame for which the whole could hold, whatever the condition at the cursor turns out to be."""
    from netsleuth_tui.query.parser import parse

    before, behind = text[: found.term.start], text[found.term.end :]
    for tail in (behind, ""):
        opened = [piece.kind for piece in scan(before + tail) if piece.kind in {"LPAR", "RPAR"}]
        missing = max(opened.count("LPAR") - opened.count("RPAR"), 0)
        try:
            tree = parse(f"{before} frame {tail}{')' * missing}")
        except FilterError:
            continue
        kept = _could_be(tree, len(before) + 1, holds=True)
        return "" if kept is None else unparse(kept)
    return ""


def _could_be(node: Node, at: int, *, holds: bool) -> Node | None:
    """The frames for which `node` could hold (or not hold), with any condition in place of the one that begins at `at`; None for all."""
    if not node.span.start <= at < node.span.end:
        return node if holds else Not(node)
    if isinstance(node, Not):
        return _could_be(node.term, at, holds=not holds)
    if isinstance(node, All | Any) and isinstance(node, All) == holds:
        kept = [part for term in node.terms if (part := _could_be(term, at, holds=holds)) is not None]
        return None if not kept else kept[0] if len(kept) == 1 else All(tuple(kept))
    return None
