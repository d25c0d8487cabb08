"""Points in time as people write them, to nanoseconds and back, without a float in between."""

from __future__ import annotations

import datetime as dt
import re

__all__ = ["NS", "epoch", "instant", "iso", "seconds"]

NS = 1_000_000_000
"""Nanoseconds per second."""

_CLOCK = r"(?P<hour>\d{1,2}):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:[.,](?P<fraction>\d+))?)?"
_ISO = re.compile(
    rf"(?P<year>\d{{4}})-(?P<month>\d{{1,2}})-(?P<day>\d{{1,2}})(?:[T ]\s*{_CLOCK})?\s*(?P<zone>Z|UTC|[+-]\d\d(?::?\d\d)?)?",
    re.ASCII,
)
_LEGACY = re.compile(rf"(?P<name>[A-Z][a-z]{{2}})\s+(?P<day>\d{{1,2}}),\s+(?P<year>\d{{4}})\s+{_CLOCK}\s*(?P<zone>Z|UTC)?", re.ASCII)
_EPOCH = re.compile(r"(?P<sign>-?)(?P<whole>\d*)(?:\.(?P<fraction>\d*))?", re.ASCII)
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_DAY_ZERO = dt.date(1970, 1, 1).toordinal()


def instant(text: str) -> int | None:
    """Nanoseconds since 1970-01-01T00:00:00Z of a date and time; None if it is none.

    ISO 8601 (`2026-11-23 12:00:03.5`, also with T, Z, UTC, +01:00, or the date alone) and the way tshark prints it
    (`Nov 23, 2026 12:00:03.5`). Without a zone it is UTC.
    """
    found = _ISO.fullmatch(text.strip()) or _LEGACY.fullmatch(text.strip())
    if found is None:
        return None
    parts = found.groupdict()
    month = _month(parts)
    try:
        day = dt.date(int(parts["year"]), month, int(parts["day"])).toordinal() - _DAY_ZERO
    except ValueError:
        return None
    hour, minute, second = (int(parts[name] or 0) for name in ("hour", "minute", "second"))
    fraction = _fraction(parts["fraction"] or "")
    offset = _offset(parts["zone"] or "Z")
    if hour > 23 or minute > 59 or second > 59 or fraction is None or offset is None:
        return None
    return (day * 86400 + hour * 3600 + minute * 60 + second - offset) * NS + fraction


def _month(parts: dict[str, str]) -> int:
    """1 to 12; 0, which no calendar has, for an unknown name."""
    if "month" in parts:
        return int(parts["month"])
    return _MONTHS.index(parts["name"]) + 1 if parts["name"] in _MONTHS else 0


def _offset(zone: str) -> int | None:
    """Seconds east of UTC."""
    if zone in {"Z", "UTC"}:
        return 0
    hours, minutes = int(zone[1:3]), int(zone[-2:]) if len(zone) > 3 else 0
    if hours > 23 or minutes > 59:
        return None
    return (hours * 3600 + minutes * 60) * (-1 if zone[0] == "-" else 1)


def _fraction(digits: str) -> int | None:
    """Nanoseconds; None if there are digits below them."""
    if digits[9:].strip("0"):
        return None
    return int(digits[:9].ljust(9, "0"))


def epoch(text: str) -> int | None:
    """Nanoseconds of decimal seconds since 1970 (`1795435203.5`), exactly; None if it is no such number."""
    found = _EPOCH.fullmatch(text)
    if found is None or not (found["whole"] or found["fraction"]):
        return None
    fraction = _fraction(found["fraction"] or "")
    if fraction is None:
        return None
    value = int(found["whole"] or 0) * NS + fraction
    return -value if found["sign"] else value


def iso(ns: int) -> str:
    """`2026-11-23 12:00:03.500000000Z`, which `instant` reads back exactly."""
    seconds, fraction = divmod(ns, NS)
    days, rest = divmod(seconds, 86400)
    date = dt.date.fromordinal(days + _DAY_ZERO).isoformat()
    clock = f"{rest // 3600:02}:{rest // 60 % 60:02}:{rest % 60:02}"
    return f"{date} {clock}.{fraction:09}Z" if fraction else f"{date} {clock}Z"


def seconds(ns: int) -> str:
    """Decimal seconds since 1970, which `epoch` reads back exactly."""
    whole, fraction = divmod(abs(ns), NS)
    digits = f".{fraction:09}".rstrip("0").rstrip(".")
    return f"{'-' if ns < 0 else ''}{whole}{digits}"
