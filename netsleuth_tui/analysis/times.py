"""Time stamps as text: UTC, to the nanosecond, without a float anywhere."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from netsleuth_tui.decode.columns import NO_TIME
from netsleuth_tui.errors import NetSleuthError
from netsleuth_tui.query import times
from netsleuth_tui.tabular import Cell

__all__ = ["YEARS", "clock", "date_for", "dated", "digits_for", "epoch", "interval_cells", "iso", "parse_time", "time_cell"]

BILLION = 1_000_000_000
LATEST = 4_611_686_018 * BILLION
"""The year 2116; readers take nothing further from the epoch for a time, so that the difference of any two fits 64 bits."""
EARLIEST = -LATEST
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def iso(time: int, digits: int | None = None) -> str:
    """'2026-03-10T12:00:03.000113000Z' for ns since the epoch.

    Args:
        time: In ns since the epoch.
        digits: Of the second, always so many: columns have 9, so that all their times have one form. None leaves out what is all 0.
    """
    seconds, fraction = divmod(time, BILLION)
    text = (EPOCH + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S")
    if digits is None:
        digits = 9 if fraction else 0
    return f"{text}.{f'{fraction:09d}'[:digits]}Z" if digits else f"{text}Z"


def time_cell(time: int | None) -> str | None:
    """A time in a column: with nine digits, whatever they are, so that all have one form and sort as text; None for none."""
    return None if time is None or time == NO_TIME else iso(time, 9)


def interval_cells(start: int, step: int, numbers: Iterable[int]) -> list[Cell]:
    """The begins of intervals as a column: with the fewest digits that tell all of them (none, three, six or nine).

    Args:
        start: Begin of interval 0, ns since the epoch.
        step: Length of an interval, ns.
        numbers: Of the intervals.
    """
    digits = next(digits for digits in (0, 3, 6, 9) if start % 10 ** (9 - digits) == step % 10 ** (9 - digits) == 0)
    return [iso(start + number * step, digits) for number in numbers]


def clock(time: int, digits: int = 6) -> str:
    """'12:00:03.000113': the time of day, UTC, with so many digits of the second (cut, not rounded)."""
    seconds, fraction = divmod(time, BILLION)
    hours, rest = divmod(seconds % 86400, 3600)
    text = f"{hours:02d}:{rest // 60:02d}:{rest % 60:02d}"
    return f"{text}.{f'{fraction:09d}'[:digits]}" if digits else text


YEARS = len("2026-03-10")
"""What `date_for` says where years have to be told apart."""


def dated(time: int, date: int) -> str:
    """The end of a time's date and a space behind it, as `date_for` says."""
    return f"{iso(time)[10 - date : 10]} " if date else ""


def date_for(span: tuple[int, int] | None, *, whole: tuple[int, int] | None = None) -> int:
    """How many characters of a date tell apart what lies in a span: none within a day, '03-10' within a year, '2026-03-10' otherwise.

    Args:
        span: First and last time that is told, ns since the epoch; None where nothing has a time.
        whole: Those of all that is loaded: where that spans years, the year is told in any case.
    """
    if span is None:
        return 0
    if whole is not None and date_for(whole) == YEARS:
        return YEARS
    first, last = map(iso, span)
    return 0 if first[:10] == last[:10] else 5 if first[:4] == last[:4] else YEARS


def digits_for(span: tuple[int, int] | None) -> int:
    """How many digits of the second tell apart what lies in a span, where only its ends, or its marks, are told: none from 10 s on.

    Args:
        span: First and last time, ns since the epoch; None where nothing has a time.
    """
    if span is None or span[1] - span[0] >= 10 * BILLION:
        return 0
    return 3 if span[1] - span[0] >= BILLION // 100 else 6


def epoch(time: int) -> str:
    """'1773144003.000113000': seconds since the epoch with nine digits, as frame.time_epoch."""
    sign, time = ("-", -time) if time < 0 else ("", time)
    return f"{sign}{time // BILLION}.{time % BILLION:09d}"


def parse_time(text: str) -> int:
    """Nanoseconds since the epoch of a time as filters take it (see `query.times.instant`), or of seconds since the epoch.

    A time that no capture can have becomes the first or the last that one can have, so that 9999-12-31 means an open end.

    Raises:
        NetSleuthError: It is neither.
    """
    time = times.instant(text)
    if time is None:
        time = times.epoch(text.strip())
    if time is None:
        hint = "ISO 8601, with its date, as in 2026-03-10T12:05:00.5Z, or seconds since 1970"
        raise NetSleuthError(f"{text!r} is not a time", hint=hint)
    return max(EARLIEST, min(time, LATEST))
