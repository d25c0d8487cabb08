"""The kernels, plain and compiled, against the reader of single records and the evtx library."""

from __future__ import annotations

import shutil
import struct
import zlib
from pathlib import Path
from typing import Any

import pytest
from event_logs import FORMS, WRITER, by_library, data_of, load, log_of, raw_ids, read_by
from hypothesis import given
from hypothesis import strategies as st

from netsleuth_tui import jit
from netsleuth_tui.decode import event_walk
from netsleuth_tui.ingest import events as loading
from netsleuth_tui.store import Store

SAMPLE = Path(__file__).resolve().parents[2] / "sample_captures" / "print_server.evtx"


@pytest.fixture
def form(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have records read one at a time, by plain kernels, or by compiled ones."""
    read_by(request.param, monkeypatch)


def content(store: Store) -> list[tuple[Any, ...]]:
    """All that is known about every event."""
    columns = store.events.view()
    texts = store.events.texts
    names = [name for name in columns._fields if name not in {"group", "slot", "provider", "channel", "computer", "user"}]
    return [
        (
            *(int(getattr(columns, name)[row]) for name in names),
            *(texts.text(int(getattr(columns, name)[row])) for name in ("provider", "channel", "computer", "user")),
            tuple(data_of(store, row).items()),
        )
        for row in range(store.events.rows)
    ]


def mixed(path: Path) -> Path:
    """A log with most forms of values, in several chunks."""
    text = "\ud800 \x1b]52;c;x\x07 [bold]=1+1".encode("utf-16-le", "surrogatepass")
    kinds = [
        {
            "A": (1, f"text {i % 9}"),
            "B": (8, i),
            "C": (21, i * 977),
            "D": (19, WRITER.sid(5, 18)),
            "E": (11, b"\0\0\x80\x3f"),
            "F": (1, None),
        }
        for i in range(400)
    ]
    odd = [{"A": (1, text), "Data": (0x81, b"a\0\0\0b\0\0\0"), "G": (17, 133_500_000_000_025_543 + i)} for i in range(40)]
    path.write_bytes(log_of(*kinds, *odd, *kinds[:100]))
    return path


@pytest.mark.usefixtures("form")
@pytest.mark.parametrize("form", FORMS, indirect=True)
def test_every_form_agrees_with_the_library(tmp_path: Path):
    """Ids, system fields and data of all events equal those of the library, up to what it drops."""
    store = load(mixed(tmp_path / "mixed.evtx"))
    assert store.sources[0].damage == ()
    assert store.sources[0].lost == 0
    found = 0
    columns = store.events.view()
    for row, event in enumerate(by_library(tmp_path / "mixed.evtx")):
        assert int(columns.record_id[row]) == event.record_id
        assert (int(columns.event_id[row]), int(columns.keywords[row])) == (event.event_id, event.keywords)
        assert int(columns.time[row]) // 1000 == event.time // 1000
        ours = {name: value or "" for name, value in data_of(store, row).items()}
        theirs = dict(zip(event.names, (value or "" for value in event.values), strict=True))
        if "G" in ours:
            assert ours["G"][:-2] == theirs["G"][:-1]
            theirs["G"] = ours["G"]
            assert ours["A"] == "\ud800" + theirs["A"]
            theirs["A"] = ours["A"]
        assert ours == theirs
        found += 1
    assert found == store.events.rows == 540


@pytest.mark.usefixtures("form")
@pytest.mark.parametrize("form", ["compiled"], indirect=True)
def test_the_sample_reads_the_same_in_all_forms(monkeypatch: pytest.MonkeyPatch):
    """The slow reader and compiled kernels give the same rows, byte for byte, with no record left out."""
    fast = content(load(SAMPLE))
    monkeypatch.setattr(jit, "is_ready", lambda _: False)
    assert fast == content(load(SAMPLE))
    assert [row[3] for row in fast] == raw_ids(SAMPLE.read_bytes())


@pytest.mark.usefixtures("form")
@pytest.mark.parametrize("form", FORMS, indirect=True)
@pytest.mark.parametrize("junk", [b"\x02\x03", b"\x41\x00", b"\x00\x2a", b"\x0d\x0d"])
def test_what_stands_behind_the_event_data_is_left_alone(tmp_path: Path, junk: bytes):
    """Two bytes of junk behind the values of an inner instance, or of the record: it is kept in every form, without them."""
    log = log_of({"A": (1, "sound"), "B": (6, 7)}, {"A": (1, "before"), "B": (6, 7)})
    chunk = bytearray(log[4096:])
    at = chunk.rindex("before".encode("utf-16-le"))
    value = chunk.index(struct.pack("<H", 7), at)
    descriptor = chunk.rindex(struct.pack("<HBx", 2, 6), 0, value)
    struct.pack_into("<H", chunk, descriptor, 0)  # B has no bytes any more: its two are junk
    chunk[value : value + 2] = junk
    (free,) = struct.unpack_from("<I", chunk, 48)
    struct.pack_into("<I", chunk, 52, zlib.crc32(chunk[512:free]))
    struct.pack_into("<I", chunk, 124, zlib.crc32(chunk[:120] + chunk[128:512]))
    (tmp_path / "junk.evtx").write_bytes(log[:4096] + chunk)
    store = load(tmp_path / "junk.evtx")
    assert [data_of(store, row)["A"] for row in range(store.events.rows)] == ["sound", "before"]
    assert (store.sources[0].lost, store.sources[0].damage) == (0, ())


@given(st.binary(max_size=100), st.integers(0, 40), st.lists(st.integers(0, 120), max_size=3))
def test_the_next_record_is_found_wherever_it_is(noise: bytes, begin: int, stars: list[int]):
    """Looking at eight bytes at once finds the same place as looking at each."""
    data = bytearray(noise + bytes(80))
    for at in stars:
        data[at : at + 4] = b"**\0\0"[: max(len(data) - at, 0)]
    end = max(len(data) - 64, begin)
    found = bytes(data).find(b"**\0\0", begin, end + 3)
    assert event_walk.next_magic(memoryview(bytes(data) + bytes(64)), begin, end) == (end if found < 0 else found)


def test_a_log_can_be_compressed_or_cut_or_moved(tmp_path: Path):
    """Compression changes nothing; a file that is cut keeps its whole records; chunks behind junk of 512 bytes are found."""
    import gzip

    data = mixed(tmp_path / "whole.evtx").read_bytes()
    whole = content(load(tmp_path / "whole.evtx"))
    (tmp_path / "x.gz").write_bytes(gzip.compress(data))
    assert content(load(tmp_path / "x.gz")) == whole
    (tmp_path / "cut").write_bytes(data[: 4096 + 65536 + 20_000])
    cut = load(tmp_path / "cut")
    assert 0 < cut.events.rows < len(whole)
    assert [row[:1] + row[3:4] for row in content(cut)] == [row[:1] + row[3:4] for row in whole[: cut.events.rows]]
    assert "the file ends inside a chunk" in cut.sources[0].damage[0]
    (tmp_path / "moved").write_bytes(data[:4096] + b"\1" * 512 + data[4096:])
    moved = load(tmp_path / "moved")
    assert moved.events.rows == len(whole)
    assert moved.sources[0].damage == ("damaged at byte 4096: 512 bytes that belong to no chunk",)
    (tmp_path / "headless").write_bytes(data[4096:])
    assert load(tmp_path / "headless").events.rows == len(whole)


def test_records_that_nobody_counts_are_recovered_when_asked_for(tmp_path: Path):
    """A chunk whose header is gone: its records are counted in the notes, and loaded with a flag when asked for."""
    data = bytearray(mixed(tmp_path / "whole.evtx").read_bytes())
    whole = load(tmp_path / "whole.evtx").events.rows
    data[4096 + 65536 : 4096 + 65536 + 8] = bytes(8)
    (tmp_path / "hurt").write_bytes(data)
    left, all_of_it = load(tmp_path / "hurt"), load(tmp_path / "hurt", recovered=True)
    missing = whole - left.events.rows
    assert missing > 0
    assert left.sources[0].recoverable == missing
    assert any(f"{missing} records lie where" in note for note in left.sources[0].notes)
    assert all_of_it.events.rows == whole
    assert int((all_of_it.events.view().flags & 1).sum()) == missing


def test_loading_stops_at_the_budget_and_when_cancelled(tmp_path: Path):
    """Events count against the budget; what was loaded stays, marked as partial."""
    mixed(tmp_path / "log.evtx")
    for copy in range(6):
        shutil.copy(tmp_path / "log.evtx", tmp_path / f"{copy}.evtx")
    store = load(*(tmp_path / f"{copy}.evtx" for copy in range(6)), memory=1 << 18)
    assert 0 < store.events.rows < 6 * 540
    assert not store.sources[-1].complete


def test_what_was_seen_in_a_chunk_is_not_taken_for_another_chunk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Chunks of a shorter block whose definitions lie where others of a longer one lay have their own fields."""
    read_by("plain", monkeypatch)
    monkeypatch.setattr(loading, "DECODERS", 1)
    monkeypatch.setattr(loading, "FIRST_PIECES", 2)
    names = ["A1", "A2", "A3", "A4", "B1"]
    parts = [log_of({name: (1, "x")}, {name: (1, "y")}, first=1 + 2 * k) for k, name in enumerate(names)]
    chunks = [part[4096 : 4096 + (1 << 16)] for part in parts]
    for blocks in ([0, 0, 1], [2, 3, 2], [4], [1, 2, 3, 4]):
        (tmp_path / "log.evtx").write_bytes(parts[0][:4096] + b"".join(chunks[k] for k in blocks))
        store = load(tmp_path / "log.evtx")
        assert [next(iter(data_of(store, row))) for row in range(store.events.rows)] == [names[k] for k in blocks for _ in range(2)]
