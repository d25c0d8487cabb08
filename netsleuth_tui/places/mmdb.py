"""Databases in the MaxMind DB format: those of MaxMind, DB-IP, IPinfo and others.

maxminddb's reader in Python tells what kind of file it is and decodes records; its C extension, which a single wrong byte can crash, is
never given a file. All addresses are looked up together, and each record is decoded once.
"""

from __future__ import annotations

import io
import time
from datetime import UTC, datetime
from pathlib import PurePath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.errors import NetSleuthError
from netsleuth_tui.places.atlas import Atlas, PlaceTable
from netsleuth_tui.places.mmdb_records import Records
from netsleuth_tui.places.places import Origin
from netsleuth_tui.places.records import LONGEST, place_said
from netsleuth_tui.places.steps import NOTHING, Sought
from netsleuth_tui.places.tree import ENDLESS, SearchTree
from netsleuth_tui.wording import several

__all__ = ["Database", "credit_of"]

PROBED = 200
"""Records that are looked at before a database is taken for one of places."""

SECONDS, MOST_SECONDS = 10.0, 60.0
SLOW = 5e-4
"""Decoding is given up after ten seconds where it takes longer than this for each record, and after a minute in any case. Records of a
real database take a tenth of it."""

CREDITS = {
    "GEOLITE": "This product includes GeoLite Data created by MaxMind, available from https://www.maxmind.com",
    "GEOIP": "This product includes GeoIP data created by MaxMind, available from https://www.maxmind.com",
    "DBIP": "IP geolocation by DB-IP (https://db-ip.com)",
    "IPINFO": "IP address data is powered by IPinfo (https://ipinfo.io)",
}
"""What makers ask to be shown, by the beginning of the type that a database says it has."""


class Database:
    """Countries, continents and autonomous systems from one file.

    Args:
        content: The whole file.
        path: Its name, for messages.
        atlas: Where countries and systems get their codes.

    Raises:
        NetSleuthError: It is no such database, is damaged, or says nothing of places.
    """

    has_systems = True

    def __init__(self, content: bytes, path: str, atlas: Atlas) -> None:
        try:
            metadata = _metadata(content)
            self._tree = SearchTree(content, metadata.node_count, metadata.record_size, metadata.ip_version)
            self._records = Records(content, self._tree.bytes + 16)
            kind = str(metadata.database_type)[:LONGEST]
            date = _date(metadata.build_epoch)
            probed = self._tree.places(PROBED)
        except Exception as error:  # noqa: BLE001 - what damaged files do to a reader has no end
            raise NetSleuthError(f"this is no database of places, or it is damaged: {_reason(error)}", where=path) from None
        self.origin = Origin(kind or PurePath(path).name, date, path, credit_of(kind))
        self.warnings: list[str] = []
        self._table = PlaceTable(atlas)
        self._codes: dict[int, int] = {}
        self._probe(probed.tolist())

    def find(self, sought: Sought) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """Codes of the places of addresses."""
        found4, found6 = self._tree.find(sought)
        endless = int((found4 == ENDLESS).sum() + (found6 == ENDLESS).sum())
        if endless:
            self._warn(f"the search tree is damaged: {several(endless, 'address leads', 'addresses lead')} nowhere")
        return self._decoded(found4), self._decoded(found6)

    def columns(self) -> NDArray[np.int32]:
        """Country, continent and system, by code."""
        return self._table.columns()

    def _probe(self, places: list[int]) -> None:
        """Make sure that some records can be read, and that they say where an address is."""
        keys: set[str] = set()
        problem = ""
        for place in places:
            try:
                if not self._records.said(place).is_empty:
                    return
                keys |= self._records.keys(place)
            except Exception as error:  # noqa: BLE001 - likewise
                problem = _reason(error)
        name = self.origin.path
        if problem and not keys:
            raise NetSleuthError(f"no record of the database can be read: {problem}", where=name)
        if not places:
            raise NetSleuthError("the database is empty", where=name)
        what = ", ".join(sorted(keys)[:6]) or "nothing"
        raise NetSleuthError(
            f"the database ({self.origin.name}) has no country, continent or AS number: its records hold {what}",
            where=name,
            hint="use one of the kinds Country, City or ASN",
        )

    def _decoded(self, places: NDArray[np.int64]) -> NDArray[np.int32]:
        """The codes of records by their places in the file; addresses are in order, so equal ones mostly stand together."""
        new = np.ones(len(places), np.bool_)
        np.not_equal(places[1:], places[:-1], out=new[1:])
        heads = np.flatnonzero(new)
        distinct, inverse = np.unique(places[heads], return_inverse=True)
        codes = np.array(self._codes_of(distinct.tolist()), np.int32)
        return np.repeat(codes[inverse], np.diff(heads, append=len(places))) if len(places) else np.empty(0, np.int32)

    def _codes_of(self, places: list[int]) -> list[int]:
        began, read = time.monotonic(), 0
        unread, late, problem = 0, 0, ""
        for place in places:
            if place < 0 or place in self._codes:
                continue
            if late or time.monotonic() - began > max(SECONDS, min(SLOW * read, MOST_SECONDS)):
                late += 1
                continue
            read += 1
            try:
                self._codes[place] = place_said(self._table, self._records.said(place))
            except Exception as error:  # noqa: BLE001 - likewise
                self._codes[place] = NOTHING
                unread += 1
                problem = f"byte {place}: {_reason(error)}"
        if unread:
            self._warn(f"{several(unread, 'record')} cannot be read; {problem}")
        if late:
            self._warn(f"{several(late, 'record was', 'records were')} left out, since reading the others took {SECONDS:g} seconds")
        return [self._codes.get(place, NOTHING) for place in places]

    def _warn(self, text: str) -> None:
        self.warnings.append(f"{self.origin.path}: {text}")


def credit_of(name: str) -> str:
    """What the maker of a database asks to be shown; empty where nothing is known."""
    return next((text for start, text in CREDITS.items() if name.upper().replace("-", "").startswith(start)), "")


class _Named(io.BytesIO):
    """Bytes of a file; the reader names it in its errors."""

    name = "it"


def _metadata(content: bytes) -> Any:
    """The metadata, checked by maxminddb's reader in Python."""
    from maxminddb.const import MODE_FD
    from maxminddb.reader import Reader

    metadata = Reader(_Named(content), MODE_FD).metadata()
    if metadata.ip_version not in {4, 6}:
        raise ValueError(f"the version of IP is {metadata.ip_version}")
    return metadata


def _date(epoch: Any) -> str:
    """The day of a time, where it is one."""
    try:
        return f"{datetime.fromtimestamp(epoch, UTC):%Y-%m-%d}" if epoch else ""
    except (OverflowError, ValueError, OSError, TypeError):
        return ""


def _reason(error: Exception) -> str:
    return str(error)[:LONGEST] or type(error).__name__
