"""Processes of packets, from files of the formats that tell of them: whole, in parts, and through a filter at loading."""

from __future__ import annotations

import struct
from dataclasses import replace
from pathlib import Path

import pytest
from ingest.test_net_events import net_event
from ingest.test_traces import socket
from readers import etl_files as made
from readers.netmon_files import NO_END, START, Piece, netmon, process

from netsleuth_tui.analysis import Scope, rows_of
from netsleuth_tui.analysis.judged_fields import judged_values
from netsleuth_tui.decode import sockets
from netsleuth_tui.ingest import load
from netsleuth_tui.readers import open_file
from netsleuth_tui.session import Session

SECOND = 10**9
MS = 1_000_000
HOST, PEER = "10.0.0.5", "10.0.0.9"
UDP = 17


def datagram(src: str, sport: int, dst: str, dport: int) -> bytes:
    """A frame of Ethernet, IPv4 and UDP."""
    addresses = b"".join(bytes(map(int, address.split("."))) for address in (src, dst))
    ip = struct.pack(">BBHHHBBH", 0x45, 0, 36, 1, 0, 64, UDP, 0) + addresses
    return bytes(12) + b"\x08\0" + ip + struct.pack(">HHHH", sport, dport, 16, 0) + bytes(8)


def created(pid: int, protocol: int = UDP) -> bytes:
    """What event 1000 says."""
    return b"".join(number.to_bytes(4, "little") for number in (2, 2, protocol)) + pid.to_bytes(8, "little") + bytes(4)


def bound(address: str, port: int) -> bytes:
    """What event 1030 says."""
    local = made.sock_address(address, port)
    return bytes(4) + len(local).to_bytes(4, "little") + local


def opened(*paths: Path, **options: object) -> Session:
    """A session with these files."""
    session = Session(**options)  # type: ignore[arg-type]
    session.load([str(path) for path in paths])
    return session


def pids(session: Session) -> list[int]:
    """The process of each packet, 0 for none."""
    return [int(pid) for pid in judged_values(session.store, "frame_process_id")]


def found(session: Session, text: str) -> int:
    """How many packets a filter selects."""
    return len(rows_of(session.store, Scope(text)))


def trace(path: Path, *, packets: int = 4) -> Path:
    """A trace with a packet a second to port 53, which a process binds after the second of them, and closes before the last."""
    records = [
        record
        for k in range(packets)
        for record in made.ndis(k * 10**7, datagram(PEER, 9, HOST, 53))
    ]  # fmt: skip
    records += [socket(15 * 10**6, 1000, created(4711)), socket(15 * 10**6 + 10, 1030, bound(HOST, 53))]
    records += [socket((packets - 2) * 10**7 + 5 * 10**6, 1001, bytes(4))]
    path.write_bytes(made.trace(sorted(records, key=lambda record: record.time)))
    return path


def test_packets_of_a_trace_are_of_the_processes_whose_sockets_it_tells_of(tmp_path: Path) -> None:
    """From the moment on when the port was bound, until its end; in the file itself only."""
    whole = trace(tmp_path / "a.etl")
    other = tmp_path / "b.cap"
    other.write_bytes(netmon([Piece(datagram(PEER, 9, HOST, 53), 50, 0)]).content)
    session = opened(whole, other)
    assert pids(session) == [0, 0, 4711, 0, 0]


@pytest.mark.parametrize(("text", "expected"), [("udp", [0, 0, 4711, 0]), ("frame.number in {3,4}", [4711, 0]), ("EventID == 1", [])])
def test_a_filter_at_loading_leaves_what_is_known(tmp_path: Path, text: str, expected: list[int]) -> None:
    """No event is kept, but what they say of sockets is."""
    session = opened(trace(tmp_path / "a.etl"), load_filter=text)
    assert session.store.events.rows == 0
    assert pids(session) == expected


def test_a_window_at_loading_leaves_what_is_known(tmp_path: Path) -> None:
    """Sockets that were bound before it are known."""
    path = trace(tmp_path / "a.etl", packets=6)
    whole = opened(path)
    assert pids(whole) == [0, 0, 4711, 4711, 4711, 0]
    since = int(whole.store.columns().time[3])
    session = opened(path, load_window=(since, None))
    assert (session.store.packets, pids(session)) == (3, [4711, 4711, 0])
    assert session.store.events.rows == 1


def test_a_trace_that_grows_is_read_on_in(tmp_path: Path) -> None:
    """Packets that come later are of a socket that was told before; those that are there learn when it was closed."""
    path = tmp_path / "a.etl"
    content = trace(tmp_path / "whole", packets=40).read_bytes()
    size = 4096
    path.write_bytes(content[: size + size])
    session = opened(path)
    first = session.store.packets
    assert 0 < first < 40
    path.write_bytes(content)
    session.reload()
    assert pids(session) == pids(opened(path)) == [0, 0] + [4711] * 37 + [0]


FRAMES = [datagram(HOST, port, PEER, 9) for port in (53, 80, 53, 1)]


def capture(index: tuple[int, ...] = (0, 1, 0xFFFFFFFF, 0xFFFFFFFF), events: int = 0) -> list[Piece]:
    """Frames of two processes, and behind each of them an event among the frames."""
    pieces = []
    for k, (frame, number) in enumerate(zip(FRAMES, index, strict=True)):
        pieces.append(Piece(frame, 60, k * SECOND, 1, number))
        pieces += [Piece(net_event(made.AFD, 1037, bytes(32)), 200, k * SECOND + MS * (e + 1), 0xFFE0) for e in range(events)]
    return pieces


TABLE = 2, b"\1\0" + process(7, "C:\\dns.exe", (HOST, 53)) + process(8, "C:\\web.exe", (HOST, 80))


@pytest.mark.parametrize("version", [(2, 2), (2, 3)])
@pytest.mark.parametrize("load_filter", ["", "udp", "frame.number != 2"])
def test_frames_of_network_monitor_are_of_the_processes_that_it_recorded(
    tmp_path: Path, version: tuple[int, int], load_filter: str
) -> None:
    """And where it says none, of those that its table says had the socket; which is which can be told."""
    path = tmp_path / "a.cap"
    path.write_bytes(netmon(capture(), version, processes=TABLE).content)
    session = opened(path, load_filter=load_filter)
    expected = [7, 8, 7, 0] if load_filter != "frame.number != 2" else [7, 7, 0]
    assert pids(session) == expected
    assert found(session, "frame.process_recorded") == expected.index(8) + 1 if 8 in expected else 1
    assert found(session, 'frame.process == "C:\\\\dns.exe"') == 2
    again = tmp_path / "b.cap"
    again.write_bytes(path.read_bytes())
    two = opened(path, again)
    assert pids(two) == [7, 8, 7, 0] * 2


@pytest.mark.parametrize("version", [(2, 2), (2, 3)])
@pytest.mark.parametrize("load_filter", ["", "udp"])
@pytest.mark.parametrize("lie", ["cut", "gone", "beyond"])
def test_nothing_follows_from_a_table_that_is_not_whole(tmp_path: Path, version: tuple[int, int], load_filter: str, lie: str) -> None:
    """What is missing could be the process that is meant: only what was recorded counts, and that is said."""
    count, table = TABLE
    index = (0, 99 if lie == "beyond" else 1, 0xFFFFFFFF, 0xFFFFFFFF)
    content = netmon(capture(index), version, processes=(count, table)).content
    missing = {"cut": 60, "gone": len(table), "beyond": 0}[lie]
    path = tmp_path / "a.cap"
    path.write_bytes(content[: len(content) - missing])
    session = opened(path, load_filter=load_filter)
    assert pids(session) == [0 if lie == "gone" else 7, 0, 0, 0]
    source = session.store.sources[0]
    assert "process" in " ".join(source.damage)
    assert [note for note in source.notes if "not whole" in note] == [
        "the table of processes is not whole: packets are of a process only where the file records it of them, none by its socket"
    ]
    both = tmp_path / "b.cap"
    both.write_bytes(netmon(capture(), version, processes=TABLE).content)
    assert pids(opened(path, both, load_filter=load_filter))[4:] == [7, 8, 7, 0]


@pytest.mark.parametrize("together", [True, False])
@pytest.mark.parametrize("options", [{}, {"load_filter": "frame.number <= 4"}, {"load_window": (None, START + 4 * SECOND - 1)}])
def test_a_frame_beyond_the_table_counts_where_its_batch_is_left_out(
    tmp_path: Path, options: dict[str, object], monkeypatch: pytest.MonkeyPatch, *, together: bool
) -> None:
    """What the note says of the file is so for the packets that are kept; the table of another file is whole, and stays so."""
    monkeypatch.setattr(load, "open_file", lambda name, **more: open_file(name, **(more | {"frames": 2})))
    late = [replace(piece, after=piece.after + 4 * SECOND) for piece in capture((0, 1, 0xFFFFFFFF, 99))]
    path, whole = tmp_path / "a.cap", tmp_path / "b.cap"
    path.write_bytes(netmon(capture() + late, processes=TABLE).content)
    whole.write_bytes(netmon(capture(), processes=TABLE).content)
    session = opened(path, whole, **options) if together else opened(path, **options)
    assert any("none by its socket" in note for note in session.store.sources[0].notes)
    expected = [7, 8, 0, 0] if options else [7, 8, 0, 0, 7, 8, 0, 0]
    assert pids(session) == expected + ([7, 8, 7, 0] if together else [])


@pytest.mark.parametrize("text", ["EventID == 1037", "EventID == 1", "frame.number in {1,2,5}", "frame.number < 4 || EventID == 1037", ""])
def test_no_event_among_frames_is_judged_twice(tmp_path: Path, text: str) -> None:
    """A capture grows and is read on in: the same events and packets as at once, and the same numbers of what was looked at."""
    made_one = netmon(capture(events=2), processes=TABLE)
    content = bytearray(made_one.content)
    struct.pack_into("<II", content, 24, 0, 0)  # no frame table: it is written last
    path = tmp_path / "a.cap"
    cuts = [made_one.ends[1], made_one.ends[4] + 20, made_one.ends[5], made_one.ends[8], made_one.ends[11]]
    path.write_bytes(content[: cuts[0]])
    session = opened(path, load_filter=text)
    for cut in cuts[1:]:
        path.write_bytes(content[:cut])
        session.reload()
    whole = opened(path, load_filter=text)
    for one in (session, whole):
        assert [(source.packets, source.events, source.judged) for source in one.store.sources] == [
            (source.packets, source.events, source.judged) for source in whole.store.sources
        ]
    assert session.store.events.view().offset.tolist() == whole.store.events.view().offset.tolist()
    assert session.store.columns().offset.tolist() == whole.store.columns().offset.tolist()
    assert [note for source in session.store.sources for note in source.notes] == list(whole.store.sources[0].notes)


def test_events_of_sockets_among_frames_name_processes(tmp_path: Path) -> None:
    """A capture that was saved from a trace: also in parts that are loaded later."""
    head = struct.pack("<IIQQ", 1, 42, 0xFFFF8001, 0xFFFF9002)
    pieces = [
        Piece(FRAMES[0], 60, 0),
        Piece(net_event(made.AFD, 1000, head + created(4711)), 200, MS, 0xFFE0),
        Piece(net_event(made.AFD, 1030, head + bound(HOST, 53)), 200, 2 * MS, 0xFFE0),
        Piece(FRAMES[0], 60, 3 * MS),
        Piece(FRAMES[0], 60, 4 * MS),
    ]
    one = netmon(pieces)
    content = bytearray(one.content)
    struct.pack_into("<II", content, 24, 0, 0)
    path = tmp_path / "a.cap"
    path.write_bytes(content[: one.ends[3]])
    session = opened(path)
    assert pids(session) == [0, 0, 0, 4711]
    path.write_bytes(content[: one.table])
    session.reload()
    assert pids(session) == [0, 0, 0, 4711, 4711]
    assert session.store.events.rows == 2


@pytest.mark.parametrize("load_filter", ["", "udp"])
def test_sockets_among_frames_that_are_too_many_are_said(tmp_path: Path, load_filter: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two processes bind a port, and the second one is not kept: from then on it is not said to be of the first one."""
    monkeypatch.setattr(sockets, "MOST_SOCKETS", 1)
    pieces = [Piece(FRAMES[0], 60, 0)]
    for k, pid in enumerate((4711, 4712)):
        head = struct.pack("<IIQQ", 1, 42, 0xFFFF8001 + k, 0xFFFF9002 + k)
        pieces += [Piece(net_event(made.AFD, 1000, head + created(pid)), 200, k * SECOND + MS, 0xFFE0)]
        pieces += [Piece(net_event(made.AFD, 1030, head + bound(HOST, 53)), 200, k * SECOND + 2 * MS, 0xFFE0)]
        pieces += [Piece(FRAMES[0], 60, k * SECOND + 3 * MS)]
    path = tmp_path / "a.cap"
    path.write_bytes(netmon(pieces).content)
    session = opened(path, load_filter=load_filter)
    assert [pid for pid, has in zip(pids(session), session.store.columns().src_port, strict=True) if has] == [0, 4711, 0]
    (note,) = [note for note in session.store.sources[0].notes if "socket" in note]
    assert note.startswith("1 socket was not kept: only ")


@pytest.mark.parametrize(("remote", "expected"), [(NO_END, [7, 7, 7, 0]), ((PEER, 9), [7, 7, 0, 0]), ((PEER, 0), [0, 0, 0, 0])])
def test_a_table_counts_for_tcp_and_udp_and_where_it_can_for_both_sides(
    tmp_path: Path, remote: tuple[str, int], expected: list[int]
) -> None:
    """It does not say which of them a socket is of; half of another side says nothing that could be compared."""
    udp, other_side, other = datagram(HOST, 53, PEER, 9), datagram(HOST, 53, PEER, 10), datagram(HOST, 54, PEER, 9)
    tcp = udp[:23] + b"\6" + udp[24:38] + bytes(8) + b"\x50" + bytes(7)
    frames = [Piece(frame, 60, k * SECOND) for k, frame in enumerate((udp, tcp, other_side, other))]
    path = tmp_path / "a.cap"
    path.write_bytes(netmon(frames, processes=(1, b"\1\0" + process(7, "C:\\dns.exe", (HOST, 53), remote))).content)
    assert pids(opened(path)) == expected
