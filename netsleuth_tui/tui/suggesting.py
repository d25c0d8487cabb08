"""What the filter line offers at its cursor: names with their meaning, values with their counts, and filters that were saved."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from netsleuth_tui.terminal.sanitize import display

if TYPE_CHECKING:
    from netsleuth_tui.analysis.occurring import Occurring
    from netsleuth_tui.query.completion import Completion

__all__ = ["Offer", "Suggestion", "inserted", "named", "offered"]

_AT = re.compile(r"@([\w. -]*)\Z")


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One line of the list; `label` and `about` are harmless to show."""

    text: str
    """What is put into the filter."""
    label: str
    about: str
    """What it means."""
    packets: int | None = None
    """How many packets have this value."""
    more: bool = False
    """A blank follows it."""


@dataclass(frozen=True, slots=True)
class Offer:
    """A list, and the part of the text that a choice takes the place of."""

    suggestions: tuple[Suggestion, ...] = ()
    start: int = 0
    """Where the list is shown: the first character of what is typed."""
    others: int = 0
    """Further values, which are not listed."""
    note: str = ""
    """Said where there is nothing to list."""


def named(text: str, cursor: int, filters: Mapping[str, str], *, asked: bool) -> Offer | None:
    """Saved filters: after an @, and on an empty line if they are `asked` for; None elsewhere."""
    at = _AT.search(text[:cursor])
    if at is None and (text.strip() or not asked):
        return None
    begun = at[1].lower() if at is not None else ""
    found = [
        Suggestion(value, f"@{name}", display(value, limit=200))
        for name, value in filters.items()
        if name.lower().startswith(begun) or (begun and begun in name.lower())
    ]
    if not found and at is None:
        return None
    note = "no filter is saved under such a name" if filters else "no filter is saved yet: Ctrl+S saves the one in this line"
    return Offer(tuple(found), at.start() if at is not None else cursor, note="" if found else note)


def offered(completion: Completion, occurring: Occurring | None) -> Offer:
    """What a completion offers, with the values that occur, once they are counted."""
    names = tuple(
        Suggestion(one.text, one.text, f"{one.meaning} ({one.kind})" if one.kind else one.meaning, more=one.more)
        for one in completion.candidates
    )
    start = completion.place.replaced.start
    if occurring is None:
        return Offer(names, start)
    values = tuple(Suggestion(value.text, display(value.text), display(value.about), value.packets) for value in occurring.values)
    field = completion.field
    note = "" if values or names else f"{field}: too many different values to list" if occurring.too_many else f"no such {field} here"
    return Offer((*values, *names), start, occurring.others, note)


def inserted(text: str, cursor: int, start: int, saved: str) -> tuple[str, int]:
    """The text with a saved filter in place of what stands between `start` and the cursor, and the cursor's new place.

    Beside other conditions it gets parentheses where its meaning would change without.
    """
    from netsleuth_tui.query import FilterError, parse
    from netsleuth_tui.query.nodes import Any, Either

    before, behind = text[:start], text[cursor:]
    if before.strip() or behind.strip():
        with suppress(FilterError):  # which will be said below the line
            saved = f"({saved})" if isinstance(parse(saved), Any | Either) else saved
    return f"{before}{saved}{behind}", len(before) + len(saved)
