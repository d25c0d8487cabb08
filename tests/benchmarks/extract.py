"""Measures `netsleuth extract` of one address as a whole process, in turn with `tcpdump -r … host X -w`, and against `tshark -r -Y -w`.

usage: extract.py [--packets 10500000] [--capture FILE] [--address 10.30.8.35] [--pairs 5] [--head 200000] [--files 10] [--touch 0]

First one capture, of 1 GB unless another is asked for, then ten of 100 MB: extracted by one core and by two, beside a tcpdump for each of
them, and loaded (`netsleuth summary`) by one core and by two, each also without what it takes to start: the same command on a capture of
2000 packets, in the same turn. tshark gets the first packets of the same file, because all of them would
take minutes; its packets per second are compared. Both the time on the clock and that of the processor are told: other work on the
machine counts less in the second. A virtual machine may have to ask its host for memory that nothing has used for a while, which takes up
to some seconds per GB and is none of the program's work: with `--touch 3` so many GiB are used and given back before each process that is
measured by one core and by two. Needs tcpdump, tshark, capinfos, editcap and taskset.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench import arguments, capture, compile_kernels, environment, program

ONE_CORE = ("taskset", "-c", "0")
TWO_CORES = ("taskset", "-c", "0,1")
PACKETS = 1_040_000
"""Of 100 MB."""
TOUCH = "import numpy, sys; numpy.empty(int(sys.argv[1]), 'u1')[::4096] = 1"
FEW = 2000
"""Packets of a capture whose loading is starting and little else: enough that kernels are linked for it."""


@dataclass(frozen=True, slots=True)
class Spent:
    """What a process, or several one after the other, took."""

    clock: float
    processor: float

    def __add__(self, other: Spent) -> Spent:
        return Spent(self.clock + other.clock, self.processor + other.processor)


def spent(*commands: Sequence[str]) -> Spent:
    """Run commands one after the other.

    Raises:
        RuntimeError: One failed.
    """
    total = Spent(0.0, 0.0)
    for command in commands:
        begin = time.perf_counter()
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment())
        _, status, usage = os.wait4(process.pid, 0)
        total += Spent(time.perf_counter() - begin, usage.ru_utime + usage.ru_stime)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}")
    return total


def compare(name: str, mine: Callable[[], Spent], other: str, theirs: Callable[[], Spent], pairs: int) -> None:
    """Measure two things in turn, and print medians and the median of the ratios, theirs to mine."""
    mine()
    theirs()
    found = [(mine(), theirs()) for _ in range(pairs)]
    for kind in ("clock", "processor"):
        some = [(getattr(a, kind), getattr(b, kind)) for a, b in found]
        one, two = (statistics.median(pair[side] for pair in some) for side in (0, 1))
        ratios = sorted(b / a for a, b in some)
        spread = f"{statistics.median(ratios):.2f} times as long ({ratios[0]:.2f} to {ratios[-1]:.2f})"
        print(f"  {kind:9}  {name} {one:.2f} s, {other} {two:.2f} s: {spread}", flush=True)


def packets_in(path: Path) -> int:
    """The number of packets, by capinfos."""
    done = subprocess.run(["capinfos", "-M", "-T", "-r", "-c", str(path)], check=True, capture_output=True, text=True)
    return int(done.stdout.split("\t")[1])


def series(count: int) -> list[Path]:
    """Captures of 100 MB, kept in the temporary directory for the next time."""
    folder = Path(tempfile.gettempdir()) / f"netsleuth-benchmarks-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    script = Path(__file__).with_name("make_capture.py")
    paths = [folder / f"series_{number:02}.pcap" for number in range(1, count + 1)]
    for number, path in enumerate(paths, 1):
        if not path.exists():
            made = path.with_suffix(".part")
            command = [sys.executable, str(script), "--packets", str(PACKETS), "--seed", str(number), "-o", str(made)]
            subprocess.run(command, check=True)
            made.replace(path)
    return paths


def one_file(path: Path, address: str, pairs: int, head: int, folder: Path) -> None:
    """One address out of one capture: tcpdump in turn, tshark on the first packets."""
    ours, theirs, first = folder / "ours.pcapng", folder / "theirs.pcap", folder / "head.pcap"
    packets = packets_in(path)
    mine = [*program(), "extract", str(path), "--filter", f"ip.addr == {address}", "--force", "-o", str(ours)]
    other = ["tcpdump", "-r", str(path), "-w", str(theirs), f"host {address}"]
    size = path.stat().st_size / 1e6
    path.read_bytes()
    spent(mine)
    print(f"one address out of {path.name}: {packets} packets, {size:.0f} MB; kept {packets_in(ours)}")
    compare("extract", lambda: spent(mine), "tcpdump", lambda: spent(other), pairs)
    found = spent(mine)
    subprocess.run(["editcap", "-F", "pcap", "-r", str(path), str(first), f"1-{head}"], check=True)
    known = packets_in(first)
    tshark = spent(["tshark", "-r", str(first), "-Y", f"ip.addr == {address}", "-w", str(folder / "t.pcapng")])
    for kind in ("clock", "processor"):
        each = getattr(tshark, kind) / known
        print(f"  {kind:9}  tshark {1e6 * each:.1f} us a packet: {each * packets / getattr(found, kind):.0f} times as long", flush=True)


def many_files(paths: Sequence[Path], address: str, pairs: int, touch: int, folder: Path) -> None:
    """The same out of several captures, by one core and by two; and loading them."""
    names = [str(path) for path in paths]
    for path in paths:
        path.read_bytes()
    mine = [*program(), "extract", *names, "--filter", f"ip.addr == {address}", "--force", "-o", str(folder / "ours.pcapng")]
    every = [*program(), "extract", *names, "--force", "-o", str(folder / "ours.pcapng")]
    load = [*program(), "summary", *names]
    others = [["tcpdump", "-r", name, "-w", str(folder / "theirs.pcap"), f"host {address}"] for name in names]
    print(f"{len(paths)} files, {sum(path.stat().st_size for path in paths) / 1e6:.0f} MB: one address")
    compare("extract", lambda: spent(mine), "tcpdump file by file", lambda: spent(*others), pairs)
    few = folder / "few.pcap"
    subprocess.run(["editcap", "-F", "pcap", "-r", names[0], str(few), f"1-{FEW}"], check=True)
    for what, command in (("one address", mine), ("every frame", every), ("loaded", load)):
        by_cores(what, command, [str(few) if word == names[0] else word for word in command if word not in names[1:]], pairs, touch)


def by_cores(what: str, command: Sequence[str], start: Sequence[str], pairs: int, touch: int) -> None:
    """Measure a command by two cores and by one, and `start`, which is the same with next to nothing to do; print medians and ratios."""

    def measured(cores: Sequence[str], what: Sequence[str]) -> float:
        if touch:
            subprocess.run([sys.executable, "-c", TOUCH, str(touch << 30)], check=True)
        return spent([*cores, *what]).clock

    turns = [[measured(cores, what) for cores in (TWO_CORES, ONE_CORE) for what in (start, command)] for _ in range(pairs + 1)][1:]
    start_two, two, start_one, one = (statistics.median(column) for column in zip(*turns, strict=True))
    whole = sorted(turn[3] / turn[1] for turn in turns)
    work = statistics.median((turn[3] - turn[2]) / (turn[1] - turn[0]) for turn in turns)
    ratio = f"{statistics.median(whole):.2f} times as long ({whole[0]:.2f} to {whole[-1]:.2f})"
    print(f"{what}: two cores {two:.2f} s, one core {one:.2f} s: {ratio}")
    print(f"  of that, starting {start_two:.2f} and {start_one:.2f} s; without it {work:.2f} times as long", flush=True)


def main() -> None:
    """Measure and print."""
    parser = arguments(__doc__)
    parser.set_defaults(packets=10_500_000)
    parser.add_argument("--address", default="10.30.8.35")
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--head", type=int, default=200_000, help="packets that tshark gets")
    parser.add_argument("--files", type=int, default=10, help="captures of 100 MB; 0 for none")
    parser.add_argument("--touch", type=int, default=0, help="GiB of memory to use and give back before each process")
    asked = parser.parse_args()
    compile_kernels()
    with tempfile.TemporaryDirectory() as folder:
        one_file(capture(asked), asked.address, asked.pairs, asked.head, Path(folder))
        if asked.files:
            many_files(series(asked.files), asked.address, asked.pairs, asked.touch, Path(folder))


if __name__ == "__main__":
    main()
