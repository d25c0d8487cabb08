"""`netsleuth regions`: names of rows that scripts rely on, and numbers that are the sample's ground truth and tshark's."""

from __future__ import annotations

import csv
import io
import json
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from netsleuth_tui.analysis import GROUPINGS, SIDES
from netsleuth_tui.cli import run

SAMPLES = Path(__file__).resolve().parents[2] / "sample_captures"
OFFICES, SITES = str(SAMPLES / "resets-by-office.pcapng.gz"), str(SAMPLES / "sites.csv")
TRUTH = json.loads((SAMPLES / "ground_truth.json").read_text(encoding="utf-8"))["resets-by-office.pcapng.gz"]


def rows(capsys: pytest.CaptureFixture[str], *arguments: str, sites: bool = True) -> list[dict[str, Any]]:
    """What the command prints for the sample."""
    capsys.readouterr()
    assert run(["regions", OFFICES, *(["--sites", SITES] if sites else []), *arguments, "--format", "json"]) == 0
    found: list[dict[str, Any]] = json.loads(capsys.readouterr().out)
    return found


def test_resets_by_the_site_that_sent_them_are_the_ground_truth(capsys: pytest.CaptureFixture[str]) -> None:
    """Packets by the sender's site; resets by sender and by receiver; those at no site in a row of their own."""
    sent = rows(capsys, "--by", "site", "--of", "src")
    abroad = {row["region"]: row["packets"] for row in sent}
    assert abroad == TRUTH["packets_sent"]
    assert {row["region"]: row["packets"] for row in rows(capsys, "--by", "site", "--of", "reset-sender")} == TRUTH["resets_sent"]
    received = {row["region"]: row["resets"] for row in rows(capsys, "--by", "site", "--of", "dst") if row["resets"]}
    assert received == TRUTH["resets_received"]
    both = {row["region"]: row for row in rows(capsys, "--by", "site")}
    assert {name: row["resets_sent"] for name, row in both.items() if row["resets_sent"]} == TRUTH["resets_sent"]
    assert {name: row["resets_received"] for name, row in both.items() if row["resets_received"]} == TRUTH["resets_received"]


def test_the_surge_is_in_the_minutes_of_the_ground_truth(capsys: pytest.CaptureFixture[str]) -> None:
    """One row per minute and site; the office that fails stands out in three minutes, and by its own standards in no other."""
    minutes: dict[str, list[int]] = {name: [0] * 30 for name in TRUTH["resets_sent_by_minute"]}
    for row in rows(capsys, "--by", "site", "--of", "reset-sender", "--every", "1min"):
        assert list(row)[:6] == ["time", "region", "packets", "bytes", "hosts", "resets"]
        minutes[row["region"]][int(row["time"][14:16])] = row["resets"]
    assert minutes == TRUTH["resets_sent_by_minute"]
    hengelo = minutes["Hengelo"]
    assert min(hengelo[12:15]) > 10 * max(hengelo[:12] + hengelo[15:])
    assert hengelo[12] > 2 * max(minutes["Data centre"])


def test_csv_has_the_columns_that_scripts_rely_on(capsys: pytest.CaptureFixture[str]) -> None:
    """Region, packets, bytes, hosts, resets come first, and every row has its filter."""
    assert run(["regions", OFFICES, "--sites", SITES, "--format", "csv"]) == 0
    out, err = capsys.readouterr()
    found = list(csv.DictReader(io.StringIO(out)))
    assert list(found[0])[:5] == ["region", "packets", "bytes", "hosts", "resets"]
    assert found[0]["region"] == "Data centre"
    assert 'site == "Hengelo"' in {row["filter"] for row in found}
    assert "DB-IP" in err
    assert "private and at no site" in err


@pytest.mark.parametrize(("by", "side"), [(by, SIDES[k % len(SIDES)]) for k, by in enumerate(GROUPINGS)])
def test_every_grouping_of_every_side_is_printed(capsys: pytest.CaptureFixture[str], by: str, side: str) -> None:
    """Also as a table for people, which draws resets over time."""
    whole = sum(row["packets"] for row in rows(capsys, "--by", by, "--of", side))
    expected = {"src": TRUTH["packets"], "dst": TRUTH["packets"], "reset-sender": TRUTH["flags"]["tcp.flags.reset"]}
    assert whole == expected[side] if side in expected else whole >= TRUTH["packets"]
    assert run(["regions", OFFICES, "--by", by, "--of", side, "--format", "table"]) == 0
    assert "resets over time" in capsys.readouterr().out


def test_countries_without_any_file(capsys: pytest.CaptureFixture[str], tshark: str) -> None:
    """What goes to each country is what tshark counts for the addresses of the root servers that are there."""
    found = {row["region"]: row["packets"] for row in rows(capsys, "--by", "country", "--of", "dst", sites=False)}
    command = [tshark, "-n", "-r", OFFICES, "-T", "fields", "-e", "ip.dst"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    by_address = Counter(done.stdout.split())
    where = {"193.0.14.129": "Netherlands", "192.36.148.17": "Sweden", "202.12.27.33": "Japan"}
    for address, country in where.items():
        assert found[country] == by_address[address] > 0
    abroad = {address: count for address, count in by_address.items() if not address.startswith("10.") and address not in where}
    assert found["United States"] == sum(abroad.values())
    assert found["Private"] == sum(count for address, count in by_address.items() if address.startswith("10."))


def test_the_time_line_by_site(capsys: pytest.CaptureFixture[str]) -> None:
    """One row per interval and site; a packet between two sites counts for both."""
    assert run(["timeline", OFFICES, "--sites", SITES, "--by", "site.src", "--every", "30min", "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert {row["site.src"] or "no site": row["packets"] for row in found} == TRUTH["packets_sent"]
    assert run(["timeline", OFFICES, "--sites", SITES, "--by", "site", "--every", "30min", "--format", "json"]) == 0
    by_site = {row["site"]: row["packets"] for row in json.loads(capsys.readouterr().out)}
    regions = {row["region"]: row["packets"] for row in rows(capsys, "--by", "site") if row["region"] != "no site"}
    assert {name: count for name, count in by_site.items() if name} == regions
    assert run(["timeline", OFFICES, "--sites", SITES, "--by", "country", "--chart"]) == 0


def test_slips_are_said(capsys: pytest.CaptureFixture[str]) -> None:
    """What is no grouping, no side, no interval."""
    for arguments in (["--by", "planet"], ["--of", "nobody"], ["--every", "soon"]):
        assert run(["regions", OFFICES, *arguments]) == 2
    assert "soon" in capsys.readouterr().err
