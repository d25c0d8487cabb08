"""Help of the commands: their examples run, a slip is understood."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from netsleuth_tui.cli.app import COMMANDS, app, run

SAMPLES = Path(__file__).resolve().parents[2] / "sample_captures"
WITHOUT_FILES = ("kernels",)


def _example(command: str) -> str:
    """The line of a command's help that shows how it is used."""
    said = app[command].help or app[command].default_command.__doc__ or ""
    [line] = [line.strip() for line in said.splitlines() if line.strip().startswith("Example: ")]
    return line.removeprefix("Example: ")


@pytest.mark.parametrize("command", [name for name in COMMANDS if name not in WITHOUT_FILES])
def test_the_example_of_a_command_runs_on_the_samples(
    command: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What help shows can be typed where the samples lie, and answers something."""
    for sample in SAMPLES.iterdir():
        (tmp_path / sample.name).symlink_to(sample)
    monkeypatch.chdir(tmp_path)
    program, *words = shlex.split(_example(command))
    assert (program, words[0]) == ("netsleuth", command)
    assert run(words) == 0
    said = capsys.readouterr()
    assert len(said.out.splitlines()) > 1 or (tmp_path / words[-1]).stat().st_size > 1000


@pytest.mark.parametrize("command", [name for name in COMMANDS if name not in WITHOUT_FILES])
def test_help_lists_what_is_common_behind_what_is_not(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A command's own options come first, and no option tells that it is off unless it is said."""
    assert run([command, "--help"]) == 0
    said = capsys.readouterr().out
    assert said.index("─ Arguments") < said.index("─ Loading")
    assert "False" not in said
    if "─ Parameters" in said and "─ What to look at" in said:
        assert said.index("─ Parameters") < said.index("─ What to look at") < said.index("─ Output") < said.index("─ Loading")


def test_a_mistyped_command_is_not_taken_for_a_file(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Unless there is such a file."""
    monkeypatch.chdir(tmp_path)
    assert run(["sumary", "x.pcap"]) == 2
    assert "sumary: no such command, and no such file (did you mean netsleuth summary?)" in capsys.readouterr().err
    Path("sumary").mkdir()
    assert run(["sumary"]) == 1
    assert "terminal" in capsys.readouterr().err


def test_a_file_that_is_not_there_is_said_whatever_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """It is no matter of the terminal, which cannot show a screen here."""
    assert run(["absent.pcap"]) == 1
    assert "absent.pcap: no such file" in capsys.readouterr().err


def test_events_without_an_object_tell_where_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    """4660 has none; a question that all events answer themselves tells nothing."""
    log = str(SAMPLES / "print_server.evtx")
    assert run(["events", log, "--filter", "EventID == 4660", "--by", "ObjectName"]) == 0
    assert "Handle.ObjectName has the object of events that only name a handle of it: 34 of these" in capsys.readouterr().err
    assert run(["events", log, "--filter", "EventID == 4663", "--by", "ObjectName"]) == 0
    assert "Handle.ObjectName" not in capsys.readouterr().err


@pytest.mark.parametrize(
    "words", [["a" * 300], ["a" * 300 + ".pcap"], ["summary", "a" * 300 + ".pcap"], ["extract", "a" * 300, "-o", "x.pcap"]]
)
def test_a_name_that_no_file_can_have_is_no_file(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """It is an error like another one."""
    assert run(words) == 1
    assert "aaa" in capsys.readouterr().err
