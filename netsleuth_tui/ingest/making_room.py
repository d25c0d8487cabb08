"""A live capture that goes on longer than the memory budget: its oldest packets make room for the next ones."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from netsleuth_tui.decode.columns import NO_TIME

if TYPE_CHECKING:
    from netsleuth_tui.ingest.decoding import Decoding
    from netsleuth_tui.store import Source, Store

__all__ = ["make_room"]

_AT_ONCE = 4
"""A quarter of the budget is given up at a time, so that most of it holds packets and yet there is seldom something to do."""


def make_room(store: Store, decoding: Decoding, rows: int, most: int) -> bool:
    """Drop the oldest packets of a store, and addresses that no packet has any more.

    Args:
        store: All of its rows are visible.
        decoding: Where addresses are known, too.
        rows: Packets that are to follow.
        most: Packets that it may have then, so many at least.

    Returns:
        Whether they fit now.
    """
    first = min(max(store.packets + rows - most, store.table.first + most // _AT_ONCE), store.packets)
    store.sources = tuple(_without(store, source, first) for source in store.sources)
    store.forget(first)
    decoding.forget_addresses()
    return store.kept + rows <= most


def _without(store: Store, source: Source, first: int) -> Source:
    """What a source is said to have when the rows before `first` are dropped."""
    gone = min(max(first - source.first_row, 0), source.packets)
    if not gone:
        return source
    columns, begin = store.columns(), source.first_row
    part = slice(begin, begin + gone)
    times = columns.time[begin + gone : begin + source.packets]
    times = times[times != NO_TIME]
    return replace(
        source,
        first_row=begin + gone,
        before=source.before + gone,
        packets=source.packets - gone,
        captured_bytes=source.captured_bytes - int(columns.cap_len[part].sum(dtype="i8")),
        bytes=source.bytes - int(columns.len[part].sum(dtype="i8")),
        first=int(times.min()) if len(times) else None,
        last=source.last if len(times) else None,
        dropped=source.dropped + gone,
        dropped_to=max(source.dropped_to, int(columns.offset[part].max())),
        complete=False,
    )
