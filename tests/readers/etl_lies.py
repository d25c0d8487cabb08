"""Traces that lie: each with the frames that no lie touches, and whether something has to be said."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from readers import etl_files as made

SIZE = 4096
LIED_ABOUT = 3
"""The buffer that the lies are in."""
COUNT = 120


@dataclass(frozen=True, slots=True)
class Lie:
    """A trace, and what is true in it."""

    name: str
    content: bytes
    good: tuple[bytes, ...]
    """Frames that have to be found."""
    place: tuple[int, int] | None
    """Where damage has to be told: bytes of the file from and up to; None if the lie is only in a time, and may go unnoticed."""


def frame(number: int) -> bytes:
    """A frame that is told from all others by its number, and compresses."""
    return bytes(12) + b"\x08\x06" + number.to_bytes(4, "big") * (10 + number % 40)


def records() -> list[made.Record]:
    """A packet each 10 µs."""
    return [record for number in range(COUNT) for record in made.ndis(100 * number, frame(number))]


def buffers(content: bytes) -> list[tuple[int, int]]:
    """Where the buffers of an honest trace begin and end."""
    places, at = [], 0
    while at < len(content):
        size = struct.unpack_from("<I", content, at)[0]
        places.append((at, at + size))
        at += size
    return places


def lies() -> Iterator[Lie]:
    """All of them."""
    for packed in (False, True):
        content = made.trace(records(), size=SIZE, packed=packed)
        places = buffers(content)
        kind = "packed" if packed else "plain"
        begin, end = places[LIED_ABOUT]
        others = _others(content, places)
        for name, offset, code, values in _HEADER_LIES:
            for value in values:
                if not _is_true(content, begin, offset, code, value) and not (name == "flags" and packed and value == 0x20):
                    yield Lie(f"{kind} {name} {value:#x}", _put(content, begin + offset, code, value), others, (begin, end + 1))
        yield from _cuts(kind, content, places)
    yield from _record_lies()
    yield from _compressed_lies()
    yield from _trace_lies()


_HEADER_LIES = (
    ("size", 0, "<I", (0, 71, 72, 100, SIZE - 8, SIZE + 8, 2 * SIZE, 1 << 30, 0xFFFFFFFF)),
    ("use", 48, "<I", (SIZE + 1, 0x7FFFFFFF, 0xFFFFFFFF)),
    ("session", 42, "<H", (7, 0xFFFF)),
    ("type", 54, "<H", (999,)),
    ("flags", 52, "<H", (0xFFFF, 0x20, 0x60)),
)


def _is_true(content: bytes, begin: int, offset: int, code: str, value: int) -> bool:
    return bool(struct.unpack_from(code, content, begin + offset)[0] == value)


def _put(content: bytes, at: int, code: str, *values: int) -> bytes:
    changed = bytearray(content)
    struct.pack_into(code, changed, at, *values)
    return bytes(changed)


def _others(content: bytes, places: list[tuple[int, int]]) -> tuple[bytes, ...]:
    """Frames of all buffers but the one that is lied about: a packet's number is near its buffer's, since one processor logs them."""
    plain = made.trace(records(), size=SIZE)
    at = LIED_ABOUT * SIZE
    inside = plain[at : at + SIZE]
    assert len(places) * SIZE == len(plain)
    assert content
    return tuple(frame(number) for number in range(COUNT) if frame(number) not in inside)


def _cuts(kind: str, content: bytes, places: list[tuple[int, int]]) -> Iterator[Lie]:
    """Traces that end too early: in a header, in a buffer, one byte before the end of the file."""
    begin, end = places[-2]
    plain = made.trace(records(), size=SIZE)
    for name, length in (("in a header", begin + 20), ("in a buffer", begin + (end - begin) // 2), ("after a header", begin + 72)):
        kept = (len(places) - 2) * SIZE
        good = tuple(frame(number) for number in range(COUNT) if frame(number) in plain[:kept])
        yield Lie(f"{kind} cut {name}", content[:length], good, (begin, length))


def _record_lies() -> Iterator[Lie]:
    """Lies about records: sizes, kinds, what is attached, and how long a fragment is."""
    content = made.trace(records(), size=SIZE)
    places = buffers(content)
    others = _others(content, places)
    begin, end = places[LIED_ABOUT]
    first = begin + 72
    for name, at, code, values in (
        ("record size", first, "<H", (0, 8, 79, 0xFFFE)),
        ("record kind", first + 2, "<B", (0, 5, 13, 99, 200)),
        ("attached", first + 4, "<H", (1,)),
        ("fragment size", first + 88, "<I", (1 << 20, 0xFFFFFFFF)),
    ):
        for value in values:
            told = (begin, end) if name != "fragment size" else (0, end)
            yield Lie(f"{name} {value:#x}", _put(content, at, code, value), others, told)


def _compressed_lies() -> Iterator[Lie]:
    """Compressed data that lie."""
    content = made.trace(records(), size=SIZE, packed=True)
    places = buffers(content)
    others = _others(content, places)
    begin, end = places[LIED_ABOUT]
    first = begin + 72
    changes: tuple[tuple[str, Callable[[bytes], bytes]], ...] = (
        ("only matches", lambda data: b"\xff" * len(data)),
        ("only literals", lambda data: bytes(len(data))),
        ("match before the beginning", lambda data: b"\xff\xff\xff\xff\xf8\xff" + data[6:]),
        ("endless match", lambda data: b"\0\0\0\x40a\x07\0\x0f\xff\0\0\xff\xff\xff\xff" + data[15:]),
        ("short long match", lambda data: b"\0\0\0\x40a\x07\0\x0f\xff\1\0" + data[11:]),
    )
    for name, change in changes:
        # A match that runs on fills the buffer with what is no record: that is told where the record is.
        yield Lie(f"compressed {name}", content[:first] + change(content[first:end]) + content[end:], others, (begin, end + 1))
    for used in (73, 200, 4096):
        if struct.unpack_from("<I", content, begin + 48)[0] != used:
            yield Lie(f"compressed use {used}", _put(content, begin + 48, "<I", used), others, (begin, end + 1))


def _trace_lies() -> Iterator[Lie]:
    """Lies of the first buffer: the clock, the header of the trace."""
    everything = tuple(frame(number) for number in range(COUNT))
    for name, about, is_told in (
        ("no frequency", {"frequency": 0}, True),
        ("negative frequency", {"frequency": -5}, True),
        ("endless frequency", {"frequency": 1 << 62}, True),
        ("a clock that does not exist", {"clock": 9}, True),
        ("a processor without a clock", {"clock": 3, "megahertz": 0}, True),
        ("start in 1601", {"start": 0}, True),
        ("start before 1601", {"start": -(1 << 63)}, True),
        ("start at the end of time", {"start": (1 << 63) - 1}, True),
        ("ticks that began at the end", {"raw_start": (1 << 63) - 1}, False),
        ("ticks that began before the beginning", {"raw_start": -(1 << 63)}, False),
        ("a thousand processors of nothing", {"clock": 2}, False),
        ("everything was lost", {"lost": 0xFFFFFFFF, "buffers_lost": 0xFFFFFFFF}, False),
    ):
        yield Lie(f"trace: {name}", made.trace(records(), size=SIZE, **about), everything, (0, SIZE) if is_told else None)
    content = made.trace(records(), size=SIZE)
    for name, at, code, value in (
        ("pointers of five bytes", 72 + 32 + 44, "<I", 5),
        ("buffers of 4 GiB", 72 + 32, "<I", 0xFFFFFFFF),
        ("buffers of nothing", 72 + 32, "<I", 0),
        ("no processors", 72 + 32 + 12, "<I", 0),
    ):
        told = (0, SIZE) if "pointers" in name else None
        yield Lie(f"trace: {name}", _put(content, at, code, value), everything, told)
