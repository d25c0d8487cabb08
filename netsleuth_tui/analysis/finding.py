"""Where to go: a frame number or a time, as a person types it, and the row that is meant."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.analysis.times import BILLION, clock, iso, parse_time
from netsleuth_tui.analysis.windows import DAY, clock_time
from netsleuth_tui.decode.columns import NO_TIME
from netsleuth_tui.errors import NetSleuthError
from netsleuth_tui.wording import file_name

if TYPE_CHECKING:
    from netsleuth_tui.store import Rows, Store

__all__ = ["Found", "find_row", "nearest", "time_of_day"]

NUMBER = re.compile(r"[0-9 ]{1,9}")


@dataclass(frozen=True, slots=True)
class Found:
    """A row, and what there is to say where it is not quite what was asked for."""

    row: int
    remark: str


def find_row(store: Store, rows: Rows, text: str, near: int | None = None) -> Found:
    """The row that a person means: 1204 is a frame, 12:05:00 a time on the day of the capture, and times are as in filters.

    Args:
        store: What was loaded.
        rows: Which rows may be gone to.
        text: As typed.
        near: Row id in whose file frames are numbered, and on whose day a time of day is looked for first.

    Raises:
        NetSleuthError: It is neither, or there is no row to go to.
    """
    text = text.strip()
    if not text:
        raise NetSleuthError("a frame number or a time, as in 1204 or 12:05:00")
    if not len(rows):
        raise NetSleuthError("there is no packet to go to")
    if NUMBER.fullmatch(text):
        return _frame(store, rows, int(text.replace(" ", "")), near)
    time = time_of_day(store.span, text, int(store.columns().time[near]) if near is not None else None)
    return nearest(store.columns().time[rows.take(0, len(rows))], rows, parse_time(text) if time is None else time, "packet")


def _frame(store: Store, rows: Rows, number: int, near: int | None) -> Found:
    source = store.source_of(near if near is not None else int(rows.take(0, 1)[0]))
    parts = [part for part in store.sources if part.name == source.name and part.before < number <= part.before + part.packets]
    if not parts:
        last = max(part.before + part.packets for part in store.sources if part.name == source.name)
        of = f" of {file_name(source.name)}, in which the cursor is" if len(store.sources) > 1 else ""
        raise NetSleuthError(f"there is no frame {number}{of}: the file has {last}")
    part = source if source in parts else parts[0]
    row = part.first_row + number - part.before - 1
    at = min(rows.position(row), len(rows) - 1)
    found = int(rows.take(at, 1)[0])
    return Found(found, "" if found == row else f"frame {number} is not among these records; this is the next one that is")


def time_of_day(span: tuple[int, int] | None, text: str, here: int | None) -> int | None:
    """A time of day as an instant: on the day of `here`, but not before everything begins where a later day has it; None where it is none.

    Args:
        span: Earliest and latest time of all that was loaded.
        text: As typed.
        here: An instant on whose day the time is looked for first; None or `NO_TIME` for the first day.

    Raises:
        NetSleuthError: It looks like a time of day, and is none.
    """
    within = clock_time(text) if span is not None else None
    if within is None or span is None:
        return None
    first, last = span
    day = (here if here is not None and here != NO_TIME else first) // DAY * DAY
    days = [day, *range(first // DAY * DAY, min(last, first + 400 * DAY) + 1, DAY)]
    return next((each + within for each in days if first <= each + within <= last), day + within)


def nearest(times: NDArray[np.int64], rows: Rows, time: int, what: str) -> Found:
    """The first row at a time or after it, or else the last one.

    Args:
        times: Of the rows, ns since the epoch.
        rows: Which of them there are.
        time: ns since the epoch.
        what: A row is called.

    Raises:
        NetSleuthError: None of them has a time.
    """
    timed = times != NO_TIME
    if not timed.any():
        raise NetSleuthError(f"no {what} here has a time")
    later = np.flatnonzero(timed & (times >= time))
    at = int(later[times[later].argmin()]) if len(later) else int(np.where(timed, times, NO_TIME).argmax())
    found = int(times[at])
    row = int(rows.take(at, 1)[0])
    if not len(later):
        return Found(row, f"there is nothing at {iso(time)} or after it; this is the last {what}, at {clock(found)}")
    exact = found // BILLION == time // BILLION
    return Found(row, "" if exact else f"there is nothing at {iso(time)}; this is the next {what}, at {clock(found)}")
