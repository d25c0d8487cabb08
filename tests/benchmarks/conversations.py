"""Measures conversations and sorting on a large capture, and conversations of a part of it against `tshark -z conv,ip`.

usage: conversations.py [--packets 5000000] [--capture FILE] [--rounds 5] [--head 200000]

Both kinds of conversations of all packets, every column of the records as an order, and `netsleuth conversations` as a whole process
beside tshark on the first packets of the same file. Needs tshark and editcap.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

from bench import arguments, capture, compile_kernels, first_packets, program, run, spread

from netsleuth_tui import jit
from netsleuth_tui.analysis import EVERYTHING, conversations, rows_of, sorted_rows
from netsleuth_tui.query.fields import FIELDS
from netsleuth_tui.session import Session

SHOWN = ("_ws.col.def_src", "_ws.col.def_dst", "file")


def timed(work: Callable[[], object], rounds: int) -> list[float]:
    """Milliseconds of each round."""
    found = []
    for _ in range(rounds):
        begin = time.perf_counter()
        work()
        found.append((time.perf_counter() - begin) * 1e3)
    return found


def against_tshark(path: Path, packets: int) -> None:
    """The same question to both, on the first packets of a file."""
    with first_packets(path, packets) as head:
        ours = [run([*program(), "conversations", str(head), "--format", "csv"]).seconds for _ in range(3)]
        theirs = run(["tshark", "-n", "-q", "-r", str(head), "-z", "conv,ip"]).seconds
    print(f"{packets} packets, whole process: {spread(ours)}; tshark -z conv,ip {theirs:.2f} s, {theirs / min(ours):.1f} times as long")


def main() -> None:
    """Measure and print."""
    parser = arguments(__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--head", type=int, default=200_000, help="packets that tshark gets")
    asked = parser.parse_args()
    compile_kernels()
    jit.start()
    jit.wait()
    session = Session(memory=4 << 30)
    path = capture(asked)
    session.load([str(path)], cancel=threading.Event())
    store = session.store
    rows = rows_of(store, EVERYTHING)
    print(f"{store.packets} packets, {store.hosts.count} hosts; kernels: {jit.state()}")
    for by in ("address", "ports"):
        found = conversations(store, rows, by=by)
        counted = timed(lambda by=by: conversations(store, rows, by=by), asked.rounds)
        ordered = timed(lambda found=found: found.order("bytes", descending=True), asked.rounds)
        print(
            f"by {by:9} {len(found):8} conversations: counted in {spread(counted, 'ms', 0)}, sorted by bytes in {spread(ordered, 'ms', 0)}"
        )
    orders = {name: min(timed(lambda name=name: sorted_rows(store, rows, name, descending=True), 2)) for name in (*FIELDS, *SHOWN)}
    slowest = sorted(orders, key=lambda name: -orders[name])
    print(f"records sorted by each of {len(orders)} columns: the slowest are")
    for name in slowest[:6]:
        print(f"   {name:28} {orders[name]:6.0f} ms")
    against_tshark(path, asked.head)


if __name__ == "__main__":
    main()
