"""Traces that lie: nothing crashes or runs away, what is not lied about is read, and where the lie is gets said."""

from __future__ import annotations

import re
import struct
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from readers import etl_files as made
from readers.conftest import Write
from readers.etl_lies import SIZE, Lie, lies, records
from readers.test_etl import Read

from netsleuth_tui.cli import run
from netsleuth_tui.readers import EventTrace, TraceRecords, etl_finding, etl_merge, read_frame
from netsleuth_tui.readers.damage import Damage
from netsleuth_tui.readers.etl_again import _Again
from netsleuth_tui.readers.etl_buffers import NO_TIME, read_trace_header
from netsleuth_tui.readers.etl_packets import Pieces
from netsleuth_tui.readers.sources import FileSource

LIES = list(lies())
SECONDS = 20.0


def test_there_are_sixty_lies() -> None:
    """And no two of them are the same."""
    assert len({lie.content for lie in LIES}) >= 60


@pytest.mark.parametrize("lie", LIES, ids=lambda lie: lie.name)
def test_a_lie_harms_nothing_but_itself(write: Write, lie: Lie) -> None:
    """Frames of other buffers come back, the place of the lie is told, and what is told lies within the file."""
    path = write(lie.content)
    begun = time.monotonic()
    read = Read(path)
    assert time.monotonic() - begun < SECONDS
    found = {seen[3] for seen in read.frames}
    assert not [number for number in range(120) if made_frame(number) in lie.good and made_frame(number) not in found]
    offsets = [damage.offset for damage in read.trace.damage]
    assert all(0 <= offset <= len(lie.content) for offset in offsets)
    if lie.place is not None:
        assert any(lie.place[0] <= offset < lie.place[1] or offset == lie.place[1] for offset in offsets), read.damage
    for offset, (_, _, _, frame) in list(zip(read.offsets, read.frames, strict=True))[::40]:
        assert read_frame(str(path), "", offset, len(frame)) == frame


def made_frame(number: int) -> bytes:
    """A frame of `etl_lies` by its number."""
    from readers.etl_lies import frame

    return frame(number)


@pytest.mark.parametrize("length", [0, 1, 71, 72, 79, 80, 103, 104, 200, 4095])
def test_a_trace_that_ends_in_its_first_buffer(write: Write, length: int) -> None:
    """It is no trace where even that cannot be told; otherwise it holds nothing, and that is said."""
    from netsleuth_tui.errors import NetSleuthError

    path = write(made.trace(records(), size=SIZE)[:length])
    if length < 80:
        with pytest.raises(NetSleuthError):
            Read(path)
        return
    read = Read(path)
    assert not read.frames
    assert read.damage


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_any_byte_may_be_anything(write: Write, data: st.DataObject) -> None:
    """A few changed bytes anywhere: never an error, and what is told lies within the file."""
    content = bytearray(made.trace(records()[:40], size=1024, packed=data.draw(st.booleans())))
    for _ in range(data.draw(st.integers(1, 6))):
        content[data.draw(st.integers(80, len(content) - 1))] = data.draw(st.integers(0, 255))
    read = Read(write(bytes(content[: data.draw(st.integers(80, len(content)))])))
    assert all(0 <= damage.offset <= len(content) for damage in read.trace.damage)


def test_damage_ends_with_exit_code_3(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The command says what and where, and prints what is good."""
    lie = next(lie for lie in LIES if lie.name == "record size 0x0")
    path = tmp_path / "damaged.etl"
    path.write_bytes(lie.content)
    assert run(["summary", str(path), "--format", "json"]) == 3
    printed = capsys.readouterr()
    assert f"damaged.etl: damaged at byte {3 * SIZE + 72}: a record of 0 bytes cannot be" in printed.err
    assert '"packets"' in printed.out


def test_a_small_file_cannot_become_a_large_one(write: Write) -> None:
    """Buffers that expand to a thousand times their size are read up to a limit, and that is said."""
    whole = made.trace(records()[:2], size=1 << 24, packed=True)
    first, bomb = whole[: 1 << 24], whole[1 << 24 :]
    # One match over all of the buffer: a literal, then its repetition.
    packed = b"\0\0\0\x40a\x07\0\x0f\xff\0\0" + ((1 << 24) - 100).to_bytes(4, "little")
    head = bytearray(bomb[:72])
    head[0:4] = (72 + len(packed)).to_bytes(4, "little")
    head[48:52] = (1 << 24).to_bytes(4, "little")
    head[52:54] = (0x60).to_bytes(2, "little")
    small = bytearray(first[:1024])
    small[0:4] = (1024).to_bytes(4, "little")
    begun = time.process_time()
    read = Read(write(bytes(small) + (bytes(head) + packed) * 2000))
    assert time.process_time() - begun < 3 * SECONDS
    assert not read.frames
    assert "would expand to more than" in " ".join(read.damage)


def test_headers_everywhere_are_gone_through_once(write: Write) -> None:
    """A header every 72 bytes, each with a size that leads to none: all of them are found, and not each of them is told."""
    whole = bytearray(made.trace(records()[:2], size=1024))
    whole[72 + 32 + 44] = 5  # the size of a pointer: nothing is known of the trace
    head = bytearray(whole[1024 : 1024 + 72])
    head[0:4] = head[48:52] = (1000).to_bytes(4, "little")
    begun = time.process_time()
    read = Read(write(bytes(whole) + bytes(head) * 3000))
    assert time.process_time() - begun < SECONDS / 4
    assert [seen[3] for seen in read.frames] == [made_frame(0), made_frame(1)]
    assert len(read.damage) < 300
    assert any(re.search(r"\d{4} more headers of buffers are damaged from here on", damage) for damage in read.damage)


def test_a_trace_of_zeros_is_no_headers(write: Write) -> None:
    """Behind a first buffer of session 0 they are passed over as fast as other bytes, and the buffer behind them is found."""
    whole = bytearray(made.trace(records()[:2], size=1024))
    whole[42:44] = whole[1024 + 42 : 1024 + 44] = bytes(2)
    begun = time.process_time()
    read = Read(write(bytes(whole[:1024]) + bytes(3 << 20) + bytes(whole[1024:])))
    assert time.process_time() - begun < SECONDS / 10
    assert [seen[3] for seen in read.frames] == [made_frame(0), made_frame(1)]


def headers_alone(count: int, *, filled: int = 72) -> bytes:
    """A trace of two packets, and behind it nothing but headers of buffers."""
    whole = made.trace(records()[:2], size=1024)
    head = bytearray(whole[1024 : 1024 + 72])
    head[0:4], head[48:52] = (72).to_bytes(4, "little"), filled.to_bytes(4, "little")
    return whole + bytes(head) * count


def test_no_more_buffers_are_kept_than_that(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """Headers alone take memory, too: of more than a limit those before it are read, and where the others begin is said."""
    monkeypatch.setattr(etl_finding, "TRACE_BUFFERS", 1000)
    read = Read(write(headers_alone(5000)))
    assert [seen[3] for seen in read.frames] == [made_frame(0), made_frame(1)]
    assert read.damage == [f"damaged at byte {2048 + 998 * 72}: there are more than 1000 buffers; the rest is not read"]
    assert not Read(write(headers_alone(900))).damage


@pytest.mark.parametrize(("count", "filled"), [(20_000, 72), (3000, 1 << 20)], ids=["as they should be", "each of them a lie"])
def test_headers_alone_can_be_left(write: Write, count: int, filled: int) -> None:
    """Somebody who waits for the end of a search through many headers can end it after any part of them."""
    content = headers_alone(count, filled=filled)
    source, damage = FileSource(str(write(content))), list[Damage]()
    trace = read_trace_header(source, damage)
    steps = list(etl_finding.find_buffers(source, trace, damage))
    source.close()
    assert max(len(step.buffers.number) for step in steps if step is not None) <= 1 << 14
    assert sum(len(step.buffers.number) for step in steps if step is not None) == 2 + count
    assert len(steps) >= (10 if damage else 2)
    assert len(damage) in (0, 101)


def test_a_search_through_much_can_be_left(write: Write) -> None:
    """Where no buffer follows for long, the search stops every now and then."""
    content = made.trace(records()[:2], size=1024)
    source = FileSource(str(write(content + b"\x11" * (5 << 20))))
    trace = read_trace_header(source, [])
    stops = sum(step is None for step in etl_finding.find_buffers(source, trace, []))
    source.close()
    assert stops >= 4


def test_frames_in_pieces_stay_whole_where_too_much_has_to_wait(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """The trace loses its order then, and nothing else."""
    records = [record for n in range(90) for record in made.ndis(100 * n, bytes(12) + b"\x08\x06" + bytes([n]) * 300, parts=3)]
    path = write(made.trace(records, size=1024))
    whole = [frame for *_, frame in Read(path).frames]
    monkeypatch.setattr(etl_merge, "GROUP", 1024)
    monkeypatch.setattr(etl_merge, "_MERGED", 1)
    read = Read(path)
    assert sorted(frame for *_, frame in read.frames) == sorted(whole)
    assert not any("without an end" in note or "whose beginning" in note for note in read.trace.notes)


def _packed(logger: int, payload: bytes, filled: int) -> bytes:
    """A compressed buffer."""
    header = bytearray(72)
    struct.pack_into("<II", header, 0, 72 + len(payload), 72 + len(payload))
    struct.pack_into("<HH", header, 40, 0, logger)
    struct.pack_into("<IHH", header, 48, filled, 0x40, 0)
    return bytes(header) + payload


def test_buffers_that_expand_a_thousandfold_are_handed_on_one_by_one(write: Write) -> None:
    """A few bytes do not ask for all the memory that a file may take."""
    first = bytearray(made.trace([], size=4096)[:4096])
    struct.pack_into("<I", first, 72 + 32, 1 << 30)  # so that nobody knows how long buffers are
    (logger,) = struct.unpack_from("<H", first, 42)
    payload = struct.pack("<IHBBH", 0x00FFFFFF, 8, 14, 0, 0) + struct.pack("<HBBHI", 7 << 3 | 7, 15, 255, 0, (32 << 20) - 83)
    path = write(bytes(first) + 20 * _packed(logger, payload, 0xFFFFFFFF))
    source, damage = FileSource(str(path)), []
    trace = read_trace_header(source, damage)
    expanded = [int(found.buffers.filled.sum()) for found in etl_finding.find_buffers(source, trace, damage) if found is not None]
    source.close()
    assert sum(expanded) > 19 << 25
    assert max(expanded) <= 1 << 25


def test_the_rest_of_one_frame_is_not_followed_further_than_it_is_wanted() -> None:
    """Pieces may go on for ever."""
    count = 50_000
    pieces = Pieces.room(count)
    for column in pieces:
        column[:] = 0
    pieces.at[:], pieces.length[:], pieces.offset[:] = np.arange(count) * 192, 92, np.arange(count) * 192 + 1
    again = _Again(1, 200)
    again.add(np.zeros(count * 192 + 64, np.uint8), pieces)
    assert (len(again.frame), len(again.found)) == (200, 276)


@pytest.mark.parametrize("flags", [0x8, 0x20, 0x2, 0x2B])
def test_a_message_has_what_lies_within_it(write: Write, flags: int) -> None:
    """Not what stands behind it."""
    first = made.trace([], size=4096)[:4096]
    (logger,) = struct.unpack_from("<H", first, 42)
    message = struct.pack("<HBBHH", 8, 15, 0, 1, flags)
    behind = struct.pack("<HBBHH", 72, 15, 0, 2, 0) + b"\xee" * 64
    path = write(
        first + _packed(logger, struct.pack("<I", 0) + (message + behind)[:32] + bytes(4) + (message + behind)[32:] + bytes(4), 72 + 80)
    )
    trace = EventTrace("m", FileSource(str(path)), FileSource(str(path)), "")
    records = [part.records for part in trace.parts() if isinstance(part, TraceRecords)]
    rows = [
        (int(r.event_id[k]), int(r.thread_id[k]), int(r.process_id[k]), int(r.low[k]), int(r.time[k]))
        for r in records
        for k in range(r.rows)
    ]
    assert (1, 0, 0, 0, NO_TIME) in rows
