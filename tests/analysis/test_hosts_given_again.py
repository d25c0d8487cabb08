"""Ids of hosts whose packets were dropped are given again: places and networks are those of the addresses that have them now."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Any

import numpy as np
import pytest
from made import START, append, udp

from netsleuth_tui import analysis
from netsleuth_tui.analysis import EVERYTHING, GROUPINGS, Scope, regions, rows_of
from netsleuth_tui.analysis.region_groups import groups_of
from netsleuth_tui.decode.hosts import Hosts
from netsleuth_tui.store import Store


def hosts_at(*addresses: str) -> Hosts:
    """IPv4 addresses."""
    numbers = np.array([int(ip_address(text)) for text in addresses], np.uint64)
    return Hosts(np.full(len(numbers), 4, np.uint8), np.zeros(len(numbers), np.uint64), numbers)


def store_at(*addresses: str) -> Store:
    """A store that knows these addresses, by their place in the list."""
    store = Store()
    store.hosts.add(hosts_at(*addresses))
    return store


def given_again(store: Store, *addresses: str) -> None:
    """Of a store that knows two hosts and a third one, drop the packets of the two, and give their ids to these addresses."""
    append(store, [udp(START, src=0, dst=2), udp(START, src=1, dst=2), udp(START, src=2, dst=2)])
    store.forget(2)
    append(store, [udp(START, src=2, dst=2)])
    store.forget(3)
    for ask in (summed, facets_of):
        ask(store)  # while they are free
    assert store.hosts.add(hosts_at(*addresses)).tolist() == [0, 1]
    append(store, [udp(START, src=0, dst=2), udp(START, src=1, dst=2), udp(START, src=1, dst=2)])


def summed(store: Store) -> dict[str, dict[str, int]]:
    """Packets by source for groups of every kind, and how many each of their filters selects."""
    found = {}
    for by in ("region", "country", "continent", "/8", "/16", "/24"):
        by_source = regions(store, EVERYTHING, by=by, side="src")
        found[by] = dict(zip(by_source.cells("region"), by_source.cells("packets"), strict=True))
        counts = [len(rows_of(store, Scope(by_source.filter(k)))) for k in range(len(by_source))]
        assert counts == list(found[by].values())
    found["US"] = {"": len(rows_of(store, Scope('geo.src.country == "US"')))}
    return found


def facets_of(store: Store) -> list[tuple[str, int]]:
    """Packets of networks."""
    (found,) = analysis.facets(store, rows_of(store, EVERYTHING), ["net24"])
    return [(count.label, count.packets) for count in found.counts]


def test_hosts_whose_ids_are_given_again_are_where_their_addresses_are() -> None:
    """Ids of dropped packets' hosts were free when somebody asked, and belong to others now; answers that were kept are of these."""
    store = store_at("10.0.0.1", "10.0.1.2", "8.8.8.8")
    given_again(store, "130.89.1.1", "9.9.9.9")
    found = summed(store)
    assert found["region"] == found["country"] == {"Netherlands": 1, "United States": 3}
    assert found["continent"] == {"Europe": 1, "North America": 3}
    assert found["US"] == {"": 3}
    assert found["/8"] == {"8.0.0.0/8": 1, "9.0.0.0/8": 2, "130.0.0.0/8": 1}
    assert found["/24"] == {"8.8.8.0/24": 1, "9.9.9.0/24": 2, "130.89.1.0/24": 1}
    assert facets_of(store) == [("8.8.8.0/24", 4), ("9.9.9.0/24", 2), ("130.89.1.0/24", 1)]


@pytest.mark.parametrize("by", GROUPINGS)
def test_addresses_that_go_meanwhile_are_in_groups_all_the_same(by: Any) -> None:
    """Whoever counts holds the addresses of a moment; the table has become shorter when groups are asked for."""
    store = store_at(*(f"10.0.{k}.1" for k in range(10)))
    hosts, kept = store.hosts.known(), np.arange(10) < 3
    for met in (kept | True, kept):
        store.hosts.forget(met, kept)
    assert store.hosts.count == 3
    groups = groups_of(store, hosts, by)
    assert len(groups.of_host) == 10
    assert groups.name(int(groups.of_host[2])) == {
        "/8": "10.0.0.0/8", "/16": "10.0.0.0/16", "/24": "10.0.2.0/24", "site": "no site", "asn": "no ASN", "region": "Private (unmapped)",
    }.get(by, "Private")  # fmt: skip
