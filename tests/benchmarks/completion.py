"""Measures the values that completion offers on a large capture: what a person waits for after an operator.

usage: completion.py [--packets 5000000] [--capture FILE] [--rounds 7]

For fields of every width, under several filters: the rows that are left, their values counted, the most frequent written. With
the row ids of the filter at hand, as they are while a value is typed, and without, as they are at its first character.
"""

from __future__ import annotations

import threading
import time

from bench import arguments, capture, compile_kernels

from netsleuth_tui import jit
from netsleuth_tui.analysis import Scope
from netsleuth_tui.analysis.occurring import count_values
from netsleuth_tui.query.completion import complete
from netsleuth_tui.session import Session

TYPED = (
    "tcp.port == ", "tcp.port == 4", "ip.addr == ", "ip.addr == 10.1", "udp && ip.addr == ", "tcp && tcp.flags == ",
    "ip.ttl < 60 && frame.len == ", "tcp && tcp.len == 1", "esp.spi == ", "tcp.seq_raw == ", "tcp.seq_raw == 1234", "_ws.col.protocol == ",
)  # fmt: skip
MOST = 50


def main() -> None:
    """Measure and print."""
    parser = arguments(__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    asked = parser.parse_args()
    compile_kernels()
    jit.start()
    jit.wait()
    session = Session(memory=4 << 30)
    session.load([str(capture(asked))], cancel=threading.Event())
    session.warm()
    store, everything = session.store, []
    for text in TYPED:
        known, fresh = [], []
        for _ in range(asked.rounds):
            for took, forget in ((fresh, True), (known, False)):
                if forget:
                    store._matches.clear()
                begin = time.perf_counter()
                found = complete(text, len(text))
                counted = count_values(store, Scope(found.rest), found.field, found.place.typed)
                offered = counted.beginning(store, found.place.typed, MOST)
                took.append((time.perf_counter() - begin) * 1e3)
        everything += known + fresh
        values = f"{len(offered.values)} and {offered.others} others"
        print(f"{text:32} {sorted(known)[len(known) // 2]:6.1f} ms, fresh filter {sorted(fresh)[len(fresh) // 2]:6.1f} ms  {values}")
    everything.sort()
    print(f"p95 {everything[len(everything) * 95 // 100]:.1f} ms, longest {everything[-1]:.1f} ms, {store.packets} packets")


if __name__ == "__main__":
    main()
