"""What the benchmarks share: captures to measure with, processes that are timed, and programs on a pseudo-terminal."""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import os
import pty
import re
import select
import shutil
import signal
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

REPOSITORY = Path(__file__).resolve().parents[2]

_ESCAPES = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[PX^_][^\x1b]*\x1b\\|[ -/]*[0-~])")
"""Control sequences, control strings and escape sequences of ECMA-48, and xterm's OSC."""


def program() -> list[str]:
    """How to run netsleuth: as installed beside this Python, otherwise from this checkout."""
    installed = shutil.which("netsleuth", path=str(Path(sys.executable).parent))
    return [installed] if installed else [sys.executable, "-m", "netsleuth_tui"]


@contextlib.contextmanager
def first_packets(path: Path, packets: int) -> Iterator[Path]:
    """A capture of the first packets of another one, for programs that take long."""
    with tempfile.TemporaryDirectory() as folder:
        head = Path(folder) / "head.pcap"
        subprocess.run(["editcap", "-F", "pcap", "-r", str(path), str(head), f"1-{packets}"], check=True)
        yield head


def environment(**more: str) -> dict[str, str]:
    """The environment of a measured process: one that keeps its byte code, as an installed program does."""
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**inherited, "PYTHONPATH": str(REPOSITORY), "TERM": "xterm-256color", **more}


def arguments(description: str | None) -> argparse.ArgumentParser:
    """A parser with the options that every benchmark has."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--packets", type=int, default=5_000_000, help="size of the capture that is made (default: 5000000)")
    parser.add_argument("--capture", type=Path, help="measure with this file instead")
    return parser


def capture(asked: argparse.Namespace) -> Path:
    """The capture to measure with; one that has to be made is kept in the temporary directory for the next time."""
    if asked.capture is not None:
        return Path(asked.capture)
    folder = Path(tempfile.gettempdir()) / f"netsleuth-benchmarks-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    path = folder / f"{asked.packets}.pcap"
    if not path.exists():
        made = path.with_suffix(".part")
        script = Path(__file__).with_name("make_capture.py")
        subprocess.run([sys.executable, str(script), "--packets", str(asked.packets), "-o", str(made)], check=True)
        made.replace(path)
    return path


@dataclass(frozen=True, slots=True)
class Run:
    """A process that has ended."""

    seconds: float
    """Wall clock, from before it was started until it was reaped."""
    max_rss: int
    """Bytes."""


def run(command: Sequence[str], **more: str) -> Run:
    """Run a command to its end, its output thrown away.

    Raises:
        RuntimeError: It failed.
    """
    begin = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment(**more), cwd=REPOSITORY)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - begin
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}")
    return Run(seconds, usage.ru_maxrss * 1024)


def compile_kernels() -> None:
    """Fill the cache of compiled kernels, so that what is measured is not the compiler."""
    run([sys.executable, "-c", "from netsleuth_tui import jit; jit.start(); jit.wait()"])


def spread(values: Sequence[float], unit: str = "s", digits: int = 2) -> str:
    """Median, least and greatest, for printing."""
    return f"{statistics.median(values):.{digits}f} {unit} ({min(values):.{digits}f} to {max(values):.{digits}f})"


class Terminal:
    """A program on a pseudo-terminal.

    Args:
        command: What to run.
        size: Columns and rows.
        more: Environment variables besides our own.
    """

    def __init__(self, command: Sequence[str], size: tuple[int, int] = (160, 50), more: Mapping[str, str] | None = None) -> None:
        env = environment(**(more or {}))
        columns, rows = size
        self.output = bytearray()
        self.begin = time.perf_counter()
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
            os.chdir(REPOSITORY)
            os.execvpe(command[0], list(command), env)  # noqa: S606 - no shell is wanted

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """End the program and whatever it started."""
        for sent in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, sent)
            self.drain(quiet=0.3, limit=2.0)
        os.close(self.fd)
        os.waitpid(self.pid, 0)

    @property
    def text(self) -> str:
        """Everything written so far, without escape sequences."""
        return _ESCAPES.sub(b"", bytes(self.output)).decode("utf-8", "replace")

    def read(self, timeout: float) -> int:
        """Read what is there, waiting at most so many seconds for the first byte. Returns the number of bytes, 0 for none."""
        if not select.select([self.fd], [], [], timeout)[0]:
            return 0
        try:
            data = os.read(self.fd, 1 << 16)
        except OSError:  # the program has closed its end
            time.sleep(timeout)
            return 0
        self.output += data
        return len(data)

    def wait_for(self, pattern: str, limit: float) -> float:
        """Seconds from the start of the program until its output matches.

        Raises:
            TimeoutError: It does not within `limit` seconds.
        """
        return self.wait_until(lambda: re.search(pattern, self.text) is not None, limit, pattern)

    def wait_until(self, holds: Callable[[], bool], limit: float, what: str) -> float:
        """Seconds from the start of the program until `holds`, which is asked after every piece of output.

        Raises:
            TimeoutError: It does not within `limit` seconds.
        """
        while not (self.read(0.005) and holds()):
            if time.perf_counter() - self.begin > limit:
                raise TimeoutError(f"no {what!r} after {limit} s; the last that was written: {self.text[-300:]!r}")
        return time.perf_counter() - self.begin

    def send(self, keys: bytes) -> None:
        """Type."""
        os.write(self.fd, keys)

    def drain(self, quiet: float, limit: float) -> tuple[int, float, float]:
        """Read until `quiet` seconds of silence, or `limit` seconds in all.

        Returns:
            Bytes, seconds to the first of them, seconds to the last.
        """
        begin = last = time.perf_counter()
        count, first = 0, 0.0
        while time.perf_counter() - last < quiet and time.perf_counter() - begin < limit:
            if got := self.read(0.01):
                last = time.perf_counter()
                first = first or last - begin
                count += got
        return count, first, last - begin

    def settle(self, limit: float = 120.0) -> None:
        """Wait until the program has been idle for two seconds: less than a tenth of a second of processor time in them."""
        end = time.perf_counter() + limit
        before = self.processor_seconds()
        while time.perf_counter() < end:
            self.drain(quiet=2.0, limit=2.0)
            now = self.processor_seconds()
            if now - before < 0.1 and now > 0.3:
                return
            before = now
        raise TimeoutError(f"still busy after {limit} s")

    def processor_seconds(self) -> float:
        """Processor time that the program has taken so far."""
        fields = Path(f"/proc/{self.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory(self) -> dict[str, int]:
        """VmRSS and VmHWM of the program, in bytes."""
        status = Path(f"/proc/{self.pid}/status").read_text(encoding="ascii")
        return {name: int(kib) * 1024 for name, kib in re.findall(r"^(VmRSS|VmHWM):\s+(\d+) kB", status, re.MULTILINE)}
