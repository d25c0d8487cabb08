"""Measures what one keystroke costs in a large event log: from a changed scope to the time line, the breakdowns and the pane in front.

usage: event_panes.py [--events 3000000] [--log FILE] [--rounds 2]

Without a log, the events are made in memory: audit events of a file server, with users, programs, 40 000 object names and access masks.
Every filter is new (another pair of parentheses each round), so no kept selection answers it; those that are the first to ask for a field
are told by themselves, for its column is gathered then. What is told is for the whole screen, with
each of the four panes in front: processor time of all threads, which others on the machine change less than wall time, and the latter, too.
"""

from __future__ import annotations

import argparse
import random
import threading
import time
from collections.abc import Callable

import numpy as np

from netsleuth_tui import jit
from netsleuth_tui.analysis import (
    Scope,
    event_data,
    event_facets,
    event_groups,
    event_ids,
    event_records,
    event_rows_of,
    event_series,
    overview,
    sorted_events,
)
from netsleuth_tui.analysis.timeline import axis, time_span
from netsleuth_tui.session import Session
from netsleuth_tui.store import Source, Store
from netsleuth_tui.store.events import EventTable

COLUMNS, PAGE = 200, 45
SEEN = ("EventID", "Provider", "Level", "Channel", "Computer", "SubjectUserName")
SHOWN = ("EventRecordID", "TimeCreated", "EventID", "title", "SubjectUserName", "ObjectName", "AccessMask", "info")
SECOND = 1_000_000_000
FILTERS = (
    "",
    "EventID == 4663",
    'SubjectUserName == "user001"',
    'ObjectName matches "\\\\.(dll|log)$"',
    "AccessMask == 0x10080",
    'EventID == 4663 && ProcessName contains "agent3"',
    'ext(ObjectName) == "dll"',
    "EventID == 4656 || EventID == 4658",
    "SubjectUserName && AccessMask & 0x2",
    'EventID == 4663 && ObjectName contains "Finance" && SubjectUserName != "user002"',
)


def made(count: int) -> Store:
    """A store of events, all kinds of them with the same probabilities everywhere."""
    random_numbers = np.random.default_rng(1)
    store = Store()
    table = store.events
    users = table.texts.add([f"user{k:03}" for k in range(300)])
    programs = table.texts.add([f"C:\\Program Files\\Vendor\\agent{k}.exe" for k in range(60)])
    kinds = ("dll", "log", "xlsx", "tmp")
    objects = table.texts.add(
        [f"D:\\Shares\\{('Finance', 'HR', 'Legal')[k % 3]}\\{k % 97}\\file {k}.{kinds[k % 4]}" for k in range(40_000)]
    )
    masks = table.texts.add(["0x1", "0x2", "0x80", "0x10080", "0x120089"])
    handles = table.texts.add([f"0x{4 * k:x}" for k in range(1, 4096)])
    file_type = table.texts.add(["File"])[0]
    provider, channel, computer = table.texts.add(["Microsoft-Windows-Security-Auditing", "Security", "FS01.corp.example"])
    opened = table.group(("SubjectUserName", "ObjectType", "ObjectName", "HandleId", "AccessMask", "ProcessName"))
    closed = table.group(("SubjectUserName", "HandleId", "ProcessName"))
    ids = random_numbers.choice(np.array([4663, 4656, 4658], np.uint16), count, p=[0.48, 0.46, 0.06])

    def some(codes: list[int], size: int) -> np.ndarray:
        shares = 1 / np.arange(1, len(codes) + 1)
        return np.array(codes, np.uint32)[random_numbers.choice(len(codes), size, p=shares / shares.sum())]

    columns = table.reserve(count)
    short = ids == 4658
    width = np.where(short, 3, 6)
    slots = np.concatenate(([0], np.cumsum(width)[:-1]))
    cells = table.reserve_cells(int(width.sum()))
    long = ~short
    for place, column in enumerate((users, None, objects, handles, masks, programs)):
        cells[slots[long] + place] = file_type if column is None else some(column, int(long.sum()))
    for place, column in enumerate((users, handles, programs)):
        cells[slots[short] + place] = some(column, int(short.sum()))
    columns.row[:count] = np.arange(count)
    columns.time[:count] = 1_773_144_000 * SECOND + np.cumsum(random_numbers.integers(0, 2_000_000, count)) // 100 * 100
    columns.record_id[:count] = np.arange(1, count + 1)
    columns.offset[:count] = 4608 + 940 * np.arange(count)
    columns.event_id[:count] = ids
    columns.provider[:count], columns.channel[:count], columns.computer[:count] = provider, channel, computer
    columns.group[:count], columns.slot[:count] = np.where(short, closed, opened), slots
    table.commit(count, int(width.sum()))
    first, last = int(columns.time[0]), int(columns.time[count - 1])
    store.sources = (Source("made.evtx", "evtx", events=count, first=first, last=last),)
    return store


def common(store: Store, scope: Scope) -> None:
    """What the screen shows whatever is in front: amounts, time line, breakdowns."""
    rows = event_rows_of(store, scope)
    overview(store, scope, event_rows=rows)
    start, every, intervals = axis(time_span(store, scope), columns=COLUMNS)
    event_series(store, rows, start=start, every=every, intervals=intervals)
    event_facets(store, rows, SEEN)


def panes(store: Store) -> dict[str, Callable[[Scope], object]]:
    """What each pane asks."""
    groups = ("SubjectUserName", "ext(ObjectName)")
    return {
        "ids": lambda scope: event_ids(store, event_rows_of(store, scope)),
        "one by one": lambda scope: event_records(store, event_rows_of(store, scope).take(0, PAGE), SHOWN, readable=True),
        "data": lambda scope: event_data(store, event_rows_of(store, scope)),
        "groups": lambda scope: event_groups(store, event_rows_of(store, scope), groups).spread(0, 64, 24),
    }


def timed(work: Callable[[], object]) -> float:
    """Milliseconds of processor time that it takes, of all threads."""
    begin = time.process_time()
    work()
    return (time.process_time() - begin) * 1e3


def from_filter(store: Store, scope: Scope, ask: Callable[[Scope], object]) -> tuple[float, float, float]:
    """Milliseconds from a scope to everything on the screen: processor time, of it the pane's, and wall time."""
    wall = time.perf_counter()
    begin = timed(lambda: common(store, scope))
    own = timed(lambda: ask(scope))
    return begin + own, own, (time.perf_counter() - wall) * 1e3


def forgotten(store: Store) -> EventTable:
    """The events, without the columns of data that were gathered."""
    store.events._gathered.clear()
    return store.events


def show(name: str, milliseconds: list[float]) -> None:
    """One line of percentiles."""
    p50, p95 = np.percentile(milliseconds, [50, 95])
    print(f"{name:34} p50 {p50:7.1f} ms   p95 {p95:7.1f} ms   max {max(milliseconds):7.1f} ms   n {len(milliseconds)}")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=3_000_000)
    parser.add_argument("--log", help="a log to load instead")
    parser.add_argument("--rounds", type=int, default=2)
    asked = parser.parse_args()
    jit.start()
    jit.wait()
    if asked.log:
        session = Session(memory=4 << 30)
        session.load([asked.log], cancel=threading.Event())
        store = session.store
    else:
        store = made(asked.events)
    print(f"{store.events.rows} events; kernels: {jit.state()}")
    first, last = store.span or (0, 1)
    dice = random.Random(5)  # noqa: S311 - the same windows every time are the point
    asks = panes(store)
    print(f"first look at a column: {timed(lambda: store.events.codes('SubjectUserName')):.0f} ms")
    for ask in asks.values():  # columns that are made once
        ask(Scope(""))
        ask(Scope('ext(ObjectName) == "dll"'))
    print(f"first screen: {from_filter(store, Scope(''), asks['ids'])[0]:.0f} ms")
    used = {text: from_filter(store, Scope(f"EventID && ({text})"), asks["ids"])[0] for text in FILTERS if text}
    show("filters on fields not used before", list(used.values()))
    print(f"    the slowest: {max(used, key=lambda text: used[text])}")
    for name, ask in asks.items():
        measured: list[tuple[float, float, float]] = []
        for number in range(1, asked.rounds + 1):
            for text in FILTERS:
                wrapped = "(" * number + text + ")" * number if text else ""
                wrapped = f"{wrapped} && EventID" if wrapped and name != "ids" else wrapped  # another text for every pane
                start = first + int(dice.random() * 0.5 * (last - first)) if dice.random() < 0.3 else None
                scope = Scope(wrapped, start, None)
                measured.append(from_filter(store, scope, ask))
        fresh, parts, wall = (list(each) for each in zip(*measured, strict=True))
        show(f"new filter, {name} in front", fresh)
        show(f"    of it the pane ({name})", parts)
        show("    by the clock", wall)
    rows = event_rows_of(store, Scope(""))
    show("another column of the table", [timed(lambda: forgotten(store).codes("ObjectName")) for _ in range(3)])
    show("sorted by ObjectName", [timed(lambda: sorted_events(store, rows, "ObjectName")) for _ in range(3)])
    for name in SEEN:
        show(f"breakdown of all by {name}", [timed(lambda name=name: event_facets(store, rows, [name])) for _ in range(3)])


if __name__ == "__main__":
    main()
