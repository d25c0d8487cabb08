"""Which process held a socket at a time: the sockets of a file's host, so that millions of packets can be looked up at once."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.decode.columns import NO_TIME
from netsleuth_tui.decode.hosts import Hosts
from netsleuth_tui.decode.sockets import TCP, UDP, Socket
from netsleuth_tui.errors import NetSleuthError

if TYPE_CHECKING:
    from netsleuth_tui.store import Store

__all__ = ["OPEN", "SEVERAL", "SocketTimes", "host_ids"]

Item = TypeVar("Item")

Numbers = NDArray[np.generic]
Words = NDArray[np.uint64]

OPEN = NO_TIME
"""Time of what has none: a socket that the file knows without a time, a packet without a time."""

SEVERAL = 0xFFFFFFFF
"""Instead of a number: more than one process held the same. There are never so many."""
_ANY4, _ANY6 = 0xFFFFFFFF, 0xFFFFFFFE
"""Instead of a host id: any address of the host, IPv4 or IPv6. There are never so many hosts."""

Key = tuple[int, int]
"""Protocol, local port and local host; remote port and remote host. A key of one side alone has 0 and _ANY4 there."""
_NOWHERE = _ANY4
_AT_ONCE = 4096
"""Sockets that are looked at between two looks whether anybody still wants to know."""


@dataclass(frozen=True, slots=True)
class _Level:
    """Sockets that say equally much: when which process held each, arrays sorted by socket and time."""

    near: Words
    """Local sides that occur, ascending."""
    far: Words
    """Remote sides that occur, ascending."""
    place: Words
    """Of each entry: local side and remote side by number, and the number of its time."""
    holder: Words
    """Number of the process from then on; 0 for none, SEVERAL for several."""


class SocketTimes:
    """The sockets of one file's host.

    Args:
        store: Which numbers their processes.
        told: What is told of them.
        host_of: Host ids of their addresses, as `host_ids` gives them.
        hosts: How many hosts there are.
        cancelled: Asked from time to time; True ends the work.

    Raises:
        NetSleuthError: Nobody wanted the answer any more.
    """

    def __init__(
        self, store: Store, told: Sequence[Socket], host_of: Mapping[tuple[int, int], int], hosts: int, cancelled: Callable[[], bool]
    ) -> None:
        self.ports = np.zeros(1 << 16, np.bool_)
        """Local ports that are held at any time."""
        self._mine = np.zeros(hosts, np.bool_)
        """By host id whether the address is known to be the host's."""
        spans: dict[tuple[bool, bool], list[tuple[Key, Socket, int]]] = defaultdict(list)
        for socket in _wanted(told, cancelled):
            local = host_of.get((socket.version, socket.local)) if socket.local else _ANY4 if socket.version == 4 else _ANY6
            remote = host_of.get((socket.version, socket.remote)) if socket.remote else _NOWHERE
            if local is None or remote is None:  # no packet has the address
                continue
            self.ports[socket.local_port] = True
            if socket.local:
                self._mine[local] = True
            code = store.processes.code(socket.pid, socket.path)
            is_connected = bool(socket.remote_port and socket.remote)
            for protocol in (socket.protocol,) if socket.protocol else (TCP, UDP):
                key = protocol << 48 | socket.local_port << 32 | local, socket.remote_port << 32 | remote if is_connected else _NOWHERE
                spans[is_connected, bool(socket.local)].append((key, socket, code))
        self._times, changes = _changes(spans, cancelled)
        self._levels = {kind: _level(found, self._times) for kind, found in changes.items()}

    @property
    def has_connections(self) -> bool:
        """Whether there are sockets that are bound at any address and connected: they tell which addresses are the host's."""
        return (True, False) in self._levels

    def learn(
        self, protocol: Words, near: Numbers, near_port: Numbers, far: Numbers, far_port: Numbers, is_ipv6: NDArray[np.bool_], time: Numbers
    ) -> None:
        """Take the addresses on the near side of connections for the host's; arrays as for `holder`."""
        found = self._at((True, False), protocol, self._any(is_ipv6), near_port, far, far_port, time)
        self._mine[near[found != 0]] = True

    def holder(
        self, protocol: Words, near: Numbers, near_port: Numbers, far: Numbers, far_port: Numbers, is_ipv6: NDArray[np.bool_], time: Numbers
    ) -> NDArray[np.uint32]:
        """The process that held the near side of each packet, 0 where none is known, SEVERAL where it could be more than one.

        Args:
            protocol: 6 or 17 of each packet.
            near: Host id on the side that may be the host's.
            near_port: Its port.
            far: Host id of the other side.
            far_port: Its port.
            is_ipv6: Whether these are IPv6 addresses.
            time: ns since the epoch as the file has it, or OPEN.
        """
        found = np.zeros(len(protocol), np.uint64)
        anywhere = self._any(is_ipv6)
        nowhere, none = np.full(len(protocol), _NOWHERE, np.uint64), np.zeros(len(protocol), np.uint64)
        for kind in ((True, True), (True, False), (False, True), (False, False)):
            if kind not in self._levels:
                continue
            is_connected, is_local = kind
            side, port = (far, far_port) if is_connected else (nowhere, none)
            here = self._at(kind, protocol, near if is_local else anywhere, near_port, side, port, time)
            if kind == (False, False):
                here[~self._mine[near]] = 0
            found = np.where(found == 0, here, found)
        return found.astype(np.uint32)

    @staticmethod
    def _any(is_ipv6: NDArray[np.bool_]) -> Words:
        return np.where(is_ipv6, np.uint64(_ANY6), np.uint64(_ANY4))

    def _at(
        self, kind: tuple[bool, bool], protocol: Words, near: Numbers, near_port: Numbers, far: Numbers, far_port: Numbers, time: Numbers
    ) -> Words:
        """Who held what at that time: numbers of processes, 0, or SEVERAL."""
        level = self._levels[kind]
        one = protocol << np.uint64(48) | near_port.astype(np.uint64) << np.uint64(32) | near.astype(np.uint64)
        other = far_port.astype(np.uint64) << np.uint64(32) | far.astype(np.uint64)
        first, second = np.searchsorted(level.near, one), np.searchsorted(level.far, other)
        first, second = np.minimum(first, len(level.near) - 1), np.minimum(second, len(level.far) - 1)
        moment = np.searchsorted(self._times, time, side="right")
        place = (first * len(level.far) + second).astype(np.uint64)
        step = np.uint64(len(self._times) + 1)
        at = np.searchsorted(level.place, place * step + moment.astype(np.uint64), side="right") - 1
        known = (at >= 0) & (level.near[first] == one) & (level.far[second] == other)
        at = np.maximum(at, 0)
        known &= level.place[at] // step == place
        return np.where(known, level.holder[at], np.uint64(0))


def _wanted(items: Iterable[Item], cancelled: Callable[[], bool]) -> Iterator[Item]:
    """The items, as long as somebody wants the answer."""
    for number, item in enumerate(items):
        if not number % _AT_ONCE and cancelled():
            raise NetSleuthError("the question was interrupted")
        yield item


def host_ids(told: Iterable[Socket], hosts: Hosts) -> dict[tuple[int, int], int]:
    """Host ids by version and address of sockets, where a packet has them."""
    wanted = {(socket.version, number) for socket in told for number in (socket.local, socket.remote) if number}
    if not wanted:
        return {}
    maybe = np.flatnonzero(np.isin(hosts.lo, np.array(sorted({number & (1 << 64) - 1 for _, number in wanted}), np.uint64)))
    versions, highs, lows = (column[maybe].tolist() for column in hosts)
    found = zip(versions, highs, lows, maybe.tolist(), strict=True)
    return {key: host for version, high, low, host in found if (key := (version, high << 64 | low)) in wanted}


Change = tuple[Key, int, int]
"""A socket, the time, and who holds it from then on."""


def _changes(
    spans: dict[tuple[bool, bool], list[tuple[Key, Socket, int]]], cancelled: Callable[[], bool]
) -> tuple[NDArray[np.int64], dict[tuple[bool, bool], list[Change]]]:
    """When the holders of sockets change: all times, ascending, and the changes of each kind."""
    found = {kind: list(_wanted(_of_kind(some), cancelled)) for kind, some in spans.items()}
    times = {time for changes in found.values() for _, time, _ in changes}
    return np.array(sorted(times), np.int64), found


def _of_kind(spans: Iterable[tuple[Key, Socket, int]]) -> Iterator[Change]:
    by_key: dict[Key, list[tuple[Socket, int]]] = defaultdict(list)
    for key, socket, code in spans:
        by_key[key].append((socket, code))
    for key, sockets in by_key.items():
        goes_on = key[0] >> 48 == TCP and key[1] != _NOWHERE
        yield from ((key, time, code) for time, code in _holders(sockets, goes_on=goes_on))


def _holders(sockets: Sequence[tuple[Socket, int]], *, goes_on: bool) -> Iterator[tuple[int, int]]:
    """Who holds a socket from when on; one that `goes_on` has its last holder also when it is closed."""
    edges: list[tuple[int, bool, int]] = []
    for socket, code in sockets:
        begin = OPEN if socket.since is None else socket.since
        edges.append((begin, True, code))
        if socket.until is not None:
            edges.append((max(socket.until, begin), False, code))
    holding: Counter[int] = Counter()
    holders, total, last = 0, 0, 0
    by_time: dict[int, list[tuple[bool, int]]] = defaultdict(list)
    for time, begins, code in edges:
        by_time[time].append((begins, code))
    for time in sorted(by_time):
        for begins, code in by_time[time]:
            holding[code] += 1 if begins else -1
            if holding[code] == begins:  # the first one begins, or the last one ends
                holders += 1 if begins else -1
                total += code if begins else -code
        if holders or not goes_on:
            last = SEVERAL if holders > 1 else total  # the sum of one is that one
        yield time, last


def _level(changes: Sequence[Change], times: NDArray[np.int64]) -> _Level:
    """The changes of a kind; times are numbered from 1."""
    one = np.array([key[0] for key, _, _ in changes], np.uint64)
    other = np.array([key[1] for key, _, _ in changes], np.uint64)
    near, first = np.unique(one, return_inverse=True)
    far, second = np.unique(other, return_inverse=True)
    step = np.uint64(len(times) + 1)
    place = (first.reshape(-1) * len(far) + second.reshape(-1)).astype(np.uint64) * step
    place += (np.searchsorted(times, np.array([time for _, time, _ in changes], np.int64)) + 1).astype(np.uint64)
    order = np.argsort(place, kind="stable")
    return _Level(near, far, place[order], np.array([code for _, _, code in changes], np.uint64)[order])
