"""The packet table grows without disturbing its readers."""

from __future__ import annotations

import mmap
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from netsleuth_tui.decode.columns import NO_TIME
from netsleuth_tui.store import ROW_BYTES, PacketTable, packets
from netsleuth_tui.store.paging import CAN_RELEASE, release, zeros


def test_rows_are_invisible_until_they_are_committed() -> None:
    """A reader sees committed rows only."""
    table = PacketTable()
    table.reserve(10).len[:10] = 60
    assert len(table.view().len) == 0
    table.commit(4)
    assert table.view().len.tolist() == [60] * 4


def test_a_view_survives_growth() -> None:
    """What a reader took stays as it was when the columns move."""
    table = PacketTable()
    table.reserve(3).len[:3] = (1, 2, 3)
    table.commit(3)
    before = table.view()
    columns = table.reserve(table.capacity + 1)
    columns.len[3] = 4
    table.commit(4)
    assert before.len.tolist() == [1, 2, 3]
    assert table.view().len.tolist() == [1, 2, 3, 4]


def test_fresh_rows_are_zero_after_growth() -> None:
    """Kernels write only what is present, so new memory must be zero."""
    table = PacketTable()
    table.reserve(1)
    assert not table.reserve(table.capacity * 3).present.any()


@given(st.integers(0, 40_000), st.integers(0, 40_000), st.sampled_from(["u1", "u2", "i8"]))
def test_what_is_released_is_zero_and_nothing_else(one: int, other: int, code: str) -> None:
    """Whole pages and parts of pages, of columns of any width."""
    column = np.ones(40_000, code)
    first, last = min(one, other), max(one, other)
    release(column, first, last)
    assert not column[first:last].any()
    assert column[:first].all()
    assert column[last:].all()


@given(st.lists(st.integers(0, 3_000_000), min_size=1, max_size=5), st.sampled_from(["u1", "u2", "i8"]))
def test_what_is_released_of_mapped_memory_is_zero_and_nothing_else(places: list[int], code: str) -> None:
    """One part after the other, from the beginning on."""
    column = zeros(3_000_000, code)
    column[:] = 1
    first = 0
    for last in sorted(places):
        release(column, first, last, mapped=True)
        first = last
        assert not column[:last].any()
        assert column[last:].all()


@pytest.mark.skipif(not CAN_RELEASE, reason="memory is given back on Linux alone")
def test_a_table_that_lasts_takes_memory_for_the_rows_that_are_there() -> None:
    """Rows come and go, their columns never move, and memory does not grow, with what is known by row and offsets of times."""
    table = PacketTable()
    table.lasts = True
    step, most = 100_000, 0
    for first in range(0, 40 * step, step):
        columns = table.reserve(first + step)
        for column in columns:
            column[first : first + step] = 1
        columns.time[first : first + step] = 100 * np.arange(first, first + step)
        table.commit(first + step)
        table.forget(max(first - step, 0))
        table.by_row(table.rows, "i8")[table.first :] = 1
        table.move(1, 5)
        most = _resident() if first == 4 * step else most
    assert table.capacity == 1 << 32
    assert table.in_order
    assert table.view().time[table.first] == 100 * table.first + 5 * 2  # it was there twice when times were moved
    assert _resident() < most + 30 * step * ROW_BYTES // 2
    assert not table.view().present[: table.first].any()


def _resident() -> int:
    """Bytes of this process that are in memory."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * mmap.PAGESIZE


def test_columns_grow_where_address_space_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    """A table that lasts does without room for all rows then."""

    def none(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(packets, "zeros", none)
    table = PacketTable()
    table.lasts = True
    table.reserve(5).len[:5] = 7
    table.commit(5)
    table.forget(2)
    assert table.reserve(1 << 20).len[:5].tolist() == [0, 0, 7, 7, 7]
    assert table.by_row(5, "u4").tolist() == [0] * 5


@given(st.lists(st.integers(0, 10), max_size=20), st.integers(1, 5))
def test_order_is_noticed_across_commits(times: list[int], step: int) -> None:
    """`in_order` says whether time never decreases, however the rows arrive."""
    table = PacketTable()
    columns = table.reserve(len(times))
    columns.time[: len(times)] = times
    for rows in range(step, len(times) + step, step):
        table.commit(min(rows, len(times)))
    assert table.in_order == (times == sorted(times))


def test_a_row_without_a_time_breaks_the_order() -> None:
    """A binary search over time would be wrong with rows that have none."""
    table = PacketTable()
    columns = table.reserve(2)
    columns.time[:2] = (NO_TIME, 5)
    table.commit(2)
    assert not table.in_order
    assert np.array_equal(table.view().time, [NO_TIME, 5])
