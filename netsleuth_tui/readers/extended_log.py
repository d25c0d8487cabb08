"""Logs in the W3C extended form (https://www.w3.org/TR/WD-logfile): pfirewall.log of Windows, IIS, and others.

Lines that begin with # are about the log; `#Fields:` names the columns, and may come again with others where a server was started anew.
Blanks or tabs separate, and - stands for what is not there. Where rows have a time and no date, as those of IIS may, the last line with
`#Date:` says the day.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence

__all__ = ["ExtendedLog", "names_of_log"]

_FIELDS = "#fields:"
_DATE = "#date:"
_REMARK = "#"
_NOTHING = "-"
_MOST_NOTED = 8
_LONGEST_NOTED = 64
_LONGEST_DATE = 32
_BLANKS = " \t"
_END = "\r"


def names_of_log(lines: Iterable[str]) -> tuple[str, ...]:
    """The columns that the first lines of a text name, if it is a log of this form: all before `#Fields:` are remarks or empty."""
    for line in lines:
        names = _names(line)
        if names:
            return names
        if line.strip() and not line.startswith(_REMARK):
            break
    return ()


def _names(line: str) -> tuple[str, ...]:
    return tuple(_split(line[len(_FIELDS) :])) if line[: len(_FIELDS)].lower() == _FIELDS else ()


def _split(line: str) -> list[str]:
    """What stands between blanks and tabs; other characters that Unicode calls white space may be in a name or cell."""
    text = line.rstrip(_END).replace("\t", " ")
    return text.split() if text.isprintable() else [cell for cell in text.split(" ") if cell]  # the blank alone is both white and printable


def _unquoted(line: str) -> list[str]:
    """The same, where quotes may hold blanks; quotes that the csv module cannot follow separate nothing."""
    try:
        return next(csv.reader((line.rstrip(_END).replace("\t", " ").strip(_BLANKS),), delimiter=" ", skipinitialspace=True), [])
    except csv.Error:
        return _split(line)


class ExtendedLog:
    """Turns lines into rows: first the names of the columns, then cells in their order.

    Args:
        names: From `names_of_log`.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self._names = list(names)
        self._begun = False
        self._day = ""
        self._adds_day = False
        self._has_added = False
        self._order: list[int] | None = None
        self._width = len(names)
        self._more: dict[str, None] = {}

    @property
    def notes(self) -> list[str]:
        """What later lines with `#Fields:` name besides, and where days are from."""
        found = ["rows without a date are taken as of the day that the #Date line before them says"] if self._has_added else []
        shown = ", ".join(list(self._more)[:_MOST_NOTED]) + (", …" if len(self._more) > _MOST_NOTED else "")
        return [*found, f"columns that only a later #Fields names are passed over: {shown}"] if shown else found

    def rows(self, lines: Iterable[str]) -> list[list[str]]:
        """A row for each line, empty for remarks and empty lines."""
        return [self._remark(line) if line.startswith(_REMARK) else self._row(line) for line in lines]

    def _remark(self, line: str) -> list[str]:
        names = _names(line)
        if not names:
            if line[: len(_DATE)].lower() == _DATE:
                self._day = next(iter(_split(line[len(_DATE) :])), self._day)[:_LONGEST_DATE]
            return []
        is_dayless = "time" in names and "date" not in names
        is_first, self._begun = not self._begun, True
        if is_first and is_dayless and self._day:
            self._names.append("date")
        self._adds_day = is_dayless and "date" in self._names
        self._has_added |= self._adds_day
        names = (*names, "date") if self._adds_day else names
        self._width = len(names)
        if is_first:
            return list(self._names)
        at = {name: place for place, name in enumerate(names)}
        known = frozenset(self._names)
        for name in names:
            if len(self._more) <= _MOST_NOTED and name not in known:
                self._more[name[:_LONGEST_NOTED]] = None
        self._order = None if list(names) == self._names else [at.get(name, -1) for name in self._names]
        return []

    def _row(self, line: str) -> list[str]:
        cells = _unquoted(line) if '"' in line else _split(line)
        cells = ["" if cell == _NOTHING else cell for cell in cells]
        if not cells:
            return cells
        if self._adds_day:
            cells.append(self._day)
        if self._order is None:
            return cells
        if len(cells) == self._width:
            return [cells[place] if place >= 0 else "" for place in self._order]
        return [*cells, ""] if len(cells) == len(self._names) else cells  # which has to be told
