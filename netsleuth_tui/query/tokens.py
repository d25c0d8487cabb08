"""Filter text in pieces: one scanner for the parser and for the colours, so that both see the same words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from netsleuth_tui.query.nodes import Span

__all__ = ["COMPARISONS", "KEYWORDS", "Piece", "in_words", "scan"]

_SCANNER = re.compile(
    r"""
      (?P<SPACE>   [ \t\r\n]+ )
    | (?P<MADE>    (?: ext | folder ) \( [ ]* (?: EventData\."(?:[^"\\]|\\.)*" | [A-Za-z0-9_.]+ ) [ ]* (?: , [ ]* [0-9]{1,2} [ ]* )? \) )
    | (?P<QUOTED>  EventData\."(?:[^"\\]|\\.)*" )
    | (?P<STRING>  r?"(?:[^"\\]|\\.)*" )
    | (?P<OPEN>    r?"(?:[^"\\]|\\.)*\\? )
    | (?P<COMPARE> ===|!==|~=|==|!=|>=|<= | > (?!=) | < (?!=) )
    | (?P<AND>     && )
    | (?P<OR>      \|\| )
    | (?P<XOR>     \^\^ )
    | (?P<AMP>     & )
    | (?P<NOT>     ! )
    | (?P<MATCHES> ~ )
    | (?P<ASSIGN>  = )
    | (?P<LPAR>    \( )
    | (?P<RPAR>    \) )
    | (?P<LBRACE>  \{ )
    | (?P<RBRACE>  \} )
    | (?P<COMMA>   , )
    | (?P<DOTS>    \.\. )
    | (?P<WORD>    (?: [A-Za-z0-9_:.] | -(?=[0-9.]) ) (?: [A-Za-z0-9_:/+-] | \.(?!\.) )* )
    | (?P<OTHER>   [^\x00-\x7f]+ | . )
    """,
    re.VERBOSE | re.DOTALL,
)

COMPARISONS: dict[str, str] = {
    "==": "==",
    "eq": "==",
    "any_eq": "==",
    "===": "===",
    "all_eq": "===",
    "!=": "!=",
    "ne": "!=",
    "all_ne": "!=",
    "!==": "!==",
    "~=": "!==",
    "any_ne": "!==",
    "<": "<",
    "lt": "<",
    "<=": "<=",
    "le": "<=",
    ">": ">",
    "gt": ">",
    ">=": ">=",
    "ge": ">=",
}
"""Every spelling of a comparison, and the symbol that it stands for."""

KEYWORDS: dict[str, str] = {
    "and": "AND",
    "or": "OR",
    "xor": "XOR",
    "not": "NOT",
    "in": "IN",
    "contains": "CONTAINS",
    "matches": "MATCHES",
    "bitwise_and": "AMP",
    "any": "QUANTIFIER",
    "all": "QUANTIFIER",
    **{word: "COMPARE" for word in COMPARISONS if word[0].isalpha()},
}
"""Words that are operators, and the kind of piece that they are."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A word, string or sign of the filter, and where it stands."""

    kind: str
    text: str
    span: Span


def scan(text: str) -> Iterator[Piece]:
    """Cut `text` into pieces, white space left out.

    Kinds: WORD, STRING, COMPARE, AND, OR, XOR, NOT, AMP, IN, CONTAINS, MATCHES, QUANTIFIER, LPAR, RPAR, LBRACE, RBRACE, COMMA,
    DOTS; and those that no filter may hold: OPEN (a string without its closing quote), ASSIGN (a single =), OTHER.
    """
    for match in _SCANNER.finditer(text):
        kind = match.lastgroup or "OTHER"
        if kind == "SPACE":
            continue
        word = match.group()
        if kind == "WORD":
            kind = KEYWORDS.get(word, kind)
        elif kind in {"MADE", "QUOTED"}:  # names of event fields that are no plain words
            kind = "WORD"
        yield Piece(kind, word, Span(match.start(), match.end()))


def in_words(text: str, *kinds: tuple[str, ...]) -> bool:
    """Whether operators are spelled out (`and`): those of the first kinds that occur decide; without any they are signs (`&&`)."""
    pieces = list(scan(text))
    used = next(filter(None, ([piece.text for piece in pieces if piece.kind in kind] for kind in kinds)), ["&&"])
    return all(word.isalpha() for word in used)
