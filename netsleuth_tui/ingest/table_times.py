"""Times as programs write them into tables of text, to nanoseconds: thousands at once."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import repeat

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.decode.columns import NO_TIME
from netsleuth_tui.query.times import NS, instant

__all__ = ["Form", "Times", "form_of"]

_ZONES = {"UTC": 0, "UT": 0, "GMT": 0, "Z": 0, "EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7}
"""Hours east of UTC of the zones that RFC 5322, section 4.3, gives a meaning; other abbreviations mean several things."""
_MONTHS = {name: number for number, name in enumerate("Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(), 1)}  # noqa: SIM905
_NUMBER = re.compile(r"-?\d{1,19}")
_CLOCK = re.compile(r"(\d{1,2}):(\d\d):(\d\d)")
_HALF = re.compile(r"\s*([AP])\.?M\.?(?![A-Z])", re.IGNORECASE)
_YEAR_FIRST = re.compile(r"(\d{4})[-/](\d{1,2})[-/](\d{1,2})[T ]+(\d{1,2}:\d\d(?::\d\d)?)")
_DAY_OF_YEAR = re.compile(r"(\d{4})/(\d{3})[T ]+(\d{1,2}:\d\d:\d\d)")
_LOG = re.compile(r"\[?(\d{1,2})/([A-Z][a-z]{2})/(\d{4}):(\d\d:\d\d:\d\d)")
_OFFSET = re.compile(r"([+-])(\d\d):?(\d\d)?")
_ZONE = re.compile(r"\s*(?:[A-Za-z][A-Za-z .]*|(?:[AaPp][Mm]\s*)?[+-]\d\d(?::?\d\d)?)\]?$")
"""And before it AM or PM, if there is one of these."""
_SHORTEST = len("1:00:03")
_KEPT = 1 << 16
"""Texts whose meaning is remembered."""
_DAYS_ALONE = "times are dates without a time of day: every row is at 00:00:00; --columns time=DATE+TIME joins two columns"
_DIGITS = "0123456789"
_LONGEST = 128
"""Characters of a time: the longest zones that Windows names have about 40. What is longer is none, and no form is tried on it."""
_SHOWN = 64
_UNITS = ((10**17, 1, "nanoseconds"), (10**14, 10**3, "microseconds"), (10**11, 10**6, "milliseconds"), (10**8, NS, "seconds"))


@dataclass(frozen=True, slots=True)
class Form:
    """How a column writes its times: 'date' (and time of day), 'epoch', 'clock' (time of day alone) or 'relative' (seconds)."""

    kind: str
    unit: int = NS
    """Nanoseconds of the number 1."""

    zoned: bool = True
    """Whether it says which zone it means."""

    remark: str = ""

    day: bool = False
    """Whether it is a date alone."""

    @property
    def rank(self) -> int:
        """How much it says: 0 most."""
        if self.day:
            return 5
        return ("epoch", "date", "", "clock", "relative").index(self.kind) + (self.kind == "date" and not self.zoned)


def form_of(text: str) -> Form | None:
    """How one time is written; None if it is none."""
    text = text.strip()
    if len(text) > _LONGEST:
        return None
    number, _, rest = text.partition(".")
    if _NUMBER.fullmatch(number) and (not rest or rest.isdecimal()):
        for least, unit, name in _UNITS:
            if abs(int(number)) >= least:
                return Form("epoch", unit, remark="" if unit == NS else f"times are {name} since 1970")
        remark = "times are relative: they count from 1970-01-01T00:00:00Z; --shift NAME=2026-03-10T12:00:03Z says when they began"
        return Form("relative", remark=remark)
    head, rest = _without_zone(text)
    half, zone = _half(rest)
    head += half
    if _date(head) is not None:
        is_day = ":" not in head
        return Form("date", zoned=bool(zone), remark=_DAYS_ALONE if is_day else "", day=is_day)
    if _clock(head) is not None:
        return Form("clock", remark="times have no date: they are taken as of 1970-01-01; --shift NAME=2026-03-10T00:00:00Z says the day")
    return None


class Times:
    """Turns the texts of one column into ns since the epoch; what cannot be one becomes `NO_TIME`.

    Args:
        form: How they are written.
    """

    def __init__(self, form: Form) -> None:
        self._form = form
        kinds: dict[str, Callable[[str], int | None]] = {"date": _date, "clock": _clock}
        self._heads = _Memo(kinds.get(form.kind) or partial(_whole, unit=form.unit))
        self._zones = _Memo(self._zone)
        self._offset = 0
        self.unknown_zone = ""
        """A zone that was met and could not be understood; its times are taken as UTC."""

    def set_offset(self, seconds: int) -> None:
        """Say how far east of UTC times are that do not tell themselves."""
        self._offset = seconds * NS
        self._zones.clear()

    def of(self, texts: Sequence[str]) -> NDArray[np.int64]:
        """The times, int64."""
        count = len(texts)
        if not count:
            return np.zeros(0, np.int64)
        texts = [text if len(text) <= _LONGEST else "" for text in map(str.strip, texts)]
        heads, points, tails = zip(*map(str.partition, texts, repeat(".")), strict=True)
        if self._form.kind in ("date", "clock") and not all(points):
            # without a fraction the zone is at the head: 2026-03-10T12:00:03Z
            heads, tails = zip(
                *[(head, tail) if point else _without_zone(head) for head, point, tail in zip(heads, points, tails, strict=True)],
                strict=True,
            )
        rests = list(map(str.lstrip, tails, repeat(_DIGITS)))
        if self._form.kind in ("date", "clock") and any(rests):
            halves = {rest: _half(rest) for rest in set(rests)}
            if any(half for half, _ in halves.values()):
                heads = tuple(head + halves[rest][0] for head, rest in zip(heads, rests, strict=True))
                rests = [halves[rest][1] for rest in rests]
        whole = np.fromiter(map(self._heads.__getitem__, heads), np.int64, count)
        found = whole != NO_TIME
        if any(tails):
            fraction = _fractions(tails)
            fraction = fraction * self._form.unit // NS if self._form.kind in ("epoch", "relative") else fraction
            negative = (
                np.fromiter(map(str.startswith, heads, repeat("-")), np.bool_, count)
                if any(map(str.startswith, heads, repeat("-")))
                else None
            )
            whole = whole + (fraction if negative is None else np.where(negative, -fraction, fraction))
        if self._form.kind in ("date", "clock"):
            zones = np.fromiter(map(self._zones.__getitem__, rests), np.int64, count)
            whole = whole - zones
        else:
            found &= ~np.fromiter(map(bool, rests), np.bool_, count)
        return np.where(found, whole, NO_TIME)

    def _zone(self, text: str) -> int | None:
        """Nanoseconds east of UTC."""
        name = text.strip(" ]")
        if not name:
            return self._offset
        offset = _OFFSET.fullmatch(name)
        if offset is not None:
            seconds = int(offset[2]) * 3600 + int(offset[3] or 0) * 60
            return (-seconds if offset[1] == "-" else seconds) * NS
        if name not in _ZONES:
            self.unknown_zone = name[:_SHOWN]
        return _ZONES.get(name, 0) * 3600 * NS


class _Memo(dict[str, int]):
    """What texts mean, remembered: those of a column repeat."""

    def __init__(self, meaning: Callable[[str], int | None]) -> None:
        super().__init__()
        self._meaning = meaning

    def __missing__(self, text: str) -> int:
        if len(self) >= _KEPT:
            self.clear()
        found = self._meaning(text)
        value = NO_TIME if found is None or not -(2**62) < found < 2**62 else found
        self[text] = value
        return value


def _fractions(tails: Sequence[str]) -> NDArray[np.int64]:
    """Nanoseconds that the leading digits of each text mean behind a decimal point; digits below them are cut off."""
    matrix = np.array(tails, "U9").view(np.uint32).reshape(len(tails), 9)
    value = np.zeros(len(tails), np.int64)
    open_ = np.ones(len(tails), np.bool_)
    for column in range(9):
        digit = matrix[:, column].astype(np.int64) - 48
        open_ &= (digit >= 0) & (digit < 10)
        value = value * 10 + np.where(open_, digit, 0)
    return value


def _whole(text: str, unit: int) -> int | None:
    return int(text) * unit if _NUMBER.fullmatch(text) else None


def _date(text: str) -> int | None:
    """Ns of a date and time without fraction and zone, as if it were UTC; AM or PM may follow, as `_half` gives them."""
    head, half = _of_half(text)
    found = _date_of_24_hours(head)
    if found is None or not half:
        return found
    hour = found // (3600 * NS) % 24
    later = _hours_later(hour, half)
    return None if later is None or ":" not in head else found + later * 3600 * NS


def _date_of_24_hours(text: str) -> int | None:
    found = instant(text)
    if found is not None:
        return found
    try:
        if shape := _DAY_OF_YEAR.fullmatch(text):
            day = dt.date(int(shape[1]), 1, 1) + dt.timedelta(int(shape[2]) - 1)
            return instant(f"{day.isoformat()} {shape[3]}")
        if shape := _YEAR_FIRST.fullmatch(text):
            return instant(f"{shape[1]}-{shape[2]}-{shape[3]} {shape[4]}")
        if (shape := _LOG.fullmatch(text)) and shape[2] in _MONTHS:
            return instant(f"{shape[3]}-{_MONTHS[shape[2]]}-{shape[1]} {shape[4]}")
    except (ValueError, OverflowError):
        return None
    return None


def _clock(text: str) -> int | None:
    """Ns of a time of day; AM or PM may follow."""
    head, half = _of_half(text)
    shape = _CLOCK.fullmatch(head)
    if shape is None or int(shape[1]) > 23 or int(shape[2]) > 59 or int(shape[3]) > 59:
        return None
    later = _hours_later(int(shape[1]), half)
    return None if later is None else ((int(shape[1]) + later) * 3600 + int(shape[2]) * 60 + int(shape[3])) * NS


def _half(rest: str) -> tuple[str, str]:
    """What stands behind the digits of a time: ' AM', ' PM' or nothing, and the zone."""
    shape = _HALF.match(rest)
    return (f" {shape[1].upper()}M", rest[shape.end() :]) if shape else ("", rest)


def _of_half(text: str) -> tuple[str, str]:
    """A time, and its ' AM' or ' PM'."""
    return (text[:-3], text[-3:]) if text.endswith((" AM", " PM")) else (text, "")


def _hours_later(hour: int, half: str) -> int | None:
    """Hours to add to an hour before noon or after it; None if there is none. Programs that count to 24 write 13 PM."""
    if half == " PM":
        return None if hour == 0 else 12 if hour < 12 else 0
    if half == " AM":
        return None if hour > 12 else -12 if hour == 12 else 0
    return 0


def _without_zone(text: str) -> tuple[str, str]:
    """A time without its fraction and zone, and its zone."""
    head, point, tail = text.partition(".")
    if point:
        return head, tail.lstrip(_DIGITS)
    zone = _ZONE.search(text, _SHORTEST)
    if zone is None or text[zone.start() - 1 : zone.start()] not in tuple(_DIGITS):
        return text, ""
    return (text[: zone.start()], zone[0]) if ":" in text[: zone.start()] else (text, "")
