"""The columns of the event table: names and widths; and one event as the slower decoders hand it over.

One row per record of an event log, in file order. Texts (provider, channel, computer, user, and all event data) are codes of a dictionary.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntFlag
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.decode.columns import NO_TIME

__all__ = ["EVENT_COLUMNS", "Event", "EventColumns", "EventFlag"]


class EventFlag(IntFlag):
    """Bits of the column `flags`."""

    RECOVERED = 1
    """Found where the log itself says that nothing is kept: behind the end of a chunk, or in a chunk without a header."""
    BAD_CHECKSUM = 2
    """In a chunk whose checksum is wrong or missing, or that was cut off: any value may be damaged."""
    BY_LIBRARY = 4
    """Decoded by the evtx library, because our own decoder could not."""


class EventColumns(NamedTuple):
    """One array per column, all of the same length."""

    row: NDArray[np.uint32]
    """Position in the table, from 0."""
    time: NDArray[np.int64]
    """TimeCreated: ns since 1970-01-01T00:00:00Z, in steps of 100; `NO_TIME` if there is none."""
    source: NDArray[np.uint16]
    """Index of the file."""
    record_id: NDArray[np.uint64]
    """EventRecordID, as the header of the record has it."""
    offset: NDArray[np.uint64]
    """Where the record begins in the (decompressed) file."""
    event_id: NDArray[np.uint16]
    version: NDArray[np.uint8]
    level: NDArray[np.uint8]
    task: NDArray[np.uint16]
    opcode: NDArray[np.uint8]
    keywords: NDArray[np.uint64]
    provider: NDArray[np.uint32]
    """Code of the name."""
    channel: NDArray[np.uint32]
    computer: NDArray[np.uint32]
    user: NDArray[np.uint32]
    """Code of the SID in Security/@UserID."""
    process_id: NDArray[np.uint32]
    """Execution/@ProcessID."""
    thread_id: NDArray[np.uint32]
    group: NDArray[np.uint32]
    """Which names its event data have."""
    slot: NDArray[np.uint32]
    """Place of its first cell."""
    flags: NDArray[np.uint8]
    """Bits of `EventFlag`."""

    def at(self, rows: slice | NDArray[np.uint32]) -> EventColumns:
        """All columns at a slice of rows (views) or at row ids (copies)."""
        return EventColumns._make(column[rows] for column in self)


EVENT_COLUMNS: dict[str, np.dtype[np.generic]] = {
    name: np.dtype(code)
    for name, code in zip(
        EventColumns._fields,
        "u4 i8 u2 u8 u8 u2 u1 u1 u2 u1 u8 u4 u4 u4 u4 u4 u4 u4 u4 u1".split(),  # noqa: SIM905 - a table reads better in one line
        strict=True,
    )
}
"""Name and dtype of every column, in order: 78 bytes a row."""


@dataclass(frozen=True, slots=True)
class Event:
    """One event, spelled out. Numbers that are absent are 0, texts None."""

    record_id: int = 0
    time: int = NO_TIME
    offset: int = 0
    event_id: int = 0
    version: int = 0
    level: int = 0
    task: int = 0
    opcode: int = 0
    keywords: int = 0
    provider: str | None = None
    channel: str | None = None
    computer: str | None = None
    user: str | None = None
    process_id: int = 0
    thread_id: int = 0
    flags: int = 0
    names: tuple[str, ...] = ()
    """Of the event data, each once."""
    values: tuple[str | None, ...] = ()
    """In the order of `names`."""
