"""CSV as packets: what its columns are, how its times are written, and what is wrong with it."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netsleuth_tui.analysis import Scope, records_table
from netsleuth_tui.decode.columns import NO_TIME
from netsleuth_tui.errors import NetSleuthError
from netsleuth_tui.ingest import parse_columns, parse_shift
from netsleuth_tui.ingest.table_layout import TITLES
from netsleuth_tui.ingest.table_times import Times, form_of
from netsleuth_tui.query import FIELDS
from netsleuth_tui.session import Session

NOON = 1_773_144_003_134_364_244
"""Mar 10, 2026 12:00:03.134364244 UTC."""


def opened(path: Path, text: str, *, columns: str = "", **options: Any) -> Session:
    """The text as a file in a session."""
    path.write_text(text)
    session = Session(columns=parse_columns(columns) if columns else (), **options)
    session.load([str(path)])
    return session


def cells(session: Session, *fields: str) -> list[tuple[Any, ...]]:
    """Fields of all packets, row by row; times as ns since the epoch."""
    blocks = list(records_table(session.store, Scope(), fields).blocks)
    columns = [[cell for block in blocks for cell in block[k]] for k in range(len(fields))]
    times = session.store.columns().time.tolist()
    return list(zip(*[times if name == "frame.time" else column for name, column in zip(fields, columns, strict=True)], strict=True))


@pytest.mark.parametrize(
    "text",
    [
        "1773144003.134364244",
        "Mar 10, 2026 12:00:03.134364244 UTC",
        "Mar 10, 2026 05:00:03.134364244 PDT",
        "2026-03-10 12:00:03.134364244",
        "2026-03-10T12:00:03.134364244Z",
        "2026-03-10T05:00:03.134364244-0700",
        "2026-03-10T17:45:03.134364244+05:45",
        "2026/069 12:00:03.134364244",
        "2026/03/10 12:00:03.134364244",
        " Mar 10, 2026 12:00:03.134364244 UTC ",
    ],
)
def test_times_of_tshark_and_wireshark(text: str) -> None:
    """Every form gives the same nanosecond, with the zone that it names."""
    form = form_of(text)
    assert form is not None
    assert Times(form).of([text]).tolist() == [NOON]


@pytest.mark.parametrize(
    ("text", "kind", "time"),
    [
        ("1773144003134", "epoch", NOON // 10**6 * 10**6),
        ("1773144003134364", "epoch", NOON // 10**3 * 10**3),
        ("0.000000001", "relative", 1),
        ("-0.5", "relative", -500_000_000),
        ("12:00:03.5", "clock", 43_203_500_000_000),
        ("10/Mar/2026:12:00:03 +0000", "date", 1_773_144_003 * 10**9),
        ("2026-03-10T12:00:03Z", "date", 1_773_144_003 * 10**9),
        ("2026-03-10", "date", 1_773_100_800 * 10**9),
        ("01:00:01 PM", "clock", 46_801 * 10**9),
        ("1:00:01.5PM", "clock", 46_801_500_000_000),
        ("12:00:01 am", "clock", 10**9),
        ("12:00:01\u202fPM", "clock", 43_201 * 10**9),
        ("1:00:01Z", "clock", 3601 * 10**9),
        ("Mar 10, 2026 12:00:03.134364244 PM UTC", "date", NOON),
        ("2026/03/10 5:00:03 AM PDT", "date", 1_773_144_003 * 10**9),
        ("2026-03-10 11:00:03 PM +11:00", "date", 1_773_144_003 * 10**9),
        ("2026-03-10 13:00:03 PM", "date", 1_773_147_603 * 10**9),
    ],
)
def test_other_times(text: str, kind: str, time: int) -> None:
    """Numbers by their size, times of day, what web servers log, dates alone."""
    form = form_of(text)
    assert form is not None
    assert (form.kind, Times(form).of([text]).tolist()) == (kind, [time])


@pytest.mark.parametrize("text", ["13:00:01 AM", "0:00:01 PM", "2026-03-10 PM", "2026-03-10 13:00:01 AM", "24:00:01 PM"])
def test_hours_that_no_half_of_a_day_has(text: str) -> None:
    """They are no times; neither is a half of a day alone."""
    form = form_of("12:00:01" if text.endswith(":01 PM") else "2026-03-10 12:00:01")
    assert form is not None
    assert form_of(text) is None
    assert Times(form).of([text]).tolist() == [NO_TIME]


@given(st.datetimes(dt.datetime(1971, 1, 1), dt.datetime(2200, 1, 1)), st.booleans())  # noqa: DTZ001 - they are taken as UTC
def test_halves_of_days_as_they_are_printed(time: dt.datetime, is_clock: bool) -> None:
    """What strftime writes with 12 hours is what it writes with 24."""
    twelve, whole = (time.strftime(f"{'' if is_clock else '%Y-%m-%d '}{form}") for form in ("%I:%M:%S.%f %p", "%H:%M:%S.%f"))
    forms = form_of(twelve), form_of(whole)
    assert forms[0] is not None
    assert forms[0] == forms[1]
    assert Times(forms[0]).of([twelve]) == Times(forms[0]).of([whole])


@given(st.lists(st.integers(0, 2**62), min_size=1, max_size=20))
def test_epoch_times_are_exact(times: list[int]) -> None:
    """Every nanosecond that tshark prints comes back."""
    form = form_of("1773144003.134364244")
    assert form is not None
    assert Times(form).of([f"{time // 10**9}.{time % 10**9:09}" for time in times]).tolist() == times


@pytest.mark.parametrize("zone", ["zone " * 30 + "zone", "a" * 120_000 + "!", f"a{' ' * 120_000}!"])
def test_what_is_too_long_is_no_time(zone: str) -> None:
    """No form is tried on it: some of them would take minutes or hours on the largest cell that there can be."""
    text, form = f"2026-03-10 12:00:03 {zone}", form_of("2026-03-10 12:00:03")
    assert form is not None
    assert Times(form).of([text, "2026-03-10 12:00:03"]).tolist() == [NO_TIME, NOON // 10**9 * 10**9]
    assert form_of(text) is None


def test_a_cell_of_blanks_is_looked_at_once(tmp_path: Path) -> None:
    """Whether the first row has names or values is asked of every cell of it."""
    session = opened(tmp_path / "t.csv", f"time,ip.src,1{' ' * 60_000}!\n1.5,10.0.0.1,x\n")
    assert session.store.packets == 1


@given(st.text(max_size=40))
def test_any_text_is_a_time_or_none(text: str) -> None:
    """Nothing that stands in a cell ends the reading."""
    form = form_of(text)
    for kind in ("1773144003.1", "2026-03-10 12:00:03", "12:00:03", "0.1"):
        other = form_of(kind)
        assert other is not None
        assert len(Times(other).of([text, kind])) == 2
    if form is not None:
        assert len(Times(form).of([text])) == 1


def test_the_command_of_the_notes(tmp_path: Path) -> None:
    """Tshark without header or quotes splits its own times at their comma; an ICMP error has the quoted header's cells, too."""
    text = (
        "1,Mar 10, 2026 12:00:03.134364244 UTC,10.1.8.25,10.20.0.53,50,1400,0x00001234,7\n"
        "2,Mar 10, 2026 12:00:03.200000000 UTC,192.0.2.1,10.9.0.12,10.1.4.7,10.9.0.12,1,1,56,84,,\n"
        "3,Mar 10, 2026 12:00:03.300000000 UTC,,,,,,\n"
    )
    names = "frame.number,frame.time,ip.src,ip.dst,ip.proto,ip.len,esp.spi,esp.sequence"
    session = opened(tmp_path / "notes.csv", text, columns=names)
    assert session.is_whole
    found = cells(session, "frame.time", "ip.src", "ip.dst", "ip.len", "esp.spi", "esp.sequence", "_ws.col.protocol")
    assert [row[0] for row in found] == [NOON, NOON + 65_635_756, NOON + 165_635_756]
    assert found[0][1:] == ("10.1.8.25", "10.20.0.53", 1400, "0x00001234", 7, "ESP")
    assert found[1][1:] == ("192.0.2.1", "10.1.4.7", 56, None, None, "ICMP")
    assert found[2][1:6] == (None,) * 5
    assert "bytes are those of ip.len" in session.store.sources[0].notes[0]


def test_flags_that_no_column_has_are_told(tmp_path: Path) -> None:
    """Without them a table has no resets, whatever the capture had."""
    lines = "frame.time_epoch,ip.src,ip.dst,ip.proto,tcp.srcport,tcp.dstport{}\n1,10.0.0.1,10.0.0.2,{},80,1234{}\n"
    for name, more, proto, cell, told in (("a", "", 6, "", True), ("b", ",tcp.flags", 6, ",0x0014", False), ("c", "", 17, "", False)):
        session = opened(tmp_path / f"{name}.csv", lines.format(more, proto, cell))
        assert ("there is TCP without flags: SYN, RST and the others count as not set there" in session.store.sources[0].notes) == told


def test_the_profile_of_the_notes(tmp_path: Path) -> None:
    """Wireshark's export: titles are mapped, and the UTC clock beside the local date tells the zone."""
    text = (
        '"Time","DateTimePST","RelativeTime","Source","Destination","Protocol","Length","SrcPort","DstPort","TcpSYN","TcpRST","TcpACK"\n'
        '"19:00:03.5","2026-03-10 12:00:03.5","0.0","10.1.8.25","10.20.0.53","TLSv1.2","77","51000","443","Set","Not set","Not set"\n'
        '"19:00:04.5","2026-03-10 12:00:04.5","1.0","10.20.0.53","10.1.8.25","TCP","60","443","51000","0","1","1"\n'
    )
    session = opened(tmp_path / "export.csv", text)
    found = cells(session, "frame.time", "ip.src", "_ws.col.protocol", "frame.len", "tcp.srcport", "tcp.flags")
    seven_hours = 7 * 3600 * 10**9
    noon = 1_773_144_003_500_000_000 + seven_hours
    assert found == [(noon, "10.1.8.25", "TCP", 77, 51000, "0x0002"), (noon + 10**9, "10.20.0.53", "TCP", 60, 443, "0x0014")]
    assert any("TLSv1.2 as TCP" in note for note in session.store.sources[0].notes)
    assert any("only syn, reset, ack" in note for note in session.store.sources[0].notes)


def test_wiresharks_default_columns(tmp_path: Path) -> None:
    """Ports, flags and payload come from the text of the Info column; `--shift` gives relative times their begin."""
    text = (
        '"No.","Time","Source","Destination","Protocol","Length","Info"\n'
        '"1","0.000000","10.0.0.1","10.0.0.2","TCP","74","50112 → 443 [SYN] Seq=0 Win=64240 Len=0 MSS=1460"\n'
        '"2","0.250000","Cisco_11:22:33","Broadcast","ARP","60","Who has 10.0.0.9? Tell 10.0.0.1"\n'
        '"3","0.500000","10.0.0.2","10.0.0.1","TCP","1514","[TCP Retransmission] 443  >  50112 [PSH, ACK] Seq=1 Ack=1 Win=1 Len=1460"\n'
    ).replace("443  >  ", "443 > ")
    path = tmp_path / "default.csv"
    session = opened(path, text)
    assert any("relative" in note for note in session.store.sources[0].notes)
    session = opened(path, text, shifts=[parse_shift("default.csv=2026-03-10T12:00:03.134364244Z")])
    found = cells(session, "frame.time", "ip.src", "_ws.col.protocol", "tcp.srcport", "tcp.dstport", "tcp.flags", "tcp.len")
    assert found[0] == (NOON, "10.0.0.1", "TCP", 50112, 443, "0x0002", 0)
    assert found[1] == (NOON + 250_000_000, None, "ARP", None, None, None, None)
    assert found[2] == (NOON + 500_000_000, "10.0.0.2", "TCP", 443, 50112, "0x0018", 1460)


def test_several_values_in_a_cell(tmp_path: Path) -> None:
    """The first is the outermost header's, whatever separates them; fields that occur twice take the second, too."""
    text = 'frame.time_epoch,ip.src,ip.ttl,tcp.port,ip.addr\n1.5,"10.0.0.1,10.9.9.9","63,1","80,50000","10.0.0.1;10.0.0.2"\n'
    session = opened(tmp_path / "t.csv", text)
    assert cells(session, "ip.src", "ip.dst", "ip.ttl", "tcp.srcport", "tcp.dstport") == [("10.0.0.1", "10.0.0.2", 63, 80, 50000)]


def test_a_firewall_log(tmp_path: Path) -> None:
    """Any table with a time and an address, by the titles of its columns or by their numbers."""
    text = "when,Client,Server,action\n2026-03-10T12:00:03Z,203.0.113.9,2001:db8::1,DENY\n2026-03-10T12:00:04Z,203.0.113.9,,DENY\n"
    for columns in ("time=when,ip.src=Client,ip.dst=Server", "time=1,ip.src=2,ip.dst=3", "time,ip.src,ip.dst"):
        session = opened(tmp_path / "fw.csv", text, columns=columns)
        assert cells(session, "frame.time", "ip.src", "ip.dst")[1] == (1_773_144_004 * 10**9, "203.0.113.9", "0.0.0.0")  # noqa: S104
        assert session.store.packets == 2
        assert session.is_whole


def test_bad_lines_are_told_and_the_rest_is_kept(tmp_path: Path) -> None:
    """Wrong counts, no times, no numbers, NULs: each with its line."""
    rows = ["1.5,10.0.0.1,40", "2.5,10.0.0.1", "soon,10.0.0.1,40", "3.5,10.0.0.1,many", "4.5,\0,40", "5.5,10.0.0.1,70000", "6,x,1"]
    text = "frame.time_epoch,ip.src,ip.len\n" + "\n".join(rows)
    session = opened(tmp_path / "bad.csv", text)
    source = session.store.sources[0]
    assert source.damage == (
        "damaged in line 3: there are 2 cells where 3 are expected",
        "damaged in line 4: frame.time_epoch: 'soon' is no time of the form that the first ones have",
        "damaged in line 5: ip.len: 'many' is no value of this field",
        "damaged in line 6: ip.src: '\\x00' is no IP address",
        "damaged in line 7: ip.len: '70000' is no value of this field",
        "damaged in line 8: ip.src: 'x' is a name, not an address",
    )
    assert [row[0] for row in cells(session, "frame.time")] == [1_500_000_000, 3_500_000_000, 4_500_000_000, 5_500_000_000, 6 * 10**9]
    assert not session.is_whole


def test_many_bad_lines_are_counted(tmp_path: Path) -> None:
    """Not one by one: nothing that a file says fills the screen."""
    session = opened(tmp_path / "bad.csv", "time,source\n1.5,10.0.0.1\n" + "x\n" * 1000)
    damage = session.store.sources[0].damage
    assert len(damage) == 25
    assert damage[-1] == "damaged in line 1002: up to here 976 more lines have such faults"


@pytest.mark.parametrize("text", ["hello world\n", "a,b\n1,2\n", "1773144003.1,10.0.0.1\n", "# Title\n\nSome text.\n"])
def test_what_says_nothing_is_not_guessed_at(tmp_path: Path, text: str) -> None:
    """It is no capture; `--columns` would tell."""
    session = opened(tmp_path / "t", text)
    assert not session.store.sources
    assert "--columns" in str(session.failures[0])


@pytest.mark.parametrize(("text", "message"), [("time=a,ip.src", "mixed|all columns"), ("nonsense", "no field"), (",,", "names no field")])
def test_wrong_columns_are_refused(text: str, message: str) -> None:
    """Before anything is read."""
    with pytest.raises(NetSleuthError, match=message):
        parse_columns(text)


def test_a_column_that_is_not_there(tmp_path: Path) -> None:
    """The message names those that are."""
    session = opened(tmp_path / "t.csv", "when,who\n1.5,10.0.0.1\n", columns="time=When,ip.src=who")
    assert "there is no column 'When' (there are when, who)" in str(session.failures[0])


def test_filters_at_loading(tmp_path: Path) -> None:
    """Only what the filter keeps takes memory, addresses included; frame numbers of the filter are those of the file."""
    text = "frame.time_epoch,ip.src,ip.dst\n" + "".join(f"{k}.5,10.0.{k % 100}.1,10.0.0.2\n" for k in range(1000))
    session = opened(tmp_path / "t.csv", text, load_filter="ip.src == 10.0.7.1 || frame.number == 3")
    assert session.store.packets == 11
    assert session.store.hosts.count == 3
    assert cells(session, "ip.src")[0] == ("10.0.2.1",)


def test_titles_stand_for_fields_that_there_are() -> None:
    """A slip in the table of titles would lose a column."""
    assert {field for field in TITLES.values() if field not in FIELDS} == {"frame.time_relative", "srcport", "dstport", "_ws.col.info"}


def test_what_is_no_address_is_told(tmp_path: Path) -> None:
    """With its line; names of hosts with what to do about them; what tables write for nothing is nothing."""
    rows = ("10.1.1.1,10.1.1.2", "999.1.1.1,10.1.1.2", "host-a,10.1.1.2", "-,N/A", "10.1.1.1,00:11:22:33:44:55")
    session = opened(
        tmp_path / "bad.csv", "time,ip.src,ip.dst\n" + "".join(f"2026-03-10T12:00:0{k}Z,{row}\n" for k, row in enumerate(rows))
    )
    source = session.store.sources[0]
    assert source.damage == (
        "damaged in line 3: ip.src: '999.1.1.1' is no IP address",
        "damaged in line 4: ip.src: 'host-a' is a name, not an address",
        "damaged in line 6: ip.dst: '00:11:22:33:44:55' is no IP address",
    )
    assert any("1 of ip.src, such as 'host-a'" in note and "tshark -n" in note for note in source.notes)
    assert not session.is_whole


def test_names_in_wiresharks_columns(tmp_path: Path) -> None:
    """MAC addresses and their names belong there, hosts by name are noted once, and half an address is told."""
    pairs = (
        "foohost,bar.example.org",
        "Cisco_11:22:33,Broadcast",
        "00:11:22:33:44:55,PVST+",
        "LLDP_Multicast,IPv4mcast_fb",
        "10.0.0.256,10.0.0.1",
    )
    session = opened(tmp_path / "export.csv", "Time,Source,Destination\n" + "".join(f"{k}.5,{pair}\n" for k, pair in enumerate(pairs)))
    source = session.store.sources[0]
    assert source.damage == ("damaged in line 6: ip.src: '10.0.0.256' is no IP address",)
    assert [note for note in source.notes if "names stand where addresses" in note and "1 of ip.src, 1 of ip.dst" in note]
