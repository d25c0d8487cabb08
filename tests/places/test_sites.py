"""Lists of sites as people keep them, and what is said about lines that mean nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from addresses import country_codes, regions, with_sites
from hypothesis import example, given
from hypothesis import strategies as st

from netsleuth_tui.errors import NetSleuthError
from netsleuth_tui.places import open_places

PRIVATE = "Private (unmapped)"


def test_sites_overrule_everything_and_nest(shared: Path) -> None:
    """The longest prefix counts, in private and public networks; what is in no site keeps its class."""
    places = open_places(sites=[str(shared / "corpora/places/csv/sites.csv")])
    found = regions(
        places, "10.1.4.7", "10.1.4.6", "10.1.8.0", "10.2.255.255", "10.3.0.0", "203.0.113.0", "fd12:3456:789a:ffff::1", "fd00::1"
    )
    assert found == ["Paris jump host", "Paris / Lab", "Paris", "Austin, TX", "Corp (unassigned)", "Paris egress", "Paris", PRIVATE]
    assert not places.warnings


@pytest.mark.parametrize(
    "text",
    [
        "10.1.0.0/16,Hengelo\n",
        "network,site\r\n10.1.0.0/16,Hengelo\r\n",
        "\ufeffnetwork;site\n10.1.0.0/16;Hengelo\n",
        "# offices\n\n 10.1.0.0/16 , Hengelo \n",
        "10.1.0.0/255.255.0.0\tHengelo\n",
        '"10.1.0.0/16","Hengelo"\n',
        "10.1.0.0-10.1.255.255,Hengelo\n",
        "Site,Owner,Subnet\nHengelo,me,10.1.0.0/16\n",
        "::ffff:10.1.0.0/112,Hengelo\n",
        "10.1.0.0/17,Hengelo\n10.1.128.0/17,Hengelo\n",
    ],
)
def test_the_same_site_in_many_spellings(tmp_path: Path, text: str) -> None:
    """First and last address are in it, their neighbours are not."""
    found = regions(with_sites(tmp_path, text), "10.0.255.255", "10.1.0.0", "10.1.255.255", "10.2.0.0", "::ffff:10.1.2.3")
    assert found == [PRIVATE, "Hengelo", "Hengelo", PRIVATE, "Hengelo"]


def test_a_list_from_a_spreadsheet_in_utf_16(tmp_path: Path) -> None:
    """As 'Unicode text' saves it."""
    assert regions(with_sites(tmp_path, "network\tsite\n10.1.0.0/16\tZürich\n".encode("utf-16")), "10.1.0.1") == ["Zürich"]


def test_single_addresses_and_pairs(tmp_path: Path) -> None:
    """/31, /32, /127, /128 and bare addresses hold what they say."""
    text = "10.0.0.0/31,pair\n10.0.0.2/32,one\n10.0.0.3,bare\nfd00::/127,pair\nfd00::2,one\n203.0.113.255/32,last\n"
    places = with_sites(tmp_path, text)
    found = regions(places, *(f"10.0.0.{n}" for n in range(5)), *(f"fd00::{n}" for n in range(4)), "203.0.113.255", "203.0.113.254")
    assert found == ["pair", "pair", "one", "bare", PRIVATE, "pair", "pair", "one", PRIVATE, "last", "Documentation"]


def test_ranges_that_overlap_give_way_to_the_longer_prefix(tmp_path: Path) -> None:
    """A range is the networks that it is made of."""
    places = with_sites(tmp_path, "10.0.0.0-10.0.2.255,a\n10.0.1.128-10.0.4.255,b\n")
    found = regions(places, "10.0.1.0", "10.0.1.127", "10.0.1.128", "10.0.2.0", "10.0.4.255", "10.0.5.0")
    assert found == ["a", "a", "b", "a", "b", PRIVATE]  # 10.0.2.0/24 of a is longer than 10.0.2.0/23 of b


def test_a_public_address_at_a_site_keeps_its_country(tmp_path: Path) -> None:
    """Its region is the site; the country is still what the data say."""
    places = with_sites(tmp_path, "8.8.8.0/24,Resolver\n")
    assert regions(places, "8.8.8.8") == ["Resolver"]
    assert country_codes(places, "8.8.8.8") == ["US"]


def test_what_is_odd_is_said(tmp_path: Path) -> None:
    """Host bits, and a network that stands twice: the last one counts."""
    places = with_sites(tmp_path, "10.1.0.5/16,one\n10.1.0.0/16,two\n")
    assert regions(places, "10.1.0.1") == ["two"]
    assert [warning.partition("sites.csv, ")[2] for warning in places.warnings] == [
        "line 1: 10.1.0.5/16 is taken as 10.1.0.0/16",
        "line 2: 10.1.0.0/16 was there already (line 1); this line counts",
    ]


def test_later_files_overrule(tmp_path: Path) -> None:
    """Of equal networks the last counts, also across files."""
    for name in ("a", "b"):
        (tmp_path / name).write_text(f"10.1.0.0/16,{name}\n")
    places = open_places(sites=[str(tmp_path / "a"), str(tmp_path / "b")])
    assert regions(places, "10.1.0.1") == ["b"]
    assert f"({tmp_path / 'a'}, line 1)" in places.warnings[0]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("10.1.0.0/33,x", "0 to 32 bits"),
        ("fd00::/129,x", "0 to 128 bits"),
        ("10.1.0.0/,x", "prefix length is missing"),
        ("010.1.0.0/16,x", "leading zeros"),
        ("10.6.*.*,x", "wildcards"),
        ("10.7,x", "no network"),
        ("fe80::1%eth0,x", "zone"),
        ("10.0.0.9-10.0.0.1,x", "ends before it begins"),
        ("10.0.0.1-fd00::1,x", "one version"),
        ("10.0.0.1-,x", "two addresses"),
        ("10.1.0.0/16,", "has no site"),
        ("10.1.0.0/16", "two columns"),
        (",x", "network is missing"),
        ('10.1.0.0/16,"x', "no line of a CSV file"),
        ("10.1.0.0/16," + "x" * 201, "201 characters"),
    ],
)
def test_a_wrong_line_is_an_error_with_its_number(tmp_path: Path, line: str, said: str) -> None:
    """And nothing is left out in silence."""
    with pytest.raises(NetSleuthError) as caught:
        with_sites(tmp_path, f"network,site\n10.0.0.0/8,fine\n{line}\n")
    assert said in str(caught.value)
    assert "sites.csv, line 3" in str(caught.value)


def test_many_wrong_lines_are_counted(tmp_path: Path) -> None:
    """The first is told, some follow, and how many there are beyond."""
    with pytest.raises(NetSleuthError, match=r"line 1: .*line 2: .*and 3 more lines"):
        with_sites(tmp_path, "x,y\n" * 8)


def test_the_hostile_list_names_its_lines(shared: Path) -> None:
    """Every line that means nothing, and none of the others."""
    with pytest.raises(NetSleuthError) as caught:
        open_places(sites=[str(shared / "corpora/places/csv/sites-hostile.csv")])
    said = str(caught.value)
    assert "line 8: 10.4.0.0/16 has no site" in said
    assert all(f"line {number}:" in said for number in (10, 11, 12))


@pytest.mark.parametrize(("content", "said"), [(b"10.0.0.0/8,a\n10.1.0.0/16,\xff\xfe\n", "not UTF-8"), (None, "cannot be read")])
def test_a_file_that_cannot_be_read_says_why(tmp_path: Path, content: bytes | None, said: str) -> None:
    """With its name."""
    path = tmp_path / "sites.csv"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(NetSleuthError, match=said) as caught:
        open_places(sites=[str(path)])
    assert str(path) in str(caught.value)


@given(st.binary(max_size=200) | st.text(alphabet='0123456789./:-,;"#\n\t fdx%*', max_size=120).map(str.encode))
@example(b"\xff\xfe\x00")
@example(b"0.0.0.0-255.255.255.255,x\n::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff,y\n")
@example(b"::1-ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe,y\n")
def test_any_bytes_are_sites_or_an_error(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    """Never another exception."""
    try:
        places = with_sites(tmp_path_factory.mktemp("any"), content)
    except NetSleuthError:
        return
    assert regions(places, "10.1.2.3")
