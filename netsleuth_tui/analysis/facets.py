"""What the selected rows consist of: the most frequent values of each field, and how many others there are.

The count of every line is the number of selected rows that its filter matches.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.analysis.addresses import address
from netsleuth_tui.analysis.breakdown import FLAGS, Count, protocol_filter
from netsleuth_tui.analysis.counting import LENGTHS, Counts, count_hosts, count_near, count_numbers, count_ports, flags_of
from netsleuth_tui.analysis.info import ICMP_TYPES, ICMPV6_TYPES
from netsleuth_tui.analysis.judged_fields import judged_names, judged_values
from netsleuth_tui.analysis.networks import PREFIXES, keys_of, network, ordered
from netsleuth_tui.analysis.ranks import most_frequent
from netsleuth_tui.decode.columns import Protocol
from netsleuth_tui.query.fields import PROCESS_COLUMNS
from netsleuth_tui.query.strings import quoted
from netsleuth_tui.tabular import Cell, Column, Table
from netsleuth_tui.wording import several

if TYPE_CHECKING:
    from netsleuth_tui.decode.hosts import Hosts
    from netsleuth_tui.store import Rows, Store

__all__ = ["GROUPS", "MOST", "Facet", "facets", "facets_table", "icmp_label", "known_facet", "length_filter", "length_label"]

MOST = 5
"""Lines of a group unless more are asked for."""

TRANSPORTS = ("tcp", "udp", "sctp")

_BY_ID = 1 << 32
"""Process ids count from here on where processes are counted, names of programs below."""


@dataclass(frozen=True, slots=True)
class Facet:
    """One group: its most frequent values, and what the others amount to."""

    name: str
    """Key of `GROUPS`."""
    counts: tuple[Count, ...]
    """The most frequent first; flags and lengths all, in their own order."""
    others: int
    """Distinct values beside those, of the ones that were searched for."""
    other_packets: int
    """The sum of the counts of the others: a packet with two of them is in it twice."""
    other_bytes: int

    @property
    def title(self) -> str:
        """The heading."""
        return GROUPS[self.name].title


@dataclass(frozen=True, slots=True)
class _Found:
    """Values that occur in a group, as numbers, with their counts, and how to write them."""

    keys: NDArray[np.int64]
    counts: Counts
    label: Callable[[int], str]
    filter: Callable[[int], str]
    hosts: Hosts | None = None
    """The table of hosts, where keys are host ids."""


@dataclass(frozen=True, slots=True)
class Group:
    """A field that is counted."""

    title: str
    found: Callable[[_Pass], _Found]
    whole: bool = False
    """All values are shown, in their own order."""


class _Pass:
    """The passes over the rows, each made when the first group needs it."""

    def __init__(self, store: Store, rows: Rows) -> None:
        self.store = store
        self.rows = rows
        self.columns = store.columns()
        self.hosts = store.hosts.known()  # after the columns: it has all hosts of their rows

    @cached_property
    def numbers(self) -> dict[str, Counts]:
        return count_numbers(self.columns, self.rows)

    @cached_property
    def ports(self) -> Counts:
        return count_ports(self.columns, self.rows)

    @cached_property
    def by_host(self) -> tuple[Counts, Counts, Counts]:
        return count_hosts(self.columns, len(self.hosts.version), self.rows)

    @cached_property
    def near(self) -> tuple[Counts, Counts, Counts]:
        return count_near(self.columns, keys_of(self.hosts), self.rows)

    def host_label(self, host: int) -> str:
        return address(self.store.hosts, host)

    def host_filter(self, part: str) -> Callable[[int], str]:
        return lambda host: f"{'ip' if self.hosts.version[host] == 4 else 'ipv6'}.{part} == {self.host_label(host)}"


def _present(counts: Counts, label: Callable[[int], str], text: Callable[[int], str]) -> _Found:
    """The values that occur."""
    keys = np.flatnonzero(counts[:, 0])
    return _Found(keys, counts[keys], label, text)


def _protocols(made: _Pass) -> _Found:
    return _present(made.numbers["protocol"], lambda p: Protocol(p).label, lambda p: protocol_filter(Protocol(p)))


def _flags(made: _Pass) -> _Found:
    """All of them: a count of 0 is an answer too. A packet counts for every flag that it has."""
    counts = np.stack([flags_of(made.numbers["flags"], bit) for _, _, bit in FLAGS])
    return _Found(np.arange(len(FLAGS)), counts, lambda k: FLAGS[k][0], lambda k: f"{FLAGS[k][1]} == 1")


def _some_hosts(made: _Pass, counts: Counts, part: str) -> _Found:
    keys = np.flatnonzero(counts[:, 0])
    return _Found(keys, counts[keys], made.host_label, made.host_filter(part), made.hosts)


def _hosts(made: _Pass) -> _Found:
    sources, targets, itself = made.by_host
    return _some_hosts(made, sources + targets - itself, "addr")


def _sources(made: _Pass) -> _Found:
    return _some_hosts(made, made.by_host[0], "src")


def _targets(made: _Pass) -> _Found:
    return _some_hosts(made, made.by_host[1], "dst")


def _networks(level: int) -> Callable[[_Pass], _Found]:
    def found(made: _Pass) -> _Found:
        order = ordered(made.hosts)
        if not len(order.hosts):
            return _Found(np.empty(0, np.int64), np.empty((0, 2), np.int64), str, str)
        of_host = made.by_host[0] + made.by_host[1] - made.near[level]
        starts = order.starts(level)
        counts = np.add.reduceat(of_host[order.hosts], starts, axis=0)
        kept = np.flatnonzero(counts[:, 0])

        def label(at: int) -> str:
            return network(int(order.keys[at]), level, is6=bool(order.is6[at]))

        return _Found(starts[kept], counts[kept], label, lambda at: f"{'ipv6' if order.is6[at] else 'ip'}.addr == {label(at)}")

    return found


def _ports(made: _Pass) -> _Found:
    return _present(made.ports, lambda p: f"{TRANSPORTS[p >> 16]} {p & 0xFFFF}", lambda p: f"{TRANSPORTS[p >> 16]}.port == {p & 0xFFFF}")


def _vlans(made: _Pass) -> _Found:
    return _present(made.numbers["vlan"], str, lambda vlan: f"vlan.id == {vlan}")


def _ttls(made: _Pass) -> _Found:
    def label(value: int) -> str:
        return str(value) if value < 256 else f"{value - 256} (IPv6)"

    return _present(made.numbers["ttl"], label, lambda value: f"ip.ttl == {value}" if value < 256 else f"ipv6.hlim == {value - 256}")


def _lengths(made: _Pass) -> _Found:
    return _present(made.numbers["length"], length_label, length_filter)


def length_label(index: int) -> str:
    """'40-79' for a class of frame.len."""
    last = index == len(LENGTHS) - 1
    return f"{LENGTHS[index]} and more" if last else f"{LENGTHS[index]}-{LENGTHS[index + 1] - 1}"


def length_filter(index: int) -> str:
    """The filter for a class of frame.len."""
    last = index == len(LENGTHS) - 1
    return f"frame.len >= {LENGTHS[index]}" if last else f"frame.len in {{{LENGTHS[index]}..{LENGTHS[index + 1] - 1}}}"


def _icmp(made: _Pass) -> _Found:
    return _present(made.numbers["icmp"], icmp_label, lambda kind: f"icmp.type == {kind}" if kind < 256 else f"icmpv6.type == {kind - 256}")


def icmp_label(kind: int) -> str:
    """'8 Echo request'; types of ICMPv6 count from 256 on."""
    if kind < 256:
        return f"{kind} {ICMP_TYPES.get(kind, '')}".rstrip()
    return f"v6 {kind - 256} {ICMPV6_TYPES.get(kind - 256, '')}".rstrip()


def _processes(made: _Pass) -> _Found:
    """Programs by path, and processes of which no path is known by their ids."""
    at = slice(made.rows.first, made.rows.last) if made.rows.ids is None else made.rows.ids[made.rows.first : made.rows.last]
    name, pid = (judged_values(made.store, column)[at].astype(np.int64) for column in PROCESS_COLUMNS[:2])
    paths = judged_names(made.store, PROCESS_COLUMNS[0])
    keys = np.where(name > 0, name, np.where(pid > 0, pid + _BY_ID, 0))
    distinct, place = np.unique(keys, return_inverse=True)
    octets = np.bincount(place, made.columns.len[at], len(distinct)).astype(np.int64)
    counts = np.stack((np.bincount(place, minlength=len(distinct)), octets), axis=1)
    there = distinct > 0

    def label(key: int) -> str:
        if key >= _BY_ID:
            return f"process {key - _BY_ID}"
        folder, _, program = paths[key].rpartition("\\")
        return f"{program} in {folder}" if folder and program else paths[key]

    def text(key: int) -> str:
        return f"frame.process_id == {key - _BY_ID} && !frame.process" if key >= _BY_ID else f"frame.process == {quoted(paths[key])}"

    return _Found(distinct[there], counts[there], label, text)


GROUPS: dict[str, Group] = {
    "protocol": Group("Protocol", _protocols),
    "flag": Group("TCP flag", _flags, whole=True),
    "process": Group("Process", _processes),
    "host": Group("Host", _hosts),
    "source": Group("Source", _sources),
    "destination": Group("Destination", _targets),
    "port": Group("Port", _ports),
    **{f"net{v4}": Group(f"Network /{v4} (IPv6 /{v6})", _networks(level)) for level, (v4, v6) in enumerate(PREFIXES)},
    "vlan": Group("VLAN", _vlans),
    "ttl": Group("TTL", _ttls),
    "length": Group("Length", _lengths, whole=True),
    "icmp": Group("ICMP type", _icmp),
}
"""All groups, in the order in which they are shown."""


def facets(store: Store, rows: Rows, groups: Collection[str] = tuple(GROUPS), *, most: int = MOST, search: str = "") -> tuple[Facet, ...]:
    """Count the selected rows by the values of fields.

    Args:
        store: What was loaded.
        rows: Which rows to count.
        groups: Keys of `GROUPS`; the fewer, the fewer passes over the rows.
        most: At most so many lines of each group.
        search: Only values whose label contains this text, upper or lower case.
    """
    made = _Pass(store, rows)
    return tuple(_facet(name, GROUPS[name].found(made), most, search.casefold()) for name in groups)


def known_facet(name: str, counts: tuple[Count, ...], most: int) -> Facet:
    """A group of which all counts are there already, the most frequent first."""
    shown = counts if GROUPS[name].whole else counts[:most]
    rest = counts[len(shown) :]
    return Facet(name, shown, len(rest), sum(count.packets for count in rest), sum(count.bytes for count in rest))


def _facet(name: str, found: _Found, most: int, search: str) -> Facet:
    if search:
        kept = np.flatnonzero([search in found.label(key).casefold() for key in found.keys.tolist()])
        found = replace(found, keys=found.keys[kept], counts=found.counts[kept])
    chosen = np.arange(len(found.keys)) if GROUPS[name].whole else most_frequent(found.counts[:, 0], most, found.hosts, found.keys)
    counts = tuple(
        Count(found.label(key), found.filter(key), packets, octets)
        for key, (packets, octets) in zip(found.keys[chosen].tolist(), found.counts[chosen].tolist(), strict=True)
    )
    packets, octets = (found.counts.sum(axis=0) - found.counts[chosen].sum(axis=0)).tolist()
    return Facet(name, counts, len(found.keys) - len(counts), packets, octets)


def facets_table(found: tuple[Facet, ...]) -> Table:
    """All lines of all groups: group, value, packets, bytes, filter; what others amount to in a line without a filter."""
    columns = (Column("group"), Column("value"), Column("packets", "integer"), Column("bytes", "integer"), Column("filter"))
    lines: list[tuple[Cell, ...]] = []
    for facet in found:
        lines += [(facet.title, count.label, count.packets, count.bytes, count.filter) for count in facet.counts]
        if facet.others:
            lines.append((facet.title, several(facet.others, "other"), facet.other_packets, facet.other_bytes, None))
    return Table(columns, [list(zip(*lines, strict=True))] if lines else [])
