"""Codes of countries, continents and autonomous systems: tables that only grow, so that a code means the same for good."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.places.countries import CONTINENT_NAMES, CONTINENTS, countries
from netsleuth_tui.places.steps import NOTHING

__all__ = ["Atlas", "PlaceTable"]


class Atlas:
    """The tables of one `Places`. Names come from the user's files: they are not fit for a terminal as they are."""

    def __init__(self) -> None:
        self.country_codes: list[str] = []
        """ISO 3166-1 alpha-2, or what a file says instead."""
        self.country_names: list[str] = []
        """Parallel to `country_codes`."""
        self.continent_codes = list(CONTINENTS)
        self.continent_names = list(CONTINENT_NAMES)
        self.as_numbers: list[int] = []
        """Numbers of autonomous systems (RFC 6793)."""
        self.as_names: list[str] = []
        """Who runs them, parallel to `as_numbers`; empty where nothing says so."""
        self._countries: dict[str, int] = {}
        self._names: dict[str, int] = {}
        self._continent_of: list[int] = []
        self._systems: dict[int, int] = {}
        for country in countries():
            self.country(country.code, country.name, country.continent)

    def country(self, code: str, name: str = "", continent: str = "") -> int:
        """The code of a country by its ISO code, or by its name where a file has no code; `NOTHING` where it has neither.

        The name and the continent count where the country is new: what NetSleuth calls a country does not depend on the file.
        """
        code = code.upper()
        found = self._countries.get(code) if code else self._names.get(name)
        if found is not None or not (code or name):
            return NOTHING if found is None else found
        self.country_codes.append(code or name)
        self.country_names.append(name or code)
        self._continent_of.append(self.continent(continent))
        new = len(self.country_codes) - 1
        self._countries[code or name] = self._names[name or code] = new
        return new

    def continent(self, code: str, name: str = "") -> int:
        """The code of a continent by its code or name; `NOTHING` where it is none of the seven."""
        if code.upper() in CONTINENTS:
            return CONTINENTS.index(code.upper())
        return CONTINENT_NAMES.index(name) if name in CONTINENT_NAMES else NOTHING

    def continent_of(self, country: int) -> int:
        """The continent of a country, as codes; `NOTHING` of `NOTHING`."""
        return NOTHING if country == NOTHING else self._continent_of[country]

    def system(self, number: int, name: str = "") -> int:
        """The code of an autonomous system; the first name that is said counts."""
        found = self._systems.get(number)
        if found is None:
            found = self._systems[number] = len(self.as_numbers)
            self.as_numbers.append(number)
            self.as_names.append(name)
        elif name and not self.as_names[found]:
            self.as_names[found] = name
        return found


class PlaceTable:
    """Country, continent and autonomous system of each place that a source of places tells apart."""

    def __init__(self, atlas: Atlas) -> None:
        self.atlas = atlas
        self._rows: list[tuple[int, int, int]] = []
        self._codes: dict[tuple[int, int, int], int] = {}

    def add(self, country: int, continent: int = NOTHING, system: int = NOTHING) -> int:
        """The code of a place; its continent is that of the country where nothing else is said. `NOTHING` where all three are."""
        if continent == NOTHING:
            continent = self.atlas.continent_of(country)
        row = (country, continent, system)
        if row == (NOTHING, NOTHING, NOTHING):
            return NOTHING
        code = self._codes.setdefault(row, len(self._rows))
        if code == len(self._rows):
            self._rows.append(row)
        return code

    def columns(self) -> NDArray[np.int32]:
        """Country, continent, autonomous system by code: (3, places + 1); the last place, also reached as -1, is `NOTHING` in all."""
        return np.ascontiguousarray(np.array([*self._rows, (NOTHING, NOTHING, NOTHING)], np.int32).T)
