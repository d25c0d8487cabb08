"""Groups, cross tables, orders and handles of events, against counting one by one."""

from __future__ import annotations

from collections import Counter, defaultdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made import START
from made_events import add_events, event
from query.event_reference import EVENTS, ROWS, STORE, value_of

from netsleuth_tui.analysis import (
    Scope,
    event_breakdown,
    event_data,
    event_groups,
    event_ids,
    event_pivot,
    event_pivot_table,
    event_records,
    event_rows_of,
    event_term,
    sorted_events,
)
from netsleuth_tui.analysis.event_groups import parse_keys, split_names
from netsleuth_tui.analysis.event_occurring import count_event_values, data_candidates
from netsleuth_tui.analysis.event_times import event_totals, events_by_time
from netsleuth_tui.decode.columns import NO_TIME
from netsleuth_tui.decode.events import Event
from netsleuth_tui.errors import NetSleuthError
from netsleuth_tui.query.event_fields import EVENT_FIELDS, data_name
from netsleuth_tui.store import Store

NAMES = [
    *(name for name in EVENT_FIELDS if name not in {"TimeCreated", "EventRecordID"}), "SubjectUserName", "ObjectName", "AccessMask",
    "HandleId", "ext(ObjectName)", "folder(ObjectName,1)", "Handle.ObjectName", "NoSuchField", data_name("Product Name"),
]  # fmt: skip
FILTERS = ["", "EventID == 4663", "SubjectUserName", "!ObjectName", "EventID == 1"]


def shown(name: str, row: int) -> int | str | None:
    value = value_of(name, row)
    return f"0x{value:x}" if name == "Keywords" else value


@settings(max_examples=120, deadline=None)
@given(st.lists(st.sampled_from(NAMES), min_size=1, max_size=3, unique=True), st.sampled_from(FILTERS))
def test_groups_are_what_counting_one_by_one_gives(by, text):
    """Counts, first and last; every line's filter keeps as many events as it says, and all lines together are all events."""
    scope = Scope(text)
    rows = event_rows_of(STORE, scope)
    ids = rows.take(0, len(rows)).tolist()
    counts, times = Counter(), defaultdict(list)
    for row in ids:
        key = tuple(shown(name, row) for name in by)
        counts[key] += 1
        if EVENTS[row].time != NO_TIME:
            times[key].append(EVENTS[row].time)
    found = event_groups(STORE, rows, by)
    values = found.values(0, len(found))
    assert dict(zip(values, found.events.tolist(), strict=True)) == counts
    assert found.total == len(ids)
    assert found.events.tolist() == sorted(found.events.tolist(), reverse=True)
    for line, key in enumerate(values):
        assert (int(found.first[line]), int(found.last[line])) == ((min(times[key]), max(times[key])) if times[key] else (NO_TIME, NO_TIME))
    for line in range(min(len(found), 12)):
        narrowed = f"({text}) && ({found.filter(line)})" if text else found.filter(line)
        assert len(event_rows_of(STORE, Scope(narrowed))) == found.events[line]
    assert found.spread(0, len(found), 7).sum() == sum(map(len, times.values()))


def test_a_group_has_a_name_only_where_its_events_mean_the_same():
    """The lowest bit of a mask is another right of a file than of a process; a status is Kerberos' own only in Kerberos events."""
    file, process = ({"ObjectType": kind, "AccessMask": "0x10001"} for kind in ("File", "Process"))
    ticket = {"Status": "0x6", "TargetSid": "S-1-5-18"}
    store = add_events(
        Store(), event(START, 4663, file), event(START, 4656, file), event(START, 4663, process), event(START, 4768, ticket, level=2)
    )
    rows = event_rows_of(store, Scope())

    def named(*by: str) -> dict[tuple, tuple]:
        found = event_groups(store, rows, by)
        return dict(zip(found.values(0, 9), found.values(0, 9, readable=True), strict=True))

    assert named("AccessMask") == {("0x10001",): ("DELETE 0x1",), (None,): (None,)}
    assert named("AccessMask", "ObjectType")["0x10001", "File"] == ("ReadData/ListDirectory DELETE", "File")
    assert named("AccessMask", "ObjectType")["0x10001", "Process"] == ("TerminateProcess DELETE", "Process")
    assert named("Status", "EventID", "Level")["0x6", 4768, 2] == ("unknown client", 4768, "Error")
    assert named("TargetSid")[("S-1-5-18",)] == ("Local system",)
    crossed = event_pivot(store, rows, ("ObjectType", "AccessMask"))
    assert crossed.names == ("0x10001", "no AccessMask")
    assert crossed.meanings == ("DELETE 0x1", "no AccessMask")


@pytest.mark.parametrize(
    "by", [("SubjectUserName", "EventID"), ("Provider", "ext(ObjectName)", "AccessMask"), ("hour", "SubjectUserName"), ("EventID", "hour")]
)
@pytest.mark.parametrize("most", [2, 100])
def test_a_cross_table_has_every_event_once(by, most):
    """Rows add up to their total, and a column for the rest takes what has none of its own."""
    table = event_pivot_table(STORE, Scope(), by, most=most)
    names = [column.name for column in table.columns]
    (block,) = table.blocks
    sides, counts, totals = block[: len(by) - 1], block[len(by) - 1 : -1], block[-1]
    assert [sum(cells) for cells in zip(*counts, strict=True)] == totals
    assert sum(totals) == ROWS
    assert names[-1] == "total"
    assert len(set(names)) == len(names)
    down = Counter(tuple(shown(name, row) for name in by[:-1]) for row in range(ROWS))
    assert dict(zip(zip(*sides, strict=True), totals, strict=True)) == down
    assert any(name.endswith(" others") for name in names) == (most == 2)
    found = event_pivot(STORE, event_rows_of(STORE, Scope()), by, most=most)
    assert found.names == tuple(names[len(by) - 1 : -1])
    for column in range(len(found.names)):
        assert found.column(column).tolist() == counts[column]
    for line in range(min(len(found), 6)):
        assert len(event_rows_of(STORE, Scope(found.filter(line)))) == totals[line]
        for column in range(len(found.values)):
            assert len(event_rows_of(STORE, Scope(found.filter(line, column)))) == counts[column][line]


@pytest.mark.parametrize("name", [*NAMES, "TimeCreated", "EventRecordID", "title", "file", "offset"])
@pytest.mark.parametrize("descending", [False, True])
def test_rows_are_sorted_with_absent_ones_last(name, descending):
    """A stable order of the same rows: numbers by size before texts by the alphabet."""
    rows = event_rows_of(STORE, Scope())
    ids = sorted_events(STORE, rows, name, descending=descending)
    assert sorted(ids.tolist()) == list(range(ROWS))
    cells = event_records(STORE, ids, (name,))[0]
    there = [cell for cell in cells if cell is not None]
    assert cells[: len(there)] == there
    if name in {"SubjectUserName", "ObjectName", "AccessMask", "Provider", "EventID", "ext(ObjectName)", "EventRecordID"}:
        keys = [order_of(cell) for cell in there]
        assert keys == sorted(keys, reverse=descending)


def order_of(cell: int | str) -> tuple:
    if isinstance(cell, int):
        return (0, cell, "")
    try:
        number = int(cell, 16 if cell.startswith("0x") else 10)
    except ValueError:
        return (1, 0, cell.lower())
    return (0, number, "") if abs(number) < 1 << 63 else (1, 0, cell.lower())


def test_fields_of_the_data_are_counted_one_by_one():
    """Events that have each, empty ones, different values and the most frequent of them."""
    found = event_data(STORE, event_rows_of(STORE, Scope("EventID == 4663")), top=2)
    chosen = [each for each in EVENTS if each.event_id == 4663]
    for line in (line for line in found.lines if line.name != "Handle.ObjectName"):
        values = [value for each in chosen for name, value in zip(each.names, each.values, strict=True) if data_name(name) == line.name]
        assert (line.events, line.empty, line.distinct) == (len(values), values.count(""), len(set(values)))
        assert line.share == len(values) / len(chosen)
        assert [value.events for value in line.top] == [count for _, count in Counter(values).most_common(2)]
        for value in line.top:
            assert len(event_rows_of(STORE, Scope(f"EventID == 4663 && {value.filter}"))) == value.events


def test_masks_are_read_where_all_that_have_one_are_of_one_type():
    """Low bits depend on the type of the object: events with neither do not matter, those with only a mask, or another type, do."""
    file = event(START, 4663, {"ObjectType": "File", "AccessMask": "0x1"})
    logon, bare = event(START, 4624, {"LogonType": "3"}), event(START, 5145, {"AccessMask": "0x1"})
    key = event(START, 4656, {"ObjectType": "Key", "AccessMask": "0x2"})

    def read(*events: Event) -> str:
        store = add_events(Store(), *events)
        lines = event_data(store, event_rows_of(store, Scope())).lines
        return next(line.top[0].meaning for line in lines if line.name == "AccessMask")

    assert read(file, file, logon) == "ReadData/ListDirectory"
    assert read(file, file, bare) == read(file, file, key) == ""


def test_ids_of_two_providers_are_told_apart():
    """The filter names the provider only where it has to."""
    store = add_events(Store(), event(START, 1), event(START, 1, provider="Other"), event(START + 1, 2, channel="System", level=2))
    lines = {(line.event_id, line.provider): line for line in event_ids(store, event_rows_of(store, Scope())).lines}
    assert len(lines) == 3
    for line in lines.values():
        assert len(event_rows_of(store, Scope(line.filter))) == line.events == 1
    two = lines[2, "Microsoft-Windows-Security-Auditing"]
    assert (two.filter, two.channels, two.levels) == ("EventID == 2", ("System",), (2,))
    assert 'Provider == "Other"' in lines[1, "Other"].filter


def test_a_breakdown_says_what_it_leaves_out():
    """Further values are counted, not forgotten."""
    found = event_breakdown(STORE, event_rows_of(STORE, Scope()), "SubjectUserName", most=2)
    assert len(found.lines) == 2
    assert sum(line.events for line in found.lines) + found.other_events == found.total == ROWS


def test_a_handle_that_is_used_again_is_another_one():
    """A delete has the name of the open before it; after a close, the same number stands for something else."""
    key = {"SubjectLogonId": "0x1", "ProcessId": "0x4"}

    def made(event_id: int, handle: str, name: str | None = None, computer: str = "A"):
        data = {"HandleId": handle} | key | ({"ObjectName": name} if name is not None else {})
        return event(START, event_id, data, computer=computer)

    store = add_events(
        Store(), made(4656, "0x10", "first"), made(4656, "0x14", "other"), made(4660, "0x10"), made(4660, "0x10", computer="B"),
        made(4658, "0x10"), made(4660, "0x10"), made(4656, "0x10", "second"), made(4660, "0x10", "-"), made(4660, "0x14"),
        made(4660, "0x0"),
    )  # fmt: skip
    rows = event_rows_of(store, Scope())
    cells = event_records(store, rows.take(0, len(rows)), ("Handle.ObjectName",))[0]
    assert cells == ["first", "other", "first", None, "first", None, "second", "second", "other", None]
    deleted = event_data(store, event_rows_of(store, Scope('EventID == 4660 && Computer == "A"'))).lines[-1]
    assert (deleted.name, deleted.events, deleted.distinct) == ("Handle.ObjectName", 3, 3)
    assert {value.text: value.events for value in deleted.top} == {"first": 1, "second": 1, "other": 1}
    for value in deleted.top:
        assert len(event_rows_of(store, Scope(f"EventID == 4660 && {value.filter}"))) == value.events
    opened = event_data(store, event_rows_of(store, Scope("EventID == 4656")))
    assert "Handle.ObjectName" not in {line.name for line in opened.lines}  # they name their objects themselves


def test_time_lines_count_what_lies_in_them():
    """Events without a time, and beside the intervals, are in none."""
    rows = event_rows_of(STORE, Scope())
    every = 3_600_000_000_000
    totals = event_totals(STORE, rows, start=0, every=every, intervals=24)
    inside = [each.time // every for each in EVENTS if each.time != NO_TIME and 0 <= each.time < 24 * every]
    assert totals.tolist() == [inside.count(hour) for hour in range(24)]
    interval, values, counts = events_by_time(STORE, rows, "EventID", start=0, every=every, intervals=24)
    expected = Counter((each.time // every, each.event_id) for each in EVENTS if each.time != NO_TIME and 0 <= each.time < 24 * every)
    assert dict(zip(zip(interval.tolist(), values, strict=True), counts.tolist(), strict=True)) == expected


def test_completion_counts_values_of_the_rest():
    """Values that occur where the rest of the filter holds, beginning with what is typed, with or without its quote."""
    counted = count_event_values(STORE, Scope("EventID == 4663"), "SubjectUserName")
    found = counted.beginning(STORE, '"b', 10)
    expected = Counter(value_of("SubjectUserName", row) for row in range(ROWS) if EVENTS[row].event_id == 4663)
    assert {value.text: value.packets for value in found.values} == {'"Bob"': expected["Bob"], '"bob"': expected["bob"]}
    assert counted.beginning(STORE, "b", 1).others == 1
    assert count_event_values(STORE, Scope(), "EventRecordID").beginning(STORE, "", 10).too_many
    titles = count_event_values(STORE, Scope(), "EventID").beginning(STORE, "466", 10)
    assert {value.text for value in titles.values} == {"4660", "4663"}
    assert {candidate.text for candidate in data_candidates(STORE)} >= {"SubjectUserName", "EventData.param1", 'EventData."Product Name"'}


def test_lists_of_names_may_hold_commas():
    """Within parentheses and quotes."""
    assert split_names('EventID, folder(ObjectName,2),EventData."a,b"') == ("EventID", "folder(ObjectName,2)", 'EventData."a,b"')
    assert parse_keys("folder(ObjectName, 2),EventID") == ("folder(ObjectName,2)", "EventID")
    for wrong in ("", "A,B,C,D", "TimeCreated", "tcp.port", "folder(ObjectName)"):
        with pytest.raises(NetSleuthError):
            parse_keys(wrong)


def test_a_value_too_long_for_a_filter_has_none():
    """Filters have at most 4096 characters."""
    assert event_term("X", "a" * 5000) is None
    assert event_term("X", None) == "EventID && !X"
