"""Handles of audited objects: which value the event has that opened the handle of another one.

Windows logs a handle's life in parts: 4656 (asked for), 4663 (used), 4660 (the object was deleted), 4658 (closed). Of these, 4660 and 4658
do not name the object. They belong together by HandleId, ProcessId, SubjectLogonId and computer, from one 4656 to the next 4658.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.jit import helper, kernel
from netsleuth_tui.store.event_kinds import Whole, multipliers, place_of
from netsleuth_tui.store.events import EventTable

__all__ = ["CLOSED", "KEY", "chained"]

CLOSED = 4658
"""EventID of a handle that is closed: what has the same number afterwards is another handle."""

KEY = ("HandleId", "ProcessId", "SubjectLogonId")
"""Event data that tell handles of one computer apart."""

NOTHING = ("-", "")
"""Texts that name nothing."""

NO_HANDLE = ("0x0", "0", "")
"""HandleId where no handle was given: an attempt that failed."""

FIRST_HANDLES, GROWTH = 1 << 14, 8
"""Handles that there is room for at first, and how the room grows where it is not enough: the pass begins again."""

Codes = NDArray[np.uint32]


def chained(table: EventTable, name: str) -> Codes:
    """A column of event data in which events that have none take it from the handle that they use.

    Args:
        table: The events; those of a handle follow each other in the order of their rows.
        name: Of the event data, as in ObjectName.

    Returns:
        One code per row, 0 where neither the event nor its handle has a value.
    """
    columns = table.view()
    rows = len(columns.row)
    own = table.codes(name)[:rows]
    handle, process, logon = (table.codes(part)[:rows] for part in KEY)
    nothing, no_handle = (_codes(table, texts) for texts in (NOTHING, NO_HANDLE))
    a, b, c, d = multipliers()
    room = FIRST_HANDLES
    while True:
        found, slots = own.copy(), np.full(2 * room, -1, np.int32)
        key = (columns.computer, handle, process, logon, columns.event_id)
        (handles,) = _follow(*key, nothing, no_handle, a, b, c, d, slots, np.zeros((room, 5), np.uint32), found)
        if handles >= 0:
            return found
        room *= GROWTH


def _codes(table: EventTable, texts: tuple[str, ...]) -> Codes:
    """The codes of texts, and 0 for 'absent'."""
    return np.array([0, *(code for code in map(table.texts.code, texts) if code is not None)], np.uint32)


def _follow_numpy(
    computer: Codes, handle: Codes, process: Codes, logon: Codes, event_id: NDArray[np.uint16], nothing: Codes, no_handle: Codes,
    k1: int, k2: int, k3: int, k4: int, slots: NDArray[np.int32], keys: Codes, found: Codes,
) -> tuple[int]:  # fmt: skip
    """What the kernel does, in NumPy: the events of a handle are put beside each other."""
    del k1, k2, k3, k4, slots, keys
    at = np.flatnonzero(~np.isin(handle, no_handle))
    if not len(at):
        return (0,)
    own = found[at]
    value = np.where(np.isin(own, nothing), 0, own).astype(np.uint32)
    four = np.stack([column[at] for column in (computer, handle, process, logon)], axis=1)
    key = np.unique(four, axis=0, return_inverse=True)[1].reshape(-1)
    by_key = np.argsort(key, kind="stable")
    value, key = value[by_key], key[by_key]
    closes = event_id[at[by_key]] == CLOSED
    begins = np.append(True, (key[1:] != key[:-1]) | closes[:-1])
    last = np.maximum.accumulate(np.where(begins | (value != 0), np.arange(len(key)), 0))
    taken = np.empty(len(key), np.uint32)
    taken[by_key] = value[last]
    missing = np.isin(own, nothing) & (taken != 0)
    found[at[missing]] = taken[missing]
    return (int(key[-1]) + 1,)


@helper
def is_one_of(codes: Codes, code: Whole) -> bool:
    """Return whether a code is among a few."""
    for k in range(codes.shape[0]):  # noqa: SIM110 - a kernel
        if int(codes[k]) == code:
            return True
    return False


@kernel(plain=_follow_numpy)
def _follow(
    computer: Codes, handle: Codes, process: Codes, logon: Codes, event_id: NDArray[np.uint16], nothing: Codes, no_handle: Codes,
    k1: int, k2: int, k3: int, k4: int, slots: NDArray[np.int32], keys: Codes, found: Codes,
) -> tuple[np.int64]:  # fmt: skip
    """Follow all handles through the rows, by open addressing.

    Args:
        computer: By row, as `handle`, `process`, `logon` and `event_id`: what tells handles apart.
        handle: See `computer`.
        process: See `computer`.
        logon: See `computer`.
        event_id: See `computer`.
        nothing: Codes of values that name nothing.
        no_handle: Codes of handles that are none.
        k1: Multiplier of the hash; likewise the others.
        k2: See `k1`.
        k3: See `k1`.
        k4: See `k1`.
        slots: Handles by hash, -1 where there is none; a power of two, more than there is room for handles.
        keys: (room, 5): what tells a handle apart, and the value that it has by now.
        found: By row: the event's own value; where it names nothing, that of its handle is written.

    Returns:
        How many handles there are; -1 where there is no room for them.
    """
    mask = slots.shape[0] - 1
    count = np.int64(0)
    for row in range(found.shape[0]):
        y = np.int64(handle[row])
        if is_one_of(no_handle, y):
            continue
        x, z, w = np.int64(computer[row]), np.int64(process[row]), np.int64(logon[row])
        at = place_of(x * k1 + y * k2 + z * k3 + w * k4) & mask
        key = np.int64(slots[at])
        while key >= 0 and not (keys[key, 0] == x and keys[key, 1] == y and keys[key, 2] == z and keys[key, 3] == w):
            at = (at + 1) & mask
            key = np.int64(slots[at])
        if key < 0:
            if count >= keys.shape[0]:
                return (np.int64(-1),)
            key = count
            slots[at] = key
            keys[key, 0], keys[key, 1], keys[key, 2], keys[key, 3] = x, y, z, w
            count += np.int64(1)
        if not is_one_of(nothing, np.int64(found[row])):
            keys[key, 4] = found[row]
        elif keys[key, 4] != 0:
            found[row] = keys[key, 4]
        if event_id[row] == CLOSED:
            keys[key, 4] = 0
    return (count,)
