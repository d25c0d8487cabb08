"""One frame opened by scapy, in a process that may hang, crash or eat memory without harm."""

from __future__ import annotations

import os
import random
import signal
import struct
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from netsleuth_tui.decode import dissect_worker, scapy_layers
from netsleuth_tui.decode.dissect import WORKER, Dissection, Dissector
from netsleuth_tui.decode.scapy_layers import MAX_FIELDS, MAX_FRAME, MAX_LAYERS, MAX_VALUE
from netsleuth_tui.readers import UnreadableFile, open_capture

ETHERNET = bytes.fromhex("001122334455 66778899aabb 0800")
IPV4 = bytes.fromhex("4500003d 00010000 40110000 0a000001 0a000002")
UDP = bytes.fromhex("00350035 00290000")
DNS = bytes.fromhex("0001 0100 0001 0000 0000 0000") + b"\x03www\x07example\x03com\0" + bytes.fromhex("0001 0001")
FRAME = ETHERNET + IPV4 + UDP + DNS

LINK_TYPES = (*sorted(scapy_layers._LINK_LAYERS), 12, 14, 101, 147, 65535)

posix = pytest.mark.skipif(os.name == "nt", reason="POSIX processes")


@pytest.fixture(scope="module")
def dissector() -> Iterator[Dissector]:
    made = Dissector()
    yield made
    made.close()


@pytest.fixture
def hanging(tmp_path: Path) -> Iterator[Dissector]:
    """A worker in which a frame that begins with a known word makes scapy do something terrible."""
    script = tmp_path / "worker.py"
    script.write_text(TERRIBLE.format(root=WORKER[-1]))
    made = Dissector([sys.executable, "-P", str(script)])
    yield made
    made.close()


TERRIBLE = """
import os, socket, subprocess, sys, time
sys.path.insert(0, {root!r})
from netsleuth_tui.decode import dissect_worker, scapy_layers
ordinary = scapy_layers.dissect

def dissect(frame, link_type, **options):
    word = frame[:6]
    if word == b"sleep ":
        time.sleep(60)
    elif word == b"spin  ":
        while True:
            pass
    elif word == b"lists ":
        while not options:
            pass
    elif word == b"exit  ":
        os._exit(7)
    elif word == b"memory":
        kept = []
        try:
            while True:
                kept.append(bytearray(1 << 24))
        except MemoryError:
            return {{"layers": [["kept", len(kept), 0, []]], "failure": "", "clipped": False}}
    elif word == b"print ":
        print("x" * 100_000, flush=True)
    elif word == b"babble":
        os.write(4, b"x" * 100)
    elif word == b"doors ":
        failed = []
        for name, attempt in (("file", write), ("socket", socket.socket), ("process", run)):
            try:
                attempt()
            except OSError:
                failed.append(name)
        return {{"layers": [], "failure": " ".join(failed), "clipped": False}}
    return ordinary(frame, link_type, **options)

def write():
    with open(frame_file, "w") as file:
        file.write("x")

def run():
    subprocess.run(["true"])

frame_file = os.path.join(os.path.dirname(__file__), "written")
scapy_layers.dissect = dissect
dissect_worker.main()
"""


def names(dissection: Dissection) -> list[str]:
    return [layer.name for layer in dissection.layers]


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


@pytest.mark.parametrize("word", [b"sleep ", b"spin  "])
def test_a_hang_is_killed_and_the_next_frame_is_opened(hanging: Dissector, word: bytes) -> None:
    """After the time allowed there is an answer, and a new worker for the next frame."""
    hanging.dissect(FRAME, 1, timeout=20)
    started = time.monotonic()
    found = hanging.dissect(word, 1, timeout=0.3)
    assert found == Dissection(failure="took longer than 0.3 s")
    assert time.monotonic() - started < 1.5
    assert names(hanging.dissect(FRAME, 1, timeout=20)) == ["Ethernet", "IP", "UDP", "DNS"]


@posix
def test_a_death_is_told_and_the_next_frame_is_opened(hanging: Dissector) -> None:
    """A worker that ends by itself, or is killed while idle, is replaced."""
    assert hanging.dissect(b"exit  ", 1, timeout=20).failure == "stopped: ended with code 7"
    assert names(hanging.dissect(FRAME, 1, timeout=20)) == ["Ethernet", "IP", "UDP", "DNS"]
    assert hanging._worker
    os.kill(hanging._worker._process.pid, signal.SIGKILL)
    hanging._worker._process.wait()
    assert names(hanging.dissect(FRAME, 1, timeout=20)) == ["Ethernet", "IP", "UDP", "DNS"]


@pytest.mark.skipif(sys.platform != "linux", reason="address space limits hold on Linux")
def test_memory_is_limited(hanging: Dissector) -> None:
    """A worker that wants all the memory gets less than a gigabyte."""
    found = hanging.dissect(b"memory", 1, timeout=20)
    assert found.failure == ""
    assert 0 < found.layers[0].offset < 64


@posix
def test_no_files_sockets_or_processes(hanging: Dissector, tmp_path: Path) -> None:
    """Once scapy is loaded the worker can neither write, nor connect, nor start anything."""
    assert hanging.dissect(b"doors ", 1, timeout=20).failure == "file socket process"
    assert not (tmp_path / "written").exists() or (tmp_path / "written").stat().st_size == 0


def test_prints_do_not_reach_the_pipe(hanging: Dissector) -> None:
    """What scapy prints is lost, and the answer is whole."""
    assert hanging.dissect(b"print " + FRAME, 1, timeout=20).failure == ""


@posix
def test_an_answer_that_is_none(hanging: Dissector) -> None:
    """Bytes that are no reply end the worker, not the program."""
    assert hanging.dissect(b"babble", 1, timeout=20).failure.startswith("stopped")
    assert hanging.dissect(FRAME, 1, timeout=20).failure == ""


def test_close_ends_a_request_that_hangs(hanging: Dissector) -> None:
    """Closing does not wait for the frame that is being opened, and nothing is opened afterwards."""
    hanging.dissect(FRAME, 1, timeout=20)
    answers: list[Dissection] = []
    waiting = threading.Thread(target=lambda: answers.append(hanging.dissect(b"sleep ", 1, timeout=30)))
    waiting.start()
    time.sleep(0.2)
    started = time.monotonic()
    hanging.close()
    waiting.join()
    assert time.monotonic() - started < 1.5
    assert answers == [Dissection(failure="was closed")]
    assert hanging.dissect(FRAME, 1) == Dissection(failure="was closed")
    hanging.close()


def test_a_worker_that_cannot_start() -> None:
    """Without the program, or with one that ends at once, the answer says so."""
    assert "cannot be started" in Dissector(["/no/such/program"]).dissect(FRAME, 1).failure
    broken = Dissector([sys.executable, "-c", "raise SystemExit(3)"])
    assert broken.dissect(FRAME, 1).failure == "stopped: ended with code 3"
    broken.close()
    Dissector(["/no/such/program"]).warm()


def test_warm_does_not_wait() -> None:
    """Warming returns before scapy is loaded, and the first frame uses the worker that it started."""
    made = Dissector()
    started = time.monotonic()
    made.warm()
    assert time.monotonic() - started < 0.3
    warmed = made._worker
    assert made.dissect(FRAME, 1, timeout=20).failure == ""
    assert made._worker is warmed
    made.close()


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


@posix
def test_what_takes_too_long_is_opened_less_deeply(hanging: Dissector) -> None:
    """A frame whose lists take too long still gives its layers, in time, and says that there was more."""
    hanging.dissect(b"", 1, timeout=30)
    before = hanging._worker
    found = hanging.dissect(b"lists " + FRAME[6:], 1, timeout=2)
    assert found.failure == "took too long to open in full"
    assert found.clipped
    assert names(found) == ["Ethernet", "IP", "UDP", "DNS"]
    assert hanging.dissect(FRAME, 1, timeout=20).failure == ""
    assert hanging._worker is before


def test_deep_nesting(dissector: Dissector) -> None:
    """Tunnels in tunnels end in payload, not in a crash."""
    inner = IPV4[:9] + b"\x04" + IPV4[10:]
    assert dissector.dissect(ETHERNET + inner * 3000, 1, timeout=20).layers


ORPHAN = """
import sys, threading
from netsleuth_tui.decode.dissect import Dissector
made = Dissector(sys.argv[1:])
threading.Thread(target=made.warm).start()
made.dissect(b"", 1)
print(made._worker._process.pid, flush=True)
made.dissect(b"spin  ", 1, timeout=60)
"""


@posix
def test_the_worker_ends_with_its_parent(hanging: Dissector) -> None:
    """A parent that is killed leaves no worker behind, not even one that hangs."""
    parent = subprocess.Popen([sys.executable, "-c", ORPHAN, *hanging._command], stdout=subprocess.PIPE, text=True)
    assert parent.stdout
    worker = int(parent.stdout.readline())
    time.sleep(0.3)
    parent.kill()
    parent.wait()
    parent.stdout.close()
    deadline = time.monotonic() + 2
    while time.monotonic() < deadline and is_running(worker):
        time.sleep(0.02)
    assert not is_running(worker)


def is_running(pid: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_the_worker_touches_nothing_of_the_user(tmp_path: Path) -> None:
    """Neither scapy's configuration nor its pickled caches are read or written, and no network socket is opened."""
    script = tmp_path / "home" / ".config" / "scapy" / "prestart.py"
    script.parent.mkdir(parents=True)
    script.write_text("raise SystemExit(9)")
    before = sorted(tmp_path.rglob("*"))
    watch = "lambda event, _: event in ('socket.bind', 'socket.connect', 'pickle.find_class') and os._exit(9)"
    run = f"import os, sys; sys.addaudithook({watch}); {WORKER[-2]}"
    environment = {"HOME": str(tmp_path / "home"), "PATH": os.environ["PATH"]}
    request = dissect_worker.REQUEST.pack(1, len(FRAME), 10.0) + FRAME
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-P", "-c", run, WORKER[-1]], env=environment, **pipes) as worker:
        assert worker.stdin
        assert worker.stdout
        worker.stdin.write(request)
        worker.stdin.flush()
        for expected in (b"ready", b"www.example.com"):
            (length,) = dissect_worker.LENGTH.unpack(worker.stdout.read(4))
            assert expected in worker.stdout.read(length)
    assert worker.returncode == 0
    assert sorted(tmp_path.rglob("*")) == before


def test_scapy_stays_in_the_worker() -> None:
    """The program itself never imports scapy."""
    code = (
        "import sys, netsleuth_tui.decode.dissect as d; x = d.Dissector(); x.dissect(b'', 1, 20); x.close(); print('scapy' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
