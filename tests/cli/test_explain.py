"""`netsleuth explain`: the names of its columns, what it says where there is nothing, and its exit codes."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from netsleuth_tui.cli import run

LOOP = str(Path(__file__).resolve().parents[2] / "sample_captures" / "router-loop.pcapng.gz")
BURST = ("--since", "2026-03-10T12:05:00Z", "--until", "2026-03-10T12:05:01Z")


def test_names_of_columns_and_the_story(capsys: pytest.CaptureFixture[str]) -> None:
    """The loop leads, as CSV and as JSON lines; totals are on stderr."""
    assert run(["explain", LOOP, *BURST, "--format", "csv"]) == 0
    said = capsys.readouterr()
    rows = list(csv.DictReader(io.StringIO(said.out)))
    assert list(rows[0]) == [
        "finding", "kind", "value", "packets", "per_second", "others", "others_per_second", "usual_per_second", "lift", "surprise",
        "timeline", "filter",
    ]  # fmt: skip
    assert rows[0]["value"].startswith("ICMP")
    assert "7040 packets in the window, 7040 a second; 93412 in the rest" in said.err
    assert run(["explain", LOOP, *BURST, "--format", "jsonl", "--filter", "icmp.type == 8"]) == 0
    first = json.loads(capsys.readouterr().out.splitlines()[0])
    assert first["packets"] == 6930


def test_times_of_day_are_on_the_day_of_the_capture(capsys: pytest.CaptureFixture[str]) -> None:
    """As if the date were written; where nothing is known of the files yet it has to be."""
    assert run(["explain", LOOP, *BURST, "--format", "csv"]) == 0
    dated = capsys.readouterr().out
    assert run(["explain", LOOP, "--since", "12:05", "--until", "12:05:01", "--format", "csv"]) == 0
    assert capsys.readouterr().out == dated
    assert run(["explain", LOOP, "--since", "12:05", "--until", "12:04", "--format", "csv"]) == 2
    assert "--until is not after --since" in capsys.readouterr().err
    assert run(["explain", LOOP, "--since", "12:65", "--format", "csv"]) == 2
    assert "no time of day" in capsys.readouterr().err
    for command in (["explain", LOOP, *BURST, "--load-since", "12:05"], ["extract", LOOP, "--since", "12:05", "-o", "x.pcap"]):
        assert run(command) == 2
        option = command[-2] if command[0] == "explain" else "--since"
        assert f"write it, as in {option} 2026-03-10T12:05" in capsys.readouterr().err


def test_nothing_stands_out(capsys: pytest.CaptureFixture[str]) -> None:
    """Then there is only the head of the table, and a sentence on stderr."""
    ordinary = ("--since", "2026-03-10T12:07:00Z", "--until", "2026-03-10T12:09:00Z")
    assert run(["explain", LOOP, *ordinary, "--format", "csv"]) == 0
    said = capsys.readouterr()
    assert len(said.out.splitlines()) == 1
    assert "Nothing stands out" in said.err


def test_without_a_window_it_is_a_wrong_use(capsys: pytest.CaptureFixture[str]) -> None:
    """The message says how to name one."""
    assert run(["explain", LOOP]) == 2
    assert "--since" in capsys.readouterr().err
