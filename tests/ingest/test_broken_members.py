"""A series with a broken member: the others are loaded, file and place are told, and the exit code says that something is missing."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from readers.netmon_files import netmon, pieces

from netsleuth_tui.cli.app import run
from netsleuth_tui.ingest import Loader, Progress
from netsleuth_tui.readers import UnreadableFile
from netsleuth_tui.readers import capture as capture_module
from netsleuth_tui.readers.sources import FileSource
from netsleuth_tui.store import Store

COUNTS = [3, 4, 5, 6]
"""Packets of the files of the series."""


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _garbage(path: Path) -> None:
    path.write_bytes(bytes(range(1, 256)) * 20)


def _zeros(path: Path) -> None:
    path.write_bytes(bytes(4096))


def _text(path: Path) -> None:
    path.write_text("hello")


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-40])


def _cut_in_header(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:30])


def _with_lies(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-4:] = b"\xff" * 4
    path.write_bytes(content)


def _device(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def _vanished(path: Path) -> None:
    path.unlink()
    path.symlink_to(path.with_name("nowhere"))


def _packed(path: Path) -> None:
    path.write_bytes(b"\x1f\x8b\x08\x00" + bytes(60))


WHOLE = [(_empty, "is empty"), (_garbage, "is not a capture"), (_zeros, "begins with zeros only"), (_text, "is not a capture")]
DAMAGED = [(_cut, "byte 24"), (_cut_in_header, "byte 30"), (_with_lies, "byte "), (_packed, "gzip")]


@pytest.fixture
def series(tmp_path: Path) -> Path:
    """A folder with a series of captures."""
    folder = tmp_path / "series"
    folder.mkdir()
    for number, count in enumerate(COUNTS):
        (folder / f"net1_capture_v1({number}).cap").write_bytes(netmon(pieces(count)).content)
    return folder


@pytest.mark.parametrize("how", ["folder", "pattern", "names"])
@pytest.mark.parametrize(("break_it", "words"), [*WHOLE, *DAMAGED], ids=lambda value: getattr(value, "__name__", ""))
def test_the_others_load(series: Path, capsys: pytest.CaptureFixture[str], break_it: Callable[[Path], None], words: str, how: str) -> None:
    """Whatever is wrong with one file, and however the series was named: exit code 3, the file, and what is wrong where."""
    broken = series / "net1_capture_v1(1).cap"
    break_it(broken)
    names = {"folder": [str(series)], "pattern": [str(series / "net1*.cap")], "names": [str(path) for path in sorted(series.iterdir())]}
    assert run(["summary", *names[how], "--format", "json"]) == 3
    out, err = capsys.readouterr()
    packets = {Path(source["name"]).name: source["packets"] for source in json.loads(out)["sources"]}
    assert [packets.get(f"net1_capture_v1({k}).cap") for k in (0, 2, 3)] == [COUNTS[k] for k in (0, 2, 3)]
    told = [line for line in err.splitlines() if str(broken) in line]
    assert any(words in line for line in told), err


@pytest.mark.skipif(os.name == "nt", reason="no pipes with names")
@pytest.mark.parametrize("break_it", [_device, _vanished])
def test_what_is_no_file_any_more(series: Path, capsys: pytest.CaptureFixture[str], break_it: Callable[[Path], None]) -> None:
    """A pipe and a link to nowhere are named when they were asked for, without waiting for anybody."""
    break_it(series / "net1_capture_v1(1).cap")
    assert run(["summary", str(series / "net1*.cap"), "--format", "json"]) == 3
    out, err = capsys.readouterr()
    assert json.loads(out)["packets"] == sum(COUNTS) - COUNTS[1]
    assert "net1_capture_v1(1).cap: " in err


def load(names: list[str], report: Callable[[Progress], None] = lambda _: None) -> tuple[Loader, Progress]:
    """Load files."""
    loader = Loader(Store(), memory=1 << 30, cancel=threading.Event(), report=report)
    return loader, loader.load(names)


def test_a_file_that_may_not_be_read(series: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the right to read one of a folder, the others are loaded, and it is a failure."""
    before = FileSource.__init__

    def refused(self: FileSource, path: str) -> None:
        if "(1)" in path:
            raise UnreadableFile("not permitted to read it", where=path)
        before(self, path)

    monkeypatch.setattr(FileSource, "__init__", refused)
    loader, last = load([str(series)])
    assert [source.packets for source in loader.store.sources] == [COUNTS[k] for k in (0, 2, 3)]
    assert [failure.what for failure in loader.failures] == ["not permitted to read it"]
    assert last.phase == "done"


def test_a_file_that_vanishes_meanwhile(series: Path) -> None:
    """A file that was there when the folder was looked through, and is gone when its turn comes, is a failure like any other."""
    gone = series / "net1_capture_v1(2).cap"
    loader, last = load([str(series)], lambda _: gone.unlink(missing_ok=True))
    assert [source.packets for source in loader.store.sources] == [COUNTS[k] for k in (0, 1, 3)]
    assert [str(failure) for failure in loader.failures] == [f"{gone}: no such file"]
    assert last.phase == "done"


@pytest.mark.parametrize("error", [OSError(5, "Input/output error"), UnreadableFile("cannot be read")])
def test_a_file_that_fails_in_the_middle(series: Path, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    """What was read of it stays, and those behind it are read."""
    before = capture_module.Capture.batches

    def failing(self: capture_module.Capture):
        for batch in before(self):
            yield batch.part(0, 2) if "(1)" in self.name else batch
            if "(1)" in self.name:
                raise error

    monkeypatch.setattr(capture_module.Capture, "batches", failing)
    loader, last = load([str(series)])
    packets = [source.packets for source in loader.store.sources]
    assert [packets[k] for k in (0, 2, 3)] == [COUNTS[k] for k in (0, 2, 3)]
    assert packets[1] == 2
    assert not loader.store.sources[1].complete
    assert len(loader.failures) == 1
    assert last.phase == "done"
