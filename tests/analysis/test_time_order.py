"""Files that overlap in time: their rows are shown in one order of time; a file by itself stays as it is."""

from __future__ import annotations

import shutil
import struct
from collections.abc import Iterable
from pathlib import Path

import pytest

from netsleuth_tui.analysis import EVERYTHING, Scope, common_rows_table, event_table, records_table
from netsleuth_tui.session import Session
from netsleuth_tui.tabular import Cell, Table

LOG = Path(__file__).resolve().parents[2] / "sample_captures" / "print_server.evtx"
FRAME = bytes.fromhex("0200000000010200000000020800") + bytes.fromhex("4500001c00010000401100000a0000010a000002") + bytes(8)


def capture(path: Path, seconds: Iterable[int]) -> str:
    """A pcap with one frame at each of these seconds."""
    records = b"".join(struct.pack("<IIII", second, 0, len(FRAME), len(FRAME)) + FRAME for second in seconds)
    path.write_bytes(struct.pack("<IHHIIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1) + records)
    return str(path)


def loaded(*names: str) -> Session:
    session = Session()
    session.load(names)
    return session


def rows(table: Table) -> list[tuple[Cell, ...]]:
    """Lines of a table."""
    return [line for block in table.blocks for line in zip(*block, strict=True)]


SHOWN = ("frame.time_epoch", "source", "frame.number")


def seconds(table: Table) -> list[int]:
    """The times, in whole seconds."""
    return [int(float(str(line[0]))) for line in rows(table)]


@pytest.mark.parametrize("both", [False, True])
def test_captures_that_overlap_are_shown_in_the_order_of_time(both: bool, tmp_path: Path) -> None:
    """What happened at the same instant stays in the order of the files; each row keeps its number."""
    session = loaded(capture(tmp_path / "a.pcap", (10, 12, 14, 14)), capture(tmp_path / "b.pcap", (11, 12, 13, 20)))
    assert session.store.captures_overlap
    made = common_rows_table if both else records_table
    found = rows(made(session.store, EVERYTHING, SHOWN))
    assert [int(float(str(line[0]))) for line in found] == [10, 11, 12, 12, 13, 14, 14, 20]
    assert [line[2] for line in found] == [1, 1, 2, 2, 3, 3, 4, 4]
    assert seconds(made(session.store, Scope("frame.number >= 2", start=12 * 10**9, end=14 * 10**9), SHOWN)) == [12, 12, 13]


def test_a_capture_by_itself_and_captures_one_after_the_other_stay_as_they_are(tmp_path: Path) -> None:
    """As in Wireshark: a packet that was captured late is seen where it was captured."""
    late = capture(tmp_path / "a.pcap", (10, 12, 11, 13))
    for names, expected in (
        ((late,), [10, 12, 11, 13]),
        ((late, capture(tmp_path / "b.pcap", (13, 15, 14))), [10, 12, 11, 13, 13, 15, 14]),
    ):
        session = loaded(*names)
        assert not session.store.captures_overlap
        assert seconds(records_table(session.store, EVERYTHING, SHOWN)) == expected


def test_captures_named_in_the_wrong_order_are_in_that_of_time(tmp_path: Path) -> None:
    """Whichever file is named first."""
    session = loaded(capture(tmp_path / "b.pcap", (20, 21)), capture(tmp_path / "a.pcap", (10, 11)))
    assert seconds(records_table(session.store, EVERYTHING, SHOWN)) == [10, 11, 20, 21]


def test_logs_that_overlap_are_shown_in_the_order_of_time(tmp_path: Path) -> None:
    """Two logs of one machine are read as one story."""
    names = [str(shutil.copy(LOG, tmp_path / name)) for name in ("a.evtx", "b.evtx")]
    one, both = loaded(names[0]), loaded(*names)
    fields = ("TimeCreated", "EventRecordID", "source")
    alone = [line[:2] for line in rows(event_table(one.store, EVERYTHING, fields))]
    for made in (event_table, common_rows_table):
        found = rows(made(both.store, EVERYTHING, fields))
        assert [line[:2] for line in found] == [line for line in alone for _ in names]
        assert len({line[2] for line in found[:2]}) == 2
