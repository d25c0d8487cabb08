"""The program ends on time, with the terminal as it was, in a real pseudo-terminal."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from netsleuth_tui.terminal.lifecycle import HANGUP, RESTORE, TERMINATED

pytestmark = pytest.mark.skipif(os.name == "nt", reason="pseudo-terminals and POSIX signals")

LIMIT = 2.0
"""Seconds within which the program has to be gone."""

PROGRAM = """
import os, signal, sys, termios, threading, time, tty
os.login_tty(int(sys.argv[1]))
behaviour, hangup = sys.argv[2:4]
signal.signal(signal.SIGHUP, signal.SIG_IGN if hangup == "ignored" else signal.SIG_DFL)
from netsleuth_tui.terminal.lifecycle import Ending

asked = threading.Event()
ask = {"asked": lambda code: asked.set(), "stubborn": lambda code: None}.get(behaviour)
print("still in the buffer")
try:
    with Ending(ask) as ending:
        tty.setraw(0)
        os.write(1, b"\\x1b[?1049h\\x1b[?1003hready")
        if behaviour == "asked":
            asked.wait()
        elif behaviour == "blocked":
            os.read(os.pipe()[0], 1)
        else:
            while True:
                time.sleep(0.01)
finally:
    if behaviour != "stubborn":
        with open(sys.argv[4], "w") as file:
            file.write("ended by itself")
raise SystemExit(ending.code)
"""


@dataclass
class Running:
    """A program in a terminal of its own, and what it has written."""

    process: subprocess.Popen[bytes]
    master: int
    output: bytearray = field(default_factory=bytearray)
    hung_up: bool = False

    def read_until(self, wanted: bytes) -> None:
        """Read until the program has written that."""
        deadline = time.monotonic() + 60
        while wanted not in self.output:
            assert time.monotonic() < deadline, bytes(self.output)
            self.read(0.1)

    def read(self, seconds: float) -> None:
        """Read what there is, waiting for it if need be."""
        if not self.hung_up and select.select([self.master], [], [], seconds)[0]:
            with suppress(OSError):
                self.output += os.read(self.master, 65536)

    def hang_up(self) -> None:
        """Take the terminal away."""
        os.close(self.master)
        self.hung_up = True

    def wait(self) -> tuple[int, float]:
        """The exit code, and the seconds it took."""
        started = time.monotonic()
        while self.process.poll() is None and time.monotonic() - started < 20:
            self.read(0.01)
            if self.hung_up:
                time.sleep(0.01)
        took = time.monotonic() - started
        self.read(0.1)
        return self.process.wait(0), took


@contextmanager
def running(behaviour: str, hangup: str, note: str = os.devnull) -> Iterator[Running]:
    master, slave = os.openpty()
    command = [sys.executable, "-c", PROGRAM, str(slave), behaviour, hangup, note]
    process = subprocess.Popen(command, pass_fds=[slave], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    os.close(slave)
    program = Running(process, master)
    try:
        program.read_until(b"ready")
        yield program
    finally:
        process.kill()
        process.wait()
        if not program.hung_up:
            os.close(master)


@pytest.mark.parametrize("hangup", ["default", "ignored"])
@pytest.mark.parametrize("behaviour", ["asked", "raised", "blocked", "stubborn"])
@pytest.mark.parametrize("cause", ["SIGTERM", "SIGHUP", "lost terminal"])
def test_the_end(tmp_path: Path, cause: str, behaviour: str, hangup: str) -> None:
    """Whoever ends the program, it is gone within two seconds with the right code, tidied up if it was able to."""
    note = tmp_path / "note"
    with running(behaviour, hangup, str(note)) as program:
        if cause == "lost terminal":
            program.hang_up()
        else:
            program.process.send_signal(getattr(signal, cause))
        if cause == "SIGHUP" and hangup == "ignored":
            time.sleep(0.3)
            assert program.process.poll() is None
            return
        code, took = program.wait()
    assert code == (TERMINATED if cause == "SIGTERM" else HANGUP)
    assert took < LIMIT
    if behaviour != "stubborn":
        assert note.read_text() == "ended by itself"


def test_a_stubborn_program_leaves_a_clean_terminal() -> None:
    """Modes are reset, the cursor is shown, and the line discipline is what it was before."""
    import termios

    with running("stubborn", "default") as program:
        raw = termios.tcgetattr(program.master)
        assert not raw[3] & termios.ICANON
        program.process.send_signal(signal.SIGTERM)
        code, took = program.wait()
        assert code == TERMINATED
        assert took < LIMIT
        assert bytes(program.output).endswith(RESTORE.encode())
        assert termios.tcgetattr(program.master)[3] & termios.ICANON
        assert termios.tcgetattr(program.master)[3] & termios.ECHO


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="reaches the terminal through /proc")
def test_a_stopped_terminal_does_not_keep_us() -> None:
    """Where nothing can be written, because the other end does not read, the program ends all the same."""
    with running("stubborn", "default") as program:
        flood = os.open(f"/proc/{program.process.pid}/fd/1", os.O_WRONLY | os.O_NOCTTY | os.O_NONBLOCK)
        with suppress(BlockingIOError):
            while True:
                os.write(flood, b"x" * 4096)
        os.close(flood)
        program.process.send_signal(signal.SIGTERM)
        started = time.monotonic()
        assert program.process.wait(20) == TERMINATED
        assert time.monotonic() - started < LIMIT


def test_several_requests_are_one() -> None:
    """A second signal while the program tidies up neither disturbs nor hurries it."""
    with running("raised", "default") as program:
        for _ in range(5):
            program.process.send_signal(signal.SIGTERM)
            program.process.send_signal(signal.SIGHUP)
        code, _ = program.wait()
    assert code in {TERMINATED, HANGUP}


def test_watching_costs_nothing() -> None:
    """A program that waits for its terminal takes no processor time."""
    with running("asked", "default") as program:
        time.sleep(0.2)
        before = processor_time(program.process.pid)
        time.sleep(1.2)
        assert processor_time(program.process.pid) - before <= 0.03


def processor_time(pid: int) -> float:
    stat = Path(f"/proc/{pid}/stat")
    if not stat.exists():
        pytest.skip("there is no /proc here")
    fields = stat.read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


RESTORED = """
import signal, sys
from netsleuth_tui.terminal.lifecycle import Ending, restore
before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGHUP)
with Ending(lambda code: None):
    assert signal.getsignal(signal.SIGTERM) != before[0]
assert (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGHUP)) == before
restore(0)
restore(99)
print("fine")
"""


def test_without_a_terminal() -> None:
    """Handlers come and go, and there is nothing to watch or to restore."""
    done = subprocess.run([sys.executable, "-c", RESTORED], capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    assert (done.stdout, done.stderr) == ("fine\n", "")


KEYS = """
import os, sys
os.login_tty(int(sys.argv[1]))
reader, writer = os.pipe()
os.write(writer, b"data from the pipe")
os.dup2(reader, 0)
from netsleuth_tui.terminal.lifecycle import reopen_tty
pipe = reopen_tty()
assert os.isatty(0) and not os.isatty(pipe) and not os.get_inheritable(pipe)
os.write(1, os.read(pipe, 100))
assert input() == "typed"
os.write(1, b"done")
"""


def test_keys_come_from_the_terminal_and_data_from_the_pipe() -> None:
    """With a capture on standard input the keyboard still works."""
    master, slave = os.openpty()
    process = subprocess.Popen([sys.executable, "-c", KEYS, str(slave)], pass_fds=[slave])
    os.close(slave)
    program = Running(process, master)
    program.read_until(b"data from the pipe")
    os.write(master, b"typed\n")
    program.read_until(b"done")
    assert program.wait()[0] == 0
    os.close(master)


NO_TERMINAL = """
from netsleuth_tui.errors import NetSleuthError
from netsleuth_tui.terminal.lifecycle import reopen_tty
try:
    reopen_tty()
except NetSleuthError as error:
    print(error)
"""


def test_no_terminal_to_read_keys_from() -> None:
    """Without a controlling terminal the error says what to do instead."""
    done = subprocess.run([sys.executable, "-c", NO_TERMINAL], capture_output=True, text=True, check=True, start_new_session=True)
    assert "there is no terminal to read keys from" in done.stdout
    assert "netsleuth summary -" in done.stdout


SILENT = """
import sys
from netsleuth_tui.terminal.lifecycle import silence
with silence():
    for _ in range(100_000):
        print("x" * 50)
"""


def test_a_reader_that_went_away_is_no_error() -> None:
    """A closed pipe ends the program without a word, with the code that a shell expects."""
    with subprocess.Popen([sys.executable, "-c", SILENT], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 141
