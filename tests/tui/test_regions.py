"""The regions pane: its lines follow the scope, its keys choose what a line is and what counts, and a line is a filter."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import pytest
from made import SECOND, START, append, store_of, tcp, udp
from tui.screens import FakeSession

from netsleuth_tui.places import HostPlaces, open_places
from netsleuth_tui.store import Store

Driven = Any
HOSTS = (0x0A1F0001, 0x0A1F0002, 0x0A140001, 0x0A630001, 0xC1000E81)
"""Two in Hengelo, the data centre, one that is on no list, k.root-servers.net."""


class Placed(FakeSession):
    """A session with a list of sites."""

    def __init__(self, store: Store, sites: tuple[str, ...] = ()) -> None:
        super().__init__(store)
        self.store.places = HostPlaces(self.store.hosts, partial(open_places, sites=sites))


@pytest.fixture
def sites(tmp_path: Path) -> str:
    """A list of two sites, one of which has a name that is markup and control characters elsewhere."""
    path = tmp_path / "sites.csv"
    path.write_text("10.31.0.0/16,Hengelo\n10.20.0.0/16,[red]farm[/red]\n", encoding="utf-8")
    return str(path)


def filled() -> Store:
    """Resets of Hengelo in one minute, some of the farm at any time, and a name server abroad."""
    packets = [tcp(START + k * SECOND, 0x10, src=k % 2, dst=2) for k in range(240)]
    packets += [tcp(START + (100 + k) * SECOND, 0x14, src=0, dst=2) for k in range(12)]
    packets += [tcp(START + 20 * k * SECOND, 0x14, src=2, dst=1) for k in range(13)]
    packets += [udp(START + 30 * k * SECOND, src=3, dst=4) for k in range(8)]
    packets.append(udp(START, src=0, dst=1))
    packets.sort(key=lambda one: one["time"])
    return store_of(packets, hosts=HOSTS)


def cells(d: Any, name: str) -> list[str]:
    """One column of the pane."""
    table = d.main.pane("regions")
    at = [column.name for column in table.columns].index(name)
    return [table.cells(k)[at] for k in range(table.count())]


@pytest.mark.parametrize("size", [(80, 24), (160, 50)])
async def test_regions_and_who_sent_the_resets(driven: Driven, size: tuple[int, int], sites: str) -> None:
    """Key 4: most packets first; r counts resets by their sender, most resets first; the surge is in the middle of its time line."""
    async with driven(Placed(filled(), (sites,)), size) as d:
        await d.press("4")
        assert d.main.focused is d.main.pane("regions")
        assert cells(d, "region") == ["Hengelo", "[red]farm[/red]", "Netherlands", "Private (unmapped)"]
        assert cells(d, "packets") == ["266", "265", "8", "8"]
        assert "[red]farm[/red]" in d.text
        await d.press("r")
        assert cells(d, "region") == ["[red]farm[/red]", "Hengelo"]
        assert cells(d, "resets") == ["13", "12"]
        surge = cells(d, "resets_over_time")[1]
        assert "█" in surge
        assert len(surge.strip()) < 4
        assert all(mark < "█" for mark in cells(d, "resets_over_time")[0])
        assert "by region" in d.text
        assert "sender of the reset" in d.text
        await d.press("r")
        assert cells(d, "packets")[0] == "266"


async def test_the_footer_says_where_places_come_from_and_who_is_nowhere(driven: Driven, sites: str) -> None:
    """Data, date and attribution stand below the lines, and the share of addresses that no list has."""
    async with driven(Placed(filled(), (sites,)), (80, 24)) as d:
        await d.press("4")
        for text in ("DB-IP Lite Country 2026-06-01", "CC BY 4.0", "sites.csv", "1 of 5 addresses is private and at no site"):
            assert text in " ".join(d.text.split())


async def test_a_line_narrows_the_filter_and_widens_it_again(driven: Driven, sites: str) -> None:
    """By Enter, for every grouping and side: as many packets match as the line counted."""
    async with driven(Placed(filled(), (sites,))) as d:
        await d.press("4")
        table = d.main.pane("regions")
        for _ in range(8):
            for _ in range(4):
                await d.press("home")
                packets = int(cells(d, "packets")[0])
                await d.press("enter")
                assert d.main.overview.matched == packets, d.main.session.scope.filter
                await d.press("enter")
                assert d.main.session.scope.filter == ""
                await d.press("o")
            await d.press("p")
        assert (table.by, table.side) == ("region", "either")
        await d.press("home", "enter")
        assert d.main.session.scope.filter == 'site == "Hengelo"'
        await d.press("u", "down", "down", "plus")
        assert d.main.session.scope.filter == 'geo.region == "Netherlands"'


async def test_groupings_take_turns_and_the_cursor_stays_with_its_host(driven: Driven, sites: str) -> None:
    """P, Shift+P and O; the first column says what a line is."""
    async with driven(Placed(filled(), (sites,)), (160, 50)) as d:
        await d.press("4", "end", "up")
        table = d.main.pane("regions")
        assert cells(d, "region")[table.cursor] == "Netherlands"
        titles = []
        for _ in range(8):
            titles.append(table.columns[0].title)
            await d.press("p")
        assert titles == ["Region", "Site", "Country", "Continent", "System", "Subnet /8", "Subnet /16", "Subnet /24"]
        await d.press("P")
        assert table.by == "/24"
        assert "10.31.0.0/24" in cells(d, "region")
        await d.press("P", "P", "P")
        assert cells(d, "region") == ["no ASN"]
        assert "autonomous systems; a GeoLite2-ASN.mmdb" in " ".join(d.text.split())
        await d.press("P")
        await d.press("P")
        assert cells(d, "region")[table.cursor] in {"Netherlands", "Private"}


async def test_lines_are_sorted_and_retransmissions_come_with_their_column(driven: Driven, sites: str) -> None:
    """By the column under the cursor, without counting again; a column that takes longer is found out when it is shown."""
    async with driven(Placed(filled(), (sites,)), (160, 50)) as d:
        await d.press("4")
        table = d.main.pane("regions")
        found = table.answered.found
        assert found.retransmissions is None
        while table.name_here != "hosts":
            await d.press("right")
        await d.press("s")
        numbers = [int(text) for text in cells(d, "hosts")]
        assert numbers == sorted(numbers)
        assert table.answered.found is found
        table.show_columns(table.choices())
        await d.settle()
        assert table.answered.found.retransmissions is not None
        assert set(cells(d, "retransmissions")) <= {str(n) for n in range(300)}


async def test_nothing_to_show_has_a_reason_and_no_key_fails(driven: Driven) -> None:
    """Packets without addresses; no resets; and the keys of the pane on an empty one."""
    async with driven(Placed(store_of([{"time": START, "len": 60}]))) as d:
        await d.press("4")
        assert "No packet here has IP addresses." in d.text
        for key in ("enter", "p", "P", "s", "S", "plus", "left_square_bracket", "down", "end", "left", "right", "D", "c", "escape"):
            await d.press(key)
        assert d.app.crash is None
    async with driven(Placed(store_of([udp(START, src=0, dst=1)])), (80, 24)) as d:
        await d.press("4")
        assert "--sites" in d.text
        await d.press("r")
        assert "No TCP reset is here" in d.text
        for key in ("enter", "o", "r", "p"):
            await d.press(key)
        assert d.app.crash is None


async def test_places_that_cannot_be_opened_are_said_in_the_pane(driven: Driven, tmp_path: Path) -> None:
    """Which file and why, instead of an empty table; subnets need none."""
    path = tmp_path / "sites.csv"
    path.write_text("10.31.0.0/33,Hengelo\n", encoding="utf-8")
    async with driven(Placed(filled(), (str(path),)), (160, 50)) as d:
        await d.press("4")
        assert "sites.csv" in d.text
        assert "/33" in d.text
        for _ in range(5):
            await d.press("p")
        assert "10.0.0.0/8" in cells(d, "region")
        assert d.app.crash is None


async def test_rows_that_come_later_are_counted(driven: Driven, sites: str) -> None:
    """New packets of hosts that are known, while the pane is open."""
    store = filled()
    async with driven(Placed(store, (sites,))) as d:
        await d.press("4")
        append(store, [tcp(START + 300 * SECOND, 0x14, src=0, dst=2)])
        d.main.count_again()
        await d.press("home")
        assert cells(d, "packets")[0] == "267"
