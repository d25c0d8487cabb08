"""Tables whose times are in two columns, and logs of firewalls and web servers that have them so."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from netsleuth_tui.analysis import Scope, records_table
from netsleuth_tui.decode.columns import NO_TIME
from netsleuth_tui.errors import NetSleuthError
from netsleuth_tui.ingest import parse_columns
from netsleuth_tui.ingest.table_layout import show_columns
from netsleuth_tui.readers.extended_log import ExtendedLog
from netsleuth_tui.session import Session

FIRST = 1_773_144_001 * 10**9
"""2026-03-10 12:00:01 UTC."""

FIREWALL = """\
#Version: 1.5
#Software: Microsoft Windows Firewall
#Time Format: Local
#Fields: date time action protocol src-ip dst-ip src-port dst-port size tcpflags tcpsyn tcpack tcpwin icmptype icmpcode info path

2026-03-10 12:00:01 ALLOW UDP 10.40.4.182 10.40.1.13 63251 53 0 - - - - - - - SEND
2026-03-10 12:00:02 DROP TCP 10.40.4.182 10.40.1.14 63064 135 40 S 3411612345 0 8192 - - - RECEIVE
2026-03-10 12:00:03 DROP TCP 10.40.1.14 10.40.4.182 135 63064 40 RA 7 3411612346 0 - - - RECEIVE
2026-03-10 12:00:04 DROP ICMP 10.40.4.182 10.40.1.14 - - 60 - - - - 8 0 - RECEIVE
"""

WEB_SERVER = """\
#Software: Microsoft Internet Information Services 10.0
#Version: 1.0
#Date: 2026-03-10 12:00:01
#Fields: date time s-ip cs-method cs-uri-stem s-port c-ip sc-status
2026-03-10 12:00:01 10.0.0.80 GET /default.htm 443 192.0.2.7 200
#Software: Microsoft Internet Information Services 10.0
#Date: 2026-03-10 12:00:02
#Fields: date time c-ip s-ip s-port sc-status time-taken
2026-03-10 12:00:02 192.0.2.8 10.0.0.80 80 404 15
"""


def loaded(path: Path, text: str, columns: str = "") -> Session:
    """The text as a file in a session."""
    path.write_text(text)
    session = Session(columns=parse_columns(columns) if columns else ())
    session.load([str(path)])
    return session


def seconds(session: Session) -> list[int]:
    """Times of all rows, in seconds after the first moment of these tests."""
    return [(time - FIRST) // 10**9 for time in session.store.columns().time.tolist()]


def rows(session: Session, *fields: str) -> list[tuple[Any, ...]]:
    """Fields of all rows."""
    blocks = list(records_table(session.store, Scope(), fields).blocks)
    return list(zip(*[[cell for block in blocks for cell in block[k]] for k in range(len(fields))], strict=True))


@pytest.mark.parametrize("day", ["2026-03-10", "2026/03/10", "20260310", "10.03.2026", "10/Mar/2026", "10Mar2026", "Mar 10 2026"])
def test_a_date_and_a_time_of_day_are_joined(tmp_path: Path, day: str) -> None:
    """Whatever form the date has, and whichever column comes first."""
    session = loaded(tmp_path / "a.csv", f"date,time,src-ip\n{day},12:00:01,10.1.4.7\n{day},13:30:00.5,10.1.4.7\n")
    assert seconds(session) == [0, 5399]
    assert session.is_whole
    assert seconds(loaded(tmp_path / "b.csv", f"Time,Source,Date\n12:00:01,10.1.4.7,{day}\n12:00:02,10.1.4.7,{day}\n")) == [0, 1]


@pytest.mark.parametrize("columns", ["time=day+at,ip.src=who", "time=at+day,ip.src=who", "time=1+2,ip.src=3"])
def test_columns_that_the_user_joins(tmp_path: Path, columns: str) -> None:
    """By title or number, in either order; said again in the same way."""
    session = loaded(tmp_path / "a.csv", "day,at,who\n2026-03-10,12:00:01,10.1.4.7\n", columns)
    assert seconds(session) == [0]
    assert parse_columns(show_columns(parse_columns(columns))) == parse_columns(columns)


def test_a_title_that_has_a_plus(tmp_path: Path) -> None:
    """It is a title like others."""
    assert seconds(loaded(tmp_path / "a.csv", "a+b,who\n2026-03-10 12:00:01,10.1.4.7\n", "time=a+b,ip.src=who")) == [0]


def test_only_times_are_joined() -> None:
    """An address has one column."""
    with pytest.raises(NetSleuthError, match=r"ip\.src has one column"):
        parse_columns("time=a,ip.src=b+c")


def test_a_better_column_is_not_joined(tmp_path: Path) -> None:
    """What says all by itself counts, as it did."""
    session = loaded(tmp_path / "b.csv", "date,time,frame.time_epoch,src\n2020-01-01,00:00:00,1773144001,10.0.0.1\n")
    assert seconds(session) == [0]


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("date,src\n2026-03-10,10.0.0.1\n", "times are dates without a time of day"),
        ("time,src\n12:00:01,10.0.0.1\n", "times have no date"),
        ("date,time,src\n03/10/2026,12:00:01,10.0.0.1\n", "dates such as '03/10/2026' are not read"),
    ],
)
def test_half_a_time_is_told(tmp_path: Path, text: str, note: str) -> None:
    """A date alone, a time of day alone, a date of which nobody can tell the month."""
    assert any(note in said for said in loaded(tmp_path / "a.csv", text).store.sources[0].notes)


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        ([",12:00:01", "2026-03-10,12:00:02"], [1]),  # which costs the row without a date alone
        (["soon,12:00:01", "2026-03-10,12:00:01"], [0]),
        (["2026-03-10,1773144001", "2026-03-10,1773144003.5"], [0, 2]),
        (["20260310,120001", "20260310,235959.25"], [0, 43198]),
        (["2026-03-10,2026-03-10 12:00:01"], [0]),
        (["2026-03-10,12:00:01 PM", "2026-03-10,1:00:01 PM", "2026-03-10,11:00:01.5 am"], [0, 3600, -3600]),
        (["2026-03-10,", "2026-03-10,12:00:01"], [None, 0]),
    ],
)
def test_what_a_date_and_what_is_beside_it_say(tmp_path: Path, rows: list[str], found: list[int | None]) -> None:
    """The first date that can be read decides; a number of seconds since 1970 says all by itself; six digits are a time of day."""
    for titles in ("date,time,src", "time,date,src"):
        cells = rows if titles.startswith("date") else [",".join(row.split(",")[::-1]) for row in rows]
        for columns in ("", "time=date+time,ip.src=src"):
            session = loaded(tmp_path / "a.csv", f"{titles}\n" + "".join(f"{cell},10.0.0.1\n" for cell in cells), columns)
            assert [None if time < -(10**9) else time for time in seconds(session)] == found
            assert not [note for note in session.store.sources[0].notes if "dates such as" in note]


def test_relative_times_beside_a_date(tmp_path: Path) -> None:
    """They are the times, though the day on which they began is known: its hour is not."""
    session = loaded(tmp_path / "a.csv", "date,time,src\n2026-03-10,1.5,10.0.0.1\n2026-03-10,100000,10.0.0.1\n")
    assert session.store.columns().time.tolist() == [1_500_000_000, 100_000 * 10**9]
    notes = session.store.sources[0].notes
    assert any("times are relative" in note for note in notes)
    assert any("dates beside relative times are passed over" in note for note in notes)
    assert not any("dates such as" in note or "dates without a time of day" in note for note in notes)


@pytest.mark.parametrize(("cells", "times", "unread"), [("03/10/2026,12:00:01", 43_201, True), (",12:00:01", 43_201, False)])
def test_times_of_day_without_dates_that_can_be_read(tmp_path: Path, cells: str, times: int, unread: bool) -> None:
    """They are what there is of the times, whichever column comes first; a date is called unread only if there was one."""
    for titles, row in (("date,time", cells), ("time,date", ",".join(cells.split(",")[::-1]))):
        session = loaded(tmp_path / "a.csv", f"{titles},src\n{row},10.0.0.1\n")
        assert session.store.columns().time.tolist() == [times * 10**9]
        notes = session.store.sources[0].notes
        assert any("times have no date" in note for note in notes)
        assert any("dates such as '03/10/2026' are not read" in note for note in notes) == unread
    session = loaded(tmp_path / "a.csv", "date,time,src\n03/10/2026,120001,10.0.0.1\n")
    assert session.store.columns().time[0] == NO_TIME
    assert any("dates such as '03/10/2026' are not read" in note for note in session.store.sources[0].notes)


def test_rows_without_half_of_their_time(tmp_path: Path) -> None:
    """Without a time of day there is no time, which is not midnight; without a date the line is told."""
    text = "date,time,src\n2026-03-10,12:00:01,10.0.0.1\n2026-03-10,,10.0.0.1\n,12:00:03,10.0.0.1\nsoon,12:00:04,10.0.0.1\n"
    session = loaded(tmp_path / "a.csv", text)
    assert session.store.packets == 2
    assert seconds(session)[0] == 0
    assert session.store.columns().time[1] < 0  # none
    assert [damage.partition(":")[0] for damage in session.store.sources[0].damage] == ["damaged in line 4", "damaged in line 5"]


def test_the_log_of_windows_firewall(tmp_path: Path) -> None:
    """Its `#` lines are no damage, what is - is absent, and tcpsyn is a number."""
    session = loaded(tmp_path / "pfirewall.log", FIREWALL)
    assert session.is_whole
    assert seconds(session) == [0, 1, 2, 3]
    names = "ip.src", "ip.dst", "udp.dstport", "tcp.dstport", "frame.len", "tcp.flags", "tcp.seq_raw", "icmp.type", "_ws.col.protocol"
    assert rows(session, *names) == [
        ("10.40.4.182", "10.40.1.13", 53, None, 0, None, None, None, "UDP"),
        ("10.40.4.182", "10.40.1.14", None, 135, 40, "0x0002", 3411612345, None, "TCP"),
        ("10.40.1.14", "10.40.4.182", None, 63064, 40, "0x0014", 7, None, "TCP"),
        ("10.40.4.182", "10.40.1.14", None, None, 60, None, None, 8, "ICMP"),
    ]


def test_the_log_of_a_web_server(tmp_path: Path) -> None:
    """Clients are sources; where the server was started anew, columns have another order, and new ones are told."""
    session = loaded(tmp_path / "u_ex260310.log", WEB_SERVER)
    assert session.is_whole
    assert seconds(session) == [0, 1]
    assert rows(session, "ip.src", "ip.dst") == [("192.0.2.7", "10.0.0.80"), ("192.0.2.8", "10.0.0.80")]
    assert session.store.columns().dst_port.tolist() == [443, 80]
    assert "columns that only a later #Fields names are passed over: time-taken" in session.store.sources[0].notes


def test_a_log_without_dates_has_those_of_its_remarks(tmp_path: Path) -> None:
    """The last `#Date:` counts, be there dates in other parts of the log or not; that is noted."""
    lines = "#Date: 2026-03-10 12:00:01", "#Fields: time c-ip s-ip", "12:00:01 192.0.2.7 10.0.0.80"
    lines += "#Date: 12-Mar-2026 00:00:00", "12:00:01 192.0.2.7 10.0.0.80", "#Date:"
    lines += "#Fields: c-ip date time", "192.0.2.8 2026-03-13 12:00:01", "#Date: 2026-03-14", "#Fields: c-ip s-ip time"
    lines += "192.0.2.9 10.0.0.80 12:00:01", "192.0.2.9 12:00:01", "-"
    session = loaded(tmp_path / "u_ex.log", "\n".join(lines) + "\n")
    assert seconds(session) == [0, 2 * 86_400, 3 * 86_400, 4 * 86_400]
    assert rows(session, "ip.src")[2:] == [("192.0.2.8",), ("192.0.2.9",)]
    assert [damage.partition(":")[0] for damage in session.store.sources[0].damage] == ["damaged in line 12", "damaged in line 13"]
    note = "rows without a date are taken as of the day that the #Date line before them says"
    assert note in session.store.sources[0].notes
    assert note not in loaded(tmp_path / "b.log", WEB_SERVER).store.sources[0].notes
    session = loaded(tmp_path / "c.log", "\n".join(lines[1:3]) + "\n")
    assert session.store.columns().time.tolist() == [43_201 * 10**9]


def test_a_short_line_of_a_log_is_told(tmp_path: Path) -> None:
    """With its number in the file, remarks counted."""
    session = loaded(tmp_path / "pfirewall.log", FIREWALL + "2026-03-10 12:00:05 DROP\n")
    assert session.store.sources[0].damage == ("damaged in line 10: there are 3 cells where 17 are expected",)


def test_what_only_begins_with_a_remark_is_no_log(tmp_path: Path) -> None:
    """A table after its own comment is what it was: nothing is guessed."""
    session = loaded(tmp_path / "t", "# made by hand\n")
    assert "--columns" in str(session.failures[0])


def test_a_log_with_quotes_that_nobody_can_follow(tmp_path: Path) -> None:
    """A carriage return behind quotes costs its own line; what csv refuses is split at blanks."""
    text = "#Fields: date time src-ip dst-ip size path\n" + "2026-03-10 12:00:01 10.0.0.1 10.0.0.2 5 {}\n" * 3
    session = loaded(tmp_path / "x.log", text.format("SEND", '"a" b\rc', '"b\tc"'))
    assert session.store.packets == 2
    assert session.store.sources[0].damage == ("damaged in line 3: there are 7 cells where 6 are expected",)


def test_only_blanks_and_tabs_separate_the_cells_of_a_log(tmp_path: Path) -> None:
    """Other white space of Unicode belongs to the cell that it is in, in names as well."""
    text = "#Fields: date time src-ip path a\u00a0b\n2026-03-10 12:00:01\t10.0.0.1  C:\\My\u00a0Files\u2003x -\r\n\r\n"
    session = loaded(tmp_path / "x.log", text)
    assert session.is_whole
    assert session.store.packets == 1


def test_later_columns_are_kept_no_longer_than_they_are_shown() -> None:
    """However many names later lines bring, and however long they are."""
    log = ExtendedLog(["date", "time"])
    log.rows(["#Fields: date time", *(f"#Fields: date {' '.join(f'n{k}-{line}' for k in range(100))}" for line in range(50))])
    log.rows([f"#Fields: date {'x' * 100_000}"])
    assert len(log._more) == 9
    assert log.notes[0].endswith("n6-0, n7-0, …")
    log = ExtendedLog(["date"])
    log.rows(["#Fields: date", f"#Fields: date {'x' * 100_000}"])
    assert len(log.notes[0]) < 200
