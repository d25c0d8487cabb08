"""Packets and events in the order of time: any page of it, found by bisection, without the whole order being made."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.analysis.time_order import LAST, events_in_order, ordered_by_time, packets_in_order
from netsleuth_tui.decode.columns import NO_TIME

if TYPE_CHECKING:
    from netsleuth_tui.store import Rows, Store

__all__ = ["EVENT", "Interleaved", "Side", "by_time", "event_of", "packet_of"]

EVENT = 1 << 32
"""What is added to the row id of an event where packets have theirs as they are: one number says which row is meant, of which table."""

Ids = NDArray[np.int64]


def packet_of(row: int | None) -> int | None:
    """The packet that a row of both is; None for an event."""
    return row if row is not None and row < EVENT else None


def event_of(row: int | None) -> int | None:
    """The event that a row of both is; None for a packet."""
    return row - EVENT if row is not None and row >= EVENT else None


@dataclass(frozen=True, slots=True)
class Side:
    """The selected rows of one table, one after the other."""

    rows: Rows
    time: NDArray[np.int64]
    """Of all rows of the table, ns since the epoch."""
    order: NDArray[np.uint32] | None = None
    """Their row ids where they come in another order than that of the table; else None."""

    def __len__(self) -> int:
        return len(self.rows)

    def ids(self, first: int, last: int) -> NDArray[np.uint32]:
        """Row ids from one place to another, which is excluded."""
        return self.rows.take(first, last - first) if self.order is None else self.order[first:last]

    def when(self, place: int) -> int:
        """The time of the row at a place."""
        at = place if self.order is not None else self.rows.first + place
        ids = self.order if self.order is not None else self.rows.ids
        return self.time_of(at if ids is None else ids[at])

    def time_of(self, row: int) -> int:
        """The time of a row of the table, which need not be selected."""
        time = int(self.time[row])
        return LAST if time == NO_TIME else time

    def before(self, time: int) -> int:
        """How many rows are earlier; the rows have to be in the order of time."""
        return bisect_left(range(len(self)), time, key=self.when)

    def place(self, row: int) -> int:
        """Where a row is, or the one after it in the table; `len` where there is none."""
        at = self.rows.position(row)
        if self.order is None or at >= len(self):
            return at
        return int((self.order == self.rows.take(at, 1)[0]).argmax())


@dataclass(frozen=True, slots=True)
class Interleaved:
    """Rows of both tables as one list; takes the place of `Rows`, with numbers from `EVENT` on for events."""

    packets: Side
    events: Side
    merged: bool = True
    """By time: both sides are in its order, and of rows of the same time packets come first. Otherwise: first one side, then the other."""
    events_first: bool = False
    """Of sides that are not merged events come before packets."""
    falling: bool = False
    """The latest first; rows without a time come last all the same."""
    untimed: int = 0
    """Rows without a time, where the order is a falling one."""

    def __len__(self) -> int:
        return len(self.packets) + len(self.events)

    def take(self, first: int, count: int) -> Ids:
        """Numbers of `count` rows from the `first` on (fewer at the end)."""
        first = max(first, 0)
        last = max(min(first + max(count, 0), len(self)), first)
        if not self.falling:
            return self._rising(first, last)
        timed = len(self) - self.untimed
        turned = self._rising(max(timed - last, 0), max(timed - first, 0))[::-1]
        return np.concatenate((turned, self._rising(max(first, timed), last))) if last > timed else turned

    def _rising(self, first: int, last: int) -> Ids:
        begin, end = self._events_before(first), self._events_before(last)
        packets, events = self.packets.ids(first - begin, last - end), self.events.ids(begin, end)
        parts = (packets.astype(np.int64), events.astype(np.int64) + EVENT)
        found = np.concatenate(parts[::-1] if self.events_first else parts)
        if not self.merged or not len(packets) or not len(events):
            return found
        time = np.concatenate((self.packets.time[packets], self.events.time[events]))
        return found[np.where(time == NO_TIME, LAST, time).argsort(kind="stable")]

    def _events_before(self, place: int) -> int:
        """How many events there are among the first rows, so many as `place` says."""
        if not self.merged:
            return min(place, len(self.events)) if self.events_first else max(place - len(self.packets), 0)
        low, high = max(place - len(self.packets), 0), min(place, len(self.events))
        while low < high:
            middle = (low + high) // 2
            if self.packets.when(place - middle - 1) <= self.events.when(middle):
                high = middle
            else:
                low = middle + 1
        return low

    def position(self, row: int) -> int:
        """Where a row is; of one that is not there, where the next one of its time or later is."""
        event, packet = event_of(row), packet_of(row)
        mine, other = (self.packets, self.events) if event is None else (self.events, self.packets)
        number = packet if event is None else event
        if number is None or not len(self):
            return 0
        if not self.merged:
            return min(mine.place(number) + (len(other) if (event is None) == self.events_first else 0), len(self) - 1)
        if number < len(mine.time) and not self.holds(row):
            time = mine.time_of(number)
            return self._turned(self.packets.before(time) + self.events.before(time))
        place = mine.place(number)
        if place >= len(mine):
            return len(self) - 1
        time = mine.when(place)
        return self._turned(place + (other.before(time) if event is None else _up_to(other, time)))

    def _turned(self, place: int) -> int:
        timed = len(self) - self.untimed
        return min(max(timed - 1 - place if self.falling and place < timed else place, 0), len(self) - 1)

    def holds(self, row: int) -> bool:
        """True if a row is one of them."""
        event, packet = event_of(row), packet_of(row)
        return self.packets.rows.holds(packet) if packet is not None else event is not None and self.events.rows.holds(event)

    def at(self, time: int) -> int | None:
        """The first row at a time or after it, in the order of time; None where all are earlier, or have no time."""
        place = self.packets.before(time) + self.events.before(time)
        return int(self._rising(place, place + 1)[0]) if place < len(self) - self.without_time() else None

    def without_time(self) -> int:
        """Rows without a time; both sides have to be in the order of time."""
        return len(self) - self.packets.before(LAST) - self.events.before(LAST)


def _up_to(side: Side, time: int) -> int:
    """How many rows are earlier or at the same time."""
    return len(side) if time == LAST else side.before(time + 1)


def by_time(
    store: Store,
    packets: Rows,
    events: Rows,
    *,
    falling: bool = False,
    chosen: bool = False,
    cancelled: Callable[[], bool] = lambda: False,
) -> Interleaved:
    """Selected packets and events in the order of time; packets or events alone in that of their files, unless these overlap.

    A side whose rows are in the order of time already costs nothing, another one an order of 4 bytes a row.

    Args:
        store: What was loaded.
        packets: Those that are selected.
        events: Those that are selected.
        falling: The latest first.
        chosen: In the order of time even where there are only packets, or only events.
        cancelled: Asked from time to time; True ends the work.

    Raises:
        NetSleuthError: Nobody wanted the answer any more.
    """
    both = bool(len(packets) and len(events)) or falling or chosen
    times = store.columns().time, store.events.view().time
    orders = (
        ordered_by_time(packets, times[0], cancelled) if both and not store.table.in_order else packets_in_order(store, packets, cancelled),
        ordered_by_time(events, times[1], cancelled) if both and not store.events.in_order else events_in_order(store, events, cancelled),
    )
    sides = Side(packets, times[0], orders[0]), Side(events, times[1], orders[1])
    made = Interleaved(sides[0], sides[1], falling=falling)
    return replace(made, untimed=made.without_time()) if falling else made
