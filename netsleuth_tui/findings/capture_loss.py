"""What the capture itself lost."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from netsleuth_tui.analysis.tcp import rows_marked
from netsleuth_tui.analysis.tcp_segments import Mark
from netsleuth_tui.decode.columns import Has
from netsleuth_tui.findings.finding import Finding, grade
from netsleuth_tui.findings.words import percent
from netsleuth_tui.wording import counted, file_name, grouped

if TYPE_CHECKING:
    from netsleuth_tui.findings.limits import Limits
    from netsleuth_tui.findings.seen import Seen
    from netsleuth_tui.store import Source

__all__ = ["capture_loss", "unseen_segments"]

RST = 0x004
WHY_UNSEEN = "the network delivered what this capture does not have: bytes are missing in its counts, and its gaps are no losses"
WHY_APART = (
    "captures that overlap in time are judged each by itself: what one of them lacks may be in another, and where none has it,"
    " the network delivered what was not captured"
)
WHY = "what is missing here need not be missing on the network: counts are too small, and gaps may be those of the capture"


def capture_loss(seen: Seen, limits: Limits) -> Iterator[Finding]:  # noqa: ARG001 - any loss that a file admits is told
    """A finding for each file that says that packets, events or buffers were lost while it was written."""
    for source in seen.store.sources:
        for lost, what, had in (
            (source.drops, ("packet", "packets"), source.packets),
            (source.events_lost, ("event", "events"), source.events),
            (source.buffers_lost, ("buffer of events", "buffers of events"), 0),
        ):
            if lost and source.first is not None and source.last is not None:
                begin, end = seen.clipped(source.first, source.last + 1)
                if begin < end:
                    yield _loss(seen, source, lost, what, had, (begin, end))


def _loss(seen: Seen, source: Source, lost: int, what: tuple[str, str], had: int, window: tuple[int, int]) -> Finding:
    share = lost / (lost + had) if had else 0.01
    beside = f", {percent(lost, lost + had)} of what came" if had else ""
    return Finding(
        kind="capture-loss",
        title=f"{file_name(source.name)}: the capturing host lost {counted(lost, *what)}{beside}",
        severity=grade(50, share / 0.001, 80),
        first=window[0],
        last=window[1] - 1,
        count=lost,
        count_of=f"lost {what[1]}",
        filter=seen.filter(""),
        window=window,
        why=WHY,
        between=(source.name,),
    )


def unseen_segments(seen: Seen, limits: Limits) -> Iterator[Finding]:
    """One finding for all TCP segments that acknowledge what was never captured; a reset does not say what had arrived."""
    marked = rows_marked(seen.store, Mark.ACK_LOST, seen.cancelled)
    marked = marked[seen.columns.tcp_flags[marked] & RST == 0]
    rows = marked[seen.among(marked)]
    of = len(seen.having(Has.TCP))
    if len(rows) < limits.unseen_segments or 100 * len(rows) < limits.unseen_percent * of:
        return
    times = seen.columns.time[rows]
    first, last = int(times.min()), int(times.max())
    apart = seen.store.captures_overlap
    what = "what is not in their own capture, of captures that overlap in time" if apart else "what was never captured"
    yield Finding(
        kind="capture-missed",
        title=f"{grouped(len(rows))} of {grouped(of)} TCP segments ({percent(len(rows), of)}) acknowledge {what}",
        severity=grade(45, 100 * len(rows) / of / limits.unseen_percent, 70),
        first=first,
        last=last,
        count=len(rows),
        filter=seen.filter("tcp.analysis.ack_lost_segment && tcp.flags.reset == 0"),
        window=seen.clipped(first, last + 1),
        why=WHY_APART if apart else WHY_UNSEEN,
    )
