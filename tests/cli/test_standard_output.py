"""`-o -`: what would go to a file goes to standard output."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

from netsleuth_tui.cli import run
from netsleuth_tui.session import Session

LOOP = str(Path(__file__).resolve().parents[2] / "sample_captures" / "router-loop.pcapng.gz")


class _Bytes:
    """Standard output that keeps its bytes."""

    def __init__(self, *, terminal: bool = False) -> None:
        self.buffer = io.BytesIO()
        self._terminal = terminal

    def isatty(self) -> bool:
        return self._terminal

    def flush(self) -> None:
        pass


def test_rows_go_to_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    """As without -o, however it is spelled."""
    assert run(["timeline", LOOP, "--every", "20min"]) == 0
    usual = capsys.readouterr()
    for words in (["-o", "-"], ["--output=-"]):
        assert run(["timeline", LOOP, "--every", "20min", *words]) == 0
        assert capsys.readouterr() == usual


def test_a_capture_goes_to_standard_output(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As pcapng, with the frames that match."""
    out = _Bytes()
    monkeypatch.setattr(sys, "stdout", out)
    assert run(["extract", LOOP, "--filter", "icmp", "-o", "-"]) == 0
    (tmp_path / "kept").write_bytes(out.buffer.getvalue())
    session = Session()
    session.load([str(tmp_path / "kept")])
    assert (session.store.packets, session.store.sources[0].format, session.is_whole) == (56222, "pcapng", True)
    assert "written to standard output" in capsys.readouterr().err


@pytest.mark.parametrize(("terminal", "words", "message"), [(True, [], "terminal"), (False, ["--split", "1M"], "--split")])
def test_what_cannot_go_there(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], terminal: bool, words: list[str], message: str
) -> None:
    """Binary data are not for terminals, and several files are not one."""
    out = _Bytes(terminal=terminal)
    monkeypatch.setattr(sys, "stdout", out)
    assert run(["extract", LOOP, "-o", "-", *words]) == 2
    assert message in capsys.readouterr().err
    assert not out.buffer.getvalue()
