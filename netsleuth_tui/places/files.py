"""Files of places as they are kept: plain, compressed, in archives as they are downloaded, or several in a folder."""

from __future__ import annotations

import io
import re
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Literal, get_args

from netsleuth_tui.errors import NetSleuthError
from netsleuth_tui.places.atlas import Atlas
from netsleuth_tui.places.mmdb import Database
from netsleuth_tui.places.range_rows import Named, RangeTable

__all__ = ["KINDS", "Kind", "Opened", "open_file", "open_folder"]

MOST_BYTES = 1 << 30
"""A larger file is not read, compressed or not."""

GZIP = b"\x1f\x8b"

MOST_MEMBERS = 10_000
"""Files of a folder or archive that are looked at."""

Kind = Literal["places", "systems"]
KINDS: tuple[Kind, ...] = get_args(Kind)

BEST: dict[Kind, tuple[str, ...]] = {
    "places": (
        r"geoip2-(enterprise|city)",
        r"geolite2-city",
        r"geoip2-country",
        r"geolite2-country",
        r"dbip-(city|location)",
        r"dbip-country",
        r".*(country|city|location)",
    ),
    "systems": (r"geoip2-isp", r"geolite2-asn", r".*asn"),
}
"""Beginnings of names that are looked for, in lower case, best ones first."""


@dataclass(frozen=True, slots=True)
class Member:
    """A file, wherever it lies."""

    name: str
    """Without the folder."""
    path: str
    """For messages."""
    read: Callable[[], bytes]


@dataclass(frozen=True, slots=True)
class Opened:
    """Sources that were opened, and what there is to say about those that were not."""

    sources: tuple[Database | RangeTable, ...]
    warnings: tuple[str, ...] = ()


def open_file(path: str, atlas: Atlas) -> Opened:
    """Open a file, an archive or a folder that the user named.

    Raises:
        NetSleuthError: Nothing in it can be used, and why.
    """
    place = Path(path).expanduser()
    try:
        if place.is_dir():
            return _something(open_folder(place, atlas, KINDS, anything=True), path)
        content = _limited(place)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise NetSleuthError(f"the places cannot be read: {reason}", where=path) from None
    members = _unpacked(place.name, content, path)
    if len(members) == 1 and members[0].path == path:
        return Opened((_open_one(members[0], _of_folder(place.parent), atlas),))
    return _something(_open_best(members, atlas, KINDS, anything=True), path)


def open_folder(folder: Path, atlas: Atlas, kinds: Sequence[Kind], *, anything: bool = False) -> Opened:
    """Open the best usable file of each kind in a folder, or in the folders in it; nothing where there is none.

    Args:
        folder: Where to look.
        atlas: Where countries and systems get their codes.
        kinds: What to look for.
        anything: Try databases under any name, where there is none under a name that is known.
    """
    members = _of_folder(folder)
    if not any(_rank(member.name, kind, anything=anything) is not None for member in members for kind in kinds):
        members = [member for inner in _folders(folder) for member in _of_folder(inner)]
    return _open_best(members, atlas, kinds, anything=anything)


def _something(opened: Opened, path: str) -> Opened:
    """What was opened.

    Raises:
        NetSleuthError: Nothing was.
    """
    if opened.sources:
        return opened
    if opened.warnings:
        raise NetSleuthError(f"nothing in it can be used: {opened.warnings[0]}", where=path)
    hint = "such as GeoLite2-Country.mmdb or GeoLite2-Country-Blocks-IPv4.csv"
    raise NetSleuthError("there is no database of places in it", where=path, hint=hint)


def _open_best(members: Sequence[Member], atlas: Atlas, kinds: Sequence[Kind], *, anything: bool) -> Opened:
    """Open the best of each kind; where one cannot be used, that is a warning, and the next is tried."""
    sources: list[Database | RangeTable] = []
    warnings: list[str] = []
    for kind in kinds:
        ranked = [(_rank(member.name, kind, anything=anything), _is_rows(member.name), at) for at, member in enumerate(members)]
        for at in [at for rank, _, at in sorted(ranked, key=lambda each: (each[0] or 0, *each[1:])) if rank is not None]:
            try:
                sources.append(_open_one(members[at], members, atlas))
                break
            except NetSleuthError as error:
                warnings.append(str(error))
    return Opened(tuple(sources), tuple(warnings))


def _rank(name: str, kind: Kind, *, anything: bool) -> int | None:
    """How good a file is for a kind, 0 for the best; None where it is not of it."""
    lower = name.lower()
    if not re.search(r"\.(mmdb|csv)(\.gz)?$", lower) or "-locations-" in lower:
        return None
    if kind == "places" and re.search(r"asn|isp", lower):
        return None
    last = len(BEST[kind]) if anything and kind == "places" and not _is_rows(name) else None
    return next((rank for rank, start in enumerate(BEST[kind]) if re.match(start, lower)), last)


def _open_one(member: Member, beside: Sequence[Member], atlas: Atlas) -> Database | RangeTable:
    """Open one database, or all rows that belong to the same table."""
    try:
        if not _is_rows(member.name):
            return Database(member.read(), member.path, atlas)
        family = {other.name: other for other in beside if _family(other.name) == _family(member.name)} | {member.name: member}
        rows = [Named(name, other.read()) for name, other in sorted(family.items()) if "-locations-" not in name.lower()]
        spoken = sorted(
            (name for name in family if "-locations-" in name.lower()), key=lambda name: (not name.lower().endswith("-en.csv"), name)
        )
        locations = Named(spoken[0], family[spoken[0]].read()) if spoken else None
    except NetSleuthError:
        raise
    except Exception as error:  # noqa: BLE001 - what damaged archives do to their readers has no end
        raise NetSleuthError(f"the places cannot be read: {error}", where=member.path) from None
    return RangeTable(rows, locations, member.path, atlas)


def _is_rows(name: str) -> bool:
    """Whether a file holds rows of text; what has no known suffix is told by its content, before."""
    return not name.lower().endswith(".mmdb")


def _family(name: str) -> str:
    """What names of files that belong together have in common: both versions of IP, and the locations."""
    lower = name.lower()
    lower = re.sub(r"-(blocks-ipv[46]|locations-[a-z]{2}(-[a-z]{2})?)\.csv$", ".csv", lower)
    return re.sub(r"-?ipv[46]|(?<=geoip)6$", "", lower)


def _of_folder(folder: Path) -> list[Member]:
    try:
        files = sorted(path for path, _ in zip(folder.iterdir(), range(MOST_MEMBERS), strict=False) if path.is_file())
    except OSError:
        return []
    found = []
    for file in files:
        name = file.name.removesuffix(".gz")
        found.append(Member(name, str(file), lambda file=file: _plain(_limited(file))))  # type: ignore[misc]
    return found


def _folders(folder: Path) -> list[Path]:
    try:
        return sorted((path for path, _ in zip(folder.iterdir(), range(MOST_MEMBERS), strict=False) if path.is_dir()), reverse=True)
    except OSError:
        return []


def _unpacked(name: str, content: bytes, path: str) -> list[Member]:
    """The files in a file: itself, or what an archive holds."""
    try:
        content = _plain(content)
        if content[:4] == b"PK\x03\x04":
            return list(_zipped(content, path))
        if content[257:262] == b"ustar":
            return list(_tarred(content, path))
    except Exception as error:  # noqa: BLE001 - likewise
        raise NetSleuthError(f"the archive cannot be read: {error}", where=path) from None
    name = name.removesuffix(".gz")
    if b"\xab\xcd\xefMaxMind.com" in content[-(128 << 10) :]:
        name = name if name.lower().endswith(".mmdb") else f"{name}.mmdb"
    elif name.lower().endswith(".mmdb") or b"\0" in content[:4096]:
        raise NetSleuthError("this is no database of places: it has no metadata; it may be cut off", where=path)
    return [Member(name, path, lambda: content)]


def _zipped(content: bytes, path: str) -> Iterator[Member]:
    archive = zipfile.ZipFile(io.BytesIO(content))
    for info in archive.infolist()[:MOST_MEMBERS]:
        if not info.is_dir():
            name = PurePath(info.filename).name

            def read(info: zipfile.ZipInfo = info) -> bytes:
                with archive.open(info) as file:
                    return _whole(file.read(MOST_BYTES + 1))

            yield Member(name, f"{path}, {info.filename}", read)


def _tarred(content: bytes, path: str) -> Iterator[Member]:
    archive = tarfile.open(fileobj=io.BytesIO(content))  # noqa: SIM115 - its members are read later
    for number, info in enumerate(archive):
        if number >= MOST_MEMBERS:
            return
        if info.isreg():
            name = PurePath(info.name).name

            def read(info: tarfile.TarInfo = info) -> bytes:
                file = archive.extractfile(info)
                return b"" if file is None else _whole(file.read(MOST_BYTES + 1))

            yield Member(name, f"{path}, {info.name}", read)


def _limited(path: Path) -> bytes:
    with path.open("rb") as file:
        return _whole(file.read(MOST_BYTES + 1))


def _plain(content: bytes) -> bytes:
    """What gzip compressed (RFC 1952), in one piece or several; anything else as it is.

    Raises:
        ValueError: It is cut off, or too large.
    """
    plain = b""
    rest = content
    while rest[:2] == GZIP:
        expander = zlib.decompressobj(wbits=31)
        plain = _whole(plain + expander.decompress(rest, MOST_BYTES + 1 - len(plain)))
        if not expander.eof:
            raise ValueError("the compressed data end too early")
        rest = expander.unused_data
    return plain if content[:2] == GZIP else content


def _whole(content: bytes) -> bytes:
    if len(content) > MOST_BYTES:
        raise ValueError(f"it is larger than {MOST_BYTES >> 20} MiB")
    return content
