"""Filters and time windows select the right rows, while loading too."""

from __future__ import annotations

import threading
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made import START, append, rows, store_of, tcp
from sqlglot import parse_one

from netsleuth_tui.decode.columns import NO_TIME
from netsleuth_tui.errors import NetSleuthError
from netsleuth_tui.store import Rows, Store
from netsleuth_tui.store.engine import Engine


class _Predicate:
    lookups = ()
    whole = False

    def __init__(self, sql: str) -> None:
        self.sql = parse_one(sql, dialect="duckdb")


def matching(store: Store, sql: str) -> list[int]:
    """Row ids by a predicate that is compiled afresh."""
    return rows(store.matching(sql, lambda: _Predicate(sql)))


def test_a_filter_is_answered_with_ascending_rows() -> None:
    """Row ids come in capture order."""
    store = store_of([tcp(START + k, src_port=k % 3) for k in range(9)])
    assert matching(store, "src_port = 1") == [1, 4, 7]


def test_an_answer_is_extended_by_rows_that_came_later() -> None:
    """A kept answer covers rows loaded since, and earlier rows are not asked again."""
    store = store_of([tcp(START, src_port=7), tcp(START, src_port=8)])
    assert matching(store, "src_port = 7") == [0]
    append(store, [tcp(START, src_port=7)])
    assert matching(store, "src_port = 7") == [0, 2]


def test_frame_numbers_begin_anew_in_every_file() -> None:
    """`number` counts from 1 within each source."""
    store = store_of([tcp(START)] * 3, [tcp(START)] * 2, [tcp(START)] * 4)
    assert matching(store, "number = 2") == [1, 4, 6]
    append(store, [tcp(START)], 2)
    assert matching(store, "number = 5") == [9]


@given(
    st.lists(st.one_of(st.integers(0, 20), st.sampled_from([NO_TIME, (1 << 63) - 1])), max_size=30),
    st.booleans(),
    st.integers(0, 20),
    st.one_of(st.integers(0, 20), st.just(1 << 63)),
)
def test_a_window_selects_by_time(times: list[int], ordered: bool, start: int, length: int) -> None:
    """Rows with start <= time < end, in capture order, sorted or not, with a filter or without one."""
    times = sorted(time for time in times if time != NO_TIME) if ordered else times
    store = store_of([tcp(time, src_port=k % 2) for k, time in enumerate(times)])
    ids = np.flatnonzero(np.arange(len(times)) % 2).astype(np.uint32)
    end = start + length
    for chosen, among in ((None, range(len(times))), (ids, rows(ids))):
        inside = store.within(chosen, start, end)
        assert rows(inside.take(0, 100)) == [k for k in among if start <= times[k] < end]
        assert rows(store.within(chosen, None, end).take(0, 100)) == [k for k in among if NO_TIME < times[k] < end]
        assert len(store.within(chosen, None, None)) == len(among)


def test_rows_know_their_position() -> None:
    """The cursor stays on its packet when the filter changes, or moves to the next match."""
    matches = Rows(0, 3, np.array([2, 5, 9], np.uint32))
    assert matches.position(5) == 1
    assert matches.position(6) == 2
    assert matches.holds(9)
    assert not matches.holds(3)
    assert rows(matches.take(1, 10)) == [5, 9]
    assert Rows(10, 20).position(15) == 5
    assert rows(Rows(10, 20).take(8, 5)) == [18, 19]
    inside = Rows(1, 3, np.array([2, 5, 9, 14], np.uint32))
    assert [inside.position(row) for row in (2, 5, 9, 14)] == [0, 0, 1, 2]
    assert [inside.holds(row) for row in (2, 5, 9, 14)] == [False, True, True, False]


PROBES = (
    "SELECT * FROM read_text('/etc/passwd')",
    "COPY (SELECT 1) TO '/tmp/netsleuth_probe.csv'",
    "ATTACH '/tmp/netsleuth_probe.db' AS other",
    "INSTALL httpfs",
    "LOAD httpfs",
    "SET enable_external_access = true",
    "SET lock_configuration = false",
    "SET temp_directory = '/tmp'",
    "SELECT * FROM '/etc/passwd'",
    "EXPORT DATABASE '/tmp/netsleuth_probe'",
    "IMPORT DATABASE '/tmp/netsleuth_probe'",
)


@pytest.mark.parametrize("probe", PROBES)
def test_the_engine_reaches_no_file_and_cannot_be_unlocked(probe: str) -> None:
    """Not even a statement that we would never send opens a file or changes the configuration."""
    engine = Engine(64 << 20)
    with pytest.raises(Exception, match=r"(?i)disabled|locked|cannot|does not exist|permission"):
        engine._connection.execute(probe).fetchall()


def test_a_query_over_its_memory_fails_alone() -> None:
    """Out of memory is an error of that query; the next one is answered."""
    engine = Engine(20 << 20)
    store = store_of([tcp(START + k) for k in range(3)])
    heavy = parse_one("SELECT list(a.range) AS x FROM range(3000000) a, range(20) b GROUP BY a.range % 2000000", dialect="duckdb")
    with pytest.raises(NetSleuthError, match="memory budget"):
        engine.columns(heavy, store.columns()._asdict())
    light = parse_one("SELECT count(*) AS n FROM packets", dialect="duckdb")
    assert engine.columns(light, store.columns()._asdict())["n"].tolist() == [3]


def test_interrupts_at_any_moment_are_errors_that_can_be_told() -> None:
    """Whatever the engine is doing: an answer, or an error that says that it was interrupted; never another exception."""
    store, everything = store_of([tcp(START + k) for k in range(50)]), parse_one("row >= 0", dialect="duckdb")
    engine, ended = store.engine, threading.Event()

    def interrupt() -> None:
        while not ended.wait(0.0001):
            engine.interrupt()

    thread = threading.Thread(target=interrupt, daemon=True)
    thread.start()
    try:
        for _ in range(300):
            with suppress(NetSleuthError):
                assert len(engine.row_ids(store.columns(), everything, (), store.starts)) == 50
    finally:
        ended.set()
        thread.join()
    assert len(engine.row_ids(store.columns(), everything, (), store.starts)) == 50
