"""Event logs in Windows' EVTX format, written so that the same events always give the same bytes.

A file is a header of 4096 bytes and chunks of 65536. A chunk is complete in itself: it holds the names of elements and the templates
(XML with gaps) that its records use, each where it is used first. A record names its template and brings the values for the gaps.
"""

from __future__ import annotations

import struct
import uuid
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

__all__ = ["CHUNK", "Event", "Gap", "Kind", "Provider", "event_log", "filetime", "sid"]

CHUNK = 65536
FILE_HEADER, CHUNK_HEADER, RECORD_HEADER = 4096, 512, 24
NAME_BUCKETS, TEMPLATE_BUCKETS = 64, 32
NAMES_AT, TEMPLATES_AT = 128, 384
"""Where the chunk's header has its tables of first names and templates."""
EPOCH = 11_644_473_600
"""Seconds from 1601 to 1970."""

FRAGMENT = b"\x0f\x01\x01\x00"
END_OF_FRAGMENT, OPEN, CLOSE_OPEN, CLOSE_EMPTY, CLOSE, VALUE, ATTRIBUTE = 0, 1, 2, 3, 4, 5, 6
MORE = 0x40
"""Of an element: it has attributes; of an attribute: another one follows."""
TEMPLATE, GAP, OPTIONAL_GAP = 12, 13, 14
ALWAYS = 0xFFFF
"""An element that is there whatever its gap holds."""

NAMESPACE = "http://schemas.microsoft.com/win/2004/08/events/event"


class Kind:
    """How values are stored: codes of BinXML."""

    NULL, TEXT, U8, U16, U32, U64, GUID, FILETIME, SID, HEX32, HEX64, XML = 0, 1, 4, 6, 8, 10, 15, 17, 19, 20, 21, 33


FORMATS = {Kind.U8: "<B", Kind.U16: "<H", Kind.U32: "<I", Kind.U64: "<Q", Kind.HEX32: "<I", Kind.HEX64: "<Q", Kind.FILETIME: "<Q"}

Value = str | int | bytes | None


class Gap(NamedTuple):
    """A place that the values of a record fill."""

    number: int
    kind: int


@dataclass(frozen=True, slots=True)
class Element:
    """An element of a template; what it holds is a text, a gap, or other elements."""

    name: str
    holds: str | Gap | Sequence[Element] | None = None
    attributes: Sequence[tuple[str, str | Gap]] = ()
    optional: bool = True
    """It is left out where its gap is not filled."""


class Provider(NamedTuple):
    """Who writes events."""

    name: str
    guid: uuid.UUID
    channel: str


class Event(NamedTuple):
    """One record to be."""

    time: int
    """Nanoseconds since 1970-01-01T00:00:00Z; 100 of them are kept."""
    provider: Provider
    event_id: int
    fields: Mapping[str, tuple[int, Value]]
    """Kind and value of each field of the event's data, in its order."""
    version: int = 0
    level: int = 0
    task: int = 0
    keywords: int = 0
    process: int = 4
    thread: int = 0
    user: bytes | None = None
    inside: tuple[str, str] | None = None
    """Name and namespace of the element that holds the fields in UserData; None: they are EventData."""


def filetime(nanoseconds: int) -> int:
    """A time since 1970 in ns as steps of 100 ns since 1601."""
    return nanoseconds // 100 + EPOCH * 10_000_000


def sid(*parts: int) -> bytes:
    """S-1-first-others as bytes."""
    first, *others = parts
    return bytes([1, len(others)]) + first.to_bytes(6, "big") + struct.pack(f"<{len(others)}I", *others)


def system(computer: str) -> Element:
    """The template of a whole event: its System part, and a gap for its data."""
    parts = [
        Element("Provider", attributes=[("Name", Gap(0, Kind.TEXT)), ("Guid", Gap(1, Kind.GUID))]),
        Element("EventID", Gap(2, Kind.U16)),
        Element("Version", Gap(3, Kind.U8)),
        Element("Level", Gap(4, Kind.U8)),
        Element("Task", Gap(5, Kind.U16)),
        Element("Opcode", Gap(6, Kind.U8)),
        Element("Keywords", Gap(7, Kind.HEX64)),
        Element("TimeCreated", attributes=[("SystemTime", Gap(8, Kind.FILETIME))]),
        Element("EventRecordID", Gap(9, Kind.U64)),
        Element("Correlation"),
        Element("Execution", attributes=[("ProcessID", Gap(10, Kind.U32)), ("ThreadID", Gap(11, Kind.U32))]),
        Element("Channel", Gap(12, Kind.TEXT)),
        Element("Computer", computer),
        Element("Security", attributes=[("UserID", Gap(13, Kind.SID))]),
    ]
    return Element("Event", [Element("System", parts), Element("", Gap(14, Kind.XML))], [("xmlns", NAMESPACE)])


def data_of(event: Event) -> Element:
    """The template of an event's data."""
    gaps = {name: Gap(index, kind) for index, (name, (kind, _)) in enumerate(event.fields.items())}
    if event.inside is None:
        return Element("EventData", [Element("Data", gap, [("Name", name)], optional=False) for name, gap in gaps.items()])
    name, namespace = event.inside
    held = Element(name, [Element(each, gap, optional=False) for each, gap in gaps.items()], [("xmlns", namespace)])
    return Element("UserData", [held])


def value_bytes(kind: int, value: Value) -> bytes:
    """A value as a record stores it; texts of event data end with NUL."""
    if value is None:
        return b""
    if isinstance(value, bytes):
        return value
    return value.encode("utf-16-le") + b"\0\0" if isinstance(value, str) else struct.pack(FORMATS[kind], value)


class ChunkFullError(Exception):
    """The chunk has no room for the record."""


@dataclass
class Chunk:
    """One chunk while it is written; all offsets count from its begin."""

    data: bytearray = field(default_factory=lambda: bytearray(CHUNK_HEADER))
    names: dict[str, int] = field(default_factory=dict)
    templates: dict[uuid.UUID, int] = field(default_factory=dict)
    name_buckets: list[int] = field(default_factory=lambda: [0] * NAME_BUCKETS)
    template_buckets: list[int] = field(default_factory=lambda: [0] * TEMPLATE_BUCKETS)
    last_record: int = 0

    # Pieces

    def add(self, form: str, *values: int) -> int:
        """Numbers at the end; gives where they are."""
        place = len(self.data)
        self.data += struct.pack("<" + form, *values)
        return place

    def fill_in(self, place: int) -> None:
        """Put the number of bytes behind a 32-bit place into it."""
        struct.pack_into("<I", self.data, place, len(self.data) - place - 4)

    def name(self, text: str) -> None:
        """Refer to a name; where it is used first, it follows, chained to others with its hash."""
        if text in self.names:
            self.add("I", self.names[text])
            return
        here = len(self.data) + 4
        hashed = 0
        for letter in text:
            hashed = (hashed * 65599 + ord(letter)) & 0xFFFFFFFF
        bucket = (hashed & 0xFFFF) % NAME_BUCKETS
        self.add("IIHH", here, self.name_buckets[bucket], hashed & 0xFFFF, len(text))
        self.data += text.encode("utf-16-le") + b"\0\0"
        self.names[text] = self.name_buckets[bucket] = here

    def content(self, holds: str | Gap, *, optional: bool) -> None:
        """A text, or a gap."""
        if isinstance(holds, Gap):
            self.add("BHB", OPTIONAL_GAP if optional else GAP, *holds)
            return
        self.add("BBH", VALUE, Kind.TEXT, len(holds))
        self.data += holds.encode("utf-16-le")

    def element(self, one: Element) -> None:
        """An element with its attributes and all that it holds; one without a name is a gap for XML."""
        if not one.name and isinstance(one.holds, Gap):
            self.content(one.holds, optional=True)
            return
        depends = one.holds.number if isinstance(one.holds, Gap) and one.optional else ALWAYS
        self.add("BH", OPEN | (MORE if one.attributes else 0), depends)
        size = self.add("I", 0)
        self.name(one.name)
        if one.attributes:
            listed = self.add("I", 0)
            for left, (name, holds) in zip(reversed(range(len(one.attributes))), one.attributes, strict=True):
                self.add("B", ATTRIBUTE | (MORE if left else 0))
                self.name(name)
                self.content(holds, optional=True)
            self.fill_in(listed)
        if one.holds is None:
            self.add("B", CLOSE_EMPTY)
        else:
            self.add("B", CLOSE_OPEN)
            if isinstance(one.holds, str | Gap):
                self.content(one.holds, optional=one.optional)
            else:
                for child in one.holds:
                    self.element(child)
            self.add("B", CLOSE)
        self.fill_in(size)

    def instance(self, key: uuid.UUID, body: Element) -> None:
        """Refer to a template; where it is used first, its definition follows."""
        number = struct.unpack("<I", key.bytes_le[:4])[0]
        self.data += FRAGMENT
        self.add("BBI", TEMPLATE, 1, number)
        if key in self.templates:
            self.add("I", self.templates[key])
            return
        here = len(self.data) + 4
        self.add("II", here, self.template_buckets[number % TEMPLATE_BUCKETS])
        self.data += key.bytes_le
        size = self.add("I", 0)
        self.data += FRAGMENT
        self.element(body)
        self.add("B", END_OF_FRAGMENT)
        self.fill_in(size)
        self.templates[key] = self.template_buckets[number % TEMPLATE_BUCKETS] = here

    def values(self, filled: Sequence[tuple[int, bytes]]) -> list[int]:
        """Sizes and kinds, then the values; gives where each value's size is."""
        self.add("I", len(filled))
        places = [self.add("HBB", len(value), kind if value else Kind.NULL, 0) for kind, value in filled]
        for _, value in filled:
            self.data += value
        return places

    # Records

    def record(self, number: int, event: Event, computer: str) -> None:
        """Append a record.

        Raises:
            ChunkFullError: It does not fit; the chunk is as it was.
        """
        before = (bytes(self.data), dict(self.names), dict(self.templates), list(self.name_buckets), list(self.template_buckets))
        start = len(self.data)
        self.data += b"**\0\0"
        size = self.add("I", 0)
        self.add("QQ", number, filetime(event.time))
        provider, xml = event.provider, b"\0"
        self.instance(_key("event", computer), system(computer))
        places = self.values(
            [
                (Kind.TEXT, provider.name.encode("utf-16-le")),
                (Kind.GUID, provider.guid.bytes_le),
                *((kind, value_bytes(kind, value)) for kind, value in zip(_SYSTEM_KINDS, _system_values(number, event), strict=True)),
                (Kind.U32, struct.pack("<I", event.process)),
                (Kind.U32, struct.pack("<I", event.thread)),
                (Kind.TEXT, provider.channel.encode("utf-16-le")),
                (Kind.SID, event.user or b""),
                (Kind.XML, xml),
            ]
        )
        del self.data[-len(xml) :]  # the data's template has offsets of the chunk, so it is written in its place
        begin = len(self.data)
        self.instance(_key(provider.name, event.event_id, event.version, *event.fields), data_of(event))
        self.values([(kind, value_bytes(kind, value)) for kind, value in event.fields.values()])
        struct.pack_into("<H", self.data, places[-1], len(self.data) - begin)
        self.add("B", END_OF_FRAGMENT)
        self.data += b"\0" * (-(len(self.data) + 4) % 8)
        whole = len(self.data) + 4 - start
        self.add("I", whole)
        struct.pack_into("<I", self.data, size, whole)
        if len(self.data) > CHUNK:
            data, self.names, self.templates, self.name_buckets, self.template_buckets = before
            self.data = bytearray(data)
            raise ChunkFullError
        self.last_record = start

    def finished(self, first: int, last: int) -> bytes:
        """The chunk with its header, for records of these numbers."""
        free = len(self.data)
        data = self.data + bytes(CHUNK - free)
        checksum = zlib.crc32(data[CHUNK_HEADER:free])
        struct.pack_into("<8s4Q4I", data, 0, b"ElfChnk\0", first, last, first, last, 128, self.last_record, free, checksum)
        struct.pack_into(f"<{NAME_BUCKETS}I", data, NAMES_AT, *self.name_buckets)
        struct.pack_into(f"<{TEMPLATE_BUCKETS}I", data, TEMPLATES_AT, *self.template_buckets)
        struct.pack_into("<I", data, 124, zlib.crc32(data[:120] + data[128:CHUNK_HEADER]))
        return bytes(data)


_SYSTEM_KINDS = (Kind.U16, Kind.U8, Kind.U8, Kind.U16, Kind.U8, Kind.HEX64, Kind.FILETIME, Kind.U64)


def _system_values(number: int, event: Event) -> tuple[int, ...]:
    return (event.event_id, event.version, event.level, event.task, 0, event.keywords, filetime(event.time), number)


def _key(*parts: str | int) -> uuid.UUID:
    """A GUID of a template's own."""
    return uuid.uuid5(uuid.NAMESPACE_URL, "template:" + "/".join(map(str, parts)))


def event_log(events: Iterable[Event], computer: str, first_record: int = 1) -> bytes:
    """A clean log of these events.

    Args:
        events: In the order in which they were written.
        computer: Its full name.
        first_record: Number of the first record.
    """
    chunks: list[bytes] = []
    chunk, begin, number = Chunk(), first_record, first_record
    for event in events:
        try:
            chunk.record(number, event, computer)
        except ChunkFullError:
            chunks.append(chunk.finished(begin, number - 1))
            chunk, begin = Chunk(), number
            chunk.record(number, event, computer)
        number += 1
    chunks.append(chunk.finished(begin, number - 1))
    header = bytearray(FILE_HEADER)
    struct.pack_into("<8s3QI4H", header, 0, b"ElfFile\0", 0, len(chunks) - 1, number, 128, 1, 3, FILE_HEADER, len(chunks))
    struct.pack_into("<I", header, 124, zlib.crc32(header[:120]))
    return bytes(header) + b"".join(chunks)
