"""What a filter has to know of the places of hosts: which ones there are, and how they are called."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

__all__ = ["Nowhere", "PlaceKind", "PlaceLookup", "PlaceValues"]

PlaceKind = Literal["site", "class", "country", "continent", "asn", "region"]
"""What can be said of an address: the site that a list of the user's names; its class, what kind of address it is (private, multicast …
public); country, continent, autonomous system; and the region, which is the site, else the class where that is not public, else the
country."""


@dataclass(frozen=True, slots=True)
class PlaceValues:
    """One of these for every host: numbers, and the names that they stand for. No two names differ in case alone."""

    codes: NDArray[np.int32]
    """By host id: an index into `names`, or -1 where there is nothing to say."""
    names: tuple[str, ...]
    """As a person reads them; they may come from a file of anybody's."""
    also: tuple[str, ...] = ()
    """A second spelling for each of them, such as the ISO code of a country; or nothing."""

    def short(self, code: int) -> str:
        """The second spelling where there is one, else the name: what is put into filters."""
        return (self.also[code] if self.also else "") or self.names[code]


class PlaceLookup(Protocol):
    """What knows the places of hosts."""

    def values(self, kind: PlaceKind, count: int) -> PlaceValues:
        """What there is to say of the first `count` hosts of the store."""
        ...


class Nowhere:
    """Knows no place."""

    def values(self, kind: PlaceKind, count: int) -> PlaceValues:  # noqa: ARG002
        """Nothing to say of any host."""
        return PlaceValues(np.full(count, -1, np.int32), ())
