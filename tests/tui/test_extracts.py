"""The frames that are looked at, written to a capture from the screen: the same as the command writes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from readers.captures import read

from netsleuth_tui.errors import NetSleuthError
from netsleuth_tui.extraction import extract
from netsleuth_tui.ingest import parse_shift
from netsleuth_tui.scope import Scope
from netsleuth_tui.session import Session
from netsleuth_tui.tui.extracting import FrameExport, frames_in
from netsleuth_tui.tui.messages import ExportEnded

Driven = Callable[..., Any]
SAMPLES = Path(__file__).resolve().parents[2] / "sample_captures"
FRAMES = 150


@pytest.fixture
def paths(tmp_path: Path) -> list[str]:
    """The first frames of two samples, a Network Monitor file among them."""
    whole = SAMPLES / "net1_capture_v1(3).cap"
    first = tmp_path / "loop.pcapng"
    extract([str(SAMPLES / "router-loop.pcapng.gz")], Scope(f"frame.number <= {FRAMES}"), str(first))
    second = tmp_path / "net1.pcap"
    extract([str(whole)], Scope(f"frame.number <= {FRAMES}"), str(second))
    return [str(first), str(second)]


@pytest.fixture
def session() -> Iterator[Session]:
    """Without files; the processes that open packets end with it. The clock of one file is off."""
    made = Session(shifts=[parse_shift("net1.pcap=+1h")])
    yield made
    made.close()


def seen(path: Path) -> list[tuple[bytes, int, int, int]]:
    """Data, wire length, time and link type of frames."""
    return [(frame.data, frame.wire, frame.time, frame.link) for frame in read(path).frames]


async def test_the_scope_is_written_as_the_command_writes_it(
    driven: Driven, session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, paths: list[str]
) -> None:
    """By the name of the file, whichever pane has the focus; the filter holds, and so do clock offsets."""
    monkeypatch.chdir(tmp_path)
    extract(paths, Scope("tcp || icmp"), "command.pcapng", shifts=session.shifts)
    async with driven(session, text="tcp || icmp", paths=paths) as d:
        await d.press("2", "e")
        assert ".pcapng" in d.lines[-1]
        await d.press("ctrl+u")
        await d.type("app.pcapng")
        await d.press("enter")
        assert "app.pcapng" in d.lines[-1]
        assert " frames, " in d.lines[-1]
    assert seen(tmp_path / "app.pcapng") == seen(tmp_path / "command.pcapng")
    assert len(seen(tmp_path / "app.pcapng")) > FRAMES


async def test_an_existing_capture_is_not_replaced_unasked(
    driven: Driven, session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, paths: list[str]
) -> None:
    """Neither another file, without a second Enter, nor one that is open, whatever is pressed."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "there.pcap").write_bytes(b"mine")
    before = Path(paths[0]).read_bytes()  # noqa: ASYNC240
    async with driven(session, paths=paths) as d:
        await d.press("e", "ctrl+u")
        await d.type("there.pcap")
        await d.press("enter")
        assert "exists already" in d.lines[-1]
        await d.press("ctrl+u")
        await d.type("loop.pcapng")
        await d.press("enter", "enter")
        assert "captures that are open" in d.lines[-1]
    assert (tmp_path / "there.pcap").read_bytes() == b"mine"
    assert Path(paths[0]).read_bytes() == before  # noqa: ASYNC240


def test_only_frames_that_can_be_read_again_are_meant(session: Session, tmp_path: Path, paths: list[str]) -> None:
    """A file that has changed is refused; a scope without packets has nothing to write; a stop leaves no file."""
    session.load([*paths, str(SAMPLES / "sites.csv")])
    picked, left_out = frames_in(session, Scope())
    assert {name: len(offsets) for name, offsets in picked.items()} == dict.fromkeys(paths, FRAMES)
    assert left_out == 0
    with pytest.raises(NetSleuthError, match="no frames here"):
        frames_in(session, Scope("frame.len > 60000"))
    posted: list[Any] = []
    export = FrameExport(session, Scope(), str(tmp_path / "none.pcapng"), posted.append, force=False)
    export.cancel()
    export.start()
    assert export.wait(30)
    assert posted[-1] == ExportEnded(None, None)
    assert not (tmp_path / "none.pcapng").exists()
    Path(paths[1]).write_bytes(b"something else")
    with pytest.raises(NetSleuthError, match="has changed since it was loaded"):
        frames_in(session, Scope())
