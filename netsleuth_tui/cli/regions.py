"""`netsleuth regions`: packets and resets by office, country, subnet."""

from __future__ import annotations

from typing import Annotated, Literal

from cyclopts import Parameter

from netsleuth_tui.cli.options import Common, Files
from netsleuth_tui.errors import misused

__all__ = ["regions"]

NO_OPTIONS = Common()


def regions(
    files: Files,
    /,
    *,
    by: Annotated[
        Literal["region", "site", "country", "continent", "asn", "/8", "/16", "/24"],
        Parameter(help="What a row is: a region is a site, else a class such as Private, else a country; /16 is a subnet."),
    ] = "region",
    of: Annotated[
        Literal["either", "src", "dst", "reset-sender"],
        Parameter(help="Whose region a packet counts for: source, destination, either; or only resets, by who sent them."),
    ] = "either",
    every: Annotated[str | None, Parameter(help="One row per interval and region: 10ms, 1s, 5min, 1h.")] = None,
    common: Common = NO_OPTIONS,
) -> int:
    """One row per site, country or subnet, those with most packets first; sites come from --sites, countries need no file.

    Example: netsleuth regions resets-by-office.pcapng.gz --sites sites.csv --by site --filter 'tcp.flags.reset == 1'
    """
    from netsleuth_tui import analysis
    from netsleuth_tui.cli.headless import ending, format_of, load, say, write
    from netsleuth_tui.places import host_places
    from netsleuth_tui.terminal.capabilities import detect
    from netsleuth_tui.terminal.glyphs import glyphs_for

    with misused():
        length = analysis.parse_interval(every) if every is not None else None
    session, scope = load(files, common)
    rows = analysis.rows_of(session.store, scope)
    found = analysis.regions(session.store, scope, by=by, side=of, rows=rows)
    told = host_places(session.store).remarks  # by every command, at its end
    for line in analysis.region_remarks(session.store, found):
        if line not in told:
            say(line)
    if length is not None:
        table = analysis.regions_by_time_table(session.store, scope, every=length, by=by, side=of)
    else:
        drawn = glyphs_for(detect()).sparkline if format_of(common) == "table" else None
        table = analysis.regions_table(analysis.with_retransmissions(session.store, rows, found), drawn=drawn)
    write(table, session, common)
    return ending(session)
