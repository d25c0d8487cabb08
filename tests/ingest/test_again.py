"""Reading on in files that grow: the same as opening them when they had grown, for rows that are there stay as they are."""

from __future__ import annotations

import struct
import threading
from collections.abc import Iterator
from itertools import count, islice
from pathlib import Path

import numpy as np
import pytest
from ingest.test_load import capture
from ingest.test_net_events import DROPPED, net_event
from readers import etl_files
from readers.netmon_files import Piece, netmon

from netsleuth_tui.analysis import Scope, rows_of
from netsleuth_tui.analysis.finding import find_row
from netsleuth_tui.analysis.values import values
from netsleuth_tui.decode.columns import Columns
from netsleuth_tui.errors import NetSleuthError
from netsleuth_tui.ingest import Progress, decoding, load
from netsleuth_tui.ingest.load import Loader
from netsleuth_tui.readers import FrameBatch
from netsleuth_tui.session import Session

SAMPLES = Path(__file__).resolve().parents[2] / "sample_captures"
LOG = SAMPLES / "print_server.evtx"


def blocks(first: int, last: int) -> bytes:
    """Pcapng packet blocks, one a millisecond."""
    frame = bytes(12) + b"\x08\x06" + bytes(46)
    body = [struct.pack("<IIIII", 0, 0, k * 1000, len(frame), len(frame)) + frame for k in range(first, last)]
    return b"".join(struct.pack("<II", 6, len(part) + 12) + part + struct.pack("<I", len(part) + 12) for part in body)


HEADER = struct.pack("<IIIHHqI", 0x0A0D0D0A, 28, 0x1A2B3C4D, 1, 0, -1, 28) + struct.pack("<IIHHII", 1, 20, 1, 0, 0, 20)
TABLE = b"frame.time_epoch,ip.src,ip.dst\n"
GROWING = {
    "pcap": lambda path: Path(capture(path, 300)).read_bytes(),
    "pcapng": lambda _: HEADER + blocks(0, 300),
    "csv": lambda _: TABLE + b"".join(b"%d.5,10.0.0.%d,10.0.0.2\n" % (k, k % 200) for k in range(300)),
}


def same(one: Session, other: Session) -> bool:
    """Whether two sessions have the same packets with the same addresses, but for the ids of hosts."""
    ours, theirs = one.store.columns(), other.store.columns()
    names = [name for name in Columns._fields if name not in ("src", "dst")]
    hosts = [[session.store.hosts.lo[session.store.columns().src].tolist() for session in (one, other)]] if one.store.hosts.count else []
    return all(np.array_equal(getattr(ours, name), getattr(theirs, name)) for name in names) and all(a == b for a, b in hosts)


@pytest.mark.parametrize("kind", GROWING)
@pytest.mark.parametrize("load_filter", ["", "frame.number > 7"])
def test_a_file_that_grows_in_the_middle_of_a_record(kind: str, load_filter: str, tmp_path: Path) -> None:
    """Cut anywhere, also inside of a record: what is added is loaded once, damage of the cut is gone, and the source has grown."""
    content = GROWING[kind](tmp_path / "whole")
    path = tmp_path / "growing"
    path.write_bytes(content[: len(content) // 3 + 5])
    session = Session(load_filter=load_filter)
    session.load([str(path)])
    before = session.store.packets
    assert 0 < before < 150
    for size in (len(content) * 2 // 3, len(content)):
        with path.open("ab") as file:
            file.write(content[path.stat().st_size : size])
        assert session.reload().phase == "done"
    whole = Session(load_filter=load_filter)
    whole.load([str(path)])
    assert session.store.packets == whole.store.packets > before
    assert same(session, whole)
    assert session.store.sources == whole.store.sources
    assert session.is_whole
    assert not session.reload().problems
    assert session.store.packets == whole.store.packets


def test_an_event_log_that_grows(tmp_path: Path) -> None:
    """Chunks that were added are loaded; events that are there are not loaded twice."""
    content = LOG.read_bytes()
    path = tmp_path / "log.evtx"
    path.write_bytes(content[: 4096 + 2 * 65536])
    session = Session()
    session.load([str(path)])
    before = session.store.events.rows
    with path.open("ab") as file:
        file.write(content[4096 + 2 * 65536 : 4096 + 3 * 65536])
    session.reload()
    whole = Session()
    whole.load([str(path)])
    assert before < session.store.events.rows == whole.store.events.rows
    for name in ("time", "record_id", "event_id", "offset"):
        assert np.array_equal(getattr(session.store.events.view(), name), getattr(whole.store.events.view(), name))
    names = [session.store.events.texts.many(session.store.events.codes("ObjectName")) for session in (session, whole)]
    assert names[0] == names[1]


def test_what_is_no_growth_is_said(tmp_path: Path) -> None:
    """Shorter, replaced, or gone: nothing is loaded, and what is there stays."""
    last = tmp_path / "b.pcap"
    session = Session()
    session.load([capture(tmp_path / "a.pcap", 30), capture(last, 20)])
    last.write_bytes(last.read_bytes()[:-10])
    assert session.reload().problems == (f"{last}: the file became 10 bytes shorter; what was loaded of it stays",)
    (tmp_path / "c").write_bytes(b"other")
    (tmp_path / "c").replace(last)
    assert "replaced by another" in session.reload().problems[0]
    last.unlink()
    assert "the file is gone" in session.reload().problems[0]
    assert session.store.packets == 50


def test_every_file_may_grow(tmp_path: Path) -> None:
    """What is added to files that others were loaded behind comes as further sources, with frames numbered on; damage is found anew."""
    first, last = tmp_path / "a.pcap", tmp_path / "b.pcap"
    whole = Path(capture(first, 100)).read_bytes()
    size = (len(whole) - 24) // 100
    first.write_bytes(whole[: 24 + 30 * size + 7])
    session = Session()
    session.load([str(first), capture(last, 20, first=5000)])
    assert session.store.sources[0].damage
    for frames in (60, 100):
        first.write_bytes(whole[: 24 + frames * size])
        assert not session.reload().problems
    assert [(s.name, s.first_row, s.before, s.packets) for s in session.store.sources] == [
        (str(first), 0, 0, 30), (str(last), 30, 0, 20), (str(first), 50, 30, 70),
    ]  # fmt: skip
    assert session.is_whole
    rows = np.arange(session.store.packets, dtype=np.uint32)
    numbers = values(session.store, rows, "frame.number")
    assert numbers == [*range(1, 31), *range(1, 21), *range(31, 61), *range(61, 101)]
    assert rows_of(session.store, Scope("frame.number == 70")).take(0, 9).tolist() == [89]
    assert session.frame(89) == whole[24 + 69 * size + 16 : 24 + 70 * size]
    assert find_row(session.store, rows_of(session.store, Scope()), "70", 3).row == 89
    with pytest.raises(NetSleuthError, match="the file has 100"):
        find_row(session.store, rows_of(session.store, Scope()), "101", 3)


def test_all_parts_of_a_file_have_one_clock(tmp_path: Path) -> None:
    """An offset set before or after a file grew holds for what was added, too, and goes with it when it is taken back."""
    first = tmp_path / "a.pcap"
    whole = Path(capture(first, 90)).read_bytes()
    size = (len(whole) - 24) // 90
    first.write_bytes(whole[: 24 + 30 * size])
    session = Session()
    session.load([str(first), capture(tmp_path / "b.pcap", 20, first=5000)])
    second = session.store.columns().time[0]

    def look(scope: Scope) -> None:
        session.look_at(scope)
        session.set_clocks(scope)

    look(session.with_clock(session.scope, 0, 10**9))
    for frames in (60, 90):
        first.write_bytes(whole[: 24 + frames * size])
        session.reload()
        assert [source.shift for source in session.store.sources] == [10**9, 0, 10**9]
    look(session.with_clock(session.scope, 2, 2 * 10**9))
    assert session.scope.clocks == ((0, 2 * 10**9),)
    assert [source.shift for source in session.store.sources] == [2 * 10**9, 0, 2 * 10**9]
    added = session.store.columns().time[50:110]
    for offset in (10**9, 0):
        session.undo()
        session.set_clocks(session.scope)
        assert [source.shift for source in session.store.sources] == [offset, 0, offset]
        assert np.array_equal(session.store.columns().time[50:110], added - 2 * 10**9 + offset)
        assert session.store.columns().time[0] == second + offset


def test_a_trace_that_grows(tmp_path: Path) -> None:
    """Buffers that were added are read, in a series, too, and after the trace was ended, when its header says so."""
    frames = [bytes(12) + b"\x08\x06" + bytes([k]) * 40 for k in range(200)]
    records = [record for k, frame in enumerate(frames) for record in etl_files.ndis(10 * k, frame)]
    records += [etl_files.dropped_datagram(10 * k + 5, 0x77, etl_files.sock_address("10.0.0.1", 53), 100, 2) for k in range(0, 200, 50)]
    content = etl_files.trace(sorted(records, key=lambda record: record.time), size=4096)
    path, other = tmp_path / "a.etl", capture(tmp_path / "b.pcap", 5)
    half = len(content) // 4096 // 2 * 4096
    path.write_bytes(content[:half])
    session = Session()
    session.load([str(path), other])
    before, events = session.store.packets, session.store.events.rows
    ended = bytearray(content)
    struct.pack_into("<I", ended, 104 + 36, 99)
    path.write_bytes(ended)
    assert not session.reload().problems
    assert 0 < before - 5 < 200
    assert session.store.packets == 205
    assert 0 < events < session.store.events.rows == 4
    assert sorted(session.frame(row) for row in range(205) if session.store.source_of(row).format == "etl") == sorted(frames)
    struct.pack_into("<q", ended, 104 + 276 - 24, 1)
    path.write_bytes(bytes(ended) + bytes(4096))
    assert "written anew" in session.reload().problems[-1]


def test_a_file_that_joins_a_series(tmp_path: Path) -> None:
    """A pattern is looked up anew: the capture's next file is loaded behind the others, and its frames are numbered from 1."""
    capture(tmp_path / "ring(1).pcap", 30)
    session = Session()
    session.load([str(tmp_path / "ring*.pcap")])
    capture(tmp_path / "ring(2).pcap", 20, first=100)
    session.reload()
    assert [(source.packets, source.first_row) for source in session.store.sources] == [(30, 0), (20, 30)]


def test_loading_that_was_stopped_goes_on(tmp_path: Path) -> None:
    """What Esc left out comes with reading again."""
    name = capture(tmp_path / "long.pcap", 30_000)
    session, cancel = Session(), threading.Event()

    def report(progress: Progress) -> None:
        if progress.packets:
            cancel.set()

    session.load([name], cancel=cancel, report=report)
    assert 0 < session.store.packets < 30_000
    session.reload()
    assert session.store.packets == 30_000
    assert session.is_whole


def ring(path: Path) -> str:
    """A capture of Network Monitor of which the later half lies in front of the earlier one, with events among the frames."""
    events = net_event(etl_files.AFD, 1033, DROPPED), net_event(etl_files.AFD, 1032, bytes(40))
    frames = [Piece(bytes(12) + b"\x08\x06" + bytes([k % 251]) * 46, 60, k * 1000) for k in range(5000)]
    for k in range(7, 5000, 500):
        frames[k] = Piece(events[k % 1000 > 500], 200, k * 1000, 0xFFE0)
    path.write_bytes(netmon(frames, order=[*range(2500, 5000), *range(2500)]).content)
    return str(path)


@pytest.mark.parametrize("load_filter", ["", "frame.number in {5..3100} || EventID < 1033"])
@pytest.mark.parametrize("kind", ["etl", "netmon"])
def test_a_stopped_file_whose_records_do_not_lie_in_their_order(kind: str, load_filter: str, tmp_path: Path) -> None:
    """Wherever it was stopped, twice, too: what is missing is loaded, nothing twice, and all is as if it had been loaded at once."""
    name = str(SAMPLES / "syn-reset.etl") if kind == "etl" else ring(tmp_path / "ring.cap")
    whole = Session(load_filter=load_filter)
    whole.load([name])
    stopped = set()
    for reports in range(1, 6):
        session, cancel, left = Session(load_filter=load_filter), threading.Event(), count(1 - reports)

        def report(_: Progress, left: Iterator[int] = left, cancel: threading.Event = cancel) -> None:
            if next(left) >= 0:
                cancel.set()

        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(load, "REPORT_EVERY", 0)
            session.load([name], cancel=cancel, report=report)
            stopped.add((session.store.packets, session.store.events.rows))
            session.reload(cancel=cancel)
        assert session.reload().phase == "done"
        assert same(session, whole)
        assert np.array_equal(np.sort(session.store.events.view().offset), np.sort(whole.store.events.view().offset))
        assert session.store.sources == whole.store.sources
        assert session.is_whole
    assert len(stopped) > 1


def test_a_trace_that_failed_in_the_middle_goes_on_behind_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was missing of it, earlier and later in the file, comes as one more source."""
    name, opened = str(SAMPLES / "syn-reset.etl"), Loader._open

    def broken(loader: Loader, path: str) -> object:
        reader = opened(loader, path)
        if path == name:
            parts = reader.parts

            def some() -> Iterator[object]:
                yield from islice(parts(), 2)
                raise OSError(5, "Input/output error")

            reader.parts = some
        return reader

    session, whole = Session(), Session()
    with monkeypatch.context() as patched:
        patched.setattr(Loader, "_open", broken)
        session.load([name, capture(tmp_path / "b.pcap", 9)])
    assert (len(session.store.sources), session.store.packets > 9, session.is_whole) == (2, True, False)
    assert not session.reload().problems
    whole.load([name])
    assert (session.store.packets - 9, session.store.events.rows) == (whole.store.packets, whole.store.events.rows)
    found, columns = session.store.columns(), whole.store.columns()
    assert np.array_equal(found.offset[found.source != 1], columns.offset)
    assert session.is_whole


def test_logs_that_grow_differently(tmp_path: Path) -> None:
    """Each is read on from where it was left."""
    content, names = LOG.read_bytes(), [tmp_path / "a.evtx", tmp_path / "b.evtx"]
    session, whole = Session(), Session()
    for name, chunks in zip(names, (3, 1), strict=True):
        name.write_bytes(content[: 4096 + chunks * 65536])
    session.load([*map(str, names)])
    for name in names:
        name.write_bytes(content[: 4096 + 4 * 65536])
    assert not session.reload().problems
    whole.load([*map(str, names)])
    assert session.store.events.rows == whole.store.events.rows


@pytest.mark.parametrize("error", [OSError(5, "Input/output error"), NetSleuthError("the disk is gone", where="ring(1).pcap")])
@pytest.mark.parametrize("first", [True, False])
def test_a_file_that_fails_in_the_middle(error: Exception, first: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was read of it stays and is its own, the next file is loaded all the same, and the rest comes with reading again."""
    path = tmp_path / "ring(1).pcap"
    content = Path(capture(path, 20_000)).read_bytes()
    opened, fails = Loader._open, True

    def broken(loader: Loader, name: str) -> object:
        reader = opened(loader, name)
        batches = reader.batches

        def some() -> Iterator[FrameBatch]:
            yield from islice(batches(), 1)
            raise error

        if name == str(path) and fails:
            reader.batches = some
        return reader

    session = Session()
    if not first:
        path.write_bytes(content[: 24 + 50 * (len(content) - 24) // 20_000])
        session.load([str(tmp_path / "ring*.pcap")])
    monkeypatch.setattr(Loader, "_open", broken)
    capture(tmp_path / "ring(2).pcap", 20, first=50_000)
    path.write_bytes(content)
    for _ in range(2):
        last = session.load([str(tmp_path / "ring*.pcap")]) if not session.store.sources else session.reload()
        assert last.phase == "done"
        one, other = session.store.sources[:2]
        counted = np.bincount(session.store.columns().source, minlength=len(session.store.sources)).tolist()
        assert [source.packets for source in session.store.sources] == counted
        assert 50 < one.packets < 20_000
        assert other.packets == 20
        assert not session.is_whole
        assert len(session.failures) == 1
    assert [damage for source in session.store.sources for damage in source.damage] == [getattr(error, "what", "Input/output error")]
    fails = False
    assert session.reload().phase == "done"
    assert session.is_whole
    assert sum(source.packets for source in session.store.sources) == session.store.packets == 20_020


def test_a_batch_for_which_there_is_no_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Loading ends in front of it, without the batches behind it; nothing of them is left when reading goes on."""
    path, decode = tmp_path / "ring(1).pcap", decoding._decode
    capture(path, 20_000)

    def fails(worker: object, batch: object, columns: object, first: int, source: int) -> object:
        done = decode(worker, batch, columns, first, source)  # type: ignore[arg-type]
        if 0 < first < 8000:
            raise MemoryError
        return done

    session, whole = Session(), Session()
    with monkeypatch.context() as patched:
        patched.setattr(decoding, "_decode", fails)
        assert session.load([str(tmp_path / "ring*.pcap")]).phase == "budget"
    source = session.store.sources[0]
    assert 0 < source.packets == session.store.packets < 20_000
    assert source.notes == ("loading ended: the system has no more memory",)
    assert not session.is_whole
    assert session.reload().phase == "done"
    whole.load([str(path)])
    assert same(session, whole)
    assert session.store.sources == whole.store.sources


@pytest.mark.parametrize("behind", [False, True])
def test_notes_of_a_filter_at_loading_speak_of_the_whole_file(behind: bool, tmp_path: Path) -> None:
    """In whatever parts a file came, what is said is what is said of it at once; no event is judged twice."""
    log, packets = tmp_path / "log.evtx", tmp_path / "a.pcap"
    content, frames = LOG.read_bytes(), Path(capture(packets, 300)).read_bytes()
    size = (len(frames) - 24) // 300
    paths = [str(log), str(packets), *([capture(tmp_path / "b.pcap", 9)] if behind else [])]
    text = "EventRecordID < 48210400 || frame.number in {5..130}"
    session = Session(load_filter=text)
    for chunks, more, number in ((2, 0, 100), (3, 0, 200), (3, 12, 200), (4, 0, 300)):
        log.write_bytes(content[: 4096 + chunks * 65536 + more])
        packets.write_bytes(frames[: 24 + number * size])
        progress = session.reload() if session.store.sources else session.load(paths)
        assert progress.phase == "done"
        whole = Session(load_filter=text)
        whole.load(paths)
        for name in paths[:2]:
            mine, other = (
                [note for source in one.store.sources if source.name == name for note in source.notes] for one in (session, whole)
            )
            assert mine == other
    assert mine == [f"126 of 300 packets were loaded, those that {text} keeps; frame numbers count these"]
    assert 0 < session.store.events.rows == whole.store.events.rows < sum(source.judged for source in whole.store.sources)
