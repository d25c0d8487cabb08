"""What a record of a place database says, whoever made it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from netsleuth_tui.places.atlas import PlaceTable
from netsleuth_tui.places.steps import NOTHING

__all__ = ["WANTED", "Said", "place_said", "said_by"]

WANTED = frozenset(
    {
        *("country", "registered_country", "represented_country", "continent", "traits"),  # MaxMind, DB-IP
        *("country_code", "country_name", "continent_code", "continent_name"),  # IPinfo, flat databases
        *("autonomous_system_number", "autonomous_system_organization", "asn", "as_name", "as_organization"),
    }
)
"""Keys of a record that are looked at."""

LONGEST = 200
"""A name is cut there: no country and no company needs more."""

NO_COUNTRY = frozenset({"-", "--", "??", "XX", "ZZ"})
"""What stands for no country where the code of one is expected."""

REGIONAL = {"EU": "EU", "AP": "AS"}
"""What registries write for networks of several countries (Europe; Asia and the Pacific), and the continent of these."""

LARGEST_SYSTEM = (1 << 32) - 1


@dataclass(frozen=True, slots=True)
class Said:
    """A place as texts and a number; empty, or -1, where nothing is said."""

    country: str = ""
    """ISO 3166-1 alpha-2."""
    country_name: str = ""
    continent: str = ""
    """A code of two letters."""
    continent_name: str = ""
    system: int = -1
    """Number of the autonomous system."""
    system_name: str = ""

    @property
    def is_empty(self) -> bool:
        """Whether it says nothing of a place."""
        return self == Said() or not (self.country or self.country_name or self.continent or self.continent_name or self.system >= 0)


def said_by(record: Any) -> Said:
    """The place in a record.

    The country is `country`, else `registered_country`, else `represented_country`, as in the CSV files of MaxMind. A record may be flat,
    nested, or a mere country code.
    """
    if isinstance(record, str):
        return Said(country=record) if re.fullmatch("[A-Za-z]{2}", record) else Said()
    if not isinstance(record, Mapping):
        return Said()
    country, country_name = _country(record)
    continent, continent_name = _coded(record.get("continent"), "code")
    traits = record.get("traits")
    system, system_name = _system(record)
    if system < 0 and isinstance(traits, Mapping):
        system, system_name = _system(traits)
    return Said(
        country,
        country_name,
        _text(record.get("continent_code")) or continent,
        _text(record.get("continent_name")) or continent_name,
        system,
        system_name,
    )


def place_said(table: PlaceTable, said: Said) -> int:
    """The code of a place in a table; `NOTHING` where nothing is said of one."""
    atlas = table.atlas
    code = said.country.upper()
    continent = atlas.continent(said.continent or REGIONAL.get(code, ""), said.continent_name)
    nameless = code in NO_COUNTRY or code in REGIONAL
    country = NOTHING if nameless else atlas.country(said.country, said.country_name, said.continent)
    system = atlas.system(said.system, said.system_name) if said.system >= 0 else NOTHING
    return table.add(country, continent, system)


def _country(record: Mapping[Any, Any]) -> tuple[str, str]:
    for key in ("country", "registered_country", "represented_country"):
        code, name = _coded(record.get(key), "iso_code")
        if key == "country":
            code, name = _text(record.get("country_code")) or code, _text(record.get("country_name")) or name
        if code or name:
            return code, name
    return "", ""


def _coded(value: Any, key: str) -> tuple[str, str]:
    """Code and English name in a map, or in a text that is one of them."""
    if isinstance(value, Mapping):
        names = value.get("names")
        return _text(value.get(key)), _text(names.get("en")) if isinstance(names, Mapping) else _text(value.get("name"))
    text = _text(value)
    return (text, "") if len(text) == 2 else ("", text)


def _system(record: Mapping[Any, Any]) -> tuple[int, str]:
    value = record.get("autonomous_system_number", record.get("asn"))
    name = record.get("autonomous_system_organization") or record.get("as_name") or record.get("as_organization")
    if isinstance(value, Mapping):  # some nest it: {"asn": {"number": …, "name": …}}
        name = name or value.get("name")
        value = value.get("number", value.get("asn"))
    number = value if isinstance(value, int) and not isinstance(value, bool) else _number(_text(value))
    return (number, _text(name)) if 0 <= number <= LARGEST_SYSTEM else (-1, "")


def _number(text: str) -> int:
    found = re.fullmatch(r"(?:AS)?(\d{1,10})", text, re.ASCII | re.IGNORECASE)
    return int(found[1]) if found else -1


def _text(value: Any) -> str:
    return value[:LONGEST].strip() if isinstance(value, str) else ""
