"""Threads number hosts in the order in which they meet them; nothing that is listed depends on it."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from esp_by_hand import esp
from hypothesis import given
from hypothesis import strategies as st
from looking import HOSTS
from made import SECOND, START, icmp, store_of, tcp, udp

from netsleuth_tui.analysis import (
    EVERYTHING,
    associations,
    associations_table,
    conversations,
    conversations_table,
    facets,
    rates_table,
    regions,
    regions_by_time_table,
    regions_table,
    rows_of,
    timeline,
)
from netsleuth_tui.analysis.occurring import count_values
from netsleuth_tui.analysis.ranks import most_frequent
from netsleuth_tui.decode.hosts import Hosts
from netsleuth_tui.findings import find
from netsleuth_tui.store import Store
from netsleuth_tui.store.ordering import order, order_by, settled
from netsleuth_tui.tabular import Cell, Table


def packet(k: int) -> dict[str, Any]:
    """TCP, UDP or ICMP of one of forty hosts to one of seven."""
    time, ends = START + k * SECOND // 500, {"src": k % 40, "dst": 40 + k % 7}
    if k % 60 == 59:
        return esp(k // 60 + 1, time, src=k // 60 % 4, dst=40 + k // 60 % 5, esp_spi=7)
    if k % 3 == 2:
        return icmp(time, 3, icmp_code=1, **ends)
    ports = {"src_port": 40_000, "dst_port": k % 90}
    return tcp(time, 0x02, **ports, **ends) if k % 3 else udp(time, **ports, **ends)


PACKETS = [packet(k) for k in range(2400)]


def listed(store: Store) -> dict[str, Any]:
    """What is said of the hosts of a store, where many occur equally often."""
    rows = rows_of(store, EVERYTHING)
    series = timeline(store, EVERYTHING, every=10 * SECOND, by="ip.src")
    return {
        "breakdowns": facets(store, rows, most=4),
        "time line": (series.labels, series.counts.tolist()),
        "completion": [value.text for value in count_values(store, EVERYTHING, "ip.src").beginning(store, "", 9).values],
        "findings": find(store).findings,
        "tables": {name: rows_in(table) for name, table in tables(store).items()},
    }


def tables(store: Store) -> dict[str, Table]:
    """Conversations, regions and associations, sorted by all that they can be sorted by."""
    rows = rows_of(store, EVERYTHING)
    made: dict[str, Table] = {}
    for by in ("address", "ports"):
        talks = conversations(store, rows, by=by)  # type: ignore[arg-type]
        made |= {f"{by} {name}": conversations_table(talks, talks.order(name, descending=True)) for name in talks.columns[2:]}
        made[f"{by} by time"] = rates_table(store, EVERYTHING, every=SECOND, by=by)  # type: ignore[arg-type]
    for by in ("/24", "region", "country"):
        places = regions(store, EVERYTHING, by=by)  # type: ignore[arg-type]
        made |= {
            f"{by} {name}": regions_table(places, places.order(name, descending=True)) for name in ("packets", "bytes", "hosts", "syns")
        }
        made[f"{by} by time"] = regions_by_time_table(store, EVERYTHING, every=SECOND, by=by)  # type: ignore[arg-type]
    tunnels = associations(store, rows)
    made |= {name: associations_table(tunnels, tunnels.order(name)) for name in ("packets", "lost", "spi", "src", "encapsulation")}
    return made


def rows_in(table: Table) -> list[tuple[Cell, ...]]:
    """Its rows."""
    return [row for block in table.blocks for row in zip(*block, strict=True)]


def test_lists_are_the_same_whoever_was_met_first() -> None:
    """Of hosts that occur equally often those with the lowest addresses come first."""
    hosts, chance = HOSTS[:47], random.Random(1)  # noqa: S311 - no secrets
    first = listed(store_of(PACKETS, hosts=hosts))
    assert first["findings"]
    for _ in range(3):
        order = chance.sample(range(47), 47)
        place = {host: at for at, host in enumerate(order)}
        packets = [one | {"src": place[one["src"]], "dst": place[one["dst"]]} for one in PACKETS]
        other = listed(store_of(packets, hosts=[hosts[k] for k in order]))
        for name, said in first.items():
            assert other[name] == said, name


@pytest.mark.parametrize("most", [0, 1, 3, 7, 50, 400])
@pytest.mark.parametrize("share_of_four", [0.0, 0.1, 0.9, 1.0])
def test_the_most_frequent_are_those_of_a_whole_sort(most: int, share_of_four: float) -> None:
    """Any number of ties, of both versions."""
    chance = np.random.default_rng(3)
    version = np.where(chance.random(300) < share_of_four, 4, 6).astype(np.uint8)
    lo = chance.permutation(300).astype(np.uint64)
    hi = np.where(version == 6, chance.integers(1, 5, 300), 0).astype(np.uint64)
    ids, counts = chance.permutation(300), chance.integers(1, 4, 300)
    key: Callable[[int], tuple[int, ...]] = lambda at: (-counts[at], version[ids[at]], hi[ids[at]], lo[ids[at]])  # noqa: E731
    assert most_frequent(counts, most, Hosts(version, hi, lo), ids).tolist() == sorted(range(300), key=key)[:most]


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(-2, 2)), max_size=40), st.booleans())
def test_equal_ones_stand_as_other_numbers_say(rows: list[tuple[int, int, int]], descending: bool) -> None:
    """As a sort by all of them; the first one alone has a direction."""
    keys = np.array(rows, np.int64).reshape(-1, 3)
    found = settled(order(keys[:, 0], descending=descending), keys[:, 0], lambda some: (keys[some, 1], keys[some, 2]))
    sign = -1 if descending else 1
    assert keys[found].tolist() == [list(row) for row in sorted(rows, key=lambda row: (sign * row[0], row[1], row[2]))]
    assert keys[order_by(tuple(keys.T))].tolist() == [list(row) for row in sorted(rows)]
