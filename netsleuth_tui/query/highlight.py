"""Colours for a filter while it is typed: what each piece is, without parsing the whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from netsleuth_tui.query.event_fields import event_field
from netsleuth_tui.query.explain import MAX_LENGTH
from netsleuth_tui.query.fields import ALIASES, NAMED, PROTOCOLS
from netsleuth_tui.query.tokens import Piece, scan
from netsleuth_tui.query.values import LABELS, looks_like_value

__all__ = ["Kind", "Span", "classify"]

Kind = Literal["field", "protocol", "operator", "number", "text", "error"]


_SIGNS: dict[str, Kind] = {"STRING": "text", "OPEN": "error", "ASSIGN": "error", "OTHER": "error"}

_NAMES: dict[str, Kind] = {
    **dict.fromkeys(LABELS, "text"),
    **dict.fromkeys(PROTOCOLS, "protocol"),
    **dict.fromkeys((*NAMED, *ALIASES), "field"),
}


@dataclass(frozen=True, slots=True)
class Span:
    """A coloured range of characters, half open."""

    start: int
    end: int
    kind: Kind


def classify(text: str) -> list[Span]:
    """What each piece of the text is, in order and without overlap; white space is left out.

    A word at the very end that could still become a name counts as one, so that typing it does not flicker.
    """
    spans = [Span(piece.span.start, piece.span.end, _kind(piece, len(text))) for piece in scan(text[:MAX_LENGTH])]
    if len(text) > MAX_LENGTH:
        spans.append(Span(max(MAX_LENGTH, spans[-1].end if spans else 0), len(text), "error"))
    return spans


def _kind(piece: Piece, end: int) -> Kind:
    if piece.kind != "WORD":
        return _SIGNS.get(piece.kind, "operator")
    word = piece.text
    named = _NAMES.get(word)
    if named is not None:
        return named
    if looks_like_value(word):
        return "number"
    if event_field(word) is not None:
        return "field"
    unfinished = piece.span.end == end and any(name.startswith(word) for name in _NAMES)
    return "field" if unfinished else "error"
