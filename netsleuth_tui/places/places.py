"""Places: where addresses are, by what the user and the data say, in an order that is always the same."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.places.atlas import Atlas
from netsleuth_tui.places.special import CLASSES, special_steps
from netsleuth_tui.places.steps import NOTHING, Networks, Sought, Steps, steps_of

__all__ = ["NO_SITES", "UNKNOWN", "Located", "Origin", "Places", "Sites", "Tables"]

UNKNOWN = "Unknown"
"""The region of a public address that no data place."""

Codes = NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an answer comes from, for people."""

    name: str
    """Of the data or the file: 'DB-IP Lite Country', 'GeoLite2-City'."""
    date: str
    """Year, month and day of the data; empty where it says none."""
    path: str
    """The file; empty for the data that come with the program."""
    attribution: str = ""
    """What the licence asks to be shown; empty where nothing is known to be asked."""

    @property
    def text(self) -> str:
        """Name, date and file in one line."""
        file = PurePath(self.path).name
        return " ".join(part for part in (self.name, self.date, "" if file in {"", self.name} else f"({file})") if part)


class Source(Protocol):
    """A source of places: a database, a pair of CSV files, the data that come with the program."""

    @property
    def origin(self) -> Origin:
        """What it is."""
        ...

    @property
    def warnings(self) -> Sequence[str]:
        """What was odd so far."""
        ...

    @property
    def has_systems(self) -> bool:
        """Whether it may know autonomous systems."""
        ...

    def find(self, sought: Sought) -> tuple[Codes, Codes]:
        """Codes of the places of IPv4 and IPv6 addresses, in the order of `sought`; `NOTHING` where it knows none."""
        ...

    def columns(self) -> Codes:
        """By code, as `PlaceTable.columns`."""
        ...


@dataclass(frozen=True, slots=True)
class Sites:
    """The user's own networks."""

    names: tuple[str, ...]
    """Of the sites, by code."""
    steps: Steps
    origins: tuple[Origin, ...]
    """The files."""


NO_SITES = Sites((), steps_of(Networks([], [], []), Networks([], [], [])), ())
"""Where the user has told of none."""


@dataclass(frozen=True, slots=True)
class Tables:
    """What codes mean. Later tables of the same `Places` are longer, and begin with the same."""

    sites: Sequence[str]
    classes: Sequence[str]
    """Of special use: 'Private (unmapped)', 'Multicast', …"""
    country_codes: Sequence[str]
    """ISO 3166-1 alpha-2."""
    countries: Sequence[str]
    continent_codes: Sequence[str]
    continents: Sequence[str]
    as_numbers: Sequence[int]
    as_names: Sequence[str]
    regions: Sequence[str]
    """Sites, classes, `UNKNOWN`, countries, in this order."""


@dataclass(frozen=True, slots=True)
class Located:
    """One entry for each address in every array, int32: a code of `Tables`, or -1.

    Country, continent and autonomous system are what the data say, also of an address that is at a site; data are never asked about
    addresses of special use.
    """

    site: Codes
    special: Codes
    """Class of special use, also of addresses at a site."""
    country: Codes
    continent: Codes
    asn: Codes
    """Code of `as_numbers` and `as_names`, not the number itself."""
    region: Codes
    """The site, else the class, else the country, else unknown: never -1."""


class Places:
    """Where addresses are. Sites come first, then classes of special use, then sources in their order, each where those before say nothing.

    Any thread may ask.

    Args:
        atlas: Tables of the countries and systems in `sources`.
        sources: Data, those of the user first.
        sites: The user's own networks.
        warnings: What there is to say about files that were read, or left alone.
    """

    def __init__(self, atlas: Atlas, sources: Sequence[Source], sites: Sites, warnings: Sequence[str] = ()) -> None:
        self._atlas = atlas
        self._sources = tuple(sources)
        self._sites = sites
        self._lock = threading.Lock()
        self._warnings = tuple(warnings)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What there is to say so far about files that were read or left alone, one line each, with texts from files."""
        return (*self._warnings, *(warning for source in self._sources for warning in source.warnings))

    @property
    def origins(self) -> tuple[Origin, ...]:
        """What is asked, in this order, sites first."""
        return (*self._sites.origins, *(source.origin for source in self._sources))

    @property
    def description(self) -> str:
        """Which data are in use, from when, and what their licences ask to be shown; one line, with names from files."""
        attributions = dict.fromkeys(origin.attribution for origin in self.origins if origin.attribution)
        return " · ".join(["Places: " + ", then ".join(origin.text for origin in self.origins), *attributions])

    @property
    def tables(self) -> Tables:
        """What the codes of everything located so far mean."""
        with self._lock:
            atlas, sites = self._atlas, self._sites.names
            return Tables(
                sites,
                CLASSES,
                tuple(atlas.country_codes),
                tuple(atlas.country_names),
                tuple(atlas.continent_codes),
                tuple(atlas.continent_names),
                tuple(atlas.as_numbers),
                tuple(atlas.as_names),
                (*sites, *CLASSES, UNKNOWN, *atlas.country_names),
            )

    def locate(self, version: NDArray[np.uint8], high: NDArray[np.uint64], low: NDArray[np.uint64]) -> Located:
        """Look addresses up.

        Args:
            version: 4 or 6.
            high: Upper 64 bits of IPv6 addresses.
            low: Lower 64 bits; an IPv4 address as a number.
        """
        sought = Sought.of(version, high, low)
        site = sought.spread(*self._sites.steps.at(sought))
        special = sought.spread(*special_steps().at(sought))
        with self._lock:
            country, continent, asn = self._asked(sought, special == NOTHING)
        return Located(site, special, country, continent, asn, self._regions(site, special, country))

    def _asked(self, sought: Sought, public: NDArray[np.bool_]) -> Codes:
        """Country, continent and system of each public address: (3, addresses); the first two come from the same source."""
        answer = np.full((3, len(public)), NOTHING, np.int32)
        for source in self._sources:
            unplaced, unrun = (answer[0] == NOTHING) & (answer[1] == NOTHING), answer[2] == NOTHING
            part = sought.where(public & (unplaced | unrun if source.has_systems else unplaced))
            codes = np.concatenate(source.find(part))
            columns = source.columns()  # after the search, which may have found new ones
            order = np.concatenate((part.order4, part.order6))
            for column, wanted in enumerate((unplaced, unplaced, unrun)):
                if source is self._sources[0]:
                    answer[column, order] = columns[column][codes]
                    continue
                some = wanted[order]
                answer[column, order[some]] = columns[column, codes[some]]
        return answer

    def _regions(self, site: Codes, special: Codes, country: Codes) -> Codes:
        classes = len(self._sites.names)
        unknown = np.int32(classes + len(CLASSES))
        region = unknown + 1 + country  # a country of -1 is unknown
        region = np.where(special != NOTHING, special + np.int32(classes), region)
        return np.where(site != NOTHING, site, region)
