"""Files that are not there as they were when they are to be opened, or read again: part of the input is missing, and that is said."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ingest.test_load import capture

from netsleuth_tui.ingest import load
from netsleuth_tui.session import Session


@pytest.mark.parametrize("way", ["named", "pattern", "folder"])
@pytest.mark.parametrize("what", ["shorter", "replaced", "anew", "gone"])
def test_a_file_that_is_not_there_as_it_was_makes_the_input_incomplete(tmp_path: Path, way: str, what: str) -> None:
    """Whoever wants to have it read again is told which file, also on the exit code; and no longer once it is there again."""
    path, other = tmp_path / "some" / "a.pcap", tmp_path / "b.pcap"
    path.parent.mkdir()
    content = Path(capture(path, 30)).read_bytes()
    session = Session()
    session.load([capture(other, 20), {"named": str(path), "pattern": f"{path.parent}/*.pcap", "folder": str(path.parent)}[way]])
    assert session.is_whole
    if what in {"shorter", "anew"}:
        path.write_bytes(content[:-10] if what == "shorter" else content[:-1] + b"x")
    else:
        path.unlink()
    if what == "replaced":
        path.write_bytes(content + bytes(10))
        path.rename(tmp_path / "c")
        path.write_bytes(content)
    for _ in range(2):
        problem = session.reload().problems[0]
        assert problem.startswith(f"{path}: the file ")
        assert problem.endswith("; what was loaded of it stays")
        assert not session.is_whole
        assert session.store.packets == 50


def test_a_file_that_was_gone_when_it_had_been_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All of it is there; but it cannot be read again, even if there is a file of its name by then."""
    path = Path(capture(tmp_path / "a.pcap", 30))
    content = path.read_bytes()
    opened = load.open_file

    def gone(name: str, **options: object) -> object:
        reader = opened(name, **options)  # type: ignore[arg-type]
        path.unlink()
        return reader

    session = Session()
    with monkeypatch.context() as patched:
        patched.setattr(load, "open_file", gone)
        session.load([str(path)])
    assert session.is_whole
    assert session.store.packets == 30
    assert session.reload().problems == (f"{path}: the file is gone; what was loaded of it stays",)
    assert not session.is_whole
    path.write_bytes(content)
    assert session.reload().problems == (f"{path}: the file was replaced by another one; what was loaded of it stays",)
    assert not session.is_whole


def test_a_file_of_a_folder_that_vanishes_before_it_is_opened_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It was there when the folder was looked through: what it had is not loaded."""
    capture(tmp_path / "a.pcap", 30)
    gone = Path(capture(tmp_path / "b.pcap", 30))
    start = load.start_for_files

    def vanish(*asked: Any, **more: Any) -> None:
        gone.unlink()
        start(*asked, **more)

    monkeypatch.setattr(load, "start_for_files", vanish)
    session = Session()
    assert session.load([str(tmp_path)]).problems == (f"{gone}: no such file",)
    assert not session.is_whole
