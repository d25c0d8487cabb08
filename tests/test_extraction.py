"""Frames that are extracted are the frames that were there: times, lengths, link types, bytes, comments; whole files or none."""

from __future__ import annotations

import subprocess
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from readers.captures import Read, block, enhanced, interface, option, pcap_header, read, record, section, statistics
from readers.etl_files import PKTMON, pktmon
from readers.netmon_files import Piece, comment, netmon

from netsleuth_tui.analysis import Scope
from netsleuth_tui.cli.app import run
from netsleuth_tui.errors import NetSleuthError
from netsleuth_tui.extraction import Extracted, _Picked, extract
from netsleuth_tui.ingest import parse_shift
from netsleuth_tui.linktypes import NET_EVENT, NETMON_WLAN
from netsleuth_tui.readers.frames import FrameBatch
from netsleuth_tui.readers.records import write_records

SAMPLES = Path(__file__).resolve().parents[1] / "sample_captures"
SERIES = str(SAMPLES / "net1_capture_v1*.cap")
ADDRESS = "ip.addr == 10.35.69.103"


def seen(result: Read) -> list[tuple[bytes, int, int, int]]:
    """Data, wire length, time and link type of frames."""
    return [(frame.data, frame.wire, frame.time, frame.link) for frame in result.frames]


@pytest.mark.parametrize("suffix", ["pcapng", "pcap"])
def test_everything_equals_the_input(tmp_path: Path, suffix: str) -> None:
    """All frames of a series of Network Monitor files and of a compressed pcapng, in order, to the nanosecond."""
    target = tmp_path / f"all.{suffix}"
    found = extract([SERIES, str(SAMPLES / "router-loop.pcapng.gz")], Scope(), str(target))
    wanted = [frame for path in [*sorted(SAMPLES.glob("net1*.cap")), SAMPLES / "router-loop.pcapng.gz"] for frame in seen(read(path))]
    result = read(target)
    assert seen(result) == wanted
    assert result.damage == []
    assert (found.kept, found.bytes, found.names) == (len(wanted), target.stat().st_size, [str(target)])


def test_two_runs_write_the_same_bytes(tmp_path: Path) -> None:
    """Whichever of two files that are read side by side is done first."""
    for name in ("a", "b"):
        extract([SERIES], Scope(ADDRESS), str(tmp_path / f"{name}.pcapng"))
    assert (tmp_path / "a.pcapng").read_bytes() == (tmp_path / "b.pcapng").read_bytes()


def test_tshark_sees_the_frames_that_it_would_have_kept(tmp_path: Path, tshark: str) -> None:
    """Time, length and addresses of every frame of the one address, as tshark's own filter finds them in the originals."""
    target = tmp_path / "one.pcapng"
    extract([SERIES], Scope(ADDRESS), str(target))

    def shown(path: Path, *arguments: str) -> list[str]:
        fields = [
            word for name in ("frame.time_epoch", "frame.len", "frame.cap_len", "ip.src", "ip.dst", "tcp.seq_raw") for word in ("-e", name)
        ]
        command = [tshark, "-n", "-r", str(path), "-T", "fields", *arguments, *fields]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()

    wanted = [line for path in sorted(SAMPLES.glob("net1*.cap")) for line in shown(path, "-Y", ADDRESS)]
    assert shown(target) == wanted
    assert len(wanted) == 683


def test_capinfos_sees_a_sound_capture(tmp_path: Path, capinfos: str) -> None:
    """One interface a file, each with its name; and a capture without frames is one, too."""
    extract([SERIES], Scope(ADDRESS), str(tmp_path / "one.pcapng"))
    extract([SERIES], Scope("arp"), str(tmp_path / "none.pcapng"))
    extract([SERIES], Scope("arp"), str(tmp_path / "none.pcap"))
    printed = [
        subprocess.run([capinfos, str(tmp_path / name)], check=True, capture_output=True, text=True).stdout
        for name in ("one.pcapng", "none.pcapng", "none.pcap")
    ]
    assert [f"net1_capture_v1({number}).cap" in printed[0] for number in range(5)] == [True] * 4 + [False]
    assert all("Number of packets:   0" in text for text in printed[1:])


def test_filter_and_window_and_shift(tmp_path: Path) -> None:
    """The window is of shifted times; frame numbers count from the beginning of each file."""
    path = tmp_path / "a.pcap"
    path.write_bytes(pcap_header() + b"".join(record(bytes(60), second * 10**9) for second in range(10)))
    extract(
        [str(path)], Scope("frame.number >= 4", 3600 * 10**9, 3606 * 10**9), str(tmp_path / "b.pcapng"), shifts=[parse_shift("a.pcap=+1h")]
    )
    assert [frame.time // 10**9 for frame in read(tmp_path / "b.pcapng").frames] == [3603, 3604, 3605]


def test_link_types_comments_and_losses_are_kept(tmp_path: Path) -> None:
    """Comments on frames and on the file, a change of byte order and interfaces, two link types, packets that were lost."""
    path = tmp_path / "a.pcapng"
    note = option(1, b"first") + option(1, "sec\u00f6nd".encode()) + option(0, b"")
    content = section(option(1, b"about the file")) + interface() + interface(link=101) + enhanced(b"A" * 61, 5, options=note)
    content += enhanced(b"E" * 20, 6, index=1) + statistics(0, option(5, (7).to_bytes(8, "little"))) + block(0xBAD, b"x")
    content += section(order=">") + interface(order=">") + enhanced(b"B" * 33, 7, order=">", options=option(1, b"third", ">"))
    path.write_bytes(content)
    extract([str(path)], Scope(), str(tmp_path / "b.pcapng"))
    result = read(tmp_path / "b.pcapng")
    assert seen(result) == seen(read(path))
    assert [frame.link for frame in result.frames] == [1, 101, 1]
    by_frame = {frame.offset: index for index, frame in enumerate(result.frames)}
    assert [(by_frame[c.offset], c.text) for c in result.comments if c.on_frame] == [(0, "first"), (0, "sec\u00f6nd"), (2, "third")]
    assert "about the file" in [c.text for c in result.comments if not c.on_frame]
    assert result.drops == 7


def test_frames_of_network_monitor_get_link_types_that_there_are(tmp_path: Path) -> None:
    """Its metadata go from 802.11 frames; events stay as they are; comments of frames are kept."""
    radio = b"\2\5\0xx" + b"\x80\0" + bytes(30)
    made = netmon([Piece(radio, 40, 0, 6), Piece(bytes(90), 90, 0, 0xFFE0)], comments=comment(128, "why", b""))
    (tmp_path / "a.cap").write_bytes(made.content)
    assert [frame.link for frame in read(tmp_path / "a.cap").frames] == [NETMON_WLAN, NET_EVENT]
    extract([str(tmp_path / "a.cap")], Scope(), str(tmp_path / "b.pcapng"))
    result = read(tmp_path / "b.pcapng")
    assert [(len(frame.data), frame.wire, frame.link) for frame in result.frames] == [(32, 35, 105), (90, 90, 147)]
    assert result.frames[0].data == radio[5:]
    assert [(c.offset, c.text) for c in result.comments if c.on_frame] == [(result.frames[0].offset, "why")]


def test_picked_frames_are_found_without_sorting_all_of_them_for_each_block() -> None:
    """Of a million that were picked, in any order, more than once and behind the end of the file; and of none."""
    offsets = np.arange(0, 4000, 10, dtype=np.uint64).reshape(40, 10)
    wanted = np.array([3990, 70, 80, 70, 640], np.uint64)
    beyond = np.arange(10**6, 10**9, 1000, dtype=np.uint64)[::-1]
    nothing = np.zeros(10, np.int64)

    def found(picked: NDArray[np.uint64]) -> list[int]:
        blocks = (FrameBatch(nothing, 10, *[nothing] * 3, nothing.copy(), nothing, block) for block in offsets)
        return [int(offset) for matched in _Picked(picked).of(blocks, 0) for offset in matched.batch.offset[matched.chosen]]

    begun = time.process_time()
    assert found(np.concatenate((wanted, beyond))) == [70, 80, 640, 3990]
    assert time.process_time() - begun < 0.5
    assert found(wanted) == [70, 80, 640, 3990]
    assert found(wanted[:0]) == []


def test_comments_of_packets_that_events_hold_are_kept(tmp_path: Path) -> None:
    """A packet begins elsewhere than the event that it lay in; comments of both, of other frames, and of several blocks."""
    packet = bytes(range(60))
    held = net_event(pktmon(0, packet, original=1).content)
    quiet = [Piece(bytes(60_000), 60_000, k * 10**9) for k in range(100)]
    pieces = [Piece(held, len(held), 0, 0xFFE0), *quiet, Piece(held, len(held), 10**12, 0xFFE0), Piece(bytes(90), 90, 10**12, 0xFFE0)]
    places = netmon(pieces).offsets
    noted = [(places[-1], "event"), (places[-2], "last"), (places[0], "first"), (places[0], "again"), (places[50], "frame"), (1, "none")]
    made = netmon(pieces, comments=b"".join(comment(place, text, b"") for place, text in noted))
    (tmp_path / "a.cap").write_bytes(made.content)
    source = read(tmp_path / "a.cap")
    assert [source.frames[k].data for k in (0, -2)] == [packet, packet]
    assert [source.frames[k].wire for k in (0, -2)] == [60, 60]
    assert sorted(c.text for c in source.comments) == sorted(text for _, text in noted)
    extract([str(tmp_path / "a.cap")], Scope(), str(tmp_path / "b.pcapng"))
    result = read(tmp_path / "b.pcapng")
    by_frame = {frame.offset: index for index, frame in enumerate(result.frames)}
    found = [(by_frame[c.offset], c.text) for c in result.comments if c.on_frame]
    assert found == [(0, "first"), (0, "again"), (50, "frame"), (101, "last"), (102, "event")]


def net_event(event: bytes) -> bytes:
    """A frame of Network Monitor that holds an event of the packet monitor as a trace has it."""
    head = bytes(24) + PKTMON.bytes_le + event[40:80]
    return head + bytes(4) + bytes(2) + (len(event) - 80).to_bytes(2, "little") + bytes(1) + event[80:]


def test_splitting_loses_nothing(tmp_path: Path) -> None:
    """No piece is longer than asked, all but the last are nearly full, and together they have every frame in order."""
    found = extract([SERIES], Scope(), str(tmp_path / "x.pcapng"), split=500_000)
    pieces = [Path(name) for name in found.names]
    assert [piece.name for piece in pieces] == [f"x_0000{number}.pcapng" for number in range(1, 6)]
    sizes = [piece.stat().st_size for piece in pieces]
    assert all(size <= 500_000 for size in sizes)
    assert all(size > 499_000 for size in sizes[:-1])
    wanted = [frame for path in sorted(SAMPLES.glob("net1*.cap")) for frame in seen(read(path))]
    assert [frame for piece in pieces for frame in seen(read(piece))] == wanted


def test_nothing_is_overwritten_and_nothing_is_left_behind(tmp_path: Path) -> None:
    """An existing file, a file that is read, two link types in a pcap, a stop: each is refused, and no file appears."""
    (tmp_path / "there.pcapng").write_bytes(b"mine")
    path = tmp_path / "a.pcapng"
    path.write_bytes(section() + interface() + interface(link=101) + enhanced(bytes(60)) + enhanced(bytes(60), index=1))
    stop = threading.Event()

    def halt(_: Extracted) -> None:
        stop.set()

    with pytest.raises(NetSleuthError, match="exists already"):
        extract([SERIES], Scope(), str(tmp_path / "there.pcapng"))
    with pytest.raises(NetSleuthError, match="one of the captures that are read"):
        extract([str(path)], Scope(), str(path), force=True)
    with pytest.raises(NetSleuthError, match="pcap has one link type for all frames, and these have 1 and 101"):
        extract([str(path)], Scope(), str(tmp_path / "b.pcap"))
    with pytest.raises(NetSleuthError, match="stopped"):
        extract([SERIES], Scope(), str(tmp_path / "c.pcapng"), cancel=stop, report=halt)
    with pytest.raises(NetSleuthError, match="follows from other packets"):
        extract([SERIES], Scope("esp.depth > 0"), str(tmp_path / "d.pcapng"))
    with pytest.raises(NetSleuthError, match="no capture that can be written"):
        extract([SERIES], Scope(), str(tmp_path / "e.cap"))
    assert {file.name for file in tmp_path.iterdir()} == {"there.pcapng", "a.pcapng"}
    assert (tmp_path / "there.pcapng").read_bytes() == b"mine"


def test_damage_is_told_and_the_rest_is_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A series with a damaged and a missing member: the frames of the others are written, and the exit code is 3."""
    whole = pcap_header() + record(bytes(60), 10**9)
    (tmp_path / "a.pcap").write_bytes(whole + b"cut off")
    (tmp_path / "c.pcap").write_bytes(whole)
    names = [str(tmp_path / name) for name in ("a.pcap", "b.pcap", "c.pcap")]
    assert run(["extract", *names, "-o", str(tmp_path / "out.pcapng")]) == 3
    told = capsys.readouterr().err
    assert "a.pcap: damaged at byte 107: the file ends inside a record header, after 7 of 16 bytes" in told
    assert "b.pcap: no such file" in told
    assert "2 of 2 frames" in told
    assert len(read(tmp_path / "out.pcapng").frames) == 2
    assert run(["extract", names[1], "-o", str(tmp_path / "none.pcapng")]) == 1
    assert not (tmp_path / "none.pcapng").exists()


frames = st.lists(
    st.tuples(st.binary(max_size=40), st.integers(0, 2**32 - 1), st.integers(0, 2**32 * 10**9 - 1), st.integers(0, 3)), max_size=8
)


@given(made=frames, blocks=st.integers(0, 1), data=st.data())
def test_all_forms_of_the_kernel_write_the_same(made: list[tuple[bytes, int, int, int]], blocks: int, data: st.DataObject) -> None:
    """Its plain form by slices, and the function that is compiled."""
    chosen = np.array(sorted(data.draw(st.sets(st.sampled_from(range(len(made))))) if made else []), np.uint32)
    content = np.frombuffer(b"".join(frame for frame, *_ in made) + bytes(64), np.uint8)
    sizes = np.array([len(frame) for frame, *_ in made], np.uint32)
    start = np.cumsum(np.concatenate(([0], sizes)))[:-1].astype(np.int64)
    columns = [np.array([frame[place] for frame in made], dtype) for place, dtype in ((1, np.uint32), (2, np.int64), (3, np.uint32))]
    outs = [np.full(8 * 80, 0xEE, np.uint8) for _ in range(2)]
    assert write_records.plain is not None
    results = [
        write_records.plain(content, start, sizes, *columns, chosen, blocks, outs[0]),
        write_records.function(content.data, start, sizes, *columns, chosen, blocks, outs[1].data),
    ]
    assert results[0] == results[1]
    assert outs[0].tobytes() == outs[1].tobytes()
