"""Measures how long every kind of finding takes, on a large capture and on packets that are made to be hard.

usage: findings.py [--packets 5000000] [--capture FILE] [--rounds 3] [--hard]

Seconds of the processor, all threads together, and by the clock: the search has two threads. The line of a kind has the seconds of the
processor of its own thread; what several kinds need counts for the one that asks first. Each round finds everything anew; only the
analysis of TCP is kept from the first one. `--hard` measures made-up packets as well: a million conversations of one packet, one
conversation of ten million, all at one instant, times that run backwards.
"""

from __future__ import annotations

import resource
import statistics
import threading
import time
from dataclasses import replace

import numpy as np
from bench import arguments, capture, compile_kernels

from netsleuth_tui import jit
from netsleuth_tui.decode.columns import Has, Protocol
from netsleuth_tui.decode.hosts import enter4
from netsleuth_tui.findings import KINDS, Finding, Kind, Limits, Seen, find
from netsleuth_tui.findings.finding import Candidate
from netsleuth_tui.session import Session
from netsleuth_tui.store import Source, Store

START = 1_773_144_000_000_000_000
TCP = (
    Has.ETH | Has.IP | Has.ADDRESSES | Has.IP_LEN | Has.IP_ID | Has.IP_FRAG | Has.TTL | Has.IP_PROTO | Has.TCP | Has.SRC_PORT
    | Has.DST_PORT | Has.TCP_SEQ | Has.TCP_ACK | Has.TCP_FLAGS | Has.TCP_WINDOW | Has.TCP_LEN
)  # fmt: skip


def made(packets: int, hosts: int, *, times: str) -> Store:
    """A store of TCP segments.

    Args:
        packets: How many.
        hosts: Distinct addresses; each packet goes from one to the next one.
        times: 'forward', 'equal' or 'backward'.
    """
    store = Store()
    store.hosts.reserve(hosts)
    enter4(store.hosts.arrays, np.arange(1 << 24, (1 << 24) + hosts, dtype=np.int64), hosts, np.zeros(hosts, np.int64))
    columns = store.table.reserve(packets)
    number = np.arange(packets)
    columns.row[:] = number
    columns.time[:] = START + {"forward": number * 10_000, "equal": 0 * number, "backward": -number * 10_000}[times]
    columns.len[:] = 60
    columns.protocol[:] = Protocol.TCP
    columns.present[:] = int(TCP)
    columns.src[:], columns.dst[:] = number % hosts, (number + 1) % hosts
    columns.ip_id[:], columns.ip_len[:], columns.ttl[:], columns.ip_proto[:] = number & 0xFFFF, 40, 64, 6
    columns.src_port[:], columns.dst_port[:] = 40_000, 443
    columns.tcp_flags[:] = 0x02 if hosts > 2 else 0x10
    store.table.commit(packets)
    time_of = columns.time
    store.sources = (Source("made", "pcap", packets=packets, first=int(time_of.min()), last=int(time_of.max())),)
    return store


def timed(kind: Kind, seconds: list[float]) -> Kind:
    """The same kind, which notes the seconds of the processor that its own thread takes."""

    def find(seen: Seen, limits: Limits) -> list[Finding | Candidate]:
        began = time.thread_time()
        found = list(kind.find(seen, limits))
        seconds.append(time.thread_time() - began)
        return found

    return replace(kind, find=find)


def measure(name: str, store: Store, rounds: int) -> None:
    """Find everything, and print the seconds of each kind."""
    seconds: dict[str, list[float]] = {kind.slug: [] for kind in KINDS}
    kinds = [timed(kind, seconds[kind.slug]) for kind in KINDS]
    whole, wall = [], []
    for _ in range(rounds):
        forget(store)
        begin, began = time.process_time(), time.perf_counter()
        report = find(store, kinds=kinds)
        whole.append(time.process_time() - begin)
        wall.append(time.perf_counter() - began)
    print(f"{name}: {store.packets} packets, {store.hosts.count} hosts; kernels: {jit.state()}")
    print(
        f"   all kinds: {statistics.median(whole):.2f} s of the processor, {statistics.median(wall):.2f} s by the clock; the first round, "
    )
    print(f"   with the analysis of TCP, {whole[0]:.2f} s and {wall[0]:.2f} s; at most {peak() >> 20} MiB in the process so far")
    for kind, values in sorted(seconds.items(), key=lambda item: -statistics.median(item[1])):
        if statistics.median(values) >= 0.02:
            print(f"   {kind:20} {statistics.median(values):6.2f} s")
    print(f"   {len(report.findings)} findings of {', '.join(dict.fromkeys(f.kind for f in report.findings)) or 'no kind'}")


def peak() -> int:
    """Bytes of memory that the process has had at most."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def forget(store: Store) -> None:
    """Take away what analyses keep for a store."""
    from netsleuth_tui.analysis import copies, esp_order

    for module in (copies, esp_order):
        module._KNOWN.pop(store, None)


def main() -> None:
    """Measure and print."""
    parser = arguments(__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--hard", action="store_true", help="also packets that are made to be hard")
    asked = parser.parse_args()
    compile_kernels()
    jit.start()
    jit.wait()
    session = Session(memory=4 << 30)
    session.load([str(capture(asked))], cancel=threading.Event())
    Seen(session.store)
    measure("capture", session.store, asked.rounds)
    del session
    if asked.hard:
        measure("a million conversations of one packet", made(1_000_000, 1_000_000, times="forward"), 1)
        measure("one conversation", made(10_000_000, 2, times="forward"), 1)
        measure("all at one instant", made(5_000_000, 1000, times="equal"), 1)
        measure("backwards", made(5_000_000, 1000, times="backward"), 1)


if __name__ == "__main__":
    main()
