"""What is being typed at the cursor of the filter line: a name, an operator, a value of which field, or what joins conditions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from netsleuth_tui.query.explain import MAX_LENGTH
from netsleuth_tui.query.nodes import Span
from netsleuth_tui.query.tokens import Piece, scan
from netsleuth_tui.query.values import field_named, looks_like_value

__all__ = ["Place", "What", "place"]

What = Literal["name", "operator", "value", "set", "bits", "brace", "joint"]
"""A name of a field or protocol; what follows a name; a value after a comparison or within braces; bits after &; the brace after in;
or `and`, `or` after a condition."""

_TEXTUAL = frozenset({"WORD", "STRING", "OPEN", "AND", "OR", "XOR", "NOT", "IN", "CONTAINS", "MATCHES", "AMP", "QUANTIFIER", "COMPARE"})


@dataclass(frozen=True, slots=True)
class Place:
    """The cursor's place in a filter."""

    what: What
    field: str = ""
    """Canonical name of the field whose value, operator or bits are typed; empty where there is none."""
    typed: str = ""
    """What there is of the word or string, up to the cursor."""
    replaced: Span = Span(0, 0)  # noqa: RUF009 - frozen
    """What a completion takes the place of: the whole word, also behind the cursor."""
    term: Span = Span(0, 0)  # noqa: RUF009
    """The condition that is being typed."""


@dataclass(slots=True)
class _Walk:
    """Goes through the pieces before the cursor and knows what comes next."""

    what: What = "name"
    field: str = ""
    start: int = 0
    """Where the condition begins."""
    fresh: bool = True
    """A new condition begins with the next piece."""

    def take(self, piece: Piece) -> None:
        """Go over one piece."""
        if piece.kind in {"AND", "OR", "XOR", "LPAR", "RPAR"} or (piece.kind == "NOT" and self.what != "operator"):
            self.what, self.field, self.fresh = ("joint" if piece.kind == "RPAR" else "name"), "", True
            return
        if self.fresh or (self.what == "joint" and piece.kind in {"WORD", "STRING", "QUANTIFIER"}):
            self.start, self.fresh, self.field, self.what = piece.span.start, False, "", "name"
        if piece.kind in {"WORD", "STRING"}:
            self._word(piece)
        else:
            follows: dict[str, What] = {
                "COMPARE": "value" if self.field else "name",
                "CONTAINS": "value", "MATCHES": "value", "LBRACE": "set", "COMMA": "set", "DOTS": "set",
                "AMP": "bits", "IN": "brace", "RBRACE": "joint",
            }  # fmt: skip
            self.what = follows.get(piece.kind, self.what)

    def _word(self, piece: Piece) -> None:
        field = field_named(piece.text) if piece.kind == "WORD" else None
        if self.what == "name" or (self.what == "value" and field is not None):
            self.field = field.name if field is not None else ""
            self.what = "operator" if field is not None or (piece.kind == "WORD" and looks_like_value(piece.text)) else "joint"
        elif self.what == "bits":
            self.what = "operator"
        elif self.what != "set":
            self.what = "joint"


def place(text: str, cursor: int) -> Place | None:
    """Where the cursor stands in a text that may be no filter at all; None beyond the longest filter, and in what is no word."""
    if not 0 <= cursor <= min(len(text), MAX_LENGTH):
        return None
    pieces = tuple(scan(text[:MAX_LENGTH]))
    walk = _Walk()
    for piece in pieces:
        if piece.span.end < cursor or (piece.span.end == cursor and not _is_typed(piece)):
            walk.take(piece)
            continue
        if piece.span.start >= cursor:
            break
        if not _is_typed(piece):
            return None
        return _found(walk, pieces, piece, cursor)
    return _found(walk, pieces, Piece("WORD", "", Span(cursor, cursor)), cursor)


def _is_typed(piece: Piece) -> bool:
    """A word, or a string that can still be continued: its last quote is not the cursor's business."""
    if piece.kind == "STRING":
        return False
    return piece.kind in _TEXTUAL and (piece.text[0].isalnum() or piece.text[0] in '_:."-')


def _found(walk: _Walk, pieces: Sequence[Piece], piece: Piece, cursor: int) -> Place:
    typed = piece.text[: cursor - piece.span.start]
    end = cursor if piece.kind == "OPEN" else piece.span.end
    if walk.fresh or (walk.what == "name" and not walk.field and walk.start > cursor):
        walk = replace(walk, start=piece.span.start)
    behind = end
    if walk.what == "set" or (walk.what == "value" and not piece.text):
        behind = _end_of_values(pieces, end, one=walk.what == "value")
    if walk.what == "value":
        behind = _end_of_bits(pieces, behind)
    term = Span(min(walk.start, piece.span.start), max(behind, cursor))
    return Place(walk.what, walk.field, typed, Span(piece.span.start, end), term)


def _end_of_bits(pieces: Sequence[Piece], at: int) -> int:
    """Where the bits end that are picked from the field before `at`; `at` where none are."""
    after = [piece for piece in pieces if piece.span.start >= at][:2]
    picked = len(after) == 2 and after[0].kind == "AMP" and after[1].kind == "WORD"
    return after[1].span.end if picked else at


def _end_of_values(pieces: Sequence[Piece], at: int, *, one: bool) -> int:
    """Where the values end among which the cursor stands: a set with its brace, if it is closed; or the `one` value behind the cursor."""
    end = at
    for piece in pieces:
        if piece.span.start < at:
            continue
        if piece.kind not in {"WORD", "STRING", "COMMA", "DOTS", "RBRACE"}:
            break
        end = piece.span.end
        if one or piece.kind == "RBRACE":
            break
    return end
