"""`netsleuth conversations`: names of rows that scripts rely on, and sums that agree with the samples' ground truth."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from netsleuth_tui.cli import run

SAMPLES = Path(__file__).resolve().parents[2] / "sample_captures"
LOOP = str(SAMPLES / "router-loop.pcapng.gz")
TRUTH = json.loads((SAMPLES / "ground_truth.json").read_text())["router-loop.pcapng.gz"]
NAMES = ["a", "b", "packets", "bytes", "packets_ab", "bytes_ab", "packets_ba", "bytes_ba", "start", "duration", "payload_ab", "payload_ba"]


def rows_of(text: str) -> list[dict[str, str]]:
    """CSV rows as dicts."""
    return list(csv.DictReader(io.StringIO(text)))


def test_pairs_hold_all_packets_with_addresses(capsys: pytest.CaptureFixture[str]) -> None:
    """Those of the loop are ICMP one way; ARP is in no conversation, and that is said."""
    assert run(["conversations", LOOP, "--format", "csv"]) == 0
    out, err = capsys.readouterr()
    rows = rows_of(out)
    assert list(rows[0])[: len(NAMES)] == NAMES
    assert sum(int(row["packets"]) for row in rows) == TRUTH["packets"] - TRUTH["protocols"]["arp"]
    assert f"{TRUTH['protocols']['arp']} packets are in no conversation" in err
    assert [int(row["bytes"]) for row in rows] == sorted((int(row["bytes"]) for row in rows), reverse=True)
    loop = next(row for row in rows if row["b"] == "10.9.0.12")
    assert (loop["packets_ba"], loop["start"]) == ("0", "2026-03-10T12:05:00.010113000Z")


def test_ports_split_pairs(capsys: pytest.CaptureFixture[str]) -> None:
    """With port columns and protocol; ICMP has no ports."""
    assert run(["conversations", LOOP, "--by", "ports", "--filter", "icmp || tcp.port == 445", "--format", "jsonl"]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {row["protocol"] for row in rows} == {"ICMP", "TCP"}
    for row in rows:
        assert (row["port_a"] is None) == (row["protocol"] == "ICMP")
        assert (row["flags_ab"] is None) == (row["protocol"] == "ICMP")


def test_payload_per_second_between_two_hosts(capsys: pytest.CaptureFixture[str]) -> None:
    """Story 7: TCP payload bytes per second for a pair of hosts, as CSV; the sums are those of the whole."""
    pair = ["--filter", "ip.addr == 10.1.8.36 && ip.addr == 10.20.1.10", "--format", "csv"]
    assert run(["conversations", LOOP, "--every", "1s", *pair]) == 0
    rows = rows_of(capsys.readouterr().out)
    assert list(rows[0]) == ["time", "a", "b", "packets_ab", "bytes_ab", "packets_ba", "bytes_ba", "payload_ab", "payload_ba"]
    assert run(["conversations", LOOP, *pair]) == 0
    whole = rows_of(capsys.readouterr().out)[0]
    for name in ("packets_ab", "bytes_ba", "payload_ab", "payload_ba"):
        assert sum(int(row[name]) for row in rows) == int(whole[name])
    assert {(row["a"], row["b"]) for row in rows} == {("10.1.8.36", "10.20.1.10")}


@pytest.mark.parametrize(("arguments", "message"), [(["--every", "soon"], "10ms"), (["--by", "host"], "address")])
def test_what_is_not_understood_is_said(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    """One line on stderr, nothing on stdout."""
    assert run(["conversations", LOOP, *arguments]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert message in err
