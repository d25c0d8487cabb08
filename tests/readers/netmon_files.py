"""Network Monitor captures built in code, with every offset and length at hand so that tests can lie about it."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from ipaddress import ip_address

__all__ = ["TRAILERS", "Lie", "Made", "Piece", "comment", "lies", "netmon", "pieces", "process"]

HEADER = 128
SECOND = 10**9
FILETIME_1970 = 116_444_736_000_000_000
TRAILERS = {(1, 1): 0, (2, 0): 0, (2, 1): 2, (2, 2): 6, (2, 3): 15}
"""Version -> bytes behind each frame."""
NO_END = ("0.0.0.0", 0)  # noqa: S104 - what a table has for no address
START = 1_773_147_600 * SECOND
"""2026-03-10T13:00:00Z, when made captures begin."""


@dataclass(frozen=True)
class Piece:
    """A frame to be written: its bytes, wire length, ns after the beginning, media type, and the number of its process."""

    data: bytes
    wire: int
    after: int
    media: int = 1
    process: int = 0xFFFFFFFF


@dataclass(frozen=True)
class Made:
    """A capture, and where things are in it."""

    content: bytes
    frames: list[Piece]
    offsets: list[int]
    """Of each frame, in the order of `frames`."""
    ends: list[int]
    table: int
    """Where the frame table begins."""
    version: tuple[int, int]


def comment(frame: int, title: str, text: bytes) -> bytes:
    """An entry of the comment table."""
    name = (title + "\0").encode("utf-16-le")
    return struct.pack("<III", 1, frame, len(name)) + name + struct.pack("<I", len(text)) + text


def process(pid: int, path: str, local: tuple[str, int] = NO_END, remote: tuple[str, int] = NO_END, icon: bytes = b"icon") -> bytes:
    """An entry of the table of processes; the table begins with two bytes of version."""
    name = (path + "\0").encode("utf-16-le")
    ends = [ip_address(end[0]) for end in (local, remote)]
    ports = struct.pack("<HHHHI", local[1], 0, remote[1], 0, ends[0].version == 6)
    addresses = b"".join(end.packed.ljust(16, b"\0") for end in ends)
    return struct.pack("<I", len(name)) + name + struct.pack("<I", len(icon)) + icon + struct.pack("<I", pid) + ports + addresses


def netmon(
    frames: Sequence[Piece],
    version: tuple[int, int] = (2, 3),
    *,
    order: Sequence[int] | None = None,
    zone: int = 0,
    first: int = HEADER,
    comments: bytes = b"",
    processes: tuple[int, bytes] = (0, b""),
    media: int = 1,
) -> Made:
    """Write frames as Network Monitor does: header, frames, frame table, what else there is.

    Args:
        frames: In the order of the frame table.
        version: Major and minor.
        order: Indices of `frames` in the order in which they lie in the file.
        zone: Seconds by which local time, which the header has, is ahead of UTC.
        first: Where the first frame lies.
        comments: The comment table.
        processes: How many processes, and the table of them.
        media: The file's media type.
    """
    body, places, ends = b"", [0] * len(frames), [0] * len(frames)
    for index in order if order is not None else range(len(frames)):
        piece = frames[index]
        places[index] = first + len(body)
        if version[0] == 1:
            body += struct.pack("<IHH", piece.after // 10**6, piece.wire, len(piece.data)) + piece.data
        else:
            body += struct.pack("<QII", piece.after // 1000 % 2**64, piece.wire, len(piece.data)) + piece.data
        filetime = FILETIME_1970 + (START + piece.after) // 100
        trailer = struct.pack("<HIQB", piece.media, piece.process, filetime, 255)
        body += trailer[: TRAILERS[version]]
        ends[index] = first + len(body)
    table = first + len(body)
    listed = b"".join(struct.pack("<I", place) for place in places)
    after = table + len(listed)
    begin = datetime.fromtimestamp(START // SECOND + zone, UTC)
    moment = struct.pack("<8H", begin.year, begin.month, begin.isoweekday() % 7, begin.day, begin.hour, begin.minute, begin.second, 0)
    head = (b"RTSS" if version[0] == 1 else b"GMBU") + struct.pack("<BBH", version[1], version[0], media) + moment
    tables = (table, len(listed), 0, 0, after, len(comments), after + len(comments), processes[0], 0, 0)
    head += struct.pack("<10I", *tables)
    return Made(head.ljust(first, b"\0")[:first] + body + listed + comments + processes[1], list(frames), places, ends, table, version)


def pieces(count: int = 8) -> list[Piece]:
    """Frames of different lengths, whole milliseconds apart."""
    return [Piece(bytes([index + 1]) * (20 + 13 * index), 1500 + index, index * 7_000_000) for index in range(count)]


@dataclass(frozen=True)
class Lie:
    """A capture of which something is not true.

    Args:
        name: What.
        content: The file.
        lost: Frames that need not be found; all others must be.
        damage: Where damage is to be reported, as a range of offsets; None if nothing is damaged.
        may_add: Whether frames may be found that are none.
    """

    name: str
    content: bytes
    lost: frozenset[int] = field(default_factory=frozenset)
    damage: tuple[int, int] | None = None
    may_add: bool = False


def lies(made: Made) -> Iterator[Lie]:
    """Captures that lie about one number each, of `made`."""
    yield from _about_the_header(made)
    yield from _about_entries(made)
    yield from _about_frames(made)
    yield from _about_the_end(made)


def _with(made: Made, at: int, code: str, value: int) -> bytes:
    content = bytearray(made.content)
    struct.pack_into("<" + code, content, at, value % 2 ** (8 * struct.calcsize(code)))
    return bytes(content)


def _about_the_header(made: Made) -> Iterator[Lie]:
    size = len(made.content)
    for value in (0, 1, 63, 70, made.offsets[3] + 5, size - 4, size, size + 1, 2**31, 2**32 - 1):
        content = _with(made, 24, "I", value)
        yield Lie(f"the frame table is at {value}", content, damage=(0, size), may_add=True)
    for value in (4 * len(made.frames) + 4 * 1000, 2**31, 2**32 - 1):
        yield Lie(f"the frame table has {value} bytes", _with(made, 28, "I", value), damage=(0, size))
    for value in (1, 2, 3):
        yield Lie(f"the frame table has {value} bytes more", _with(made, 28, "I", 4 * len(made.frames) + value))
    for value in (4, 12):
        lost = frozenset(range(value // 4, len(made.frames)))
        yield Lie(f"the frame table has {value} bytes only", _with(made, 28, "I", value), lost=lost)
    if TRAILERS[made.version] >= 6:
        for value in (1, size - 3, size, 2**32 - 1):
            content = bytearray(_with(made, 40, "I", value))
            struct.pack_into("<I", content, 44, 1000)
            yield Lie(f"comments are at {value}", bytes(content), damage=(0, size))
            content = bytearray(_with(made, 48, "I", value))
            struct.pack_into("<I", content, 52, 2**32 - 1)
            yield Lie(f"processes are at {value}", bytes(content), damage=(0, size + 2**32))
        yield Lie("comments have 4 GiB", _with(made, 44, "I", 2**32 - 1), damage=(0, size))
    for value in (0, 13, 0xFFFF):
        damage = None if TRAILERS[made.version] == 15 else (8, 8)
        yield Lie(f"it began in month {value}", _with(made, 10, "H", value), damage=damage)


def _about_entries(made: Made) -> Iterator[Lie]:
    size = len(made.content)
    for index in (0, 3, 4, 7):
        at, place = made.table + 4 * index, made.offsets[index]
        neighbour = made.offsets[index - 1] if index else made.offsets[1]
        for value in (
            0,
            20,
            size,
            size - 1,
            2**32 - 1,
            neighbour,
            neighbour + 1,
            neighbour + 9,
            place + 1,
            place + 16,
            made.table,
            made.table + 2,
        ):
            yield Lie(f"entry {index} points to {value}", _with(made, at, "I", value), frozenset({index}), (0, size))


def _about_frames(made: Made) -> Iterator[Lie]:
    at, code = (6, "H") if made.version[0] == 1 else (12, "I")
    for index in (0, 3, 7):
        place, length = made.offsets[index], len(made.frames[index].data)
        values = [length + 1, length + 300, 0xFFFF] + ([262_145, 2**31, 2**32 - 1] if code == "I" else [])
        for value in values:
            yield Lie(
                f"frame {index} has {value} bytes", _with(made, place + at, code, value), frozenset({index}), (place, made.ends[index])
            )
        for value in (0, 1, length - 1):
            damage = (place, made.ends[index]) if TRAILERS[made.version] == 15 else None
            yield Lie(f"frame {index} has {value} bytes", _with(made, place + at, code, value), frozenset({index}), damage)


def _about_the_end(made: Made) -> Iterator[Lie]:
    for cut in (4, 5, 40, 63):
        yield Lie(f"the file ends at {cut}", made.content[:cut], frozenset(range(len(made.frames))), (0, cut))
    for index in (0, 2, 7):
        for cut in (made.offsets[index], made.offsets[index] + 3, made.offsets[index] + 20, made.ends[index] - 1):
            lost = frozenset(range(index, len(made.frames)))
            yield Lie(f"the file ends at {cut}", made.content[:cut], lost, (0, cut))
    for cut in (made.table, made.table + 1, made.table + 4, made.table + 13, made.table + 31):
        yield Lie(f"the file ends at {cut}, in its table", made.content[:cut], damage=(0, cut))
