"""The user's settings: what is said counts, and a mistake is named, not obeyed."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netsleuth_tui.errors import NetSleuthError
from netsleuth_tui.settings import Settings, read_settings


def test_no_file_means_the_programs_own(tmp_path: Path) -> None:
    """Nothing has to be there."""
    assert read_settings(tmp_path / "config.toml") == Settings()


def test_what_is_said_counts(tmp_path: Path) -> None:
    """Theme, keys, columns."""
    path = tmp_path / "config.toml"
    path.write_text('theme = "netsleuth-light"\n[keys]\n"main.filter" = "f4"\n[records]\ncolumns = ["frame.number", "info"]\n', "utf-8")
    assert read_settings(path) == Settings("netsleuth-light", {"main.filter": "f4"}, ("frame.number", "info"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("theme = \n[keys]", "line 1"),
        ("themes = 3", "no setting 'themes'"),
        ("theme = 3", "theme is not the name"),
        ("keys = 3", "[keys]"),
        ('[keys]\n"main.filter" = 4', "[keys]"),
        ('[records]\ncolumns = "info"', "columns"),
        ("records = 3", "columns"),
        ("[records]\nwidth = 3", "records.width"),
    ],
)
def test_a_mistake_is_named_with_its_file(tmp_path: Path, text: str, said: str) -> None:
    """What is wrong, and where."""
    path = tmp_path / "config.toml"
    path.write_text(text, "utf-8")
    with pytest.raises(NetSleuthError) as caught:
        read_settings(path)
    assert said in str(caught.value)
    assert str(path) in str(caught.value)


def test_a_directory_is_no_file(tmp_path: Path) -> None:
    """It cannot be read, and that is said."""
    with pytest.raises(NetSleuthError, match="cannot be read"):
        read_settings(tmp_path)


@given(content=st.binary(max_size=200))
def test_any_bytes_are_settings_or_an_error(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    """Never another exception."""
    path = tmp_path_factory.mktemp("any") / "config.toml"
    path.write_bytes(content)
    try:
        read_settings(path)
    except NetSleuthError as error:
        assert str(path) in str(error)  # noqa: PT017 - an error is one of two good outcomes


def test_files_of_places_lie_beside_the_settings(tmp_path: Path) -> None:
    """One or several; absolute ones, and the word for none, stay as they are."""
    path = tmp_path / "config.toml"
    path.write_text('[places]\nsites = "sites.csv"\ngeoip = ["/data/a.mmdb", "b.mmdb", "bundled"]\n', "utf-8")
    settings = read_settings(path)
    assert settings.sites == (str(tmp_path / "sites.csv"),)
    assert settings.geoip == ("/data/a.mmdb", str(tmp_path / "b.mmdb"), "bundled")


@pytest.mark.parametrize(
    "text", ["places = 3", "[places]\nsites = 3", "[places]\ngeoip = [3]", "[places]\nsites = ['']", "[places]\nfiles = 'x'"]
)
def test_wrong_files_of_places_are_named(tmp_path: Path, text: str) -> None:
    """As any other mistake in the settings."""
    path = tmp_path / "config.toml"
    path.write_text(text, "utf-8")
    with pytest.raises(NetSleuthError, match="places") as caught:
        read_settings(path)
    assert str(path) in str(caught.value)
