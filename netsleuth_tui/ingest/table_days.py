"""Days in a column of their own, beside the times of day: both together are a time."""

from __future__ import annotations

import re
from collections.abc import Sequence

from netsleuth_tui.query.times import instant

__all__ = ["CLOCK_TITLES", "DAY_TITLES", "is_compact", "joined"]

DAY_TITLES = frozenset("date utcdate gmtdate localdate eventdate logdate startdate absolutedate day".split())  # noqa: SIM905
CLOCK_TITLES = frozenset("time utctime gmttime localtime eventtime logtime starttime absolutetime arrivaltime timeofday clock".split())  # noqa: SIM905
"""Titles, without their case, blanks and signs, of columns that may be a day and a time of day."""

_MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()  # noqa: SIM905
_FORMS = tuple(
    re.compile(form, re.ASCII)
    for form in (
        r"(?P<year>\d{4})[-/.](?P<month>\d{1,2})[-/.](?P<day>\d{1,2})",
        r"(?P<year>\d{4})(?P<month>\d\d)(?P<day>\d\d)",
        r"(?P<day>\d{1,2})\.(?P<month>\d{1,2})\.(?P<year>\d{4})",
        r"(?P<day>\d{1,2})[-/ ]?(?P<name>[A-Za-z]{3})[-/ ]?(?P<year>\d{4})",
        r"(?P<name>[A-Za-z]{3})\.? +(?P<day>\d{1,2}),? +(?P<year>\d{4})",
    )
)
"""Those that can be read in one way only: 03/10/2026 is none of them."""
_COMPACT = re.compile(r"([01]\d|2[0-3])([0-5]\d)([0-5]\d)(\..*)?", re.ASCII)


def joined(days: Sequence[str], clocks: Sequence[str]) -> list[str]:
    """Times as one text each; what is no day stays as it is, and where there is no time of day there is no time."""
    known = {day: _iso(day.strip()) for day in set(days)}
    return [f"{known[day]} {_clock(clock.strip())}".strip() if clock.strip() else "" for day, clock in zip(days, clocks, strict=True)]


def is_compact(clock: str) -> bool:
    """Whether a text may be a time of day in six digits, as `120001` is beside a date."""
    return _COMPACT.fullmatch(clock.strip()) is not None


def _clock(text: str) -> str:
    """A time of day with its colons; other texts as they are."""
    return text if ":" in text or (shape := _COMPACT.fullmatch(text)) is None else f"{shape[1]}:{shape[2]}:{shape[3]}{shape[4] or ''}"


def _iso(text: str) -> str:
    """A day in the order of ISO 8601; other texts as they are."""
    for form in _FORMS:
        shape = form.fullmatch(text)
        parts = shape.groupdict() if shape else {}
        name = (parts.get("name") or "").lower()
        if parts and (not name or name in _MONTHS):
            found = f"{parts['year']}-{_MONTHS.index(name) + 1 if name else int(parts['month']):02}-{int(parts['day']):02}"
            return found if instant(found) is not None else text
    return text
