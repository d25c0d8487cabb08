"""IPsec tunnels that lose packets, deliver them out of order, or so late that the receiver's anti-replay window drops them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from netsleuth_tui.analysis.esp import WINDOWS, Associations
from netsleuth_tui.analysis.esp_remarks import losses_of_capture
from netsleuth_tui.analysis.times import BILLION
from netsleuth_tui.findings.bursts import per_second
from netsleuth_tui.findings.finding import Finding, grade
from netsleuth_tui.findings.words import percent
from netsleuth_tui.wording import counted, grouped

if TYPE_CHECKING:
    from netsleuth_tui.findings.limits import Limits
    from netsleuth_tui.findings.seen import Ids, Seen

__all__ = ["esp_loss", "esp_reordering", "esp_replay"]

WHY_LOSS = "what is inside the tunnel is lost with it: TCP slows down"
WHY_CAPTURE = f"{WHY_LOSS}; but other losses at the same time say that perhaps the capture missed them, not the network"
WHY_LATE = "TCP inside the tunnel takes late packets for lost ones, and slows down"
WHY_REPLAY = "the receiver drops such packets as a replay attack, though nothing was lost on the way"


def esp_loss(seen: Seen, limits: Limits) -> Iterator[Finding]:
    """A finding for each association with losses that are certain; see `analysis.esp_order`."""
    found = seen.associations
    lost = found.numbers("lost") - found.numbers("lost_provisional")
    share = 100 * lost / np.maximum(found.numbers("expected"), 1)
    worth = np.flatnonzero((lost >= limits.esp_lost) & (share >= limits.esp_lost_percent))
    evidence = losses_of_capture(seen.store, found, seen.cancelled) if len(worth) else None
    doubtful = np.union1d(evidence.together, evidence.unseen) if evidence is not None else np.empty(0, np.int64)
    judged = found.judged
    at_gap = judged.run_at[found.chosen[judged.run_at]]
    lengths = judged.run_length[found.chosen[judged.run_at]]
    for place in worth.tolist():
        of = judged.members.association(at_gap) == found.which[place]
        rows, missing = judged.members.rows[at_gap[of]], lengths[of]
        timed = seen.among(rows)
        if not timed.any():
            continue
        times, missing = seen.columns.time[rows[timed]], missing[timed]
        seconds, where = np.unique(times // BILLION, return_inverse=True)
        in_second = np.bincount(where, missing)
        worst = int(in_second.argmax())
        every = np.isin(seconds, doubtful).mean()
        whole, expected = int(found.numbers("lost")[place]), int(found.numbers("expected")[place])
        title = f"{_name(found, place)} lost {grouped(whole)} of {grouped(expected)} packets ({percent(whole, expected)}), "
        yield _finding(
            seen, found, place, "esp-loss", np.sort(rows[timed]), "esp.gap",
            f"{title}{grouped(int(in_second[worst]))} of them in the second from {seen.at(int(seconds[worst]) * BILLION)} on",
            grade(55, float(share[place]) / limits.esp_lost_percent, 85), WHY_CAPTURE if every >= 0.5 else WHY_LOSS,
            count=whole, count_of="lost packets",
        )  # fmt: skip


def esp_replay(seen: Seen, limits: Limits) -> Iterator[Finding]:
    """A finding for each association with packets that a receiver with the usual anti-replay window drops."""
    found, window = seen.associations, limits.esp_replay_window
    drops, depths = found.drops(window), found.numbers("max_depth")
    for place in np.flatnonzero(drops).tolist():
        rows = _late(seen, found, place, window)
        if len(rows):
            deepest = int(depths[place])
            enough = next((size for size in WINDOWS if size > deepest), deepest + 1)
            packets = int(found.numbers("packets")[place])
            yield _finding(
                seen, found, place, "esp-replay", rows, f"esp.depth >= {window}",
                f"{_name(found, place)}: {grouped(len(rows))} of {grouped(packets)} packets came too late for a replay window of {window}, "
                f"which drops them; {enough} would be enough",
                grade(60, float(len(rows)), 85), WHY_REPLAY,
            )  # fmt: skip


def esp_reordering(seen: Seen, limits: Limits) -> Iterator[Finding]:
    """A finding for each association with many late packets."""
    found = seen.associations
    late, unique = found.numbers("late"), np.maximum(found.numbers("unique"), 1)
    for place in np.flatnonzero((late >= limits.esp_late) & (100 * late >= limits.esp_late_percent * unique)).tolist():
        rows = _late(seen, found, place, 1)
        if len(rows):
            _, counts = per_second(np.sort(seen.columns.time[rows]))
            whole = int(unique[place])
            yield _finding(
                seen, found, place, "esp-reordering", rows, "esp.depth",
                f"{_name(found, place)} delivered {grouped(len(rows))} of {grouped(whole)} packets ({percent(len(rows), whole)}) late, "
                f"up to {grouped(int(counts.max()))} in a second, by at most {counted(int(found.numbers('max_depth')[place]), 'packet')}",
                grade(45, 100 * len(rows) / whole / limits.esp_late_percent, 70), WHY_LATE,
            )  # fmt: skip


def _late(seen: Seen, found: Associations, place: int, depth: int) -> Ids:
    """Ascending rows of an association's packets that are at least so late."""
    judged = found.judged
    late = judged.late[(judged.late_depth >= depth) & found.chosen[judged.late]]
    rows = np.sort(judged.members.rows[late[judged.members.association(late) == found.which[place]]])
    return rows[seen.among(rows)]


def _name(found: Associations, place: int) -> str:
    src, dst, spi = (found.at([place]).cells(name)[0] for name in ("src", "dst", "spi"))
    return f"Tunnel {src} to {dst} (SPI {spi})"


def _finding(
    seen: Seen, found: Associations, place: int, kind: str, rows: Ids, text: str, title: str, severity: int, why: str, *,
    count: int | None = None, count_of: str = "packets",
) -> Finding:  # fmt: skip
    """A finding about some packets of an association.

    Args:
        seen: What is looked at.
        found: Its associations.
        place: The one that it is about.
        kind: Of the finding.
        rows: The packets, ascending.
        text: What the filter says besides the association.
        title: Of the finding.
        severity: Of the finding.
        why: Of the finding.
        count: Of something else than the packets.
        count_of: What that is.
    """
    times = seen.columns.time[rows]
    first, last = int(times.min()), int(times.max())
    src, dst = (str(found.at([place]).cells(name)[0]) for name in ("src", "dst"))
    return Finding(
        kind=kind, title=title, severity=severity, first=first, last=last, count=len(rows) if count is None else count, why=why,
        filter=seen.filter(f"{found.filter(place)} && {text}"), window=seen.clipped(first, last + 1), between=(src, dst), count_of=count_of,
    )  # fmt: skip
