"""Measures ESP: judging one association and many, another window on what is judged, opening one, and a brush inside of it in the app.

usage: esp.py [--packets 1000000] [--associations 10000] [--rounds 5]
       esp.py --brushes 40 [--packets 5000000] [--associations 20]

With --brushes the app is driven at 160x50: from the key that moves the window to the association painted with the numbers of that window,
while time line, breakdowns and totals follow, too.

The packets are made in memory: 1 % of them late by some 60, 0.2 % of them lost. Times are wall-clock and, behind them, of the processor.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from esp_by_hand import ESP
from made import START, store_of

from netsleuth_tui import jit
from netsleuth_tui.analysis import EVERYTHING, Scope, associations, detail, rows_of
from netsleuth_tui.decode.columns import Protocol
from netsleuth_tui.store import Source, Store

if TYPE_CHECKING:
    from netsleuth_tui.tui.panes import Seen

STEP = 20_000
"""ns between two packets."""


def made(packets: int, count: int) -> Store:
    """A store of so many packets of so many associations, in turns that dice decide."""
    rng = np.random.default_rng(1)
    store = store_of([], hosts=range(0x0A000001, 0x0A000001 + 200))
    columns = store.table.reserve(packets)
    of = rng.integers(0, count, packets)
    by_association = np.argsort(of, kind="stable")
    starts = np.searchsorted(of[by_association], np.arange(count + 1))
    for first, last in zip(starts[:-1].tolist(), starts[1:].tolist(), strict=True):
        sent = np.flatnonzero(rng.random(int((last - first) * 1.01) + 20) > 0.002)[: last - first] + 1
        late = np.where(rng.random(len(sent)) < 0.01, rng.exponential(60, len(sent)), 0)
        columns.esp_sequence[by_association[first:last]] = sent[np.argsort(np.arange(len(sent)) + late, kind="stable")]
    columns.row[:packets] = np.arange(packets)
    columns.time[:packets] = START + np.arange(packets) * STEP
    columns.src[:packets], columns.dst[:packets], columns.esp_spi[:packets] = of % 100, 100 + of // 100 % 100, 0x1000 + of
    for name, value in (("protocol", Protocol.ESP), ("present", ESP), ("len", 1400), ("ip_proto", 50)):
        getattr(columns, name)[:packets] = int(value)
    store.table.commit(packets)
    store.sources = (Source("made", "pcap", packets=packets, first=START, last=START + packets * STEP),)
    return store


def show(what: str, work: Callable[[], object], rounds: int) -> None:
    """Print the median and the worst of several rounds, in ms."""
    wall, own = [], []
    for _ in range(rounds):
        before, cpu = time.perf_counter(), time.process_time()
        work()
        wall.append((time.perf_counter() - before) * 1e3)
        own.append((time.process_time() - cpu) * 1e3)
    print(f"{what:48} {np.median(wall):7.0f} ms, worst {max(wall):6.0f}   processor {np.median(own):6.0f} ms")


async def brushed(store: Store, brushes: int) -> None:
    """Open the association with most packets in the app, and draw the window along it."""
    from tui.screens import FakeSession

    from netsleuth_tui.tui.app import NetSleuthApp

    app = NetSleuthApp(["made.pcap"], FakeSession(store))
    async with app.run_test(size=(160, 50)) as pilot:
        await pilot.press("3")
        await until(lambda: app.main.query_one("#esp").count() > 0)
        await pilot.press("enter")
        one = app.main.query_one("#association")
        await until(lambda: one.one is not None)
        await asyncio.sleep(1.0)
        answer, painted = one.answer, asyncio.Event()

        def answered(seen: Seen, result: Any) -> None:
            answer(seen, result)
            if (seen.overview.scope.start, seen.overview.scope.end) == one.window:
                one.call_after_refresh(painted.set)

        one.answer = answered
        wall, own = [], []
        for k in range(brushes):
            painted.clear()
            before, cpu = time.perf_counter(), time.process_time()
            one.action_brush(1 if k < brushes // 2 else -1)
            await painted.wait()
            wall.append((time.perf_counter() - before) * 1e3)
            own.append((time.process_time() - cpu) * 1e3)
            await until(lambda: not app.main.lane.busy)
        shown = ", ".join(f"p{p} {np.percentile(wall, p):.0f} ms" for p in (50, 95, 100))
        print(f"{brushes} brushes: {shown}; processor p50 {np.median(own):.0f}, p95 {np.percentile(own, 95):.0f} ms")


async def until(condition: Callable[[], bool]) -> None:
    """Wait for something."""
    while not condition():  # noqa: ASYNC110 - nobody tells
        await asyncio.sleep(0.01)


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--packets", type=int, default=1_000_000)
    parser.add_argument("--associations", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--brushes", type=int, default=0)
    asked = parser.parse_args()
    jit.start()
    jit.wait()
    while not all(kernel.compiled for kernel in jit._compiler.kernels if ".esp_" in kernel.name):
        time.sleep(0.1)
    if asked.brushes:
        asyncio.run(brushed(made(asked.packets, asked.associations), asked.brushes))
        return
    for count in (1, asked.associations):
        store = made(asked.packets, count)
        rows, span = rows_of(store, EVERYTHING), asked.packets * STEP
        found = associations(store, rows)
        window = rows_of(store, Scope(start=START + span // 3, end=START + span // 2))
        print(f"{asked.packets} packets, {count} associations")
        show("  all of them, from the columns", lambda store=store, rows=rows: associations(store, rows), asked.rounds)
        show(
            "  another window on them",
            lambda store=store, rows=window, found=found: associations(store, rows, known=found.judged),
            asked.rounds,
        )
        show(
            "  one of them, opened",
            lambda store=store, rows=rows, found=found: detail(store, rows, found, 0),
            asked.rounds,
        )


if __name__ == "__main__":
    main()
