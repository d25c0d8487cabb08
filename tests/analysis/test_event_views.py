"""What the views of events are made of: series, breakdowns beside the panes, one event in detail, where to go, groups in any order."""

from __future__ import annotations

import random
from collections import Counter

import numpy as np
import pytest
from made import SECOND, START, store_of
from made_events import add_events, event

from netsleuth_tui.analysis import (
    Scope,
    event_facets,
    event_facets_table,
    event_groups,
    event_rows_of,
    event_series,
    event_spread,
    event_tally,
    event_timeline_table,
    find_event,
    overview,
    read_event,
    series,
)
from netsleuth_tui.analysis.event_series import _count, _count_numpy
from netsleuth_tui.decode.columns import NO_TIME
from netsleuth_tui.errors import NetSleuthError
from netsleuth_tui.store import Store

IDS = (4663, 4656, 4658, 4624, 1102, 7036, 1, 2, 3, 4)


def some(count: int = 500, seed: int = 1) -> tuple[Store, list[tuple[int, int, str | None]]]:
    """A log, and (time, event id, user) of each of its events; every tenth has no time."""
    dice = random.Random(seed)  # noqa: S311 - not for secrets
    told = []
    for k in range(count):
        user = dice.choice(("alice", "bob", "", None))
        told.append((NO_TIME if k % 10 == 9 else START + k * SECOND // 7, dice.choice(IDS[: 1 + dice.randrange(10)]), user))
    made = [event(time, number, {} if user is None else {"SubjectUserName": user}) for time, number, user in told]
    return add_events(store_of([]), *made), told


def rows(store: Store, text: str = "") -> object:
    """The events that a filter selects."""
    return event_rows_of(store, Scope(text))


@pytest.mark.parametrize("by", ["EventID", "SubjectUserName"])
def test_series_are_counts_by_interval_and_value(by: str) -> None:
    """Each event is in one interval and one series; the sums are those of counting by hand."""
    store, told = some()
    found = event_series(store, rows(store), start=START, every=SECOND, intervals=40, by=by, most=3)
    inside = [(t, n, u) for t, n, u in told if t != NO_TIME and t < START + 40 * SECOND]
    per_second = Counter((t - START) // SECOND for t, _, _ in inside)
    assert found.totals[:, 0].tolist() == [per_second[k] for k in range(40)]
    assert found.counts[:, :, 0].sum(axis=1).tolist() == found.totals[:, 0].tolist()
    values = Counter(str(n) if by == "EventID" else u for _, n, u in inside)
    for label, count in zip(found.labels, found.counts[:, :, 0].sum(axis=0).tolist(), strict=True):
        if not label.endswith("others"):
            assert count == values[None if label == f"no {by}" else label]
    assert found.of("events")[1].tolist() == found.totals[:, 0].tolist()


def test_the_kernel_counts_as_numpy_does() -> None:
    """Compiled or not, times before, between and after the intervals, and none at all."""
    random_numbers = np.random.default_rng(3)
    time = random_numbers.integers(-50, 300, 1000)
    time[::17] = NO_TIME
    codes, lookup = random_numbers.integers(0, 6, 1000).astype(np.uint32), np.array([0, 1, 2, 3, 3, 3])
    ids = np.sort(random_numbers.choice(1000, 700, replace=False)).astype(np.uint32)
    tables = [np.zeros((20, 4), np.int64) for _ in range(2)]
    _count.function(time, codes, ids, lookup, 10, 7, tables[0])
    _count_numpy(time, codes, ids, lookup, 10, 7, tables[1])
    assert (tables[0] == tables[1]).all()
    assert tables[0].sum() == ((time[ids] >= 10) & (time[ids] < 150)).sum()


@pytest.mark.parametrize("fields", [1, 2, 3, 4])
def test_groups_are_numbered_as_they_are_met(fields: int) -> None:
    """Kernel and NumPy agree with counting by hand; more groups than there is room for are said to be too many."""
    random_numbers = np.random.default_rng(fields)
    columns = [random_numbers.choice(np.array([0, 1, 5, 2**32 - 1], np.uint32), 600) for _ in range(fields)]
    time = random_numbers.integers(0, 1000, 600)
    time[::11] = NO_TIME
    ids = np.sort(random_numbers.choice(600, 400, replace=False)).astype(np.uint32)
    values = list(zip(*(column[ids].tolist() for column in columns), strict=True))
    met = list(dict.fromkeys(values))
    for run in (event_tally._group.function, event_tally._group_numpy):
        codes, events = np.zeros((512, 4), np.uint32), np.zeros(512, np.int64)
        first, last = np.full(512, event_tally.LATEST), np.full(512, NO_TIME)
        lines, table = np.zeros(400, np.uint32), np.full(1024, -1, np.int32)
        padded = [*columns, *columns[:1] * (4 - fields)]
        (count,) = run(*padded, fields, time, ids, *event_tally.MULTIPLIERS, table, codes, events, first, last, lines)
        assert [tuple(row[:fields]) for row in codes[:count].tolist()] == met
        assert [met[line] for line in lines] == values
        assert events[:count].tolist() == [values.count(one) for one in met]
        for line in range(count):
            times = time[ids[lines == line]]
            times = times[times != NO_TIME]
            assert (first[line], last[line]) == ((times.min(), times.max()) if len(times) else (event_tally.LATEST, NO_TIME))
        table[:] = -1
        small = (codes[:2], events[:2], first[:2], last[:2], lines)
        assert run(*padded, fields, time, ids, *event_tally.MULTIPLIERS, table, *small) == (-1,)
    found = event_tally.group_codes(columns, time, ids)
    assert found is not None
    place, shape = np.arange(len(found.events)), (len(found.events), 7)
    spreads = [np.zeros(shape, np.int64) for _ in range(2)]
    for run, into in zip((event_spread._spread.function, event_spread._spread_numpy), spreads, strict=True):
        run(found.lines, place, time, ids, 100, 899, 115, into)
    assert (spreads[0] == spreads[1]).all()
    assert spreads[0].sum() == ((time[ids] >= 100) & (time[ids] <= 899)).sum()


@pytest.mark.parametrize("fields", [1, 3])
def test_two_threads_group_as_one_does(fields: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Numbers, counts, times and lines are the same; groups of which only one half has events, too."""
    random_numbers = np.random.default_rng(fields)
    columns = [np.sort(random_numbers.integers(0, 9, 900)).astype(np.uint32), *random_numbers.integers(0, 3, (2, 900)).astype(np.uint32)]
    time = random_numbers.integers(0, 1000, 900)
    time[::3] = NO_TIME
    ids = np.arange(0, 900, 2, dtype=np.uint32)
    one = event_tally.group_codes(columns[:fields], time, ids)
    monkeypatch.setattr(event_tally, "WORTH_TWO_THREADS", 1)
    two = event_tally.group_codes(columns[:fields], time, ids)
    assert one is not None
    assert two is not None
    for name in ("codes", "events", "first", "last", "lines"):
        assert (getattr(one, name)[..., :fields] == getattr(two, name)[..., :fields]).all(), name
        assert len(getattr(one, name)) == len(getattr(two, name))
    monkeypatch.setattr(event_tally, "MOST_GROUPS", 2)
    monkeypatch.setattr(event_tally, "FIRST_GROUPS", 2)
    assert event_tally.group_codes(columns[:fields], time, ids) is None


def test_lines_of_a_column_are_counted_as_by_hand() -> None:
    """Kernel and NumPy: events, first and last time, and the column of the time of each."""
    random_numbers = np.random.default_rng(8)
    codes, time = random_numbers.integers(0, 5, 800).astype(np.uint32), random_numbers.integers(0, 1000, 800)
    time[::13] = NO_TIME
    time[codes == 4] = NO_TIME
    ids = np.arange(1, 800, 2, dtype=np.uint32)
    found = event_spread.count_lines(codes, 6, time, ids, (100, 899), 8)
    for code in range(6):
        when = time[ids[codes[ids] == code]]
        timed = when[when != NO_TIME]
        assert found.events[code] == len(when)
        assert (found.first[code], found.last[code]) == ((timed.min(), timed.max()) if len(timed) else (NO_TIME, NO_TIME))
        inside = timed[(timed >= 100) & (timed <= 899)]
        assert found.spread[code].tolist() == np.bincount((inside - 100) // 100, minlength=8).tolist()
    tables = [(np.zeros((5, 9), np.int64), np.tile(np.array([event_tally.LATEST, NO_TIME]), (5, 1))) for _ in range(2)]
    for run, (counted, edges) in zip((event_spread._count_lines.function, event_spread._count_lines_numpy), tables, strict=True):
        run(codes, time, ids, 100, 899, 100, counted, edges)
    assert (tables[0][0] == tables[1][0]).all()
    assert (tables[0][1] == tables[1][1]).all()


def test_more_groups_than_there_is_room_for_at_first() -> None:
    """The pass begins again with more room."""
    codes = np.arange(5000, dtype=np.uint32)
    found = event_tally.group_codes([codes], np.zeros(5000, np.int64), codes)
    assert found is not None
    assert found.codes[:, 0].tolist() == codes.tolist()


def test_a_time_line_of_events_is_refused_where_it_says_nothing() -> None:
    """Record ids and times are different in every event; a field must exist."""
    store, _ = some(20)
    for by in ("EventRecordID", "TimeCreated", "no field"):
        with pytest.raises(NetSleuthError):
            event_series(store, rows(store), start=START, every=SECOND, intervals=3, by=by)


def test_the_exported_time_line_has_every_timed_event_once() -> None:
    """One row per interval and value, in the order of time."""
    store, told = some()
    table = event_timeline_table(store, Scope(), every=10 * SECOND)
    made = [row for block in table.blocks for row in zip(*block, strict=True)]
    timed = Counter((t // (10 * SECOND), n) for t, n, _ in told if t != NO_TIME)
    assert sorted(count for *_, count in made) == sorted(timed.values())
    assert [row[0] for row in made] == sorted(row[0] for row in made)


@pytest.mark.parametrize("most", [1, 3, 100])
def test_breakdowns_count_what_their_filters_select(most: int) -> None:
    """The count of a line is the number of events that its filter keeps; lines and others together are all that have the field."""
    store, told = some()
    for facet in event_facets(store, rows(store), most=most):
        for count in facet.counts:
            assert len(rows(store, count.filter)) == count.packets  # type: ignore[arg-type]
        have = len(told) if facet.name in {"EventID", "Provider", "Level", "Channel", "Computer"} else 0
        have = sum(user is not None for _, _, user in told) if facet.name == "SubjectUserName" else have
        assert sum(count.packets for count in facet.counts) + facet.other_packets == have, facet.name
        assert len(facet.counts) <= most


def test_breakdowns_are_searched() -> None:
    """Only values that contain the text, title included, whatever the case; an absent value is found by nothing."""
    store, _ = some()
    found = {facet.name: [count.label for count in facet.counts] for facet in event_facets(store, rows(store), search="OBJECT")}
    assert len(found["EventID"]) == 3
    assert all("bject" in label for label in found["EventID"])
    assert found["SubjectUserName"] == []
    table = event_facets_table(store, Scope(), search="alice")
    assert [list(column) for block in table.blocks for column in block][1] == ["alice"]


def test_one_event_in_detail() -> None:
    """Data, what its handle says, system fields; codes with their meaning; every filter keeps the event."""
    handle = {"SubjectLogonId": "0x3e7", "HandleId": "0xabc", "ProcessId": "0x20"}
    opened = event(START, 4656, {"ObjectName": r"D:\gone.tmp", "ObjectType": "Key", "AccessMask": "0x1", **handle})
    store = add_events(store_of([]), opened, event(START + 1, 4660, {"SubjectUserSid": "S-1-5-18", **handle}, user="S-1-5-19"))
    one = read_event(store, 1)
    by_name = {each.name: each for each in one.fields}
    assert (one.title, one.detail.record_id, one.detail.chunk, one.detail.offset) == ("Object deleted", 2, 0, 5632)
    assert (by_name["Handle.ObjectName"].part, by_name["Handle.ObjectName"].value) == ("Handle", r"D:\gone.tmp")
    assert (by_name["SubjectUserSid"].value, by_name["SubjectUserSid"].meaning) == ("S-1-5-18", "Local system")
    assert (by_name["UserID"].part, by_name["UserID"].meaning) == ("System", "Local service")
    for each in one.fields:
        assert each.filter is None or 1 in rows(store, each.filter).take(0, 9).tolist(), each  # type: ignore[attr-defined]
    assert {each.name: each.meaning for each in read_event(store, 0).fields}["AccessMask"] == "QueryKeyValue"


def test_where_to_go() -> None:
    """A record number, a time of day, the next one where it is not among the events; nonsense is refused."""
    store = add_events(store_of([]), *(event(START + k * SECOND, 4663 + k % 2, record_id=1000 + k) for k in range(20)))
    every, even = rows(store), rows(store, "EventID == 4663")
    assert find_event(store, every, "1 007").row == 7  # type: ignore[arg-type]
    beside = find_event(store, even, "1007")  # type: ignore[arg-type]
    assert (beside.row, "not among these events" in beside.remark) == (8, True)
    assert find_event(store, even, "1019").row == 18  # type: ignore[arg-type]
    assert find_event(store, every, "12:00:05", 0).row == 5  # type: ignore[arg-type]
    for text in ("", "999", "yesterday", "25:00:00", "9" * 20):
        with pytest.raises(NetSleuthError):
            find_event(store, every, text)  # type: ignore[arg-type]


def test_groups_in_any_order_have_their_own_time_lines() -> None:
    """A line's cells and time line are the same wherever it stands."""
    store, _ = some()
    found = event_groups(store, rows(store), ("EventID", "SubjectUserName"))  # type: ignore[arg-type]
    lines = np.random.default_rng(1).permutation(len(found))
    assert (found.spread_of(lines, 8) == found.spread(0, len(found), 8)[lines]).all()
    values = found.values(0, len(found))
    assert [found.cells(k, lines) for k in (0, 1)] == [[values[line][k] for line in lines] for k in (0, 1)]


def test_the_overview_counts_both() -> None:
    """Packets and events of a scope, and of how many."""
    store, told = some(50)
    seen = overview(store, Scope("EventID == 4663"))
    assert (seen.events, seen.all_events, seen.matched, seen.total) == (sum(n == 4663 for _, n, _ in told), 50, 0, 0)
    assert not series(store, seen.rows, start=START, every=SECOND, intervals=2).totals.any()
