"""The sources: what is said of each file, narrowing to one, and putting its clock right."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from made import SECOND, START, store_of, tcp
from made_events import add_events, event
from textual import events
from tui.screens import FakeSession, mixed

from netsleuth_tui.errors import NetSleuthError
from netsleuth_tui.store import Store
from netsleuth_tui.tui.messages import LoadProgressed

Driven = Callable[..., Any]
HOUR = 3600 * SECOND


def apart() -> Store:
    """A capture of a minute, and a log of the same minute by a clock that is an hour slow; the log is damaged."""
    store = store_of([tcp(START + k * SECOND, src=0, dst=1) for k in range(60)])
    add_events(store, *(event(START + k * SECOND - HOUR) for k in range(60)))
    capture, log = store.sources
    store.sources = (
        replace(capture, drops=7),
        replace(log, name="logs/print\x1b01.evtx", damage=("damaged at byte 65536: the checksum of the chunk is another one",), lost=3),
    )
    return store


@pytest.mark.parametrize("size", [(80, 24), (160, 50)])
async def test_each_file_has_a_line(driven: Driven, size: tuple[int, int]) -> None:
    """Kind, amounts, span, damage, losses; d lists damage with its offset; what is suggested stands below."""
    async with driven(FakeSession(apart()), size, paths=("a.pcap", "b.evtx")) as d:
        await d.press("7")
        table = d.main.pane("sources")
        names = [column.name for column in table.columns]
        lines = [dict(zip(names, table.cells(k), strict=True)) for k in range(table.count())]
        assert [(line["packets"], line["events"], line["damage"], line["lost"]) for line in lines] == [
            ("60", "0", "0", "7"),
            ("0", "60", "1", "3"),
        ]
        assert "\x1b" not in d.text
        assert "+3600s" in d.text
        assert "time zone?" in d.text or size[0] == 80
        await d.press("down", "d")
        assert "damaged at byte 65536" in d.text
        await d.press("escape", "enter")
        assert d.main.session.scope.filter == "source == 1"
        assert (d.main.overview.matched, d.main.overview.events) == (0, 60)
        await d.press("enter")
        assert d.main.session.scope.filter == ""


async def test_a_clock_is_put_right_and_undone(driven: Driven) -> None:
    """O proposes the offset that seems due; panes follow, nothing is suggested any more; undo and redo take it back and forth."""
    async with driven(FakeSession(apart()), paths=("a.pcap", "b.evtx")) as d:
        store, line = d.main.session.store, d.main.query_one("#timeline")
        await d.press("7", "down", "o")
        assert "+3600s" in d.text
        await d.press("enter")
        assert store.sources[1].first == START
        assert line.whole == (START, START + 59 * SECOND + 1)
        table = d.main.pane("sources")
        assert "+3600s" in table.cells(1)
        assert "time zone?" not in d.text
        assert d.main.table.count() == 120
        await d.press("C")
        assert "--shift" in d.text
        await d.press("escape", "1", "g", "down")
        assert d.main.table.event == 0, "packets and events take turns"
        await d.press("u")
        assert store.sources[1].first == START - HOUR
        assert line.whole[0] == START - HOUR
        await d.press("ctrl+r")
        assert store.sources[1].first == START
        await d.press("7", "o", *("backspace",) * 20, "enter")
        assert store.sources[1].first == START - HOUR


async def test_an_offset_that_is_none_is_said(driven: Driven) -> None:
    """The question stays open, and nothing moves."""
    async with driven(FakeSession(apart()), (80, 24), paths=("a.pcap", "b.evtx")) as d:
        await d.press("7", "o", *("backspace",) * 20, *"soon", "enter")
        assert "is no clock offset" in d.text
        await d.press("escape")
        assert d.main.session.store.clocks == ()


async def test_sources_are_written(driven: Driven, tmp_path: Path) -> None:
    """One row per file, with all that is known of it."""
    async with driven(FakeSession(apart()), paths=("a.pcap", "b.evtx")) as d:
        await d.press("7", "e", *("backspace",) * 80, *str(tmp_path / "sources.csv"), "enter")
        await d.until((tmp_path / "sources.csv").exists)
        rows = (tmp_path / "sources.csv").read_text().splitlines()
        assert rows[0].startswith("source,file,format,size,packets,bytes,events,first,last,longest_gap,")
        assert "damaged at byte 65536" in rows[2]


async def test_an_offset_waits_for_what_is_loading(driven: Driven) -> None:
    """Keys that come with o are for the prompt; what was asked for while files load is done when they have been loaded."""
    async with driven(FakeSession(apart()), paths=("a.pcap", "b.evtx")) as d:
        ended = d.main.progress
        await d.press("7", "down")
        d.main.progress = replace(ended, phase="loading")
        for key in ("o", "+", "1", "h"):
            d.app.post_message(events.Key(key, key))
        await d.press("enter")
        assert d.main.session.store.clocks == ()
        assert "when all is there" in d.text
        assert d.main.session.scope.filter == ""
        d.main.post_message(LoadProgressed(ended))
        for _ in range(100):
            await d.pilot.pause(0.02)
            if d.main.session.store.clocks:
                break
        assert d.main.session.store.clocks == ((1, HOUR),)


@pytest.mark.parametrize(
    ("width", "first", "last"), [(80, "12:00:00.000", "12:00:01.900"), (160, "03-10 12:00:00.000", "03-10 12:00:01.900")]
)
async def test_a_short_capture_has_parts_of_seconds(driven: Driven, width: int, first: str, last: str) -> None:
    """Its first and last time are told apart, on a narrow screen too."""
    async with driven(FakeSession(mixed(20)), (width, 24)) as d:
        await d.press("7")
        table = d.main.pane("sources")
        line = dict(zip((column.name for column in table.columns), table.cells(0), strict=True))
        assert (line["first"], line["last"]) == (first, last)
        assert last in d.text


async def test_standard_input_has_one_name(driven: Driven) -> None:
    """In the title, the notes and the sources it is standard input, not a dash."""
    store = mixed(20)
    store.sources = (replace(store.sources[0], name="-", notes=("read in part",), drops=7),)
    async with driven(FakeSession(store), (80, 24), paths=("-",)) as d:
        await d.press("7")
        assert any(line.startswith(" 0 standard input") for line in d.lines)
        await d.press("d")
        assert any(line.strip() == "standard input" for line in d.lines)
        await d.press("escape", "n")
        assert "standard input: read in part" in d.text
        assert "standard input: the capturing host says" in d.text
        assert "standard input" in str(NetSleuthError("it ends too early", where="-"))


@pytest.mark.parametrize("size", [(80, 24), (160, 50)])
async def test_years_are_told_apart(driven: Driven, size: tuple[int, int]) -> None:
    """A log of nine years ago beside a capture: sources, records, events and their ids say the year."""
    store = store_of([tcp(START + k * SECOND, src=0, dst=1) for k in range(60)])
    add_events(store, *(event(START + (k - 9 * 365 * 86400) * SECOND) for k in range(60)))
    async with driven(FakeSession(store), size, paths=("a.pcap", "b.evtx")) as d:
        await d.press("7")
        sources = d.main.pane("sources")
        names = [column.name for column in sources.columns]
        lines = [dict(zip(names, sources.cells(k), strict=True)) for k in range(sources.count())]
        assert [(line["first"][:10], line["last"][:10]) for line in lines] == [("2026-03-10",) * 2, ("2017-03-12",) * 2]
        assert "2026-03-10" in d.text
        await d.press("down", "enter", "1")
        await d.until(lambda: "2017-03-12 12:00:00" in d.text)
        await d.press("5", "o")
        await d.until(lambda: "2017-03-12 12:00:00.0000000" in d.text)
        await d.press("i")
        ids = d.main.pane("events")
        first = [column.name for column in ids.columns].index("first")
        assert ids.cells(0)[first] == "2017-03-12"
