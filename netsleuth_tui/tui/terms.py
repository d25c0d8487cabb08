"""Terms of a filter, as breakdowns put them in and take them out again."""

from __future__ import annotations

__all__ = ["toggled"]

AND = " && "


def toggled(text: str, term: str) -> str:
    """The filter with `term` as one more condition, or without it where it is one already.

    Args:
        text: A valid filter, or nothing.
        term: A comparison.
    """
    text = text.strip()
    parts = text.split(AND) if text else []
    if term in parts:
        parts.remove(term)
        return AND.join(parts)
    if not text:
        return term
    return f"{text if _is_conjunction(text) else f'({text})'}{AND}{term}"


def _is_conjunction(text: str) -> bool:
    """True if `&&` can follow without changing what the text means."""
    from netsleuth_tui.query.tokens import scan

    return not any(piece.kind in {"OR", "XOR"} for piece in scan(text))
