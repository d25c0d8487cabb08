"""Measures how fast the same packets are loaded from each format, compiled: packets per second of wall and of processor time.

usage: formats.py [--packets 2000000] [--rounds 5] [--folder /tmp]

The files are made first. They are loaded in turn, round by round, each into a new store, from the page cache.
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

FORMATS = ("pcap", "pcapng", "netmon")


def made(folder: Path, packets: int, kind: str) -> Path:
    """The capture in that format."""
    path = folder / f"netsleuth-formats-{packets}.{kind}"
    if not path.exists():
        maker = Path(__file__).with_name("make_capture.py")
        subprocess.run([sys.executable, str(maker), "--packets", str(packets), "--format", kind, "-o", str(path)], check=True)
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
    base = statistics.median(processor for _, _, processor in runs["pcap"])
    for kind, measured in runs.items():
        packets = measured[0][0]
        wall, processor = (statistics.median(run[place] for run in measured) for place in (1, 2))
        print(f"{kind:8} {packets} packets  {packets / wall / 1e6:.2f} M/s  processor {processor:.2f} s, {processor / base:.2f} times pcap")


if __name__ == "__main__":
    main()
