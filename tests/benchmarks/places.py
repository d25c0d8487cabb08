"""Measures places: opening the data that come along, and looking distinct addresses up, a million at a time.

usage: places.py [--addresses 1000000] [--rounds 7] [--geoip FILE]

Opening is measured in processes of their own, with NumPy loaded already, since nothing is looked up without it. Times are wall-clock
and, behind them, of the processor. With --geoip the same is measured with that database, archive or folder.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence

import numpy as np
from bench import REPOSITORY, environment

from netsleuth_tui.paths import place_data
from netsleuth_tui.places import open_places
from netsleuth_tui.places.bundled import BUNDLED
from netsleuth_tui.places.packed import read_packed
from netsleuth_tui.places.places import Places

OPENING = """
import sys, time
import numpy
from netsleuth_tui.places import open_places
wall, own = time.perf_counter(), time.process_time()
open_places(geoip=sys.argv[1:])
print((time.perf_counter() - wall) * 1e3, (time.process_time() - own) * 1e3)
"""


def show(what: str, wall: Sequence[float], own: Sequence[float]) -> None:
    """Print the median, the least and the greatest of several rounds, in ms."""
    print(f"{what:<44} {statistics.median(wall):6.0f} ms ({min(wall):.0f} to {max(wall):.0f}), processor {statistics.median(own):.0f}")


def opened(geoip: str, rounds: int) -> None:
    """Open places in a fresh process, several times."""
    wall, own = [], []
    for _ in range(rounds):
        done = subprocess.run(
            [sys.executable, "-c", OPENING, geoip], check=True, capture_output=True, text=True, env=environment(), cwd=REPOSITORY
        )
        times = done.stdout.split()
        wall.append(float(times[0]))
        own.append(float(times[1]))
    show(f"open {geoip}", wall, own)


def located(what: str, places: Places, version: int, high: np.ndarray, low: np.ndarray, rounds: int) -> None:
    """Look all addresses up, several times."""
    wall, own = [], []
    versions = np.full(len(low), version, np.uint8)
    for _ in range(rounds):
        before, cpu = time.perf_counter(), time.process_time()
        found = places.locate(versions, high, low)
        wall.append((time.perf_counter() - before) * 1e3)
        own.append((time.process_time() - cpu) * 1e3)
    show(f"{what}, {(found.country >= 0).mean():.0%} in a country", wall, own)


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--addresses", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--geoip", default="bundled")
    asked = parser.parse_args()
    os.environ.pop("NETSLEUTH_GEOIP", None)
    opened(asked.geoip, asked.rounds)
    rng = np.random.default_rng(1)
    low4 = np.unique(rng.integers(0, 1 << 32, asked.addresses * 11 // 10, dtype=np.uint64))
    rng.shuffle(low4)
    low4 = low4[: asked.addresses]
    # Random IPv6 addresses would be nowhere: these are in the networks that the data know.
    known = read_packed(place_data(BUNDLED)).steps.high6
    high6 = rng.choice(known, asked.addresses)
    low6 = rng.integers(0, 1 << 63, asked.addresses, dtype=np.uint64)
    places = open_places(geoip=[asked.geoip])
    print(f"{asked.addresses} distinct addresses each:")
    located("IPv4, random", places, 4, np.zeros(len(low4), np.uint64), low4, asked.rounds)
    located("IPv4, in order", places, 4, np.zeros(len(low4), np.uint64), np.sort(low4), asked.rounds)
    located("IPv6", places, 6, high6, low6, asked.rounds)


if __name__ == "__main__":
    main()
