"""From "this piece cannot stand here" to a sentence that says what is missing."""

from __future__ import annotations

import re
from collections.abc import Sequence

from netsleuth_tui.query.errors import FilterError
from netsleuth_tui.query.fields import ALIASES, NAMED
from netsleuth_tui.query.nodes import Span
from netsleuth_tui.query.tokens import KEYWORDS, Piece

__all__ = ["MAX_DEPTH", "MAX_LENGTH", "check_pieces", "explain"]

MAX_LENGTH = 4096
"""Characters that a filter may have."""

MAX_DEPTH = 100
"""Parentheses and nots that may be nested."""

_OPERATORS = frozenset({"COMPARE", "AND", "OR", "XOR", "NOT", "AMP", "IN", "CONTAINS", "MATCHES", "QUANTIFIER"})
_BEGINS = frozenset({"WORD", "STRING", "LPAR", "NOT", "QUANTIFIER"})
_ENDS = frozenset({"WORD", "STRING", "RPAR", "RBRACE"})

_SIGNS = {
    "[": ("slices are not supported: the bytes of packets are not indexed", ""),
    "]": ("slices are not supported: the bytes of packets are not indexed", ""),
    "#": ("layers cannot be chosen: fields are those of the outermost header", ""),
    "@": ("raw bytes are not kept", ""),
    "$": ("there are no references to the selected frame, and no macros", ""),
    "'": ("a string is written in double quotes", 'for example "TCP"'),
    "|": ("a single | has no meaning here", "write || or or"),
    "^": ("a single ^ has no meaning here", "write ^^ or xor"),
    ";": ("a filter is one expression", "join conditions with and or or"),
}
_ARITHMETIC = "+-*/%"
_NAME = re.compile(r"[.\\]?[A-Za-z_]|\\")
"""How a name begins, or the end of one or of a path; numbers and addresses begin otherwise."""


def check_pieces(pieces: Sequence[Piece]) -> None:
    """Refuse what no filter may hold, and what is nested too deeply.

    Raises:
        FilterError: At the first such piece.
    """
    waiting, depth = 0, 0
    opened: list[int] = []
    for index, piece in enumerate(pieces):
        if piece.kind in {"OPEN", "ASSIGN", "OTHER"}:
            raise _at(piece, *(_habit(pieces, index) or _forbidden(piece)))
        if piece.kind == "NOT":
            waiting += 1
        elif piece.kind == "LPAR":
            opened.append(waiting)
            depth += waiting + 1
            waiting = 0
        elif piece.kind == "RPAR" and opened:
            depth -= opened.pop() + 1
        else:
            waiting = 0
        if depth + waiting > MAX_DEPTH:
            raise _at(piece, f"nested more than {MAX_DEPTH} deep", "leave out parentheses that change nothing")


def _habit(pieces: Sequence[Piece], index: int) -> tuple[str, str] | None:
    """What a sign means that people write by habit, and how to say it here; None for others."""
    piece = pieces[index]
    following = pieces[index + 1] if index + 1 < len(pieces) else None
    if piece.text == "/" and index == 0:
        return "the / opens the filter line and is no part of the filter", "leave it out"
    if piece.text == "-" and following is not None and following.text.startswith(">") and following.span.start == piece.span.end:
        return "an arrow has no meaning here", "from one address to another: ip.src == a && ip.dst == b"
    before = pieces[index - 1] if index else None
    if piece.text == "*" and "COMPARE" in [other.kind for other in pieces[max(index - 2, 0) : index]]:
        glued = [other.text for other, near in ((before, True), (following, False)) if other is not None and _touch(piece, other, near)]
        if glued and all(_NAME.match(text) and text not in NAMED and text not in ALIASES for text in glued):
            return "a * stands for nothing here", r'write matches "\.dll$" for a pattern, or ext(ObjectName) == "dll"'
    return None


def _touch(piece: Piece, other: Piece, is_before: bool) -> bool:
    """Whether a value stands beside a sign without a blank."""
    return other.kind in {"WORD", "OTHER"} and (other.span.end == piece.span.start if is_before else piece.span.end == other.span.start)


def _forbidden(piece: Piece) -> tuple[str, str]:
    if piece.kind == "OPEN":
        return "this string has no closing quote", 'put " at its end'
    if piece.kind == "ASSIGN":
        return "a single = compares nothing", "write == for equal"
    if piece.text in _ARITHMETIC:
        return "arithmetic is not supported", "compare a field with a number or with another field"
    if piece.text in _SIGNS:
        return _SIGNS[piece.text]
    return "this character has no meaning in a filter", "strings are written in double quotes"


def _at(piece: Piece, what: str, hint: str = "") -> FilterError:
    return FilterError(what, column=piece.span.start, length=piece.span.end - piece.span.start, hint=hint)


def explain(pieces: Sequence[Piece], at: int) -> FilterError:
    """Say why the pieces stop making sense at index `at` (their number: at the end of the text)."""
    before = pieces[at - 1] if at else None
    opened = _still_open(pieces[:at])
    if at == len(pieces):
        return _at_end(before, opened)
    if pieces[at].kind in {"IN", "NOT", "CONTAINS", "MATCHES"} and at > 1 and pieces[at - 2].kind == "QUANTIFIER":
        what = f"all and any stand before a comparison, not before {pieces[at].text}"
        return _at(pieces[at - 2], what, "for example all tcp.port <= 1023")
    return _in_the_middle(pieces[at], before, opened)


def _still_open(pieces: Sequence[Piece]) -> list[Piece]:
    """Opening parentheses and braces without their closing ones."""
    opened: list[Piece] = []
    for piece in pieces:
        if piece.kind in {"LPAR", "LBRACE"}:
            opened.append(piece)
        elif piece.kind in {"RPAR", "RBRACE"} and opened:
            opened.pop()
    return opened


def _at_end(before: Piece | None, opened: list[Piece]) -> FilterError:
    if before is None:
        return _at(Piece("END", "", Span(0, 0)), "the filter is empty", "for example tcp.port == 443")
    if before.kind in _OPERATORS | {"DOTS", "COMMA"}:
        return _at(before, f'something is missing after "{before.text}"', _what_follows(before))
    if opened:
        what = {"LPAR": '"(" is never closed', "LBRACE": '"{" is never closed'}[opened[-1].kind]
        return _at(opened[-1], what, {"LPAR": "put ) where the group ends", "LBRACE": "put } at the end of the values"}[opened[-1].kind])
    if before.kind == "STRING":
        return _at(before, "a string alone is no condition", 'for example _ws.col.protocol == "TCP"')
    return _at(before, "a comparison is missing here", "for example all tcp.port > 1024")


def _what_follows(before: Piece) -> str:
    follows = {
        "IN": "for example tcp.port in {80, 443, 8000..8010}",
        "AMP": "a number that says which bits, for example tcp.flags & 0x02",
        "CONTAINS": 'for example _ws.col.protocol contains "CMP"',
        "MATCHES": 'for example _ws.col.protocol matches "^ICMP"',
        "QUANTIFIER": "a comparison, for example all tcp.port > 1024",
        "DOTS": "a range has two ends, for example 8000..8010",
        "COMPARE": "a value or a field",
        "COMMA": "another value",
    }
    return follows.get(before.kind, "a condition, for example tcp.port == 443")


def _in_the_middle(piece: Piece, before: Piece | None, opened: list[Piece]) -> FilterError:
    if piece.kind in {"RPAR", "RBRACE"}:
        return _closing(piece, before, opened)
    if before is None:
        return _at(piece, f'something is missing before "{piece.text}"', "for example tcp.port == 443")
    if before.kind in {"IN", "CONTAINS", "MATCHES"}:
        follows = "values in braces" if before.kind == "IN" else "a string"
        return _at(piece, f'"{before.text}" is followed by {follows}', _what_follows(before))
    if piece.text.lower() in KEYWORDS and piece.text not in KEYWORDS:
        return _at(piece, f'"{piece.text}" is written in lower case', piece.text.lower())
    if opened and opened[-1].kind == "LBRACE":
        return _among_values(piece, before, opened[-1])
    return _between_conditions(piece, before)


def _among_values(piece: Piece, before: Piece, brace: Piece) -> FilterError:
    if before.kind in {"WORD", "STRING"} and piece.kind in {"WORD", "STRING", "LPAR"}:
        return _at(piece, "values in braces are separated by commas", "for example {80, 443}")
    if before.kind in {"WORD", "STRING"} and piece.kind in _OPERATORS:
        return _at(brace, '"{" is never closed', "put } at the end of the values")
    return _at(piece, f'"{piece.text}" cannot stand among the values of a set', "for example {80, 443, 8000..8010}")


def _between_conditions(piece: Piece, before: Piece) -> FilterError:
    if piece.kind == "LPAR" and before.kind == "WORD":
        return _at(before, f"functions such as {before.text}() are not supported", "compare the field itself")
    if before.kind in _ENDS and piece.kind in _BEGINS:
        return _at(piece, f'an operator is missing before "{piece.text}"', "join conditions with and or or")
    if piece.kind in {"LBRACE", "COMMA", "DOTS"}:
        return _at(piece, f'"{piece.text}" belongs to a set of values', "for example tcp.port in {80, 443, 8000..8010}")
    if before.kind in _OPERATORS or before.kind == "LPAR":
        return _at(piece, f'something is missing between "{before.text}" and "{piece.text}"', _what_follows(before))
    return _at(piece, f'"{piece.text}" cannot stand here', "join conditions with and or or")


def _closing(piece: Piece, before: Piece | None, opened: list[Piece]) -> FilterError:
    wanted = {"RPAR": "LPAR", "RBRACE": "LBRACE"}[piece.kind]
    if not opened:
        return _at(piece, f'"{piece.text}" closes nothing', "take it away, or open it before")
    if before is not None and before.kind == wanted:
        what = "there is nothing in these parentheses" if wanted == "LPAR" else "there are no values in these braces"
        return _at(piece, what, "for example (tcp or udp)" if wanted == "LPAR" else "for example {80, 443}")
    if before is not None and before.kind in _OPERATORS | {"DOTS", "COMMA"}:
        return _at(before, f'something is missing after "{before.text}"', _what_follows(before))
    if opened[-1].kind != wanted:
        return _at(opened[-1], f'"{opened[-1].text}" is never closed', f'before the "{piece.text}"')
    return _at(piece, "a comparison is missing here", "for example all tcp.port > 1024")
