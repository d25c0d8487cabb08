"""Places of the hosts of a store, as filters, splits and groups want them: a number for each host, and what the numbers are called."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.places import UNKNOWN, host_places
from netsleuth_tui.query.place_values import PlaceKind, PlaceValues

if TYPE_CHECKING:
    from netsleuth_tui.store import Store

__all__ = ["PUBLIC", "PlacesOf", "place_values"]

PUBLIC = "Public"
"""Class of an address that has a country."""

UNMAPPED = " (unmapped)"
"""Part of the name of a class that says that no site map has the address; which a class alone does not know."""

Codes = NDArray[np.int32]


class PlacesOf:
    """What a filter asks for places; data are opened when it does.

    Args:
        store: Whose hosts are looked up.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def values(self, kind: PlaceKind, count: int) -> PlaceValues:
        """What there is to say of the first `count` hosts.

        Raises:
            NetSleuthError: A file that the user named cannot be used.
        """
        found = place_values(self._store, kind, count)
        return PlaceValues(found.codes[:count], found.names, found.also)


def place_values(store: Store, kind: PlaceKind, least: int = 0) -> PlaceValues:
    """One kind of place of all hosts that are known now; of as many as `least` where those were known before.

    Raises:
        NetSleuthError: A file that the user named cannot be used.
    """
    hosts = host_places(store)
    located, tables = hosts.located(least), hosts.places.tables
    if kind == "site":
        return _distinct(located.site, tables.sites)
    if kind == "country":
        return PlaceValues(located.country, tuple(tables.countries), tuple(tables.country_codes))
    if kind == "continent":
        return PlaceValues(located.continent, tuple(tables.continents), tuple(tables.continent_codes))
    if kind == "asn":
        numbers = tuple(f"AS{number}" for number in tables.as_numbers)
        names = tuple(f"{number} {name}".rstrip() for number, name in zip(numbers, tables.as_names, strict=True))
        return PlaceValues(located.asn, names, numbers)
    if kind == "region":
        return _distinct(located.region, tables.regions)
    classes = [name.removesuffix(UNMAPPED) for name in tables.classes]
    public = np.where(located.country < 0, np.int32(len(classes)), np.int32(len(classes) + 1))
    return _distinct(np.where(located.special < 0, public, located.special), [*classes, UNKNOWN, PUBLIC])


def _distinct(codes: Codes, names: Sequence[str]) -> PlaceValues:
    """Names that differ in case alone, or not at all (a site that is called like a country), are one."""
    first: dict[str, int] = {}
    merged = np.array([*(first.setdefault(name.casefold(), len(first)) for name in names), -1], np.int32)
    kept: dict[str, str] = {}
    for name in names:
        kept.setdefault(name.casefold(), name)
    return PlaceValues(merged[codes], tuple(kept.values()))
