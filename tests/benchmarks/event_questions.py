"""Measures questions about event logs: filters on event data until the rows are known, groups, columns that are added, sorted rows.

The log is made by ../shared/tools/gen_evtx.py (its size in megabytes, 256 by default) and loaded several times over, so that three
million events are asked.

usage: event_questions.py [--log FILE] [--megabytes 256] [--events 3000000] [--rounds 5]
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from bench import REPOSITORY, compile_kernels

from netsleuth_tui import jit
from netsleuth_tui.analysis import Scope, event_cells, event_data, event_groups, event_ids, event_rows_of, sorted_events
from netsleuth_tui.ingest import Loader
from netsleuth_tui.store import Store
from netsleuth_tui.store.event_values import EventValues

GENERATOR = REPOSITORY.parent / "shared" / "tools" / "gen_evtx.py"
FILTERS = (
    "EventID == 4663",
    'SubjectUserName == "user042"',
    'SubjectUserName contains "user0"',
    r'ObjectName matches "\.(dll|log)$"',
    'ObjectName contains "spool"',
    'ext(ObjectName) == "dll"',
    r'folder(ObjectName,2) contains "windows"',
    "AccessMask == 0x2",
    "AccessMask & 0x3",
    'AccessMask in {0x1, 0x2} && ProcessName matches "spoolsv"',
    "!ObjectName",
    "SubjectUserName != ProcessName",
    "hour in {8..17}",
    "Handle.ObjectName && EventID == 4658",
)
GROUPS = (
    ("EventID",),
    ("SubjectUserName",),
    ("ObjectName",),
    ("ProcessName", "ext(ObjectName)"),
    ("SubjectUserName", "ObjectName", "ProcessName"),
)
COLUMNS = ("SubjectUserName", "ObjectName", "AccessMask", "ext(ObjectName)", "Handle.ObjectName", "hour")
SORTED = ("TimeCreated", "EventID", "SubjectUserName", "ObjectName", "AccessMask")
PAGE = 50


def log(asked: argparse.Namespace) -> Path:
    """The log to measure with."""
    if asked.log is not None:
        return Path(asked.log)
    path = Path(tempfile.gettempdir()) / f"netsleuth-events-{asked.megabytes}.evtx"
    if not path.exists():
        made = path.with_suffix(".part")
        subprocess.run([sys.executable, str(GENERATOR), str(made), str(asked.megabytes)], check=True, stdout=subprocess.DEVNULL)
        made.rename(path)
    return path


def measured(name: str, work: Callable[[], object], rounds: int, before: Callable[[], object] = lambda: None) -> list[float]:
    """Milliseconds of each round, printed: of the clock and of all processors."""
    clock, cpu = [], []
    for _ in range(rounds):
        before()
        begin, busy = time.perf_counter(), time.process_time()
        work()
        clock.append((time.perf_counter() - begin) * 1e3)
        cpu.append((time.process_time() - busy) * 1e3)
    print(f"{name:62} median {np.median(clock):7.1f} ms   least {min(clock):7.1f}   processor {np.median(cpu):7.1f}", flush=True)
    return clock


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--log", type=Path, help="measure with this log instead")
    parser.add_argument("--megabytes", type=int, default=256)
    parser.add_argument("--events", type=int, default=3_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    path = log(asked)
    compile_kernels()
    jit.start()
    jit.wait()
    store = Store()
    while store.events.rows < asked.events:
        before = store.events.rows
        Loader(store, memory=8 << 30, cancel=threading.Event(), report=lambda _: None).load([str(path)])
        if store.events.rows == before:
            raise SystemExit(f"{path} has no events")
    print(f"{store.events.rows} events, {store.events.texts.count} different texts, kernels {jit.state()}")
    everything = event_rows_of(store, Scope())

    def forget() -> None:
        store._event_matches.clear()

    def forget_columns() -> None:
        forget()
        store.event_values = EventValues(store.events)
        store.events._gathered.clear()

    times = []
    for text in FILTERS:
        measured(f"first: {text}", lambda text=text: event_rows_of(store, Scope(text)), 1, forget_columns)
        times += measured(f"filter {text}", lambda text=text: event_rows_of(store, Scope(text)), asked.rounds, forget)
    print(f"filters, all: p50 {np.percentile(times, 50):.1f} ms, p95 {np.percentile(times, 95):.1f} ms")
    page = everything.take(len(everything) // 2, PAGE)
    for name in COLUMNS:
        measured(f"column added: {name}", lambda name=name: event_cells(store, page, name), 2, forget_columns)
    measured("breakdown by id", lambda: event_ids(store, everything), asked.rounds)
    measured("fields of the event data", lambda: event_data(store, everything), asked.rounds)
    for by in GROUPS:
        measured(f"groups by {','.join(by)}", lambda by=by: event_groups(store, everything, by), asked.rounds)
    for name in SORTED:
        measured(f"sorted by {name}", lambda name=name: sorted_events(store, everything, name), asked.rounds)


if __name__ == "__main__":
    main()
