"""The frames that are looked at, written to a capture from the screen: the same as the command writes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from readers.captures import read
from tui.screens import FakeSession
from tui.test_mixed import dropped

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


@pytest.fixture
def tunnel(tmp_path: Path) -> str:
    """Packets of several associations, and others."""
    path = tmp_path / "tunnel.pcapng"
    extract([str(SAMPLES / "esp-tunnel.pcapng.gz")], Scope("frame.number <= 400"), str(path))
    return str(path)


async def test_a_capture_from_an_association_has_its_packets_alone(
    driven: Driven, session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tunnel: str
) -> None:
    """The question names it as soon as the name is that of a capture, and the filter holds besides."""
    monkeypatch.chdir(tmp_path)
    async with driven(session, (80, 24), text="frame.number > 100", paths=[tunnel]) as d:
        await d.press("3", "down", "enter")
        one = d.main.pane("association")
        await d.until(lambda: one.one is not None)
        await d.press("e")
        assert d.lines[-2].startswith("Write association 0x")
        await d.press("ctrl+u")
        await d.type("one.pcapng")
        assert d.lines[-2].startswith("Write packets of association 0x")
        assert "Enter: those that the filter keeps;" in d.lines[-1]
        await d.press("enter")
        term = one.opened.found.filter_of(one._key)
    extract([tunnel], Scope(f"frame.number > 100 && {term}"), "command.pcapng")
    assert 0 < len(seen(tmp_path / "one.pcapng")) < 300
    assert seen(tmp_path / "one.pcapng") == seen(tmp_path / "command.pcapng")


async def test_a_capture_from_the_detail_is_that_packet(
    driven: Driven, session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, paths: list[str]
) -> None:
    """Of the file that it is in; the question says which."""
    monkeypatch.chdir(tmp_path)
    async with driven(session, paths=paths) as d:
        await d.press("end", "enter")
        await d.until(lambda: d.main.query_one("#detail")._shown is not None)
        await d.press("e", "ctrl+u")
        await d.type("last.pcap")
        assert d.lines[-2].startswith("Write packet 150 of ")
        await d.press("enter")
    written = seen(tmp_path / "last.pcap")
    assert len(written) == 1
    assert written[0][0] in {frame[0] for path in paths for frame in seen(Path(path))[-1:]}


async def test_events_are_no_frames(driven: Driven, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pane of events neither offers frames nor writes the packets that happen to be looked at."""
    monkeypatch.chdir(tmp_path)
    async with driven(FakeSession(dropped())) as d:
        await d.press("5", "e")
        assert ".csv" in d.lines[-1]
        assert ".pcapng" not in d.lines[-1]
        await d.press("ctrl+u")
        await d.type("events.pcapng")
        await d.press("enter")
        assert "no frames" in d.text
    assert not list(tmp_path.iterdir())  # noqa: ASYNC240
