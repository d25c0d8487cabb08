"""Events against the evtx library: every value that its JSON has can be found by the filter that stands for it, and counts agree."""

from __future__ import annotations

import json
import random
import threading
from collections import Counter
from pathlib import Path

import pytest

from netsleuth_tui.analysis import (
    Scope,
    event_cell_filter,
    event_data,
    event_groups,
    event_ids,
    event_records,
    event_rows_of,
)
from netsleuth_tui.ingest import Loader
from netsleuth_tui.store import Store

LOGS = (
    "python-evtx/**/*ystem*.evtx",
    "EVTX-to-MITRE-Attack/**/*4656*.evtx",
    "EVTX-to-MITRE-Attack/**/*4624*.evtx",
    "EVTX-to-MITRE-Attack/**/*4663*.evtx",
)
MOST = 8
"""Logs: this looks at each event several times."""


@pytest.fixture(scope="module")
def logs(shared: Path) -> list[Path]:
    """Some real logs, the smaller ones."""
    found = sorted({path for pattern in LOGS for path in (shared / "corpora" / "logs").glob(pattern)}, key=lambda path: path.stat().st_size)
    if not found:
        pytest.skip("no event logs in ../shared")
    return found[:MOST]


@pytest.fixture(scope="module")
def store(logs: list[Path]) -> Store:
    """All of them, loaded."""
    made = Store()
    Loader(made, memory=1 << 30, cancel=threading.Event(), report=lambda _: None).load([str(path) for path in logs])
    return made


@pytest.fixture(scope="module")
def theirs(logs: list[Path]) -> list[dict]:
    """The events as the library has them."""
    import evtx

    found = []
    for path in logs:
        found += [json.loads(record["data"])["Event"] for record in evtx.PyEvtxParser(str(path)).records_json()]
    return found


def event_id(event: dict) -> int:
    number = event["System"]["EventID"]
    return int(number["#text"] if isinstance(number, dict) else number)


def texts(event: dict) -> dict[str, str]:
    """Named event data and children of user data whose value is text."""
    data = dict(event.get("EventData") or {})
    for element in (event.get("UserData") or {}).values():
        data |= element if isinstance(element, dict) else {}
    return {name: value for name, value in data.items() if isinstance(value, str) and name not in {"Data", "#attributes", "Binary"}}


def test_ids_are_counted_alike(store, theirs):
    """By id and provider; and each line's filter selects as many events as the line says."""
    rows = event_rows_of(store, Scope())
    expected = Counter((event_id(event), event["System"]["Provider"]["#attributes"]["Name"]) for event in theirs)
    found = event_ids(store, rows)
    assert {(line.event_id, line.provider): line.events for line in found.lines} == expected
    for line in found.lines:
        assert len(event_rows_of(store, Scope(line.filter))) == line.events


@pytest.mark.parametrize("name", ["SubjectUserName", "ObjectName", "AccessMask", "ProcessName", "TargetUserName", "HandleId"])
def test_values_are_counted_alike(store, theirs, name):
    """The values of a field, and what the filter of each group selects."""
    expected = Counter(value for event in theirs if (value := texts(event).get(name)) is not None)
    found = event_groups(store, event_rows_of(store, Scope(name)), (name,))
    assert {str(found.values(line, 1)[0][0]): int(found.events[line]) for line in range(len(found))} == expected
    for line in range(min(len(found), 40)):
        assert len(event_rows_of(store, Scope(found.filter(line)))) == found.events[line]


def test_fields_are_filled_alike(store, theirs):
    """How many events have each field, and how many different values."""
    lines = {line.name: line for line in event_data(store, event_rows_of(store, Scope())).lines}
    for name in ("SubjectUserName", "ObjectName", "AccessMask"):
        values = [value for event in theirs if (value := texts(event).get(name)) is not None]
        assert (lines[name].events, lines[name].distinct) == (len(values), len(set(values)))


def test_every_cell_is_a_filter_that_selects_its_event(store):
    """Whatever a cell of the table holds, its filter keeps the event that it is of, and others with the same value."""
    rows = event_rows_of(store, Scope())
    names = (
        "TimeCreated", "EventID", "Level", "Provider", "Channel", "Computer", "UserID", "Keywords", "title", "ProcessID", "SubjectUserName",
        "ObjectName", "AccessMask", "ext(ObjectName)", "folder(ObjectName,2)", "Handle.ObjectName", "hour", "AccessList",
    )  # fmt: skip
    chooser = random.Random(3)  # noqa: S311 - the same cells each time
    for row in chooser.sample(range(len(rows)), min(60, len(rows))):
        for name in names:
            term = event_cell_filter(store, row, name)
            assert term is not None
            kept = event_rows_of(store, Scope(term))
            assert kept.holds(row), (row, name, term)
            if name not in {"TimeCreated", "title"}:
                cells = event_records(store, kept.take(0, len(kept)), (name,))[0]
                assert set(cells) == set(event_records(store, rows.take(row, 1), (name,))[0])
