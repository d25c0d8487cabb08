"""What an opened security association asks of the store, on the thread that counts; what has not changed is not counted again."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from netsleuth_tui.tui.axis import Axis, Range, fit

if TYPE_CHECKING:
    from netsleuth_tui.analysis import Associations, Detail, Judged, OverTime, Remark
    from netsleuth_tui.store.store import Clocks
    from netsleuth_tui.tui.panes import Look

__all__ = ["Charted", "Key", "Opened", "Wanted", "count"]

Key = tuple[int, int, int, bool]
"""As in `Associations.key`."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be shown, whatever the scope is."""

    key: Key
    shown: Range | None
    """Part of the time that the charts show; None: from the association's first packet to its last."""
    columns: int
    window: int
    """The peer's replay window."""


@dataclass(frozen=True, slots=True)
class Charted:
    """What the charts show: packets of the filter, whatever the time window is."""

    asking: Wanted
    filter: str
    rows: tuple[int, Clocks]
    """Rows that were loaded."""
    whole: Range | None
    """From its first packet to its last, which is excluded; None where the filter has none of it."""
    axis: Axis
    over: OverTime


@dataclass(frozen=True, slots=True)
class Opened:
    """The association in the scope, and its charts."""

    found: Associations
    charted: Charted | None
    """None where there is no such association at all."""
    one: Detail | None
    """None where the scope has no packet of it."""
    remarks: tuple[Remark, ...]
    suspected: frozenset[int]
    """Seconds since the epoch in which losses may be those of the capture."""


def count(look: Look, *, asking: Wanted, judged: Judged | None, known: Opened | None) -> Opened:
    """Open an association.

    Args:
        look: The scope.
        asking: What is wanted.
        judged: What is known of the order of all packets.
        known: The answer before this one.

    Raises:
        NetSleuthError: The filter is not valid, or nobody wanted the answer any more.
    """
    from netsleuth_tui.analysis import associations, detail, losses_of_capture, remarks

    found = associations(look.store, look.rows, known=judged, only=asking.key, cancelled=look.cancelled)
    place = found.find(asking.key)
    before = known.one if known is not None else None
    one = detail(look.store, look.rows, found, place, window=asking.window, known=before) if place is not None else None
    charted = _charted(look, asking, found.judged, known.charted if known is not None else None)
    evidence = losses_of_capture(look.store, found, look.cancelled)
    suspected = frozenset((*evidence.together.tolist(), *evidence.unseen.tolist()))
    return Opened(found, charted, one, tuple(remarks(look.store, found, evidence)), suspected)


def _charted(look: Look, asking: Wanted, judged: Judged, known: Charted | None) -> Charted | None:
    from netsleuth_tui.analysis import over_time, rows_of, time_of

    store, text, loaded = look.store, look.scope.filter.strip(), (look.store.packets, look.store.clocks)
    if known is not None and (known.asking, known.filter, known.rows) == (asking, text, loaded):
        return known
    number = judged.members.find(asking.key)
    if number is None:
        return None
    rows = rows_of(store, replace(look.scope, start=None, end=None))
    same = known is not None and (known.asking.key, known.filter, known.rows) == (asking.key, text, loaded)
    if same and known is not None:
        whole = known.whole
    else:
        times = time_of(store, rows, judged, number)
        whole = (times[0], times[1] + 1) if times is not None else None
    axis = fit(asking.shown or whole or (0, 1), asking.columns)
    over = over_time(store, rows, judged, number, start=axis.start, every=axis.column, intervals=axis.columns, window=asking.window)
    return Charted(asking, text, loaded, whole, axis, over)
