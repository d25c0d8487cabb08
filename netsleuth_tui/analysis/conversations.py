"""Who talked to whom: conversations by pair of addresses, or by addresses, ports and protocol, with what each side sent."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.analysis import flow_table as layout
from netsleuth_tui.analysis.addresses import address, address_ranks
from netsleuth_tui.analysis.between import between
from netsleuth_tui.analysis.flow_table import BEGAN, FIRST, LAST
from netsleuth_tui.analysis.flows import NO_MARKS, flows
from netsleuth_tui.analysis.info import FLAG_NAMES
from netsleuth_tui.analysis.intervals import SECOND
from netsleuth_tui.analysis.ranks import label_ranks
from netsleuth_tui.analysis.scope import Scope, rows_of
from netsleuth_tui.analysis.tcp import marks
from netsleuth_tui.analysis.timeline import axis, time_span
from netsleuth_tui.analysis.times import interval_cells, time_cell
from netsleuth_tui.decode.columns import NO_TIME, Protocol
from netsleuth_tui.store.ordering import order, order_by, settled
from netsleuth_tui.tabular import Cell, Column, Table

if TYPE_CHECKING:
    from netsleuth_tui.decode.hosts import Hosts
    from netsleuth_tui.store import Rows, Store

__all__ = ["By", "Conversations", "conversation_columns", "conversations", "conversations_table", "rates_table"]

By = Literal["address", "ports"]
Numbers = NDArray[np.int64]

SIDES = {"a": 0, "b": 1, "ab": 0, "ba": 1}
SUMS = {"bytes": layout.BYTES, "payload": layout.PAYLOAD}
COUNTS = {
    "packets": layout.PACKETS, "retransmissions": layout.RETRANSMISSIONS, "resets": layout.RESETS, "flags": layout.FLAGS,
}  # fmt: skip

ENDPOINTS = ("a", "b", "port_a", "port_b", "protocol")
MEASURES = (
    "packets", "bytes", "packets_ab", "bytes_ab", "packets_ba", "bytes_ba", "start", "duration", "payload_ab", "payload_ba",
    "retransmissions_ab", "retransmissions_ba", "resets_ab", "resets_ba", "flags_ab", "flags_ba",
)  # fmt: skip
RATES = ("packets_ab", "bytes_ab", "packets_ba", "bytes_ba", "payload_ab", "payload_ba")
TEXTS = frozenset(("a", "b", "protocol", "start", "flags_ab", "flags_ba"))
BLOCK = 1 << 14
"""Rows per block of a table."""


@dataclass(frozen=True, slots=True)
class Conversations:
    """Conversations of a scope; each is a row of the two arrays.

    Side `a` is the one that sent first, by time; where both did, either. A packet is in a conversation if it has IP addresses.
    Addresses are those of the outermost IP header, ports those of the first transport header found. Packets without ports (ICMP, ESP, all
    fragments of a datagram but the first) belong together by addresses and protocol.

    A retransmission is a segment that tshark calls `tcp.analysis.retransmission`, fast and spurious ones with it: `tcp_segments` has the
    definition. It is judged among all packets that were loaded, whatever the scope.
    """

    by: By
    hosts: Hosts
    sums: Numbers
    """(conversations, 8), see `flow_table.Table`."""
    counts: NDArray[np.uint32]
    """(conversations, 16), see `flow_table.Table`."""
    outside: int
    """Packets of the scope that are in no conversation."""

    def __len__(self) -> int:
        return len(self.sums)

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns that there are."""
        return conversation_columns(self.by)

    @property
    def interval(self) -> Numbers:
        """Index of the interval; 0 where time was not split."""
        return self.sums[:, layout.REST] >> layout.INTERVAL_AT

    def numbers(self, name: str) -> Numbers:
        """A column as numbers: counts, bits of flags, ns, ports (-1: none), host ids, protocols."""
        if name in ("start", "duration"):
            first = self.sums[:, FIRST]
            return first if name == "start" else np.where(first == NO_TIME, NO_TIME, self.sums[:, LAST] - first)
        if name == "protocol":
            return self.sums[:, layout.REST] >> layout.PROTOCOL_AT & layout.PROTOCOL_MASK
        if name in ("packets", "bytes"):
            return self.numbers(f"{name}_ab") + self.numbers(f"{name}_ba")
        stem, _, side = name.rpartition("_")
        swapped = self.counts[:, BEGAN] != SIDES[side]
        if not stem:
            key = self.sums[:, layout.HOSTS]
            return np.where(swapped, key & layout.MASK32, key >> 32)
        if stem == "port":
            rest = self.sums[:, layout.REST]
            return np.where(rest & layout.PORTS_KNOWN, np.where(swapped, rest, rest >> 16) & 0xFFFF, -1)
        values: NDArray[np.integer] = self.sums if stem in SUMS else self.counts
        column = (SUMS | COUNTS)[stem]
        return np.where(swapped, values[:, column + 1], values[:, column]).astype(np.int64)

    def order(self, name: str, *, descending: bool = False) -> NDArray[np.uint32]:
        """Numbers of the conversations sorted by a column, absent values last; addresses by number, protocols by label; ties by ends."""
        keys = self.numbers(name)
        absent = keys == NO_TIME if name in ("start", "duration") else keys < 0
        if name in ("a", "b"):
            keys = address_ranks(self.hosts, keys)
        elif name == "protocol":
            keys = label_ranks([protocol.label for protocol in Protocol])[keys]
        return settled(order(keys, absent, descending=descending), keys, self.ends)

    def ends(self, which: NDArray[np.integer]) -> tuple[Numbers, Numbers, Numbers]:
        """What tells some conversations apart, as numbers: addresses by their rank, then ports and protocol, then the interval."""
        some = self.at(which)
        a, b = address_ranks(self.hosts, np.stack((some.numbers("a"), some.numbers("b"))))
        rest = some.numbers("port_a") + 1 << 32 | some.numbers("port_b") + 1 << 8 | some.numbers("protocol")
        return a << 32 | b, rest, some.interval

    def at(self, which: Sequence[int] | NDArray[np.integer]) -> Conversations:
        """Only the conversations with these numbers, in this order."""
        return replace(self, sums=self.sums[which], counts=self.counts[which])

    def cells(self, name: str) -> list[Cell]:
        """A column as it is written; None where a value is absent. Take a few conversations with `at` first."""
        numbers: list[int] = self.numbers(name).tolist()
        if name in ("a", "b"):
            return [address(self.hosts, host) for host in numbers]
        if name == "protocol":
            return [Protocol(code).label for code in numbers]
        if name == "start":
            return [time_cell(time) for time in numbers]
        if name == "duration":
            return [length / SECOND if length != NO_TIME else None for length in numbers]
        if name.startswith("flags_"):
            return [" ".join(flag for bit, flag in FLAG_NAMES if flags & bit) or None for flags in numbers]
        return [number if number >= 0 else None for number in numbers]

    def key(self, number: int) -> tuple[int, int]:
        """What tells a conversation from all others, also of another scope."""
        return int(self.sums[number, layout.HOSTS]), int(self.sums[number, layout.REST])

    def find(self, key: tuple[int, int]) -> int | None:
        """The conversation with a key; None where there is none."""
        places = np.flatnonzero((self.sums[:, layout.HOSTS] == key[0]) & (self.sums[:, layout.REST] == key[1]))
        return int(places[0]) if len(places) else None

    def filter(self, number: int) -> str:
        """The filter that selects the packets of one conversation, and no others."""
        one = self.at([number])
        a, b, port_a, port_b, protocol = (int(one.numbers(name)[0]) for name in ENDPOINTS)
        if self.by == "address":
            return between(self.hosts, a, b)
        rest = int(one.sums[0, layout.REST])
        other_way = rest & ~layout.MASK32 | (rest & 0xFFFF) << 16 | rest >> 16 & 0xFFFF
        crossed = bool(((self.sums[:, layout.REST] == other_way) & (self.sums[:, layout.HOSTS] == one.sums[0, layout.HOSTS])).any())
        return between(self.hosts, a, b, protocol, (port_a, port_b), crossed=crossed)


def conversation_columns(by: By) -> tuple[str, ...]:
    """Names of the columns of a table of conversations."""
    return (*(ENDPOINTS if by == "ports" else ENDPOINTS[:2]), *MEASURES)


def conversations(
    store: Store, rows: Rows, *, by: By = "address", origin: int = 0, every: int = 0, cancelled: Callable[[], bool] = lambda: False
) -> Conversations:
    """The conversations of the selected rows.

    Args:
        store: What was loaded.
        rows: Which rows of it.
        by: Pairs of addresses, or addresses, ports and protocol.
        origin: Start of interval 0, ns since the epoch.
        every: Length of an interval in ns, to have each conversation once for every interval it occurs in, without retransmissions; or 0.
        cancelled: Asked from time to time; True ends the work.

    Raises:
        NetSleuthError: Nobody wanted the answer any more.
    """
    columns = store.columns()
    again = marks(store, cancelled) if not every else NO_MARKS
    found = flows(columns, rows, marks=again, pairs=by == "address", origin=origin, every=every, cancelled=cancelled)
    return Conversations(by, store.hosts.known(), found.sums, found.counts, found.outside)


def conversations_table(found: Conversations, which: NDArray[np.uint32] | None = None) -> Table:
    """One row per conversation: those with most bytes first, or as `which` says."""
    chosen = found.order("bytes", descending=True) if which is None else which

    def blocks() -> Iterator[list[list[Cell]]]:
        for first in range(0, len(chosen), BLOCK):
            some = found.at(chosen[first : first + BLOCK])
            yield [some.cells(name) for name in found.columns]

    return Table(tuple(map(_column, found.columns)), blocks())


def rates_table(store: Store, scope: Scope, *, every: int, by: By = "address") -> Table:
    """One row per interval and conversation that has packets in it, by time; a conversation has the same side `a` in all of them.

    Args:
        store: What was loaded.
        scope: What to look at.
        every: Length of an interval, ns.
        by: Pairs of addresses, or addresses, ports and protocol.

    Raises:
        FilterError: The filter is not valid.
        NetSleuthError: There would be too many intervals.
    """
    rows = rows_of(store, scope)
    start, step, _ = axis(time_span(store, scope), every=every)
    found = conversations(store, rows, by=by, origin=start, every=step)
    names = (*(ENDPOINTS if by == "ports" else ENDPOINTS[:2]), *RATES)
    which = order_by((found.interval, -found.numbers("bytes"), *found.ends(np.arange(len(found)))))

    def blocks() -> Iterator[list[list[Cell]]]:
        for first in range(0, len(which), BLOCK):
            some = found.at(which[first : first + BLOCK])
            yield [interval_cells(start, step, some.interval.tolist()), *(some.cells(name) for name in names)]

    return Table((Column("time"), *map(_column, names)), blocks())


def _column(name: str) -> Column:
    return Column(name, "text" if name in TEXTS else "number" if name == "duration" else "integer")
