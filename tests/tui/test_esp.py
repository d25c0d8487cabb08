"""The ESP pane: the list of associations, one of them alone, windows, filters, gaps that lead to their packets, exports."""

from __future__ import annotations

from typing import Any

import pytest
from esp_by_hand import esp
from made import SECOND, START, store_of, tcp
from tui.screens import FakeSession

from netsleuth_tui.store import Store
from netsleuth_tui.terminal.glyphs import ASCII, UNICODE
from netsleuth_tui.tui.esp_charts import LABEL

Driven = Any


def tunnels() -> Store:
    """Two directions: in one 30 numbers late by 100 at second 2, and 12 numbers lost at second 6."""
    numbers = [*range(1, 201), *range(231, 331), *range(201, 231), *range(331, 601), *range(613, 1001)]
    packets = [esp(number, START + k * 10_000_000, len=1400) for k, number in enumerate(numbers)]
    packets += [esp(k, START + k * 100_000_000, src=1, dst=0, esp_spi=0x2000) for k in range(1, 90)]
    packets.append(tcp(START + 5 * SECOND))
    return store_of(sorted(packets, key=lambda packet: packet["time"]))


def panes(d: Any) -> tuple[Any, Any]:
    """The list and the one."""
    return d.main.pane("esp"), d.main.pane("association")


@pytest.mark.parametrize("size", [(80, 24), (160, 50)])
async def test_list_and_one(driven: Driven, size: tuple[int, int]) -> None:
    """The association with most packets is on top; Enter opens it, Escape goes back to the list, then to the records."""
    async with driven(FakeSession(tunnels()), size) as d:
        await d.press("3")
        table, one = panes(d)
        await d.until(lambda: table.count() == 2)
        assert table.cells(0)[:4] == ("0x00001000", "10.0.0.1", "10.0.0.2", "988")
        await d.press("enter")
        await d.until(lambda: one.one is not None)
        assert d.main.focused is one
        assert int(one.over.course.lost.sum()) == 12
        assert one.one.drops[64] == 30
        assert "would have dropped 30 packets; 256 would be enough" in one.text_as_shown()
        assert "lost 12 of 1 000 (1.20 %)" in d.text
        await d.press("escape")
        assert d.main.focused is table
        await d.press("escape")
        assert d.main.focused is d.main.table


async def test_a_column_is_the_window(driven: Driven) -> None:
    """Enter on a chart looks through the column's time; all panes follow, the charts stay, and the numbers are those of the window."""
    async with driven(FakeSession(tunnels()), (160, 50)) as d:
        await d.press("3", "enter")
        _, one = panes(d)
        await d.until(lambda: one.one is not None)
        axis, course = one.axis, one.over
        await d.press("ctrl+right", "right")
        start, end = one.cursor_time()
        await d.press("enter")
        assert (d.main.session.scope.start, d.main.session.scope.end) == (start, end)
        await d.until(lambda: one.one is not None and int(one.one.one.numbers("packets")[0]) < 988)
        assert int(one.one.one.numbers("packets")[0]) == int(course.course.packets[11])
        assert one.axis == axis
        assert one.over is course
        assert one.brush == (11, 11)
        await d.press("backslash")
        await d.until(lambda: int(one.one.one.numbers("packets")[0]) == 988)
        assert one.cursor_time() == (start, end)
        assert one.brush is None
        await d.press("left_square_bracket")
        assert d.main.session.scope.start == start


async def test_brushing_as_on_the_time_line(driven: Driven) -> None:
    """Shift and arrows draw the window along; records and time line follow; one brush is one step back; z zooms into it, Z back."""
    async with driven(FakeSession(tunnels()), (160, 50)) as d:
        await d.press("3", "enter")
        _, one = panes(d)
        await d.until(lambda: one.one is not None)
        whole = one.axis
        await d.press("ctrl+right", *("shift+right",) * 3)
        scope = d.main.session.scope
        assert (scope.start, scope.end) == (whole.begin(10), whole.begin(14))
        assert one.brush == (10, 13)
        await d.until(lambda: d.main.overview.scope == scope)
        assert d.main.overview.matched == sum(scope.start <= packet < scope.end for packet in d.main.session.store.columns().time.tolist())
        assert d.main.query_one("#timeline").window == (scope.start, scope.end)
        assert int(one.one.one.numbers("packets")[0]) == int(one.over.course.packets[10:14].sum())
        await d.press("shift+left")
        assert d.main.session.scope.end == whole.begin(13)
        await d.press("z")
        await d.until(lambda: one.axis != whole)
        assert (one.axis.start, one.axis.end) == (whole.begin(10), whole.begin(13))
        assert int(one.over.frames[0]) > int(one.over.course.packets[0])
        await d.press("Z")
        await d.until(lambda: one.axis == whole)
        await d.press("u")
        assert not d.main.session.scope.has_window
        assert one.brush is None


async def test_a_brush_here_and_one_on_the_time_line_are_two_steps_back(driven: Driven) -> None:
    """The windows of one brush count as one step, those of two panes do not."""
    async with driven(FakeSession(tunnels()), (160, 50)) as d:
        await d.press("t", "shift+right", "shift+right")
        first = d.main.session.scope
        await d.press("3", "enter", "shift+right")
        assert d.main.session.scope != first
        await d.press("u")
        assert d.main.session.scope == first


async def test_the_mouse_brushes(driven: Driven) -> None:
    """A click on a chart sets line and column, dragging brushes, and a click on a line below only chooses it."""
    async with driven(FakeSession(tunnels()), (160, 50)) as d:
        await d.press("3", "enter")
        _, one = panes(d)
        await d.until(lambda: one.one is not None)
        await d.pilot.mouse_down(one, offset=(LABEL + 5, one.HEADER + 4))
        assert (one.cursor, one.cursor_column) == (4, 5)
        await d.pilot.hover(one, offset=(LABEL + 9, one.HEADER + 9))
        await d.pilot.mouse_up(one, offset=(LABEL + 9, one.HEADER + 9))
        await d.until(lambda: d.main.session.scope.has_window)
        assert one.brush == (5, 9)
        line = next(k for k, each in enumerate(one._lines) if each.where == "esp.depth >= 64")
        await d.pilot.click(one, offset=(LABEL + 20, one.HEADER + line - one.top))
        assert (one.cursor, one.brush) == (line, (5, 9))


async def test_peaks_are_those_of_the_chart_under_the_cursor(driven: Driven) -> None:
    """On the losses P goes to the only loss."""
    async with driven(FakeSession(tunnels()), (160, 50)) as d:
        await d.press("3", "enter")
        _, one = panes(d)
        await d.until(lambda: one.one is not None)
        one.move_to(next(k for k, each in enumerate(one._lines) if each.where == "esp.gap"))
        await d.press("p")
        assert int(one.over.course.lost[one.cursor_column]) == 12


async def test_sequence_numbers_are_drawn_against_frames(driven: Driven) -> None:
    """Smallest and greatest of a column, both aligned at 1; the difference falls by what is late, and rises by what is lost."""
    async with driven(FakeSession(tunnels()), (160, 50)) as d:
        await d.press("3", "enter")
        _, one = panes(d)
        await d.until(lambda: one.one is not None)
        over = one.over
        assert (int(over.lowest[0]), int(over.highest[-1]), int(over.frames[-1])) == (1, 1000, 988)
        assert (int(over.behind.min()), int(over.before[-1])) == (-100, 12)
        shown = one.text_as_shown().splitlines()
        charts = [text for text in shown if text.startswith(("sequence", "seq - frame"))]
        assert len(charts) == 2
        assert all(set(text[LABEL:].strip()) <= set(UNICODE.dots + UNICODE.dot) for text in charts)


async def test_numbers_are_filters(driven: Driven) -> None:
    """The association, a column, the late packets of a depth, the packets around a gap."""
    async with driven(FakeSession(tunnels()), (160, 50)) as d:
        await d.press("3")
        table, one = panes(d)
        await d.until(lambda: table.count() == 2)
        await d.press("plus")
        assert d.main.overview.matched == 988
        await d.press("u", "enter")
        await d.until(lambda: one.one is not None)
        await d.press("plus")
        assert d.main.overview.matched == int(one.over.course.packets[0]) or "frame.time" in d.main.session.scope.filter
        await d.press("u")
        await d.until(lambda: len(one._lines) > 20)
        total = {"esp.depth >= 64": 30, "esp.depth >= 128": 2, "esp.depth in {64 .. 127}": 28, "esp.gap": 1, "esp.gap in {8 .. 15}": 1}
        for where, count in total.items():
            one.move_to(next(k for k, each in enumerate(one._lines) if each.where == where and each.values is None))
            await d.press("equals_sign")
            assert d.main.session.scope.filter.endswith(where)
            assert d.main.overview.matched == count, where
            await d.press("u")
        await d.until(lambda: len(one._lines) > 20)
        gap = next(k for k, each in enumerate(one._lines) if each.row is not None)
        one.move_to(gap)
        await d.press("equals_sign")
        assert d.main.overview.matched == 10


async def test_a_gap_leads_to_its_packet(driven: Driven) -> None:
    """Enter on a gap goes to the packet after it in the records."""
    async with driven(FakeSession(tunnels()), (160, 50)) as d:
        await d.press("3", "enter")
        _, one = panes(d)
        await d.until(lambda: one.one is not None)
        gap = one.one.gaps[0]
        assert (gap.length, gap.first, gap.last) == (12, 601, 612)
        one.move_to(next(k for k, each in enumerate(one._lines) if each.row == gap.row))
        await d.press("enter")
        assert d.main.focused is d.main.table
        assert d.main.table.row == gap.row


async def test_the_peers_window_is_asked_for(driven: Driven) -> None:
    """R takes a number of packets; the sentence and the drops per interval follow."""
    async with driven(FakeSession(tunnels()), (160, 50)) as d:
        await d.press("3", "enter")
        _, one = panes(d)
        await d.until(lambda: one.one is not None)
        await d.press("r", *("backspace",) * 2, "1", "2", "8", "enter")
        await d.until(lambda: one.opened.charted.asking.window == 128)
        assert "A peer with a window of 128" in one.text_as_shown()


async def test_sorting_and_columns(driven: Driven) -> None:
    """As in the other tables."""
    async with driven(FakeSession(tunnels())) as d:
        await d.press("3")
        table, _ = panes(d)
        await d.until(lambda: table.count() == 2)
        await d.press(*("right",) * 3, "s")
        await d.until(lambda: not table.sorting)
        assert [table.cells(k)[0] for k in range(2)] == ["0x00002000", "0x00001000"]


async def test_without_esp(driven: Driven) -> None:
    """The pane says so."""
    async with driven(FakeSession(store_of([tcp(START)]))) as d:
        await d.press("3")
        await d.until(lambda: "No ESP packet" in d.text)
        await d.press("enter", "plus", "r")


async def test_ascii(driven: Driven) -> None:
    """Without block elements the charts are ASCII."""
    async with driven(FakeSession(tunnels()), (100, 40), glyphs=ASCII) as d:
        await d.press("3", "enter")
        _, one = panes(d)
        await d.until(lambda: one.one is not None)
        assert d.text.isascii()


async def test_the_answer_about_a_replay_window_is_seen(driven: Driven) -> None:
    """At 80x24 the sentence and the line of the window that was asked for come into view, with the cursor on it."""
    async with driven(FakeSession(tunnels()), (80, 24)) as d:
        await d.press("3", "enter")
        _, one = panes(d)
        await d.until(lambda: one.one is not None)
        assert "would have dropped" not in d.text
        await d.press("r")
        await d.type("100")
        await d.press("enter")
        assert "A peer with a window of 100 would have dropped" in d.text
        assert one._here.where == "esp.depth >= 100"
        assert any(line.split()[:2] == ["100", "drops"] for line in d.lines)


async def test_what_counts_nothing_is_no_filter(driven: Driven) -> None:
    """+ on a number that is 0, in the list, a table or a column of a chart, says so, and the panes stay as they are."""
    async with driven(FakeSession(tunnels()), (160, 50)) as d:
        await d.press("3", "down")
        table, one = panes(d)
        table.column = [column.name for column in table.columns].index("lost")
        await d.press("plus")
        assert "0 packets are counted here" in d.lines[-1]
        await d.press("up", "enter")
        await d.until(lambda: one.one is not None)
        one.move_to(next(k for k, each in enumerate(one._lines) if each.where == "esp.gap" and each.values is not None))
        await d.press("equals_sign")
        assert "0 packets are counted here" in d.lines[-1]
        one.move_to(next(k for k, each in enumerate(one._lines) if each.where == "esp.depth >= 4096"))
        await d.press("plus")
        assert "0 packets are counted here" in d.lines[-1]
        assert d.main.session.scope.filter == ""
        await d.press("p", "plus")
        assert "esp.depth >= 4096" not in d.main.session.scope.filter
        one.move_to(0)
        await d.press("plus")
        assert "esp.spi == 0x00001000" in d.main.session.scope.filter


async def test_a_replay_window_that_is_not_counted_yet(driven: Driven) -> None:
    """The pane is drawn anew, by a terminal that changes its size, before the answer about it has come."""
    async with driven(FakeSession(tunnels()), (80, 24)) as d:
        await d.press("3", "enter")
        _, one = panes(d)
        await d.until(lambda: one.one is not None)
        one.replay_window = 100
        one.on_resize()
        assert "window of 64" in one.text_as_shown()
