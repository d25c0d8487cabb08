"""Processes in Network Monitor captures: the table, the number in each frame, what lies about them."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import oracle
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from readers.captures import read
from readers.conftest import Write
from readers.netmon_files import TRAILERS, Made, netmon, pieces, process
from readers.test_netmon import shown_by_tshark

from netsleuth_tui.readers import netmon_processes
from netsleuth_tui.readers.frames import NOBODY, ProcessEntry
from netsleuth_tui.readers.opening import open_in_blocks

DNS = "C:\\Windows\\System32\\dns.exe"
BROWSER = "C:\\Program Files\\Browser\\browser.exe"
ENTRIES = (
    process(1416, DNS, ("10.1.8.20", 53), icon=bytes(3000)),
    process(7320, BROWSER, ("2001:db8::7", 50_123), ("2001:db8::99", 443)),
    process(4, ""),
)
INDEX = [0, 1, NOBODY, 2, 0, NOBODY, 1, 0]
VERSION_OF_TABLE = b"\1\0"


def made(version: tuple[int, int] = (2, 3), index: list[int] = INDEX, table: bytes = b"".join(ENTRIES), count: int = 3) -> Made:
    """Eight frames, of which most belong to a process."""
    frames = [replace(piece, process=number) for piece, number in zip(pieces(), index, strict=True)]
    return netmon(frames, version, order=[3, 0, 1, 2, 7, 6, 5, 4], processes=(count, VERSION_OF_TABLE + table))


def owners(path: Path, block: int = 1 << 16) -> tuple[list[int], tuple[ProcessEntry, ...]]:
    """The number of each frame's process, and the table."""
    numbers: list[int] = []
    entries: tuple[ProcessEntry, ...] = ()
    for batch in open_in_blocks(str(path), block=block, first=block, frames=1000).batches():
        if batch.owners is not None:
            entries = batch.owners.processes
            numbers += batch.owners.index[: batch.count].tolist()
    return numbers, entries


@pytest.mark.parametrize("version", list(TRAILERS))
def test_frames_are_of_the_processes_that_their_trailers_say(write: Write, version: tuple[int, int]) -> None:
    """In versions 2.2 and 2.3, in blocks of any size; the earlier ones have neither table nor trailer for it."""
    path = write(made(version).content)
    has_them = TRAILERS[version] >= 6
    for block in (64, 300, 1 << 16):
        numbers, entries = owners(path, block)
        assert numbers == (INDEX if has_them else [])
    assert read(path).damage == []
    if has_them:
        assert entries[0] == ProcessEntry(1416, DNS, 4, 0x0A010814, 53, 0, 0)
        assert entries[1] == ProcessEntry(7320, BROWSER, 6, 0x20010DB8 << 96 | 7, 50_123, 0x20010DB8 << 96 | 0x99, 443)
        assert entries[2] == ProcessEntry(4, "", 4, 0, 0, 0, 0)


@pytest.mark.parametrize("version", [(2, 2), (2, 3)])
def test_tshark_reads_such_captures_too(write: Write, version: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    """It steps through the table entry by entry, and refuses a file in which these do not fit; frames are the same."""
    oracle("tshark")
    monkeypatch.setenv("TZ", "UTC")
    path = write(made(version).content)
    result = read(path)
    assert [(len(frame.data), frame.wire, frame.time) for frame in result.frames] == shown_by_tshark(path)
    with pytest.raises(Exception, match="tshark"):
        shown_by_tshark(write(made(version, table=b"".join(ENTRIES)[:-1]).content))


def lies() -> Iterator[tuple[str, Made, bytes]]:
    """What is wrong, the capture without it, and the content with it."""
    good = made()
    table = good.table + 4 * 8
    size = len(good.content)
    where = {"the table": 48, "its count": 52, "a path": table + 2, "an icon": table + 2 + 4 + len(DNS) * 2 + 2}
    for what, at in where.items():
        for value in (1, 2, 63, size - 3, size - 1, size, size + 1, 2**31 - 1, 2**31, 2**32 - 1):
            content = bytearray(good.content)
            struct.pack_into("<I", content, at, value)
            yield f"{what}: {value}", good, bytes(content)
    for cut in (1, 47, 48, 49, 60):
        yield f"{cut} bytes are missing", good, good.content[:-cut]
    for number in (3, 77, 2**31, 2**32 - 2):
        content = bytearray(good.content)
        struct.pack_into("<I", content, good.ends[2] - 13, number)
        yield f"a frame is of process {number}", good, bytes(content)


@pytest.mark.parametrize(("what", "good", "content"), [pytest.param(*lie, id=lie[0]) for lie in lies()])
def test_lies_about_processes_cost_no_frame(write: Write, what: str, good: Made, content: bytes) -> None:
    """All frames are read; where the table is not to be had, or a number is none of it, it is said where."""
    path = write(content)
    result = read(path)
    assert [(frame.data, frame.wire) for frame in result.frames] == [(piece.data, piece.wire) for piece in good.frames]
    numbers, entries = owners(path)
    assert all(number == NOBODY or number < len(entries) for number in numbers)
    is_shorter = what in {"its count: 1", "its count: 2"}  # then later frames are of none that is there
    tells = [damage for damage in result.damage if "process" in damage.reason]
    could_be = what.startswith(("the table: ", "a path: ", "an icon: ")) and not tells  # bytes that happen to be entries
    assert tells or could_be or what == "its count: 63", (what, result.damage)
    assert not is_shorter or "of a process that is not in the table" in tells[0].reason
    assert all(0 <= damage.offset <= len(content) for damage in tells)


def test_a_table_that_claims_too_much_is_followed_as_far_as_it_goes(write: Write) -> None:
    """Entries that are there are read, and the first one that is not is named."""
    path = write(made(count=2**32 - 1).content)
    assert owners(path)[0] == INDEX
    (damage,) = read(path).damage
    assert damage.reason == f"entry 4 of {2**32 - 1} in the table of processes does not fit into the file"
    assert damage.offset == len(made().content)


def test_a_table_is_followed_to_a_limit_that_is_said(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of more entries than are believed the first so many count."""
    monkeypatch.setattr(netmon_processes, "NETMON_PROCESSES", 500)
    path = write(made(table=process(9, "a", icon=b"") * 510, count=510, index=[509, 499] + [NOBODY] * 6).content)
    numbers, entries = owners(path)
    assert len(entries) == 500
    assert numbers[:2] == [NOBODY, 499]
    assert [damage.reason for damage in read(path).damage] == [
        "a table of 510 processes is longer than the maximum of 500",
        "1 frame is of a process that is not in the table of 500 entries; this one",
    ]


def test_paths_take_memory_to_a_limit_that_is_said(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each counts once, however many sockets its program has; frames of those behind the limit are of none."""
    monkeypatch.setattr(netmon_processes, "PROCESS_PATHS_KEPT", 4000)
    long = "C:\\" + "a" * 1000
    table = b"".join(process(9, path, icon=b"") for path in (long, long, "b", long, "c" * 1000, "d"))
    path = write(made(table=table, count=6, index=[3, 4] + [NOBODY] * 6).content)
    numbers, entries = owners(path)
    assert [entry.path for entry in entries] == [long, long, "b", long]
    assert entries[0].path is entries[3].path
    assert numbers[:2] == [3, NOBODY]
    tells = [damage.reason for damage in read(path).damage]
    assert tells == [
        "the table of processes is not read from entry 5 of 6 on: paths take more than the 4000 bytes that are kept of them",
        "1 frame is of a process that is not in the table of 4 entries; this one",
    ]


def test_a_note_about_programs_is_a_line_that_can_be_read(write: Write) -> None:
    """Of a path that is long the end is shown, where the program's name is; numbers and words agree."""
    table = process(9, "C:\\" + "x" * 30_000 + "\\dns.exe", icon=b"")
    result = read(write(made(table=table, count=1, index=[0] + [NOBODY] * 7).content))
    (note,) = [note for note in result.notes if "processes" in note]
    assert note.startswith("the file knows 1 socket of processes: …x")
    assert note.endswith("x\\dns.exe")
    assert len(note) < 150


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=80)
@given(table=st.binary(max_size=400), count=st.integers(1, 2**32 - 1), version=st.sampled_from([(2, 2), (2, 3)]))
def test_any_bytes_are_a_table(write: Write, table: bytes, count: int, version: tuple[int, int]) -> None:
    """Whatever stands there, all frames are read."""
    path = write(made(version, table=table, count=count).content)
    assert len(read(path).frames) == 8
    numbers, entries = owners(path)
    assert all(number == NOBODY or number < len(entries) for number in numbers)
