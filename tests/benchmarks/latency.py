"""Measures how long a key waits for its effect, with everything loaded and while a capture is being loaded.

usage: latency.py [--packets 5000000] [--capture FILE] [--times 40] [--copies 4] [--size 160x50]
                  [--only loaded|findings|loading]

`?` opens the help: a thousand bytes of it have to be on the terminal. That is more than the first byte, and it cannot be mistaken for
the progress that is shown at the same time, which takes some hundred bytes four times a second. Down moves the cursor: with everything
loaded, nothing else is written meanwhile. While loading, the capture is given several times, so that there is enough to load. While
findings are looked for, keys are pressed in their pane: during the search that follows loading, in a program that is started again and
again, and during searches that are asked for with `a`, which know TCP already; Down likewise, in the records.
"""

from __future__ import annotations

import time

import numpy as np
from bench import Terminal, arguments, capture, compile_kernels, program

HELP, BACK, DOWN = b"?", b"?", b"\x1b[B"
FINDINGS, AGAIN = b"6", b"a"
ROWS, LOOKING, ALL_LOADED = r"\d\d:\d\d:\d\d", r"looking for \w", r"UTC"
"""What is there when a part is loaded; in the pane of findings while they are looked for; and in the first line when all is loaded."""
STARTS = 12
MOST = 1000
PAUSE = 0.12
"""Seconds between two keys."""


def opened(terminal: Terminal) -> float:
    """Milliseconds from `?` to most of the help; then back."""
    begin = time.perf_counter()
    start = len(terminal.output)
    terminal.send(HELP)
    while len(terminal.output) - start < MOST:
        terminal.read(0.002)
        if time.perf_counter() - begin > 20:
            raise TimeoutError("the help did not open")
    waited = (time.perf_counter() - begin) * 1e3
    terminal.send(BACK)
    terminal.drain(PAUSE, PAUSE)
    return waited


def moved(terminal: Terminal) -> float:
    """Milliseconds from Down to its first byte."""
    terminal.send(DOWN)
    _, first, _ = terminal.drain(PAUSE, 5.0)
    return first * 1e3


def while_busy(terminal: Terminal, most: int) -> list[float]:
    """Milliseconds of `?` again and again, as long as the program works beside the keyboard."""
    waited: list[float] = []
    while len(waited) < most:
        begin, worked = time.perf_counter(), terminal.processor_seconds()
        milliseconds = opened(terminal)
        if terminal.processor_seconds() - worked < (time.perf_counter() - begin) / 3:
            break
        waited.append(milliseconds)
    return waited


def first_searches(command: list[str], size: tuple[int, int], times: int) -> list[float]:
    """Milliseconds of `?` in the pane of findings, while they are looked for the first time."""
    waited: list[float] = []
    for _ in range(STARTS):
        if len(waited) >= times:
            break
        with Terminal(command, size) as terminal:
            terminal.wait_for(ROWS, 60)
            terminal.send(FINDINGS)
            terminal.wait_for(LOOKING, 120)
            waited += while_busy(terminal, times - len(waited))
    return waited


def first_moves(command: list[str], size: tuple[int, int], times: int) -> list[float]:
    """Milliseconds from Down to its first byte in the records, while findings are looked for the first time."""
    waited: list[float] = []
    for _ in range(STARTS):
        if len(waited) >= times:
            break
        with Terminal(command, size) as terminal:
            terminal.wait_for(ALL_LOADED, 120)
            terminal.drain(PAUSE, PAUSE)
            while len(waited) < times:
                begin, worked = time.perf_counter(), terminal.processor_seconds()
                milliseconds = moved(terminal)
                if terminal.processor_seconds() - worked < (time.perf_counter() - begin) / 3:
                    break
                waited.append(milliseconds)
    return waited


def searches(terminal: Terminal, times: int) -> list[float]:
    """Milliseconds of `?` in the pane of findings, while they are looked for once more."""
    waited: list[float] = []
    terminal.send(FINDINGS)
    for _ in range(STARTS):
        if len(waited) >= times:
            break
        terminal.settle()
        terminal.send(AGAIN)
        waited += while_busy(terminal, times - len(waited))
    return waited


def show(name: str, milliseconds: list[float]) -> None:
    """One line of percentiles."""
    if not milliseconds:
        print(f"{name:34} was over before a key could be tried")
        return
    p50, p95 = np.percentile(milliseconds, [50, 95])
    print(f"{name:34} p50 {p50:6.1f} ms   p95 {p95:6.1f} ms   max {max(milliseconds):6.1f} ms   n {len(milliseconds)}", flush=True)


def main() -> None:
    """Measure and print."""
    parser = arguments(__doc__)
    parser.add_argument("--times", type=int, default=40)
    parser.add_argument("--copies", type=int, default=4, help="how often the capture is given while loading is measured")
    parser.add_argument("--size", default="160x50")
    parser.add_argument("--only", choices=("loaded", "findings", "loading"), help="measure only this")
    asked = parser.parse_args()
    path = str(capture(asked))
    compile_kernels()
    columns, rows = map(int, asked.size.split("x"))
    if asked.only in {None, "loaded"}:
        with Terminal([*program(), path], (columns, rows)) as terminal:
            terminal.settle()
            show("down, loaded: first byte", [moved(terminal) for _ in range(asked.times)])
            show("help, loaded: shown", [opened(terminal) for _ in range(asked.times)])
    if asked.only in {None, "findings"}:
        show("down, first search for findings", first_moves([*program(), path], (columns, rows), asked.times))
        show("help, first search for findings", first_searches([*program(), path], (columns, rows), asked.times))
        with Terminal([*program(), path], (columns, rows)) as terminal:
            show("help, further searches", searches(terminal, asked.times))
    if asked.only in {None, "loading"}:
        with Terminal([*program(), *[path] * asked.copies, "--memory", "16GiB"], (columns, rows)) as terminal:
            terminal.wait_for(ROWS, 60)
            show("help, while loading: shown", while_busy(terminal, asked.times))  # until it loads no longer


if __name__ == "__main__":
    main()
