"""Measures `netsleuth summary` as a whole process, against capinfos and against tshark's fields, on the same file.

usage: summary.py [--packets 5000000] [--capture FILE] [--pairs 5] [--head 100000]

netsleuth and capinfos run in turn, after one run of each that does not count. tshark is measured on the first packets of the same file,
because all of them would take minutes; its packets per second are compared. Needs capinfos, tshark and editcap.
"""

from __future__ import annotations

import statistics
import subprocess
import tempfile
from pathlib import Path

from bench import Run, arguments, capture, compile_kernels, program, run, spread

FIELDS = ["frame.number", "frame.time", "ip.src", "ip.dst", "ip.proto", "ip.len", "esp.spi", "esp.sequence"]


def packets_in(path: Path) -> int:
    """The number of packets, by capinfos."""
    done = subprocess.run(["capinfos", "-M", "-T", "-r", "-c", str(path)], check=True, capture_output=True, text=True)
    return int(done.stdout.split("\t")[1])


def show(name: str, runs: list[Run], packets: int) -> None:
    """One line for one program."""
    seconds = [one.seconds for one in runs]
    rss = max(one.max_rss for one in runs)
    print(f"{name:20} {spread(seconds)}   {packets / statistics.median(seconds) / 1e6:.3f} M packets/s   max RSS {rss / 1e6:.0f} MB")


def main() -> None:
    """Measure and print."""
    parser = arguments(__doc__)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--head", type=int, default=100_000, help="packets that tshark gets")
    asked = parser.parse_args()
    path = capture(asked)
    packets = packets_in(path)
    compile_kernels()
    ours, theirs = [*program(), "summary", str(path), "--format", "json"], ["capinfos", str(path)]
    print(f"{path}: {packets} packets, {path.stat().st_size / 1e6:.0f} MB; {asked.pairs} pairs after one that does not count")
    run(ours)
    run(theirs)
    pairs = [(run(ours), run(theirs)) for _ in range(asked.pairs)]
    show("netsleuth summary", [mine for mine, _ in pairs], packets)
    show("capinfos", [other for _, other in pairs], packets)
    print(f"ratio, pair by pair  {spread([mine.seconds / other.seconds for mine, other in pairs], 'times capinfos')}")
    with tempfile.TemporaryDirectory() as folder:
        head = Path(folder) / "head.pcap"
        subprocess.run(["editcap", "-F", "pcap", "-r", str(path), str(head), f"1-{asked.head}"], check=True)
        first = packets_in(head)
        tshark = run(["tshark", "-r", str(head), "-T", "fields", "-E", "separator=,", *(part for name in FIELDS for part in ("-e", name))])
    show(f"tshark, {first} packets", [tshark], first)
    seconds = statistics.median(mine.seconds for mine, _ in pairs)
    print(f"packets/s            {packets / seconds / (first / tshark.seconds):.0f} times tshark")


if __name__ == "__main__":
    main()
