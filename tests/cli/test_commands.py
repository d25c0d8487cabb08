"""The commands: numbers, formats, exit codes and messages that scripts rely on."""

from __future__ import annotations

import csv
import io
import json
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from netsleuth_tui import __version__
from netsleuth_tui.cli import run
from netsleuth_tui.saved import save_filter

SAMPLES = Path(__file__).resolve().parents[2] / "sample_captures"
LOOP = str(SAMPLES / "router-loop.pcapng.gz")
TRUTH = json.loads((SAMPLES / "ground_truth.json").read_text())
FRAME = (
    bytes(12) + b"\x08\x00\x45" + bytes(7) + b"\x40\x11" + bytes(2) + b"\x0a\x00\x00\x01\x0a\x00\x00\x02" + b"\x00\x35\x00\x36" + bytes(4)
)


@pytest.fixture
def small(tmp_path: Path) -> str:
    """A pcap of three UDP frames, a second apart."""
    records = b"".join(struct.pack("<IIII", 100 + k, 0, len(FRAME), len(FRAME)) + FRAME for k in range(3))
    path = tmp_path / "small.pcap"
    path.write_bytes(struct.pack("<IHHIIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1) + records)
    return str(path)


@pytest.fixture
def damaged(small: str, tmp_path: Path) -> str:
    """The same, and a record that claims 4 GB."""
    path = tmp_path / "damaged.pcap"
    path.write_bytes(Path(small).read_bytes() + struct.pack("<IIII", 103, 0, 0xFFFFFFFF, 60))
    return str(path)


def csv_of(text: str) -> list[dict[str, str]]:
    """CSV rows as dicts."""
    return list(csv.DictReader(io.StringIO(text)))


@pytest.mark.parametrize("name", sorted(TRUTH))
def test_summary_tells_the_ground_truth(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Packets, bytes, span, protocols and flags of every sample are what its script put in."""
    truth = TRUTH[name]
    assert run(["summary", str(SAMPLES / name), "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    if "events" in truth:
        assert (found["events"], found["packets"], found["first"]) == (truth["events"], 0, truth["first"])
        return
    for key in ("packets", "bytes", "first", "last"):
        assert found[key] == truth[key], key
    assert found["events"] == truth.get("trace", {}).get("events", 0)
    assert found["sources"][0]["damage"] == []
    assert found["sources"][0]["captured_bytes"] == truth["captured_bytes"]
    inside = sum(truth["protocols"].values()) - truth["packets"]  # ESP inside UDP is ESP to the summary, and both to the ground truth
    expected = truth["protocols"] | ({"udp": truth["protocols"]["udp"] - inside} if inside else {})
    assert {label.lower(): entry["packets"] for label, entry in found["protocols"].items()} == expected
    labels = {"tcp.flags.syn": "SYN", "tcp.flags.reset": "RST", "tcp.flags.fin": "FIN"}
    assert {field: found["flags"][label]["packets"] for field, label in labels.items()} == truth["flags"]


def test_a_filtered_summary_counts_what_is_selected(capsys: pytest.CaptureFixture[str]) -> None:
    """Hosts as well: those of the loop are the two that are pinged, who pings, and who answers."""
    assert run(["summary", LOOP, "--format", "json", "--filter", "icmp && ip.addr == 10.9.0.12"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["hosts"] == 2
    assert found["sources"][0]["packets"] == TRUTH["router-loop.pcapng.gz"]["packets"]
    assert run(["summary", LOOP, "--format", "csv", "--filter", "arp"]) == 0
    assert "all packets of the file" in capsys.readouterr().out


def test_a_saved_filter_is_named_with_an_at_sign(small: str, capsys: pytest.CaptureFixture[str]) -> None:
    """`--filter @name` means the filter that has the name; an unknown one is the asker's mistake."""
    save_filter("second", "frame.number == 2")
    assert run(["export", small, "--filter", "@second", "--fields", "frame.number", "--format", "csv"]) == 0
    assert capsys.readouterr().out.split() == ["frame.number", "2"]
    assert run(["summary", small, "--filter", "@first"]) == 2
    assert "no filter is named 'first' (there are @second)" in capsys.readouterr().err


def test_timeline_finds_the_peak(capsys: pytest.CaptureFixture[str]) -> None:
    """The busiest second of the router loop, by ICMP alone and by all, in rows that a script can read."""
    truth = TRUTH["router-loop.pcapng.gz"]
    assert run(["timeline", LOOP, "--every", "1s", "--filter", "icmp", "--format", "csv"]) == 0
    rows = csv_of(capsys.readouterr().out)
    assert list(rows[0]) == ["time", "packets", "bytes", "events"]
    assert sum(int(row["packets"]) for row in rows) == truth["protocols"]["icmp"]
    peak = max(rows, key=lambda row: int(row["packets"]))
    assert (peak["time"], int(peak["packets"])) == ("2026-03-10T12:05:00Z", truth["icmp_peak"]["packets"])


def test_timeline_as_a_chart(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Plain text for a ticket: the peaks stand where they are, the filter is named, and nothing is written over."""
    assert run(["timeline", LOOP, "--chart", "--filter", "icmp"]) == 0
    text = capsys.readouterr().out
    assert "packets per second, the busiest second of each 29 s" in text
    assert "peak 7 040 at 2026-03-10T12:05:00Z" in text
    assert "filter: icmp" in text
    assert max(map(len, text.splitlines())) <= 100
    target = tmp_path / "chart.txt"
    command = ["timeline", LOOP, "--chart", "--by", "direction", "--measure", "bits", "--every", "5min", "-o", str(target)]
    assert run(command) == 0
    assert "bits in 5 min by direction" in target.read_text("utf-8")
    assert run(command) == 1


def test_timeline_has_payload_where_it_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    """TCP payload bytes are one more column, behind those that scripts know; nothing else of the row changes."""
    options = ["--every", "1h", "--filter", "tcp", "--format", "csv"]
    for by in ([], ["--by", "direction"], ["--by", "flag"]):
        assert run(["timeline", LOOP, *options, *by]) == 0
        rows = csv_of(capsys.readouterr().out)
        assert run(["timeline", LOOP, *options, *by, "--payload"]) == 0
        more = csv_of(capsys.readouterr().out)
        assert [{name: value for name, value in row.items() if name != "payload"} for row in more] == rows
        assert list(more[0]) == [*rows[0], "payload"]
        assert sum(int(row["payload"]) for row in more) > 0


def test_timeline_by_a_field(capsys: pytest.CaptureFixture[str]) -> None:
    """The value of --by is a column, and its counts add up."""
    assert run(["timeline", LOOP, "--every", "1h", "--by", "protocol", "--format", "jsonl"]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {row["_ws.col.protocol"].lower(): row["packets"] for row in rows} == TRUTH["router-loop.pcapng.gz"]["protocols"]


def test_export_writes_the_fields_that_are_named(small: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Header and cells by tshark's names; --since and --until cut by time."""
    fields = "frame.number,frame.time_epoch,ip.src,udp.dstport,tcp.len"
    assert run(["export", small, "--fields", fields, "--since", "101", "--until", "1970-01-01T00:01:42Z"]) == 0
    assert capsys.readouterr().out == f"{fields}\n2,101.000000000,10.0.0.1,54,\n"


def test_a_file_is_written_whole_and_not_over_another(small: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The suffix chooses the format; an existing file is refused, and replaced with --force."""
    target = tmp_path / "out.jsonl"
    command = ["export", small, "--fields", "frame.number", "-o", str(target)]
    assert run(command) == 0
    assert target.read_text() == '{"frame.number": 1}\n{"frame.number": 2}\n{"frame.number": 3}\n'
    assert "3 rows" in capsys.readouterr().err
    target.write_text("mine")
    assert run(command) == 1
    assert target.read_text() == "mine"
    assert "--force" in capsys.readouterr().err
    assert run([*command, "--force"]) == 0
    assert target.read_text().startswith("{")
    assert list(tmp_path.glob("*.part")) == []


@pytest.mark.parametrize("command", ["export", "summary", "timeline"])
def test_an_unknown_suffix_is_no_csv(small: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str) -> None:
    """The names that are known are told before anything is read; --format overrules the name."""
    target = tmp_path / "out.parquet"
    assert run([command, small, "-o", str(target)]) == 2
    assert ".csv, .json, .jsonl, .ndjson, .txt" in capsys.readouterr().err
    assert not target.exists()
    assert run([command, small, "-o", str(target), "--format", "csv"]) == 0
    assert target.exists()


def test_damage_is_said_and_exits_3(damaged: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Everything before the damage is counted; its place and reason are on stderr and in the JSON."""
    assert run(["summary", damaged, "--format", "json"]) == 3
    out, err = capsys.readouterr()
    offset = 24 + 3 * (16 + len(FRAME))
    assert f"damaged at byte {offset}: " in err
    found = json.loads(out)
    assert found["packets"] == 3
    assert f"damaged at byte {offset}: " in found["sources"][0]["damage"][0]


def test_a_dash_is_standard_input(small: str) -> None:
    """For every command, as the help says."""
    for command in (["summary", "-", "--format", "json"], ["timeline", "--every", "1s", "-"], ["export", "-"]):
        with open(small, "rb") as piped:  # noqa: PTH123
            done = subprocess.run(
                [sys.executable, "-m", "netsleuth_tui", *command], stdin=piped, capture_output=True, text=True, check=False
            )
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.count("\n") >= 4


def test_an_open_capture_is_not_written_over(small: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Not even with --force."""
    before = Path(small).read_bytes()
    for command in (["export", small, "--format", "csv"], ["summary", small, "--format", "json"]):
        assert run([*command, "-o", small, "--force"]) == 1
        assert "captures that are open" in capsys.readouterr().err
    assert Path(small).read_bytes() == before


def test_a_folder_may_hold_other_files(small: str, capsys: pytest.CaptureFixture[str]) -> None:
    """What is no capture is skipped with a remark, and nothing is missing."""
    (Path(small).parent / "README.txt").write_text("what these captures are about")
    assert run(["summary", str(Path(small).parent), "--format", "json"]) == 0
    out, err = capsys.readouterr()
    assert json.loads(out)["packets"] == 3
    assert "skipped" in err


@pytest.mark.parametrize("window", [["--until", "9999-01-01"], ["--since", "0001-01-01"], ["--since", "1700-01-01"]])
def test_windows_may_be_wider_than_time(window: list[str], small: str, capsys: pytest.CaptureFixture[str]) -> None:
    """An end far away is an open end."""
    assert run(["timeline", small, "--every", "3650d", "--format", "csv", *window]) == 0
    assert sum(int(row["packets"]) for row in csv_of(capsys.readouterr().out)) == 3


def test_the_budget_is_kept_and_said(capsys: pytest.CaptureFixture[str]) -> None:
    """Loading stops at --memory; what was loaded is answered, and the exit code says that it is not all."""
    assert run(["summary", LOOP, "--format", "json", "--memory", "2MiB"]) == 3
    out, err = capsys.readouterr()
    assert "memory budget" in err
    assert 0 < json.loads(out)["packets"] < 21_000


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["summary", "/nowhere.pcap"], 1, "nowhere.pcap"),
        (["summary", "EMPTY"], 1, "no file in it"),
        (["summary", "SMALL", "--filter", "tcp.flag == 1"], 2, "did you mean"),
        (["summary", "SMALL", "--since", "soon"], 2, "ISO 8601"),
        (["summary", "SMALL", "--since", "5", "--until", "4"], 2, "--until"),
        (["export", "SMALL", "--fields", "ip.scr"], 2, "ip.src"),
        (["export", "SMALL", "--fields", ","], 2, "--fields"),
        (["timeline", "SMALL", "--every", "1x"], 2, "10ms"),
        (["summary", "SMALL", "--format", "xml"], 2, "xml"),
        (["summary", "SMALL", "--wat"], 2, "--wat"),
        (["summary"], 2, "FILES"),
        ([], 2, "--demo"),
    ],
)
def test_errors_say_what_and_what_to_do(
    arguments: list[str], code: int, message: str, small: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line on stderr, nothing on stdout, no traceback."""
    (tmp_path / "empty").mkdir()
    places = {"SMALL": small, "EMPTY": str(tmp_path / "empty")}
    assert run([places.get(word, word) for word in arguments]) == code
    out, err = capsys.readouterr()
    assert message in err
    assert out == ""
    assert "Traceback" not in err


def test_hostile_names_do_not_reach_the_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file name may hold escape sequences; they are shown, not sent."""
    bad = tmp_path / "x\x1b]52;c;aGk=\x07.pcap"
    bad.write_bytes(b"nothing that is a capture")
    assert run(["summary", str(bad)]) == 1
    assert "\x1b" not in capsys.readouterr().err


def test_version_is_answered(capsys: pytest.CaptureFixture[str]) -> None:
    """Also through the full parser, beside other words."""
    assert run(["--version"]) == 0
    assert __version__ in capsys.readouterr().out
