"""What the evtx library says about the records of one chunk, brought into the form of our own decoder: names and texts.

The library gives a JSON object for each record. Its shapes: a leaf is a number, a text, a truth value or null; an element with attributes
is an object with `#attributes` and `#text`; a name that occurs again is there again, or gets `_1`, `_2` …; unnamed `<Data>` are a list
under `Data`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from netsleuth_tui.decode.columns import NO_TIME
from netsleuth_tui.decode.event_fields import MOST_FIELDS, numbered
from netsleuth_tui.decode.events import Event

__all__ = ["event_of", "number_of", "time_of"]

PREFIXED = "RenderingInfo"
"""Its children bear the names of system fields; they keep its own before theirs."""


def event_of(record_id: int, written: int, text: str) -> Event:
    """The event that the library's JSON describes.

    Args:
        record_id: From the record's header.
        written: FILETIME in the record's header: it has the 100 ns that the library's text of the same time lacks.
        text: JSON.
    """
    parsed = json.loads(text, object_pairs_hook=_object)
    event = parsed.get("Event") or {}
    system = event.get("System") or {}
    execution = _attributes(system.get("Execution"))
    found = list(_data(event))[:MOST_FIELDS]
    names = numbered(name for name, _ in found)
    return Event(
        record_id=record_id,
        time=time_of(_attributes(system.get("TimeCreated")).get("SystemTime"), written),
        event_id=number_of(_text(system.get("EventID")), 16),
        version=number_of(_text(system.get("Version")), 8),
        level=number_of(_text(system.get("Level")), 8),
        task=number_of(_text(system.get("Task")), 16),
        opcode=number_of(_text(system.get("Opcode")), 8),
        keywords=number_of(_text(system.get("Keywords")), 64),
        provider=_text(_attributes(system.get("Provider")).get("Name")),
        channel=_text(system.get("Channel")),
        computer=_text(system.get("Computer")),
        user=_text(_attributes(system.get("Security")).get("UserID")),
        process_id=number_of(_text(execution.get("ProcessID")), 32),
        thread_id=number_of(_text(execution.get("ThreadID")), 32),
        names=names,
        values=tuple(value for _, value in found),
    )


def number_of(text: str | None, bits: int) -> int:
    """A number of at most so many bits, decimal or hexadecimal; 0 where there is none, or one that does not fit."""
    try:
        number = int(text or "0", 0)
    except ValueError:
        return 0
    return number if 0 <= number < 1 << bits else 0


def time_of(text: Any, written: int) -> int:
    """Nanoseconds since the epoch of an ISO time stamp in microseconds, with the 100 ns of `written` where that is the same time."""
    if not isinstance(text, str):
        return NO_TIME
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return NO_TIME
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    micros = (moment - datetime(1970, 1, 1, tzinfo=UTC)) // _MICROSECOND
    same = written // 10 - 11_644_473_600_000_000 == micros
    nanos = micros * 1000 + (written % 10 * 100 if same else 0)
    return nanos if -(2**63) < nanos < 2**63 else NO_TIME


_MICROSECOND = datetime(1970, 1, 1, 0, 0, 0, 1, tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object; the values of a name that is there more than once become a list."""
    found = dict(pairs)
    if len(found) < len(pairs):
        for name in found:
            values = [value for key, value in pairs if key == name]
            if len(values) > 1:
                found[name] = values
    return found


def _data(event: dict[str, Any]) -> Iterator[tuple[str, str | None]]:
    for part, content in event.items():
        if part in {"System", "#attributes"}:
            continue
        if part == "EventData" and isinstance(content, dict):
            for name, value in _attributes(content).items():
                if not name.startswith("xmlns"):
                    yield f"EventData{name}", _text(value)
            yield from _children(content)
        elif part == PREFIXED and isinstance(content, dict):
            yield from ((f"{PREFIXED}.{name}", value) for name, value in _children(content))
        elif isinstance(content, dict):
            yield from _children(content)
        elif content is not None:
            yield part, _text(content)


def _children(content: dict[str, Any]) -> Iterator[tuple[str, str | None]]:
    for key, value in content.items():
        if key == "#attributes":
            continue
        if key == "#text":
            yield from _leaves("Text", value)
            continue
        yield from _leaves(_first_name(key, content), value)


def _leaves(name: str, value: Any) -> Iterator[tuple[str, str | None]]:
    if isinstance(value, list):
        for item in value:
            yield from _leaves(name, item)
    elif isinstance(value, dict):
        attributes = {key: item for key, item in _attributes(value).items() if not key.startswith("xmlns")}
        named = name in {"Data", "ComplexData"}
        if "Name" in attributes and name in {"Data", "ComplexData"}:
            name = _text(attributes.pop("Name")) or name
        for key, item in attributes.items():
            yield f"{name}.{key}", _text(item)
        if "#text" in value:
            yield from _leaves(name, value["#text"])
        elif set(value) <= {"#attributes"} and (named or not attributes):
            yield name, None
        yield from _children({key: item for key, item in value.items() if key != "#text"})
    else:
        yield name, _text(value)


def _first_name(key: str, among: dict[str, Any]) -> str:
    """The name without the number that the library put behind it because it was there before."""
    name, _, number = key.rpartition("_")
    return name if name in among and number.isdecimal() else key


def _attributes(element: Any) -> dict[str, Any]:
    found = element.get("#attributes") if isinstance(element, dict) else None
    return found if isinstance(found, dict) else {}


def _text(value: Any) -> str | None:
    if isinstance(value, dict):
        value = value.get("#text")
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return ", ".join(str(item) for item in value) if isinstance(value, list) else str(value)
