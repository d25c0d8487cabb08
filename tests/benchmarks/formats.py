"""Measures how fast the same packets are loaded from each format, compiled: packets per second of wall and of processor time.

usage: formats.py [--packets 2000000] [--rounds 5] [--folder /tmp]

The files are made first. They are loaded in turn, round by round, each into a new store, from the page cache. Ratios are those to pcap in
the same round, medians; the rate of a compressed trace is also said in bytes of the trace that it expands to.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from netsleuth_tui import jit
from netsleuth_tui.ingest import Loader
from netsleuth_tui.store import Store

FORMATS = ("pcap", "pcapng", "netmon", "etl", "compressed.etl")


def made(folder: Path, packets: int, kind: str) -> Path:
    """The capture in that format."""
    path = folder / f"netsleuth-formats-{packets}.{kind}"
    if not path.exists():
        is_trace = kind.endswith("etl")
        maker = Path(__file__).with_name("make_trace.py" if is_trace else "make_capture.py")
        form = [] if kind == "etl" else ["--compressed"] if is_trace else ["--format", kind]
        subprocess.run([sys.executable, str(maker), "--packets", str(packets), *form, "-o", str(path)], check=True)
    return path


def load(path: Path) -> tuple[int, float, float]:
    """Packets, seconds, seconds of processor time."""
    wall, processor = time.perf_counter(), time.process_time()
    store = Store()
    last = Loader(store, memory=4 << 30, cancel=threading.Event(), report=lambda _: None).load([str(path)])
    return last.packets, time.perf_counter() - wall, time.process_time() - processor


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--packets", type=int, default=2_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()))
    asked = parser.parse_args()
    files = {kind: made(asked.folder, asked.packets, kind) for kind in FORMATS}
    jit.start()
    jit.wait()
    for path in files.values():
        load(path)
    runs = {kind: [] for kind in FORMATS}
    for _ in range(asked.rounds):
        for kind, path in files.items():
            runs[kind].append(load(path))
    for kind, measured in runs.items():
        packets = measured[0][0]
        wall, processor = (statistics.median(run[place] for run in measured) for place in (1, 2))
        ratios = [statistics.median(run[place] / base[place] for run, base in zip(measured, runs["pcap"], strict=True)) for place in (1, 2)]
        print(
            f"{kind:14} {packets} packets  {packets / wall / 1e6:.2f} M/s, {ratios[0]:.2f} times the time of pcap"
            f"  processor {processor:.2f} s, {ratios[1]:.2f} times pcap"
        )
    expanded = files["etl"].stat().st_size / 1e6 / statistics.median(wall for _, wall, _ in runs["compressed.etl"])
    print(f"compressed.etl expands to {files['etl'].stat().st_size / 1e6:.0f} MB, {expanded:.0f} MB/s")


if __name__ == "__main__":
    main()
