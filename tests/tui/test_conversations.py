"""The conversations pane: what it counts follows the scope, and a line is a filter."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from made import START, store_of, udp
from tui.screens import FakeSession, mixed

from netsleuth_tui.analysis import flows
from netsleuth_tui.store import Store

Driven = Any


def table_of(d: Any) -> Any:
    """The pane."""
    return d.main.query_one("#conversations")


@pytest.mark.parametrize("size", [(80, 24), (160, 50)])
async def test_pairs_and_ports(driven: Driven, size: tuple[int, int]) -> None:
    """Most bytes first; p tells ports apart, and once more does not."""
    async with driven(FakeSession(mixed()), size) as d:
        await d.press("2")
        table = table_of(d)
        assert d.main.focused is table
        assert table.count() == 2
        assert table.cells(0)[:4] == ("10.0.0.1", "10.0.0.2", "200", "14 000")
        await d.press("p")
        assert table.count() == 3
        assert table.cells(1)[:5] == ("10.0.0.1", "", "192.168.0.1", "", "ICMP")
        await d.press("p", "escape")
        assert d.main.focused is d.main.table


async def test_a_conversation_narrows_the_filter_and_widens_it_again(driven: Driven) -> None:
    """By Enter; the other panes follow, and + - = work as everywhere."""
    async with driven(FakeSession(mixed())) as d:
        await d.press("2", "p")
        await d.press("enter")
        assert table_of(d).count() == 1
        text = d.main.session.scope.filter
        assert text.startswith("ip.addr == 10.0.0.")
        assert d.main.overview.matched == 100
        await d.press("enter")
        assert d.main.session.scope.filter == ""
        await d.press("minus")
        assert d.main.overview.matched == 200
        await d.press("u", "p")
        await d.press("equals_sign")
        assert d.main.overview.matched == 200


async def test_lines_are_sorted_and_the_cursor_stays_on_its_conversation(driven: Driven) -> None:
    """By the column under the cursor, in both directions, without counting again."""
    async with driven(FakeSession(mixed())) as d:
        await d.press("2", "p")
        await d.press("end")
        table = table_of(d)
        key, found = table.key, table.answered.found
        while table.name_here != "packets_ab":
            await d.press("right")
        for press in ("s", "S"):
            await d.press(press)
            at = [column.name for column in table.columns].index("packets_ab")
            numbers = [int(table.cells(k)[at]) for k in range(3)]
            assert numbers == sorted(numbers, reverse=press == "S")
            assert table.key == key
            assert table.answered.found is found
        await d.press("c", "space", "enter", "D", "H", "L", "greater_than_sign")


async def test_the_rate_over_time(driven: Driven) -> None:
    """R narrows to the conversation and draws bytes; the window can begin where it does."""
    async with driven(FakeSession(mixed())) as d:
        await d.press("2")
        await d.press("r")
        assert d.main.query_one("#timeline").measure == "bytes"
        assert d.main.overview.matched == 200
        await d.press("left_square_bracket")
        assert d.main.session.scope.start == START


async def test_packets_without_addresses_are_in_no_conversation(driven: Driven) -> None:
    """An empty pane says why, and no key of it fails."""
    async with driven(FakeSession(store_of([{"time": START, "len": 60}]))) as d:
        await d.press("2")
        assert "No packet here has IP addresses." in d.text
        for key in ("enter", "r", "p", "s", "S", "plus", "left_square_bracket", "down", "end", "left", "right", "D", "c", "escape"):
            await d.press(key)
        assert d.app.crash is None


def many(flows: int) -> Store:
    """A packet of every flow, written as columns."""
    store = store_of([udp(START, src=0, dst=1)])
    columns = store.table.reserve(flows)
    for column in columns:
        column[:flows] = column[0]
    columns.row[:flows] = np.arange(flows)
    columns.src_port[:flows] = np.arange(flows) & 0xFFFF
    columns.dst_port[:flows] = np.arange(flows) >> 16
    store.table.commit(flows)
    return store


async def test_many_conversations_scroll(driven: Driven) -> None:
    """Only lines that are seen become text."""
    async with driven(FakeSession(many(20_000))) as d:
        await d.press("2", "p")
        await d.press("end")
        table = table_of(d)
        assert table.count() == 20_000
        assert table.cursor == 19_999
        assert table._block.cache_info().currsize < 10


async def test_other_panes_do_not_wait_for_the_compiler(driven: Driven, monkeypatch: pytest.MonkeyPatch) -> None:
    """On the very first run the pane asks again until there is machine code."""
    monkeypatch.setattr(flows, "is_ready", lambda _: False)
    async with driven(FakeSession(mixed())) as d:
        await d.press("2")
        assert "when the compiler is done" in d.text
        assert d.main.overview.matched == 300
        monkeypatch.setattr(flows, "is_ready", lambda _: True)
        await d.until(lambda: table_of(d).count() == 2)
