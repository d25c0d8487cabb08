"""Places of the hosts of a store: each address is looked up once, however often it is asked for."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from netsleuth_tui.decode.hosts import Hosts, HostTable
from netsleuth_tui.places.places import Located, Places

if TYPE_CHECKING:
    from netsleuth_tui.store import Store

__all__ = ["HostPlaces", "host_places"]

COLUMNS = 6
"""Arrays of a `Located`."""


class HostPlaces:
    """What is known about the hosts of a table, by host id. Any thread may ask.

    Args:
        hosts: Addresses by id; new ones may come at any time.
        opened: Opens the data, when something is asked for the first time.
    """

    def __init__(self, hosts: HostTable, opened: Callable[[], Places]) -> None:
        self._hosts = hosts
        self._opened = opened
        self._places: Places | None = None
        self._codes = np.empty((COLUMNS, 0), np.int32)
        self._version = np.empty(0, np.uint8)
        """By id, of those that were looked up: the IP version, or 0 for one that was free."""
        self._cleared = hosts.cleared
        self._lock = threading.Lock()

    @property
    def places(self) -> Places:
        """The data that are asked.

        Raises:
            NetSleuthError: A file that the user named cannot be used.
        """
        with self._lock:
            return self._open()

    @property
    def remarks(self) -> list[str]:
        """What there is to say so far, one line each: what is odd about files, and, where places were asked for, which data told them."""
        with self._lock:
            if self._places is None:
                return []
            return [*self._places.warnings, *([self._places.description] if len(self._version) else [])]

    def located(self, least: int = 0) -> Located:
        """The places of all hosts of this moment, in the order of their ids. Arrays that were given out stay as they are.

        Args:
            least: How many hosts the caller knows, whose table may have become shorter since: so many places there are at least.

        Raises:
            NetSleuthError: A file that the user named cannot be used.
        """
        with self._lock:
            places = self._open()
            cleared, hosts = self._addresses(least)
            if cleared != self._cleared:
                self._cleared, self._version, self._codes = cleared, self._version[:0], np.empty((COLUMNS, 0), np.int32)
            # Until addresses are forgotten again an id changes only from free to given, and its version is what is written last.
            version, known, count = hosts.version.copy(), len(self._version), len(hosts.version)
            again = np.flatnonzero((self._version == 0) & (version[:known] != 0))
            new = np.concatenate((again, np.arange(known, count)))
            if len(new):
                room = self._codes.shape[1]
                if len(again) or count > room:
                    fresh = np.empty((COLUMNS, room if count <= room else max(count, 2 * known)), np.int32)
                    fresh[:, :known] = self._codes[:, :known]
                    self._codes = fresh
                found = places.locate(version[new], hosts.hi[new], hosts.lo[new])
                for column, codes in enumerate((found.site, found.special, found.country, found.continent, found.asn, found.region)):
                    self._codes[column, new] = codes
                self._version = version
            return Located(*self._codes[:, :count])

    def _addresses(self, least: int) -> tuple[int, Hosts]:
        """How often addresses had been forgotten, and those of this moment; free ones behind them if they are fewer than `least`."""
        while True:
            cleared, hosts = self._hosts.cleared, self._hosts.known()
            if cleared == self._hosts.cleared:
                break
        least = max(least, len(self._version) if cleared == self._cleared else 0)
        missing = max(least - len(hosts.version), 0)
        return cleared, Hosts(*(np.append(part, np.zeros(missing, part.dtype)) for part in hosts)) if missing else hosts

    def _open(self) -> Places:
        if self._places is None:
            self._places = self._opened()
        return self._places


def host_places(store: Store) -> HostPlaces:
    """The places of a store's hosts; where nobody has said which data to use, those that are found without being named."""
    if store.places is None:
        from netsleuth_tui.places.opening import open_places

        store.places = HostPlaces(store.hosts, open_places)
    places: HostPlaces = store.places
    return places
