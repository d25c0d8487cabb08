"""Measures TCP analysis on a large capture, on one core and on two, and of a part of it against tshark.

usage: tcp.py [--packets 5000000] [--capture FILE] [--rounds 5] [--head 200000]

Seconds and packets a second of the marks of all segments, in CPU time as well, since others may work beside it; of the times to
acknowledgements; then `tcp.analysis.flags` of the first packets by tshark. Needs tshark and editcap.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from bench import arguments, capture, compile_kernels, first_packets, run

from netsleuth_tui import jit
from netsleuth_tui.analysis import tcp
from netsleuth_tui.session import Session
from netsleuth_tui.store import Store


def timed(work: Callable[[], object], rounds: int) -> tuple[float, float]:
    """Median seconds of the clock, and of the processor."""
    clock, processor = [], []
    for _ in range(rounds):
        begin, used = time.perf_counter(), time.process_time()
        work()
        clock.append(time.perf_counter() - begin)
        processor.append(time.process_time() - used)
    return median(clock), median(processor)


def told(what: str, packets: int, took: tuple[float, float]) -> None:
    """One line."""
    clock, processor = took
    print(f"{what}: {clock:.2f} s, {packets / clock / 1e6:.2f} M packets/s")
    print(f"{'':{len(what)}}  {processor:.2f} s of CPU, {packets / processor / 1e6:.2f} M packets/s")


def anew(store: Store, name: str) -> None:
    """Values of a field, as if nothing had been asked before."""
    tcp._KNOWN.pop(store, None)
    tcp.tcp_values(store, name)


def against_tshark(path: Path, packets: int) -> None:
    """The same question to both, on the first packets of a file."""
    with first_packets(path, packets) as head:
        session = Session(memory=4 << 30)
        session.load([str(head)], cancel=threading.Event())
        _, ours = timed(lambda: anew(session.store, "tcp_marks"), 3)
        theirs = run(["tshark", "-n", "-r", str(head), "-Y", "tcp.analysis.flags", "-T", "fields", "-e", "frame.number"]).seconds
    print(f"{packets} packets: {ours:.3f} s of CPU; tshark -Y tcp.analysis.flags {theirs:.2f} s, {theirs / ours:.0f} times as long")


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
    packets = session.store.packets
    two = tcp.WORTH_TWO_THREADS
    tcp.WORTH_TWO_THREADS = packets + 1
    told("marks, one core", packets, timed(lambda: anew(session.store, "tcp_marks"), asked.rounds))
    tcp.WORTH_TWO_THREADS = two
    told("marks, two cores", packets, timed(lambda: anew(session.store, "tcp_marks"), asked.rounds))
    told("times to acknowledgements, two cores", packets, timed(lambda: anew(session.store, "tcp_ack_rtt"), asked.rounds))
    against_tshark(path, asked.head)


if __name__ == "__main__":
    main()
