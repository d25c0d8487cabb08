"""The process in which scapy opens frames may hang, crash or eat memory without harm, and does nothing else."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from decode.dissected import FRAME, names

from netsleuth_tui.decode import dissect_worker
from netsleuth_tui.decode.dissect import WORKER, Dissection, Dissector

PROMPT = 10.0
"""Seconds: far less than what hangs would take, far more than a busy machine adds."""

posix = pytest.mark.skipif(os.name == "nt", reason="POSIX processes")


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


@pytest.mark.parametrize("word", [b"sleep ", b"spin  "])
def test_a_hang_is_killed_and_the_next_frame_is_opened(hanging: Dissector, word: bytes) -> None:
    """After the time allowed there is an answer, and a new worker for the next frame."""
    hanging.dissect(FRAME, 1, timeout=20)
    started = time.monotonic()
    found = hanging.dissect(word, 1, timeout=0.3)
    assert found == Dissection(failure="took longer than 0.3 s")
    assert time.monotonic() - started < PROMPT
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
    assert time.monotonic() - started < PROMPT
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
    """Warming does not wait until the worker answers, and the first frame uses the worker that it started."""
    silent = Dissector([sys.executable, "-c", "import time; time.sleep(60)"])
    started = time.monotonic()
    silent.warm()
    assert time.monotonic() - started < PROMPT
    silent.close()
    made = Dissector()
    made.warm()
    warmed = made._worker
    assert made.dissect(FRAME, 1, timeout=20).failure == ""
    assert made._worker is warmed
    made.close()


@posix
def test_what_takes_too_long_is_opened_less_deeply(hanging: Dissector) -> None:
    """A frame whose lists take too long still gives its layers, in time, and says that there was more."""
    hanging.dissect(b"", 1, timeout=30)
    before = hanging._worker
    found = hanging.dissect(b"lists " + FRAME[6:], 1, timeout=3)
    assert found.failure == "took too long to open in full"
    assert found.clipped
    assert names(found) == ["Ethernet", "IP", "UDP", "DNS"]
    assert hanging.dissect(FRAME, 1, timeout=20).failure == ""
    assert hanging._worker is before


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
    deadline = time.monotonic() + PROMPT
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
