"""Filters that outlive a run: named ones in a file that people edit, applied ones in a file that tolerates anything."""

from __future__ import annotations

import stat
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netsleuth_tui import saved
from netsleuth_tui.errors import NetSleuthError

HAND_MADE = """# what I look at on Mondays
resets = "tcp.flags.reset == 1"   # all of them

"print server" = 'ip.addr == 10.1.0.9'
"""


@pytest.fixture
def filters(tmp_path: Path) -> Path:
    """A file that a person has written."""
    path = tmp_path / "conf" / "filters.toml"
    path.parent.mkdir()
    path.write_text(HAND_MADE)
    return path


def test_what_a_person_wrote_is_read(filters: Path) -> None:
    """Bare and quoted names, in the order of the file; without a file there are none."""
    assert list(saved.read_filters(filters).items()) == [("resets", "tcp.flags.reset == 1"), ("print server", "ip.addr == 10.1.0.9")]
    assert saved.read_filters(filters.with_name("none.toml")) == {}


def test_saving_changes_one_line(filters: Path) -> None:
    """A new name is added at the end, a known one replaced where it stands; comments of other lines stay."""
    saved.save_filter("dns", 'udp.port == 53 and _ws.col.protocol == "UDP"', filters)
    saved.save_filter("print server", "ip.addr == 10.1.0.10", filters)
    assert filters.read_text().splitlines() == [
        *HAND_MADE.splitlines()[:3],
        '"print server" = "ip.addr == 10.1.0.10"',
        r'dns = "udp.port == 53 and _ws.col.protocol == \"UDP\""',
    ]
    assert stat.S_IMODE(filters.stat().st_mode) == 0o600
    assert [path.name for path in filters.parent.iterdir()] == ["filters.toml"]


def test_saving_makes_the_directory(tmp_path: Path) -> None:
    """The first filter of a new user."""
    path = tmp_path / "a" / "b" / "filters.toml"
    saved.save_filter("x", "tcp", path)
    assert saved.read_filters(path) == {"x": "tcp"}
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_link_stays_a_link(tmp_path: Path, filters: Path) -> None:
    """Whoever keeps configuration elsewhere keeps it there."""
    link = tmp_path / "link.toml"
    link.symlink_to(filters)
    saved.save_filter("x", "tcp", link)
    assert link.is_symlink()
    assert saved.read_filters(filters)["x"] == "tcp"


def test_texts_over_several_lines_survive(filters: Path) -> None:
    """Where a line cannot be replaced alone, the file is written anew with the same meaning."""
    filters.write_text('long = """\ntcp\nand x"""\n')
    saved.save_filter("long", "udp", filters)
    saved.save_filter("short", "arp", filters)
    assert saved.read_filters(filters) == {"long": "udp", "short": "arp"}


NAMES = st.from_regex(r"[\w.-]{1,10}( [\w.-]{1,10}){0,2}", fullmatch=True)


@given(st.dictionaries(NAMES, st.text(max_size=40), max_size=5))
def test_whatever_is_saved_is_read_again(tmp_path_factory: pytest.TempPathFactory, wanted: dict[str, str]) -> None:
    """Any name that is one, any text: quotes, control characters, other scripts."""
    path = tmp_path_factory.mktemp("conf") / "filters.toml"
    wanted = {name: text.encode("utf-8", "ignore").decode() for name, text in wanted.items()}
    for name, text in wanted.items():
        saved.save_filter(name, "tcp", path)
        saved.save_filter(name, text, path)
    assert saved.read_filters(path) == wanted
    assert not path.exists() or tomllib.loads(path.read_text("utf-8")) == wanted


@pytest.mark.parametrize("name", ["", " x", "a  b", "a\nb", "@x", 'a"b', "x" * 41])
def test_what_is_no_name_is_refused(filters: Path, name: str) -> None:
    """And the file stays as it was."""
    with pytest.raises(NetSleuthError, match="a name is made of"):
        saved.save_filter(name, "tcp", filters)
    assert filters.read_text() == HAND_MADE


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b'a = "tcp"\nb = tcp\n', "line 2"),
        (b"[a]\nb = 1\n", "a is no text"),
        (b"a = 5\n", "a is no text"),
        (b"a = \xff", "not UTF-8 text: byte 4"),
        (b"#" * (saved.MOST_BYTES + 1), "longer than"),
    ],
)
def test_a_bad_file_is_said_with_its_line_and_left_alone(filters: Path, content: bytes, says: str) -> None:
    """Reading and saving both say what is wrong; nothing is overwritten."""
    filters.write_bytes(content)
    for attempt in (lambda: saved.read_filters(filters), lambda: saved.save_filter("x", "tcp", filters)):
        with pytest.raises(NetSleuthError, match=says) as caught:
            attempt()
        assert str(filters) in str(caught.value)
    assert filters.read_bytes() == content


def test_a_directory_in_the_way_is_said(filters: Path) -> None:
    """Neither readable nor writable: an error with the place, not a crash."""
    with pytest.raises(NetSleuthError, match="cannot be read"):
        saved.read_filters(filters.parent)
    with pytest.raises(NetSleuthError, match="cannot be"):
        saved.save_filter("x", "tcp", filters / "below")


def test_a_name_stands_for_its_filter(monkeypatch: pytest.MonkeyPatch, filters: Path) -> None:
    """`@name` on the command line; an unknown name is said with those that there are."""
    monkeypatch.setattr(saved, "filters_path", lambda: filters)
    assert saved.expanded("@resets") == "tcp.flags.reset == 1"
    assert saved.expanded(" tcp ") == " tcp "
    with pytest.raises(NetSleuthError, match="there are @resets, @print server"):
        saved.expanded("@none")


def test_the_history_keeps_the_newest_once(tmp_path: Path) -> None:
    """Another run reads what this one applied; a filter applied again moves to the end."""
    path = tmp_path / "state" / "history"
    for text in ("tcp", "udp", " tcp ", "", "ip.addr == 10.0.0.1\nor arp"):
        saved.remember(text, path)
    assert saved.read_history(path) == ["udp", "tcp", "ip.addr == 10.0.0.1 or arp"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_the_history_is_bounded(tmp_path: Path) -> None:
    """The oldest go."""
    path = tmp_path / "history"
    path.write_text("".join(f"frame.number == {k}\n" for k in range(2000)))
    assert saved.remember("tcp", path) == [*(f"frame.number == {k}" for k in range(1501, 2000)), "tcp"]
    assert len(path.read_text().splitlines()) == saved.MOST_KEPT


def test_a_damaged_history_is_no_obstacle(tmp_path: Path) -> None:
    """Bytes that are no text and lines that are none are left out; where nothing can be written, nothing is."""
    path = tmp_path / "history"
    path.write_bytes(b"tcp\n\x00\x1b[31mred\nudp \xff\n" + b"x" * 5000 + b"\n\n")
    assert saved.read_history(path) == ["tcp", "udp \ufffd"]
    assert saved.read_history(tmp_path) == []
    assert saved.remember("arp", tmp_path / "history" / "below") == ["arp"]
