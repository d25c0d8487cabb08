"""The Explain pane: how to make a window, what stands out in it, and a line that becomes the filter."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from made import START, icmp, store_of, tcp
from tui.screens import SECOND, FakeSession

from netsleuth_tui.analysis import Scope
from netsleuth_tui.store import Store
from netsleuth_tui.tui.widgets.explain import ExplainPane

Driven = Callable[..., Any]
WINDOW = Scope("", START + 50 * SECOND, START + 51 * SECOND)


def burst() -> Store:
    """TCP all the time, ten a second; for one second 500 ICMP packets."""
    packets = [tcp(START + k * SECOND // 10, src=0, dst=1, src_port=40000, dst_port=443, ttl=64) for k in range(1000)]
    packets += [icmp(START + 50 * SECOND + k * SECOND // 500, src=0, dst=2, ttl=1 + k % 50) for k in range(500)]
    return store_of(sorted(packets, key=lambda packet: packet["time"]))


async def test_without_a_window_it_says_how_to_make_one(driven: Driven) -> None:
    """No window: the keys that make one are named; nothing is under the cursor."""
    async with driven(FakeSession(burst())) as d:
        await d.press("x")
        pane = d.main.query_one(ExplainPane)
        assert d.main.focused is pane
        assert "To make a window" in d.text
        assert pane.term() is None
        await d.press("enter", "plus", "down", "G")
        assert d.main.session.scope == Scope()


async def test_a_finding_becomes_the_filter(driven: Driven) -> None:
    """The burst leads; its lines have rates inside and elsewhere; Enter, +, - and = work on them."""
    session = FakeSession(burst())
    async with driven(session) as d:
        d.main.look_at(WINDOW)
        await d.settle()
        await d.press("x")
        pane = d.main.query_one(ExplainPane)
        heading = pane.found.findings[0].heading
        assert heading.label == "ICMP · 10.0.0.1 and 192.168.0.1 · TTL 1-50"
        assert pane.chosen == heading
        assert "500/s" in d.text
        assert "only here" in d.text
        assert "510 packets in 12:00:50-12:00:51" in d.text
        await d.press("enter")
        assert session.scope == Scope(heading.filter, WINDOW.start, WINDOW.end)
        assert d.main.overview.matched == 500
        assert "The filter leaves no packet there: u undoes it" in d.text
        await d.press("u", "down")
        term = pane.term()
        assert term != heading.filter
        await d.press("minus")
        assert d.main.overview.matched == 10
        assert "There is no" not in d.text


async def test_against_the_time_before(driven: Driven) -> None:
    """`a` compares with the second before, and back."""
    async with driven(FakeSession(burst())) as d:
        d.main.look_at(WINDOW)
        await d.settle()
        await d.press("x", "a")
        pane = d.main.query_one(ExplainPane)
        assert pane.found.against == "before"
        assert pane.found.others == 10
        assert "the time before" in d.text
        await d.press("a")
        assert pane.found.others == 990


async def test_it_is_said_where_nothing_stands_out(driven: Driven) -> None:
    """An ordinary second is no finding; a filter without matches offers undo."""
    async with driven(FakeSession(burst()), size=(80, 24)) as d:
        d.main.look_at(Scope("tcp", START + 20 * SECOND, START + 40 * SECOND))
        await d.settle()
        await d.press("x")
        assert "Nothing stands out" in d.text
        d.main.look_at(Scope("udp", START + 20 * SECOND, START + 40 * SECOND))
        await d.settle()
        assert "u undoes it" in d.text
