"""`netsleuth export`: the rows themselves."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from netsleuth_tui.cli.options import Common, Files
from netsleuth_tui.errors import NetSleuthError, misused

__all__ = ["export"]

NO_OPTIONS = Common()


def export(
    files: Files,
    /,
    *,
    fields: Annotated[
        str | None,
        Parameter(help="Fields by tshark's or Windows' names, separated by commas: frame.number,ip.src or TimeCreated,ObjectName."),
    ] = None,
    common: Common = NO_OPTIONS,
) -> int:
    """One row per packet or event, with the fields that you name; without --fields, those of what there is.

    Fields of packets give packets, fields of events give events; fields of both, or of none, give both in the order of time.
    """
    from netsleuth_tui import analysis
    from netsleuth_tui.cli.headless import ending, load, say, write

    with misused():
        names = _names(fields) if fields is not None else None
        kinds = analysis.kinds_of(names) if names is not None else frozenset({"packets", "events"})
    session, scope = load(files, common)
    store = session.store
    if names is not None:
        for name in analysis.unknown_fields(store, names):
            say(f"no event has a field {name}")
    there = {"packets": len(analysis.rows_of(store, scope)), "events": len(analysis.event_rows_of(store, scope))}
    for kind, rows in there.items():
        if rows and kind not in kinds:
            say(f"{rows} {kind} are not written: --fields names none of their fields")
    wanted = {kind for kind in kinds if there[kind]} or set(kinds)
    if wanted == {"events"} or (names is None and not store.packets and store.events.rows):
        table = analysis.event_table(store, scope, names)
    elif wanted == {"packets"} or not store.events.rows:
        table = analysis.records_table(store, scope, analysis.EXPORTED if names is None else names)
    else:
        table = analysis.common_rows_table(store, scope, names)
    write(table, session, common)
    return ending(session)


def _names(fields: str) -> tuple[str, ...]:
    from netsleuth_tui import analysis

    names = analysis.split_names(fields)
    if not names:
        raise NetSleuthError("--fields names no field")
    return names
