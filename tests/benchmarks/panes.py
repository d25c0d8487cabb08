"""Measures what one keystroke costs: from a changed scope to the time line, the breakdowns and the first page of records.

usage: panes.py [--packets 5000000] [--capture FILE] [--scopes 56] [--rounds 3]

The scopes are a mix of none, protocol, flag, host, port, subnet, time windows and combinations. In every round each filter gets another
pair of parentheses: a text that was never asked before, so that no kept selection answers it. Then the window alone changes, under a
filter whose selection is kept. At last, what single breakdowns take for all packets.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from ipaddress import IPv4Address

import numpy as np
from bench import arguments, capture

from netsleuth_tui import jit
from netsleuth_tui.analysis import SHOWN, Scope, facets, overview, records, rows_of, series
from netsleuth_tui.analysis.timeline import axis, time_span
from netsleuth_tui.session import Session
from netsleuth_tui.store import Store

COLUMNS = 200
"""Intervals of the time line."""
PAGE = 45
"""Records on a page."""
SEEN = ("host", "source", "destination")
"""Breakdowns that are seen on 160x50 beside protocols and flags, which come with the totals."""

KINDS = ["none", "protocol", "flag", "host", "port", "subnet", "window"]
PROTOCOLS = ["tcp", "tcp", "udp", "icmp", "arp", "esp", "vlan", "ipv6"]
FLAGS = [f"tcp.flags.{name} == 1" for name in ("syn", "reset", "fin", "push", "ack")]
PORTS = [80, 443, 53, 445, 3389, 5004, 50_000]
SHARES = [0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 0.75, 1.0]
"""Lengths of the windows, in shares of the whole."""


class Chooser:
    """Scopes that fit what was loaded."""

    def __init__(self, store: Store, seed: int) -> None:
        self.random = random.Random(seed)  # noqa: S311 - the same scopes every time are the point
        columns, hosts = store.columns(), store.hosts
        packets = np.bincount(columns.src, minlength=hosts.count)
        busiest = [host for host in np.argsort(-packets).tolist() if hosts.version[host] == 4][:2000]
        self.addresses = [str(IPv4Address(int(hosts.lo[host]))) for host in busiest]
        self.first, self.last = int(columns.time.min()), int(columns.time.max())

    def condition(self, kind: str) -> str:
        """A filter of one kind."""
        address = self.addresses[int(self.random.paretovariate(0.6)) % len(self.addresses)]
        if kind == "protocol":
            return self.random.choice(PROTOCOLS)
        if kind == "flag":
            return self.random.choice(FLAGS)
        if kind == "host":
            return f"ip.addr == {address}"
        if kind == "port":
            port = self.random.choice(PORTS)
            return f"tcp.port == {port} || udp.port == {port}"
        return f"ip.addr == {address.rsplit('.', 2)[0]}.0.0/16"

    def window(self) -> tuple[int, int]:
        """A time window, in ns."""
        share = self.random.choice(SHARES)
        span = self.last - self.first
        start = self.first + int(self.random.random() * (1 - share) * span)
        return start, start + int(share * span) + 1

    def scopes(self, count: int) -> list[Scope]:
        """A quarter of one kind each in turn, a quarter a filter in a window, the rest combinations."""
        made = []
        for number in range(count):
            if number < count // 4:
                kinds = [KINDS[number % len(KINDS)]]
            elif number < count // 2:
                kinds = [self.random.choice(KINDS[1:6]), "window"]
            else:
                kinds = self.random.sample(KINDS[1:], self.random.choice([1, 2, 2, 3]))
            conditions = [self.condition(kind) for kind in kinds if kind not in {"none", "window"}]
            start, end = self.window() if "window" in kinds else (None, None)
            made.append(Scope(" && ".join(f"({condition})" for condition in conditions), start, end))
        return made


def ask(store: Store, scope: Scope) -> tuple[float, int]:
    """Milliseconds to everything that the main screen shows of a scope, and the number of matches."""
    begin = time.perf_counter()
    seen = overview(store, scope)
    span = time_span(store, scope)
    start, every, intervals = axis(span, columns=COLUMNS)
    series(store, seen.rows, start=start, every=every, intervals=intervals)
    facets(store, seen.rows, SEEN)
    records(store, seen.rows.take(0, PAGE), SHOWN)
    return (time.perf_counter() - begin) * 1e3, seen.matched


def timed(work: Callable[[], object]) -> float:
    """Milliseconds that it takes."""
    begin = time.perf_counter()
    work()
    return (time.perf_counter() - begin) * 1e3


def show(name: str, milliseconds: list[float]) -> None:
    """One line of percentiles."""
    p50, p95 = np.percentile(milliseconds, [50, 95])
    print(f"{name:28} p50 {p50:6.1f} ms   p95 {p95:6.1f} ms   max {max(milliseconds):6.1f} ms   n {len(milliseconds)}")


def main() -> None:
    """Measure and print."""
    parser = arguments(__doc__)
    parser.add_argument("--scopes", type=int, default=56)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--slowest", type=int, default=5, help="scopes to name")
    asked = parser.parse_args()
    jit.start()
    jit.wait()
    session = Session(memory=4 << 30)
    begin = time.perf_counter()
    session.load([str(capture(asked))], cancel=threading.Event())
    store = session.store
    print(f"{store.packets} packets, {store.hosts.count} hosts, loaded in {time.perf_counter() - begin:.2f} s; kernels: {jit.state()}")
    chooser = Chooser(store, asked.seed)
    for scope in chooser.scopes(8):
        ask(store, scope)
    scopes = chooser.scopes(asked.scopes)
    fresh: list[tuple[float, int, Scope]] = []
    for number in range(1, asked.rounds + 1):
        for scope in scopes:
            text = "(" * number + scope.filter + ")" * number if scope.filter else ""
            fresh.append((*ask(store, Scope(text, scope.start, scope.end)), scope))
    show("new filter or window", [one[0] for one in fresh])
    windows = []
    for text in ("", "tcp", "tcp.flags.syn == 1", f"ip.addr == {chooser.addresses[0]}"):
        ask(store, Scope(text))
        windows += [ask(store, Scope(text, *chooser.window()))[0] for _ in range(25)]
    show("new window, filter kept", windows)
    rows = rows_of(store, Scope())
    for name in (*SEEN, "port", "net16", "ttl"):
        show(f"breakdown of all by {name}", [timed(lambda name=name: facets(store, rows, [name])) for _ in range(5)])
    show("all breakdowns of all", [timed(lambda: facets(store, rows)) for _ in range(5)])
    for milliseconds, matched, scope in sorted(fresh, key=lambda one: -one[0])[: asked.slowest]:
        print(f"  {milliseconds:6.1f} ms   {matched:8} matches   {scope.filter or 'no filter'}{' in a window' if scope.start else ''}")


if __name__ == "__main__":
    main()
