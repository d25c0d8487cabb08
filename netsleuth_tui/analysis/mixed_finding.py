"""Where to go among packets and events: a frame number or a time, as a person types it, and the row that is meant."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netsleuth_tui.analysis.event_finding import find_event
from netsleuth_tui.analysis.finding import NUMBER, Found, find_row, time_of_day
from netsleuth_tui.analysis.interleaving import EVENT, Interleaved, by_time, event_of, packet_of
from netsleuth_tui.analysis.times import BILLION, clock, iso, parse_time
from netsleuth_tui.errors import NetSleuthError

if TYPE_CHECKING:
    from netsleuth_tui.store import Store

__all__ = ["find_mixed"]


def find_mixed(store: Store, found: Interleaved, text: str, near: int | None = None) -> Found:
    """The row that a person means: 1204 is a frame, or a record number where there are only events; 12:05:00 and the like are times.

    Args:
        store: What was loaded.
        found: The rows that may be gone to.
        text: As typed.
        near: The row under the cursor.

    Returns:
        Its number as in `Interleaved`.

    Raises:
        NetSleuthError: It is neither, or there is no row to go to.
    """
    text = text.strip()
    if not len(found.events) or (NUMBER.fullmatch(text) and len(found.packets)):
        return find_row(store, found.packets.rows, text, packet_of(near))
    if not len(found.packets):
        there = find_event(store, found.events.rows, text, event_of(near))
        return Found(there.row + EVENT, there.remark)
    event, packet = event_of(near), packet_of(near)
    here = None if near is None else int(store.columns().time[packet] if packet is not None else store.events.view().time[event or 0])
    time = time_of_day(store.span, text, here)
    time = parse_time(text) if time is None else time
    timed = found if found.merged else by_time(store, found.packets.rows, found.events.rows)
    row, last = timed.at(time), len(timed) - timed.without_time()
    if not last:
        raise NetSleuthError("nothing here has a time")
    if row is None:
        row = int(timed.take(last - 1 if not timed.falling else 0, 1)[0])
        return Found(row, f"there is nothing at {iso(time)} or after it; this is the last row, at {clock(_when(store, row))}")
    when = _when(store, row)
    return Found(
        row, "" if when // BILLION == time // BILLION else f"there is nothing at {iso(time)}; this is the next row, at {clock(when)}"
    )


def _when(store: Store, row: int) -> int:
    return int(store.columns().time[row] if row < EVENT else store.events.view().time[row - EVENT])
