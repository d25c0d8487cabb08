"""Events that Network Monitor keeps among the frames: rows among the events as well, decoded like those of a trace."""

from __future__ import annotations

import shutil
import struct
import threading
from pathlib import Path
from uuid import UUID

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from ingest.test_events import load
from ingest.test_traces import fields
from readers import etl_files as made
from readers.netmon_files import Piece, netmon

from netsleuth_tui.analysis import Scope, event_rows_of, rows_of
from netsleuth_tui.ingest import Loader, parse_shift
from netsleuth_tui.linktypes import NET_EVENT
from netsleuth_tui.readers.frames import FrameBatch
from netsleuth_tui.readers.netmon_events import net_events
from netsleuth_tui.session import Session
from netsleuth_tui.store import Store

SECOND = 10**9
DROPPED = (
    struct.pack("<IIQQQII", 0, 11003, 0x12345080, 0xFFFF9002, 0x55667788, 1372, 16) + made.sock_address("10.0.0.9", 5060)[:16] + b"\2\0\0\0"
)


def net_event(provider: UUID, event_id: int, data: bytes, *, flags: int = 0x240, attached: int = 0, opcode: int = 0) -> bytes:
    """A frame as Network Monitor writes it."""
    head = struct.pack("<HHHHIIQ", 0, 0, flags, 0, 77, 4711, 0) + provider.bytes_le
    head += struct.pack("<HBBBBHQ", event_id, 1, 16, 2, opcode, 1033, 0x10000000004) + bytes(8) + bytes(16)
    return head + struct.pack("<BBHHHB", 3, 8, 1, attached, len(data), 0) + data


def test_an_event_among_the_frames_is_decoded(tmp_path: Path) -> None:
    """What it says of a datagram that was dropped, when, and in which process; it stays a frame, which keeps the numbers of frames."""
    pieces = [Piece(bytes(60), 60, 0), Piece(net_event(made.AFD, 1033, DROPPED), 200, SECOND, 0xFFE0), Piece(bytes(60), 60, 2 * SECOND)]
    path = tmp_path / "a.cap"
    path.write_bytes(netmon(pieces).content)
    store = load(path)
    assert (store.packets, store.events.rows, store.sources[0].events) == (3, 1, 1)
    columns = store.events.view()
    assert columns.time[0] == store.columns().time[1]
    assert (columns.event_id[0], columns.version[0], columns.level[0], columns.task[0]) == (1033, 1, 2, 1033)
    assert (columns.process_id[0], columns.thread_id[0], columns.keywords[0]) == (4711, 77, 0x10000000004)
    assert store.events.texts.many(columns.provider) == ["Microsoft-Windows-Winsock-AFD"]
    found = fields(store, 0)
    assert (found["Reason"], found["Address"], found["Length"]) == ("Insufficient local buffer space", "10.0.0.9:5060", "1372")
    assert len(event_rows_of(store, Scope('Reason contains "buffer space"'))) == 1
    assert len(rows_of(store, Scope("frame.number == 3"))) == 1


def test_times_are_shifted_once_and_windows_hold(tmp_path: Path) -> None:
    """Event and frame have the same time, whatever is added to it, and the same window decides."""
    pieces = [Piece(net_event(made.AFD, 1032, bytes(40)), 129, second * SECOND, 0xFFE0) for second in range(6)]
    path = tmp_path / "a.cap"
    path.write_bytes(netmon(pieces).content)
    store = Store()
    loader = Loader(store, memory=1 << 28, cancel=threading.Event(), report=lambda _: None)
    loader.shifts = [parse_shift("a.cap=+1h")]
    (tmp_path / "more").mkdir()
    loader.load([str(path), str(shutil.copy(path, tmp_path / "more"))])
    assert store.events.view().time.tolist() == store.columns().time.tolist()
    assert len(set(store.events.view().source.tolist())) == 2
    middle = int(store.columns().time[3])
    assert len(event_rows_of(store, Scope("", middle))) == len(rows_of(store, Scope("", middle))) == 6


def cut_event(data: bytes, cut: int) -> bytes:
    """An event of which the end is missing."""
    return net_event(made.AFD, 1033, data)[:cut]


FRAMES = st.one_of(st.binary(max_size=120), st.builds(cut_event, st.binary(max_size=40), st.integers(0, 140)))


@given(st.lists(FRAMES, max_size=5))
def test_no_event_reaches_out_of_its_frame(frames: list[bytes]) -> None:
    """Whatever is cut off, or lies about the length of its data; what is too short for a header is none."""
    sizes = np.array([len(frame) for frame in frames], np.uint32)
    start = np.cumsum(np.concatenate(([0], sizes)))[:-1].astype(np.int64)
    data = np.frombuffer(b"".join(frames) + bytes(64), np.uint8)
    links = np.full(len(frames), NET_EVENT, np.uint16)
    records = net_events(
        FrameBatch(data, len(frames), start, sizes, sizes, np.zeros(len(frames), np.int64), links, start.astype(np.uint64))
    )
    long = sizes >= 80
    assert records.rows == long.sum()
    ends = (start + sizes)[long]
    assert (records.begin >= start[long]).all()
    assert (records.begin + records.length <= ends).all()


def test_the_events_of_real_captures_are_there(shared: Path) -> None:
    """As many as there are frames of that kind, at the same times; some of them are those of the system's own processes."""
    for name, count in (
        ("MS-ADFSOD_Example2_WIN2016_X64_WIN10_X64_Domain.cap", 669),
        ("MS-WSUSOD_Example6_W2K16_X64_Win10_X64_Domain.cap", 65),
    ):
        store = load(shared / "corpora/captures/microsoft+prot-od-netcaps" / name)
        columns = store.columns()
        assert store.events.rows == count
        assert store.events.view().time.tolist() == columns.time[columns.link_type == NET_EVENT].tolist()
        assert "MSNT_SystemTrace/Process" in store.events.texts.many(store.events.view().provider)


def test_packets_in_events_are_packets(tmp_path: Path) -> None:
    """What ndiscap and pktmon logged as a whole is a packet with its own bytes and length; pieces, lies and drops stay events."""
    frame = (
        bytes(12) + b"\x08\0\x45\0" + (1234).to_bytes(2, "big") + bytes(5) + b"\x11" + bytes(2) + b"\x0a\0\0\x01\x0a\0\0\x02" + bytes(20)
    )

    def ndis(keywords: int, size: int) -> bytes:
        content = net_event(made.NDISCAP, 1001, struct.pack("<III", 12, 13, size) + frame)
        return content[:48] + struct.pack("<Q", keywords) + content[56:]

    whole, cut = 0xC0000001, 0xC2000001
    seen = [made.pktmon(0, frame, original=len(frame) + 9, event_id=kind).content for kind in (160, 170)]
    passed, dropped = (net_event(made.PKTMON, kind, content[80:]) for kind, content in zip((160, 170), seen, strict=True))
    contents = [
        ndis(whole, len(frame)), ndis(cut, len(frame)), passed, ndis(whole & ~0x80000000, len(frame)), ndis(whole, len(frame) + 1), dropped,
    ]  # fmt: skip
    path = tmp_path / "a.cap"
    path.write_bytes(netmon([Piece(content, len(content), k * SECOND, 0xFFE0) for k, content in enumerate(contents)]).content)
    session = Session()
    session.load([str(path)])
    columns = session.store.columns()
    assert columns.link_type.tolist() == [1, 1, 1, NET_EVENT, NET_EVENT, NET_EVENT]
    assert columns.len.tolist()[:3] == [len(frame), 14 + 1234, len(frame) + 9]
    assert [session.frame(row)[: len(frame)] for row in range(3)] == [frame] * 3
    assert len(rows_of(session.store, Scope("udp && ip.src == 10.0.0.1"))) == 3
    assert session.store.events.rows == 3
    assert "3 packets were found in events of Windows, one in each, as traces hold them" in session.store.sources[0].notes
