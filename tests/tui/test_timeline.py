"""The time line: keys move the cursor, brush, zoom and divide; the window follows, and the line itself is not counted again for it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from made import SECOND, START, icmp, store_of, tcp, udp
from textual.geometry import Offset
from tui.screens import Driver, FakeSession, mixed

from netsleuth_tui.analysis import Scope
from netsleuth_tui.decode.columns import NO_TIME
from netsleuth_tui.store import Store
from netsleuth_tui.terminal.glyphs import ASCII, UNICODE, Glyphs
from netsleuth_tui.tui import time_counts
from netsleuth_tui.tui.theme import DARK, SIXTEEN
from netsleuth_tui.tui.widgets.timeline import TimeLine

Driven = Callable[..., Any]


def bursts() -> Store:
    """Ten minutes of one TCP segment a second, and three bursts of 50 ICMP messages, at 2, 5 and 8 minutes."""
    made = [tcp(START + k * SECOND, src=0, dst=1, tcp_len=10) for k in range(600)]
    for minute in (2, 5, 8):
        made += [icmp(START + minute * 60 * SECOND + k * 1000, src=2, dst=0) for k in range(50)]
    return store_of(sorted(made, key=lambda packet: packet["time"]))


def line_of(d: Driver) -> TimeLine:
    """The time line of the app that is driven."""
    return d.main.query_one(TimeLine)


async def test_the_cursor_reads_its_column(driven: Driven) -> None:
    """Right and left by a column, Ctrl by ten, Home and End to the ends; the heading says what the column counts."""
    async with driven(FakeSession(bursts())) as d:
        await d.press("t")
        line = line_of(d)
        column = line.axis.column
        assert line.instant == START
        await d.press("right", "l")
        assert line.instant == line.axis.begin(2)
        await d.press("ctrl+right", "h", "left")
        assert line.instant == line.axis.begin(10)
        length = column // SECOND
        assert re.search(rf"12:00:{10 * length:02d} +{length} in {length} s +TCP +{length}", d.lines[2])
        await d.press("end")
        assert line.instant == START + 599 * SECOND
        await d.press("g")
        assert line.instant == START
        await d.press("m", "s", "s", "S", "M", "o")
        assert line.instant == START + 599 * SECOND
        await d.press("O")
        assert line.instant == START


async def test_the_brush_makes_the_window_and_counts_once_in_the_history(driven: Driven) -> None:
    """Shift and arrows take whole columns, the records follow, the time line stays as it is; one undo takes all of it back."""
    session = FakeSession(bursts())
    async with driven(session) as d:
        line = line_of(d)
        await d.press("t", "right", "right")
        counted = line.counted
        await d.press("shift+right", "L", "shift+right")
        axis = line.axis
        assert (session.scope.start, session.scope.end) == (axis.begin(2), axis.begin(6))
        assert line.brush == (2, 5)
        assert d.main.table.count() == 4 * axis.column // SECOND
        assert line.counted is counted
        await d.press("shift+left", "H", "H", "H")
        assert (session.scope.start, session.scope.end) == (axis.begin(1), axis.begin(3))
        await d.press("u")
        assert session.scope == Scope()
        assert line.brush is None
        assert d.main.table.count() == 750
        await d.press("ctrl+r")
        assert (session.scope.start, session.scope.end) == (axis.begin(1), axis.begin(3))
        assert line.brush == (1, 2)


async def test_a_new_brush_is_another_step(driven: Driven) -> None:
    """Moving without Shift ends the brush; the windows' own history knows both."""
    session = FakeSession(bursts())
    async with driven(session) as d:
        line = line_of(d)
        await d.press("t", "shift+right", "right", "right", "shift+right")
        first, second = (START, line.axis.begin(2)), (line.axis.begin(3), line.axis.begin(5))
        assert (session.scope.start, session.scope.end) == second
        await d.press("comma")
        assert (session.scope.start, session.scope.end) == first
        assert line.brush == (0, 1)
        await d.press("full_stop")
        assert (session.scope.start, session.scope.end) == second
        await d.press("backslash")
        assert session.scope == Scope()


async def test_enter_takes_the_column_and_then_zooms_into_it(driven: Driven) -> None:
    """Z leads back out; the window stays."""
    session = FakeSession(bursts())
    async with driven(session) as d:
        line = line_of(d)
        await d.press("t", "p", "enter")
        window = (session.scope.start, session.scope.end)
        assert window == (line.axis.begin(line.cursor_column), line.axis.begin(line.cursor_column + 1))
        assert line.shown is None
        await d.press("enter")
        assert line.shown == window
        assert line.axis.column < SECOND
        assert (session.scope.start, session.scope.end) == window
        await d.press("Z")
        assert line.shown is None
        assert (session.scope.start, session.scope.end) == window
        await d.press("Z")
        assert "all of the time is seen" in d.lines[-1]


async def test_zooming_keeps_the_cursor_in_sight(driven: Driven) -> None:
    """Twice as close each time, and the axis follows the cursor where it leaves it."""
    async with driven(FakeSession(bursts())) as d:
        line = line_of(d)
        await d.press("t", "p", "p", "z", "z", "z")
        cursor = line.instant
        assert line.axis.holds(cursor)
        assert line.axis.end - line.axis.start < 100 * SECOND
        await d.press("m", "m")
        assert line.instant == cursor + 120 * SECOND
        assert line.axis.holds(line.instant)
        assert line.counted.packets.totals[:, 0].sum() > 0
        for _ in range(40):
            await d.press("z")
        assert line.axis.holds(line.instant)
        await d.press("home")
        assert line.axis.holds(START)


async def test_a_window_elsewhere_brings_the_whole_axis_back(driven: Driven) -> None:
    """A window from the history that is beside what is zoomed into is seen."""
    async with driven(FakeSession(bursts())) as d:
        line = line_of(d)
        await d.press("t", "enter", "end", "enter", "enter")
        assert line.shown is not None
        await d.press("comma")
        assert line.shown is None
        assert line.brush == (0, 0)


async def test_peaks_are_found(driven: Driven) -> None:
    """Next and previous burst; and where there is none, the last line says so."""
    async with driven(FakeSession(bursts())) as d:
        line = line_of(d)
        await d.press("t")
        met = []
        for key in "ppppPP":
            await d.press(key)
            met.append(round((line.instant - START) / SECOND / 60))
        assert met == [2, 5, 8, 8, 5, 2]
        await d.press("P")
        assert "no peak before the cursor" in d.lines[-1]


async def test_the_interval_is_chosen(driven: Driven) -> None:
    """Each column is one interval, the axis scrolls with the cursor, and auto brings the whole back; nonsense is refused."""
    async with driven(FakeSession(bursts()), (80, 24)) as d:
        line = line_of(d)
        await d.press("t", "i", "ctrl+u")
        await d.type("1x")
        await d.press("enter")
        assert "is not an interval" in d.lines[-1]
        await d.press("ctrl+u")
        await d.type("1s")
        await d.press("enter")
        assert d.main.focused is line
        assert (line.axis.column, line.axis.columns, line.axis.start) == (SECOND, 80, START)
        await d.press("pagedown")
        assert line.axis.holds(START + 80 * SECOND)
        assert line.axis.columns == 80
        await d.press("end")
        assert line.axis.end >= START + 600 * SECOND
        await d.press("i", "ctrl+u")
        await d.type("auto")
        await d.press("enter")
        assert line.axis.start == START
        assert line.axis.holds(START + 599 * SECOND)


@pytest.mark.parametrize(
    ("by", "labels"),
    [
        ("flag", {"ACK", "no TCP"}),
        ("direction", {"between private"}),
        ("host", {"10.0.0.1", "10.0.0.2", "192.168.0.1"}),
        ("ip.ttl", {"0"}),
        ("icmp.type", {"8", "no icmp.type"}),
    ],
)
async def test_the_line_is_divided(driven: Driven, by: str, labels: set[str]) -> None:
    """By what people say and by any field; the heading names it, and Esc leaves it as it was."""
    async with driven(FakeSession(bursts())) as d:
        line = line_of(d)
        await d.press("t", "d", "ctrl+u")
        await d.type(by)
        await d.press("enter")
        assert set(line.chart.labels) == labels
        assert f"by {by}" in d.lines[2]
        await d.press("d", "escape")
        assert line.by == by
        assert d.main.focused is line
        await d.press("d", "ctrl+u")
        await d.type("frame.nonsense")
        await d.press("enter")
        assert "there is no field" in d.lines[-1]
        assert line.by == by


async def test_a_logarithmic_scale_says_so(driven: Driven) -> None:
    """What is small stands higher, and the heading says log."""
    async with driven(FakeSession(bursts())) as d:
        await d.press("t", "b")
        linear = d.lines[3:8]
        await d.press("y")
        assert ", log" in d.lines[2]
        assert sum(row.count("█") for row in d.lines[3:8]) > sum(row.count("█") for row in linear)
        await d.press("y")
        assert d.lines[3:8] == linear


async def test_the_brush_is_seen_without_colours(driven: Driven) -> None:
    """Brackets and a line between them on the axis, and a mark for a window of one column; in ASCII as well."""
    async with driven(FakeSession(bursts()), (80, 24), glyphs=ASCII) as d:
        await d.press("t", "ctrl+right", "shift+right", "shift+right", "shift+right", "escape")
        axis = d.lines[2 + line_of(d).size.height - 1]
        assert axis.startswith("'12:00    [==]   ")
        await d.press("t", "right", "enter", "escape")
        axis = d.lines[2 + line_of(d).size.height - 1]
        assert axis.isascii()
        assert axis[14] == ASCII.marked


@pytest.mark.parametrize(("glyphs", "few"), [(UNICODE, "█▓▒"), (ASCII, "|#=")])
async def test_parts_of_columns_are_told_apart_by_shades_where_colours_are_few(driven: Driven, glyphs: Glyphs, few: str) -> None:
    """Those of the legend are those of the columns; with many colours there are none."""
    made = [tcp(START + k % 8 * SECOND, src=0, dst=1, ttl=(1, 1, 1, 2, 2, 3)[k % 6]) for k in range(4800)]
    for theme, shades in ((SIXTEEN, few), (DARK, "")):
        async with driven(FakeSession(store_of(sorted(made, key=lambda packet: packet["time"]))), theme=theme, glyphs=glyphs) as d:
            await d.press("t", "d", "ctrl+u")
            await d.type("ip.ttl")
            await d.press("enter", "f")
            full = [character for row in d.lines[3:8] for character in row if character in glyphs.shades]
            assert set(full) == set(shades or glyphs.shades[0])
            if shades:
                labels = line_of(d).chart.labels
                assert re.search("   " + " ".join(re.escape(shades[labels.index(ttl)] + ttl) for ttl in "123"), d.lines[2])
                assert full.count(shades[labels.index("1")]) > full.count(shades[labels.index("3")])


async def test_plus_brushes_the_column(driven: Driven) -> None:
    """What the cursor is on is a stretch of time: it becomes the window, not a term."""
    session = FakeSession(bursts())
    async with driven(session) as d:
        line = line_of(d)
        await d.press("t", "p", "plus")
        assert session.scope.filter == ""
        assert session.scope.start == line.axis.begin(line.cursor_column)
        await d.press("left", "left", "right_square_bracket")
        assert session.scope.start is None
        assert session.scope.end == line.axis.begin(line.cursor_column + 1)


async def test_the_mouse_sets_the_cursor_and_brushes(driven: Driven) -> None:
    """A click is the cursor; dragging is the brush."""
    session = FakeSession(bursts())
    async with driven(session) as d:
        line = line_of(d)
        await d.pilot.mouse_down(TimeLine, offset=Offset(7, 3))
        assert line.cursor_column == 7
        await d.pilot.hover(TimeLine, offset=Offset(9, 3))
        await d.pilot.mouse_up(TimeLine, offset=Offset(9, 3))
        await d.settle()
        assert line.brush == (7, 9)
        assert (session.scope.start, session.scope.end) == (line.axis.begin(7), line.axis.begin(10))


async def test_the_line_is_written_for_a_ticket(driven: Driven, tmp_path: Path) -> None:
    """As rows with what it is divided by, and as a chart in plain text for a name in .txt."""
    async with driven(FakeSession(bursts())) as d:
        for name in ("line.csv", "line.txt"):
            await d.press("t", "e", "ctrl+u")
            await d.type(str(tmp_path / name))
            await d.press("enter")
            await d.until(lambda name=name: (tmp_path / name).exists())
        rows = (tmp_path / "line.csv").read_text("utf-8").splitlines()
        assert rows[0] == "time,packets,bytes,events,payload"
        chart = (tmp_path / "line.txt").read_text("utf-8")
        assert "packets per second" in chart
        assert "# TCP  = ICMP" in chart


@dataclass
class Counts:
    """How often the time line was counted."""

    times: int = 0


@pytest.fixture
def counts(monkeypatch: pytest.MonkeyPatch) -> Iterator[Counts]:
    """Counts the calls that count the time line."""
    from netsleuth_tui import analysis

    made, series = Counts(), analysis.series

    def counted(*args: Any, **more: Any) -> Any:
        made.times += 1
        return series(*args, **more)

    monkeypatch.setattr(analysis, "series", counted)
    yield made
    assert time_counts.count is not None


async def test_a_window_does_not_count_the_line_again(driven: Driven, counts: Counts) -> None:
    """Brushing, measures, scales and undo leave the counts; a filter, a zoom or another split make new ones."""
    async with driven(FakeSession(bursts())) as d:
        await d.press("t")
        before = counts.times
        await d.press("shift+right", "shift+right", "enter", "u", "b", "y", "backslash", "p", "plus", "comma")
        assert counts.times == before + 1  # Enter after a brush zooms into it
        await d.press("Z", "z")
        assert counts.times > before + 1


@pytest.mark.parametrize("size", [(160, 50), (80, 24), (20, 6)])
@pytest.mark.parametrize(
    "store",
    [store_of([]), store_of([udp(NO_TIME)]), store_of([udp(0)]), store_of([udp(-(10**18)), udp(4 * 10**18)]), mixed(3)],
    ids=["empty", "untimed", "one", "centuries", "few"],
)
async def test_no_key_fails_whatever_there_is(driven: Driven, store: Store, size: tuple[int, int]) -> None:
    """Every key of the time line, on nothing, on one packet, on packets centuries apart, at any size."""
    async with driven(FakeSession(store), size) as d:
        await d.press("t")
        keys = [key.strip() for bindings in TimeLine.__mro__ for b in bindings.__dict__.get("BINDINGS", ()) for key in b.key.split(",")]
        for key in keys:
            await d.press(key)
            if d.main.query_one("#prompt").display:
                await d.press("escape")
        for key in ("t", "b", "b", "left_square_bracket", "right_square_bracket", "y", "u"):
            await d.press(key)
        window = d.main.session.scope
        assert window.start is None or window.end is None or window.start < window.end


async def test_a_column_without_anything_is_no_window(driven: Driven) -> None:
    """Enter and + there leave everything as it is, and say why; zoomed in where there is nothing, the line says how to come out."""
    async with driven(FakeSession(store_of([tcp(START), tcp(START + 100 * SECOND)])), (80, 24)) as d:
        await d.press("t", *("right",) * 10)
        for key in ("plus", "enter"):
            await d.press(key)
            assert "nothing is in this column" in d.lines[-1]
            assert not d.main.session.scope.has_window
        await d.press("z", "z")
        assert "Z zooms out" in d.lines[2]
        await d.press("plus")
        assert not d.main.session.scope.has_window
