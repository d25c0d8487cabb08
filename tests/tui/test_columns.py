"""The records as a table that the user makes: columns, order, filters from cells, places to go to, marks."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from esp_by_hand import esp
from made import START, append, icmp, store_of, tcp, udp
from tui.screens import SECOND, FakeSession, mixed

from netsleuth_tui import analysis
from netsleuth_tui.analysis import EVERYTHING, Scope, cell_filter, find_row, judge_fields, records, rows_of
from netsleuth_tui.analysis.values import WAITING
from netsleuth_tui.decode.columns import NO_TIME, Has
from netsleuth_tui.errors import NetSleuthError
from netsleuth_tui.query.fields import NAMED
from netsleuth_tui.settings import Settings
from netsleuth_tui.tui.pages import RecordPages

Driven = Any
EVERY_COLUMN = [*NAMED, "_ws.col.def_src", "_ws.col.def_dst", "info"]


def shown(d: Any, name: str) -> list[str]:
    """The cells of a column that is shown, of the rows on the screen."""
    table = d.main.table
    at = [column.name for column in table.columns].index(name)
    return [table.cells(k)[at] for k in range(min(table.page, table.count()))]


async def go_to(d: Any, name: str) -> None:
    """Put the cursor on a column."""
    table = d.main.table
    await d.press("1", *["left"] * 12)
    while table.name_here != name:
        await d.press("right")


async def test_rows_are_sorted_by_the_column_under_the_cursor(driven: Driven) -> None:
    """Ascending, descending, and as in the capture again; the cursor stays on its packet, and the title has an arrow."""
    async with driven(FakeSession(mixed())) as d:
        table = d.main.table
        await d.press("down", "down")
        assert table.row == 2
        await go_to(d, "frame.len")
        await d.press("s")
        assert (table.sorted_by, table.sorting, table.row) == (("frame.len", False), False, 2)
        assert shown(d, "frame.len") == sorted(shown(d, "frame.len"), key=int)
        assert "Length▲" in d.text
        await d.press("S")
        await d.press("home")
        assert shown(d, "frame.len")[0] == "80"
        assert "Length▼" in d.text
        await d.press("slash")
        await d.type("icmp || tcp")
        await d.press("enter")
        await d.press("home")
        assert shown(d, "frame.len")[0] == "74"
        await d.press("S")
        assert table.sorted_by is None
        assert shown(d, "frame.number")[:3] == ["1", "3", "4"]


async def test_the_info_cannot_be_sorted_by(driven: Driven) -> None:
    """And that is said."""
    async with driven(FakeSession(mixed(9))) as d:
        await go_to(d, "info")
        await d.press("s")
        assert d.main.table.sorted_by is None
        assert "cannot be sorted by Info" in d.text


async def test_the_list_of_columns_is_narrowed_by_typing(driven: Driven) -> None:
    """Slash, some words, Enter: space chooses among what is left; Escape shows all again, and once more changes nothing."""
    async with driven(FakeSession(mixed()), (80, 24)) as d:
        before = [column.name for column in d.main.table.columns]
        await d.press("c", "slash", *"hop limit", "enter")
        chooser = d.app.screen
        assert [chooser._list.count(), d.app.screen.focused] == [1, chooser._list]
        await d.press("space")
        after = [*before[:-1], "ipv6.hlim", before[-1]]
        assert [column.name for column in chooser._list.chosen] == after
        await d.press("L")
        assert [column.name for column in chooser._list.chosen] == after
        await d.press("slash", "x", "y", "escape")
        assert chooser._list.count() > 30
        await d.press("enter")
        assert [column.name for column in d.main.table.columns] == after
        await d.press("c", "slash", "z", "escape", "escape")
        assert [column.name for column in d.main.table.columns] == after


async def test_columns_are_moved_widened_hidden_and_chosen(driven: Driven) -> None:
    """On 80 columns; the last column stays, and a field from the list is shown."""
    async with driven(FakeSession(mixed()), (80, 24)) as d:
        table = d.main.table
        names = lambda: [column.name for column in table.columns]  # noqa: E731
        await go_to(d, "_ws.col.protocol")
        await d.press("H")
        assert names().index("_ws.col.protocol") == 3
        await d.press("L", "greater_than_sign", "greater_than_sign")
        assert table._width(table.columns[table.column]) > 8
        await d.press(*["less_than_sign"] * 9)
        assert table._width(table.columns[table.column]) == 3
        await d.press("D")
        assert "_ws.col.protocol" not in names()
        await d.press("c")
        assert "space shows or hides" in d.text
        listed = d.app.screen._list
        while [*listed.chosen, *listed.others][listed.cursor].name != "ip.ttl":
            await d.pilot.press("down")
        await d.press("space", "enter")
        assert names()[-2:] == ["ip.ttl", "info"]
        await d.press(*["D"] * 12)
        assert len(table.columns) == 1
        await d.press("c", "home", "space", "L", "H", "escape")
        assert len(table.columns) == 1


async def test_the_view_follows_the_column(driven: Driven) -> None:
    """The column under the cursor is always on the screen, and the first ones come back."""
    async with driven(FakeSession(mixed()), (80, 24)) as d:
        table = d.main.table
        for _ in range(14):
            await d.press("right")
            assert table._left <= table._start(table.column) or table.column == len(table.columns) - 1
        assert "win=" in d.text
        await d.press(*["left"] * 20)
        assert (table.column, table._left) == (0, 0)


async def test_the_users_columns_are_shown(driven: Driven) -> None:
    """As the settings name them; fields that there are not are left out, and a field of the detail can be added."""
    async with driven(FakeSession(mixed()), settings=Settings(columns=("ip.ttl", "nonsense", "info"))) as d:
        table = d.main.table
        assert [column.name for column in table.columns] == ["ip.ttl", "info"]
        table.add_column("tcp.flags")
        table.add_column("ip.ttl")
        table.add_column("nonsense")
        await d.settle()
        assert [column.name for column in table.columns] == ["ip.ttl", "tcp.flags", "info"]
        assert table.name_here == "ip.ttl"
        assert "cannot be a column" in d.text


async def test_a_cell_becomes_a_filter(driven: Driven) -> None:
    """What is under both cursors, by + and -."""
    async with driven(FakeSession(mixed())) as d:
        await go_to(d, "_ws.col.def_dst")
        await d.press("down", "down", "plus")
        assert d.main.session.scope.filter == "ip.dst == 192.168.0.1"
        await go_to(d, "info")
        await d.press("minus")
        assert d.main.session.scope.filter == "ip.dst == 192.168.0.1 && !(icmp.type == 8)"
        assert d.main.table.count() == 0


@pytest.mark.parametrize("name", EVERY_COLUMN)
def test_the_filter_of_a_cell_selects_rows_that_show_the_same(name: str) -> None:
    """Its own row, and of the others only those with the same cell (the Info stands for a part of it)."""
    packets = [
        tcp(START, 0x14, src=0, dst=1, src_port=443, dst_port=5000),
        tcp(START + 1, 0x10, src=1, dst=0, src_port=5000, dst_port=443, ttl=9),
        udp(START + 2 * SECOND, src=1, dst=1, src_port=53, dst_port=53),
        icmp(START + 2 * SECOND, 3, src=2, dst=0),
        icmp(NO_TIME, 8, src=2, dst=0),
        {"time": START, "protocol": 5, "present": Has.ETH | Has.ARP | Has.ADDRESSES | Has.ARP_OPCODE, "len": 60, "arp_opcode": 2},
        {"time": START, "protocol": 6, "present": Has.ETH | Has.ESP | Has.ESP_SPI, "len": 60, "esp_spi": 77},
        {"time": START, "protocol": 0, "present": Has.ETH, "len": 60},
    ]
    store = store_of(packets)
    (cells,) = records(store, rows_of(store, EVERYTHING).take(0, 8), [name])
    for row, cell in enumerate(cells):
        text = cell_filter(store, row, name)
        if text is None:
            assert name.startswith("frame.time")
            assert cell is None
            continue
        selected = rows_of(store, Scope(text))
        assert selected.holds(row), text
        if name not in ("info", "frame.time", "frame.time_epoch", "_ws.col.def_src", "_ws.col.def_dst") and len(NAMED[name].columns) == 1:
            assert {cells[k] for k in selected.take(0, 8).tolist()} == {cell}, text


async def test_a_column_that_follows_from_other_packets_does_not_hold_up_the_keys(driven: Driven, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its cells wait, the cursor moves; then values are there, without another key, and a filter from a cell selects its packets."""
    go_on, asked = threading.Event(), []

    def judged(store: Any, names: Any, cancelled: Any) -> None:
        asked.append(tuple(names))
        while names and not go_on.wait(0.01):
            if cancelled():
                raise NetSleuthError("the question was interrupted")
        judge_fields(store, names, cancelled)

    monkeypatch.setattr(analysis, "judge_fields", judged)
    numbers = [1, 2, 5, 3, *range(6, 90)]
    async with driven(FakeSession(store_of([esp(number, START + number * SECOND) for number in numbers]))) as d:
        table = d.main.table
        await d.pilot.press("c", "slash", *"esp.gap", "enter", "space", "enter")
        await d.until(lambda: bool(asked and asked[-1]))
        assert [column.name for column in table.columns][-2:] == ["esp.gap", "info"]
        assert set(shown(d, "esp.gap")) == {WAITING}
        assert "looking at all packets" in d.text
        await d.pilot.press("down", "down")
        assert table.row == 2
        assert table.term() is not None
        go_on.set()
        await d.settle()
        assert shown(d, "esp.gap")[:4] == ["", "", "1", ""]
        assert "looking at all packets" not in d.text
        assert table.row == 2
        table.column = len(table.columns) - 2
        await d.press("plus")
        assert d.main.session.scope.filter == "esp.gap == 1"
        assert table.count() == 1
        await d.press("u", "S")
        assert shown(d, "esp.gap")[:2] == ["1", ""]
        assert len([names for names in asked if names]) == 1


async def test_a_column_that_cannot_be_found_out_says_so_once(driven: Driven, monkeypatch: pytest.MonkeyPatch) -> None:
    """The status line says why; the titles do not go on saying that packets are looked at."""

    def fails(_store: Any, names: Any, _cancelled: Any) -> None:
        if names:
            raise NetSleuthError("not enough memory")

    monkeypatch.setattr(analysis, "judge_fields", fails)
    async with driven(FakeSession(store_of([esp(number, START + number * SECOND) for number in range(9)]))) as d:
        d.main.table.add_column("esp.gap")
        await d.settle()
        assert "not enough memory" in d.text
        assert "looking at all packets" not in d.text


async def test_packets_that_come_meanwhile_are_judged_with_the_next_ones(driven: Driven, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a stream there are always more: the other panes would never be asked again."""
    asked = []

    def judged(store: Any, names: Any, cancelled: Any) -> None:
        judge_fields(store, names, cancelled)
        if names:
            asked.append(names)
            append(store, [esp(99, START + (99 + len(asked)) * SECOND)])

    monkeypatch.setattr(analysis, "judge_fields", judged)
    async with driven(FakeSession(store_of([esp(number, START + number * SECOND) for number in range(1, 9)]))) as d:
        await d.pilot.press("c", "slash", *"esp.gap", "enter", "space", "enter")
        await d.until(lambda: bool(asked))
        await d.settle()
        assert len(asked) == 1
        for count in (2, 3):
            d.main.count_again()
            await d.settle()
            assert len(asked) == count


async def test_going_to_a_frame_or_a_time(driven: Driven) -> None:
    """By number, by time of day and by date; what is not quite there is said, and what is nothing stays in the question."""
    async with driven(FakeSession(mixed())) as d:
        table = d.main.table
        for text, row in (("200", 199), ("12:00:02", 20), ("2026-03-10T12:00:05Z", 50)):
            await d.press("at")
            for character in text:
                await d.pilot.press({":": "colon", "-": "minus"}.get(character, character))
            await d.press("enter")
            assert table.row == row, text
        await d.press("at", "9", "9", "9", "9", "enter")
        assert "there is no frame 9999" in d.text
        await d.press("escape")
        assert table.row == 50
        await d.press("slash")
        await d.type("udp")
        await d.press("enter")
        await d.press("ctrl+g", "1", "enter")
        assert table.row == 1
        assert "not among these records" in d.text


@pytest.mark.parametrize(
    ("text", "row", "remark"),
    [
        ("2", 1, ""),
        ("1 000", None, "there is no frame 1000"),
        ("0", None, "there is no frame 0"),
        ("12:00:00", 0, ""),
        ("12:00", 0, ""),
        ("12:00:01.5", 2, "there is nothing at"),
        ("11:00:00", 0, "there is nothing at"),
        ("13:00:00", 2, "the last packet"),
        ("25:00:00", None, "no time of day"),
        ("soon", None, "not a time"),
        ("", None, "a frame number or a time"),
        ("²", None, "not a time"),
        ("1773144002", 2, ""),
        ("1773144001.5", 2, "there is nothing at"),
    ],
)
def test_places_are_found(text: str, row: int | None, remark: str) -> None:
    """The nearest packet at or after a time, else the last one."""
    store = store_of([udp(START), udp(START + SECOND), udp(START + 2 * SECOND), udp(NO_TIME)])
    rows = rows_of(store, EVERYTHING)
    if row is None:
        with pytest.raises(NetSleuthError, match=remark):
            find_row(store, rows, text, 0)
        return
    found = find_row(store, rows, text, 0)
    assert found.row == row
    assert (remark in found.remark) if remark else not found.remark


async def test_a_conversation_is_followed(driven: Driven) -> None:
    """Both directions of the packet's 5-tuple, and nothing else; a packet without addresses has none."""
    packets = [tcp(START + k, src=k % 2, dst=1 - k % 2, src_port=(80, 5000)[k % 2], dst_port=(5000, 80)[k % 2]) for k in range(6)]
    others = [udp(START, src=0, dst=1, src_port=80, dst_port=5000), {"time": START, "present": Has.ETH, "len": 60}]
    async with driven(FakeSession(store_of(packets + others))) as d:
        await d.press("F")
        assert d.main.table.count() == 6
        assert d.main.filter_bar.input.value == "ip.addr == 10.0.0.1 && ip.addr == 10.0.0.2 && tcp.port == 80 && tcp.port == 5000"
        await d.press("u")
        await d.press("end", "F")
        assert d.main.table.count() == 8
        assert "no conversation" in d.text


async def test_marks_stay_under_every_filter(driven: Driven) -> None:
    """They are counted, jumped between, round the end, in any order of the rows, and taken away."""
    async with driven(FakeSession(mixed())) as d:
        table = d.main.table
        await d.press("apostrophe")
        assert "m marks one" in d.text
        await d.press("m", "pagedown", "m", "G", "m")
        marked = sorted(table.marks)
        assert "3 marked" in d.text
        assert "●" in d.text
        for key, row in (
            ("apostrophe", marked[0]),
            ("apostrophe", marked[1]),
            ("quotation_mark", marked[0]),
            ("quotation_mark", marked[2]),
        ):
            await d.press(key)
            assert table.row == row
        await go_to(d, "frame.len")
        await d.press("S")
        await d.press("apostrophe")
        assert table.row in marked
        await d.press("slash")
        await d.type("frame.number == 1")
        await d.press("enter")
        await d.press("apostrophe")
        assert table.row == 0
        await d.press("m")
        assert "2 marked" in d.text
        await d.press("apostrophe")
        assert "no mark is among these" in d.text


def test_pages_read_only_what_is_seen() -> None:
    """A page in another order shows the rows of that order, and finds them again."""
    store = mixed(200)
    rows = rows_of(store, EVERYTHING)
    order = rows.take(0, 200)[::-1].copy()
    pages = RecordPages(store, rows, ("frame.number", "frame.time", "tcp.len"), order=order)
    assert pages.cells(0) == ("200", "12:00:19.900000", "")
    assert [pages.position(row) for row in (199, 0, 5)] == [0, 199, 194]
    assert pages.positions([3, 190]) == [9, 196]
    assert len(pages._blocks) == 1
    assert pages.row_at(500) is None
