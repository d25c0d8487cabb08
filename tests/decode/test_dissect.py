"""One frame opened by scapy: layers, fields, their places, and what is left out where there is too much."""

from __future__ import annotations

import random
import struct
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from decode.dissected import DNS, ETHERNET, FRAME, IPV4, UDP, names

from netsleuth_tui.decode import scapy_layers
from netsleuth_tui.decode.dissect import Dissector
from netsleuth_tui.decode.scapy_layers import MAX_FIELDS, MAX_FRAME, MAX_LAYERS, MAX_VALUE
from netsleuth_tui.linktypes import NETMON_WLAN
from netsleuth_tui.readers import UnreadableFile, open_capture

LINK_TYPES = (NETMON_WLAN, *sorted(scapy_layers._LINK_LAYERS), 12, 14, 101, 147, 65535)


@pytest.fixture(scope="module")
def dissector() -> Iterator[Dissector]:
    made = Dissector()
    yield made
    made.close()


def test_the_radio_data_of_network_monitor_are_a_layer(dissector: Dissector) -> None:
    """802.11 follows where the metadata say that they end, and has its place in the frame."""
    metadata = struct.pack("<BHIIIIiBQ", 2, 34, 1, 2, 4, 6, -51, 108, 7) + b"xx"
    found = dissector.dissect(metadata + b"\x80\x00" + bytes(34), NETMON_WLAN, timeout=10)
    assert names(found)[:2] == ["Network Monitor 802.11", "802.11"]
    assert [(layer.offset, layer.length) for layer in found.layers][:2] == [(0, 34), (34, 24)]
    assert {field.name: field.value for field in found.layers[0].fields}["rssi"] == "-51"


def test_layers_and_fields(dissector: Dissector) -> None:
    """Every layer and field has its name, its value, and its place in the frame."""
    found = dissector.dissect(FRAME, 1, timeout=10)
    assert (found.failure, found.clipped) == ("", False)
    assert names(found) == ["Ethernet", "IP", "UDP", "DNS"]
    assert [(layer.offset, layer.length) for layer in found.layers] == [(0, 14), (14, 20), (34, 8), (42, 33)]
    fields = {f"{layer.name}.{field.name}": field for layer in found.layers for field in layer.fields}
    expected = {
        "Ethernet.src": ("66:77:88:99:aa:bb", 6, 6),
        "Ethernet.type": ("IPv4", 12, 2),
        "IP.version": ("4", 14, 1),
        "IP.ihl": ("5", 14, 1),
        "IP.proto": ("udp", 23, 1),
        "IP.dst": ("10.0.0.2", 30, 4),
        "UDP.len": ("41", 38, 2),
        "DNS.rd": ("1", 44, 1),
        "DNS.qd[0].qname": ("b'www.example.com.'", 54, 17),
        "DNS.qd[0].qtype": ("A", 71, 2),
    }
    assert {name: (fields[name].value, fields[name].offset, fields[name].length) for name in expected} == expected


def test_places_are_those_of_the_bytes(dissector: Dissector) -> None:
    """Where an offset is stated for an address, the frame holds it there."""
    for layer in dissector.dissect(FRAME, 1, timeout=10).layers:
        for field in layer.fields:
            if field.name in {"src", "dst"} and layer.name == "IP":
                assert ".".join(map(str, FRAME[field.offset : field.offset + field.length])) == field.value
            if layer.name == "Ethernet" and field.name in {"src", "dst"}:
                assert FRAME[field.offset : field.offset + field.length].hex(":") == field.value


def test_padding_is_found_at_the_end(dissector: Dissector) -> None:
    """Bytes behind the IP packet are padding, with their place."""
    found = dissector.dissect(FRAME + b"\xee" * 9, 1, timeout=10)
    last = found.layers[-1]
    assert (last.name, last.offset, last.length) == ("Padding", len(FRAME), 9)


@pytest.mark.parametrize(
    ("link_type", "header", "layers"),
    [
        (0, "02000000", ["Loopback", "IP", "UDP", "DNS"]),
        (108, "00000002", None),
        (12, "", ["IP", "UDP", "DNS"]),
        (14, "", ["IP", "UDP", "DNS"]),
        (101, "", ["IP", "UDP", "DNS"]),
        (228, "", ["IP", "UDP", "DNS"]),
        (9, "ff030021", ["HDLC", "PPP Link Layer", "IP", "UDP", "DNS"]),
        (113, "0000 0001 0006 001122334455 0000 0800", ["cooked linux", "IP", "UDP", "DNS"]),
        (276, "0800 0000 00000001 0001 00 06 0011223344550000", ["cooked linux v2", "IP", "UDP", "DNS"]),
        (1, "001122334455 66778899aabb 8100 0064 0800", ["Ethernet", "802.1Q", "IP", "UDP", "DNS"]),
        (1, "001122334455 66778899aabb 8847 00064140 00065140", None),
        (147, "", ["Raw"]),
    ],
)
def test_link_types(dissector: Dissector, link_type: int, header: str, layers: list[str] | None) -> None:
    """Every link type that carries IP leads to it; an unknown one is all payload."""
    found = dissector.dissect(bytes.fromhex(header.replace(" ", "")) + IPV4 + UDP + DNS, link_type, timeout=10)
    assert found.failure == ""
    if layers is None:
        assert {"IP", "UDP"} <= set(names(found)) or "MPLS" in names(found)
    else:
        assert names(found) == layers


def test_every_kind_of_capture(dissector: Dissector, shared: Path) -> None:
    """A few frames of real captures of every link type there is are opened without a failure, fuzzers' leftovers aside."""
    failures = 0
    opened: Counter[int] = Counter()
    raw: Counter[int] = Counter()
    for path in sorted((shared / "corpora" / "captures").rglob("*")):
        if not path.is_file() or path.stat().st_size > 300_000:
            continue
        for link_type, frame in first_frames(path, 3):
            if opened[link_type] == 24:
                break
            found = dissector.dissect(frame, link_type, timeout=10)
            assert found.failure == "" or found.failure.startswith("not understood"), (path, link_type, found.failure)
            failures += found.failure != ""
            assert found.layers or not frame, (path, link_type)
            assert sum(layer.length for layer in found.layers if layer.length > 0) <= len(frame), path
            opened[link_type] += 1
            raw[link_type] += names(found)[:1] == ["Raw"]
    assert sum(opened.values()) > 100
    assert failures < 0.02 * sum(opened.values())
    for link_type in (0, 1, 9, 101, 105, 113, 127, 192, 228, 229, 276):
        assert raw[link_type] < opened[link_type], link_type


def first_frames(path: Path, count: int) -> list[tuple[int, bytes]]:
    try:
        capture = open_capture(str(path))
    except UnreadableFile:
        return []
    for batch in capture.batches():
        frames = []
        for i in range(min(batch.count, count)):
            start = int(batch.start[i])
            frames.append((int(batch.link_type[i]), batch.data[start : start + int(batch.cap_len[i])].tobytes()))
        capture.close()
        return frames
    capture.close()
    return []


@pytest.mark.parametrize("link_type", LINK_TYPES)
def test_garbage(dissector: Dissector, link_type: int) -> None:
    """Random bytes, and good frames with damage, are answered for every link type by the same living worker."""
    dissector.dissect(b"", 1, timeout=30)
    before = dissector._worker
    choose = random.Random(link_type)  # noqa: S311 - not for secrets
    for attempt in range(24):
        frame = bytearray(choose.randbytes(choose.choice([0, 1, 3, 17, 60, 300])) if attempt % 2 else FRAME)
        for _ in range(choose.randrange(4)):
            if frame:
                frame[choose.randrange(len(frame))] = choose.choice([0, 1, 0x7F, 0x80, 0xFF])
        found = dissector.dissect(bytes(frame[: choose.randrange(len(frame) + 1)] if attempt % 3 else frame), link_type, timeout=20)
        assert "stopped" not in found.failure
        assert "took longer" not in found.failure
    assert dissector._worker is before


def test_several_threads(dissector: Dissector) -> None:
    """Requests of several threads are answered one by one, each with its own frame."""
    wrong: list[int] = []

    def ask(port: int) -> None:
        for _ in range(10):
            frame = ETHERNET + IPV4 + struct.pack(">HHHH", port, port, 8, 0)
            found = dissector.dissect(frame, 1, timeout=20)
            ports = [field.value for field in found.layers[2].fields if field.name == "sport"]
            if ports != [str(port)]:
                wrong.append(port)

    threads = [threading.Thread(target=ask, args=(port,)) for port in range(60_000, 60_004)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_many_layers(dissector: Dissector) -> None:
    """Layers are followed up to a limit, and the answer says that there were more."""
    found = dissector.dissect(bytes(12) + bytes.fromhex("81000001") * 300 + bytes(64), 1, timeout=20)
    assert len(found.layers) <= MAX_LAYERS
    assert found.clipped or found.layers[-1].name == "Raw"
    inner = IPV4[:9] + b"\x04" + IPV4[10:]
    assert len(dissector.dissect(inner * 200, 228, timeout=20).layers) <= MAX_LAYERS


def dns_frame(message: bytes) -> bytes:
    lengths = struct.pack(">H", 28 + len(message)), struct.pack(">HH", 8 + len(message), 0)
    return ETHERNET + IPV4[:2] + lengths[0] + IPV4[4:] + UDP[:4] + lengths[1] + message


def test_many_fields_and_long_values(dissector: Dissector) -> None:
    """A layer has a limited number of fields and a value a limited length, and the answer says that something was left out."""
    answers = (b"\x01a\0" + bytes.fromhex("00010001 00000001 0004 01020304")) * 2000
    frame = dns_frame(bytes.fromhex("0001 8180 0000 07d0 0000 0000") + answers)
    found = dissector.dissect(frame, 1, timeout=20)
    assert found.clipped
    assert max(len(layer.fields) for layer in found.layers) == MAX_FIELDS
    found = dissector.dissect(b"\xff" * (MAX_FRAME + 10), 147, timeout=20)
    assert found.clipped
    assert len(found.layers[0].fields[0].value) == MAX_VALUE


def test_deep_nesting(dissector: Dissector) -> None:
    """Tunnels in tunnels end in payload, not in a crash."""
    inner = IPV4[:9] + b"\x04" + IPV4[10:]
    assert dissector.dissect(ETHERNET + inner * 3000, 1, timeout=20).layers
