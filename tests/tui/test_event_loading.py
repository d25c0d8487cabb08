"""An event log while it is loaded: how far it is, what is there by now; and its groups as a cross table."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from made import SECOND, START
from made_events import add_events, event
from tui.screens import FakeSession
from tui.test_events import AGENT, Driven, logs, pane, written

from netsleuth_tui.decode.event_xml import EventText
from netsleuth_tui.ingest import Progress
from netsleuth_tui.store import Store


@dataclass
class SlowSession(FakeSession):
    """A log whose events come in parts, when the test lets them."""

    parts: int = 3
    step: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))

    def load(self, paths: Sequence[str], *, cancel: threading.Event, report: Callable[[Progress], None]) -> Progress:
        """Add some events, report, wait."""
        begun = Progress("loading", str(paths[0]), 0, 1, 0, 1000 * self.parts, 0, 40_000.0, ())
        done = begun
        for part in range(1, self.parts + 1):
            events = [event(START + (40 * part + k) * SECOND, 4656 if k % 4 else 4663, {"SubjectUserName": "alice"}) for k in range(40)]
            add_events(self.store, *events)
            done = replace(begun, bytes_read=1000 * part, events=self.store.events.rows, slow="plain Python" if part == 1 else "")
            report(done)
            while not self.step.acquire(timeout=0.1) and not cancel.is_set():
                report(done)
        last = replace(done, phase="cancelled" if cancel.is_set() else "done")
        report(last)
        return last


@pytest.mark.parametrize("size", [(80, 24), (160, 50)])
async def test_a_log_is_looked_at_while_it_loads(driven: Driven, size: tuple[int, int]) -> None:
    """Share, events and rate stand in the title, the ids are there from the first part on, and grow; why it is slow is said."""
    session = SlowSession(Store(), hold=True)
    async with driven(session, size, paths=("Security.evtx",)) as d:
        await d.until(lambda: "40 events" in d.lines[0])
        assert "33 %" in d.lines[0] or "1.00 kB of 3.00 kB" in d.lines[0]
        assert "40.0 k/s" in d.lines[0] or "40 k/s" in d.lines[0]
        assert size[0] < 100 or "1 note" in d.lines[0]
        assert "plain Python" in d.lines[-1]
        ids = pane(d, "events")
        await d.until(lambda: ids.count() == 2)
        assert d.main.focused is ids
        assert (ids.cells(0)[0], ids.cells(0)[2]) == ("4656", "30")
        await d.press("down")
        session.step.release()
        await d.until(lambda: "80 events" in d.lines[0] and ids.cells(0)[2] == "60")
        assert "1 note" not in d.lines[0]
        assert ids.cells(ids.cursor)[0] == "4663"
        await d.press("p")
        groups = pane(d, "event-groups")
        await d.until(lambda: groups.count() == 2)
        session.step.release(2)
        await d.until(lambda: not d.main.is_loading)
        await d.until(lambda: groups.cells(0)[2] == "90" or groups.cells(0)[1] == "90")
        assert "120 events" in d.lines[0]
        assert "%" not in d.lines[0]


async def test_groups_become_a_cross_table(driven: Driven, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """X gives a column to each value of the last field; its cells are counts, sort, and are filters; what is written is what is seen."""
    monkeypatch.chdir(tmp_path)
    async with driven(FakeSession(logs()), (160, 50), paths=("server.evtx",)) as d:
        await d.press("p", "b", *("backspace",) * 80)
        await d.type("ext(ObjectName)")
        await d.press("enter", "X")
        assert "needs two fields" in d.text
        await d.press("b", *("backspace",) * 80)
        await d.type("ProcessName,ext(ObjectName)")
        await d.press("enter", "X")
        groups = pane(d, "event-groups")
        titles = [column.title for column in groups.columns]
        assert titles[:4] == ["ProcessName", "Total", "dll", "log"]
        assert groups.cells(0)[:4] == (AGENT, "90", "60", "30")
        total = sum(int(groups.cells(k)[1]) for k in range(groups.count()))
        assert total == d.main.overview.events
        for line in range(groups.count()):
            assert int(groups.cells(line)[1]) == sum(int(cell or 0) for cell in groups.cells(line)[2:])
        await d.press("e", "enter")
        await d.until(lambda: not d.main.export_running)
        await d.press("right", "right", "S")
        assert groups.cells(0)[2] == "60"
        await d.press("enter")
        assert d.main.overview.events == 60
        assert [column.title for column in groups.columns] == ["ProcessName", "Total", "dll"]
        await d.press("u", "X")
        assert groups.cells(0)[:4] == (AGENT, "dll", "60", "61.2 %") or groups.cells(0)[1] == "dll"
        await d.settle()
    (row, *_) = written("server-event-groups.csv")
    assert (row["ProcessName"], row["dll"], row["log"], row["total"]) == (AGENT, "60", "30", "90")


async def test_groups_show_what_codes_stand_for(driven: Driven) -> None:
    """Names in lines and in columns, the codes of the log behind r; what Enter filters on is the code."""
    events = [event(START + k * SECOND, data={"ObjectType": "File", "SubjectUserName": "alice", "AccessMask": "0x10000"}) for k in range(3)]
    async with driven(FakeSession(add_events(Store(), *events)), (160, 50), paths=("server.evtx",)) as d:
        await d.press("p")
        groups = pane(d, "event-groups")
        groups.group_by(["SubjectUserName", "AccessMask"])
        await d.settle()
        assert groups.cells(0)[:2] == ("alice", "DELETE")
        await d.press("X")
        assert [column.title for column in groups.columns] == ["SubjectUserName", "Total", "DELETE"]
        await d.press("r")
        assert [column.title for column in groups.columns] == ["SubjectUserName", "Total", "0x10000"]
        await d.press("r", "X", "r")
        assert groups.cells(0)[:2] == ("alice", "0x10000")
        await d.press("r", "enter")
        assert groups.cells(0)[:2] == ("alice", "DELETE")
        assert 'AccessMask == "0x10000"' in d.text


async def test_the_xml_of_an_event_is_read_to_its_end(driven: Driven) -> None:
    """Lines that are too long for the screen go on below."""
    session = FakeSession(logs())
    provider = '<System><Provider Name="Microsoft-Windows-Security-Auditing" Guid="{54849625-5478-4994-A5BA-3E3B0328C30D}"></Provider>'
    session.event_xml = lambda _: EventText(f"<Event>\n{provider}\n</Event>")  # type: ignore[method-assign]
    async with driven(session, paths=("server.evtx",)) as d:
        await d.press("5", "o", "enter", "v")
        await d.until(lambda: "</Event>" in d.text)
        assert "Guid=" in d.text
        assert "3E3B0328C30D}" in d.text


async def test_wide_characters_of_the_xml_are_all_seen(driven: Driven) -> None:
    """They take two cells each."""
    session = FakeSession(logs())
    session.event_xml = lambda _: EventText(f"<Event>\n<Data>{'印刷' * 60}</Data>\n</Event>")  # type: ignore[method-assign]
    async with driven(session, paths=("server.evtx",)) as d:
        await d.press("5", "o", "enter", "v")
        await d.until(lambda: "</Event>" in d.text)
        assert d.text.count("印") == d.text.count("刷") == 60
