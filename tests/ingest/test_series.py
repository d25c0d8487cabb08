"""Names, patterns and folders become files in the order in which a capture rotates."""

from __future__ import annotations

from pathlib import Path

from netsleuth_tui.ingest.series import expand, series_of


def test_numbers_sort_as_numbers(tmp_path: Path) -> None:
    """(2) comes before (10), from a pattern and from a folder."""
    for number in (10, 2, 0):
        (tmp_path / f"net({number}).cap").touch()
    expected = [str(tmp_path / f"net({number}).cap") for number in (0, 2, 10)]
    assert [name for name, _ in expand([str(tmp_path / "*.cap")])] == expected
    assert expand([str(tmp_path)]) == [(name, False) for name in expected]


def test_digits_of_other_scripts_are_letters(tmp_path: Path) -> None:
    """A superscript two is a digit to Unicode, but no number."""
    names = [str(tmp_path / name) for name in ("1.pcap", "1²2.pcap")]
    for name in names:
        Path(name).touch()
    assert sorted(name for name, _ in expand([str(tmp_path)])) == sorted(names)


def test_a_name_is_itself_before_it_is_a_pattern(tmp_path: Path) -> None:
    """A file whose name holds brackets opens by its name."""
    odd = tmp_path / "cap[1].pcap"
    odd.touch()
    (tmp_path / "cap1.pcap").touch()
    assert expand([str(odd)]) == [(str(odd), True)]


def test_what_matches_nothing_is_kept() -> None:
    """So that opening it can say that it does not exist; '-' is standard input."""
    assert expand(["/nowhere/*.pcap", "-"]) == [("/nowhere/*.pcap", True), ("-", True)]


def test_folders_are_walked_without_following_links(tmp_path: Path) -> None:
    """A link to a folder above would go round for ever."""
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "a.pcap").touch()
    (tmp_path / "deep" / "up").symlink_to(tmp_path)
    assert [name for name, _ in expand([str(tmp_path)])] == [str(tmp_path / "deep" / "a.pcap")]


def test_files_of_a_series_differ_in_numbers() -> None:
    """Numbers in the names of folders tell series apart."""
    assert series_of("a/net1(0).cap") == series_of("a/net12(34).cap") != series_of("b/net1(0).cap")
    assert series_of("2/a.cap") != series_of("3/a.cap")


def test_a_file_is_meant_once(tmp_path: Path) -> None:
    """However often it is given: by name, pattern, folder, another spelling, a link; where it comes first, and how often is told."""
    for name in ("a(0).cap", "a(1).cap"):
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / "link.cap").symlink_to(tmp_path / "a(0).cap")
    first, second = str(tmp_path / "a(0).cap"), str(tmp_path / "a(1).cap")
    given: dict[str, int] = {}
    found = expand([str(tmp_path / "a*.cap"), first, str(tmp_path / "." / ".." / tmp_path.name / "a(1).cap"), str(tmp_path)], given)
    assert found == [(first, True), (second, True)]
    assert given == {first: 4, second: 3}
    assert expand([str(tmp_path), second]) == [(first, False), (second, True)]
