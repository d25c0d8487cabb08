"""Measures regions: the first answer, which looks addresses up, and every other grouping and side of the same packets.

usage: regions.py [--packets 5000000] [--capture FILE] [--rounds 5]
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from bench import arguments, capture, compile_kernels

from netsleuth_tui import jit
from netsleuth_tui.analysis import EVERYTHING, GROUPINGS, SIDES, Scope, regions, rows_of, with_retransmissions
from netsleuth_tui.ingest import Loader
from netsleuth_tui.session import Session

FILTERS = ('geo.country == "NL"', "geo.src.class == Private", 'geo.region == "United States"')


def taken(run: Callable[[], Any]) -> tuple[float, float]:
    """Milliseconds of the clock, and of all processors."""
    begin, used = time.perf_counter(), time.process_time()
    run()
    return (time.perf_counter() - begin) * 1e3, (time.process_time() - used) * 1e3


def show(name: str, times: list[tuple[float, float]]) -> None:
    """One line of medians."""
    wall, used = np.median(np.array(times), axis=0)
    print(f"{name:44} median {wall:7.1f} ms   processor {used:7.1f} ms   least {min(t[0] for t in times):7.1f} ms", flush=True)


def main() -> None:
    """Measure and print."""
    parser = arguments(__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    path = capture(asked)
    compile_kernels()
    jit.start()
    jit.wait()
    session = Session()
    store = session.store
    Loader(store, memory=session.memory, cancel=threading.Event(), report=lambda _: None).load([str(path)])
    print(f"{store.packets} packets, {store.hosts.count} addresses")
    show("open the places", [taken(lambda: session.places)])
    show("first answer (looks addresses up)", [taken(lambda: regions(store, EVERYTHING))])
    for side in SIDES:
        for by in GROUPINGS:
            lines = len(regions(store, EVERYTHING, by=by, side=side))
            again = partial(regions, store, EVERYTHING, by=by, side=side)
            show(f"{by} of {side}: {lines} lines", [taken(again) for _ in range(asked.rounds)])
    everything = regions(store, EVERYTHING)
    rows = rows_of(store, EVERYTHING)
    show("retransmissions", [taken(lambda: with_retransmissions(store, rows, everything)) for _ in range(2)])
    for text in FILTERS:
        show(f"filter {text}", [taken(partial(rows_of, store, Scope(f"{text}{' ' * k} && frame"))) for k in range(asked.rounds)])


if __name__ == "__main__":
    main()
