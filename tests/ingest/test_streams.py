"""Live captures on standard input: what has come is seen at once, and waiting for more can be ended."""

from __future__ import annotations

import os
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from ingest.test_load import FRAME, capture

from netsleuth_tui.analysis import Scope, conversations, overview, rows_of, summary
from netsleuth_tui.analysis.tcp import Mark, rows_marked
from netsleuth_tui.analysis.values import values
from netsleuth_tui.decode.columns import Columns
from netsleuth_tui.errors import NetSleuthError
from netsleuth_tui.ingest import load
from netsleuth_tui.session import Session
from netsleuth_tui.store import ROW_BYTES
from netsleuth_tui.store.packets import PacketTable

RECORD = 16 + len(FRAME)


@pytest.fixture
def pipe(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """Standard input is a pipe; the end to write to."""
    reader, writer = os.pipe()
    with os.fdopen(reader) as file:
        monkeypatch.setattr(sys, "stdin", file)
        yield writer


def until(condition: Callable[[], bool]) -> None:
    """Wait, but not for ever."""
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


class Live:
    """A session that reads standard input on a thread of its own."""

    def __init__(self, **options: object) -> None:
        self.session = Session(**options)  # type: ignore[arg-type]
        self.cancel = threading.Event()
        self.reports: list[int] = []
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self) -> None:
        self.session.load(["-"], cancel=self.cancel, report=lambda progress: self.reports.append(progress.packets))


@pytest.mark.parametrize("load_filter", ["", "udp"])
def test_packets_are_seen_as_they_come(pipe: int, load_filter: str, tmp_path: Path) -> None:
    """Nothing waits for a full block or for the batch behind it, and the last report has all of them."""
    content = Path(capture(tmp_path / "a.pcap", 50)).read_bytes()
    os.write(pipe, content[:24])
    live = Live(load_filter=load_filter)
    for packets in (1, 2, 10, 50):
        os.write(pipe, content[24 + RECORD * len(live.session.store.columns().row) : 24 + RECORD * packets])
        until(lambda packets=packets: live.session.store.packets == packets and live.reports[-1:] == [packets])
    os.close(pipe)
    live.thread.join(10)
    assert live.session.is_whole
    assert live.session.progress is not None
    assert live.session.progress.phase == "done"


def test_waiting_can_be_ended(pipe: int, tmp_path: Path) -> None:
    """Inside of a record, too: what was read is kept, and nothing is called damaged."""
    content = Path(capture(tmp_path / "a.pcap", 50)).read_bytes()
    os.write(pipe, content[:-5])
    live = Live()
    until(lambda: live.session.store.packets == 49)
    live.cancel.set()
    live.thread.join(10)
    assert not live.thread.is_alive()
    assert live.session.progress is not None
    assert live.session.progress.phase == "cancelled"
    assert live.session.store.sources[0].damage == ()
    assert not live.session.store.sources[0].complete
    os.close(pipe)


def test_waiting_for_the_first_byte_can_be_ended(pipe: int) -> None:
    """Nothing has come yet."""
    live = Live()
    until(lambda: bool(live.reports))
    live.cancel.set()
    live.thread.join(10)
    assert not live.thread.is_alive()
    os.close(pipe)


def test_a_table_that_is_being_written(pipe: int) -> None:
    """`tshark -l -T fields | netsleuth -`: rows are seen line by line, a line that is not complete later."""
    os.write(pipe, b"frame.time_epoch,ip.src\n1.5,10.0.0.1\n2.")
    live = Live()
    until(lambda: live.session.store.packets == 1)
    os.write(pipe, b"5,10.0.0.2\n")
    until(lambda: live.session.store.packets == 2)
    os.close(pipe)
    live.thread.join(10)
    assert live.session.is_whole


def test_the_memory_budget_ends_a_stream(pipe: int, tmp_path: Path) -> None:
    """It stops where the budget is used up, and says so."""
    content = Path(capture(tmp_path / "a.pcap", 400)).read_bytes()
    live = Live(memory=30_000)
    writer = threading.Thread(target=lambda: os.write(pipe, content), daemon=True)
    writer.start()
    live.thread.join(10)
    assert live.session.progress is not None
    assert live.session.progress.phase == "budget"
    os.close(pipe)


@pytest.mark.parametrize("load_filter", ["", "udp"])
def test_the_oldest_packets_make_room(pipe: int, load_filter: str, tmp_path: Path) -> None:
    """A live capture goes on beyond the budget: the last packets are there, and whatever is asked is about them."""
    content = Path(capture(tmp_path / "a.pcap", 30_000)).read_bytes()
    most = 12_000
    live = Live(load_filter=load_filter, memory=most * (ROW_BYTES + 8), drops_oldest=True)
    writer = threading.Thread(target=lambda: (_write_all(pipe, content), os.close(pipe)), daemon=True)
    writer.start()
    live.thread.join(60)
    session, store = live.session, live.session.store
    assert session.progress is not None
    assert session.progress.phase == "done"
    assert 3_000 <= store.kept <= most
    first = 30_000 - store.kept
    assert (session.progress.packets, session.progress.dropped) == (store.kept, first)
    source = store.sources[0]
    assert (source.packets, source.dropped, source.first) == (store.kept, first, first * 1_000_000)
    assert source.bytes == store.kept * len(FRAME)
    assert source.missing == f"{first} packets made room for later ones, the oldest first: the memory budget is used up"
    assert not session.is_whole
    for text, expected in (("", store.kept), ("udp", store.kept), ("!tcp", store.kept), ("tcp", 0), (f"frame.number <= {first + 7}", 7)):
        assert len(rows_of(store, Scope(text))) == expected, text
    assert len(rows_of(store, Scope("", None, (first + 9) * 1_000_000))) == 9
    assert len(rows_of(store, Scope("udp", 0, (first + 9) * 1_000_000))) == 9
    assert sum(count.packets for count in overview(store, Scope()).protocols) == store.kept
    assert store.span == (first * 1_000_000, 29_999 * 1_000_000)
    assert values(store, rows_of(store, Scope()).take(0, 2), "frame.number") == [first + 1, first + 2]


@pytest.mark.parametrize("load_filter", ["", "tcp"])
def test_addresses_and_marks_of_dropped_packets_go_with_them(pipe: int, load_filter: str, tmp_path: Path) -> None:
    """Each packet has a sender of its own: no more are kept than packets, all are right, and so are the marks of segments sent again."""
    total = 30_000
    content = Path(senders(tmp_path / "a.pcap", total)).read_bytes()
    live = Live(load_filter=load_filter, memory=12_000 * (ROW_BYTES + 8), drops_oldest=True)
    writer = threading.Thread(target=lambda: (_write_all(pipe, content), os.close(pipe)), daemon=True)
    writer.start()
    again: set[int] = set()
    while live.thread.is_alive():
        if live.session.store.packets:
            with suppress(NetSleuthError):
                again |= set(rows_marked(live.session.store, Mark.RETRANSMISSION).tolist())
        live.thread.join(0.05)
    store = live.session.store
    first = total - store.kept
    assert 1_500 <= store.kept <= 12_000
    assert store.hosts.count < total / 2
    assert again
    assert all(row % 10 == 9 for row in again)
    rows = rows_of(store, Scope()).take(0, store.kept)
    assert values(store, rows, "ip.src") == [sender(row) for row in range(first, total)]
    assert values(store, rows, "frame.number") == [*range(first + 1, total + 1)]
    assert len(rows_of(store, Scope(f"ip.addr == {sender(total - 5)}"))) == 1
    assert not len(rows_of(store, Scope(f"ip.addr == {sender(5)}")))
    assert rows_marked(store, Mark.RETRANSMISSION).tolist() == [row for row in range(first + 1, total) if row % 10 == 9]
    found = summary(store, Scope())
    assert found.hosts == len({sender(row) for row in range(first, total)}) + 1
    talks = conversations(store, rows_of(store, Scope()), by="address")
    assert len(talks) == found.hosts - 1


def sender(row: int) -> str:
    """The address of a frame of `senders`: every tenth has that of the one before it."""
    return str(IPv4Address((10 << 24) + row - (row % 10 == 9)))


def senders(path: Path, frames: int) -> str:
    """A pcap with one TCP segment every 10 ms, each of another host; every tenth is the one before it, sent again."""
    to, rest = bytes((192, 168, 0, 1)), struct.pack(">HHIIBBHHH", 1000, 80, 7, 0, 0x50, 0x18, 1, 0, 0) + bytes(8)
    head = bytes(12) + bytes.fromhex("0800 4500 0030 0000 0000 4006 0000")
    with path.open("wb") as file:
        file.write(struct.pack("<IHHIIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
        for row in range(frames):
            frame = head + IPv4Address(sender(row)).packed + to + rest
            file.write(struct.pack("<IIII", row // 100, row % 100 * 10_000, len(frame), len(frame)) + frame)
    return str(path)


@pytest.mark.parametrize("load_filter", ["", "udp"])
def test_a_file_whose_packets_were_dropped_is_not_loaded_again(pipe: int, load_filter: str, tmp_path: Path) -> None:
    """Reading on finds nothing new in it, until it grows: what was added is loaded then, with frames numbered on."""
    grown = Path(capture(tmp_path / "c.pcap", 130)).read_bytes()
    first = tmp_path / "a.pcap"
    first.write_bytes(grown[: 24 + 100 * RECORD])
    content = Path(capture(tmp_path / "b.pcap", 12_000, first=5000)).read_bytes()
    session = Session(load_filter=load_filter, memory=8_000 * (ROW_BYTES + 8), drops_oldest=True)
    writer = threading.Thread(target=lambda: (_write_all(pipe, content), os.close(pipe)), daemon=True)
    writer.start()
    assert session.load([str(first), "-"]).phase == "done"
    source, rows, kept = session.store.sources[0], session.store.packets, session.store.kept
    assert (source.packets, source.dropped, source.before, source.complete) == (0, 100, 100, False)
    for _ in range(2):
        assert session.reload().phase == "done"
        assert (session.store.packets, session.store.kept) == (rows, kept)
    assert session.store.sources[0] == source
    for frames in (110, 130):
        first.write_bytes(grown[: 24 + frames * RECORD])
        assert session.reload().phase == "done"
    added = session.store.sources[2]
    assert (added.name, added.before, added.packets, len(session.store.sources)) == (str(first), 100, 30, 3)
    assert values(session.store, rows_of(session.store, Scope()).take(kept, kept + 30), "frame.number") == [*range(101, 131)]
    assert not session.is_whole


@pytest.mark.parametrize("load_filter", ["", "udp"])
@pytest.mark.parametrize("why", ["numbers", "memory"])
def test_a_stream_ends_where_rows_do(pipe: int, load_filter: str, why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many packets made room: without memory or numbers for more it ends as at the budget, and says why."""
    reserve = PacketTable.reserve

    def bounded(table: PacketTable, rows: int) -> Columns:
        if rows > 15_000:
            raise MemoryError
        return reserve(table, rows)

    if why == "memory":
        monkeypatch.setattr(PacketTable, "reserve", bounded)
        monkeypatch.setattr(PacketTable, "capacity", property(lambda table: table.rows))
    else:
        monkeypatch.setattr(load, "MOST_ROWS", 15_000)
    content = Path(capture(tmp_path / "a.pcap", 20_000)).read_bytes()
    live = Live(load_filter=load_filter, memory=8_000 * (ROW_BYTES + 8), drops_oldest=True)

    def write() -> None:
        with suppress(OSError):  # nobody reads any more
            _write_all(pipe, content)

    threading.Thread(target=write, daemon=True).start()
    live.thread.join(30)
    assert live.session.progress is not None
    assert live.session.progress.phase == "budget"
    source, store = live.session.store.sources[0], live.session.store
    assert 8_000 < store.packets <= 15_000
    assert (source.packets, source.dropped) == (store.kept, store.packets - store.kept)
    told = live.session.progress.problems if why == "numbers" else source.notes
    assert ("packets can be numbered" if why == "numbers" else "no more memory") in " ".join(told)
    monkeypatch.undo()


def test_a_file_never_makes_room(tmp_path: Path) -> None:
    """What lies on disk can be opened with a larger budget: it stops where the budget is used up, as ever."""
    session = Session(memory=4_000 * (ROW_BYTES + 8), drops_oldest=True)
    last = session.load([capture(tmp_path / "a.pcap", 9_000)])
    assert (last.phase, last.dropped) == ("budget", 0)


def _write_all(descriptor: int, content: bytes) -> None:
    """Write with pauses, as a capture comes: what comes without one is a block, which has to fit as a whole."""
    view = memoryview(content)
    while view:
        for _ in range(6):
            view = view[os.write(descriptor, view[: 1 << 14]) :]
        time.sleep(0.1)
