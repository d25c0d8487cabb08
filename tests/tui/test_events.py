"""The views of event logs: what they are, one by one, their data, groups, detail; time line, counts, filters, exports, hostile texts."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest
from made import SECOND, START, store_of, tcp
from made_events import add_events, event
from tui.screens import FakeSession, mixed

from netsleuth_tui.store import Store
from netsleuth_tui.terminal.glyphs import ASCII

Driven = Any

AGENT, SHELL = r"C:\Program Files\Agent\agent.exe", r"C:\Windows\explorer.exe"


def written(name: str) -> list[dict[str, str]]:
    """Rows of a file that was written."""
    return list(csv.DictReader(Path(name).read_text(encoding="utf-8").splitlines()))


VIEWS = ("events", "event-list", "event-fields", "event-groups")


def touched(k: int, program: str, path: str, *, mask: str = "0x1", user: str = "svc") -> Any:
    """A 4663."""
    data = {
        "SubjectUserSid": "S-1-5-18" if user == "svc" else f"S-1-5-21-1-2-3-{1000 + k}", "SubjectUserName": user, "ObjectType": "File",
        "ObjectName": path, "HandleId": f"0x{4 * k + 4:x}", "AccessList": "%%4416\r\n\t\t\t\t", "AccessMask": mask, "ProcessId": "0x10",
        "ProcessName": program,
    }  # fmt: skip
    return event(START + k * SECOND // 4, 4663, data, record_id=100 + k)


def audited() -> list[Any]:
    """90 events of one program on dll and log files, 8 of another one, a logon, a deletion with its handle, a cleared log."""
    made = [touched(k, AGENT, rf"C:\Agent\{'lib' if k % 3 else 'run'}{k % 5}.{'dll' if k % 3 else 'log'}") for k in range(90)]
    made += [touched(90 + k, SHELL, rf"D:\Share\{k}.docx", mask="0x10000", user="alice") for k in range(8)]
    handle = {"SubjectLogonId": "0x3e7", "HandleId": "0xabc", "ProcessId": "0x20", "ProcessName": SHELL}
    made.append(event(START + 30 * SECOND, 4656, {"ObjectName": r"D:\gone.tmp", "ObjectType": "File", **handle}, record_id=300))
    made.append(event(START + 31 * SECOND, 4660, handle, record_id=301))
    made.append(event(START + 32 * SECOND, 4624, {"TargetUserName": "alice", "LogonType": "3"}, level=4, record_id=302))
    made.append(event(START + 33 * SECOND, 1102, {}, provider="Microsoft-Windows-Eventlog", level=4, record_id=303))
    return made


def logs() -> Store:
    """A log alone."""
    return add_events(store_of([]), *audited())


def both() -> Store:
    """A capture and a log."""
    return add_events(mixed(90), *audited())


def pane(d: Any, name: str) -> Any:
    """A view, mounted by now."""
    return d.main.pane(name)


@pytest.mark.parametrize("size", [(80, 24), (160, 50)])
async def test_a_log_alone_begins_with_its_ids(driven: Driven, size: tuple[int, int]) -> None:
    """The events by id are in front, with their titles, the most frequent first; the amounts on the screen are those of events."""
    async with driven(FakeSession(logs()), size, paths=("server.evtx",)) as d:
        ids = pane(d, "events")
        assert d.main.focused is ids
        assert ids.cells(0)[:3] == ("4663", "Object accessed", "98")
        assert ("1102", "Security log cleared", "1") in {ids.cells(k)[:3] for k in range(ids.count())}
        assert ids.count() == 5
        assert "102 of 102" in d.text
        assert "events/s" in d.text
        assert "4663" in d.lines[2] or "4663" in "".join(d.lines[:8])
        await d.press("escape")
        assert d.main.focused is ids


async def test_several_logs_begin_with_their_ids(driven: Driven) -> None:
    """Also where the last of them is the first that has an event; the counts beside them are of events."""
    store = add_events(add_events(add_events(Store(), *()), *()), *audited())
    async with driven(FakeSession(store), (120, 40), paths=("a.evtx", "b.evtx", "c.evtx")) as d:
        assert d.main.focused is pane(d, "events")
        assert d.main.query_one("#facets").of_events is True
        await d.press("1")
        assert d.main.query_one("#facets").of_events is True
        assert (d.main.table.count(), d.main.table.event) == (102, 0)


async def test_a_capture_beside_the_log_begins_with_records(driven: Driven) -> None:
    """5 goes to the events; counts beside them and amounts follow what is in front; the time line has both, E leaves one out."""
    async with driven(FakeSession(both()), (160, 50)) as d:
        assert d.main.focused is d.main.table
        assert "90 of 90" in d.text
        assert d.main.query_one("#facets").of_events is False
        await d.press("5")
        assert "102 of 102" in d.text
        assert d.main.query_one("#facets").of_events is True
        assert "Object accessed" in d.text
        assert "packets/s" in d.text
        line = d.main.query_one("#timeline")
        assert [lane.measure for lane in line.lanes] == ["packets", "events"]
        assert line.event_lane.chart.labels[0] == "4663"
        assert int(line.counted.events.totals[:, 0].sum()) == 102
        assert int(line.counted.packets.totals[:, 0].sum()) == 90
        await d.press("1", "E")
        assert (line.lanes, d.main.query_one("#facets").of_events) == ((line.packet_lane,), False)
        assert "events alone" not in d.text
        await d.press("E")
        assert (line.lanes, line.measure, d.main.query_one("#facets").of_events) == ((line.event_lane,), "events", True)
        assert "102 of 102" in d.text
        await d.press("E")
        assert (len(line.lanes), d.main.query_one("#facets").of_events) == (2, False)
        assert "90 of 90" in d.text


async def test_each_lane_of_the_time_line_has_its_keys(driven: Driven) -> None:
    """Down goes to the events: peaks, division and heights are theirs, and the cursor and the window are of both."""
    async with driven(FakeSession(both()), (80, 24)) as d:
        line = d.main.query_one("#timeline")
        await d.press("t")
        assert line.size.height == 7 + bool(line.marks.times)
        assert line.lane is line.packet_lane
        assert d.lines[2].startswith("▌packets")
        await d.press("down", "down")
        assert line.lane is line.event_lane
        assert d.lines[5].startswith("▌events")
        await d.press("y")
        assert (line.packet_lane.logarithmic, line.event_lane.logarithmic) == (False, True)
        await d.press("y", "d", *("backspace",) * 80)
        await d.type("Level")
        await d.press("enter")
        assert (line.packet_lane.by, line.event_lane.by) == ("protocol", "Level")
        heights = [int(height) for height in line.event_lane.chart.heights]
        await d.press("g", "p")
        assert heights[line.cursor_column] == max(heights[1:])
        await d.press("enter")
        assert d.main.session.scope.start is not None
        await d.press("up")
        assert line.lane is line.packet_lane


async def test_from_ids_to_who_touches_what(driven: Driven) -> None:
    """Enter on 4663, the data, a column, a filter, a group: nine of ten events are one program on dll and log files."""
    async with driven(FakeSession(logs()), (160, 50)) as d:
        await d.press("enter")
        assert d.main.session.scope.filter == "EventID == 4663"
        await d.press("d")
        fields = pane(d, "event-fields")
        names = [each.field.name for each in fields._lines]
        assert names[:4] == ["SubjectUserSid", "SubjectUserName", "ObjectType", "ObjectName"]
        program = fields.found.lines[names.index("ProcessName")]
        assert (program.events, program.distinct, program.top[0].text, program.top[0].events) == (98, 2, AGENT, 90)
        fields.move_to(names.index("ObjectName"))
        await d.press("a")
        table = pane(d, "event-list")
        assert d.main.focused is table
        assert table.name_here == "ObjectName"
        assert table.cells(0)[table.column] == r"C:\Agent\run0.log"
        await d.press("d")
        fields.move_to(names.index("ProcessName"))
        await d.press("P")
        groups = pane(d, "event-groups")
        assert d.main.focused is groups
        await d.press("b", *("backspace",) * 80)
        await d.type("ProcessName,ext(ObjectName)".replace("(", "("))
        await d.press("enter")
        assert groups.by == ("ProcessName", "ext(ObjectName)")
        assert groups.cells(0)[:4] == (AGENT, "dll", "60", "61.2 %")
        assert groups.cells(1)[:4] == (AGENT, "log", "30", "30.6 %")
        await d.press("enter")
        assert d.main.overview.events == 60
        await d.press("u")
        assert d.main.overview.events == 98


async def test_values_are_filters(driven: Driven) -> None:
    """In the data Enter opens a field, and on a value narrows to it and widens again; the field itself asks whether it is there."""
    async with driven(FakeSession(logs()), (120, 40)) as d:
        await d.press("d")
        fields = pane(d, "event-fields")
        fields.move_to(next(k for k, each in enumerate(fields._lines) if each.field.name == "SubjectUserName"))
        await d.press("enter", "down")
        assert fields.here.value.text == "svc"
        await d.press("enter")
        assert d.main.overview.events == 90
        assert fields.here.value.text == "svc"
        await d.press("enter")
        assert d.main.overview.events == 102
        await d.press("left", "minus")
        assert d.main.session.scope.filter == "!SubjectUserName"
        assert d.main.overview.events == 4


async def test_codes_by_name_and_raw(driven: Driven) -> None:
    """Masks, lists and SIDs are shown by name; r shows them as the log has them."""
    async with driven(FakeSession(logs()), (160, 50)) as d:
        await d.press("o")
        table = pane(d, "event-list")
        for name in ("AccessMask", "AccessList", "SubjectUserSid"):
            table.add_column(name)
        await d.settle()
        shown = dict(zip([column.name for column in table.columns], table.cells(0), strict=True))
        assert shown["AccessMask"] == shown["AccessList"] == "ReadData/ListDirectory"
        assert shown["SubjectUserSid"] == "Local system"
        await d.press("r")
        raw = dict(zip([column.name for column in table.columns], table.cells(0), strict=True))
        assert (raw["AccessMask"], raw["AccessList"], raw["SubjectUserSid"]) == ("0x1", "%%4416", "S-1-5-18")


async def test_a_deleted_object_has_a_name(driven: Driven) -> None:
    """The column Handle.ObjectName tells which object a 4660 deleted, and so does the detail."""
    async with driven(FakeSession(logs()), (160, 50)) as d:
        await d.press("o", "slash")
        await d.type("EventID == 4660")
        await d.press("enter")
        table = pane(d, "event-list")
        assert (d.main.focused is table, table.count()) == (True, 1)
        table.add_column("Handle.ObjectName")
        await d.settle()
        assert r"D:\gone.tmp" in table.cells(0)
        await d.press("enter")
        detail = d.main.detail_pane
        await d.until(lambda: detail.field_list.one is not None and detail.field_list.one.row == table.row)
        assert r"D:\gone.tmp" in {each.value for each in detail.field_list.one.fields if each.part == "Handle"}


async def test_the_table_sorts_goes_and_marks(driven: Driven) -> None:
    """As the records: by any column, to a record number, a mark."""
    async with driven(FakeSession(logs()), (160, 50)) as d:
        await d.press("o")
        table = pane(d, "event-list")
        await d.press("right", "right", "s")
        await d.until(lambda: not table.sorting)
        assert table.cells(0)[2] == "1102"
        await d.press("s")
        await d.press("at", "3", "0", "1", "enter")
        assert table.cells(table.cursor)[0] == "301"
        await d.press("m", "g", "apostrophe")
        assert table.cells(table.cursor)[0] == "301"
        await d.press("at", "9", "9", "9", "enter")
        assert "no record 999" in d.text
        await d.press("escape")
        await d.press("left_square_bracket")
        assert d.main.session.scope.start == START + 31 * SECOND
        assert d.main.overview.events == 3


async def test_cells_are_filters(driven: Driven) -> None:
    """+ on a cell keeps the events that have it; the title stands for the kind of event."""
    async with driven(FakeSession(logs()), (160, 50)) as d:
        await d.press("o", "right", "right", "right", "plus")
        assert d.main.session.scope.filter == "EventID == 4663"
        await d.press("u", "minus")
        assert d.main.overview.events == 4


async def test_detail_follows_and_is_a_filter(driven: Driven) -> None:
    """On a tall screen the detail is below the events; its fields are filters, columns and groups; it says where the record is."""
    async with driven(FakeSession(logs()), (160, 50)) as d:
        await d.press("o")
        detail = d.main.detail_pane
        await d.until(lambda: detail.field_list.one is not None)
        await d.press("down")
        await d.until(lambda: detail.field_list.one.detail.record_id == 101)
        assert "Record 101 of file1.evtx  Object accessed" in d.text
        assert "chunk 0, byte 5 632" in d.text
        await d.press("enter")
        assert d.main.focused is detail.field_list
        detail.field_list.move_to(next(k for k, f in enumerate(detail.field_list.one.fields) if f.name == "ProcessName"))
        await d.press("plus")
        assert d.main.overview.events == 90
        await d.press("a")
        assert pane(d, "event-list").name_here == "ProcessName"
        await d.press("enter", "P")
        assert pane(d, "event-groups").by[-1] == "ProcessName"


async def test_every_view_is_written(driven: Driven, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of them as CSV; the table has one row an event and real columns for the data."""
    monkeypatch.chdir(tmp_path)
    async with driven(FakeSession(logs()), (160, 50), paths=("server.evtx",)) as d:
        for name, key in zip(VIEWS, "iodp", strict=True):
            await d.press(key, "e", "enter")
            await d.until(lambda: not d.main.export_running)
            assert pane(d, name).NAME
        await d.press("t", "e", "enter")
        await d.press("f", "e", "enter")
        await d.settle()
    rows = written("server-events.csv")
    assert len(rows) == 102
    assert (rows[0]["EventID"], rows[0]["ObjectName"], rows[0]["AccessMask"]) == ("4663", r"C:\Agent\run0.log", "0x1")
    ids = written("server-event-ids.csv")
    assert (ids[0]["EventID"], ids[0]["count"], ids[0]["title"]) == ("4663", "98", "Object accessed")
    fields = {row["field"]: row for row in written("server-event-fields.csv")}
    assert (fields["ProcessName"]["events"], fields["ProcessName"]["distinct"]) == ("100", "2")
    groups = written("server-event-groups.csv")
    assert sum(int(row["count"]) for row in groups) == 102
    assert sum(int(row["events"]) for row in written("server-timeline.csv")) == 102
    facets = written("server-breakdown.csv")
    assert ("EventID", "4663 Object accessed", "98") in {(row["field"], row["value"], row["events"]) for row in facets}


async def test_counts_beside_are_filters(driven: Driven) -> None:
    """A line of the counts narrows the events; searching finds values."""
    async with driven(FakeSession(logs()), (160, 50)) as d:
        await d.press("f", "enter")
        assert d.main.session.scope.filter == "EventID == 4663"
        await d.press("s", *"alice", "enter")
        facets = d.main.query_one("#facets")
        assert [entry.count.label for entry in facets._entries if entry.count] == ["alice"]


async def test_grouping_by_nonsense_is_refused(driven: Driven) -> None:
    """The question stays, and says what is wrong."""
    async with driven(FakeSession(logs()), (120, 36)) as d:
        await d.press("p", "b", *("backspace",) * 80, *"a,b", "enter")
        assert "no field 'a'" in d.text
        await d.press("escape", "D")
        groups = pane(d, "event-groups")
        before = groups.by
        await d.press("end", "D")
        assert groups.by == before[1:] or len(before) == 1


async def test_hostile_texts_are_harmless(driven: Driven) -> None:
    """Escape sequences, markup, line breaks, lone surrogates and right-to-left marks of a log reach no view as they are."""
    evil = "\x1b]0;x\x07[bold red]\u202e\ud800\r\n=cmd()[/]"
    made = event(START, 4663, {"ObjectName": evil, evil: evil}, provider=evil, computer=evil, channel=evil, user=evil)
    async with driven(FakeSession(add_events(store_of([]), made)), (160, 50)) as d:
        for key in ("i", "v", "v", "o", "c", "escape", "d", "enter", "down", "p", "o", "enter", "enter", "escape", "f", "a", "t"):
            await d.press(key)
            text = d.text
            assert not any(character in text for character in "\x1b\x07\u202e\ud800")
        assert "[bold red]" in "".join(str(part) for part in pane(d, "event-fields").found.lines[0].top)


async def test_nothing_there(driven: Driven) -> None:
    """Without events, and without a match, each view says so; no key fails."""
    async with driven(FakeSession(mixed(30)), (120, 36)) as d:
        for key in ("5", "o", "d", "p"):
            await d.press(key)
            assert "There is no event" in d.text
            await d.press("enter", "plus", "s", "P", "a", "r")
    async with driven(FakeSession(logs()), (120, 36), text="EventID == 7") as d:
        for key in ("5", "o", "d", "p"):
            await d.press(key)
            assert "No event of 102 matches this filter" in d.text


async def test_by_other_fields(driven: Driven) -> None:
    """V counts by provider, log, level, computer and user in turn."""
    async with driven(FakeSession(logs()), (160, 50)) as d:
        ids = pane(d, "events")
        await d.press("v")
        assert (ids.by, ids.cells(0)[:2]) == ("Provider", ("Microsoft-Windows-Security-Auditing", "101"))
        await d.press("v", "v")
        assert (ids.by, ids.cells(0)[:2]) == ("Level", ("Always", "100"))
        await d.press("v", "v", "v")
        assert (ids.by, ids.cells(0)[0]) == ("EventID", "4663")


async def test_ascii(driven: Driven) -> None:
    """Without block elements all of it is ASCII."""
    async with driven(FakeSession(logs()), (100, 40), glyphs=ASCII) as d:
        for key in ("i", "o", "d", "p"):
            await d.press(key)
            assert d.text.isascii(), [line for line in d.lines if not line.isascii()]


async def test_what_panes_show_is_not_mounted_at_the_start(driven: Driven) -> None:
    """A capture alone mounts no view of events."""
    async with driven(FakeSession(store_of([tcp(START)])), (120, 36)) as d:
        assert not any(d.main.query(f"#{name}") for name in (*VIEWS, "event"))
