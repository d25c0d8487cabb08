"""A session reads a packet again from the file that it came from, and from no other."""

from __future__ import annotations

import os
import struct
import sys
from pathlib import Path

import pytest

from netsleuth_tui.decode.dissect import Dissector
from netsleuth_tui.errors import NetSleuthError
from netsleuth_tui.session import Session


def capture(frames: list[bytes]) -> bytes:
    """A pcap of these frames."""
    records = b"".join(struct.pack("<IIII", 100, 0, len(frame), len(frame)) + frame for frame in frames)
    return struct.pack("<IHHIIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1) + records


FIRST, SECOND = [b"a" * 60, b"b" * 70], [b"x" * 60, b"y" * 70]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A capture that an hour ago was written."""
    path = tmp_path / "ring.pcap"
    path.write_bytes(capture(FIRST))
    os.utime(path, (1_700_000_000, 1_700_000_000))
    return path


def loaded(path: Path) -> Session:
    """A session with the capture."""
    session = Session()
    session.load([str(path)])
    return session


def test_frames_are_read_again(path: Path) -> None:
    """Byte for byte, also after the file has grown."""
    session = loaded(path)
    assert [session.frame(row) for row in (0, 1)] == FIRST
    path.write_bytes(capture([*FIRST, b"c" * 50]))
    assert session.frame(1) == FIRST[1]


@pytest.mark.parametrize("way", ["replaced", "overwritten", "overwritten by a longer one", "removed", "cut"])
def test_another_file_of_that_name_is_not_taken_for_it(path: Path, way: str) -> None:
    """A ring buffer goes on writing: the bytes of another packet would contradict the table."""
    session = loaded(path)
    if way == "replaced":
        other = path.with_suffix(".new")
        other.write_bytes(capture([*SECOND, b"z" * 90]))
        other.replace(path)
    elif way.startswith("overwritten"):
        path.write_bytes(capture(SECOND if way == "overwritten" else [*SECOND, b"z" * 90]))
    elif way == "removed":
        path.unlink()
    else:
        os.truncate(path, 100)
    with pytest.raises(NetSleuthError, match="changed"):
        session.frame(1)


def test_a_session_knows_whether_anything_is_missing(path: Path, tmp_path: Path) -> None:
    """Damage and named files that cannot be opened count; a session without a file is not whole either."""
    assert loaded(path).is_whole
    assert not loaded(tmp_path / "nowhere.pcap").is_whole
    path.write_bytes(capture(FIRST)[:-1])
    assert not loaded(path).is_whole


DEAF = """
import sys, time
reply = b'{"ready": true}'
sys.stdout.buffer.write(len(reply).to_bytes(4, "big") + reply)
sys.stdout.buffer.flush()
if "hang" in sys.argv:
    time.sleep(60)
"""


@pytest.mark.parametrize(("way", "said"), [("hang", "scapy took longer than 2 s"), ("die", "scapy stopped"), ("gone", "has changed")])
def test_where_scapy_has_no_answer_the_columns_have_one(path: Path, way: str, said: str) -> None:
    """It hangs, it dies, or there is nothing to give to it: the layers that the kernels found, and why there is no more."""
    session = loaded(path)
    session._dissector = Dissector([sys.executable, "-c", DEAF, way])
    if way == "gone":
        path.unlink()
    found = session.dissect(1)
    session.close()
    assert [layer.name for layer in found.layers] == ["Frame", "Ethernet"]
    assert ("frame.number", "2") in {(field.name, field.value) for field in found.layers[0].fields}
    assert said in found.failure
    assert "what the columns know" in found.failure
