"""TCP analysis of every reference capture is tshark's, frame by frame, or the difference belongs to a class with a reason.

The classes are described in docs/differences.md under "TCP analysis: against tshark". They are conditions on the packets of the connection.
"""

from __future__ import annotations

import subprocess
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pytest
from decode.test_hostile import LINK_TYPES
from oracles.tcp_marks import AS_THE_FILE_HAS_IT, MARKS, shown
from oracles.test_fields import FOLLOWED, captures
from wire import compiled

from netsleuth_tui.analysis.tcp import marks, tcp_values
from netsleuth_tui.analysis.tcp_segments import SEGMENT, follow_segments
from netsleuth_tui.decode.columns import Columns, Has
from netsleuth_tui.decode.hosts import place
from netsleuth_tui.errors import NetSleuthError
from netsleuth_tui.ingest import Loader
from netsleuth_tui.store import Store

VALUES = {"duplicate_ack_num": "tcp_repeat", "ack_rtt": "tcp_ack_rtt", "initial_rtt": "tcp_initial_rtt"}


@dataclass(frozen=True)
class Capture:
    """A file, and what tshark says of it."""

    store: Store
    protocols: dict[int, tuple[str, ...]]
    """frame.protocols of the frames in which tshark finds TCP."""
    options: frozenset[int]
    """Frames with a window scale option but no SYN, or with Multipath TCP."""

    @cached_property
    def columns(self) -> Columns:
        """Ours."""
        return self.store.columns()


@dataclass(frozen=True)
class Difference:
    """A field of a frame on which we and tshark disagree."""

    name: str
    frame: int
    ours: int
    theirs: int
    capture: Capture

    @cached_property
    def connection(self) -> list[int]:
        """Rows between the same two hosts, in whichever direction, and the row itself."""
        c, row = self.capture.columns, self.frame - 1
        pair = {int(c.src[row]), int(c.dst[row])}
        return np.flatnonzero(np.isin(c.src, list(pair)) & np.isin(c.dst, list(pair))).tolist()

    @cached_property
    def bits(self) -> Has:
        """What any packet between the two hosts has."""
        return Has(int(np.bitwise_or.reduce(self.capture.columns.present[self.connection])))


def not_followed(d: Difference) -> bool:
    """TCP behind protocols, or link types, that only one of the two follows."""
    rows = d.connection
    c = d.capture.columns
    elsewhere = any(
        not set(names[: names.index("tcp")]) <= FOLLOWED for k in rows if "tcp" in (names := d.capture.protocols.get(k + 1, ()))
    )
    unseen = any((int(c.present[k]) & int(Has.TCP) == 0) != (k + 1 not in d.capture.protocols) for k in rows)
    return elsewhere or unseen or any(int(c.link_type[k]) not in LINK_TYPES for k in rows)


def inner_header(d: Difference) -> bool:
    """TCP inside of tunnels, under the addresses of the outermost header."""
    return bool(d.bits & Has.TUNNEL)


def not_judged(d: Difference) -> bool:
    """Headers that are cut off or contradict themselves, and fragments."""
    c = d.capture.columns
    return any(int(c.present[k]) & int(Has.TCP) and int(c.present[k]) & int(SEGMENT) != int(SEGMENT) for k in d.connection)


def backwards(d: Difference) -> bool:
    """Times of the connection that run backwards."""
    times = d.capture.columns.time[d.connection]
    return bool((np.diff(times) < 0).any())


def no_ack_flag(d: Difference) -> bool:
    """Segments without the ACK flag, of which tshark takes the number for an acknowledgement."""
    return d.name == "ack_rtt" and bool((d.capture.columns.tcp_flags[d.connection] & 0x10 == 0).any())


def option_without_syn(d: Difference) -> bool:
    """Window scale options in segments that are no SYN, and Multipath TCP."""
    return any(row + 1 in d.capture.options for row in d.connection)


CLASSES: tuple[Callable[[Difference], bool], ...] = (
    not_followed, inner_header, not_judged, backwards, no_ack_flag, option_without_syn,
)  # fmt: skip


def classify(d: Difference) -> str:
    """The first class that a difference belongs to, or nothing."""
    return next((condition.__name__ for condition in CLASSES if condition(d)), "")


def about(tshark: str, path: Path, store: Store) -> Capture:
    """What the classes ask for."""
    command = [tshark, *AS_THE_FILE_HAS_IT, "-r", str(path), "-Y", "tcp", "-T", "fields", "-e", "frame.number", "-e", "frame.protocols"]
    unusual = ["-e", "tcp.options.mptcp.subtype", "-e", "tcp.options.wscale.shift", "-e", "tcp.flags.syn"]
    done = subprocess.run([*command, *unusual, "-E", "occurrence=f"], capture_output=True, text=True, check=False)
    lines = [line.split("\t") for line in done.stdout.splitlines()]
    options = frozenset(int(line[0]) for line in lines if line[2] or (line[3] and line[4] == "0"))
    return Capture(store, {int(line[0]): tuple(line[1].split(":")) for line in lines}, options)


def compared(store: Store, said: dict[int, tuple[str, ...]]) -> Iterator[tuple[str, int, int, int]]:
    """Name, frame, our value and tshark's, where they differ."""
    found = marks(store)
    for k, (name, mask) in enumerate(MARKS.items()):
        theirs = {frame for frame, cells in said.items() if cells[k]}
        ours = {row + 1 for row in np.flatnonzero(found & mask).tolist()}
        yield from ((name, frame, int(frame in ours), int(frame in theirs)) for frame in sorted(ours ^ theirs))
    for k, (name, column) in enumerate(VALUES.items(), len(MARKS)):
        values = tcp_values(store, column)
        given = {frame: cells[k] for frame, cells in said.items() if cells[k]}
        numbers = {frame: round(float(cell) * 10**9) if "." in cell else int(cell) for frame, cell in given.items()}
        frames = numbers.keys() if name == "initial_rtt" else numbers.keys() | {row + 1 for row in np.flatnonzero(values).tolist()}
        for frame in sorted(frames):
            if int(values[frame - 1]) != numbers.get(frame, 0):
                yield name, frame, int(values[frame - 1]), numbers.get(frame, 0)


def loaded(path: Path) -> Store | None:
    """The store of a capture that has segments; None for others."""
    store = Store()
    try:
        Loader(store, memory=1 << 24, cancel=threading.Event(), report=lambda _: None).load([str(path)])
    except NetSleuthError:
        return None
    return store if (store.columns().present & SEGMENT == SEGMENT).any() else None


@pytest.mark.sweep
def test_every_segment_of_every_capture(shared: Path, tshark: str) -> None:
    """Mark by mark and value by value: equal, or different for a reason that has a name."""
    without: list[str] = []
    counts: Counter[str] = Counter()

    def looked_at(path: Path) -> tuple[Path, Store, dict[int, tuple[str, ...]] | None] | None:
        store = loaded(path)
        return (path, store, shown(tshark, path, *MARKS, *VALUES)) if store is not None else None

    with compiled(follow_segments, place), ThreadPoolExecutor(2) as pool:
        for one in pool.map(looked_at, captures(shared)):
            if one is None:
                continue
            path, store, said = one
            if said is None or max(said, default=0) > store.packets:
                counts["files that tshark gives up"] += 1
                continue
            counts["files"] += 1
            counts["segments"] += int(np.count_nonzero(store.columns().present & SEGMENT == SEGMENT))
            counts["marked"] += int(np.count_nonzero(marks(store)))
            some = list(compared(store, said))
            capture = about(tshark, path, store) if some else None
            for name, frame, ours, theirs in some:
                assert capture is not None
                kind = classify(Difference(name, frame, ours, theirs, capture))
                counts[kind] += 1
                if not kind:
                    without.append(f"{path}: {name} of frame {frame} is {theirs}, we have {ours}")
    print(counts)  # noqa: T201 - shown with -s, and where the test fails
    assert not without, without[:20]
    assert counts["files"] > 500
    assert counts["segments"] > 50_000
    assert counts["files that tshark gives up"] <= counts["files"] // 20


def test_resets_are_counted_as_tshark_counts_them(shared: Path) -> None:
    """`ethereum.pcap` has 419."""
    path = next((shared / "corpora" / "captures").rglob("ethereum.pcap"))
    store = loaded(path)
    assert store is not None
    assert int(np.count_nonzero(store.columns().tcp_flags & 0x4)) == 419
