"""`netsleuth kernels`: says where machine code is, or why there is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from netsleuth_tui import jit, kernel_cache
from netsleuth_tui.cli import headless
from netsleuth_tui.cli.app import run
from netsleuth_tui.session import Session


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """As if all groups were linked."""
    monkeypatch.setattr(kernel_cache, "directory", lambda: tmp_path)
    monkeypatch.setattr(jit, "start", lambda **_: None)
    monkeypatch.setattr(jit, "is_cached", lambda: True)
    monkeypatch.setattr(jit, "wait", lambda: True)
    monkeypatch.setattr(jit, "is_ready", lambda _: True)


@pytest.mark.usefixtures("compiled")
def test_it_says_where_the_kernels_are(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """On stderr, as all narration."""
    assert run(["kernels"]) == 0
    said = capsys.readouterr()
    assert said.out == ""
    assert f"kernels are compiled, in {tmp_path}" in said.err
    assert "compiling" not in said.err


@pytest.mark.usefixtures("compiled")
def test_a_group_that_is_missing_is_a_failure(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """It says what may be wrong."""
    monkeypatch.setattr(jit, "is_ready", lambda group: group != "events")
    assert run(["kernels"]) == 1
    assert "is Numba installed" in capsys.readouterr().err


def test_without_a_directory_of_ones_own_nothing_is_compiled(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The user learns what to look at."""
    monkeypatch.setattr(kernel_cache, "directory", lambda: None)
    assert run(["kernels"]) == 1
    assert "XDG_CACHE_HOME" in capsys.readouterr().err


@pytest.mark.parametrize(("seconds", "says"), [(9.0, False), (11.0, True)])
def test_long_plain_decoding_is_explained_without_a_terminal(
    seconds: float, says: bool, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What would have been faster is said from ten seconds of processor time on, wherever stderr goes."""
    monkeypatch.setattr(headless, "process_time", lambda: seconds)
    monkeypatch.setattr(jit, "state", lambda: "compiling")
    monkeypatch.setattr(jit, "is_cached", lambda: False)
    headless.ending(Session())
    assert ("netsleuth kernels" in capsys.readouterr().err) == says
