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
        str | None, Parameter(help="Fields by tshark's names, separated by commas, as in frame.number,ip.src,tcp.len.")
    ] = None,
    common: Common = NO_OPTIONS,
) -> int:
    """One row per packet, with the fields that you name."""
    from netsleuth_tui import analysis
    from netsleuth_tui.cli.headless import ending, load, write

    names = analysis.EXPORTED if fields is None else tuple(name for name in (part.strip() for part in fields.split(",")) if name)
    with misused():
        if not names:
            raise NetSleuthError("--fields names no field")
        for name in names:
            analysis.column_of(name)
    session, scope = load(files, common)
    write(analysis.records_table(session.store, scope, names), session, common)
    return ending(session)
