"""What is in there: sources, span, and counts by protocol, TCP flag and event id."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from netsleuth_tui.analysis.breakdown import Count
from netsleuth_tui.analysis.clock_hints import ClockHint, clock_hints
from netsleuth_tui.analysis.event_ids import EventIds, event_ids
from netsleuth_tui.analysis.intervals import SECOND, show_interval
from netsleuth_tui.analysis.overview import overview
from netsleuth_tui.analysis.scope import EVERYTHING, Scope, event_rows_of
from netsleuth_tui.analysis.sources import SourceLine, source_lines
from netsleuth_tui.analysis.times import iso, time_cell
from netsleuth_tui.decode.columns import Has
from netsleuth_tui.tabular import Cell, Column, Table
from netsleuth_tui.wording import several

if TYPE_CHECKING:
    from collections.abc import Sequence

    from netsleuth_tui.store import Rows, Store

MANY = 1 << 20
"""Rows that are looked at together."""

GAP = 60 * SECOND
"""A source that has nothing for so long is said to have a gap, ns."""

__all__ = ["Summary", "summary", "summary_dict", "summary_table"]


@dataclass(frozen=True, slots=True)
class Summary:
    """A scope at a glance."""

    scope: Scope
    packets: int
    bytes: int
    """On the wire."""
    events: int
    """Event-log records; captures have none."""
    event_ids: EventIds
    """The events by id and provider."""
    first: int | None
    """Earliest time stamp, ns since the epoch."""
    last: int | None
    untimed: int
    """Packets without a time stamp."""
    hosts: int
    """Distinct IP addresses of the selected packets."""
    sources: tuple[SourceLine, ...]
    protocols: tuple[Count, ...]
    flags: tuple[Count, ...]
    hints: tuple[ClockHint, ...] = ()
    """Clocks of sources that seem to be off."""


def summary(store: Store, scope: Scope) -> Summary:
    """Count what a scope selects.

    Raises:
        FilterError: The filter is not valid.
    """
    seen = overview(store, scope)
    rows = event_rows_of(store, scope)
    found = event_ids(store, rows)
    times = [time for time in (seen.first, seen.last, *(found.span or ())) if time is not None]
    return Summary(
        scope,
        seen.matched,
        seen.matched_bytes,
        len(rows),
        found,
        min(times, default=None),
        max(times, default=None),
        seen.untimed,
        _hosts(store, seen.rows),
        source_lines(store),
        seen.protocols,
        seen.flags,
        clock_hints(store),
    )


def _hosts(store: Store, rows: Rows) -> int:
    """Distinct addresses of senders and receivers."""
    if rows.ids is None and len(rows) == store.packets:  # and none was dropped
        return store.hosts.count
    met = np.zeros(store.hosts.count, np.bool_)
    columns = store.columns()
    for first in range(0, len(rows), MANY):
        ids = rows.take(first, MANY)
        ids = ids[(columns.present[ids] & np.uint64(Has.ADDRESSES)) != 0]
        met[columns.src[ids]] = True
        met[columns.dst[ids]] = True
    return int(met.sum())


def summary_dict(found: Summary) -> dict[str, Any]:
    """The summary as JSON has it; times are ns since the epoch."""
    return {
        "packets": found.packets,
        "bytes": found.bytes,
        "events": found.events,
        "first": found.first,
        "last": found.last,
        "untimed": found.untimed,
        "hosts": found.hosts,
        "filter": found.scope.filter,
        "since": found.scope.start,
        "until": found.scope.end,
        "protocols": {count.label: {"packets": count.packets, "bytes": count.bytes} for count in found.protocols},
        "flags": {count.label: {"packets": count.packets, "bytes": count.bytes} for count in found.flags},
        "event_ids": [
            {
                "EventID": line.event_id,
                "Provider": line.provider or None,
                "channels": list(line.channels),
                "levels": list(line.levels),
                "title": line.title or None,
                "events": line.events,
                "first": line.first,
                "last": line.last,
                "filter": line.filter,
            }
            for line in found.event_ids.lines
        ],
        "clock_hints": [{"source": hint.source, "offset": hint.offset, "evidence": hint.evidence} for hint in found.hints],
        "sources": [_source_dict(line) for line in found.sources],
    }


def summary_table(found: Summary) -> Table:
    """The summary as rows: section, name, packets, bytes, events, first, last, remarks."""
    columns = (
        Column("section"), Column("name"), Column("packets", "integer"), Column("bytes", "integer"), Column("events", "integer"),
        Column("first"), Column("last"), Column("remarks"),
    )  # fmt: skip
    total = (found.packets, found.bytes, found.events, time_cell(found.first), time_cell(found.last), _untimed(found.untimed))
    has_packets = any(line.source.packets for line in found.sources) or not any(line.source.events for line in found.sources)
    rows: list[tuple[Cell, ...]] = [("total", several(found.hosts, "host") if has_packets else None, *total)]
    whole = found.scope != EVERYTHING
    rows += [
        ("source", s.name, s.packets, s.bytes, s.events, *map(time_cell, (s.first, s.last)), _remarks(line, found.hints, is_whole=whole))
        for line in found.sources
        for s in (line.source,)
    ]
    rows += [("protocol", c.label, c.packets, c.bytes, None, None, None, None) for c in found.protocols]
    rows += [("flag", c.label, c.packets, c.bytes, None, None, None, None) for c in found.flags if has_packets]
    rows += [
        (
            "event id",
            f"{line.event_id} {line.title}".strip(),
            None,
            None,
            line.events,
            *map(time_cell, (line.first, line.last)),
            line.provider,
        )
        for line in found.event_ids.lines
    ]
    return Table(columns, [[list(column) for column in zip(*rows, strict=True)]])


def _untimed(packets: int) -> str | None:
    return f"{several(packets, 'packet')} without a time" if packets else None


def _remarks(line: SourceLine, hints: Sequence[ClockHint], *, is_whole: bool) -> str:
    whole = "all events of the file" if line.source.events else "all packets of the file"
    seconds = (line.gap or 0) // SECOND * SECOND
    gap = [f"nothing for {show_interval(seconds)} from {iso(line.gap_at or 0)}"] if seconds >= GAP else []
    clock = [f"add {hint.offset / SECOND:+g} s to its times? {hint.evidence}" for hint in hints if hint.source == line.number]
    return "; ".join([line.format, *([whole] if is_whole else []), *line.notes, *gap, *clock])


def _source_dict(line: SourceLine) -> dict[str, Any]:
    """A source as it is, and what was found out about it."""
    known = {name: value for name, value in asdict(line.source).items() if name != "stamp"}
    return known | {"longest_gap": line.gap, "gap_at": line.gap_at, "records_missing": line.missing}
