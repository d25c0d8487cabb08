"""Addresses that no row has any more are let go: what is left stays what it is, and the room that they took is used again."""

from __future__ import annotations

from contextlib import nullcontext

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from machine_code import compiled

from netsleuth_tui.decode import hosts as room
from netsleuth_tui.decode.hosts import Hosts, HostTable

Entry = tuple[int, int]
FEW = st.tuples(st.sampled_from((4, 6)), st.integers(0, 40) | st.integers(0, 3).map(lambda high: high << 32 | 1))
STEP = st.tuples(st.lists(FEW, min_size=1, max_size=30), st.integers(0, 60), st.booleans())


def hosts_of(entries: list[Entry]) -> Hosts:
    """Addresses as arrays; IPv6 ones have something in both halves."""
    version = np.array([entry[0] for entry in entries], np.uint8)
    low = np.array([entry[1] & 0xFFFFFFFF for entry in entries], np.uint64)
    high = np.array([entry[1] << 70 >> 64 & 0xFFFFFFFF if entry[0] == 6 else 0 for entry in entries], np.uint64)
    return Hosts(version, high, low)


def spelled(hosts: Hosts, number: int) -> tuple[int, int, int]:
    """One address."""
    return int(hosts.version[number]), int(hosts.hi[number]), int(hosts.lo[number])


class Rows:
    """Rows with one address each, of which the oldest are dropped."""

    def __init__(self) -> None:
        self.table = HostTable()
        self.met: list[tuple[tuple[int, int, int], int]] = []
        self.first = 0

    def come(self, entries: list[Entry], *, merged: bool) -> None:
        """More rows; their addresses are merged from another table, or added one by one."""
        some = hosts_of(entries)
        if merged:
            other = HostTable()
            ids = other.add(some)
            ids = self.table.merge(other)[ids]
        else:
            ids = self.table.add(some)
        self.met += [(spelled(some, k), number) for k, number in enumerate(ids.tolist())]

    def drop(self, rows: int) -> None:
        """The oldest rows go."""
        before, self.first = self.first, min(self.first + rows, len(self.met))
        met, kept = (np.zeros(self.table.count, np.bool_) for _ in range(2))
        met[[number for _, number in self.met[before:]]] = True
        kept[[number for _, number in self.met[self.first :]]] = True
        self.table.forget(met, kept)

    def check(self, first: int, hosts: Hosts) -> None:
        """Rows from the first on have the addresses that they came with, each its own."""
        for address, number in self.met[first:]:
            assert spelled(hosts, number) == address
        pairs = set(self.met[first:])
        assert len({number for _, number in pairs}) == len({address for address, _ in pairs}) == len(pairs)


@pytest.mark.parametrize("form", ["plain", "compiled"])
@given(steps=st.lists(STEP, max_size=12))
def test_rows_that_are_left_keep_their_addresses(form: str, steps: list[tuple[list[Entry], int, bool]]) -> None:
    """Also as somebody saw them before rows were dropped once; and an address is never there twice."""
    with compiled(room._copy, room.place) if form == "compiled" else nullcontext():
        rows = Rows()
        for entries, dropped, merged in steps:
            rows.come(entries, merged=merged)
            seen, first = rows.table.known(), rows.first
            rows.drop(dropped)
            rows.check(first, rows.table.known())
            rows.check(first, seen)
            rows.come(entries[::2], merged=not merged)
            rows.check(rows.first, rows.table.known())
            live = {address for address, _ in rows.met[rows.first :]}
            assert live <= {spelled(rows.table.known(), k) for k in range(rows.table.count)}


def test_the_table_does_not_grow_for_ever() -> None:
    """However many addresses come and go: at most those of the rows that are there, and of those that went the last two times."""
    rows = Rows()
    for turn in range(200):
        rows.come([(4 if k % 2 else 6, turn * 50 + k) for k in range(50)], merged=bool(turn % 2))
        rows.drop(50 if turn > 3 else 0)
    assert rows.table.count <= 50 * 7
    assert rows.table.cleared == 200
    rows.check(rows.first, rows.table.known())


def test_nothing_goes_that_somebody_holds() -> None:
    """Whoever holds addresses finds those of all rows seen since, however often rows are dropped; then they go."""
    rows = Rows()
    rows.come([(4, k) for k in range(100)], merged=True)
    with rows.table.held():
        for turn in range(1, 6):
            rows.drop(100)
            rows.come([(4, turn * 1000 + k) for k in range(100)], merged=True)
            rows.check(0, rows.table.known())
    for turn in range(6, 9):
        rows.drop(100)
        rows.come([(4, turn * 1000 + k) for k in range(100)], merged=True)
    assert rows.table.count <= 300
    rows.check(rows.first, rows.table.known())


def test_a_table_that_was_large_becomes_small() -> None:
    """Memory of a rush of addresses is given back."""
    rows = Rows()
    rows.come([(4, k) for k in range(40_000)], merged=True)
    large = rows.table.bytes
    for turn in range(3):
        rows.drop(40_000)
        rows.come([(6, turn)], merged=False)
    assert rows.table.bytes < large / 8
    assert spelled(rows.table.known(), rows.met[-1][1]) == rows.met[-1][0]
