"""The main screen: keys go in, panes follow."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from made import START, store_of, tcp
from textual import events
from tui.screens import FakeSession, mixed

from netsleuth_tui.errors import NetSleuthError
from netsleuth_tui.store import Store
from netsleuth_tui.tui.app import NetSleuthApp
from netsleuth_tui.tui.widgets.facets import Facets

Driven = Callable[..., Any]
SIZES = [(160, 50), (80, 24)]


@pytest.mark.parametrize("size", SIZES)
async def test_everything_is_there(driven: Driven, size: tuple[int, int]) -> None:
    """Files, packets, matches, peak, records: on both sizes."""
    async with driven(FakeSession(mixed()), size) as d:
        assert "NetSleuth  file0.pcap" in d.lines[0]
        assert "300 packets" in d.lines[0]
        assert d.lines[1].endswith("300 of 300 · 100 %")
        assert re.search(r"peak \d+ in \d+ ms at 12:00:[0-9.]+$", d.lines[2])
        assert "1 Records" in d.text
        assert "12:00:00.000000" in d.text
        assert ("TCP flag" in d.text) == (size[0] >= 100)
        assert ("Ethernet" in d.text) == (size[1] >= 36)
        assert len(d.lines) == size[1]


async def test_the_filter_is_applied_and_every_pane_follows(driven: Driven) -> None:
    """Typing shows matches, Enter keeps them and gives the keys back to the records."""
    session = FakeSession(mixed())
    async with driven(session) as d:
        await d.press("slash")
        await d.type("icmp")
        assert d.main.filter_bar.state == "valid"
        assert d.main.filter_bar.counted == ((100, 300, ""),)
        assert session.scope.filter == ""
        await d.press("enter")
        assert session.scope.filter == "icmp"
        assert d.main.focused is d.main.table
        assert d.main.table.count() == 100
        assert [count.label for count in d.main.overview.protocols] == ["ICMP"]
        assert "100 of 300 · 33.3 %" in d.lines[1]


async def test_an_invalid_filter_says_what_is_wrong_and_where(driven: Driven) -> None:
    """The complaint stands under the culprit, covers nothing, and the panes stay as they were; Enter does not leave the line."""
    async with driven(FakeSession(mixed()), (80, 24)) as d:
        await d.press("slash")
        await d.type("tcp && nonsense")
        assert d.main.filter_bar.state == "invalid"
        assert d.lines[1].startswith("/ tcp && nonsense")
        assert d.lines[2].index("^") == d.lines[1].index("nonsense")
        assert "nonsense" in d.main.filter_bar.complaint
        assert d.main.table.count() == 300
        await d.press("enter")
        assert d.main.focused is d.main.filter_bar.input
        await d.press("escape")
        assert d.main.filter_bar.input.value == ""
        assert d.main.filter_bar.complaint == ""
        assert d.main.filter_bar.state == "empty"


async def test_escape_restores_the_filter_that_was_applied(driven: Driven) -> None:
    """What was only tried out is gone, text and rows."""
    async with driven(FakeSession(mixed()), text="udp") as d:
        assert d.main.table.count() == 100
        await d.press("slash", "ctrl+u")
        await d.type("tcp")
        assert d.main.overview.scope.filter == "tcp"
        await d.press("escape", "escape")  # the first closes the list of what else tcp could mean
        assert d.main.filter_bar.input.value == "udp"
        assert d.main.overview.scope.filter == "udp"


async def test_an_invalid_filter_from_the_command_line_is_said_not_fatal(driven: Driven) -> None:
    """The rows are shown unfiltered, the complaint stands under the text."""
    async with driven(FakeSession(mixed()), text="no.such == 1") as d:
        assert d.main.filter_bar.state == "invalid"
        assert d.main.table.count() == 300


async def test_enter_on_a_count_filters_on_it_and_once_more_does_not(driven: Driven) -> None:
    """The number in the line is the number of rows that come; a 0 of a flag is shown and gives none."""
    session = FakeSession(mixed())
    async with driven(session) as d:
        await d.press("f")
        facets = d.main.query_one(Facets)
        assert d.main.focused is facets
        await d.press("down", "down", "down", "down", "down")
        chosen = facets.chosen
        assert (chosen.label, chosen.packets) == ("RST", 10)
        await d.press("enter")
        assert session.scope.filter == "tcp.flags.reset == 1"
        assert d.main.table.count() == 10
        assert facets.chosen.label == "RST"
        await d.press("enter")
        assert session.scope.filter == ""
        assert d.main.table.count() == 300


async def test_nothing_that_matches_is_said(driven: Driven) -> None:
    """An empty result has a reason and a way out in the table, zeros in the counts."""
    async with driven(FakeSession(mixed())) as d:
        await d.press("slash")
        await d.type("arp")
        await d.press("enter")
        assert "No packet of 300 matches this filter" in d.text
        assert d.lines[1].endswith("0 of 300 · 0 %")
        assert d.main.table.row is None
        for key in ("down", "pagedown", "end", "home", "enter", "e", "escape", "b", "v", "v", "tab", "down", "enter"):
            await d.press(key)


def big(rows: int) -> Store:
    """Many segments, a microsecond apart, written as columns."""
    import numpy as np

    store = store_of([tcp(START, src=0, dst=1, src_port=1, dst_port=2)])
    columns = store.table.reserve(rows)
    for column in columns:
        column[:rows] = column[0]
    columns.row[:rows] = np.arange(rows)
    columns.time[:rows] = START + np.arange(rows) * 1000
    store.table.commit(rows)
    from dataclasses import replace

    store.sources = (replace(store.sources[0], packets=rows, last=int(columns.time[rows - 1])),)
    return store


async def test_the_cursor_goes_everywhere_in_a_million_rows(driven: Driven) -> None:
    """Line, page, end and beginning, with arrows and with letters; the row under the cursor is always on the screen."""
    async with driven(FakeSession(big(1_000_000))) as d:
        table = d.main.table
        for keys, row in (
            (("down", "j", "down"), 3),
            (("k", "up"), 1),
            (("end",), 999_999),
            (("up",), 999_998),
            (("home",), 0),
            (("G",), 999_999),
            (("g",), 0),
            (("pagedown",), table.page - 1),
            (("pagedown",), 2 * (table.page - 1)),
            (("pageup", "pageup"), 0),
            (("up",), 0),
        ):
            await d.press(*keys)
            assert table.row == row
            assert table.top <= table.cursor < table.top + table.page
            assert f"{row + 1:,}  ".replace(",", " ") in d.text


async def test_a_filter_keeps_the_cursor_on_its_packet(driven: Driven) -> None:
    """Narrowing a filter around the packet under the cursor does not lose it."""
    async with driven(FakeSession(mixed())) as d:
        await d.press("G", "up")
        row = d.main.table.row
        await d.press("slash")
        await d.type("udp")
        await d.press("enter")
        assert d.main.table.row == row
        assert d.main.table.cursor == 99


async def test_the_table_moves_sideways(driven: Driven) -> None:
    """What is cut off at the right comes into view and goes again, not further than the longest line."""
    async with driven(FakeSession(mixed()), (80, 24)) as d:
        assert "win=" not in d.text
        await d.press(*["right"] * 9)
        assert "win=" in d.text
        await d.press(*["left"] * 12)
        assert "No." in d.text


async def test_sizes_come_and_go(driven: Driven) -> None:
    """From large to small to tiny and back, with a message where nothing fits."""
    async with driven(FakeSession(mixed())) as d:
        for size, seen, hidden in (
            ((80, 24), "1 Records", "TCP flag"),
            ((30, 8), "needs 60x15", "NetSleuth  trace"),
            ((1, 1), "", "Records"),
            ((100, 24), "TCP flag", "Ethernet"),
            ((160, 50), "Ethernet", "needs"),
        ):
            await d.pilot.resize_terminal(*size)
            await d.settle()
            assert seen in d.text
            assert hidden not in d.text
        assert d.main.focused is d.main.table


async def test_the_detail_opens_and_closes_on_a_small_screen(driven: Driven) -> None:
    """Enter shows the layers, v the bytes, Esc the records again."""
    async with driven(FakeSession(mixed()), (80, 24)) as d:
        await d.press("down", "enter")
        assert "Packet 2" in d.text
        assert "▾ IP" in d.text
        assert "1 Records" not in d.text
        await d.press("v")
        assert "0010  10 11 12 13" in d.text
        await d.press("escape")
        assert "1 Records" in d.text
        assert d.main.focused is d.main.table


async def test_layers_stay_folded_as_they_were(driven: Driven) -> None:
    """A layer that was opened is open in the next packet too; its bytes are marked."""
    async with driven(FakeSession(mixed())) as d:
        await d.press("enter")
        assert "    dst" not in d.text
        await d.press("enter")
        assert "    dst" in d.text
        await d.press("escape", "down")
        assert "Packet 2" in d.text
        assert "    dst" in d.text


async def test_every_measure_has_its_own_peak(driven: Driven) -> None:
    """B draws the next measure: packets, bytes, bits, TCP payload."""
    async with driven(FakeSession(mixed())) as d:
        for title, peak in (("bytes/s", r"[0-9.]+ k?B"), ("bits/s", r"[0-9.]+ k?bit"), ("TCP payload/s", None), ("packets/s", r"\d+")):
            await d.press("b")
            assert d.lines[2].startswith(title)
            assert peak is None or re.search(rf"peak {peak} in \d+ ms at", d.lines[2])


async def test_loading_is_shown_and_cancelled(driven: Driven) -> None:
    """Rows are there while loading goes on; Esc stops it, and what is there is called partial."""
    async with driven(FakeSession(mixed(), hold=True)) as d:
        assert "500 B of 1.00 kB" in d.lines[0]
        assert d.main.table.count() == 300
        assert "Esc stop loading" in d.lines[-1]
        await d.press("escape")
        await d.until(lambda: not d.main.is_loading)
        await d.settle()
        assert "partial" in d.lines[0]
        assert d.main.table.count() == 300


async def test_what_was_stopped_before_its_first_packet_is_not_said_to_have_none(driven: Driven) -> None:
    """Nobody knows what it has; r goes on."""
    async with driven(FakeSession(Store(), hold=True)) as d:
        await d.press("escape")
        await d.until(lambda: not d.main.is_loading)
        await d.settle()
        assert "No packet was read before loading ended; r reads on." in d.text


async def test_damage_is_counted_and_explained(driven: Driven) -> None:
    """The title counts the notes, the last line tells the first, n tells all of them."""
    problems = ("trace.pcap: damaged at byte 360: block length 0 is below 12", "other.pcap: is empty")
    async with driven(FakeSession(mixed(), problems=problems)) as d:
        assert "2 notes" in d.lines[0]
        assert "damaged at byte 360" in d.lines[-1]
        await d.press("n")
        assert "damaged at byte 360: block length 0 is below 12" in d.text
        assert "other.pcap: is empty" in d.text
        await d.press("escape")
        assert "1 Records" in d.text


async def test_an_empty_capture_is_said_to_be_empty(driven: Driven) -> None:
    """No packet: panes say so, and no key fails."""
    async with driven(FakeSession(store_of([]))) as d:
        assert "There is no packet in this capture." in d.text
        assert "nothing to draw" in d.lines[2]
        for key in ("down", "G", "enter", "escape", "f", "enter", "down", "t", "b", "v", "question_mark", "escape", "n", "escape"):
            await d.press(key)


async def test_help_is_made_of_the_keys_that_work(driven: Driven) -> None:
    """It names the pane in use and its keys, and those of the screen."""
    async with driven(FakeSession(mixed())) as d:
        await d.press("question_mark")
        assert "NetSleuth: the records" in d.text
        assert "take the packet apart" in d.text
        assert "edit the filter" in d.text
        assert "Focus Next" not in d.text
        await d.press("escape", "f", "question_mark")
        assert "NetSleuth: the breakdowns" in d.text
        assert "put the line into the filter" in d.text


async def test_a_letter_typed_at_once_after_esc_is_not_lost(driven: Driven) -> None:
    """What a terminal sends for Esc and a letter typed at once is the same as for Alt and that letter."""
    async with driven(FakeSession(mixed())) as d:
        await d.press("question_mark")
        d.app.post_message(events.Key("alt+f", "f"))  # as Textual's parser reads it
        await d.settle()
        assert len(d.app.screen_stack) == 1
        await d.press("question_mark")
        assert "NetSleuth: the breakdowns" in d.text


async def test_a_frame_that_cannot_be_read_again_says_why(driven: Driven) -> None:
    """The file is gone: the detail pane says so."""

    class Gone(FakeSession):
        def frame(self, row: int) -> bytes:  # noqa: ARG002
            raise NetSleuthError("is gone", where="trace.pcap")

    async with driven(Gone(mixed())) as d:
        assert "trace.pcap: is gone" in d.text


async def test_quit_stops_what_runs(driven: Driven) -> None:
    """Q ends the app while loading goes on."""
    async with driven(FakeSession(mixed(), hold=True)) as d:
        await d.pilot.press("q")
        await d.pilot.pause()
        assert not d.app.is_running or d.app._exit
        assert d.main.loading_thread.wait(5)


def test_a_theme_that_does_not_exist_is_said_to_be_unknown() -> None:
    """With the names of those that do."""
    with pytest.raises(NetSleuthError, match="netsleuth-dark"):
        NetSleuthApp(["a.pcap"], FakeSession(mixed(3)), theme="no-such-theme")


async def test_notes_are_told_on_a_narrow_screen(driven: Driven) -> None:
    """Rather than the time, which the axis has: there is something to say about the files, or not all of it was read."""
    store = mixed()
    store.sources = (replace(store.sources[0], name="a-capture-with-a-rather-long-name.pcap", notes=("odd",) * 1200),)
    async with driven(FakeSession(store), (72, 24)) as d:
        assert d.lines[0].endswith("1 200 notes · 300 packets")
    async with driven(FakeSession(mixed()), (80, 24)) as d:
        assert "12:00:00" in d.lines[0]
