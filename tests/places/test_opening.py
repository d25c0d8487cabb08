"""Which data are used: what is named, what is found, what comes along, in this order; and what is said about files that fail."""

from __future__ import annotations

import gzip
import io
import tarfile
import zipfile
from pathlib import Path

import pytest
from addresses import arrays, country_codes, regions
from mmdb_files import database

from netsleuth_tui.errors import NetSleuthError
from netsleuth_tui.places import PlaceFiles, Places, files, open_places, opening
from netsleuth_tui.settings import settings_path

ADDRESS = "8.8.8.8"
"""Of the United States, by the data that come along."""

BLOCKS = b"network,geoname_id\n8.0.0.0/8,1\n"
LOCATIONS = b"geoname_id,country_iso_code\n1,%s\n"


USUAL_FOLDERS = opening.usual_folders


@pytest.fixture(autouse=True)
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Two usual folders, both there, both empty; and nothing named."""
    monkeypatch.delenv("NETSLEUTH_GEOIP")
    made = [tmp_path / "usual", tmp_path / "other"]
    for folder in made:
        folder.mkdir()
    monkeypatch.setattr(opening, "usual_folders", lambda: made)
    return made


def _put(path: Path, country: str, kind: str = "Test") -> Path:
    """A database that has all of 8.0.0.0/8 in one country."""
    path.parent.mkdir(exist_ok=True, parents=True)
    path.write_bytes(database([(8 << 24, 8, {"country_code": country})], version=4, kind=kind))
    return path


def _country(places: Places) -> str | None:
    return country_codes(places, ADDRESS)[0]


def test_what_is_named_first_counts(tmp_path: Path, folders: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """The option, the variable, the settings, the usual folders in their order, the data that come along."""
    named = [_put(tmp_path / f"{country}.mmdb", country) for country in ("CH", "NL", "FR")]
    _put(folders[0] / "GeoLite2-Country.mmdb", "DE")
    _put(folders[1] / "GeoLite2-City.mmdb", "IT")
    settings_path().parent.mkdir(parents=True)
    settings_path().write_text(f'[places]\ngeoip = "{named[2]}"\n', "utf-8")
    monkeypatch.setenv("NETSLEUTH_GEOIP", str(named[1]))
    assert _country(open_places(geoip=[str(named[0])])) == "CH"
    assert _country(open_places()) == "NL"
    monkeypatch.delenv("NETSLEUTH_GEOIP")
    assert _country(open_places()) == "FR"
    settings_path().unlink()
    assert _country(open_places()) == "DE"
    (folders[0] / "GeoLite2-Country.mmdb").unlink()
    assert _country(open_places()) == "IT"
    assert _country(open_places(geoip=["bundled"])) == "US"
    (folders[1] / "GeoLite2-City.mmdb").unlink()
    assert _country(open_places()) == "US"


def test_several_databases_complete_one_another(tmp_path: Path) -> None:
    """Where the first says nothing, the next is asked, and at last the data that come along; systems come from wherever they are."""
    first = _put(tmp_path / "a.mmdb", "CH")
    systems = tmp_path / "b.mmdb"
    record = {"autonomous_system_number": 15169, "autonomous_system_organization": "Google"}
    systems.write_bytes(database([(0, 1, record), (128 << 24, 1, record)], version=4))
    places = open_places(geoip=[str(first), str(systems)])
    assert country_codes(places, ADDRESS, "130.89.1.1") == ["CH", "NL"]
    located, tables = places.locate(*arrays([ADDRESS, "130.89.1.1", "10.0.0.1"])), places.tables
    assert [(tables.as_numbers[code], tables.as_names[code]) for code in located.asn[:2]] == [(15169, "Google")] * 2
    assert located.asn[2] == -1


def test_special_addresses_are_not_asked_about(tmp_path: Path) -> None:
    """Whatever a database says about them."""
    path = tmp_path / "x.mmdb"
    path.write_bytes(database([(0, 1, "NL"), (128 << 24, 1, "NL")], version=4))
    places = open_places(geoip=[str(path)])
    assert regions(places, "9.9.9.9", "10.0.0.1", "224.0.0.1") == ["Netherlands", "Private (unmapped)", "Multicast"]
    assert country_codes(places, "10.0.0.1") == [None]


def test_sites_come_from_the_option_or_the_settings() -> None:
    """Relative names in the settings lie beside them."""
    settings_path().parent.mkdir(parents=True)
    settings_path().write_text('[places]\nsites = ["mine.csv"]\n', "utf-8")
    (settings_path().parent / "mine.csv").write_text("10.0.0.0/8,Hengelo\n")
    other = settings_path().parent / "other.csv"
    other.write_text("10.0.0.0/8,Paris\n")
    assert regions(open_places(), "10.0.0.1") == ["Hengelo"]
    assert regions(open_places(sites=[str(other)]), "10.0.0.1") == ["Paris"]


def test_what_is_used_is_said(tmp_path: Path) -> None:
    """Type, date, file, and what the maker asks to be shown."""
    path = _put(tmp_path / "mine.mmdb", "CH", kind="GeoLite2-Country")
    described = open_places(geoip=[str(path)]).description
    assert "GeoLite2-Country 2026-06-01 (mine.mmdb), then DB-IP Lite Country" in described
    assert "GeoLite Data created by MaxMind" in described


@pytest.mark.parametrize("way", ["option", "variable", "settings"])
@pytest.mark.parametrize("content", [b"", b"\xab\xcd\xefMaxMind.com", database([(0, 1, {"domain": "x"})]), b"a,b\nc,d\n", None])
def test_a_named_file_that_fails_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str, content: bytes | None) -> None:
    """It says why, and nothing else is used instead."""
    path = tmp_path / "mine.mmdb"
    if content is not None:
        path.write_bytes(content)
    if way == "settings":
        settings_path().parent.mkdir(parents=True)
        settings_path().write_text(f'[places]\ngeoip = "{path}"\n', "utf-8")
    elif way == "variable":
        monkeypatch.setenv("NETSLEUTH_GEOIP", str(path))
    with pytest.raises(NetSleuthError, match=r"mine\.mmdb"):
        open_places(geoip=[str(path)] if way == "option" else [])


def test_a_found_file_that_fails_is_a_warning_and_the_next_is_tried(folders: list[Path]) -> None:
    """In the same folder, then in the next one."""
    (folders[0] / "GeoLite2-City.mmdb").write_bytes(b"cut off")
    assert _country(open_places()) == "US"
    _put(folders[1] / "GeoLite2-Country.mmdb", "CH")
    places = open_places()
    assert _country(places) == "CH"
    assert "GeoLite2-City.mmdb" in places.warnings[0]
    _put(folders[0] / "GeoLite2-Country.mmdb", "NL")
    assert _country(open_places()) == "NL"


def test_the_best_of_a_folder_is_taken(tmp_path: Path) -> None:
    """City before Country before others, databases before rows; a system's database beside it; other kinds are left alone."""
    folder = tmp_path / "named"
    _put(folder / "dbip-country-lite-2026-06.mmdb", "FR")
    assert _country(open_places(geoip=[str(folder)])) == "FR"
    _put(folder / "GeoLite2-Country_20260601/GeoLite2-Country.mmdb", "IT")
    assert _country(open_places(geoip=[str(folder)])) == "FR"
    _put(folder / "GeoLite2-Country.mmdb", "CH")
    assert _country(open_places(geoip=[str(folder)])) == "CH"
    _put(folder / "GeoIP2-City.mmdb", "NL")
    (folder / "GeoIP2-Domain.mmdb").write_bytes(database([(0, 1, {"domain": "x"})]))
    places = open_places(geoip=[str(folder)])
    assert _country(places) == "NL"
    assert not places.warnings


def _archive(path: Path, members: dict[str, bytes]) -> Path:
    """A .zip or .tar.gz."""
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in members.items():
                archive.writestr(name, content)
        return path
    with tarfile.open(path, "w:gz") as tar:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return path


@pytest.mark.parametrize("suffix", [".zip", ".tar.gz"])
def test_archives_are_opened_as_they_are_downloaded(tmp_path: Path, suffix: str) -> None:
    """A database in a folder of the archive, or rows with their locations; with the date in the name."""
    content = database([(8 << 24, 8, {"country_code": "CH"})], version=4, kind="GeoLite2-Country")
    one = _archive(
        tmp_path / f"one{suffix}",
        {"GeoLite2-Country_20260203/COPYRIGHT.txt": b"x", "GeoLite2-Country_20260203/GeoLite2-Country.mmdb": content},
    )
    assert _country(open_places(geoip=[str(one)])) == "CH"
    start = "GeoLite2-Country-CSV_20260203/GeoLite2-Country"
    members = {
        f"{start}-Blocks-IPv4.csv": BLOCKS,
        f"{start}-Locations-de.csv": LOCATIONS % b"DE",
        f"{start}-Locations-en.csv": LOCATIONS % b"NL",
    }
    two = _archive(tmp_path / f"two{suffix}", members)
    places = open_places(geoip=[str(two)])
    assert _country(places) == "NL"
    assert "GeoLite2-Country 2026-02-03" in places.description


def test_compressed_databases_are_opened(tmp_path: Path) -> None:
    """In one piece or in several."""
    content = database([(8 << 24, 8, {"country_code": "CH"})], version=4)
    for number, packed in enumerate((gzip.compress(content), gzip.compress(content[:100]) + gzip.compress(content[100:]))):
        path = tmp_path / f"{number}.mmdb.gz"
        path.write_bytes(packed)
        assert _country(open_places(geoip=[str(path)])) == "CH"
        path.write_bytes(packed[:-12])
        with pytest.raises(NetSleuthError, match="too early"):
            open_places(geoip=[str(path)])


def test_rows_bring_their_neighbours_along(tmp_path: Path) -> None:
    """Naming the blocks of IPv4 is enough: IPv6 and locations lie beside them."""
    (tmp_path / "GeoLite2-Country-Blocks-IPv4.csv").write_bytes(BLOCKS)
    (tmp_path / "GeoLite2-Country-Blocks-IPv6.csv").write_bytes(b"network,geoname_id\n2a00::/16,1\n")
    (tmp_path / "GeoLite2-Country-Locations-en.csv").write_bytes(LOCATIONS % b"CH")
    (tmp_path / "GeoLite2-City-Blocks-IPv4.csv").write_bytes(b"network,geoname_id\n8.0.0.0/8,9\n")
    for named in (tmp_path / "GeoLite2-Country-Blocks-IPv4.csv", tmp_path / "GeoLite2-Country-Blocks-IPv6.csv"):
        assert country_codes(open_places(geoip=[str(named)]), ADDRESS, "2a00::1") == ["CH", "CH"]


@pytest.mark.parametrize("suffix", [".zip", ".tar.gz"])
def test_archives_without_places_say_so(tmp_path: Path, suffix: str) -> None:
    """Also damaged and empty ones."""
    for members in ({}, {"x.txt": b"x"}, {"GeoLite2-Country.mmdb": b"cut off"}, {"GeoLite2-Country.mmdb": bytes(5000)}):
        path = _archive(tmp_path / f"x{suffix}", members)
        with pytest.raises(NetSleuthError, match="x\\."):
            open_places(geoip=[str(path)])
    content = _archive(tmp_path / f"y{suffix}", {"GeoLite2-Country.mmdb": database([(0, 1, "NL")]) * 20}).read_bytes()
    for end in range(0, len(content), 7):
        path.write_bytes(content[:end])
        with pytest.raises(NetSleuthError):
            open_places(geoip=[str(path)])


def test_a_folder_without_places_says_so(tmp_path: Path, corpus: Path) -> None:
    """And one of damaged databases says what is wrong with the first."""
    with pytest.raises(NetSleuthError, match="no database of places in it"):
        open_places(geoip=[str(tmp_path / "usual")])
    with pytest.raises(NetSleuthError, match="nothing in it can be used"):
        open_places(geoip=[str(corpus / "bad-data/libmaxminddb")])


def test_a_list_of_sites_given_as_places_is_told_apart(corpus: Path) -> None:
    """The other option is meant."""
    with pytest.raises(NetSleuthError, match="--sites"):
        open_places(geoip=[str(corpus / "csv/sites.csv")])


def test_the_usual_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Our own first, then where geoipupdate writes, then those that programs share."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setenv("GEOIPUPDATE_DB_DIR", "/somewhere/GeoIP")
    shared = ["/usr/share/GeoIP", "/var/lib/GeoIP", "/usr/local/share/GeoIP", "/usr/local/var/GeoIP"]
    assert [str(folder) for folder in USUAL_FOLDERS()][-5:] == ["/somewhere/GeoIP", *shared]
    monkeypatch.delenv("GEOIPUPDATE_DB_DIR")
    assert len(USUAL_FOLDERS()) == 5
    assert USUAL_FOLDERS()[0].parts[-2:] == ("netsleuth", "geoip")


def test_a_database_in_the_folder_that_it_was_unpacked_into_is_found(folders: list[Path]) -> None:
    """One folder down, the newest by its name."""
    _put(folders[0] / "GeoLite2-Country_20260101/GeoLite2-Country.mmdb", "CH")
    _put(folders[0] / "GeoLite2-Country_20260601/GeoLite2-Country.mmdb", "NL")
    assert _country(open_places()) == "NL"


def test_rows_of_both_versions_without_a_suffix(tmp_path: Path) -> None:
    """As Tor installs them: geoip and geoip6."""
    (tmp_path / "geoip").write_text("# comment\n134217728,150994943,CH\n")
    (tmp_path / "geoip6").write_text("# comment\n2a00::,2a00:ffff::,CH\n")
    assert country_codes(open_places(geoip=[str(tmp_path / "geoip")]), ADDRESS, "2a00::1") == ["CH", "CH"]


def test_what_is_too_large_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where it only becomes so when it is expanded."""
    monkeypatch.setattr(files, "MOST_BYTES", 10_000)
    content = bytes(20_000)
    plain, packed = tmp_path / "a.mmdb", tmp_path / "b.mmdb.gz"
    plain.write_bytes(content)
    packed.write_bytes(gzip.compress(content))
    inside = _archive(tmp_path / "c.zip", {"GeoLite2-City.mmdb": content})
    for path in (plain, packed, inside):
        with pytest.raises(NetSleuthError, match="larger than"):
            open_places(geoip=[str(path)])


def test_an_archive_with_a_password_says_so(tmp_path: Path) -> None:
    """The flag of encryption is set in both headers of its only file."""
    path = _archive(tmp_path / "x.zip", {"GeoLite2-City.mmdb": database([(0, 1, "NL")])})
    content = bytearray(path.read_bytes())
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(mark) + place] |= 1
    path.write_bytes(content)
    with pytest.raises(NetSleuthError, match="encrypted"):
        open_places(geoip=[str(path)])


def test_named_files_are_options_again() -> None:
    """In the order in which they count."""
    named = PlaceFiles(("a", "b"), ("c",))
    assert named.options == (("--geoip", "a"), ("--geoip", "b"), ("--sites", "c"))
