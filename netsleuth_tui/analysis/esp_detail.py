"""One security association: how deep its reordering, how long its losses are, and where."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.analysis.esp import WINDOWS, Associations, inside
from netsleuth_tui.analysis.esp_copies import duplicate_kinds
from netsleuth_tui.analysis.esp_order import CLASS, DUPLICATE, Judged
from netsleuth_tui.analysis.esp_packets import Numbers
from netsleuth_tui.decode.columns import Columns

if TYPE_CHECKING:
    from netsleuth_tui.store import Rows, Store

__all__ = ["Detail", "Gap", "Histogram", "detail", "displacements", "extents"]

WORST = 50
"""Gaps that are named one by one, the longest first."""
FARTHEST = 2**31 - 1


class Gap(NamedTuple):
    """A run of numbers that never came."""

    length: int
    first: int
    """First and last number that are missing, as on the wire."""
    last: int
    row: int
    """The packet that opened the gap, the first one with a higher number; and the one before it in the association."""
    row_before: int
    time: int
    """Of that packet, ns since the epoch, or `NO_TIME`."""
    provisional: bool


class Histogram(NamedTuple):
    """How often lengths occur: bin k holds those from 2**k to 2**(k + 1) - 1."""

    times: Numbers
    sums: Numbers


@dataclass(frozen=True, slots=True)
class Spread:
    """How far the packets of one association are from their order, whatever the scope: found out once."""

    of: Judged
    number: int
    """Of the association in `of.members`."""
    moved: NDArray[np.int32]
    """Displacement of each position (RFC 5236 section 4); 0 for what is not a first copy."""
    extents: Numbers
    """Reordering extents of its late packets (RFC 4737 section 4.2.1), in the order of `Judged.late`."""


@dataclass(frozen=True, slots=True)
class Detail:
    """One security association, as far as it is in the scope."""

    one: Associations
    """It alone."""
    depths: Histogram
    losses: Histogram
    gaps: tuple[Gap, ...]
    """The longest ones, at most `WORST`."""
    gap_count: int
    drops: dict[int, int]
    """Late packets that a receiver drops, by the size of its window."""
    safe_window: int
    """The smallest window that drops none of them."""
    extent: int
    """Greatest reordering extent (RFC 4737 section 4.2.1): packets between a late one and the first that overtook it."""
    displacement: tuple[int, int]
    """Greatest displacements, early (negative) and late (RFC 5236 section 4)."""
    spread: Spread
    copies: tuple[int, int, int]
    """Duplicates: captured twice (the same IP packet within 1 ms), seen again with another TTL, and the rest, which may be replays."""


def detail(store: Store, rows: Rows, whole: Associations, place: int, *, window: int = 64, known: Detail | None = None) -> Detail:
    """Open one association.

    Args:
        store: What was loaded.
        rows: The rows of the scope.
        whole: The associations of that scope.
        place: Which of them.
        window: Of the receiver.
        known: The same association in another scope, which saves work.
    """
    found, one, columns = whole.judged, whole.at([place]), store.columns()
    number = int(whole.which[place])
    first, last = int(found.members.starts[number]), int(found.members.starts[number + 1])
    chosen = inside(found, rows, first, last)

    def here(positions: Numbers) -> NDArray[np.bool_]:
        within = (positions >= first) & (positions < last)
        within[within] = chosen[positions[within] - first]
        return within

    late, runs = here(found.late), here(found.run_at)
    depths = found.late_depth[late]
    spread = known.spread if known is not None and (known.spread.of is found and known.spread.number == number) else _spread(found, number)
    moved, extent = spread.moved[chosen], spread.extents[late[(found.late >= first) & (found.late < last)]]
    return Detail(
        one=one,
        depths=_histogram(depths),
        losses=_histogram(found.run_length[runs]),
        gaps=_worst(found, columns, np.flatnonzero(runs)),
        gap_count=int(runs.sum()),
        drops={size: int((depths >= size).sum()) for size in sorted({*WINDOWS, window})},
        safe_window=int(depths.max(initial=0)) + 1,
        extent=int(extent.max(initial=0)),
        displacement=(int(moved.min(initial=0)), int(moved.max(initial=0))),
        spread=spread,
        copies=_copies(duplicate_kinds(found, columns)[here(found.duplicates)]),
    )


def _spread(found: Judged, number: int) -> Spread:
    first, last = int(found.members.starts[number]), int(found.members.starts[number + 1])
    moved, copies = np.zeros(last - first, np.int32), _first_copies(found, first, last)
    moved[copies] = np.clip(displacements(found.places[first:last][copies]), -FARTHEST, FARTHEST)
    return Spread(found, number, moved, extents(found, first, last))


def _first_copies(found: Judged, first: int, last: int) -> NDArray[np.bool_]:
    return found.kinds[first:last] & CLASS < DUPLICATE


def displacements(places: Numbers) -> Numbers:
    """How far each packet is from where it would be without reordering, in order of arrival: negative is early (RFC 5236 section 4).

    Args:
        places: Sequence numbers in order of arrival, duplicates left out.
    """
    return np.sort(places) - places


def extents(found: Judged, first: int, last: int) -> Numbers:
    """Reordering extents of the late packets at the positions `first` to `last`, by sequence number (RFC 4737 section 4.2.1)."""
    rank = np.cumsum(_first_copies(found, first, last))
    here = (found.late >= first) & (found.late < last)
    return rank[found.late[here] - first] - rank[found.late_opener[here] - first]


def _histogram(lengths: Numbers) -> Histogram:
    bins = np.frexp(lengths)[1] - 1 if len(lengths) else np.empty(0, np.int64)
    return Histogram(np.bincount(bins).astype(np.int64), np.bincount(bins, lengths).astype(np.int64))


def _worst(found: Judged, columns: Columns, runs: Numbers) -> tuple[Gap, ...]:
    longest = runs[np.argsort(-found.run_length[runs], kind="stable")][:WORST]
    first, rows = found.sequence(found.runs[longest]), found.members.rows
    at = found.run_at[longest]
    before = np.maximum(at - 1, 0)
    return tuple(
        Gap(length, number & 0xFFFFFFFF, (number + length - 1) & 0xFFFFFFFF, row, row_before, time, provisional)
        for length, number, row, row_before, time, provisional in zip(
            found.run_length[longest].tolist(), first.tolist(), rows[at].tolist(), rows[before].tolist(),
            columns.time[rows[at]].tolist(), found.run_open[longest].tolist(), strict=True,
        )
    )  # fmt: skip


def _copies(kinds: NDArray[np.uint8]) -> tuple[int, int, int]:
    counts = np.bincount(kinds, minlength=4).tolist()
    return counts[1], counts[2], counts[3]
