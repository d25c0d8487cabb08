"""`netsleuth timeline`: packets and bytes per interval."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from netsleuth_tui.cli.options import Common, Files
from netsleuth_tui.errors import misused

__all__ = ["timeline"]

NO_OPTIONS = Common()


def timeline(
    files: Files,
    /,
    *,
    every: Annotated[str, Parameter(help="Length of an interval: 10ms, 1s, 5min, 1h.")] = "1s",
    by: Annotated[
        str | None,
        Parameter(help="One row per interval and value of this field, as in ip.src; or of: protocol, flag, direction, host, port."),
    ] = None,
    payload: Annotated[bool, Parameter(help="Add a column: TCP payload bytes (tcp.len).", negative=())] = False,
    common: Common = NO_OPTIONS,
) -> int:
    """One row per interval (and value of a field)."""
    from netsleuth_tui import analysis
    from netsleuth_tui.cli.headless import ending, load, write

    with misused():
        length = analysis.parse_interval(every)
        if by is not None:
            analysis.check_split(by)
    session, scope = load(files, common)
    if by is None:
        table = analysis.timeline_table(analysis.timeline(session.store, scope, every=length), payload=payload)
    else:
        table = analysis.timeline_by_table(session.store, scope, every=length, by=by, payload=payload)
    write(table, session, common)
    return ending(session)
