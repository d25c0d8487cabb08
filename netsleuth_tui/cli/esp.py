"""`netsleuth esp`: what became of the packets of each security association."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from netsleuth_tui.cli.options import Common, Files
from netsleuth_tui.errors import NetSleuthError, misused

__all__ = ["esp"]

NO_OPTIONS = Common()
LARGEST_WINDOW = 1 << 32


def esp(
    files: Files,
    /,
    *,
    spi: Annotated[
        tuple[str, ...], Parameter(help="Only associations with this SPI, as in 0xc4c0e3f5; may be given several times.", negative=())
    ] = (),
    every: Annotated[str | None, Parameter(help="One row per interval and association: 10ms, 1s, 5min, 1h.")] = None,
    window: Annotated[
        int | None,
        Parameter(help="The receiver's anti-replay window, in packets: count what it drops. Without it: windows from 32 to 4096."),
    ] = None,
    common: Common = NO_OPTIONS,
) -> int:
    """One row per ESP security association, those with most packets first: lost, late, duplicates, and what replay windows drop.

    Example: netsleuth esp esp-tunnel.pcapng.gz
    """
    from netsleuth_tui import analysis
    from netsleuth_tui.cli.headless import ending, load, say, write

    with misused():
        length = analysis.parse_interval(every) if every is not None else None
        wanted = [_number(text) for text in spi]
        if window is not None and not 1 <= window <= LARGEST_WINDOW:
            raise NetSleuthError(f"a window of {window} packets is not possible", hint="receivers have 32 to 4096; 64 is usual")
    session, scope = load(files, common)
    found = analysis.associations(session.store, analysis.rows_of(session.store, scope))
    if wanted:
        found = found.at(analysis.with_spi(found, wanted))
    for remark in analysis.remarks(session.store, found):
        say(remark.text)
    if length is not None:
        table = analysis.courses_table(session.store, scope, found, every=length, window=window or 64)
    else:
        table = analysis.associations_table(found, windows=analysis.WINDOWS if window is None else (window,))
    write(table, session, common)
    return ending(session)


def _number(text: str) -> int:
    try:
        number = int(text, 0)
    except ValueError:
        number = -1
    if not 0 <= number < 1 << 32:
        raise NetSleuthError(f"{text!r} is not an SPI", hint="a number of 32 bits, as in 0xc4c0e3f5")
    return number
