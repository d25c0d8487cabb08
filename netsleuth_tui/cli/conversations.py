"""`netsleuth conversations`: who talked to whom, and how much."""

from __future__ import annotations

from typing import Annotated, Literal

from cyclopts import Parameter

from netsleuth_tui.cli.options import Common, Files
from netsleuth_tui.errors import misused
from netsleuth_tui.wording import several

__all__ = ["conversations"]

NO_OPTIONS = Common()


def conversations(
    files: Files,
    /,
    *,
    by: Annotated[
        Literal["address", "ports"], Parameter(help="One row per pair of addresses, or per addresses, ports and protocol.")
    ] = "address",
    every: Annotated[
        str | None, Parameter(help="One row per interval and conversation, with what each side sent in it: 10ms, 1s, 5min, 1h.")
    ] = None,
    common: Common = NO_OPTIONS,
) -> int:
    """One row per conversation, those with most bytes first; side a is the one that sent first.

    Example: netsleuth conversations resets-by-office.pcapng.gz --by ports --filter 'tcp.flags.reset == 1'
    """
    from netsleuth_tui import analysis
    from netsleuth_tui.cli.headless import ending, load, say, write

    with misused():
        length = analysis.parse_interval(every) if every is not None else None
    session, scope = load(files, common)
    if length is not None:
        table = analysis.rates_table(session.store, scope, every=length, by=by)
    else:
        found = analysis.conversations(session.store, analysis.rows_of(session.store, scope), by=by)
        if found.outside:
            outside = several(found.outside, "packet is in no conversation: it has", "packets are in no conversation: they have")
            say(f"{outside} no IP addresses")
        table = analysis.conversations_table(found)
    write(table, session, common)
    return ending(session)
