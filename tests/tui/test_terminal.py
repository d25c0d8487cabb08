"""The app in a real terminal: what it sends, how it ends, and what the shell is told."""

from __future__ import annotations

import os
import re
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

pty = pytest.importorskip("pty", reason="no pseudo-terminals on this system")

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = """
import sys
from netsleuth_tui.session import Session
from netsleuth_tui.tui import run
sys.exit(run(sys.argv[1:], Session))
"""

LIMIT = 2.0
"""Seconds after a signal within which the program has to be gone."""

ALLOWED = re.compile(
    rb"\x1b\[[0-9;]*m"  # style
    rb"|\x1b\[[0-9;]*[HC]"  # place
    rb"|\x1b\[\?(?:1049|25|1000|1002|1003|1004|1005|1006|1015|1016|2004|2026|2031|2048|7)[hl]"  # modes that are set and undone
    rb"|\x1b\[\?2026\$p|\x1b\[\?2048\$p"  # questions about modes
    rb"|\x1b\[[<>=][0-9;]*u|\x1b\[\?u"  # keyboard
    rb"|\x1b\]22;[a-z]*\x07"  # shape of the mouse pointer
    rb"|\x1b\[c|\x1b\[>[0-9]*q|\x1b\[14t|\x1b\[16t|\x1b\[2J|\x1b\[K"
)
PRINTABLE = re.compile(rb"[^\x00-\x1f\x7f]+|\n|\r")

FRAME = (
    bytes(12) + b"\x08\x00\x45" + bytes(7) + b"\x40\x11" + bytes(2) + b"\x0a\x00\x00\x01\x0a\x00\x00\x02" + b"\x00\x35\x00\x36" + bytes(4)
)


def capture(path: Path, payload: bytes = b"", tail: bytes = b"") -> Path:
    """A pcap of 200 frames."""
    frame = FRAME + payload
    records = b"".join(struct.pack("<IIII", 1_773_144_000 + k, 0, len(frame), len(frame)) + frame for k in range(200))
    path.write_bytes(struct.pack("<IHHIIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1) + records + tail)
    return path


class Terminal:
    """A program behind a pseudo-terminal of 160 columns and 50 lines."""

    def __init__(self, *arguments: str, script: str = SCRIPT) -> None:
        import fcntl
        import termios

        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 160, 0, 0))

        def begin() -> None:
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)
            signal.signal(signal.SIGHUP, signal.SIG_DFL)  # which nohup has ignored

        environment = {**os.environ, "TERM": "xterm-256color", "PYTHONPATH": str(ROOT)}
        environment.pop("COLUMNS", None)
        self.process = subprocess.Popen(
            [sys.executable, "-c", script, *arguments], stdin=slave, stdout=slave, stderr=slave, env=environment, start_new_session=True,
            preexec_fn=begin,  # noqa: PLW1509 - no threads here
        )  # fmt: skip
        os.close(slave)
        self.output = b""

    def read(self, seconds: float) -> bool:
        """Take what there is; False at the end."""
        import select

        if select.select([self.master], [], [], seconds)[0]:
            try:
                data = os.read(self.master, 1 << 16)
            except OSError:
                return False
            self.output += data
            return bool(data)
        return True

    def until(self, text: bytes, seconds: float = 60.0) -> None:
        """Wait until `text` was sent."""
        end = time.monotonic() + seconds
        while text not in self.output:
            assert time.monotonic() < end, self.output[-2000:]
            assert self.read(0.2), self.output[-2000:]

    def quiet(self) -> None:
        """Wait until nothing more is sent, but not for ever."""
        end = time.monotonic() + 1.0
        before = -1
        while before < len(self.output) and time.monotonic() < end:
            before = len(self.output)
            self.read(0.2)

    def send(self, keys: bytes) -> None:
        """Press keys."""
        os.write(self.master, keys)

    def end(self, seconds: float = 60.0) -> int:
        """Take the rest, and the exit code, within some time after this call."""
        end = time.monotonic() + seconds
        while self.process.poll() is None and time.monotonic() < end:
            self.read(0.05)
        assert self.process.poll() is not None, "still running"
        while self.read(0.1) and time.monotonic() < end + 1:
            pass
        return self.process.returncode


@contextmanager
def terminal(*arguments: str, script: str = SCRIPT) -> Iterator[Terminal]:
    """A terminal that is gone afterwards."""
    it = Terminal(*arguments, script=script)
    try:
        yield it
    finally:
        if it.process.poll() is None:
            it.process.kill()
        it.process.wait()
        if it.master >= 0:
            os.close(it.master)


def restored(output: bytes) -> bool:
    """The main screen, a cursor, no mouse."""
    last = {mode: output.rfind(b"\x1b[?%dh" % mode) <= output.rfind(b"\x1b[?%dl" % mode) for mode in (1049, 1000, 1003)}
    return all(last.values()) and output.rfind(b"\x1b[?25h") > output.rfind(b"\x1b[?25l")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_ends_it_in_time_with_the_terminal_restored(tmp_path: Path, number: signal.Signals, code: int) -> None:
    """SIGTERM and SIGHUP: within 2 s, main screen, no mouse, and the code that shells know."""
    with terminal(str(capture(tmp_path / "a.pcap"))) as it:
        it.until(b"200 packets")
        it.process.send_signal(number)
        assert it.end(LIMIT) == code
        assert restored(it.output)


def test_a_lost_terminal_ends_it(tmp_path: Path) -> None:
    """The other end of the terminal goes away: no orphan stays behind."""
    with terminal(str(capture(tmp_path / "a.pcap"))) as it:
        it.until(b"200 packets")
        os.close(it.master)
        it.master = -1
        it.process.wait(LIMIT)
        assert it.process.returncode != 0


@pytest.mark.parametrize("key", [b"q", b"\x03", b"\x11"])
def test_quit_keys_end_it(tmp_path: Path, key: bytes) -> None:
    """q, Ctrl+C and Ctrl+Q: exit code 0, nothing on stderr after the screen."""
    with terminal(str(capture(tmp_path / "a.pcap"))) as it:
        it.until(b"200 packets")
        it.send(key)
        assert it.end() == 0
        assert restored(it.output)
        assert it.output.endswith((b"l", b"h"))


def test_only_known_sequences_are_sent(tmp_path: Path) -> None:
    """A capture full of escape sequences, in every pane: nothing but styles, places and the modes that are undone at the end."""
    path = capture(
        tmp_path / "\x1b]0;owned\x07[bold].pcap", payload=b"\x1b]52;c;aGFja2Vk\x07\x9b31m[@click=app.quit]x[/]" * 4, tail=b"\x1b[2J" * 8
    )
    with terminal(str(path)) as it:
        it.until(b"200 packets")
        for keys in (
            b"\x1b[B",
            b"\r",
            b"\r",
            b"\x1b[B",
            b"v",
            b"v",
            b"n",
            b"n",
            b"?",
            b"?",
            b"f",
            b"b",
            b"t",
            b"1",
            b"G",
            b"/",
            b"\x1b]x",
            b"\r",
        ):
            it.send(keys)
            it.quiet()
        it.process.send_signal(signal.SIGTERM)
        it.end()
    rest, at = it.output, 0
    while at < len(rest):
        found = PRINTABLE.match(rest, at) or ALLOWED.match(rest, at)
        assert found, rest[max(at - 40, 0) : at + 40]
        at = found.end()
    text = ALLOWED.sub(b"", rest).decode("utf-8").replace("\n", "").replace("\r", "")
    assert text.isprintable()  # which C1 characters are not
    assert "␛]0;owned␇" in text


def test_damage_gives_3_and_says_where(tmp_path: Path) -> None:
    """The good packets are shown; the shell learns of the damage, on stderr and by the exit code."""
    with terminal(str(capture(tmp_path / "a.pcap", tail=b"\xff" * 20))) as it:
        it.until(b"200 packets")
        it.until(b"1 note")
        it.send(b"q")
        assert it.end() == 3
        assert b"damaged at byte" in it.output[it.output.rfind(b"\x1b[?1049l") :]


def test_nothing_to_open_gives_1_and_says_why(tmp_path: Path) -> None:
    """The app leaves at once; what was wrong is on the terminal afterwards."""
    with terminal(str(tmp_path / "absent.pcap")) as it:
        assert it.end() == 1
        assert restored(it.output)
        assert b"absent.pcap" in it.output[it.output.rfind(b"\x1b[?1049l") :]


CRASH = """
import sys
from netsleuth_tui.session import Session
from netsleuth_tui.tui import run
from netsleuth_tui.tui.widgets.facets import Facets
def broken(self, seen, result):
    secret = "a-secret-of-the-capture"
    raise ValueError("a fault")
Facets.answer = broken
sys.exit(run(sys.argv[1:], Session))
"""


def test_a_crash_is_short_and_keeps_secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One line, a report that only the user can read, no local variables, exit code 1."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with terminal(str(capture(tmp_path / "a.pcap")), script=CRASH) as it:
        assert it.end() == 1
        assert restored(it.output)
        said = it.output[it.output.rfind(b"\x1b[?1049l") :]
        assert b"internal error: ValueError: a fault" in said
        assert b"a-secret" not in it.output
        report = next(tmp_path.glob("netsleuth-crash-*"))
        assert report.stat().st_mode & 0o777 == 0o600
        assert "a-secret" not in report.read_text().replace('secret = "a-secret-of-the-capture"', "")


def test_a_pipe_is_no_screen(tmp_path: Path) -> None:
    """Without a terminal there is an explanation instead of control sequences."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(capture(tmp_path / "a.pcap"))],
        capture_output=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert done.returncode != 0
    assert b"cannot show a screen" in done.stderr
    assert b"\x1b[?1049h" not in done.stdout + done.stderr


def test_a_capture_from_a_pipe_leaves_the_keyboard(tmp_path: Path) -> None:
    """`cat FILE | netsleuth -`: the capture comes from the pipe, the keys from the terminal."""
    path = capture(tmp_path / "a.pcap")
    script = (
        f"import os, subprocess; r = subprocess.Popen(['cat', {str(path)!r}], stdout=subprocess.PIPE); os.dup2(r.stdout.fileno(), 0)\n"
        + SCRIPT
    )
    with terminal("-", script=script) as it:
        it.until(b"200 packets")
        it.send(b"q")
        assert it.end() == 0
