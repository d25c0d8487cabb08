"""`netsleuth events`: which events there are, how often, by whom, touching what."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from netsleuth_tui.cli.options import Common, Files
from netsleuth_tui.errors import NetSleuthError, misused

if TYPE_CHECKING:
    from netsleuth_tui.analysis import Scope
    from netsleuth_tui.store import Store
    from netsleuth_tui.tabular import Table

__all__ = ["events"]

NO_OPTIONS = Common()


def events(
    files: Files,
    /,
    *,
    by: Annotated[
        str | None,
        Parameter(help="One row per values of up to three fields, as in EventID,SubjectUserName or hour,ext(ObjectName)."),
    ] = None,
    pivot: Annotated[bool, Parameter(help="With --by: a column for each value of the last field.", negative=())] = False,
    fields: Annotated[str | None, Parameter(help="One row per event, with these fields, as in TimeCreated,SubjectUserName.")] = None,
    sort: Annotated[str | None, Parameter(help="With --fields: in the order of this field.")] = None,
    descending: Annotated[bool, Parameter(help="With --sort: the greatest first.", negative=())] = False,
    data: Annotated[
        bool, Parameter(help="One row per field of the event data: how often it is there, and its most frequent values.", negative=())
    ] = False,
    names: Annotated[
        bool, Parameter(help="With --fields or --by: what codes mean instead of the codes, where that is known.", negative=())
    ] = False,
    common: Common = NO_OPTIONS,
) -> int:
    """One row per event id, the most frequent first; or per values of fields (--by), per event (--fields), per field (--data).

    Example: netsleuth events print_server.evtx --filter 'EventID == 4663' --by 'ProcessName,ext(ObjectName)'
    """
    from netsleuth_tui import analysis
    from netsleuth_tui.cli.headless import ending, load, say, write

    with misused():
        if sum((by is not None, fields is not None, data)) > 1:
            raise NetSleuthError("--by, --fields and --data exclude each other")
        if pivot and by is None:
            raise NetSleuthError("--pivot needs fields", hint="as in --by SubjectUserName,EventID --pivot")
        if fields is None and sort is not None:
            raise NetSleuthError("--sort needs fields", hint="as in --fields TimeCreated,ObjectName --sort ObjectName")
        if names and fields is None and by is None:
            raise NetSleuthError("--names needs --fields or --by", hint="as in --by AccessMask,SubjectUserName --names")
        keys = analysis.parse_keys(by) if by is not None else ()
        if pivot and len(keys) < 2:
            raise NetSleuthError("--pivot needs at least two fields", hint="as in --by SubjectUserName,EventID --pivot")
        columns = analysis.parse_names(fields) if fields is not None else ()
        order = (_sortable(sort), descending) if sort is not None else None
    session, scope = load(files, common)
    for _, said in analysis.unknown_said(session.store, (*keys, *columns, *([order[0]] if order else ()))):
        say(said)
    if "ObjectName" in (*keys, *columns):
        silent = analysis.objects_of_handles(session.store, analysis.event_rows_of(session.store, scope))
        if silent:
            say(f"Handle.ObjectName has the object of events that only name a handle of it: {silent} of these")
    if why := _why_none(session.store, scope):
        say(why)
    write(_table(session.store, scope, keys, columns, order, pivot=pivot, data=data, names=names), session, common)
    return ending(session)


def _why_none(store: Store, scope: Scope) -> str:
    """Why there is no event, where that is not said anyway."""
    from netsleuth_tui import analysis

    if not store.events.rows:
        return "there are no events in these files"
    matched = len(analysis.event_rows_of(store, scope)) or not len(analysis.rows_of(store, scope))
    return "" if matched else "packets match, and no event does"


def _table(
    store: Store,
    scope: Scope,
    keys: tuple[str, ...],
    columns: tuple[str, ...],
    order: tuple[str, bool] | None,
    *,
    pivot: bool,
    data: bool,
    names: bool,
) -> Table:
    from netsleuth_tui import analysis

    if columns:
        return analysis.event_table(store, scope, columns, sorted_by=order, readable=names)
    if keys:
        table = analysis.event_pivot_table if pivot else analysis.event_groups_table
        return table(store, scope, keys, readable=names)
    return analysis.event_data_table(store, scope) if data else analysis.event_ids_table(store, scope)


def _sortable(name: str) -> str:
    """The name of a column that events can be sorted by.

    Raises:
        NetSleuthError: There is no such field, or events cannot be sorted by it.
    """
    from netsleuth_tui import analysis

    if not analysis.can_sort_events(analysis.event_column(name).name):
        raise NetSleuthError(f"events cannot be sorted by {name}", hint="choose a column that holds one value, such as EventID")
    return analysis.event_column(name).name
