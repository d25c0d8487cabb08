"""The sample log: what two readers of event logs find in it is what was written, and what its ground truth says."""

from __future__ import annotations

import json
import sys
from collections import Counter
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest

SAMPLES = Path(__file__).resolve().parents[2] / "sample_captures"
LOG = SAMPLES / "print_server.evtx"
TRUTH: dict[str, Any] = json.loads((SAMPLES / "ground_truth.json").read_text(encoding="utf-8"))[LOG.name]
AGENT = r"C:\Program Files\PrintTrack\ptagent.exe"


@cache
def records() -> list[dict[str, Any]]:
    """What the evtx wheel reads, checksums and all."""
    from evtx import PyEvtxParser

    return list(PyEvtxParser(str(LOG), validate_checksums=True).records_json())


@cache
def found() -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """System part and data of each event."""
    events = [json.loads(record["data"])["Event"] for record in records()]
    return [(event["System"], event.get("EventData") or event["UserData"]["LogFileCleared"]) for event in events]


def test_the_wheel_finds_every_event() -> None:
    """Their number, ids, record numbers without a gap, first and last time to 100 ns."""
    assert len(records()) == TRUTH["events"]
    assert Counter(str(system["EventID"]) for system, _ in found()) == TRUTH["event_ids"]
    numbers = [record["event_record_id"] for record in records()]
    assert numbers == list(range(TRUTH["first_record"], TRUTH["first_record"] + TRUTH["events"]))
    for record, key in ((records()[0], "first"), (records()[-1], "last")):
        whole, _, rest = record["timestamp"].removesuffix(" UTC").partition(".")
        seconds = int(datetime.fromisoformat(whole).replace(tzinfo=UTC).timestamp())
        assert seconds * 10**9 + int(rest.removesuffix("Z").ljust(9, "0")) == TRUTH[key]


def test_one_program_makes_nine_of_ten_events() -> None:
    """Programs, and what kind of files they touch, are those of the ground truth."""
    assert Counter(data["ProcessName"] for _, data in found() if "ProcessName" in data) == TRUTH["programs"]
    assert TRUTH["share_of_the_agent"] > 0.9
    used = [data for system, data in found() if system["EventID"] == 4663]
    touched = [(data["ProcessName"], data["ObjectName"].rpartition(".")[2].lower()) for data in used]
    assert sorted([*key, count] for key, count in Counter(touched).items()) == sorted(TRUTH["4663_by_program_and_extension"])
    assert {kind for program, kind in touched if program == AGENT} == {"dll", "log"}
    assert Counter(data["AccessMask"] for data in used) == TRUTH["4663_by_access"]


def test_a_deleted_object_has_its_name_from_its_handle() -> None:
    """Each 4660 follows a 4656 and a 4663 with DELETE of the same process and handle, and is followed by a 4658."""
    opened: dict[tuple[str, str], str] = {}
    used: Counter[tuple[str, str]] = Counter()
    deleted: list[str] = []
    for system, data in found():
        handle = (data.get("ProcessId", ""), data.get("HandleId", ""))
        if system["EventID"] == 4656:
            assert handle not in opened
            opened[handle] = data["ObjectName"]
        elif system["EventID"] == 4663:
            assert opened[handle] == data["ObjectName"]
            used[handle] += data["AccessMask"] == "0x10000"
        elif system["EventID"] == 4660:
            assert "ObjectName" not in data
            assert used.pop(handle)
            deleted.append(opened[handle])
        elif system["EventID"] == 4658:
            del opened[handle]
    assert sorted(set(deleted)) == TRUTH["deleted"]
    assert not opened


def test_values_are_as_they_were_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every text and number of every event comes back, whatever template it is in."""
    monkeypatch.syspath_prepend(str(SAMPLES))
    for name in ("event_log", "print_server", "traffic", "frames"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    import print_server
    from event_log import Kind

    for (_, data), event in zip(found(), print_server.events(), strict=True):
        assert [name for name in data if name != "#attributes"] == list(event.fields)
        for name, (kind, value) in event.fields.items():
            if kind == Kind.TEXT:
                assert data[name] == value
            elif kind in {Kind.HEX32, Kind.HEX64}:
                assert data[name] == f"{value:#x}"
            elif kind == Kind.U32:
                assert data[name] == value


def test_another_reader_agrees() -> None:
    """python-evtx finds header and chunks intact, and the same records, some of which it is asked to render."""
    from Evtx.Evtx import Evtx

    with Evtx(str(LOG)) as log:
        header = log.get_file_header()
        assert header.verify()
        assert not header.is_dirty()
        chunks = list(log.chunks())
        assert all(chunk.verify() for chunk in chunks)
        numbers = [record.record_num() for chunk in chunks for record in chunk.records()]
        assert numbers == list(range(TRUTH["first_record"], TRUTH["first_record"] + TRUTH["events"]))
        for chunk in chunks[:: len(chunks) // 4]:
            record = next(iter(chunk.records()))
            wanted = found()[record.record_num() - TRUTH["first_record"]][0]
            assert f"<EventID>{wanted['EventID']}</EventID>" in record.xml()
