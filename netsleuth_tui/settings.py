"""What the user has settled for every run: `config.toml` in the user's own configuration directory.

theme = "netsleuth-light"

[keys]                      # ids are those that the help (?) and the palette (:) show
"main.filter" = "f4"
"scope.undo" = "u,ctrl+z"

[records]
columns = ["frame.number", "frame.time", "ip.src", "ip.dst", "tcp.flags", "info"]

[places]
sites = "sites.csv"         # beside this file, or anywhere; several as a list
geoip = "~/GeoLite2-City.mmdb"

[loading]
when_full = "drop"          # live captures: drop the oldest packets when --memory is used up, or "stop"

[findings]                  # thresholds: docs/findings.md has them all
arp_per_second = 300
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from netsleuth_tui.errors import NetSleuthError

__all__ = ["Settings", "read_settings", "settings_path"]

MOST_BYTES = 1 << 20
"""A larger file is no configuration."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What `config.toml` says; what it does not say has the program's own values."""

    theme: str | None = None
    """Name of a colour theme."""
    keys: Mapping[str, str] = field(default_factory=dict)
    """Ids of actions and the keys that they get, several separated by commas."""
    columns: tuple[str, ...] = ()
    """Fields that the records show; empty for the usual ones."""
    sites: tuple[str, ...] = ()
    """Files of the user's own networks."""
    geoip: tuple[str, ...] = ()
    """Databases of places; empty: those in the usual folders."""
    when_full: Literal["stop", "drop"] = "stop"
    """What a live capture does when the memory budget is used up."""
    findings: Mapping[str, Any] = field(default_factory=dict)
    """Thresholds of findings, by name; the room that has them checks them."""


def settings_path() -> Path:
    """Where the file is, or would be."""
    from platformdirs import user_config_path

    return user_config_path("netsleuth", appauthor=False) / "config.toml"


def read_settings(path: Path | None = None) -> Settings:
    """The user's settings; the program's own where there is no file.

    Raises:
        NetSleuthError: The file cannot be read, or says something that means nothing; with its line where that is known.
    """
    import tomllib

    path = settings_path() if path is None else path
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except FileNotFoundError:
        return Settings()
    except OSError as error:
        raise NetSleuthError(f"the settings cannot be read: {error.strerror}", where=str(path)) from None
    if len(content) > MOST_BYTES:
        raise NetSleuthError("this is too long to be a file of settings", where=str(path))
    try:
        said = tomllib.loads(content.decode("utf-8"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise NetSleuthError(f"this is not TOML: {error}", where=str(path)) from None
    return _checked(said, str(path))


def _checked(said: Mapping[str, Any], where: str) -> Settings:
    unknown = sorted(set(said) - {"theme", "keys", "records", "places", "loading", "findings"})
    records = said.get("records", {})
    if isinstance(records, dict):
        unknown += sorted(f"records.{name}" for name in set(records) - {"columns"})
    places = said.get("places", {})
    if isinstance(places, dict):
        unknown += sorted(f"places.{name}" for name in set(places) - {"sites", "geoip"})
    loading = said.get("loading", {})
    if isinstance(loading, dict):
        unknown += sorted(f"loading.{name}" for name in set(loading) - {"when_full"})
    if unknown:
        hint = "there are theme, [keys], [records] columns, [places] sites and geoip, [loading] when_full, [findings]"
        raise NetSleuthError(f"there is no setting {unknown[0]!r}", where=where, hint=hint)
    theme, keys = said.get("theme"), said.get("keys", {})
    columns = records.get("columns", []) if isinstance(records, dict) else None
    if not (theme is None or isinstance(theme, str)):
        raise NetSleuthError("theme is not the name of a theme", where=where)
    if not isinstance(keys, dict) or not all(isinstance(value, str) and value.strip() for value in keys.values()):
        raise NetSleuthError("[keys] gives ids of actions their keys, as texts", where=where, hint='as in "main.filter" = "f4"')
    if not isinstance(columns, list) or not all(isinstance(name, str) for name in columns):
        raise NetSleuthError("columns in [records] is no list of field names", where=where)
    limits = said.get("findings", {})
    if not isinstance(limits, dict):
        raise NetSleuthError("[findings] gives thresholds their numbers", where=where, hint="as in arp_per_second = 300")
    sites, geoip = (_files(places, name, where) for name in ("sites", "geoip"))
    when_full = loading.get("when_full", "stop") if isinstance(loading, dict) else None
    if when_full not in ("stop", "drop"):
        raise NetSleuthError('when_full in [loading] is neither "stop" nor "drop"', where=where)
    return Settings(theme, keys, tuple(columns), sites, geoip, when_full, limits)


def _files(places: Any, name: str, where: str) -> tuple[str, ...]:
    """The files of one setting: a text or several; relative ones lie beside the settings."""
    value = places.get(name, []) if isinstance(places, dict) else None
    files = [value] if isinstance(value, str) else value
    if not isinstance(files, list) or not all(isinstance(file, str) and file for file in files):
        raise NetSleuthError(f"{name} in [places] is no file, and no list of files", where=where)
    return tuple(file if file == "bundled" else str(Path(where).parent / Path(file).expanduser()) for file in files)
