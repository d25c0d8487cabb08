"""`netsleuth events`, and events in summary, timeline and export: the print server's story, counted as its ground truth has it."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from pathlib import Path

import pytest

from netsleuth_tui.analysis import parse_time
from netsleuth_tui.cli import run

SAMPLES = Path(__file__).resolve().parents[2] / "sample_captures"
LOG = str(SAMPLES / "print_server.evtx")
CAPTURE = str(SAMPLES / "net1_capture_v1(0).cap")
TRUTH = json.loads((SAMPLES / "ground_truth.json").read_text())["print_server.evtx"]
CAPTURE_TRUTH = json.loads((SAMPLES / "ground_truth.json").read_text())["net1_capture_v1(0).cap"]


def rows_of(capsys: pytest.CaptureFixture[str], *command: str) -> list[dict[str, str]]:
    assert run([*command, "--format", "csv"]) == 0
    return list(csv.DictReader(io.StringIO(capsys.readouterr().out)))


def test_ids_have_titles_and_shares(capsys):
    """One row per id, the most frequent first, that together are all events."""
    rows = rows_of(capsys, "events", LOG)
    assert list(rows[0]) == ["EventID", "Provider", "Channel", "Level", "title", "count", "share", "first", "last"]
    assert {row["EventID"]: int(row["count"]) for row in rows} == TRUTH["event_ids"]
    assert [int(row["count"]) for row in rows] == sorted((int(row["count"]) for row in rows), reverse=True)
    assert sum(float(row["share"]) for row in rows) == pytest.approx(1, abs=1e-4)
    assert all(row["title"] for row in rows)


def test_groups_are_those_of_the_ground_truth(capsys):
    """Ninety per cent are one program on dll and log files; names of columns are those that scripts rely on."""
    rows = rows_of(capsys, "events", LOG, "--by", "ProcessName,ext(ObjectName)", "--filter", "EventID == 4663")
    assert list(rows[0]) == ["ProcessName", "ext(ObjectName)", "count", "first", "last"]
    assert [[row["ProcessName"], row["ext(ObjectName)"], int(row["count"])] for row in rows] == TRUTH["4663_by_program_and_extension"]
    by_program = rows_of(capsys, "events", LOG, "--by", "ProcessName", "--filter", "ProcessName")
    assert {row["ProcessName"]: int(row["count"]) for row in by_program} == TRUTH["programs"]


def test_a_cross_table_adds_up(capsys):
    """A column per value of the last field, and a total that is their sum."""
    rows = rows_of(capsys, "events", LOG, "--by", "ProcessName,EventID", "--pivot")
    names = list(rows[0])
    assert (names[0], names[-1]) == ("ProcessName", "total")
    assert set(names[1:-1]) == set(TRUTH["event_ids"])
    for row in rows:
        assert sum(int(row[name]) for name in names[1:-1]) == int(row["total"])
    assert sum(int(row["4663"]) for row in rows) == TRUTH["event_ids"]["4663"]


def test_a_delete_shows_what_was_deleted(capsys):
    """4660 has no ObjectName; the handle that it uses has one."""
    rows = rows_of(capsys, "events", LOG, "--fields", "EventID,ObjectName,Handle.ObjectName", "--filter", "EventID == 4660")
    assert all(row["ObjectName"] == "" for row in rows)
    assert sorted(row["Handle.ObjectName"] for row in rows) == sorted(TRUTH["deleted"])


def test_codes_become_names_where_that_is_asked_for(capsys):
    """Access masks as rights, the codes left as they are without --names; sorted as asked for."""
    fields = ["--fields", "AccessMask,ObjectName", "--filter", "EventID == 4663"]
    raw = rows_of(capsys, "events", LOG, *fields, "--sort", "AccessMask", "--descending")
    assert Counter(row["AccessMask"] for row in raw) == TRUTH["4663_by_access"]
    assert [int(row["AccessMask"], 16) for row in raw] == sorted((int(row["AccessMask"], 16) for row in raw), reverse=True)
    named = rows_of(capsys, "events", LOG, *fields, "--names")
    assert Counter(row["AccessMask"] for row in named)["DELETE"] == TRUTH["4663_by_access"]["0x10000"]


def test_groups_and_cross_tables_have_names_where_that_is_asked_for(capsys):
    """Rights instead of access masks, as lines and as columns, with the counts that the masks have."""
    asked = ["events", LOG, "--filter", "EventID == 4663", "--names"]
    rows = rows_of(capsys, *asked, "--by", "AccessMask")
    counts = {row["AccessMask"]: int(row["count"]) for row in rows}
    assert counts["DELETE"] == TRUTH["4663_by_access"]["0x10000"]
    assert sorted(counts.values()) == sorted(TRUTH["4663_by_access"].values())
    crossed = rows_of(capsys, *asked, "--by", "SubjectUserName,AccessMask", "--pivot")
    assert sum(int(row["DELETE"]) for row in crossed) == counts["DELETE"]
    assert "0x10000" not in crossed[0]


def test_fields_of_the_event_data(capsys):
    """How often each is there, how many values it has, and the most frequent ones."""
    rows = {row["field"]: row for row in rows_of(capsys, "events", LOG, "--data", "--filter", "EventID == 4663")}
    mask = rows["AccessMask"]
    assert (int(mask["events"]), float(mask["share"]), int(mask["distinct"])) == (TRUTH["event_ids"]["4663"], 1.0, 3)
    assert (mask["value_1"], int(mask["count_1"])) == ("0x1", TRUTH["4663_by_access"]["0x1"])


def test_the_summary_counts_events(capsys):
    """Beside packets; first and last are of both, and each id has its filter."""
    assert run(["summary", LOG, CAPTURE, "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["events"], found["packets"]) == (TRUTH["events"], CAPTURE_TRUTH["packets"])
    assert {str(line["EventID"]): line["events"] for line in found["event_ids"]} == TRUTH["event_ids"]
    assert found["first"] <= TRUTH["first"]
    assert found["last"] >= TRUTH["last"] // 1000 * 1000
    rows = rows_of(capsys, "summary", LOG)
    assert next(row["events"] for row in rows if row["section"] == "total") == str(TRUTH["events"])
    assert next(row["events"] for row in rows if row["section"] == "source") == str(TRUTH["events"])


def test_the_time_line_counts_events(capsys):
    """A column of its own; by id a row for each id of an interval, packets none."""
    rows = rows_of(capsys, "timeline", LOG, "--every", "1min")
    assert list(rows[0]) == ["time", "packets", "bytes", "events"]
    assert sum(int(row["events"]) for row in rows) == TRUTH["events"]
    by_id = rows_of(capsys, "timeline", LOG, "--every", "1min", "--by", "EventID")
    assert list(by_id[0]) == ["time", "EventID", "packets", "bytes", "events"]
    counts = Counter()
    for row in by_id:
        counts[row["EventID"]] += int(row["events"])
    assert counts == TRUTH["event_ids"]


def test_packets_and_events_share_a_time_line(capsys):
    """Both columns are filled, and each adds up to what there is."""
    rows = rows_of(capsys, "timeline", LOG, CAPTURE, "--every", "1h")
    assert sum(int(row["events"]) for row in rows) == TRUTH["events"]
    assert sum(int(row["packets"]) for row in rows) == CAPTURE_TRUTH["packets"]


def test_export_writes_one_row_an_event(capsys):
    """With the system fields and all event data as columns."""
    rows = rows_of(capsys, "export", LOG)
    assert len(rows) == TRUTH["events"]
    assert Counter(row["EventID"] for row in rows) == TRUTH["event_ids"]
    assert {"TimeCreated", "SubjectUserName", "ObjectName", "LogonType"} <= set(rows[0])
    assert int(rows[0]["EventRecordID"]) == TRUTH["first_record"]


def test_export_of_both_is_in_the_order_of_time(capsys):
    """One row a packet or an event; naming fields of one kind gives that kind, and the other is not left out silently."""
    rows = rows_of(capsys, "export", LOG, CAPTURE)
    assert len(rows) == TRUTH["events"] + CAPTURE_TRUTH["packets"]
    times = [parse_time(row["frame.time"]) for row in rows]
    assert times == sorted(times)
    assert {bool(row["EventID"]) for row in rows if row["frame.number"]} == {False}
    assert run(["export", LOG, CAPTURE, "--fields", "EventID", "--format", "csv"]) == 0
    out, err = capsys.readouterr()
    assert len(out.splitlines()) == TRUTH["events"] + 1
    assert f"{CAPTURE_TRUTH['packets']} packets are not written" in err
    assert len(rows_of(capsys, "export", LOG, CAPTURE, "--fields", "frame.len")) == CAPTURE_TRUTH["packets"]
    both = rows_of(capsys, "export", LOG, CAPTURE, "--fields", "frame.time_epoch,frame.len,EventID")
    assert len(both) == TRUTH["events"] + CAPTURE_TRUTH["packets"]


def test_rows_of_both_have_the_columns_of_the_table(capsys):
    """With --rows both events fill columns of packets; with one kind, only its rows are written."""
    fields = ("--fields", "frame.number,frame.time,_ws.col.protocol,info")
    rows = rows_of(capsys, "export", LOG, CAPTURE, "--rows", "both", *fields)
    assert len(rows) == TRUTH["events"] + CAPTURE_TRUTH["packets"]
    assert [parse_time(row["frame.time"]) for row in rows] == sorted(parse_time(row["frame.time"]) for row in rows)
    events = [row for row in rows if not row["frame.number"]]
    assert Counter(row["_ws.col.protocol"].removeprefix("Event ") for row in events) == TRUTH["event_ids"]
    assert all(row["info"] for row in rows)
    assert len(rows_of(capsys, "export", LOG, CAPTURE, "--rows", "events", *fields)) == TRUTH["events"]
    assert len(rows_of(capsys, "export", LOG, CAPTURE, "--rows", "packets")) == CAPTURE_TRUTH["packets"]


def test_a_name_that_no_event_has_is_said(capsys):
    """It parses, matches nothing, and says so."""
    assert run(["events", LOG, "--filter", "SubjectUsrName == alice", "--format", "csv"]) == 0
    out, err = capsys.readouterr()
    assert "no event has a field SubjectUsrName" in err
    assert len(out.splitlines()) == 1
    assert run(["events", CAPTURE, "--format", "csv"]) == 0
    assert "there are no events in these files" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--by", "EventID", "--fields", "EventID"], "exclude each other"),
        (["--by", "A,B,C,D"], "one to 3 fields"),
        (["--by", ","], "no field is named"),
        (["--by", "TimeCreated"], "different in every event"),
        (["--by", "ext(EventID)"], "events have no field"),
        (["--by", "tcp.port"], "events have no field"),
        (["--by", "EventID", "--pivot"], "at least two fields"),
        (["--pivot"], "--pivot needs fields"),
        (["--sort", "EventID"], "needs fields"),
        (["--names"], "needs --fields or --by"),
        (["--fields", "EventID", "--sort", "info"], "cannot be sorted by info"),
        (["--filter", "EventID == 70000"], "from 0 to 65535"),
    ],
)
def test_wrong_questions_are_refused_before_anything_is_read(options, says, capsys):
    """Exit code 2, and what to write instead."""
    assert run(["events", "/no/such/file.evtx", *options]) == 2
    assert says in capsys.readouterr().err


def test_a_chart_of_events(capsys):
    """A log alone is drawn by id; beside packets, events are drawn where they are asked for."""
    assert run(["timeline", LOG, "--chart", "--every", "1min"]) == 0
    out = capsys.readouterr().out
    assert "4663" in out
    assert "events" in out
    assert run(["timeline", LOG, CAPTURE, "--chart", "--by", "EventID"]) == 0
    assert "4663" in capsys.readouterr().out
    assert run(["timeline", LOG, CAPTURE, "--chart"]) == 0
    assert "4663" not in capsys.readouterr().out
