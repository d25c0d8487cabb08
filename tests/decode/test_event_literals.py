"""Records without templates: compiled shapes against the reader of single records."""

from __future__ import annotations

import random
import struct
import zlib
from pathlib import Path
from typing import Any

import pytest
from event_logs import by_library, data_of, load, read_by

from netsleuth_tui.decode.event_records import ChunkReader
from netsleuth_tui.decode.library import Library
from netsleuth_tui.store import Store

CHUNK = 1 << 16
TIMES = ("2019-10-31T23:59:59.9999999Z", "2020-02-29T00:00:00.0000001Z", "2021-12-01T01:02:03Z", "1999-03-01T00:00:00.5Z")
MUTANTS = 120


class Writer:
    """Writes a chunk of literal records; a name stands where it is first needed."""

    def __init__(self) -> None:
        self.out = bytearray(512)
        self.names: dict[str, int] = {}
        self.count = 0
        self.last = 0

    def name(self, name: str) -> None:
        """A reference to a name, and the name where it is new."""
        here = len(self.out) + 4
        self.out += struct.pack("<I", self.names.setdefault(name, here))
        if self.names[name] == here:
            self.out += struct.pack("<IHH", 0, 0, len(name)) + name.encode("utf-16-le") + b"\0\0"

    def text(self, text: str) -> None:
        """A text token."""
        units = text.encode("utf-16-le", "surrogatepass")
        self.out += struct.pack("<BBH", 5, 1, len(units) // 2) + units

    def element(self, name: str, attributes: dict[str, str], *content: Any) -> None:
        """An element and all in it."""
        self.out += struct.pack("<BI", 0x41 if attributes else 1, 0)
        self.name(name)
        if attributes:
            self.out += bytes(4)
        for position, (key, value) in enumerate(attributes.items()):
            self.out.append(0x46 if position + 1 < len(attributes) else 6)
            self.name(key)
            self.text(value)
        if not content:
            self.out.append(3)
            return
        self.out.append(2)
        for part in content:
            if isinstance(part, str):
                self.text(part)
            else:
                self.element(*part)
        self.out.append(4)

    def record(self, event: tuple[Any, ...]) -> None:
        """A record with one element."""
        self.last, self.count = len(self.out), self.count + 1
        self.out += struct.pack("<4sIQQ", b"**\0\0", 0, self.count, 1 << 56) + b"\x0f\x01\x01\x00"
        self.element(*event)
        self.out += bytes(1 + -(len(self.out) + 1) % 8)
        size = len(self.out) + 4 - self.last
        self.out += struct.pack("<I", size)
        struct.pack_into("<I", self.out, self.last + 4, size)

    def chunk(self) -> bytearray:
        """The whole chunk."""
        out = self.out + bytes(CHUNK - len(self.out))
        out[:8] = b"ElfChnk\0"
        struct.pack_into("<QQQQIII", out, 8, 1, self.count, 1, self.count, 128, self.last, len(self.out))
        return signed(out)


def signed(chunk: bytearray) -> bytearray:
    """The chunk with right checksums."""
    free = min(struct.unpack_from("<I", chunk, 48)[0], CHUNK)
    struct.pack_into("<I", chunk, 52, zlib.crc32(chunk[512:free]))
    struct.pack_into("<I", chunk, 124, zlib.crc32(chunk[:120] + chunk[128:512]))
    return chunk


def event(number: int) -> tuple[Any, ...]:
    """One of several shapes, with values that differ."""
    system = (
        ("Provider", {"Name": f"Provider-{number % 2}", "Guid": "{0}"}),
        ("EventID", {}, str(4600 + number % 5)),
        ("Level", {}, "4") if number % 3 else ("Level", {}, "0"),
        ("Keywords", {}, "0x8020000000000000"),
        ("TimeCreated", {"SystemTime": TIMES[number % len(TIMES)]}),
        ("Execution", {"ProcessID": str(number), "ThreadID": "70000"}),
        ("Channel", {}, "Security"),
        ("Computer", {}, f"pc{number % 7}.example"),
        ("Security", {"UserID": "S-1-5-18"}),
    )
    data = (
        ("Data", {"Name": "Who"}, f"user {number}"),
        ("Data", {"Name": "Empty"}, ""),
        ("Data", {"Name": "Absent"}),
        ("Data", {}, "without a name \U0001f511"),
    )
    parts = [("System", {}, *system), ("EventData", {}, *data[number % 2 :])]
    if number % 4 == 1:
        parts.append(("RenderingInfo", {"Culture": "en"}, ("Message", {}, f"said {number}"), ("Level", {}, "Information")))
    return ("Event", {"xmlns": "http://schemas.microsoft.com/win/2004/08/events/event"}, *parts)


def log() -> bytearray:
    """A header, and a chunk of sixty records."""
    writer = Writer()
    for number in range(60):
        writer.record(event(number))
    header = bytearray(4096)
    struct.pack_into("<8sQQQIHHHH", header, 0, b"ElfFile\0", 0, 0, 61, 128, 1, 3, 4096, 1)
    struct.pack_into("<I", header, 124, zlib.crc32(header[:120]))
    return header + writer.chunk()


def content(store: Store) -> list[tuple[Any, ...]]:
    """All that is known about every event."""
    columns, texts = store.events.view(), store.events.texts
    names = [name for name in columns._fields if name not in {"group", "slot"}]
    coded = {"provider", "channel", "computer", "user"}
    return [
        (
            *((texts.text(code) if name in coded and code else code) for name in names for code in (int(getattr(columns, name)[row]),)),
            tuple(data_of(store, row).items()),
        )
        for row in range(store.events.rows)
    ]


@pytest.mark.parametrize("form", ["plain", "compiled"])
def test_literal_records_need_no_slow_reader(form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Kernels read all but the leap days, and what they read is what the slow reader and the library say."""
    path = tmp_path / "literal.evtx"
    path.write_bytes(log())
    read_by("slowly", monkeypatch)
    slow = content(load(path))
    assert len(slow) == 60
    one_by_one = []
    read = ChunkReader.read
    monkeypatch.setattr(ChunkReader, "read", lambda reader, at: one_by_one.append(at) or read(reader, at))
    read_by(form, monkeypatch)
    store = load(path)
    assert content(store) == slow
    assert len(one_by_one) == 15
    assert store.sources[0].damage == ()
    columns = store.events.view()
    for row, other in enumerate(by_library(path)):
        assert (int(columns.event_id[row]), int(columns.keywords[row])) == (other.event_id, other.keywords)
        assert int(columns.process_id[row]) == other.process_id == row
        assert int(columns.time[row]) // 1000 == other.time // 1000
        assert store.events.texts.text(int(columns.computer[row])) == other.computer


@pytest.mark.parametrize(("form", "count"), [("compiled", MUTANTS), ("plain", 10)])
def test_mutants_are_read_alike(form: str, count: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Whatever is changed in literal records, shapes give what the reader of single records gives."""
    monkeypatch.setattr(Library, "read", lambda *_: ([], ""))
    chance = random.Random(20261126)  # noqa: S311 - no secrets
    path, whole = tmp_path / "mutant.evtx", log()
    free = struct.unpack_from("<I", whole, 4096 + 48)[0]
    loaded = 0
    for _ in range(count):
        chunk = whole[4096:]
        for _ in range(chance.choice((1, 5, 40))):
            at, kind = chance.randrange(512 + 24, free - 8), chance.randrange(4)
            if kind == 0:
                chunk[at] = chance.randrange(256)
            elif kind == 1:
                chunk[at] = chance.choice((0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0xC, 0xD, 0xE, 0xF, 0x41, 0x45, 0x46))
            elif kind == 2:
                struct.pack_into("<H", chunk, at, chance.choice((0, 1, 5, 0x20, 0x30, 0x3A, 0x7FFF, 0xD800, 0xFFFF)))
            else:
                other, size = chance.randrange(512, free - 80), chance.randrange(1, 80)
                chunk[at : at + size] = chunk[other : other + size]
        path.write_bytes(whole[:4096] + signed(chunk[:CHUNK]))
        stores = []
        for one in ("slowly", form):
            read_by(one, monkeypatch)
            stores.append(load(path))
        assert content(stores[0]) == content(stores[1])
        assert stores[0].sources[0].lost == stores[1].sources[0].lost
        loaded += stores[0].events.rows
    assert loaded > 30 * count
