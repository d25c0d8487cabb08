"""Databases in MaxMind's format: every address gets the record that maxminddb's reader in Python finds."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from addresses import arrays
from hypothesis import given
from hypothesis import strategies as st
from maxminddb.const import MODE_FD
from maxminddb.errors import InvalidDatabaseError
from maxminddb.reader import Reader
from mmdb_files import database

from netsleuth_tui.places.atlas import Atlas
from netsleuth_tui.places.mmdb import Database
from netsleuth_tui.places.mmdb_records import Records
from netsleuth_tui.places.records import said_by
from netsleuth_tui.places.steps import NAT64, NOTHING, Sought
from netsleuth_tui.places.tree import SearchTree

PLACES = (
    "GeoIP2-City-Shield-Test",
    "GeoIP2-City-Test",
    "GeoIP2-City-Test-Broken-Double-Format",
    "GeoIP2-Country-Shield-Test",
    "GeoIP2-Country-Test",
    "GeoIP2-Enterprise-Shield-Test",
    "GeoIP2-Enterprise-Test",
    "GeoIP2-ISP-Test",
    "GeoIP2-Precision-Enterprise-Shield-Test",
    "GeoIP2-Precision-Enterprise-Test",
    "GeoLite2-ASN-Test",
    "GeoLite2-City-Test",
    "GeoLite2-Country-Test",
)
"""Test databases that say where an address is."""

REFUSED = {"GeoIP2-City-Test-Invalid-Node-Count"}
"""Test databases that the reader does not open."""

UNREADABLE = object()

Address = IPv4Address | IPv6Address


class _Oracle:
    """maxminddb's reader, and our tree and decoder, of the same content."""

    def __init__(self, content: bytes) -> None:
        self.reader = Reader(io.BytesIO(content), MODE_FD)
        metadata = self.reader.metadata()
        self.versions = (4, 6) if metadata.ip_version == 6 else (4,)
        self.tree = SearchTree(content, metadata.node_count, metadata.record_size, metadata.ip_version)
        self.records = Records(content, self.tree.bytes + 16)

    def record(self, address: Address) -> Any:
        """What the reader says."""
        try:
            return self.reader.get(address)
        except (InvalidDatabaseError, ValueError):
            return UNREADABLE

    def networks(self, version: int) -> Iterator[tuple[Address, Address, Any]]:
        """First and last address of every network that the tree tells apart, and their record: together they are every address there is."""
        make, bits = (IPv4Address, 32) if version == 4 else (IPv6Address, 128)
        known: dict[int, Any] = {}
        first = 0
        while first < 1 << bits:
            address = make(first)
            try:
                pointer, length = self.reader._find_address_in_tree(bytearray(address.packed))
                if pointer not in known:
                    known[pointer] = self.record(address)
                record = known[pointer]
            except InvalidDatabaseError:
                length, record = 12, UNREADABLE  # a tree without an end: on to what may have one
            last = first | (1 << (bits - length)) - 1
            yield address, make(last), record
            first = last + 1

    def found(self, addresses: list[Address]) -> list[int]:
        """Places of records by our tree."""
        sought = Sought.of(*arrays(addresses))
        found = np.empty(len(addresses), np.int64)
        found[sought.order4], found[sought.order6] = self.tree.find(sought)
        return found.tolist()


def _plain(addresses: Iterable[Address]) -> list[Address]:
    """Without those that carry an IPv4 address, which are looked up as that one."""
    return [a for a in addresses if isinstance(a, IPv4Address) or int(a) >> 32 not in {0xFFFF, NAT64 << 32}]


def test_every_address_of_every_test_database_has_the_record_of_the_reader(corpus: Path) -> None:
    """By first and last address of every network: IPv4 and IPv6, records of 24, 28 and 32 bits, aliases, damaged ones too."""
    compared = 0
    for path in sorted((corpus / "test-data").glob("*.mmdb")):
        if path.stem in REFUSED:
            continue
        oracle = _Oracle(path.read_bytes())
        for version in oracle.versions:
            expected_by = {edge: record for first, last, record in oracle.networks(version) for edge in (first, last)}
            asked = [edge for edge in _plain(expected_by) if expected_by[edge] is not UNREADABLE]
            ours: dict[int, Any] = {}
            for address, place in zip(asked, oracle.found(asked), strict=True):
                if place not in ours:
                    ours[place] = None if place < 0 else oracle.records.whole(place)
                assert ours[place] == expected_by[address], (path.stem, address)
                compared += 1
    assert compared > 60_000


@pytest.mark.parametrize("name", PLACES)
def test_every_place_is_what_the_record_says(corpus: Path, name: str) -> None:
    """Country, continent and system are those of the whole record, though only a part of it is decoded."""
    content = (corpus / "test-data" / f"{name}.mmdb").read_bytes()
    oracle, atlas = _Oracle(content), Atlas()
    data = Database(content, name, atlas)
    placed = unreadable = 0
    for version in oracle.versions:
        said_of = {first: record for first, _, record in oracle.networks(version)}
        asked = _plain(said_of)
        country, continent, system = _columns(data, asked)
        for at, address in enumerate(asked):
            record = said_of[address]
            if record is UNREADABLE:
                unreadable += 1
                continue
            said = said_by(record)
            assert (atlas.country_codes[country[at]] if country[at] != NOTHING else "") == said.country.upper(), address
            assert (atlas.as_numbers[system[at]] if system[at] != NOTHING else -1) == said.system, address
            if said.continent:
                assert atlas.continent_codes[continent[at]] == said.continent, address
            placed += not said.is_empty
    assert placed > 10
    assert unreadable or not data.warnings


def _columns(data: Database, addresses: list[Any]) -> np.ndarray:
    """Country, continent and system of addresses."""
    sought = Sought.of(*arrays(addresses))
    codes = sought.spread(*data.find(sought))
    return data.columns()[:, codes]


@pytest.mark.parametrize("bits", [24, 28, 32])
@pytest.mark.parametrize(
    ("record", "country", "continent", "system"),
    [
        ({"country": {"iso_code": "NL", "names": {"en": "The Netherlands"}}, "continent": {"code": "EU"}}, "NL", "EU", None),
        ({"registered_country": {"iso_code": "US"}}, "US", "NA", None),
        ({"represented_country": {"iso_code": "US"}, "traits": {"autonomous_system_number": 7}}, "US", "NA", 7),
        ({"continent": {"code": "AS", "names": {"en": "Asia"}}}, None, "AS", None),
        ({"country_code": "nl"}, "NL", "EU", None),
        ({"country": "NL", "country_name": "Netherlands", "continent": "EU", "asn": "AS1103", "as_name": "SURF"}, "NL", "EU", 1103),
        ({"country": "Netherlands", "country_code": "NL", "continent": "Europe", "continent_code": "EU"}, "NL", "EU", None),
        ({"autonomous_system_number": 1103, "autonomous_system_organization": "SURF"}, None, None, 1103),
        ({"country": {"iso_code": "QX", "names": {"en": "Nowhere"}}}, "QX", None, None),
        ({"country_code": "EU", "autonomous_system_number": 3}, None, "EU", 3),
        ({"country_code": "ZZ", "autonomous_system_number": 3}, None, None, 3),
        ("CH", "CH", "EU", None),
    ],
)
def test_records_of_all_makers_are_understood(bits: int, record: object, country: str, continent: str, system: int | None) -> None:
    """Nested, flat, or a mere code; with the continent of the country where the record has none."""
    atlas = Atlas()
    data = Database(database([(10 << 24, 8, record)], bits, version=4), "x.mmdb", atlas)
    found = _columns(data, ["10.0.0.0", "10.255.255.255", "9.255.255.255", "11.0.0.0", "fd00::1"])
    tables = (atlas.country_codes, atlas.continent_codes, atlas.as_numbers)
    for row, codes, expected in zip(found.tolist(), tables, (country, continent, system), strict=True):
        assert [codes[code] if code != NOTHING else None for code in row] == [expected, expected, None, None, None]


def test_a_database_of_ipv4_knows_nothing_of_ipv6() -> None:
    """But what carries an IPv4 address is looked up as that."""
    data = Database(database([(0x01020300, 24, {"country_code": "NL"})], 28, version=4), "x.mmdb", Atlas())
    country, _, _ = _columns(data, ["::ffff:1.2.3.4", "2001:db8::1", "::1.2.3.4"])
    assert [code != NOTHING for code in country.tolist()] == [True, False, False]


@pytest.mark.parametrize("bits", [24, 28, 32])
@pytest.mark.parametrize("version", [4, 6])
@given(data=st.data())
def test_any_networks_are_found_as_the_reader_finds_them(bits: int, version: int, data: st.DataObject) -> None:
    """Single addresses, halves of everything, and what lies beside them."""
    width, make = (32, IPv4Address) if version == 4 else (128, IPv6Address)
    networks: dict[tuple[int, int], str] = {}
    for code in data.draw(st.lists(st.sampled_from(["NL", "CH", "US"]), max_size=6)):
        length = data.draw(st.sampled_from([1, 8, width // 2, width - 1, width]))
        first = data.draw(st.integers(0, (1 << width) - 1)) >> (width - length) << (width - length)
        if all((first ^ other) >> (width - min(length, its)) for other, its in networks):
            networks[first, length] = code
    oracle = _Oracle(database([(*network, {"country_code": code}) for network, code in networks.items()], bits, version=version))
    edges = {edge for first, length in networks for edge in (first, first + (1 << (width - length)) - 1)}
    asked = _plain([make((edge + near) % (1 << width)) for edge in edges | {0} for near in (-1, 0, 1)])
    assert [None if place < 0 else oracle.records.whole(place) for place in oracle.found(asked)] == [oracle.record(a) for a in asked]


def test_values_are_stepped_over_to_where_they_end(corpus: Path) -> None:
    """Of all types, sizes and depths: where the reader's decoder finds the end of the same value."""
    compared = 0
    for path in sorted((corpus / "test-data").glob("*.mmdb")):
        if path.stem in REFUSED:
            continue
        oracle = _Oracle(path.read_bytes())
        for place in oracle.tree.places(1000).tolist():
            try:
                _, end = oracle.records._decode(place)
            except InvalidDatabaseError:
                continue
            assert oracle.records._after(place) == end
            compared += 1
    assert compared > 1000
