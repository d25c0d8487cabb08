"""Titles of events: those that come with the program, and the user's own."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from netsleuth_tui.errors import NetSleuthError
from netsleuth_tui.meanings import read_titles, titles_path
from netsleuth_tui.meanings.titles import BUNDLED

AUDITING = "Microsoft-Windows-Security-Auditing"
HEAD = "channel,provider,event_id,title\n"


def test_what_comes_with_the_program() -> None:
    """The events of the print server have titles; the same id of another provider has its own, or none."""
    titles = read_titles()
    assert titles.title("Security", AUDITING, 4663) == "Object accessed"
    assert titles.title("security", AUDITING.upper(), 4663) == "Object accessed"
    assert titles.title("Security", "Microsoft-Windows-Eventlog", 1102) == "Security log cleared"
    assert titles.title("ForwardedEvents", AUDITING, 4624) == "Logon"
    assert titles.title("System", "Microsoft-Windows-Winlogon", 7001) != titles.title("System", "Service Control Manager", 7001)
    assert titles.title("Security", "Somebody Else", 4663) == ""


def test_the_list_is_in_order() -> None:
    """At least 150 events, none twice, every title short enough for a column and without a full stop."""
    with BUNDLED.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))[1:]
    keys = [tuple(cell.lower() for cell in row[:3]) for row in rows]
    assert len(rows) >= 150
    assert len(set(keys)) == len(keys)
    assert all(title == title.strip() and 4 <= len(title) <= 60 and not title.endswith(".") for *_, title in rows)


def test_the_users_own_go_first(tmp_path: Path) -> None:
    """Exactly, by provider, by channel; a byte order mark and empty lines do no harm."""
    path = tmp_path / "event_titles.csv"
    path.write_text(f"\ufeff{HEAD}Security,{AUDITING},4663,Touched\n\n,{AUDITING},4660,Gone\nPrintLog,,7,Paper out\n", encoding="utf-8")
    titles = read_titles(path)
    assert titles.title("Security", AUDITING, 4663) == "Touched"
    assert titles.title("Security", AUDITING, 4660) == "Gone"
    assert titles.title("PrintLog", "Any Vendor", 7) == "Paper out"
    assert titles.title("Security", AUDITING, 4624) == "Logon"


def test_where_the_users_own_are() -> None:
    """Beside the settings; without a file there are those of the program."""
    assert titles_path().name == "event_titles.csv"
    assert not titles_path().exists()
    assert read_titles().known


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"id,title\n", "first line"),
        (HEAD.encode() + b"Security,x,4663\n", "3 columns"),
        (HEAD.encode() + b"Security,x,many,Title\n", "no event id"),
        (HEAD.encode() + b"Security,x,65536,Title\n", "no event id"),
        (HEAD.encode() + b"Security,x,1,\n", "empty"),
        (HEAD.encode() + b"\xff\n", "UTF-8"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(tmp_path: Path, content: bytes, said: str) -> None:
    """File and line are named."""
    path = tmp_path / "event_titles.csv"
    path.write_bytes(content)
    with pytest.raises(NetSleuthError, match=said) as caught:
        read_titles(path)
    assert str(path) in str(caught.value)
