"""Sockets and the processes that hold them, as events of Winsock-AFD tell of them one after the other.

A socket is made (event 1000, which names the process), bound to a local address and port (1030), connected to another side (1018, 1021)
and closed (1001). An event is told when the request begins and again when it is done; what fails then was never so.
"""

from __future__ import annotations

import socket as names
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

__all__ = ["MOST_SOCKETS", "TCP", "UDP", "Socket", "Sockets"]

CREATED, CLOSED, CONNECTED, BOUND, CONNECTED_EX = 1000, 1001, 1018, 1030, 1021
LIFE: Final = frozenset({CREATED, CLOSED, CONNECTED, CONNECTED_EX, BOUND})
"""Events that change what is known of a socket."""

TCP, UDP = 6, 17
_PROTOCOLS: Final = {1: TCP, 2: UDP}
"""By type of socket, where the protocol is left open."""

_FAMILIES: Final = frozenset({"2", "23"})
_PIDS: Final = 1 << 32

MOST_SOCKETS: Final = 1 << 16
"""Sockets that are kept for a file."""


@dataclass(frozen=True, slots=True)
class Socket:
    """A local address and port that a process held for a time.

    Args:
        pid: Process id.
        path: Of the program; empty where unknown.
        protocol: IP protocol, 6 or 17; 0 for either, where the file does not say.
        version: 4 or 6, of both addresses.
        local: Local address as a number; 0 for any of the host's.
        local_port: Never 0.
        remote: Address of the other side, where the socket is connected.
        remote_port: Its port; 0 where it is not connected.
        since: From when on, ns since the epoch as the file has it; None for as long as the file goes back.
        until: When it was closed; None if it was not.
    """

    pid: int
    path: str
    protocol: int
    version: int
    local: int
    local_port: int
    remote: int = 0
    remote_port: int = 0
    since: int | None = None
    until: int | None = None


@dataclass(slots=True)
class _Endpoint:
    """What is known of a socket by now."""

    pid: int
    protocol: int
    place: int = -1
    """In the list of sockets, of what it holds now; -1 where it holds no port."""
    is_beyond: bool = False
    """It was not kept once, and counts among those."""


@dataclass(slots=True)
class Sockets:
    """Learns from events in the order of time."""

    found: list[Socket] = field(default_factory=list)
    """All sockets; later events say of some until when."""
    beyond: int = 0
    """Sockets that were not kept, since there were too many."""
    missed: int | None = None
    """Time of the first of these: what is known of later times is not all. None where there is none."""
    changes: int = 0
    """How often something was learnt."""
    _open: dict[str, _Endpoint] = field(default_factory=dict)
    _missing: set[str] = field(default_factory=set)
    """Endpoints that were not kept; each is told of twice."""

    def see(self, event: int, data: Mapping[str, str | None], time: int) -> None:
        """Take in one of `LIFE`.

        Args:
            event: Its number.
            data: Its fields, as `decode.etw` names them.
            time: ns since the epoch.
        """
        endpoint = data.get("Endpoint")
        if endpoint is not None:
            self.changes += self._changes(endpoint, event, data, time)

    def _changes(self, endpoint: str, event: int, data: Mapping[str, str | None], time: int) -> bool:
        failed = data.get("Status") not in {"0x0", None}
        if event == CREATED:
            return self._created(endpoint, data, time, failed=failed)
        known = self._open.get(endpoint)
        if known is None:
            if event == CLOSED:
                self._missing.discard(endpoint)
            return False
        if event == CLOSED:
            del self._open[endpoint]
            return self._end(known, time)
        if failed:  # the end of a request of which the beginning was told
            return self._end(known, time) if event == BOUND else False
        address = _address(data.get("Address"))
        return address is not None and self._holds(known, event, address, time)

    def _created(self, endpoint: str, data: Mapping[str, str | None], time: int, *, failed: bool) -> bool:
        pid, family = data.get("ProcessId"), data.get("AddressFamily")
        protocol = int(data.get("Protocol") or 0) or _PROTOCOLS.get(int(data.get("SocketType") or 0), 0)
        known = self._open.pop(endpoint, None)
        changed = known is not None and self._end(known, time)
        is_known = pid is not None and int(pid) < _PIDS and family in _FAMILIES and protocol in {TCP, UDP}
        if not is_known or failed:
            return changed
        if len(self._open) < MOST_SOCKETS:
            self._open[endpoint] = _Endpoint(int(pid or 0), protocol)
            return changed
        if endpoint in self._missing:
            return changed
        if len(self._missing) < MOST_SOCKETS:
            self._missing.add(endpoint)
        return self._miss(time)

    def _miss(self, time: int) -> bool:
        """A socket is not kept."""
        self.beyond += 1
        if self.missed is None:
            self.missed = time
        return True

    def _holds(self, known: _Endpoint, event: int, address: tuple[int, int, int], time: int) -> bool:
        """A socket is bound or connected."""
        version, number, port = address
        before = self.found[known.place] if known.place >= 0 else None
        if event == BOUND:
            if not port:  # the system chooses one, and says which when it has
                return False
            now = Socket(known.pid, "", known.protocol, version, number, port, since=time)
        elif before is None:
            return False
        else:
            if version != before.version and before.local:
                return False
            now = replace(before, version=version, remote=number, remote_port=port, since=time)
        if before is not None and replace(now, since=before.since) == before:  # the end of a request of which the beginning was told
            return False
        self._end(known, time)
        if len(self.found) >= MOST_SOCKETS:
            counts, known.is_beyond = not known.is_beyond, True
            return counts and self._miss(time)
        known.place = len(self.found)
        self.found.append(now)
        return True

    def _end(self, known: _Endpoint, time: int) -> bool:
        if known.place < 0:
            return False
        self.found[known.place] = replace(self.found[known.place], until=time)
        known.place = -1
        return True


def _address(text: str | None) -> tuple[int, int, int] | None:
    """Version, address and port of what `decode.etw` writes of a SOCKADDR; an IPv4 address inside of IPv6 is that address."""
    host, _, port = (text or "").rpartition(":")
    try:
        if host.startswith("["):
            packed = names.inet_pton(names.AF_INET6, host[1:-1])
            is_mapped = packed[:12] == bytes(10) + b"\xff\xff"
            return (4, int.from_bytes(packed[12:], "big"), int(port)) if is_mapped else (6, int.from_bytes(packed, "big"), int(port))
        return 4, int.from_bytes(names.inet_aton(host), "big"), int(port)
    except (OSError, ValueError):
        return None
