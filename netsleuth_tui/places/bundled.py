"""The data that come with the program: countries by DB-IP."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.paths import place_data
from netsleuth_tui.places.atlas import Atlas, PlaceTable
from netsleuth_tui.places.packed import Packed, read_packed
from netsleuth_tui.places.places import Origin
from netsleuth_tui.places.steps import Sought

__all__ = ["BUNDLED", "Bundled"]

BUNDLED = "dbip-country-lite.places"


@cache
def _packed() -> Packed:
    return read_packed(place_data(BUNDLED))


class Bundled:
    """Countries of all public addresses.

    Raises:
        NetSleuthError: The data are not installed, or damaged.
    """

    warnings = ()
    has_systems = False

    def __init__(self, atlas: Atlas) -> None:
        self._packed = _packed()
        self._table = PlaceTable(atlas)
        codes = [self._table.add(atlas.country(code)) for code in self._packed.countries]
        if codes != list(range(len(codes))):
            raise AssertionError("every country is there once")
        self.origin = Origin(self._packed.name, self._packed.date, "", self._packed.attribution)

    def find(self, sought: Sought) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """Codes of the countries of addresses."""
        return self._packed.steps.at(sought)

    def columns(self) -> NDArray[np.int32]:
        """Country, continent and no system, by code."""
        return self._table.columns()
