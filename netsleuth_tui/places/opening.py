"""Which data are used: what the user names, what is found in the usual places, what comes with the program."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # most commands never ask where anything is
    from netsleuth_tui.places.atlas import Atlas
    from netsleuth_tui.places.places import Places, Source

__all__ = ["BUNDLED_ONLY", "PlaceFiles", "open_places", "usual_folders"]

VARIABLE = "NETSLEUTH_GEOIP"
"""Names files, separated as in PATH."""

BUNDLED_ONLY = "bundled"
"""Instead of a file: look for none, and use the data that come with the program."""


@dataclass(frozen=True, slots=True)
class PlaceFiles:
    """The files that the user named with options."""

    geoip: tuple[str, ...] = ()
    """Databases of places."""
    sites: tuple[str, ...] = ()
    """Lists of sites."""

    def open(self) -> Places:
        """Open them, or what is used where there are none, as `open_places` does.

        Raises:
            NetSleuthError: A file cannot be used, and why.
        """
        return open_places(geoip=self.geoip, sites=self.sites)

    @property
    def options(self) -> tuple[tuple[str, str], ...]:
        """Options and their values, as they are written in a shell."""
        return (*(("--geoip", path) for path in self.geoip), *(("--sites", path) for path in self.sites))


def open_places(*, geoip: Sequence[str] = (), sites: Sequence[str] = ()) -> Places:
    """Open places: the user's sites, and databases in the order in which they count.

    Args:
        geoip: Databases: files, archives or folders; earlier ones count first. Where there are none, those that $NETSLEUTH_GEOIP names;
            else those of the settings; else what is found in the usual folders. 'bundled' stands for no database.
        sites: CSV files of the user's own networks, later ones overrule earlier ones; where there are none, those of the settings.

    Raises:
        NetSleuthError: A file that was named, here or there, cannot be used, and why.
    """
    from netsleuth_tui.places.atlas import Atlas
    from netsleuth_tui.places.bundled import Bundled
    from netsleuth_tui.places.places import NO_SITES, Places
    from netsleuth_tui.settings import read_settings

    settings = None if geoip and sites else read_settings()
    named = tuple(geoip) or tuple(path for path in os.environ.get(VARIABLE, "").split(os.pathsep) if path)
    if settings is not None:
        named, sites = named or settings.geoip, tuple(sites) or settings.sites
    atlas, listed, warnings = Atlas(), NO_SITES, list[str]()
    if sites:
        from netsleuth_tui.places.sites import read_sites

        listed, warnings = read_sites(sites)
    sources = _opened(named, atlas, warnings) if named else _discovered(atlas, warnings)
    return Places(atlas, [*sources, Bundled(atlas)], listed, warnings)


def _opened(named: Sequence[str], atlas: Atlas, warnings: list[str]) -> list[Source]:
    """What the user named.

    Raises:
        NetSleuthError: A file cannot be used, and why.
    """
    sources: list[Source] = []
    for path in named:
        if path != BUNDLED_ONLY:
            from netsleuth_tui.places.files import open_file

            opened = open_file(path, atlas)
            sources += opened.sources
            warnings += opened.warnings
    return sources


def usual_folders() -> list[Path]:
    """Where databases lie: NetSleuth's own folder, that of geoipupdate, and those that distributions and other programs use."""
    from platformdirs import user_data_path

    updated = os.environ.get("GEOIPUPDATE_DB_DIR")
    shared = [f"{base}/GeoIP" for base in ("/usr/share", "/var/lib", "/usr/local/share", "/usr/local/var")]
    return [user_data_path("netsleuth", appauthor=False) / "geoip", *([Path(updated)] if updated else []), *map(Path, shared)]


def _discovered(atlas: Atlas, warnings: list[str]) -> list[Source]:
    """The first usable database of each kind in the usual folders; what cannot be used is a warning."""
    folders = [folder for folder in usual_folders() if folder.is_dir()]
    if not folders:
        return []
    from netsleuth_tui.places.files import KINDS, open_folder

    sources: list[Source] = []
    kinds = list(KINDS)
    for folder in folders:
        for kind in list(kinds):
            opened = open_folder(folder, atlas, [kind])
            sources += opened.sources
            warnings += opened.warnings
            if opened.sources:
                kinds.remove(kind)
    return sources
