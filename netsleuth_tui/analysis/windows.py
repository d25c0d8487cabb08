"""Windows of time as they are asked for: begin and end, each an instant or a time of day whose date follows from what was loaded."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.analysis.times import BILLION, EPOCH, parse_time
from netsleuth_tui.decode.columns import NO_TIME
from netsleuth_tui.errors import NetSleuthError

if TYPE_CHECKING:
    from netsleuth_tui.store import Store

__all__ = ["TimeOfDay", "Window", "clock_time", "parse_window", "spans_of"]

Spans: TypeAlias = Sequence[tuple[int, int]]
"""First and last times of stretches of what was loaded, ns since the epoch, ascending."""

OPTIONS = ("--since", "--until")
DAY = 86_400 * BILLION
_CLOCK = re.compile(r"([0-9]{1,2}):([0-9]{2})(?::([0-9]{2})(?:[.]([0-9]{1,9}))?)?")
_MOST_DAYS = 3
"""Days that a message names."""
_AT_ONCE = 1 << 22
"""Rows whose days are found at once."""


@dataclass(frozen=True, slots=True)
class TimeOfDay:
    """A time of day, UTC, whose date is not known yet."""

    text: str
    within: int
    """ns since midnight."""

    def on(self, spans: Spans, option: str) -> int:
        """The instant that is meant: the only one within what was loaded, or that of the only day there is.

        Args:
            spans: First and last times of what was loaded.
            option: Where it was asked for.

        Raises:
            NetSleuthError: It could be on more than one day, or nothing has a time.
        """
        days = self._days(spans, option)
        inside = [day for day in days if any(first <= day * DAY + self.within <= last for first, last in spans)]
        if len(days) == 1 or len(inside) == 1:
            return (days if len(days) == 1 else inside)[0] * DAY + self.within
        raise self._ambiguous(inside or days, option)

    def after(self, time: int) -> int:
        """The first such time after an instant."""
        return time + ((self.within - time) % DAY or DAY)

    def before(self, time: int) -> int:
        """The last such time before an instant."""
        return time - ((time - self.within) % DAY or DAY)

    def until(self, end: TimeOfDay, spans: Spans, options: tuple[str, str]) -> tuple[int, int]:
        """The only pair of instants, less than a day apart, that has something of what was loaded in it; or that on the only day there is.

        Raises:
            NetSleuthError: There are more, or none, or nothing has a time.
        """
        days = self._days(spans, options[0])
        if len(days) == 1:
            return days[0] * DAY + self.within, days[0] * DAY + end.within
        length = (end.within - self.within) % DAY or DAY
        begins = [day * DAY + self.within for day in sorted({*days, *(day - 1 for day in days)})]
        fit = [begin for begin in begins if any(begin <= last and first < begin + length for first, last in spans)]
        if len(fit) == 1:
            return fit[0], fit[0] + length
        raise self._ambiguous([begin // DAY for begin in fit] or days, options[0])

    def _days(self, spans: Spans, option: str) -> list[int]:
        """The days of what was loaded, since the epoch.

        Raises:
            NetSleuthError: Nothing has a time.
        """
        if not spans:
            raise NetSleuthError(f"{option} {self.text}: nothing that was loaded has a time")
        return sorted({day for first, last in spans for day in range(first // DAY, last // DAY + 1)})

    def _ambiguous(self, days: Sequence[int], option: str) -> NetSleuthError:
        named = [_date(day) for day in days[:_MOST_DAYS]]
        more = f" and {len(days) - _MOST_DAYS} more" if len(days) > _MOST_DAYS else ""
        return NetSleuthError(
            f"{option} {self.text} could be on {', '.join(named)}{more}", hint=f"write the date, as in {named[0]}T{self.text}"
        )


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

    @property
    def at_once(self) -> tuple[int | None, int | None]:
        """Begin and end before anything was loaded, ns since the epoch: open on both sides where a date is missing."""
        return (None, None) if self.is_open else self.on(())

    def on(self, spans: Spans) -> tuple[int | None, int | None]:
        """Begin and end, ns since the epoch.

        Args:
            spans: First and last times of what was loaded, as `spans_of` has them.

        Raises:
            NetSleuthError: A time of day could be on more than one day, or the end is not after the begin.
        """
        start, end = self._settled(spans)
        if start is not None and end is not None and end <= start:
            raise NetSleuthError(f"{self.options[1]} is not after {self.options[0]}")
        return start, end

    def _settled(self, spans: Spans) -> tuple[int | None, int | None]:
        """Each end bounds the other: a date that one of them has is that of both, or of the night between them."""
        start, end = self.start, self.end
        if isinstance(start, TimeOfDay):
            if isinstance(end, TimeOfDay):
                return start.until(end, spans, self.options)
            return start.before(end) if end is not None and _is_on(end - 1, spans) else start.on(spans, self.options[0]), end
        if isinstance(end, TimeOfDay):
            return start, end.after(start) if start is not None and _is_on(start, spans) else end.on(spans, self.options[1])
        return start, end


def _is_on(time: int, spans: Spans) -> bool:
    """Whether something was loaded of the day of an instant."""
    return any(first // DAY <= time // DAY <= last // DAY for first, last in spans)


def spans_of(store: Store) -> Spans:
    """First and last times of what was loaded, ns since the epoch, ascending: several where whole days (UTC) without anything lie between.

    A clock that was wrong for a moment makes a stretch of its own, far away from the others.
    """
    whole = store.span
    if whole is None or whole[1] // DAY - whole[0] // DAY < 2:
        return [] if whole is None else [whole]
    found: dict[int, tuple[int, int]] = {}
    for times in (store.columns().time[store.table.first :], store.events.view().time):
        for at in range(0, len(times), _AT_ONCE):
            for day, first, last in _days_of(times[at : at + _AT_ONCE]):
                known = found.get(day, (first, last))
                found[day] = min(first, known[0]), max(last, known[1])
    spans: list[tuple[int, int]] = []
    for day in sorted(found):
        joined = bool(spans) and day - spans[-1][1] // DAY == 1
        spans[-1 if joined else len(spans) :] = [(spans[-1][0] if joined else found[day][0], found[day][1])]
    return spans or [whole]


def _days_of(times: NDArray[np.int64]) -> Iterator[tuple[int, int, int]]:
    """Each day of some times, with the first and last of them on it."""
    times = times[times != NO_TIME]
    if not len(times):
        return
    days = times // DAY
    begins = np.concatenate(([0], np.flatnonzero(days[1:] != days[:-1]) + 1))
    each, places = np.unique(days[begins], return_inverse=True)
    firsts, lasts = np.full(len(each), times.max()), np.full(len(each), times.min())
    np.minimum.at(firsts, places, np.minimum.reduceat(times, begins))
    np.maximum.at(lasts, places, np.maximum.reduceat(times, begins))
    yield from zip(each.tolist(), firsts.tolist(), lasts.tolist(), strict=True)


def parse_window(since: str | None, until: str | None, options: tuple[str, str] = OPTIONS) -> Window:
    """A window from what was typed: times as in `times.parse_time`, or times of day as in 12:05 and 12:05:00.5.

    Raises:
        NetSleuthError: They are no times, or in the wrong order.
    """
    start, end = (_parsed(text) if text is not None else None for text in (since, until))
    window = Window(start, end, options)
    if not window.is_open:
        window.on(())
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
