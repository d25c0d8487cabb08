"""Names of countries and continents."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache

from netsleuth_tui.paths import place_data

__all__ = ["CONTINENTS", "CONTINENT_NAMES", "Country", "countries"]

CONTINENTS = ("AF", "AN", "AS", "EU", "NA", "OC", "SA")
"""Codes of continents, as place databases have them."""

CONTINENT_NAMES = ("Africa", "Antarctica", "Asia", "Europe", "North America", "Oceania", "South America")
"""Their names, in the same order."""


@dataclass(frozen=True, slots=True)
class Country:
    """A country or territory."""

    code: str
    """ISO 3166-1 alpha-2."""
    name: str
    """Short, in English."""
    continent: str
    """One of `CONTINENTS`; empty where it is not known."""


@cache
def countries() -> tuple[Country, ...]:
    """All countries, by code.

    Raises:
        NetSleuthError: The table is not installed.
    """
    with place_data("countries.csv").open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(line for line in file if not line.startswith("#"))
        return tuple(Country(row["code"], row["name"], row["continent"]) for row in rows)
