"""Loading: progress, cancelling, the budget, damage and piles of files."""

from __future__ import annotations

import struct
import threading
from pathlib import Path

import numpy as np
import pytest

from netsleuth_tui import jit
from netsleuth_tui.analysis.values import values
from netsleuth_tui.ingest import Loader, Progress, decoding, slowness
from netsleuth_tui.session import Session
from netsleuth_tui.store import Store

FRAME = (
    bytes(12) + b"\x08\x00\x45" + bytes(7) + b"\x40\x11" + bytes(2) + b"\x0a\x00\x00\x01\x0a\x00\x00\x02" + b"\x00\x35\x00\x36" + bytes(4)
)


def capture(path: Path, frames: int, *, first: int = 0, tail: bytes = b"") -> str:
    """A pcap with one UDP frame a millisecond."""
    records = b"".join(
        struct.pack("<IIII", (first + k) // 1000, (first + k) % 1000 * 1000, len(FRAME), len(FRAME)) + FRAME for k in range(frames)
    )
    path.write_bytes(struct.pack("<IHHIIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1) + records + tail)
    return str(path)


def load(
    names: list[str], *, memory: int = 1 << 30, cancel: threading.Event | None = None
) -> tuple[Store, Progress, list[Progress], Loader]:
    """Load and keep what was reported."""
    store, reports = Store(), list[Progress]()
    loader = Loader(store, memory=memory, cancel=cancel or threading.Event(), report=reports.append)
    return store, loader.load(names), reports, loader


def test_files_follow_one_another(tmp_path: Path) -> None:
    """Each file is a source with its rows, span and bytes; the last report is the one returned."""
    names = [capture(tmp_path / "a.pcap", 300), capture(tmp_path / "b.pcap", 200, first=1000)]
    store, last, reports, _ = load(names)
    assert [(s.name, s.first_row, s.packets, s.bytes) for s in store.sources] == [
        (names[0], 0, 300, 300 * len(FRAME)),
        (names[1], 300, 200, 200 * len(FRAME)),
    ]
    assert store.sources[1].first == 1_000_000_000
    assert last.phase == "done"
    assert last == reports[-1]
    assert last.bytes_read == last.bytes_total == sum(Path(name).stat().st_size for name in names)
    assert store.columns().row.tolist() == list(range(500))
    assert store.columns().source.tolist() == [0] * 300 + [1] * 200
    assert store.hosts.count == 2


def test_there_may_be_no_memory_for_a_file_while_the_next_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What could not be shown is said of its own file, and of those behind it; reading on brings all of them."""
    names = [capture(tmp_path / f"{name}.pcap", 100, first=1000 * k) for k, name in enumerate("abcd")]
    decode = decoding._decode

    def fails(worker: object, batch: object, columns: object, first: int, source: int) -> object:
        done = decode(worker, batch, columns, first, source)  # type: ignore[arg-type]
        if source == 2:
            raise MemoryError
        return done

    session = Session()
    with monkeypatch.context() as patched:
        patched.setattr(decoding, "_decode", fails)
        assert session.load(names).phase == "budget"
    assert session.store.packets == 200
    told = ("loading ended: the system has no more memory",)
    found = [(s.first_row, s.packets, s.complete, s.notes) for s in session.store.sources]
    assert found == [(0, 100, True, ()), (100, 100, True, ()), (200, 0, False, told), (200, 0, False, told)]
    assert session.reload().phase == "done"
    assert session.is_whole
    assert sorted((s.name, s.packets) for s in session.store.sources if s.packets) == [(name, 100) for name in names]
    assert session.store.columns().row.tolist() == list(range(400))


@pytest.mark.parametrize("fail", [0, 1, 3000])
def test_files_behind_one_that_was_given_up_begin_where_rows_end(fail: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where none of their packets had been taken: their frames are numbered from 1 when they are read on."""
    names = [capture(tmp_path / "a.pcap", 6000), capture(tmp_path / "b.pcap", 3000, first=9000)]
    session, decode = Session(), decoding._decode

    def fails(worker: object, batch: object, columns: object, first: int, source: int) -> object:
        done = decode(worker, batch, columns, first, source)  # type: ignore[arg-type]
        if source == 0 and first >= fail:
            raise MemoryError
        return done

    with monkeypatch.context() as patched:
        patched.setattr(decoding, "_decode", fails)
        assert session.load(names).phase == "budget"
    assert session.store.packets < 6000
    assert "loading ended: the system has no more memory" in session.store.sources[0].notes
    assert all(source.first_row == session.store.packets for source in session.store.sources[1:])
    Path(names[0]).unlink()
    session.reload()
    assert values(session.store, np.array([session.store.sources[1].first_row], np.uint32), "frame.number") == [1]


def test_no_memory_is_noted_wherever_it_is_met(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not where a batch is taken, but where those that are on their way are shown."""
    session = Session()

    def fails(*_: object) -> object:
        raise MemoryError

    monkeypatch.setattr(decoding, "_decode", fails)
    assert session.load([capture(tmp_path / "a.pcap", 100)]).phase == "budget"
    assert "loading ended: the system has no more memory" in session.store.sources[0].notes


def test_a_table_and_captures_follow_one_another(tmp_path: Path) -> None:
    """Rows of a capture come behind those of a table that is loaded before it, and the other way round."""
    table = tmp_path / "a.csv"
    table.write_text("frame.time_epoch,ip.src,ip.dst\n" + "".join(f"{k}.5,10.0.0.3,10.0.0.4\n" for k in range(70)))
    first = capture(tmp_path / "a.pcap", 30)
    second = capture(tmp_path / "b.pcap", 30)
    for names in ([str(table), first], [first, str(table), second], [first, second, str(table)]):
        store, _, _, _ = load(names)
        packets = [70 if name == str(table) else 30 for name in names]
        assert [(s.first_row, s.packets) for s in store.sources] == [(sum(packets[:k]), count) for k, count in enumerate(packets)]
        assert store.columns().row.tolist() == list(range(sum(packets)))
        assert store.columns().source.tolist() == [k for k, count in enumerate(packets) for _ in range(count)]
        assert store.hosts.count == 4


def test_cancelling_keeps_what_was_loaded(tmp_path: Path) -> None:
    """After the event is set, the next batch is not taken, and the source is marked as partial."""
    name = capture(tmp_path / "long.pcap", 300_000)
    cancel = threading.Event()
    store = Store()

    def report(progress: Progress) -> None:
        if progress.packets:
            cancel.set()

    last = Loader(store, memory=1 << 30, cancel=cancel, report=report).load([name, capture(tmp_path / "more.pcap", 10)])
    assert last.phase == "cancelled"
    assert 0 < store.packets < 300_000
    assert len(store.sources) == 1
    assert not store.sources[0].complete
    assert store.sources[0].packets == store.packets


def test_loading_stops_at_the_budget(tmp_path: Path) -> None:
    """The columns never take more than the budget, and what is there works."""
    name = capture(tmp_path / "long.pcap", 40_000)
    store, last, _, loader = load([name], memory=3_000_000)
    assert last.phase == "budget"
    assert 0 < store.packets <= loader.most_rows
    assert not store.sources[0].complete


def test_damage_is_reported_and_the_rest_kept(tmp_path: Path) -> None:
    """A record that claims 4 GB ends its file, with the offset; the next file is still read."""
    bad = capture(tmp_path / "bad.pcap", 10, tail=struct.pack("<IIII", 0, 0, 0xFFFFFFFF, 60) + bytes(50))
    store, last, _, _ = load([bad, capture(tmp_path / "good.pcap", 5)])
    assert [source.packets for source in store.sources] == [10, 5]
    offset = 24 + 10 * (16 + len(FRAME))
    assert store.sources[0].damage
    assert f"damaged at byte {offset}" in store.sources[0].damage[0]
    assert any(bad in problem and f"damaged at byte {offset}" in problem for problem in last.problems)


def test_a_file_that_is_no_capture_is_named(tmp_path: Path) -> None:
    """Named files that cannot be opened are failures; those found in a folder are skipped with a remark."""
    text = tmp_path / "notes.txt"
    text.write_text("not a capture at all, just some text")
    (tmp_path / "more.txt").write_text("nor is this")
    capture(tmp_path / "a.pcap", 3)
    store, last, _, loader = load([str(text), str(tmp_path)])
    assert store.packets == 3
    assert len(loader.failures) == 1
    assert [problem.endswith("skipped") for problem in last.problems] == [False, True]
    assert last.phase == "done"


def test_small_input_does_not_start_the_compiler(tmp_path: Path, monkeypatch) -> None:
    """Plain Python is done with a few thousand packets before a compiler would be loaded."""
    started = []
    monkeypatch.setattr(jit, "start", lambda **_: started.append(True))
    load([capture(tmp_path / "small.pcap", 10)])
    assert not started
    monkeypatch.setattr(slowness, "WORTH_LINKING", 10)
    load([capture(tmp_path / "small.pcap", 10)])
    assert started
