"""The findings: looked for beside the keyboard, shown worst first, gone to with Enter, marked on the time line."""

from __future__ import annotations

import csv
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from made import START, store_of
from made_events import add_events, event
from syrupy.assertion import SnapshotAssertion
from tui.screens import SECOND, Driver, FakeSession, mixed

from netsleuth_tui.analysis import Scope
from netsleuth_tui.errors import NetSleuthError, RowsDroppedError
from netsleuth_tui.findings import KINDS, Finding, Looked, Report, Steps
from netsleuth_tui.terminal.glyphs import ASCII
from netsleuth_tui.tui.axis import Axis
from netsleuth_tui.tui.finding_lines import is_of_events
from netsleuth_tui.tui.marks import Marks
from netsleuth_tui.tui.messages import LoadProgressed

Driven = Any
LOOKED = tuple(Looked(kind, f"what a {kind} is", 1, 0.1) for kind in ("icmp-burst", "logon", "loud"))


def finding(at: int = 3, severity: int = 80, **fields: Any) -> Finding:
    """A finding about the ICMP packets of ten seconds from `at` on."""
    first = START + at * SECOND
    made: dict[str, Any] = {
        "kind": "icmp-burst", "title": "Many pings", "severity": severity, "first": first, "last": first + 10 * SECOND - 1, "count": 33,
        "filter": "icmp", "window": (first, first + 10 * SECOND), "why": "somebody is curious", "usual": 0.5, "between": ("10.0.0.1", "b"),
    }  # fmt: skip
    return Finding(**made | fields)


class Told(FakeSession):
    """What is found is said beforehand; `before` runs in the thread that looks."""

    told: tuple[Finding, ...] = (finding(3), finding(12, 50, title="Less"), finding(12, 90, title="Worst", kind="loud"))
    before: Callable[[Callable[[], bool]], None] = staticmethod(lambda _: None)  # type: ignore[assignment]
    searches = 0
    looks_long = False
    """The search does not end by itself: starting the app does not wait for it."""

    def findings(self, scope: Scope, *, progress: Callable[[Steps], None], cancelled: Callable[[], bool], limits: Any = None) -> Report:  # type: ignore[override]  # noqa: ARG002
        """They are the same, whatever is loaded."""
        self.searches += 1
        assert scope == Scope()
        progress(Steps(1, 3, "logon"))
        self.before(cancelled)
        return Report(tuple(sorted(self.told, key=lambda each: -each.severity)), LOOKED, 0.5)


def pane_of(d: Driver) -> Any:
    """The pane."""
    return d.main.pane("findings")


async def test_findings_of_several_days_show_their_dates(driven: Driven) -> None:
    """The time of day alone would put them in the wrong order."""
    for days in (0, 2):
        told = Told(mixed())
        told.told = (finding(3), finding(3 + days * 86_400, title="Later"))
        async with driven(told, (160, 50)) as d:
            await d.press("6")
            pane = pane_of(d)
            when = [pane.cells(k)[[column.name for column in pane.columns].index("start")] for k in range(pane.count())]
            assert [len(text) for text in when] == [len("2026-03-10 12:00:00" if days else "12:00:00")] * 2


@pytest.mark.parametrize("size", [(80, 24), (160, 50)])
async def test_the_worst_comes_first_and_enter_goes_there(driven: Driven, size: tuple[int, int]) -> None:
    """The records show exactly its packets; one undo brings filter and window back."""
    async with driven(Told(mixed()), size) as d:
        assert "3 findings: 6 shows them" in d.text
        await d.press("6")
        pane = pane_of(d)
        assert d.main.focused is pane
        titles = [pane.cells(k)[[column.name for column in pane.columns].index("what")] for k in range(pane.count())]
        assert titles == ["Worst", "Many pings", "Less"]
        assert "6 Findings 3" in d.text
        for words in ("somebody is curious", "usually 0.5/s", "10.0.0.1, b", "Filter: icmp", "what a loud is"):
            assert words in d.text, words
        await d.press("down", "enter")
        told = finding(3)
        assert d.main.session.scope == Scope("icmp", *told.window)
        assert d.main.overview.matched == told.count
        assert d.main.focused is d.main.table
        await d.press("u")
        assert d.main.session.scope == Scope()
        await d.press("6", "end", "plus")
        assert d.main.session.scope == Scope("icmp")
        await d.press("left_square_bracket")
        assert d.main.session.scope.start == START + 12 * SECOND


async def test_a_finding_about_events_goes_to_the_events(driven: Driven) -> None:
    """One by one, with the filter; they are the events that it counts."""
    store = add_events(
        store_of([]), *(event(START + k * SECOND, 1102 if k == 5 else 4688, provider="Microsoft-Windows-Eventlog") for k in range(9))
    )
    async with driven(FakeSession(store), (120, 40)) as d:
        await d.press("6")
        assert pane_of(d).finding.kind == "log-cleared"
        await d.press("enter")
        assert d.main.focused is d.main.pane("event-list")
        assert d.main.overview.events == 1


def test_filters_of_events_are_told_from_those_of_packets():
    """By the names in them; without any it is packets."""
    assert is_of_events(finding(filter='EventID == 1102 && Provider == "x"'))
    assert is_of_events(finding(filter="!Channel"))
    assert not is_of_events(finding(filter="tcp && ip.addr == 10.0.0.1"))
    assert not is_of_events(finding(filter=""))


async def test_nothing_found_says_what_was_looked_for(driven: Driven) -> None:
    """Every kind, with what counts as one; it can be scrolled, and no key does harm."""
    async with driven(FakeSession(mixed(3)), (80, 24)) as d:
        await d.press("6")
        pane = pane_of(d)
        assert "Nothing was found" in d.text
        said = " ".join(" ".join(text.split()) for text in pane._told)
        for kind in KINDS:
            assert f"{kind.slug} (none)" in said
        assert "findings:" not in d.text
        await d.press("end", "enter", "s", "plus", "left_square_bracket", "o")
        assert "What was looked for" in d.text
        await d.press("escape", "escape")


async def test_keys_are_answered_while_it_is_looked_for(driven: Driven) -> None:
    """It is said how far it is; Esc in the pane stops it, and a looks again."""
    going, seen = threading.Event(), []
    session = Told(mixed())
    session.looks_long = True

    def hold(cancelled: Callable[[], bool]) -> None:
        while not going.is_set() and not cancelled():
            going.wait(0.01)
        seen.append(cancelled())
        if cancelled():
            raise NetSleuthError("the question was interrupted")

    session.before = hold  # type: ignore[method-assign]
    async with driven(session, (100, 40)) as d:
        await d.until(lambda: d.main.looking is not None and d.main.looking.kind == "logon")
        await d.pilot.press("6")
        await d.until(lambda: "looking for logon, 2 of 3" in d.text)
        assert "6 Findings …" in d.text
        assert "stop looking" in d.text
        await d.pilot.press("1", "down")
        await d.until(lambda: d.main.table.cursor == 1)
        assert d.main.looking is not None
        await d.pilot.press("6", "escape")
        await d.settle()
        assert seen == [True]
        assert "The search was stopped: a looks again" in d.text
        going.set()
        await d.press("a")
        assert pane_of(d).count() == 3
        assert session.searches == 2


async def test_it_is_looked_for_again_when_there_are_more_rows(driven: Driven) -> None:
    """And not where loading only reports once more."""
    session = Told(mixed())
    async with driven(session) as d:
        progress = d.main.progress
        d.main.post_message(LoadProgressed(progress))
        await d.settle()
        assert session.searches == 1
        add_events(session.store, event(START))
        d.main.post_message(LoadProgressed(progress))
        await d.settle()
        assert session.searches == 2


async def test_a_stream_is_looked_at_while_it_goes_on(driven: Driven, monkeypatch: pytest.MonkeyPatch) -> None:
    """As often as more has come, but not all the time; not where nothing has come; and no more once somebody stopped it."""
    monkeypatch.setattr("netsleuth_tui.tui.screens.noticing.STREAM_EVERY", 0.02)
    monkeypatch.setattr("netsleuth_tui.tui.screens.noticing.STREAM_PAUSE", 0.0)
    monkeypatch.setattr("netsleuth_tui.tui.screens.noticing.STREAM_REST", 0.0)
    session = Told(mixed())
    session.hold = True
    async with driven(session, paths=("-",)) as d:
        await d.until(lambda: session.searches == 1)
        await d.until(lambda: d.main.report is not None)
        await d.pilot.pause(0.2)
        assert session.searches == 1, "nothing has come since"
        assert d.main.is_loading
        add_events(session.store, event(START))
        await d.until(lambda: session.searches == 2)
        d.main._next_look = time.monotonic() + 60
        add_events(session.store, event(START))
        await d.pilot.pause(0.2)
        assert session.searches == 2, "searches take a part of the time"
        d.main._next_look, d.main.stopped = 0.0, True
        await d.pilot.pause(0.2)
        assert session.searches == 2, "somebody stopped it"
    session = Told(mixed())
    session.hold = True
    async with driven(session, paths=("trace.pcap",)) as d:
        await d.pilot.pause(0.2)
        assert session.searches == 0, "a file has an end"


async def test_packets_dropped_meanwhile_have_it_looked_for_again(driven: Driven, monkeypatch: pytest.MonkeyPatch) -> None:
    """That is no failure, and nobody has to ask for it."""
    for name, seconds in (("STREAM_EVERY", 0.02), ("STREAM_PAUSE", 0.0), ("STREAM_REST", 0.0)):
        monkeypatch.setattr(f"netsleuth_tui.tui.screens.noticing.{name}", seconds)
    session = Told(mixed())
    session.hold = True

    def drop(_: Callable[[], bool]) -> None:
        if session.searches == 1:
            raise RowsDroppedError

    session.before = drop  # type: ignore[method-assign]
    async with driven(session, paths=("-",)) as d:
        await d.until(lambda: d.main.report is not None)
        assert session.searches == 2
        assert not d.main.stopped
        assert "made room" not in d.text


async def test_an_error_is_said(driven: Driven) -> None:
    """A threshold in the settings that means nothing, say."""
    session = Told(mixed())

    def fail(_: Callable[[], bool]) -> None:
        raise NetSleuthError("there is no limit 'loops'")

    session.before = fail  # type: ignore[method-assign]
    async with driven(session) as d:
        assert "there is no limit" in d.main.status.message
        await d.press("6")
        assert "The search was stopped" in d.text


async def test_marks_on_the_time_line(driven: Driven) -> None:
    """A sign where one begins, a digit for several; a and A go from one to the next and say what it is."""
    async with driven(Told(mixed()), (100, 40), glyphs=ASCII) as d:
        await d.press("t")
        line = d.main.query_one("#timeline")
        marks = d.lines[line.size.height]
        assert [sign for sign in marks[:70] if sign != " "][:2] == ["!", "2"]
        assert d.text.isascii()
        await d.press("a")
        assert line.instant == START + 3 * SECOND
        assert d.main.status.message == "Many pings"
        await d.press("a")
        assert line.instant == START + 12 * SECOND
        assert d.main.status.message == "Worst (and 1 more)"
        await d.press("a")
        assert "no finding after" in d.main.status.message
        await d.press("A")
        assert line.instant == START + 3 * SECOND
        await d.press("A")
        assert "no finding before" in d.main.status.message


def test_what_recurs_is_marked_each_time() -> None:
    """In every column in which it begins; what is said there is the same."""
    recurs = finding(3, occurrences=(START + 3 * SECOND, START + 8 * SECOND, START + 40 * SECOND))
    marks = Marks([recurs, finding(8, 50, title="Less")])
    assert marks.times == [START + at * SECOND for at in (3, 8, 40)]
    axis = Axis(START, SECOND, 20, SECOND)
    assert {column: len(here) for column, here in marks.columns(axis).items()} == {3: 1, 8: 2}
    assert marks.said(START + 8 * SECOND) == "Many pings (and 1 more)"
    assert marks.said(START + 40 * SECOND) == "Many pings"


def test_marks_know_their_neighbours():
    """Those of equal times are one."""
    marks = Marks([finding(3), finding(12), finding(12)])
    assert marks.next(START, 1) == START + 3 * SECOND
    assert marks.next(START + 12 * SECOND, 1) is None
    assert marks.next(START + 12 * SECOND, -1) == START + 3 * SECOND
    assert marks.heading() == "3 findings: 6 shows them"
    assert Marks([finding()]).heading() == "1 finding: 6 shows it"


async def test_many_marks_leave_room_for_what_they_are(driven: Driven) -> None:
    """Where none of their gaps holds it, the heading of the time line says how many findings there are."""
    close = finding(0, occurrences=tuple(START + k * SECOND for k in range(95)))
    async with driven(FakeSession(mixed(950)), (100, 24)) as d:
        d.main.query_one("#timeline").show_findings([close, finding(20)])
        await d.settle()
        heading = next(text for text in d.lines if text.startswith("packets/s"))
        assert "2 findings: 6 shows them  peak" in heading
        d.main.query_one("#timeline").show_findings([finding(20)])
        await d.settle()
        assert "6 shows" not in next(text for text in d.lines if text.startswith("packets/s"))
        assert "1 finding: 6 shows it" in d.text


async def test_lines_are_sorted_and_the_cursor_stays(driven: Driven) -> None:
    """By any column, both ways; once more as they come."""
    async with driven(Told(mixed()), (160, 50)) as d:
        await d.press("6", "s")
        pane = pane_of(d)
        assert [pane.cells(k)[0] for k in range(3)] == ["50", "80", "90"]
        assert pane.finding.title == "Worst"
        await d.press("s", "c", "escape", "right", "S")
        assert [pane.cells(k)[0] for k in range(3)] == ["90", "50", "80"]


async def test_all_of_it_is_exported(driven: Driven, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the command writes it."""
    monkeypatch.chdir(tmp_path)
    async with driven(Told(mixed()), (160, 50)) as d:
        await d.press("6", "e")
        await d.press("enter")
        (written,) = tmp_path.iterdir()  # noqa: ASYNC240
        rows = list(csv.DictReader(written.read_text(encoding="utf-8").splitlines()))
        assert [row["summary"] for row in rows] == ["Worst", "Many pings", "Less"]
        assert rows[0]["filter"] == "icmp"


async def test_text_from_data_is_harmless(driven: Driven) -> None:
    """Escapes are shown, and nothing is markup."""
    session = Told(mixed())
    session.told = (
        finding(
            title="\x1b]0;x\x07[@click=app.leave]y[/]\u202e", why="\x9b31m", between=("\x00", "[/nope]"), filter='http.host == "\\x1b"'
        ),
    )
    async with driven(session, (120, 40)) as d:
        await d.press("6", "t", "a")
        shown = d.text
        assert not any(
            (ord(character) < 32 and character != "\n") or 0x7F <= ord(character) < 0xA0 or character == "\u202e" for character in shown
        )
        assert "[@click=app.leave]y[/]" in shown


@pytest.mark.parametrize("size", [(160, 50), (80, 24)], ids=lambda size: f"{size[0]}x{size[1]}")
async def test_the_pane(driven: Driven, size: tuple[int, int], snapshot: SnapshotAssertion) -> None:
    """Line, marks and detail."""
    async with driven(Told(mixed()), size) as d:
        await d.press("6")
        assert d.text == snapshot


@pytest.mark.parametrize(("packets", "when"), [(20, "12:00:00.250"), (300, "12:00:00")])
async def test_times_have_the_digits_that_tell_them_apart(driven: Driven, packets: int, when: str) -> None:
    """Parts of seconds in a capture of two seconds, none in one of half a minute."""
    session = Told(mixed(packets))
    session.told = (finding(first=START + SECOND // 4, last=START + SECOND // 2),)
    async with driven(session) as d:
        await d.press("6")
        table = pane_of(d)
        assert table.cells(0)[[column.name for column in table.columns].index("start")] == when
