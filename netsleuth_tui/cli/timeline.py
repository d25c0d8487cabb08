"""`netsleuth timeline`: packets, bytes and events per interval, as rows or as a chart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from netsleuth_tui.analysis.series import Measure
from netsleuth_tui.cli.options import Common, Files
from netsleuth_tui.errors import misused

if TYPE_CHECKING:
    from netsleuth_tui.analysis import Scope
    from netsleuth_tui.analysis.series import Series
    from netsleuth_tui.session import Session
    from netsleuth_tui.store import Store

__all__ = ["timeline"]

NO_OPTIONS = Common()

WIDTH, HEIGHT = 100, 20
"""Columns of a chart that goes to no terminal, and lines of any."""

BESIDE = 12
"""Columns of a chart's numbers and frame."""


def timeline(
    files: Files,
    /,
    *,
    every: Annotated[
        str | None, Parameter(help="Length of an interval: 10ms, 1s, 5min, 1h. For rows 1s, for a chart what fits its width.")
    ] = None,
    by: Annotated[
        str | None,
        Parameter(
            help="One row per interval and value of this field: ip.src, EventID; or: protocol, flag, direction, host, port, site, country."
        ),
    ] = None,
    payload: Annotated[bool, Parameter(help="Add a column: TCP payload bytes (tcp.len).", negative=())] = False,
    chart: Annotated[bool, Parameter(help="Draw a chart as plain text instead of rows, for a ticket or a mail.", negative=())] = False,
    measure: Annotated[Measure, Parameter(help="What the chart is of.")] = "packets",
    common: Common = NO_OPTIONS,
) -> int:
    """One row per interval (and value of a field).

    Example: netsleuth timeline router-loop.pcapng.gz --every 1s --by ip.src --filter icmp
    """
    from netsleuth_tui import analysis
    from netsleuth_tui.analysis.event_times import check_time_split, event_totals
    from netsleuth_tui.cli.headless import ending, load, write

    with misused():
        length = analysis.parse_interval(every) if every is not None else None
        if by is not None:
            check_time_split(by)
    session, scope = load(files, common)
    if chart:
        _draw(session, scope, common, every=length, by=by, measure=measure)
        return ending(session)
    rows = length if length is not None else analysis.parse_interval("1s")
    if by is None:
        line = analysis.timeline(session.store, scope, every=rows)
        selected = analysis.event_rows_of(session.store, scope)
        counted = event_totals(session.store, selected, start=line.start, every=line.every, intervals=line.intervals)
        table = analysis.timeline_table(line, events=counted, payload=payload)
    else:
        table = analysis.timeline_by_table(session.store, scope, every=rows, by=by, payload=payload)
    write(table, session, common)
    return ending(session)


def _draw(session: Session, scope: Scope, common: Common, *, every: int | None, by: str | None, measure: Measure) -> None:
    """Print the chart, or write it to the file that was asked for."""
    import sys

    from netsleuth_tui.analysis.chart import Plan, bars, chart, plan
    from netsleuth_tui.analysis.timeline import time_span
    from netsleuth_tui.export import text_chart, write_text
    from netsleuth_tui.export.standard_output import print_text
    from netsleuth_tui.terminal.capabilities import detect

    terminal = detect()
    width = terminal.columns if common.output is None and sys.stdout.isatty() else WIDTH
    first, last = time_span(session.store, scope) or (0, 0)
    room = max(width - BESIDE, 10)
    shown = plan(last - first, room)
    if every is not None:
        shown = Plan(-(-max(last - first + every, every) // (every * (room - 1))) * every, every)
    line, measure = _counted(session.store, scope, shown.unit, by, measure)
    made = chart(line, shown.column, measure)
    drawn = bars(made, measure, by=by, text=scope.filter.strip(), room=room)
    text = text_chart(drawn, width=width, height=HEIGHT, unicode=terminal.unicode and not terminal.is_dumb)
    if common.output is not None:
        session.spare(common.output)
        write_text(text, target=common.output, force=common.force)
    else:
        print_text(text)


def _counted(store: Store, scope: Scope, unit: int, by: str | None, measure: Measure) -> tuple[Series, Measure]:
    """What a chart is drawn of: events, where they are asked for, or divided by a field of theirs, or all there is; otherwise packets."""
    from netsleuth_tui import analysis
    from netsleuth_tui.analysis.event_times import is_split_of_events
    from netsleuth_tui.analysis.timeline import axis, time_span

    if measure != "events" and (store.packets or not store.events.rows) and (by is None or not is_split_of_events(by)):
        return analysis.timeline(store, scope, every=unit, by=by or "protocol"), measure
    start, every, intervals = axis(time_span(store, scope), every=unit)
    rows = analysis.event_rows_of(store, scope)
    return analysis.event_series(store, rows, start=start, every=every, intervals=intervals, by=by or "EventID"), "events"
