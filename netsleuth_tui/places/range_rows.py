"""Places as rows of CSV files: MaxMind's blocks and locations, ranges of addresses with a country or a system."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from operator import attrgetter, itemgetter
from pathlib import PurePath
from socket import AF_INET, AF_INET6, inet_pton

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.errors import NetSleuthError
from netsleuth_tui.places.atlas import Atlas, PlaceTable
from netsleuth_tui.places.places import Origin
from netsleuth_tui.places.records import Said, place_said, said_by
from netsleuth_tui.places.steps import BITS, MAPPED, NOTHING, Networks, Sought, steps_of
from netsleuth_tui.places.writing import network_written
from netsleuth_tui.wording import agree, several

__all__ = ["Named", "RangeTable"]

MOST_ROWS = 20_000_000

NETWORK = ("network", "cidr", "subnet")
FIRST = ("network_start_ip", "network_start_integer", "network_start_hex", "start_ip", "ip_from", "start", "first")
LAST = ("network_last_ip", "network_last_integer", "network_last_hex", "end_ip", "ip_to", "end", "last")
GEONAMES = ("geoname_id", "registered_country_geoname_id", "represented_country_geoname_id")
COUNTRY_NAMES = {"country_iso_code": "country_code", "cc": "country_code", "as_number": "asn", "organization": "as_organization"}
"""Headings, and what records of databases call the same."""

LENGTHS = frozenset(map(str, range(129)))
"""Prefix lengths as they are written."""

Key = tuple[str, ...]

_FIRSTS, _LASTS, _CODES = (attrgetter(name) for name in ("first", "last", "code"))


@dataclass(frozen=True, slots=True)
class Named:
    """A file of rows."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class _Columns:
    """Which cells of a row say what."""

    network: int | None
    """A network in one cell; else `first` and `last` hold its ends."""
    first: int
    last: int
    base: int
    """Of numbers that stand for addresses: 10 or 16."""
    values: tuple[int, ...]
    """Cells that say where it is."""
    names: tuple[str, ...]
    """Their headings, as records of databases call them; empty where there is no heading."""


class RangeTable:
    """Countries, continents and autonomous systems of networks and ranges.

    Rows that mean nothing are left out and counted.

    Args:
        files: The files with rows for networks.
        locations: Rows that tell what a `geoname_id` is; None where there are none.
        path: The name of all of it, for messages.
        atlas: Where countries and systems get their codes.

    Raises:
        NetSleuthError: No row can be understood, or none says where anything is.
    """

    has_systems = True

    def __init__(self, files: Sequence[Named], locations: Named | None, path: str, atlas: Atlas) -> None:
        self._table = PlaceTable(atlas)
        self._locations = _locations(locations) if locations is not None else {}
        self._codes: dict[tuple[str, ...], dict[Key, int]] = {}
        self._networks = {4: Networks([], [], []), 6: Networks([], [], [])}
        self.warnings: list[str] = []
        for file in files:
            self._read(file, path)
        if all(code == NOTHING for networks in self._networks.values() for code in networks.code):
            raise NetSleuthError("no row says where a network is", where=path, hint="a list of sites is given by --sites")
        self._steps = steps_of(self._networks[4], self._networks[6])
        del self._networks, self._locations
        self.origin = Origin(_title(files), _date(path), path, _credit(files))

    def find(self, sought: Sought) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """Codes of the places of addresses."""
        return self._steps.at(sought)

    def columns(self) -> NDArray[np.int32]:
        """Country, continent and system, by code."""
        return self._table.columns()

    def _read(self, file: Named, path: str) -> None:
        wrong, first_wrong, rows = 0, "", 0
        add: Callable[[Sequence[str]], None] | None = None
        version = 6 if "ipv6" in file.name.lower() or file.name.lower().endswith("6") else 4
        for number, cells in _lines(file, path):
            if add is None:
                columns = _columns(cells)
                add = self._adder(columns) if columns.network is not None else self._adder_of_ends(columns, version)
                if columns.names:
                    continue
            rows += 1
            if rows > MOST_ROWS:
                raise NetSleuthError(f"there are more than {MOST_ROWS} rows", where=path)
            try:
                add(cells)
            except (ValueError, IndexError) as error:
                wrong += 1
                first_wrong = first_wrong or f"line {number}: {error}"
        if wrong == rows:
            raise NetSleuthError(f"no row of {file.name} can be understood; {first_wrong}" if rows else f"{file.name} is empty", where=path)
        if wrong:
            left_out = f"{wrong} of {several(rows, 'row')} of {file.name} {agree(wrong, 'was', 'were')} left out"
            self.warnings.append(f"{path}: {left_out}; {first_wrong}")

    def _adder(self, columns: _Columns) -> Callable[[Sequence[str]], None]:
        """What takes in rows with a network in one cell; there may be a million of them."""
        code_of, at, networks = self._coder(columns), columns.network or 0, self._networks
        firsts, lasts, codes = ({n: column(networks[n]) for n in networks} for column in (_FIRSTS, _LASTS, _CODES))
        families = {4: AF_INET, 6: AF_INET6}

        def add(cells: Sequence[str]) -> None:
            code = code_of(cells)
            address, _, length = cells[at].partition("/")
            version = 6 if ":" in address else 4
            first, bits = -1, BITS[version] - (int(length) if length in LENGTHS else 0)
            if length in LENGTHS and bits >= 0:
                try:
                    first = int.from_bytes(inet_pton(families[version], address))
                except OSError:
                    first = -1
            if first < 0 or first >> bits << bits != first or first >> 32 == MAPPED:
                written = network_written(cells[at])  # whatever is the matter with it, the thorough reading says so
                for block in written.blocks:
                    networks[written.version].add(*block, code)
                return
            firsts[version].append(first)
            lasts[version].append(first + (1 << bits) - 1)
            codes[version].append(code)

        return add

    def _adder_of_ends(self, columns: _Columns, version: int) -> Callable[[Sequence[str]], None]:
        """What takes in rows with the first and the last address of a range."""
        code_of = self._coder(columns)

        def add(cells: Sequence[str]) -> None:
            code = code_of(cells)
            first, of_first = _address(cells[columns.first], columns.base, version)
            last, of_last = _address(cells[columns.last], columns.base, version)
            if first > last or of_first != of_last:
                raise ValueError("the range ends before it begins")
            self._networks[of_first].add(first, last, code)

        return add

    def _coder(self, columns: _Columns) -> Callable[[Sequence[str]], int]:
        """What tells the code of the place in a row; most rows say the same as one before."""
        names, values = columns.names, columns.values
        codes = self._codes.setdefault(names, {})
        pick: Callable[[Sequence[str]], Key] = itemgetter(*values) if len(values) > 1 else lambda cells: tuple(cells[at] for at in values)

        def code_of(cells: Sequence[str]) -> int:
            key = pick(cells)
            code = codes.get(key)
            if code is None:
                code = codes[key] = self._code(names, key)
            return code

        return code_of

    def _code(self, names: tuple[str, ...], key: Key) -> int:
        """The code of what the cells say."""
        if not names:
            return place_said(self._table, _said_without_heading(key))
        said = dict(zip(names, key, strict=True))
        for column in GEONAMES:
            found = self._locations.get(said.get(column, ""))
            if found is not None and not found.is_empty:
                return place_said(self._table, found)
        return place_said(self._table, said_by({name: text for name, text in said.items() if text}))


def _locations(file: Named) -> Mapping[str, Said]:
    """What each `geoname_id` is."""
    found: dict[str, Said] = {}
    names: tuple[str, ...] = ()
    for _, cells in _lines(file, file.name):
        if not names:
            names = _called(cells)
        elif len(cells) >= len(names):
            row = dict(zip(names, cells, strict=False))
            found[row.get("geoname_id", "")] = said_by({name: text for name, text in row.items() if text})
    return found


def _lines(file: Named, path: str) -> Iterator[tuple[int, list[str]]]:
    """Rows and the numbers of their last lines, without comments and empty ones.

    Raises:
        NetSleuthError: The file is no CSV.
    """
    head = file.content[: file.content.find(b"\n") + 1 or None]
    separator = ";" if head.count(b";") > head.count(b",") else ","
    if b'"' not in file.content:
        yield from _unquoted(file.content.decode("utf-8-sig", "replace"), separator)
        return
    text = io.TextIOWrapper(io.BytesIO(file.content), "utf-8-sig", errors="replace", newline="")
    reader = csv.reader(text, delimiter=separator)
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise NetSleuthError(f"{file.name}, line {reader.line_num}: {error}", where=path) from None
        if cells and not cells[0].startswith("#"):
            yield reader.line_num, cells


def _unquoted(text: str, separator: str) -> Iterator[tuple[int, list[str]]]:
    """The same where nothing is in quotes, in half the time."""
    for number, line in enumerate(text.replace("\r\n", "\n").split("\n"), 1):
        if line and not line.startswith("#"):
            yield number, line.split(separator)


def _called(cells: Iterable[str]) -> tuple[str, ...]:
    names = (cell.strip().lower() for cell in cells)
    return tuple(COUNTRY_NAMES.get(name, name) for name in names)


def _columns(cells: Sequence[str]) -> _Columns:
    """What the first row says: its headings, or else that there are none."""
    names = _called(cells)
    network = next((names.index(name) for name in NETWORK if name in names), None)
    first = next((names.index(name) for name in FIRST if name in names), None)
    last = next((names.index(name) for name in LAST if name in names), None)
    base = 16 if first is not None and names[first].endswith("hex") else 10
    if network is None and (first is None or last is None):
        single = "/" in cells[0] or "-" in cells[0]
        return _Columns(0 if single else None, 0, 1, 10, tuple(range(1 if single else 2, min(len(cells), 6))), ())
    values = tuple(at for at in range(len(names)) if at not in {network, first, last})
    return _Columns(network, first or 0, last or 0, base, values, tuple(names[at] for at in values))


def _said_without_heading(key: Key) -> Said:
    """A country, or the number of a system and who runs it."""
    value, name = key[0].strip(), key[1].strip() if len(key) > 1 else ""
    record = {"country_code": value, "country_name": name} if len(value) == 2 and value.isalpha() else {"asn": value, "as_name": name}
    return said_by(record)


def _address(text: str, base: int, version: int) -> tuple[int, int]:
    """An address as number and version.

    Raises:
        ValueError: It is none.
    """
    text = text.strip()
    if base == 16 or text.isdecimal():
        number = int(text, base)
        if number >> BITS[version] == 0:
            return number, version
        if number >> BITS[6] == 0:
            return number, 6
        raise ValueError(f"{text[:50]!r} is no address")
    address = ip_address(text)
    return int(address), address.version


def _title(files: Sequence[Named]) -> str:
    """What the files are called together: without the version of IP and the suffix."""
    stem = PurePath(files[0].name).name
    return stem.partition("-Blocks-")[0] if "-Blocks-" in stem else stem


def _date(path: str) -> str:
    """The date in a name, as in GeoLite2-Country-CSV_20260203.zip or dbip-country-lite-2026-06.csv; empty where there is none."""
    found = re.search(r"[-_](20\d\d)-?([01]\d)(?:-?([0-3]\d))?(?!\d)", path)
    return "-".join(part for part in found.groups() if part) if found else ""


def _credit(files: Sequence[Named]) -> str:
    from netsleuth_tui.places.mmdb import credit_of

    return credit_of(PurePath(files[0].name).name)
