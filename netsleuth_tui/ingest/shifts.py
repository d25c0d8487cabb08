"""Clocks that are off: by how much the times of a file are put right."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from netsleuth_tui.errors import NetSleuthError
from netsleuth_tui.query.times import instant

__all__ = ["Shift", "parse_shift", "shift_of", "show_shift"]

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
    number = re.fullmatch(r"([+-]?)(\d{1,18})(?:\.(\d{1,9}))?\s*(ns|us|ms|s|min|m|h|d|)", offset.strip().lower())
    clock = re.fullmatch(r"([+-]?)(\d{1,2}):([0-5]\d)(?::([0-5]\d))?", offset.strip())
    if pattern and (number or clock):
        if number:
            unit = _UNITS[number[4]]
            size = int(number[2]) * unit + (int(number[3]) * unit // 10 ** len(number[3]) if number[3] else 0)
        else:
            size = (
                sum(int(part or 0) * 10**9 * length for part, length in zip(clock.groups()[1:], (3600, 60, 1), strict=True)) if clock else 0
            )
        if size <= _MOST:
            return Shift(pattern, -size if offset.strip().startswith("-") else size)
    begin = instant(offset) if pattern else None
    if begin is not None and abs(begin) <= _MOST:
        return Shift(pattern, begin)
    raise NetSleuthError(f"{text!r} is no clock offset", hint="NAME=OFFSET, as in print01.evtx=+3600s, '*.cap=-7h' or a.pcap=+05:45")


def shift_of(path: str, shifts: Sequence[Shift]) -> int:
    """Nanoseconds to add to the times of a file: those of the last shift that means it."""
    return next((shift.offset for shift in reversed(shifts) if shift.means(path)), 0)


def show_shift(offset: int) -> str:
    """'+3600 s' for 3_600_000_000_000."""
    seconds, rest = divmod(abs(offset), 10**9)
    part = f".{rest:09}".rstrip("0") if rest else ""
    return f"{'-' if offset < 0 else '+'}{seconds}{part} s"
