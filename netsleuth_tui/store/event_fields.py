"""Where the values of an event's fields come from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["Derived", "EventField"]

Derived = Literal["", "ext", "folder", "hour", "handle"]


@dataclass(frozen=True, slots=True)
class EventField:
    """One field: a column of the event table, an event-data field, or what is made from either."""

    column: str
    """Column of `store.events.EventColumns`, or name of an EventData or UserData field; of 'ext' and 'folder' empty."""

    is_data: bool = False
    """True for an event-data field."""

    derived: Derived = ""
    """What is made of it: '' the value itself, 'ext' the extension of a file's name, 'folder' its first folders, 'hour' the hour of the day
    (UTC), 'handle' the value that the event has, or else the handle that it speaks of."""

    depth: int = 0
    """Folders that 'folder' keeps."""

    of: EventField | None = None
    """What 'ext' and 'folder' are made of."""
