"""The packet table grows without disturbing its readers."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from netsleuth_tui.decode.columns import NO_TIME
from netsleuth_tui.store import PacketTable
from netsleuth_tui.store.paging import release


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
