"""Addresses get dense ids: one each, the same for good, never shared between IPv4 and IPv6."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from machine_code import compiled

from netsleuth_tui.decode import hosts as room
from netsleuth_tui.decode.hosts import HostTable, enter4, enter6

ADDRESS4 = st.integers(0, 2**32 - 1)
ADDRESS6 = st.integers(0, 2**128 - 1) | ADDRESS4


@pytest.fixture(params=["plain", "compiled"])
def _form(request: pytest.FixtureRequest) -> Iterator[None]:
    with compiled(room._copy, room.place) if request.param == "compiled" else nullcontext():
        yield


def add(table: HostTable, version: int, address: int) -> int:
    """Enter one address and return its id."""
    table.reserve(1)
    ids = np.zeros(1, np.int64)
    if version == 4:
        enter4(table.arrays, np.array([address], np.int64), 1, ids)
    else:
        words = [address >> shift & 0xFFFFFFFF for shift in (96, 64, 32, 0)]
        enter6(table.arrays, np.array(words, np.int64), 1, ids)
    return int(ids[0])


def contents(table: HostTable) -> list[tuple[int, int]]:
    """Version and address by id."""
    addresses = [int(hi) << 64 | int(lo) for hi, lo in zip(table.hi, table.lo, strict=True)]
    return list(zip(table.version.tolist(), addresses, strict=True))


@given(st.lists(st.tuples(st.just(4), ADDRESS4) | st.tuples(st.just(6), ADDRESS6), max_size=60))
def test_ids_are_given_in_order_of_appearance(entries: list[tuple[int, int]]) -> None:
    """An address gets the next id when it is first met and the same one ever after."""
    table = HostTable()
    expected: dict[tuple[int, int], int] = {}
    for entry in entries + entries:
        assert add(table, *entry) == expected.setdefault(entry, len(expected))
    assert contents(table) == list(expected)
    assert table.count == len(expected)


def test_same_number_in_both_versions_is_two_hosts() -> None:
    """10.0.0.1 and ::10.0.0.1 are different addresses."""
    table = HostTable()
    assert add(table, 4, 0x0A000001) != add(table, 6, 0x0A000001)


def test_address_zero_and_the_last_one_are_kept() -> None:
    """0.0.0.0, 255.255.255.255, :: and the last IPv6 address are addresses like any other."""
    table = HostTable()
    edges = [(4, 0), (4, 2**32 - 1), (6, 0), (6, 2**128 - 1)]
    assert [add(table, *edge) for edge in edges] == [0, 1, 2, 3]
    assert [add(table, *edge) for edge in edges] == [0, 1, 2, 3]
    assert contents(table) == edges


def test_batch_with_repetitions_finds_every_address() -> None:
    """Addresses that alternate, repeat and return within one call get what single calls would give."""
    table = HostTable()
    batch = np.array([7, 8, 7, 8, 8, 9, 7, 9, 9, 8, 7, 7], np.int64)
    ids = np.zeros(len(batch), np.int64)
    enter4(table.arrays, batch, len(batch), ids)
    assert ids.tolist() == [0, 1, 0, 1, 1, 2, 0, 2, 2, 1, 0, 0]


@pytest.mark.usefixtures("_form")
def test_growing_keeps_ids_and_addresses() -> None:
    """Room for more addresses does not change what is known, nor what views taken before show."""
    table = HostTable()
    for i in range(500):
        add(table, 4 if i % 3 else 6, i * 7919)
    view, before = table.lo, contents(table)
    table.reserve(200_000)
    assert contents(table) == before
    assert view.tolist() == [address & (2**64 - 1) for _, address in before]
    assert [add(table, version, address) for version, address in before] == list(range(500))


@pytest.mark.usefixtures("_form")
def test_merge_maps_ids_of_the_other_table() -> None:
    """Merging adds what is new and says where everything is."""
    ours, theirs = HostTable(), HostTable()
    for entry in [(4, 1), (6, 1), (4, 2)]:
        add(ours, *entry)
    for entry in [(6, 1 << 100), (4, 2), (6, 1), (4, 3)]:
        add(theirs, *entry)
    ids = ours.merge(theirs)
    assert ids.dtype == np.uint32
    assert ids.tolist() == [3, 2, 1, 4]
    assert contents(ours) == [(4, 1), (6, 1), (4, 2), (6, 1 << 100), (4, 3)]
    assert ours.merge(HostTable()).tolist() == []


def test_every_table_has_its_own_seed() -> None:
    """Whoever writes a capture cannot know which addresses share a place in the table."""
    assert HostTable()._seed.tolist() != HostTable()._seed.tolist()
    assert len(set(HostTable()._seed.tolist())) == 5


def test_addresses_that_differ_by_powers_of_two_do_not_pile_up() -> None:
    """Regular addresses are found within a few steps: no more than a hundredth of them sits far from its place."""
    table = HostTable()
    table.reserve(4096)
    batch = np.arange(4096, dtype=np.int64) << 20
    enter4(table.arrays, batch, 4096, np.zeros(4096, np.int64))
    slots = table.arrays.slots4
    mask = len(slots) - 1
    seed, factor = (int(number) for number in table.arrays.seed[:2])
    far = 0
    for at, entry in enumerate(slots.tolist()):
        home = (seed + factor * (entry >> 31)) % 2**63 >> 31 & mask
        far += entry != 0 and (at - home) % len(slots) > 64
    assert far <= 41


def test_more_addresses_than_ids_is_an_error() -> None:
    """A table that cannot be is refused before memory is asked for."""
    with pytest.raises(OverflowError, match="do not fit"):
        HostTable().reserve(2**31)
