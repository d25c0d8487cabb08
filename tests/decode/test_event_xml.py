"""One event as XML, by python-evtx in a process of its own: right on the sample, harmless on damage, killed where it hangs."""

from __future__ import annotations

import random
import re
import struct
import sys
import threading
import time
from collections.abc import Iterator
from datetime import date
from datetime import time as clock
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netsleuth_tui.analysis.times import iso
from netsleuth_tui.decode.event_xml import EventXml
from netsleuth_tui.decode.event_xml_worker import file_time, system_time, xml_of
from netsleuth_tui.decode.evtx_values import FILETIME, SYSTEMTIME, spelled
from netsleuth_tui.session import Session

SAMPLE = Path(__file__).resolve().parents[2] / "sample_captures" / "print_server.evtx"
NAMESPACE = "{http://schemas.microsoft.com/win/2004/08/events/event}"


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    """The sample log."""
    opened = Session()
    opened.load([str(SAMPLE)], cancel=threading.Event())
    yield opened
    opened.close()


def test_the_xml_is_of_the_event(session: Session) -> None:
    """Record id and event id are those of the row, and so are its data."""
    for row in (0, 1, 7, 1500, session.store.events.rows - 1):
        written = session.event_xml(row)
        assert written.failure == ""
        columns = session.store.events.view()
        root = ET.fromstring(written.xml)  # noqa: S314 - of our own sample
        system = root.find(f"{NAMESPACE}System")
        assert system is not None
        assert system.findtext(f"{NAMESPACE}EventRecordID") == str(int(columns.record_id[row]))
        assert system.findtext(f"{NAMESPACE}EventID") == str(int(columns.event_id[row]))
        data = {each.get("Name"): each.text for each in root.iter(f"{NAMESPACE}Data")}
        user = session.store.events.texts.text(int(session.store.events.codes("SubjectUserName")[row]))
        assert data.get("SubjectUserName", user) == user


def test_times_have_all_their_digits_and_what_is_absent_is_left_out(session: Session) -> None:
    """The time is that of the row, to 100 ns; attributes that are NULL are not there, and none of the marks for them is left."""
    events = session.store.events
    for row in (0, 700, 1501, events.rows - 1):
        written = session.event_xml(row).xml
        root = ET.fromstring(written)  # noqa: S314 - of our own sample
        system = {each.tag.removeprefix(NAMESPACE): each for each in root.find(f"{NAMESPACE}System") or ()}
        assert system["TimeCreated"].get("SystemTime") == iso(int(events.view().time[row]), 7)
        assert system["Security"].attrib == {}
        assert system["EventID"].attrib == {}
        assert system["Correlation"].attrib == {}
        assert not re.search(r"[0-9a-f]{32}", written)


@given(st.integers(0, (1 << 63) - 1))
def test_a_file_time_is_what_the_decoder_writes(ticks: int) -> None:
    """For every number of 100 ns since 1601."""
    assert file_time(ticks) == spelled(ticks.to_bytes(8, "little"), FILETIME)


@given(st.dates(date(1601, 1, 1)), st.times())
def test_a_system_time_is_what_the_decoder_writes(day: date, time: clock) -> None:
    """For every date, to the millisecond."""
    words = [day.year, day.month, 0, day.day, time.hour, time.minute, time.second, time.microsecond // 1000]
    assert system_time(words) == spelled(struct.pack("<8H", *words), SYSTEMTIME)


def test_a_file_that_changed_is_said(tmp_path: Path) -> None:
    """What lies in the file now is not shown as the event that was loaded; nor is a file that is gone."""
    path = tmp_path / "log.evtx"
    path.write_bytes(SAMPLE.read_bytes()[: 4096 + 65536])
    opened = Session()
    opened.load([str(path)], cancel=threading.Event())
    assert opened.event_xml(0).failure == ""
    path.write_bytes(bytes(4096 + 65536))
    assert "has changed" in opened.event_xml(0).failure
    path.unlink()
    assert opened.event_xml(0).xml == ""
    opened.close()


def test_damage_is_told_not_raised() -> None:
    """Random bytes in a chunk, and places where no record is: some XML, or why there is none."""
    dice = random.Random(7)  # noqa: S311 - not for secrets
    chunk = SAMPLE.read_bytes()[4096 : 4096 + 65536]
    for _ in range(150):
        broken = bytearray(chunk)
        for _ in range(dice.choice((1, 8, 200))):
            broken[dice.randrange(512, 20000)] = dice.randrange(256)
        assert any(xml_of(bytes(broken), 512).values())
    for place in (0, 65535, 1 << 20, 513):
        assert xml_of(chunk, place)["failure"]
    assert xml_of(b"", 512)["failure"]


def test_a_process_that_hangs_is_killed_and_started_again() -> None:
    """The answer says so after the time that was given; the next one works."""
    ready = "import sys,time,json,struct\nd=json.dumps({'ready':True}).encode()\nsys.stdout.buffer.write(struct.pack('>I',len(d))+d)\n"
    slow = EventXml((sys.executable, "-c", f"{ready}sys.stdout.flush()\ntime.sleep(60)", "unused"), timeout=0.3)
    begin = time.monotonic()
    written = slow.write(bytes(65536), 512)
    assert (written.xml, "took longer than" in written.failure) == ("", True)
    assert time.monotonic() - begin < 15
    slow.close()
    nowhere = EventXml(("/nonexistent/python",))
    assert nowhere.write(bytes(65536), 512).xml == ""
