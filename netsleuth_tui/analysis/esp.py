"""Security associations of a scope, with what became of their packets: reordered, lost, sent again, dropped by an anti-replay window."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.analysis.addresses import address, address_ranks
from netsleuth_tui.analysis.esp_order import AHEAD, CLASS, JUMP, OUTLIER, RESET, WRAP, ZERO, Judged, judged
from netsleuth_tui.analysis.esp_packets import Numbers, Other
from netsleuth_tui.analysis.intervals import SECOND
from netsleuth_tui.analysis.times import time_cell
from netsleuth_tui.decode.columns import NO_TIME
from netsleuth_tui.store.ordering import order, settled
from netsleuth_tui.tabular import Cell

if TYPE_CHECKING:
    from netsleuth_tui.decode.hosts import Hosts
    from netsleuth_tui.store import Rows, Store

__all__ = ["WINDOWS", "Associations", "associations", "inside", "spi_text"]

Bools = NDArray[np.bool_]

WINDOWS = (32, 64, 128, 256, 512, 1024, 2048, 4096)
"""Anti-replay windows that receivers are known to have: 32 must be supported, 64 should be the default (RFC 4303 section 3.4.3)."""

DROPS = "replay_drops_"

GOES_ON = 3 * SECOND
"""An association whose last packet is nearer to the end of the capture goes on after it, as far as anybody can tell."""

LATEST = 2**63 - 1
NONE = -1

COUNTS = (
    "packets", "bytes", "unique", "expected", "lost", "lost_provisional", "ahead", "late", "duplicates", "outliers", "zeros",
    "start", "last", "max_depth", "depth_p50", "depth_p95", "max_wait", "resets", "jumps", "wraps",
    *(f"{DROPS}{window}" for window in WINDOWS),
)  # fmt: skip
"""Columns of `Associations.counts`."""


@dataclass(frozen=True, slots=True)
class Associations:
    """Security associations that have packets in a scope, each a row of `counts`; definitions in `esp_order`.

    What is counted are the packets of the scope, and losses at those of them that opened a gap. Of a whole association
    expected = highest - lowest number + 1, over all epochs, and lost = expected - unique.
    """

    judged: Judged
    hosts: Hosts
    chosen: Bools
    """Of each packet in `judged`: it is in the scope."""
    which: Numbers
    """Number of each association in `judged.members`."""
    counts: Numbers
    """(associations, len(COUNTS)); times and waits in ns; -1 where there is nothing to measure."""
    joined: Bools
    """The capture begins in the middle: the first number is not 1 (what came before is not known, and not lost)."""
    goes_on: Bools
    before: Numbers
    """The association that was rekeyed to this one, or -1."""
    overlap: Numbers
    """(associations, 2): how long that one sent on after this one began, ns; and how many packets."""
    after: Numbers
    """The one that this one was rekeyed to, or -1."""
    opposite: Numbers
    """The one in the other direction, or -1."""
    others: dict[Other, int]
    """Packets of the scope that belong to no association."""

    def __len__(self) -> int:
        return len(self.which)

    def numbers(self, name: str) -> Numbers:
        """A column as numbers that can be sorted: counts, host ids, ns, parts per million; -1 (start: `NO_TIME`) where there is none."""
        if name in COUNTS:
            return self.counts[:, COUNTS.index(name)]
        if name.startswith(DROPS):
            return self.drops(int(name.removeprefix(DROPS)))
        if name in _KEYS:
            return np.asarray(getattr(self.judged.members, _KEYS[name])[self.which]).astype(np.int64)
        if name in _PARTNERS:
            partner: Numbers = getattr(self, _PARTNERS[name])
            return np.where(partner < 0, NONE, self.judged.members.spi[partner])
        return _DERIVED[name](self)

    def drops(self, window: int) -> Numbers:
        """Late packets that a receiver with this anti-replay window drops."""
        found = self.judged
        late = found.late[(found.late_depth >= window) & self.chosen[found.late]]
        return np.bincount(found.members.association(late), minlength=len(found.members))[self.which]

    def order(self, name: str, *, descending: bool = False) -> NDArray[np.uint32]:
        """Places of the associations sorted by a column, absent values last; equal ones by addresses and SPI."""
        keys = self.numbers(name)
        absent = keys == NO_TIME if name == "start" else keys < 0
        if name in ("src", "dst"):
            keys, absent = address_ranks(self.hosts, keys), np.zeros(len(keys), np.bool_)
        return settled(order(keys, absent, descending=descending), keys, self._ends)

    def _ends(self, which: NDArray[np.integer]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """What tells some associations apart, as numbers."""
        src, dst = address_ranks(self.hosts, np.stack((self.numbers("src"), self.numbers("dst")))[:, which])
        return src << 32 | dst, (self.numbers("spi")[which] << 1) + self.numbers("encapsulation")[which]

    def at(self, which: Sequence[int] | NDArray[np.integer]) -> Associations:
        """Only the associations at these places, in this order."""
        names = ("which", "counts", "joined", "goes_on", "before", "overlap", "after", "opposite")
        return replace(self, **{name: getattr(self, name)[which] for name in names})

    def cells(self, name: str) -> list[Cell]:
        """A column as it is written; None where a value is absent. Take a few associations with `at` first."""
        numbers: list[int] = self.numbers(name).tolist()
        if name in ("src", "dst"):
            return [address(self.hosts, host) for host in numbers]
        if name == "start":
            return [time_cell(time) for time in numbers]
        written = _WRITTEN.get(name)
        return [None if number < 0 else number if written is None else written(number) for number in numbers]

    def key(self, place: int) -> tuple[int, int, int, bool]:
        """What tells the association at a place from all others, also when there are more packets: hosts, SPI, encapsulation."""
        members, k = self.judged.members, int(self.which[place])
        return int(members.src[k]), int(members.dst[k]), int(members.spi[k]), bool(members.in_udp[k])

    def find(self, key: tuple[int, int, int, bool]) -> int | None:
        """The place of the association with this key; None where the scope has no packet of it."""
        number = self.judged.members.find(key)
        here = self.which == (NONE if number is None else number)
        return int(here.argmax()) if here.any() else None

    def filter(self, place: int) -> str:
        """The filter that selects the packets of the association at a place, and no others."""
        return self.filter_of(self.key(place))

    def filter_of(self, key: tuple[int, int, int, bool]) -> str:
        """The same for an association that the scope may have no packet of."""
        src, dst, spi, in_udp = key
        layer = "ip" if int(self.hosts.version[src]) == 4 else "ipv6"
        ends = f"{layer}.src == {address(self.hosts, src)} && {layer}.dst == {address(self.hosts, dst)}"
        whole = " && esp.sequence" if (self.judged.members.other_kinds == Other.SHORT).any() else ""
        return f"{ends} && esp.spi == {spi_text(spi)} && {'' if in_udp else '!'}udpencap{whole}"

    def about(self, key: tuple[int, int, int, bool]) -> dict[str, str]:
        """Addresses, SPI and partners of an association that the scope may have no packet of, named as in `cells`; without absent ones."""
        found, number = self.judged, self.judged.members.find(key)
        told = {"spi": spi_text(key[2]), "src": address(self.hosts, key[0]), "dst": address(self.hosts, key[1])}
        if number is not None:
            partners = {name: int(getattr(found.lives, of)[number]) for name, of in _PARTNERS.items()}
            told |= {name: spi_text(int(found.members.spi[of])) for name, of in partners.items() if of >= 0}
        return told


def spi_text(spi: int) -> str:
    """'0xc4c0e3f5', as tshark writes it."""
    return f"0x{spi:08x}"


def _shares(parts: Numbers, wholes: Numbers, scale: int) -> Numbers:
    """Parts of a whole, scaled; -1 where there is nothing to be a part of."""
    return np.where(wholes > 0, np.rint(parts / np.maximum(wholes, 1) * scale), NONE).astype(np.int64)


def _duration(found: Associations) -> Numbers:
    start = found.numbers("start")
    return np.where(start == NO_TIME, NONE, found.numbers("last") - start)


def _per_second(name: str) -> Callable[[Associations], Numbers]:
    return lambda found: _shares(found.numbers(name) * 1_000, found.numbers("duration") // 1_000, 1_000_000)


_KEYS = {"src": "src", "dst": "dst", "spi": "spi", "encapsulation": "in_udp"}
_PARTNERS = {"rekeyed_from": "before", "rekeyed_to": "after", "opposite": "opposite"}
_DERIVED: dict[str, Callable[[Associations], Numbers]] = {
    "duration": _duration,
    "safe_window": lambda found: found.numbers("max_depth") + 1,
    "lost_percent": lambda found: _shares(found.numbers("lost"), found.numbers("expected"), 1_000_000),
    "late_percent": lambda found: _shares(found.numbers("late"), found.numbers("unique"), 1_000_000),
    "packets_per_second": _per_second("packets"),
    "bytes_per_second": _per_second("bytes"),
    "joined": lambda found: found.joined.astype(np.int64),
    "goes_on": lambda found: found.goes_on.astype(np.int64),
    "rekey_overlap": lambda found: np.where(found.before < 0, NONE, found.overlap[:, 0]),
    "rekey_overlap_packets": lambda found: np.where(found.before < 0, NONE, found.overlap[:, 1]),
}
"""Columns that follow from others."""
_WRITTEN: dict[str, Callable[[int], Cell]] = {
    "encapsulation": ("none", "UDP").__getitem__,
    **dict.fromkeys(("spi", *_PARTNERS), spi_text),
    **dict.fromkeys(("duration", "max_wait", "rekey_overlap"), lambda length: length / SECOND),
    **dict.fromkeys(("packets_per_second", "bytes_per_second"), lambda number: number / 1_000),
    **dict.fromkeys(("lost_percent", "late_percent"), lambda number: number / 10_000),
    **dict.fromkeys(("joined", "goes_on"), bool),
}
"""How columns are written that are not just their numbers."""


def inside(found: Judged, rows: Rows, first: int = 0, last: int | None = None) -> NDArray[np.bool_]:
    """Which of the judged packets at the positions `first` to `last` are among these rows of the store."""
    of = found.members.rows[first:last]
    if rows.ids is None:
        return (of >= rows.first) & (of < rows.last)
    chosen = np.zeros(max(found.packets, int(rows.ids[-1]) + 1 if len(rows.ids) else 0), np.bool_)
    chosen[rows.ids[rows.first : rows.last]] = True
    return chosen[of]


def associations(
    store: Store,
    rows: Rows,
    *,
    known: Judged | None = None,
    only: tuple[int, int, int, bool] | None = None,
    cancelled: Callable[[], bool] = lambda: False,
) -> Associations:
    """The security associations of the selected rows.

    Args:
        store: What was loaded.
        rows: Which rows of it.
        known: What was found out before; used if the store has no more rows now.
        only: Key of the one association that is wanted, which saves counting the others.
        cancelled: Asked from time to time; True ends the work.

    Raises:
        NetSleuthError: Nobody wanted the answer any more.
    """
    found = known if known is not None and known.packets == store.packets else judged(store, cancelled)
    members, columns = found.members, store.columns()
    chosen = inside(found, rows)
    if only is not None:
        number = members.find(only)
        first, last = (members.starts[number], members.starts[number + 1]) if number is not None else (0, 0)
        chosen[:first], chosen[last:] = False, False
    counts = _counts(found, columns.len, columns.time, chosen)
    which = np.flatnonzero(counts[:, COUNTS.index("packets")])
    span, lives = store.span, found.lives
    others = np.zeros(len(members.others), np.bool_)
    if rows.ids is None:
        others = (members.others >= rows.first) & (members.others < rows.last)
    elif len(others):
        others = np.isin(members.others, rows.ids[rows.first : rows.last], assume_unique=True)
    kinds = np.bincount(members.other_kinds[others], minlength=len(Other)).tolist()
    whole = Associations(
        judged=found,
        chosen=chosen,
        hosts=store.hosts.known(),
        which=np.arange(len(members)),
        counts=counts,
        joined=lives.lowest > 1,
        goes_on=(span is not None) & (lives.last >= (span[1] if span is not None else 0) - GOES_ON),
        before=lives.before,
        overlap=lives.overlap,
        after=lives.after,
        opposite=lives.opposite,
        others={other: kinds[other] for other in Other if kinds[other]},
    )
    return whole.at(which)


def _counts(found: Judged, octets: NDArray[np.uint32], times: NDArray[np.int64], chosen: Bools) -> Numbers:
    """(all associations, len(COUNTS)): what `Associations.counts` holds."""
    members = found.members
    size = len(members)
    made: dict[str, Numbers] = {}
    everything = bool(chosen.all())
    positions = np.flatnonzero(chosen) if not everything else np.arange(len(chosen))
    edges = members.starts if everything else np.searchsorted(positions, members.starts)
    made["packets"] = np.diff(edges)
    there = np.flatnonzero(made["packets"])
    begins = edges[:-1][there]
    rows = members.rows if everything else members.rows[positions]
    kinds = found.kinds if everything else found.kinds[positions]
    special = np.flatnonzero(kinds)  # few: most packets are in order
    kinds, special = kinds[special], positions[special]
    made["bytes"] = _reduced(np.add, octets[rows], begins, there, size, 0)
    time = times[rows]
    made["last"] = _reduced(np.maximum, time, begins, there, size, NO_TIME)
    made["start"] = _reduced(np.minimum, time, begins, there, size, NO_TIME)
    if (made["start"][there] == NO_TIME).any():  # NO_TIME is less than any time
        made["start"] = _reduced(np.minimum, np.where(time == NO_TIME, LATEST, time), begins, there, size, NO_TIME)
        made["start"][made["last"] == NO_TIME] = NO_TIME

    def per(at: Numbers, weights: Numbers | None = None) -> Numbers:
        of = members.association(at)
        return np.bincount(of, weights, minlength=size).astype(np.int64)

    for name, what in (("outliers", OUTLIER), ("zeros", ZERO)):
        made[name] = per(special[kinds & CLASS == what])
    for name, bit in (("resets", RESET), ("jumps", JUMP), ("wraps", WRAP)):
        made[name] = per(special[kinds & bit != 0])
    made["ahead"] = per(special[kinds & CLASS == AHEAD])
    made["duplicates"] = per(found.duplicates[chosen[found.duplicates]])
    made["unique"] = made["packets"] - made["duplicates"] - made["outliers"] - made["zeros"]
    runs = chosen[found.run_at]
    made["lost"] = per(found.run_at[runs], found.run_length[runs])
    runs &= found.run_open
    made["lost_provisional"] = per(found.run_at[runs], found.run_length[runs])
    made["expected"] = made["unique"] + made["lost"]
    _of_late_packets(found, times, chosen, made)
    return np.column_stack([made[name] for name in COUNTS]) if size else np.zeros((0, len(COUNTS)), np.int64)


def _of_late_packets(found: Judged, times: NDArray[np.int64], chosen: Bools, made: dict[str, Numbers]) -> None:
    """Add the columns that are about depth: how many numbers a packet came too late."""
    members, size = found.members, len(found.members)
    late = chosen[found.late]
    at, depth, opener = found.late[late], found.late_depth[late], found.late_opener[late]
    of = members.association(at)
    made["late"] = np.bincount(of, minlength=size)
    for window in WINDOWS:
        made[f"{DROPS}{window}"] = np.bincount(of[depth >= window], minlength=size)
    by_depth = np.lexsort((depth, of))
    ends = np.cumsum(made["late"])
    depth = depth[by_depth]
    for name, hundredths in (("max_depth", 100), ("depth_p50", 50), ("depth_p95", 95)):
        # The nearest rank: the smallest depth that so many of a hundred do not exceed.
        rank = ends - made["late"] + np.maximum(-(-made["late"] * hundredths // 100), 1) - 1
        made[name] = np.where(made["late"] > 0, depth[np.minimum(rank, len(depth) - 1)] if len(depth) else 0, 0)
    then, now = times[members.rows[opener]], times[members.rows[at]]
    wait = np.where((then == NO_TIME) | (now == NO_TIME), NONE, np.maximum(now - then, 0))
    made["max_wait"] = np.full(size, NONE)
    np.maximum.at(made["max_wait"], of, wait)


def _reduced(how: np.ufunc, values: NDArray[np.integer], begins: Numbers, there: Numbers, size: int, nothing: int) -> Numbers:
    """Per association, of those that have any."""
    reduced = np.full(size, nothing, np.int64)
    if len(there):
        reduced[there] = how.reduceat(values, begins, dtype=np.int64)
    return reduced
