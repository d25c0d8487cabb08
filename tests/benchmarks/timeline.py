"""Measures the time line: divided by each of the usual things, a new window on the same line, and what its keys send to the terminal.

usage: timeline.py [--packets 5000000] [--capture FILE] [--rounds 5] [--size 160x50]
"""

from __future__ import annotations

import random
import threading
import time

import numpy as np
from bench import Terminal, arguments, capture, compile_kernels, program

from netsleuth_tui import jit
from netsleuth_tui.analysis import SHOWN, Scope, overview, records
from netsleuth_tui.session import Session
from netsleuth_tui.store import Store
from netsleuth_tui.tui.panes import Look
from netsleuth_tui.tui.time_counts import Counted, Wanted, count

COLUMNS = 200
PAGE = 45
BYS = ("protocol", "flag", "direction", "host", "port", "ip.src", "ip.ttl", "tcp.dstport", "frame.len", "esp.spi")
KEYS = {
    "t (go there)": b"t",
    **{f"right {number}": b"\x1b[C" for number in range(1, 4)},
    "p (next peak)": b"p",
    **{f"shift+right {number}": b"\x1b[1;2C" for number in range(1, 4)},
    "enter (zoom)": b"\r",
    "Z (zoom out)": b"Z",
    "b (bytes)": b"b",
    "y (log)": b"y",
    "backslash": b"\\",
}


def counted(store: Store, text: str, by: str, known: Counted | None = None) -> tuple[float, Counted]:
    """Milliseconds, and the time line."""
    begin = time.perf_counter()
    found = count(Look(store, Scope(text)), asking=Wanted(None, None, by, COLUMNS), known=known)
    return (time.perf_counter() - begin) * 1e3, found


def windows(store: Store, text: str, known: Counted, rounds: int) -> list[float]:
    """Milliseconds of a new window: the line as it is known, totals and breakdowns, and a page of records."""
    chooser = random.Random(7)  # noqa: S311 - the same windows every time are the point
    first, last = known.whole
    taken = []
    for _ in range(rounds):
        length = int((last - first) * chooser.choice([0.01, 0.05, 0.25, 0.5, 1.0]))
        start = first + int(chooser.random() * (last - first - length))
        scope = Scope(text, start, start + max(length, 1))
        begin = time.perf_counter()
        count(Look(store, scope), asking=known.asking, known=known)
        seen = overview(store, scope)
        records(store, seen.rows.take(0, PAGE), SHOWN)
        taken.append((time.perf_counter() - begin) * 1e3)
    return taken


def show(name: str, milliseconds: list[float]) -> None:
    """One line of percentiles."""
    p50, p95 = np.percentile(milliseconds, [50, 95])
    print(f"{name:28} p50 {p50:6.1f} ms   p95 {p95:6.1f} ms   least {min(milliseconds):6.1f} ms   n {len(milliseconds)}", flush=True)


def main() -> None:
    """Measure and print."""
    parser = arguments(__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--size", default="160x50")
    asked = parser.parse_args()
    path = capture(asked)
    compile_kernels()
    jit.start()
    jit.wait()
    session = Session(memory=4 << 30)
    session.load([str(path)], cancel=threading.Event())
    store = session.store
    print(f"{store.packets} packets, {store.hosts.count} hosts; kernels: {jit.state()}")
    for text in ("", "tcp"):
        for by in BYS:
            show(f"{text or 'everything'} by {by}", [counted(store, text, by)[0] for _ in range(asked.rounds)])
        known = counted(store, text, "protocol")[1]
        show(f"new window, {text or 'everything'}", windows(store, text, known, 10 * asked.rounds))
        show("  of that the time line", [counted(store, text, "protocol", known)[0] for _ in range(asked.rounds)])
    columns, rows = map(int, asked.size.split("x"))
    print(f"{'key':20} {'bytes':>8} {'first ms':>9} {'last ms':>9}")
    with Terminal([*program(), str(path)], (columns, rows)) as terminal:
        terminal.settle()
        for name, keys in KEYS.items():
            terminal.send(keys)
            sent, first, last = terminal.drain(0.6, 15.0)
            print(f"{name:20} {sent:8} {first * 1e3:9.1f} {last * 1e3:9.1f}", flush=True)


if __name__ == "__main__":
    main()
