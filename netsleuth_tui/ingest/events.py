"""Event logs into the store."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from netsleuth_tui.decode.columns import NO_TIME
from netsleuth_tui.decode.events import Event, EventFlag
from netsleuth_tui.decode.library import Library
from netsleuth_tui.readers.damage import Damage

if TYPE_CHECKING:
    from netsleuth_tui.readers import EventLog
    from netsleuth_tui.store import Store

__all__ = ["LogLoading"]

CHUNK = 1 << 16


class LogLoading:
    """Reads one log into a store, a block at a time.

    Args:
        store: Whose event table grows.
        log: What is read.
        index: Of its source in the store.
        recovered: Whether records that the log does not count as its own are taken too.
    """

    def __init__(self, store: Store, log: EventLog, index: int, *, recovered: bool) -> None:
        self._store = store
        self._log = log
        self._index = index
        self._recovered = recovered
        self._library = Library()
        self.lost = 0
        """Records that are there and could not be decoded."""
        self.left_out = 0
        """Records that can be recovered, and were not asked for."""

    def blocks(self) -> Iterator[None]:
        """Read on; something has become visible each time."""
        try:
            for block in self._log.blocks(64, 4):
                for piece in range(block.count):
                    chunk = block.data[piece * CHUNK : (piece + 1) * CHUNK].tobytes()
                    self._take(chunk, block.offset + piece * CHUNK, min(block.length - piece * CHUNK, CHUNK))
                    yield
        finally:
            self._library.close()

    def _take(self, chunk: bytes, offset: int, length: int) -> None:
        damage = self._log.damage
        if not any(chunk):
            return
        if chunk[:8] != b"ElfChnk\0":
            damage.append(Damage(offset, "this is no chunk of a log"))
            return
        flags = 0
        if length < CHUNK:
            damage.append(Damage(offset + length, "the file ends inside a chunk"))
            flags = EventFlag.BAD_CHECKSUM
        places = _places(chunk, length)
        free, stored = struct.unpack_from("<II", chunk, 48)
        if self._log.checks and length == CHUNK and zlib.crc32(chunk[512:free]) != stored:
            damage.append(Damage(offset, "the checksum of the chunk's records is wrong"))
            flags = EventFlag.BAD_CHECKSUM
        events, failure = self._library.read(chunk)
        placed = []
        for event in events:
            at = places.get(event.record_id, [])
            place = at.pop(0) if at else 0
            placed.append(replace(event, offset=offset + place, flags=event.flags | flags))
        missing = sum(len(at) for at in places.values())
        if missing:
            self.lost += missing
            damage.append(Damage(offset, f"{missing} records not decoded in this chunk" + (f" ({failure})" if failure else "")))
        self._show(placed)

    def _show(self, events: list[Event]) -> None:
        if not events:
            return
        store, index = self._store, self._index
        store.events.append(events, index)
        times = [event.time for event in events if event.time != NO_TIME]
        source = store.sources[index]
        firsts = [*times, *([source.first] if source.first is not None else [])]
        lasts = [*times, *([source.last] if source.last is not None else [])]
        source = replace(
            source, events=source.events + len(events), lost=self.lost, first=min(firsts, default=None), last=max(lasts, default=None)
        )
        store.sources = (*store.sources[:index], source)


def _places(chunk: bytes, length: int) -> dict[int, list[int]]:
    """Where records begin, by record id."""
    places: dict[int, list[int]] = {}
    at, end = 512, min(struct.unpack_from("<I", chunk, 48)[0], length)
    while at + 28 <= end:
        magic, size, record_id = struct.unpack_from("<IIQ", chunk, at)
        if magic != 0x2A2A or not 28 <= size <= length - at:
            break
        places.setdefault(record_id, []).append(at)
        at += size
    return places
