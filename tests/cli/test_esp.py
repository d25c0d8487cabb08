"""`netsleuth esp`: names of rows that scripts rely on, and numbers that are the sample's ground truth to the packet."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from netsleuth_tui.cli import run

SAMPLES = Path(__file__).resolve().parents[2] / "sample_captures"
TUNNEL = str(SAMPLES / "esp-tunnel.pcapng.gz")
TRUTH = json.loads((SAMPLES / "ground_truth.json").read_text())["esp-tunnel.pcapng.gz"]["associations"]
NAMES = ("packets", "bytes", "expected", "lost", "late", "duplicates", "max_depth")


def test_json_is_the_ground_truth(capsys: pytest.CaptureFixture[str]) -> None:
    """Every association, the file copy first; drops are an object, window to count."""
    assert run(["esp", TUNNEL, "--format", "json"]) == 0
    out, err = capsys.readouterr()
    rows = {row["spi"]: row for row in json.loads(out)}
    assert next(iter(rows)) == "0xc0ffee10"
    assert set(rows) == {one["spi"] for one in TRUTH}
    for one in TRUTH:
        assert {name: rows[one["spi"]][name] for name in (*NAMES, "replay_drops")} == {name: one[name] for name in (*NAMES, "replay_drops")}
    assert (rows["0x11aa0001"]["rekeyed_to"], rows["0x11aa0002"]["rekeyed_from"]) == ("0x11aa0002", "0x11aa0001")
    assert rows["0xc0ffee10"]["opposite"] == "0x5a17b0a5"
    assert "2 packets to UDP port 4500 are key exchange" in err


def test_csv_has_plain_names(capsys: pytest.CaptureFixture[str]) -> None:
    """Drops are a column for each window, or for the one that is asked for."""
    assert run(["esp", TUNNEL, "--format", "csv"]) == 0
    row = next(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert {"src", "dst", "spi", *NAMES} <= set(row)
    assert row["replay_drops_64"] == str(TRUTH[0]["replay_drops"]["64"])
    assert run(["esp", TUNNEL, "--spi", "0xc0ffee10", "--window", "256", "--format", "csv"]) == 0
    (row,) = csv.DictReader(io.StringIO(capsys.readouterr().out))
    assert [name for name in row if name.startswith("replay")] == ["replay_drops_256"]
    assert row["replay_drops_256"] == str(TRUTH[0]["replay_drops"]["256"])


def test_seconds_add_up(capsys: pytest.CaptureFixture[str]) -> None:
    """One row per second; reordering is in the first eight, losses in the last ten, and the sums are those of the whole."""
    assert run(["esp", TUNNEL, "--spi", "0xc0ffee10", "--every", "1s", "--format", "jsonl"]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert len(rows) == 21
    for name in ("packets", "bytes", "lost", "late"):
        assert sum(row[name] for row in rows) == TRUTH[0][name]
    assert sum(row["replay_drops"]["64"] for row in rows) == TRUTH[0]["replay_drops"]["64"]
    assert all(row["late"] for row in rows[:7])
    assert not any(row["late"] for row in rows[9:])
    assert not any(row["lost"] for row in rows[:11])
    assert (rows[0]["sequence_min"], rows[-1]["sequence_max"]) == (1, TRUTH[0]["expected"])


@pytest.mark.parametrize(
    ("arguments", "message"), [(["--spi", "tunnel"], "not an SPI"), (["--window", "0"], "not possible"), (["--every", "x"], "interval")]
)
def test_what_is_not_understood_is_said(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    """One line on stderr, nothing on stdout."""
    assert run(["esp", TUNNEL, *arguments]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert message in err


def test_nothing_of_esp_is_no_failure(capsys: pytest.CaptureFixture[str]) -> None:
    """A capture without ESP gives only the header."""
    assert run(["esp", str(SAMPLES / "net1_capture_v1(0).cap"), "--format", "csv"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 1
    assert run(["esp", str(SAMPLES / "net1_capture_v1(0).cap"), "--every", "1s", "--format", "csv"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 1
