"""Measures `netsleuth extract` of one address as a whole process, in turn with `tcpdump -r -w host X`, and against `tshark -r -Y -w`.

usage: extract.py [--packets 5000000] [--capture FILE] [--address 10.30.8.35] [--pairs 5] [--head 200000]

tshark is measured on the first packets of the same file, because all of them would take minutes; its packets per second are compared.
Seconds are processor time, user and system, so that other work on the machine counts less. Needs tcpdump, tshark, capinfos and editcap.
"""

from __future__ import annotations

import resource
import statistics
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from bench import arguments, capture, compile_kernels, program


def spent(command: Sequence[str]) -> float:
    """Processor seconds of a process and its children."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def packets_in(path: Path) -> int:
    """The number of packets, by capinfos."""
    done = subprocess.run(["capinfos", "-M", "-T", "-r", "-c", str(path)], check=True, capture_output=True, text=True)
    return int(done.stdout.split("\t")[1])


def main() -> None:
    """Measure and print."""
    parser = arguments(__doc__)
    parser.add_argument("--address", default="10.30.8.35")
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--head", type=int, default=200_000, help="packets that tshark gets")
    asked = parser.parse_args()
    path = capture(asked)
    packets = packets_in(path)
    compile_kernels()
    with tempfile.TemporaryDirectory() as folder:
        ours, theirs = Path(folder) / "ours.pcapng", Path(folder) / "theirs.pcap"
        mine = [*program(), "extract", str(path), "--filter", f"ip.addr == {asked.address}", "--force", "-o", str(ours)]
        other = ["tcpdump", "-r", str(path), "-w", str(theirs), f"host {asked.address}"]
        spent(mine)
        pairs = [(spent(mine), spent(other)) for _ in range(asked.pairs)]
        head = Path(folder) / "head.pcap"
        subprocess.run(["editcap", "-F", "pcap", "-r", str(path), str(head), f"1-{asked.head}"], check=True)
        first = packets_in(head)
        tshark = spent(["tshark", "-r", str(head), "-Y", f"ip.addr == {asked.address}", "-w", str(Path(folder) / "t.pcapng")])
        print(f"{path}: {packets} packets, {path.stat().st_size / 1e6:.0f} MB; kept {packets_in(ours)}, tcpdump {packets_in(theirs)}")
    seconds = statistics.median(a for a, _ in pairs)
    tcpdump = statistics.median(b for _, b in pairs)
    ratio = statistics.median(a / b for a, b in pairs)
    print(f"netsleuth extract {seconds:.2f} s of processor time, tcpdump {tcpdump:.2f} s: {ratio:.2f} times")
    print(f"tshark {tshark:.2f} s for {first} packets: {tshark / first * packets / seconds:.0f} times as long")


if __name__ == "__main__":
    main()
