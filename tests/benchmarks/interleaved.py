"""Paging through packets and events in the order of time beside paging through packets alone; and putting the clock of a source right.

python tests/benchmarks/interleaved.py [PACKETS [EVENTS]]
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from statistics import quantiles

import numpy as np

from netsleuth_tui.analysis import SHOWN, clock_hints, mixed_rows, source_lines
from netsleuth_tui.analysis.interleaving import EVENT
from netsleuth_tui.store import Source, Store
from netsleuth_tui.store.rows import Rows
from netsleuth_tui.tui.pages import MixedPages, RecordPages

SECOND = 1_000_000_000
START, HOUR = 1_773_144_000 * SECOND, 3600 * SECOND
TIMES = 400
PAGE = 64


def made(packets: int, events: int, *, in_order: bool) -> Store:
    """An hour of packets and events at any time of it; out of order, every thousandth packet changes places with the next one."""
    store, dice = Store(), np.random.default_rng(1)
    for table, rows in ((store.table, packets), (store.events, events)):
        columns = table.reserve(rows)
        columns.row[:rows] = np.arange(rows)
        columns.time[:rows] = np.sort(dice.integers(0, HOUR, rows)) + START
        columns.source[:rows] = 0 if table is store.table else 1
    if not in_order:
        time_of = store.table.reserve(packets).time
        at = np.arange(0, packets - 1, 1000)
        time_of[at], time_of[at + 1] = time_of[at + 1].copy(), time_of[at].copy()
    store.events.reserve(events).event_id[:events] = 4663
    store.table.commit(packets)
    store.events.commit(events)
    span = {"first": START, "last": START + HOUR}
    store.sources = (Source("a.pcap", "pcap", packets=packets, **span), Source("b.evtx", "evtx", events=events, **span))
    return store


def measured(what: str, ask: Callable[[int], object]) -> None:
    """Median and 95th percentile of the processor time of a question that is asked with one number after the other."""
    taken = []
    for k in range(TIMES):
        began = time.process_time()
        ask(k)
        taken.append((time.process_time() - began) * 1000)
    cuts = quantiles(taken, n=20)
    print(f"{what:44} p50 {cuts[9]:8.2f} ms   p95 {cuts[18]:8.2f} ms")


def once(what: str, ask: Callable[[], object]) -> None:
    """Processor time of a question that is asked once."""
    began = time.process_time()
    ask()
    print(f"{what:44}     {(time.process_time() - began) * 1000:8.1f} ms")


def measure(packets: int, events: int, *, in_order: bool) -> None:
    """All of it on one store."""
    store = made(packets, events, in_order=in_order)
    print(f"{packets} packets and {events} events, packets {'' if in_order else 'not '}in the order of time")
    rows = Rows(0, packets), Rows(0, events)
    once("the order", lambda: mixed_rows(store, *rows))
    found = mixed_rows(store, *rows)
    plain, mixed = RecordPages(store, rows[0], SHOWN), MixedPages(store, found, SHOWN)
    at = np.random.default_rng(2).integers(0, packets + events - PAGE, TIMES).tolist()
    measured("a page of packets alone", lambda k: plain.read(rows[0].take(at[k] % packets, PAGE)))
    measured("a page of both", lambda k: mixed.read(found.take(at[k], PAGE)))
    measured("where an event is", lambda k: found.position(EVENT + at[k] % events))
    once("the clock of the capture", lambda: store.set_clocks(((0, HOUR),)))
    once("what each source has and lacks", lambda: source_lines(store))
    once("clocks that seem to be off", lambda: clock_hints(store))


def main() -> None:
    """Measure, in order and out of it."""
    packets, events = (int(sys.argv[k]) if len(sys.argv) > k else default for k, default in ((1, 5_000_000), (2, 3_000_000)))
    for in_order in (True, False):
        measure(packets, events, in_order=in_order)


if __name__ == "__main__":
    main()
