"""One event in full: where it lies, its system fields, and all of its data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from netsleuth_tui.analysis.times import time_cell
from netsleuth_tui.decode.events import EventFlag
from netsleuth_tui.decode.texts import ABSENT

if TYPE_CHECKING:
    from netsleuth_tui.store import Store

__all__ = ["EventDetail", "EventField", "event_detail"]

CHUNK = 1 << 16
HEADER = 4096

REMARKS = {
    EventFlag.RECOVERED: "recovered: it lies where its log says that nothing is kept",
    EventFlag.BAD_CHECKSUM: "its chunk is damaged or cut off: any value may be wrong",
    EventFlag.BY_LIBRARY: "read by the evtx library, because it could not be read otherwise",
}


@dataclass(frozen=True, slots=True)
class EventField:
    """A field of an event. The value is text from a log, and has to be sanitised before it is shown."""

    name: str
    value: str | None
    """None where the event has the name and no value."""


@dataclass(frozen=True, slots=True)
class EventDetail:
    """An event, spelled out."""

    file: str
    record_id: int
    chunk: int | None
    """Its number in the file, from 0; None where the file has none."""
    offset: int
    """Byte in the (decompressed) file at which the record begins."""
    system: tuple[EventField, ...]
    data: tuple[EventField, ...]
    """In the order of the event."""
    remarks: tuple[str, ...] = ()


def event_detail(store: Store, row: int) -> EventDetail:
    """All that the columns know about event row `row`."""
    events = store.events
    columns = events.view()
    source = store.sources[int(columns.source[row])]
    offset = int(columns.offset[row])
    time = int(columns.time[row])
    system = (
        ("Provider", events.texts.text(int(columns.provider[row]))),
        ("EventID", str(columns.event_id[row])),
        ("Version", str(columns.version[row])),
        ("Level", str(columns.level[row])),
        ("Task", str(columns.task[row])),
        ("Opcode", str(columns.opcode[row])),
        ("Keywords", f"0x{int(columns.keywords[row]):x}"),
        ("TimeCreated", time_cell(time)),
        ("EventRecordID", str(columns.record_id[row])),
        ("ProcessID", str(columns.process_id[row])),
        ("ThreadID", str(columns.thread_id[row])),
        ("Channel", events.texts.text(int(columns.channel[row]))),
        ("Computer", events.texts.text(int(columns.computer[row]))),
        ("UserID", events.texts.text(int(columns.user[row])) or None),
    )
    flags = int(columns.flags[row])
    return EventDetail(
        source.name,
        int(columns.record_id[row]),
        max(offset - HEADER, 0) // CHUNK if source.format == "evtx" else None,
        offset,
        tuple(EventField(name, value) for name, value in system),
        tuple(EventField(name, None if code == ABSENT else events.texts.text(code)) for name, code in events.data(row)),
        tuple(text for flag, text in REMARKS.items() if flags & flag),
    )
