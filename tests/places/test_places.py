"""The data that come with the program, and the order in which answers count."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import numpy as np
import pytest
from addresses import arrays, country_codes, regions
from numpy.typing import NDArray

from netsleuth_tui.decode.hosts import HostTable, enter4
from netsleuth_tui.errors import NetSleuthError
from netsleuth_tui.paths import place_data
from netsleuth_tui.places import HostPlaces, host_places, open_places
from netsleuth_tui.places.bundled import BUNDLED
from netsleuth_tui.places.packed import Packed, read_packed, write_packed
from netsleuth_tui.places.steps import NOTHING, Networks, steps_of
from netsleuth_tui.store import Store

SAMPLE = Path(__file__).with_name("dbip_sample.csv")
"""Addresses and the country that maxminddb's reader finds in the databases that the data were made from (CC BY 4.0, DB-IP)."""


def test_the_data_say_what_maxminddb_reads_from_their_source() -> None:
    """Random addresses, and those beside borders."""
    with SAMPLE.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    assert len(rows) == 4000
    places = open_places()
    located = places.locate(*arrays(address for address, _ in rows))
    codes = places.tables.country_codes
    public = [
        (codes[code] if code >= 0 else "", country)
        for code, special, (_, country) in zip(located.country.tolist(), located.special.tolist(), rows, strict=True)
        if special == NOTHING
    ]
    assert len(public) > 2500
    assert [found for found, _ in public] == [country for _, country in public]


def test_every_country_has_a_name_and_a_continent() -> None:
    """Of the data, and of the table of names; no code or name stands twice."""
    tables = open_places().tables
    assert len(tables.country_codes) >= 249
    assert len(set(tables.country_codes)) == len(tables.country_codes)
    assert len(set(tables.countries)) == len(tables.countries)
    assert all(re.fullmatch("[A-Z]{2}", code) for code in tables.country_codes)
    located = open_places().locate(*arrays(["130.89.1.1"]))
    assert tables.continents[located.continent[0]] == "Europe"


def test_the_table_of_countries_knows_all_that_the_data_name() -> None:
    """So that no country of the data stands there as two letters."""
    tables = open_places().tables
    names = dict(zip(tables.country_codes, tables.countries, strict=True))
    assert all(len(names[code]) > 2 for code in read_packed(place_data(BUNDLED)).countries)


def test_carried_addresses_are_looked_up_as_what_they_carry() -> None:
    """IPv4-mapped and NAT64."""
    assert country_codes(open_places(), "8.8.8.8", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8") == ["US"] * 3


def test_what_is_used_is_said_with_its_date() -> None:
    """And with the attribution that the licence asks for."""
    described = open_places().description
    assert re.search(r"DB-IP Lite Country \d{4}-\d\d-\d\d", described)
    assert place_data("ATTRIBUTION").read_text("utf-8").strip() in described


def test_the_attribution_stands_where_it_has_to() -> None:
    """In NOTICE and on the front page, word for word but for line breaks."""
    attribution = place_data("ATTRIBUTION").read_text("utf-8").split()
    for page in ("NOTICE", "README.md"):
        words = (Path(__file__).parents[2] / page).read_text("utf-8").split()
        assert any(words[at : at + len(attribution)] == attribution for at in range(len(words))), page


def test_packing_is_exact(tmp_path: Path) -> None:
    """All 128 bits, gaps, first and last addresses come back as they were."""
    networks4, networks6 = Networks([], [], []), Networks([], [], [])
    networks4.add(0, 0, 1)
    networks4.add((1 << 32) - 1, (1 << 32) - 1, 0)
    networks6.add(1 << 127, (1 << 127) + 1, 1)
    networks6.add((1 << 128) - 1, (1 << 128) - 1, 0)
    steps = steps_of(networks4, networks6)
    path = tmp_path / "x.places"
    write_packed(path, Packed("name", "2026-01-02", "credit", ("AA", "BB"), steps))
    again = read_packed(path)
    assert (again.name, again.date, again.attribution, again.countries) == ("name", "2026-01-02", "credit", ("AA", "BB"))
    for name in ("starts4", "codes4", "high6", "low6", "codes6"):
        assert getattr(again.steps, name).tolist() == getattr(steps, name).tolist()
        assert getattr(again.steps, name).dtype == getattr(steps, name).dtype


@pytest.mark.parametrize("damage", ["short", "header", "swapped", "empty", "absent"])
def test_damaged_data_are_an_error(tmp_path: Path, damage: str) -> None:
    """The program was not installed well, and says so."""
    content = place_data(BUNDLED).read_bytes()
    header, _, body = content.partition(b"\n")
    made = {
        "short": content[: len(content) // 2],
        "header": re.sub(rb'"starts4": \d+', b'"starts4": 7', header) + b"\n" + body,
        "swapped": header + b"\n" + body[:1000] + bytes([body[1000] ^ 255]) + body[1001:],
        "empty": b"",
    }
    path = tmp_path / "x.places"
    if damage in made:
        path.write_bytes(made[damage])
    with pytest.raises(NetSleuthError, match="cannot be read"):
        read_packed(path)


def test_hosts_are_looked_up_once() -> None:
    """New ones alone when there are new ones; what was given out stays."""
    asked: list[int] = []
    places = open_places()
    locate = places.locate

    def counted(version: np.ndarray, high: np.ndarray, low: np.ndarray) -> object:
        asked.append(len(version))
        return locate(version, high, low)

    places.locate = counted
    hosts, opened = HostTable(), []
    located = HostPlaces(hosts, lambda: opened.append(1) or places)
    assert not opened
    assert len(located.located().region) == 0
    kept = []
    for block in (["8.8.8.8", "10.0.0.1"], ["130.89.1.1"], [f"130.89.{n >> 8}.{n & 255}" for n in range(258, 3258)]):
        hosts.merge(_table(block))
        kept.append(located.located())
        located.located()
    assert opened == [1]
    assert asked == [2, 1, 3000]
    assert [len(found.region) for found in kept] == [2, 3, 3003]
    assert kept[0].region.tolist() == kept[2].region[:2].tolist()
    assert [places.tables.regions[code] for code in kept[2].region[:3]] == ["United States", "Private (unmapped)", "Netherlands"]
    assert set(kept[2].region[2:].tolist()) == {kept[2].region[2]}


def test_a_host_id_that_is_given_again_is_looked_up_again() -> None:
    """Also where it was asked for while it was free; what was given out before stays as it is."""
    hosts = HostTable()
    located = HostPlaces(hosts, open_places)
    hosts.merge(_table(["10.0.0.1", "10.0.0.2", "8.8.8.8"]))
    _forget_others(hosts, np.array([False, False, True]))
    free = located.located()
    before = [codes.copy() for codes in (free.region, free.special, free.country)]
    cleared = hosts.cleared
    assert hosts.merge(_table(["1.1.1.1", "192.168.7.7", "130.89.1.1"])).tolist() == [0, 1, 3]
    assert hosts.cleared == cleared
    found, names = located.located(), located.places.tables.regions
    assert [names[code] for code in found.region] == ["Australia", "Private (unmapped)", "United States", "Netherlands"]
    assert all((now == then).all() for now, then in zip((free.region, free.special, free.country), before, strict=True))
    fresh = HostPlaces(hosts, open_places).located()
    for name in ("site", "special", "country", "continent", "asn", "region"):
        assert getattr(found, name).tolist() == getattr(fresh, name).tolist()


def test_there_are_as_many_places_as_the_caller_knows_hosts() -> None:
    """Its table has become shorter since; those that come then have places of their own."""
    hosts = HostTable()
    located = HostPlaces(hosts, open_places)
    hosts.merge(_table(["8.8.8.8", "10.0.0.1", "10.0.0.2"]))
    _forget_others(hosts, np.array([True, False, False]))
    assert hosts.count == 1
    assert len(located.located(3).region) == 3
    hosts.merge(_table(["130.89.1.1"]))
    names = located.places.tables.regions
    assert [names[code] for code in located.located(3).region[:2]] == ["United States", "Netherlands"]


def test_remarks_tell_whose_data_placed_hosts() -> None:
    """Nothing before the data are open, nothing of them before they have placed a host."""
    hosts = HostTable()
    located = HostPlaces(hosts, open_places)
    assert located.remarks == []
    assert "DB-IP" in located.places.description
    assert located.remarks == []
    hosts.merge(_table(["8.8.8.8"]))
    located.located()
    assert located.remarks == [located.places.description]


def _table(addresses: list[str]) -> HostTable:
    _, _, low = arrays(addresses)
    hosts = HostTable()
    hosts.reserve(len(low))
    enter4(hosts.arrays, low.astype(np.int64), len(low), np.zeros(len(low), np.int64))
    return hosts


def _forget_others(hosts: HostTable, kept: NDArray[np.bool_]) -> None:
    """Let go of all hosts but some: those that no row has at two drops, of which the first finds all of them in use."""
    for met in (np.ones_like(kept), kept):
        hosts.forget(met, kept)


def test_a_store_has_places_without_being_told() -> None:
    """And keeps them."""
    store = Store()
    assert host_places(store) is host_places(store)
    assert "DB-IP" in host_places(store).places.description


def test_unknown_is_not_private() -> None:
    """A public address that no data place asks for newer data, a private one for a list of sites."""
    assert regions(open_places(), "4000::1", "10.0.0.1") == ["Unknown", "Private (unmapped)"]
