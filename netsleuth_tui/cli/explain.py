"""`netsleuth explain`: what a time window consists of that the rest does not."""

from __future__ import annotations

from typing import Annotated, Literal

from cyclopts import Parameter

from netsleuth_tui.cli.options import Common, Files
from netsleuth_tui.errors import NetSleuthError, misused
from netsleuth_tui.wording import agree, several

__all__ = ["explain"]

NO_OPTIONS = Common()


def explain(
    files: Files,
    /,
    *,
    against: Annotated[
        Literal["rest", "before"], Parameter(help="Compare with all the rest, or with the time of equal length before.")
    ] = "rest",
    common: Common = NO_OPTIONS,
) -> int:
    """What is more frequent between --since and --until than elsewhere; packets of one finding have all of its lines in common.

    Example: netsleuth explain router-loop.pcapng.gz --since 2026-03-10T12:05:00Z --until 2026-03-10T12:05:01Z
    """
    from netsleuth_tui import analysis
    from netsleuth_tui.cli.headless import ending, format_of, load, say, write
    from netsleuth_tui.terminal.capabilities import detect
    from netsleuth_tui.terminal.glyphs import glyphs_for

    with misused():
        if common.since is None and common.until is None:
            raise NetSleuthError("there is no time window to explain", hint="--since and --until say which part of the time it is")
    session, scope = load(files, common)
    found = analysis.explain(session.store, scope, against=against)
    if found.packets:
        window = f"{several(found.packets, 'packet')} in the window, {found.rate:.4g} a second"
        say(f"{window}; {found.others} in {found.compared_with}, {found.other_rate:.4g} a second")
    if found.remark:
        say(found.remark)
    if found.more:
        more = several(found.more, "more value stands", "more values stand")
        say(f"{more} out; a filter or a shorter window shows {agree(found.more, 'it', 'them')}")
    drawn = glyphs_for(detect()).sparkline if format_of(common) == "table" else None
    write(analysis.explanation_table(found, drawn), session, common)
    return ending(session)
