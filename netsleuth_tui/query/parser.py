"""From filter text to its syntax tree, checked: afterwards only addresses are left to look up.

Importing this loads the parser generator; `netsleuth_tui.query` does so when the first filter is parsed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from importlib import resources
from typing import Any as Whatever
from typing import cast

import lark
from lark.lexer import Lexer

from netsleuth_tui.query.build import Builder
from netsleuth_tui.query.errors import FilterError
from netsleuth_tui.query.explain import MAX_LENGTH, check_pieces, explain
from netsleuth_tui.query.nodes import Node
from netsleuth_tui.query.tokens import Piece, scan

__all__ = ["parse"]

PARSED_KEPT = 256
"""Trees that are kept by their text: while typing, the same filter is asked for by several panes."""


class _Pieces(Lexer):
    """Hands pieces that are cut already to the parser; a token's column is its index among them."""

    def __init__(self, _configuration: object) -> None:
        pass

    def lex(self, pieces: Sequence[Piece]) -> Iterator[lark.Token]:  # type: ignore[override]
        for index, piece in enumerate(pieces):
            yield lark.Token(piece.kind, piece.text, start_pos=piece.span.start, end_pos=piece.span.end, column=index)


@lru_cache(1)
def _parser() -> lark.Lark:
    grammar = resources.files(__package__).joinpath("grammar.lark").read_text(encoding="utf-8")
    return lark.Lark(grammar, parser="lalr", lexer=_Pieces, transformer=Builder(), maybe_placeholders=False)


@lru_cache(PARSED_KEPT)
def parse(text: str) -> Node:
    """The tree of a filter.

    Raises:
        FilterError: The text is not a filter; column and length say where.
    """
    if len(text) > MAX_LENGTH:
        what = f"a filter has at most {MAX_LENGTH} characters, this one has {len(text)}"
        raise FilterError(what, column=MAX_LENGTH, length=len(text) - MAX_LENGTH)
    pieces = tuple(scan(text))
    check_pieces(pieces)
    if not pieces:
        raise explain(pieces, 0)
    try:
        return cast("Node", _parser().parse(cast("Whatever", pieces)))
    except lark.UnexpectedToken as unexpected:
        at = len(pieces) if unexpected.token.type == "$END" else cast("int", unexpected.token.column)
        raise explain(pieces, at) from None
