"""Places of the hosts of a store: each address is looked up once, however often it is asked for."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from netsleuth_tui.decode.hosts import HostTable
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
        self._known = 0
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
            return [*self._places.warnings, *([self._places.description] if self._known else [])]

    def located(self) -> Located:
        """The places of all hosts of this moment, in the order of their ids. Arrays that were given out stay as they are.

        Raises:
            NetSleuthError: A file that the user named cannot be used.
        """
        with self._lock:
            places = self._open()
            if self._hosts.cleared != self._cleared:
                self._cleared, self._known, self._codes = self._hosts.cleared, 0, np.empty((COLUMNS, 0), np.int32)
            hosts = self._hosts.known()
            count = len(hosts.version)
            if count > self._known:
                if count > self._codes.shape[1]:
                    larger = np.empty((COLUMNS, max(count, 2 * self._known)), np.int32)
                    larger[:, : self._known] = self._codes[:, : self._known]
                    self._codes = larger
                new = slice(self._known, count)
                found = places.locate(hosts.version[new], hosts.hi[new], hosts.lo[new])
                for column, codes in enumerate((found.site, found.special, found.country, found.continent, found.asn, found.region)):
                    self._codes[column, new] = codes
                self._known = count
            return Located(*self._codes[:, : self._known])

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
