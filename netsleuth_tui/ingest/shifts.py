"""Clocks that are off: by how much the times of a file are put right."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from netsleuth_tui.errors import NetSleuthError
from netsleuth_tui.query.times import instant

__all__ = ["Shift", "idle", "parse_offset", "parse_shift", "shift_of", "show_shift"]

_UNITS = {
    "ns": 1,
    "us": 10**3,
    "ms": 10**6,
    "s": 10**9,
    "": 10**9,
    "m": 60 * 10**9,
    "min": 60 * 10**9,
    "h": 3600 * 10**9,
    "d": 86_400 * 10**9,
}
_MOST = 100 * 366 * 86_400 * 10**9
"""A hundred years."""


@dataclass(frozen=True, slots=True)
class Shift:
    """Nanoseconds that are added to the times of the files that a name, path or pattern means."""

    pattern: str
    offset: int

    def __str__(self) -> str:
        """As `parse_shift` takes it."""
        return f"{self.pattern}={show_shift(self.offset).replace(' ', '')}"

    def means(self, path: str) -> bool:
        """Whether a file is meant: by its path, its name, or a pattern for either."""
        name = Path(path).name
        return self.pattern in (path, name) or any(fnmatch.fnmatchcase(text, self.pattern) for text in (path, name))


def parse_shift(text: str) -> Shift:
    """'print01.evtx=+3600s', '*.cap=-7h', 'a.pcap=+05:45', 'b.pcap=-0.25' (seconds), 'c.csv=2026-03-10T12:00:03Z' (what its time 0 was).

    Raises:
        NetSleuthError: It is not a name, an equals sign and an offset, or the offset is more than a hundred years.
    """
    pattern, _, offset = text.rpartition("=")
    found = _offset(offset) if pattern else None
    if found is None:
        raise NetSleuthError(f"{text!r} is no clock offset", hint="NAME=OFFSET, as in print01.evtx=+3600s, '*.cap=-7h' or a.pcap=+05:45")
    return Shift(pattern, found)


def parse_offset(text: str) -> int:
    """An offset alone, ns: '+3600s', '-7h', '+05:45', '-0.25' (seconds), or an instant.

    Raises:
        NetSleuthError: It is none, or more than a hundred years.
    """
    found = _offset(text)
    if found is None:
        raise NetSleuthError(f"{text!r} is no clock offset", hint="as in +3600s, -7h or +05:45")
    return found


def _offset(text: str) -> int | None:
    text = text.strip()
    sign = -1 if text.startswith("-") else 1
    number = re.fullmatch(r"[+-]?(\d{1,18})(?:\.(\d{1,9}))?\s*(ns|us|ms|s|min|m|h|d|)", text.lower())
    clock = re.fullmatch(r"[+-]?(\d{1,2}):([0-5]\d)(?::([0-5]\d))?", text)
    if number:
        unit = _UNITS[number[3]]
        found = sign * (int(number[1]) * unit + (int(number[2]) * unit // 10 ** len(number[2]) if number[2] else 0))
    elif clock:
        found = sign * 10**9 * (int(clock[1]) * 3600 + int(clock[2]) * 60 + int(clock[3] or 0))
    else:
        begin = instant(text)
        if begin is None:
            return None
        found = begin
    return found if abs(found) <= _MOST else None


def idle(shifts: Sequence[Shift], files: Sequence[tuple[str, bool]]) -> list[str]:
    """The patterns of shifts that mean none of the files."""
    return [shift.pattern for shift in shifts if not any(shift.means(name) for name, _ in files)]


def shift_of(path: str, shifts: Sequence[Shift]) -> int:
    """Nanoseconds to add to the times of a file: those of the last shift that means it."""
    return next((shift.offset for shift in reversed(shifts) if shift.means(path)), 0)


def show_shift(offset: int) -> str:
    """'+3600 s' for 3_600_000_000_000."""
    seconds, rest = divmod(abs(offset), 10**9)
    part = f".{rest:09}".rstrip("0") if rest else ""
    return f"{'-' if offset < 0 else '+'}{seconds}{part} s"
