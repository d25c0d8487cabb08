"""`netsleuth export`: the rows themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from netsleuth_tui.cli.options import Common, Files
from netsleuth_tui.errors import NetSleuthError, misused

if TYPE_CHECKING:
    from netsleuth_tui.analysis import Kinds

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
    rows: Annotated[
        Literal["both", "packets", "events"] | None,
        Parameter(help="Whose rows: both gives packets and events in the order of time. Otherwise --fields decides."),
    ] = None,
    common: Common = NO_OPTIONS,
) -> int:
    """One row per packet or event, with the fields that you name; without --fields, those of what there is.

    Fields of packets give packets, fields of events give events; fields of both, or of none, give both in the order of time. With --rows
    both, events also fill the columns of packets that suit them: _ws.col.def_src (the computer), _ws.col.protocol (the id) and info.

    Example: netsleuth export syn-reset.etl --fields frame.time,ip.src,tcp.flags --filter 'tcp.flags.syn == 1'
    """
    from netsleuth_tui import analysis
    from netsleuth_tui.cli.headless import ending, load, say, write

    with misused():
        names = _names(fields) if fields is not None else None
        kinds = _kinds(names, rows)
    session, scope = load(files, common)
    store = session.store
    if names is not None:
        for _, said in analysis.unknown_said(store, names):
            say(said)
    there = {"packets": len(analysis.rows_of(store, scope)), "events": len(analysis.event_rows_of(store, scope))}
    for kind, count in there.items():
        if count and kind not in kinds and rows is None:
            say(f"{count} {kind} are not written: --fields names none of their fields")
    wanted = {kind for kind in kinds if there[kind]} or set(kinds)
    if rows is not None and names is not None:
        write(analysis.common_rows_table(store, scope, names, kinds=rows), session, common)
        return ending(session)
    if wanted == {"events"} or (names is None and not store.packets and store.events.rows):
        table = analysis.event_table(store, scope, names)
    elif wanted == {"packets"} or not store.events.rows:
        table = analysis.records_table(store, scope, analysis.EXPORTED if names is None else names)
    else:
        table = analysis.common_rows_table(store, scope, names)
    write(table, session, common)
    return ending(session)


def _kinds(names: tuple[str, ...] | None, rows: Kinds | None) -> frozenset[str]:
    from netsleuth_tui import analysis

    if rows is not None and rows != "both":
        return frozenset({rows})
    return frozenset({"packets", "events"}) if names is None or rows == "both" else analysis.kinds_of(names)


def _names(fields: str) -> tuple[str, ...]:
    from netsleuth_tui import analysis

    names = analysis.split_names(fields)
    if not names:
        raise NetSleuthError("--fields names no field")
    return names
