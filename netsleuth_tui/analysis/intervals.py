"""Lengths of time as people write them, and the round ones that a time axis uses."""

from __future__ import annotations

import re

from netsleuth_tui.errors import NetSleuthError

__all__ = ["MOST_BUCKETS", "SECOND", "nice_interval", "parse_interval", "show_interval"]

MILLISECOND = 1_000_000
SECOND = 1_000_000_000
UNITS = {
    "ns": 1,
    "us": 1_000,
    "ms": MILLISECOND,
    "s": SECOND,
    "m": 60 * SECOND,
    "min": 60 * SECOND,
    "h": 3600 * SECOND,
    "d": 86400 * SECOND,
}
SHOWN = (("d", 86400 * SECOND), ("h", 3600 * SECOND), ("min", 60 * SECOND), ("s", SECOND), ("ms", MILLISECOND), ("us", 1_000), ("ns", 1))

_DECIMAL: list[int] = [factor * 10**power for power in range(9) for factor in (1, 2, 5)]
_CLOCK = [SECOND * s for s in (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200)]
_DAYS: list[int] = [86400 * SECOND * factor * 10**power for power in range(5) for factor in (1, 2, 5)]
LONGEST = 1 << 61
ROUND = tuple(_DECIMAL + _CLOCK + _DAYS)


MOST_BUCKETS = 1 << 20
"""More intervals than this are refused: a time stamp in 1970 beside one in 2106 must not take the host's memory."""


def nice_interval(span: int, columns: int) -> int:
    """The shortest round interval, in ns, of which at most `columns` cover `span` ns from an aligned start."""
    for every in ROUND:
        if span // every + 2 <= columns:
            return every
    return max(ROUND[-1], span // max(columns - 2, 1) + 1)


def parse_interval(text: str) -> int:
    """Nanoseconds of '1s', '250ms', '5min', '1h'.

    Raises:
        NetSleuthError: It is not a number with a unit, not above 0, or longer than any capture.
    """
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([a-z]+)", text.strip().lower())
    if found and found[2] in UNITS:
        whole, _, fraction = found[1].partition(".")
        unit = UNITS[found[2]]
        length = int(whole) * unit + (int(fraction) * unit // 10 ** len(fraction) if fraction else 0)
        if 0 < length <= LONGEST:
            return length
        if length == 0:
            raise NetSleuthError("an interval is longer than nothing", hint="10ms, 1s, 5min, 1h, 1d")
    raise NetSleuthError(f"{text!r} is not an interval", hint="a number and a unit: 10ms, 1s, 5min, 1h, 1d")


def show_interval(every: int) -> str:
    """'5 s' for 5_000_000_000, '1.5 s', '8 d 17 h'."""
    name, unit = next((name, unit) for name, unit in SHOWN if every >= unit)
    whole, rest = divmod(every, unit)
    if not rest:
        return f"{whole} {name}"
    if rest * 100 % unit == 0 or unit <= SECOND:
        return f"{every / unit:.6g} {name}"
    return f"{whole} {name} {show_interval(rest)}"
