"""Packets and events as one list: any page is a part of the whole order, and every row is found where it is."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made import START, store_of, tcp
from made_events import add_events, event

from netsleuth_tui.analysis import Scope, common_rows_table, mixed_records, mixed_rows
from netsleuth_tui.analysis.interleaving import EVENT
from netsleuth_tui.analysis.scope import event_rows_of, rows_of
from netsleuth_tui.decode.columns import NO_TIME
from netsleuth_tui.errors import NetSleuthError
from netsleuth_tui.store import Store

TIMES = st.lists(st.one_of(st.integers(0, 12), st.just(None)), max_size=30)


def store(packets: list[int | None], events: list[int | None]) -> Store:
    """Packets and events at these seconds; None for no time."""
    made = [tcp(NO_TIME if time is None else START + time, src=0, dst=1) for time in packets]
    logged = [event(NO_TIME if time is None else START + time) for time in events]
    return add_events(store_of(made), *logged)


def by_hand(packets: list[int | None], events: list[int | None], *, falling: bool = False) -> list[int]:
    """Numbers of all rows in the order of time, packets first, those without a time last."""
    rows = [(time, k) for k, time in enumerate(packets)] + [(time, EVENT + k) for k, time in enumerate(events)]
    timed = sorted((row for row in rows if row[0] is not None), key=lambda row: row[0])
    return [k for _, k in (reversed(timed) if falling else timed)] + [k for time, k in rows if time is None]


@settings(max_examples=150, deadline=None)
@given(TIMES, TIMES, st.booleans(), st.integers(1, 7))
def test_pages_are_parts_of_one_order(packets: list[int | None], events: list[int | None], falling: bool, page: int) -> None:
    """Taken page by page, whatever the order of the tables, rows come in the order of time, and each is where it is said to be."""
    made = store(packets, events)
    found = mixed_rows(made, rows_of(made, Scope()), event_rows_of(made, Scope()), ("frame.time", falling))
    wanted = by_hand(packets, events, falling=falling)
    assert np.concatenate([found.take(first, page) for first in range(0, len(found) + 1, page)]).tolist() == wanted
    assert [found.position(row) for row in wanted] == list(range(len(wanted)))
    for time in range(-1, 14):
        there = [row for row in by_hand(packets, events) if (packets[row] if row < EVENT else events[row - EVENT]) is not None]
        later = [row for row in there if (packets[row] if row < EVENT else events[row - EVENT]) >= time]  # type: ignore[operator]
        assert found.at(START + time) == (later[0] if later else None)


def test_rows_that_a_filter_leaves_out_are_found_by_their_time() -> None:
    """A packet that is not there any more stands for the next row of its time or later."""
    made = store([1, 3, 5], [2, 3, 6])
    found = mixed_rows(made, rows_of(made, Scope("frame.number == 1")), event_rows_of(made, Scope()))
    assert found.take(0, 9).tolist() == [0, EVENT, EVENT + 1, EVENT + 2]
    assert [found.position(row) for row in (1, 2, EVENT)] == [2, 3, 1]
    assert found.holds(EVENT)
    assert not found.holds(1)


def test_without_events_packets_stay_in_the_order_of_the_capture() -> None:
    """Times that run backwards do not move packets where no event has to find its place among them."""
    made = store([5, 1, 3], [2])
    assert mixed_rows(made, rows_of(made, Scope("tcp")), event_rows_of(made, Scope("tcp"))).take(0, 9).tolist() == [0, 1, 2]
    assert mixed_rows(made, rows_of(made, Scope()), event_rows_of(made, Scope())).take(0, 9).tolist() == [1, EVENT, 2, 0]


def test_other_orders_are_of_each_side() -> None:
    """Sorted by a column of packets, events follow; by one of events, packets do."""
    made = add_events(store_of([tcp(START, src=1), tcp(START, src=0)]), event(START, 4663), event(START, 4624))
    rows = rows_of(made, Scope()), event_rows_of(made, Scope())
    for name, wanted in (("ip.src", [1, 0, EVENT, EVENT + 1]), ("EventID", [EVENT + 1, EVENT, 0, 1])):
        found = mixed_rows(made, *rows, (name, False))
        assert [int(number) for k in range(4) for number in found.take(k, 1)] == wanted
        assert [found.position(row) for row in wanted] == [0, 1, 2, 3]
    with pytest.raises(NetSleuthError, match="cannot be sorted"):
        mixed_rows(made, *rows, ("info", False))


def test_events_speak_in_the_columns_of_packets() -> None:
    """Source is the computer, protocol the id, info the title and the data; other columns of packets are empty."""
    made = store([1], [])
    add_events(
        made, event(START, 4663, {"ObjectName": "c:\\x.dll"}), event(START, 1033, computer=None, provider="Microsoft-Windows-Winsock-AFD")
    )
    names = ("frame.number", "_ws.col.def_src", "_ws.col.def_dst", "_ws.col.protocol", "info")
    cells = mixed_records(made, np.array([EVENT, 0, EVENT + 1]), names)
    assert cells[0] == [None, 1, None]
    assert cells[1] == ["FS01.corp.example", "10.0.0.1", "Winsock-AFD"]
    assert cells[3] == ["Event 4663", "TCP", "Event 1033"]
    assert cells[4][0] == "Object accessed: c:\\x.dll"
    table = common_rows_table(made, Scope("TimeCreated"), ("frame.time", "info"))
    assert [len(block[0]) for block in table.blocks] == [3]
