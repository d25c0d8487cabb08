"""--geoip and --sites: every command takes them, and what is wrong with a file is said before anything is read."""

from __future__ import annotations

from pathlib import Path

import pytest
from mmdb_files import database

from netsleuth_tui.cli import run

SAMPLE = str(Path(__file__).resolve().parents[2] / "sample_captures" / "net1_capture_v1(0).cap")

COMMANDS = {
    "summary": [],
    "timeline": ["--every", "1s"],
    "export": [],
    "conversations": [],
    "esp": [],
    "regions": [],
}


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_takes_places(command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Several of each; what is odd about them goes to stderr."""
    first, second, data = tmp_path / "a.csv", tmp_path / "b.csv", tmp_path / "x.mmdb"
    first.write_text("10.0.0.0/8,Hengelo\n")
    second.write_text("10.1.0.5/16,Paris\n")
    data.write_bytes(database([(0, 1, "NL")], version=4))
    places = ["--sites", str(first), "--sites", str(second), "--geoip", str(data), "--geoip", "bundled"]
    assert run([command, SAMPLE, *COMMANDS[command], *places]) == 0
    assert "b.csv, line 1: 10.1.0.5/16 is taken as 10.1.0.0/16" in capsys.readouterr().err


@pytest.mark.parametrize("command", [*COMMANDS, "browse"])
@pytest.mark.parametrize("option", ["--geoip", "--sites"])
def test_a_file_that_fails_ends_every_command(command: str, option: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Before the capture is opened, and, in the app, before there is a screen; hostile names and lines do no harm."""
    path = tmp_path / "bad\x1b[31m.csv"
    path.write_text("10.0.0.0/99,\x1b]0;x\x07\n")
    words = [] if command == "browse" else [command]
    assert run([*words, "absent.pcap", *COMMANDS.get(command, []), option, str(path)]) == 1
    said = capsys.readouterr()
    assert "line 1" in said.err
    assert "absent" not in said.err
    assert "\x1b" not in said.err
    assert not said.out


def test_whose_data_placed_addresses_is_said_where_any_did(capsys: pytest.CaptureFixture[str]) -> None:
    """By a filter or by the command; and not otherwise."""
    assert run(["summary", SAMPLE, "--filter", 'geo.country == "NL"']) == 0
    assert capsys.readouterr().err.count("Places: DB-IP Lite Country") == 1
    assert run(["regions", SAMPLE]) == 0
    assert capsys.readouterr().err.count("Places: DB-IP Lite Country") == 1
    assert run(["summary", SAMPLE]) == 0
    assert "DB-IP" not in capsys.readouterr().err
