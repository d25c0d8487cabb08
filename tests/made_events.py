"""Stores with events that are made by hand, without a log or a decoder."""

from __future__ import annotations

from typing import Any

from made import START

from netsleuth_tui.decode.events import Event
from netsleuth_tui.store import Source, Store

SECURITY = {"provider": "Microsoft-Windows-Security-Auditing", "channel": "Security", "computer": "FS01.corp.example"}


def event(time: int = START, event_id: int = 4663, /, data: dict[str, str | None] | None = None, **fields: Any) -> Event:
    """An event of the Security log; `fields` are system fields of `Event`, `data` the event data in order."""
    data = data or {}
    return Event(**SECURITY | {"time": time, "event_id": event_id} | fields, names=tuple(data), values=tuple(data.values()))


def add_events(store: Store, *events: Event) -> Store:
    """Add a log with these events to a store; record ids and offsets are given where they are 0."""
    first, index = store.events.rows, len(store.sources)
    store.events.append(events, index)
    rows = store.events.view()
    for row in range(first, store.events.rows):
        rows.record_id[row] = rows.record_id[row] or row + 1
        rows.offset[row] = rows.offset[row] or 4608 + 1024 * (row - first)
    times = [each.time for each in events]
    source = Source(
        f"file{index}.evtx", "evtx", first_row=store.packets, first_event=first, events=len(events),
        first=min(times, default=None), last=max(times, default=None),
    )  # fmt: skip
    store.sources = (*store.sources, source)
    return store
