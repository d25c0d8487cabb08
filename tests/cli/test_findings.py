"""`netsleuth findings`: the stories lead, columns that scripts rely on, and what is said where there is nothing."""

from __future__ import annotations

import csv
import io
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from netsleuth_tui.cli import run
from netsleuth_tui.findings import KINDS
from netsleuth_tui.settings import settings_path

SAMPLES = Path(__file__).resolve().parents[2] / "sample_captures"
TRACE = str(SAMPLES / "syn-reset.etl")
LOOP = str(SAMPLES / "router-loop.pcapng.gz")
TRUTH = json.loads((SAMPLES / "ground_truth.json").read_text(encoding="utf-8"))["router-loop.pcapng.gz"]["loop"]


def listed(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[dict[str, Any]]:
    """What the command prints, as JSON."""
    capsys.readouterr()
    assert run(["findings", *arguments, "--format", "json"]) == 0
    found: list[dict[str, Any]] = json.loads(capsys.readouterr().out)
    return found


def test_the_router_loop_leads(capsys: pytest.CaptureFixture[str]) -> None:
    """All copies of the ground truth, both addresses, and the filter that shows them."""
    first, second, *_ = listed(capsys, LOOP)
    assert first["kind"] == "router-loop"
    assert first["count"] == sum(burst["copies"] for burst in TRUTH["bursts"])
    assert all(address in first["summary"] for address in TRUTH["addresses"])
    assert f"{len(TRUTH['bursts'])} bursts" in first["summary"]
    assert second["kind"] == "time-exceeded"
    assert second["count"] == sum(burst["time_exceeded"] for burst in TRUTH["bursts"])


def test_the_tunnel(capsys: pytest.CaptureFixture[str]) -> None:
    """The replay window first, then the losses, of the association with the file copy."""
    found = listed(capsys, str(SAMPLES / "esp-tunnel.pcapng.gz"))
    assert [finding["kind"] for finding in found] == ["esp-replay", "esp-loss"]
    assert all("0xc0ffee10" in finding["summary"] for finding in found)


def test_columns_and_what_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    """CSV has all of them, a table those that people read; kinds without findings are named on stderr."""
    assert run(["findings", TRACE, "--format", "csv"]) == 0
    out, err = capsys.readouterr()
    (row, *_) = csv.DictReader(io.StringIO(out))
    assert list(row) == [
        "severity", "kind", "start", "end", "summary", "count", "count_of", "usual_per_second", "between", "why", "filter", "since",
        "until",
    ]  # fmt: skip
    assert f"looked for {len(KINDS)} kinds, found nothing of" in err
    assert run(["findings", TRACE, "--format", "table"]) == 0
    assert capsys.readouterr().out.split()[:5] == ["severity", "kind", "start", "filter", "summary"]
    assert run(["findings", TRACE, "--format", "csv", "--filter", "icmp"]) == 0
    out, err = capsys.readouterr()
    assert len(out.splitlines()) == 1
    assert all(f"  {kind.slug}: " in err for kind in KINDS)


def test_what_a_filter_at_loading_makes_unknown(capsys: pytest.CaptureFixture[str]) -> None:
    """Kinds that call packets missing are not looked for, and that is said; with a filter of what is loaded they are."""
    unknown = ["missing-fragments", "udp-unanswered", "unasked-answers"]
    assert [kind.slug for kind in KINDS if kind.needs_all] == unknown
    assert run(["findings", TRACE, "--load-filter", "udp"]) == 0
    err = capsys.readouterr().err
    assert f"not looked for, since --load-filter leaves out packets that they would call missing: {', '.join(unknown)}" in err
    assert "  udp-unanswered: " not in err
    assert run(["findings", TRACE, "--filter", "udp"]) == 0
    assert "not looked for" not in capsys.readouterr().err


def test_thresholds_of_the_user(capsys: pytest.CaptureFixture[str]) -> None:
    """config.toml counts; what is wrong in it is said before anything is read."""
    path = settings_path()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("[findings]\ndatagram_drops = 100000\n", encoding="utf-8")
    assert "datagram-dropped" not in {finding["kind"] for finding in listed(capsys, TRACE)}
    path.write_text("[findings]\nloop_packts = 1\n", encoding="utf-8")
    assert run(["findings", TRACE]) == 2
    assert "did you mean loop_packets?" in capsys.readouterr().err


@pytest.mark.parametrize(
    "name", ["seladb+PcapPlusPlus/Tests/ExamplesTest/pcap_examples/ip-frag", "arkime+arkime/tests/pcap/wireshark-retrans"]
)
def test_duplicates_are_those_of_editcap(
    capsys: pytest.CaptureFixture[str], shared: Path, capinfos: str, tmp_path: Path, name: str
) -> None:
    """As many packets as editcap takes for duplicates within a millisecond."""
    path = shared / "corpora" / "captures" / f"{name}.pcap"
    editcap = str(Path(capinfos).with_name("editcap"))
    done = subprocess.run([editcap, "-w", "0.001", str(path), str(tmp_path / "once.pcap")], check=True, capture_output=True, text=True)
    skipped = int(done.stderr.partition(" packets skipped")[0].rpartition(" ")[2])
    assert run(["findings", str(path), "--format", "json"]) == 0
    found = [finding for finding in json.loads(capsys.readouterr().out) if finding["kind"] == "capture-duplicates"]
    assert [finding["count"] for finding in found] == [skipped]
