"""Measures how long it takes to explain a time window: from the window to ranked findings, without and with a filter.

usage: explain.py [--packets 5000000] [--capture FILE] [--windows 20]
"""

from __future__ import annotations

import random
import threading

from bench import arguments, capture
from panes import show, timed

from netsleuth_tui import jit
from netsleuth_tui.analysis import Scope, explain
from netsleuth_tui.session import Session

SHARES = (0.0001, 0.001, 0.01, 0.1, 0.5)
"""Lengths of the windows, in shares of the whole."""


def main() -> None:
    """Measure and print."""
    parser = arguments(__doc__)
    parser.add_argument("--windows", type=int, default=20)
    asked = parser.parse_args()
    jit.start()
    jit.wait()
    session = Session(memory=4 << 30)
    session.load([str(capture(asked))], cancel=threading.Event())
    store, dice = session.store, random.Random(3)  # noqa: S311 - the same windows every time
    first, last = store.span or (0, 1)
    print(f"{store.packets} packets, {store.hosts.count} hosts; kernels: {jit.state()}")
    for text in ("", "tcp", "udp.port == 53"):
        taken: list[float] = []
        for number in range(asked.windows + 1):
            length = int(SHARES[number % len(SHARES)] * (last - first)) + 1
            start = first + int(dice.random() * (last - first - length))
            scope = Scope(text, start, start + length)
            taken.append(timed(lambda scope=scope: explain(store, scope)))
        show(f"explain, filter {text!r}", taken[1:])


if __name__ == "__main__":
    main()
