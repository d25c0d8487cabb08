"""Snoop captures: made ones come back as made, lies cost what lies behind them, real and converted ones read as editcap reads them."""

from __future__ import annotations

import struct
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from conftest import oracle
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from readers.captures import SECOND, Read, read
from readers.conftest import Write
from readers.test_against_wireshark import copied_by_editcap

from netsleuth_tui.readers import UnreadableFile, open_capture

pytestmark = pytest.mark.usefixtures("engine")
relaxed = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=80)
each_frame = st.tuples(st.binary(max_size=60), st.integers(0, 2**32 - 1), st.integers(0, (2**32 - 1) * 10**6), st.integers(0, 9))
ETHERNET = 4


def snoop(frames: Sequence[tuple[bytes, int, int, int]], link: int = ETHERNET, version: int = 2) -> tuple[bytes, list[int]]:
    """A capture of frames (data, wire length, microseconds, padding), and where its records begin."""
    content, places = b"snoop\0\0\0" + struct.pack(">II", version, link), []
    for number, (data, wire, time, padding) in enumerate(frames):
        places.append(len(content))
        record = 24 + len(data) + padding
        content += struct.pack(">6I", wire, len(data), record, 3 * number, *divmod(time, 10**6)) + data + bytes(padding)
    return content, places


SIX = [(bytes([k]) * (20 + k), 100 + k, 1_700_000_000_000_000 + k, -k % 4) for k in range(6)]


def told(result: Read) -> list[tuple[bytes, int, int]]:
    """Data, wire length and time of frames."""
    return [(frame.data, frame.wire, frame.time) for frame in result.frames]


@relaxed
@given(frames=st.lists(each_frame, max_size=12), block=st.sampled_from([40, 100, 1 << 20]))
def test_made_captures_come_back_as_made(write: Write, frames: list[tuple[bytes, int, int, int]], block: int) -> None:
    """Frames, their padding left out, whatever is in memory at once; the last record says how many were dropped in all."""
    content, places = snoop(frames)
    result = read(write(content), block=block, first=block)
    assert told(result) == [(data, wire, time * 1000) for data, wire, time, _ in frames]
    assert [frame.offset for frame in result.frames] == [place + 24 for place in places]
    assert (result.damage, result.drops) == ([], max(3 * len(frames) - 3, 0))


@pytest.mark.parametrize(("datalink", "link"), [(0, 1), (2, 6), (4, 1), (8, 10), (14, 0), (18, 123), (3, 147), (2**32 - 1, 147)])
def test_datalink_types_have_link_types(write: Write, datalink: int, link: int) -> None:
    """Those that nobody knows are read, and said to be unknown."""
    result = read(write(snoop(SIX[:1], datalink)[0]))
    assert result.frames[0].link == link
    assert bool(result.notes) == (link == 147)


def test_another_version_is_read_and_noted(write: Write) -> None:
    """Later versions have the same records."""
    result = read(write(snoop(SIX, version=5)[0]))
    assert (len(result.frames), result.notes) == (6, ["snoop version 5 is unknown; read as 2"])


def lies() -> Iterator[tuple[str, bytes, int, int | None]]:
    """Captures of six frames with something untrue: what, the file, how many frames are good, and where it is damaged."""
    content, places = snoop(SIX)
    for index, place in enumerate(places):
        length = len(SIX[index][0])
        record = 24 + length + SIX[index][3]
        for at, what, values in (
            (4, "captured", (record - 23, record, 262_145, 2**31, 2**32 - 1)),
            (8, "record", (0, 1, 23, 24 + length - 1, 24 + length + (1 << 16) + 1, 2**31, 2**32 - 1)),
        ):
            for value in values:
                lie = bytearray(content)
                struct.pack_into(">I", lie, place + at, value)
                yield f"{what} length of record {index} is {value}", bytes(lie), index, place
        for cut in (place + 1, place + 23):
            yield f"the file ends at {cut}", content[:cut], index, cut
        yield f"the file ends at {place + 30}", content[: place + 30], index, place
    for cut in (9, 15):
        yield f"the file ends at {cut}", content[:cut], 0, cut


def test_lies_cost_only_what_lies_behind_them(write: Write) -> None:
    """More than sixty lies: frames before each are good, and damage is said to be where it is."""
    all_of_them = list(lies())
    wrong = []
    for name, content, good, offset in all_of_them:
        result = read(write(content))
        if told(result)[:good] != [(data, wire, time * 1000) for data, wire, time, _ in SIX[:good]] or len(result.frames) != good:
            wrong.append((name, len(result.frames), good))
        if [damage.offset for damage in result.damage] != [offset]:
            wrong.append((name, result.damage, offset))
    assert wrong == []
    assert len(all_of_them) >= 60


@relaxed
@given(flips=st.lists(st.tuples(st.integers(0, 400), st.integers(1, 255)), min_size=1, max_size=8))
def test_flipped_bits_do_no_harm(write: Write, flips: list[tuple[int, int]]) -> None:
    """Anything but an exception of our own is a failure; frames end before the file does."""
    content = bytearray(snoop(SIX)[0])
    for at, mask in flips:
        content[at % len(content)] ^= mask
    try:
        result = read(write(bytes(content)), block=100, first=100)
    except UnreadableFile:
        return
    assert all(frame.offset + len(frame.data) <= len(content) for frame in result.frames)


def test_a_real_capture_reads_as_editcap_copies_it(shared: Path, tmp_path: Path) -> None:
    """Lengths and times of every frame of a capture of Solaris."""
    path = shared / "corpora" / "captures" / "seladb+PcapPlusPlus" / "Tests" / "Pcap++Test" / "PcapExamples" / "solaris.snoop"
    result, reader = read(path), open_capture(str(path))
    reader.close()
    assert reader.format == "snoop"
    assert result.damage == []
    assert [(len(frame.data), frame.wire, frame.time) for frame in result.frames] == copied_by_editcap(path, tmp_path / "copy")
    assert len(result.frames) > 10


def test_captures_that_editcap_converts_read_as_it_reads_them(shared: Path, tmp_path: Path, engine: str) -> None:
    """Lengths and times of every frame, as far as editcap can convert the capture; it counts a pseudo header of ATM apart."""
    if engine == "function":
        pytest.skip("the same loop as the compiled one")
    compared = frames = 0
    for path in sorted((shared / "corpora" / "captures" / "wireshark-4.0.17").rglob("*")):
        target = tmp_path / "a.snoop"
        subprocess.run([oracle("editcap"), "-F", "snoop", str(path), str(target)], capture_output=True, check=False)
        if target.exists() and target.stat().st_size > 16:
            theirs = copied_by_editcap(target, tmp_path / "copy")
            result = read(target)
            apart = 4 if result.frames[0].link == 123 else 0
            assert result.damage == [], path.name
            assert theirs == [(len(f.data) - apart, f.wire - apart, f.time) for f in result.frames], path.name
            compared, frames = compared + 1, frames + len(result.frames)
        target.unlink(missing_ok=True)
    assert compared > 20
    assert frames > 2_000


def test_times_reach_to_2106(write: Write) -> None:
    """Seconds are unsigned."""
    assert read(write(snoop([(b"", 0, (2**32 - 1) * 10**6, 0)])[0])).frames[0].time == (2**32 - 1) * SECOND
