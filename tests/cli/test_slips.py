"""What the commands say to names that are slips, and to habits from other programs."""

from __future__ import annotations

import difflib
from collections.abc import Collection
from pathlib import Path
from typing import Any

import pytest

from netsleuth_tui.cli import run
from netsleuth_tui.query import hints
from netsleuth_tui.query.hints import no_event_field

SAMPLES = Path(__file__).resolve().parents[2] / "sample_captures"
TRACE = str(SAMPLES / "syn-reset.etl")
LOG = str(SAMPLES / "print_server.evtx")


@pytest.fixture
def table(tmp_path: Path) -> str:
    """Two packets, and no events at all."""
    path = tmp_path / "t.csv"
    path.write_text("time,ip.src,ip.dst,ip.proto\n1.5,10.0.0.1,10.0.0.2,6\n2.5,10.0.0.1,10.0.0.2,1\n")
    return str(path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("TCP", "no event has a field TCP; did you mean tcp?"),
        ("ICMP and not UDP", "no event has a field UDP; did you mean udp?"),
        ("RST", "no event has a field RST; did you mean tcp.flags.reset == 1?"),
        ("HTTP", "did you mean tcp.port in {80, 8080}?"),
        ("Eventid == 3", "no event has a field Eventid; did you mean EventID?"),
    ],
)
def test_capitals_are_explained(table: str, text: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    """They are names of event data, of which there are none here; the filter is valid all the same."""
    assert run(["summary", table, "--filter", text]) == 0
    assert said in capsys.readouterr().err


def test_a_field_that_events_have_is_no_slip(capsys: pytest.CaptureFixture[str]) -> None:
    """And what is near to none is told without a guess."""
    assert run(["summary", LOG, "--filter", "SubjectUserName == x or Qwertz == 1 or SubjectUserNam == x"]) == 0
    err = capsys.readouterr().err
    assert "field SubjectUserName;" not in err
    assert "no event has a field Qwertz\n" in err
    assert "no event has a field SubjectUserNam; did you mean SubjectUserName?" in err


def test_the_nearest_name_is_meant() -> None:
    """The same in another case before all others, wherever it is from; else the most alike; and none that is far."""
    for word, have, guess in (
        ("NewProcessID", ["NewProcessId", "ProcessId"], "NewProcessId"),
        ("PROCESSID", ["NewProcessId"], "ProcessID"),
        ("NewProcesID", ["NewProcessId"], "NewProcessId"),
        ("EventIDs", ["EventsX"], "EventID"),
        ("TCP", ["Tcp"], "Tcp"),
    ):
        assert no_event_field(word, have) == f"no event has a field {word}; did you mean {guess}?"
    assert no_event_field("Qwertz", ["ObjectName"]) == "no event has a field Qwertz"


def test_few_names_of_a_hostile_log_are_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of thousands of long ones, all alike, at each key: at most so many, and none with a name that is too long."""
    compared: list[int] = []
    close = difflib.get_close_matches

    def counted(word: str, names: Collection[str], *more: Any) -> list[str]:
        compared.append(len(names))
        return close(word, names, *more)

    monkeypatch.setattr(difflib, "get_close_matches", counted)
    have = [f"{'Name' * 50}{k:04}" for k in range(5000)] + [f"{'Name' * 12}{k:04}" for k in range(5000)]
    no_event_field("Name" * 50, have)
    assert compared == []
    assert no_event_field("Name" * 12 + "4711", have).endswith("4711?")
    no_event_field("mNae" * 12 + "x", have)
    assert compared
    assert max(compared) <= hints._MOST


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("icmp || SubjectUserName", ""),
        ("!SubjectUserName", ""),
        ("SubjectUserName", "frames have no field SubjectUserName, which is event data"),
        ("icmp && (SubjectUserName == x || AccessMask & 2)", "frames have no field AccessMask, which is event data"),
        ("icmp || TCP", "frames have no field TCP; did you mean tcp?"),
        ("RST", "frames have no field RST; did you mean tcp.flags.reset == 1?"),
    ],
)
def test_frames_have_no_event_data(text: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Which is said where no frame can match for it, and of what was probably meant; logs were not even looked at."""
    assert run(["extract", str(SAMPLES / "syn-reset.etl"), "--filter", text, "-o", str(tmp_path / "a.pcapng")]) == 0
    err = capsys.readouterr().err
    assert said in err
    assert bool(said) == ("field" in err)
    assert "no event has" not in err


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("ObjectName==*.dll", "matches"),
        ("ObjectName==*.dll", "ext(ObjectName)"),
        ("ip.src==10.0.0.1 -> 10.0.0.2", "ip.dst == b"),
        ("/icmp", "leave it out"),
    ],
)
def test_habits_are_explained(table: str, text: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    """With what to write instead."""
    assert run(["summary", table, "--filter", text]) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said", "unsaid"),
    [
        (["events", LOG, "--by", "folder(ObjectName)"], "folder(ObjectName,2)", "EventID"),
        (["events", LOG, "--by", "foo"], "events have no field 'foo'", "EventID"),
        (["events", LOG, "--by", "minute"], "events have no field 'minute'", "did you mean"),
        (["events", LOG, "--fields", "a"], "events have no field 'a'", "did you mean"),
        (["events", LOG, "--by", "eventid"], "did you mean EventID?", "EventData"),
        (["events", LOG, "--by", "ip.src"], "it is a field of packets", "did you mean"),
        (["timeline", TRACE, "--by", "foo"], "there is no field 'foo'", "frame.number"),
        (["export", TRACE, "--fields", "foo"], "there is no field 'foo'", "frame.number"),
        (["export", TRACE, "--fields", "ip.scr"], "did you mean ip.src?", "docs"),
        (["export", TRACE, "--columns", "time=When,ip.scr=Client"], "did you mean ip.src?", "srcport"),
    ],
)
def test_only_what_is_near_is_suggested(words: list[str], said: str, unsaid: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A guess that is far from what was typed leads astray."""
    assert run(words) == 2
    err = capsys.readouterr().err
    assert said in err
    assert unsaid not in err


def test_groups_by_a_slip_say_so(capsys: pytest.CaptureFixture[str]) -> None:
    """A name of event data that no event has may be that of a field of all."""
    assert run(["events", LOG, "--by", "Eventid"]) == 0
    assert "did you mean EventID?" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["-r", LOG, "-Y", "tcp"], "netsleuth FILE... --filter tcp"),
        ([LOG, "-Y", "tcp"], "it is --filter"),
        (["--verison"], "did you mean --version?"),
        (["kernels", "foo"], "kernels takes nothing of this kind: foo"),
        (["timeline", LOG, "--every", "-1s"], "-1s is below 0"),
        (["timeline", LOG, "--every", "0s"], "longer than nothing"),
    ],
)
def test_habits_of_other_programs(words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Answered with what to write here."""
    assert run(words) == 2
    assert said in capsys.readouterr().err


def test_help_is_a_command_too(capsys: pytest.CaptureFixture[str]) -> None:
    """The same as --help, also of one command."""
    assert run(["--help"]) == 0
    usual = capsys.readouterr().out
    assert run(["help"]) == 0
    assert capsys.readouterr().out == usual
    assert run(["help", "summary"]) == 0
    assert "Sources, time span" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["events", LOG, "--filter", "tcp"], "nothing matches the filter"),
        (["summary", LOG, "--since", "2031-01-01"], "nothing matches the time window"),
        (["export", LOG, "--filter", "EventID == 1", "--since", "2031-01-01"], "nothing matches the filter and the time window"),
        (["summary", LOG, "--filter", "EventID == 4663"], ""),
    ],
)
def test_nothing_is_said_to_match(words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A header alone may be taken for a failure."""
    assert run(words) == 0
    err = capsys.readouterr().err
    assert said in err
    assert bool(said) == ("matches" in err)


def test_a_log_has_no_flags(capsys: pytest.CaptureFixture[str]) -> None:
    """Neither hosts nor TCP flags can be where there are no packets at all."""
    assert run(["summary", LOG]) == 0
    out = capsys.readouterr().out
    assert "flag," not in out
    assert "hosts" not in out
    assert run(["summary", TRACE]) == 0
    assert "flag,RST" in capsys.readouterr().out


def test_files_that_are_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An empty name, a program, a tar archive in gzip, and what is not known."""
    (tmp_path / "a.tgz").write_bytes(b"name" + bytes(253) + b"ustar\x0000" + bytes(3000))
    (tmp_path / "program").write_bytes(b"\x7fELF" + bytes(100))
    (tmp_path / "other").write_bytes(bytes(range(1, 228)))
    for name, said in (
        ("", "name of a file is empty"),
        ("a.tgz", "unpack it first"),
        ("program", "is not read\n"),
        ("other", "evtx, etl and CSV are read"),
    ):
        assert run(["summary", str(tmp_path / name) if name else ""]) == 1
        assert said in capsys.readouterr().err
