"""Network Monitor captures: made ones come back as made, lies cost what they are about, real ones read as tshark reads them."""

from __future__ import annotations

import gzip
import os
import struct
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import oracle
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from readers.captures import NO_TIME, read
from readers.conftest import Write
from readers.netmon_files import START, TRAILERS, Piece, comment, lies, netmon, pieces, process
from readers.test_against_wireshark import copied_by_editcap

from netsleuth_tui.linktypes import NET_EVENT, NETMON_UNKNOWN, NETMON_WLAN
from netsleuth_tui.readers import UnreadableFile
from netsleuth_tui.readers.netmon_notes import plain_text

relaxed = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=80)
VERSIONS = list(TRAILERS)
each_engine = pytest.mark.usefixtures("engine")


def contents(path: Path, **sizes: int) -> list[tuple[bytes, int, int]]:
    """Data, wire length and time of the frames that are read from a capture."""
    return [(frame.data, frame.wire, frame.time) for frame in read(path, **sizes).frames]


def expected(frames: list[Piece]) -> list[tuple[bytes, int, int]]:
    """The same of frames that were written."""
    return [(piece.data, piece.wire, START + piece.after) for piece in frames]


@st.composite
def some_pieces(draw: st.DrawFn) -> list[Piece]:
    """Frames with times around the beginning, in whole milliseconds, which all versions keep."""
    after = st.integers(-(10**6), 10**9).map(lambda milliseconds: milliseconds * 10**6)
    each = st.builds(lambda data, extra, when: Piece(data, len(data) + extra, when), st.binary(max_size=60), st.integers(0, 900), after)
    return draw(st.lists(each, max_size=12))


@each_engine
@relaxed
@given(frames=some_pieces(), version=st.sampled_from(VERSIONS), data=st.data())
def test_made_captures_come_back_as_made(write: Write, frames: list[Piece], version: tuple[int, int], data: st.DataObject) -> None:
    """In the order of the frame table, wherever frames lie, in blocks of any size, and from gzip."""
    if version[0] == 1:
        frames = [Piece(piece.data, piece.wire, abs(piece.after)) for piece in frames]
    order = data.draw(st.permutations(range(len(frames))))
    made = netmon(frames, version, order=order, first=data.draw(st.sampled_from([72, 128, 200])))
    size = data.draw(st.integers(40, 300))
    result = read(write(made.content), block=size, first=size)
    assert [(frame.data, frame.wire, frame.time) for frame in result.frames] == expected(frames)
    assert result.damage == []
    assert [made.content[frame.offset : frame.offset + len(frame.data)] for frame in result.frames] == [piece.data for piece in frames]
    assert contents(write(gzip.compress(made.content, 1))) == expected(frames)


def told(path: Path) -> tuple[list[int], list[tuple[bytes, int]], list[int]]:
    """Frames of the undamaged capture that are missing, others that appear, and where damage is reported."""
    result = read(path)
    found = [(frame.data, frame.wire) for frame in result.frames]
    wanted = [(piece.data, piece.wire) for piece in pieces()]
    missing = [index for index, frame in enumerate(wanted) if frame not in found]
    return missing, [frame for frame in found if frame not in wanted], [damage.offset for damage in result.damage]


@pytest.mark.parametrize("version", VERSIONS, ids=str)
def test_lies_cost_only_what_they_are_about(write: Write, version: tuple[int, int]) -> None:
    """Every frame that is not lied about is kept, and damage is reported where it is; at least sixty lies per version."""
    made = netmon(pieces(), version, comments=comment(128, "a title", b"text"))
    told_of = list(lies(made))
    wrong = []
    for lie in told_of:
        missing, added, damage = told(write(lie.content))
        first, last = lie.damage or (0, -1)
        good = set(missing) <= lie.lost and (lie.may_add or len(added) <= len(lie.lost)) and bool(damage) == (lie.damage is not None)
        if not good or not all(first <= offset <= last for offset in damage):
            wrong.append((lie.name, missing, added, damage, lie.lost, lie.damage))
    assert wrong == []
    assert len(told_of) >= 60


@each_engine
@relaxed
@given(version=st.sampled_from(VERSIONS), flips=st.lists(st.tuples(st.integers(0, 2000), st.integers(1, 255)), min_size=1, max_size=8))
def test_flipped_bits_do_no_harm(write: Write, version: tuple[int, int], flips: list[tuple[int, int]]) -> None:
    """Anything but an exception of our own is a failure; frames end before the file does."""
    content = bytearray(netmon(pieces(), version).content)
    for at, mask in flips:
        content[at % len(content)] ^= mask
    try:
        result = read(write(bytes(content)), block=100, first=100)
    except UnreadableFile:
        return
    assert all(frame.offset + len(frame.data) <= len(content) for frame in result.frames)


@each_engine
def test_a_table_without_end_comes_to_one(write: Write) -> None:
    """Ten thousand entries for the same frame give one frame; the first are named one by one, of the rest it is said how many they are."""
    made = netmon(pieces(1))
    content = bytearray(made.content[: made.table]) + struct.pack("<I", made.offsets[0]) * 10_000
    struct.pack_into("<I", content, 28, 40_000)
    result = read(write(bytes(content)))
    assert len(result.frames) == 1
    assert result.damage[0].reason == "entry 2 of the frame table points to byte 128, as an earlier one does"
    assert result.damage[-1].reason == "9979 more entries of the frame table give no frame"
    assert len(result.damage) == 21


@each_engine
def test_every_media_type_has_its_link_type(write: Write) -> None:
    """Those of Network Monitor, those that stand for pcap's, and what the program noted for itself, which is no frame."""
    types = {
        0: 1,
        1: 1,
        2: 6,
        3: 10,
        4: 100,
        5: NETMON_UNKNOWN,
        6: NETMON_WLAN,
        7: 101,
        8: 101,
        9: 101,
        0xE001: 1,
        0xE071: 113,
        0xE080: 105,
    }
    types |= {0xE083: NETMON_UNKNOWN, 0xFFE0: NET_EVENT, 0xFFFB: NETMON_UNKNOWN, 0xFFFF: NETMON_UNKNOWN}
    noted = (0xFFFC, 0xFFFD, 0xFFFE)
    made = netmon([Piece(bytes(40), 60, 0, media) for media in (*types, *noted)])
    result = read(write(made.content))
    assert [frame.link for frame in result.frames] == list(types.values())
    assert result.notes[-1] == "3 frames hold what Network Monitor noted for itself; they are left out"
    assert (len(result.frames[4].data), result.frames[4].wire) == (24, 44), "ATM frames begin with 16 bytes that are not of the cell"
    assert {interface.link_type for interface in result.interfaces} == set(types.values())


def test_the_zone_is_told_or_said_to_be_unknown(write: Write) -> None:
    """A capture of version 2.3 has both local time and UTC; the others have local time alone."""
    assert read(write(netmon(pieces(), zone=-25_200).content)).notes == ["captured in a time zone of UTC-07:00; times are UTC"]
    assert read(write(netmon(pieces(), zone=20_700).content)).notes == ["captured in a time zone of UTC+05:45; times are UTC"]
    result = read(write(netmon(pieces(), (2, 2), zone=3600).content))
    assert "a time zone that the file does not say" in result.notes[0]
    assert [frame.time - START - 3600 * 10**9 for frame in result.frames] == [piece.after for piece in pieces()]


def test_times_that_do_not_fit_are_none(write: Write) -> None:
    """A FILETIME of 0, and a distance of 292 000 years."""
    made = netmon(pieces(2))
    content = bytearray(made.content)
    struct.pack_into("<Q", content, made.ends[0] - 9, 0)
    assert [frame.time for frame in read(write(bytes(content))).frames] == [NO_TIME, START + 7_000_000]
    made = netmon(pieces(2), (2, 1))
    content = bytearray(made.content)
    struct.pack_into("<Q", content, made.offsets[0], 2**62)
    struct.pack_into("<Q", content, made.offsets[1], (2**63 - 16) // 10)
    assert [frame.time for frame in read(write(bytes(content))).frames] == [NO_TIME, NO_TIME]


def test_comments_and_processes_are_read(write: Write) -> None:
    """A comment belongs to a frame, and has a title and text, which is RTF; programs are named once."""
    rtf = rb"{\rtf1\ansi{\fonttbl{\f0 MS Shell Dlg;}}\pard\cf1 Step\tab 1\par caf\'e9 \u8364?{\*\generator x;}\{ok\}\par}" + b"\r\n\0"
    entry = process(7, "C:\\a b\\nmcap.exe")
    made = netmon(pieces(2), comments=comment(128, "Figure 1", rtf) + comment(0, "", b"plain"), processes=(2, b"\1\0" + entry * 2))
    result = read(write(made.content))
    assert result.damage == []
    assert [(note.offset, note.text) for note in result.comments] == [(144, "Figure 1\nStep\t1\ncaf\u00e9 \u20ac?{ok}"), (16, "plain")]
    assert result.comments[0].offset == result.frames[0].offset
    assert "the file knows 2 sockets of processes: C:\\a b\\nmcap.exe" in result.notes


@relaxed
@given(value=st.binary(max_size=300))
def test_any_bytes_are_a_description(value: bytes) -> None:
    """Whatever stands in a comment, text comes of it."""
    assert isinstance(plain_text(b"{\\rtf1 " + value), str)


def test_a_growing_capture_is_read_as_far_as_it_goes(write: Write) -> None:
    """While Network Monitor captures there is no table yet: the frames are found, and it is said how."""
    made = netmon(pieces())
    content = bytearray(made.content[: made.table])
    struct.pack_into("<II", content, 24, 0, 0)
    result = read(write(bytes(content)))
    assert [(frame.data, frame.wire) for frame in result.frames] == [(piece.data, piece.wire) for piece in pieces()]
    assert result.notes[0] == "8 frames were found without the frame table, one behind the other"


def test_a_damaged_compression_costs_what_lies_behind_it(write: Write) -> None:
    """Frames before it are found without the table, and both damages are told."""
    made = netmon([Piece(os.urandom(200), 200, 0) for _ in range(50)])
    whole = gzip.compress(made.content)
    result = read(write(whole[: len(whole) // 2]))
    assert 15 < len(result.frames) < 35
    assert [damage.reason.split(" ")[0] for damage in result.damage] == ["the", "the"]
    assert "frame table" in result.damage[0].reason
    assert "gzip" in result.damage[1].reason


def test_standard_input_is_kept_to_be_read_at_any_place(tmp_path: Path) -> None:
    """A capture through a pipe is read like one in a file."""
    path = tmp_path / "a.cap"
    path.write_bytes(netmon(pieces(), order=[3, 0, 1, 2, 7, 6, 5, 4]).content)
    program = "from netsleuth_tui.readers import open_capture; print(sum(b.count for b in open_capture('-').batches()))"
    with path.open("rb") as file:
        done = subprocess.run([sys.executable, "-c", program], stdin=file, capture_output=True, text=True, check=True)
    assert done.stdout == "8\n"


REAL = "microsoft+prot-od-netcaps"


def shown_by_tshark(path: Path) -> list[tuple[int, int, int]]:
    """Captured length, wire length and time of each frame, as tshark prints them."""
    fields = ("frame.cap_len", "frame.len", "frame.time_epoch")
    command = [oracle("tshark"), "-n", "-r", str(path), "-T", "fields", *(word for name in fields for word in ("-e", name))]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    rows = [line.split("\t") for line in printed.splitlines()]
    return [(int(a), int(b), int(c.replace(".", "").ljust(19, "0"))) for a, b, c in rows]


def test_real_captures_read_as_tshark_reads_them(shared: Path) -> None:
    """Lengths and times of every frame, to the nanosecond, events among them; none is damaged."""
    folder = shared / "corpora" / "captures" / REAL
    total = 0
    for path in sorted(folder.glob("*.cap")):
        result = read(path)
        assert result.damage == []
        assert [(len(frame.data), frame.wire, frame.time) for frame in result.frames] == shown_by_tshark(path), path.name
        total += len(result.frames)
    assert total == 3029


def test_captures_that_editcap_converts_read_as_it_reads_them(shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lengths and times of every frame of versions 1.1 and 2.0, as far as editcap can convert the capture."""
    monkeypatch.setitem(os.environ, "TZ", "UTC")
    compared = frames = 0
    for path in sorted((shared / "corpora" / "captures" / "wireshark-4.0.17").rglob("*")):
        for kind in ("netmon1", "netmon2"):
            target = tmp_path / f"{kind}.cap"
            subprocess.run([oracle("editcap"), "-F", kind, str(path), str(target)], capture_output=True, check=False)
            if not target.exists() or target.stat().st_size < 128:
                target.unlink(missing_ok=True)
                continue
            theirs = copied_by_editcap(target, tmp_path / "copy")
            result = read(target)
            assert result.damage == [], path.name
            assert theirs is None or [(len(f.data), f.wire, f.time) for f in result.frames] == theirs, path.name
            compared, frames = compared + 1, frames + len(result.frames)
            target.unlink()
    assert compared > 60
    assert frames > 7_000


def test_real_comments_are_readable(shared: Path) -> None:
    """What people wrote into them belongs to frames and has no RTF left."""
    path = next((shared / "corpora" / "captures" / REAL).glob("MS-AUTHSOD_Example2-1*"))
    result = read(path)
    assert len(result.comments) == 7
    assert {note.offset for note in result.comments} <= {frame.offset for frame in result.frames}
    assert "Roles\t\tAUTH-KDC -> AUTH-Client" in result.comments[1].text
    assert not any("\\par" in note.text or "{" in note.text for note in result.comments)
