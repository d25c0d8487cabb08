"""Where TCP analysis differs from tshark's, and why: the classes that docs/differences.md describes under "TCP analysis: against tshark".

They are conditions on the packets of the connection, never lists of files.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from decode.test_hostile import LINK_TYPES
from oracles.followed import FOLLOWED
from oracles.tcp_marks import MARKS, PREFIX

from netsleuth_tui.analysis.tcp import marks, tcp_values
from netsleuth_tui.analysis.tcp_segments import SEGMENT
from netsleuth_tui.decode.columns import Columns, Has
from netsleuth_tui.errors import NetSleuthError
from netsleuth_tui.ingest import Loader
from netsleuth_tui.store import Store

VALUES = {"duplicate_ack_num": "tcp_repeat", "ack_rtt": "tcp_ack_rtt", "initial_rtt": "tcp_initial_rtt"}
"""tshark's names behind `PREFIX`, and our columns."""
UNUSUAL = ("tcp.options.mptcp.subtype", "tcp.options.wscale.shift")
ASKED = (*UNUSUAL, *(PREFIX + name for name in (*MARKS, *VALUES)))
"""What tshark is asked beside frame.protocols, frame.time_epoch and tcp.flags; the first occurrence of each."""
SYN = 0x002
_PORTS = np.uint64(Has.SRC_PORT | Has.DST_PORT)


@dataclass(frozen=True)
class Capture:
    """A file, and what tshark says of each of its frames, by its fields."""

    store: Store
    shown: Sequence[Mapping[str, str]]

    @cached_property
    def columns(self) -> Columns:
        """Ours."""
        return self.store.columns()

    @cached_property
    def protocols(self) -> dict[int, tuple[str, ...]]:
        """frame.protocols of the rows in which tshark finds TCP."""
        split = {row: tuple(frame["frame.protocols"].split(":")) for row, frame in enumerate(self.shown)}
        return {row: names for row, names in split.items() if "tcp" in names}

    @cached_property
    def options(self) -> frozenset[int]:
        """Rows with a window scale option but no SYN, or with Multipath TCP."""
        return frozenset(
            row for row, frame in enumerate(self.shown) if frame[UNUSUAL[0]] or (frame[UNUSUAL[1]] and not _flags(frame) & SYN)
        )


def _flags(frame: Mapping[str, str]) -> int:
    return int(frame["tcp.flags"] or "0", 16)


@dataclass(frozen=True)
class Difference:
    """A field of a frame on which we and tshark disagree."""

    name: str
    row: int
    ours: int
    theirs: int
    capture: Capture

    @cached_property
    def connection(self) -> list[int]:
        """Rows between the same two hosts, in whichever direction: those with the same two ports, those without ports, the row itself."""
        c = self.capture.columns
        hosts, ports = ({int(a[self.row]), int(b[self.row])} for a, b in ((c.src, c.dst), (c.src_port, c.dst_port)))
        between = np.isin(c.src, list(hosts)) & np.isin(c.dst, list(hosts))
        known = c.present & _PORTS == _PORTS
        if known[self.row]:
            between &= ~known | (np.isin(c.src_port, list(ports)) & np.isin(c.dst_port, list(ports)))
        return np.flatnonzero(between).tolist()

    @cached_property
    def bits(self) -> Has:
        """What any packet between the two hosts has."""
        return Has(int(np.bitwise_or.reduce(self.capture.columns.present[self.connection])))


def not_followed(d: Difference) -> bool:
    """TCP behind protocols, or link types, that only one of the two follows."""
    rows, c, protocols = d.connection, d.capture.columns, d.capture.protocols
    elsewhere = any(not set(names[: names.index("tcp")]) <= FOLLOWED for k in rows if (names := protocols.get(k)))
    unseen = any((int(c.present[k]) & int(Has.TCP) == 0) != (k not in protocols) for k in rows)
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


def split_second(d: Difference) -> bool:
    """Times of the connection whose part below a second is a second or more: tshark keeps 32 bits of it."""
    ours = d.capture.columns.time
    return any(row in d.capture.protocols and in_ns(d.capture.shown[row]["frame.time_epoch"]) != int(ours[row]) for row in d.connection)


def in_ns(text: str) -> int:
    """A time as tshark writes it; a negative part of a second as if the whole were negative."""
    seconds, _, part = text.lstrip("-").partition(".")
    return int(seconds or 0) * 10**9 + (-1 if text.startswith("-") else 1) * int(part or 0)


def no_ack_flag(d: Difference) -> bool:
    """Segments without the ACK flag, of which tshark takes the number for an acknowledgement."""
    return d.name == "ack_rtt" and bool((d.capture.columns.tcp_flags[d.connection] & 0x10 == 0).any())


def option_without_syn(d: Difference) -> bool:
    """Window scale options in segments that are no SYN, and Multipath TCP."""
    return any(row in d.capture.options for row in d.connection)


def time_zero(d: Difference) -> bool:
    """A SYN captured at the very beginning of 1970, which tshark takes for none when it measures the handshake."""
    c = d.capture.columns
    return any(int(c.time[k]) == 0 and int(c.tcp_flags[k]) & SYN for k in d.connection)


CLASSES: tuple[Callable[[Difference], bool], ...] = (
    not_followed, inner_header, not_judged, split_second, backwards, no_ack_flag, option_without_syn, time_zero,
)  # fmt: skip


def classify(d: Difference) -> str:
    """The first class that a difference belongs to, or nothing."""
    return next((condition.__name__ for condition in CLASSES if condition(d)), "")


def differences(store: Store, shown: Sequence[Mapping[str, str]], counts: Counter[str]) -> Iterator[tuple[str, Difference]]:
    """Class ('' for none) and difference, field by field and frame by frame.

    Args:
        store: What we make of a capture.
        shown: What tshark shows of each of its frames: fields of `ASKED`, frame.protocols, frame.time_epoch, tcp.flags.
        counts: Gets how many marks and values are the same ('equal'), and how many differ by class.
    """
    capture, found = Capture(store, shown), marks(store)
    for name, mask in MARKS.items():
        theirs = {row for row, frame in enumerate(shown) if frame[PREFIX + name]}
        ours = set(np.flatnonzero(found & mask).tolist())
        counts["equal"] += len(ours & theirs)
        for row in sorted(ours ^ theirs):
            yield _classified(Difference(name, row, int(row in ours), int(row in theirs), capture), counts)
    for name, column in VALUES.items():
        values = tcp_values(store, column)
        given = {row: _number(frame[PREFIX + name]) for row, frame in enumerate(shown) if frame[PREFIX + name]}
        rows = given.keys() if name == "initial_rtt" else given.keys() | set(np.flatnonzero(values).tolist())
        for row in sorted(rows):
            if int(values[row]) == given.get(row, 0):
                counts["equal"] += 1
            else:
                yield _classified(Difference(name, row, int(values[row]), given.get(row, 0), capture), counts)


def without_class(path: Path, shown: Sequence[Mapping[str, str]], counts: Counter[str]) -> list[str]:
    """Compare a capture with what tshark shows of its frames, as `differences` does; return what differs for no reason that has a name."""
    store = loaded(path) if any("tcp" in frame["frame.protocols"] or frame["tcp.flags"] for frame in shown) else None
    if store is None or store.packets != len(shown):
        return []
    counts["files"] += 1
    found = [d for name, d in differences(store, shown, counts) if not name]
    return [f"{path}: {PREFIX}{d.name} of row {d.row} is {d.theirs}, we have {d.ours}" for d in found]


def _classified(d: Difference, counts: Counter[str]) -> tuple[str, Difference]:
    name = classify(d)
    counts[name] += 1
    return name, d


def _number(cell: str) -> int:
    """A number, or seconds in ns."""
    seconds, point, part = cell.partition(".")
    return int(seconds) * 10**9 + int(part.ljust(9, "0")) if point else int(seconds)


def loaded(path: Path) -> Store | None:
    """The store of a capture that has segments; None for others."""
    store = Store()
    try:
        Loader(store, memory=1 << 24, cancel=threading.Event(), report=lambda _: None).load([str(path)])
    except NetSleuthError:
        return None
    return store if (store.columns().present & SEGMENT == SEGMENT).any() else None
