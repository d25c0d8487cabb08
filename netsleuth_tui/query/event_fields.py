"""Fields of events: Windows' own names for what every event has, any other name for event data, and keys that are made of them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from netsleuth_tui.query.fields import NAMED, Field, Kind
from netsleuth_tui.store.event_fields import EventField

__all__ = ["DERIVED", "EVENT_FIELDS", "TIMES", "data_name", "event_field"]

TIMES: Final = ("frame.time", "frame.time_epoch", "TimeCreated")
"""Fields that packets and events have in common: when it was."""

DERIVED: Mapping[str, str] = MappingProxyType(
    {
        "ext(ObjectName)": "Extension of a file's name, in lower case; of any field that holds paths",
        "folder(ObjectName,2)": "The first folders of a path, as many as the number says, in lower case",
        "Handle.ObjectName": "ObjectName of the event, or else of the handle that it uses (4656, 4663, 4660, 4658)",
    }
)
"""Examples of fields that are made of others."""

LARGEST = (1 << 64) - 1

_TRUTH = frozenset({"True", "TRUE", "False", "FALSE"})
_PLAIN = re.compile(r"(?!EventData\.|Handle\.)[A-Z][A-Za-z0-9_]*(?:\.[A-Za-z0-9_]+)*")
_WORD = re.compile(r"[A-Za-z0-9_]+(?:\.[A-Za-z0-9_]+)*")
_DATA = re.compile(r'EventData\.(?:([A-Za-z0-9_]+(?:\.[A-Za-z0-9_]+)*)|("(?:[^"\\]|\\.)*"))', re.DOTALL)
_MADE = re.compile(r"(ext|folder)\(\s*(.+?)\s*(?:,\s*([0-9]{1,2})\s*)?\)", re.DOTALL)
_HANDLE = re.compile(r"Handle\.([A-Z][A-Za-z0-9_]*)")


def _system(name: str, kind: Kind, column: str, description: str, *, bits: int = 0) -> Field:
    base = 16 if name == "Keywords" else 10
    return Field(name, kind, (), (), description, base=base, event=EventField(column), limit=(1 << bits) - 1)  # type: ignore[arg-type]


_ALL = (
    _system("TimeCreated", "time", "time", "When the event was logged (UTC, to 100 ns)"),
    _system("EventID", "uint", "event_id", "Which kind of event of its provider", bits=16),
    _system("Level", "uint", "level", "1 critical, 2 error, 3 warning, 4 information, 5 verbose, 0 always logged", bits=8),
    _system("Provider", "text", "provider", "The program that logged the event"),
    _system("Channel", "text", "channel", "The log that it went to, as in Security"),
    _system("Computer", "text", "computer", "The computer that it happened on"),
    _system("UserID", "text", "user", "SID of the account that logged it, as in S-1-5-18"),
    _system("EventRecordID", "uint", "record_id", "Number of the record in its log", bits=64),
    _system("Task", "uint", "task", "Category, a number of the provider's", bits=16),
    _system("Opcode", "uint", "opcode", "Step within a task, a number", bits=8),
    _system("Version", "uint", "version", "Version of the event's layout", bits=8),
    _system("Keywords", "uint", "keywords", "64 bits: 0x20000000000000 audit success, 0x10000000000000 audit failure", bits=64),
    _system("ProcessID", "uint", "process_id", "Process that logged the event (EventData.ProcessID: that of the event data)", bits=32),
    _system("ThreadID", "uint", "thread_id", "Thread that logged the event", bits=32),
    _system("source", "uint", "source", "The file that it is from, counted from 0 as in the pane of sources", bits=16),
    _system("Recovered", "bool", "flags", "1 for a record that was recovered from slack or a damaged chunk", bits=1),
    Field(
        "hour", "uint", (), (), "Hour of the day that it was logged in (UTC), 0 to 23", event=EventField("time", derived="hour"), limit=23
    ),
)

EVENT_FIELDS: Mapping[str, Field] = MappingProxyType({field.name: field for field in _ALL})
"""Fields that every event can have, in the order of the columns that show them."""


@lru_cache(4096)
def event_field(word: str) -> Field | None:
    """The field of events that a word names; None where it is none.

    Any name that begins with a capital letter is one of event data, whether or not an event has it; `EventData.NAME` and
    `EventData."any name"` reach the others.
    """
    named = EVENT_FIELDS.get(word)
    if named is not None:
        return named
    made = _MADE.fullmatch(word)
    if made is not None:
        return _made(made[1], made[2], made[3])
    handle = _HANDLE.fullmatch(word)
    if handle is not None:
        what = f"{handle[1]} of the event, or else of the handle that it uses"
        return Field(word, "data", (), (), what, event=EventField(handle[1], is_data=True, derived="handle"), limit=LARGEST)
    data = _DATA.fullmatch(word)
    if data is not None:
        name = data[1] or _unquoted(data[2])
        return _data(name) if name else None
    return _data(word) if _is_plain(word) else None


def data_name(name: str) -> str:
    """How a filter names the event-data field `name`."""
    if _is_plain(name) and name not in EVENT_FIELDS:
        return name
    from netsleuth_tui.query.strings import quoted

    return f"EventData.{name}" if _WORD.fullmatch(name) else f"EventData.{quoted(name)}"


def _is_plain(name: str) -> bool:
    """Whether a name of event data stands for itself; `TCP.PORT` is a slip for a field of packets."""
    return _PLAIN.fullmatch(name) is not None and name not in _TRUTH and ("." not in name or name.lower() not in NAMED)


def _data(name: str) -> Field:
    return Field(data_name(name), "data", (), (), "Event data", event=EventField(name, is_data=True), limit=LARGEST)


def _unquoted(text: str) -> str | None:
    from netsleuth_tui.query.errors import FilterError
    from netsleuth_tui.query.nodes import NOWHERE
    from netsleuth_tui.query.strings import unquoted
    from netsleuth_tui.query.tokens import Piece

    try:
        return unquoted(Piece("STRING", text, NOWHERE), any_unit=True)
    except FilterError:
        return None


def _made(how: str, of: str, depth: str | None) -> Field | None:
    """`ext(F)` and `folder(F,n)`."""
    base = event_field(of)
    if base is None or base.kind not in {"data", "text"} or base.event is None or base.event.derived in {"ext", "folder"}:
        return None
    if (how == "folder") != (depth is not None):
        return None
    source = EventField("", derived=how, depth=int(depth or 0), of=base.event)  # type: ignore[arg-type]
    name = f"{how}({base.name},{int(depth)})" if depth is not None else f"{how}({base.name})"
    what = "Extension of the file's name" if how == "ext" else "First folders of the path"
    return Field(name, "text", (), (), what, event=source)
