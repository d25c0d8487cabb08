"""One record at a time, in all forms that binary XML has: for those few that are no plain instance of a template.

Some 30 000 records a second; `event_block` takes the others.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from netsleuth_tui.decode.binxml import Element, Instance, Malformed, Names, Place, fragment, template_at
from netsleuth_tui.decode.columns import NO_TIME
from netsleuth_tui.decode.event_fields import MOST_FIELDS, Fields, Part, fields_of, numbered
from netsleuth_tui.decode.events import Event
from netsleuth_tui.decode.evtx_values import ARRAY, BINXML, NULL, SID, STRING, item_size, spelled
from netsleuth_tui.decode.iso_times import nanoseconds
from netsleuth_tui.decode.shape_fields import fields_of_shape

__all__ = ["ChunkReader"]

DEEPEST = 8
"""Trees in values in trees …"""

MOST_KNOWN = 1 << 14
"""Templates that are kept for damaged chunks."""

ANSI = 2
BITS = {"event_id": 16, "version": 8, "level": 8, "task": 16, "opcode": 8, "keywords": 64, "process_id": 32, "thread_id": 32}
TEXTS = ("provider", "channel", "computer", "user")


class ChunkReader:
    """Reads records of one chunk.

    Args:
        chunk: As far as its bytes go.
        known: Templates of sound chunks by GUID, or their shapes: where this chunk is damaged, they are believed rather than its own.
        sound: Whether the chunk is; then its templates become known.
    """

    def __init__(self, chunk: bytes, known: dict[bytes, Fields | bytes] | None = None, *, sound: bool = True) -> None:
        self._chunk = chunk
        self._known = {} if known is None else known
        self._sound = sound
        self._names: Names = {}
        self._templates: dict[int, Fields] = {}

    def read(self, at: int) -> Event:
        """The record at an offset, which has been checked; its `offset` is left out.

        Raises:
            Malformed: Its binary XML is not.
        """
        size, record_id = struct.unpack_from("<IQ", self._chunk, at + 4)
        end = at + size - 4
        system: dict[str, list[str | None]] = {}
        data: list[tuple[str, str | None]] = []
        for fields, instance in self._trees(fragment(self._chunk, at + 24, end, dependent=False, names=self._names), None, 0):
            for column, parts in fields.system.items():
                system[column] = self._texts(parts, instance)
            for name, parts in fields.data:
                data.extend((name, text) for text in self._texts(parts, instance))
        if not system and not data:
            raise Malformed("a record without content")
        data = data[:MOST_FIELDS]
        numbers = {column: _number(_joined(system.get(column)), bits) for column, bits in BITS.items()}
        provider, channel, computer, user = (_joined(system.get(column)) for column in TEXTS)
        return Event(
            record_id=record_id,
            time=_time(_joined(system.get("time"))),
            names=numbered(name for name, _ in data),
            values=tuple(value for _, value in data),
            provider=provider,
            channel=channel,
            computer=computer,
            user=user,
            event_id=numbers["event_id"],
            version=numbers["version"],
            level=numbers["level"],
            task=numbers["task"],
            opcode=numbers["opcode"],
            keywords=numbers["keywords"],
            process_id=numbers["process_id"],
            thread_id=numbers["thread_id"],
        )

    def _trees(self, roots: list[Element | Instance], instance: Instance | None, depth: int) -> Iterator[tuple[Fields, Instance | None]]:
        """The fields of a fragment and of all trees in it, with the values that their places mean."""
        if depth > DEEPEST:
            raise Malformed("trees too deep")
        found = fields_of(roots)
        yield found, instance
        for other in found.instances:
            yield from self._instance(other, depth + 1)

    def _instance(self, instance: Instance, depth: int) -> Iterator[tuple[Fields, Instance]]:
        if depth > DEEPEST:
            raise Malformed("trees too deep")
        fields = self._templates.get(instance.definition)
        if fields is None:
            fields = self._templates[instance.definition] = self._template(instance.definition)
        yield fields, instance
        for other in fields.instances:
            yield from self._instance(other, depth + 1)
        for index in fields.nested:
            if index < len(instance.values):
                offset, length, kind = instance.values[index]
                if kind == BINXML and length:
                    inner = fragment(self._chunk, offset, offset + length, dependent=False, names=self._names)
                    yield from self._trees(inner, None, depth + 1)  # type: ignore[misc] # an instance is what an optional one may be

    def _template(self, definition: int) -> Fields:
        key = self._chunk[definition + 4 : definition + 20]
        known = None if self._sound else self._known.get(key)
        if isinstance(known, bytes):
            known = self._known[key] = fields_of_shape(known)
        if known is not None:
            return known
        fields = fields_of(template_at(self._chunk, definition, self._names))
        if self._sound and len(self._known) < MOST_KNOWN:
            self._known.setdefault(key, fields)
        return fields

    def _texts(self, parts: list[Part], instance: Instance | None) -> list[str | None]:
        """The value of a field: one text, several for an array."""
        if len(parts) == 1 and isinstance(parts[0], Place):
            return self._value(parts[0], instance)
        if not parts:
            return [None]
        pieces = [part if isinstance(part, str) else ", ".join(text or "" for text in self._value(part, instance)) for part in parts]
        return ["".join(pieces)]

    def _value(self, place: Place, instance: Instance | None) -> list[str | None]:
        if instance is None or place.index >= len(instance.values):
            return [None]
        offset, length, kind = instance.values[place.index]
        raw = self._chunk[offset : offset + length]
        if kind == NULL:
            return [None]
        if kind & ARRAY:
            return [spelled(item, kind & 0x7F) for item in _items(raw, kind & 0x7F)]
        return [spelled(raw, kind)]


def _items(raw: bytes, kind: int) -> list[bytes]:
    """The items of an array; one that cannot be divided is one."""
    if not raw:
        return [b""]
    size = item_size(kind)
    if size and len(raw) % size == 0:
        return [raw[at : at + size] for at in range(0, len(raw), size)]
    if kind in {STRING, ANSI}:
        step = 2 if kind == STRING else 1
        if len(raw) % step == 0:
            items, start = [], 0
            for at in range(0, len(raw), step):
                if not any(raw[at : at + step]):
                    items.append(raw[start:at])
                    start = at + step
            return [*items, raw[start:]] if start < len(raw) else items
    if kind == SID:
        items, at = [], 0
        while at + 8 <= len(raw):
            size = 8 + 4 * raw[at + 1]
            items.append(raw[at : at + size])
            at += size
        return items or [raw]
    return [raw]


def _joined(texts: list[str | None] | None) -> str | None:
    return None if not texts or texts == [None] else ", ".join(text or "" for text in texts)


def _number(text: str | None, bits: int) -> int:
    """A number of at most so many bits; 0 where there is none, or one that does not fit."""
    try:
        number = int(text or "0", 0)
    except ValueError:
        return 0
    return number if 0 <= number < 1 << bits else 0


def _time(text: str | None) -> int:
    found = nanoseconds(text) if text else None
    return NO_TIME if found is None else found
