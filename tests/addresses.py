"""Addresses for tests of places, as the arrays that `Places.locate` takes."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path

import numpy as np

from netsleuth_tui.places import Places, open_places
from netsleuth_tui.places.steps import HALF

Arrays = tuple[np.ndarray, np.ndarray, np.ndarray]


def arrays(addresses: Iterable[str | IPv4Address | IPv6Address]) -> Arrays:
    """Version, upper and lower halves."""
    made = [ip_address(address) for address in addresses]
    numbers = [int(address) for address in made]
    return (
        np.array([address.version for address in made], np.uint8),
        np.array([number >> 64 for number in numbers], np.uint64),
        np.array([number & HALF for number in numbers], np.uint64),
    )


def regions(places: Places, *addresses: str) -> list[str]:
    """The regions of addresses."""
    names = places.tables.regions
    return [names[code] for code in places.locate(*arrays(addresses)).region.tolist()]


def country_codes(places: Places, *addresses: str) -> list[str | None]:
    """The countries of addresses."""
    codes = places.tables.country_codes
    return [codes[code] if code >= 0 else None for code in places.locate(*arrays(addresses)).country.tolist()]


def with_sites(folder: Path, text: str | bytes) -> Places:
    """Places with a file of sites."""
    path = folder / "sites.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return open_places(sites=[str(path)])
