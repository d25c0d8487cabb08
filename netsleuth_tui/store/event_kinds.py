"""Kinds of events: id, provider, log and level together, of which even a large log has few.

The breakdowns beside the panes, the time line and the list of ids all ask for these four. So each event gets the number of its kind once,
and a scope is counted by one number instead of four.
"""

from __future__ import annotations

import secrets
import threading
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.jit import helper, kernel
from netsleuth_tui.store.events import EventTable

__all__ = ["KIND_FIELDS", "EventKinds", "Kinds", "Whole", "multipliers", "place_of"]

KIND_FIELDS = ("EventID", "Provider", "Channel", "Level")
"""What makes a kind, in the order of `Kinds.values`."""

FIRST_KINDS, GROWTH = 1 << 10, 4

Codes = NDArray[np.uint32]
Whole = int | np.signedinteger[Any]


def multipliers() -> tuple[int, int, int, int]:
    """Secret odd numbers of 28 bits for a hash (`place_of`): four products of them and numbers of 32 bits, added, fit 63 bits."""
    a, b, c, d = (secrets.randbits(28) | 1 for _ in range(4))
    return a, b, c, d


@helper
def place_of(mixed: Whole) -> Whole:
    """Return where the sum of products with `multipliers` is looked for first; the caller takes as many low bits as its table has."""
    return (mixed >> 28) ^ (mixed >> 14)


@dataclass(frozen=True, slots=True)
class Kinds:
    """The kinds of all events that can be seen by now."""

    of: Codes
    """By row: the number of its kind."""
    values: NDArray[np.uint32]
    """(kinds, 4): event id, codes of provider and channel, level. Kinds are numbered as they are met."""

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self.values)


class EventKinds:
    """Numbers the kinds of events once, and goes on where there are more rows; any thread asks.

    Args:
        table: The events.
    """

    def __init__(self, table: EventTable) -> None:
        self._table = table
        self._multipliers = multipliers()
        self._slots = np.full(2 * FIRST_KINDS, -1, np.int32)
        self._values = np.zeros((FIRST_KINDS, 4), np.uint32)
        self._codes = np.empty(0, np.uint32)
        self._done, self._count = 0, 0
        self._lock = threading.Lock()

    def seen(self) -> Kinds:
        """The kinds of the events that can be seen by now."""
        columns = self._table.view()
        rows = len(columns.row)
        with self._lock:
            if rows > len(self._codes):
                grown = np.empty(self._table.capacity, np.uint32)  # room as the table has, so that a load does not copy at each look
                grown[: self._done] = self._codes[: self._done]
                self._codes = grown
            while self._done < rows:
                four = columns.event_id[:rows], columns.provider[:rows], columns.channel[:rows], columns.level[:rows]
                self._number(*four, rows)
                if self._done < rows:
                    self._grow()
            return Kinds(self._codes[:rows], self._values[: self._count])

    def _number(self, event_id: NDArray[Any], provider: Codes, channel: Codes, level: NDArray[Any], rows: int) -> None:
        a, b, c, d = self._multipliers
        done, count = _number(
            event_id, provider, channel, level, self._done, rows, a, b, c, d, self._slots, self._values, self._count, self._codes
        )
        self._done, self._count = int(done), int(count)

    def _grow(self) -> None:
        """More room; the kinds keep their numbers."""
        known, count = self._values[: self._count], self._count
        self._slots = np.full(len(self._slots) * GROWTH, -1, np.int32)
        self._values = np.zeros((len(self._values) * GROWTH, 4), np.uint32)
        a, b, c, d = self._multipliers
        ids, providers, channels, levels = (
            known[:, 0].astype(np.uint16),
            known[:, 1].copy(),
            known[:, 2].copy(),
            known[:, 3].astype(np.uint8),
        )
        _number(ids, providers, channels, levels, 0, count, a, b, c, d, self._slots, self._values, 0, np.empty(count, np.uint32))


def _number_numpy(
    event_id: NDArray[np.uint16], provider: Codes, channel: Codes, level: NDArray[np.uint8], first: int, last: int,
    k1: int, k2: int, k3: int, k4: int, slots: NDArray[np.int32], values: NDArray[np.uint32], count: int, codes: Codes,
) -> tuple[int, int]:  # fmt: skip
    """What the kernel does, in NumPy: kinds are sorted, and those that are new numbered as they are met."""
    del k1, k2, k3, k4, slots
    four = np.stack([column[first:last].astype(np.uint32) for column in (event_id, provider, channel, level)], axis=1)
    both, met, which = np.unique(np.concatenate((values[:count], four)), axis=0, return_index=True, return_inverse=True)
    order = np.argsort(met, kind="stable")  # those that are known come first, in their order
    place = np.empty(len(both), np.int64)
    place[order] = np.arange(len(both))
    found = place[which.reshape(-1)[count:]]
    room = len(values)
    done = len(found) if len(both) <= room else int(np.argmax(found >= room))
    kinds = min(len(both), room)
    values[:kinds] = both[order][:kinds]
    codes[first : first + done] = found[:done]
    return first + done, kinds


@kernel(plain=_number_numpy)
def _number(
    event_id: NDArray[np.uint16], provider: Codes, channel: Codes, level: NDArray[np.uint8], first: int, last: int,
    k1: int, k2: int, k3: int, k4: int, slots: NDArray[np.int32], values: NDArray[np.uint32], count: int, codes: Codes,
) -> tuple[np.int64, np.int64]:  # fmt: skip
    """Write the kind of each row from `first` to `last` to `codes`, by open addressing.

    Args:
        event_id: By row, as `provider`, `channel` and `level`.
        provider: See `event_id`.
        channel: See `event_id`.
        level: See `event_id`.
        first: First row.
        last: One past the last row.
        k1: Multiplier of the hash; likewise the others.
        k2: See `k1`.
        k3: See `k1`.
        k4: See `k1`.
        slots: Kinds by hash, -1 where there is none; a power of two, more than there is room for kinds.
        values: (room, 4).
        count: Kinds known by now.
        codes: By row.

    Returns:
        The row up to which there was room, and the number of kinds.
    """
    mask = slots.shape[0] - 1
    room = values.shape[0]
    kinds = np.int64(count)
    before, one, two, three, four = np.int64(-1), np.int64(-1), np.int64(-1), np.int64(-1), np.int64(-1)
    for row in range(first, last):
        x, y, z, w = np.int64(event_id[row]), np.int64(provider[row]), np.int64(channel[row]), np.int64(level[row])
        if x != one or y != two or z != three or w != four:
            at = place_of(x * k1 + y * k2 + z * k3 + w * k4) & mask
            kind = np.int64(slots[at])
            while kind >= 0 and not (values[kind, 0] == x and values[kind, 1] == y and values[kind, 2] == z and values[kind, 3] == w):
                at = (at + 1) & mask
                kind = np.int64(slots[at])
            if kind < 0:
                if kinds >= room:
                    return np.int64(row), kinds
                kind = kinds
                slots[at] = kind
                values[kind, 0], values[kind, 1], values[kind, 2], values[kind, 3] = x, y, z, w
                kinds += np.int64(1)
            before, one, two, three, four = kind, x, y, z, w
        codes[row] = before
    return np.int64(last), kinds
