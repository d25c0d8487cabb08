"""The user's own networks: a CSV file with a network and the name of its site in each line."""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from netsleuth_tui.errors import NetSleuthError
from netsleuth_tui.places.places import Origin, Sites
from netsleuth_tui.places.steps import Networks, steps_of
from netsleuth_tui.places.writing import network_written
from netsleuth_tui.wording import several

__all__ = ["read_sites"]

MOST_BYTES = 64 << 20
"""A larger file is no list of sites."""

MOST_ROWS = 1_000_000
LONGEST_NAME = 200
SHOWN = 5
"""Wrong lines that one message names."""

NETWORK_HEADINGS = frozenset({"network", "networks", "subnet", "cidr", "range", "prefix", "ip", "address"})
SITE_HEADINGS = frozenset({"site", "sites", "name", "location", "office", "label"})


@dataclass(slots=True)
class _Reading:
    """What was read so far, of all files."""

    codes: dict[str, int] = field(default_factory=dict)
    """Names of sites and their codes."""
    networks: dict[int, Networks] = field(default_factory=lambda: {4: Networks([], [], []), 6: Networks([], [], [])})
    lines: dict[tuple[int, int, int], tuple[str, int]] = field(default_factory=dict)
    """File and line that said something about a network last, by version, first and last address."""
    warnings: list[str] = field(default_factory=list)


def read_sites(paths: Sequence[str]) -> tuple[Sites, list[str]]:
    """Read lists of sites; of equal networks the one that was read last counts, of nested ones the longest prefix.

    Lines are `network,site`, also with `;` or tabs, in quotes or not, with a heading or without; `#` begins a comment. docs/places.md
    says what a network can look like.

    Returns:
        The sites, and what was odd, one line each.

    Raises:
        NetSleuthError: A file cannot be read, or a line of it cannot be understood; with the numbers of the lines.
    """
    reading = _Reading()
    for path in paths:
        _read(path, reading)
    steps = steps_of(reading.networks[4], reading.networks[6])
    origins = tuple(Origin("sites", "", path) for path in paths)
    return Sites(tuple(reading.codes), steps, origins), reading.warnings


def _read(path: str, reading: _Reading) -> None:
    mistakes: list[tuple[int, str]] = []
    odd: list[tuple[int, str]] = []
    for number, cells in _rows(path, mistakes):
        try:
            note = _add(reading, path, number, *cells)
        except ValueError as error:
            mistakes.append((number, str(error)))
            continue
        if note:
            odd.append((number, note))
        if sum(len(networks.first) for networks in reading.networks.values()) > MOST_ROWS:
            raise NetSleuthError(f"there are more than {MOST_ROWS} networks", where=path)
    if mistakes:
        mistakes.sort()
        (line, what), *others = mistakes
        hint = "; ".join(f"line {number}: {text}" for number, text in others[: SHOWN - 1])
        more = len(others) - (SHOWN - 1)
        hint += f"; and {several(more, 'more line')}" if more > 0 else ""
        raise NetSleuthError(what, where=f"{path}, line {line}", hint=hint)
    reading.warnings += [f"{path}, line {number}: {note}" for number, note in odd[:SHOWN]]
    if len(odd) > SHOWN:
        more = len(odd) - SHOWN
        reading.warnings.append(f"{path}: {several(more, 'more line is', 'more lines are')} odd in such ways")


def _add(reading: _Reading, path: str, number: int, network: str, site: str) -> str:
    """Take one line in.

    Returns:
        What is odd about it.

    Raises:
        ValueError: It cannot be understood.
    """
    try:
        written = network_written(network)
    except ValueError as error:
        raise ValueError(f"{network!r}: {error}" if network else "the network is missing") from None
    if not site:
        raise ValueError(f"{network} has no site")
    if len(site) > LONGEST_NAME:
        raise ValueError(f"the name of the site has {len(site)} characters, {LONGEST_NAME} are possible")
    code = reading.codes.setdefault(site, len(reading.codes))
    note = written.note
    for first, last in written.blocks:
        before = reading.lines.get((written.version, first, last))
        if before is not None and not note:
            where = f"line {before[1]}" if before[0] == path else f"{before[0]}, line {before[1]}"
            note = f"{network} was there already ({where}); this line counts"
        reading.lines[written.version, first, last] = (path, number)
        reading.networks[written.version].add(first, last, code)
    return note


def _rows(path: str, mistakes: list[tuple[int, str]]) -> Iterator[tuple[int, tuple[str, str]]]:
    """Line numbers, networks and sites of a file; what is no row goes to `mistakes`."""
    at, separator = (0, 1), ""
    for number, line in enumerate(_text(path).splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        first = not separator
        separator = separator or _separator(line)
        try:
            cells = [cell.strip() for cell in next(csv.reader([line], delimiter=separator, skipinitialspace=True, strict=True))]
        except csv.Error as error:
            mistakes.append((number, f"this is no line of a CSV file: {error}"))
            continue
        if first and (heading := _heading(cells)) is not None:
            at = heading
        elif len(cells) <= max(at):
            mistakes.append((number, "there are no two columns, network and site"))
        else:
            yield number, (cells[at[0]], cells[at[1]])


def _separator(line: str) -> str:
    """The first of comma, semicolon and tab that stands in a line."""
    return min(",;\t", key=lambda sign: line.find(sign) % (len(line) + 1))


def _heading(cells: Sequence[str]) -> tuple[int, int] | None:
    """The columns of network and site, if this is a heading."""
    names = [cell.lower() for cell in cells]
    network = next((at for at, name in enumerate(names) if name in NETWORK_HEADINGS), None)
    site = next((at for at, name in enumerate(names) if name in SITE_HEADINGS and at != network), None)
    return None if network is None or site is None else (network, site)


def _text(path: str) -> str:
    try:
        with Path(path).open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise NetSleuthError(f"the sites cannot be read: {reason}", where=path) from None
    if len(content) > MOST_BYTES:
        raise NetSleuthError("this is too long to be a list of sites", where=path)
    encoding = "utf-16" if content[:2] in {codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE} else "utf-8-sig"
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise NetSleuthError("this is not UTF-8", where=f"{path}, line {line}", hint="save it as 'CSV UTF-8'") from None
