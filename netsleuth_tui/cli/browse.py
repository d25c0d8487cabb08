"""`netsleuth FILE...`: the app."""

from __future__ import annotations

import glob
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from netsleuth_tui.cli.options import (
    Columns,
    Files,
    Geoip,
    LoadFilter,
    LoadSince,
    LoadUntil,
    Memory,
    Recovered,
    Shifts,
    Sites,
    WhenFull,
    asked_window,
)
from netsleuth_tui.cli.sizes import parse_size
from netsleuth_tui.errors import NetSleuthError, UsageError, misused
from netsleuth_tui.paths import sample
from netsleuth_tui.saved import expanded
from netsleuth_tui.settings import read_settings

if TYPE_CHECKING:
    from netsleuth_tui.ingest import Shift
    from netsleuth_tui.places import Places
    from netsleuth_tui.session import Session

__all__ = ["browse"]

DEMO = "router-loop.pcapng.gz"


def browse(
    files: Files | None = None,
    /,
    *,
    demo: Annotated[bool, Parameter(help="Open a capture of a router loop that comes with the program.", negative=())] = False,
    filter: Annotated[str, Parameter(help="Display filter to begin with, or @name for a saved one.")] = "",  # noqa: A002 - the option is called --filter
    since: Annotated[
        str | None, Parameter(help="Begin of the time window to begin with: ISO 8601, seconds since 1970, or a time of day (12:05).")
    ] = None,
    until: Annotated[str | None, Parameter(help="Its end, not included.")] = None,
    shift: Shifts = (),
    columns: Columns = "",
    load_filter: LoadFilter = "",
    load_since: LoadSince = None,
    load_until: LoadUntil = None,
    recovered: Recovered = False,
    memory: Memory = None,
    when_full: WhenFull = None,
    geoip: Geoip = (),
    sites: Sites = (),
    low_bandwidth: Annotated[bool | None, Parameter(help="Fewer repaints, for slow links; by itself over SSH.")] = None,
    theme: Annotated[str | None, Parameter(help="Colour theme: netsleuth-dark, netsleuth-light, netsleuth-16.")] = None,
    ascii: Annotated[bool | None, Parameter(help="Draw with ASCII characters only.")] = None,  # noqa: A002 - the option is called --ascii
) -> int:
    """Open captures in the app."""
    paths = [str(sample(DEMO))] if demo else list(files or [])
    if not paths:
        raise UsageError("no file given", hint="netsleuth FILE..., or netsleuth --demo; netsleuth --help shows the rest")
    with misused():
        budget = parse_size(memory) if memory else None
        text = expanded(filter)
        shifts = _shifts(shift)
        titles = _columns(columns)
        only = _load_filter(load_filter)
        when_full = when_full if when_full or "-" not in paths else read_settings().when_full
        window = asked_window(since, until)
        loaded = _load_window(load_since, load_until)
    places = _places(geoip, sites) if geoip or sites else None
    if not any(path == "-" or os.path.exists(path) or glob.glob(path) for path in paths):  # noqa: PTH110, PTH207 - names, as they were typed
        raise NetSleuthError("no such file", where=paths[0])

    def session() -> Session:  # made on the loading thread: what it needs is imported while the first screen is already there
        from netsleuth_tui.places import PlaceFiles
        from netsleuth_tui.session import Session

        files = PlaceFiles(geoip, sites)
        return Session(
            budget,
            recovered=recovered,
            shifts=shifts,
            columns=titles,
            load_filter=only,
            load_window=loaded,
            drops_oldest=when_full == "drop",
            place_files=files,
            places=places,
        )

    from netsleuth_tui.tui import run

    return run(paths, session, filter=text, window=window, low_bandwidth=low_bandwidth, theme=theme, ascii=ascii)


def _places(geoip: Sequence[str], sites: Sequence[str]) -> Places:
    """What the options name, opened before there is a screen, so that what is wrong with a file can be said.

    Raises:
        NetSleuthError: A file cannot be used, and why.
    """
    from netsleuth_tui.places import open_places

    return open_places(geoip=geoip, sites=sites)


def _load_filter(text: str) -> str:
    """The filter at loading; nothing is imported where there is none.

    Raises:
        NetSleuthError: It is not valid, or asks for fields that follow from other packets.
    """
    if not text.strip():
        return ""
    from netsleuth_tui import query

    only = expanded(text)
    query.alone(only)
    return only


def _shifts(texts: tuple[str, ...]) -> list[Shift]:
    """Clock offsets; nothing is imported where there are none.

    Raises:
        NetSleuthError: One of them is none.
    """
    if not texts:
        return []
    from netsleuth_tui.ingest.shifts import parse_shift

    return [parse_shift(text) for text in texts]


def _columns(text: str) -> tuple[tuple[str, str], ...]:
    """What the columns of tables are; nothing is imported where that is not said.

    Raises:
        NetSleuthError: A field is not known.
    """
    if not text:
        return ()
    from netsleuth_tui.ingest.table_layout import parse_columns

    return parse_columns(text)


def _load_window(since: str | None, until: str | None) -> tuple[int | None, int | None]:
    """Begin and end of what is loaded, ns since the epoch; nothing is imported where they are open.

    Raises:
        NetSleuthError: They are no times, or in the wrong order.
    """
    if since is None and until is None:
        return None, None
    from netsleuth_tui.cli.headless import window_of

    return window_of(since, until, load=True)
