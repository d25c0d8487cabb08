"""Event traces: their packets and records, in the order of time, whatever order the file has them in."""

from __future__ import annotations

import time
from pathlib import Path
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from readers import etl_files as made
from readers.conftest import Write

from netsleuth_tui.readers import (
    EventTrace,
    FrameBatch,
    TraceRecords,
    etl,
    etl_finding,
    etl_frames,
    etl_layers,
    etl_merge,
    open_capture,
    open_file,
    read_frame,
    xpress,
)

WITHOUT_PACKETS = {
    "AMSITrace.etl": 19,
    "Alan-Jowett_sonde.test.etl": 106,
    "BondEtwSample.etl": 12,
    "CrossMachineHTTP.etl": 3396,
    "HTTP_Server.etl": 2041,
    "KernelNetwork.etl": 8923,
    "Process.etl": 10343,
    "ShutdownPerfDiagLogger.etl": 17069,
    "krabsetw_powershell.etl": 112,
    "lxcore_kernel.etl": 2,
}
"""Events of real traces, as another reader counts them."""

pytestmark = pytest.mark.usefixtures("engine")


class Read:
    """What a trace gives: frames as (time in 100 ns since its beginning, link type, wire length, bytes), and its other records."""

    def __init__(self, path: Path) -> None:
        opened = open_file(str(path))
        assert isinstance(opened, EventTrace)
        self.trace = opened
        self.frames: list[tuple[int, int, int, bytes]] = []
        self.offsets: list[int] = []
        self.events: list[tuple[int, int]] = []
        for part in opened.parts():
            if isinstance(part, FrameBatch):
                self._add(part)
            elif isinstance(part, TraceRecords):
                times = (part.records.time // 100 - made.START).tolist()
                self.events += list(zip(times, part.records.event_id.tolist(), strict=True))

    def _add(self, batch: FrameBatch) -> None:
        for i in range(batch.count):
            start = int(batch.start[i])
            frame = batch.data[start : start + int(batch.cap_len[i])].tobytes()
            self.frames.append((int(batch.time[i]) // 100 - made.START, int(batch.link_type[i]), int(batch.wire_len[i]), frame))
            self.offsets.append(int(batch.offset[i]))

    @property
    def damage(self) -> list[str]:
        """Where and why."""
        return [str(damage) for damage in self.trace.damage]


def some_frames(count: int, seed: int = 1) -> list[bytes]:
    """Frames that compress, of many lengths."""
    random = Random(seed)  # noqa: S311 - the same ones every time
    return [bytes(12) + b"\x08\x06" + random.randbytes(4) * random.randrange(1, 90) for _ in range(count)]


def packets(frames: list[bytes], **how: int) -> list[made.Record]:
    """One packet each 1 µs, by two processors in turn."""
    return [record for i, frame in enumerate(frames) for record in made.ndis(10 * i, frame, processor=i // 5 % 2, **how)]


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("parts", [1, 3])
@pytest.mark.parametrize("rotated", [0, 5])
def test_packets_come_back_in_the_order_of_time(write: Write, *, packed: bool, parts: int, rotated: int) -> None:
    """Frames of ndiscap, whole or in pieces, are what was logged, although each processor fills buffers of its own."""
    frames = some_frames(300)
    read = Read(write(made.trace(packets(frames, parts=parts), packed=packed, rotated=rotated)))
    assert read.frames == [(10 * i, 1, len(frame), frame) for i, frame in enumerate(frames)]
    assert not read.damage


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("parts", [1, 4])
def test_a_frame_is_read_again(write: Write, *, packed: bool, parts: int) -> None:
    """The detail of a packet gets the same bytes, by the offset that its batch had."""
    frames = some_frames(60)
    path = write(made.trace(packets(frames, parts=parts), packed=packed, size=2048))
    read = Read(path)
    for frame, offset in zip(frames, read.offsets, strict=True):
        assert read_frame(str(path), "", offset, len(frame)) == frame


@pytest.mark.parametrize(
    ("clock", "about", "ticks"),
    [(1, {"frequency": 2_994_853}, 2_994_853), (2, {}, 10**7), (3, {"megahertz": 2594}, 2_594_000_000), (0, {"frequency": 10**7}, 10**7)],
)
def test_each_clock_gives_the_time(write: Write, clock: int, about: dict[str, int], ticks: int) -> None:
    """Ticks of the performance counter, 100 ns of the system time, or cycles of the processor become the time, to 100 ns."""
    seconds = [0, 1, 7, 3600, 86400 * 30]
    raw = [made.RAW_START + second * ticks for second in seconds]
    records = [made.event(i, made.NDISCAP, 1001, bytes(12), keywords=0xC0000001, raw=tick) for i, tick in enumerate(raw)]
    read = Read(write(made.trace(records, clock=clock, end=10**7 * 86400 * 40, **about)))
    assert [frame[0] for frame in read.frames] == [second * 10**7 for second in seconds]
    assert not read.damage


def test_media_and_lengths_on_the_wire(write: Write) -> None:
    """Keywords say what a frame is; of one that was cut short the IP header says how long it was; decrypted 802.11 is not protected."""
    ip = b"\x45\0" + (1234).to_bytes(2, "big") + bytes(16)
    six = b"\x60\0\0\0" + (1000).to_bytes(2, "big") + bytes(34)
    tagged = bytes(12) + b"\x81\0\0\x05\x08\0" + ip
    cases = [
        (bytes(12) + b"\x08\0" + ip, 0x2000001, 1, 1248, None),
        (bytes(12) + b"\x86\xdd" + six, 0x2000001, 1, 1054, None),
        (tagged, 0x2000001, 1, 1252, None),
        (bytes(12) + b"\x08\0" + ip, 1, 1, 34, None),
        (ip, 0x2000200, 101, 1234, None),
        (six, 0x2008000, 101, 1040, None),
        (b"\x08\x42" + bytes(30), 0x10000, 105, 32, b"\x08\x02" + bytes(30)),
    ]
    records = [record for i, case in enumerate(cases) for record in made.ndis(i, case[0], keywords=case[1])]
    read = Read(write(made.trace(records)))
    assert read.frames == [(i, link, wire, seen or frame) for i, (frame, _, link, wire, seen) in enumerate(cases)]


def test_a_packet_counts_once_however_many_layers_log_it(write: Write) -> None:
    """Of each interface the layer with most packets is taken, and what is left out is said."""
    frames = some_frames(40)
    records = [r for i, f in enumerate(frames) for layer in ((12, 13), (12, 14), (12, 15)) for r in made.ndis(10 * i, f, layer=layer)]
    records += made.ndis(1000, frames[0], layer=(12, 14))
    records += [r for i, f in enumerate(frames) for r in made.ndis(2000 + 10 * i, f, layer=(30, 31))]
    read = Read(write(made.trace(records)))
    assert [frame[3] for frame in read.frames] == [*frames, frames[0], *frames]
    assert "80 records of packets at other layers are left out, so that each packet counts once" in read.trace.notes


def test_pktmon_counts_a_packet_once(write: Write) -> None:
    """Where pktmon counts the sights of a packet the first is taken; drops are events as well; link type and length come from the event."""
    frames = some_frames(20)
    records = [
        made.pktmon(10 * i + k, frame, group=i, appearance=k + 1, component=9 + k, original=len(frame) + 5, kind=1 if i % 2 else 3)
        for i, frame in enumerate(frames)
        for k in range(4)
    ]
    records.append(made.pktmon(195, frames[-1], event_id=170, group=19, appearance=5, reason=902, component=14))
    records.append(made.pktmon(1000, frames[0], event_id=170, group=500, appearance=1, reason=902, component=14))
    read = Read(write(made.trace(records)))
    expected = [(10 * i, 1 if i % 2 else 101, len(frame) + 5, frame) for i, frame in enumerate(frames)]
    assert read.frames == [*expected, (1000, 1, len(frames[0]), frames[0])]
    assert read.events == [(195, 170), (1000, 170)]


def test_no_frame_is_shorter_than_what_there_is_of_it(write: Write) -> None:
    """Whatever the packet monitor says of its length."""
    frames = [bytes([k]) * (60 + k) for k in range(4)]
    records = [made.pktmon(k, frame, group=k, original=said) for k, (frame, said) in enumerate(zip(frames, (0, 1, 61, 70), strict=True))]
    assert [seen[2] for seen in Read(write(made.trace(records))).frames] == [60, 61, 62, 70]


def test_pktmon_without_counts_is_taken_at_the_network_card(write: Write) -> None:
    """New builds number every sight of a packet as one of its own: then the component that is a network card tells how many there were."""
    frames = some_frames(20)
    records = [made.event(0, made.PKTMON, 20, b"\x0c\0\x02\0" + "Ethernet\0\0".encode("utf-16-le"))]
    for i, frame in enumerate(frames):
        records += [made.pktmon(10 * i + k, frame, group=3 * i + k, appearance=0, component=10 + k) for k in range(3)]
    read = Read(write(made.trace(records)))
    assert [frame[3] for frame in read.frames] == frames
    assert [frame[0] for frame in read.frames] == [10 * i + 2 for i in range(20)]
    assert [interface.name for interface in read.trace.interfaces] == ["component 12, Ethernet"]


def test_frames_of_a_virtual_switch(write: Write) -> None:
    """An event 1003 has names of a port before its frame."""
    frames = some_frames(5)
    records = []
    for i, frame in enumerate(frames):
        names = "port\0nic\0type\0".encode("utf-16-le")
        data = b"\x0c\0\0\0\x0d\0\0\0\x01\0\0\0" + names + b"\x02\0\0\0" + bytes(16) + len(frame).to_bytes(4, "little") + frame + bytes(4)
        records.append(made.event(i, made.NDISCAP, 1003, data, keywords=0xC1000001))
    read = Read(write(made.trace(records)))
    assert [frame[3] for frame in read.frames] == frames


def test_pieces_of_processors_and_threads_are_not_mixed(write: Write) -> None:
    """Pieces belong together by processor and thread: idle threads all have number 0. What lacks its beginning is said, not guessed."""
    one, two = made.ndis(0, b"a" * 90, parts=3, tid=0), made.ndis(1, b"b" * 90, parts=3, tid=0, processor=1)
    third = made.ndis(2, b"c" * 90, parts=3, tid=7)
    mixed = [record for three in zip(one, two, third, strict=True) for record in three]
    orphans = made.ndis(3, b"d" * 90, parts=3, tid=5)[1:]
    unfinished = made.ndis(4, b"e" * 90, parts=3, tid=6)[:2]
    read = Read(write(made.trace([*mixed, *orphans, *unfinished])))
    assert sorted(frame[3] for frame in read.frames) == [b"a" * 90, b"b" * 90, b"c" * 90, b"e" * 60]
    assert "1 frame whose beginning is not in the trace is left out" in read.trace.notes
    assert "1 frame is without an end" in read.trace.notes


@pytest.mark.parametrize("parts", [1, 3])
def test_frames_whose_pieces_are_read_at_different_times(write: Write, monkeypatch: pytest.MonkeyPatch, parts: int) -> None:
    """However few buffers are in memory at once, frames are whole and in the order of time: those that lack a piece hold up later ones."""
    for module in (etl_finding, etl_merge):
        monkeypatch.setattr(module, "GROUP", 2048)
    frames = some_frames(200, seed=3)
    read = Read(write(made.trace(packets(frames, parts=parts), packed=True, size=1024)))
    assert read.frames == [(10 * i, 1, len(frame), frame) for i, frame in enumerate(frames)]
    assert not [note for note in read.trace.notes if "lack" in note or "left out" in note]


def test_how_many_packets_there_will_be(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """It follows at any time from how much of the file the packets so far are of, which is not how far reading is: that is done twice."""
    for module in (etl_finding, etl_merge):
        monkeypatch.setattr(module, "GROUP", 4096)
    trace = open_file(str(write(made.trace(packets(some_frames(1500, seed=4)), size=1024))))
    assert isinstance(trace, EventTrace)
    assert trace.framed == 0
    so_far, likely = 0, list[float]()
    for batch in trace.batches():
        so_far += batch.count
        likely.append(so_far * trace.size / trace.framed)
    assert trace.framed == trace.size
    assert len(likely) > 20
    assert all(1200 < packets < 1800 for packets in likely[3:])


def test_many_layers(write: Write) -> None:
    """As many interfaces as a virtual host may have: each packet of each of them counts, and each interface has its name."""
    frames = some_frames(300)
    read = Read(write(made.trace([record for i, f in enumerate(frames) for record in made.ndis(10 * i, f, layer=(i // 2, 7 + i % 2))])))
    assert [frame[3] for frame in read.frames] == frames[::2]
    assert [interface.name for interface in read.trace.interfaces] == [f"interface {i}, layer 7" for i in range(150)]


def test_more_layers_than_are_told_apart(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """No more of them are kept than that: packets of those met first are taken, whichever way they are logged, and it is said."""
    for module in (etl, etl_layers):
        monkeypatch.setattr(module, "TRACE_LAYERS", 128)
    frames = some_frames(300)
    records = [record for i, f in enumerate(frames[:200]) for record in made.ndis(10 * i, f, layer=(i, 7), parts=1 + i % 2)]
    records += [record for i, f in enumerate(frames[:200]) for record in made.ndis(10 * i + 3000, f, layer=(i, 7))]
    records += [made.pktmon(10 * i, f, group=i, component=i) for i, f in enumerate(frames[200:], 600)]
    read = Read(write(made.trace(records)))
    assert [frame[3] for frame in read.frames] == frames[:128] * 2
    assert len(read.trace.interfaces) == 128
    beyond = sum(1 + i % 2 + 1 for i in range(128, 200)) + 100
    assert f"{beyond} records of packets are left out whose layer was met after 128 others" in read.trace.notes
    assert not [note for note in read.trace.notes if "at other layers" in note]


def test_keys_that_would_collide_without_a_secret() -> None:
    """Layers, packets and threads that were chosen to lie in one place of a table are in many."""
    count = 3000
    high = np.arange(1, count + 1, dtype=np.int64)
    keys = high << 32 | high * 5 & 0x7FFFFFFF
    seed, none, link = etl_layers.new_seed(), np.zeros(count, np.uint8), np.ones(count, np.uint16)
    numbers, first = np.empty(count, np.int32), np.empty(count, np.int64)
    begun = time.process_time()
    known = np.zeros(count, np.int64), np.zeros(count, np.int64)
    assert etl_layers.number_layers(keys, none, link, seed, etl_layers.free_slots(count), *known, 0, -1, numbers) == (count, count)
    assert numbers.tolist() == list(range(count))
    sights = np.empty(count, np.uint8)
    etl_layers.first_sights(keys, 0, seed, etl_layers.free_slots(count), sights)
    assert sights.all()
    layer = np.arange(count, dtype=np.int32)
    thread, whole = layer.astype(np.int64) * 0x9E37, np.full(count, 3, np.uint8)
    joined = etl_frames.join_pieces(thread, layer, whole, 0, 1, seed, etl_layers.free_slots(count), numbers, first, none)
    assert joined == (count, count, 0, 0)
    assert time.process_time() - begun < 1.5


def test_records_between_the_packets(write: Write) -> None:
    """Other events come in the order of time, those of 32-bit programs and with something attached too."""
    frames = some_frames(50)
    dropped = made.dropped_datagram(255, 0x1234, made.sock_address("10.0.0.1", 53), 100, 2, wide=False)
    attached = made.event(
        333, made.AFD, 1002, bytes(28), attached=b"\x10\0\x01\0\x01\0\x08\0" + bytes(8) + b"\x10\0\x02\0\0\0\x08\0" + bytes(8)
    )
    read = Read(write(made.trace(sorted([*packets(frames), dropped, attached], key=lambda record: record.time), packed=True)))
    assert read.events == [(255, 1033), (333, 1002)]
    assert len(read.frames) == 50


def test_losses_are_said(write: Write) -> None:
    """Events and buffers that were lost while the trace was taken."""
    read = Read(write(made.trace(packets(some_frames(3)), lost=7, buffers_lost=2)))
    assert "7 events and 2 buffers were lost while the trace was taken" in read.trace.notes


def test_a_trace_is_a_capture_for_whoever_wants_frames(write: Write) -> None:
    """`open_capture` gives its packets like those of any other format, and a compressed file is read as well."""
    import gzip

    frames = some_frames(30)
    content = made.trace(packets(frames), packed=True)
    for compression, stored in (("", content), ("gzip", gzip.compress(content))):
        path = write(stored)
        reader = open_capture(str(path))
        assert (reader.format, reader.compression) == ("etl", compression)
        batches = list(reader.batches())
        assert sum(batch.count for batch in batches) == 30
        assert reader.position == reader.size
        assert read_frame(str(path), compression, int(batches[0].offset[3]), len(frames[3])) == frames[3]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.one_of(st.binary(max_size=40), st.tuples(st.binary(min_size=1, max_size=9), st.integers(1, 400))), max_size=30))
def test_what_was_compressed_comes_back(pieces: list[bytes | tuple[bytes, int]]) -> None:
    """Any bytes, with matches of any length, overlapping ones included."""
    data = b"".join(piece if isinstance(piece, bytes) else piece[0] * piece[1] for piece in pieces)
    assert expanded(made.plain_lz77(data), len(data)) == (data, xpress.FULL)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=300), st.integers(0, 4000))
def test_both_forms_of_the_decompressor_agree_on_anything(data: bytes, wanted: int) -> None:
    """Whatever the bytes, plain and kernel form give the same, and neither leaves the buffers."""
    kernel, plain = (np.zeros(wanted + 9, np.uint8) for _ in range(2))
    padded = np.frombuffer(data + bytes(64), np.uint8)
    ends = xpress.expand(padded.data, 0, len(data), kernel.data, 4, 4 + wanted)
    others = xpress._expand_plain(padded, 0, len(data), plain, 4, 4 + wanted)
    assert (ends[0], ends[2]) == (others[0], others[2])
    assert kernel[: ends[0]].tobytes() == plain[: ends[0]].tobytes()
    assert not kernel[:4].any()
    assert not kernel[4 + wanted :].any()


def test_a_match_of_a_length_that_needs_four_bytes() -> None:
    """A run of 100,000 equal bytes is one match."""
    data = b"x" * 100_000
    packed = made.plain_lz77(data)
    assert len(packed) < 30
    assert expanded(packed, len(data)) == (data, xpress.FULL)


def expanded(packed: bytes, length: int) -> tuple[bytes, int]:
    """The bytes that come of it, and how it ended."""
    out = np.zeros(length, np.uint8)
    (place, end, used), status = np.zeros((3, 1), np.int64), np.zeros(1, np.uint8)
    stored = np.frombuffer(packed + bytes(64), np.uint8).copy()
    one = np.ones(1, np.uint8)
    xpress.expand_buffers(stored, place, place + len(packed), one, out, place, place + length, end, used, status)
    return out[: int(end[0])].tobytes(), int(status[0])


def test_traces_of_the_packet_monitor(shared: Path) -> None:
    """The real trace of pktmon: 114 records of 38 packets, each seen at three components; all others have no packets."""
    counts = {}
    for path in sorted((shared / "corpora/etl").glob("*.etl")):
        read = Read(path)
        counts[path.name] = (len(read.frames), len(read.events))
        assert not read.damage
    assert counts["microsoft_demikernel.PktMon.etl"][0] == 38
    assert {name: events for name, (frames, events) in counts.items() if not frames} == WITHOUT_PACKETS
