"""The breakdowns: groups that are seen are counted, lines are filters, and a search narrows them while it is typed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from made import START, store_of, tcp
from tui.screens import SECOND, FakeSession, mixed

from netsleuth_tui.analysis.facets import GROUPS
from netsleuth_tui.store import Store
from netsleuth_tui.store.processes import Recorded
from netsleuth_tui.tui.widgets.facets import Facets

Driven = Callable[..., Any]


def many_hosts() -> Store:
    """A hundred hosts talk to one; port 1024 + k in packet k."""
    hosts = [0x0A000000 + k for k in range(101)]
    return store_of([tcp(START + k * SECOND, src=k % 100, dst=100, src_port=1024 + k, dst_port=443) for k in range(300)], hosts=hosts)


def texts(facets: Facets) -> list[str]:
    """All lines as text."""
    return ["".join(text for text, _ in facets.item(index, 60)).rstrip() for index in range(facets.count())]


async def test_only_groups_in_sight_are_counted(driven: Driven) -> None:
    """A small screen asks for the first groups; scrolling asks for the others, and the cursor comes to every line."""
    async with driven(FakeSession(many_hosts()), size=(80, 24)) as d:
        facets = d.main.query_one(Facets)
        await d.press("f")
        assert "protocol" in facets._facets
        assert "icmp" not in facets._facets
        for _ in range(10):
            await d.press("pagedown")
        assert set(facets._facets) > {"net24", "ttl", "length", "icmp"}
        await d.press("G")
        assert facets.top + facets.page >= facets.count() - 2


async def test_on_the_whole_screen_all_are_shown(driven: Driven) -> None:
    """What comes into sight is asked for without a key."""
    async with driven(FakeSession(mixed()), size=(160, 110)) as d:
        await d.press("f", "w")
        facets = d.main.query_one(Facets)
        assert set(facets._facets) == set(GROUPS) - {"process"}  # of which the file says nothing
        assert any(line.startswith("10.0.0.1 ") for line in texts(facets))


async def test_processes_are_counted_where_a_file_tells_of_them(driven: Driven) -> None:
    """By program, escape sequences in its path shown as such; a line is a filter."""
    store = mixed()
    store.processes.recorded.append(Recorded(0, np.full(2, store.processes.code(7, "C:\\a\x1b[31m.exe"), np.uint32)))
    session = FakeSession(store)
    async with driven(session, size=(160, 60)) as d:
        await d.press("f", "w")
        facets = d.main.query_one(Facets)
        assert any(line.startswith("Process") for line in texts(facets))
        assert any("[31m.exe in C:" in line and "\x1b" not in line for line in texts(facets))
        facets.cursor = next(i for i, entry in enumerate(facets._entries) if entry.group == "process" and entry.count is not None)
        await d.press("enter")
        assert session.scope.filter == 'frame.process == "C:\\\\a\\x1b[31m.exe"'
        assert d.main.overview.matched == 2


async def test_a_line_is_a_filter_and_enter_takes_it_out_again(driven: Driven) -> None:
    """A host under the cursor: Enter includes it, the counts follow, Enter once more takes it out."""
    session = FakeSession(many_hosts())
    async with driven(session) as d:
        await d.press("f", "s")
        await d.type("10.0.0.7")
        await d.press("enter")
        facets = d.main.query_one(Facets)
        assert d.main.focused is facets
        assert facets.searched == "10.0.0.7"
        assert facets.chosen.filter == "ip.addr == 10.0.0.7"
        await d.press("enter")
        assert session.scope.filter == "ip.addr == 10.0.0.7"
        assert d.main.overview.matched == 3
        await d.press("enter")
        assert session.scope.filter == ""
        await d.press("minus")
        assert d.main.overview.matched == 297


async def test_a_search_follows_the_keys_and_escape_ends_it(driven: Driven) -> None:
    """Groups without a match are not shown; others say how many more there are."""
    async with driven(FakeSession(many_hosts())) as d:
        facets = d.main.query_one(Facets)
        await d.press("f", "s")
        await d.type("10.0.0.1")
        assert facets._facets["host"].others == 7
        assert "Host with '10.0.0.1'" in texts(facets)
        assert not any(line.startswith("Protocol") for line in texts(facets))
        await d.type("zz")
        assert texts(facets) == ["no value contains '10.0.0.1zz'"]
        await d.press("escape")
        assert facets.searched == ""
        assert any(line.startswith("Protocol") for line in texts(facets))


async def test_more_and_fewer_lines(driven: Driven) -> None:
    """`a` doubles, `A` halves; Enter on the line that sums up the others shows more of them."""
    async with driven(FakeSession(many_hosts())) as d:
        facets = d.main.query_one(Facets)
        await d.press("f", "a")
        assert len(facets._facets["host"].counts) == 10
        assert "and 91 others" in "\n".join(texts(facets))
        await d.press("A", "A")
        assert len(facets._facets["host"].counts) == 2
        for _ in range(20):
            if facets._entries[facets.cursor].rest:
                break
            await d.press("down")
        await d.press("enter")
        assert facets.most == 4
        assert len(facets._facets["host"].counts) == 4


async def test_counts_follow_the_window(driven: Driven) -> None:
    """Another scope: what is seen is asked again, and what is not seen is forgotten."""
    from netsleuth_tui.analysis import Scope

    async with driven(FakeSession(many_hosts())) as d:
        facets = d.main.query_one(Facets)
        d.main.look_at(Scope("", START, START + 10 * SECOND))
        await d.settle()
        assert facets._facets["host"].counts[0].packets == 10
        assert facets._facets["host"].others == 11 - len(facets._facets["host"].counts)
