"""One event in full: the list of its fields, and its XML from a process of its own."""

from __future__ import annotations

import shutil
from pathlib import Path
from xml.etree import ElementTree as ET

from event_logs import load, log_of
from made_events import add_events, event

from netsleuth_tui.analysis import event_detail
from netsleuth_tui.decode.events import EventFlag
from netsleuth_tui.session import Session
from netsleuth_tui.store import Store

SAMPLE = Path(__file__).resolve().parents[2] / "sample_captures" / "print_server.evtx"


def test_the_detail_says_where_the_event_lies_and_all_that_it_has():
    """Record id, chunk and byte offset; system fields by Windows' names; data in order, absent ones too; what is doubtful."""
    made = event(5, 4663, {"B": "x", "A": None, "C": ""}, record_id=77, offset=4096 + 65536 + 512, flags=EventFlag.BAD_CHECKSUM)
    detail = event_detail(add_events(Store(), made), 0)
    assert (detail.file, detail.record_id, detail.chunk, detail.offset) == ("file0.evtx", 77, 1, 70144)
    assert [(field.name, field.value) for field in detail.data] == [("B", "x"), ("A", None), ("C", "")]
    system = {field.name: field.value for field in detail.system}
    assert (system["EventID"], system["Channel"], system["UserID"]) == ("4663", "Security", None)
    assert system["TimeCreated"] is not None
    assert len(detail.remarks) == 1


def test_the_xml_of_an_event_is_that_of_its_record(tmp_path: Path):
    """Record id and data of the XML are those of the row, in a later chunk, too, and from a compressed file."""
    import gzip

    (tmp_path / "log.gz").write_bytes(gzip.compress(SAMPLE.read_bytes()))
    for name in (str(SAMPLE), str(tmp_path / "log.gz")):
        session = Session()
        session.load([name])
        row = session.store.events.rows - 1
        written = session.event_xml(row)
        assert written.failure == ""
        root = ET.fromstring(written.xml)  # noqa: S314 - our own sample
        space = {"e": "http://schemas.microsoft.com/win/2004/08/events/event"}
        assert root.findtext("e:System/e:EventRecordID", "", space) == str(session.store.events.view().record_id[row])
        named = {data.get("Name"): data.text for data in root.iterfind("e:EventData/e:Data", space)}
        ours = {field.name: field.value for field in event_detail(session.store, row).data}
        assert named["SubjectUserName"] == ours["SubjectUserName"]
        assert named.keys() == ours.keys()
        session.close()


def test_there_is_no_xml_where_the_file_is_another_one(tmp_path: Path):
    """A file that was replaced or removed: the failure is told, and the list of fields is still there."""
    path = tmp_path / "log.evtx"
    shutil.copy(SAMPLE, path)
    session = Session()
    session.load([str(path)])
    path.write_bytes(log_of({"A": (1, "x")}))
    assert "has changed" in session.event_xml(0).failure
    path.unlink()
    assert session.event_xml(0).failure
    assert event_detail(session.store, 0).system
    session.close()


def test_a_record_that_python_evtx_cannot_write_is_told(shared: Path):
    """A log that hangs parsers: no XML within seconds, and the fields are known all the same."""
    path = shared / "corpora" / "hostile" / "generated__evtx-hang-0.14.0" / "min_seed690_1byte.evtx"
    session = Session()
    session.load([str(path)])
    assert "python-evtx" in session.event_xml(0).failure
    assert event_detail(load(path), 0).data
    session.close()
