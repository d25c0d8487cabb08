"""Where to go among events: a record number or a time, as a person types it, and the event that is meant."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from netsleuth_tui.analysis.finding import Found, nearest, time_of_day
from netsleuth_tui.analysis.times import parse_time
from netsleuth_tui.errors import NetSleuthError

if TYPE_CHECKING:
    from netsleuth_tui.store import Rows, Store

__all__ = ["find_event"]

LARGEST = (1 << 64) - 1


def find_event(store: Store, rows: Rows, text: str, near: int | None = None) -> Found:
    """The event that a person means: 48210377 is a record number, 12:05:00 a time on the day of the log, and times are as in filters.

    Args:
        store: What was loaded.
        rows: Which events may be gone to.
        text: As typed.
        near: Row id of an event, on whose day a time of day is looked for first, and in whose log a record number is.

    Raises:
        NetSleuthError: It is neither, or there is no event to go to.
    """
    text = text.strip()
    if not text:
        raise NetSleuthError("a record number or a time, as in 48210377 or 12:05:00")
    if not len(rows):
        raise NetSleuthError("there is no event to go to")
    columns = store.events.view()
    digits = text.replace(" ", "")
    if digits.isascii() and digits.isdecimal() and len(digits) <= 20:
        return _record(store, rows, int(digits), near)
    here = int(columns.time[near]) if near is not None else None
    time = time_of_day(store.span, text, here)
    return nearest(columns.time[rows.take(0, len(rows))], rows, parse_time(text) if time is None else time, "event")


def _record(store: Store, rows: Rows, number: int, near: int | None) -> Found:
    columns = store.events.view()
    ids = rows.take(0, len(rows))
    numbers = columns.record_id[ids]
    exact = np.flatnonzero(numbers == np.uint64(number)) if number <= LARGEST else np.empty(0, np.int64)
    if len(exact):
        same = exact if near is None else exact[columns.source[ids[exact]] == columns.source[near]]
        return Found(int(ids[(same if len(same) else exact)[0]]), "")
    if not (columns.record_id == np.uint64(min(number, LARGEST))).any():
        raise NetSleuthError(f"there is no record {number}: they go from {int(numbers.min())} to {int(numbers.max())} here")
    later = np.flatnonzero(numbers > np.uint64(number))
    at = int(later[numbers[later].argmin()]) if len(later) else int(numbers.argmax())
    return Found(int(ids[at]), f"record {number} is not among these events; this is record {int(numbers[at])}")
