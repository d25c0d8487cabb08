"""Windows of time as they are asked for: begin and end, each an instant or a time of day whose date follows from what was loaded."""

from __future__ import annotations

import re
from dataclasses import dataclass

from netsleuth_tui.analysis.times import BILLION, EPOCH, parse_time
from netsleuth_tui.errors import NetSleuthError

__all__ = ["TimeOfDay", "Window", "clock_time", "parse_window"]

OPTIONS = ("--since", "--until")
DAY = 86_400 * BILLION
_CLOCK = re.compile(r"([0-9]{1,2}):([0-9]{2})(?::([0-9]{2})(?:[.]([0-9]{1,9}))?)?")
_MOST_DAYS = 3
"""Days that a message names."""


@dataclass(frozen=True, slots=True)
class TimeOfDay:
    """A time of day, UTC, whose date is not known yet."""

    text: str
    within: int
    """ns since midnight."""

    def on(self, span: tuple[int, int] | None, option: str) -> int:
        """The instant that is meant: the only one between the first and the last of what was loaded, or that of the only day there is.

        Args:
            span: First and last time of all that was loaded, ns since the epoch.
            option: Where it was asked for.

        Raises:
            NetSleuthError: It could be on more than one day, or nothing has a time.
        """
        if span is None:
            raise NetSleuthError(f"{option} {self.text}: nothing that was loaded has a time")
        first, last = (time // DAY for time in span)
        begin = first if first * DAY + self.within >= span[0] else first + 1
        end = last if last * DAY + self.within <= span[1] else last - 1
        if first == last:
            return first * DAY + self.within
        if begin == end:
            return begin * DAY + self.within
        days = range(begin, end + 1) if begin < end else range(first, last + 1)
        named = [_date(day) for day in days[:_MOST_DAYS]]
        more = f" and {len(days) - _MOST_DAYS} more" if len(days) > _MOST_DAYS else ""
        hint = f"write the date, as in {named[0]}T{self.text}"
        raise NetSleuthError(f"{option} {self.text} could be on {', '.join(named)}{more}", hint=hint)


@dataclass(frozen=True, slots=True)
class Window:
    """Begin and end of what is to be looked at; None is open."""

    start: int | TimeOfDay | None = None
    end: int | TimeOfDay | None = None
    options: tuple[str, str] = OPTIONS
    """Where they were asked for."""

    @property
    def is_open(self) -> bool:
        """Whether a date is missing."""
        return isinstance(self.start, TimeOfDay) or isinstance(self.end, TimeOfDay)

    def on(self, span: tuple[int, int] | None) -> tuple[int | None, int | None]:
        """Begin and end, ns since the epoch.

        Args:
            span: First and last time of all that was loaded.

        Raises:
            NetSleuthError: A time of day could be on more than one day, or the end is not after the begin.
        """
        start, end = (
            time.on(span, option) if isinstance(time, TimeOfDay) else time
            for time, option in zip((self.start, self.end), self.options, strict=True)
        )
        if start is not None and end is not None and end <= start:
            raise NetSleuthError(f"{self.options[1]} is not after {self.options[0]}")
        return start, end


def parse_window(since: str | None, until: str | None, options: tuple[str, str] = OPTIONS) -> Window:
    """A window from what was typed: times as in `times.parse_time`, or times of day as in 12:05 and 12:05:00.5.

    Raises:
        NetSleuthError: They are no times, or in the wrong order.
    """
    start, end = (_parsed(text) if text is not None else None for text in (since, until))
    window = Window(start, end, options)
    if not window.is_open:
        window.on(None)
    return window


def _parsed(text: str) -> int | TimeOfDay:
    within = clock_time(text)
    return parse_time(text) if within is None else TimeOfDay(text.strip(), within)


def clock_time(text: str) -> int | None:
    """Ns since midnight of a time of day; None where it does not look like one.

    Raises:
        NetSleuthError: It looks like a time of day, and is none.
    """
    parts = _CLOCK.fullmatch(text.strip())
    if parts is None:
        return None
    hours, minutes, seconds = int(parts[1]), int(parts[2]), int(parts[3] or 0)
    if hours > 23 or minutes > 59 or seconds > 59:
        raise NetSleuthError(f"{text!r} is no time of day", hint="as in 12:05:00")
    return (hours * 3600 + minutes * 60 + seconds) * BILLION + int((parts[4] or "").ljust(9, "0"))


def _date(day: int) -> str:
    return EPOCH.fromordinal(EPOCH.toordinal() + day).strftime("%Y-%m-%d")
