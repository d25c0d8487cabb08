"""Whose packets these are: the process that a file records for a packet, or that held the socket which the packet was sent from or to.

A socket counts in packets of its own file, from the moment on when it was bound or connected until it was closed. A TCP connection goes on
after that, until another socket takes its place: the system ends it. Of several sockets that fit, that counts which says most: both sides,
then the local address and port, then the port alone. A port that is bound at any address counts for addresses that are known to be the
host's: that a socket was bound to, or that stand on the near side of a connection. Where two processes held the same at that time, neither
is named. A packet between two processes of one host is that of the one that sent it.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.analysis.socket_times import OPEN, SEVERAL, SocketTimes, host_ids
from netsleuth_tui.decode.columns import NO_TIME, Has
from netsleuth_tui.errors import NetSleuthError
from netsleuth_tui.query.fields import PROCESS_COLUMNS
from netsleuth_tui.store.processes import ALWAYS

if TYPE_CHECKING:
    from netsleuth_tui.decode.columns import Columns
    from netsleuth_tui.decode.sockets import Socket
    from netsleuth_tui.store import Source, Store

__all__ = ["known_process_values", "process_names", "process_values"]

Codes = NDArray[np.uint32]

_ABSENT = np.zeros((), np.uint32)
BLOCK = 1 << 18
"""Packets that are looked at between two looks whether anybody still wants to know."""
_PORTS = np.uint64(Has.SRC_PORT | Has.DST_PORT | Has.ADDRESSES)
_TCP, _UDP, _IPV6 = np.uint64(Has.TCP), np.uint64(Has.UDP), np.uint64(Has.IPV6)


@dataclass(frozen=True, slots=True, eq=False)
class _Known:
    """What was found out, and of which state of the store."""

    packets: int
    first: int
    """Rows before it were dropped."""
    revision: int
    clocks: object
    codes: Codes
    recorded: NDArray[np.bool_]
    """Which of them the file itself says."""
    names: tuple[str, ...]
    """Paths that occur, each once, by number from 1; 0 is none."""
    name_of: Codes
    """By process: number of its path."""
    pid_of: Codes


_KNOWN: WeakKeyDictionary[Store, _Known] = WeakKeyDictionary()
_VALUES: WeakKeyDictionary[Store, tuple[_Known, dict[str, Codes]]] = WeakKeyDictionary()
_LOCK = threading.Lock()


def process_values(store: Store, name: str, cancelled: Callable[[], bool] = lambda: False) -> Codes:
    """Values of a field of `PROCESS_COLUMNS` by row id, 0 where it is absent; of the program's path a number in `process_names`.

    Args:
        store: What was loaded.
        name: Of the column.
        cancelled: Asked from time to time; True ends the work.

    Raises:
        NetSleuthError: Nobody wanted the answer any more.
    """
    if store.processes.is_empty:
        return np.broadcast_to(_ABSENT, store.packets)
    with _LOCK:
        found = _KNOWN.get(store)
        if found is None or not _holds(found, store):
            found = _found(store, cancelled)
            _KNOWN[store] = found
            _VALUES[store] = found, {}
        kept = _VALUES[store][1]
        if name not in kept:
            kept[name] = _column(store, found, name)
        return kept[name]


def known_process_values(store: Store, name: str) -> Codes:
    """What is known of a field by now, see `process_values`; never waits."""
    if store.processes.is_empty:
        return np.broadcast_to(_ABSENT, store.packets)
    found, kept = _VALUES.get(store, (None, {}))
    return kept[name] if found is not None and name in kept and _holds(found, store) else np.zeros(0, np.uint32)


def process_names(store: Store) -> tuple[str, ...]:
    """Paths of programs by number, from 1; raw, as the files have them."""
    found = _KNOWN.get(store)
    return found.names if found is not None else ("",)


def _holds(found: _Known, store: Store) -> bool:
    return (found.packets, found.revision, found.clocks) == (store.packets, store.processes.revision, store.clocks)


def _column(store: Store, found: _Known, name: str) -> Codes:
    first, values = found.first, store.table.by_row(found.packets, np.uint32)
    if name == PROCESS_COLUMNS[0]:
        by_process = found.name_of
    elif name == PROCESS_COLUMNS[1]:
        by_process = found.pid_of
    else:
        values[first:] = found.recorded[first:]
        return values
    values[first:] = by_process[found.codes[first:]]
    return values


def _found(store: Store, cancelled: Callable[[], bool]) -> _Known:
    table, clocks, revision = store.processes, store.clocks, store.processes.revision
    dropped, columns = store.table.first, store.columns()
    rows = len(columns.row)
    codes, recorded = store.table.by_row(rows, np.uint32), store.table.by_row(rows, np.bool_)
    for part in tuple(table.recorded):
        here = codes[part.first : part.first + len(part.codes)]
        here[:] = part.codes[: len(here)]
    recorded[dropped:] = codes[dropped:] != 0
    told: dict[int, list[Socket]] = defaultdict(list)
    for (first, _), sockets in tuple(table.sockets.items()):
        told[first] += tuple(sockets)
    parts: dict[int, list[Source]] = defaultdict(list)
    for number, source in enumerate(store.sources):
        parts[store.first_part(number)].append(source)
    hosts = store.hosts.known()
    host_of = host_ids((socket for some in told.values() for socket in some), hosts)
    for first in sorted(told):
        until = min((time for (of, _), time in tuple(table.missed.items()) if of == first), default=None)
        if until == ALWAYS:
            continue
        times = SocketTimes(store, told[first], host_of, len(hosts.version), cancelled)
        spans = [(max(part.first_row, dropped), min(part.first_row + part.packets, rows), part.shift) for part in parts[first]]
        blocks = [(at, min(at + BLOCK, last), shift) for begin, last, shift in spans for at in range(begin, last, BLOCK)]
        for learns in (True, False) if times.has_connections else (False,):
            for begin, last, shift in blocks:
                if cancelled():
                    raise NetSleuthError("the question was interrupted")
                _infer(columns.at(slice(begin, last)), codes[begin:last], times, shift, until, learns=learns)
    known = tuple(table.known)
    numbers: dict[str, int] = {"": 0}
    name_of = np.array([numbers.setdefault(process.path, len(numbers)) for process in known], np.uint32)
    pid_of = np.array([process.pid for process in known], np.uint32)
    return _Known(rows, dropped, revision, clocks, codes, recorded, tuple(numbers), name_of, pid_of)


def _infer(columns: Columns, codes: Codes, times: SocketTimes, shift: int, until: int | None, *, learns: bool) -> None:
    """Find the processes of packets that have none yet; or where it `learns`, only which addresses are the host's.

    Args:
        columns: The packets.
        codes: Of each its process; those that are found are written here.
        times: The sockets of the file's host.
        shift: ns that are in the times of packets, but not in those of sockets.
        until: From when on not all sockets are known, by their clock: nothing follows for packets from then on. None if all are.
        learns: Whether it does.
    """
    present = columns.present
    maybe = times.ports[columns.src_port] | times.ports[columns.dst_port]
    maybe &= (present & _PORTS == _PORTS) & (present & (_TCP | _UDP) != 0)
    if until is not None:
        maybe &= columns.time < until + shift
    if not learns:
        maybe &= codes == 0
    rows = np.flatnonzero(maybe)
    if not len(rows):
        return
    protocol = np.where(present[rows] & _TCP != 0, 6, 17).astype(np.uint64)
    time = columns.time[rows]
    time = np.where(time == NO_TIME, OPEN, time - shift)
    ends = (columns.src[rows], columns.src_port[rows]), (columns.dst[rows], columns.dst_port[rows])
    is_ipv6 = present[rows] & _IPV6 != 0
    for near, far in (ends, ends[::-1]):
        if learns:
            times.learn(protocol, *near, *far, is_ipv6, time)
            continue
        left = np.flatnonzero(codes[rows] == 0)
        codes[rows[left]] = times.holder(
            protocol[left], near[0][left], near[1][left], far[0][left], far[1][left], is_ipv6[left], time[left]
        )
    unclear = rows[codes[rows] == SEVERAL]
    codes[unclear] = 0
