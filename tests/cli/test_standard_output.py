"""`-o -`: what would go to a file goes to standard output."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from netsleuth_tui.cli import run
from netsleuth_tui.session import Session

SAMPLES = Path(__file__).resolve().parents[2] / "sample_captures"
LOOP = str(SAMPLES / "router-loop.pcapng.gz")
LOG = str(SAMPLES / "print_server.evtx")


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


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize(
    ("output", "said"), [(">/dev/full", "standard output: cannot write: no space left on device"), (">&-", "standard output is closed")]
)
@pytest.mark.parametrize("words", [["extract", LOOP, "-o", "-"], ["summary", LOG]])
def test_what_it_does_not_take(words: list[str], output: str, said: str, unbuffered: str) -> None:
    """One sentence and the code of a failure, at whatever moment the system says so, and nothing more at exit."""
    command = ["sh", "-c", f'exec "$@" {output}', "sh", sys.executable, "-m", "netsleuth_tui", *words]
    done = subprocess.run(command, stderr=subprocess.PIPE, check=False, env={**os.environ, "PYTHONUNBUFFERED": unbuffered}, timeout=60)
    assert (done.returncode, done.stderr.decode()) == (1, f"netsleuth: {said}\n")


def test_a_file_does_without(tmp_path: Path) -> None:
    """Where the answer goes to a file, standard output may be closed."""
    target = tmp_path / "a.csv"
    command = ["sh", "-c", 'exec "$@" >&-', "sh", sys.executable, "-m", "netsleuth_tui", "summary", LOG, "-o", str(target)]
    assert subprocess.run(command, stderr=subprocess.DEVNULL, check=False, timeout=60).returncode == 0
    assert target.stat().st_size
