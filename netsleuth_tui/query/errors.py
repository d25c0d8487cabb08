"""The one error that filter text can cause: what is wrong, and under which characters."""

from __future__ import annotations

from netsleuth_tui.errors import NetSleuthError

__all__ = ["FilterError"]


class FilterError(NetSleuthError):
    """A filter that cannot be used; `column` and `length` are what a caret line marks.

    Args:
        what: What is wrong.
        column: First character of the culprit, from 0.
        length: Characters of the culprit, at least 1.
        hint: What to write instead; empty where nothing is known.
    """

    def __init__(self, what: str, *, column: int, length: int, hint: str = "") -> None:
        super().__init__(what, where=f"column {column + 1}", hint=hint)
        self.column = column
        self.length = max(length, 1)
