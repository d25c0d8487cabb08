"""Places as rows of CSV: the layouts that people download, agreement with databases, and rows that mean nothing."""

from __future__ import annotations

import csv
import random
from ipaddress import IPv4Address, IPv6Address, ip_network
from pathlib import Path

import numpy as np
import pytest
from addresses import arrays
from hypothesis import given
from hypothesis import strategies as st

from netsleuth_tui.errors import NetSleuthError
from netsleuth_tui.places.atlas import Atlas
from netsleuth_tui.places.mmdb import Database
from netsleuth_tui.places.range_rows import Named, RangeTable
from netsleuth_tui.places.steps import NOTHING, Sought

HEAD = "network,geoname_id,registered_country_geoname_id,represented_country_geoname_id\n"
LOCATIONS = Named(
    "x-Locations-en.csv", b'geoname_id,continent_code,country_iso_code,country_name\n1,EU,NL,Netherlands\n2,AF,CI,"C, I"\n4,EU,,\n'
)


def _found(table: RangeTable | Database, *addresses: str) -> np.ndarray:
    """Country, continent and system by address."""
    sought = Sought.of(*arrays(addresses))
    codes = sought.spread(*table.find(sought))
    return table.columns()[:, codes]


def _countries(text: str, *addresses: str, name: str = "x-Blocks-IPv4.csv", locations: Named | None = None) -> list[str | None]:
    atlas = Atlas()
    table = RangeTable([Named(name, text.encode())], locations, "x", atlas)
    return [atlas.country_codes[code] if code != NOTHING else None for code in _found(table, *addresses)[0].tolist()]


def test_csv_and_database_of_the_same_data_agree(corpus: Path) -> None:
    """First and last addresses of all blocks, those beside them, and random ones."""
    atlas = Atlas()
    names = [f"GeoLite2-Country-Blocks-IPv{version}.csv" for version in (4, 6)]
    files = [Named(name, (corpus / "csv" / name).read_bytes()) for name in names]
    spoken = Named("l", (corpus / "csv/GeoLite2-Country-Locations-en.csv").read_bytes())
    table = RangeTable(files, spoken, "csv", atlas)
    data = Database((corpus / "test-data/GeoLite2-Country-Test.mmdb").read_bytes(), "mmdb", atlas)
    chance = random.Random(1)  # noqa: S311 - a sample, no secret
    asked: set[IPv4Address | IPv6Address] = {IPv4Address(chance.getrandbits(32)) for _ in range(2000)}
    for (first, last), version in zip(_ends(files), ("4",) * 14 + ("6",) * 230, strict=True):
        make, most = (IPv4Address, (1 << 32) - 1) if version == "4" else (IPv6Address, (1 << 128) - 1)
        asked |= {make(min(most, max(0, edge + near))) for edge in (first, last) for near in (-1, 0, 1)}
    # The test database gives IPv4 to 6to4 and Teredo addresses too, and ::/96 is IPv4 in its tree; the CSV files have no such rows.
    plain = [a for a in asked if isinstance(a, IPv4Address) or (int(a) >> 112 != 0x2002 and int(a) >> 96 not in {0x20010000, 0})]
    ours, theirs = _found(table, *map(str, plain)), _found(data, *map(str, plain))
    differ = [str(address) for at, address in enumerate(plain) if ours[0, at] != theirs[0, at]]
    assert not differ
    assert (ours[0] != NOTHING).sum() > 900


def _ends(files: list[Named]) -> list[tuple[int, int]]:
    networks = [ip_network(row[0]) for file in files for row in list(csv.reader(file.content.decode().splitlines()))[1:]]
    return [(int(network.network_address), int(network.broadcast_address)) for network in networks]


def test_first_and_last_address_of_a_block_are_in_it() -> None:
    """A formula that begins at the network plus one, as for hosts of a LAN, loses the first, half of a /31, and every /32."""
    rows = HEAD + "192.0.2.0/31,1,,\n192.0.2.2/32,2,,\n192.0.2.255/32,2,,\n198.51.100.0/24,1,,\n"
    asked = (
        "192.0.2.0",
        "192.0.2.1",
        "192.0.2.2",
        "192.0.2.3",
        "192.0.2.254",
        "192.0.2.255",
        "198.51.99.255",
        "198.51.100.0",
        "198.51.100.255",
        "198.51.101.0",
    )
    found = _countries(rows, *asked, locations=LOCATIONS)
    assert found == ["NL", "NL", "CI", None, None, "CI", None, "NL", "NL", None]


def test_the_edge_cases_of_blocks(corpus: Path) -> None:
    """Nested blocks, the first and the last address of all, no geoname."""
    atlas = Atlas()
    named = [Named(f"edge-{part}.csv", (corpus / f"csv/edge-{part}.csv").read_bytes()) for part in ("Blocks-IPv4", "Locations-en")]
    table = RangeTable(named[:1], named[1], "edge", atlas)
    asked = (
        "0.0.0.0",  # noqa: S104 - nothing binds here
        "0.255.255.255",
        "203.0.113.0",
        "203.0.113.127",
        "203.0.113.128",
        "203.0.113.255",
        "198.51.100.1",
        "255.255.255.255",
        "224.0.0.1",
    )
    found = [atlas.country_codes[code] if code != NOTHING else None for code in _found(table, *asked)[0].tolist()]
    assert found == ["FR", "FR", None, None, "FR", "FR", "KR", "KR", "FR"]


@pytest.mark.parametrize(
    ("row", "country"),
    [("1,2,2", "NL"), (",1,2", "NL"), (",,1", "NL"), (",,", None), ("9,,", None), ("4,,", None), ("9,1,", "NL")],
)
def test_a_missing_geoname_falls_back(row: str, country: str | None) -> None:
    """To the registered country, then the represented one; one that no location explains is as good as missing."""
    assert _countries(HEAD + f"1.0.0.0/8,{row}\n2.0.0.0/8,2,,\n", "1.2.3.4", locations=LOCATIONS) == [country]


def test_a_location_without_a_country_has_its_continent() -> None:
    """As MaxMind writes 'Europe' for what belongs to no country."""
    atlas = Atlas()
    table = RangeTable([Named("x", (HEAD + "1.0.0.0/8,4,,\n").encode())], LOCATIONS, "x", atlas)
    country, continent, _ = _found(table, "1.2.3.4")[:, 0].tolist()
    assert (country, atlas.continent_codes[continent]) == (NOTHING, "EU")


@pytest.mark.parametrize(
    "text",
    [
        "1.0.0.0,1.255.255.255,NL\n",
        "16777216,33554431,NL\n",
        '"16777216","33554431","NL","Netherlands"\n',
        "1.0.0.0/8,NL\n",
        "1.0.0.0-1.255.255.255,NL\n",
        "# made today\n16777216,33554431,NL\n",
        "start_ip,end_ip,country,country_name,continent,asn\n1.0.0.0,1.255.255.255,NL,Netherlands,EU,AS1103\n",
        "network_start_integer,network_last_integer,country_iso_code\n16777216,33554431,NL\n",
        "network_start_hex,network_last_hex,country_iso_code\n1000000,1ffffff,NL\n",
        "network,country_code\n1.0.0.0/8,nl\n",
        "cidr;cc\n1.0.0.0/8;NL\n",
        "\ufeffnetwork,country\r\n1.0.0.0/9,NL\r\n1.128.0.0/9,NL\r\n",
    ],
)
def test_layouts_of_other_makers(text: str) -> None:
    """Ends as addresses or numbers, prefixes, with a heading or without."""
    found = _countries(text, "0.255.255.255", "1.0.0.0", "1.255.255.255", "2.0.0.0", name="dbip-country.csv")
    assert found == [None, "NL", "NL", None]


def test_codes_that_stand_for_no_country() -> None:
    """As lists that cover everything have them in their gaps."""
    text = '"0","16777215","-","-"\n"16777216","33554431","NL","Netherlands"\n"33554432","50331647","??",""\n'
    assert _countries(text, "0.1.1.1", "1.1.1.1", "2.1.1.1") == [None, "NL", None]


def test_ranges_of_ipv6() -> None:
    """As addresses, as numbers, and as numbers that would fit IPv4."""
    assert _countries("2001:db8::,2001:db8::ff,NL\n", "2001:db8::", "2001:db8::ff", "2001:db8::100") == ["NL", "NL", None]
    text = f"{0x2001 << 112},{(0x2002 << 112) - 1},NL\n0,255,CH\n"
    assert _countries(text, "2001::", "2001:ffff::1", "2002::", "::ff", name="x-ipv6-num.csv") == ["NL", "NL", None, "CH"]


def test_systems_have_numbers_and_names() -> None:
    """MaxMind's ASN blocks, and rows without a heading."""
    for text in (
        "network,autonomous_system_number,autonomous_system_organization\n1.0.0.0/8,1103,SURF\n",
        '1.0.0.0,1.255.255.255,1103,"SURF"\n',
        "1.0.0.0,1.255.255.255,AS1103,SURF\n",
    ):
        atlas = Atlas()
        system = _found(RangeTable([Named("asn.csv", text.encode())], None, "x", atlas), "1.2.3.4")[2, 0]
        assert (atlas.as_numbers[system], atlas.as_names[system]) == (1103, "SURF")


def test_odd_but_clear_rows_are_used() -> None:
    """Bits beyond the prefix, a bare address, quotes, an IPv4 network in IPv6 clothes."""
    text = HEAD + '1.2.3.4/8,1,,\n2.0.0.1,1,,\n"3.0.0.0/8","1",,\n::ffff:4.0.0.0/104,1,,\n'
    assert _countries(text, "1.0.0.0", "2.0.0.1", "2.0.0.2", "3.1.1.1", "4.255.255.255", locations=LOCATIONS) == [
        "NL",
        "NL",
        None,
        "NL",
        "NL",
    ]


def test_rows_that_mean_nothing_are_counted() -> None:
    """With the number of the first one's line; the others are used."""
    wrong = "1.2.3.0/33,1,,\n0.0.0.0/-1,1,,\n0.0.0.0/-99999999999,1,,\n256.1.1.1/8,1,,\n01.02.03.04/24,1,,\nx\n,1,,\n"
    text = f"{HEAD}1.0.0.0/8,1,,\n{wrong}2.0.0.0/8,2,,\n"
    atlas = Atlas()
    table = RangeTable([Named("blocks.csv", text.encode())], LOCATIONS, "x", atlas)
    assert [atlas.country_codes[code] for code in _found(table, "1.1.1.1", "2.2.2.2")[0]] == ["NL", "CI"]
    assert table.warnings == ["x: 7 of 9 rows of blocks.csv were left out; line 3: the prefix of an IPv4 network has 0 to 32 bits"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"network,geoname_id\n", "is empty"),
        (b"a,b,c\nd,e,f\n", "no row of x can be understood; line 1"),
        (b"1.0.0.0/8,\n", "no row says where"),
        (b'1.0.0.0/8,"NL\n' + b"x" * 200_000, "field larger"),
        (b"network,site\n10.0.0.0/8,Hengelo\n", "--sites"),
        (bytes(1000), "no row"),
    ],
)
def test_what_is_no_table_of_places_says_why(content: bytes, said: str) -> None:
    """So that nobody wonders about an empty table."""
    with pytest.raises(NetSleuthError) as caught:
        RangeTable([Named("x", content)], None, "x", Atlas())
    assert said in str(caught.value)


@given(st.binary(max_size=200) | st.text(alphabet='0123456789./:-,;"#\n NLx', max_size=120).map(str.encode), st.booleans())
def test_any_bytes_are_rows_or_an_error(content: bytes, headed: bool) -> None:
    """Never another exception."""
    try:
        table = RangeTable([Named("x", (HEAD.encode() if headed else b"") + content)], LOCATIONS, "x", Atlas())
    except NetSleuthError:
        return
    _found(table, "1.2.3.4", "2001:db8::1")
