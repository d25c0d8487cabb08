"""Packets and events in one table: their order, what is under the cursor, and leaving one kind out."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from analysis.test_time_order import capture
from made import SECOND, START, icmp, store_of, tcp
from made_events import add_events, event
from tui.screens import FakeSession

from netsleuth_tui.analysis.interleaving import EVENT
from netsleuth_tui.session import Session
from netsleuth_tui.store import Store

Driven = Callable[..., Any]
MILLISECOND = SECOND // 1000


def dropped() -> Store:
    """SYN, RST, and a millisecond after each RST a datagram that was dropped; and one ping."""
    made, told = [], []
    for k in range(40):
        time = START + k * SECOND // 4
        made += [tcp(time, 0x02, src=0, dst=1), tcp(time + MILLISECOND, 0x14, src=1, dst=0)]
        reason = {"Reason": "Insufficient local buffer space"}
        told.append(event(time + 2 * MILLISECOND, 1033, reason, computer=None, provider="Microsoft-Windows-Winsock-AFD", channel=None))
    return add_events(store_of([*made, icmp(START + 20 * SECOND)]), *told)


@pytest.mark.parametrize("size", [(80, 24), (160, 50)])
async def test_packets_and_events_lie_in_the_order_of_time(driven: Driven, size: tuple[int, int]) -> None:
    """SYN, RST, then the event; it says in Source, Protocol and Info what it is, and has no frame number."""
    async with driven(FakeSession(dropped()), size, paths=("trace.etl",)) as d:
        table = d.main.table
        assert table.count() == 121
        lines = [table.cells(k) for k in range(3)]
        assert [line[4] for line in lines] == ["TCP", "TCP", "Event 1033"]
        assert "[SYN]" in lines[0][6]
        assert "[RST, ACK]" in lines[1][6]
        assert lines[2][:4] == ("", "12:00:00.002000", "Winsock-AFD", "")
        assert lines[2][6] == "Datagram dropped: Insufficient local buffer space"
        assert "Datagram dropped" in d.text


async def test_a_filter_of_one_kind_leaves_the_other_out_and_so_does_a_key(driven: Driven) -> None:
    """Filters by fields of packets keep packets, by fields of events events; E shows packets, then events, then both."""
    async with driven(FakeSession(dropped())) as d:
        table = d.main.table
        for text, count in (("tcp.flags.reset == 1", 40), ("EventID == 1033", 40), ("icmp", 1)):
            await d.press("slash", *("backspace",) * 40)
            await d.type(text)
            await d.press("enter")
            assert table.count() == count, text
        await d.press("u", "u", "u")
        assert table.count() == 121
        for count, said in ((81, "packets alone"), (40, "events alone"), (121, "packets and events")):
            await d.press("E")
            assert table.count() == count, said
        await d.press("g", "down", "down", "E")
        assert table.packet == 2, "the next packet after the event"
        await d.press("E")
        assert table.event == 1


async def test_enter_opens_either_kind(driven: Driven) -> None:
    """Layers of a packet, fields of an event; the detail follows the cursor from one to the other."""
    async with driven(FakeSession(dropped()), (160, 50)) as d:
        await d.press("down", "down")
        assert d.main.table.row == EVENT
        assert d.main.query_one("#event").display
        assert not d.main.query_one("#detail").display
        assert "Insufficient local buffer space" in d.text
        await d.press("up")
        assert d.main.query_one("#detail").display
        assert not d.main.query_one("#event").display
        await d.press("down", "enter")
        assert d.main.query_one("#event").has_focus_within
        await d.press("escape")
        assert d.main.focused is d.main.table


async def test_the_cell_of_an_event_is_a_filter(driven: Driven) -> None:
    """Protocol stands for the id, Source for the computer, the time for its second; a column that events do not have for their kind."""
    async with driven(FakeSession(dropped())) as d:
        table = d.main.table
        await d.press("down", "down")
        assert table.term() == "EventID == 1033"
        await d.press("right")
        assert table.term() == 'TimeCreated >= "2026-03-10T12:00:00Z" && TimeCreated < "2026-03-10T12:00:01Z"'
        await d.press("right", "right", "right")
        assert table.term() == "EventID == 1033"
        await d.press("F")
        assert "an event has no conversation" in d.lines[-1]
        await d.press("left_square_bracket")
        assert d.main.session.scope.start == START + 2 * MILLISECOND


async def test_going_sorting_marking_and_writing(driven: Driven, tmp_path: Path) -> None:
    """@ goes to a frame or a time of either kind; marks stay; a falling order of time begins with the ping; the file has the same rows."""
    async with driven(FakeSession(dropped()), paths=("trace.etl",)) as d:
        table = d.main.table
        await d.press("at", *"12:00:05", "enter")
        assert (table.packet, table.cursor) == (40, 60)
        await d.press("at", *"81", "enter")
        assert table.packet == 80
        await d.press("up", "m", "g", "apostrophe")
        assert table.event == 39
        await d.press("right", "S")
        assert [table.cells(k)[4] for k in range(3)] == ["ICMP", "Event 1033", "TCP"]
        assert table.event == 39
        await d.press("S", "e", *("backspace",) * 80, *str(tmp_path / "both.csv"), "enter")
        await d.until((tmp_path / "both.csv").exists)
        await d.settle()
        rows = (tmp_path / "both.csv").read_text().splitlines()
        assert len(rows) == 122
        assert rows[0].startswith("frame.time,frame.number,")
        assert "Insufficient local buffer space" in rows[3]


@pytest.mark.parametrize(("width", "of"), [(80, ("packets", "events")), (160, ("of 81 packets", "of 40 events"))])
async def test_the_filter_line_counts_both_kinds(driven: Driven, width: int, of: tuple[str, str]) -> None:
    """What is kept of the packets and of the events, in every pane; with E of the one that is looked at."""
    async with driven(FakeSession(dropped()), (width, 24)) as d:
        assert d.lines[1].endswith(f"81 {of[0]}, 40 {of[1]}")
        await d.press("slash")
        await d.type("EventID == 1033")
        await d.press("enter")
        assert d.lines[1].endswith(f"  0 {of[0]}, 40 {of[1]}")
        await d.press("5")
        assert d.lines[1].endswith(f"  0 {of[0]}, 40 {of[1]}")
        await d.press("E")
        assert d.lines[1].endswith("  0 of 81 packets · 0 %")
        await d.press("E")
        assert d.lines[1].endswith("  40 of 40 events · 100 %")


async def test_a_row_that_leaves_gives_way_to_the_next_in_time(driven: Driven, tmp_path: Path) -> None:
    """In captures that overlap, and logs likewise: not to the next one of its file, which may be an earlier or much later one."""
    names = [capture(tmp_path / "a.pcap", (10, 12, 14)), capture(tmp_path / "b.pcap", (11, 13, 20, 21))]
    with closing(Session()) as session:
        async with driven(session, (160, 50), paths=names) as d:
            table = d.main.table
            await d.press("at")
            await d.type("00:00:14")
            await d.press("enter")
            assert table.packet == 2
            await d.press("slash")
            await d.type("!(frame.number == 3 && frame.time_epoch < 15)")
            await d.press("enter")
            await d.settle()
            assert (table.packet, table.count()) == (5, 6)
            await d.press("u")
            await d.settle()
            assert (table.packet, table.count()) == (5, 7)


async def test_captures_that_overlap_are_one_story(driven: Driven, tmp_path: Path) -> None:
    """Their packets lie in the order of time, a frame is found where it lies, and another order can be had and left again."""
    names = [capture(tmp_path / "a.pcap", (10, 12, 14)), capture(tmp_path / "b.pcap", (11, 13, 15))]
    with closing(Session()) as session:
        async with driven(session, (160, 50), paths=names) as d:
            table = d.main.table
            times = [table.cells(k)[1] for k in range(table.count())]
            assert times == sorted(times)
            assert [table.cells(k)[0] for k in range(6)] == ["1", "1", "2", "2", "3", "3"]
            await d.press("down", "down")
            assert table.packet == 1
            await d.press("at")
            await d.type("00:00:15")
            await d.press("enter")
            assert (table.packet, table.cursor) == (5, 5)
            await d.press("S")
            assert [table.cells(k)[0] for k in range(6)] == ["3", "3", "2", "2", "1", "1"]
            assert table.packet == 5
