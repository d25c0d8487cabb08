"""Frames that a filter keeps, block by block: the sieve leaves nothing out, and NumPy decides as the engine does."""

from __future__ import annotations

import threading
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from query.random_filters import FILTERS as FILTERS_AT_RANDOM

from netsleuth_tui import query
from netsleuth_tui.analysis import Scope, rows_of
from netsleuth_tui.analysis.places import PlacesOf
from netsleuth_tui.decode.columns import Columns
from netsleuth_tui.extraction import extract
from netsleuth_tui.ingest import Loader, matching
from netsleuth_tui.ingest.matching import Matching
from netsleuth_tui.places import HostPlaces, open_places
from netsleuth_tui.query.sieve import sieve_of
from netsleuth_tui.readers import open_capture
from netsleuth_tui.readers.frames import FrameBatch
from netsleuth_tui.readers.opening import open_in_blocks
from netsleuth_tui.store import Store

SAMPLES = Path(__file__).resolve().parents[2] / "sample_captures"

FILTERS = (
    "ip.addr == 10.35.69.103",
    "ip.src == 10.0.0.0/8 && tcp.dstport == 443",
    "tcp.port in {80, 443, 8000..8100} || icmp",
    "udp.port == 53 or arp",
    "not tcp.port == 443",
    "all tcp.port > 1024",
    "tcp.flags.reset == 1",
    "tcp.flags & 0x12 && ip.addr != 10.35.69.103",
    "ipv6.addr == 2001:db8::/32 || ip.proto == 50",
    "ipv6.addr == fe80::1 or ip.addr in {10.1.0.7, 10.9.0.1..10.9.0.40}",
    "ip.addr > 10.200.0.0 && !(udp || tcp)",
    "esp.spi && ip.ttl < 64",
    "arp.src.proto_ipv4 == 10.1.0.7",
    "icmp.type == 11 xor ip.src == 10.1.0.1",
    "frame.number in {1, 3, 5..9}",
    '_ws.col.protocol contains "CMP"',
    "udp && udp.port >= 4500 && ip",
)
CAPTURES = ("net1_capture_v1(3).cap", "router-loop.pcapng.gz", "esp-tunnel.pcapng.gz")
FRAMES = 300
"""Of each of them that are looked at."""
FEW = 40
"""Of each where a filter is one of many."""


def kept(path: str, text: str, *, sieved: bool = True, wanted: bool = True) -> tuple[list[int], Columns]:
    """Frames of a capture that a filter keeps, by their number from 0, and their columns."""
    matching = Matching(Store(), query.alone(text), wanted=wanted)
    if not sieved:
        matching._sieve = None
    reader = open_capture(path)
    numbers: list[int] = []
    columns: list[Columns] = []
    seen = 0
    for matched in matching.of(reader.batches(), 0):
        numbers += (matched.chosen + np.uint32(seen)).tolist()
        columns.append(matched.columns.at(slice(0, len(matched.chosen))))
        seen += matched.batch.count
    return numbers, Columns._make(np.concatenate([getattr(part, name) for part in columns]) for name in Columns._fields)


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Store]:
    """The first frames of some samples, loaded as ever."""
    found = {}
    for name in CAPTURES:
        path = str(tmp_path_factory.mktemp("some") / "some.pcapng")
        extract([str(SAMPLES / name)], Scope(f"frame.number <= {FRAMES}"), path)
        store = found[path] = Store()
        Loader(store, memory=1 << 28, cancel=threading.Event(), report=lambda _: None).load([path])
        assert store.packets == FRAMES
    return found


@pytest.mark.parametrize("text", FILTERS)
def test_numpy_and_the_engine_keep_the_same_frames(loaded: dict[str, Store], text: str) -> None:
    """Of every sample, for filters of every kind; and their columns are those that loading gives."""
    for path, store in loaded.items():
        rows = rows_of(store, Scope(text))
        wanted = rows.take(0, len(rows))
        numbers, columns = kept(path, text)
        assert numbers == wanted.tolist()
        assert columns.time.tolist() == store.columns().time[wanted].tolist()
        assert columns.present.tolist() == store.columns().present[wanted].tolist()


HEADERS = st.sampled_from([b"\x08\x00", b"\x08\x06", b"\x86\xdd", b"\x81\x00\x00\x01\x08\x00", b"\x88\x47\x00\x00\x11\x40", b"\x00\x40"])
"""What follows the addresses of Ethernet."""


@st.composite
def a_frame(draw: st.DrawFn) -> bytes:
    """Ethernet with something like IP in it, that may be cut off, lie about its lengths, or be a tunnel."""
    inner = draw(st.sampled_from([6, 17, 1, 4, 41, 47, 50, 44, 132, 51, 58]))
    first = draw(st.sampled_from([0x45, 0x45, 0x45, 0x46, 0x4F, 0x42, 0x60, 0x05]))
    length = draw(st.sampled_from([0, 20, 40, 60, 0xFFFF]))
    flags = draw(st.sampled_from([0, 0x2000, 0x20, 0x4000]))
    addresses = draw(st.sampled_from([b"\x0a\x00\x00\x01", b"\x0a\x00\x00\x02"])) + draw(
        st.sampled_from([b"\x0a\x00\x00\x01", b"\xc0\0\2\1"])
    )
    four = bytes([first, 0]) + length.to_bytes(2, "big") + b"\0\1" + flags.to_bytes(2, "big") + bytes([64, inner, 0, 0]) + addresses
    six = bytes([first, 0, 0, 0]) + length.to_bytes(2, "big") + bytes([inner, 64]) + (b"\xfe\x80" + bytes(13) + b"\x01") * 2
    ports = draw(st.sampled_from([b"\0\x50\x01\xbb", b"\x11\x94\x11\x94", b"\0\x35\0\x50"]))
    rest = ports + bytes(8) + b"\x50" + bytes([draw(st.integers(0, 63))]) + bytes(20)
    whole = bytes(12) + draw(HEADERS) + draw(st.sampled_from([four, six])) + draw(st.sampled_from([rest, four + rest, six + rest]))
    return whole[: draw(st.integers(0, len(whole)))] if draw(st.booleans()) else whole


TEXTS = st.sampled_from([
    "ip.addr == 10.0.0.1", "ip.src == 10.0.0.0/30", "ip.dst == 192.0.2.1", "ipv6.addr == fe80::1", "ipv6.src == fe80::/10",
    "tcp.port == 80",
    "udp.dstport == 80", "tcp.flags.syn == 1", "tcp.flags & 0x14 == 0x14", "tcp", "udp", "icmp", "ip", "ipv6", "ip.proto == 17",
    "arp.src.proto_ipv4 == 10.0.0.1", "sctp.port == 80", "ip.addr <= 10.0.0.1", "tcp.port in {79..81, 443}",
    "udp.port == 4500 && esp", "!(ip.addr == 10.0.0.1)", "ip.addr != 10.0.0.1", "ip.src != 10.0.0.0/30", "not tcp.port == 80",
    "tcp.port != 80", "any tcp.port != 80", "all tcp.port == 80", "all tcp.port != 443", "tcp.flags & 0x12",
    "tcp.flags & 0x12 == 0x12", "!(tcp || udp)", "not ip", "!(ip.proto == 6)", "ip.addr in {10.0.0.1, 192.0.2.0..192.0.2.9}",
    "ip.addr in {10.0.0.0/30, 192.0.2.1}", "not not tcp.port in {80, 440..450}", "tcp.port == 80 || udp.port == 80",
    "!(tcp.port == 80 && ip.src == 10.0.0.1)", "ip.addr >= 192.0.2.0", "tcp xor udp", "ip.addr == 0.0.0.0",
])  # fmt: skip


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    frames=st.lists(a_frame(), min_size=1, max_size=6), texts=st.lists(TEXTS, min_size=1, max_size=3), joined=st.sampled_from(["&&", "||"])
)
def test_the_sieve_decides_as_the_filter_does(frames: list[bytes], texts: list[str], joined: str) -> None:
    """Whatever the frames are: cut off, lying, fragments, tunnels; what passes for sure is not even decoded."""
    tree = query.alone(f" {joined} ".join(f"({text})" for text in texts))
    assert tree is not None
    batch = batch_of(frames)
    assert chosen(batch, tree) == chosen(batch, tree, sieved=False)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(node=FILTERS_AT_RANDOM)
def test_the_sieve_decides_as_random_filters_do(some: list[FrameBatch], node: query.Node) -> None:
    """All of the language, on frames of samples."""
    for batch in some:
        assert chosen(batch, node) == chosen(batch, node, sieved=False)


@pytest.fixture(scope="module")
def some() -> list[FrameBatch]:
    """A few frames of each sample."""
    return [next(iter(open_in_blocks(str(SAMPLES / name), frames=FEW).batches())) for name in CAPTURES]


def batch_of(frames: list[bytes]) -> FrameBatch:
    """Ethernet frames as a reader hands them on."""
    count = len(frames)
    sizes = np.array([len(frame) for frame in frames], np.uint32)
    start = np.cumsum(np.concatenate(([0], sizes)))[:-1].astype(np.int64)
    data = np.frombuffer(b"".join(frames) + bytes(64), np.uint8)
    times, links = np.zeros(count, np.int64), np.ones(count, np.uint16)
    return FrameBatch(data, count, start, sizes, sizes, times, links, start.astype(np.uint64))


def chosen(batch: FrameBatch, tree: query.Node, *, sieved: bool = True) -> list[int]:
    """Frames that a filter keeps."""
    matching = Matching(Store(), tree, wanted=False)
    if not sieved:
        matching._sieve = None
    return matching._choose(batch)[0].tolist()


@pytest.mark.parametrize(
    "text",
    [
        "ip.addr == 10.0.0.1",
        "ip.addr != 10.0.0.1",
        "tcp.port == 443",
        "!(udp.port in {53, 4000..5000})",
        "ip && tcp.flags & 0x12",
        "tcp || udp",
    ],
)
def test_plain_frames_are_not_decoded(text: str) -> None:
    """Where the sieve is the whole filter, and the headers are whole."""
    tree = query.alone(text)
    assert tree is not None
    made = sieve_of(tree)
    assert made is not None
    assert made.is_whole
    matching = Matching(Store(), tree, wanted=False)
    matching._decoded = None  # type: ignore[assignment,method-assign]
    reader = open_in_blocks(str(SAMPLES / CAPTURES[0]), frames=FEW)
    assert len(matching._choose(next(iter(reader.batches())))[0]) <= FEW
    reader.close()


@pytest.mark.parametrize("text", ["ip.src == 10.0.0.0/9 && frame.len", 'site.dst == "left" || ip.src == 10.0.7.0/24', "ip && !udp"])
@pytest.mark.parametrize("wanted", [True, False])
def test_addresses_of_earlier_blocks_are_forgotten(text: str, wanted: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory does not grow with the file, and the same frames are kept, by place, too, with the same addresses."""
    sites = tmp_path / "sites.csv"
    sites.write_text("192.168.0.0/17,left\n192.168.128.0/17,right\n")
    found = []
    for most in (1 << 20, 100):
        monkeypatch.setattr(matching, "MOST_ADDRESSES", most)
        store = Store()
        store.places = HostPlaces(store.hosts, partial(open_places, sites=(str(sites),)))
        looking = Matching(store, query.alone(text), places=PlacesOf(store), wanted=wanted)
        looking._sieve = None
        kept_of = []
        for block in range(20):
            ends = [(i.to_bytes(3, "big"), (i * 611 % 65536).to_bytes(2, "big")) for i in range(block * 50, block * 50 + 50)]
            headers = [b"E\x00\x00\x24\0\0\0\0\x40\x06\0\0" + b"\x0a" + one + b"\xc0\xa8" + other for one, other in ends]
            matched = looking.look(batch_of([bytes(12) + b"\x08\x00" + header + bytes(16) for header in headers]), 0)
            ids = matched.columns.src[: len(matched.chosen)] if wanted else matched.chosen[:0]
            kept_of.append((matched.chosen.tolist(), store.hosts.lo[ids].tolist()))
            assert store.hosts.count <= most + 100
        found.append(kept_of)
    assert found[0] == found[1]
    assert any(numbers for numbers, _ in found[0])


@pytest.mark.sweep
def test_the_sieve_leaves_out_nothing_in_real_captures(shared: Path) -> None:
    """Every fifteenth capture of the corpus, for a filter of each kind by what occurs in it."""
    for path in sorted((shared / "corpora/captures").rglob("*.pcap"))[::15]:
        for text in (
            "ip.addr == 10.0.0.0/8",
            "ip.addr != 10.0.0.0/8",
            "!(tcp.port == 80 || udp.port == 53)",
            "tcp.port == 80 || udp.port == 53",
            "ipv6.addr == fe80::/16",
            "tcp.flags.syn == 1 and ip",
            "icmp",
        ):
            try:
                wanted = kept(str(path), text, sieved=False)[0]
                assert kept(str(path), text)[0] == wanted
                assert kept(str(path), text, wanted=False)[0] == wanted
            except query.FilterError:
                raise
            except Exception as error:
                if "UnreadableFile" not in type(error).__name__ and "need at least one array" not in str(error):
                    raise
